/* Picture files to upright grey pictures. Leptonica decodes; what is done here is choosing.
 *
 * Colour becomes grey along the first principal axis of the picture's colours (a power iteration on
 * their covariance): paper and ink lie apart in that direction whatever their colours are, where a
 * fixed mix would let light blue on white or red on green vanish. A picture without colour keeps
 * its grey.
 *
 * Transparency lies over white; over black where the picture would be all but lost on white (white
 * strokes drawn on nothing). */
#include <math.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "page/exif.h"
#include "page/header.h"
#include "page/page.h"
#include "page/prepare.h"

enum {
  DEFAULT_BYTES = 64 << 20,
  DEFAULT_PIXELS = 64000000,
  SAMPLES = 1 << 16, /* pixels looked at to choose; at least this many if there are */
  POWER_STEPS = 16,
};

/* Black is put under a picture only if it stands out so much better there (ratio of variances). */
#define BLACK_BACKDROP 4.0
/* Mean difference of the channels, in levels, below which a picture has no colour. */
#define NO_COLOUR 2.0

static const double LUMA[3] = {0.299, 0.587, 0.114};

/* 8 or 32 bits per pixel, without palette. */
static PIX *to_plain(PIX *pix) {
  PIX *flat = pixGetColormap(pix) ? pixRemoveColormap(pix, REMOVE_CMAP_WITH_ALPHA) : pixClone(pix);
  PIX *plain = NULL;
  if (flat) {
    int depth = pixGetDepth(flat);
    plain = depth == 8 || depth == 32 ? pixClone(flat)
            : depth == 24             ? pixConvert24To32(flat)
            : depth == 16             ? pixConvert16To8(flat, L_MS_BYTE)
                                      : pixConvertTo8(flat, 0);
  }
  pixDestroy(&flat);
  return plain;
}

typedef struct colour {
  int red, green, blue, alpha;
} colour;

static colour colour_of(l_uint32 word) {
  return (colour){(int)(word >> L_RED_SHIFT & 255), (int)(word >> L_GREEN_SHIFT & 255),
                  (int)(word >> L_BLUE_SHIFT & 255), (int)(word & 255)};
}

static int over(int level, int alpha, int backdrop) {
  return (level * alpha + backdrop * (255 - alpha) + 127) / 255;
}

/* A sum over sampled pixels. */
typedef struct moments {
  double count, mean[3], covariance[3][3], spread; /* spread: mean difference between channels */
} moments;

static moments measure(const l_uint32 *words, int width, int height, int stride, bool has_alpha,
                       int backdrop) {
  moments m = {0};
  int step = (int)sqrt((double)width * height / SAMPLES);
  if (step < 1) step = 1;
  for (int y = step / 2; y < height; y += step)
    for (int x = step / 2; x < width; x += step) {
      colour c = colour_of(words[(size_t)y * (size_t)stride + (size_t)x]);
      int alpha = has_alpha ? c.alpha : 255;
      double v[3] = {over(c.red, alpha, backdrop), over(c.green, alpha, backdrop),
                     over(c.blue, alpha, backdrop)};
      ++m.count;
      m.spread += fmax(fmax(v[0], v[1]), v[2]) - fmin(fmin(v[0], v[1]), v[2]);
      for (int i = 0; i < 3; ++i) {
        m.mean[i] += v[i];
        for (int j = 0; j < 3; ++j) m.covariance[i][j] += v[i] * v[j];
      }
    }
  m.spread /= m.count;
  for (int i = 0; i < 3; ++i) m.mean[i] /= m.count;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      m.covariance[i][j] = m.covariance[i][j] / m.count - m.mean[i] * m.mean[j];
  return m;
}

static double variance(const moments *m) {
  return m->covariance[0][0] + m->covariance[1][1] + m->covariance[2][2];
}

