/* Augmentation, the camera: pixels, contrast, noise. */
#include <math.h>
#include <string.h>

#include "ink/augment.h"

enum { MAX_LINE = 256 };

/* One line averaged over `count` equal parts and read again between their centres (smoothly) or as
 * the part that holds the pixel's centre. Pixels of a line are `step` apart. */
static void coarsen_line(float *line, int step, int side, int count, bool smooth) {
  float part[MAX_LINE];
  const float length = (float)side / (float)count, share = 1 / length;
  for (int k = 0; k < count; ++k) {
    float from = (float)k * length, to = ink_smaller(from + length, (float)side), sum = 0;
    for (int i = (int)from; i < side && (float)i < to; ++i) {
      float covered = ink_smaller((float)i + 1, to) - ink_larger((float)i, from);
      sum += covered * line[i * step];
    }
    part[k] = ink_smaller(sum * share, 1);
  }
  for (int i = 0; i < side; ++i) {
    float at = ((float)i + 0.5f) * share;
    int k = (int)at;
    if (smooth) {
      at = ink_smaller(ink_larger(at - 0.5f, 0), (float)(count - 1));
      k = (int)at;
      int next = k + 1 < count ? k + 1 : k;
      line[i * step] = part[k] + (at - (float)k) * (part[next] - part[k]);
    } else {
      line[i * step] = part[k < count ? k : count - 1];
    }
  }
}

void ink_pixelate(base_random *random, double most, int side, float *picture) {
  float factor = ink_between(random, 1, ink_larger((float)most, 1));
  bool smooth = base_random_below(random, 3) != 0;
  int count = (int)((float)side / factor + 0.5f);
  if (count < 1 || count >= side || side > MAX_LINE) return;
  for (int y = 0; y < side; ++y) coarsen_line(picture + y * side, 1, side, count, smooth);
  for (int x = 0; x < side; ++x) coarsen_line(picture + x, side, side, count, smooth);
}

void ink_fade(base_random *random, double most, int side, float *picture) {
  float left = 1 - ink_between(random, 0, most);
  for (int i = 0; i < side * side; ++i) picture[i] *= left;
}

/* Near enough to normal: the sum of four uniform 16-bit numbers, which has the deviation
 * 65536 / sqrt(3). */
void ink_add_noise(base_random *random, double most, int side, float *picture) {
  const float unit = 1.7320508f / 65536;
  float deviation = ink_between(random, 0, most);
  for (int i = 0; i < side * side; ++i) {
    uint64_t bits = base_random_next(random);
    uint64_t sum =
        (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48 & 0xffff);
    float value = picture[i] + deviation * unit * ((float)sum - 131070);
    picture[i] = ink_clamp(value);
  }
}

void ink_add_salt(base_random *random, double most, int side, float *picture) {
  /* 31 bits decide whether, one which. */
  uint32_t limit = (uint32_t)(ink_between(random, 0, most) * 0x1p31f);
  for (int i = 0; i < side * side; ++i) {
    uint64_t bits = base_random_next(random);
    if ((uint32_t)(bits >> 33) < limit) picture[i] = (float)(bits >> 32 & 1);
  }
}

void ink_binarise(base_random *random, int side, float *picture) {
  float threshold = ink_between(random, 0.3, 0.7);
  for (int i = 0; i < side * side; ++i) picture[i] = picture[i] >= threshold ? 1 : 0;
}
