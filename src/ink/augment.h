/* The steps of augmentation, in the order of the way from the pen to the file. Inside src/ink and
 * its tests only.
 *
 * Pictures are side x side floats, 0 paper .. 1 full ink; each step keeps them there. Each draws
 * its own amount from `random`, evenly from nothing up to the most that it is given. */
#ifndef INK_AUGMENT_H
#define INK_AUGMENT_H

#include "ink/ink.h"

/* ---- the pen: augment_strokes.c ---- */

/* Strokes wider or narrower by up to `most` pixels. `a` and `b`: pictures to work in; returns the
 * one that holds the result, or `glyph` itself. */
const float *ink_change_stroke(base_random *random, double most, int side, const float *glyph,
                               float *a, float *b);
/* One or two gaps, up to `most` pixels wide, rather at the ends of strokes. */
void ink_break_strokes(base_random *random, double most, int side, float *glyph);

/* What a wrong box does to a glyph that is then framed as usual. */
typedef struct ink_crop {
  float zoom;             /* pixels of the old picture to one of the new */
  float shift_x, shift_y; /* of the centre of mass, in pixels of the old picture */
} ink_crop;
/* Each side of the box lies up to `most` pixels further in, which cuts ink off (a fifth of the box
 * at most), or out. */
ink_crop ink_cut_glyph(base_random *random, double most, int side, float *glyph);

/* ---- the paper: augment_scene.c ---- */

/* A smooth random field with mean 0: a cubic B-spline through knots of noise that lie `distance`
 * pixels apart (at least side / 60). `lines`: side * side floats to work in. */
void ink_draw_field(base_random *random, int side, float distance, float deviation, float *lines,
                    float *field);
/* Part of `other` (bytes, 255 = ink), which reaches in from a side by up to `most` pixels. */
void ink_add_neighbour(base_random *random, double most, int side, const uint8_t *other,
                       float *picture);
/* One or two nearly straight lines along the rows or columns, beside the middle, up to `most`
 * pixels thick. */
void ink_add_rules(base_random *random, double most, int side, float *picture);
/* A rectangle of 2 to 20 % of the area, at most three times as long as wide, becomes paper. */
void ink_erase(base_random *random, int side, float *picture);
/* Patches of shade up to the level `most`. `a` and `b`: pictures to work in. */
void ink_add_shade(base_random *random, double most, int side, float *picture, float *a, float *b);
/* Grain of a deviation up to `most`, one to three pixels wide, in ink and paper. */
void ink_add_texture(base_random *random, double most, int side, float *picture, float *a,
                     float *b);

/* ---- the camera: augment_camera.c; its blur is in blur.h ---- */

/* Seen through pixels up to `most` times as large: averaged, and enlarged again, smoothly or in
 * squares. */
void ink_pixelate(base_random *random, double most, int side, float *picture);
/* Ink paler by up to `most`. */
void ink_fade(base_random *random, double most, int side, float *picture);
/* Additive noise of a deviation up to `most`, clipped. */
void ink_add_noise(base_random *random, double most, int side, float *picture);
/* A share of up to `most` of the pixels becomes 0 or 1. */
void ink_add_salt(base_random *random, double most, int side, float *picture);
/* Black and white, at a threshold from 0.3 to 0.7. */
void ink_binarise(base_random *random, int side, float *picture);

/* ---- the file: augment_jpeg.c ---- */

/* What is left of a picture after JPEG at a quality of 1 to 100. The corner of its blocks of 8 x 8
 * lies at (left, top), 0 to 7. */
void ink_compress(int quality, int left, int top, int side, float *picture);

/* ---- for all of them ---- */

/* Without libm's care for what is no number, which costs a call. */
static inline float ink_larger(float a, float b) {
  return a > b ? a : b;
}

static inline float ink_smaller(float a, float b) {
  return a < b ? a : b;
}

static inline float ink_clamp(float value) {
  return ink_smaller(ink_larger(value, 0), 1);
}

static inline float ink_symmetric(base_random *random, double most) {
  return (float)base_random_range(random, -most, most);
}

static inline float ink_between(base_random *random, double low, double high) {
  return (float)base_random_range(random, low, high);
}

#endif
