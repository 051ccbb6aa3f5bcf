/* Damage of a known kind and amount, to measure how a model's accuracy falls with it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ink/blur.h"
#include "ink/ink.h"

static const struct {
  const char *name;
  double most; /* beyond this a picture says nothing any more */
} KINDS[] = {
    [INK_NOISE_GAUSSIAN] = {"gaussian", 10},
    [INK_NOISE_SALT] = {"salt", 1},
    [INK_NOISE_BLUR] = {"blur", 10},
};

scrawl_status ink_noise_parse(const char *text, ink_noise *noise, base_error *error) {
  *noise = (ink_noise){INK_NOISE_NONE, 0};
  const char *colon = strchr(text, ':');
  size_t length = colon ? (size_t)(colon - text) : strlen(text);
  for (int kind = INK_NOISE_GAUSSIAN; kind <= INK_NOISE_BLUR; ++kind) {
    const char *name = KINDS[kind].name;
    if (strlen(name) != length || memcmp(name, text, length) != 0) continue;
    char *end = NULL;
    double amount = colon ? strtod(colon + 1, &end) : NAN;
    if (!colon || end == colon + 1 || *end || !(amount >= 0 && amount <= KINDS[kind].most))
      return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                       "noise \"%s\": the amount must be a number from 0 to %g, as in \"%s:0.2\"",
                       text, KINDS[kind].most, name);
    noise->amount = amount;
    noise->kind = (ink_noise_kind)kind;
    return SCRAWL_OK;
  }
  return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                   "noise \"%s\" is not known: use gaussian:DEVIATION, salt:SHARE or "
                   "blur:PIXELS, as in \"gaussian:0.2\"",
                   text);
}

static float clip(float value) {
  return fminf(fmaxf(value, 0), 1);
}

static void add_gaussian(base_random *random, double deviation, int count, float *glyph) {
  for (int i = 0; i < count; ++i)
    glyph[i] = clip(glyph[i] + (float)(deviation * base_random_normal(random)));
}

static void add_salt(base_random *random, double share, int count, float *glyph) {
  for (int i = 0; i < count; ++i)
    if (base_random_unit(random) < share) glyph[i] = (float)base_random_below(random, 2);
}

void ink_noise_apply(ink_noise noise, base_random random, int side, float *glyph) {
  float spare[INK_GLYPH_PIXELS];
  switch (noise.kind) {
  case INK_NOISE_NONE:
    return;
  case INK_NOISE_GAUSSIAN:
    add_gaussian(&random, noise.amount, side * side, glyph);
    return;
  case INK_NOISE_SALT:
    add_salt(&random, noise.amount, side * side, glyph);
    return;
  case INK_NOISE_BLUR:
    if (side == INK_GLYPH_SIDE) ink_blur_gaussian(noise.amount, side, glyph, spare);
    return;
  }
}
