/* Light that falls unevenly, and shadows: every pixel is compared with the paper at its place.
 *
 * The paper's brightness is a grey closing of the picture: the means of cells of 4 x 4 pixels, so
 * that noise does not lift it, then Leptonica's closing with a brick of a fourteenth of the
 * picture, which fills strokes and keeps the edges of shadows, and a little smoothing, before
 * which shade is made as much larger, lest its edge look like ink. What is darker than a third of
 * the picture's paper over the width of a brick is no paper in a shadow: it stays dark.
 *
 *   darkness = DARK_PAPER + 255 (light - grey) / light */
#include <math.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "page/prepare.h"

enum {
  CELL = 4,
  BRICKS = 14, /* over the longer side */
  LEAST_BRICK = 15,
  SMOOTHING = 1, /* cells to each side */
  BAND = 64,     /* rows a task */
};

#define DEEPEST_SHADE 0.35f

typedef struct flatten_work {
  ink_image *grey;
  uint8_t flip;
  PIX *light;    /* a pixel for each cell */
  float deepest; /* light is at least this */
  float *rows;   /* for each thread, a row and a half of floats */
} flatten_work;

static int mean_of(const ink_image *grey, uint8_t flip, int left, int top) {
  int right = left + CELL < grey->width ? left + CELL : grey->width;
  int bottom = top + CELL < grey->height ? top + CELL : grey->height;
  int sum = 0, count = (right - left) * (bottom - top);
  for (int y = top; y < bottom; ++y) {
    const uint8_t *row = grey->pixels + (size_t)y * grey->stride;
    for (int x = left; x < right; ++x) sum += row[x] ^ flip;
  }
  return (sum + count / 2) / count;
}

static PIX *find_light(const ink_image *grey, uint8_t flip) {
  int columns = (grey->width - 1) / CELL + 1, rows = (grey->height - 1) / CELL + 1;
  PIX *cells = pixCreate(columns, rows, 8), *closed = NULL, *smooth = NULL;
  if (!cells) return NULL;
  l_uint32 *line = pixGetData(cells);
  for (int r = 0; r < rows; ++r, line += pixGetWpl(cells))
    for (int c = 0; c < columns; ++c)
      SET_DATA_BYTE(line, c, (uint8_t)mean_of(grey, flip, c * CELL, r * CELL));
  int side = columns > rows ? columns : rows, brick = side / BRICKS;
  if (brick < LEAST_BRICK) brick = LEAST_BRICK < side ? LEAST_BRICK : side;
  brick |= 1;
  /* Mirrored, so that a shadow that leaves the picture is as wide as it looks. */
  int border = brick < columns && brick < rows ? brick : 0;
  PIX *wide =
      border ? pixAddMirroredBorder(cells, border, border, border, border) : pixClone(cells);
  PIX *wide_closed = wide ? pixCloseGray(wide, brick, brick) : NULL;
  if (wide_closed) closed = pixRemoveBorder(wide_closed, border);
  pixDestroy(&wide);
  pixDestroy(&wide_closed);
  int most = ((columns < rows ? columns : rows) - 1) / 2;
  int reach = SMOOTHING < most ? SMOOTHING : most;
  PIX *dim = closed ? pixErodeGray(closed, 2 * reach + 1, 2 * reach + 1) : NULL;
  if (dim) smooth = reach > 0 ? pixBlockconv(dim, reach, reach) : pixClone(dim);
  pixDestroy(&cells);
  pixDestroy(&closed);
  pixDestroy(&dim);
  return smooth;
}

/* A third of the level that a tenth of the cells exceed. */
static float find_deepest(PIX *light) {
  uint32_t histogram[256] = {0};
  int width = pixGetWidth(light), height = pixGetHeight(light);
  const l_uint32 *row = pixGetData(light);
  for (int y = 0; y < height; ++y, row += pixGetWpl(light))
    for (int x = 0; x < width; ++x) ++histogram[GET_DATA_BYTE(row, x)];
  int level = 255, above = 0;
  while (level > 1 && (above += (int)histogram[level]) * 10 < width * height) --level;
  return fmaxf(DEEPEST_SHADE * (float)level, 1);
}

/* Between which two cells pixel `i` lies, and how far on the way. */
static int between(int i, int count, float *share) {
  float at = ((float)i + 0.5f) / CELL - 0.5f, last = (float)(count - 1);
  at = at < 0 ? 0 : at < last ? at : last;
  int low = (int)at;
  *share = at - (float)low;
  return low;
}

static void flatten_band(void *argument, size_t index, size_t worker) {
  const flatten_work *work = argument;
  ink_image *grey = work->grey;
  int columns = pixGetWidth(work->light), rows = pixGetHeight(work->light);
  int first = (int)index * BAND, last = first + BAND < grey->height ? first + BAND : grey->height;
  float *line = work->rows + worker * 2 * (size_t)(grey->width + 2 * CELL),
        *at = line + columns + 1;
  for (int y = first; y < last; ++y) {
    float share;
    int r = between(y, rows, &share);
    const l_uint32 *upper = pixGetData(work->light) + (size_t)r * (size_t)pixGetWpl(work->light);
    const l_uint32 *lower = r + 1 < rows ? upper + pixGetWpl(work->light) : upper;
    for (int c = 0; c < columns; ++c) {
      float above = (float)GET_DATA_BYTE(upper, c), below = (float)GET_DATA_BYTE(lower, c);
      line[c] = fmaxf(above + share * (below - above), work->deepest);
    }
    line[columns] = line[columns - 1];
    for (int x = 0; x < grey->width; ++x) {
      int c = between(x, columns, &share);
      at[x] = line[c] + share * (line[c + 1] - line[c]);
    }
    uint8_t *row = grey->pixels + (size_t)y * grey->stride;
    for (int x = 0; x < grey->width; ++x) {
      float level = DARK_PAPER + 0.5f + 255 * (at[x] - (float)(row[x] ^ work->flip)) / at[x];
      row[x] = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    }
  }
}

scrawl_status page_flatten(ink_image *grey, bool flip, base_pool *pool, base_error *error) {
  flatten_work work = {.grey = grey, .flip = flip ? 255 : 0};
  work.light = find_light(grey, work.flip);
  work.rows =
      base_alloc(base_pool_threads(pool) * 2, (size_t)(grey->width + 2 * CELL) * sizeof(float));
  scrawl_status status = SCRAWL_OK;
  if (!work.light || !work.rows) {
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the light on %d x %d pixels",
                       grey->width, grey->height);
  } else {
    work.deepest = find_deepest(work.light);
    base_pool_run(pool, (size_t)(grey->height - 1) / BAND + 1, flatten_band, &work);
  }
  pixDestroy(&work.light);
  base_free(work.rows);
  return status;
}
