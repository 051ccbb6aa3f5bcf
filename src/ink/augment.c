/* Augmentation: one new picture of a glyph from an old one, changed as the world would: by the pen,
 * the place, the paper, the camera and the file, in this order.
 *
 * Stroke width first, on the untouched pixels: grey-level dilation or erosion by a cross, blended
 * with the original for widths between whole pixels. Then every change of place in one resampling,
 * so that it blurs once: for each new pixel
 *
 *   source = centre + A (pixel - centre) / (1 + p (pixel - centre)) + shift + elastic(pixel),
 *   A = rotation * shear * scale, p = perspective
 *
 * read by Catmull-Rom interpolation, where the ink is: most of a glyph's picture is paper. The
 * elastic field (Simard, Steinkraus, Platt 2003: white noise smoothed by a Gaussian) is made as a
 * cubic B-spline over a coarse grid of noise: a B-spline of knot distance h is as wide as a
 * Gaussian of deviation h / sqrt(3), at a fraction of the cost. All other damage follows on the new
 * pixels (augment.h lists it).
 *
 * What has a chance draws from a stream of its own, so that switching one kind on or off changes
 * no other; the oldest kinds share one stream, in which the order is fixed. */
#include <math.h>
#include <string.h>

#include "ink/augment.h"
#include "ink/blur.h"

/* Streams of what has one of its own. */
enum {
  GAP,
  CROP,
  PERSPECTIVE,
  NEIGHBOUR,
  RULE,
  SHADE,
  TEXTURE,
  BLUR,
  MOTION,
  PIXELATE,
  CONTRAST,
  NOISE,
  SALT,
  JPEG,
  BINARISE,
};

/* Pictures to work in. */
typedef struct work {
  const ink_augmentation *amounts;
  const base_random *streams; /* their parent */
  int side;
  float *a, *b, *c, *d;
} work;

/* Four neighbours in a row. */
typedef float quad __attribute__((vector_size(16)));
typedef float quad_at __attribute__((vector_size(16), aligned(4), may_alias));

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
  return (reach){ink_larger((float)left - 2, -1), ink_larger((float)top - 2, -1),
                 ink_smaller((float)right + 2, (float)side),
                 ink_smaller((float)bottom + 2, (float)side)};
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
    return ink_clamp((sum[0] + sum[1]) + (sum[2] + sum[3]));
  }
  float sum = 0;
  for (int j = 0; j < 4; ++j)
    for (int i = 0; i < 4; ++i) {
      int at_x = left - 1 + i, at_y = top - 1 + j;
      if (at_x >= 0 && at_y >= 0 && at_x < side && at_y < side)
        sum += wy[j] * wx[i] * glyph[at_y * side + at_x];
    }
  return ink_clamp(sum);
}

/* Whether a kind of damage happens to this picture; its stream is then where its amounts come
 * from. */
static bool happens(const work *w, uint64_t kind, double amount, double chance,
                    base_random *stream) {
  if (!(amount > 0)) return false;
  *stream = base_random_split(w->streams, kind);
  return !(chance > 0) || base_random_unit(stream) < chance;
}

/* The glyph with what happened to it before it was placed. */
static const float *make_source(work *w, base_random *random, const float *glyph, ink_crop *crop) {
  const ink_augmentation *amounts = w->amounts;
  base_random gap, cut;
  bool broken = happens(w, GAP, amounts->gap, amounts->gap_chance, &gap);
  bool cropped = happens(w, CROP, amounts->crop, amounts->crop_chance, &cut);
  const float *from = glyph;
  *crop = (ink_crop){1, 0, 0};
  if (amounts->stroke > 0)
    from = ink_change_stroke(random, amounts->stroke, w->side, glyph, w->a, w->b);
  if (!broken && !cropped) return from;
  float *source = from == w->b ? w->b : w->a;
  if (from == glyph) memcpy(source, glyph, (size_t)(w->side * w->side) * sizeof *glyph);
  if (broken) ink_break_strokes(&gap, amounts->gap, w->side, source);
  if (cropped) *crop = ink_cut_glyph(&cut, amounts->crop, w->side, source);
  return source;
}

