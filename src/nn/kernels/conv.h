/* The ways to convolve, and which is taken.
 *
 * The rule (conv_of), backed by `dev bench kernels`, which shows every way that can on every layer:
 *   - 3x3 with stride 1 and enough channels on both sides for the products to outweigh the
 *     transforms: Winograd, in tiles of 4x4, or of 2x2 where the output has no more than two rows
 *     or columns, most of a 4x4 tile being wasted there;
 *   - a single input channel, 3x3 or 5x5 with stride 1: the first layer's;
 *   - pictures of one pixel with few outputs, the last layer of most networks: dense;
 *   - everything else: direct. */
#ifndef NN_KERNELS_CONV_H
#define NN_KERNELS_CONV_H

#include "nn/kernels/dense.h"
#include "nn/kernels/direct_weights.h"
#include "nn/kernels/first.h"
#include "nn/kernels/pool.h"
#include "nn/kernels/winograd_weights.h"

/* ---- direct ---- */

static size_t output_floats(const nn_window *w) {
  return (size_t)w->out_h * (size_t)w->out_w * (size_t)w->out_c;
}

static size_t input_floats(const nn_window *w) {
  return (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c;
}

static nn_window pool_window_of(const nn_window *w) {
  return (nn_window){.in_h = w->out_h,
                     .in_w = w->out_w,
                     .in_c = w->out_c,
                     .out_h = w->out_h / 2,
                     .out_w = w->out_w / 2,
                     .out_c = w->out_c,
                     .kernel_h = 2,
                     .kernel_w = 2,
                     .stride_h = 2,
                     .stride_w = 2};
}

/* Pictures of which every pixel is a window of its own are one long picture: rows of a dense layer,
 * 1x1 convolutions. */
static nn_window window_joined(const nn_window *w, int *count) {
  nn_window one = *w;
  const bool windows_are_pixels = w->kernel_h * w->kernel_w * w->stride_h * w->stride_w == 1 &&
                                  w->out_h == w->in_h && w->out_w == w->in_w;
  if (!windows_are_pixels) return one;
  one.in_h = one.out_h = 1;
  one.in_w = one.out_w = w->in_h * w->in_w * *count;
  *count = 1;
  return one;
}

static bool direct_can(const nn_window *w) {
  (void)w;
  return true;
}

static size_t direct_forward_scratch(const nn_window *w, int count) {
  const nn_window joined = window_joined(w, &count);
  const field_plan plan = field_plan_forward(&joined);
  return field_floats(&plan) + output_floats(w);
}

static size_t direct_backward_scratch(const nn_window *w, int count) {
  const nn_window joined = window_joined(w, &count);
  const field_plan forward = field_plan_forward(&joined), backward = field_plan_backward(&joined);
  const size_t weights = field_floats(&forward) + weight_scratch_floats(&joined);
  const size_t data = field_floats(&backward);
  return weights > data ? weights : data;
}

static void direct_forward(const nn_window *w, int count, const float *x, const float *packed,
                           const nn_conv_end *end, float *y, float *scratch) {
  if (!end->pool) {
    const nn_window joined = window_joined(w, &count);
    for (int p = 0; p < count; p++, x += input_floats(&joined), y += output_floats(&joined)) {
      direct_forward_one(&joined, x, packed, end, y, scratch);
    }
    return;
  }
  const nn_window pool = pool_window_of(w);
  const field_plan plan = field_plan_forward(w);
  float *whole = scratch + field_floats(&plan);
  for (int p = 0; p < count; p++, x += input_floats(w), y += output_floats(&pool)) {
    direct_forward_one(w, x, packed, end, whole, scratch);
    max_pool_forward(&pool, whole, y);
  }
}

static void direct_backward(const nn_window *w, int count, const float *x, const float *dy,
                            const float *packed, float *dx, float *dw, float *db, float *scratch) {
  const nn_window joined = window_joined(w, &count);
  for (int p = 0; p < count; p++, x += input_floats(&joined), dy += output_floats(&joined)) {
    if (dw) direct_backward_weights(&joined, x, dy, dw, scratch);
    if (db) direct_backward_bias(&joined, dy, db);
    if (!dx) continue;
    direct_backward_data(&joined, dy, packed, dx, scratch);
    dx += input_floats(&joined);
  }
}

static const nn_conv DIRECT = {
    .name = "direct",
    .can = direct_can,
    .packed_floats = direct_packed_floats,
    .pack = direct_pack,
    .forward_scratch = direct_forward_scratch,
    .forward = direct_forward,
    .packed_backward_floats = direct_packed_backward_floats,
    .pack_backward = direct_pack_backward,
    .backward_scratch = direct_backward_scratch,
    .backward = direct_backward,
};

/* ---- the first layer; the gradient of its input by the direct kernels ---- */

static size_t first_forward_scratch(const nn_window *w, int count) {
  (void)count;
  return first_field_floats(w) + output_floats(w);
}

static void first_forward(const nn_window *w, int count, const float *x, const float *packed,
                          const nn_conv_end *end, float *y, float *scratch) {
  const nn_window pool = pool_window_of(w);
  float *whole = scratch + first_field_floats(w);
  for (int p = 0; p < count; p++, x += input_floats(w)) {
    first_forward_one(w, x, packed, end, end->pool ? whole : y, scratch);
    if (end->pool) max_pool_forward(&pool, whole, y);
    y += end->pool ? output_floats(&pool) : output_floats(w);
  }
}

static void first_backward(const nn_window *w, int count, const float *x, const float *dy,
                           const float *packed, float *dx, float *dw, float *db, float *scratch) {
  for (int p = 0; p < count; p++, x += input_floats(w), dy += output_floats(w)) {
    if (dw) first_backward_weights(w, x, dy, dw, scratch);
    if (db) direct_backward_bias(w, dy, db);
    if (!dx) continue;
    direct_backward_data(w, dy, packed, dx, scratch);
    dx += input_floats(w);
  }
}

static const nn_conv FIRST = {
    .name = "first",
    .can = first_can,
    .packed_floats = first_packed_floats,
    .pack = first_pack,
    .forward_scratch = first_forward_scratch,
    .forward = first_forward,
    .packed_backward_floats = direct_packed_backward_floats,
    .pack_backward = direct_pack_backward,
    .backward_scratch = direct_backward_scratch, /* its field is larger */
    .backward = first_backward,
};

/* ---- Winograd: m is what tells the two apart ---- */

static bool winograd_can(const nn_window *w) {
  return w->kernel_h == 3 && w->kernel_w == 3 && w->stride_h == 1 && w->stride_w == 1;
}

#define WINOGRAD(m)                                                                                \
  static size_t winograd_##m##_packed(const nn_window *w) {                                        \
    return winograd_packed((size_t)w->in_c, (size_t)w->out_c, m);                                  \
  }                                                                                                \
  static size_t winograd_##m##_packed_backward(const nn_window *w) {                               \
    return winograd_packed((size_t)w->out_c, (size_t)w->in_c, m);                                  \
  }                                                                                                \
  static void winograd_##m##_pack(const nn_window *w, const float *weights, float *packed) {       \
    winograd_pack(m, w, weights, packed);                                                          \
  }                                                                                                \
  static void winograd_##m##_pack_backward(const nn_window *w, const float *weights,               \
                                           float *packed) {                                        \
    winograd_pack_backward(m, w, weights, packed);                                                 \
  }                                                                                                \
  static size_t winograd_##m##_forward_scratch(const nn_window *w, int count) {                    \
    return winograd_forward_floats(w, count, m);                                                   \
  }                                                                                                \
  static size_t winograd_##m##_backward_scratch(const nn_window *w, int count) {                   \
    return winograd_backward_floats(w, count, m);                                                  \
  }                                                                                                \
  static void winograd_##m##_forward(const nn_window *w, int count, const float *x,                \
                                     const float *packed, const nn_conv_end *end, float *y,        \
                                     float *scratch) {                                             \
    winograd_forward(m, w, count, x, packed, end, y, scratch);                                     \
  }                                                                                                \
  static void winograd_##m##_backward(const nn_window *w, int count, const float *x,               \
                                      const float *dy, const float *packed, float *dx, float *dw,  \
                                      float *db, float *scratch) {                                 \
    winograd_backward(m, w, count, x, dy, packed, dx, dw, db, scratch);                            \
  }                                                                                                \
  static const nn_conv WINOGRAD_##m = {                                                            \
      .name = "winograd " #m "x" #m,                                                               \
      .can = winograd_can,                                                                         \
      .packed_floats = winograd_##m##_packed,                                                      \
      .pack = winograd_##m##_pack,                                                                 \
      .forward_scratch = winograd_##m##_forward_scratch,                                           \
      .forward = winograd_##m##_forward,                                                           \
      .packed_backward_floats = winograd_##m##_packed_backward,                                    \
      .pack_backward = winograd_##m##_pack_backward,                                               \
      .backward_scratch = winograd_##m##_backward_scratch,                                         \
      .backward = winograd_##m##_backward,                                                         \
  };

WINOGRAD(4)
WINOGRAD(2)

/* ---- the choice ---- */

/* Fewest channels on either side for which Winograd wins. */
enum { WINOGRAD_CHANNELS = WIDTH > 8 ? WIDTH : 8 };

static const nn_conv *const CONVS[] = {&DIRECT, &FIRST, &DENSE, &WINOGRAD_4, &WINOGRAD_2, NULL};

static const nn_conv *conv_of(const nn_window *w) {
  if (first_can(w)) return &FIRST;
  if (dense_can(w)) return &DENSE;
  if (!winograd_can(w) || w->in_c < WINOGRAD_CHANNELS || w->out_c < WINOGRAD_CHANNELS)
    return &DIRECT;
  const int least = w->out_h < w->out_w ? w->out_h : w->out_w;
  return least > 2 ? &WINOGRAD_4 : least == 2 ? &WINOGRAD_2 : &DIRECT;
}

#endif
