/* Per-channel sums and affine maps, for normalisation over a batch.
 *
 * The sums run over hundreds of thousands of pixels, and a variance is the small difference of two
 * large ones: floats are added up over BLOCK pixels only and go on in double, which is as fast as
 * floats and as good as double but for the rounding of a few additions. Their order depends on the
 * number of pixels alone. */
#ifndef NN_KERNELS_CHANNEL_H
#define NN_KERNELS_CHANNEL_H

#include "nn/kernels/vector.h"

enum { BLOCK = 16 };

INLINE void channel_add(double *sum, vector value, size_t lanes) {
  const size_t count = lanes < WIDTH ? lanes : WIDTH;
  for (size_t i = 0; i < count; i++) sum[i] += (double)value[i];
}

static void channel_moments(size_t pixels, int channels, const float *x, double *sum,
                            double *sum_squares) {
  const size_t step = (size_t)channels;
  for (size_t first = 0; first < pixels; first += BLOCK, x += BLOCK * step) {
    const size_t count = pixels - first < BLOCK ? pixels - first : BLOCK;
    EACH_VECTOR(c, lanes, step) {
      vector total = {0}, squares = {0};
      for (size_t p = 0; p < count; p++) {
        const vector value = vector_get(x + p * step + c, lanes);
        total += value;
        squares += value * value;
      }
      channel_add(sum + c, total, lanes);
      channel_add(sum_squares + c, squares, lanes);
    }
  }
}

static void channel_products(size_t pixels, int channels, const float *x, const float *dy,
                             double *sum_dy, double *sum_x_dy) {
  const size_t step = (size_t)channels;
  for (size_t first = 0; first < pixels; first += BLOCK, x += BLOCK * step, dy += BLOCK * step) {
    const size_t count = pixels - first < BLOCK ? pixels - first : BLOCK;
    EACH_VECTOR(c, lanes, step) {
      vector total = {0}, products = {0};
      for (size_t p = 0; p < count; p++) {
        const vector gradient = vector_get(dy + p * step + c, lanes);
        total += gradient;
        products += gradient * vector_get(x + p * step + c, lanes);
      }
      channel_add(sum_dy + c, total, lanes);
      channel_add(sum_x_dy + c, products, lanes);
    }
  }
}

INLINE void channel_affine_of(const bool whole, size_t pixels, int channels, const float *x,
                              const float *scale, const float *shift, bool relu, float *y) {
  const size_t step = (size_t)channels;
  for (size_t p = 0; p < pixels; p++, x += step, y += step) {
    EACH_VECTOR_OF(whole, c, lanes, step) {
      const vector value =
          vector_get(x + c, lanes) * vector_get(scale + c, lanes) + vector_get(shift + c, lanes);
      vector_put(y + c, relu ? vector_relu(value) : value, lanes);
    }
  }
}

static void channel_affine(size_t pixels, int channels, const float *x, const float *scale,
                           const float *shift, bool relu, float *y) {
  if ((size_t)channels % WIDTH == 0) {
    channel_affine_of(true, pixels, channels, x, scale, shift, relu, y);
  } else {
    channel_affine_of(false, pixels, channels, x, scale, shift, relu, y);
  }
}

INLINE void channel_combine_of(const bool whole, size_t pixels, int channels, const float *dy,
                               const float *x, const float *a, const float *b, const float *k,
                               float *dx) {
  const size_t step = (size_t)channels;
  for (size_t p = 0; p < pixels; p++, dy += step, x += step, dx += step) {
    EACH_VECTOR_OF(whole, c, lanes, step) {
      const vector value = vector_get(a + c, lanes) * vector_get(dy + c, lanes) +
                           vector_get(b + c, lanes) * vector_get(x + c, lanes) +
                           vector_get(k + c, lanes);
      vector_put(dx + c, value, lanes);
    }
  }
}

static void channel_combine(size_t pixels, int channels, const float *dy, const float *x,
                            const float *a, const float *b, const float *k, float *dx) {
  if ((size_t)channels % WIDTH == 0) {
    channel_combine_of(true, pixels, channels, dy, x, a, b, k, dx);
  } else {
    channel_combine_of(false, pixels, channels, dy, x, a, b, k, dx);
  }
}

#endif
