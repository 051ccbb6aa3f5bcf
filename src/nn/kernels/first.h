/* The first layer: convolution of a single channel, 3x3 or 5x5, stride 1.
 *
 * There is so little to sum (9 or 25 products for each number stored) that looking up where each
 * pixel's window begins, as the direct kernel does, costs as much as the sums. Here a run of pixels
 * of one row is summed at a time: for each row of the window its taps are loaded once, each number
 * of the picture is broadcast once, and goes into every sum of the run that wants it. That takes
 * run x vectors of sums + kernel x vectors of taps + 1 registers. Of the last run of a row some
 * pixels may already be done; they come out the same. In the gradient of the weights the sums of
 * all taps stay in registers over all pixels: taps x vectors + vectors + 1.
 *
 * With 16 registers there is no room for enough sums and the direct kernels are as fast; so
 * first_can asks for 32. The gradient of the input, which hardly anybody wants of a first layer, is
 * left to the direct kernels. The order of every sum of the output is that of the direct kernel. */
#ifndef NN_KERNELS_FIRST_H
#define NN_KERNELS_FIRST_H

#include "nn/kernels/direct_weights.h"

enum {
  FIRST_VECTORS = 2,
  FIRST_RUN = 9, /* pixels at most; of 9, 8 and 7 the one that wastes least is taken */
  FIRST_RUN_LEAST = 7,
  FIRST_SIDE = 5,
  FIRST_TAPS = FIRST_SIDE * FIRST_SIDE,
};

static bool first_can(const nn_window *w) {
  const bool square = w->kernel_h == w->kernel_w && (w->kernel_h == 3 || w->kernel_h == 5);
  return NN_REGISTERS >= 32 && square && w->in_c == 1 && w->stride_h == 1 && w->stride_w == 1 &&
         w->out_w >= FIRST_RUN;
}

static int first_run_of(int width) {
  int best = FIRST_RUN;
  for (int run = FIRST_RUN; run >= FIRST_RUN_LEAST; run--) {
    if ((width + run - 1) / run * run < (width + best - 1) / best * best) best = run;
  }
  return best;
}

typedef struct first_layer {
  const float *field; /* of zeros around the picture */
  size_t row;         /* floats of the field */
  size_t out_h, out_w, channels;
} first_layer;

static first_layer first_of(const nn_window *w, const float *x, float *scratch) {
  const field_plan plan = field_plan_forward(w);
  const bool direct = field_is_picture(&plan);
  if (!direct) field_copy(&plan, x, scratch);
  return (first_layer){direct ? x : scratch, (size_t)(direct ? plan.width : plan.field_w),
                       (size_t)w->out_h, (size_t)w->out_w, (size_t)w->out_c};
}

static size_t first_field_floats(const nn_window *w) {
  const field_plan plan = field_plan_forward(w);
  return ((size_t)plan.field_h * (size_t)plan.field_w + 15) / 16 * 16;
}

/* `run` pixels from the window at `in` on. */
INLINE void first_run(const int run, const int kernel, const int vectors, const float *packed,
                      const vector *bias, bool relu, const float *in, size_t row, float *y,
                      size_t channels, size_t lanes) {
  vector sum[FIRST_RUN][FIRST_VECTORS];
  UNROLL for (int p = 0; p < run; p++) {
    UNROLL for (int v = 0; v < vectors; v++) sum[p][v] = bias[v];
  }
  for (int ky = 0; ky < kernel; ky++, in += row) {
    vector taps[FIRST_SIDE * FIRST_VECTORS];
    UNROLL for (int i = 0; i < kernel * vectors; i++, packed += WIDTH) taps[i] =
        vector_load(packed);
    UNROLL for (int x = 0; x < run + kernel - 1; x++) {
      const vector value = (vector){0} + in[x];
      UNROLL for (int p = 0; p < run; p++) {
        const int kx = x - p;
        if (kx < 0 || kx >= kernel) continue;
        UNROLL for (int v = 0; v < vectors; v++) sum[p][v] += taps[kx * vectors + v] * value;
      }
    }
  }
  UNROLL for (int p = 0; p < run; p++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      const vector value = relu ? vector_relu(sum[p][v]) : sum[p][v];
      vector_put(y + (size_t)p * channels + (size_t)v * WIDTH, value, lanes - (size_t)(v * WIDTH));
    }
  }
}

/* A block of output channels, of which `lanes` are real. */
INLINE void first_block(const int run, const int kernel, const int vectors, const first_layer *l,
                        const float *packed, const nn_conv_end *end, size_t channel, size_t lanes,
                        float *y) {
  vector bias[FIRST_VECTORS];
  UNROLL for (int v = 0; v < vectors; v++) {
    bias[v] = end->bias
                  ? vector_get(end->bias + channel + (size_t)v * WIDTH, lanes - (size_t)(v * WIDTH))
                  : (vector){0};
  }
  for (size_t r = 0; r < l->out_h; r++) {
    const float *in = l->field + r * l->row;
    float *out = y + r * l->out_w * l->channels + channel;
    for (size_t p = 0; p < l->out_w; p += (size_t)run) {
      const size_t at = p + (size_t)run <= l->out_w ? p : l->out_w - (size_t)run;
      first_run(run, kernel, vectors, packed, bias, end->relu, in + at, l->row,
                out + at * l->channels, l->channels, lanes);
    }
  }
}

