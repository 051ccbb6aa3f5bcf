/* One glyph as MNIST frames it.
 *
 * LeCun, Bottou, Bengio, Haffner (1998), "Gradient-based learning applied to document recognition",
 * section III.A: black and white digits were scaled with anti-aliasing so that their box fits 20x20
 * pixels with its shape kept, then moved by whole pixels so that their centre of mass lies in the
 * middle of 28x28. In MNIST's files the longer side of the box is always 20, and the centre of
 * mass, counted in pixel indices, lies in 13.5 .. 14.5: it is rounded to 14.
 *
 * Two things are added, for pictures that are not scans of pen on paper. The glyph is first scaled
 * to FINE times the final size; there, strokes far thinner or thicker than MNIST's are thickened or
 * thinned into its range by grey-level morphology (a hairline in a large picture would otherwise
 * vanish into grey), and contrast is brought up to full ink. Strokes that are in the range stay as
 * they are, and the second scaling by area then equals a single one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ink/ink.h"

enum {
  BOX = 20,                       /* the longer side of the scaled glyph */
  FINE = 4,                       /* finer by this while strokes are measured and changed */
  MARGIN = 16,                    /* fine pixels around, for strokes to grow into */
  SIDE = BOX * FINE + 2 * MARGIN, /* of the fine picture */
  MOST_TAPS = 6,                  /* source pixels that count for a cell while enlarging */
};

/* Stroke widths in final pixels between which MNIST's lie (its 1st and 99th percentile are 1.5 and
 * 4.7). */
#define STROKE_MIN 1.7f
#define STROKE_MAX 4.8f
/* Thinning by more than this, in final pixels, would tear a glyph rather than lighten it. */
#define THINNING_MAX 3.0f

/* A part of a picture, in its pixels; edges may lie between pixels. Outside the clip there is no
 * ink. */
typedef struct region {
  float x, y, width, height;
  ink_box clip;
} region;

/* Not fmaxf() and fminf(), which are calls for the sake of NaN. */
static inline float larger(float a, float b) {
  return a > b ? a : b;
}

static inline float smaller(float a, float b) {
  return a < b ? a : b;
}

/* How much source pixel `i` counts for target cell `cell` of width `step`. When shrinking: the
 * share of the cell it covers. When enlarging: Catmull-Rom interpolation at the cell's middle. */
static float weight(float start, float step, int cell, int i) {
  if (step >= 1) {
    float low = larger(start + step * (float)cell, (float)i);
    float high = smaller(start + step * (float)(cell + 1), (float)(i + 1));
    return larger(high - low, 0) / step;
  }
  float t = fabsf((float)i + 0.5f - (start + step * ((float)cell + 0.5f)));
  if (t < 1) return 1 + t * t * (1.5f * t - 2.5f);
  if (t < 2) return 2 + t * (-4 + t * (2.5f - 0.5f * t));
  return 0;
}

/* The source pixels first .. last that count for a cell, within low .. high - 1. */
static void span(float start, float step, int cell, int low, int high, int *first, int *last) {
  float from = start + step * (float)cell, to = from + step;
  if (step < 1) {
    from = (from + to) / 2 - 2;
    to = from + 4;
  }
  *first = (int)larger(floorf(from), (float)low);
  *last = (int)smaller(floorf(to), (float)(high - 1));
}

/* The source pixels that count for each cell, and while enlarging, where they are few, how much. */
typedef struct cell_taps {
  int first, last;
  float weights[MOST_TAPS];
} cell_taps;

static void find_taps(float start, float step, int cells, int low, int high, cell_taps *taps) {
  for (int c = 0; c < cells; ++c) {
    taps[c] = (cell_taps){0};
    span(start, step, c, low, high, &taps[c].first, &taps[c].last);
    for (int i = taps[c].first; step < 1 && i <= taps[c].last; ++i)
      taps[c].weights[i - taps[c].first] = weight(start, step, c, i);
  }
}

static float tap_weight(const cell_taps *taps, float start, float step, int cell, int i) {
  return step < 1 ? taps[cell].weights[i - taps[cell].first] : weight(start, step, cell, i);
}

/* Scales a region to columns x rows cells of `out`, whose rows are `pitch` apart: separable, one
 * source row at a time, so that a picture of any size needs no more memory than one row of the
 * result. */
