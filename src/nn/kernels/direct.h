/* Direct convolution: output and gradient of the input.
 *
 * Both are one and the same sum (field.h: the second on dy, with the weights turned by half a turn
 * and transposed),
 *   y[pixel][co] = bias[co] + sum over ky, k of field[offset(pixel) + ky row + k] w[ky][k][co],
 * where k runs over the kernel_w * channels contiguous floats under one row of the window. The
 * micro-kernel keeps a tile of pixels x vectors of output channels in registers for the whole sum:
 * for every k it loads the vectors of weights once and multiplies each by one float of each pixel.
 * With p pixels and v vectors that takes p v + v + 1 registers and p + v loads for p v
 * multiplications, so on 16 registers 6 x 2 is as good as it gets: 12 sums are also what two
 * multipliers with a latency of 4 or 5 cycles need to stay busy.
 *
 * Weights are packed in the order they are read, in blocks of two vectors of output channels (one
 * at the end if their number is odd), padded with zeros to whole vectors. Packing depends on kernel
 * and channels, not on the picture's size.
 *
 * Every output is summed in the order of ky and k in one lane of its own: it does not depend on
 * which tile it falls into, on the picture's size, or on the vector width. */
#ifndef NN_KERNELS_DIRECT_H
#define NN_KERNELS_DIRECT_H

#include "nn/kernels/field.h"

/* Pixels in a tile: beside two vectors (32 registers would take 12, but their addresses no longer
 * fit), beside two where there are few pixels, beside one. */
enum {
  TILE_VECTORS = 2,
  TILE = NN_REGISTERS >= 32 ? 8 : 6,
  NARROW_TILE = 4,
  TILE_OF_ONE = 8,
};

/* Whether `all` pixels or rows should be cut into tiles of `narrow`, because whole tiles waste a
 * twelfth of their work. */
static bool tile_narrow(size_t all, size_t narrow) {
  const size_t whole = (all + TILE - 1) / TILE * TILE;
  return whole * 12 > (all + narrow - 1) / narrow * narrow * 13;
}

typedef struct direct_sum {
  field field;
  size_t rows, run; /* of the window: rows of run contiguous floats */
  const float *packed;
  const float *bias; /* may be NULL */
  bool relu;
  float *y;
  size_t channels; /* of y */
} direct_sum;

/* `count` <= pixels of them are real, and stored; so are `channels` <= vectors * WIDTH. `rows` of
 * the window are summed. */
INLINE void direct_tile(const int pixels, const int vectors, const direct_sum *s, size_t first,
                        size_t count, const field_rows *rows, const float *weights,
                        const vector *bias, float *y, size_t channels) {
  vector sum[TILE_OF_ONE][TILE_VECTORS];
  const float *in[TILE_OF_ONE];
  UNROLL for (int p = 0; p < pixels; p++) {
    in[p] = s->field.data + s->field.offsets[first + (size_t)p];
    UNROLL for (int v = 0; v < vectors; v++) sum[p][v] = bias[v];
  }
  const size_t run = s->run, row = s->field.row;
  weights += rows->from * run * (size_t)(vectors * WIDTH);
  for (size_t ky = rows->from, at = ky * row; ky < rows->to; ky++, at += row) {
    for (size_t k = at; k < at + run; k++, weights += vectors * WIDTH) {
      vector w[TILE_VECTORS];
      UNROLL for (int v = 0; v < vectors; v++) w[v] = vector_load(weights + v * WIDTH);
      UNROLL for (int p = 0; p < pixels; p++) {
        UNROLL for (int v = 0; v < vectors; v++) sum[p][v] += w[v] * in[p][k];
      }
    }
  }
  if (s->relu) {
    UNROLL for (int p = 0; p < pixels; p++) {
      UNROLL for (int v = 0; v < vectors; v++) sum[p][v] = vector_relu(sum[p][v]);
    }
  }
  UNROLL for (int p = 0; p < pixels; p++) {
    if ((size_t)p >= count) break;
    float *to = y + (size_t)p * s->channels;
    UNROLL for (int v = 0; v < vectors; v++) {
      vector_put(to + v * WIDTH, sum[p][v], channels - (size_t)(v * WIDTH));
    }
  }
}

/* All pixels of one block of output channels; `channels` of them are real. */
INLINE void direct_block(const int pixels, const int vectors, const direct_sum *s,
                         const float *weights, size_t channel, size_t channels) {
  float padded[TILE_VECTORS * WIDTH] = {0};
  vector bias[TILE_VECTORS];
  if (s->bias) memcpy(padded, s->bias + channel, channels * sizeof *padded);
  UNROLL for (int v = 0; v < vectors; v++) bias[v] = vector_load(padded + v * WIDTH);
  float *y = s->y + channel;
  field_walk upper = {0}, lower = {0};
  for (size_t first = 0; first < s->field.pixels; first += (size_t)pixels) {
    const size_t left = s->field.pixels - first;
    const size_t count = left < (size_t)pixels ? left : (size_t)pixels;
    const ptrdiff_t highest = field_row_of(&s->field, first, &upper);
    const ptrdiff_t lowest = field_row_of(&s->field, first + count - 1, &lower);
    const field_rows rows = field_rows_of(&s->field, s->rows, highest, lowest);
    direct_tile(pixels, vectors, s, first, count, &rows, weights, bias, y + first * s->channels,
                channels);
  }
}

