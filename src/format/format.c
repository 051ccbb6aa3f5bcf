/* The table of formats, and the buffer they write to. */
#include "format/format.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "format/rows.h"

enum { FIRST_CAPACITY = 1024 };

const format_row FORMAT_TABLE[] = {
    {"text", "text/plain; charset=utf-8", "txt", format_write_text, "", "", ""},
    {"json", "application/json", "json", format_write_json, "[\n", ",\n", "]\n"},
    {"tsv", "text/tab-separated-values; charset=utf-8", "tsv", format_write_tsv, "", "", ""},
    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
};

const format_row *format_find(const char *name) {
  for (const format_row *row = FORMAT_TABLE; row->name; ++row)
    if (strcmp(row->name, name) == 0) return row;
  return NULL;
}

/* Room for `more` bytes and the terminator. */
static bool reserve(format_buffer *buffer, size_t more) {
  if (buffer->failed) return false;
  if (more < buffer->capacity - buffer->size && buffer->text) return true;
  size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
  while (capacity <= SIZE_MAX / 2 && capacity - buffer->size <= more) capacity *= 2;
  char *text = capacity - buffer->size > more
                   ? base_realloc(buffer->text, buffer->capacity, capacity)
                   : NULL;
  if (!text) {
    buffer->failed = true;
    return false;
  }
  if (!buffer->text) *text = 0;
  buffer->text = text;
  buffer->capacity = capacity;
  return true;
}

void format_append(format_buffer *buffer, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length < 0) buffer->failed = true;
  if (!reserve(buffer, length < 0 ? 0 : (size_t)length)) return;
  va_start(arguments, format);
  vsnprintf(buffer->text + buffer->size, (size_t)length + 1, format, arguments);
  va_end(arguments);
  buffer->size += (size_t)length;
}

void format_append_clean(format_buffer *buffer, const char *text) {
  for (size_t left = strlen(text), length; left; text += length, left -= length) {
    length = base_utf8_length(text, left);
    unsigned char first = (unsigned char)*text;
    /* U+0080 .. U+009F, the second block of control characters, are C2 80 .. C2 9F. */
    bool control = first < 0x20 || first == 0x7f ||
                   (length == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0);
    if (length && !control) {
      format_append(buffer, "%.*s", (int)length, text);
    } else {
      format_append(buffer, "\xef\xbf\xbd");
      if (!length) length = 1;
    }
  }
}

scrawl_status format_status(const format_buffer *buffer, base_error *error) {
  if (!buffer->failed) return SCRAWL_OK;
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the result");
}
