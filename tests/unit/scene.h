/* Scenes drawn for the tests of sheets: glyphs and lines in scene coordinates, seen through a map
 * (turned, in perspective) and in any light; so angles, corners and ink are known. */
#ifndef UNIT_SCENE_H
#define UNIT_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "base/random.h"
#include "page/prepare.h"
#include "strokes.h"

static base_error error;

static inline void must(scrawl_status status) {
  if (status != SCRAWL_OK) fail_msg("%s", error.message);
}

typedef struct scene {
  page_map to_scene, to_picture;
  int width, height;
  float *ink; /* 0..1 */
} scene;

static inline scene scene_create(int width, int height, page_map to_picture) {
  scene s = {.width = width, .height = height, .to_picture = to_picture};
  assert_true(page_map_invert(&to_picture, &s.to_scene));
  s.ink = calloc((size_t)width * (size_t)height, sizeof *s.ink);
  if (!s.ink) abort();
  return s;
}

static inline page_map turned(double degrees, double x, double y) {
  double c = cos(degrees * 0.017453292519943295), n = sin(degrees * 0.017453292519943295);
  return (page_map){{c, -n, x - c * x + n * y, n, c, y - n * x - c * y, 0, 0, 1}};
}

static const page_map STRAIGHT = {{1, 0, 0, 0, 1, 0, 0, 0, 1}};

/* Ink `strength` wherever the pen covers, most counting. */
static inline void scene_draw(scene *s, const stroke_glyph *glyph, double left, double top,
                              double size, double pen, float strength) {
  double reach = pen + 2, x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
  for (int i = 0; i < 4; i++) {
    page_point p =
        page_map_point(&s->to_picture, (page_point){left + (i & 1 ? size + reach : -reach),
                                                    top + (i & 2 ? size + reach : -reach)});
    x0 = fmin(x0, p.x), y0 = fmin(y0, p.y), x1 = fmax(x1, p.x), y1 = fmax(y1, p.y);
  }
  for (int y = (int)fmax(y0, 0); y < s->height && y <= y1; y++)
    for (int x = (int)fmax(x0, 0); x < s->width && x <= x1; x++) {
      page_point p = page_map_point(&s->to_scene, (page_point){x + 0.5, y + 0.5});
      double d = size * (double)stroke_distance(glyph, (float)((p.x - left) / size),
                                                (float)((p.y - top) / size));
      float cover = (float)fmin(fmax(pen / 2 + 0.5 - d, 0), 1) * strength;
      float *at = &s->ink[(size_t)y * (size_t)s->width + (size_t)x];
      if (cover > *at) *at = cover;
    }
}

static inline void scene_line(scene *s, double x0, double y0, double x1, double y1, double pen,
                              float strength) {
  double size = fmax(fmax(fabs(x1 - x0), fabs(y1 - y0)), 1);
  stroke_glyph line = {'|', 2, {{0, 0}, {(float)((x1 - x0) / size), (float)((y1 - y0) / size)}}};
  scene_draw(s, &line, x0, y0, size, pen, strength);
}

typedef double light_at(double x, double y); /* 0..1 each way */

static inline double even(double x, double y) {
  (void)x, (void)y;
  return 1;
}

static inline double falling(double x, double y) {
  return 0.45 + 0.55 * (1 - x) * (1 - 0.4 * y);
}

static inline double shadow(double x, double y) {
  double edge = (x * 0.8 + y * 0.6 - 0.7) / 0.02;
  return 0.85 - 0.4 / (1 + exp(-edge));
}

/* Frees the scene. */
static inline page_picture expose(scene *s, light_at *light, double noise) {
  page_picture picture = {.width = s->width, .height = s->height};
  base_random random = base_random_seed(7);
  picture.grey = base_alloc((size_t)s->width, (size_t)s->height);
  for (int y = 0; y < s->height; y++)
    for (int x = 0; x < s->width; x++) {
      size_t i = (size_t)y * (size_t)s->width + (size_t)x;
      double level =
          240 * light((double)x / s->width, (double)y / s->height) * (1 - 0.85 * (double)s->ink[i]);
      level += noise * base_random_normal(&random);
      picture.grey[i] = (uint8_t)fmin(fmax(level, 0), 255);
    }
  free(s->ink);
  return picture;
}

static inline page_sheet prepare(page_picture *picture) {
  page_sheet sheet;
  must(page_prepare(picture, NULL, &sheet, &error));
  base_free(picture->grey);
  assert_non_null(sheet.mask);
  assert_int_equal(pixGetWidth(sheet.mask), sheet.ink.width);
  assert_int_equal(pixGetHeight(sheet.mask), sheet.ink.height);
  return sheet;
}

static inline int components(const page_sheet *sheet) {
  l_int32 count = -1;
  assert_int_equal(pixCountConnComp(sheet->mask, 8, &count), 0);
  return count;
}

/* Rows of glyphs; returns how many. */
static inline int write_rows(scene *s, int rows, int columns, double left, double top,
                             double size) {
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++)
      scene_draw(s, &STROKE_GLYPHS[(3 * r + c) % STROKE_GLYPH_COUNT], left + c * size * 1.1,
                 top + r * size * 1.8, size, size / 9, 1);
  return rows * columns;
}

#endif
