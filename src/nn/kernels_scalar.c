/* The scalar twins: every kernel once more as the plainest loop that says what it means.
 *
 * They are the reference that the vector kernels are tested against, and the table for processors
 * that no vector table fits. Nothing is packed in a clever way here: "packed" weights are the
 * weights, and no scratch is needed. The loops that do arithmetic run over the channels innermost,
 * where memory is contiguous. */
#include <math.h>
#include <string.h>

#include "nn/kernels.h"

/* The part of a window that lies inside the picture when its first tap is at `start`: taps from ..
 * to - 1. */
typedef struct span {
  int from, to;
} span;

static span span_inside(int start, int kernel, int size) {
  return (span){.from = start < 0 ? -start : 0,
                .to = kernel < size - start ? kernel : size - start};
}

static size_t pixel(int y, int x, int width, int channels) {
  return ((size_t)y * (size_t)width + (size_t)x) * (size_t)channels;
}

static size_t weight_count(const nn_window *w) {
  return (size_t)w->kernel_h * (size_t)w->kernel_w * (size_t)w->in_c * (size_t)w->out_c;
}

static bool conv_can(const nn_window *w) {
  (void)w;
  return true;
}

static void conv_pack(const nn_window *w, const float *weights, float *packed) {
  memcpy(packed, weights, weight_count(w) * sizeof *packed);
}

static void conv_forward_one(const nn_window *w, const float *x, const float *packed,
                             const nn_conv_end *end, float *y) {
  for (int oy = 0; oy < w->out_h; oy++) {
    const int top = oy * w->stride_h - w->pad_top;
    const span rows = span_inside(top, w->kernel_h, w->in_h);
    for (int ox = 0; ox < w->out_w; ox++) {
      const int left = ox * w->stride_w - w->pad_left;
      const span columns = span_inside(left, w->kernel_w, w->in_w);
      float *out = y + pixel(oy, ox, w->out_w, w->out_c);
      for (int co = 0; co < w->out_c; co++) out[co] = 0;
      for (int ky = rows.from; ky < rows.to; ky++) {
        for (int kx = columns.from; kx < columns.to; kx++) {
          const float *in = x + pixel(top + ky, left + kx, w->in_w, w->in_c);
          const float *tap = packed + pixel(ky, kx, w->kernel_w, w->in_c) * (size_t)w->out_c;
          for (int ci = 0; ci < w->in_c; ci++, tap += w->out_c) {
            for (int co = 0; co < w->out_c; co++) out[co] += in[ci] * tap[co];
          }
        }
      }
      if (end->bias) {
        for (int co = 0; co < w->out_c; co++) out[co] += end->bias[co];
      }
      if (end->relu) {
        for (int co = 0; co < w->out_c; co++) out[co] = out[co] > 0 ? out[co] : 0;
      }
    }
  }
}

static void conv_backward_data(const nn_window *w, const float *dy, const float *packed,
                               float *dx) {
  memset(dx, 0, pixel(w->in_h, 0, w->in_w, w->in_c) * sizeof *dx);
  for (int oy = 0; oy < w->out_h; oy++) {
    const int top = oy * w->stride_h - w->pad_top;
    const span rows = span_inside(top, w->kernel_h, w->in_h);
    for (int ox = 0; ox < w->out_w; ox++) {
      const int left = ox * w->stride_w - w->pad_left;
      const span columns = span_inside(left, w->kernel_w, w->in_w);
      const float *out = dy + pixel(oy, ox, w->out_w, w->out_c);
      for (int ky = rows.from; ky < rows.to; ky++) {
        for (int kx = columns.from; kx < columns.to; kx++) {
          float *in = dx + pixel(top + ky, left + kx, w->in_w, w->in_c);
          const float *tap = packed + pixel(ky, kx, w->kernel_w, w->in_c) * (size_t)w->out_c;
          for (int ci = 0; ci < w->in_c; ci++, tap += w->out_c) {
            float sum = 0;
            for (int co = 0; co < w->out_c; co++) sum += out[co] * tap[co];
            in[ci] += sum;
          }
        }
      }
    }
  }
}