static void direct_block_of_two(const direct_sum *s, const float *weights, size_t channel,
                                size_t channels) {
  if (tile_narrow(s->field.pixels, NARROW_TILE)) {
    direct_block(NARROW_TILE, 2, s, weights, channel, channels);
  } else {
    direct_block(TILE, 2, s, weights, channel, channels);
  }
}

static void direct_block_of_one(const direct_sum *s, const float *weights, size_t channel,
                                size_t channels) {
  direct_block(TILE_OF_ONE, 1, s, weights, channel, channels);
}

static void direct_sum_all(const direct_sum *s) {
  const float *weights = s->packed;
  for (size_t channel = 0; channel < s->channels; channel += TILE_VECTORS * WIDTH) {
    const size_t left = s->channels - channel;
    if (left > WIDTH) {
      direct_block_of_two(s, weights, channel, left < 2 * WIDTH ? left : 2 * WIDTH);
    } else {
      direct_block_of_one(s, weights, channel, left);
    }
    weights += s->rows * s->run * 2 * WIDTH;
  }
}

/* Floats of a block when `left` channels are still to come. */
static size_t direct_block_width(size_t left) {
  return left > WIDTH ? 2 * WIDTH : WIDTH;
}

static size_t direct_floats_packed(const nn_window *w, int in_c, int out_c) {
  const size_t vectors = ((size_t)out_c + WIDTH - 1) / WIDTH;
  return (size_t)w->kernel_h * (size_t)w->kernel_w * (size_t)in_c * vectors * WIDTH;
}

static size_t direct_packed_floats(const nn_window *w) {
  return direct_floats_packed(w, w->in_c, w->out_c);
}

static size_t direct_packed_backward_floats(const nn_window *w) {
  return direct_floats_packed(w, w->out_c, w->in_c);
}

static void direct_pack(const nn_window *w, const float *weights, float *packed) {
  const size_t channels = (size_t)w->out_c;
  const size_t sums = (size_t)w->kernel_h * (size_t)w->kernel_w * (size_t)w->in_c;
  for (size_t channel = 0; channel < channels; channel += TILE_VECTORS * WIDTH) {
    const size_t block = direct_block_width(channels - channel);
    const size_t real = channels - channel < block ? channels - channel : block;
    for (size_t k = 0; k < sums; k++, packed += block) {
      memcpy(packed, weights + k * channels + channel, real * sizeof *packed);
      memset(packed + real, 0, (block - real) * sizeof *packed);
    }
  }
}

static void direct_pack_backward(const nn_window *w, const float *weights, float *packed) {
  const size_t channels = (size_t)w->in_c, inner = (size_t)w->out_c;
  const size_t taps = (size_t)w->kernel_h * (size_t)w->kernel_w;
  for (size_t channel = 0; channel < channels; channel += TILE_VECTORS * WIDTH) {
    const size_t block = direct_block_width(channels - channel);
    const size_t real = channels - channel < block ? channels - channel : block;
    for (size_t tap = taps; tap-- > 0;) {
      const float *from = weights + (tap * channels + channel) * inner;
      for (size_t k = 0; k < inner; k++, packed += block) {
        for (size_t c = 0; c < real; c++) packed[c] = from[c * inner + k];
        memset(packed + real, 0, (block - real) * sizeof *packed);
      }
    }
  }
}

static void direct_forward_one(const nn_window *w, const float *x, const float *packed,
                               const nn_conv_end *end, float *y, float *scratch) {
  const field_plan plan = field_plan_forward(w);
  direct_sum_all(&(direct_sum){
      .field = field_make(&plan, x, scratch),
      .rows = (size_t)w->kernel_h,
      .run = (size_t)w->kernel_w * (size_t)w->in_c,
      .packed = packed,
      .bias = end->bias,
      .relu = end->relu,
      .y = y,
      .channels = (size_t)w->out_c,
  });
}

static void direct_backward_data(const nn_window *w, const float *dy, const float *packed,
                                 float *dx, float *scratch) {
  const field_plan plan = field_plan_backward(w);
  direct_sum_all(&(direct_sum){
      .field = field_make(&plan, dy, scratch),
      .rows = (size_t)w->kernel_h,
      .run = (size_t)w->kernel_w * (size_t)w->out_c,
      .packed = packed,
      .y = dx,
      .channels = (size_t)w->in_c,
  });
}

#endif
