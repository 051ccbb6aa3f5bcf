/* The data sets Scrawl knows by name, and the search for their files. */
#include "data/known.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/unipen.h"

#define LATIN_CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ASCII_DIGITS   "0123456789"
#define EMNIST_LICENCE "public domain (US government work: NIST Special Database 19)"
#define EMNIST_HOME    "https://www.nist.gov/itl/products-and-services/emnist-dataset"
#define CMATER_LICENCE                                                                             \
  "Apache-2.0 in its repository, whose text also asks for non-commercial use and a citation"
#define CMATER_HOME "https://github.com/prabhuomkar/CMATERdb"

/* A set with the files NAME-train-... and NAME-test-... */
#define OWN_STEMS(name)                                                                            \
  {                                                                                                \
    [DATA_TRAIN] = {name "-train"}, [DATA_TEST] = { name "-test" }                                 \
  }
/* The same, where a part of the official file will do when the whole is not there. */
#define PART_STEMS(name)                                                                           \
  {                                                                                                \
    [DATA_TRAIN] = {name "-train", name "-train-part"}, [DATA_TEST] = {                            \
      name "-test",                                                                                \
      name "-test-part"                                                                            \
    }                                                                                              \
  }

static const char *const MNIST_MIRRORS[] = {
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    NULL,
};

/* The four files as first published; their sums stand in several independent packages of the
 * set. */
