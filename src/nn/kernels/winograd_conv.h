/* Winograd's convolution: output and gradient of the input (winograd.h has the method).
 *
 * Both are, for each place of a transformed tile, a product of tiles x channels with channels x
 * channels. The micro-kernel is that of the direct convolution (conv.h), a tile of rows x vectors
 * in registers; since its rows lie one vector apart, they need no addresses of their own, and with
 * 32 registers it can be 12 x 2.
 *
 * Weights are transformed when they are packed: [places][blocks of two vectors of outputs][inputs]
 * [vectors]. Every tile is summed over channels in the same order in one lane of its own: a
 * picture's result does not depend on what it shares a chunk with. */
#ifndef NN_KERNELS_WINOGRAD_CONV_H
#define NN_KERNELS_WINOGRAD_CONV_H

#include "nn/kernels/winograd.h"

/* ---- the products ---- */

/* to[vector][row] = sum over k of from[k / WIDTH][row][k % WIDTH] weights[k][vector] */
INLINE void gemm_tile(const int rows, const int vectors, size_t depth, const float *from,
                      size_t from_step, const float *weights, float *to, size_t to_step) {
  vector sum[GEMM_ROWS][2];
  UNROLL for (int r = 0; r < rows; r++) {
    UNROLL for (int v = 0; v < vectors; v++) sum[r][v] = (vector){0};
  }
  for (size_t k = 0; k < depth; k += WIDTH, from += from_step) {
    const size_t lanes = depth - k < WIDTH ? depth - k : WIDTH;
    const float *in = from, *end = from + lanes;
    for (; in < end; in++, weights += vectors * WIDTH) {
      vector w[2];
      UNROLL for (int v = 0; v < vectors; v++) w[v] = vector_load(weights + v * WIDTH);
      UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += w[v] * in[r * WIDTH];
      }
    }
  }
  UNROLL for (int r = 0; r < rows; r++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      vector_store(to + (size_t)v * to_step + r * WIDTH, sum[r][v]);
    }
  }
}

/* All tiles of one place for one block of output channels. */
INLINE void gemm_block(const int vectors, size_t tiles, size_t depth, const float *from,
                       size_t from_step, const float *weights, float *to, size_t to_step) {
  for (size_t tile = 0; tile < tiles;) {
    const size_t left = tiles - tile;
    const float *in = from + tile * WIDTH;
    float *out = to + tile * WIDTH;
    if (left > 2 * GEMM_STEP) {
      gemm_tile(GEMM_ROWS, vectors, depth, in, from_step, weights, out, to_step);
      tile += GEMM_ROWS;
    } else if (left > GEMM_STEP) {
      gemm_tile(2 * GEMM_STEP, vectors, depth, in, from_step, weights, out, to_step);
      tile += 2 * GEMM_STEP;
    } else {
      gemm_tile(GEMM_STEP, vectors, depth, in, from_step, weights, out, to_step);
      tile += GEMM_STEP;
    }
  }
}

static void gemm_block_of_two(size_t tiles, size_t depth, const float *from, size_t from_step,
                              const float *weights, float *to, size_t to_step) {
  gemm_block(2, tiles, depth, from, from_step, weights, to, to_step);
}

static void gemm_block_of_one(size_t tiles, size_t depth, const float *from, size_t from_step,
                              const float *weights, float *to, size_t to_step) {
  gemm_block(1, tiles, depth, from, from_step, weights, to, to_step);
}

/* Floats of the packed weights from one place to the next. */
static size_t panel_floats(size_t inputs, size_t outputs) {
  return (inputs * vectors_of(outputs) | 1) * WIDTH;
}

static void slabs_multiply(int places, size_t tiles, const slabs *from, size_t depth,
                           const float *packed, const slabs *to) {
  const size_t panel = panel_floats(depth, to->vectors * WIDTH);
  const size_t from_step = from->tiles * WIDTH, to_step = to->tiles * WIDTH;
  for (int k = 0; k < places; k++) {
    const float *in = from->data + (size_t)k * from->place;
    const float *weights = packed + (size_t)k * panel;
    float *out = to->data + (size_t)k * to->place;
    for (size_t v = 0; v < to->vectors; v += 2, weights += 2 * depth * WIDTH) {
      if (to->vectors - v > 1) {
        gemm_block_of_two(tiles, depth, in, from_step, weights, out + v * to_step, to_step);
      } else {
        gemm_block_of_one(tiles, depth, in, from_step, weights, out + v * to_step, to_step);
      }
    }
  }
}

/* ---- what comes out ---- */

/* Reads a tile of `side` x `side` places into `half` and applies the first of both lines. */
INLINE void tile_half(winograd_line *line, const int m, const int sides, const slabs *s, size_t v,
                      size_t tile, vector *half) {
  winograd_columns(line, m, m + 2, sides, slab_at(s, v, tile), (size_t)(m + 2) * s->place, s->place,
                   half);
}

