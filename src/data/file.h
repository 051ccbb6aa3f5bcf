/* Whole files, in and out, for every floor above the core. */
#ifndef DATA_FILE_H
#define DATA_FILE_H

#include "base/error.h"

/* The whole file ("-": standard input) with a zero byte after its end; base_free it. Reads pipes
 * as well as files. NOT_FOUND, READ_FAILED, OUT_OF_MEMORY; LIMIT_EXCEEDED above `limit` bytes,
 * found before the rest is read. */
scrawl_status data_file_read(const char *path, size_t limit, uint8_t **bytes, size_t *size,
                             base_error *error);

/* Whole or not at all: to a temporary file beside it, synced, renamed. A path that is there and
 * no regular file (a device, a pipe) is written to directly. WRITE_FAILED; what was there before
 * then still is. */
scrawl_status data_file_write(const char *path, const void *bytes, size_t size, base_error *error);

/* Straight to the path, not synced: for one of many files, of which a last one says that all are
 * there. WRITE_FAILED, and half a file may be left. */
scrawl_status data_file_write_directly(const char *path, const void *bytes, size_t size,
                                       base_error *error);

/* The most bytes one data file may take in memory: 4 GiB, or $SCRAWL_DATA_LIMIT in MiB. */
size_t data_file_limit(void);

#endif
