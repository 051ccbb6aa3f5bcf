/* Where a blob may be cut in two.
 *
 * A cut is a path from the top of the box to its bottom, one pixel in each row, at most one column
 * aside of the pixel above it, that goes through as little ink as possible: it falls along the
 * contours of both glyphs and goes through the stroke that joins them where that is thinnest
 * (Lee, Lee, Park 1996, "A new methodology for gray-scale character segmentation and recognition",
 * by a shortest path; the drop-fall of Congedo et al. 1995 does so greedily). Costs from the top
 * and from the bottom to every pixel are found by dynamic programming; their sum along a row is
 * the least ink that any cut through that pixel goes through, and its local minima along a few rows
 * are the candidates. */
#include <math.h>
#include <string.h>

#include "page/segment_parts.h"

/* Of a step aside, in pixels of full ink: a straight cut is the better one among equals. */
#define ASIDE 0.03F
/* A cut through more ink than this part of the row's height would cut along a stroke. */
#define MOST_INK 0.7
/* Two cuts nearer than this part of the row's height, on average, are one. */
#define LEAST_APART 0.06
/* A piece is no narrower than this part of the row's height. */
#define LEAST_WIDTH 0.06

/* Ink that is no piece of its own, in squares of the row's height: a fifth of a thin stroke. */
#define LEAST_AREA 0.015

typedef struct field {
  int width, height;
  float *cost, *down, *up; /* of a pixel; of the best way to it from the top, from the bottom */
} field;

static float *field_at(float *of, const field *f, int y) {
  return of + (size_t)y * (size_t)f->width;
}

static float best_step(const float *from, int x, int width) {
  float best = from[x];
  if (x > 0) best = fminf(best, from[x - 1] + ASIDE);
  if (x + 1 < width) best = fminf(best, from[x + 1] + ASIDE);
  return best;
}

static void fill(field *f, const ink_image *ink, const uint32_t *labels, uint32_t label,
                 ink_box box) {
  for (int y = 0; y < f->height; y++) {
    size_t row = (size_t)box.y + (size_t)y;
    const uint8_t *levels = ink->pixels + row * ink->stride + (size_t)box.x;
    const uint32_t *of = labels + row * (size_t)ink->width + (size_t)box.x;
    float *cost = field_at(f->cost, f, y), *down = field_at(f->down, f, y);
    for (int x = 0; x < f->width; x++) {
      cost[x] = of[x] == label ? (float)levels[x] / 255 : 0;
      down[x] = cost[x] + (y ? best_step(down - f->width, x, f->width) : 0);
    }
  }
  for (int y = f->height; y-- > 0;) {
    float *cost = field_at(f->cost, f, y), *up = field_at(f->up, f, y);
    for (int x = 0; x < f->width; x++)
      up[x] = cost[x] + (y + 1 < f->height ? best_step(up + f->width, x, f->width) : 0);
  }
}

/* One step along the best way. */
static int follow(const float *to, int x, int width) {
  int best = x;
  float least = to[x];
  if (x > 0 && to[x - 1] + ASIDE < least) {
    least = to[x - 1] + ASIDE;
    best = x - 1;
  }
  if (x + 1 < width && to[x + 1] + ASIDE < least) best = x + 1;
  return best;
}

static void trace(field *f, int x, int y, uint16_t *column) {
  column[y] = (uint16_t)x;
  for (int v = y, u = x; v-- > 0;)
    column[v] = (uint16_t)(u = follow(field_at(f->down, f, v), u, f->width));
  for (int v = y + 1, u = x; v < f->height; v++)
    column[v] = (uint16_t)(u = follow(field_at(f->up, f, v), u, f->width));
}

/* How far two cuts are apart, on average. */
static double apart(const uint16_t *a, const uint16_t *b, int height) {
  double sum = 0;
  for (int y = 0; y < height; y++) sum += fabs((double)a[y] - b[y]);
  return sum / height;
}

/* Puts a cut among those there are: a cheaper one takes the place of one near by or, when there is
 * no room, of the dearest. */
static void add_cut(field *f, int x, int y, double cost, double height, uint16_t *scratch,
                    segment_cuts *cuts) {
  size_t size = (size_t)f->height;
  int place = cuts->count, dearest = 0;
  trace(f, x, y, scratch);
  for (int i = 0; i < cuts->count; i++) {
    if (cuts->cost[i] > cuts->cost[dearest]) dearest = i;
    if (apart(cuts->column + (size_t)i * size, scratch, f->height) >= LEAST_APART * height)
      continue;
    if (cuts->cost[i] <= cost) return;
    place = i;
    break;
  }
  if (place == SEGMENT_MOST_CUTS) place = dearest;
  if (place < cuts->count && cuts->cost[place] <= cost) return;
  if (place == cuts->count) cuts->count++;
  cuts->cost[place] = cost;
  memcpy(cuts->column + (size_t)place * size, scratch, size * sizeof *scratch);
}

