/* Augmentation, the pen: how wide its strokes are, where they break, and how much of them the box
 * holds that was put around a glyph. */
#include <math.h>
#include <string.h>

#include "ink/augment.h"

/* One step of morphology: out = (1 - share) in + share * (largest or smallest of the cross). */
static void morph(const float *in, float *out, int side, float share, bool grow) {
  for (int y = 0; y < side; ++y) {
    const float *row = in + y * side;
    const float *above = y ? row - side : row, *below = y + 1 < side ? row + side : row;
    for (int x = 0; x < side; ++x) {
      float left = row[x ? x - 1 : 0], right = row[x + 1 < side ? x + 1 : x];
      float most = grow ? ink_larger(ink_larger(above[x], below[x]), ink_larger(left, right))
                        : ink_smaller(ink_smaller(above[x], below[x]), ink_smaller(left, right));
      float reached = grow ? ink_larger(most, row[x]) : ink_smaller(most, row[x]);
      out[y * side + x] = row[x] + share * (reached - row[x]);
    }
  }
}

static float peak_of(const float *values, int count) {
  float peak = 0;
  for (int i = 0; i < count; ++i) peak = ink_larger(peak, values[i]);
  return peak;
}

/* 2 pixels a step, since both edges move. What fades because it was thin gets its contrast back, as
 * normalisation would give it. */
const float *ink_change_stroke(base_random *random, double most, int side, const float *glyph,
                               float *a, float *b) {
  float growth = ink_symmetric(random, most);
  float left = fabsf(growth), peak = peak_of(glyph, side * side);
  const float *from = glyph;
  while (left > 1e-3f) {
    float *to = from == a ? b : a;
    morph(from, to, side, ink_smaller(left, 2) / 2, growth > 0);
    float now = peak_of(to, side * side);
    if (now < 0.2f * peak) break; /* nothing would be left: the step is not taken */
    float gain = peak / now;
    for (int i = 0; i < side * side; ++i) to[i] *= gain;
    from = to;
    left -= 2;
  }
  return from;
}

/* ---- gaps ---- */

enum { DRAWS = 64, PLACES = 4, ROUND = 3 };

/* Ink within ROUND pixels: there is less of it near the end of a stroke. */
static float ink_around(const float *glyph, int side, int at) {
  int x = at % side, y = at / side;
  float sum = 0;
  for (int j = y - ROUND; j <= y + ROUND; ++j)
    for (int i = x - ROUND; i <= x + ROUND; ++i)
      if (i >= 0 && j >= 0 && i < side && j < side) sum += glyph[j * side + i];
  return sum;
}

/* Of up to PLACES places on strokes the one with the least ink around; -1: no ink was met. */
static int find_gap(base_random *random, int side, const float *glyph) {
  int best = -1;
  float least = 0;
  for (int draw = 0, places = 0; draw < DRAWS && places < PLACES; ++draw) {
    int at = (int)base_random_below(random, (uint64_t)side * (uint64_t)side);
    if (glyph[at] < 0.5f) continue;
    float around = ink_around(glyph, side, at);
    if (places++ == 0 || around < least) {
      best = at;
      least = around;
    }
  }
  return best;
}

void ink_break_strokes(base_random *random, double most, int side, float *glyph) {
  int gaps = 1 + (int)base_random_below(random, 2);
  for (int gap = 0; gap < gaps; ++gap) {
    float radius = ink_between(random, 0, most) / 2;
    int at = find_gap(random, side, glyph), reach = (int)ceilf(radius);
    if (at < 0) return;
    int left = at % side, top = at / side;
    for (int y = top - reach; y <= top + reach; ++y)
      for (int x = left - reach; x <= left + reach; ++x) {
        if (x < 0 || y < 0 || x >= side || y >= side) continue;
        float distance = sqrtf((float)((x - left) * (x - left) + (y - top) * (y - top)));
        glyph[y * side + x] *= ink_clamp(distance - radius + 0.5f);
      }
  }
}

/* ---- boxes ---- */

/* Levels from here on are ink, as where ink_find puts a box. */
#define EDGE_LEVEL (80.0f / 255)

typedef struct extent {
  int left, top, right, bottom; /* all inclusive; left > right: no ink */
} extent;

static extent extent_of(const float *glyph, int side) {
  extent e = {side, side, -1, -1};
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      if (glyph[y * side + x] < EDGE_LEVEL) continue;
      if (x < e.left) e.left = x;
      if (x > e.right) e.right = x;
      if (y < e.top) e.top = y;
      e.bottom = y;
    }
  return e;
}

static void centre_of(const float *glyph, int side, float *x, float *y) {
  float mass = 1e-6f, moment_x = 0, moment_y = 0;
  for (int j = 0; j < side; ++j) {
    float line = 0;
    for (int i = 0; i < side; ++i) {
      line += glyph[j * side + i];
      moment_x += glyph[j * side + i] * (float)i;
    }
    mass += line;
    moment_y += line * (float)j;
  }
  *x = moment_x / mass;
  *y = moment_y / mass;
}

/* How far in a side goes, in whole pixels. */
static int draw_cut(base_random *random, double most, int length) {
  float cut = ink_symmetric(random, most);
  return (int)floorf(ink_smaller(cut, (float)length / 5) + 0.5f);
}

ink_crop ink_cut_glyph(base_random *random, double most, int side, float *glyph) {
  ink_crop crop = {1, 0, 0};
  extent box = extent_of(glyph, side);
  int width = box.right - box.left + 1, height = box.bottom - box.top + 1;
  if (width <= 0) return crop;
  int left = draw_cut(random, most, width), right = draw_cut(random, most, width);
  int top = draw_cut(random, most, height), bottom = draw_cut(random, most, height);
  float x, y, new_x, new_y;
  centre_of(glyph, side, &x, &y);
  for (int j = 0; j < side; ++j)
    for (int i = 0; i < side; ++i)
      if ((left > 0 && i < box.left + left) || (right > 0 && i > box.right - right) ||
          (top > 0 && j < box.top + top) || (bottom > 0 && j > box.bottom - bottom))
        glyph[j * side + i] = 0;
  centre_of(glyph, side, &new_x, &new_y);
  int new_width = width - left - right, new_height = height - top - bottom;
  crop.zoom = (float)(new_width > new_height ? new_width : new_height) /
              (float)(width > height ? width : height);
  crop.shift_x = new_x - x;
  crop.shift_y = new_y - y;
  return crop;
}
