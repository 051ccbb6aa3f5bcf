/* Damage: only edges are left, found by Canny's method ("A computational approach to edge
 * detection", 1986) as scikit-image has it: a Gaussian, Sobel's gradient, the ridge of its
 * magnitude, and of the ridge's connected pieces above the low threshold those that somewhere reach
 * the high one. */
#include <math.h>
#include <string.h>

#include "ink/blur.h"
#include "ink/noise.h"

enum { SIDE = INK_GLYPH_SIDE };

/* Of Sobel's sums, which are four times the slope across one pixel and the next. */
static const float LOW = 0.1f, HIGH = 0.2f;

typedef struct gradient {
  float x[INK_GLYPH_PIXELS], y[INK_GLYPH_PIXELS], size[INK_GLYPH_PIXELS];
} gradient;

/* The mean of what lies inside the picture. */
static void smooth(double deviation, float *glyph) {
  float whole[INK_GLYPH_PIXELS], spare[INK_GLYPH_PIXELS];
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i) whole[i] = 1;
  ink_blur_gaussian(deviation, SIDE, glyph, spare);
  ink_blur_gaussian(deviation, SIDE, whole, spare);
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i) glyph[i] /= whole[i];
}

static float pixel(const float *p, int x, int y) {
  x = x < 0 ? 0 : x < SIDE ? x : SIDE - 1;
  y = y < 0 ? 0 : y < SIDE ? y : SIDE - 1;
  return p[y * SIDE + x];
}

/* The edge's pixels go on outside. */
static void find_gradient(const float *p, gradient *g) {
  for (int y = 0; y < SIDE; ++y)
    for (int x = 0; x < SIDE; ++x) {
      float dx = 0, dy = 0;
      for (int k = -1; k <= 1; ++k) {
        float weight = k ? 1 : 2;
        dx += weight * (pixel(p, x + 1, y + k) - pixel(p, x - 1, y + k));
        dy += weight * (pixel(p, x + k, y + 1) - pixel(p, x + k, y - 1));
      }
      int i = y * SIDE + x;
      g->x[i] = dx;
      g->y[i] = dy;
      g->size[i] = hypotf(dx, dy);
    }
}

/* No larger magnitude one step up or down the gradient, where it meets the ring of neighbours. */
static bool is_ridge(const gradient *g, int i) {
  float x = fabsf(g->x[i]), y = fabsf(g->y[i]);
  int across = g->x[i] < 0 ? -1 : 1, down = g->y[i] < 0 ? -SIDE : SIDE;
  int straight = x > y ? across : down, diagonal = across + down;
  float share = x > y ? y / x : x / y;
  float ahead = share * g->size[i + diagonal] + (1 - share) * g->size[i + straight];
  float behind = share * g->size[i - diagonal] + (1 - share) * g->size[i - straight];
  return ahead <= g->size[i] && behind <= g->size[i];
}

/* Marks, from a pixel on, what is connected with it and at least low. */
static void follow(const bool *low, int from, float *edges) {
  int stack[INK_GLYPH_PIXELS], depth = 0;
  if (edges[from] > 0) return;
  edges[from] = 1;
  stack[depth++] = from;
  while (depth > 0) {
    int i = stack[--depth];
    for (int dy = -SIDE; dy <= SIDE; dy += SIDE)
      for (int dx = -1; dx <= 1; ++dx) {
        int next = i + dy + dx; /* none lies at the picture's edge */
        if (!low[next] || edges[next] > 0) continue;
        edges[next] = 1;
        stack[depth++] = next;
      }
  }
}

bool ink_noise_canny_edges(double deviation, base_random *random, float *glyph) {
  (void)random;
  gradient g;
  bool low[INK_GLYPH_PIXELS] = {false};
  smooth(deviation, glyph);
  find_gradient(glyph, &g);
  for (int y = 1; y < SIDE - 1; ++y)
    for (int x = 1; x < SIDE - 1; ++x)
      low[y * SIDE + x] = g.size[y * SIDE + x] >= LOW && is_ridge(&g, y * SIDE + x);
  memset(glyph, 0, INK_GLYPH_PIXELS * sizeof *glyph);
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i)
    if (low[i] && g.size[i] >= HIGH) follow(low, i, glyph);
  return true;
}
