/* Straight thin lines on a mask. Inside src/page only: rules.c decides which of them are rules. */
#ifndef PAGE_STRAIGHT_H
#define PAGE_STRAIGHT_H

#include "page/prepare.h"

/* Along is y for lines that are nearer to upright, x for those that lie; across is the other. */
typedef struct page_line {
  int first, last;      /* along */
  float *centre;        /* across, for each of first .. last; base_free */
  double offset, slope; /* across = offset + slope * along, by least squares */
  double thickness;     /* pixels across */
  double level;         /* mean darkness over paper; whoever needs it fills it in */
} page_line;

enum { PAGE_MOST_LINES = 400, PAGE_MORE_LINES = 64 };

typedef struct page_lines {
  page_line *items; /* longest first; there is room for PAGE_MORE_LINES more */
  size_t count;
} page_lines;

/* All that are at least `least` long and a fair multiple of their thickness. `mask` is looked at by
 * rows: lines that lie are found on a transposed mask. */
scrawl_status page_trace_lines(const ink_image *mask, int least, page_lines *lines,
                               base_error *error);
void page_lines_free(page_lines *lines);

#endif
