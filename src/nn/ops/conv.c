/* Convolution: y[i,j,o] = bias[o] + sum over ky, kx, c of x[i*sh + ky - top, j*sw + kx - left, c] *
 * w[ky,kx,c,o], with zeros outside the picture. */
#include "nn/operator.h"

static size_t weight_count(const nn_window *w) {
  return (size_t)w->kernel_h * (size_t)w->kernel_w * (size_t)w->in_c * (size_t)w->out_c;
}

static scrawl_status conv_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  nn_window *w = &node->window;
  if (w->out_c < 1 || w->out_c > NN_MAX_CHANNELS)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%d filters are not between 1 and %d",
                     w->out_c, NN_MAX_CHANNELS);
  if (inputs[0].c > NN_MAX_CHANNELS)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                     "%d input channels are more than the limit of %d", inputs[0].c,
                     NN_MAX_CHANNELS);
  BASE_TRY(nn_window_fit(node, inputs[0], w->out_c, error));
  /* At most 2^44: no overflow. */
  uint64_t count =
      (uint64_t)w->kernel_h * (uint64_t)w->kernel_w * (uint64_t)w->in_c * (uint64_t)w->out_c +
      (node->bias ? (uint64_t)w->out_c : 0);
  BASE_TRY(nn_parameters_fit(count, error));
  node->parameter_count = (size_t)count;
  return SCRAWL_OK;
}

static double conv_flops(const nn_node *node, const nn_shape *inputs) {
  (void)inputs;
  return 2.0 * (double)weight_count(&node->window) * node->shape.h * node->shape.w;
}

static size_t conv_scratch(const nn_node *node, int count, bool training,
                           const nn_kernels *kernels) {
  const nn_conv *conv = kernels->conv_of(&node->window);
  size_t forward = conv->forward_scratch(&node->window, count);
  size_t backward = training ? conv->backward_scratch(&node->window, count) : 0;
  return forward > backward ? forward : backward;
}

static size_t conv_packed(const nn_node *node, const nn_kernels *kernels) {
  return kernels->conv_of(&node->window)->packed_floats(&node->window);
}

static size_t conv_packed_backward(const nn_node *node, const nn_kernels *kernels) {
  return kernels->conv_of(&node->window)->packed_backward_floats(&node->window);
}

static void conv_pack(const nn_run *run, float *packed) {
  const nn_window *w = &run->node->window;
  run->kernels->conv_of(w)->pack(w, run->parameters, packed);
}

static void conv_pack_backward(const nn_run *run, float *packed) {
  const nn_window *w = &run->node->window;
  run->kernels->conv_of(w)->pack_backward(w, run->parameters, packed);
}

static nn_conv_end end_of(const nn_run *run) {
  const float *bias = run->parameters + weight_count(&run->node->window);
  return (nn_conv_end){
      .bias = run->node->bias ? bias : NULL, .relu = run->fuse_relu, .pool = run->fuse_pool};
}

static void conv_forward(const nn_run *run) {
  const nn_window *w = &run->node->window;
  const nn_conv_end end = end_of(run);
  run->kernels->conv_of(w)->forward(w, run->count, run->x[0], run->packed, &end, run->y,
                                    run->scratch);
}

/* Four rows of the output: any way to convolve can begin there, and so does a pool. */
enum { PART_ROWS = 4 };

static int conv_parts(const nn_node *node, const nn_kernels *kernels) {
  (void)kernels;
  return (node->window.out_h + PART_ROWS - 1) / PART_ROWS;
}

static void conv_forward_parts(const nn_run *run, int first, int end) {
  const nn_window *w = &run->node->window;
  const int row = first * PART_ROWS, last = end * PART_ROWS < w->out_h ? end * PART_ROWS : w->out_h;
  const int top = row * w->stride_h - w->pad_top, in_row = top > 0 ? top : 0;
  const int bottom = (last - 1) * w->stride_h - w->pad_top + w->kernel_h;
  nn_window part = *w;
  part.pad_top = in_row - top;
  part.in_h = (bottom < w->in_h ? bottom : w->in_h) - in_row;
  part.out_h = last - row;
  const size_t out_row = (size_t)(run->fuse_pool ? row / 2 * (w->out_w / 2) : row * w->out_w);
  const nn_conv_end finish = end_of(run);
  run->kernels->conv_of(w)->forward(
      &part, 1, run->x[0] + (size_t)in_row * (size_t)w->in_w * (size_t)w->in_c, run->packed,
      &finish, run->y + out_row * (size_t)w->out_c, run->scratch);
}

static void conv_backward(const nn_run *run) {
  const nn_window *w = &run->node->window;
  float *bias = run->node->bias ? run->gradient + weight_count(w) : NULL;
  run->kernels->conv_of(w)->backward(w, run->count, run->x[0], run->dy, run->packed_backward,
                                     run->dx[0], run->gradient, bias, run->scratch);
}

static void conv_forward_double(const nn_run_double *run) {
  const nn_window *w = &run->node->window;
  size_t ci = (size_t)w->in_c, co = (size_t)w->out_c;
  const double *bias = run->parameters + weight_count(w);
  double *y = run->y;
  for (int p = 0; p < run->count; p++) {
    const double *x = run->x[0] + (size_t)p * nn_shape_floats(run->shapes[0]);
    for (int i = 0; i < w->out_h; i++)
      for (int j = 0; j < w->out_w; j++, y += co) {
        for (size_t o = 0; o < co; o++) y[o] = run->node->bias ? bias[o] : 0;
        for (int ky = 0; ky < w->kernel_h; ky++)
          for (int kx = 0; kx < w->kernel_w; kx++) {
            int r = i * w->stride_h + ky - w->pad_top, s = j * w->stride_w + kx - w->pad_left;
            if (r < 0 || r >= w->in_h || s < 0 || s >= w->in_w) continue;
            const double *pixel = x + ((size_t)r * (size_t)w->in_w + (size_t)s) * ci;
            const double *weights =
                run->parameters + ((size_t)ky * (size_t)w->kernel_w + (size_t)kx) * ci * co;
            for (size_t c = 0; c < ci; c++)
              for (size_t o = 0; o < co; o++) y[o] += pixel[c] * weights[c * co + o];
          }
      }
  }
}

const nn_operator NN_OPERATOR_CONV = {
    .name = "conv",
    .inputs = 1,
    .shape = conv_shape,
    .flops = conv_flops,
    .forward = conv_forward,
    .backward = conv_backward,
    .forward_double = conv_forward_double,
    .parts = conv_parts,
    .forward_parts = conv_forward_parts,
    .fuses_relu = true,
    .fuses_pool = true,
    .reads_x = true,
    .scratch_floats = conv_scratch,
    .packed_floats = conv_packed,
    .pack = conv_pack,
    .packed_backward_floats = conv_packed_backward,
    .pack_backward = conv_pack_backward,
};
