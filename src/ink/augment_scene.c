/* Augmentation, the paper: what is seen beside a glyph, and what is left of the paper itself after
 * cleaning. Ink over ink is no darker than the darker of both. */
#include <math.h>
#include <string.h>

#include "ink/augment.h"

enum { MAX_KNOTS = 64 };

/* Mean square of a cubic B-spline's weights in two dimensions, (151 / 315) squared, times 1 / 3,
 * that of the uniform noise at the knots: the root is what one knot unit becomes. */
#define SPLINE_DEVIATION 0.276767f

static void spline_weights(float t, float w[4]) {
  float s = 1 - t;
  w[0] = s * s * s / 6;
  w[1] = (4 + t * t * (3 * t - 6)) / 6;
  w[2] = (4 + s * s * (3 * s - 6)) / 6;
  w[3] = t * t * t / 6;
}

void ink_draw_field(base_random *random, int side, float distance, float deviation, float *lines,
                    float *field) {
  distance = ink_larger(distance, (float)side / (MAX_KNOTS - 4));
  int knots = (int)((float)(side - 1) / distance) + 4;
  float scale = deviation / SPLINE_DEVIATION, w[4];
  for (int k = 0; k < knots; ++k) {
    float noise[MAX_KNOTS];
    for (int i = 0; i < knots; ++i) noise[i] = ink_symmetric(random, scale);
    for (int x = 0; x < side; ++x) {
      int i = (int)((float)x / distance);
      spline_weights((float)x / distance - (float)i, w);
      lines[k * side + x] =
          w[0] * noise[i] + w[1] * noise[i + 1] + w[2] * noise[i + 2] + w[3] * noise[i + 3];
    }
  }
  for (int y = 0; y < side; ++y) {
    int k = (int)((float)y / distance);
    spline_weights((float)y / distance - (float)k, w);
    const float *line = lines + k * side;
    for (int x = 0; x < side; ++x)
      field[y * side + x] = w[0] * line[x] + w[1] * line[side + x] + w[2] * line[2 * side + x] +
                            w[3] * line[3 * side + x];
  }
}

/* ---- what stands beside the glyph ---- */

/* The first and last column, or row, of `other` with ink that counts; false: none. */
static bool find_span(const uint8_t *other, int side, bool rows, int *first, int *last) {
  uint8_t most[256] = {0};
  if (side > 256) return false;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      uint8_t *at = &most[rows ? y : x], level = other[y * side + x];
      if (level > *at) *at = level;
    }
  *first = 0;
  *last = side - 1;
  while (*first < side && most[*first] < 80) ++*first;
  while (*last > *first && most[*last] < 80) --*last;
  return *first < side;
}

void ink_add_neighbour(base_random *random, double most, int side, const uint8_t *other,
                       float *picture) {
  uint64_t where = base_random_below(random, 6); /* writing runs along rows: rather beside */
  bool rows = where >= 4, before = where % 2;
  int depth = (int)ceilf(ink_between(random, 0, most));
  int along = (int)floorf(ink_symmetric(random, (float)side / 7) + 0.5f), first, last;
  if (!find_span(other, side, rows, &first, &last)) return;
  int across = before ? depth - 1 - last : side - depth - first;
  int dx = rows ? along : across, dy = rows ? across : along;
  int left = dx > 0 ? dx : 0, right = dx < 0 ? side + dx : side;
  for (int y = dy > 0 ? dy : 0; y < side && y - dy < side; ++y) {
    const uint8_t *from = other + (y - dy) * side - dx;
    for (int x = left; x < right; ++x)
      picture[y * side + x] = ink_larger(picture[y * side + x], (float)from[x] * (1.0f / 255));
  }
}

static void add_rule(base_random *random, double most, int side, float *picture) {
  const float half = (float)(side - 1) / 2, unit = (float)side / 28;
  bool upright = base_random_below(random, 2);
  float distance = ink_between(random, 6, 14) * unit, thick = ink_between(random, 0, most) / 2;
  float slope = ink_symmetric(random, 0.06), level = ink_between(random, 0.3, 1);
  float place = half + (base_random_below(random, 2) ? distance : -distance);
  /* Every second one ends within the picture. */
  int first = 0, last = side - 1, end = (int)base_random_below(random, 4);
  if (end == 0) first = (int)base_random_below(random, (uint64_t)side);
  if (end == 1) last = (int)base_random_below(random, (uint64_t)side);
  for (int i = first; i <= last; ++i) {
    float middle = place + slope * ((float)i - half);
    int reach = (int)thick + 2, from = (int)middle - reach, to = (int)middle + reach;
    for (int j = from > 0 ? from : 0; j <= to && j < side; ++j) {
      /* The part of the pixel that the line covers. */
      float upper = ink_smaller((float)j + 0.5f, middle + thick);
      float lower = ink_larger((float)j - 0.5f, middle - thick);
      float *at = picture + (upright ? j * side + i : i * side + j);
      *at = ink_larger(*at, level * ink_larger(upper - lower, 0));
    }
  }
}

void ink_add_rules(base_random *random, double most, int side, float *picture) {
  add_rule(random, most, side, picture);
  if (base_random_below(random, 3) == 0) add_rule(random, most, side, picture);
}

void ink_erase(base_random *random, int side, float *picture) {
  double area = base_random_range(random, 0.02, 0.2) * side * side;
  double shape = exp(base_random_range(random, -log(3), log(3)));
  int width = (int)fmin(fmax(sqrt(area * shape), 1), side);
  int height = (int)fmin(fmax(sqrt(area / shape), 1), side);
  int left = (int)base_random_below(random, (uint64_t)side - (uint64_t)width + 1);
  int top = (int)base_random_below(random, (uint64_t)side - (uint64_t)height + 1);
  for (int y = top; y < top + height; ++y)
    memset(picture + y * side + left, 0, (size_t)width * sizeof *picture);
}

/* ---- what is left of the paper ---- */

void ink_add_shade(base_random *random, double most, int side, float *picture, float *a, float *b) {
  float level = ink_between(random, 0, most), bias = ink_symmetric(random, 0.5);
  ink_draw_field(random, side, (float)side / 3, 0.5f, a, b);
  for (int i = 0; i < side * side; ++i)
    picture[i] += level * ink_clamp(b[i] + bias) * (1 - picture[i]);
}

void ink_add_texture(base_random *random, double most, int side, float *picture, float *a,
                     float *b) {
  float deviation = ink_between(random, 0, most);
  ink_draw_field(random, side, ink_between(random, 1, 3), deviation, a, b);
  for (int i = 0; i < side * side; ++i) picture[i] = ink_clamp(picture[i] + b[i]);
}
