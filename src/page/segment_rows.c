/* Rows of writing.
 *
 * Blobs about as tall as most of the tall ones are glyphs. They are chained from left to right: a
 * glyph joins the row whose last glyph it overlaps in height, so that rows may slope and need not
 * be parallel (the neighbours' chains of O'Gorman 1993, "The document spectrum for page layout
 * analysis"). Then a straight line is laid through the middles of each row's glyphs, and small
 * blobs join the row in whose band they lie. What lies in none is no writing. */
#include <math.h>
#include <stdlib.h>

#include "page/segment_parts.h"

/* Of the usual height: what is smaller is no whole glyph ... */
#define LEAST_HEIGHT 0.5
/* ... and pixels: what is smaller cannot be read. */
enum { LEAST_PIXELS = 6 };
/* Glyphs of a row overlap in height by this part of the lower one. */
#define LEAST_OVERLAP 0.45
/* A gap wider than this many heights ends a row. */
#define WIDEST_GAP 8.0
/* Small blobs lie this near to the row's middle, in heights: a comma hangs lowest. */
#define BAND 0.85
/* Of a cell's side: no glyph is larger; of its height: writing is not lower. */
#define LARGEST_IN_CELL 1.25
#define LEAST_IN_CELL   0.25
#define BESIDE_CELL     0.3
/* In heights of the row. */
#define SMALL       0.42 /* no longer side of a dot or comma is larger */
#define LOW         0.18 /* dots and commas lie lower under the middle than this */
#define DASH_MOST   1.3  /* width */
#define DASH_SHAPE  1.5  /* times as wide as high */
#define DASH_MIDDLE 0.28
#define LEAST_MARK  0.06
#define TAIL        0.6  /* height of the longest comma, */
#define TAIL_LOW    0.35 /* which lies lower under the middle */
/* A comma is longer than a dot and hangs under the baseline, which lies at 0.5: it is one when
 * log(height / stroke) + COMMA_HANGS * bottom exceeds COMMA (logistic regression over 100 marks of
 * generated strings, 7 of them wrong). */
#define COMMA_HANGS 0.87
#define COMMA       1.26

double segment_row_middle(const page_row *row, double x) {
  return row->middle + row->slope * x;
}

static double middle_x(ink_box box) {
  return box.x + box.width / 2.0;
}

static double middle_y(ink_box box) {
  return box.y + box.height / 2.0;
}

typedef struct order {
  size_t index;
  double key, weight;
} order;

static int compare_keys(const void *a, const void *b) {
  const order *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  return (x->index > y->index) - (x->index < y->index);
}

/* The height that half of all the weight lies above, where tall blobs weigh more: specks are many
 * and small. */
static double usual_height(order *sorted, size_t count) {
  double total = 0, sum = 0;
  qsort(sorted, count, sizeof *sorted, compare_keys);
  for (size_t i = 0; i < count; i++) total += sorted[i].weight;
  for (size_t i = 0; i < count; i++)
    if ((sum += sorted[i].weight) >= total / 2) return sorted[i].key;
  return 0;
}

static double overlap(ink_box a, ink_box b) {
  int top = a.y > b.y ? a.y : b.y;
  int a_end = a.y + a.height, b_end = b.y + b.height, end = a_end < b_end ? a_end : b_end;
  int lower = a.height < b.height ? a.height : b.height;
  return (double)(end - top) / lower;
}

/* The row that a glyph goes on; -1: none. `last` has the last glyph of each row. */
static int find_row(const segment_blobs *blobs, const size_t *last, size_t rows, ink_box box,
                    double height) {
  int best = -1;
  double nearest = INFINITY;
  for (size_t r = 0; r < rows; r++) {
    ink_box before = blobs->items[last[r]].box;
    double gap = box.x - (before.x + before.width), shared = overlap(before, box);
    if (shared < LEAST_OVERLAP || gap > WIDEST_GAP * height) continue;
    double away = fmax(gap, 0) + fabs(middle_y(before) - middle_y(box));
    if (away >= nearest) continue;
    nearest = away;
    best = (int)r;
  }
  return best;
}

