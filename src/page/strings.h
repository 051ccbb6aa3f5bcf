/* Rows of pieces to lines of text. */
#ifndef PAGE_STRINGS_H
#define PAGE_STRINGS_H

#include "page/segment.h"
#include "page/sheet.h"

/* Reads the rows of a segmented sheet: `lines` gets one for each, in `arena`, without glyphs where
 * there is none; boxes are in pixels of the sheet. OUT_OF_MEMORY. */
scrawl_status page_read_rows(read_reader *reader, const page_segments *segments,
                             const ink_image *ink, base_arena *arena, read_line **lines,
                             base_error *error);

#endif
