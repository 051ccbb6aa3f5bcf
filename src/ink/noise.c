/* Damage on request, as those who compare models under noise have published it.
 *
 *   awgn      white Gaussian noise added to pixels in 0..1 and clipped
 *   n-MNIST   Basu et al., "Learning sparse feature representations using probabilistic quadtrees
 *             and deep belief nets", Neural Processing Letters 45 (2017): noise at a ratio of
 *             9.5 dB; motion blur over 5 pixels at 15 degrees counter-clockwise; contrast halved,
 *             with noise at 12 dB. What power the ratio is of is not said: taken is that of
 *             MATLAB's awgn(x, ratio) of pixels in 0..1, a signal of power 1, so that
 *             deviation = 10^(-ratio / 20).
 *   MNIST-C   Mu and Gilmer, "MNIST-C: a robustness benchmark for computer vision" (2019): fifteen
 *             kinds, each with the severity of their data set.
 *
 * All amounts are those published; the draws are our own, so that pictures differ from the
 * published ones while their statistics agree. Theirs were rounded to 256 levels, ours are not. */
#include "ink/noise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool awgn(double deviation, base_random *random, float *glyph) {
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i)
    glyph[i] += (float)(deviation * base_random_normal(random));
  return true;
}

static bool awgn_at_ratio(double decibels, base_random *random, float *glyph) {
  return awgn(pow(10, -decibels / 20), random, glyph);
}

static bool contrast_and_awgn(double decibels, base_random *random, float *glyph) {
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i) glyph[i] *= 0.5f;
  return awgn_at_ratio(decibels, random, glyph);
}

/* A Poisson number: how many uniform numbers can be multiplied before the product falls below
 * exp(-mean) (Knuth). */
static int poisson(base_random *random, double mean) {
  double product = 1, limit = exp(-mean);
  int count = -1;
  do {
    product *= base_random_unit(random);
    ++count;
  } while (product > limit);
  return count;
}

static bool shot(double photons, base_random *random, float *glyph) {
  if (photons <= 0) return true;
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i)
    if (glyph[i] > 0) glyph[i] = (float)(poisson(random, glyph[i] * photons) / photons);
  return true;
}

static bool impulse(double share, base_random *random, float *glyph) {
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i)
    if (base_random_unit(random) < share) glyph[i] = (float)base_random_below(random, 2);
  return true;
}

static bool brightness(double level, base_random *random, float *glyph) {
  (void)random;
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i) glyph[i] += (float)level;
  return true;
}

#define N "n-MNIST"
#define C "MNIST-C"

const ink_noise_kind INK_NOISE_KINDS[] = {
    {"awgn", "deviation", 0.5, 10, "", awgn},
    {"blur", "deviation in pixels", 1, 8, "", ink_noise_blur},
    {"n-mnist-awgn", "ratio in dB", 9.5, 100, N, awgn_at_ratio},
    {"motion", "length in pixels", 5, 28, N, ink_noise_motion},
    {"contrast+awgn", "ratio in dB", 12, 100, N, contrast_and_awgn},
    {"shot", "photons at full ink", 3, 100, C, shot},
    {"impulse", "share of pixels", 0.17, 1, C, impulse},
    {"glass-blur", "deviation in pixels", 0.7, 8, C, ink_noise_glass_blur},
    {"motion-blur", "deviation in pixels", 3, 20, C, ink_noise_motion_blur},
    {"shear", "radians", 0.4, 1.5, C, ink_noise_shear},
    {"scale", "factor", 0.7, 4, C, ink_noise_scale},
    {"rotate", "radians", 0.4, 3.2, C, ink_noise_rotate},
    {"brightness", "level", 0.5, 1, C, brightness},
    {"translate", "pixels", 3, 28, C, ink_noise_translate},
    {"stripe", NULL, 0, 0, C, ink_noise_stripe},
    {"fog", "strength", 3, 100, C, ink_noise_fog},
    {"spatter", NULL, 0, 0, C, ink_noise_spatter},
    {"dotted-line", NULL, 0, 0, C, ink_noise_dotted_line},
    {"zigzag", NULL, 0, 0, C, ink_noise_zigzag},
    {"canny-edges", "deviation in pixels", 1, 8, C, ink_noise_canny_edges},
    {.name = NULL},
};

static scrawl_status unknown_kind(const char *text, base_error *error) {
  char names[320] = "";
  for (const ink_noise_kind *kind = INK_NOISE_KINDS; kind->name; ++kind) {
    size_t used = strlen(names);
    snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", kind->name);
  }
  return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                   "noise \"%.64s\" is none of %s, with an amount as in \"awgn:0.5\"", text, names);
}

scrawl_status ink_noise_parse(const char *text, ink_noise *noise, base_error *error) {
  *noise = (ink_noise){NULL, 0};
  size_t length = strcspn(text, ":");
  const ink_noise_kind *kind = INK_NOISE_KINDS;
  while (kind->name && (strlen(kind->name) != length || memcmp(kind->name, text, length) != 0))
    ++kind;
  if (!kind->name) return unknown_kind(text, error);
  double amount = kind->usual;
  if (text[length]) {
    if (!kind->amount)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "noise \"%.64s\": %s takes no amount", text,
                       kind->name);
    char *end;
    amount = strtod(text + length + 1, &end);
    if (end == text + length + 1 || *end || !(amount >= 0 && amount <= kind->most))
      return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                       "noise \"%.64s\": the %s must be a number from 0 to %g, as in \"%s:%g\"",
                       text, kind->amount, kind->most, kind->name, kind->usual);
  }
  *noise = (ink_noise){kind, amount};
  return SCRAWL_OK;
}

scrawl_status ink_noise_apply(ink_noise noise, base_random random, float glyph[INK_GLYPH_PIXELS],
                              base_error *error) {
  if (!noise.kind) return SCRAWL_OK;
  if (!noise.kind->damage(noise.amount, &random, glyph))
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for noise \"%s\"", noise.kind->name);
  for (int i = 0; i < INK_GLYPH_PIXELS; ++i) glyph[i] = fminf(fmaxf(glyph[i], 0), 1);
  return SCRAWL_OK;
}
