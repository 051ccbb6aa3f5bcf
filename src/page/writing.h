/* A sheet of writing to lines and grids of a result. */
#ifndef PAGE_WRITING_H
#define PAGE_WRITING_H

#include "page/sheet.h"
#include "read/result.h"

/* Every line of the sheet, into the page; boxes in pixels of the picture. */
scrawl_status page_read_lines(read_reader *reader, const page_sheet *sheet, base_arena *arena,
                              read_page *page, base_error *error);
/* The cells of a grid, and a line for each of its rows that has ink. A comb, a single row of boxes,
 * becomes a line like any other when `comb` is set, and no grid. `*fits`: most of the sheet's ink
 * lies in cells, not in lines across them. */
scrawl_status page_read_cells(read_reader *reader, const page_sheet *sheet, const page_grid *grid,
                              bool comb, base_arena *arena, read_page *page, bool *fits,
                              base_error *error);
/* Gives every glyph and line of the page its style, from the ink that it was read from; `map` goes
 * from there to pixels of the picture file. OUT_OF_MEMORY. */
scrawl_status page_describe(const page_picture *picture, const ink_image *ink, const page_map *map,
                            read_result *result, base_error *error);

#endif
