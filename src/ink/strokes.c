/* Drawing pen strokes.
 *
 * A stroke is a chain of segments, each the hull of two discs with the pen's width at its ends. The
 * level of a pixel is its coverage, taken from its distance d to the middle line as
 *     min(1, max(0, radius - d + 1/2))
 * with the radius between those of the ends; where segments overlap the darkest counts, so that a
 * joint or a crossing is no darker than the line. Ends are round, and a single point is a disc.
 *
 * A coarse tablet gives stairs. Such a stroke is resampled at equal steps along its length and
 * smoothed by passes of the kernel (1 2 1) / 4, each of which adds half a step squared to the
 * variance, until the deviation is the tablet's own step; the ends stay where they are. */
#include "ink/strokes.h"

#include <math.h>

#include "base/memory.h"

enum {
  GLYPH_BOX = 20,       /* as it is framed: ink_normalise_glyph then has nothing to scale */
  MAX_SIDE = 4096,      /* pixels */
  MAX_STEPS = 1 << 16,  /* a resampled stroke has no more points than this */
  MAX_PASSES = 1 << 10, /* of smoothing */
};
static const double STEP = .25;        /* pixels between resampled points */
static const double LEAST_GRAIN = .1;  /* pixels: less is not seen */
static const double PASSED_OVER = .35; /* of the radius */
static const double THINNEST = .5;     /* of the pen's width, at no pressure */

typedef struct extent {
  double left, top, right, bottom;
} extent;

typedef struct canvas {
  ink_image *image;
  double scale, x, y; /* pixel = (point - (x, y)) * scale */
  double radius;      /* pixels, at full pressure */
  double grain;       /* pixels */
} canvas;

static bool is_finite(const ink_point *point) {
  return isfinite(point->x) && isfinite(point->y);
}