/* Weights whose absolute values sum to 1, so that the mix, with `offset`, stays in 0 .. 255. */
static void choose_weights(const moments *m, double weights[3], double *offset) {
  double axis[3] = {LUMA[0], LUMA[1], LUMA[2]};
  if (m->spread >= NO_COLOUR)
    for (int step = 0; step < POWER_STEPS; ++step) {
      double next[3] = {0}, length = 0;
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) next[i] += m->covariance[i][j] * axis[j];
        length += fabs(next[i]);
      }
      if (length < 1e-9) break;
      for (int i = 0; i < 3; ++i) axis[i] = next[i] / length;
    }
  double sum = axis[0] + axis[1] + axis[2], length = 0;
  for (int i = 0; i < 3; ++i) length += fabs(axis[i]);
  *offset = 0;
  for (int i = 0; i < 3; ++i) {
    weights[i] = (sum < 0 ? -axis[i] : axis[i]) / length; /* brighter stays brighter */
    if (weights[i] < 0) *offset -= 255 * weights[i];
  }
}

static void mix(PIX *pix, uint8_t *grey) {
  int width = pixGetWidth(pix), height = pixGetHeight(pix), stride = pixGetWpl(pix);
  const l_uint32 *words = pixGetData(pix);
  bool has_alpha = pixGetSpp(pix) == 4;
  int backdrop = 255;
  moments m = measure(words, width, height, stride, has_alpha, 255);
  if (has_alpha) {
    moments black = measure(words, width, height, stride, true, 0);
    if (variance(&black) > BLACK_BACKDROP * variance(&m)) {
      m = black;
      backdrop = 0;
    }
  }
  double weights[3], offset;
  choose_weights(&m, weights, &offset);
  enum { SCALE = 1 << 16 };
  int w[3], start = (int)lrint(offset * SCALE) + SCALE / 2;
  for (int i = 0; i < 3; ++i) w[i] = (int)lrint(weights[i] * SCALE);
  for (int y = 0; y < height; ++y, words += stride)
    for (int x = 0; x < width; ++x) {
      colour c = colour_of(words[x]);
      int level = (w[0] * c.red + w[1] * c.green + w[2] * c.blue + start) / SCALE;
      if (has_alpha) {
        int paper = ((w[0] + w[1] + w[2]) * backdrop + start) / SCALE;
        level = over(level, c.alpha, paper);
      }
      *grey++ = (uint8_t)(level < 0 ? 0 : level > 255 ? 255 : level);
    }
}

static void copy_grey(PIX *pix, uint8_t *grey) {
  int width = pixGetWidth(pix), height = pixGetHeight(pix), stride = pixGetWpl(pix);
  l_uint32 *words = pixGetData(pix);
  for (int y = 0; y < height; ++y, words += stride)
    for (int x = 0; x < width; ++x) *grey++ = (uint8_t)GET_DATA_BYTE(words, x);
}

/* How many times larger than enough, as a power of two: 1, 2, 4, 8. */
static int reduction_of(int width, int height, int enough) {
  int side = width > height ? width : height, by = 1;
  while (enough > 0 && by < 8 && side / (2 * by) >= enough) by *= 2;
  return by;
}

/* JPEG's blocks can be decoded at a half, a quarter, an eighth of their size, in less time. */
static PIX *read_pix(const uint8_t *bytes, size_t size, int enough) {
  l_int32 format = IFF_UNKNOWN, width, height;
  findFileFormatBuffer(bytes, &format);
  if (format != IFF_JFIF_JPEG || enough <= 0 ||
      readHeaderMemJpeg(bytes, size, &width, &height, NULL, NULL, NULL) != 0)
    return pixReadMem(bytes, size);
  return pixReadMemJpeg(bytes, size, 0, reduction_of(width, height, enough), NULL, 0);
}

/* Where the decoder made it smaller. */
static void find_file_size(const uint8_t *bytes, size_t size, page_picture *picture) {
  l_int32 format = IFF_UNKNOWN, width, height;
  findFileFormatBuffer(bytes, &format);
  if (format != IFF_JFIF_JPEG ||
      readHeaderMemJpeg(bytes, size, &width, &height, NULL, NULL, NULL) != 0)
    return;
  picture->file_width = width;
  picture->file_height = height;
}

