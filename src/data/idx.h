/* IDX files: the format of MNIST and its kin, plain or gzip. */
#ifndef DATA_IDX_H
#define DATA_IDX_H

#include "base/error.h"

enum { DATA_IDX_MAX_DIMENSIONS = 3 };

typedef struct data_idx {
  int dimensions; /* 1 (labels) or 3 (pictures) */
  size_t extent[DATA_IDX_MAX_DIMENSIONS];
  uint8_t *values; /* the product of the extents; base_free */
} data_idx;

/* Parses bytes of an IDX file with `dimensions` dimensions of unsigned bytes, gzip or plain by
 * their first two bytes. `name` is for the sentences. The header's counts must match the real
 * size to the byte; no more than `limit` bytes of values are allocated, and never more than the
 * compressed bytes could hold. BAD_FORMAT, UNSUPPORTED, LIMIT_EXCEEDED, OUT_OF_MEMORY. */
scrawl_status data_idx_parse(const char *name, const uint8_t *bytes, size_t size, int dimensions,
                             size_t limit, data_idx *idx, base_error *error);
/* The same from a file, within data_file_limit(). */
scrawl_status data_idx_open(const char *path, int dimensions, data_idx *idx, base_error *error);
/* Compressed when `path` ends with ".gz". */
scrawl_status data_idx_write(const char *path, const data_idx *idx, base_error *error);
void data_idx_free(data_idx *idx);

#endif
