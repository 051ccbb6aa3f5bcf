/* Everything else on bytes: pooling, addition, means, tables, and the way from floats and back. */
#ifndef NN_KERNELS_INT8_BYTES_H
#define NN_KERNELS_INT8_BYTES_H

#include "nn/kernels/int8_vector.h"

/* A vector of bytes, of the width of the set or of 16. */
typedef uint8_t sixteen __attribute__((vector_size(16)));
typedef uint8_t sixteen_at __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint8_t bytes_of_ints __attribute__((vector_size(WIDTH)));
typedef uint8_t bytes_of_ints_at __attribute__((vector_size(WIDTH), aligned(1), may_alias));

INLINE sixteen sixteen_largest(sixteen a, sixteen b) {
  const sixteen more = (sixteen)(a > b);
  return (a & more) | (b & ~more);
}

/* The part of a window that lies inside the picture. */
typedef struct pool_window {
  const uint8_t *x;
  size_t rows, columns, row, pixel; /* how many, and bytes from one to the next */
} pool_window;

/* Channel `at`, and so many after it as fit a vector, over the whole window. */
INLINE void pool_bytes(const pool_window *w, size_t at, uint8_t *y) {
  bytes most = {0};
  for (size_t r = 0; r < w->rows; r++)
    for (size_t c = 0; c < w->columns; c++)
      most = bytes_largest(most, *(const bytes_at *)(w->x + r * w->row + c * w->pixel + at));
  *(bytes_at *)(y + at) = most;
}

INLINE void pool_sixteen(const pool_window *w, size_t at, uint8_t *y) {
  sixteen most = {0};
  for (size_t r = 0; r < w->rows; r++)
    for (size_t c = 0; c < w->columns; c++)
      most = sixteen_largest(most, *(const sixteen_at *)(w->x + r * w->row + c * w->pixel + at));
  *(sixteen_at *)(y + at) = most;
}

INLINE void pool_one(const pool_window *w, size_t at, uint8_t *y) {
  uint8_t most = 0;
  for (size_t r = 0; r < w->rows; r++)
    for (size_t c = 0; c < w->columns; c++) {
      const uint8_t value = w->x[r * w->row + c * w->pixel + at];
      if (value > most) most = value;
    }
  y[at] = most;
}

/* The last vector of a pixel begins earlier, so that it ends with the pixel. */
INLINE void pool_pixel(const pool_window *w, uint8_t *y) {
  const size_t channels = w->pixel;
  if (channels >= BYTES) {
    for (size_t at = 0; at + BYTES < channels; at += BYTES) pool_bytes(w, at, y);
    pool_bytes(w, channels - BYTES, y);
  } else if (channels >= 16) {
    for (size_t at = 0; at + 16 < channels; at += 16) pool_sixteen(w, at, y);
    pool_sixteen(w, channels - 16, y);
  } else {
    for (size_t at = 0; at < channels; at++) pool_one(w, at, y);
  }
}

/* From where to where a window of `kernel` that begins at `first` lies inside 0..side. */
INLINE void clip(int first, int kernel, int side, size_t *from, size_t *count) {
  const int begin = first < 0 ? 0 : first, end = first + kernel < side ? first + kernel : side;
  *from = (size_t)begin;
  *count = (size_t)(end - begin);
}

static void int8_max_pool(const nn_window *w, const uint8_t *x, uint8_t *y) {
  const size_t channels = (size_t)w->in_c;
  pool_window window = {.pixel = channels, .row = (size_t)w->in_w * channels};
  for (int i = 0; i < w->out_h; i++) {
    size_t row, column;
    clip(i * w->stride_h - w->pad_top, w->kernel_h, w->in_h, &row, &window.rows);
    for (int j = 0; j < w->out_w; j++, y += channels) {
      clip(j * w->stride_w - w->pad_left, w->kernel_w, w->in_w, &column, &window.columns);
      window.x = x + row * window.row + column * channels;
      pool_pixel(&window, y);
    }
  }
}

/* WIDTH numbers to bytes, the first `count` of them stored. */
INLINE void ints_put_bytes(uint8_t *to, ints value, int least, size_t count) {
  const ints low = (ints){0} + least, high = (ints){0} + 255;
  const ints under = value < low;
  value = (low & under) | (value & ~under);
  const ints over = value > high;
  value = (high & over) | (value & ~over);
  const bytes_of_ints narrowed = __builtin_convertvector(value, bytes_of_ints);
  if (count >= WIDTH)
    *(bytes_of_ints_at *)to = narrowed;
  else
    memcpy(to, &narrowed, count);
}

INLINE ints ints_of_bytes(const uint8_t *from) {
  return __builtin_convertvector(*(const bytes_of_ints_at *)from, ints);
}

static void int8_add(size_t count, const nn_int8_add *add, const uint8_t *a, const uint8_t *b,
                     uint8_t *y) {
  EACH_VECTOR(i, lanes, count) {
    const vector first = floats_of(ints_of_bytes(a + i) - add->zeros[0]) * add->factors[0];
    const vector second = floats_of(ints_of_bytes(b + i) - add->zeros[1]) * add->factors[1];
    ints_put_bytes(y + i, nearest(first + second) + add->zero, add->least, lanes);
  }
}

static void int8_mean(size_t pixels, size_t channels, const uint8_t *x, int zero_in,
                      float multiplier, int zero, int32_t *sums, uint8_t *y) {
  for (size_t c = 0; c < channels; c++) sums[c] = -(int32_t)pixels * zero_in;
  for (size_t p = 0; p < pixels; p++, x += channels)
    for (size_t c = 0; c < channels; c++) sums[c] += x[c];
  EACH_VECTOR(c, lanes, channels) {
    ints sum = {0};
    memcpy(&sum, sums + c, (lanes < WIDTH ? lanes : WIDTH) * sizeof *sums);
    ints_put_bytes(y + c, nearest(floats_of(sum) * multiplier) + zero, 0, lanes);
  }
}

static void int8_map(size_t count, const uint8_t *x, const uint8_t table[256], uint8_t *y) {
  for (size_t i = 0; i < count; i++) y[i] = table[x[i]];
}

static void int8_quantise(size_t count, const float *x, float scale, int zero, uint8_t *y) {
  const vector most = (vector){0} + 512, least = -most; /* further out all is 0 or 255 */
  EACH_VECTOR(i, lanes, count) {
    vector value = vector_get(x + i, lanes) / scale;
    value = vector_select(value > least, value, least);
    value = vector_select(value < most, value, most);
    ints_put_bytes(y + i, nearest(value) + zero, 0, lanes);
  }
}

static void int8_dequantise(size_t count, const uint8_t *x, float scale, int zero, float *y) {
  EACH_VECTOR(i, lanes, count) {
    vector_put(y + i, floats_of(ints_of_bytes(x + i) - zero) * scale, lanes);
  }
}

#endif
