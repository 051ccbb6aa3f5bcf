/* Winograd's convolution, 3x3 with stride 1: the transforms and the tiles.
 *
 * A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), after S.
 * Winograd, "Arithmetic Complexity of Computations" (1980). The output is cut into tiles of m x m
 * pixels (m = 4 or 2); each depends on a tile of t x t = (m + 2) x (m + 2) pixels of the input, and
 *
 *   Y = A' [ (G g G') * (B' d B) ] A            * is element by element, ' transposes
 *
 * with g the 3x3 weights, d the input tile. Summed over input channels before A is applied, the
 * products become t t matrix products of tiles x input channels by input channels x output
 * channels: 36 multiplications where the definition has 144 (m = 4), or 16 for 36 (m = 2). The
 * expression is bilinear, so its gradients are its transposes, with the same matrices:
 *
 *   dd = B [ (G g G') * (A dY A') ] B'          summed over output channels, tiles overlap and add
 *   dg = G' [ sum over tiles of (B' d B) * (A dY A') ] G
 *
 * For m = 4 the points of interpolation are 0, 1, -1, 2, -2 and infinity. The matrices' entries go
 * up to 8, which costs about one decimal digit: outputs of unit-scale data are off by about 1e-6
 * where the direct sum is off by 1e-7 (tests/unit/kernels.c holds them under 1e-5 of the sum of
 * magnitudes). Everything here works on vectors of channels.
 *
 * Transformed tiles lie as [t t places][vectors of channels][tiles][WIDTH], each place a slab of an
 * odd number of vectors so that the places do not compete for the same lines of the cache. Tiles
 * are numbered through all pictures of a call; the slabs hold a chunk of them that fits the second
 * cache. */
#ifndef NN_KERNELS_WINOGRAD_H
#define NN_KERNELS_WINOGRAD_H

#include "nn/kernels/vector.h"

enum {
  PLACES_4 = 36,
  SIDE_MOST = 6, /* of an input tile */
  /* Tiles in a register tile beside two vectors of channels; what their number is rounded to. */
  GEMM_ROWS = NN_REGISTERS >= 32 ? 12 : 6,
  GEMM_STEP = GEMM_ROWS / 3,
  /* Of transformed input and output of a chunk: half of a second cache of 1 MB. */
  CHUNK_FLOATS = 1 << 17,
};

/* ---- the matrices, one column or row at a time; m is a constant ---- */

/* B' d */
INLINE void winograd_input(const int m, const vector *d, vector *v) {
  if (m == 2) {
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
    return;
  }
  const vector even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
  const vector near = d[4] - d[2], far = 2 * (d[3] - d[1]);
  v[0] = 4 * d[0] - 5 * d[2] + d[4];
  v[1] = even + odd;
  v[2] = even - odd;
  v[3] = near + far;
  v[4] = near - far;
  v[5] = 4 * d[1] - 5 * d[3] + d[5];
}

/* B v */
INLINE void winograd_input_back(const int m, const vector *v, vector *d) {
  if (m == 2) {
    d[0] = v[0];
    d[1] = v[1] - v[2] + v[3];
    d[2] = v[1] + v[2] - v[0];
    d[3] = -v[3];
    return;
  }
  const vector sum12 = v[1] + v[2], difference12 = v[1] - v[2];
  const vector sum34 = v[3] + v[4], difference34 = v[3] - v[4];
  d[0] = 4 * v[0];
  d[1] = 4 * (v[5] - difference12) - 2 * difference34;
  d[2] = -5 * v[0] - 4 * sum12 - sum34;
  d[3] = difference12 + 2 * difference34 - 5 * v[5];
  d[4] = v[0] + sum12 + sum34;
  d[5] = v[5];
}

/* A' u */
INLINE void winograd_output(const int m, const vector *u, vector *y) {
  if (m == 2) {
    y[0] = u[0] + u[1] + u[2];
    y[1] = u[1] - u[2] - u[3];
    return;
  }
  const vector sum12 = u[1] + u[2], difference12 = u[1] - u[2];
  const vector sum34 = u[3] + u[4], difference34 = u[3] - u[4];
  y[0] = u[0] + sum12 + sum34;
  y[1] = difference12 + 2 * difference34;
  y[2] = sum12 + 4 * sum34;
  y[3] = difference12 + 8 * difference34 + u[5];
}

/* A y */
INLINE void winograd_output_back(const int m, const vector *y, vector *u) {
  u[0] = y[0];
  if (m == 2) {
    u[1] = y[0] + y[1];
    u[2] = y[0] - y[1];
    u[3] = -y[1];
    return;
  }
  const vector even = y[0] + y[2], odd = y[1] + y[3];
  const vector even4 = y[0] + 4 * y[2], odd8 = 2 * y[1] + 8 * y[3];
  u[1] = even + odd;
  u[2] = even - odd;
  u[3] = even4 + odd8;
  u[4] = even4 - odd8;
  u[5] = y[3];
}