static void conv_backward_weights(const nn_window *w, const float *x, const float *dy, float *dw) {
  for (int oy = 0; oy < w->out_h; oy++) {
    const int top = oy * w->stride_h - w->pad_top;
    const span rows = span_inside(top, w->kernel_h, w->in_h);
    for (int ox = 0; ox < w->out_w; ox++) {
      const int left = ox * w->stride_w - w->pad_left;
      const span columns = span_inside(left, w->kernel_w, w->in_w);
      const float *out = dy + pixel(oy, ox, w->out_w, w->out_c);
      for (int ky = rows.from; ky < rows.to; ky++) {
        for (int kx = columns.from; kx < columns.to; kx++) {
          const float *in = x + pixel(top + ky, left + kx, w->in_w, w->in_c);
          float *tap = dw + pixel(ky, kx, w->kernel_w, w->in_c) * (size_t)w->out_c;
          for (int ci = 0; ci < w->in_c; ci++, tap += w->out_c) {
            for (int co = 0; co < w->out_c; co++) tap[co] += in[ci] * out[co];
          }
        }
      }
    }
  }
}

static void depthwise_forward(const nn_window *w, const float *x, const float *weights,
                              const float *bias, bool relu, float *y) {
  const int channels = w->in_c;
  for (int oy = 0; oy < w->out_h; oy++) {
    const int top = oy * w->stride_h - w->pad_top;
    const span rows = span_inside(top, w->kernel_h, w->in_h);
    for (int ox = 0; ox < w->out_w; ox++) {
      const int left = ox * w->stride_w - w->pad_left;
      const span columns = span_inside(left, w->kernel_w, w->in_w);
      float *out = y + pixel(oy, ox, w->out_w, channels);
      for (int c = 0; c < channels; c++) out[c] = bias ? bias[c] : 0;
      for (int ky = rows.from; ky < rows.to; ky++) {
        for (int kx = columns.from; kx < columns.to; kx++) {
          const float *in = x + pixel(top + ky, left + kx, w->in_w, channels);
          const float *tap = weights + pixel(ky, kx, w->kernel_w, channels);
          for (int c = 0; c < channels; c++) out[c] += in[c] * tap[c];
        }
      }
      for (int c = 0; c < channels && relu; c++) out[c] = out[c] > 0 ? out[c] : 0;
    }
  }
}

static void depthwise_backward_data(const nn_window *w, const float *dy, const float *weights,
                                    float *dx) {
  const int channels = w->in_c;
  memset(dx, 0, pixel(w->in_h, 0, w->in_w, channels) * sizeof *dx);
  for (int oy = 0; oy < w->out_h; oy++) {
    const int top = oy * w->stride_h - w->pad_top;
    const span rows = span_inside(top, w->kernel_h, w->in_h);
    for (int ox = 0; ox < w->out_w; ox++) {
      const int left = ox * w->stride_w - w->pad_left;
      const span columns = span_inside(left, w->kernel_w, w->in_w);
      const float *out = dy + pixel(oy, ox, w->out_w, channels);
      for (int ky = rows.from; ky < rows.to; ky++) {
        for (int kx = columns.from; kx < columns.to; kx++) {
          float *in = dx + pixel(top + ky, left + kx, w->in_w, channels);
          const float *tap = weights + pixel(ky, kx, w->kernel_w, channels);
          for (int c = 0; c < channels; c++) in[c] += out[c] * tap[c];
        }
      }
    }
  }
}

static void depthwise_backward_weights(const nn_window *w, const float *x, const float *dy,
                                       float *dw, float *db) {
  const int channels = w->in_c;
  for (int oy = 0; oy < w->out_h; oy++) {
    const int top = oy * w->stride_h - w->pad_top;
    const span rows = span_inside(top, w->kernel_h, w->in_h);
    for (int ox = 0; ox < w->out_w; ox++) {
      const int left = ox * w->stride_w - w->pad_left;
      const span columns = span_inside(left, w->kernel_w, w->in_w);
      const float *out = dy + pixel(oy, ox, w->out_w, channels);
      for (int ky = rows.from; ky < rows.to; ky++) {
        for (int kx = columns.from; kx < columns.to; kx++) {
          const float *in = x + pixel(top + ky, left + kx, w->in_w, channels);
          float *tap = dw + pixel(ky, kx, w->kernel_w, channels);
          for (int c = 0; c < channels; c++) tap[c] += in[c] * out[c];
        }
      }
      for (int c = 0; c < channels && db; c++) db[c] += out[c];
    }
  }
}

