/* scrawl data: known data sets, fetching, looking into them, converting. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/progress.h"
#include "cli/open.h"
#include "data/convert.h"
#include "data/download.h"
#include "data/idx.h"
#include "data/inspect.h"
#include "data/join.h"
#include "data/set.h"
#include "data/sheet.h"
#include "data/unipen_files.h"
#include "page/crops.h"

static const cli_option NO_MORE = {NULL, 0, CLI_FLAG, NULL, NULL, NULL};
#define JSON_OPTION(variable)                                                                      \
  { "json", 0, CLI_FLAG, NULL, "Print one JSON value.", &(variable) }
#define PART_OPTION(variable)                                                                      \
  { "part", 0, CLI_TEXT, "test|train", "The part of a known set; test unless given.", &(variable) }

static data_part part_of(const char *name) {
  return strcmp(name, "train") == 0 ? DATA_TRAIN : DATA_TEST;
}

static int failed(const cli_command *command, const base_error *error) {
  cli_complain(command, "%s", error->message);
  return CLI_FAILED;
}

/* Prints and releases. */
static int print_json(json_t *json) {
  int status = json ? json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : -1;
  if (status == 0) putchar('\n');
  json_decref(json);
  return status == 0 ? CLI_DONE : CLI_FAILED;
}

/* One operand, or a usage error. */
static bool one_operand(const cli_command *command, int argc, int operands, const char *what) {
  if (argc - operands == 1) return true;
  cli_complain(command, "wants %s; see scrawl help %s", what, command->name);
  return false;
}

/* ---- list ---- */

static int run_list(int argc, char **argv);
static const cli_command LIST = {
    "data list", "", "list the known data sets, and which are here",
    "Lists the data sets known by name, the number of pictures of the parts that are here, and "
    "under which terms they may be "
    "used. They are looked for in $SCRAWL_DATA (default: $XDG_DATA_HOME/scrawl, or "
    "~/.local/share/scrawl), in a folder named "
    "after the set or its family or in the top folder.",
    run_list};

typedef struct part_state {
  char *images, *labels; /* NULL: not here; UNIPEN, whose pictures are drawn, has no labels */
  size_t count;
  base_error error; /* set when it is here but cannot be used */
} part_state;

/* Reads no pictures: the labels say how many there are. */
static part_state look(const data_known *known, data_part part) {
  part_state state = {0};
  data_idx labels;
  scrawl_status status =
      known->unipen ? data_unipen_find(&state.images, &state.error)
                    : data_known_find(known, part, &state.images, &state.labels, &state.error);
  if (status == SCRAWL_NOT_FOUND) state.error = (base_error){0};
  if (status != SCRAWL_OK || known->unipen) return state;
  if (data_idx_open(state.labels, 1, &labels, &state.error) == SCRAWL_OK) {
    state.count = labels.extent[0];
    data_idx_free(&labels);
  }
  return state;
}

static void forget(part_state *state) {
  base_free(state->images);
  base_free(state->labels);
}

static json_t *part_json(const part_state *state) {
  if (state->error.status) return json_pack("{s:s}", "error", state->error.message);
  if (!state->images) return json_null();
  if (!state->labels) return json_pack("{s:s}", "strokes", state->images);
  return json_pack("{s:I, s:s, s:s}", "count", (json_int_t)state->count, "images", state->images,
                   "labels", state->labels);
}

static void print_count(const part_state *state) {
  if (state->error.status)
    printf(" %8s", "damaged");
  else if (state->images && !state->labels)
    printf(" %8s", "here");
  else if (state->images)
    printf(" %8zu", state->count);
  else
    printf(" %8s", "-");
}