/* G g */
INLINE void winograd_weights(const int m, const vector *g, vector *u) {
  u[0] = g[0];
  if (m == 2) {
    const vector outer = g[0] + g[2];
    u[1] = 0.5F * (outer + g[1]);
    u[2] = 0.5F * (outer - g[1]);
    u[3] = g[2];
    return;
  }
  const vector outer = g[0] + g[2], wide = g[0] + 4 * g[2];
  u[0] = 0.25F * g[0];
  u[1] = (-1.0F / 6) * (outer + g[1]);
  u[2] = (-1.0F / 6) * (outer - g[1]);
  u[3] = (1.0F / 24) * (wide + 2 * g[1]);
  u[4] = (1.0F / 24) * (wide - 2 * g[1]);
  u[5] = g[2];
}

/* G' u */
INLINE void winograd_weights_back(const int m, const vector *u, vector *g) {
  const vector sum12 = u[1] + u[2], difference12 = u[1] - u[2];
  if (m == 2) {
    g[0] = u[0] + 0.5F * sum12;
    g[1] = 0.5F * difference12;
    g[2] = u[3] + 0.5F * sum12;
    return;
  }
  const vector sum34 = u[3] + u[4], difference34 = u[3] - u[4];
  g[0] = 0.25F * u[0] - (1.0F / 6) * sum12 + (1.0F / 24) * sum34;
  g[1] = (1.0F / 12) * difference34 - (1.0F / 6) * difference12;
  g[2] = (1.0F / 6) * (sum34 - sum12) + u[5];
}

/* Both sides of the small matrices: here the columns of a square of rows x rows vectors, `row` and
 * `column` floats apart, into `half` (sides x rows); its rows are the caller's to finish. */
typedef void winograd_line(const int m, const vector *from, vector *to);

INLINE void winograd_columns(winograd_line *line, const int m, const int rows, const int sides,
                             const float *from, size_t row, size_t column, vector *half) {
  UNROLL for (int x = 0; x < rows; x++) {
    vector in[SIDE_MOST], out[SIDE_MOST];
    UNROLL for (int y = 0; y < rows; y++) {
      in[y] = vector_load(from + (size_t)y * row + (size_t)x * column);
    }
    line(m, in, out);
    UNROLL for (int y = 0; y < sides; y++) half[y * rows + x] = out[y];
  }
}

/* ---- tiles ---- */

typedef struct tile_grid {
  int m;
  int across;        /* tiles in a row */
  size_t of_picture; /* tiles of one picture */
  size_t all;        /* of all pictures of the call */
} tile_grid;

static tile_grid tile_grid_of(const nn_window *w, int m, int count) {
  const int across = (w->out_w + m - 1) / m, down = (w->out_h + m - 1) / m;
  const size_t of_picture = (size_t)across * (size_t)down;
  return (tile_grid){m, across, of_picture, of_picture * (size_t)count};
}

/* A square of pixels of a picture that may reach over its edges: rows and columns from .. to - 1 of
 * it are inside. */
typedef struct tile_place {
  size_t picture;
  int top, left, from_y, to_y, from_x, to_x;
  bool inside; /* all of it */
} tile_place;

static tile_place tile_place_of(const tile_grid *grid, size_t tile, int side, int above, int before,
                                int height, int width) {
  const size_t in_picture = tile % grid->of_picture;
  tile_place at = {.picture = tile / grid->of_picture,
                   .top = (int)in_picture / grid->across * grid->m - above,
                   .left = (int)in_picture % grid->across * grid->m - before};
  at.from_y = at.top < 0 ? -at.top : 0;
  at.from_x = at.left < 0 ? -at.left : 0;
  at.to_y = height - at.top < side ? height - at.top : side;
  at.to_x = width - at.left < side ? width - at.left : side;
  at.inside = at.from_y == 0 && at.from_x == 0 && at.to_y == side && at.to_x == side;
  return at;
}

static tile_place tile_of_input(const tile_grid *grid, const nn_window *w, size_t tile) {
  return tile_place_of(grid, tile, grid->m + 2, w->pad_top, w->pad_left, w->in_h, w->in_w);
}

static tile_place tile_of_output(const tile_grid *grid, const nn_window *w, size_t tile) {
  return tile_place_of(grid, tile, grid->m, 0, 0, w->out_h, w->out_w);
}

/* A picture of `width` x `channels`; where its pixel y, x of the tile begins. */
static ptrdiff_t tile_pixel(const tile_place *at, int y, int x, int width, size_t channels) {
  return ((ptrdiff_t)(at->top + y) * width + at->left + x) * (ptrdiff_t)channels;
}

/* winograd_columns of a tile that reaches over the edge, or of which only some lanes are there:
 * zeros around the picture. `from`: pixel 0, 0 of the tile, wherever that is. */
