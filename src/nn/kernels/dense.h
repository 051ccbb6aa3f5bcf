/* Dense layers with few outputs: rows of numbers, not pictures.
 *
 * Ten outputs fill 10 of 16 lanes, and the weights of 18,432 inputs, padded to 16, no longer fit
 * the second cache. Here the lanes run along the inputs: weights lie as [output][input], nothing is
 * wasted, and y[row][output] is a sum over lanes at the very end. A register tile is rows x
 * outputs; every sum goes over the inputs in the same order, whatever the tile.
 *
 * The gradient of the inputs uses the same weights: lanes along the inputs again, dx[row] = sum
 * over outputs of dy[row][output] weights[output]. That of the weights, dense_weights, is for any
 * number of outputs, and its rows may come from anywhere: the trainer takes it over a whole batch
 * at once. */
#ifndef NN_KERNELS_DENSE_H
#define NN_KERNELS_DENSE_H

#include "nn/kernels/direct_weights.h"

enum {
  DENSE_OUTPUTS = 5,
  DENSE_ROWS = NN_REGISTERS >= 32 ? 4 : 2,
  DENSE_BLOCK = NN_REGISTERS >= 32 ? 16 : 8, /* inputs, for the gradient of the weights */
};

/* Rows are pictures of one pixel, and a vector of outputs would be filled to less than three
 * quarters. */
static bool dense_can(const nn_window *w) {
  const int lanes = (w->out_c + WIDTH - 1) / WIDTH * WIDTH;
  return w->in_h == 1 && w->in_w == 1 && w->kernel_h == 1 && w->kernel_w == 1 && w->out_h == 1 &&
         w->out_w == 1 && 4 * w->out_c < 3 * lanes;
}

/* Inputs are padded to whole vectors of zeros. */
static size_t dense_row(const nn_window *w) {
  return ((size_t)w->in_c + WIDTH - 1) / WIDTH * WIDTH;
}

static size_t dense_packed_floats(const nn_window *w) {
  return dense_row(w) * (size_t)w->out_c;
}

static size_t dense_packed_output(const nn_window *w, int output) {
  return dense_row(w) * (size_t)output;
}

/* Reads in order and writes a column of the output rows at a time: one store for each weight. */
static void dense_pack(const nn_window *w, const float *weights, float *packed) {
  const size_t inputs = (size_t)w->in_c, outputs = (size_t)w->out_c, row = dense_row(w);
  for (size_t i = 0; i < inputs; i++, weights += outputs) {
    for (size_t o = 0; o < outputs; o++) packed[o * row + i] = weights[o];
  }
  for (size_t o = 0; o < outputs; o++) {
    memset(packed + o * row + inputs, 0, (row - inputs) * sizeof *packed);
  }
}

INLINE float vector_sum(vector value) {
  const float *lanes = (const float *)&value;
  float sums[WIDTH];
  UNROLL for (int i = 0; i < WIDTH; i++) sums[i] = lanes[i];
  UNROLL for (int half = WIDTH / 2; half > 0; half /= 2) {
    UNROLL for (int i = 0; i < half; i++) sums[i] += sums[i + half];
  }
  return sums[0];
}

INLINE void dense_tile(const int rows, const int outputs, size_t inputs, size_t row, const float *x,
                       const float *weights, const nn_conv_end *end, size_t channels,
                       size_t channel, float *y) {
  vector sum[DENSE_ROWS][DENSE_OUTPUTS];
  UNROLL for (int r = 0; r < rows; r++) {
    UNROLL for (int o = 0; o < outputs; o++) sum[r][o] = (vector){0};
  }
  EACH_VECTOR(i, lanes, inputs) {
    vector w[DENSE_OUTPUTS];
    UNROLL for (int o = 0; o < outputs; o++) w[o] = vector_load(weights + (size_t)o * row + i);
    UNROLL for (int r = 0; r < rows; r++) {
      const vector value = vector_get(x + (size_t)r * inputs + i, lanes);
      UNROLL for (int o = 0; o < outputs; o++) sum[r][o] += w[o] * value;
    }
  }
  UNROLL for (int r = 0; r < rows; r++) {
    UNROLL for (int o = 0; o < outputs; o++) {
      const float value = vector_sum(sum[r][o]) + (end->bias ? end->bias[channel + (size_t)o] : 0);
      y[(size_t)r * channels + channel + (size_t)o] = end->relu && !(value > 0) ? 0 : value;
    }
  }
}

INLINE void dense_rows(const int rows, const nn_window *w, const float *x, const float *packed,
                       const nn_conv_end *end, float *y) {
  const size_t inputs = (size_t)w->in_c, outputs = (size_t)w->out_c, row = dense_row(w);
  size_t o = 0;
  for (; o + DENSE_OUTPUTS <= outputs; o += DENSE_OUTPUTS) {
    dense_tile(rows, DENSE_OUTPUTS, inputs, row, x, packed + o * row, end, outputs, o, y);
  }
  for (; o < outputs; o++)
    dense_tile(rows, 1, inputs, row, x, packed + o * row, end, outputs, o, y);
}

static void dense_forward(const nn_window *w, int count, const float *x, const float *packed,
                          const nn_conv_end *end, float *y, float *scratch) {
  (void)scratch;
  int row = 0;
  for (; row + DENSE_ROWS <= count; row += DENSE_ROWS) {
    dense_rows(DENSE_ROWS, w, x, packed, end, y);
    x += DENSE_ROWS * (size_t)w->in_c, y += DENSE_ROWS * (size_t)w->out_c;
  }
  for (; row < count; row++, x += w->in_c, y += w->out_c) dense_rows(1, w, x, packed, end, y);
}

