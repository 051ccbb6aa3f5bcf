/* Winograd's convolution: backward (winograd.h has the method).
 *
 * The transformed gradient of the output, A dY A', serves both gradients. That of the input is one
 * more product over channels (winograd_conv.h); in that of the weights the tiles are what is summed
 * over: for each place, inputs x outputs += tiles of transformed input ' x tiles of transformed
 * gradient. These sums stay in the transformed domain for the whole call, and are brought back to
 * 3x3 once at its end. Their order depends on the pictures of the call alone. */
#ifndef NN_KERNELS_WINOGRAD_WEIGHTS_H
#define NN_KERNELS_WINOGRAD_WEIGHTS_H

#include "nn/kernels/direct_weights.h"
#include "nn/kernels/winograd_conv.h"

/* Rows of a register tile: input channels, which have to divide a vector. */
enum { OUTER_ROWS = NN_REGISTERS >= 32 ? 8 : 4 };

/* to[row][vector] (+)= sum over tiles of in[tile][row] dy[vector][tile] */
INLINE void outer_tile(const int vectors, size_t tiles, const float *in, const float *dy,
                       size_t dy_step, float *to, size_t to_row, bool add) {
  vector sum[OUTER_ROWS][2];
  UNROLL for (int r = 0; r < OUTER_ROWS; r++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      sum[r][v] = add ? vector_load(to + (size_t)r * to_row + (size_t)v * WIDTH) : (vector){0};
    }
  }
  for (const float *end = in + tiles * WIDTH; in < end; in += WIDTH, dy += WIDTH) {
    vector d[2];
    UNROLL for (int v = 0; v < vectors; v++) d[v] = vector_load(dy + (size_t)v * dy_step);
    UNROLL for (int r = 0; r < OUTER_ROWS; r++) {
      UNROLL for (int v = 0; v < vectors; v++) sum[r][v] += d[v] * in[r];
    }
  }
  UNROLL for (int r = 0; r < OUTER_ROWS; r++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      vector_store(to + (size_t)r * to_row + (size_t)v * WIDTH, sum[r][v]);
    }
  }
}

static void outer_block_of_two(size_t tiles, size_t rows, const float *in, size_t in_step,
                               const float *dy, size_t dy_step, float *to, size_t to_row,
                               bool add) {
  for (size_t row = 0; row < rows; row += OUTER_ROWS) {
    outer_tile(2, tiles, in + row / WIDTH * in_step + row % WIDTH, dy, dy_step, to + row * to_row,
               to_row, add);
  }
}

static void outer_block_of_one(size_t tiles, size_t rows, const float *in, size_t in_step,
                               const float *dy, size_t dy_step, float *to, size_t to_row,
                               bool add) {
  for (size_t row = 0; row < rows; row += OUTER_ROWS) {
    outer_tile(1, tiles, in + row / WIDTH * in_step + row % WIDTH, dy, dy_step, to + row * to_row,
               to_row, add);
  }
}

/* The sums: [places][inputs][vectors of outputs]. */
typedef struct weight_slabs {
  float *data;
  size_t inputs, row, place;
} weight_slabs;

static weight_slabs weight_slabs_of(const nn_window *w, float *data) {
  const size_t inputs = ((size_t)w->in_c + OUTER_ROWS - 1) / OUTER_ROWS * OUTER_ROWS;
  const size_t row = vectors_of((size_t)w->out_c) * WIDTH;
  return (weight_slabs){data, inputs, row, inputs * row + WIDTH};
}

static size_t weight_slabs_floats(const nn_window *w, int m) {
  return weight_slabs_of(w, NULL).place * (size_t)((m + 2) * (m + 2));
}

