/* The steps of a picture's cleaning, added to the JSON of its reading:
 *   {"pages":[...],...,"steps":[{"name":"grey","picture":"data:image/png;base64,..."},...]}
 * They are written behind the members that are there already, before the brace that closes the
 * object: a picture of megabytes is not taken through a tree of JSON. Base64 (RFC 4648) is
 * nettle's. */
#include <string.h>

#include <nettle/base64.h>

#include "base/memory.h"
#include "page/sheet.h"
#include "serve/server.h"

static scrawl_status append_step(const page_steps *steps, size_t index, format_buffer *json,
                                 base_error *error) {
  uint8_t *png;
  size_t size;
  BASE_TRY(page_steps_png(steps, index, &png, &size, error));
  size_t length = BASE64_ENCODE_RAW_LENGTH(size);
  char *text = base_alloc(length + 1, 1);
  if (text) {
    base64_encode_raw(text, size, png);
    text[length] = '\0';
    format_append(json, "%s{\"name\":\"%s\",\"picture\":\"data:image/png;base64,%s\"}",
                  index ? "," : "", steps->items[index].name, text);
  }
  base_free(png);
  base_free(text);
  return text ? SCRAWL_OK : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the steps");
}

scrawl_status serve_append_steps(const page_steps *steps, format_buffer *json, base_error *error) {
  char *end = json->text ? strrchr(json->text, '}') : NULL;
  if (!end) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the result");
  json->size = (size_t)(end - json->text);
  format_append(json, ",\"steps\":[");
  for (size_t i = 0; i < steps->count; i++) BASE_TRY(append_step(steps, i, json, error));
  format_append(json, "]}\n");
  return format_status(json, error);
}
