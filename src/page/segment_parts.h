/* What the files that segment a sheet share. A blob is a connected component of the mask, later a
 * group of them that belong together. */
#ifndef PAGE_SEGMENT_PARTS_H
#define PAGE_SEGMENT_PARTS_H

#include "base/memory.h"
#include "page/segment.h"

typedef struct segment_blob {
  ink_box box;
  int area;     /* pixels */
  uint64_t sum; /* of their ink */
  bool faint;   /* much fainter than the writing: left out */
  int row;      /* index of the row; -1: left out */
  int group;    /* index of the blob that it was joined to; itself */
} segment_blob;

typedef struct segment_blobs {
  segment_blob *items;
  size_t count;
} segment_blobs;

/* Finds the rows and puts the blobs into them; what is no writing is left out. `rows` has room for
 * a row for each blob. */
scrawl_status segment_find_rows(segment_blobs *blobs, page_row *rows, size_t *row_count,
                                base_error *error);
/* Puts the blobs into given boxes, each a row. */
scrawl_status segment_fill_cells(segment_blobs *blobs, const ink_box *boxes, size_t count,
                                 page_row *rows, base_error *error);
/* y of the middle of a row's glyphs at x */
double segment_row_middle(const page_row *row, double x);

/* Ways to cut a blob from top to bottom: for each of its rows the first pixel, from the left edge
 * of its box, that lies to the right of the cut. Cuts do not cross. */
enum { SEGMENT_MOST_CUTS = 24 };
typedef struct segment_cuts {
  int count;
  double cost[SEGMENT_MOST_CUTS]; /* ink cut through, pixels */
  uint16_t *column;               /* count x the box's height; base_free */
} segment_cuts;
/* `label` is that of the blob's pixels, `height` that of the row. */
scrawl_status segment_find_cuts(const ink_image *ink, const uint32_t *labels, uint32_t label,
                                ink_box box, double height, segment_cuts *cuts, base_error *error);

#endif
