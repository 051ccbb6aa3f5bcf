/* The kernels of quantised networks as plain loops over single numbers: what the vector kernels are
 * tested against, byte for byte, and what runs where there is none for the processor. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/int8_kernels.h"

/* Packed: start, multiplier of each channel, then the weights as they came. */
static size_t packed_bytes(size_t rows, size_t run, size_t channels) {
  size_t total = channels * 8 + rows * run * channels;
  return (total + BASE_ALIGNMENT - 1) / BASE_ALIGNMENT * BASE_ALIGNMENT;
}

static void pack(const nn_int8_weights *w, void *packed) {
  const size_t count = w->rows * w->run;
  int32_t *starts = packed;
  for (size_t c = 0; c < w->channels; c++) {
    int32_t sum = 0;
    for (size_t k = 0; k < count; k++) sum += w->weights[k * w->channels + c];
    starts[c] = w->bias[c] - w->zero * sum;
  }
  memcpy(starts + w->channels, w->multipliers, w->channels * sizeof(float));
  memcpy(starts + 2 * w->channels, w->weights, count * w->channels);
}

static int32_t sum_at(const nn_int8_sum *s, size_t pixel, size_t channel) {
  const int8_t *w = (const int8_t *)s->packed + 8 * s->channels + channel;
  const uint8_t *x = s->x + s->offsets[pixel];
  int32_t sum = ((const int32_t *)s->packed)[channel];
  for (size_t row = 0; row < s->rows; row++, x += s->stride)
    for (size_t k = 0; k < s->run; k++, w += s->channels) sum += x[k] * *w;
  return sum;
}

static float multiplier_at(const nn_int8_sum *s, size_t channel) {
  return ((const float *)s->packed)[s->channels + channel];
}

/* |value| < 2^31; rintf goes to the even one in the rounding mode that programs start in. */
static uint8_t to_byte(float value, int zero, int least) {
  const int whole = (int)rintf(value) + zero;
  return (uint8_t)(whole < least ? least : whole > 255 ? 255 : whole);
}

static void sum_bytes(const nn_int8_sum *s, uint8_t *y) {
  for (size_t p = 0; p < s->pixels; p++)
    for (size_t c = 0; c < s->channels; c++)
      *y++ = to_byte((float)sum_at(s, p, c) * multiplier_at(s, c), s->zero, s->least);
}

static void sum_floats(const nn_int8_sum *s, bool relu, float *y) {
  for (size_t p = 0; p < s->pixels; p++)
    for (size_t c = 0; c < s->channels; c++) {
      const float value = (float)sum_at(s, p, c) * multiplier_at(s, c);
      *y++ = relu && !(value > 0) ? 0 : value;
    }
}

static void max_pool(const nn_window *w, const uint8_t *x, uint8_t *y) {
  for (int i = 0; i < w->out_h; i++)
    for (int j = 0; j < w->out_w; j++)
      for (int c = 0; c < w->in_c; c++, y++) {
        *y = 0;
        for (int ky = 0; ky < w->kernel_h; ky++)
          for (int kx = 0; kx < w->kernel_w; kx++) {
            const int r = i * w->stride_h + ky - w->pad_top, s = j * w->stride_w + kx - w->pad_left;
            if (r < 0 || r >= w->in_h || s < 0 || s >= w->in_w) continue;
            const uint8_t value =
                x[((size_t)r * (size_t)w->in_w + (size_t)s) * (size_t)w->in_c + (size_t)c];
            if (value > *y) *y = value;
          }
      }
}

static void add(size_t count, const nn_int8_add *add, const uint8_t *a, const uint8_t *b,
                uint8_t *y) {
  for (size_t i = 0; i < count; i++) {
    const float first = (float)(a[i] - add->zeros[0]) * add->factors[0];
    const float second = (float)(b[i] - add->zeros[1]) * add->factors[1];
    y[i] = to_byte(first + second, add->zero, add->least);
  }
}

static void mean(size_t pixels, size_t channels, const uint8_t *x, int zero_in, float multiplier,
                 int zero, int32_t *sums, uint8_t *y) {
  for (size_t c = 0; c < channels; c++) {
    sums[c] = 0;
    for (size_t p = 0; p < pixels; p++) sums[c] += x[p * channels + c] - zero_in;
    y[c] = to_byte((float)sums[c] * multiplier, zero, 0);
  }
}

static void map(size_t count, const uint8_t *x, const uint8_t table[256], uint8_t *y) {
  for (size_t i = 0; i < count; i++) y[i] = table[x[i]];
}

static void quantise(size_t count, const float *x, float scale, int zero, uint8_t *y) {
  for (size_t i = 0; i < count; i++) {
    const float value = x[i] / scale;
    y[i] = to_byte(!(value > -512) ? -512 : value > 512 ? 512 : value, zero, 0);
  }
}

static void dequantise(size_t count, const uint8_t *x, float scale, int zero, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = (float)(x[i] - zero) * scale;
}

const nn_int8_kernels NN_INT8_SCALAR = {
    .name = "scalar",
    .packed_bytes = packed_bytes,
    .pack = pack,
    .sum_bytes = sum_bytes,
    .sum_floats = sum_floats,
    .max_pool = max_pool,
    .add = add,
    .mean = mean,
    .map = map,
    .quantise = quantise,
    .dequantise = dequantise,
};
