/* From a grey picture to ink: paper becomes 0, ink 255.
 *
 * 0. Where a sheet of paper lies on a darker table, the sheet is the picture.
 * 1. light.c finds the paper's brightness at every place, and which of the two is the ink.
 * 2. Darkness = (light - grey) / light, so that ink in the shade is as dark as ink in the light.
 * 3. Noise is estimated from differences of neighbours and from the spread around the paper's
 *    level. While the ink does not stand out from it, the picture is smoothed a little more; ink
 *    that never stands out is none: the picture is blank.
 * 4. The ink's level is the one above which half of all squared darkness lies: it does not care how
 *    little of the picture is inked.
 * 5. isolate.c keeps the glyph alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ink/ink.h"
#include "ink/light.h"

enum {
  UNIT = 64,         /* darkness is kept in 1/64 grey levels */
  FULL = 255 * UNIT, /* black on white */
  BIN = 8,           /* units of darkness in a bin of a histogram */
  BINS = FULL / BIN + 1,
  LEAST_CONTRAST = 12, /* grey levels; below, differences are dirt or compression */
  MOST_SMOOTHING = 24, /* passes; each adds half a pixel to the variance of the blur */
  FRAMED_PEAK = 250,   /* a picture framed as MNIST's, inked as fully as they are, stays as it is */
};

#define LEAST_SIGNAL 5.0f /* ink level over deviation of the noise */
#define NOISE_FLOOR  2.5f /* deviations cut off from below */
/* Shade is brightened up to this part of the brightest light: further in, noise would grow with
 * it. */
#define DEEPEST_SHADE 0.4f

/* The darkness below which `share` of the histogram's counts lie. */
static int quantile(const uint32_t *histogram, double share) {
  double total = 0, sum = 0;
  for (int i = 0; i < BINS; ++i) total += histogram[i];
  for (int i = 0; i < BINS; ++i) {
    sum += histogram[i];
    if (sum > share * total) return i * BIN;
  }
  return FULL;
}

typedef struct levels {
  float paper, noise, ink; /* mean, deviation, strength over the paper */
} levels;

/* Work space for one picture. */
typedef struct work {
  int width, height;
  int16_t *darkness;   /* width x height */
  int16_t *line;       /* width */
  float *row;          /* width */
  uint32_t *histogram; /* BINS */
  ink_light *light;
  float least;  /* contrast, in units of darkness */
  float signal; /* ink level over deviation of the noise, at least */
  const ink_watcher *watcher;
} work;

static void fill_darkness(work *w, const uint8_t *grey, size_t stride) {
  bool light_ink = ink_light_find(w->light, grey, w->width, w->height, stride);
  uint8_t flip = light_ink ? 255 : 0;
  float darkest, brightest;
  ink_light_range(w->light, &darkest, &brightest);
  /* Light ink (chalk, a drawing on a dark screen) does not grow fainter with the brightness of what
   * it lies on. */
  float deepest = light_ink ? 255 : fmaxf(DEEPEST_SHADE * brightest, 1);
  float full = fmaxf(brightest, deepest);
  w->least = LEAST_CONTRAST * (float)FULL / fmaxf(full, 64);
  /* The noise of the whole is that of its middle brightness: in the shade there is more. */
  w->signal = LEAST_SIGNAL * (1 + full / fmaxf(darkest, deepest)) / 2;
  for (int y = 0; y < w->height; ++y, grey += stride) {
    int16_t *darkness = w->darkness + (size_t)y * (size_t)w->width;
    ink_light_row(w->light, y, w->width, w->row);
    for (int x = 0; x < w->width; ++x) {
      float light = w->row[x], level = (float)(grey[x] ^ flip);
      float dark = (light - level) * ((float)FULL / (light > deepest ? light : deepest));
      darkness[x] = (int16_t)(dark > FULL ? FULL : dark < -FULL ? -FULL : dark);
    }
  }
}

static void count(work *w, int darkness) {
  ++w->histogram[darkness < FULL ? darkness / BIN : BINS - 1];
}

static void clear(work *w) {
  memset(w->histogram, 0, BINS * sizeof *w->histogram);
}

/* Two estimates, of which the larger counts. A third of all differences of neighbours in white
 * noise are below 0.61 deviations, while strokes touch fewer than the other two thirds. Three
 * tenths of all levels are within 0.385 deviations of the mean, also for noise that is not white.
 * Low quantiles, because in a closely cut picture most pixels may be ink or its edge. */
static float find_noise(work *w, int paper) {
  clear(w);
  for (int y = 0; y < w->height; ++y) {
    const int16_t *row = w->darkness + (size_t)y * (size_t)w->width;
    for (int x = 0; x + 1 < w->width; ++x) count(w, abs(row[x + 1] - row[x]));
  }
  float white = (float)quantile(w->histogram, 1.0 / 3) / 0.609f;
  clear(w);
  size_t pixels = (size_t)w->width * (size_t)w->height;
  for (size_t i = 0; i < pixels; ++i) count(w, abs(w->darkness[i] - paper));
  float spread = (float)quantile(w->histogram, 0.3) / 0.385f;
  return white > spread ? white : spread;
}

