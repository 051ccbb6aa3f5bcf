/* The best way through a string that was cut into more pieces than it has glyphs. */
#ifndef READ_STRING_PATH_H
#define READ_STRING_PATH_H

#include "base/error.h"

/* A guess: pieces first .. end - 1 together are one thing (a glyph, a separator, a speck). */
typedef struct read_span {
  int first, end;
  double score; /* natural logarithm of how likely that is; -INFINITY: never */
} read_span;

/* The spans, in order and without gap or overlap, that cover pieces 0 .. pieces - 1 and whose
 * scores sum highest. `path` (room for `pieces`) gets their indices, `*length` how many they are.
 * `share` (room for `pieces`) gets for each of them the part of the likelihood of all ways that
 * falls to ways with that span in them, 0..1: how sure it is that the string is cut there.
 * INVALID_ARGUMENT when there is no way through or a span is not within the string;
 * OUT_OF_MEMORY. */
scrawl_status read_find_path(const read_span *spans, size_t count, int pieces, size_t *path,
                             double *share, size_t *length, base_error *error);

#endif
