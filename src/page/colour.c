/* Colour to grey for pages, and whether their ink is darker or lighter than the paper.
 *
 * A page may have ink of several colours, so no single axis of colour serves (decode.c takes one
 * for single glyphs). First the paper is made white: each channel is scaled so that the mean of the
 * brighter half of the picture has no colour. Then
 *
 *   grey = (min(r, g, b) + luma) / 2        dark ink      max in place of min for light ink
 *
 * in which blue, red and green ink are as dark as they look, and yellow, a marker's, is still
 * light.
 *
 * Polarity: paper is what there is most of around a stroke. In each block the median lies nearer to
 * the lighter or to the darker end; blocks of two sizes vote, by their contrast. */
#include <math.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "page/prepare.h"

enum {
  SMALL_BLOCKS = 12, /* on the longer side */
  LARGE_BLOCKS = 4,
  BLOCK_SAMPLES = 24, /* a side */
  GAIN_UNIT = 4096,   /* fixed point: 12 bits */
};

/* Mean difference of the channels, in levels, below which a picture has no colour. */
#define NO_COLOUR 2.0
#define MOST_GAIN 4.0 /* of a channel: beyond, it holds noise alone */
/* How much stronger the votes for light ink must be: dark ink is the common case. */
#define LIGHT_INK_VOTE 1.3

static int luma_of(l_uint32 word) {
  return (int)((77 * (word >> L_RED_SHIFT & 255) + 150 * (word >> L_GREEN_SHIFT & 255) +
                29 * (word >> L_BLUE_SHIFT & 255)) >>
               8);
}

static int rank(const int histogram[256], int count, int hundredths) {
  int sum = 0, wanted = count * hundredths / 100, level = 0;
  while (level < 255 && (sum += histogram[level]) <= wanted) ++level;
  return level;
}

/* Adds the votes of square blocks, of which the longer side has `blocks`. */
static void vote(const ink_image *grey, int blocks, double *dark, double *light) {
  int side = grey->width > grey->height ? grey->width : grey->height;
  int block = (side - 1) / blocks + 1, step = block / BLOCK_SAMPLES + 1;
  for (int top = 0; top < grey->height; top += block)
    for (int left = 0; left < grey->width; left += block) {
      int histogram[256] = {0}, count = 0;
      for (int y = top; y < top + block && y < grey->height; y += step)
        for (int x = left; x < left + block && x < grey->width; x += step, ++count)
          ++histogram[grey->pixels[(size_t)y * grey->stride + (size_t)x]];
      int low = rank(histogram, count, 2), high = rank(histogram, count, 98);
      int middle = rank(histogram, count, 50);
      double contrast = high - low, lean = (high - middle) - (middle - low);
      *(lean > 0 ? light : dark) += fabs(lean) * contrast * contrast;
    }
}

bool page_ink_is_light(const ink_image *grey) {
  double dark = 0, light = 0;
  vote(grey, SMALL_BLOCKS, &dark, &light);
  vote(grey, LARGE_BLOCKS, &dark, &light);
  return light > LIGHT_INK_VOTE * dark;
}

/* What to multiply the channels with, so that paper becomes grey; false when there is no colour. */
static bool find_gains(PIX *pix, const uint8_t *luma, double gain[3]) {
  int width = pixGetWidth(pix), height = pixGetHeight(pix), stride = pixGetWpl(pix);
  const l_uint32 *words = pixGetData(pix);
  int histogram[256] = {0}, count = 0, step = (width > height ? width : height) / 256 + 1;
  double sum[3] = {0}, spread = 0;
  for (int y = step / 2; y < height; y += step)
    for (int x = step / 2; x < width; x += step) {
      ++histogram[luma[(size_t)y * (size_t)width + (size_t)x]];
      ++count;
    }
  int middle = rank(histogram, count, 50);
  for (int y = step / 2; y < height; y += step)
    for (int x = step / 2; x < width; x += step) {
      l_uint32 word = words[(size_t)y * (size_t)stride + (size_t)x];
      int red = (int)(word >> L_RED_SHIFT & 255), green = (int)(word >> L_GREEN_SHIFT & 255);
      int blue = (int)(word >> L_BLUE_SHIFT & 255);
      int most = red > green ? red : green, least = red < green ? red : green;
      spread += (most > blue ? most : blue) - (least < blue ? least : blue);
      if (luma[(size_t)y * (size_t)width + (size_t)x] < middle) continue;
      sum[0] += red;
      sum[1] += green;
      sum[2] += blue;
    }
  double most = fmax(sum[0], fmax(sum[1], sum[2]));
  for (int i = 0; i < 3; ++i) gain[i] = most <= MOST_GAIN * sum[i] ? most / sum[i] : MOST_GAIN;
  return most > 0 && count > 0 && spread / count >= NO_COLOUR;
}

static inline int balanced(l_uint32 value, int gain) {
  int level = (int)value * gain >> 12;
  return level < 255 ? level : 255;
}

void page_grey_of_colour(PIX *pix, uint8_t *grey) {
  int width = pixGetWidth(pix), height = pixGetHeight(pix), stride = pixGetWpl(pix);
  const l_uint32 *row = pixGetData(pix);
  uint8_t *luma = grey;
  for (int y = 0; y < height; ++y, row += stride)
    for (int x = 0; x < width; ++x) *luma++ = (uint8_t)luma_of(row[x]);
  double gains[3];
  if (!find_gains(pix, grey, gains)) return;
  bool light = page_ink_is_light(&(ink_image){width, height, (size_t)width, grey});
  int gain[3];
  for (int i = 0; i < 3; ++i) gain[i] = light ? GAIN_UNIT : (int)lrint(gains[i] * GAIN_UNIT);
  row = pixGetData(pix);
  for (int y = 0; y < height; ++y, row += stride)
    for (int x = 0; x < width; ++x) {
      int red = balanced(row[x] >> L_RED_SHIFT & 255, gain[0]);
      int green = balanced(row[x] >> L_GREEN_SHIFT & 255, gain[1]);
      int blue = balanced(row[x] >> L_BLUE_SHIFT & 255, gain[2]);
      int most = red > green ? red : green, least = red < green ? red : green;
      most = most > blue ? most : blue;
      least = least < blue ? least : blue;
      int mean = (77 * red + 150 * green + 29 * blue) >> 8;
      *grey++ = (uint8_t)((mean + (light ? most : least)) / 2);
    }
}
