/* How long it takes to read one digit in process: from grey pixels to ranked candidates, on one
 * thread, through the public interface.
 *
 *   bench_read [MODEL.onnx]                        all cases, for a reader
 *   bench_read slices CASE [MODEL.onnx]            slices (slices.h): pictures read in a second
 *
 * framed:   28 x 28 and framed as MNIST is: decode, normalise (nothing to do), run, rank
 * unframed: 28 x 28, dark on light, off the middle: light, noise and the glyph have to be found
 * large:    280 x 280 of the same
 *
 * The digits are drawn here, a stroke of its own shape for each picture; what they look like
 * matters little to the time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/file.h"
#include "ink/ink.h"
#include "scrawl.h"
#include "slices.h"

enum { PICTURES = 64, LARGE = 280, MOST_MODEL_BYTES = 64 << 20 };
static const double READER_SECONDS = 2;

typedef struct bench {
  scrawl_context *context;
  scrawl_model *model;
  int side, next;
  uint8_t *pixels; /* PICTURES x side x side */
} bench;

/* An arc of ink around the middle of `side` pixels, `away` pixels off it. */
static void draw(uint8_t *grey, int side, int picture, double away) {
  double unit = side / 28.0, span = 2 + 0.06 * picture, shape = 0.6 + 0.01 * (picture % 30);
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      double u = (x + 0.5) / unit - 14 - away, v = ((y + 0.5) / unit - 14 - away) * shape;
      double edge = fabs(hypot(u, v) - 6) - 1.3, angle = atan2(v, u) + 3.15;
      double ink = angle < span ? 1 - (edge + 0.5) : 0;
      grey[y * side + x] = (uint8_t)(235 - 215 * (ink < 0 ? 0 : ink > 1 ? 1 : ink));
    }
}

/* As MNIST's files hold them, but dark on light. */
static void frame(uint8_t *grey) {
  uint8_t ink[INK_GLYPH_PIXELS], glyph[INK_GLYPH_PIXELS];
  for (int i = 0; i < INK_GLYPH_PIXELS; i++)
    ink[i] = (uint8_t)(255 - grey[i] < 40 ? 0 : 255 - grey[i]);
  ink_image image = {INK_GLYPH_SIDE, INK_GLYPH_SIDE, INK_GLYPH_SIDE, ink};
  ink_box box;
  if (ink_find(&image, &box)) ink_normalise_glyph(&image, box, glyph);
  for (int i = 0; i < INK_GLYPH_PIXELS; i++) grey[i] = 255 - glyph[i];
}

static bool prepare(bench *b, const char *name) {
  bool framed = strcmp(name, "framed") == 0;
  b->side = strcmp(name, "large") == 0 ? LARGE : INK_GLYPH_SIDE;
  size_t size = (size_t)b->side * (size_t)b->side;
  b->pixels = base_alloc(PICTURES, size);
  for (int p = 0; b->pixels && p < PICTURES; p++) {
    draw(b->pixels + (size_t)p * size, b->side, p, framed ? 0 : 1.5);
    if (framed) frame(b->pixels + (size_t)p * size);
  }
  return b->pixels;
}

static void read_one(void *data) {
  bench *b = data;
  scrawl_glyph glyph;
  const uint8_t *from = b->pixels + (size_t)b->next * (size_t)b->side * (size_t)b->side;
  if (scrawl_read_glyph(b->context, b->model, from, b->side, b->side, (size_t)b->side, &glyph) !=
      SCRAWL_OK) {
    fprintf(stderr, "%s\n", scrawl_context_error(b->context));
    exit(1);
  }
  b->next = (b->next + 1) % PICTURES;
}

static bool open_model(bench *b, const char *path) {
  uint8_t *bytes;
  size_t size;
  base_error error = {0};
  if (data_file_read(path, MOST_MODEL_BYTES, &bytes, &size, &error) != SCRAWL_OK) {
    fprintf(stderr, "%s\n", error.message);
    return false;
  }
  bool good = scrawl_model_open_memory(b->context, bytes, size, &b->model) == SCRAWL_OK;
  if (!good) fprintf(stderr, "%s: %s\n", path, scrawl_context_error(b->context));
  base_free(bytes);
  return good;
}

int main(int argc, char **argv) {
  static const char *const CASES[] = {"framed", "unframed", "large"};
  bool slices = argc > 2 && strcmp(argv[1], "slices") == 0;
  bench b = {.context = scrawl_context_create()};
  const char *path = slices ? argv[3] : argv[1];
  if (!b.context || (path && !open_model(&b, path))) return 1;
  for (int i = 0; i < 3; i++) {
    if (slices && strcmp(argv[2], CASES[i]) != 0) continue;
    if (!prepare(&b, CASES[i])) return 1;
    if (slices) {
      slices_answer(read_one, &b, 1);
    } else {
      slice found = slice_measure(read_one, &b, 1, READER_SECONDS);
      printf("%-8s %4d x %-4d median %7.1f us, fastest %7.1f us, p99 %7.1f us\n", CASES[i], b.side,
             b.side, 1e6 * found.p50, 1e6 * found.fastest, 1e6 * found.p99);
    }
    base_free(b.pixels);
  }
  scrawl_model_free(b.model);
  scrawl_context_free(b.context);
  return 0;
}