/* y = A' slabs A + bias, then the end of the layer. */
INLINE void tiles_to_output(const int m, const tile_grid *grid, const nn_window *w,
                            const slabs *from, size_t first, size_t count, const nn_conv_end *end,
                            float *y) {
  const int side = m + 2, pool = end->pool ? 2 : 1, width = w->out_w / pool;
  const size_t channels = (size_t)w->out_c, row = (size_t)width * channels;
  const size_t picture = (size_t)(w->out_h / pool) * row;
  for (size_t i = 0; i < count; i++) {
    tile_place at = tile_of_output(grid, w, first + i);
    if (end->pool) {
      at.top /= 2, at.left /= 2, at.to_y /= 2, at.to_x /= 2;
    }
    float *to = y + at.picture * picture;
    for (size_t v = 0, c = 0; c < channels; v++, c += WIDTH) {
      vector half[4 * SIDE_MOST], out[4][4];
      const vector bias = end->bias ? vector_get(end->bias + c, channels - c) : (vector){0};
      tile_half(winograd_output, m, m, from, v, i, half);
      UNROLL for (int j = 0; j < m; j++) {
        winograd_output(m, half + j * side, out[j]);
        UNROLL for (int k = 0; k < m; k++) {
          out[j][k] += bias;
          if (end->relu) out[j][k] = vector_relu(out[j][k]);
        }
      }
      if (end->pool) {
        UNROLL for (int j = 0; j < m / 2; j++) {
          UNROLL for (int k = 0; k < m / 2; k++) {
            out[j][k] = vector_max(vector_max(out[2 * j][2 * k], out[2 * j][2 * k + 1]),
                                   vector_max(out[2 * j + 1][2 * k], out[2 * j + 1][2 * k + 1]));
          }
        }
      }
      if (at.inside && channels - c >= WIDTH) {
        float *pixel = to + tile_pixel(&at, 0, 0, width, channels) + c;
        for (int j = 0; j < m / pool; j++, pixel += row) {
          for (int k = 0; k < m / pool; k++) {
            vector_store(pixel + (size_t)k * channels, out[j][k]);
          }
        }
      } else {
        for (int j = 0; j < at.to_y; j++) {
          for (int k = 0; k < at.to_x; k++) {
            vector_put(to + tile_pixel(&at, j, k, width, channels) + c, out[j][k], channels - c);
          }
        }
      }
    }
  }
}

/* Pixels from .. to - 1 of a line of `side`: those before `add` are added to, the rest written. */
INLINE void line_to_gradient(int from, int to, const int side, int add, size_t lanes,
                             const vector *line, float *pixel, size_t channels) {
  UNROLL for (int k = 0; k < side; k++) {
    if (k < from || k >= to) continue;
    float *at = pixel + (size_t)k * channels;
    if (k < add) {
      vector_add(at, line[k], lanes);
    } else {
      vector_put(at, line[k], lanes);
    }
  }
}

/* dx = B slabs B', tiles overlapping by two pixels. They come in reading order: what a tile to the
 * left or above has written is added to, the rest is written. */
INLINE void tiles_to_gradient(const int m, const tile_grid *grid, const nn_window *w,
                              const slabs *from, size_t first, size_t count, float *dx) {
  const int side = m + 2;
  const size_t channels = (size_t)w->in_c, row = (size_t)w->in_w * channels;
  for (size_t i = 0; i < count; i++) {
    const tile_place at = tile_of_input(grid, w, first + i);
    const int above = at.top + w->pad_top > 0 ? 2 : 0, before = at.left + w->pad_left > 0 ? 2 : 0;
    float *picture = dx + at.picture * (size_t)w->in_h * row;
    const ptrdiff_t to = tile_pixel(&at, 0, 0, w->in_w, channels);
    EACH_VECTOR(c, lanes, channels) {
      vector half[SIDE_MOST * SIDE_MOST];
      tile_half(winograd_input_back, m, side, from, c / WIDTH, i, half);
      for (int j = at.from_y; j < at.to_y; j++) {
        vector out[SIDE_MOST];
        winograd_input_back(m, half + j * side, out);
        float *pixel = picture + to + j * (ptrdiff_t)row + (ptrdiff_t)c;
        const int add = j < above ? side : before;
        if (at.inside && lanes >= WIDTH) {
          line_to_gradient(0, side, side, add, WIDTH, out, pixel, channels);
        } else if (lanes >= WIDTH) {
          line_to_gradient(at.from_x, at.to_x, side, add, WIDTH, out, pixel, channels);
        } else {
          line_to_gradient(at.from_x, at.to_x, side, add, lanes, out, pixel, channels);
        }
      }
    }
  }
}

