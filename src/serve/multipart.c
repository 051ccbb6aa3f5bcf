/* multipart/form-data (RFC 7578, RFC 2046 section 5.1) of a body that is whole in memory:
 *
 *     preamble  --B CRLF  headers CRLF CRLF  content  CRLF--B CRLF  ...  CRLF--B--  epilogue
 *
 * libmicrohttpd's own parser works on a stream, copies what it finds and does not say what was
 * wrong; bodies here are bounded and whole, so the files are slices of the body. Every search is
 * bounded by the body's end and moves forward only. */
#include "serve/multipart.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_BOUNDARY = 70, MAX_HEADER_BYTES = 4096 };

/* `position` .. `end` of a text that is not terminated. */
typedef struct span {
  const char *position, *end;
} span;

static size_t left(span text) {
  return (size_t)(text.end - text.position);
}

static const char *find(span text, const char *needle, size_t length) {
  return memmem(text.position, left(text), needle, length);
}

static bool starts_with(span text, const char *word) {
  size_t length = strlen(word);
  return left(text) >= length && strncasecmp(text.position, word, length) == 0;
}

static void skip_blanks(span *text) {
  while (text->position < text->end && (*text->position == ' ' || *text->position == '\t'))
    text->position++;
}

/* The value of ";name=value" or ";name="value"" among a header's parameters, cut to fit; false when
 * there is none. In a quoted value a backslash escapes only a quote or itself: browsers send other
 * backslashes as they are. */
static bool find_parameter(span text, const char *name, char *value, size_t capacity) {
  bool quoted = false;
  for (; text.position < text.end; text.position++) {
    if (*text.position == '"') quoted = !quoted;
    if (quoted && *text.position == '\\' && left(text) > 1) text.position++;
    if (quoted || *text.position != ';') continue;
    span rest = {text.position + 1, text.end};
    skip_blanks(&rest);
    if (!starts_with(rest, name)) continue;
    rest.position += strlen(name);
    if (left(rest) == 0 || *rest.position != '=') continue;
    rest.position++;
    bool in_quotes = left(rest) > 0 && *rest.position == '"';
    if (in_quotes) rest.position++;
    size_t length = 0;
    for (; rest.position < rest.end; rest.position++) {
      char letter = *rest.position;
      if (in_quotes ? letter == '"' : letter == ';' || letter == ' ') break;
      if (in_quotes && letter == '\\' && left(rest) > 1 && strchr("\"\\", rest.position[1]))
        letter = *++rest.position;
      if (length + 1 < capacity) value[length++] = letter;
    }
    value[length] = '\0';
    return true;
  }
  return false;
}

/* A name cut in the middle of a UTF-8 sign loses its torn end. */
static void trim_torn_sign(char *text) {
  size_t length = strlen(text), start = length;
  if (length + 1 < SERVE_NAME_BYTES) return;
  while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80) start--;
  if (start > 0 && (unsigned char)text[start - 1] >= 0xc0) text[start - 1] = '\0';
}

/* From the headers of a part: whether it is a file, and the name of that or of the field. */
static bool read_headers(span headers, char name[SERVE_NAME_BYTES]) {
  while (headers.position < headers.end) {
    const char *line_end = find(headers, "\r\n", 2);
    span line = {headers.position, line_end ? line_end : headers.end};
    headers.position = line_end ? line_end + 2 : headers.end;
    if (!starts_with(line, "content-disposition:")) continue;
    bool is_file = find_parameter(line, "filename", name, SERVE_NAME_BYTES);
    if (!is_file && !find_parameter(line, "name", name, SERVE_NAME_BYTES)) *name = '\0';
    trim_torn_sign(name);
    return is_file;
  }
  return false;
}

static void take_field(serve_field *field, const char *name, const char *content, size_t size) {
  for (; field && field->name; field++) {
    if (strcmp(field->name, name) != 0) continue;
    size_t length = size < SERVE_VALUE_BYTES - 1 ? size : SERVE_VALUE_BYTES - 1;
    memcpy(field->value, content, length);
    field->value[length] = '\0';
  }
}

scrawl_status serve_multipart_parse(const char *content_type, const uint8_t *body, size_t size,
                                    serve_file *files, size_t capacity, size_t *count,
                                    serve_field *fields, base_error *error) {
  *count = 0;
  for (serve_field *field = fields; field && field->name; field++) *field->value = '\0';
  char boundary[MAX_BOUNDARY + 2], delimiter[MAX_BOUNDARY + 8];
  span type = {content_type, content_type + strlen(content_type)};
  if (!find_parameter(type, "boundary", boundary, sizeof boundary) || !*boundary)
    return base_fail(error, SCRAWL_BAD_FORMAT, "the form's Content-Type names no boundary");
  if (strlen(boundary) > MAX_BOUNDARY)
    return base_fail(error, SCRAWL_BAD_FORMAT, "the form's boundary is longer than %d characters",
                     MAX_BOUNDARY);
  size_t length = (size_t)snprintf(delimiter, sizeof delimiter, "\r\n--%s", boundary);

  /* The first delimiter may stand at the very start, without the line break. */
  span text = {(const char *)body, (const char *)body + size};
  if (left(text) >= length - 2 && memcmp(text.position, delimiter + 2, length - 2) == 0) {
    text.position += length - 2;
  } else {
    const char *first = find(text, delimiter, length);
    if (!first) return base_fail(error, SCRAWL_BAD_FORMAT, "the form has no parts");
    text.position = first + length;
  }
  for (;;) { /* right after a delimiter */
    if (starts_with(text, "--")) return SCRAWL_OK;
    skip_blanks(&text);
    if (!starts_with(text, "\r\n")) break;
    span search = {text.position, text.end}; /* with the line break: a part may have no headers */
    if (left(search) > MAX_HEADER_BYTES) search.end = search.position + MAX_HEADER_BYTES;
    const char *headers_end = find(search, "\r\n\r\n", 4);
    if (!headers_end) break;
    span headers = {text.position + 2, headers_end};
    if (headers.position > headers.end) headers.position = headers.end;
    text.position = headers_end + 2; /* keeps a line break: the content may be empty */
    const char *content = headers_end + 4, *content_end = find(text, delimiter, length);
    if (!content_end) break;
    text.position = content_end + length;
    char name[SERVE_NAME_BYTES] = "";
    if (content_end < content) continue;
    size_t bytes = (size_t)(content_end - content);
    if (!read_headers(headers, name)) {
      take_field(fields, name, content, bytes);
      continue;
    }
    if (bytes == 0 && !*name) continue;
    if (*count == capacity)
      return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "more than %zu files in one form", capacity);
    serve_file *file = &files[(*count)++];
    file->bytes = (const uint8_t *)content;
    file->size = bytes;
    memcpy(file->name, name, sizeof name);
  }
  *count = 0;
  return base_fail(error, SCRAWL_BAD_FORMAT, "the form breaks off before its end");
}