static int run_list(int argc, char **argv) {
  bool json = false;
  const cli_option options[] = {JSON_OPTION(json), NO_MORE};
  int operands, code = cli_parse(&LIST, options, argc, argv, &operands);
  if (code >= 0) return code;
  if (operands < argc) {
    cli_complain(&LIST, "takes no operand; scrawl data show %s looks into a set", argv[operands]);
    return CLI_USAGE;
  }
  base_error error = {0};
  char *home;
  if (data_home(&home, &error) != SCRAWL_OK) return failed(&LIST, &error);
  json_t *list = json ? json_array() : NULL;
  if (!json) printf("%-16s %8s %8s  %s\n", "name", "train", "test", "what, and its terms of use");
  code = CLI_DONE;
  for (const data_known *known = DATA_KNOWN; known->name; known++) {
    part_state train = look(known, DATA_TRAIN), test = look(known, DATA_TEST);
    if (json) {
      json_array_append_new(list,
                            json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "name", known->name,
                                      "summary", known->summary, "licence", known->licence, "home",
                                      known->home, "alphabet", known->alphabet, "train",
                                      part_json(&train), "test", part_json(&test)));
    } else {
      printf("%-16s", known->name);
      print_count(&train);
      print_count(&test);
      printf("  %s\n%36s%s\n", known->summary, "", known->licence);
    }
    const part_state *parts[] = {&train, &test};
    for (int i = 0; i < 2; i++) {
      if (!parts[i]->error.status) continue;
      code = failed(&LIST, &parts[i]->error);
    }
    forget(&train);
    forget(&test);
  }
  if (json && print_json(list) != CLI_DONE) code = CLI_FAILED;
  if (!json) printf("Looked for in %s\n", home);
  base_free(home);
  return code;
}

/* ---- get ---- */

static int run_get(int argc, char **argv);
static const cli_command GET = {"data get", "NAME", "fetch a data set from its public mirrors",
                                "Fetches the files of a known set into its folder in $SCRAWL_DATA. "
                                "What broke off is taken up where it ended, also by a later "
                                "call; a file counts only once its SHA-256 is right, and one that "
                                "is already here is left alone. Other sets than mnist "
                                "must be fetched from where scrawl data list --json says.",
                                run_get};

static void say_retry(void *argument, const char *sentence) {
  cli_complain(argument, "%s; trying again", sentence);
}

static int fetch(const data_known *known, const data_download *download, const char *folder) {
  for (const data_remote_file *file = known->files; file->name; file++) {
    base_error error = {0};
    bool fetched;
    scrawl_status status = data_download_file(download, file, folder, &fetched, &error);
    if (status != SCRAWL_OK) {
      failed(&GET, &error);
      char *part = base_format("%s/%s.part", folder, file->name);
      if (part && access(part, F_OK) == 0)
        cli_complain(&GET, "what has come is kept in %s; the same command goes on from there",
                     part);
      base_free(part);
      return CLI_FAILED;
    }
    printf("%s/%s: %s\n", folder, file->name, fetched ? "fetched" : "was here already");
    fflush(stdout);
  }
  return CLI_DONE;
}

static int run_get(int argc, char **argv) {
  const char *from = NULL;
  bool json = false;
  const cli_option options[] = {{"from", 0, CLI_TEXT, "URL",
                                 "Fetch from this folder of a web server instead of the mirrors.",
                                 &from},
                                {"json", 0, CLI_FLAG, NULL, "Show progress as JSON lines.", &json},
                                NO_MORE};
  int operands, code = cli_parse(&GET, options, argc, argv, &operands);
  if (code >= 0) return code;
  if (!one_operand(&GET, argc, operands, "the name of one data set")) return CLI_USAGE;
  const data_known *known = data_known_get(argv[operands]);
  if (!known || !known->files) {
    if (known)
      cli_complain(&GET, "%s cannot be fetched; get its files from %s", known->name, known->home);
    else
      cli_complain(&GET, "there is no data set %s; see scrawl data list", argv[operands]);
    return CLI_USAGE;
  }
  base_error error = {0};
  char *home;
  if (data_home(&home, &error) != SCRAWL_OK) return failed(&GET, &error);
  char *folder = base_format("%s/%s", home, known->folder);
  base_free(home);
  if (!folder) {
    cli_complain(&GET, "not enough memory");
    return CLI_FAILED;
  }
  const char *const one[] = {from, NULL};
  data_download download = {.mirrors = from ? one : known->mirrors,
                            .progress = json ? BASE_PROGRESS_JSON : BASE_PROGRESS_AUTO,
                            .report = say_retry,
                            .argument = (void *)(uintptr_t)&GET};
  code = fetch(known, &download, folder);
  base_free(folder);
  return code;
}

