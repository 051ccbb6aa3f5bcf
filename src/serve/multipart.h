/* The files in a multipart/form-data body (RFC 7578), found in place: nothing is copied but their
 * names. */
#ifndef SERVE_MULTIPART_H
#define SERVE_MULTIPART_H

#include "base/error.h"

enum { SERVE_NAME_BYTES = 128 };

typedef struct serve_file {
  const uint8_t *bytes; /* inside the body */
  size_t size;
  char name[SERVE_NAME_BYTES]; /* as the client calls it, cut to fit; never used as a path */
} serve_file;

/* Fills `files` and `*count` with the parts that carry a file name; other fields, and file fields
 * in which nothing was chosen (no name, no bytes), are passed over. BAD_FORMAT: not whole, or not
 * multipart; LIMIT_EXCEEDED: more than `capacity`. */
scrawl_status serve_multipart_parse(const char *content_type, const uint8_t *body, size_t size,
                                    serve_file *files, size_t capacity, size_t *count,
                                    base_error *error);

#endif
