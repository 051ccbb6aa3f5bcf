/* Projective maps: from the sheet as it should be seen to the picture as it was taken.
 *
 * Four corners give the eight unknowns of a map (Heckbert, "Fundamentals of texture mapping and
 * image warping", 1989, section 2.2.3): the unit square is mapped to a quadrilateral in closed
 * form. Pictures are resampled once, bilinearly, the position advancing along a row. */
#include <math.h>
#include <string.h>

#include "page/prepare.h"

page_point page_map_point(const page_map *map, page_point point) {
  const double *m = map->m;
  double w = m[6] * point.x + m[7] * point.y + m[8];
  if (fabs(w) < 1e-12) w = 1e-12;
  return (page_point){(m[0] * point.x + m[1] * point.y + m[2]) / w,
                      (m[3] * point.x + m[4] * point.y + m[5]) / w};
}

page_map page_map_join(const page_map *second, const page_map *first) {
  page_map joint;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j) {
      joint.m[3 * i + j] = 0;
      for (int k = 0; k < 3; ++k) joint.m[3 * i + j] += second->m[3 * i + k] * first->m[3 * k + j];
    }
  return joint;
}

bool page_map_invert(const page_map *map, page_map *inverse) {
  const double *m = map->m;
  double *n = inverse->m;
  n[0] = m[4] * m[8] - m[5] * m[7];
  n[1] = m[2] * m[7] - m[1] * m[8];
  n[2] = m[1] * m[5] - m[2] * m[4];
  n[3] = m[5] * m[6] - m[3] * m[8];
  n[4] = m[0] * m[8] - m[2] * m[6];
  n[5] = m[2] * m[3] - m[0] * m[5];
  n[6] = m[3] * m[7] - m[4] * m[6];
  n[7] = m[1] * m[6] - m[0] * m[7];
  n[8] = m[0] * m[4] - m[1] * m[3];
  double determinant = m[0] * n[0] + m[1] * n[3] + m[2] * n[6];
  if (fabs(determinant) < 1e-12) return false;
  for (int i = 0; i < 9; ++i) n[i] /= determinant;
  return true;
}

bool page_map_of_quad(const page_point corner[4], double width, double height, page_map *map) {
  page_point a = corner[0], b = corner[1], c = corner[2], d = corner[3];
  double sum_x = a.x - b.x + c.x - d.x, sum_y = a.y - b.y + c.y - d.y;
  double x1 = b.x - c.x, x2 = d.x - c.x, y1 = b.y - c.y, y2 = d.y - c.y;
  double determinant = x1 * y2 - x2 * y1;
  if (fabs(determinant) < 1e-9 || width <= 0 || height <= 0) return false;
  double g = (sum_x * y2 - x2 * sum_y) / determinant, h = (x1 * sum_y - sum_x * y1) / determinant;
  *map = (page_map){{(b.x - a.x + g * b.x) / width, (d.x - a.x + h * d.x) / height, a.x,
                     (b.y - a.y + g * b.y) / width, (d.y - a.y + h * d.y) / height, a.y, g / width,
                     h / height, 1}};
  return true;
}

typedef struct warp_work {
  const ink_image *from;
  const page_map *map;
  ink_image *to;
} warp_work;

enum { BAND = 64 }; /* rows a task */

/* The picture between its pixels, in 1/256; (x, y) within it. */
static inline uint8_t sample(const ink_image *from, int x, int y) {
  int left = x >> 8, top = y >> 8, share_x = x & 255, share_y = y & 255;
  const uint8_t *upper = from->pixels + (size_t)top * from->stride + left;
  const uint8_t *lower = top + 1 < from->height ? upper + from->stride : upper;
  int right = left + 1 < from->width;
  if (!(upper[0] | upper[right] | lower[0] | lower[right])) return 0; /* mostly so */
  int above = upper[0] * (256 - share_x) + upper[right] * share_x;
  int below = lower[0] * (256 - share_x) + lower[right] * share_x;
  return (uint8_t)((above * (256 - share_y) + below * share_y + 32768) >> 16);
}