/* Draws the change of place and makes the new picture by it. */
static void place(work *w, base_random *random, const float *from, ink_crop crop, float *out) {
  const ink_augmentation *amounts = w->amounts;
  const int side = w->side;
  const float radian = 0.01745329f;
  float angle = ink_symmetric(random, amounts->rotation) * radian;
  float scale_x = crop.zoom / (1 + ink_symmetric(random, amounts->scale));
  float scale_y = crop.zoom / (1 + ink_symmetric(random, amounts->scale));
  float shear = ink_symmetric(random, amounts->shear);
  float shift_x = crop.shift_x + ink_symmetric(random, amounts->shift);
  float shift_y = crop.shift_y + ink_symmetric(random, amounts->shift);
  float xx = cosf(angle) * scale_x, xy = (cosf(angle) * shear - sinf(angle)) * scale_y;
  float yx = sinf(angle) * scale_x, yy = (sinf(angle) * shear + cosf(angle)) * scale_y;

  bool elastic = amounts->elastic > 0;
  if (elastic) {
    float distance = ink_larger((float)amounts->elastic_sigma * 1.7320508f, 2);
    float deviation = ink_between(random, 0, amounts->elastic);
    ink_draw_field(random, side, distance, deviation, out, w->c);
    ink_draw_field(random, side, distance, deviation, out, w->d);
  }
  float near_x = 0, near_y = 0;
  base_random stream;
  bool perspective = happens(w, PERSPECTIVE, amounts->perspective, 0, &stream);
  if (perspective) {
    near_x = ink_symmetric(&stream, amounts->perspective) * 2 / (float)side;
    near_y = ink_symmetric(&stream, amounts->perspective) * 2 / (float)side;
  }
  const reach ink = reach_of(from, side);
  const float centre = (float)side / 2; /* where normalisation puts the centre of mass */
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      float u = (float)x - centre, v = (float)y - centre;
      if (perspective) {
        float nearer = 1 / ink_larger(1 + near_x * u + near_y * v, 0.1f);
        u *= nearer;
        v *= nearer;
      }
      float at_x = centre + xx * u + xy * v + shift_x, at_y = centre + yx * u + yy * v + shift_y;
      if (elastic) {
        at_x += w->c[y * side + x];
        at_y += w->d[y * side + x];
      }
      out[y * side + x] = sample(from, side, ink, at_x, at_y);
    }
}

static void change_paper(work *w, base_random *random, const uint8_t *neighbour, float *out) {
  const ink_augmentation *amounts = w->amounts;
  const int side = w->side;
  base_random stream;
  if (neighbour && happens(w, NEIGHBOUR, amounts->neighbour, amounts->neighbour_chance, &stream))
    ink_add_neighbour(&stream, amounts->neighbour, side, neighbour, out);
  if (happens(w, RULE, amounts->rule, amounts->rule_chance, &stream))
    ink_add_rules(&stream, amounts->rule, side, out);
  if (amounts->erase > 0 && base_random_unit(random) < amounts->erase) ink_erase(random, side, out);
  if (happens(w, SHADE, amounts->shade, amounts->shade_chance, &stream))
    ink_add_shade(&stream, amounts->shade, side, out, w->a, w->b);
  if (happens(w, TEXTURE, amounts->texture, amounts->texture_chance, &stream))
    ink_add_texture(&stream, amounts->texture, side, out, w->a, w->b);
}

static void take_picture(work *w, base_random *random, float *out) {
  const ink_augmentation *amounts = w->amounts;
  const int side = w->side;
  base_random stream;
  if (happens(w, BLUR, amounts->blur, amounts->blur_chance, &stream))
    ink_blur_gaussian(base_random_range(&stream, 0, amounts->blur), side, out, w->a);
  if (happens(w, MOTION, amounts->motion, amounts->motion_chance, &stream)) {
    double length = base_random_range(&stream, 1, fmax(amounts->motion, 1));
    ink_blur_motion(length, base_random_range(&stream, 0, 3.14159265), side, out, w->a);
  }
  if (happens(w, PIXELATE, amounts->pixelate, amounts->pixelate_chance, &stream))
    ink_pixelate(&stream, amounts->pixelate, side, out);
  if (happens(w, CONTRAST, amounts->contrast, amounts->contrast_chance, &stream))
    ink_fade(&stream, amounts->contrast, side, out);
  if (happens(w, NOISE, amounts->noise, amounts->noise_chance, &stream))
    ink_add_noise(random, amounts->noise, side, out);
  if (happens(w, SALT, amounts->salt, amounts->salt_chance, &stream))
    ink_add_salt(&stream, amounts->salt, side, out);
  if (happens(w, JPEG, amounts->jpeg, amounts->jpeg_chance, &stream)) {
    int quality = 100 - (int)ink_between(&stream, 0, amounts->jpeg);
    int left = (int)base_random_below(&stream, 8), top = (int)base_random_below(&stream, 8);
    ink_compress(quality < 1 ? 1 : quality, left, top, side, out);
  }
  if (happens(w, BINARISE, amounts->binarise, amounts->binarise, &stream))
    ink_binarise(&stream, side, out);
}

void ink_augment(const ink_augmentation *augmentation, base_random random, int side,
                 const float *glyph, const uint8_t *neighbour, float *out, float *scratch) {
  const base_random streams = random;
  const int count = side * side;
  work w = {.amounts = augmentation,
            .streams = &streams,
            .side = side,
            .a = scratch,
            .b = scratch + count,
            .c = scratch + 2 * count,
            .d = scratch + 3 * count};
  ink_crop crop;
  const float *source = make_source(&w, &random, glyph, &crop);
  place(&w, &random, source, crop, out);
  change_paper(&w, &random, neighbour, out);
  take_picture(&w, &random, out);
}
