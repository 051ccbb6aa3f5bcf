/* Everything else on bytes: pooling, addition, means, tables, and the way from floats and back. */
#ifndef NN_KERNELS_INT8_BYTES_H
#define NN_KERNELS_INT8_BYTES_H

#include "nn/kernels/int8_vector.h"

typedef uint8_t bytes_16_at __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint8_t bytes_of_ints __attribute__((vector_size(WIDTH)));
typedef uint8_t bytes_of_ints_at __attribute__((vector_size(WIDTH), aligned(1), may_alias));

/* to = the larger of both, number by number. */
INLINE void bytes_raise(uint8_t *to, const uint8_t *from, size_t count) {
  size_t i = 0;
  for (; i + BYTES <= count; i += BYTES)
    *(bytes_at *)(to + i) = bytes_largest(*(bytes_at *)(to + i), *(const bytes_at *)(from + i));
  for (; i + 16 <= count; i += 16) {
    const bytes_16_at a = *(bytes_16_at *)(to + i), b = *(const bytes_16_at *)(from + i);
    const bytes_16_at more = (bytes_16_at)(a > b);
    *(bytes_16_at *)(to + i) = (a & more) | (b & ~more);
  }
  for (; i < count; i++) to[i] = to[i] > from[i] ? to[i] : from[i];
}

static void int8_max_pool(const nn_window *w, const uint8_t *x, uint8_t *y) {
  const size_t channels = (size_t)w->in_c;
  for (int i = 0; i < w->out_h; i++)
    for (int j = 0; j < w->out_w; j++, y += channels) {
      memset(y, 0, channels);
      for (int ky = 0; ky < w->kernel_h; ky++)
        for (int kx = 0; kx < w->kernel_w; kx++) {
          const int r = i * w->stride_h + ky - w->pad_top, s = j * w->stride_w + kx - w->pad_left;
          if (r < 0 || r >= w->in_h || s < 0 || s >= w->in_w) continue;
          bytes_raise(y, x + ((size_t)r * (size_t)w->in_w + (size_t)s) * channels, channels);
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