static void scale(const ink_image *image, region from, int columns, int rows, float *out,
                  int pitch) {
  float step_x = from.width / (float)columns, step_y = from.height / (float)rows;
  float line[SIDE];
  cell_taps across[SIDE], down[SIDE];
  int clip_right = from.clip.x + from.clip.width, clip_bottom = from.clip.y + from.clip.height;
  find_taps(from.x, step_x, columns, from.clip.x, clip_right, across);
  find_taps(from.y, step_y, rows, from.clip.y, clip_bottom, down);
  for (int r = 0; r < rows; ++r) memset(out + r * pitch, 0, (size_t)columns * sizeof *out);
  for (int y = from.clip.y; y < clip_bottom; ++y) {
    const uint8_t *source = image->pixels + (size_t)y * image->stride;
    for (int c = 0; c < columns; ++c) {
      float sum = 0;
      for (int x = across[c].first; x <= across[c].last; ++x)
        if (source[x]) sum += tap_weight(across, from.x, step_x, c, x) * (float)source[x];
      line[c] = sum;
    }
    for (int r = 0; r < rows; ++r) {
      if (y < down[r].first || y > down[r].last) continue;
      float share = tap_weight(down, from.y, step_y, r, y);
      for (int c = 0; c < columns; ++c) out[r * pitch + c] += share * line[c];
    }
  }
}

/* Brings the strongest level up to 255, cuts off what interpolation overshot below 0, and
 * rounds. */
static void to_levels(const float *values, size_t count, uint8_t *levels) {
  float peak = 0;
  for (size_t i = 0; i < count; ++i) peak = larger(peak, values[i]);
  float gain = peak > 0 ? 255 / peak : 0;
  for (size_t i = 0; i < count; ++i) levels[i] = (uint8_t)(larger(values[i] * gain, 0) + 0.5f);
}

/* Mean stroke width in pixels: a stroke of width w and length l has the area w l, and its two edges
 * the length 2 l. The length of an edge is the total variation of the grey levels along rows and
 * columns, times pi / 4 for edges in all directions alike. */
static float stroke_width(const ink_image *image) {
  long area = 0, variation = 0;
  for (int y = 0; y < image->height; ++y) {
    const uint8_t *row = image->pixels + (size_t)y * image->stride;
    const uint8_t *above = y ? row - image->stride : row;
    for (int x = 0; x < image->width; ++x) {
      area += row[x];
      variation +=
          labs((long)row[x] - (y ? above[x] : 0)) + labs((long)row[x] - (x ? row[x - 1] : 0));
    }
  }
  const float quarter_pi = 0.785398f;
  return variation ? 2 * (float)area / ((float)variation * quarter_pi) : 0;
}

/* Grey dilation (radius > 0) or erosion (< 0) by a disc whose rim is soft, so that a radius need
 * not be whole. */
static void thicken(const ink_image *image, float radius, uint8_t *out) {
  uint8_t flip = radius < 0 ? 255 : 0; /* erosion is dilation of the paper */
  float r = fabsf(radius);
  int reach = (int)ceilf(r);
  for (int y = 0; y < SIDE; ++y)
    for (int x = 0; x < SIDE; ++x) out[y * SIDE + x] = image->pixels[y * SIDE + x] ^ flip;
  for (int dy = -reach; dy <= reach; ++dy)
    for (int dx = -reach; dx <= reach; ++dx) {
      float cover = r + 1 - hypotf((float)dx, (float)dy);
      int share = (int)(256 * fminf(cover, 1));
      if (share <= 0 || (!dx && !dy)) continue;
      for (int y = dy > 0 ? dy : 0; y < SIDE + (dy < 0 ? dy : 0); ++y) {
        const uint8_t *source = image->pixels + (y - dy) * SIDE - dx;
        uint8_t *target = out + y * SIDE;
        for (int x = dx > 0 ? dx : 0; x < SIDE + (dx < 0 ? dx : 0); ++x) {
          uint8_t level = (uint8_t)(((source[x] ^ flip) * share) >> 8);
          if (level > target[x]) target[x] = level;
        }
      }
    }
  if (flip)
    for (int i = 0; i < SIDE * SIDE; ++i) out[i] ^= flip;
}

/* The longer side of `from` becomes `longer` cells; the other as many whole cells as it needs,
 * `from` widened about its middle to fill them, so that the shape is kept. */
