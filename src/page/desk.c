/* A sheet of paper on something darker, with the edges of it that are seen.
 *
 * On a coarse picture, with ink filled by a closing, Otsu's threshold parts sheet and table. The
 * largest bright component is taken for a sheet when its edges are straight, are edges (clearly
 * darker right behind them, which the border of a shadow seldom is), and are not those of the
 * picture. Each side is fitted by least squares between the corners, which are the points farthest
 * out along the diagonals. Four edges give the perspective; fewer still tell what lies outside. */
#include <math.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "ink/light.h"
#include "page/prepare.h"

enum { COARSE = 160, LEAST_SIDE = 40, CLOSING = 7 };

#define LEAST_CONTRAST 25   /* levels from sheet to table */
#define DARKER         0.8  /* table over sheet */
#define MUCH_DARKER    0.6  /* where one edge alone is seen, which may be a shadow's */
#define STRAIGHT       0.85 /* share of an edge's points within a coarse pixel and a half of it */
#define LEAST_AREA     0.12 /* of the picture */

/* An edge: a x + b y = c, with (a, b) of length 1 pointing out of the sheet. */
typedef struct edge {
  double a, b, c;
  bool seen;
} edge;

typedef struct coarse {
  ink_image image;                       /* closed */
  int by;                                /* pixels a side */
  int first[2][COARSE], last[2][COARSE]; /* extent of the sheet in each row, each column */
} coarse;

static scrawl_status reduce(const ink_image *grey, coarse *small, base_error *error) {
  int side = grey->width > grey->height ? grey->width : grey->height;
  small->by = (side - 1) / COARSE + 1;
  int width = grey->width / small->by, height = grey->height / small->by;
  BASE_TRY(ink_image_create(width, height, &small->image, error));
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      uint32_t sum = 0;
      for (int v = 0; v < small->by; ++v) {
        const uint8_t *row = grey->pixels + (size_t)(y * small->by + v) * grey->stride;
        for (int u = 0; u < small->by; ++u) sum += row[x * small->by + u];
      }
      small->image.pixels[y * width + x] = (uint8_t)(sum / (uint32_t)(small->by * small->by));
    }
  PIX *pix = pixCreate(width, height, 8), *closed = NULL;
  for (int y = 0; pix && y < height; ++y)
    for (int x = 0; x < width; ++x)
      SET_DATA_BYTE(pixGetData(pix) + y * pixGetWpl(pix), x, small->image.pixels[y * width + x]);
  if (pix) closed = pixCloseGray(pix, CLOSING, CLOSING);
  for (int y = 0; closed && y < height; ++y)
    for (int x = 0; x < width; ++x)
      small->image.pixels[y * width + x] =
          (uint8_t)GET_DATA_BYTE(pixGetData(closed) + y * pixGetWpl(closed), x);
  pixDestroy(&pix);
  if (!closed) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find the sheet");
  pixDestroy(&closed);
  return SCRAWL_OK;
}

/* The extent of the largest bright component by row and by column; `corner`s by the diagonals. */
static scrawl_status find_bright(coarse *small, page_point corner[4], bool *found,
                                 base_error *error) {
  ink_image *image = &small->image, bright;
  page_runs runs;
  uint32_t histogram[256] = {0};
  size_t count = (size_t)image->width * (size_t)image->height;
  *found = false;
  for (size_t i = 0; i < count; ++i) ++histogram[image->pixels[i]];
  int threshold = ink_otsu(histogram, 256);
  BASE_TRY(ink_image_create(image->width, image->height, &bright, error));
  for (size_t i = 0; i < count; ++i) bright.pixels[i] = image->pixels[i] >= threshold ? 255 : 0;
  scrawl_status status = page_find_runs(&bright, true, &runs, error);
  base_free(bright.pixels);
  BASE_TRY(status);
  size_t best = 0;
  for (size_t i = 1; i < runs.component_count; ++i)
    if (runs.components[i].area > runs.components[best].area) best = i;
  *found = runs.component_count && (double)runs.components[best].area >= LEAST_AREA * (double)count;
  for (int way = 0; way < 2; ++way)
    for (int i = 0; i < COARSE; ++i) small->first[way][i] = COARSE, small->last[way][i] = -1;
  double most[4] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
  for (size_t i = 0; i < runs.count; ++i) {
    const page_run *run = &runs.items[i];
    if (run->component != best) continue;
    for (int x = run->x; x < run->end; ++x) {
      int y = run->y;
      if (x < small->first[0][y]) small->first[0][y] = x;
      if (x > small->last[0][y]) small->last[0][y] = x;
      if (y < small->first[1][x]) small->first[1][x] = y;
      if (y > small->last[1][x]) small->last[1][x] = y;
      int out[4] = {-x - y, x - y, x + y, y - x};
      for (int k = 0; k < 4; ++k)
        if (out[k] > most[k]) most[k] = out[k], corner[k] = (page_point){x, y};
    }
  }
  page_runs_free(&runs);
  return SCRAWL_OK;
}