/* DENSE_ROWS rows of dx, of which `count` are real: `vectors` of inputs from `i` on. */
INLINE void dense_gradient_tile(const int vectors, const nn_window *w, size_t count,
                                const float *const *dy, const float *packed, float *dx, size_t i) {
  const size_t inputs = (size_t)w->in_c, outputs = (size_t)w->out_c, row = dense_row(w);
  vector sum[DENSE_ROWS][2] = {{{0}}};
  for (size_t o = 0; o < outputs; o++) {
    vector weights[2];
    UNROLL for (int v = 0; v < vectors; v++) weights[v] =
        vector_load(packed + o * row + i + v * WIDTH);
    UNROLL for (int r = 0; r < DENSE_ROWS; r++) {
      UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += weights[v] * dy[r][o];
    }
  }
  UNROLL for (int r = 0; r < DENSE_ROWS; r++) {
    if ((size_t)r >= count) break;
    UNROLL for (int v = 0; v < vectors; v++) {
      const size_t at = i + (size_t)(v * WIDTH);
      vector_put(dx + (size_t)r * inputs + at, sum[r][v], inputs - at);
    }
  }
}

static void dense_gradient_rows(const nn_window *w, size_t count, const float *dy,
                                const float *packed, float *dx) {
  const size_t inputs = (size_t)w->in_c, outputs = (size_t)w->out_c;
  const float *from[DENSE_ROWS];
  UNROLL for (size_t r = 0; r < DENSE_ROWS; r++) from[r] = dy + (r < count ? r : 0) * outputs;
  size_t i = 0;
  for (; i + WIDTH < inputs; i += 2 * WIDTH) {
    dense_gradient_tile(2, w, count, from, packed, dx, i);
  }
  if (i < inputs) dense_gradient_tile(1, w, count, from, packed, dx, i);
}

/* dw += sum over rows of x[row] ' dy[row]: for a block of inputs the sums of all rows are made in
 * registers before they are added. `wide`: dy in whole vectors. */
INLINE void dense_weights_block(const int block, size_t rows, size_t first, const float *const *x,
                                const float *wide, size_t lanes, size_t outputs, float *dw) {
  vector sum[DENSE_BLOCK];
  UNROLL for (int i = 0; i < block; i++) sum[i] = (vector){0};
  for (size_t r = 0; r < rows; r++) {
    const vector gradient = vector_load(wide + r * WIDTH);
    const float *in = x[r] + first;
    UNROLL for (int i = 0; i < block; i++) sum[i] += gradient * in[i];
  }
  UNROLL for (int i = 0; i < block; i++) vector_add(dw + (size_t)i * outputs, sum[i], lanes);
}

static void dense_weights(size_t rows, size_t inputs, size_t outputs, const float *const *x,
                          const float *const *dy, float *dw) {
  float wide[NN_DENSE_ROWS * WIDTH];
  EACH_VECTOR(o, lanes, outputs) {
    for (size_t r = 0; r < rows; r++) {
      vector_store(wide + r * WIDTH, vector_get(dy[r] + o, lanes));
    }
    size_t i = 0;
    for (; i + DENSE_BLOCK <= inputs; i += DENSE_BLOCK) {
      dense_weights_block(DENSE_BLOCK, rows, i, x, wide, lanes, outputs, dw + i * outputs + o);
    }
    for (; i < inputs; i++) {
      dense_weights_block(1, rows, i, x, wide, lanes, outputs, dw + i * outputs + o);
    }
  }
}

static size_t dense_no_scratch(const nn_window *w, int count) {
  (void)w;
  (void)count;
  return 0;
}

static size_t dense_no_floats(const nn_window *w) {
  (void)w;
  return 0;
}

static void dense_backward(const nn_window *w, int count, const float *x, const float *dy,
                           const float *packed, float *dx, float *dw, float *db, float *scratch) {
  (void)scratch;
  const size_t inputs = (size_t)w->in_c, outputs = (size_t)w->out_c, rows = (size_t)count;
  for (size_t r = 0; dw && r < rows; r += NN_DENSE_ROWS) {
    const float *x_rows[NN_DENSE_ROWS], *dy_rows[NN_DENSE_ROWS];
    const size_t some = rows - r < NN_DENSE_ROWS ? rows - r : NN_DENSE_ROWS;
    for (size_t i = 0; i < some; i++) {
      x_rows[i] = x + (r + i) * inputs;
      dy_rows[i] = dy + (r + i) * outputs;
    }
    dense_weights(some, inputs, outputs, x_rows, dy_rows, dw);
  }
  if (db) direct_backward_bias(&(nn_window){.out_h = 1, .out_w = count, .out_c = w->out_c}, dy, db);
  for (size_t r = 0; dx && r < rows; r += DENSE_ROWS) {
    const size_t left = rows - r;
    dense_gradient_rows(w, left < DENSE_ROWS ? left : DENSE_ROWS, dy + r * outputs, packed,
                        dx + r * inputs);
  }
}

static const nn_conv DENSE = {
    .name = "dense",
    .can = dense_can,
    .packed_floats = dense_packed_floats,
    .pack = dense_pack,
    .packed_output = dense_packed_output,
    .forward_scratch = dense_no_scratch,
    .forward = dense_forward,
    .packed_backward_floats = dense_no_floats,
    .backward_scratch = dense_no_scratch,
    .backward = dense_backward,
};

#endif
