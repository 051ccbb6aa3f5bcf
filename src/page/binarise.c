/* Where ink is: from darkness to a mask, and to levels that a recogniser can use.
 *
 * Noise is estimated from the differences of neighbours (a third of them are below 0.61 deviations
 * in white noise, and strokes touch fewer than the other two thirds); single black or white pixels
 * are taken out by a median, and a binomial filter smooths until ink stands out from noise.
 *
 * The picture has been flattened, so Otsu's and Sauvola's question (which level parts ink from
 * paper here?) has half its answer: paper is known. The other half is how dark ink is nearby, its
 * strength S: the contraharmonic mean of all that is darker than noise, sum(d^2) / sum(d), over
 * tiles of 32 pixels and their neighbours. Ink is what is darker than a given part of the way to
 * S. So pencil is found beside pen, and the blurred rim of a thick stroke does not fill its
 * loops. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "page/prepare.h"

enum {
  LEAST_CONTRAST = 14, /* levels of darkness; below, differences are dirt or compression */
  LEAST_FAINT = 8,
  MOST_SMOOTHING = 4,
  SPIKE = 70, /* levels from all four neighbours */
  MOST_WEAK = 180,
  LEAST_PIXELS = 6, /* of ink in a tile, to count */
  BAND = 64,        /* rows a task */
};

#define WEAK_SIGNAL  4.0 /* deviations of the noise */
#define FAINT_SIGNAL 3.0
#define LEAST_SIGNAL 6.0   /* of common ink */
#define SPIKY        0.004 /* share of pixels */
#define MOST_GAIN    2.5f  /* how much more faint ink is strengthened than common ink */

static double noise_within(const ink_image *dark, ink_box box) {
  uint32_t histogram[256] = {0};
  double total = 0, sum = 0;
  for (int y = box.y; y < box.y + box.height; y += 2) {
    const uint8_t *row = dark->pixels + (size_t)y * dark->stride;
    for (int x = box.x; x + 1 < box.x + box.width; ++x) ++histogram[abs(row[x + 1] - row[x])];
    total += box.width - 1;
  }
  if (total <= 0) return 0;
  int i = 0;
  for (; i < 255 && sum + histogram[i] <= total / 3; ++i) sum += histogram[i];
  /* Levels are whole: a difference of 0 stands for less than a half. */
  double level = i + (total / 3 - sum) / histogram[i] - 0.5;
  return level > 0 ? level / 0.609 : 0;
}

/* Deviation of paper that has been smoothed, or has a texture: in the shortest interval of levels
 * that holds three tenths of them, which is 0.77 deviations long. It may lie anywhere, so that what
 * is left of a shadow does not count, nor does ink, while it is less than the paper. */
static double spread_within(const ink_image *dark, ink_box box) {
  uint32_t histogram[256] = {0};
  double total = 0, before = 0, most = 0;
  for (int y = box.y; y < box.y + box.height; y += 2) {
    const uint8_t *row = dark->pixels + (size_t)y * dark->stride;
    for (int x = box.x; x < box.x + box.width; ++x) ++histogram[row[x]];
    total += box.width;
  }
  if (total <= 0) return 0;
  int length = 0;
  while (most < 0.3 * total) {
    uint32_t sum = 0, largest = 0;
    ++length;
    for (int i = 0; i < 256; ++i) {
      sum += histogram[i] - (i >= length ? histogram[i - length] : 0);
      if (sum > largest) largest = sum;
    }
    before = most;
    most = largest;
  }
  double level = length - 1 + (0.3 * total - before) / (most - before) - 0.5;
  return level > 0 ? level / 0.77 : 0;
}

static void insert(double *sorted, int count, double value) {
  for (; count > 0 && sorted[count - 1] > value; --count) sorted[count] = sorted[count - 1];
  sorted[count] = value;
}

/* Noise is stronger in the shade: that of the worst but a few of 8 x 8 parts, but no more than a
 * few times that of the middle one, for where writing fills the picture the worst parts are blurred
 * strokes; or the spread of most parts, if that is more. */
