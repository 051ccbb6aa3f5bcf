/* Data sets in memory: opening and splitting them. */
#include "data/set.h"

#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "data/idx.h"

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
  *set = (data_set){0};
}

void data_set_sign(const data_set *set, int class, char sign[SCRAWL_MAX_SIGN_BYTES]) {
  const char *at = set->alphabet;
  size_t left = strlen(at), length = base_utf8_length(at, left);
  for (; class > 0 && length; class --) {
    at += length;
    left -= length;
    length = base_utf8_length(at, left);
  }
  memcpy(sign, at, length);
  sign[length] = 0;
}

bool data_is_folder(const char *path) {
  struct stat status;
  char *manifest = base_format("%s/manifest.tsv", path);
  bool found = manifest && stat(manifest, &status) == 0 && S_ISREG(status.st_mode);
  base_free(manifest);
  return found;
}

/* ---- opening ---- */

static int count_signs(const char *utf8) {
  int count = 0;
  for (; *utf8; utf8++) count += (*utf8 & 0xc0) != 0x80;
  return count;
}

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
    set->classes = count_signs(known->alphabet);
    set->alphabet = base_strdup(known->alphabet);
  } else {
    set->classes = classes_needed(labels);
    if (set->classes > PAIR_CLASSES)
      return base_fail(error, SCRAWL_UNSUPPORTED,
                       "%s: labels up to %d; a pair of IDX files, which says nothing of its signs, "
                       "may have 0 to %d",
                       labels_path, set->classes - 1, PAIR_CLASSES - 1);
    set->alphabet = base_format("%.*s", set->classes, DATA_PAIR_ALPHABET);
  }
  if (!set->alphabet) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for an alphabet");
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
  BASE_TRY(data_known_find(known, part, &images, &labels, error));
  scrawl_status status = open_pair(images, labels, known, set, error);
  base_free(images);
  base_free(labels);
  if (status != SCRAWL_OK) return status;
  set->name = base_format("%s %s", known->name, data_part_name(part));
  return set->name ? SCRAWL_OK : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a name");
}

/* "IMAGES,LABELS": file names may hold commas too, so the one that leaves two files is the one
 * meant. */
static scrawl_status open_path(const char *path, data_set *set, base_error *error) {
  const char *comma = strchr(path, ',');
  if (!comma)
    return base_fail(error, SCRAWL_NOT_FOUND,
                     "%s: neither a known data set (see scrawl data list), nor a folder with "
                     "manifest.tsv, nor a pair of files IMAGES,LABELS",
                     path);
  char *images = base_strdup(path);
  if (!images) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
  for (const char *next = comma; next; next = strchr(next + 1, ',')) {
    images[next - path] = 0;
    bool both = access(images, F_OK) == 0 && access(next + 1, F_OK) == 0;
    images[next - path] = ',';
    if (both) {
      comma = next;
      break;
    }
  }
  images[comma - path] = 0;
  scrawl_status status = open_pair(images, comma + 1, NULL, set, error);
  base_free(images);
  if (status != SCRAWL_OK) return status;
  set->name = base_strdup(path);
  return set->name ? SCRAWL_OK : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a name");
}

scrawl_status data_set_open(const char *name_or_path, data_part part, data_set *set,
                            base_error *error) {
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

/* ---- splitting ---- */

/* Marks in `second` (one byte a picture) what the share takes; returns how many. `indices`:
 * scratch for the whole set. */
static size_t draw(const data_set *set, double share, uint64_t seed, uint8_t *second,
                   uint32_t *indices) {
  base_random random = base_random_seed(seed);
  size_t drawn = 0;
  memset(second, 0, set->count);
  for (int class = 0; class < set->classes; class ++) {
    size_t members = 0;
    for (size_t i = 0; i < set->count; i++)
      if (set->labels[i] == class) indices[members++] = (uint32_t)i;
    if (members == 0) continue;
    size_t wanted = (size_t)llround(share * (double)members);
    if (wanted >= members) wanted = members - 1;
    /* A stream for each class: adding pictures of one class does not change what is drawn of
     * another. */
    base_random stream = base_random_split(&random, (uint64_t) class);
    base_random_shuffle(&stream, indices, members);
    for (size_t i = 0; i < wanted; i++) second[indices[i]] = 1;
    drawn += wanted;
  }
  return drawn;
}

scrawl_status data_set_split(const data_set *set, double share, uint64_t seed, uint32_t *indices,
                             size_t *first_count, base_error *error) {
  *first_count = 0;
  if (!(share > 0 && share < 1))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a share of %g is not between 0 and 1", share);
  if (set->count > UINT32_MAX)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%s: more than 4294967295 pictures", set->name);
  uint8_t *taken = base_alloc(set->count, 1);
  if (!taken)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to split %zu pictures", set->count);
  size_t drawn = draw(set, share, seed, taken, indices), kept = 0, cut = 0;
  for (size_t i = 0; i < set->count; i++)
    indices[taken[i] ? set->count - drawn + cut++ : kept++] = (uint32_t)i;
  base_free(taken);
  if (cut == 0)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "%s: a share of %g of %zu pictures leaves none to validate on", set->name,
                     share, set->count);
  *first_count = kept;
  return SCRAWL_OK;
}

scrawl_status data_set_take(const data_set *set, const char *what, const uint32_t *indices,
                            size_t count, data_set *part, base_error *error) {
  size_t pixels = (size_t)set->height * (size_t)set->width;
  *part = (data_set){.count = count,
                     .height = set->height,
                     .width = set->width,
                     .classes = set->classes,
                     .name = base_format("%s, %s", set->name, what),
                     .alphabet = base_strdup(set->alphabet),
                     .pixels = base_alloc(count, pixels),
                     .labels = base_alloc(count, sizeof *part->labels)};
  if (!part->name || !part->alphabet || !part->pixels || !part->labels) {
    data_set_free(part);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for %zu pictures", count);
  }
  for (size_t i = 0; i < count; i++) {
    memcpy(part->pixels + i * pixels, set->pixels + indices[i] * pixels, pixels);
    part->labels[i] = set->labels[indices[i]];
  }
  return SCRAWL_OK;
}
