/* Ink: grey pictures of handwriting with full ink = 255 and paper = 0 (as MNIST stores them), and
 * what is done to them before a network sees them. Core: no file, no library. */
#ifndef INK_INK_H
#define INK_INK_H

#include "base/error.h"
#include "base/random.h"

enum { INK_GLYPH_SIDE = 28, INK_GLYPH_PIXELS = 28 * 28 };

/* A view: rows are `stride` bytes apart; whoever made it owns the pixels. */
typedef struct ink_image {
  int width, height;
  size_t stride;
  uint8_t *pixels;
} ink_image;

typedef struct ink_box {
  int x, y, width, height;
} ink_box;

/* Allocates width x height with stride = width, cleared; free with base_free(image->pixels). */
scrawl_status ink_image_create(int width, int height, ink_image *image, base_error *error);

/* Who wants to see the picture after each step of its cleaning: "light" and "noise" evened out,
 * "ink" against paper, the "glyph" alone. What `see` fails with, the cleaning fails with. */
typedef struct ink_watcher {
  scrawl_status (*see)(void *argument, const char *step, const ink_image *image, base_error *error);
  void *argument;
} ink_watcher;

/* From ordinary grey (0 black .. 255 white) to ink: finds polarity, evens out the light, smooths
 * away noise, stretches so that the paper becomes 0 and common ink 255, and keeps only the glyph
 * (ink_isolate). All 0 when there is none: blank paper, a gradient, mere noise. `watcher`
 * NULL: nobody looks on. */
scrawl_status ink_from_grey(const uint8_t *grey, int width, int height, size_t stride,
                            const ink_watcher *watcher, ink_image *image, base_error *error);
/* Wipes out, in place, what is not part of the one glyph: frames, shadows at the border, specks. */
scrawl_status ink_isolate(ink_image *image, base_error *error);

/* True for a picture that is framed as MNIST frames it already (28x28, longer side 20, centre of
 * mass in the middle). */
bool ink_is_normalised(const ink_image *image);

/* The smallest box around the ink of a clean picture; false when there is none (blank). */
bool ink_find(const ink_image *image, ink_box *box);
/* The smallest box around both; an empty one counts as a place. */
ink_box ink_box_join(ink_box a, ink_box b);

/* As MNIST was made (LeCun et al. 1998): the ink's box scaled with anti-aliasing into 20x20 keeping
 * its shape, then placed by its centre of mass in 28x28. Levels keep their grey. `glyph`: 784
 * bytes. */
void ink_normalise_glyph(const ink_image *image, ink_box box, uint8_t glyph[INK_GLYPH_PIXELS]);

/* Augmentation of one glyph for training: every amount is the largest change, drawn anew for each
 * picture; 0 switches it off. A chance is the share of the pictures that are changed in that way at
 * all; 0: every one. */
typedef struct ink_augmentation {
  double rotation; /* degrees */
  double scale;    /* relative, e.g. 0.1: 0.9 .. 1.1, each axis */
  double shear;    /* tangent of the slant */
  double shift;    /* pixels */
  /* displacement in pixels (Simard et al. 2003), smoothed with elastic_sigma pixels */
  double elastic;
  double elastic_sigma;
  double stroke; /* pixels: thinner or thicker strokes, by grey-level morphology */
  double noise;  /* deviation of additive white Gaussian noise, 1 = full ink */
  double erase;  /* chance of a random rectangle wiped out (Zhong et al. 2020) */

  double perspective;     /* relative: how much nearer an edge of the picture is than its middle */
  double gap, gap_chance; /* pixels: strokes broken by one or two gaps this wide */
  double crop, crop_chance; /* pixels: each side of the glyph's box too far in or out */
  /* pixels: how far a piece of another picture reaches in from a side */
  double neighbour, neighbour_chance;
  double rule, rule_chance;         /* pixels: thickness of ruled lines left over */
  double shade, shade_chance;       /* level of patches of shade left over, 1 = full ink */
  double texture, texture_chance;   /* deviation of the paper's grain */
  double blur, blur_chance;         /* pixels: deviation of a Gaussian */
  double motion, motion_chance;     /* pixels: length of the path, in any direction */
  double pixelate, pixelate_chance; /* side of the coarser pixels, in pixels */
  double contrast, contrast_chance; /* the share of the ink's level that is lost */
  double noise_chance;
  double salt, salt_chance; /* the share of pixels that become black or white */
  double jpeg, jpeg_chance; /* 100 less the lowest quality */
  double binarise;          /* chance of a hard threshold */
  double pair; /* chance that a picture of no glyph is made anew of two others side by side */
} ink_augmentation;

/* `glyph` and `out` hold side x side floats 0..1; `out` may not be `glyph`. `neighbour`: another
 * picture of side x side bytes, 255 = ink, to take a piece of; NULL: none is. `scratch`: 4 * side *
 * side floats. */
void ink_augment(const ink_augmentation *augmentation, base_random random, int side,
                 const float *glyph, const uint8_t *neighbour, float *out, float *scratch);

/* Two glyphs of 784 bytes side by side, touching or nearly, framed as if they were one: what a
 * string that is cut wrongly holds. False when one of them is blank; `pair` is then untouched. */
bool ink_pair(const uint8_t *left, const uint8_t *right, base_random random, uint8_t *pair);

/* Damage of a known kind and amount, to measure how a model's accuracy falls with it. */
typedef struct ink_noise_kind {
  const char *name;
  const char *amount; /* what the amount is, in a word or two; NULL: the kind has none */
  double usual, most; /* the amount without one named; the largest, more says nothing any more */
  const char *source; /* who published it with this amount, "" for none */
  /* `glyph`: INK_GLYPH_PIXELS floats 0..1, in place and not yet clipped. False: no memory. */
  bool (*damage)(double amount, base_random *random, float *glyph);
} ink_noise_kind;
/* All of them, ended by one without a name. */
extern const ink_noise_kind INK_NOISE_KINDS[];

typedef struct ink_noise {
  const ink_noise_kind *kind; /* NULL: none */
  double amount;
} ink_noise;
/* "awgn", with the usual amount, or "awgn:0.5". INVALID_ARGUMENT names the kinds or the range. */
scrawl_status ink_noise_parse(const char *text, ink_noise *noise, base_error *error);
/* Damages a glyph and clips it to 0..1. OUT_OF_MEMORY. */
scrawl_status ink_noise_apply(ink_noise noise, base_random random, float glyph[INK_GLYPH_PIXELS],
                              base_error *error);

#endif
