/* libarchive, loaded when the first archive is read (data/library.h): tar, zip and others, packed
 * by xz, gzip and others, of which Scrawl needs to know nothing. */
#ifndef DATA_UNPACK_H
#define DATA_UNPACK_H

#include "base/error.h"

/* Takes a regular file of the archive: `read` its `size` bytes, or return without. */
typedef struct data_archive_entry data_archive_entry;
typedef scrawl_status data_archive_visit(void *argument, const char *path, size_t size,
                                         data_archive_entry *entry, base_error *error);

/* Calls `visit` for every regular file of the archive, in its order, until one fails. NOT_FOUND
 * without libarchive; READ_FAILED, BAD_FORMAT; what `visit` fails with. */
scrawl_status data_archive_read(const char *path, data_archive_visit *visit, void *argument,
                                base_error *error);
/* The entry's bytes, all `size` of them. BAD_FORMAT when there are fewer. */
scrawl_status data_archive_take(data_archive_entry *entry, void *bytes, size_t size,
                                base_error *error);

#endif
