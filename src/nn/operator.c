/* The table of operators, and the rules that several of them share. */
#include "nn/operator.h"

const nn_operator *nn_operator_of(nn_kind kind) {
  static const nn_operator *const table[NN_KIND_COUNT] = {
      [NN_CONV] = &NN_OPERATOR_CONV,
      [NN_DEPTHWISE] = &NN_OPERATOR_DEPTHWISE,
      [NN_MAX_POOL] = &NN_OPERATOR_MAX_POOL,
      [NN_AVERAGE_POOL] = &NN_OPERATOR_AVERAGE_POOL,
      [NN_GLOBAL_AVERAGE] = &NN_OPERATOR_GLOBAL_AVERAGE,
      [NN_BATCH_NORM] = &NN_OPERATOR_BATCH_NORM,
      [NN_DROPOUT] = &NN_OPERATOR_DROPOUT,
      [NN_DENSE] = &NN_OPERATOR_DENSE,
      [NN_RELU] = &NN_OPERATOR_RELU,
      [NN_SILU] = &NN_OPERATOR_SILU,
      [NN_SCALE] = &NN_OPERATOR_SCALE,
      [NN_FLATTEN] = &NN_OPERATOR_FLATTEN,
      [NN_ADD] = &NN_OPERATOR_ADD,
      [NN_SOFTMAX] = &NN_OPERATOR_SOFTMAX,
  };
  return table[kind];
}

/* floor((in + pads - kernel) / stride) + 1 windows fit. Every window has a pixel inside the picture
 * because padding is smaller than the kernel. */
static scrawl_status side_fit(int in, int kernel, int stride, int before, int after, int *out,
                              base_error *error) {
  if (kernel < 1 || kernel > NN_MAX_KERNEL)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "window side %d is not between 1 and %d",
                     kernel, NN_MAX_KERNEL);
  if (stride < 1 || stride > NN_MAX_SIDE)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "stride %d is not between 1 and %d", stride,
                     NN_MAX_SIDE);
  if (before < 0 || after < 0 || before >= kernel || after >= kernel)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "padding %d is not between 0 and %d, one less than the window's side",
                     before < 0 || before >= kernel ? before : after, kernel - 1);
  *out = in + before + after < kernel ? 0 : (in + before + after - kernel) / stride + 1;
  return SCRAWL_OK;
}

scrawl_status nn_window_fit(nn_node *node, nn_shape input, int channels, base_error *error) {
  nn_window *window = &node->window;
  window->in_h = input.h;
  window->in_w = input.w;
  window->in_c = input.c;
  window->out_c = channels;
  BASE_TRY(side_fit(input.h, window->kernel_h, window->stride_h, window->pad_top, node->pad_bottom,
                    &window->out_h, error));
  BASE_TRY(side_fit(input.w, window->kernel_w, window->stride_w, window->pad_left, node->pad_right,
                    &window->out_w, error));
  int padded_h = input.h + window->pad_top + node->pad_bottom;
  int padded_w = input.w + window->pad_left + node->pad_right;
  if (window->out_h < 1 || window->out_w < 1) {
    if (padded_h == input.h && padded_w == input.w)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "window %dx%d does not fit a %dx%d picture",
                       window->kernel_h, window->kernel_w, input.h, input.w);
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "window %dx%d does not fit a %dx%d picture padded to %dx%d", window->kernel_h,
                     window->kernel_w, input.h, input.w, padded_h, padded_w);
  }
  node->shape = (nn_shape){window->out_h, window->out_w, channels};
  return SCRAWL_OK;
}

static void side_same(int in, int kernel, int stride, int *before, int *after) {
  int windows = (in - 1) / stride + 1;
  int missing = (windows - 1) * stride + kernel - in;
  if (missing < 0) missing = 0;
  *before = missing / 2;
  *after = missing - missing / 2;
}

void nn_window_same(nn_node *node, nn_shape input) {
  nn_window *w = &node->window;
  side_same(input.h, w->kernel_h, w->stride_h, &w->pad_top, &node->pad_bottom);
  side_same(input.w, w->kernel_w, w->stride_w, &w->pad_left, &node->pad_right);
}

scrawl_status nn_parameters_fit(uint64_t count, base_error *error) {
  if (count <= NN_MAX_PARAMETERS) return SCRAWL_OK;
  return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                   "%llu parameters are more than the limit of %zu in one network",
                   (unsigned long long)count, NN_MAX_PARAMETERS);
}