/* One side between two corners. `way` 0: points by row (left or right side), 1: by column. */
static bool fit_edge(const coarse *small, int way, bool far, page_point from, page_point to,
                     edge *side) {
  double start = way ? from.x : from.y, end = way ? to.x : to.y;
  if (end < start) return false;
  double margin = 0.08 * (end - start) + 1, offset = 0, slope = 0;
  int low = (int)ceil(start + margin), high = (int)floor(end - margin);
  const ink_image *image = &small->image;
  int limit = (way ? image->height : image->width) - 1, on_border = 0, on_line = 0, count = 0;
  int darker = 0;
  if (high - low < 8) return false;
  for (int pass = 0; pass < 3; ++pass) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (int i = low; i <= high; ++i) {
      int at = far ? small->last[way][i] : small->first[way][i];
      if (at < 0 || at > limit) continue;
      if (pass && fabs(offset + slope * i - at) > 3.0 / pass) continue;
      ++n, x += i, y += at, xx += (double)i * i, xy += (double)i * at;
    }
    double spread = n > 2 ? xx - x * x / n : 0;
    if (spread < 1) return false;
    slope = (xy - x * y / n) / spread;
    offset = (y - slope * x) / n;
  }
  for (int i = low; i <= high; ++i, ++count) {
    int at = far ? small->last[way][i] : small->first[way][i];
    on_border += at <= 1 || at >= limit - 1;
    on_line += fabs(offset + slope * i - at) <= 1.5;
    int sign = far ? 1 : -1, in = at - 3 * sign, out = at + 3 * sign;
    if (in < 0 || in > limit || out < 0 || out > limit) continue;
    int paper = image->pixels[way ? in * image->width + i : i * image->width + in];
    int table = image->pixels[way ? out * image->width + i : i * image->width + out];
    darker += paper - table >= LEAST_CONTRAST && table <= DARKER * paper;
  }
  side->seen = on_border < 0.3 * count && darker >= 0.8 * count;
  /* In full pixels; the edge lies between the last bright one and the next. */
  double length = sqrt(1 + slope * slope), sign = far ? 1 : -1;
  double c = (offset + 0.5 + (far ? 0.5 : -0.5) - slope * 0.5) * small->by;
  side->a = sign * (way ? -slope : 1) / length;
  side->b = sign * (way ? 1 : -slope) / length;
  side->c = sign * c / length;
  return !side->seen ? on_border >= 0.5 * count : on_line >= STRAIGHT * count;
}

static bool cross(const edge *p, const edge *q, page_point *at) {
  double determinant = p->a * q->b - p->b * q->a;
  if (fabs(determinant) < 0.2) return false;
  *at = (page_point){(p->c * q->b - p->b * q->c) / determinant,
                     (p->a * q->c - p->c * q->a) / determinant};
  return true;
}

/* Marks what lies beyond an edge, or so near that the edge itself may be seen there. */
static void mark_outside(const edge edges[4], double margin, ink_image *outside) {
  for (int y = 0; y < outside->height; ++y) {
    uint8_t *row = outside->pixels + (size_t)y * outside->stride;
    for (int k = 0; k < 4; ++k) {
      if (!edges[k].seen) continue;
      double at = edges[k].b * y - edges[k].c + margin, a = edges[k].a;
      double x = fabs(a) > 1e-9 ? -at / a : at > 0 ? -1e9 : 1e9; /* the distance is 0 there */
      int turn = (int)fmin(fmax(ceil(x), 0), outside->width);
      if (fabs(a) <= 1e-9 ? at > 0 : a < 0)
        memset(row, 255, (size_t)(fabs(a) <= 1e-9 ? outside->width : turn));
      else if (fabs(a) > 1e-9)
        memset(row + turn, 255, (size_t)(outside->width - turn));
    }
  }
}

static bool judge(const coarse *small, const page_point corner[4], page_found_sheet *sheet,
                  edge edges[4]) {
  /* top, right, bottom, left */
  bool fine = fit_edge(small, 1, false, corner[0], corner[1], &edges[0]) &&
              fit_edge(small, 0, true, corner[1], corner[2], &edges[1]) &&
              fit_edge(small, 1, true, corner[3], corner[2], &edges[2]) &&
              fit_edge(small, 0, false, corner[0], corner[3], &edges[3]);
  if (!fine) return false;
  int seen = 0;
  for (int k = 0; k < 4; ++k) seen += edges[k].seen;
  sheet->kind = seen == 4 ? DESK_QUAD : seen >= 2 ? DESK_AROUND : DESK_NONE;
  for (int k = 0; k < 4 && seen == 4; ++k)
    if (!cross(&edges[(k + 3) % 4], &edges[k], &sheet->corner[k])) sheet->kind = DESK_AROUND;
  return seen >= 2;
}

scrawl_status page_find_desk(const ink_image *grey, page_found_sheet *sheet, ink_image *outside,
                             base_error *error) {
  coarse *small;
  page_point corner[4];
  edge edges[4] = {{0}};
  bool found = false;
  *sheet = (page_found_sheet){0};
  *outside = (ink_image){0};
  if (grey->width < 2 * LEAST_SIDE || grey->height < 2 * LEAST_SIDE) return SCRAWL_OK;
  small = base_alloc_zero(1, sizeof *small);
  if (!small) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find the sheet");
  scrawl_status status = reduce(grey, small, error);
  if (status == SCRAWL_OK && small->image.width >= LEAST_SIDE && small->image.height >= LEAST_SIDE)
    status = find_bright(small, corner, &found, error);
  if (status == SCRAWL_OK && found && judge(small, corner, sheet, edges)) {
    status = ink_image_create(grey->width, grey->height, outside, error);
    if (status == SCRAWL_OK) mark_outside(edges, 1.5 * small->by, outside);
  }
  base_free(small->image.pixels);
  base_free(small);
  return status;
}