static scrawl_status make_smaller(page_picture *picture, int by, base_error *error) {
  if (by <= 1) return SCRAWL_OK;
  int width = (picture->width - 1) / by + 1, height = (picture->height - 1) / by + 1;
  uint8_t *small = base_alloc((size_t)height, (size_t)width);
  if (!small)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for %d x %d pixels", width, height);
  page_reduce(picture, by, small, width, height);
  base_free(picture->grey);
  picture->grey = small;
  picture->width = width;
  picture->height = height;
  return SCRAWL_OK;
}

/* Upright, from the way EXIF says the picture was stored: 2 .. 4 mirrored and turned by 180, 5 .. 8
 * also with rows as columns. */
static scrawl_status turn(page_picture *picture, int orientation, base_error *error) {
  if (orientation == 1) return SCRAWL_OK;
  int width = picture->width, height = picture->height;
  uint8_t *turned = base_alloc((size_t)height, (size_t)width);
  if (!turned) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to turn the picture");
  bool swap = orientation >= 5;
  /* Where the stored picture's first row and column are in the upright one: at its right, at its
   * bottom. */
  bool right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  bool bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  int new_width = swap ? height : width, new_height = swap ? width : height;
  const uint8_t *from = picture->grey;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      int u = swap ? y : x, v = swap ? x : y;
      if (right) u = new_width - 1 - u;
      if (bottom) v = new_height - 1 - v;
      turned[(size_t)v * (size_t)new_width + (size_t)u] = *from++;
    }
  base_free(picture->grey);
  *picture = (page_picture){new_width, new_height, turned,
                            swap ? picture->file_height : picture->file_width,
                            swap ? picture->file_width : picture->file_height};
  return SCRAWL_OK;
}

scrawl_status page_decode(const void *bytes, size_t size, const page_limits *limits,
                          page_picture *picture, base_error *error) {
  *picture = (page_picture){0};
  size_t most_bytes = limits && limits->bytes ? limits->bytes : DEFAULT_BYTES;
  size_t most_pixels = limits && limits->pixels ? limits->pixels : DEFAULT_PIXELS;
  if (size > most_bytes)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "the file has %zu bytes; the limit is %zu", size,
                     most_bytes);
  setMsgSeverity(L_SEVERITY_NONE); /* Leptonica would print */
  BASE_TRY(page_header_check(bytes, size, most_pixels, error));
  int enough = limits ? limits->side : 0;
  PIX *pix = read_pix(bytes, size, enough), *plain = pix ? to_plain(pix) : NULL;
  pixDestroy(&pix);
  if (!plain) return base_fail(error, SCRAWL_BAD_FORMAT, "a picture that cannot be decoded");
  int width = pixGetWidth(plain), height = pixGetHeight(plain);
  scrawl_status status = SCRAWL_OK;
  uint8_t *grey = NULL;
  if ((uint64_t)width * (uint64_t)height > most_pixels)
    status = base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                       "the picture has %d x %d pixels; the limit is %zu in all", width, height,
                       most_pixels);
  else if (!(grey = base_alloc((size_t)height, (size_t)width)))
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for %d x %d pixels", width, height);
  if (grey) {
    if (pixGetDepth(plain) != 32)
      copy_grey(plain, grey);
    else if (enough > 0 && pixGetSpp(plain) != 4)
      page_grey_of_colour(plain, grey);
    else
      mix(plain, grey);
    *picture = (page_picture){width, height, grey, width, height};
    find_file_size(bytes, size, picture);
    status = make_smaller(picture, reduction_of(width, height, enough), error);
    if (status == SCRAWL_OK) status = turn(picture, page_exif_orientation(bytes, size), error);
  }
  pixDestroy(&plain);
  if (status != SCRAWL_OK) {
    base_free(picture->grey);
    *picture = (page_picture){0};
  }
  return status;
}
