/* The files in a multipart/form-data body (RFC 7578), found in place: nothing is copied but their
 * names, and the values of fields that are asked for. */
#ifndef SERVE_MULTIPART_H
#define SERVE_MULTIPART_H

#include "base/error.h"

enum { SERVE_NAME_BYTES = 128, SERVE_VALUE_BYTES = 32 };

typedef struct serve_file {
  const uint8_t *bytes; /* inside the body */
  size_t size;
  char name[SERVE_NAME_BYTES]; /* as the client calls it, cut to fit; never used as a path */
} serve_file;

typedef struct serve_field {
  const char *name;              /* set by the caller; rows end with one that has none */
  char value[SERVE_VALUE_BYTES]; /* cut to fit; "" when the form has no such field */
} serve_field;

/* Fills `files` and `*count` with the parts that carry a file name, and the values of `fields`
 * (NULL: none); other fields, and file fields in which nothing was chosen (no name, no bytes), are
 * passed over. BAD_FORMAT: not whole, or not multipart; LIMIT_EXCEEDED: more than `capacity`
 * files. */
scrawl_status serve_multipart_parse(const char *content_type, const uint8_t *body, size_t size,
                                    serve_file *files, size_t capacity, size_t *count,
                                    serve_field *fields, base_error *error);

#endif