/* The local minima along row `y`: the middle of each flat valley. */
static void find_along(field *f, int y, double height, uint16_t *scratch, segment_cuts *cuts) {
  const float *down = field_at(f->down, f, y), *up = field_at(f->up, f, y);
  const float *cost = field_at(f->cost, f, y);
  int margin = (int)fmax(1, LEAST_WIDTH * height);
  float before = INFINITY;
  for (int x = margin; x < f->width - margin;) {
    float here = down[x] + up[x] - cost[x];
    int end = x + 1;
    float after = INFINITY;
    for (; end < f->width - margin; end++) {
      after = down[end] + up[end] - cost[end];
      if (fabsf(after - here) > 2 * ASIDE) break;
    }
    if (end >= f->width - margin) after = INFINITY;
    if (here < before && here < after && (double)here <= MOST_INK * height)
      add_cut(f, (x + end - 1) / 2, y, (double)here, height, scratch, cuts);
    before = here;
    x = end;
  }
}

/* Sorted in every row, so that none crosses another; then from left to right. */
static void sort_cuts(segment_cuts *cuts, int height) {
  for (int i = 1; i < cuts->count; i++)
    for (int j = i; j > 0; j--) {
      uint16_t *a = cuts->column + (size_t)(j - 1) * (size_t)height, *b = a + height;
      long sum = 0;
      for (int y = 0; y < height; y++) sum += (long)a[y] - b[y];
      if (sum > 0) {
        double cost = cuts->cost[j];
        cuts->cost[j] = cuts->cost[j - 1];
        cuts->cost[j - 1] = cost;
      }
      for (int y = 0; y < height; y++)
        if (a[y] > b[y]) {
          uint16_t column = a[y];
          a[y] = b[y];
          b[y] = column;
        }
    }
}

/* Ink between two cuts, in pixels; NULL: the edge of the box. */
static long ink_between(const field *f, const uint16_t *left, const uint16_t *right) {
  long area = 0;
  for (int y = 0; y < f->height; y++) {
    const float *cost = f->cost + (size_t)y * (size_t)f->width;
    int end = right ? right[y] : f->width;
    for (int x = left ? left[y] : 0; x < end; x++) area += cost[x] > 0.3F;
  }
  return area;
}

/* Of two cuts with hardly any ink between them the cheaper one stays; none beside the edge does. */
static void drop_slivers(const field *f, double height, segment_cuts *cuts) {
  long least = (long)(LEAST_AREA * height * height);
  size_t size = (size_t)f->height;
  int kept = 0;
  for (int i = 0; i < cuts->count; i++) {
    uint16_t *before = kept ? cuts->column + (size_t)(kept - 1) * size : NULL;
    uint16_t *this = cuts->column + (size_t)i * size;
    if (ink_between(f, this, NULL) < least) break;
    int place = kept;
    if (ink_between(f, before, this) < least) {
      if (kept == 0 || cuts->cost[kept - 1] <= cuts->cost[i]) continue;
      place = kept - 1;
    }
    cuts->cost[place] = cuts->cost[i];
    memmove(cuts->column + (size_t)place * size, this, size * sizeof *this);
    kept = place + 1;
  }
  cuts->count = kept;
}

scrawl_status segment_find_cuts(const ink_image *ink, const uint32_t *labels, uint32_t label,
                                ink_box box, double height, segment_cuts *cuts, base_error *error) {
  *cuts = (segment_cuts){0};
  if (box.width > UINT16_MAX) return SCRAWL_OK;
  field f = {.width = box.width, .height = box.height};
  size_t pixels = (size_t)box.height * (size_t)box.width;
  f.cost = base_alloc(pixels, 3 * sizeof *f.cost);
  cuts->column = base_alloc((size_t)box.height, (SEGMENT_MOST_CUTS + 1) * sizeof *cuts->column);
  if (!f.cost || !cuts->column) {
    base_free(f.cost);
    base_free(cuts->column);
    *cuts = (segment_cuts){0};
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to cut %d x %d pixels", box.width,
                     box.height);
  }
  f.down = f.cost + pixels;
  f.up = f.down + pixels;
  fill(&f, ink, labels, label, box);
  uint16_t *scratch = cuts->column + (size_t)SEGMENT_MOST_CUTS * (size_t)box.height;
  for (int part = 2; part >= 0; part--) /* three quarters, the middle, a quarter */
    find_along(&f, box.height * (part + 1) / 4, height, scratch, cuts);
  sort_cuts(cuts, box.height);
  drop_slivers(&f, height, cuts);
  base_free(f.cost);
  return SCRAWL_OK;
}