static levels measure(work *w) {
  levels found = {0};
  size_t pixels = (size_t)w->width * (size_t)w->height;
  clear(w);
  for (size_t i = 0; i < pixels; ++i) count(w, w->darkness[i] > 0 ? w->darkness[i] : 0);
  /* The median of the lighter class. */
  int threshold = ink_otsu(w->histogram, BINS), paper = 0;
  double lighter = 0, sum = 0;
  for (int i = 0; i < threshold && i < BINS; ++i) lighter += w->histogram[i];
  while (paper < threshold && (sum += w->histogram[paper]) <= lighter / 2) ++paper;
  paper *= BIN;
  found.paper = (float)paper;
  found.noise = find_noise(w, paper);

  float least = found.paper + fmaxf(w->least, 4 * found.noise);
  clear(w);
  for (size_t i = 0; i < pixels; ++i)
    if (w->darkness[i] > least) count(w, w->darkness[i]);
  double energy = 0, part = 0;
  for (int i = 0; i < BINS; ++i) energy += (double)w->histogram[i] * i * i;
  for (int i = 0; i < BINS && part < energy / 2; ++i) {
    part += (double)w->histogram[i] * i * i;
    found.ink = (float)(i * BIN) - found.paper;
  }
  return found;
}

/* One pass of the binomial filter 1 2 1 in both directions, in place. */
static void smooth(work *w) {
  size_t width = (size_t)w->width;
  for (int y = 0; y < w->height; ++y) {
    int16_t *row = w->darkness + (size_t)y * width, before = row[0];
    for (size_t x = 0; x < width; ++x) {
      int16_t here = row[x], after = row[x + 1 < width ? x + 1 : x];
      row[x] = (int16_t)((before + 2 * here + after) / 4);
      before = here;
    }
  }
  memcpy(w->line, w->darkness, width * sizeof *w->line);
  for (int y = 0; y < w->height; ++y) {
    int16_t *row = w->darkness + (size_t)y * width;
    const int16_t *next = y + 1 < w->height ? row + width : row;
    for (size_t x = 0; x < width; ++x) {
      int16_t here = row[x];
      row[x] = (int16_t)((w->line[x] + 2 * here + next[x]) / 4);
      w->line[x] = here;
    }
  }
}

/* Smooths until the ink stands out; false when it never does. */
static bool find_levels(work *w, levels *found) {
  int side = w->width < w->height ? w->width : w->height;
  /* A blur of a fortieth of the picture leaves strokes standing; small pictures bear a little
   * more. */
  int passes = side < 133 ? 2 + side * side / 800 : MOST_SMOOTHING;
  for (int pass = 0;; ++pass) {
    *found = measure(w);
    if (found->ink >= w->least && found->ink >= w->signal * found->noise) return true;
    if (pass >= passes) return false;
    smooth(w);
  }
}

static void to_ink(const work *w, levels found, ink_image *image) {
  float low = fminf(NOISE_FLOOR * found.noise, found.ink / 3);
  float gain = 255 / (found.ink - low), offset = found.paper + low;
  const int16_t *darkness = w->darkness;
  for (int y = 0; y < image->height; ++y) {
    uint8_t *row = image->pixels + (size_t)y * image->stride;
    for (int x = 0; x < image->width; ++x) {
      float level = ((float)*darkness++ - offset) * gain + 0.5f;
      row[x] = (uint8_t)(level > 255 ? 255 : level < 0 ? 0 : level);
    }
  }
}

/* Pen strokes have edges: somewhere the level changes by a good part of its range within a
 * thirtieth of the picture. Shading that the estimate of the light left over does not. */
static bool has_edges(const ink_image *image) {
  enum { PART = 32, LEAST_CHANGE = 96 };
  int side = image->width > image->height ? image->width : image->height;
  int reach = side / PART > 1 ? side / PART : 1;
  for (int y = 0; y < image->height; ++y) {
    const uint8_t *row = image->pixels + (size_t)y * image->stride;
    const uint8_t *next = y + reach < image->height ? row + (size_t)reach * image->stride : row;
    for (int x = 0; x < image->width; ++x) {
      int right = x + reach < image->width ? x + reach : x;
      if (abs(row[x] - row[right]) >= LEAST_CHANGE || abs(row[x] - next[x]) >= LEAST_CHANGE)
        return true;
    }
  }
  return false;
}

static void wipe_all(ink_image *image) {
  for (int y = 0; y < image->height; ++y)
    memset(image->pixels + (size_t)y * image->stride, 0, (size_t)image->width);
}