INLINE void tile_columns(winograd_line *line, const int m, const int rows, const int sides,
                         const tile_place *at, const float *picture, ptrdiff_t from, size_t row,
                         size_t column, size_t lanes, vector *half) {
  UNROLL for (int x = 0; x < rows; x++) {
    vector in[SIDE_MOST], out[SIDE_MOST];
    const bool there = x >= at->from_x && x < at->to_x;
    UNROLL for (int y = 0; y < rows; y++) {
      in[y] = (vector){0};
      if (!there || y < at->from_y || y >= at->to_y) continue;
      const ptrdiff_t pixel = from + y * (ptrdiff_t)row + x * (ptrdiff_t)column;
      in[y] = vector_get(picture + pixel, lanes);
    }
    line(m, in, out);
    UNROLL for (int y = 0; y < sides; y++) half[y * rows + x] = out[y];
  }
}

/* ---- slabs of transformed tiles ---- */

typedef struct slabs {
  float *data;
  size_t tiles;   /* that there is room for: whole GEMM_STEPs */
  size_t vectors; /* of channels */
  size_t place;   /* floats from a place of the tile to the next */
} slabs;

static size_t vectors_of(size_t channels) {
  return (channels + WIDTH - 1) / WIDTH;
}

static slabs slabs_of(size_t tiles, size_t channels, float *data) {
  const size_t room = (tiles + GEMM_STEP - 1) / GEMM_STEP * GEMM_STEP;
  const size_t vectors = vectors_of(channels);
  return (slabs){data, room, vectors, (vectors * room | 1) * WIDTH};
}

static float *slab_at(const slabs *s, size_t vector_index, size_t tile) {
  return s->data + (vector_index * s->tiles + tile) * WIDTH;
}

static size_t slabs_floats(size_t tiles, size_t channels, int m) {
  const slabs s = slabs_of(tiles, channels, NULL);
  return s.place * (size_t)((m + 2) * (m + 2));
}

/* How many tiles that take `floats` each fit the budget, of `all`. */
static size_t chunk_most(size_t all, size_t floats) {
  const size_t most = CHUNK_FLOATS / floats / GEMM_ROWS * GEMM_ROWS;
  const size_t least = most < GEMM_ROWS ? GEMM_ROWS : most;
  return all < least ? all : least;
}

/* How many to take at a time, evenly shared out: at most chunk_most() of them or of more. */
static size_t chunk_tiles(size_t all, size_t floats) {
  const size_t most = chunk_most(all, floats), chunks = (all + most - 1) / most;
  if (chunks == 1) return all;
  const size_t even = (all + chunks - 1) / chunks;
  return (even + GEMM_STEP - 1) / GEMM_STEP * GEMM_STEP;
}

/* slabs = B' d B or A dY A' of the tiles first .. first + count - 1 of pictures of height x width x
 * channels; tiles of `rows` x `rows` pixels become m + 2 x m + 2 places. */
INLINE void tiles_in(winograd_line *line, const int m, const int rows, const tile_grid *grid,
                     const nn_window *w, const float *pictures, int height, int width,
                     size_t channels, size_t first, size_t count, const slabs *to) {
  const int side = m + 2;
  const size_t row = (size_t)width * channels;
  for (size_t i = 0; i < count; i++) {
    const tile_place at =
        rows == m ? tile_of_output(grid, w, first + i) : tile_of_input(grid, w, first + i);
    const float *picture = pictures + at.picture * (size_t)height * row;
    const ptrdiff_t from = tile_pixel(&at, 0, 0, width, channels);
    EACH_VECTOR(c, lanes, channels) {
      vector half[SIDE_MOST * SIDE_MOST];
      const float *corner = picture + (ptrdiff_t)c;
      if (at.inside && lanes >= WIDTH) {
        winograd_columns(line, m, rows, side, corner + from, row, channels, half);
      } else if (lanes >= WIDTH) {
        tile_columns(line, m, rows, side, &at, corner, from, row, channels, WIDTH, half);
      } else {
        tile_columns(line, m, rows, side, &at, corner, from, row, channels, lanes, half);
      }
      float *place = slab_at(to, c / WIDTH, i);
      UNROLL for (int y = 0; y < side; y++) {
        vector out[SIDE_MOST];
        line(m, half + y * rows, out);
        UNROLL for (int k = 0; k < side; k++, place += to->place) vector_store(place, out[k]);
      }
    }
  }
}

INLINE void tiles_from_input(const int m, const tile_grid *grid, const nn_window *w, const float *x,
                             size_t first, size_t count, const slabs *to) {
  tiles_in(winograd_input, m, m + 2, grid, w, x, w->in_h, w->in_w, (size_t)w->in_c, first, count,
           to);
}

INLINE void tiles_from_gradient(const int m, const tile_grid *grid, const nn_window *w,
                                const float *dy, size_t first, size_t count, const slabs *to) {
  tiles_in(winograd_output_back, m, m, grid, w, dy, w->out_h, w->out_w, (size_t)w->out_c, first,
           count, to);
}

#endif
