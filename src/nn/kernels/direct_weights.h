/* Direct convolution: gradient of the weights and of the bias.
 *
 *   dw[ky][k][co] += sum over pixels of field[offset(pixel) + ky row + k] dy[pixel][co]
 *
 * with the field of the forward pass (field.h), k over the kernel_w * channels floats under one row
 * of the window. Here the pixels are what is summed over, so the register tile is rows of dw (each
 * a place ky, k in the window) x vectors of output channels: for every pixel it loads the vectors
 * of dy once and multiplies each by one float of each row.
 *
 * Pixels are taken in stretches of at most STRETCH, so that the part of dy that all rows need in
 * turn stays in the first cache; after a stretch the sums are added to dw. Stretches depend on the
 * number of pixels alone, so the order of every sum is the same on every run, whatever the vector
 * width. */
#ifndef NN_KERNELS_DIRECT_WEIGHTS_H
#define NN_KERNELS_DIRECT_WEIGHTS_H

#include "nn/kernels/direct.h"

enum {
  STRETCH = 256,
  NARROW_ROWS = 5, /* 9 and 25, the taps of a single channel, waste less in tiles of 5 */
};

typedef struct weight_sum {
  field field;
  size_t rows, run; /* of the window */
  const float *dy;
  size_t step; /* floats from a pixel of dy to the next: whole vectors */
  float *dw;
  size_t channels;    /* of dw */
  size_t first, last; /* the stretch of pixels */
} weight_sum;

/* `rows` rows of dw, of which `count` are real, over the stretch of pixels; `in`: where each row's
 * floats begin. */
INLINE void weight_tile(const int rows, const int vectors, const weight_sum *s,
                        const float *const *in, const float *dy, float *dw, size_t count,
                        size_t channels) {
  vector sum[TILE_OF_ONE][TILE_VECTORS];
  const float *from[TILE_OF_ONE];
  UNROLL for (int r = 0; r < rows; r++) {
    from[r] = in[r];
    UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = (vector){0};
  }
  const size_t *end = s->field.offsets + s->last, step = s->step;
  for (const size_t *offset = s->field.offsets + s->first; offset < end; offset++, dy += step) {
    const size_t at = *offset;
    vector d[TILE_VECTORS];
    UNROLL for (int v = 0; v < vectors; v++) d[v] = vector_load(dy + v * WIDTH);
    UNROLL for (int r = 0; r < rows; r++) {
      UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += d[v] * from[r][at];
    }
  }
  UNROLL for (int r = 0; r < rows; r++) {
    if ((size_t)r >= count) break;
    float *to = dw + (size_t)r * s->channels;
    UNROLL for (int v = 0; v < vectors; v++) {
      vector_add(to + v * WIDTH, sum[r][v], channels - (size_t)(v * WIDTH));
    }
  }
}

/* All rows of dw for one block of output channels; `channels` of them are real. */
INLINE void weight_block(const int rows, const int vectors, const weight_sum *s, size_t channel,
                         size_t channels) {
  const float *dy = s->dy + s->first * s->step + channel;
  const size_t all = s->rows * s->run;
  size_t ky = 0, k = 0;
  for (size_t row = 0; row < all; row += (size_t)rows) {
    const float *in[TILE_OF_ONE];
    UNROLL for (int r = 0; r < rows; r++) {
      in[r] = s->field.data + ky * s->field.row + k;
      if (row + (size_t)r + 1 < all && ++k == s->run) k = 0, ky++;
    }
    weight_tile(rows, vectors, s, in, dy, s->dw + row * s->channels + channel, all - row, channels);
  }
}

static void weight_block_of_two(const weight_sum *s, size_t channel, size_t channels) {
  if (tile_narrow(s->rows * s->run, NARROW_ROWS)) {
    weight_block(NARROW_ROWS, 2, s, channel, channels);
  } else {
    weight_block(TILE, 2, s, channel, channels);
  }
}

static void weight_block_of_one(const weight_sum *s, size_t channel, size_t channels) {
  weight_block(TILE_OF_ONE, 1, s, channel, channels);
}

/* Four sums side by side, since each addition has to wait for the one before it. */
static void direct_backward_bias(const nn_window *w, const float *dy, float *db) {
  const size_t pixels = (size_t)w->out_h * (size_t)w->out_w, channels = (size_t)w->out_c;
  EACH_VECTOR(c, lanes, channels) {
    vector sum[4] = {{0}};
    const float *from = dy + c;
    size_t p = 0;
    for (; p + 4 <= pixels; p += 4, from += 4 * channels) {
      UNROLL for (size_t i = 0; i < 4; i++) sum[i] += vector_get(from + i * channels, lanes);
    }
    for (; p < pixels; p++, from += channels) sum[0] += vector_get(from, lanes);
    vector_add(db + c, (sum[0] + sum[1]) + (sum[2] + sum[3]), lanes);
  }
}

static size_t weight_step(const nn_window *w) {
  return ((size_t)w->out_c + WIDTH - 1) / WIDTH * WIDTH;
}

/* dy itself where its channels are whole vectors, else a copy of it where they are. */
static size_t weight_scratch_floats(const nn_window *w) {
  const size_t step = weight_step(w);
  return step == (size_t)w->out_c ? 0 : (size_t)w->out_h * (size_t)w->out_w * step;
}

static const float *weight_widen(const nn_window *w, const float *dy, float *to) {
  const size_t step = weight_step(w), channels = (size_t)w->out_c;
  const size_t pixels = (size_t)w->out_h * (size_t)w->out_w;
  if (step == channels) return dy;
  float *pixel = to;
  for (size_t p = 0; p < pixels; p++, pixel += step, dy += channels) {
    EACH_VECTOR(c, lanes, channels) {
      vector_store(pixel + c, (vector){0});
      vector_copy(pixel + c, dy + c, lanes);
    }
  }
  return to;
}

static void direct_backward_weights(const nn_window *w, const float *x, const float *dy, float *dw,
                                    float *scratch) {
  const field_plan plan = field_plan_forward(w);
  weight_sum s = {
      .field = field_make(&plan, x, scratch),
      .rows = (size_t)w->kernel_h,
      .run = (size_t)w->kernel_w * (size_t)w->in_c,
      .dy = weight_widen(w, dy, scratch + field_floats(&plan)),
      .step = weight_step(w),
      .dw = dw,
      .channels = (size_t)w->out_c,
  };
  const size_t pixels = s.field.pixels, stretches = (pixels + STRETCH - 1) / STRETCH;
  for (size_t stretch = 0; stretch < stretches; stretch++) {
    s.first = pixels * stretch / stretches;
    s.last = pixels * (stretch + 1) / stretches;
    for (size_t channel = 0; channel < s.channels; channel += TILE_VECTORS * WIDTH) {
      const size_t left = s.channels - channel;
      if (left > WIDTH) {
        weight_block_of_two(&s, channel, left < 2 * WIDTH ? left : 2 * WIDTH);
      } else {
        weight_block_of_one(&s, channel, left);
      }
    }
  }
}

#endif