/* A straight line through the middles, by least squares; level where the row is short. */
static void fit(const segment_blobs *blobs, int index, page_row *row, order *sorted) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0, left = INFINITY, right = -INFINITY;
  size_t count = 0;
  for (size_t i = 0; i < blobs->count; i++) {
    ink_box box = blobs->items[i].box;
    if (blobs->items[i].row != index) continue;
    double u = middle_x(box), v = middle_y(box);
    n++;
    x += u;
    y += v;
    xx += u * u;
    xy += u * v;
    left = fmin(left, u);
    right = fmax(right, u);
    sorted[count++] = (order){i, box.height, 1};
  }
  row->height = usual_height(sorted, count);
  double spread = n * xx - x * x;
  bool sloped = n >= 3 && right - left > 2 * row->height && spread > 0;
  row->slope = sloped ? (n * xy - x * y) / spread : 0;
  if (fabs(row->slope) > 0.5) row->slope = 0;
  row->middle = (y - row->slope * x) / n;
}

/* The nearest row to a small blob. */
static int find_band(const page_row *rows, size_t count, const segment_blobs *blobs,
                     const size_t *last, const int *left, ink_box box) {
  int best = -1;
  double nearest = INFINITY;
  for (size_t r = 0; r < count; r++) {
    const page_row *row = &rows[r];
    ink_box end = blobs->items[last[r]].box;
    double away = fabs(middle_y(box) - segment_row_middle(row, middle_x(box)));
    bool within =
        box.x + box.width > left[r] - row->height && box.x < end.x + end.width + row->height;
    if (!within || away > BAND * row->height || box.height > 1.5 * row->height) continue;
    if (away >= nearest) continue;
    nearest = away;
    best = (int)r;
  }
  return best;
}

static int compare_rows(const void *a, const void *b) {
  const page_row *x = a, *y = b;
  return (x->middle > y->middle) - (x->middle < y->middle);
}

static void find(segment_blobs *blobs, order *sorted, size_t *last, int *left, page_row *rows,
                 size_t *row_count) {
  size_t count = 0;
  for (size_t i = 0; i < blobs->count; i++) {
    double height = blobs->items[i].box.height;
    blobs->items[i].row = -1;
    if (height >= LEAST_PIXELS && !blobs->items[i].faint)
      sorted[count++] = (order){i, height, height * height};
  }
  double usual = usual_height(sorted, count);
  size_t tall = 0;
  for (size_t i = 0; i < count; i++) {
    ink_box box = blobs->items[sorted[i].index].box;
    if (box.height < LEAST_HEIGHT * usual) continue;
    sorted[tall++] = (order){sorted[i].index, middle_x(box), 0};
  }
  qsort(sorted, tall, sizeof *sorted, compare_keys);
  for (size_t i = 0; i < tall; i++) {
    segment_blob *blob = &blobs->items[sorted[i].index];
    int row = find_row(blobs, last, *row_count, blob->box, usual);
    if (row < 0) {
      row = (int)(*row_count)++;
      left[row] = blob->box.x;
    }
    blob->row = row;
    last[row] = sorted[i].index;
  }
  for (size_t r = 0; r < *row_count; r++) fit(blobs, (int)r, &rows[r], sorted);
  for (size_t i = 0; i < blobs->count; i++)
    if (blobs->items[i].row < 0 && !blobs->items[i].faint)
      blobs->items[i].row = find_band(rows, *row_count, blobs, last, left, blobs->items[i].box);
}

/* From top to bottom; the blobs' rows follow. */
static void sort_rows(segment_blobs *blobs, page_row *rows, size_t count, size_t *place) {
  for (size_t r = 0; r < count; r++) rows[r].first = r;
  qsort(rows, count, sizeof *rows, compare_rows);
  for (size_t r = 0; r < count; r++) place[rows[r].first] = r;
  for (size_t i = 0; i < blobs->count; i++)
    if (blobs->items[i].row >= 0) blobs->items[i].row = (int)place[blobs->items[i].row];
}

