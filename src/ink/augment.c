/* Augmentation: one new picture of a glyph from an old one.
 *
 * Stroke width first, on the untouched pixels: grey-level dilation or erosion by a cross, blended
 * with the original for widths between whole pixels. Then every change of place in one resampling,
 * so that it blurs once: for each new pixel
 *
 *   source = centre + A (pixel - centre) + shift + elastic(pixel),    A = rotation * shear * scale
 *
 * read by Catmull-Rom interpolation, where the ink is: most of a glyph's picture is paper. The
 * elastic field (Simard, Steinkraus, Platt 2003: white noise smoothed by a Gaussian) is made as a
 * cubic B-spline over a coarse grid of noise: a B-spline of knot distance h is as wide as a
 * Gaussian of deviation h / sqrt(3), at a fraction of the cost. Noise and erasing come last. */
#include <math.h>
#include <string.h>

#include "ink/ink.h"

enum { MAX_KNOTS = 64 };

/* Mean square of a cubic B-spline's weights in two dimensions, (151 / 315) squared, times 1 / 3,
 * that of the uniform noise at the knots: the root is what one knot unit becomes. */
#define SPLINE_DEVIATION 0.276767f

/* Four neighbours in a row. */
typedef float quad __attribute__((vector_size(16)));
typedef float quad_at __attribute__((vector_size(16), aligned(4), may_alias));

/* Without libm's care for what is no number, which costs a call. */
static inline float larger(float a, float b) {
  return a > b ? a : b;
}

static inline float smaller(float a, float b) {
  return a < b ? a : b;
}

static inline float clamp(float value) {
  return smaller(larger(value, 0), 1);
}

static float symmetric(base_random *random, double most) {
  return (float)base_random_range(random, -most, most);
}

/* One step of morphology: out = (1 - share) in + share * (largest or smallest of the cross). */
static void morph(const float *in, float *out, int side, float share, bool grow) {
  for (int y = 0; y < side; ++y) {
    const float *row = in + y * side;
    const float *above = y ? row - side : row, *below = y + 1 < side ? row + side : row;
    for (int x = 0; x < side; ++x) {
      float left = row[x ? x - 1 : 0], right = row[x + 1 < side ? x + 1 : x];
      float most = grow ? larger(larger(above[x], below[x]), larger(left, right))
                        : smaller(smaller(above[x], below[x]), smaller(left, right));
      float reached = grow ? larger(most, row[x]) : smaller(most, row[x]);
      out[y * side + x] = row[x] + share * (reached - row[x]);
    }
  }
}

static float peak_of(const float *values, int count) {
  float peak = 0;
  for (int i = 0; i < count; ++i) peak = larger(peak, values[i]);
  return peak;
}

/* Strokes wider by `growth` pixels (narrower when negative), 2 pixels a step since both edges move.
 * What fades because it was thin gets its contrast back, as normalisation would give it. */
static const float *change_stroke(const float *glyph, int side, float growth, float *a, float *b) {
  float left = fabsf(growth), peak = peak_of(glyph, side * side);
  const float *from = glyph;
  while (left > 1e-3f) {
    float *to = from == a ? b : a;
    morph(from, to, side, smaller(left, 2) / 2, growth > 0);
    float now = peak_of(to, side * side);
    if (now < 0.2f * peak) break; /* nothing would be left: the step is not taken */
    float gain = peak / now;
    for (int i = 0; i < side * side; ++i) to[i] *= gain;
    from = to;
    left -= 2;
  }
  return from;
}

static void spline_weights(float t, float w[4]) {
  float s = 1 - t;
  w[0] = s * s * s / 6;
  w[1] = (4 + t * t * (3 * t - 6)) / 6;
  w[2] = (4 + s * s * (3 * s - 6)) / 6;
  w[3] = t * t * t / 6;
}