static void max_pool_forward(const nn_window *w, const float *x, float *y) {
  const int channels = w->in_c;
  for (int oy = 0; oy < w->out_h; oy++) {
    const int top = oy * w->stride_h - w->pad_top;
    const span rows = span_inside(top, w->kernel_h, w->in_h);
    for (int ox = 0; ox < w->out_w; ox++) {
      const int left = ox * w->stride_w - w->pad_left;
      const span columns = span_inside(left, w->kernel_w, w->in_w);
      float *out = y + pixel(oy, ox, w->out_w, channels);
      for (int c = 0; c < channels; c++) out[c] = 0;
      for (int ky = rows.from; ky < rows.to; ky++) {
        for (int kx = columns.from; kx < columns.to; kx++) {
          const bool first = ky == rows.from && kx == columns.from;
          const float *in = x + pixel(top + ky, left + kx, w->in_w, channels);
          for (int c = 0; c < channels; c++) out[c] = first || in[c] > out[c] ? in[c] : out[c];
        }
      }
    }
  }
}

static void dense_weights(size_t rows, size_t inputs, size_t outputs, const float *const *x,
                          const float *const *dy, float *dw) {
  for (size_t r = 0; r < rows; r++) {
    for (size_t i = 0; i < inputs; i++) {
      for (size_t o = 0; o < outputs; o++) dw[i * outputs + o] += x[r][i] * dy[r][o];
    }
  }
}

/* Of a convolution with a pool behind it the whole output is made first, in scratch. */
static size_t conv_forward_scratch(const nn_window *w, int count) {
  (void)count;
  return pixel(w->out_h, 0, w->out_w, w->out_c);
}

static void conv_forward(const nn_window *w, int count, const float *x, const float *packed,
                         const nn_conv_end *end, float *y, float *scratch) {
  const nn_window pool = {
      w->out_h, w->out_w, w->out_c, w->out_h / 2, w->out_w / 2, w->out_c, 2, 2, 2, 2, 0, 0};
  for (int p = 0; p < count; p++, x += pixel(w->in_h, 0, w->in_w, w->in_c)) {
    conv_forward_one(w, x, packed, end, end->pool ? scratch : y);
    if (end->pool) max_pool_forward(&pool, scratch, y);
    y += end->pool ? pixel(pool.out_h, 0, pool.out_w, w->out_c)
                   : pixel(w->out_h, 0, w->out_w, w->out_c);
  }
}

static size_t conv_backward_scratch(const nn_window *w, int count) {
  (void)w;
  (void)count;
  return 0;
}

static void conv_backward(const nn_window *w, int count, const float *x, const float *dy,
                          const float *packed, float *dx, float *dw, float *db, float *scratch) {
  (void)scratch;
  const size_t in = pixel(w->in_h, 0, w->in_w, w->in_c);
  const size_t out = pixel(w->out_h, 0, w->out_w, w->out_c);
  for (size_t p = 0; p < (size_t)count; p++) {
    if (dx) conv_backward_data(w, dy + p * out, packed, dx + p * in);
    if (dw) conv_backward_weights(w, x + p * in, dy + p * out, dw);
    for (size_t i = 0; db && i < out; i++) db[i % (size_t)w->out_c] += dy[p * out + i];
  }
}

static const nn_conv CONV = {
    .name = "scalar",
    .can = conv_can,
    .packed_floats = weight_count,
    .pack = conv_pack,
    .forward_scratch = conv_forward_scratch,
    .forward = conv_forward,
    .packed_backward_floats = weight_count,
    .pack_backward = conv_pack,
    .backward_scratch = conv_backward_scratch,
    .backward = conv_backward,
};

static const nn_conv *const CONVS[] = {&CONV, NULL};

static const nn_conv *conv_of(const nn_window *w) {
  (void)w;
  return &CONV;
}

