/* A folder of pictures as a data set, every one of them through the whole reading pipeline. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "data/file.h"
#include "page/page.h"

enum { MOST_CLASSES = UINT16_MAX, FILE_BYTES = 64 << 20 };

typedef struct signs {
  char (*items)[SCRAWL_MAX_SIGN_BYTES];
  int count;
} signs;

static int find_sign(const signs *known, const char *label) {
  for (int i = 0; i < known->count; ++i)
    if (strcmp(known->items[i], label) == 0) return i;
  return -1;
}

static bool is_sign(const char *label) {
  size_t length = strlen(label);
  return length && length < SCRAWL_MAX_SIGN_BYTES && base_utf8_length(label, length) == length;
}

static int compare_signs(const void *a, const void *b) {
  return strcmp(a, b);
}

static scrawl_status signs_from_alphabet(const char *alphabet, signs *known, base_error *error) {
  size_t left = strlen(alphabet), length;
  known->items = base_alloc_zero(left + 1, sizeof *known->items);
  if (!known->items) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the alphabet");
  for (; left; alphabet += length, left -= length) {
    length = base_utf8_length(alphabet, left);
    if (!length || known->count == MOST_CLASSES)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "the alphabet is not UTF-8 text");
    memcpy(known->items[known->count++], alphabet, length);
  }
  return known->count ? SCRAWL_OK
                      : base_fail(error, SCRAWL_INVALID_ARGUMENT, "the alphabet is empty");
}

static scrawl_status signs_from_labels(const data_manifest *manifest, signs *known,
                                       base_error *error) {
  known->items = base_alloc_zero(manifest->count, sizeof *known->items);
  if (!known->items) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the labels");
  for (size_t i = 0; i < manifest->count; ++i) {
    const char *label = manifest->items[i].label;
    if (!is_sign(label) || find_sign(known, label) >= 0) continue;
    if (known->count == MOST_CLASSES)
      return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "more than %d different labels", MOST_CLASSES);
    strcpy(known->items[known->count++], label); /* is_sign: it fits */
  }
  if (!known->count) return base_fail(error, SCRAWL_BAD_FORMAT, "no label is a single sign");
  qsort(known->items, (size_t)known->count, sizeof *known->items, compare_signs);
  return SCRAWL_OK;
}

/* `blank`: a picture without ink is one that shows no glyph, not a fault. */
static scrawl_status read_glyph_file(const char *path, bool blank, uint8_t glyph[INK_GLYPH_PIXELS],
                                     base_error *error) {
  uint8_t *bytes;
  size_t size;
  page_picture picture = {0};
  ink_image image = {0};
  ink_box box;
  BASE_TRY(data_file_read(path, FILE_BYTES, &bytes, &size, error));
  scrawl_status status = page_decode(bytes, size, NULL, &picture, error);
  base_free(bytes);
  if (status == SCRAWL_OK) status = page_clean(&picture, &image, error);
  if (status == SCRAWL_OK) {
    if (ink_find(&image, &box))
      ink_normalise_glyph(&image, box, glyph);
    else if (blank)
      memset(glyph, 0, INK_GLYPH_PIXELS);
    else
      status = base_fail(error, SCRAWL_BAD_FORMAT, "no glyph was found in the picture");
  }
  base_free(image.pixels);
  base_free(picture.grey);
  return status;
}

static char *join_signs(const signs *known) {
  char *text = base_alloc_zero((size_t)known->count + 1, SCRAWL_MAX_SIGN_BYTES), *end = text;
  for (int i = 0; text && i < known->count; ++i) end = stpcpy(end, known->items[i]);
  return text;
}

/* The sentence of a file that could not be read begins with its path, which the caller is told
 * anyway. */
static const char *without_path(const char *message, const char *path) {
  size_t length = strlen(path);
  bool begins = strncmp(message, path, length) == 0 && strncmp(message + length, ": ", 2) == 0;
  return begins ? message + length + 2 : message;
}

static scrawl_status fill_set(const char *folder, const data_manifest *manifest, const signs *known,
                              data_set *set, size_t *failed,
                              void (*report)(void *argument, const char *path, const char *message),
                              void *argument, base_error *error) {
  set->name = base_strdup(folder);
  set->alphabet = join_signs(known);
  set->pixels = base_alloc(manifest->count, INK_GLYPH_PIXELS);
  set->labels = base_alloc(manifest->count, sizeof *set->labels);
  if (!set->name || !set->alphabet || !set->pixels || !set->labels)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for %zu pictures", manifest->count);
  set->height = set->width = INK_GLYPH_SIDE;
  set->classes = known->count;
  for (size_t i = 0; i < manifest->count; ++i) {
    const data_manifest_item *item = &manifest->items[i];
    base_error why = {0};
    int class = find_sign(known, item->label);
    scrawl_status status =
        class < 0 ? base_fail(&why, SCRAWL_INVALID_ARGUMENT,
                              "its label \"%s\" is not in the alphabet", item->label)
                  : read_glyph_file(item->path, strcmp(item->label, READ_NO_GLYPH) == 0,
                                    set->pixels + set->count * INK_GLYPH_PIXELS, &why);
    if (status == SCRAWL_OUT_OF_MEMORY) return base_fail(error, status, "%s", why.message);
    if (status == SCRAWL_OK) {
      set->labels[set->count++] = (uint16_t) class;
    } else {
      ++*failed;
      if (report) report(argument, item->path, without_path(why.message, item->path));
    }
  }
  return set->count ? SCRAWL_OK
                    : base_fail(error, SCRAWL_READ_FAILED, "none of its %zu pictures can be read",
                                manifest->count);
}

scrawl_status
page_open_folder(const char *folder, const char *alphabet, data_set *set, size_t *failed,
                 void (*report)(void *argument, const char *path, const char *message),
                 void *argument, base_error *error) {
  *set = (data_set){0};
  *failed = 0;
  data_manifest manifest;
  signs known = {0};
  BASE_TRY(data_manifest_open(folder, &manifest, error));
  scrawl_status status = alphabet ? signs_from_alphabet(alphabet, &known, error)
                                  : signs_from_labels(&manifest, &known, error);
  if (status == SCRAWL_OK)
    status = fill_set(folder, &manifest, &known, set, failed, report, argument, error);
  base_free(known.items);
  data_manifest_free(&manifest);
  if (status == SCRAWL_OK) return SCRAWL_OK;
  data_set_free(set);
  return base_fail_within(error, status, "%s", folder);
}
