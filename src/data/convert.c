/* Data sets written out again.
 *
 * A folder's pictures are what a person would draw, dark on white, so that reading them back
 * goes through the whole pipeline. They are not synced one by one, which would take minutes: the
 * manifest comes last, and a folder without one is no data set. */
#include "data/convert.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "data/file.h"
#include "data/idx.h"
#include "data/png.h"

/* Picture `i` of `count` samples of the set. */
static size_t sample(const data_set *set, size_t i, size_t count) {
  return (size_t)((double)i * ((double)set->count / (double)count));
}

static size_t limited(const data_set *set, size_t count) {
  return count == 0 || count > set->count ? set->count : count;
}

/* ---- IDX ---- */

enum { MAX_CLASSES = 256 };

static scrawl_status write_idx(const char *prefix, const char *ending, const data_idx *idx,
                               base_error *error) {
  char *path = base_format("%s%s", prefix, ending);
  if (!path) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
  scrawl_status status = data_idx_write(path, idx, error);
  base_free(path);
  return status;
}

/* The number each class is written as. */
static void number_classes(const data_set *set, uint8_t numbers[MAX_CLASSES]) {
  for (int class = 0; class < set->classes; class ++) {
    char sign[SCRAWL_MAX_SIGN_BYTES];
    data_set_sign(set, class, sign);
    const char *place = strstr(DATA_PAIR_ALPHABET, sign);
    if (!place || !*sign) {
      for (int i = 0; i < set->classes; i++) numbers[i] = (uint8_t)i;
      return;
    }
    numbers[class] = (uint8_t)(place - DATA_PAIR_ALPHABET);
  }
}

scrawl_status data_convert_to_idx(const data_set *set, size_t count, const char *prefix,
                                  base_error *error) {
  uint8_t numbers[MAX_CLASSES];
  if (set->classes > MAX_CLASSES)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%s: an IDX file tells %d classes apart, not %d",
                     set->name, MAX_CLASSES, set->classes);
  number_classes(set, numbers);
  count = limited(set, count);
  size_t height = (size_t)set->height, width = (size_t)set->width, size = height * width;
  data_idx images = {.dimensions = 3, .extent = {count, height, width}};
  data_idx labels = {.dimensions = 1, .extent = {count}};
  images.values = base_alloc(count, size);
  labels.values = base_alloc(count, 1);
  scrawl_status status;
  if (!images.values || !labels.values) {
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for %zu pictures", count);
  } else {
    for (size_t i = 0; i < count; i++) {
      size_t from = sample(set, i, count);
      memcpy(images.values + i * size, set->pixels + from * size, size);
      labels.values[i] = numbers[set->labels[from]];
    }
    status = write_idx(prefix, "-images-idx3-ubyte.gz", &images, error);
    if (status == SCRAWL_OK) status = write_idx(prefix, "-labels-idx1-ubyte.gz", &labels, error);
  }
  data_idx_free(&images);
  data_idx_free(&labels);
  return status;
}

/* ---- a folder ---- */

static scrawl_status write_picture(const char *path, const uint8_t *ink, int width, int height,
                                   base_error *error) {
  uint8_t *png;
  size_t size;
  scrawl_status status = data_png_of_ink(ink, width, height, &png, &size, error);
  if (status == SCRAWL_OK) status = data_file_write_directly(path, png, size, error);
  base_free(png);
  return status;
}

enum { LINE_BYTES = 64 }; /* "0000012345.png", a tab, a sign of a few bytes, a line feed */

static scrawl_status write_pictures(const data_set *set, size_t count, const char *folder,
                                    char *manifest, base_progress *progress, base_error *error) {
  size_t size = (size_t)set->height * (size_t)set->width;
  char *line = manifest;
  for (size_t i = 0; i < count; i++) {
    size_t from = sample(set, i, count);
    char sign[SCRAWL_MAX_SIGN_BYTES];
    data_set_sign(set, set->labels[from], sign);
    char *path = base_format("%s/%06zu.png", folder, i);
    if (!path) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
    scrawl_status status =
        write_picture(path, set->pixels + from * size, set->width, set->height, error);
    base_free(path);
    if (status != SCRAWL_OK) return status;
    line += snprintf(line, LINE_BYTES, "%06zu.png\t%s\n", i, sign);
    if (progress) base_progress_update(progress, i + 1, NULL);
  }
  char *path = base_format("%s/manifest.tsv", folder);
  if (!path) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
  scrawl_status status = data_file_write(path, manifest, (size_t)(line - manifest), error);
  base_free(path);
  return status;
}

scrawl_status data_convert_to_folder(const data_set *set, size_t count, const char *folder,
                                     base_progress *progress, base_error *error) {
  if (data_is_folder(folder))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "%s: holds a manifest.tsv already; name another folder", folder);
  if (mkdir(folder, 0777) && errno != EEXIST)
    return base_fail(error, SCRAWL_WRITE_FAILED, "%s: the folder could not be made: %s", folder,
                     strerror(errno));
  count = limited(set, count);
  char *manifest = base_alloc(count, LINE_BYTES);
  if (!manifest)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a list of %zu pictures", count);
  scrawl_status status = write_pictures(set, count, folder, manifest, progress, error);
  base_free(manifest);
  return status;
}