static double find_noise(const ink_image *dark) {
  enum { PARTS = 8, WORST = 60, MIDDLE = 32 };
  double noise[PARTS * PARTS], spread[PARTS * PARTS];
  for (int i = 0; i < PARTS * PARTS; ++i) {
    int left = (int)((int64_t)(i % PARTS) * dark->width / PARTS);
    int top = (int)((int64_t)(i / PARTS) * dark->height / PARTS);
    int right = (int)((int64_t)(i % PARTS + 1) * dark->width / PARTS);
    int bottom = (int)((int64_t)(i / PARTS + 1) * dark->height / PARTS);
    ink_box part = {left, top, right - left, bottom - top};
    insert(noise, i, noise_within(dark, part));
    insert(spread, i, spread_within(dark, part));
  }
  return fmax(fmin(noise[WORST], 3 * noise[MIDDLE] + 1), spread[MIDDLE]);
}

/* The most frequent level, of means of five. */
static int find_paper(const ink_image *dark) {
  uint32_t histogram[256] = {0}, best = 0;
  int paper = DARK_PAPER;
  for (int y = 0; y < dark->height; y += 2) {
    const uint8_t *row = dark->pixels + (size_t)y * dark->stride;
    for (int x = 0; x < dark->width; ++x) ++histogram[row[x]];
  }
  for (int i = 2; i < 2 * DARK_PAPER + 20; ++i) {
    uint32_t sum =
        histogram[i - 2] + histogram[i - 1] + histogram[i] + histogram[i + 1] + histogram[i + 2];
    if (sum > best) best = sum, paper = i;
  }
  return paper;
}

/* Half of all squared darkness over `weak` lies in what is darker than this. */
static int find_ink(const ink_image *dark, int paper, int weak) {
  uint32_t histogram[256] = {0};
  for (int y = 0; y < dark->height; ++y) {
    const uint8_t *row = dark->pixels + (size_t)y * dark->stride;
    for (int x = 0; x < dark->width; ++x) ++histogram[row[x]];
  }
  double energy = 0, part = 0;
  for (int i = weak; i < 256; ++i) energy += (double)histogram[i] * (i - paper) * (i - paper);
  if (energy == 0) return 0;
  int ink = weak;
  for (; ink < 255 && part < energy / 2; ++ink)
    part += (double)histogram[ink] * (ink - paper) * (ink - paper);
  return ink;
}

static bool is_spiky(const ink_image *dark) {
  int64_t spikes = 0, count = 0;
  for (int y = 1; y + 1 < dark->height; y += 3) {
    const uint8_t *row = dark->pixels + (size_t)y * dark->stride;
    for (int x = 1; x + 1 < dark->width; ++x, ++count) {
      int above = row[x - (int)dark->stride], below = row[x + (int)dark->stride];
      int most = above > below ? above : below, least = above < below ? above : below;
      most = row[x - 1] > most ? row[x - 1] : most;
      most = row[x + 1] > most ? row[x + 1] : most;
      least = row[x - 1] < least ? row[x - 1] : least;
      least = row[x + 1] < least ? row[x + 1] : least;
      spikes += row[x] >= most + SPIKE || row[x] + SPIKE <= least;
    }
  }
  return (double)spikes > SPIKY * (double)count;
}

static inline void sort_pair(uint8_t *a, uint8_t *b) {
  uint8_t low = *a < *b ? *a : *b, high = *a < *b ? *b : *a;
  *a = low, *b = high;
}

/* One pass over rows of three. */
typedef void filter(const uint8_t *above, const uint8_t *here, const uint8_t *below, int width,
                    uint8_t *out);

