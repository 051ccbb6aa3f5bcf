/* A sheet of paper on something darker, with the edges of it that are seen.
 *
 * On a coarse picture, with ink filled by a closing, a threshold parts sheet and table. The
 * largest bright component is taken for a sheet when its edges are straight, are edges (clearly
 * darker right behind them, which the border of a shadow seldom is), and are not those of the
 * picture; four edges that make a quadrilateral may be weaker. Each side is fitted by least
 * squares between the corners, which are the points farthest out along the diagonals. Four edges
 * give the perspective; fewer still tell what lies outside. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "ink/light.h"
#include "page/prepare.h"

enum {
  COARSE = 160,
  LEAST_SIDE = 40,
  CLOSING = 7,
  LEAST_EDGES = 2, /* one may be a shadow's */
};

#define LEAST_EDGE     10   /* levels from sheet to table, where all four edges are seen ... */
#define LEAST_CONTRAST 25   /* ... and where fewer are, for shadows have edges too */
#define DARKER         0.8  /* table over sheet */
#define MUCH_DARKER    0.6  /* where one edge alone is seen, which may be a shadow's */
#define STRAIGHT       0.75 /* share of an edge's points within a coarse pixel and a half of it */
#define LEAST_AREA     0.12 /* of the picture */

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
static scrawl_status find_bright(coarse *small, int threshold, page_point corner[4], bool *found,
                                 base_error *error) {
  ink_image *image = &small->image, bright;
  page_runs runs;
  size_t count = (size_t)image->width * (size_t)image->height;
  *found = false;
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

static int by_size(const void *a, const void *b) {
  double first = *(const double *)a, second = *(const double *)b;
  return first < second ? -1 : first > second;
}

/* A line that three quarters of the points have to be near: the median slope between points half of
 * the way apart (Theil 1950), then the median offset. */
static void guess_line(const int *at, int low, int high, double *offset, double *slope) {
  double values[COARSE];
  int half = (high - low + 1) / 2, count = 0;
  for (int i = low; i + half <= high; ++i) values[count++] = (double)(at[i + half] - at[i]) / half;
  qsort(values, (size_t)count, sizeof *values, by_size);
  *slope = values[count / 2];
  count = 0;
  for (int i = low; i <= high; ++i) values[count++] = at[i] - *slope * i;
  qsort(values, (size_t)count, sizeof *values, by_size);
  *offset = values[count / 2];
}

/* One side between two corners. `way` 0: points by row (left or right side), 1: by column. */
static bool fit_edge(const coarse *small, int way, bool far, page_point from, page_point to,
                     page_edge *side) {
  double start = way ? from.x : from.y, end = way ? to.x : to.y;
  if (end < start) return false;
  double margin = 0.08 * (end - start) + 1, offset = 0, slope = 0;
  int low = (int)ceil(start + margin), high = (int)floor(end - margin);
  const ink_image *image = &small->image;
  int limit = (way ? image->height : image->width) - 1, on_border = 0, on_line = 0, count = 0;
  int darker = 0, edge = 0;
  if (high - low < 8) return false;
  guess_line(far ? small->last[way] : small->first[way], low, high, &offset, &slope);
  for (int pass = 0; pass < 3; ++pass) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (int i = low; i <= high; ++i) {
      int at = far ? small->last[way][i] : small->first[way][i];
      if (at < 0 || at > limit) continue;
      if (fabs(offset + slope * i - at) > 4.0 / (pass + 1)) continue;
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
    edge += paper - table >= LEAST_EDGE;
  }
  side->seen = on_border < 0.3 * count && edge >= 0.75 * count;
  side->clear = side->seen && darker >= 0.8 * count;
  /* In full pixels; the edge lies between the last bright one and the next. */
  double length = sqrt(1 + slope * slope), sign = far ? 1 : -1;
  double c = (offset + 0.5 + (far ? 0.5 : -0.5) - slope * 0.5) * small->by;
  side->a = sign * (way ? -slope : 1) / length;
  side->b = sign * (way ? 1 : -slope) / length;
  side->c = sign * c / length;
  return !side->seen ? on_border >= 0.5 * count : on_line >= STRAIGHT * count;
}

static bool cross(const page_edge *p, const page_edge *q, page_point *at) {
  double determinant = p->a * q->b - p->b * q->a;
  if (fabs(determinant) < 0.2) return false;
  *at = (page_point){(p->c * q->b - p->b * q->c) / determinant,
                     (p->a * q->c - p->c * q->a) / determinant};
  return true;
}

static bool judge(const coarse *small, const page_point corner[4], page_found_sheet *sheet) {
  page_edge *edges = sheet->edge; /* top, right, bottom, left */
  bool fine = fit_edge(small, 1, false, corner[0], corner[1], &edges[0]) &&
              fit_edge(small, 0, true, corner[1], corner[2], &edges[1]) &&
              fit_edge(small, 1, true, corner[3], corner[2], &edges[2]) &&
              fit_edge(small, 0, false, corner[0], corner[3], &edges[3]);
  if (!fine) return false;
  int seen = 0, clear = 0;
  for (int k = 0; k < 4; ++k) seen += edges[k].seen, clear += edges[k].clear;
  if (seen < 4 && (clear < seen || clear < LEAST_EDGES)) return false;
  sheet->kind = seen == 4 ? DESK_QUAD : DESK_AROUND;
  for (int k = 0; k < 4 && seen == 4; ++k)
    if (!cross(&edges[(k + 3) % 4], &edges[k], &sheet->corner[k])) sheet->kind = DESK_AROUND;
  return true;
}

/* Otsu's threshold first. Where it shows no sheet, the light may fall off too much for it: others
 * are tried, for all four edges. */
static scrawl_status try_thresholds(coarse *small, page_found_sheet *sheet, base_error *error) {
  enum { TRIED = 10 };
  uint32_t histogram[256] = {0};
  size_t count = (size_t)small->image.width * (size_t)small->image.height;
  for (size_t i = 0; i < count; ++i) ++histogram[small->image.pixels[i]];
  int low = 0, high = 255;
  while (low < 255 && !histogram[low]) ++low;
  while (high > low && !histogram[high]) --high;
  for (int k = 0; k <= TRIED; ++k) {
    page_point corner[4];
    page_found_sheet tried = {0};
    bool found;
    int threshold = k ? low + (high - low) * k / (TRIED + 1) : ink_otsu(histogram, 256);
    BASE_TRY(find_bright(small, threshold, corner, &found, error));
    if (!found || !judge(small, corner, &tried)) continue;
    if (!k || tried.kind == DESK_QUAD) *sheet = tried;
    if (tried.kind == DESK_QUAD) break;
  }
  return SCRAWL_OK;
}

scrawl_status page_find_desk(const ink_image *grey, page_found_sheet *sheet, base_error *error) {
  *sheet = (page_found_sheet){0};
  if (grey->width < 2 * LEAST_SIDE || grey->height < 2 * LEAST_SIDE) return SCRAWL_OK;
  coarse *small = base_alloc_zero(1, sizeof *small);
  if (!small) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find the sheet");
  scrawl_status status = reduce(grey, small, error);
  if (status == SCRAWL_OK && small->image.width >= LEAST_SIDE && small->image.height >= LEAST_SIDE)
    status = try_thresholds(small, sheet, error);
  sheet->margin = 1.5 * small->by;
  base_free(small->image.pixels);
  base_free(small);
  return status;
}

void page_clear_desk(const page_found_sheet *sheet, ink_image *dark) {
  for (int y = 0; y < dark->height && sheet->kind != DESK_NONE; ++y) {
    uint8_t *row = dark->pixels + (size_t)y * dark->stride;
    for (int k = 0; k < 4; ++k) {
      const page_edge *edge = &sheet->edge[k];
      if (!edge->seen) continue;
      double rest = edge->c - sheet->margin - edge->b * y; /* the sheet is where a x <= rest */
      int from = 0, to = dark->width;
      if (fabs(edge->a) < 1e-9) {
        if (rest >= 0) continue;
      } else {
        int x = (int)fmin(fmax(rest / edge->a, 0), dark->width);
        if (edge->a > 0)
          from = x;
        else
          to = x;
      }
      memset(row + from, DARK_PAPER, (size_t)(to - from));
    }
  }
}

void page_within_sheet(const page_found_sheet *sheet, const ink_image *grey, ink_image *view) {
  *view = *grey;
  if (sheet->kind != DESK_QUAD) return;
  const page_point *c = sheet->corner;
  double left = fmax(c[0].x, c[3].x), right = fmin(c[1].x, c[2].x);
  double top = fmax(c[0].y, c[1].y), bottom = fmin(c[2].y, c[3].y);
  left = fmax(left + sheet->margin, 0), right = fmin(right - sheet->margin, grey->width);
  top = fmax(top + sheet->margin, 0), bottom = fmin(bottom - sheet->margin, grey->height);
  if (right - left < LEAST_SIDE || bottom - top < LEAST_SIDE) return;
  *view = (ink_image){(int)(right - left), (int)(bottom - top), grey->stride,
                      grey->pixels + (size_t)top * grey->stride + (size_t)left};
}
