/* The files of a UNIPEN collection that some of its categories need, in memory.
 *
 * A collection has two trees: data/CATEGORY/..., small files that say which ink is which letter,
 * and include/..., the ink, which they name. It lies unpacked in a folder or in an archive, where
 * data/ must come before include/, as it does in the published one: that is then read once. */
#ifndef DATA_UNIPEN_FILES_H
#define DATA_UNIPEN_FILES_H

#include "base/error.h"

typedef struct data_unipen_file {
  char *path;  /* "data/1a/..." or "include/..." */
  char *bytes; /* NULL: named by another, but not there */
  size_t size;
  size_t next; /* of those in the same bucket, + 1 */
} data_unipen_file;

typedef struct data_unipen_files {
  data_unipen_file *files; /* no path twice */
  size_t count, capacity;
  size_t *buckets; /* by hash of the path: index + 1 */
  size_t bucket_count;
  size_t held, limit;            /* bytes, and how many may be */
  const char *const *categories; /* ended by NULL */
} data_unipen_files;

/* All files of these categories and what they include. `path`: a folder with data/ and include/, or
 * an archive of one. NOT_FOUND, READ_FAILED, BAD_FORMAT; LIMIT_EXCEEDED above data_file_limit();
 * OUT_OF_MEMORY. */
scrawl_status data_unipen_files_open(const char *path, const char *const *categories,
                                     data_unipen_files *files, base_error *error);
/* NULL when it is not there. */
const data_unipen_file *data_unipen_files_get(const data_unipen_files *files, const char *path);
/* "include/PATH" of an .INCLUDE's value; base_free it. NULL, and `*good` is false, for a path that
 * would lead out of the collection; NULL alone without memory. */
char *data_unipen_include_path(const char *value, size_t length, bool *good);
void data_unipen_files_free(data_unipen_files *files);

/* Where the published collection lies in the data folder, unpacked or not; base_free it. NOT_FOUND
 * says what was looked for. */
scrawl_status data_unipen_find(char **path, base_error *error);

#endif