/* The median of 3 x 3, by way of sorted columns (Smith 1996). */
static void median(const uint8_t *above, const uint8_t *here, const uint8_t *below, int width,
                   uint8_t *out) {
  for (int x = 0; x < width; ++x) {
    int at[3] = {x ? x - 1 : 0, x, x + 1 < width ? x + 1 : x};
    uint8_t v[3][3];
    for (int i = 0; i < 3; ++i) {
      v[i][0] = above[at[i]], v[i][1] = here[at[i]], v[i][2] = below[at[i]];
      sort_pair(&v[i][0], &v[i][1]);
      sort_pair(&v[i][1], &v[i][2]);
      sort_pair(&v[i][0], &v[i][1]);
    }
    uint8_t low = v[0][0] > v[1][0] ? v[0][0] : v[1][0],
            high = v[0][2] < v[1][2] ? v[0][2] : v[1][2];
    low = low > v[2][0] ? low : v[2][0];
    high = high < v[2][2] ? high : v[2][2];
    sort_pair(&v[0][1], &v[1][1]);
    sort_pair(&v[1][1], &v[2][1]);
    sort_pair(&v[0][1], &v[1][1]);
    uint8_t middle = v[1][1];
    sort_pair(&low, &middle);
    sort_pair(&middle, &high);
    sort_pair(&low, &middle);
    out[x] = middle;
  }
}

/* 1 2 1 in both directions. */
static void binomial(const uint8_t *above, const uint8_t *here, const uint8_t *below, int width,
                     uint8_t *out) {
  for (int x = 0; x < width; ++x) {
    int l = x ? x - 1 : 0, r = x + 1 < width ? x + 1 : x;
    int sum = above[l] + 2 * here[l] + below[l] + 2 * (above[x] + 2 * here[x] + below[x]) +
              above[r] + 2 * here[r] + below[r];
    out[x] = (uint8_t)((sum + 8) / 16);
  }
}

static scrawl_status apply(ink_image *dark, filter *step, base_error *error) {
  size_t width = (size_t)dark->width;
  uint8_t *rows = base_alloc(3, width);
  if (!rows) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to smooth a picture");
  uint8_t *above = rows, *here = rows + width, *made = rows + 2 * width;
  memcpy(above, dark->pixels, width);
  for (int y = 0; y < dark->height; ++y) {
    uint8_t *row = dark->pixels + (size_t)y * dark->stride;
    memcpy(here, row, width);
    step(above, here, y + 1 < dark->height ? row + dark->stride : here, dark->width, made);
    memcpy(row, made, width);
    uint8_t *swap = above;
    above = here;
    here = swap;
  }
  base_free(rows);
  return SCRAWL_OK;
}

scrawl_status page_denoise(ink_image *dark, page_levels *levels, base_error *error) {
  *levels = (page_levels){0};
  if (is_spiky(dark)) BASE_TRY(apply(dark, median, error));
  for (int pass = 0;; ++pass) {
    levels->paper = find_paper(dark);
    levels->noise = find_noise(dark);
    double over = fmin(fmax(LEAST_CONTRAST, WEAK_SIGNAL * levels->noise), MOST_WEAK);
    levels->weak = levels->paper + (int)over;
    over = fmin(fmax(LEAST_FAINT, FAINT_SIGNAL * levels->noise), over);
    levels->faint = levels->paper + (int)over;
    levels->ink = find_ink(dark, levels->paper, levels->weak);
    bool clear = levels->ink - levels->paper >= LEAST_SIGNAL * levels->noise;
    if (clear && levels->noise < 12) return SCRAWL_OK;
    if (pass == MOST_SMOOTHING) {
      if (!clear) levels->ink = 0;
      return SCRAWL_OK;
    }
    BASE_TRY(apply(dark, binomial, error));
  }
}

