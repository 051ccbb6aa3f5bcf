/* Damage: what lies over a picture. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ink/blur.h"
#include "ink/noise.h"

enum { SIDE = INK_GLYPH_SIDE };

bool ink_noise_stripe(double amount, base_random *random, float *glyph) {
  (void)amount, (void)random;
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i)
    if (i % SIDE < SIDE / 4 || i % SIDE >= SIDE - SIDE / 4) glyph[i] = 1 - glyph[i];
  return true;
}

/* ---- fog ---- */

enum { MAP = 256 };

static float *at(float *map, int x, int y) {
  return map + (size_t)(y & (MAP - 1)) * MAP + (x & (MAP - 1));
}

/* Points `half` away from four others, on the axes or on the diagonals, become their mean and a
 * random number. */
static void fill(base_random *random, float *map, int first_x, int first_y, int half, bool axes,
                 double wobble) {
  for (int y = first_y; y < MAP; y += 2 * half)
    for (int x = first_x; x < MAP; x += 2 * half) {
      float sum = axes ? *at(map, x - half, y) + *at(map, x + half, y) + *at(map, x, y - half) +
                             *at(map, x, y + half)
                       : *at(map, x - half, y - half) + *at(map, x + half, y - half) +
                             *at(map, x - half, y + half) + *at(map, x + half, y + half);
      /* The published recipe multiplies by the wobble twice. */
      *at(map, x, y) = sum / 4 + (float)(wobble * base_random_range(random, -wobble, wobble));
    }
}

/* Plasma by the diamond-square method (Fournier, Fussell, Carpenter 1982) on a map that repeats, of
 * which the corner is seen. */
static void make_plasma(base_random *random, float *map) {
  double wobble = 100;
  map[0] = 0;
  for (int half = MAP / 2; half >= 1; half /= 2, wobble /= 1.4) {
    fill(random, map, half, half, half, false, wobble);
    fill(random, map, half, 0, half, true, wobble);
    fill(random, map, 0, half, half, true, wobble);
  }
}

bool ink_noise_fog(double strength, base_random *random, float *glyph) {
  float *map = base_alloc((size_t)MAP * MAP, sizeof *map), least, most, peak = 0;
  if (!map) return false;
  make_plasma(random, map);
  least = most = map[0];
  for (int i = 0; i < MAP * MAP; ++i) {
    least = fminf(least, map[i]);
    most = fmaxf(most, map[i]);
  }
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i) peak = fmaxf(peak, glyph[i]);
  float gain = peak > 0 ? peak / (peak + (float)strength) : 0;
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i) {
    float plasma = (*at(map, i % SIDE, i / SIDE) - least) / (most - least);
    glyph[i] = gain * (glyph[i] + (float)strength * plasma);
  }
  base_free(map);
  return true;
}

/* ---- spatter ---- */

enum { MARGIN = 8, WIDE = SIDE + 2 * MARGIN };

/* A Gaussian blur for which the edge's pixels go on outside. */
static void blur_with_edge(double deviation, float *picture) {
  float wide[WIDE * WIDE], spare[WIDE * WIDE];
  for (int y = 0; y < WIDE; ++y)
    for (int x = 0; x < WIDE; ++x) {
      int from_x = x < MARGIN ? 0 : x < SIDE + MARGIN ? x - MARGIN : SIDE - 1;
      int from_y = y < MARGIN ? 0 : y < SIDE + MARGIN ? y - MARGIN : SIDE - 1;
      wide[y * WIDE + x] = picture[from_y * SIDE + from_x];
    }
  ink_blur_gaussian(deviation, WIDE, wide, spare);
  for (int y = 0; y < SIDE; ++y)
    memcpy(picture + y * SIDE, wide + (y + MARGIN) * WIDE + MARGIN, SIDE * sizeof *picture);
}

/* Mud of a quarter of full ink, opaque in the middle of each splash. */
bool ink_noise_spatter(double amount, base_random *random, float *glyph) {
  (void)amount;
  const float level = 0.65f, mud = 63.0f / 255;
  float splash[INK_GLYPH_PIXELS];
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i)
    splash[i] = (float)(0.65 + 0.3 * base_random_normal(random));
  blur_with_edge(1, splash);
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i) splash[i] = splash[i] > level ? 1 : 0;
  blur_with_edge(1.5, splash);
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i)
    if (splash[i] >= 0.8f) glyph[i] += splash[i] * (mud - glyph[i]);
  return true;
}

/* ---- lines ---- */

typedef struct point {
  double x, y;
} point;

/* Draws the columns of a line from `a` to `b`, `a` left of `b`, without the last; those with
 * `dots` two at a time. Its level falls with the vertical distance, 1 + log(1 - distance / 2.3). */
static void draw_line(point a, point b, bool dots, float *glyph) {
  if (a.x == b.x) return;
  double slope = (b.y - a.y) / (b.x - a.x);
  for (int x = (int)fmax(floor(a.x), 0); x < SIDE && x < ceil(b.x); ++x) {
    if (dots && x / 2 % 2 == 0) continue;
    for (int y = 0; y < SIDE; ++y) {
      double distance = fabs(y - (slope * (x - a.x) + a.y));
      if (distance >= 2.3) continue;
      float *level = glyph + y * SIDE + x;
      *level = (float)fmin(*level + fmax(1 + log(1 - distance / 2.3), 0), 1);
    }
  }
}

/* From somewhere on the left edge to somewhere on the right. */
bool ink_noise_dotted_line(double amount, base_random *random, float *glyph) {
  (void)amount;
  double left = (double)base_random_below(random, SIDE - 1);
  double right = (double)base_random_below(random, SIDE - 1);
  draw_line((point){0, left}, (point){SIDE - 1, right}, true, glyph);
  return true;
}

/* Along a line from column 2 to column 25: 2 pixels to one side and 2 to the other, turning every 4
 * pixels, and back nearer to the line at the end. */
bool ink_noise_zigzag(double amount, base_random *random, float *glyph) {
  (void)amount;
  const double first = 2, length = 23, size = 2;
  double start = (double)base_random_below(random, SIDE - 1);
  double rise = (double)base_random_below(random, 10) - 5;
  double angle = atan(rise / length), along = length / cos(angle), off = 0;
  point from = {first, start};
  for (int i = 0; (2 * i - 1) * size < along; ++i) {
    bool last = (2 * i + 1) * size > along;
    double next = last ? along : (2 * i + 1) * size;
    off = last ? off / (2 * fmod(along, 2 * size)) : i % 2 ? -size : size;
    point to = {first + next * cos(angle) - off * sin(angle),
                start + next * sin(angle) + off * cos(angle)};
    draw_line(from, to, false, glyph);
    from = to;
  }
  return true;
}