static bool find_extent(const ink_stroke *strokes, size_t count, extent *box) {
  *box = (extent){HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
  for (size_t s = 0; s < count; s++) {
    for (size_t i = 0; i < strokes[s].count; i++) {
      const ink_point *point = &strokes[s].points[i];
      if (!is_finite(point)) continue;
      box->left = fmin(box->left, (double)point->x);
      box->right = fmax(box->right, (double)point->x);
      box->top = fmin(box->top, (double)point->y);
      box->bottom = fmax(box->bottom, (double)point->y);
    }
  }
  return box->left <= box->right;
}

bool ink_strokes_extent(const ink_stroke *strokes, size_t count, double *width, double *height) {
  extent box;
  bool found = find_extent(strokes, count, &box);
  *width = found ? box.right - box.left : 0;
  *height = found ? box.bottom - box.top : 0;
  return found;
}

/* ---- one segment ---- */

static double radius_of(const canvas *c, const ink_point *point) {
  if (!(point->pressure >= 0)) return c->radius;
  double pressure = fmin(1, (double)point->pressure);
  return c->radius * (THINNEST + (1 - THINNEST) * pressure);
}

static int clamp(double value, int most) {
  return value < 0 ? 0 : value > most ? most : (int)value;
}

/* A row of pixels whose middles lie at `px`, `px` + 1, ... and `py` from the segment's start.
 * Comparisons instead of fminf, which is a call where not-a-number must be heeded. */
static void draw_row(uint8_t *row, int count, float px, float py, float dx, float dy, float inverse,
                     float start, float change) {
  for (int i = 0; i < count; i++, px += 1) {
    float t = (px * dx + py * dy) * inverse;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    float ex = px - t * dx, ey = py - t * dy, radius = start + t * change + .5f;
    float squared = ex * ex + ey * ey;
    if (squared >= radius * radius) continue;
    float level = radius - sqrtf(squared);
    uint8_t ink = level >= 1 ? 255 : (uint8_t)lroundf(255 * level);
    if (ink > row[i]) row[i] = ink;
  }
}

/* `from` and `to` in pixels, `pressure` still in them. */
static void draw_segment(const canvas *c, const ink_point *from, const ink_point *to) {
  const ink_image *image = c->image;
  float dx = to->x - from->x, dy = to->y - from->y, squared = dx * dx + dy * dy;
  double start = radius_of(c, from), end = radius_of(c, to), reach = fmax(start, end) + 1;
  int left = clamp((double)fminf(from->x, to->x) - reach, image->width);
  int right = clamp((double)fmaxf(from->x, to->x) + reach + 1, image->width);
  int top = clamp((double)fminf(from->y, to->y) - reach, image->height);
  int bottom = clamp((double)fmaxf(from->y, to->y) + reach + 1, image->height);
  for (int y = top; y < bottom; y++)
    draw_row(image->pixels + (size_t)y * image->stride + left, right - left,
             (float)left + .5f - from->x, (float)y + .5f - from->y, dx, dy,
             squared > 0 ? 1 / squared : 0, (float)start, (float)(end - start));
}

/* ---- one stroke ---- */

static ink_point to_pixels(const canvas *c, const ink_point *point) {
  return (ink_point){(float)(((double)point->x - c->x) * c->scale),
                     (float)(((double)point->y - c->y) * c->scale), point->pressure};
}

static double distance(const ink_point *a, const ink_point *b) {
  return hypot((double)b->x - (double)a->x, (double)b->y - (double)a->y);
}

/* The points that are numbers, in pixels. */
static size_t convert(const canvas *c, const ink_stroke *stroke, ink_point *points) {
  size_t count = 0;
  for (size_t i = 0; i < stroke->count; i++)
    if (is_finite(&stroke->points[i])) points[count++] = to_pixels(c, &stroke->points[i]);
  return count;
}

/* `steps` + 1 points at equal distances along the chain. */
static void resample(const ink_point *points, size_t count, double length, size_t steps,
                     ink_point *out) {
  size_t at = 0;
  double passed = 0, segment = distance(&points[0], &points[1]);
  for (size_t i = 0; i < steps; i++) {
    double wanted = length * (double)i / (double)steps;
    while (at + 2 < count && passed + segment < wanted) {
      passed += segment;
      at++;
      segment = distance(&points[at], &points[at + 1]);
    }
    const ink_point *a = &points[at], *b = a + 1;
    float t = segment > 0 ? (float)fmin(1, (wanted - passed) / segment) : 0;
    out[i] = (ink_point){a->x + t * (b->x - a->x), a->y + t * (b->y - a->y),
                         a->pressure + t * (b->pressure - a->pressure)};
  }
  out[steps] = points[count - 1];
}

static void smooth(ink_point *points, size_t count, int passes) {
  for (int pass = 0; pass < passes; pass++) {
    ink_point before = points[0];
    for (size_t i = 1; i + 1 < count; i++) {
      ink_point here = points[i], *next = &points[i + 1];
      points[i].x = (before.x + 2 * here.x + next->x) / 4;
      points[i].y = (before.y + 2 * here.y + next->y) / 4;
      before = here;
    }
  }
}

/* Points nearer to each other than a part of the radius make no visible corner: they are passed
 * over, all but the last. */
static void draw_chain(const canvas *c, const ink_point *points, size_t count) {
  if (count == 0) return;
  const ink_point *last = &points[0];
  if (count == 1) draw_segment(c, last, last);
  for (size_t i = 1; i < count; i++) {
    if (i + 1 < count && distance(last, &points[i]) < PASSED_OVER * c->radius) continue;
    draw_segment(c, last, &points[i]);
    last = &points[i];
  }
}

static scrawl_status draw_stroke(const canvas *c, const ink_stroke *stroke, base_error *error) {
  if (stroke->count == 0) return SCRAWL_OK;
  ink_point *points = base_alloc(stroke->count, sizeof *points), *even = NULL;
  if (!points)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for %zu points", stroke->count);
  size_t count = convert(c, stroke, points);
  double length = 0;
  for (size_t i = 1; i < count; i++) length += distance(&points[i - 1], &points[i]);
  scrawl_status status = SCRAWL_OK;
  if (c->grain < LEAST_GRAIN || count < 3 || length < 2 * STEP) {
    draw_chain(c, points, count);
  } else {
    double wanted = ceil(length / STEP);
    size_t steps = wanted < MAX_STEPS ? (size_t)wanted : MAX_STEPS;
    double step = length / (double)steps, passes = 2 * c->grain * c->grain / (step * step);
    even = base_alloc(steps + 1, sizeof *even);
    if (even) {
      resample(points, count, length, steps, even);
      smooth(even, steps + 1, passes < MAX_PASSES ? (int)ceil(passes) : MAX_PASSES);
      draw_chain(c, even, steps + 1);
    } else {
      status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for %zu points", steps);
    }
  }
  base_free(even);
  base_free(points);
  return status;
}

/* ---- all of them ---- */

/* Whole pixels that hold `length`, 1 to `side`; rounding in the scale adds none. */
static int pixels(double length, int side) {
  int whole = clamp(ceil(length - 1e-6), side);
  return whole < 1 ? 1 : whole;
}

scrawl_status ink_strokes_draw(const ink_stroke *strokes, size_t count, ink_pen pen, int side,
                               ink_image *image, base_error *error) {
  *image = (ink_image){0};
  extent box;
  if (side < 1 || side > MAX_SIDE)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a picture of %d pixels; 1 to %d a side", side,
                     MAX_SIDE);
  if (!(pen.width > 0 && isfinite(pen.width)))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a pen of width %g draws nothing", pen.width);
  if (!find_extent(strokes, count, &box))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "strokes without a point draw nothing");
  double width = box.right - box.left + pen.width, height = box.bottom - box.top + pen.width;
  double scale = side / fmax(width, height);
  BASE_TRY(
      ink_image_create(pixels(width * scale, side), pixels(height * scale, side), image, error));
  const canvas c = {.image = image,
                    .scale = scale,
                    .x = box.left - pen.width / 2,
                    .y = box.top - pen.width / 2,
                    .radius = pen.width / 2 * scale,
                    .grain = pen.grain * scale};
  scrawl_status status = SCRAWL_OK;
  for (size_t s = 0; s < count && status == SCRAWL_OK; s++)
    status = draw_stroke(&c, &strokes[s], error);
  if (status != SCRAWL_OK) {
    base_free(image->pixels);
    *image = (ink_image){0};
  }
  return status;
}

scrawl_status ink_strokes_glyph(const ink_stroke *strokes, size_t count, ink_pen pen,
                                uint8_t glyph[INK_GLYPH_PIXELS], base_error *error) {
  ink_image image;
  BASE_TRY(ink_strokes_draw(strokes, count, pen, GLYPH_BOX, &image, error));
  ink_normalise_glyph(&image, (ink_box){0, 0, image.width, image.height}, glyph);
  base_free(image.pixels);
  return SCRAWL_OK;
}
