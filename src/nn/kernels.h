/* Kernels: the arithmetic, as pure functions in one constant table per instruction set.
 *
 * Activations are NHWC float; convolution weights are [ky][kx][ci][co] (HWIO), dense weights
 * [ci][co]. Every kernel works on one picture (or on `count` plain numbers), touches only its
 * arguments, and has a scalar twin in the table NN_KERNELS_SCALAR that it is tested against. A
 * dense layer over `n` rows is the convolution with a 1x1 kernel over a picture 1 high and `n`
 * wide. Kernels never allocate: `scratch` is given by the caller, 64-byte aligned. */
#ifndef NN_KERNELS_H
#define NN_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cpu.h"

/* A window that slides over a picture: convolution or pooling. Padding at the bottom and right
 * follows from the output size; outside the picture there are zeros (convolution) or nothing
 * (pooling). */
typedef struct nn_window {
  int in_h, in_w, in_c;
  int out_h, out_w, out_c;
  int kernel_h, kernel_w;
  int stride_h, stride_w;
  int pad_top, pad_left;
} nn_window;

typedef struct nn_sgd {
  float rate, momentum, weight_decay;
  bool nesterov;
} nn_sgd;

typedef struct nn_adam {
  float rate, beta1, beta2, epsilon;
  float correction1, correction2; /* 1 - beta^t */
  float weight_decay;             /* added to the gradient (Adam) ... */
  bool decoupled;                 /* ... or taken from the weights, times rate (AdamW) */
} nn_adam;

/* What a convolution does to its sums before it stores them. */
typedef struct nn_conv_end {
  const float *bias; /* out_c numbers, added; NULL: none */
  bool relu;         /* then max(0, y) */
  bool pool; /* then the largest of each 2x2 pixels: y is floor(out_h / 2) x floor(out_w / 2) */
} nn_conv_end;

/* A way to convolve. Packed weights are panels in the order the kernel reads them, made once per
 * weight change and the same for every size of picture; scratch sizes are in floats, and enough for
 * fewer rows of the output too: rows from a multiple of 4 on can be computed as a window of their
 * own, with the same result. A picture's
 * result depends on nothing but the picture: not on how many there are in a call, nor on how many
 * rows a dense layer has beside it. */
typedef struct nn_conv {
  const char *name;
  bool (*can)(const nn_window *window);
  size_t (*packed_floats)(const nn_window *window);
  void (*pack)(const nn_window *window, const float *weights, float *packed);
  /* Where the weights of output channel `output` begin, for forward over a window of that one and
   * more channels; NULL: they do not lie together. */
  size_t (*packed_output)(const nn_window *window, int output);
  size_t (*forward_scratch)(const nn_window *window, int count);
  /* y = end(x * weights), `count` pictures. */
  void (*forward)(const nn_window *window, int count, const float *x, const float *packed,
                  const nn_conv_end *end, float *y, float *scratch);
  /* The weights packed for the gradient of x; where that takes no floats, backward wants them as
   * packed for forward. */
  size_t (*packed_backward_floats)(const nn_window *window);
  void (*pack_backward)(const nn_window *window, const float *weights, float *packed);
  size_t (*backward_scratch)(const nn_window *window, int count);
  /* dx = gradient of x (overwritten); dw += gradient of the weights, db += gradient of the bias,
   * each over the `count` pictures. Any of the three may be NULL: not wanted. */
  void (*backward)(const nn_window *window, int count, const float *x, const float *dy,
                   const float *packed, float *dx, float *dw, float *db, float *scratch);
} nn_conv;

enum { NN_DENSE_ROWS = 64 };

typedef struct nn_kernels {
  const char *name;
  int width; /* floats in a vector */

  /* The ways to convolve, ended by NULL; of several that can, conv_of() takes the fastest. */
  const nn_conv *const *convs;
  const nn_conv *(*conv_of)(const nn_window *window);

  /* dw += gradient of [inputs][outputs] weights of a dense layer over `rows` <= NN_DENSE_ROWS rows:
   * x[row] has `inputs` numbers, dy[row] `outputs`. */
  void (*dense_weights)(size_t rows, size_t inputs, size_t outputs, const float *const *x,
                        const float *const *dy, float *dw);

  /* Depthwise convolution: every channel with a window of its own, weights [ky][kx][c]; the rest as
   * above, but nothing is packed and no scratch is needed. */
  void (*depthwise_forward)(const nn_window *window, const float *x, const float *weights,
                            const float *bias, bool relu, float *y);
  void (*depthwise_backward_data)(const nn_window *window, const float *dy, const float *weights,
                                  float *dx);
  void (*depthwise_backward_weights)(const nn_window *window, const float *x, const float *dy,
                                     float *dw, float *db);

  /* Pooling, each channel alone. The gradient of a maximum goes to the first one in reading order.
   * Averages count only pixels inside the picture; a window with none gives 0. Backward overwrites
   * dx. */
  void (*max_pool_forward)(const nn_window *window, const float *x, float *y);
  void (*max_pool_backward)(const nn_window *window, const float *x, const float *y,
                            const float *dy, float *dx);
  void (*average_pool_forward)(const nn_window *window, const float *x, float *y);
  void (*average_pool_backward)(const nn_window *window, const float *dy, float *dx);

  /* Per channel over `pixels` pixels of `channels` floats each; sums are added to. */
  void (*channel_moments)(size_t pixels, int channels, const float *x, double *sum,
                          double *sum_squares);
  void (*channel_products)(size_t pixels, int channels, const float *x, const float *dy,
                           double *sum_dy, double *sum_x_dy);
  /* y = x * scale + shift, then max(0, y) if relu. */
  void (*channel_affine)(size_t pixels, int channels, const float *x, const float *scale,
                         const float *shift, bool relu, float *y);
  /* dx = a * dy + b * x + k, per channel. */
  void (*channel_combine)(size_t pixels, int channels, const float *dy, const float *x,
                          const float *a, const float *b, const float *k, float *dx);

  /* Pointwise; outputs may be one of the inputs. relu_backward: dx = y > 0 ? dy : 0. */
  void (*relu_forward)(size_t count, const float *x, float *y);
  void (*relu_backward)(size_t count, const float *y, const float *dy, float *dx);
  void (*silu_forward)(size_t count, const float *x, float *y);
  void (*silu_backward)(size_t count, const float *x, const float *dy, float *dx);
  void (*add)(size_t count, const float *a, const float *b, float *y);
  /* Each row of `channels` numbers to probabilities. */
  void (*softmax)(size_t rows, int channels, const float *x, float *y);

  /* Over the parameter vector. sum_rows: y[i] = rows[0][i] + rows[1][i] + ..., always in that
   * order; rows >= 1. */
  void (*sum_rows)(size_t count, size_t rows, size_t stride, const float *x, float *y);
  void (*sgd_step)(size_t count, const nn_sgd *sgd, const float *gradient, float *weights,
                   float *momentum);
  void (*adam_step)(size_t count, const nn_adam *adam, const float *gradient, float *weights,
                    float *first, float *second);
  /* average += (1 - decay) * (weights - average) */
  void (*average_step)(size_t count, float decay, const float *weights, float *average);
} nn_kernels;

extern const nn_kernels NN_KERNELS_SCALAR;

/* The table for this processor (base_cpu()), and the one of a given level: NULL where it was not
 * compiled in or the processor cannot run it. */
const nn_kernels *nn_kernels_best(void);
const nn_kernels *nn_kernels_of(base_cpu_level level);

#endif