scrawl_status segment_find_rows(segment_blobs *blobs, page_row *rows, size_t *row_count,
                                base_error *error) {
  *row_count = 0;
  order *sorted = base_alloc(blobs->count + 1, sizeof *sorted);
  size_t *last = base_alloc(blobs->count + 1, sizeof *last);
  int *left = base_alloc(blobs->count + 1, sizeof *left);
  scrawl_status status = SCRAWL_OK;
  if (!sorted || !last || !left) {
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find lines of writing");
  } else if (blobs->count) {
    find(blobs, sorted, last, left, rows, row_count);
    sort_rows(blobs, rows, *row_count, last);
  }
  base_free(sorted);
  base_free(last);
  base_free(left);
  return status;
}

/* How far a point lies outside of a box. */
static double outside(ink_box box, double x, double y) {
  double right = x - (box.x + box.width), below = y - (box.y + box.height);
  return hypot(fmax(fmax(box.x - x, right), 0), fmax(fmax(box.y - y, below), 0));
}

/* The cell that a blob's middle lies in, or beside: people write on lines, too. -1: none, or it is
 * larger than a cell. */
static int find_cell(const ink_box *boxes, size_t count, ink_box box) {
  int nearest = -1;
  double least = INFINITY;
  for (size_t i = 0; i < count; i++) {
    double away = outside(boxes[i], middle_x(box), middle_y(box));
    int side = boxes[i].width < boxes[i].height ? boxes[i].width : boxes[i].height;
    if (away >= least || away > BESIDE_CELL * side) continue;
    least = away;
    nearest = (int)i;
  }
  if (nearest < 0 || box.width > LARGEST_IN_CELL * boxes[nearest].width ||
      box.height > LARGEST_IN_CELL * boxes[nearest].height)
    return -1;
  return nearest;
}

/* The glyphs of a grid are of one size. Each row's height is the usual one of the tallest blobs of
 * the cells, and its middle that of the tallest in the cell. */
scrawl_status segment_fill_cells(segment_blobs *blobs, const ink_box *boxes, size_t count,
                                 page_row *rows, base_error *error) {
  order *tallest = base_alloc_zero(count + 1, sizeof *tallest);
  if (!tallest)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a grid of %zu cells", count);
  for (size_t i = 0; i < blobs->count; i++) {
    ink_box box = blobs->items[i].box;
    int cell = blobs->items[i].faint ? -1 : find_cell(boxes, count, box);
    blobs->items[i].row = cell;
    if (cell < 0 || box.height <= tallest[cell].key) continue;
    tallest[cell] = (order){(size_t)cell, box.height, 0};
    rows[cell].middle = middle_y(box);
  }
  size_t filled = 0;
  for (size_t i = 0; i < count; i++)
    if (tallest[i].key >= LEAST_IN_CELL * boxes[i].height)
      tallest[filled++] = (order){i, tallest[i].key, 1};
  double usual = usual_height(tallest, filled);
  for (size_t i = 0; i < count; i++) rows[i].height = usual > 0 ? usual : 0.6 * boxes[i].height;
  base_free(tallest);
  return SCRAWL_OK;
}

page_mark page_find_mark(const page_row *row, ink_box box) {
  double height = row->height, low = middle_y(box) - segment_row_middle(row, middle_x(box));
  int longer = box.width > box.height ? box.width : box.height;
  if (longer < LEAST_MARK * height) return PAGE_SPECK;
  if (box.width >= DASH_SHAPE * box.height && fabs(low) <= DASH_MIDDLE * height &&
      box.width <= DASH_MOST * height && box.width >= 2 * LEAST_MARK * height)
    return PAGE_DASH;
  bool tail =
      low >= TAIL_LOW * height && box.height <= TAIL * height && box.width <= SMALL * height;
  if (longer > SMALL * height && !tail)
    return box.height < LEAST_HEIGHT * height ? PAGE_SPECK : PAGE_NO_MARK;
  if (low <= LOW * height) return PAGE_SPECK;
  double bottom = (low + box.height / 2.0) / height;
  return log(box.height / row->stroke) + COMMA_HANGS * bottom > COMMA ? PAGE_COMMA : PAGE_DOT;
}