static void fit(region *from, int longer, int *columns, int *rows) {
  float step = fmaxf(from->width, from->height) / (float)longer;
  *columns = (int)fminf(fmaxf(ceilf(from->width / step - 1e-3f), 1), (float)longer);
  *rows = (int)fminf(fmaxf(ceilf(from->height / step - 1e-3f), 1), (float)longer);
  float width = step * (float)*columns, height = step * (float)*rows;
  from->x -= (width - from->width) / 2;
  from->y -= (height - from->height) / 2;
  from->width = width;
  from->height = height;
}

static int place(double centre, int length) {
  int offset = (int)floor(INK_GLYPH_SIDE / 2.0 - centre + 0.5);
  if (offset < 0) return 0;
  return offset + length > INK_GLYPH_SIDE ? INK_GLYPH_SIDE - length : offset;
}

/* Puts the box's cells into the middle. */
static void centre(const uint8_t *levels, int columns, int rows, uint8_t glyph[INK_GLYPH_PIXELS]) {
  int mass = 0, moment_x = 0, moment_y = 0;
  for (int y = 0; y < rows; ++y) {
    int row_mass = 0;
    for (int x = 0; x < columns; ++x) {
      row_mass += levels[y * columns + x];
      moment_x += levels[y * columns + x] * x;
    }
    mass += row_mass;
    moment_y += row_mass * y;
  }
  memset(glyph, 0, INK_GLYPH_PIXELS);
  if (mass == 0) return;
  int left = place((double)moment_x / mass, columns), top = place((double)moment_y / mass, rows);
  for (int y = 0; y < rows; ++y)
    memcpy(glyph + (top + y) * INK_GLYPH_SIDE + left, levels + y * columns, (size_t)columns);
}

/* Scales `from` into the box and the box into the middle. */
static void frame(const ink_image *image, region from, uint8_t glyph[INK_GLYPH_PIXELS]) {
  int columns, rows;
  float cells[BOX * BOX] = {0};
  uint8_t levels[BOX * BOX] = {0};
  fit(&from, BOX, &columns, &rows);
  scale(image, from, columns, rows, cells, columns);
  to_levels(cells, (size_t)columns * (size_t)rows, levels);
  centre(levels, columns, rows, glyph);
}

/* The same for what has its size already: every pixel stays, but for the contrast. */
static void frame_as_it_is(const ink_image *image, ink_box box, uint8_t glyph[INK_GLYPH_PIXELS]) {
  uint8_t levels[BOX * BOX], peak = 0;
  for (int y = 0; y < box.height; ++y) {
    const uint8_t *row = image->pixels + (size_t)(box.y + y) * image->stride + box.x;
    for (int x = 0; x < box.width; ++x) {
      levels[y * box.width + x] = row[x];
      if (row[x] > peak) peak = row[x];
    }
  }
  for (int i = 0; peak > 0 && peak < 255 && i < box.width * box.height; ++i)
    levels[i] = (uint8_t)((float)levels[i] * (255.0f / (float)peak) + 0.5f);
  centre(levels, box.width, box.height, glyph);
}

void ink_normalise_glyph(const ink_image *image, ink_box box, uint8_t glyph[INK_GLYPH_PIXELS]) {
  region whole = {(float)box.x, (float)box.y, (float)box.width, (float)box.height, box};
  memset(glyph, 0, INK_GLYPH_PIXELS);
  if (box.width <= 0 || box.height <= 0) return;
  if ((box.width > box.height ? box.width : box.height) == BOX) {
    frame_as_it_is(image, box, glyph);
    return;
  }
  int columns, rows;
  float values[SIDE * SIDE] = {0};
  uint8_t levels[SIDE * SIDE], changed[SIDE * SIDE];
  fit(&whole, BOX * FINE, &columns, &rows);
  scale(image, whole, columns, rows, values + MARGIN * SIDE + MARGIN, SIDE);
  to_levels(values, SIDE * SIDE, levels);
  ink_image fine = {SIDE, SIDE, SIDE, levels};

  float width = stroke_width(&fine) / FINE;
  float wanted = fmaxf(STROKE_MIN, fminf(width, fmaxf(STROKE_MAX, width - THINNING_MAX)));
  float growth = (wanted - width) * FINE / 2; /* on each side of a stroke */
  if (growth != 0) {
    thicken(&fine, growth, changed);
    fine.pixels = changed;
  }
  frame(&fine,
        (region){MARGIN - growth,
                 MARGIN - growth,
                 fmaxf((float)columns + 2 * growth, 1),
                 fmaxf((float)rows + 2 * growth, 1),
                 {0, 0, SIDE, SIDE}},
        glyph);
}
