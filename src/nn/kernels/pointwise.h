/* Pointwise functions, softmax, and the exponential under them.
 *
 * Outputs may be one of the inputs, so nothing here is declared `restrict`: each vector is read,
 * then written. */
#ifndef NN_KERNELS_POINTWISE_H
#define NN_KERNELS_POINTWISE_H

#include "nn/kernels/vector.h"

/* e^x = 2^n e^r with n the whole number nearest to x / ln 2, so |r| <= ln 2 / 2 = 0.347. There
 * Taylor's series up to r^7 leaves off less than r^8 / 8! = 6e-9. Subtracting n ln 2 in two steps,
 * the first exact, keeps r good to the last bit; altogether the relative error is below 2.5e-7 (two
 * units in the last place). n is rounded by adding and taking off 1.5 * 2^23, which also leaves it
 * in the low bits of the sum, from where it goes straight into the exponent. Below -87.33, where
 * floats run out of exponents, the result is 0; above 88.72 it stays at the largest float's size.
 */
INLINE vector vector_exp(vector x) {
  const float round = 12582912, lowest = -87.33F, highest = 88.72F;
  const vector_mask tiny = x < lowest;
  x = vector_select(tiny, (vector){0}, x);
  x = vector_select(x > highest, (vector){0} + highest, x);
  const vector shifted = x * 1.44269504F + round;
  const vector n = shifted - round;
  const vector r = x - n * 0.693359375F + n * 2.12194440e-4F;
  vector sum = r * (1.0F / 5040) + 1.0F / 720;
  sum = sum * r + 1.0F / 120;
  sum = sum * r + 1.0F / 24;
  sum = sum * r + 1.0F / 6;
  sum = sum * r + 0.5F;
  sum = sum * r + 1;
  sum = sum * r + 1;
  typedef uint32_t bits __attribute__((vector_size(4 * NN_WIDTH)));
  const vector result = (vector)((bits)sum + ((bits)shifted << 23));
  return vector_where(~tiny, result);
}

static void relu_forward(size_t count, const float *x, float *y) {
  EACH_VECTOR(i, lanes, count) vector_put(y + i, vector_relu(vector_get(x + i, lanes)), lanes);
}

static void relu_backward(size_t count, const float *y, const float *dy, float *dx) {
  EACH_VECTOR(i, lanes, count) {
    const vector_mask open = vector_get(y + i, lanes) > 0;
    vector_put(dx + i, vector_where(open, vector_get(dy + i, lanes)), lanes);
  }
}

/* silu(x) = x s(x) with s(x) = 1 / (1 + e^-x); its derivative is s (1 + x (1 - s)). */
static void silu_forward(size_t count, const float *x, float *y) {
  EACH_VECTOR(i, lanes, count) {
    const vector value = vector_get(x + i, lanes);
    vector_put(y + i, value / (1 + vector_exp(-value)), lanes);
  }
}

static void silu_backward(size_t count, const float *x, const float *dy, float *dx) {
  EACH_VECTOR(i, lanes, count) {
    const vector value = vector_get(x + i, lanes);
    const vector s = 1 / (1 + vector_exp(-value));
    vector_put(dx + i, vector_get(dy + i, lanes) * s * (1 + value * (1 - s)), lanes);
  }
}

static void add(size_t count, const float *a, const float *b, float *y) {
  EACH_VECTOR(i, lanes, count) {
    vector_put(y + i, vector_get(a + i, lanes) + vector_get(b + i, lanes), lanes);
  }
}

/* The largest number is taken off first, so that no exponential overflows and one of them is 1. */
static void softmax(size_t rows, int channels, const float *x, float *y) {
  const size_t count = (size_t)channels;
  for (size_t row = 0; row < rows; row++, x += count, y += count) {
    float largest = x[0], total = 0;
    for (size_t c = 1; c < count; c++) largest = x[c] > largest ? x[c] : largest;
    EACH_VECTOR(c, lanes, count) {
      vector_put(y + c, vector_exp(vector_get(x + c, lanes) - largest), lanes);
    }
    for (size_t c = 0; c < count; c++) total += y[c];
    EACH_VECTOR(c, lanes, count) vector_put(y + c, vector_get(y + c, lanes) / total, lanes);
  }
}

#endif
