/* A sheet's ink cut into pieces: rows of writing, and in each row, from left to right, pieces of
 * which one or several that follow each other make up a glyph. Which, the recogniser says
 * (strings.c): here are places where glyphs may begin and end, more of them than there are. */
#ifndef PAGE_SEGMENT_H
#define PAGE_SEGMENT_H

#include "page/sheet.h"

/* What a thing is by size and place if it is no part of a glyph. */
typedef enum page_mark {
  PAGE_NO_MARK, /* as large as a glyph */
  PAGE_SPECK,
  PAGE_DOT,
  PAGE_COMMA,
  PAGE_DASH,
} page_mark;

typedef struct page_piece {
  ink_box box;
  double cut; /* ink cut through to part it from the one before, in heights of the row; 0: none */
} page_piece;

typedef struct page_row {
  size_t first, end;    /* pieces first .. end - 1 */
  double height;        /* of its glyphs, in pixels */
  double middle, slope; /* y of the glyphs' middle at x = 0, and how it goes down with x */
  double stroke;        /* usual width of the sheet's strokes, in pixels; more than 0 */
} page_row;

typedef struct page_segments {
  int width, height;
  uint32_t *labels; /* of each pixel, the piece that it belongs to + 1; 0: paper, or left out */
  page_piece *pieces;
  size_t piece_count;
  page_row *rows; /* in reading order */
  size_t row_count;
  double used; /* share of the ink that is in pieces, stains apart; of cells: that keeps to them */
} page_segments;

/* Segments the sheet. OUT_OF_MEMORY, LIMIT_EXCEEDED. */
scrawl_status page_segment(const page_sheet *sheet, page_segments *segments, base_error *error);
/* The same where the rows are known: row i is what lies in boxes[i], a cell of a grid. A row may
 * have no pieces. */
scrawl_status page_segment_cells(const page_sheet *sheet, const ink_box *boxes, size_t count,
                                 page_segments *segments, base_error *error);
void page_segments_free(page_segments *segments);

/* What a box of ink in a row would be if it were no glyph. */
page_mark page_find_mark(const page_row *row, ink_box box);

/* The box around pieces first .. end - 1. */
ink_box page_pieces_box(const page_segments *segments, size_t first, size_t end);
/* Their ink alone as a network sees it. `scratch` has room for the box's pixels. */
void page_pieces_glyph(const page_segments *segments, const ink_image *ink, size_t first,
                       size_t end, uint8_t *scratch, uint8_t glyph[INK_GLYPH_PIXELS]);

#endif
