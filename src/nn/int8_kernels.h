/* Kernels of quantised networks: the arithmetic of bytes, as pure functions in one constant table
 * per instruction set, beside those of floats (kernels.h).
 *
 * An activation is a byte q that stands for (q - zero) * scale; a weight is -127..127 times a scale
 * of its output channel (quantise.h). A product of two is summed exactly in 32 bits, and only then
 * turned into a float and rounded:
 *   y = clamp(nearest(sum * multiplier) + zero, least, 255)
 * nearest() goes to the even one of two equally near whole numbers. Every step is either exact or a
 * single operation of IEEE 754, none of which the compiler may join (the kernels are compiled with
 * -ffp-contract=off): so every table gives the same bytes, on every processor, and the tests demand
 * it. What the caller guarantees is that nothing overflows: sums stay below 2^31, and what is
 * rounded below NN_INT8_MOST. */
#ifndef NN_INT8_KERNELS_H
#define NN_INT8_KERNELS_H

#include "nn/kernels.h"

enum {
  NN_INT8_WEIGHT = 127, /* largest magnitude of a weight: -128 would overflow sums of 16 bits */
  NN_INT8_SLACK = 64,   /* readable bytes, of any value, that follow every array of bytes */
  NN_INT8_MOST = 1 << 22,
};

/* A convolution or dense layer over all pixels of an output: for every pixel a window of `rows`
 * rows of `run` bytes, `stride` apart, meets the weights of each channel. */
typedef struct nn_int8_sum {
  const uint8_t *x;
  const uint32_t *offsets; /* of each output pixel: where in x its window begins */
  size_t pixels;
  size_t rows, run, stride;
  size_t channels;
  const void *packed;
  int zero, least; /* of the output: least is `zero` after a ReLU, otherwise 0 */
} nn_int8_sum;

/* Weights [rows * run][channels], and for each channel what is added to the sum and what the sum is
 * multiplied by; `zero` is that of the input. */
typedef struct nn_int8_weights {
  size_t rows, run, channels;
  const int8_t *weights;
  const int32_t *bias;
  const float *multipliers;
  int zero;
} nn_int8_weights;

/* y = clamp(nearest((a - zero[0]) * factor[0] + (b - zero[1]) * factor[1]) + result) */
typedef struct nn_int8_add {
  int zeros[2];
  float factors[2];
  int zero, least;
} nn_int8_add;

typedef struct nn_int8_kernels {
  const char *name;

  /* Packed weights are in the order in which they are read, 64-byte aligned. */
  size_t (*packed_bytes)(size_t rows, size_t run, size_t channels);
  void (*pack)(const nn_int8_weights *weights, void *packed);
  /* To bytes; or to floats, sum * multiplier, negative ones 0 with `relu`. */
  void (*sum_bytes)(const nn_int8_sum *sum, uint8_t *y);
  void (*sum_floats)(const nn_int8_sum *sum, bool relu, float *y);

  /* The largest of each window; what lies outside the picture takes no part. */
  void (*max_pool)(const nn_window *window, const uint8_t *x, uint8_t *y);
  void (*add)(size_t count, const nn_int8_add *add, const uint8_t *a, const uint8_t *b, uint8_t *y);
  /* The mean of all pixels, channel by channel: the multiplier holds the division by their number.
   * `sums`: a number for each channel. */
  void (*mean)(size_t pixels, size_t channels, const uint8_t *x, int zero_in, float multiplier,
               int zero, int32_t *sums, uint8_t *y);
  /* Any function of one byte. */
  void (*map)(size_t count, const uint8_t *x, const uint8_t table[256], uint8_t *y);
  /* clamp(nearest(x / scale) + zero, 0, 255), as ONNX's QuantizeLinear; NaN is the least. */
  void (*quantise)(size_t count, const float *x, float scale, int zero, uint8_t *y);
  /* (x - zero) * scale */
  void (*dequantise)(size_t count, const uint8_t *x, float scale, int zero, float *y);
} nn_int8_kernels;

extern const nn_int8_kernels NN_INT8_SCALAR;

/* Table number `index`, from the plainest to the best, of those that this processor can run (with
 * SCRAWL_CPU: may use); NULL: there are no more. */
const nn_int8_kernels *nn_int8_number(int index);
const nn_int8_kernels *nn_int8_best(void);

#endif