/* A smooth random field of the given deviation. `lines`: side * side floats to work in. */
static void random_field(base_random *random, int side, float distance, float deviation,
                         float *lines, float *field) {
  int knots = (int)((float)(side - 1) / distance) + 4;
  float scale = deviation / SPLINE_DEVIATION, w[4];
  for (int k = 0; k < knots; ++k) {
    float noise[MAX_KNOTS];
    for (int i = 0; i < knots; ++i) noise[i] = symmetric(random, scale);
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

static quad cubic_weights(float t) {
  float s = 1 - t;
  return (quad){-0.5f * t * s * s, 1 + t * t * (1.5f * t - 2.5f), 1 + s * s * (1.5f * s - 2.5f),
                -0.5f * s * t * t};
}

/* Between which coordinates, these excluded, interpolation finds anything but paper. */
typedef struct reach {
  float left, top, right, bottom;
} reach;

static reach reach_of(const float *glyph, int side) {
  int left = side, top = side, right = -1, bottom = -1;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      if (glyph[y * side + x] == 0) continue;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      bottom = y;
    }
  /* Two pixels to each side take part, and none beyond the next to the picture's edge. */
  return (reach){larger((float)left - 2, -1), larger((float)top - 2, -1),
                 smaller((float)right + 2, (float)side), smaller((float)bottom + 2, (float)side)};
}

/* The largest whole number not above it. */
static inline int whole(float x) {
  int i = (int)x;
  return i - (x < (float)i);
}

/* The picture between its pixels; 0 outside, 0..1 inside. */
static inline float sample(const float *glyph, int side, reach ink, float x, float y) {
  if (!(x > ink.left && y > ink.top && x < ink.right && y < ink.bottom)) return 0;
  int left = whole(x), top = whole(y);
  quad wx = cubic_weights(x - (float)left), wy = cubic_weights(y - (float)top);
  if (left >= 1 && top >= 1 && left + 2 < side && top + 2 < side) {
    const float *row = glyph + (top - 1) * side + left - 1;
    quad sum = wy[0] * *(const quad_at *)row;
    for (int j = 1; j < 4; ++j) sum += wy[j] * *(const quad_at *)(row + j * side);
    sum *= wx;
    return clamp((sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
  float sum = 0;
  for (int j = 0; j < 4; ++j)
    for (int i = 0; i < 4; ++i) {
      int at_x = left - 1 + i, at_y = top - 1 + j;
      if (at_x >= 0 && at_y >= 0 && at_x < side && at_y < side)
        sum += wy[j] * wx[i] * glyph[at_y * side + at_x];
    }
  return clamp(sum);
}

/* Additive noise, near enough to normal: the sum of four uniform 16-bit numbers, which has the
 * deviation 65536 / sqrt(3). */
static void add_noise(base_random *random, float deviation, int count, float *values) {
  const float unit = 1.7320508f / 65536;
  for (int i = 0; i < count; ++i) {
    uint64_t bits = base_random_next(random);
    uint64_t sum =
        (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48 & 0xffff);
    float value = values[i] + deviation * unit * ((float)sum - 131070);
    values[i] = clamp(value);
  }
}

/* A rectangle of 2 to 20 % of the area, at most three times as long as wide, becomes paper. */
static void erase(base_random *random, int side, float *values) {
  double area = base_random_range(random, 0.02, 0.2) * side * side;
  double shape = exp(base_random_range(random, -log(3), log(3)));
  int width = (int)fmin(fmax(sqrt(area * shape), 1), side);
  int height = (int)fmin(fmax(sqrt(area / shape), 1), side);
  int left = (int)base_random_below(random, (uint64_t)side - (uint64_t)width + 1);
  int top = (int)base_random_below(random, (uint64_t)side - (uint64_t)height + 1);
  for (int y = top; y < top + height; ++y)
    memset(values + y * side + left, 0, (size_t)width * sizeof *values);
}

void ink_augment(const ink_augmentation *augmentation, base_random random, int side,
                 const float *glyph, float *out, float *scratch) {
  const int count = side * side;
  float *dx = scratch + 2 * count, *dy = scratch + 3 * count;
  const float *from = glyph;
  if (augmentation->stroke > 0)
    from = change_stroke(glyph, side, symmetric(&random, augmentation->stroke), scratch,
                         scratch + count);

  const float radian = 0.01745329f;
  float angle = symmetric(&random, augmentation->rotation) * radian;
  float scale_x = 1 / (1 + symmetric(&random, augmentation->scale));
  float scale_y = 1 / (1 + symmetric(&random, augmentation->scale));
  float shear = symmetric(&random, augmentation->shear);
  float shift_x = symmetric(&random, augmentation->shift);
  float shift_y = symmetric(&random, augmentation->shift);
  float xx = cosf(angle) * scale_x, xy = (cosf(angle) * shear - sinf(angle)) * scale_y;
  float yx = sinf(angle) * scale_x, yy = (sinf(angle) * shear + cosf(angle)) * scale_y;

  bool elastic = augmentation->elastic > 0;
  if (elastic) {
    float distance = larger((float)augmentation->elastic_sigma * 1.7320508f, 2);
    distance = larger(distance, (float)side / (MAX_KNOTS - 4));
    float deviation = (float)base_random_range(&random, 0, augmentation->elastic);
    random_field(&random, side, distance, deviation, out, dx);
    random_field(&random, side, distance, deviation, out, dy);
  }
  const reach ink = reach_of(from, side);
  const float centre = (float)side / 2; /* where normalisation puts the centre of mass */
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      float u = (float)x - centre, v = (float)y - centre;
      float at_x = centre + xx * u + xy * v + shift_x, at_y = centre + yx * u + yy * v + shift_y;
      if (elastic) {
        at_x += dx[y * side + x];
        at_y += dy[y * side + x];
      }
      out[y * side + x] = sample(from, side, ink, at_x, at_y);
    }
  if (augmentation->erase > 0 && base_random_unit(&random) < augmentation->erase)
    erase(&random, side, out);
  if (augmentation->noise > 0)
    add_noise(&random, (float)base_random_range(&random, 0, augmentation->noise), count, out);
}