static void slabs_outer(int places, size_t tiles, const slabs *in, const slabs *dy,
                        const weight_slabs *to, bool add) {
  const size_t in_step = in->tiles * WIDTH, dy_step = dy->tiles * WIDTH;
  for (int k = 0; k < places; k++) {
    const float *rows = in->data + (size_t)k * in->place;
    const float *columns = dy->data + (size_t)k * dy->place;
    float *sums = to->data + (size_t)k * to->place;
    for (size_t v = 0; v < dy->vectors; v += 2) {
      if (dy->vectors - v > 1) {
        outer_block_of_two(tiles, to->inputs, rows, in_step, columns + v * dy_step, dy_step,
                           sums + v * WIDTH, to->row, add);
      } else {
        outer_block_of_one(tiles, to->inputs, rows, in_step, columns + v * dy_step, dy_step,
                           sums + v * WIDTH, to->row, add);
      }
    }
  }
}

/* dw += G' sums G */
INLINE void weights_from_sums(const int m, const nn_window *w, const weight_slabs *from,
                              float *dw) {
  const int side = m + 2;
  const size_t inputs = (size_t)w->in_c, outputs = (size_t)w->out_c;
  for (size_t in = 0; in < inputs; in++) {
    EACH_VECTOR(c, lanes, outputs) {
      vector half[3 * SIDE_MOST];
      winograd_columns(winograd_weights_back, m, side, 3, from->data + in * from->row + c,
                       (size_t)side * from->place, from->place, half);
      for (size_t j = 0; j < 3; j++) {
        vector line[3];
        winograd_weights_back(m, half + j * (size_t)side, line);
        for (size_t k = 0; k < 3; k++) {
          vector_add(dw + ((3 * j + k) * inputs + in) * outputs + c, line[k], lanes);
        }
      }
    }
  }
}

static size_t backward_tile_floats(const nn_window *w, int m) {
  const size_t vectors = 2 * vectors_of((size_t)w->in_c) + vectors_of((size_t)w->out_c);
  return vectors * WIDTH * (size_t)((m + 2) * (m + 2));
}

static size_t winograd_backward_floats(const nn_window *w, int count, int m) {
  const tile_grid grid = tile_grid_of(w, m, count);
  const size_t chunk = chunk_most(grid.all, backward_tile_floats(w, m));
  return slabs_floats(chunk, (size_t)w->in_c, m) + slabs_floats(chunk, (size_t)w->out_c, m) +
         weight_slabs_floats(w, m);
}

INLINE void winograd_backward(const int m, const nn_window *w, int count, const float *x,
                              const float *dy, const float *packed, float *dx, float *dw, float *db,
                              float *scratch) {
  const int places = (m + 2) * (m + 2);
  const size_t in_c = (size_t)w->in_c, out_c = (size_t)w->out_c;
  const tile_grid grid = tile_grid_of(w, m, count);
  const size_t chunk = chunk_tiles(grid.all, backward_tile_floats(w, m));
  const slabs in = slabs_of(chunk, in_c, scratch);
  const slabs out = slabs_of(chunk, out_c, scratch + slabs_floats(chunk, in_c, m));
  const weight_slabs sums = weight_slabs_of(w, out.data + slabs_floats(chunk, out_c, m));
  for (size_t first = 0; first < grid.all; first += chunk) {
    const size_t tiles = grid.all - first < chunk ? grid.all - first : chunk;
    tiles_from_gradient(m, &grid, w, dy, first, tiles, &out);
    if (dw) {
      tiles_from_input(m, &grid, w, x, first, tiles, &in);
      slabs_outer(places, tiles, &in, &out, &sums, first > 0);
    }
    if (dx) {
      slabs_multiply(places, tiles, &out, out_c, packed, &in);
      tiles_to_gradient(m, &grid, w, &in, first, tiles, dx);
    }
  }
  if (dw) weights_from_sums(m, w, &sums, dw);
  for (int p = 0; db && p < count; p++) {
    direct_backward_bias(w, dy + (size_t)p * (size_t)w->out_h * (size_t)w->out_w * out_c, db);
  }
}

#endif
