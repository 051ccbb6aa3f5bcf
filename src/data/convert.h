/* Data sets written out again: as a pair of IDX files, or as a folder of pictures. */
#ifndef DATA_CONVERT_H
#define DATA_CONVERT_H

#include "base/progress.h"
#include "data/set.h"

/* `count` of the set's pictures, taken evenly from all of it (0 or more than it has: all), as
 * PREFIX-images-idx3-ubyte.gz and PREFIX-labels-idx1-ubyte.gz. Labels are such that opening the
 * pair gives back the signs, as far as all are in DATA_PAIR_ALPHABET; otherwise class numbers.
 * WRITE_FAILED; LIMIT_EXCEEDED above 256 classes. */
scrawl_status data_convert_to_idx(const data_set *set, size_t count, const char *prefix,
                                  base_error *error);
/* The same as PNG files of dark ink on white with manifest.tsv, which is written last. The
 * folder is made, but not its parent; one that holds a manifest.tsv already is refused with
 * INVALID_ARGUMENT. */
scrawl_status data_convert_to_folder(const data_set *set, size_t count, const char *folder,
                                     base_progress *progress, base_error *error);

#endif
