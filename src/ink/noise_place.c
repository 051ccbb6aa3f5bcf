/* Damage: another place. Each pixel is read, between its four neighbours, where the published
 * matrix points from the picture's centre; 0 lies outside. */
#include <math.h>
#include <string.h>

#include "ink/noise.h"

enum { SIDE = INK_GLYPH_SIDE };

typedef struct affine {
  double xx, xy, yx, yy, x, y; /* source = matrix (pixel - centre) + centre + (x, y) */
} affine;

static double pixel(const float *glyph, int x, int y) {
  return x >= 0 && y >= 0 && x < SIDE && y < SIDE ? (double)glyph[y * SIDE + x] : 0;
}

static void warp(affine a, float *glyph) {
  const double centre = (SIDE - 1) / 2.0;
  float from[INK_GLYPH_PIXELS];
  memcpy(from, glyph, sizeof from);
  for (int y = 0; y < SIDE; ++y)
    for (int x = 0; x < SIDE; ++x) {
      double u = x - centre, v = y - centre;
      double at_x = a.xx * u + a.xy * v + centre + a.x, at_y = a.yx * u + a.yy * v + centre + a.y;
      int left = (int)floor(at_x), top = (int)floor(at_y);
      double s = at_x - left, t = at_y - top;
      double above = (1 - s) * pixel(from, left, top) + s * pixel(from, left + 1, top);
      double below = (1 - s) * pixel(from, left, top + 1) + s * pixel(from, left + 1, top + 1);
      glyph[y * SIDE + x] = (float)((1 - t) * above + t * below);
    }
}

static double either_way(double amount, base_random *random) {
  return base_random_below(random, 2) ? amount : -amount;
}

/* The axis of the columns turns, that of the rows stays. */
bool ink_noise_shear(double angle, base_random *random, float *glyph) {
  angle = either_way(angle, random);
  warp((affine){1, -sin(angle), 0, cos(angle), 0, 0}, glyph);
  return true;
}

bool ink_noise_scale(double factor, base_random *random, float *glyph) {
  (void)random;
  double step = 1 / fmax(factor, 0.01);
  warp((affine){step, 0, 0, step, 0, 0}, glyph);
  return true;
}

bool ink_noise_rotate(double angle, base_random *random, float *glyph) {
  angle = either_way(angle, random);
  warp((affine){cos(angle), -sin(angle), sin(angle), cos(angle), 0, 0}, glyph);
  return true;
}

bool ink_noise_translate(double pixels, base_random *random, float *glyph) {
  double x = either_way(pixels, random), y = either_way(pixels, random);
  warp((affine){1, 0, 0, 1, x, y}, glyph);
  return true;
}