/* A picture that is framed as MNIST's already is copied, in either polarity. */
static bool copy_framed(const uint8_t *grey, size_t stride, ink_image *image) {
  if (image->width != INK_GLYPH_SIDE || image->height != INK_GLYPH_SIDE) return false;
  for (int flip = 0; flip <= 255; flip += 255) {
    uint8_t peak = 0;
    for (int y = 0; y < image->height; ++y)
      for (int x = 0; x < image->width; ++x) {
        uint8_t level = (uint8_t)(grey[(size_t)y * stride + (size_t)x] ^ flip);
        image->pixels[(size_t)y * image->stride + (size_t)x] = level;
        if (level > peak) peak = level;
      }
    if (peak >= FRAMED_PEAK && ink_is_normalised(image)) return true;
  }
  return false;
}

static scrawl_status see(const ink_watcher *watcher, const char *step, const ink_image *image,
                         base_error *error) {
  return watcher ? watcher->see(watcher->argument, step, image, error) : SCRAWL_OK;
}

/* Darkness as a picture, in the place of the ink that follows. */
static scrawl_status see_darkness(const work *w, const char *step, ink_image *image,
                                  base_error *error) {
  if (!w->watcher) return SCRAWL_OK;
  const int16_t *darkness = w->darkness;
  for (int y = 0; y < image->height; ++y) {
    uint8_t *row = image->pixels + (size_t)y * image->stride;
    for (int x = 0; x < image->width; ++x, ++darkness)
      row[x] = (uint8_t)(*darkness > 0 ? *darkness / UNIT : 0);
  }
  return see(w->watcher, step, image, error);
}

/* Steps 1 to 5, with room to work in. */
static scrawl_status clean_within(work *w, const uint8_t *grey, size_t stride, ink_image *image,
                                  base_error *error) {
  levels found;
  fill_darkness(w, grey, stride);
  BASE_TRY(see_darkness(w, "light", image, error));
  bool inked = find_levels(w, &found);
  BASE_TRY(see_darkness(w, "noise", image, error));
  if (inked) {
    to_ink(w, found, image);
    BASE_TRY(see(w->watcher, "ink", image, error));
  }
  if (inked && has_edges(image)) return ink_isolate(image, error);
  wipe_all(image);
  return SCRAWL_OK;
}

/* `image` has its size already. */
static scrawl_status clean(const uint8_t *grey, size_t stride, const ink_watcher *watcher,
                           ink_image *image, base_error *error) {
  if (copy_framed(grey, stride, image)) return see(watcher, "glyph", image, error);
  size_t width = (size_t)image->width;
  work w = {.width = image->width, .height = image->height, .watcher = watcher};
  w.darkness = base_alloc((size_t)image->height, width * sizeof *w.darkness);
  w.line = base_alloc(width, sizeof *w.line);
  w.row = base_alloc(width, sizeof *w.row);
  w.histogram = base_alloc(BINS, sizeof *w.histogram);
  w.light = base_alloc(1, sizeof *w.light);
  scrawl_status status = SCRAWL_OK;
  if (!w.darkness || !w.line || !w.row || !w.histogram || !w.light) {
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY,
                       "no memory to clean a picture of %d x %d pixels", w.width, w.height);
  } else {
    status = clean_within(&w, grey, stride, image, error);
    if (status == SCRAWL_OK) status = see(watcher, "glyph", image, error);
  }
  base_free(w.darkness);
  base_free(w.line);
  base_free(w.row);
  base_free(w.histogram);
  base_free(w.light);
  return status;
}

/* Reads the sheet as a picture of its own. One without ink was none, and leaves `image` blank. */
static scrawl_status clean_sheet(const uint8_t *grey, size_t stride, ink_box inside,
                                 const ink_watcher *watcher, ink_image *image, base_error *error) {
  ink_image sheet = {inside.width, inside.height, image->stride,
                     image->pixels + (size_t)inside.y * image->stride + (size_t)inside.x};
  return clean(grey + (size_t)inside.y * stride + (size_t)inside.x, stride, watcher, &sheet, error);
}

scrawl_status ink_from_grey(const uint8_t *grey, int width, int height, size_t stride,
                            const ink_watcher *watcher, ink_image *image, base_error *error) {
  ink_box inside, found;
  BASE_TRY(ink_image_create(width, height, image, error));
  scrawl_status status = SCRAWL_OK;
  ink_light *light = base_alloc(1, sizeof *light);
  if (!light)
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to clean a picture");
  else if (ink_light_find_sheet(light, grey, width, height, stride, &inside))
    status = clean_sheet(grey, stride, inside, watcher, image, error);
  base_free(light);
  if (status == SCRAWL_OK && !ink_find(image, &found))
    status = clean(grey, stride, watcher, image, error);
  if (status != SCRAWL_OK) {
    base_free(image->pixels);
    *image = (ink_image){0};
  }
  return status;
}