/* ---- show ---- */

static int run_show(int argc, char **argv);
static const cli_command SHOW = {
    "data show", "NAME|PATH", "count classes, find blank, repeated and damaged pictures",
    "Prints how many pictures each class has, and what may be wrong: "
    "pictures that are missing or damaged (in a folder), blank "
    "ones, and exact copies of an earlier one, above all those under "
    "another label. PATH is a folder with manifest.tsv, or a pair of "
    "IDX files IMAGES,LABELS. Sets joined by + are shown as they would "
    "be learnt from, without copies.\n\n"
    "    scrawl data show mnist --part train --sheet mnist.png\n"
    "    scrawl data show mnist+emnist-digits --part train",
    run_show};

enum { BAR = 40, MOST_NAMED = 10 };

static void print_numbers(const data_inspection *inspection, size_t count, uint8_t remark) {
  int named = 0;
  for (size_t i = 0; i < count; i++) {
    if (!(inspection->remarks[i] & remark)) continue;
    if (named == MOST_NAMED) {
      printf(" ...");
      break;
    }
    printf(named++ ? ", %zu" : ": number %zu", i);
  }
  putchar('\n');
}

/* Pictures of a folder that gave no glyph: JSON arrays of paths, and of objects with path and
 * reason. */
typedef struct losses {
  json_t *missing, *unreadable;
} losses;

static void take_loss(void *argument, const char *path, const char *message) {
  losses *lost = argument;
  cli_complain(&SHOW, "%s: %s", path, message);
  if (access(path, F_OK) != 0)
    json_array_append_new(lost->missing, json_string(path));
  else
    json_array_append_new(lost->unreadable, json_pack("{s:s, s:s}", "path", path, "why", message));
}

static scrawl_status open_shown(void *lost, const char *from, data_part part, data_set *set,
                                base_error *error) {
  size_t count;
  if (data_known_get(from) || !data_is_folder(from)) return data_set_open(from, part, set, error);
  return page_open_folder(from, NULL, NULL, set, &count, take_loss, lost, error);
}

static void show_text(const data_set *set, const data_inspection *inspection, const losses *lost) {
  size_t most = 0, least = SIZE_MAX;
  for (int class = 0; class < set->classes; class ++) {
    if (inspection->counts[class] > most) most = inspection->counts[class];
    if (inspection->counts[class] < least) least = inspection->counts[class];
  }
  printf("%s: %zu pictures of %d x %d pixels, %d classes\n\n", set->name, set->count, set->width,
         set->height, set->classes);
  for (int class = 0; class < set->classes; class ++) {
    char sign[SCRAWL_MAX_SIGN_BYTES];
    size_t members = inspection->counts[class];
    data_set_sign(set, class, sign);
    printf("  %s %8zu %5.1f %%", sign, members, 100.0 * (double)members / (double)set->count);
    size_t bar = most ? (members * BAR + most / 2) / most : 0;
    if (bar) printf("  %.*s", (int)bar, "########################################");
    putchar('\n');
  }
  printf("\nlargest class %zu, smallest %zu\n", most, least);
  printf("missing pictures: %zu\ndamaged pictures, and such without a glyph: %zu\n",
         json_array_size(lost->missing), json_array_size(lost->unreadable));
  printf("blank pictures: %zu", inspection->blank);
  print_numbers(inspection, set->count, DATA_BLANK);
  printf("exact copies of an earlier picture: %zu", inspection->copies);
  print_numbers(inspection, set->count, DATA_COPY);
  printf("of them under another label: %zu", inspection->conflicts);
  print_numbers(inspection, set->count, DATA_CONFLICT);
  cli_print_remarks(stdout, set);
}

static json_t *numbers_json(const data_inspection *inspection, size_t count, uint8_t remark) {
  json_t *numbers = json_array();
  for (size_t i = 0; i < count; i++)
    if (inspection->remarks[i] & remark)
      json_array_append_new(numbers, json_integer((json_int_t)i));
  return numbers;
}

static json_t *remarks_json(const data_set *set) {
  json_t *remarks = json_array();
  for (const char *line = set->remarks; line;) {
    size_t length = strcspn(line, "\n");
    json_array_append_new(remarks, json_stringn(line, length));
    line = line[length] ? line + length + 1 : NULL;
  }
  return remarks;
}

