/* Digits drawn by the tests themselves: polylines in a unit square, x to the right and y down,
 * drawn with a round pen. */
#ifndef UNIT_STROKES_H
#define UNIT_STROKES_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct stroke_point {
  float x, y;
} stroke_point;

typedef struct stroke_glyph {
  char sign;
  int count;
  stroke_point points[12];
} stroke_glyph;

static const stroke_glyph STROKE_GLYPHS[] = {
    {'1', 3, {{0.35f, 0.2f}, {0.55f, 0}, {0.5f, 1}}},
    {'2', 6, {{0.1f, 0.2f}, {0.4f, 0}, {0.75f, 0.15f}, {0.7f, 0.45f}, {0, 1}, {0.8f, 0.95f}}},
    {'4', 5, {{0.45f, 0}, {0, 0.6f}, {0.8f, 0.65f}, {0.6f, 0.3f}, {0.5f, 1}}},
    {'7', 4, {{0, 0.05f}, {0.7f, 0}, {0.4f, 0.5f}, {0.25f, 1}}},
    {'0',
     9,
     {{0.4f, 0},
      {0.1f, 0.2f},
      {0, 0.5f},
      {0.1f, 0.85f},
      {0.4f, 1},
      {0.65f, 0.8f},
      {0.75f, 0.5f},
      {0.65f, 0.15f},
      {0.4f, 0}}},
};
enum { STROKE_GLYPH_COUNT = sizeof STROKE_GLYPHS / sizeof *STROKE_GLYPHS };

static inline float stroke_distance(const stroke_glyph *glyph, float x, float y) {
  float nearest = INFINITY;
  for (int i = 0; i + 1 < glyph->count; i++) {
    stroke_point a = glyph->points[i], b = glyph->points[i + 1];
    float dx = b.x - a.x, dy = b.y - a.y;
    float t = ((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy);
    t = fminf(fmaxf(t, 0), 1);
    nearest = fminf(nearest, hypotf(x - a.x - t * dx, y - a.y - t * dy));
  }
  return nearest;
}

/* Draws over `grey`, rows width apart: the unit square becomes a square of `size` pixels at (left,
 * top), the pen `pen` pixels wide. */
static inline void stroke_draw(const stroke_glyph *glyph, uint8_t *grey, int width, int height,
                               float left, float top, float size, float pen, uint8_t ink) {
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      float u = ((float)x + 0.5f - left) / size, v = ((float)y + 0.5f - top) / size;
      float reach = (pen / 2 + 1) / size;
      if (u < -reach || v < -reach || u > 1 + reach || v > 1 + reach) continue;
      float cover = pen / 2 + 0.5f - stroke_distance(glyph, u, v) * size;
      cover = fminf(fmaxf(cover, 0), 1);
      uint8_t *pixel = &grey[(size_t)y * (size_t)width + (size_t)x];
      *pixel = (uint8_t)lrintf((float)*pixel + cover * (float)(ink - *pixel));
    }
}

static inline float stroke_length(const stroke_glyph *glyph) {
  float sum = 0;
  for (int i = 0; i + 1 < glyph->count; i++)
    sum += hypotf(glyph->points[i + 1].x - glyph->points[i].x,
                  glyph->points[i + 1].y - glyph->points[i].y);
  return sum;
}

/* A picture of `paper` with the glyph in its middle, three fifths as high. free() it. */
static inline uint8_t *stroke_picture(const stroke_glyph *glyph, int side, float pen, uint8_t paper,
                                      uint8_t ink) {
  uint8_t *grey = malloc((size_t)side * (size_t)side);
  if (!grey) abort();
  memset(grey, paper, (size_t)side * (size_t)side);
  float size = 0.6f * (float)side;
  stroke_draw(glyph, grey, side, side, 0.5f * (float)side - 0.4f * size,
              0.5f * (float)side - 0.5f * size, size, pen, ink);
  return grey;
}

#endif