static const data_remote_file MNIST_FILES[] = {
    {"train-images-idx3-ubyte.gz", 9912422,
     "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
    {"train-labels-idx1-ubyte.gz", 28881,
     "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
    {"t10k-images-idx3-ubyte.gz", 1648877,
     "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
    {"t10k-labels-idx1-ubyte.gz", 4542,
     "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
    {NULL, 0, NULL},
};

const data_known DATA_KNOWN[] = {
    {.name = "mnist",
     .summary = "digits; LeCun, Cortes, Burges 1998",
     .licence = "none stated; usually given as CC BY-SA 3.0",
     .home = "scrawl data get mnist",
     .alphabet = ASCII_DIGITS,
     .folder = "mnist",
     .stems = {[DATA_TRAIN] = {"train"}, [DATA_TEST] = {"t10k"}},
     .mirrors = MNIST_MIRRORS,
     .files = MNIST_FILES},
    {.name = "emnist-letters",
     .summary = "letters, both cases in one class; Cohen, Afshar, Tapson, van Schaik 2017",
     .licence = EMNIST_LICENCE,
     .home = EMNIST_HOME,
     .alphabet = LATIN_CAPITALS,
     .merged = LATIN_CAPITALS,
     .folder = "emnist",
     .stems = PART_STEMS("emnist-letters"),
     .first_label = 1,
     .transposed = true},
    {.name = "emnist-balanced",
     .summary = "digits and letters, 47 classes of equal size; Cohen et al. 2017",
     .licence = EMNIST_LICENCE,
     .home = EMNIST_HOME,
     /* Small letters that look like their capital share its class. */
     .alphabet = ASCII_DIGITS LATIN_CAPITALS "abdefghnqrt",
     .merged = "CIJKLMOPSUVWXYZ",
     .folder = "emnist",
     .stems = PART_STEMS("emnist-balanced"),
     .transposed = true},
    {.name = "emnist-byclass",
     .summary = "digits, capitals and small letters, 62 classes; Cohen et al. 2017",
     .licence = EMNIST_LICENCE,
     .home = EMNIST_HOME,
     .alphabet = ASCII_DIGITS LATIN_CAPITALS "abcdefghijklmnopqrstuvwxyz",
     .folder = "emnist",
     /* A part without a split of its own is for training: a test set must be one. */
     .stems = {[DATA_TRAIN] = {"emnist-byclass-train", "emnist-byclass-train-part",
                               "emnist-byclass-part"},
               [DATA_TEST] = {"emnist-byclass-test", "emnist-byclass-test-part"}},
     .transposed = true},
    {.name = "emnist-digits",
     .summary = "digits; Cohen et al. 2017",
     .licence = EMNIST_LICENCE,
     .home = EMNIST_HOME,
     .alphabet = ASCII_DIGITS,
     .folder = "emnist",
     .stems = PART_STEMS("emnist-digits"),
     .transposed = true},
    {.name = "unipen",
     .summary =
         "pen strokes of digits, letters and punctuation, drawn; train_r01_v07, Guyon et al. 1994",
     .licence = "CC BY 4.0 (International Unipen Foundation); its text of 1999 says research only",
     .home = "https://doi.org/10.5281/zenodo.1195803",
     .alphabet = DATA_UNIPEN_ALPHABET,
     .folder = "unipen",
     .unipen = true},
    {.name = "bangla",
     .summary = "Bangla digits; CMATERdb 3.1.1, Das et al. 2012",
     .licence = CMATER_LICENCE,
     .home = CMATER_HOME,
     .alphabet = "০১২৩৪৫৬৭৮৯",
     .folder = "scripts",
     .stems = OWN_STEMS("bangla")},
    {.name = "devanagari",
     .summary = "Devanagari digits; CMATERdb 3.2.1, Das et al. 2012",
     .licence = CMATER_LICENCE,
     .home = CMATER_HOME,
     .alphabet = "०१२३४५६७८९",
     .folder = "scripts",
     .stems = OWN_STEMS("devanagari")},
    {.name = "telugu",
     .summary = "Telugu digits; CMATERdb 3.4.1, Das et al. 2012",
     .licence = CMATER_LICENCE,
     .home = CMATER_HOME,
     .alphabet = "౦౧౨౩౪౫౬౭౮౯",
     .folder = "scripts",
     .stems = OWN_STEMS("telugu")},
    {.name = "kannada",
     .summary = "Kannada digits, tested on other writers (Dig-MNIST); Prabhu 2019",
     .licence = "none with the files; its author gives CC BY-SA 4.0 elsewhere",
     .home = "https://github.com/vinayprabhu/Kannada_MNIST",
     .alphabet = "೦೧೨೩೪೫೬೭೮೯",
     .folder = "scripts",
     .stems = OWN_STEMS("kannada")},
    {.name = "arabic-indic",
     .summary = "Arabic-Indic digits; MADBase, El-Sherif and Abdelazeem 2007",
     .licence = "none stated: research use, with a citation",
     .home = "https://github.com/mloey/Arabic-Handwritten-Digits-Dataset",
     .alphabet = "٠١٢٣٤٥٦٧٨٩",
     .folder = "scripts",
     .stems = OWN_STEMS("arabic-indic")},
    {.name = "tibetan",
     .summary = "Tibetan digits; TibetanMNIST",
     .licence = "CC BY-NC-SA 4.0: non-commercial",
     .home = "https://github.com/bat67/TibetanMNIST",
     .alphabet = "༠༡༢༣༤༥༦༧༨༩",
     .folder = "scripts",
     .stems = OWN_STEMS("tibetan")},
    {.name = NULL},
};

const data_known *data_known_get(const char *name) {
  for (const data_known *known = DATA_KNOWN; known->name; known++)
    if (strcmp(known->name, name) == 0) return known;
  return NULL;
}

const char *data_part_name(data_part part) {
  return part == DATA_TEST ? "test" : "train";
}

scrawl_status data_home(char **folder, base_error *error) {
  const char *own = getenv("SCRAWL_DATA"), *xdg = getenv("XDG_DATA_HOME"), *user = getenv("HOME");
  *folder = NULL;
  if (own && *own)
    *folder = base_strdup(own);
  else if (xdg && *xdg)
    *folder = base_format("%s/scrawl", xdg);
  else if (user && *user)
    *folder = base_format("%s/.local/share/scrawl", user);
  else
    return base_fail(error, SCRAWL_NOT_FOUND,
                     "no folder for data sets: set SCRAWL_DATA to the one that holds them");
  return *folder ? SCRAWL_OK : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
}

/* ---- finding a part's files ---- */

#define IMAGES_ENDING "-images-idx3-ubyte"
#define LABELS_ENDING "-labels-idx1-ubyte"

/* `folder`/`stem``ending`, plain or .gz, whichever is there; `*path` stays NULL when neither is. */
static scrawl_status find_file(const char *folder, const char *stem, const char *ending,
                               char **path, base_error *error) {
  static const char *const packings[] = {"", ".gz"};
  for (size_t i = 0; i < sizeof packings / sizeof *packings; i++) {
    char *candidate = base_format("%s/%s%s%s", folder, stem, ending, packings[i]);
    if (!candidate) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
    if (access(candidate, F_OK) == 0) {
      *path = candidate;
      return SCRAWL_OK;
    }
    base_free(candidate);
  }
  return SCRAWL_OK;
}

/* Both files of the first stem that has pictures in `folder`. */
static scrawl_status find_in_folder(const data_known *known, data_part part, const char *folder,
                                    char **images, char **labels, base_error *error) {
  for (const char *const *stem = known->stems[part]; *stem; stem++) {
    BASE_TRY(find_file(folder, *stem, IMAGES_ENDING, images, error));
    if (!*images) continue;
    BASE_TRY(find_file(folder, *stem, LABELS_ENDING, labels, error));
    if (*labels) return SCRAWL_OK;
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "%s: its pictures are in %s, but the labels %s" LABELS_ENDING
                     "(.gz) are missing beside them",
                     known->name, *images, *stem);
  }
  return SCRAWL_OK;
}

static scrawl_status not_found(const data_known *known, data_part part, const char *home,
                               base_error *error) {
  /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): no row of the table goes without */
  bool own = strcmp(known->name, known->folder) == 0;
  return base_fail(error, SCRAWL_NOT_FOUND,
                   "%s: no %s set: %s" IMAGES_ENDING "(.gz) is not in %s, nor in %s%s%s there; "
                   "get it: %s; or set SCRAWL_DATA to the folder that holds it",
                   known->name, data_part_name(part), known->stems[part][0], home, known->name,
                   own ? "" : " or ", own ? "" : known->folder, known->home);
}

scrawl_status data_known_find(const data_known *known, data_part part, char **images, char **labels,
                              base_error *error) {
  char *home;
  *images = *labels = NULL;
  BASE_TRY(data_home(&home, error));
  const char *const inside[] = {known->name, known->folder, NULL};
  scrawl_status status = SCRAWL_OK;
  for (size_t i = 0; i < sizeof inside / sizeof *inside && status == SCRAWL_OK && !*images; i++) {
    char *folder = inside[i] ? base_format("%s/%s", home, inside[i]) : base_strdup(home);
    status = folder ? find_in_folder(known, part, folder, images, labels, error)
                    : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
    base_free(folder);
  }
  if (status == SCRAWL_OK && !*images) status = not_found(known, part, home, error);
  if (status != SCRAWL_OK) {
    base_free(*images);
    base_free(*labels);
    *images = *labels = NULL;
  }
  base_free(home);
  return status;
}
