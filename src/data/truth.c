/* truth.jsonl: one JSON object on each line, of which the pictures' names and the boxes of their
 * signs are taken, line by line of writing. */
#include "data/truth.h"

#include <string.h>

#include <jansson.h>

#include "base/memory.h"
#include "data/file.h"

static bool parse_sign(json_t *json, bool mark, data_truth_sign *sign) {
  const char *text;
  ink_box *box = &sign->box;
  if (json_unpack(json, "{s:s, s:[iiii]}", "text", &text, "box", &box->x, &box->y, &box->width,
                  &box->height) != 0)
    return false;
  if (strlen(text) >= sizeof sign->text || box->width <= 0 || box->height <= 0) return false;
  strcpy(sign->text, text);
  sign->mark = mark;
  return true;
}

/* Of all lines of writing; `signs` NULL only counts. */
static bool parse_signs(json_t *lines, data_truth_sign *signs, size_t *count) {
  static const char *const KEYS[] = {"glyphs", "marks"};
  size_t i, k;
  json_t *line, *sign;
  *count = 0;
  json_array_foreach(lines, i, line) for (int mark = 0; mark < 2; mark++)
      json_array_foreach(json_object_get(line, KEYS[mark]), k, sign) {
    if (signs && !parse_sign(sign, mark, &signs[*count])) return false;
    ++*count;
  }
  return true;
}

static scrawl_status parse_line(const char *folder, const char *line, size_t length,
                                const char *file, size_t number, data_truth_picture *picture,
                                base_error *error) {
  json_error_t wrong;
  json_t *json = json_loadb(line, length, 0, &wrong);
  if (!json)
    return base_fail(error, SCRAWL_BAD_FORMAT, "%s:%zu: no JSON: %s", file, number, wrong.text);
  const char *name = json_string_value(json_object_get(json, "picture"));
  json_t *lines = json_object_get(json, "lines");
  scrawl_status status = SCRAWL_OK;
  if (!name || !json_is_array(lines)) {
    status = base_fail(error, SCRAWL_BAD_FORMAT, "%s:%zu: no picture with lines", file, number);
  } else {
    parse_signs(lines, NULL, &picture->count);
    picture->path = base_format("%s/%s", folder, name);
    picture->signs = base_alloc(picture->count + 1, sizeof *picture->signs);
    if (!picture->path || !picture->signs)
      status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory", file);
    else if (!parse_signs(lines, picture->signs, &picture->count))
      status =
          base_fail(error, SCRAWL_BAD_FORMAT, "%s:%zu: a sign without text and box", file, number);
  }
  json_decref(json);
  return status;
}

static scrawl_status parse(const char *folder, const char *file, const char *text, size_t size,
                           data_truth *truth, base_error *error) {
  const char *end = text + size;
  size_t lines = 1;
  for (const char *at = text; (at = memchr(at, '\n', (size_t)(end - at))); at++) lines++;
  truth->items = base_alloc_zero(lines, sizeof *truth->items);
  if (!truth->items)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory for %zu lines", file, lines);
  for (size_t number = 1; text < end; number++) {
    const char *stop = memchr(text, '\n', (size_t)(end - text));
    size_t length = (size_t)((stop ? stop : end) - text);
    if (length)
      BASE_TRY(
          parse_line(folder, text, length, file, number, &truth->items[truth->count++], error));
    text += length + 1;
  }
  return SCRAWL_OK;
}

scrawl_status data_truth_open(const char *folder, data_truth *truth, base_error *error) {
  *truth = (data_truth){0};
  char *file = base_format("%s/truth.jsonl", folder);
  uint8_t *text = NULL;
  size_t size;
  scrawl_status status = file ? data_file_read(file, data_file_limit(), &text, &size, error)
                              : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
  if (status == SCRAWL_OK) status = parse(folder, file, (const char *)text, size, truth, error);
  base_free(text);
  base_free(file);
  if (status != SCRAWL_OK) data_truth_free(truth);
  return status;
}

void data_truth_free(data_truth *truth) {
  for (size_t i = 0; i < truth->count; i++) {
    base_free(truth->items[i].path);
    base_free(truth->items[i].signs);
  }
  base_free(truth->items);
  *truth = (data_truth){0};
}