static inline int within(int i, int last) {
  return i < 0 ? 0 : i > last ? last : i;
}

/* Without perspective the position advances by the same step: 32.32 fixed point. */
static void warp_straight(const warp_work *work, int y, uint8_t *row) {
  const double *m = work->map->m, unit = 4294967296.0;
  const ink_image *from = work->from;
  int64_t at_x = (int64_t)((m[0] * 0.5 + m[1] * (y + 0.5) + m[2] - 0.5) * unit);
  int64_t at_y = (int64_t)((m[3] * 0.5 + m[4] * (y + 0.5) + m[5] - 0.5) * unit);
  int64_t step_x = (int64_t)(m[0] * unit), step_y = (int64_t)(m[3] * unit);
  int last_x = (from->width - 1) << 8, last_y = (from->height - 1) << 8;
  for (int x = 0; x < work->to->width; ++x, at_x += step_x, at_y += step_y) {
    int u = (int)(at_x >> 24), v = (int)(at_y >> 24);
    bool outside = u < -128 || v < -128 || u > last_x + 128 || v > last_y + 128;
    row[x] = outside ? 0 : sample(from, within(u, last_x), within(v, last_y));
  }
}

static void warp_tilted(const warp_work *work, int y, uint8_t *row) {
  const double *m = work->map->m;
  const ink_image *from = work->from;
  float nx = (float)(m[0] * 0.5 + m[1] * (y + 0.5) + m[2]), dx = (float)m[0];
  float ny = (float)(m[3] * 0.5 + m[4] * (y + 0.5) + m[5]), dy = (float)m[3];
  float nw = (float)(m[6] * 0.5 + m[7] * (y + 0.5) + m[8]), dw = (float)m[6];
  float width = (float)from->width, height = (float)from->height;
  int last_x = (from->width - 1) << 8, last_y = (from->height - 1) << 8;
  for (int x = 0; x < work->to->width; ++x) {
    float w = nw + (float)x * dw, u = (nx + (float)x * dx) / w, v = (ny + (float)x * dy) / w;
    bool inside = u >= 0 && v >= 0 && u <= width && v <= height; /* and a number */
    row[x] = inside ? sample(from, within((int)((u - 0.5f) * 256), last_x),
                             within((int)((v - 0.5f) * 256), last_y))
                    : 0;
  }
}

static void warp_band(void *argument, size_t index, size_t worker) {
  (void)worker;
  const warp_work *work = argument;
  const double *m = work->map->m;
  int first = (int)index * BAND, last = first + BAND;
  if (last > work->to->height) last = work->to->height;
  for (int y = first; y < last; ++y) {
    uint8_t *row = work->to->pixels + (size_t)y * work->to->stride;
    if (m[6] == 0 && m[7] == 0 && m[8] == 1)
      warp_straight(work, y, row);
    else
      warp_tilted(work, y, row);
  }
}

void page_warp(const ink_image *from, const page_map *map, ink_image *to, base_pool *pool) {
  warp_work work = {from, map, to};
  base_pool_run(pool, (size_t)(to->height + BAND - 1) / BAND, warp_band, &work);
}

ink_box page_sheet_box(const page_sheet *sheet, ink_box box) {
  double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;
  for (int i = 0; i < 4; ++i) {
    page_point corner = {box.x + (i & 1 ? box.width : 0), box.y + (i & 2 ? box.height : 0)};
    page_point at = page_map_point(&sheet->map, corner);
    left = fmin(left, at.x), right = fmax(right, at.x);
    top = fmin(top, at.y), bottom = fmax(bottom, at.y);
  }
  left = fmin(fmax(floor(left + 1e-6), 0), sheet->picture_width - 1);
  top = fmin(fmax(floor(top + 1e-6), 0), sheet->picture_height - 1);
  right = fmin(fmax(ceil(right - 1e-6), left + 1), sheet->picture_width);
  bottom = fmin(fmax(ceil(bottom - 1e-6), top + 1), sheet->picture_height);
  return (ink_box){(int)left, (int)top, (int)(right - left), (int)(bottom - top)};
}