/* The largest of 3 x 3 tiles, for those without ink; then the mean of 3 x 3 of those that know. */
static bool spread(page_strength *strength) {
  int columns = strength->columns, rows = strength->rows;
  float *old = base_alloc((size_t)columns * (size_t)rows, sizeof *old);
  if (!old) return false;
  for (int pass = 0; pass < 2; ++pass) {
    memcpy(old, strength->level, (size_t)columns * (size_t)rows * sizeof *old);
    for (int r = 0; r < rows; ++r)
      for (int c = 0; c < columns; ++c) {
        float sum = 0, most = 0;
        int count = 0;
        for (int v = r > 0 ? r - 1 : 0; v <= r + 1 && v < rows; ++v)
          for (int u = c > 0 ? c - 1 : 0; u <= c + 1 && u < columns; ++u) {
            float level = old[v * columns + u];
            most = fmaxf(most, level);
            sum += level;
            count += level > 0;
          }
        strength->level[r * columns + c] = !pass ? most : count ? sum / (float)count : 0;
      }
  }
  base_free(old);
  return true;
}

scrawl_status page_find_strength(const ink_image *dark, const page_levels *levels,
                                 page_strength *strength, base_error *error) {
  int columns = (dark->width - 1) / STRENGTH_TILE + 1,
      rows = (dark->height - 1) / STRENGTH_TILE + 1;
  *strength = (page_strength){columns, rows, NULL};
  strength->level = base_alloc_zero((size_t)columns * (size_t)rows, sizeof *strength->level);
  bool done = strength->level;
  for (int r = 0; done && r < rows; ++r)
    for (int c = 0; c < columns; ++c) {
      uint32_t sum = 0, squares = 0, count = 0;
      int right = (c + 1) * STRENGTH_TILE, bottom = (r + 1) * STRENGTH_TILE;
      if (right > dark->width) right = dark->width;
      if (bottom > dark->height) bottom = dark->height;
      for (int y = r * STRENGTH_TILE; y < bottom; ++y) {
        const uint8_t *row = dark->pixels + (size_t)y * dark->stride;
        for (int x = c * STRENGTH_TILE; x < right; ++x) {
          uint32_t over = row[x] > levels->weak ? (uint32_t)(row[x] - levels->paper) : 0;
          sum += over;
          squares += over * over;
          count += over > 0;
        }
      }
      if (count >= LEAST_PIXELS)
        strength->level[r * columns + c] = (float)levels->paper + (float)squares / (float)sum;
    }
  if (done && !spread(strength)) {
    base_free(strength->level);
    strength->level = NULL;
    done = false;
  }
  return done ? SCRAWL_OK : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find ink");
}

/* The strength along row `y`; `unknown` where there is none. `line`: columns + 1 floats. */
static void strength_row(const page_strength *strength, float unknown, int y, float *line,
                         int width, float *row) {
  int columns = strength->columns;
  float at = ((float)y + 0.5f) / STRENGTH_TILE - 0.5f;
  at = fminf(fmaxf(at, 0), (float)(strength->rows - 1));
  int r = (int)at;
  float share = at - (float)r;
  const float *upper = strength->level + (size_t)r * (size_t)columns;
  const float *lower = r + 1 < strength->rows ? upper + columns : upper;
  for (int c = 0; c < columns; ++c) {
    float above = upper[c] > 0 ? upper[c] : unknown, below = lower[c] > 0 ? lower[c] : unknown;
    line[c] = above + share * (below - above);
  }
  line[columns] = line[columns - 1];
  float last = (float)(columns - 1);
  for (int x = 0; x < width; ++x) {
    at = ((float)x + 0.5f) / STRENGTH_TILE - 0.5f;
    at = at < 0 ? 0 : at < last ? at : last;
    int c = (int)at;
    row[x] = line[c] + (at - (float)c) * (line[c + 1] - line[c]);
  }
}

typedef struct ink_work {
  const ink_image *from;
  ink_image *to;
  const page_levels *levels;
  const page_strength *strength;
  float part;
  float *rows; /* for each thread: row_floats */
} ink_work;

static size_t row_floats(const ink_image *dark) {
  return (size_t)dark->width + (size_t)(dark->width / STRENGTH_TILE) + 8;
}

