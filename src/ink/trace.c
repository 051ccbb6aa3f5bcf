/* The strokes of a glyph: how many there are, how they hang together, how wide and long they are.
 *
 * The ink of the box is brought to a size at which strokes are several pixels wide (enlarged by
 * linear interpolation, reduced by means) and cut at half of its usual level. Parts hang together
 * by 8 neighbours, holes by 4, so that what parts the one joins the other, and parts less holes is
 * Euler's number (Rosenfeld 1970). Parts and holes smaller than a quarter of the stroke's square
 * are roughness of the ink and no strokes.
 *
 * Each ink pixel's distance to the next paper is exact, by the lower envelope of parabolas
 * (Felzenszwalb and Huttenlocher 2012, "Distance transforms of sampled functions"). In a stroke of
 * width w its mean is w / 4, a first estimate of the width; the final one is measured along the
 * skeleton (thin.c, skeleton.c). */
#include "ink/trace.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

/* Pixels of the longer side between which a glyph is measured. */
enum { LEAST_SIDE = 128, MOST_SIDE = 256 };

typedef struct tracing {
  ink_raster raster;
  double scale;     /* pixels of the raster for one of the picture */
  float *distances; /* squared */
  float *levels;
  uint32_t *stack;
} tracing;

/* ---- scaling ---- */

static double level_at(const ink_image *image, ink_box box, int x, int y) {
  if (x < 0 || y < 0 || x >= box.width || y >= box.height) return 0;
  return image->pixels[(size_t)(box.y + y) * image->stride + (size_t)(box.x + x)];
}

static double interpolate(const ink_image *image, ink_box box, double x, double y) {
  double left = floor(x - 0.5), top = floor(y - 0.5), u = x - 0.5 - left, v = y - 0.5 - top;
  int l = (int)left, t = (int)top;
  return (1 - v) * ((1 - u) * level_at(image, box, l, t) + u * level_at(image, box, l + 1, t)) +
         v * ((1 - u) * level_at(image, box, l, t + 1) + u * level_at(image, box, l + 1, t + 1));
}

/* The mean of the pixels that a pixel of the raster covers. */
static double mean(const ink_image *image, ink_box box, double x, double y, double step) {
  int left = (int)x, right = (int)fmin(ceil(x + step), box.width);
  int top = (int)y, bottom = (int)fmin(ceil(y + step), box.height);
  double sum = 0;
  for (int v = top; v < bottom; ++v)
    for (int u = left; u < right; ++u) sum += level_at(image, box, u, v);
  int count = (right - left) * (bottom - top);
  return count > 0 ? sum / count : 0;
}

/* Half of the level that ink has at its best parts ink and paper: the mean of the levels, each
 * counting by its square, since a thin stroke is mostly rim. */
static void to_raster(const ink_image *image, ink_box box, tracing *t) {
  double step = 1 / t->scale, squares = 0, cubes = 0;
  int width = t->raster.width, height = t->raster.height;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      double level = 0, u = (x - 1) * step, v = (y - 1) * step;
      if (x > 0 && y > 0 && x < width - 1 && y < height - 1)
        level = step > 1 ? mean(image, box, u, v, step)
                         : interpolate(image, box, u + step / 2, v + step / 2);
      t->levels[(size_t)y * (size_t)width + (size_t)x] = (float)level;
      squares += level * level;
      cubes += level * level * level;
    }
  double threshold = squares > 0 ? cubes / squares / 2 : 256;
  for (size_t i = 0; i < (size_t)width * (size_t)height; ++i)
    t->raster.pixels[i] = (double)t->levels[i] >= threshold;
}

/* ---- distances ---- */

/* min over q of (p - q)^2 + f[q] for each p, f being `count` numbers `step` apart, in place. */
static void transform(float *f, size_t step, int count, float *copy, int *parabola, float *from) {
  int last = 0;
  for (int q = 0; q < count; ++q) copy[q] = f[(size_t)q * step];
  parabola[0] = 0;
  from[0] = -INFINITY;
  for (int q = 1; q < count; ++q) {
    float meet;
    for (;; --last) {
      int p = parabola[last];
      meet = (copy[q] - copy[p] + (float)(q * q - p * p)) / (float)(2 * (q - p));
      if (last == 0 || meet > from[last]) break;
    }
    parabola[++last] = q;
    from[last] = meet;
  }
  for (int p = count - 1; p >= 0; --p) {
    while (last > 0 && from[last] > (float)p) --last;
    float away = (float)(p - parabola[last]);
    f[(size_t)p * step] = away * away + copy[parabola[last]];
  }
}