/* ---- weights ---- */

static size_t winograd_packed(size_t inputs, size_t outputs, int m) {
  return panel_floats(inputs, outputs) * (size_t)((m + 2) * (m + 2));
}

/* G g G' of nine vectors of weights, each place a panel further on. */
INLINE void weights_transform(const int m, const float *taps, size_t tap, float *to, size_t panel) {
  const int side = m + 2;
  vector half[SIDE_MOST * 3];
  winograd_columns(winograd_weights, m, 3, side, taps, 3 * tap, tap, half);
  UNROLL for (int j = 0; j < side; j++) {
    vector line[SIDE_MOST];
    winograd_weights(m, half + 3 * j, line);
    UNROLL for (int k = 0; k < side; k++, to += panel) vector_store(to, line[k]);
  }
}

/* Where input channel `in`, vector `v` of the outputs lies in a panel: blocks of two vectors, the
 * last may be of one. */
static float *panel_at(float *panel, size_t inputs, size_t vectors, size_t in, size_t v) {
  const size_t block = vectors - v / 2 * 2 > 1 ? 2 : 1;
  return panel + (v / 2 * 2 * inputs + in * block + v % 2) * WIDTH;
}

INLINE void winograd_pack(const int m, const nn_window *w, const float *weights, float *packed) {
  const size_t inputs = (size_t)w->in_c, outputs = (size_t)w->out_c;
  const size_t panel = panel_floats(inputs, outputs), vectors = vectors_of(outputs);
  for (size_t in = 0; in < inputs; in++) {
    EACH_VECTOR(c, lanes, outputs) {
      float taps[9 * WIDTH];
      for (size_t tap = 0; tap < 9; tap++) {
        vector_store(taps + tap * WIDTH,
                     vector_get(weights + (tap * inputs + in) * outputs + c, lanes));
      }
      weights_transform(m, taps, WIDTH, panel_at(packed, inputs, vectors, in, c / WIDTH), panel);
    }
  }
}

/* For the gradient of the input: the same numbers, vectors of input channels. */
INLINE void winograd_pack_backward(const int m, const nn_window *w, const float *weights,
                                   float *packed) {
  const size_t inputs = (size_t)w->in_c, outputs = (size_t)w->out_c;
  const size_t panel = panel_floats(outputs, inputs), vectors = vectors_of(inputs);
  for (size_t out = 0; out < outputs; out++) {
    EACH_VECTOR(c, lanes, inputs) {
      float taps[9 * WIDTH] = {0};
      const size_t real = lanes < WIDTH ? lanes : WIDTH;
      for (size_t tap = 0; tap < 9; tap++) {
        const float *from = weights + (tap * inputs + c) * outputs + out;
        for (size_t i = 0; i < real; i++) taps[tap * WIDTH + i] = from[i * outputs];
      }
      weights_transform(m, taps, WIDTH, panel_at(packed, outputs, vectors, out, c / WIDTH), panel);
    }
  }
}

/* ---- forward ---- */

static size_t forward_tile_floats(const nn_window *w, int m) {
  const size_t vectors = vectors_of((size_t)w->in_c) + vectors_of((size_t)w->out_c);
  return vectors * WIDTH * (size_t)((m + 2) * (m + 2));
}

/* For any number of rows of the output. */
static size_t winograd_forward_floats(const nn_window *w, int count, int m) {
  const tile_grid grid = tile_grid_of(w, m, count);
  const size_t chunk = chunk_most(grid.all, forward_tile_floats(w, m));
  return slabs_floats(chunk, (size_t)w->in_c, m) + slabs_floats(chunk, (size_t)w->out_c, m);
}

INLINE void winograd_forward(const int m, const nn_window *w, int count, const float *x,
                             const float *packed, const nn_conv_end *end, float *y,
                             float *scratch) {
  const tile_grid grid = tile_grid_of(w, m, count);
  const size_t chunk = chunk_tiles(grid.all, forward_tile_floats(w, m));
  const slabs in = slabs_of(chunk, (size_t)w->in_c, scratch);
  const slabs out =
      slabs_of(chunk, (size_t)w->out_c, scratch + slabs_floats(chunk, (size_t)w->in_c, m));
  for (size_t first = 0; first < grid.all; first += chunk) {
    const size_t tiles = grid.all - first < chunk ? grid.all - first : chunk;
    tiles_from_input(m, &grid, w, x, first, tiles, &in);
    slabs_multiply((m + 2) * (m + 2), tiles, &in, (size_t)w->in_c, packed, &out);
    tiles_to_output(m, &grid, w, &out, first, tiles, end, y);
  }
}

#endif