static void max_pool_backward(const nn_window *w, const float *x, const float *y, const float *dy,
                              float *dx) {
  const int channels = w->in_c;
  memset(dx, 0, pixel(w->in_h, 0, w->in_w, channels) * sizeof *dx);
  for (int oy = 0; oy < w->out_h; oy++) {
    const int top = oy * w->stride_h - w->pad_top;
    const span rows = span_inside(top, w->kernel_h, w->in_h);
    for (int ox = 0; ox < w->out_w; ox++) {
      const int left = ox * w->stride_w - w->pad_left;
      const span columns = span_inside(left, w->kernel_w, w->in_w);
      const size_t out = pixel(oy, ox, w->out_w, channels);
      for (int c = 0; c < channels; c++) {
        bool found = false;
        for (int ky = rows.from; ky < rows.to && !found; ky++) {
          for (int kx = columns.from; kx < columns.to && !found; kx++) {
            const size_t in = pixel(top + ky, left + kx, w->in_w, channels) + (size_t)c;
            found = x[in] == y[out + (size_t)c];
            if (found) dx[in] += dy[out + (size_t)c];
          }
        }
      }
    }
  }
}

static void average_pool_forward(const nn_window *w, const float *x, float *y) {
  const int channels = w->in_c;
  for (int oy = 0; oy < w->out_h; oy++) {
    const int top = oy * w->stride_h - w->pad_top;
    const span rows = span_inside(top, w->kernel_h, w->in_h);
    for (int ox = 0; ox < w->out_w; ox++) {
      const int left = ox * w->stride_w - w->pad_left;
      const span columns = span_inside(left, w->kernel_w, w->in_w);
      float *out = y + pixel(oy, ox, w->out_w, channels);
      int inside = 0;
      for (int c = 0; c < channels; c++) out[c] = 0;
      for (int ky = rows.from; ky < rows.to; ky++) {
        for (int kx = columns.from; kx < columns.to; kx++, inside++) {
          const float *in = x + pixel(top + ky, left + kx, w->in_w, channels);
          for (int c = 0; c < channels; c++) out[c] += in[c];
        }
      }
      if (inside == 0) continue;
      for (int c = 0; c < channels; c++) out[c] /= (float)inside;
    }
  }
}

static void average_pool_backward(const nn_window *w, const float *dy, float *dx) {
  const int channels = w->in_c;
  memset(dx, 0, pixel(w->in_h, 0, w->in_w, channels) * sizeof *dx);
  for (int oy = 0; oy < w->out_h; oy++) {
    const int top = oy * w->stride_h - w->pad_top;
    const span rows = span_inside(top, w->kernel_h, w->in_h);
    for (int ox = 0; ox < w->out_w; ox++) {
      const int left = ox * w->stride_w - w->pad_left;
      const span columns = span_inside(left, w->kernel_w, w->in_w);
      const float *out = dy + pixel(oy, ox, w->out_w, channels);
      const int inside = (rows.to - rows.from) * (columns.to - columns.from);
      for (int ky = rows.from; ky < rows.to; ky++) {
        for (int kx = columns.from; kx < columns.to; kx++) {
          float *in = dx + pixel(top + ky, left + kx, w->in_w, channels);
          for (int c = 0; c < channels; c++) in[c] += out[c] / (float)inside;
        }
      }
    }
  }
}

static void channel_moments(size_t pixels, int channels, const float *x, double *sum,
                            double *sum_squares) {
  for (size_t p = 0; p < pixels; p++, x += channels) {
    for (int c = 0; c < channels; c++) {
      sum[c] += (double)x[c];
      sum_squares[c] += (double)x[c] * (double)x[c];
    }
  }
}

static void channel_products(size_t pixels, int channels, const float *x, const float *dy,
                             double *sum_dy, double *sum_x_dy) {
  for (size_t p = 0; p < pixels; p++, x += channels, dy += channels) {
    for (int c = 0; c < channels; c++) {
      sum_dy[c] += (double)dy[c];
      sum_x_dy[c] += (double)x[c] * (double)dy[c];
    }
  }
}

static void channel_affine(size_t pixels, int channels, const float *x, const float *scale,
                           const float *shift, bool relu, float *y) {
  for (size_t p = 0; p < pixels; p++, x += channels, y += channels) {
    for (int c = 0; c < channels; c++) {
      const float value = x[c] * scale[c] + shift[c];
      y[c] = relu && !(value > 0) ? 0 : value;
    }
  }
}

static void channel_combine(size_t pixels, int channels, const float *dy, const float *x,
                            const float *a, const float *b, const float *k, float *dx) {
  for (size_t p = 0; p < pixels; p++, dy += channels, x += channels, dx += channels) {
    for (int c = 0; c < channels; c++) dx[c] = a[c] * dy[c] + b[c] * x[c] + k[c];
  }
}

