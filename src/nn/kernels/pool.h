/* Pooling: each channel alone, a vector of channels at a time, the window's taps innermost so that
 * the result of a window stays in a register. Taps outside the picture are cut off, not tested for.
 */
#ifndef NN_KERNELS_POOL_H
#define NN_KERNELS_POOL_H

#include "nn/kernels/vector.h"

/* The part of one window that lies inside the picture: rows x columns taps from the pixel at
 * `first` on. Both are zero where nothing does. */
typedef struct pool_taps {
  int rows, columns;
  size_t first, row; /* floats from the picture's start; from one row to the next */
} pool_taps;

static pool_taps pool_taps_of(const nn_window *w, int oy, int ox) {
  const int top = oy * w->stride_h - w->pad_top, left = ox * w->stride_w - w->pad_left;
  const int from_y = top < 0 ? 0 : top, from_x = left < 0 ? 0 : left;
  const int to_y = top + w->kernel_h < w->in_h ? top + w->kernel_h : w->in_h;
  const int to_x = left + w->kernel_w < w->in_w ? left + w->kernel_w : w->in_w;
  if (from_y >= to_y || from_x >= to_x) return (pool_taps){0};
  const size_t row = (size_t)w->in_w * (size_t)w->in_c;
  return (pool_taps){
      .rows = to_y - from_y,
      .columns = to_x - from_x,
      .first = (size_t)from_y * row + (size_t)from_x * (size_t)w->in_c,
      .row = row,
  };
}

/* Walks over the taps in reading order: `at` is where a tap's pixel starts. */
#define EACH_TAP(taps, at, channels)                                                               \
  for (int ky = 0; ky < (taps).rows; ky++)                                                         \
    for (size_t kx = 0, at = (taps).first + (size_t)ky * (taps).row; kx < (size_t)(taps).columns;  \
         kx++, at += (channels))

INLINE void max_pool_forward_of(const bool whole, const nn_window *w, const float *x, float *y) {
  const size_t channels = (size_t)w->in_c;
  for (int oy = 0; oy < w->out_h; oy++) {
    for (int ox = 0; ox < w->out_w; ox++, y += channels) {
      const pool_taps taps = pool_taps_of(w, oy, ox);
      EACH_VECTOR_OF(whole, c, lanes, channels) {
        vector best = taps.rows ? vector_get(x + taps.first + c, lanes) : (vector){0};
        EACH_TAP(taps, at, channels) {
          const vector value = vector_get(x + at + c, lanes);
          best = vector_select(value > best, value, best);
        }
        vector_put(y + c, best, lanes);
      }
    }
  }
}

static void max_pool_forward(const nn_window *w, const float *x, float *y) {
  if (w->in_c % WIDTH == 0) {
    max_pool_forward_of(true, w, x, y);
  } else {
    max_pool_forward_of(false, w, x, y);
  }
}

INLINE void max_pool_backward_of(const bool whole, const nn_window *w, const float *x,
                                 const float *y, const float *dy, float *dx) {
  const size_t channels = (size_t)w->in_c;
  memset(dx, 0, (size_t)w->in_h * (size_t)w->in_w * channels * sizeof *dx);
  for (int oy = 0; oy < w->out_h; oy++) {
    for (int ox = 0; ox < w->out_w; ox++, y += channels, dy += channels) {
      const pool_taps taps = pool_taps_of(w, oy, ox);
      EACH_VECTOR_OF(whole, c, lanes, channels) {
        const vector best = vector_get(y + c, lanes);
        vector left = vector_get(dy + c, lanes); /* what no tap has taken yet */
        EACH_TAP(taps, at, channels) {
          const vector_mask here = vector_get(x + at + c, lanes) == best;
          const vector taken = vector_where(here, left);
          vector_put(dx + at + c, vector_get(dx + at + c, lanes) + taken, lanes);
          left = vector_where(~here, left);
        }
      }
    }
  }
}

static void max_pool_backward(const nn_window *w, const float *x, const float *y, const float *dy,
                              float *dx) {
  if (w->in_c % WIDTH == 0) {
    max_pool_backward_of(true, w, x, y, dy, dx);
  } else {
    max_pool_backward_of(false, w, x, y, dy, dx);
  }
}

INLINE void average_pool_forward_of(const bool whole, const nn_window *w, const float *x,
                                    float *y) {
  const size_t channels = (size_t)w->in_c;
  for (int oy = 0; oy < w->out_h; oy++) {
    for (int ox = 0; ox < w->out_w; ox++, y += channels) {
      const pool_taps taps = pool_taps_of(w, oy, ox);
      const float inside = taps.rows ? (float)(taps.rows * taps.columns) : 1;
      EACH_VECTOR_OF(whole, c, lanes, channels) {
        vector sum = {0};
        EACH_TAP(taps, at, channels) sum += vector_get(x + at + c, lanes);
        vector_put(y + c, sum / inside, lanes);
      }
    }
  }
}

static void average_pool_forward(const nn_window *w, const float *x, float *y) {
  if (w->in_c % WIDTH == 0) {
    average_pool_forward_of(true, w, x, y);
  } else {
    average_pool_forward_of(false, w, x, y);
  }
}

INLINE void average_pool_backward_of(const bool whole, const nn_window *w, const float *dy,
                                     float *dx) {
  const size_t channels = (size_t)w->in_c;
  memset(dx, 0, (size_t)w->in_h * (size_t)w->in_w * channels * sizeof *dx);
  for (int oy = 0; oy < w->out_h; oy++) {
    for (int ox = 0; ox < w->out_w; ox++, dy += channels) {
      const pool_taps taps = pool_taps_of(w, oy, ox);
      const float inside = taps.rows ? (float)(taps.rows * taps.columns) : 1;
      EACH_VECTOR_OF(whole, c, lanes, channels) {
        const vector share = vector_get(dy + c, lanes) / inside;
        EACH_TAP(taps, at, channels) {
          vector_put(dx + at + c, vector_get(dx + at + c, lanes) + share, lanes);
        }
      }
    }
  }
}

static void average_pool_backward(const nn_window *w, const float *dy, float *dx) {
  if (w->in_c % WIDTH == 0) {
    average_pool_backward_of(true, w, dy, dx);
  } else {
    average_pool_backward_of(false, w, dy, dx);
  }
}

#endif
