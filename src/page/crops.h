/* What a line's cutting would take for glyphs, labelled by what is known of the picture: the
 * material that teaches a recogniser crops as they come, and which of them are none. */
#ifndef PAGE_CROPS_H
#define PAGE_CROPS_H

#include "base/progress.h"
#include "page/page.h"

/* `folder`: of generated pictures (data_generate(), with truth.jsonl). The set has the digits as
 * classes, and READ_NO_GLYPH: parts of digits, several of them, marks. Of the latter there are at
 * most as many as of the others in each picture, drawn with `seed`. `reader` sees which blobs need
 * no cutting; `progress`, begun by the caller, is told how much there is. BAD_FORMAT when there is
 * no crop at all, else as data_truth_open(), page_decode(). */
scrawl_status page_open_crops(const char *folder, read_reader *reader, uint64_t seed,
                              base_progress *progress, data_set *set, base_error *error);

#endif
