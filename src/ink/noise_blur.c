/* Damage: blur. */
#include <math.h>
#include <string.h>

#include "ink/blur.h"
#include "ink/noise.h"

enum { SIDE = INK_GLYPH_SIDE };

bool ink_noise_blur(double deviation, base_random *random, float *glyph) {
  (void)random;
  float spare[INK_GLYPH_PIXELS];
  ink_blur_gaussian(deviation, SIDE, glyph, spare);
  return true;
}

bool ink_noise_motion(double length, base_random *random, float *glyph) {
  (void)random;
  float spare[INK_GLYPH_PIXELS];
  ink_blur_motion(length, 15 * 3.14159265358979 / 180, SIDE, glyph, spare);
  return true;
}

/* MNIST-C's motion is ImageMagick's: half a Gaussian, 21 pixels long, which trails to one side at
 * up to 45 degrees from the rows. */
bool ink_noise_motion_blur(double deviation, base_random *random, float *glyph) {
  enum { LENGTH = 21 };
  double angle = base_random_range(random, -45, 45) * 3.14159265358979 / 180;
  if (deviation <= 0) return true;
  double weight[LENGTH], sum = 0;
  for (int i = 0; i < LENGTH; ++i) sum += weight[i] = exp(-0.5 * i * i / (deviation * deviation));
  float from[INK_GLYPH_PIXELS];
  memcpy(from, glyph, sizeof from);
  memset(glyph, 0, sizeof from);
  for (int i = 0; i < LENGTH; ++i)
    ink_add_shifted(from, SIDE, (int)ceil(i * cos(angle) - 0.5), (int)ceil(i * sin(angle) - 0.5),
                    (float)(weight[i] / sum), glyph);
  return true;
}

/* Frosted glass: blurred, each pixel but those near the edge exchanged with one beside it or left
 * above half of the time, twice, and blurred again. */
bool ink_noise_glass_blur(double deviation, base_random *random, float *glyph) {
  float spare[INK_GLYPH_PIXELS];
  ink_blur_gaussian(deviation, SIDE, glyph, spare);
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i) glyph[i] = floorf(glyph[i] * 255) / 255;
  for (int pass = 0; pass < 2; ++pass)
    for (int y = SIDE - 1; y > 1; --y)
      for (int x = SIDE - 1; x > 1; --x) {
        if (base_random_below(random, 2)) continue;
        int dx = (int)base_random_below(random, 2), dy = (int)base_random_below(random, 2);
        float *a = glyph + y * SIDE + x, *b = a - dy * SIDE - dx, kept = *a;
        *a = *b;
        *b = kept;
      }
  ink_blur_gaussian(deviation, SIDE, glyph, spare);
  return true;
}
