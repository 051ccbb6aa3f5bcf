/* Thinning: Guo and Hall (1989), "Parallel thinning with two-subiteration algorithms",
 * Communications of the ACM 32(3), their algorithm A1. With the neighbours numbered
 *   9 2 3
 *   8 . 4
 *   7 6 5
 * an ink pixel goes when its neighbours hang together (C = 1), it is neither an end nor inside
 * (2 <= N <= 3), and, in turns, nothing holds it on the north-east or on the south-west. Both
 * conditions are looked up by the eight neighbours as bits.
 *
 * What is left may still have corners that are two pixels thick. A pixel whose neighbours hang
 * together without it, and that is no end, goes too, one after the other, so that afterwards the
 * number of neighbours alone tells an end (1), a way (2) and a junction (3 or more). */
#include "ink/trace.h"

enum { INK = 1, GOING = 2 };

/* Bit k is neighbour k + 2 of the figure above. */
static unsigned neighbours(const uint8_t *p, int width) {
  return (unsigned)((p[-width] & INK) | (p[1 - width] & INK) << 1 | (p[1] & INK) << 2 |
                    (p[width + 1] & INK) << 3 | (p[width] & INK) << 4 | (p[width - 1] & INK) << 5 |
                    (p[-1] & INK) << 6 | (p[-width - 1] & INK) << 7);
}

static bool has(unsigned around, int k) {
  return around >> ((k - 2) & 7) & 1;
}

/* How many pieces the neighbours are in: Hilditch's crossing number, for ink by 8 neighbours. */
static int pieces(unsigned around) {
  int count = 0;
  for (int k = 2; k <= 8; k += 2)
    count += !has(around, k) && (has(around, k + 1) || has(around, k + 2));
  return count;
}

/* Bit 0: goes in the first half of an iteration; bit 1: in the second. */
static uint8_t rule(unsigned around) {
  int first = 0, second = 0;
  for (int k = 2; k <= 8; k += 2) {
    first += has(around, k + 7) || has(around, k);
    second += has(around, k) || has(around, k + 1);
  }
  int least = first < second ? first : second;
  if (pieces(around) != 1 || least < 2 || least > 3) return 0;
  bool north = (has(around, 2) || has(around, 3) || !has(around, 5)) && has(around, 4);
  bool south = (has(around, 6) || has(around, 7) || !has(around, 9)) && has(around, 8);
  return (uint8_t)((north ? 0 : 1) | (south ? 0 : 2));
}

/* Pixels are marked first and taken away together; whether there were any. */
static bool half(ink_raster *raster, const uint8_t rules[256], uint8_t bit) {
  bool changed = false;
  size_t width = (size_t)raster->width, end = width * (size_t)(raster->height - 1);
  for (size_t i = width; i < end; ++i) {
    uint8_t *p = raster->pixels + i;
    if (!*p || !(rules[neighbours(p, raster->width)] & bit)) continue;
    *p |= GOING;
    changed = true;
  }
  for (size_t i = width; i < end && changed; ++i)
    if (raster->pixels[i] & GOING) raster->pixels[i] = 0;
  return changed;
}

void ink_thin_again(ink_raster *raster) {
  size_t width = (size_t)raster->width, end = width * (size_t)(raster->height - 1);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = width; i < end; ++i) {
      uint8_t *p = raster->pixels + i;
      if (!*p) continue;
      unsigned around = neighbours(p, raster->width);
      if (__builtin_popcount(around) < 2 || pieces(around) != 1) continue;
      *p = 0;
      changed = true;
    }
  }
}

void ink_thin(ink_raster *raster) {
  uint8_t rules[256];
  for (unsigned around = 0; around < 256; ++around) rules[around] = rule(around);
  for (bool changed = true; changed;) {
    changed = half(raster, rules, 1);
    changed = half(raster, rules, 2) || changed;
  }
  ink_thin_again(raster);
}
