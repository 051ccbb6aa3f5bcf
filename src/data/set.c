/* Data sets in memory: opening them. */
#include "data/set.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/alphabet.h"
#include "data/idx.h"
#include "data/join.h"
#include "data/unipen.h"

enum {
  MAX_SIDE =
      4096, /* pixels: larger pictures are no glyphs, and int arithmetic on them stays safe */
};

const char DATA_PAIR_ALPHABET[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
enum { PAIR_CLASSES = sizeof DATA_PAIR_ALPHABET - 1 };

void data_set_free(data_set *set) {
  if (!set) return;
  base_free(set->name);
  base_free(set->alphabet);
  base_free(set->pixels);
  base_free(set->labels);
  base_free(set->writers);
  base_free(set->merged);
  base_free(set->remarks);
  *set = (data_set){0};
}

scrawl_status data_set_remark(data_set *set, base_error *error, const char *format, ...) {
  char line[BASE_ERROR_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  char *remarks = set->remarks ? base_format("%s\n%s", set->remarks, line) : base_strdup(line);
  if (!remarks) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a remark");
  base_free(set->remarks);
  set->remarks = remarks;
  return SCRAWL_OK;
}

void data_set_sign(const data_set *set, int class, char sign[SCRAWL_MAX_SIGN_BYTES]) {
  const char *at = set->alphabet;
  while (data_alphabet_next(&at, sign) && class > 0) class --;
}

bool data_is_folder(const char *path) {
  struct stat status;
  char *manifest = base_format("%s/manifest.tsv", path);
  bool found = manifest && stat(manifest, &status) == 0 && S_ISREG(status.st_mode);
  base_free(manifest);
  return found;
}

/* ---- opening ---- */

/* In place for square pictures, which all transposed sets hold. */
static void transpose(uint8_t *picture, int side) {
  for (int y = 0; y < side; y++) {
    for (int x = y + 1; x < side; x++) {
      uint8_t kept = picture[y * side + x];
      picture[y * side + x] = picture[x * side + y];
      picture[x * side + y] = kept;
    }
  }
}

/* The label file's numbers to classes: `first` is class 0, none may reach `classes`. */
static scrawl_status take_labels(data_set *set, const data_idx *labels, int first, const char *path,
                                 base_error *error) {
  set->labels = base_alloc(set->count, sizeof *set->labels);
  if (!set->labels)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory for %zu labels", path, set->count);
  for (size_t i = 0; i < set->count; i++) {
    int label = labels->values[i] - first;
    if (label < 0 || label >= set->classes)
      return base_fail(error, SCRAWL_BAD_FORMAT,
                       "%s: label %d of picture %zu is not one of %d to %d", path,
                       labels->values[i], i, first, first + set->classes - 1);
    set->labels[i] = (uint16_t)label;
  }
  return SCRAWL_OK;
}

/* How many classes the labels of an unknown set need: digits are always ten, even in a sample
 * that lacks one. */
static int classes_needed(const data_idx *labels) {
  int most = 9;
  for (size_t i = 0; i < labels->extent[0]; i++)
    if (labels->values[i] > most) most = labels->values[i];
  return most + 1;
}

static scrawl_status fill(data_set *set, const data_known *known, data_idx *images,
                          const data_idx *labels, const char *images_path, const char *labels_path,
                          base_error *error) {
  size_t count = images->extent[0], height = images->extent[1], width = images->extent[2];
  if (count != labels->extent[0])
    return base_fail(error, SCRAWL_BAD_FORMAT, "%s holds %zu pictures, but %s holds %zu labels",
                     images_path, count, labels_path, labels->extent[0]);
  if (count == 0) return base_fail(error, SCRAWL_BAD_FORMAT, "%s: holds no pictures", images_path);
  if (height < 1 || width < 1 || height > MAX_SIDE || width > MAX_SIDE)
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "%s: pictures of %zu x %zu pixels; 1 to %d a side are read", images_path,
                     width, height, MAX_SIDE);
  if (known && known->transposed && height != width)
    return base_fail(error, SCRAWL_BAD_FORMAT, "%s: pictures of %zu x %zu pixels, not square",
                     images_path, width, height);
  set->count = count;
  set->height = (int)height;
  set->width = (int)width;
  if (known) {
    set->classes = data_alphabet_count(known->alphabet);
    set->alphabet = base_strdup(known->alphabet);
    if (known->merged) set->merged = base_strdup(known->merged);
  } else {
    set->classes = classes_needed(labels);
    if (set->classes > PAIR_CLASSES)
      return base_fail(error, SCRAWL_UNSUPPORTED,
                       "%s: labels up to %d; a pair of IDX files, which says nothing of its signs, "
                       "may have 0 to %d",
                       labels_path, set->classes - 1, PAIR_CLASSES - 1);
    set->alphabet = base_format("%.*s", set->classes, DATA_PAIR_ALPHABET);
  }
  if (!set->alphabet || (known && known->merged && !set->merged))
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for an alphabet");
  BASE_TRY(take_labels(set, labels, known ? known->first_label : 0, labels_path, error));

  set->pixels = images->values;
  images->values = NULL;
  if (known && known->transposed)
    for (size_t i = 0; i < count; i++) transpose(set->pixels + i * height * width, set->width);
  return SCRAWL_OK;
}

static scrawl_status open_pair(const char *images_path, const char *labels_path,
                               const data_known *known, data_set *set, base_error *error) {
  data_idx images, labels;
  /* The small file first: a wrong one is then found before the large one is unpacked. */
  BASE_TRY(data_idx_open(labels_path, 1, &labels, error));
  scrawl_status status = data_idx_open(images_path, 3, &images, error);
  if (status == SCRAWL_OK) {
    status = fill(set, known, &images, &labels, images_path, labels_path, error);
    data_idx_free(&images);
  }
  data_idx_free(&labels);
  return status;
}

static scrawl_status open_known(const data_known *known, data_part part, data_set *set,
                                base_error *error) {
  char *images, *labels;
  if (known->unipen) return data_unipen_open_set(part, set, error);
  BASE_TRY(data_known_find(known, part, &images, &labels, error));
  scrawl_status status = open_pair(images, labels, known, set, error);
  base_free(images);
  base_free(labels);
  if (status != SCRAWL_OK) return status;
  set->name = base_format("%s %s", known->name, data_part_name(part));
  return set->name ? SCRAWL_OK : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a name");
}

/* "IMAGES,LABELS": file names may hold commas too, so the one that leaves two files is the one
 * meant. NULL when none does. */
static char *find_pair(char *path) {
  for (char *comma = strchr(path, ','); comma; comma = strchr(comma + 1, ',')) {
    *comma = 0;
    bool both = access(path, F_OK) == 0 && access(comma + 1, F_OK) == 0;
    *comma = ',';
    if (both) return comma;
  }
  return NULL;
}

bool data_path_exists(const char *path) {
  char *copy = base_strdup(path);
  bool exists = data_is_folder(path) || (copy && find_pair(copy));
  base_free(copy);
  return exists;
}

static scrawl_status open_path(const char *path, data_set *set, base_error *error) {
  if (!strchr(path, ','))
    return base_fail(error, SCRAWL_NOT_FOUND,
                     "%s: neither a known data set (see scrawl data list), nor a folder with "
                     "manifest.tsv, nor a pair of files IMAGES,LABELS",
                     path);
  char *images = base_strdup(path), *comma = images ? find_pair(images) : NULL;
  if (!images) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
  if (!comma) comma = strchr(images, ',');
  *comma = 0;
  scrawl_status status = open_pair(images, comma + 1, NULL, set, error);
  base_free(images);
  if (status != SCRAWL_OK) return status;
  set->name = base_strdup(path);
  return set->name ? SCRAWL_OK : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a name");
}

static scrawl_status open_one(void *argument, const char *name_or_path, data_part part,
                              data_set *set, base_error *error) {
  (void)argument;
  *set = (data_set){0};
  const data_known *known = data_known_get(name_or_path);
  if (!known && data_is_folder(name_or_path))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "%s: a folder of pictures where a set of ready glyphs is needed",
                     name_or_path);
  scrawl_status status =
      known ? open_known(known, part, set, error) : open_path(name_or_path, set, error);
  if (status != SCRAWL_OK) data_set_free(set);
  return status;
}

scrawl_status data_set_open(const char *name_or_path, data_part part, data_set *set,
                            base_error *error) {
  return data_join_open(name_or_path, part, open_one, NULL, set, error);
}