static int show_json(const data_set *set, const data_inspection *inspection, const losses *lost) {
  json_t *classes = json_array();
  for (int class = 0; class < set->classes; class ++) {
    char sign[SCRAWL_MAX_SIGN_BYTES];
    data_set_sign(set, class, sign);
    json_array_append_new(classes, json_pack("{s:s, s:I}", "sign", sign, "count",
                                             (json_int_t)inspection->counts[class]));
  }
  return print_json(
      json_pack("{s:s, s:I, s:i, s:i, s:o, s:O, s:O, s:o, s:o, s:o, s:o}", "name", set->name,
                "count", (json_int_t)set->count, "width", set->width, "height", set->height,
                "classes", classes, "missing", lost->missing, "unreadable", lost->unreadable,
                "blank", numbers_json(inspection, set->count, DATA_BLANK), "copies",
                numbers_json(inspection, set->count, DATA_COPY), "conflicts",
                numbers_json(inspection, set->count, DATA_CONFLICT), "remarks", remarks_json(set)));
}

static int show(const data_set *set, const losses *lost, const char *sheet, bool json) {
  base_error error = {0};
  data_inspection inspection;
  if (data_inspect(set, &inspection, &error) != SCRAWL_OK) return failed(&SHOW, &error);
  int code = CLI_DONE;
  if (json)
    code = show_json(set, &inspection, lost);
  else
    show_text(set, &inspection, lost);
  data_inspection_free(&inspection);
  if (sheet && data_sheet_write(set, sheet, &error) != SCRAWL_OK) code = failed(&SHOW, &error);
  return code;
}

static int run_show(int argc, char **argv) {
  const char *part = "test", *sheet = NULL;
  bool json = false;
  const cli_option options[] = {PART_OPTION(part),
                                {"sheet", 0, CLI_TEXT, "FILE.png",
                                 "Write a contact sheet: a row of samples for each class.", &sheet},
                                JSON_OPTION(json),
                                NO_MORE};
  int operands, code = cli_parse(&SHOW, options, argc, argv, &operands);
  if (code >= 0) return code;
  if (!one_operand(&SHOW, argc, operands, "one data set")) return CLI_USAGE;
  base_error error = {0};
  data_set set;
  losses lost = {json_array(), json_array()};
  if (data_join_open(argv[operands], part_of(part), open_shown, &lost, &set, &error) == SCRAWL_OK) {
    code = show(&set, &lost, sheet, json);
    if (json_array_size(lost.missing) || json_array_size(lost.unreadable)) code = CLI_FAILED;
    data_set_free(&set);
  } else {
    code = failed(&SHOW, &error);
  }
  json_decref(lost.missing);
  json_decref(lost.unreadable);
  return code;
}

/* ---- convert ---- */

static int run_convert(int argc, char **argv);
static const cli_command CONVERT = {
    "data convert", "NAME|PATH", "write a data set as IDX files or as a folder of pictures",
    "Writes a data set out again: a folder as the pair PREFIX-images-idx3-ubyte.gz and "
    "PREFIX-labels-idx1-ubyte.gz, its pictures having "
    "gone through the reading pipeline; IDX files as a folder of PNG pictures, dark on white, with "
    "manifest.tsv. --to "
    "says otherwise.\n\n"
    "    scrawl data convert mnist --out mnist-test\n"
    "    scrawl evaluate --model digits --data mnist-test",
    run_convert};

static int convert(const data_set *set, size_t count, bool to_idx, const char *out) {
  base_error error = {0};
  scrawl_status status;
  if (to_idx) {
    status = data_convert_to_idx(set, count, out, &error);
  } else {
    base_progress progress;
    base_progress_begin(&progress, stderr, BASE_PROGRESS_AUTO, "writing", "pictures",
                        count && count < set->count ? count : set->count);
    status = data_convert_to_folder(set, count, out, &progress, &error);
    base_progress_end(&progress, NULL);
  }
  return status == SCRAWL_OK ? CLI_DONE : failed(&CONVERT, &error);
}