/* The mask of a band of rows. */
static void binarise_band(void *argument, size_t index, size_t worker) {
  const ink_work *work = argument;
  int width = work->from->width;
  float *strong = work->rows + worker * row_floats(work->from), *line = strong + width;
  int first = (int)index * BAND, last = first + BAND;
  if (last > work->from->height) last = work->from->height;
  float weak = (float)(work->part > 0 ? work->levels->weak : work->levels->faint),
        paper = (float)work->levels->paper;
  for (int y = first; y < last; ++y) {
    const uint8_t *row = work->from->pixels + (size_t)y * work->from->stride;
    uint8_t *out = work->to->pixels + (size_t)y * work->to->stride;
    strength_row(work->strength, (float)work->levels->ink, y, line, width, strong);
    for (int x = 0; x < width; ++x) {
      float level = paper + work->part * (strong[x] - paper);
      level = level > weak ? level : weak;
      out[x] = (float)row[x] > level ? 255 : 0;
    }
  }
}

/* From the noise's upper end to the strength nearby. */
static void stretch_band(void *argument, size_t index, size_t worker) {
  const ink_work *work = argument;
  int width = work->from->width;
  float *strong = work->rows + worker * row_floats(work->from), *line = strong + width;
  int first = (int)index * BAND, last = first + BAND;
  if (last > work->from->height) last = work->from->height;
  float low = (float)work->levels->paper + fminf(2.5f * (float)work->levels->noise + 2, 40);
  float ink = (float)work->levels->ink, least = low + (ink - low) / MOST_GAIN;
  least = least > low + 8 ? least : low + 8;
  for (int y = first; y < last; ++y) {
    const uint8_t *row = work->from->pixels + (size_t)y * work->from->stride;
    uint8_t *out = work->to->pixels + (size_t)y * work->to->stride;
    strength_row(work->strength, ink, y, line, width, strong);
    for (int x = 0; x < width; ++x) {
      float top = strong[x] > least ? strong[x] : least;
      float level = ((float)row[x] - low) * 255 / (top - low) + 0.5f;
      out[x] &= (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    }
  }
}

static scrawl_status run_bands(const ink_image *dark, const page_levels *levels,
                               const page_strength *strength, float part, ink_image *out,
                               base_pool *pool, base_pool_task *task, base_error *error) {
  ink_work work = {dark, out, levels, strength, part, NULL};
  work.rows = base_alloc(base_pool_threads(pool), row_floats(dark) * sizeof *work.rows);
  if (!work.rows) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find ink");
  base_pool_run(pool, (size_t)(dark->height - 1) / BAND + 1, task, &work);
  base_free(work.rows);
  return SCRAWL_OK;
}

scrawl_status page_binarise(const ink_image *dark, const page_levels *levels,
                            const page_strength *strength, float part, ink_image *mask,
                            base_pool *pool, base_error *error) {
  return run_bands(dark, levels, strength, part, mask, pool, binarise_band, error);
}

/* `out`: 255 within two pixels of the mask. */
static void grow(const ink_image *mask, ink_image *out) {
  enum { REACH = 2 };
  for (int y = 0; y < mask->height; ++y) {
    const uint8_t *row = mask->pixels + (size_t)y * mask->stride;
    for (int x = 0; x < mask->width; ++x) {
      if (!row[x]) continue;
      int end = x;
      while (end < mask->width && row[end]) ++end;
      int left = x > REACH ? x - REACH : 0;
      int right = end + REACH < mask->width ? end + REACH : mask->width;
      for (int v = y > REACH ? y - REACH : 0; v <= y + REACH && v < mask->height; ++v)
        memset(out->pixels + (size_t)v * out->stride + left, 255, (size_t)(right - left));
      x = end;
    }
  }
}

scrawl_status page_stretch(const ink_image *dark, const page_levels *levels,
                           const page_strength *strength, const ink_image *mask, ink_image *ink,
                           base_pool *pool, base_error *error) {
  memset(ink->pixels, 0, (size_t)ink->width * (size_t)ink->height);
  grow(mask, ink);
  return run_bands(dark, levels, strength, 0, ink, pool, stretch_band, error);
}
