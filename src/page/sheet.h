/* A sheet of writing made ready for being cut into glyphs: strings, boxes, grids, whole pages.
 *
 *   page_decode (limits.side = PAGE_WORKING_SIDE) -> page_prepare -> page_find_grid, segmentation
 *
 * What page_clean does for one glyph, page_prepare does for many: nothing is left out because it is
 * not "the" glyph. Coordinates of a sheet are its own pixels; page_sheet_box() takes boxes back to
 * the picture that was given. */
#ifndef PAGE_SHEET_H
#define PAGE_SHEET_H

#include "base/pool.h"
#include "page/page.h"

struct Pix; /* Leptonica's PIX */

/* ---- steps that can be looked at ---- */

typedef struct page_step {
  const char *name; /* "grey", "light", ...: constant text */
  struct Pix *pix;  /* 8 bits, dark ink on white */
} page_step;

/* The picture after each step of the way that was taken, in order. All zero is an empty list. */
struct page_steps {
  page_step *items;
  size_t count, capacity;
};

/* Keeps a copy of ordinary grey (255 = white) or of ink (255 = ink). `steps` NULL: nothing is done.
 * OUT_OF_MEMORY. */
scrawl_status page_steps_add_grey(page_steps *steps, const char *name, const uint8_t *grey,
                                  int width, int height, base_error *error);
scrawl_status page_steps_add_ink(page_steps *steps, const char *name, const ink_image *ink,
                                 base_error *error);
/* Step `index` as a PNG file's bytes; base_free them. */
scrawl_status page_steps_png(const page_steps *steps, size_t index, uint8_t **bytes, size_t *size,
                             base_error *error);
/* Into DIR/01-grey.png, DIR/02-light.png, ...; DIR is made if there is none. WRITE_FAILED. */
scrawl_status page_steps_write(const page_steps *steps, const char *folder, base_error *error);
void page_steps_free(page_steps *steps);

/* ---- the sheet ---- */

typedef struct page_point {
  double x, y;
} page_point;

/* A projective map: (x, y) goes to (m0 x + m1 y + m2, m3 x + m4 y + m5) / (m6 x + m7 y + m8).
 * Coordinates are of pixel corners: the middle of the first pixel is (0.5, 0.5). */
typedef struct page_map {
  double m[9];
} page_map;

/* A ruled line or the side of a box, as straight as it is. */
typedef struct page_rule {
  page_point from, to; /* middle of the line; left to right, or top to bottom */
  double thickness;
  bool upright; /* nearer to vertical */
} page_rule;

typedef struct page_sheet {
  ink_image ink;    /* grey levels, 255 = common ink, 0 = paper; without the rules */
  struct Pix *mask; /* 1 bit, of the same size: where ink is to be looked for */
  page_rule *rules; /* what was taken away */
  size_t rule_count;
  double stroke; /* usual stroke width in pixels; 0 on a blank sheet */
  double angle;  /* degrees the picture was turned clockwise to become the sheet, -180 .. 180 */
  page_map map;  /* from sheet pixels to pixels of the picture file, upright */
  int picture_width, picture_height; /* of that, for clipping */
} page_sheet;

typedef struct page_prepare_options {
  page_steps *steps; /* NULL: not kept */
  base_pool *pool;   /* NULL: this thread alone */
} page_prepare_options;

/* `options` NULL: all zero. A blank picture gives a sheet with an empty mask. OUT_OF_MEMORY. */
scrawl_status page_prepare(const page_picture *picture, const page_prepare_options *options,
                           page_sheet *sheet, base_error *error);
void page_sheet_free(page_sheet *sheet);

page_point page_map_point(const page_map *map, page_point point);
/* The smallest box in pixels of the picture file around a box of the sheet. */
ink_box page_sheet_box(const page_sheet *sheet, ink_box box);

/* ---- grids ---- */

typedef struct page_cell {
  page_point corner[4]; /* middle of the lines: top left, top right, bottom right, bottom left */
  ink_box box;          /* in the sheet, within the lines: where to look for ink */
} page_cell;

typedef struct page_grid {
  int rows, columns; /* 0: no grid was found */
  page_cell *cells;  /* row by row */
} page_grid;

/* The grid of ruled lines on a sheet, the one with most cells where there are several: a sudoku, a
 * table, a row of boxes or a comb (1 x N). OUT_OF_MEMORY. */
scrawl_status page_find_grid(const page_sheet *sheet, page_grid *grid, base_error *error);
void page_grid_free(page_grid *grid);

#endif
