/* Average pooling: the mean of the pixels of each window that lie inside the picture, channel by
 * channel. The global average is the same with one window as large as the picture. */
#include "nn/operator.h"

static scrawl_status average_pool_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  return nn_window_fit(node, inputs[0], inputs[0].c, error);
}

static scrawl_status global_average_shape(nn_node *node, const nn_shape *inputs,
                                          base_error *error) {
  (void)error;
  nn_shape in = inputs[0];
  node->window = (nn_window){.in_h = in.h,
                             .in_w = in.w,
                             .in_c = in.c,
                             .out_h = 1,
                             .out_w = 1,
                             .out_c = in.c,
                             .kernel_h = in.h,
                             .kernel_w = in.w,
                             .stride_h = 1,
                             .stride_w = 1};
  node->shape = (nn_shape){1, 1, in.c};
  return SCRAWL_OK;
}

static void average_pool_forward(const nn_run *run) {
  const nn_window *w = &run->node->window;
  size_t in = (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c;
  size_t out = nn_shape_floats(run->node->shape);
  for (size_t p = 0; p < (size_t)run->count; p++)
    run->kernels->average_pool_forward(w, run->x[0] + p * in, run->y + p * out);
}

static void average_pool_backward(const nn_run *run) {
  const nn_window *w = &run->node->window;
  size_t in = (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c;
  size_t out = nn_shape_floats(run->node->shape);
  for (size_t p = 0; p < (size_t)run->count && run->dx[0]; p++)
    run->kernels->average_pool_backward(w, run->dy + p * out, run->dx[0] + p * in);
}

static void average_pool_forward_double(const nn_run_double *run) {
  const nn_window *w = &run->node->window;
  size_t channels = (size_t)w->in_c;
  double *y = run->y;
  for (int p = 0; p < run->count; p++) {
    const double *x = run->x[0] + (size_t)p * nn_shape_floats(run->shapes[0]);
    for (int i = 0; i < w->out_h; i++)
      for (int j = 0; j < w->out_w; j++, y += channels)
        for (size_t c = 0; c < channels; c++) {
          double sum = 0;
          int inside = 0;
          for (int ky = 0; ky < w->kernel_h; ky++)
            for (int kx = 0; kx < w->kernel_w; kx++) {
              int r = i * w->stride_h + ky - w->pad_top, s = j * w->stride_w + kx - w->pad_left;
              if (r < 0 || r >= w->in_h || s < 0 || s >= w->in_w) continue;
              sum += x[((size_t)r * (size_t)w->in_w + (size_t)s) * channels + c];
              inside++;
            }
          y[c] = sum / inside;
        }
  }
}

const nn_operator NN_OPERATOR_AVERAGE_POOL = {
    .name = "average",
    .inputs = 1,
    .shape = average_pool_shape,
    .forward = average_pool_forward,
    .backward = average_pool_backward,
    .forward_double = average_pool_forward_double,
};

const nn_operator NN_OPERATOR_GLOBAL_AVERAGE = {
    .name = "global-average",
    .inputs = 1,
    .shape = global_average_shape,
    .forward = average_pool_forward,
    .backward = average_pool_backward,
    .forward_double = average_pool_forward_double,
};