static void find_distances(tracing *t) {
  enum { SIDE = MOST_SIDE + 3 };
  const float far = 4.0f * SIDE * SIDE;
  float copy[SIDE] = {0}, from[SIDE] = {0};
  int parabola[SIDE] = {0};
  size_t width = (size_t)t->raster.width, height = (size_t)t->raster.height;
  for (size_t i = 0; i < width * height; ++i) t->distances[i] = t->raster.pixels[i] ? far : 0;
  for (size_t x = 0; x < width; ++x)
    transform(t->distances + x, width, (int)height, copy, parabola, from);
  for (size_t y = 0; y < height; ++y)
    transform(t->distances + y * width, 1, (int)width, copy, parabola, from);
}

static double mean_distance(const tracing *t) {
  double sum = 0, count = 0;
  for (size_t i = 0; i < (size_t)t->raster.width * (size_t)t->raster.height; ++i)
    if (t->raster.pixels[i]) {
      sum += sqrt((double)t->distances[i]) - 0.5; /* the edge lies between two pixels */
      ++count;
    }
  return count > 0 ? sum / count : 0;
}

/* ---- parts and holes ---- */

enum { PAPER, INK, PAPER_SEEN, INK_SEEN };

/* Marks the region of `start` as seen; its pixels are left in `members`. */
static size_t flood(tracing *t, size_t start, bool diagonal) {
  uint8_t *pixels = t->raster.pixels, value = pixels[start];
  int width = t->raster.width, height = t->raster.height;
  size_t count = 0, next = 0;
  t->stack[count++] = (uint32_t)start;
  pixels[start] += 2;
  while (next < count) { /* the stack is read from below, and so keeps all that were on it */
    int x = (int)(t->stack[next] % (uint32_t)width), y = (int)(t->stack[next] / (uint32_t)width);
    ++next;
    for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < height; ++v)
      for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < width; ++u) {
        size_t at = (size_t)v * (size_t)width + (size_t)u;
        if (pixels[at] != value || (!diagonal && u != x && v != y)) continue;
        pixels[at] += 2;
        t->stack[count++] = (uint32_t)at;
      }
  }
  return count;
}

/* Counts regions of a value of at least `least` pixels; smaller ones become `instead`. */
static int count_regions(tracing *t, uint8_t value, double least) {
  int count = 0;
  for (size_t i = 0; i < (size_t)t->raster.width * (size_t)t->raster.height; ++i) {
    if (t->raster.pixels[i] != value) continue;
    size_t size = flood(t, i, value == INK);
    if ((double)size >= least)
      ++count;
    else
      for (size_t k = 0; k < size; ++k) t->raster.pixels[t->stack[k]] = INK + PAPER - value;
  }
  return count;
}

/* Only what is large is left; the paper all around is no hole, however little it is. */
static void count_parts(tracing *t, double least, ink_trace *strokes) {
  size_t pixels = (size_t)t->raster.width * (size_t)t->raster.height;
  strokes->parts = count_regions(t, INK, least);
  for (size_t i = 0; i < pixels; ++i) t->raster.pixels[i] &= 1;
  flood(t, 0, false);
  strokes->loops = count_regions(t, PAPER, least);
  for (size_t i = 0; i < pixels; ++i) t->raster.pixels[i] &= 1;
}

/* ---- the whole ---- */

static scrawl_status create(ink_box box, tracing *t, base_error *error) {
  int longer = box.width > box.height ? box.width : box.height;
  double side = longer < LEAST_SIDE ? LEAST_SIDE : longer > MOST_SIDE ? MOST_SIDE : longer;
  *t = (tracing){.scale = side / longer};
  t->raster.width = (int)fmax(ceil(box.width * t->scale - 1e-6), 1) + 2;
  t->raster.height = (int)fmax(ceil(box.height * t->scale - 1e-6), 1) + 2;
  size_t pixels = (size_t)t->raster.width * (size_t)t->raster.height;
  t->raster.pixels = base_alloc(pixels, 1);
  t->levels = base_alloc(pixels, sizeof *t->levels);
  t->distances = base_alloc(pixels, sizeof *t->distances);
  t->stack = base_alloc(pixels, sizeof *t->stack);
  if (t->raster.pixels && t->levels && t->distances && t->stack) return SCRAWL_OK;
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to measure the strokes");
}

scrawl_status ink_trace_strokes(const ink_image *image, ink_box box, ink_trace *strokes,
                                base_error *error) {
  tracing t;
  *strokes = (ink_trace){0};
  if (box.width < 1 || box.height < 1) return SCRAWL_OK;
  scrawl_status status = create(box, &t, error);
  if (status == SCRAWL_OK) {
    to_raster(image, box, &t);
    find_distances(&t);
    double width = 4 * mean_distance(&t);
    count_parts(&t, width * width / 4, strokes);
    find_distances(&t);
    ink_thin(&t.raster);
    status = ink_measure_skeleton(&t.raster, t.distances, width, strokes, error);
    strokes->width /= t.scale;
    strokes->width_deviation /= t.scale;
    strokes->length /= t.scale;
  }
  base_free(t.raster.pixels);
  base_free(t.levels);
  base_free(t.distances);
  base_free(t.stack);
  return status;
}