static void relu_forward(size_t count, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = x[i] > 0 ? x[i] : 0;
}

static void relu_backward(size_t count, const float *y, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
}

/* silu(x) = x s(x) with s(x) = 1 / (1 + e^-x); its derivative is s (1 + x (1 - s)). */
static void silu_forward(size_t count, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = x[i] / (1 + expf(-x[i]));
}

static void silu_backward(size_t count, const float *x, const float *dy, float *dx) {
  for (size_t i = 0; i < count; i++) {
    const float s = 1 / (1 + expf(-x[i]));
    dx[i] = dy[i] * s * (1 + x[i] * (1 - s));
  }
}

static void add(size_t count, const float *a, const float *b, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = a[i] + b[i];
}

/* The largest number is taken off first, so that no exponential overflows and one of them is 1. */
static void softmax(size_t rows, int channels, const float *x, float *y) {
  for (size_t row = 0; row < rows; row++, x += channels, y += channels) {
    float largest = x[0], total = 0;
    for (int c = 1; c < channels; c++) largest = x[c] > largest ? x[c] : largest;
    for (int c = 0; c < channels; c++) total += y[c] = expf(x[c] - largest);
    for (int c = 0; c < channels; c++) y[c] /= total;
  }
}

static void sum_rows(size_t count, size_t rows, size_t stride, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) {
    float sum = x[i];
    for (size_t row = 1; row < rows; row++) sum += x[row * stride + i];
    y[i] = sum;
  }
}

/* m = momentum m + g;  w -= rate m, or with Nesterov rate (g + momentum m). */
static void sgd_step(size_t count, const nn_sgd *sgd, const float *gradient, float *weights,
                     float *momentum) {
  for (size_t i = 0; i < count; i++) {
    const float g = gradient[i] + sgd->weight_decay * weights[i];
    momentum[i] = sgd->momentum * momentum[i] + g;
    weights[i] -= sgd->rate * (sgd->nesterov ? g + sgd->momentum * momentum[i] : momentum[i]);
  }
}

/* Kingma and Ba, "Adam"; decoupled decay after Loshchilov and Hutter. */
static void adam_step(size_t count, const nn_adam *adam, const float *gradient, float *weights,
                      float *first, float *second) {
  const float coupled = adam->decoupled ? 0 : adam->weight_decay;
  const float decoupled = adam->decoupled ? adam->rate * adam->weight_decay : 0;
  for (size_t i = 0; i < count; i++) {
    const float g = gradient[i] + coupled * weights[i];
    first[i] = adam->beta1 * first[i] + (1 - adam->beta1) * g;
    second[i] = adam->beta2 * second[i] + (1 - adam->beta2) * g * g;
    const float mean = first[i] / adam->correction1;
    const float deviation = sqrtf(second[i] / adam->correction2);
    weights[i] -= decoupled * weights[i] + adam->rate * mean / (deviation + adam->epsilon);
  }
}

static void average_step(size_t count, float decay, const float *weights, float *average) {
  for (size_t i = 0; i < count; i++) average[i] += (1 - decay) * (weights[i] - average[i]);
}

const nn_kernels NN_KERNELS_SCALAR = {
    .name = "scalar",
    .width = 1,
    .convs = CONVS,
    .conv_of = conv_of,
    .dense_weights = dense_weights,
    .depthwise_forward = depthwise_forward,
    .depthwise_backward_data = depthwise_backward_data,
    .depthwise_backward_weights = depthwise_backward_weights,
    .max_pool_forward = max_pool_forward,
    .max_pool_backward = max_pool_backward,
    .average_pool_forward = average_pool_forward,
    .average_pool_backward = average_pool_backward,
    .channel_moments = channel_moments,
    .channel_products = channel_products,
    .channel_affine = channel_affine,
    .channel_combine = channel_combine,
    .relu_forward = relu_forward,
    .relu_backward = relu_backward,
    .silu_forward = silu_forward,
    .silu_backward = silu_backward,
    .add = add,
    .softmax = softmax,
    .sum_rows = sum_rows,
    .sgd_step = sgd_step,
    .adam_step = adam_step,
    .average_step = average_step,
};