/* Packed as first_pack does: blocks of FIRST_VECTORS, the last narrower if their number is odd. */
INLINE void first_blocks(const int run, const int kernel, const first_layer *l, const float *packed,
                         const nn_conv_end *end, float *y) {
  for (size_t channel = 0; channel < l->channels; channel += FIRST_VECTORS * WIDTH) {
    const size_t lanes = l->channels - channel;
    if (lanes > (FIRST_VECTORS - 1) * WIDTH) {
      first_block(run, kernel, FIRST_VECTORS, l, packed, end, channel, lanes, y);
    } else {
      first_block(run, kernel, 1, l, packed, end, channel, lanes, y);
    }
    packed += kernel * kernel * FIRST_VECTORS * WIDTH;
  }
}

#define FIRST_OF(kernel)                                                                           \
  static void first_forward_##kernel(const first_layer *l, const float *packed,                    \
                                     const nn_conv_end *end, float *y) {                           \
    const int run = first_run_of((int)l->out_w);                                                   \
    if (run == 9) first_blocks(9, kernel, l, packed, end, y);                                      \
    if (run == 8) first_blocks(8, kernel, l, packed, end, y);                                      \
    if (run == 7) first_blocks(7, kernel, l, packed, end, y);                                      \
  }

FIRST_OF(3)
FIRST_OF(5)

static void first_forward_one(const nn_window *w, const float *x, const float *packed,
                              const nn_conv_end *end, float *y, float *scratch) {
  const first_layer l = first_of(w, x, scratch);
  if (w->kernel_h == 3) {
    first_forward_3(&l, packed, end, y);
  } else {
    first_forward_5(&l, packed, end, y);
  }
}

static size_t first_packed_floats(const nn_window *w) {
  const size_t channels = ((size_t)w->out_c + WIDTH - 1) / WIDTH * WIDTH;
  return (size_t)(w->kernel_h * w->kernel_w) * channels;
}

static void first_pack(const nn_window *w, const float *weights, float *packed) {
  const size_t taps = (size_t)(w->kernel_h * w->kernel_w), channels = (size_t)w->out_c;
  for (size_t channel = 0; channel < channels;) {
    const size_t left = (channels - channel + WIDTH - 1) / WIDTH;
    const size_t block = left < FIRST_VECTORS ? left : FIRST_VECTORS;
    for (size_t tap = 0; tap < taps; tap++) {
      for (size_t v = 0; v < block; v++, packed += WIDTH) {
        const size_t c = channel + v * WIDTH;
        vector_store(packed, vector_get(weights + tap * channels + c, channels - c));
      }
    }
    channel += block * WIDTH;
  }
}

/* ---- gradient of the weights ---- */

/* `step`: floats from a pixel of dy to the next. */
INLINE void first_weights_block(const int kernel, const int vectors, const first_layer *l,
                                const float *dy, size_t step, size_t lanes, float *dw) {
  vector sum[FIRST_TAPS * FIRST_VECTORS];
  UNROLL for (int i = 0; i < kernel * kernel * vectors; i++) sum[i] = (vector){0};
  for (size_t r = 0; r < l->out_h; r++) {
    const float *in = l->field + r * l->row;
    for (size_t p = 0; p < l->out_w; p++, in++, dy += step) {
      vector d[FIRST_VECTORS];
      UNROLL for (int v = 0; v < vectors; v++) d[v] = vector_load(dy + v * WIDTH);
      UNROLL for (int ky = 0; ky < kernel; ky++) {
        UNROLL for (int kx = 0; kx < kernel; kx++) {
          const float value = in[(size_t)ky * l->row + (size_t)kx];
          UNROLL for (int v = 0; v < vectors; v++) {
            sum[(ky * kernel + kx) * vectors + v] += d[v] * value;
          }
        }
      }
    }
  }
  UNROLL for (int tap = 0; tap < kernel * kernel; tap++) {
    UNROLL for (int v = 0; v < vectors; v++) {
      vector_add(dw + (size_t)tap * l->channels + (size_t)v * WIDTH, sum[tap * vectors + v],
                 lanes - (size_t)(v * WIDTH));
    }
  }
}

/* Two vectors of 25 taps would not fit. */
static void first_backward_weights(const nn_window *w, const float *x, const float *dy, float *dw,
                                   float *scratch) {
  const first_layer l = first_of(w, x, scratch);
  const size_t step = weight_step(w);
  dy = weight_widen(w, dy, scratch + first_field_floats(w));
  for (size_t c = 0; c < l.channels;) {
    const size_t lanes = l.channels - c;
    if (w->kernel_h == 5) {
      first_weights_block(5, 1, &l, dy + c, step, lanes, dw + c);
      c += WIDTH;
    } else if (lanes > WIDTH) {
      first_weights_block(3, 2, &l, dy + c, step, lanes, dw + c);
      c += 2 * WIDTH;
    } else {
      first_weights_block(3, 1, &l, dy + c, step, lanes, dw + c);
      c += WIDTH;
    }
  }
}

#endif
