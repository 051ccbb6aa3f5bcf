/* Text that grows. The buffer doubles, so that n bytes cost O(n) copies. */
#include "train/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

static bool make_room(train_text *text, size_t more) {
  if (text->failed) return false;
  if (more >= SIZE_MAX / 4 - text->length) {
    text->failed = true;
    return false;
  }
  size_t needed = text->length + more + 1;
  if (text->bytes && needed <= text->capacity) return true;
  size_t capacity = text->capacity ? text->capacity : 4096;
  while (capacity < needed) capacity *= 2;
  char *bytes = base_realloc(text->bytes, text->capacity, capacity);
  if (!bytes) {
    text->failed = true;
    return false;
  }
  text->bytes = bytes;
  text->capacity = capacity;
  return true;
}

void train_text_append(train_text *text, const char *bytes, size_t length) {
  if (!make_room(text, length)) return;
  memcpy(text->bytes + text->length, bytes, length);
  text->length += length;
  text->bytes[text->length] = 0;
}

void train_text_add(train_text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  if (length < 0) text->failed = true;
  if (length >= 0 && make_room(text, (size_t)length)) {
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
    text->length += (size_t)length;
  }
  va_end(again);
  va_end(arguments);
}

void train_text_escape(train_text *text, const char *string) {
  size_t left = strlen(string);
  for (const char *at = string; left > 0;) {
    size_t length = base_utf8_length(at, left);
    const char *reference = NULL;
    if (length == 0 || iscntrl((unsigned char)*at)) {
      reference = "\xEF\xBF\xBD"; /* U+FFFD */
      length = 1;
    } else if (*at == '&')
      reference = "&amp;";
    else if (*at == '<')
      reference = "&lt;";
    else if (*at == '>')
      reference = "&gt;";
    else if (*at == '"')
      reference = "&quot;";
    else if (*at == '\'')
      reference = "&#39;";
    if (reference)
      train_text_append(text, reference, strlen(reference));
    else
      train_text_append(text, at, length);
    at += length;
    left -= length;
  }
}

void train_text_base64(train_text *text, const uint8_t *bytes, size_t length) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < length; i += 3) {
    size_t left = length - i;
    uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                     (left > 2 ? bytes[i + 2] : 0);
    char out[4] = {digits[group >> 18], digits[group >> 12 & 63],
                   left > 1 ? digits[group >> 6 & 63] : '=', left > 2 ? digits[group & 63] : '='};
    train_text_append(text, out, 4);
  }
}

char *train_text_take(train_text *text) {
  if (!text->failed && !text->bytes) train_text_append(text, "", 0);
  char *bytes = text->bytes;
  if (text->failed) {
    base_free(bytes);
    bytes = NULL;
  }
  *text = (train_text){0};
  return bytes;
}
