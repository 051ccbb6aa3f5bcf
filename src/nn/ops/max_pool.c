/* Max pooling: the largest of each window, channel by channel; what lies outside the picture takes
 * no part. */
#include <math.h>

#include "nn/operator.h"

static scrawl_status max_pool_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  return nn_window_fit(node, inputs[0], inputs[0].c, error);
}

static void max_pool_forward(const nn_run *run) {
  const nn_window *w = &run->node->window;
  size_t in = (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c;
  size_t out = nn_shape_floats(run->node->shape);
  for (size_t p = 0; p < (size_t)run->count; p++)
    run->kernels->max_pool_forward(w, run->x[0] + p * in, run->y + p * out);
}

static void max_pool_backward(const nn_run *run) {
  const nn_window *w = &run->node->window;
  size_t in = (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c;
  size_t out = nn_shape_floats(run->node->shape);
  for (size_t p = 0; p < (size_t)run->count && run->dx[0]; p++)
    run->kernels->max_pool_backward(w, run->x[0] + p * in, run->y + p * out, run->dy + p * out,
                                    run->dx[0] + p * in);
}

static void max_pool_forward_double(const nn_run_double *run) {
  const nn_window *w = &run->node->window;
  size_t channels = (size_t)w->in_c;
  double *y = run->y;
  for (int p = 0; p < run->count; p++) {
    const double *x = run->x[0] + (size_t)p * nn_shape_floats(run->shapes[0]);
    for (int i = 0; i < w->out_h; i++)
      for (int j = 0; j < w->out_w; j++, y += channels)
        for (size_t c = 0; c < channels; c++) {
          double largest = -INFINITY;
          for (int ky = 0; ky < w->kernel_h; ky++)
            for (int kx = 0; kx < w->kernel_w; kx++) {
              int r = i * w->stride_h + ky - w->pad_top, s = j * w->stride_w + kx - w->pad_left;
              if (r < 0 || r >= w->in_h || s < 0 || s >= w->in_w) continue;
              double value = x[((size_t)r * (size_t)w->in_w + (size_t)s) * channels + c];
              if (value > largest) largest = value;
            }
          y[c] = largest;
        }
  }
}

const nn_operator NN_OPERATOR_MAX_POOL = {
    .name = "pool",
    .inputs = 1,
    .shape = max_pool_shape,
    .forward = max_pool_forward,
    .backward = max_pool_backward,
    .forward_double = max_pool_forward_double,
    .reads_x = true,
    .reads_y = true,
};