/* What the cutting of generated lines takes for glyphs, as a set. */
static scrawl_status open_crops(const char *folder, const char *name, data_set *set,
                                base_error *error) {
  read_model *model;
  read_reader *reader = NULL;
  BASE_TRY(cli_open_model(name, &model, error));
  scrawl_status status = read_reader_create(model, 64, NULL, &reader, error);
  base_progress progress;
  base_progress_begin(&progress, stderr, BASE_PROGRESS_AUTO, "cutting", "pictures", 0);
  if (status == SCRAWL_OK) status = page_open_crops(folder, reader, 1, &progress, set, error);
  base_progress_end(&progress, NULL);
  read_reader_free(reader);
  read_model_free(model);
  return status;
}

static int run_convert(int argc, char **argv) {
  const char *part = "test", *out = NULL, *to = NULL, *model = NULL;
  bool crops = false;
  int count = 0;
  const cli_option options[] = {
      PART_OPTION(part),
      {"out", 'o', CLI_TEXT, "FOLDER|PREFIX", "Where to write; must be given.", &out},
      {"to", 0, CLI_TEXT, "idx|folder", "What to write; a folder becomes idx, idx a folder.", &to},
      {"count", 'n', CLI_COUNT, "N", "Write so many pictures, taken evenly from the whole set.",
       &count},
      {"crops", 0, CLI_FLAG, NULL,
       "From a folder of generated strings with truth.jsonl: what the cutting of lines takes for "
       "glyphs, right and wrong. Wrong ones, and marks, get the class after 9, which IDX files "
       "call A.",
       &crops},
      {"model", 'm', CLI_TEXT, "NAME|FILE",
       "With --crops: the model that says which ink needs no cutting; digits.", &model},
      NO_MORE};
  int operands, code = cli_parse(&CONVERT, options, argc, argv, &operands);
  if (code >= 0) return code;
  if (!one_operand(&CONVERT, argc, operands, "one data set")) return CLI_USAGE;
  if (!out) {
    cli_complain(&CONVERT, "wants --out, the folder or prefix to write to");
    return CLI_USAGE;
  }
  if (model && !crops) {
    cli_complain(&CONVERT, "--model is for --crops");
    return CLI_USAGE;
  }
  const char *from = argv[operands];
  bool to_idx = to ? strcmp(to, "idx") == 0 : !data_known_get(from) && data_is_folder(from);
  base_error error = {0};
  data_set set;
  size_t unread = 0;
  scrawl_status status =
      crops ? open_crops(from, model ? model : "digits", &set, &error)
            : cli_open_data(&CONVERT, from, part_of(part), NULL, &set, &unread, &error);
  if (status != SCRAWL_OK) return failed(&CONVERT, &error);
  code = convert(&set, (size_t)count, to_idx, out);
  data_set_free(&set);
  return unread ? CLI_FAILED : code;
}

/* ---- data ---- */

static const cli_command *const COMMANDS[] = {&LIST, &GET, &SHOW, &CONVERT, &CLI_GENERATE, NULL};

static int run_data(int argc, char **argv) {
  if (argc > 1) {
    for (const cli_command *const *command = COMMANDS; *command; command++)
      if (strcmp((*command)->name + strlen("data "), argv[1]) == 0)
        return (*command)->run(argc - 1, argv + 1);
  }
  int operands, code = cli_parse(&CLI_DATA, &NO_MORE, argc, argv, &operands);
  if (code >= 0) return code;
  cli_complain(&CLI_DATA, "wants list, get, show, convert or generate; see scrawl help data");
  return CLI_USAGE;
}

const cli_command CLI_DATA = {
    "data", "list|get|show|convert|generate ...",
    "data sets: list, fetch, look into, convert, generate",
    "Works on data sets. Each of these has a help page of its own, for example scrawl help data "
    "show.\n\n"
    "    scrawl data list                       the known sets, and which are here\n"
    "    scrawl data get NAME                   fetch one from its mirrors\n"
    "    scrawl data show NAME|PATH             count classes, find what is wrong\n"
    "    scrawl data convert NAME|PATH --out X  write it as IDX files or as a folder of pictures\n"
    "    scrawl data generate --kind K --out X  make labelled pictures of handwriting on paper",
    run_data};
