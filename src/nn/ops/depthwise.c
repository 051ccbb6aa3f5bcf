/* Depthwise convolution, each channel alone: y[i,j,c] = bias[c] + sum over ky, kx of
 * x[i*sh + ky - top, j*sw + kx - left, c] * w[ky,kx,c], with zeros outside the picture. */
#include "nn/operator.h"

static size_t weight_count(const nn_window *w) {
  return (size_t)w->kernel_h * (size_t)w->kernel_w * (size_t)w->in_c;
}

static scrawl_status depthwise_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  nn_window *w = &node->window;
  if (inputs[0].c > NN_MAX_CHANNELS)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                     "%d input channels are more than the limit of %d", inputs[0].c,
                     NN_MAX_CHANNELS);
  BASE_TRY(nn_window_fit(node, inputs[0], inputs[0].c, error));
  size_t count = weight_count(w) + (node->bias ? (size_t)w->in_c : 0); /* below 2^29 */
  BASE_TRY(nn_parameters_fit(count, error));
  node->parameter_count = count;
  return SCRAWL_OK;
}

static double depthwise_flops(const nn_node *node, const nn_shape *inputs) {
  (void)inputs;
  return 2.0 * (double)weight_count(&node->window) * node->shape.h * node->shape.w;
}

static void depthwise_forward(const nn_run *run) {
  const nn_window *w = &run->node->window;
  size_t in = (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c;
  size_t out = nn_shape_floats(run->node->shape);
  const float *bias = run->node->bias ? run->parameters + weight_count(w) : NULL;
  for (size_t p = 0; p < (size_t)run->count; p++)
    run->kernels->depthwise_forward(w, run->x[0] + p * in, run->parameters, bias, run->fuse_relu,
                                    run->y + p * out);
}

static void depthwise_backward(const nn_run *run) {
  const nn_window *w = &run->node->window;
  size_t in = (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c;
  size_t out = nn_shape_floats(run->node->shape);
  float *bias = run->node->bias ? run->gradient + weight_count(w) : NULL;
  for (size_t p = 0; p < (size_t)run->count; p++) {
    run->kernels->depthwise_backward_weights(w, run->x[0] + p * in, run->dy + p * out,
                                             run->gradient, bias);
    if (run->dx[0])
      run->kernels->depthwise_backward_data(w, run->dy + p * out, run->parameters,
                                            run->dx[0] + p * in);
  }
}

static void depthwise_forward_double(const nn_run_double *run) {
  const nn_window *w = &run->node->window;
  size_t channels = (size_t)w->in_c;
  const double *bias = run->parameters + weight_count(w);
  double *y = run->y;
  for (int p = 0; p < run->count; p++) {
    const double *x = run->x[0] + (size_t)p * nn_shape_floats(run->shapes[0]);
    for (int i = 0; i < w->out_h; i++)
      for (int j = 0; j < w->out_w; j++, y += channels) {
        for (size_t c = 0; c < channels; c++) y[c] = run->node->bias ? bias[c] : 0;
        for (int ky = 0; ky < w->kernel_h; ky++)
          for (int kx = 0; kx < w->kernel_w; kx++) {
            int r = i * w->stride_h + ky - w->pad_top, s = j * w->stride_w + kx - w->pad_left;
            if (r < 0 || r >= w->in_h || s < 0 || s >= w->in_w) continue;
            const double *pixel = x + ((size_t)r * (size_t)w->in_w + (size_t)s) * channels;
            const double *tap =
                run->parameters + ((size_t)ky * (size_t)w->kernel_w + (size_t)kx) * channels;
            for (size_t c = 0; c < channels; c++) y[c] += pixel[c] * tap[c];
          }
      }
  }
}

const nn_operator NN_OPERATOR_DEPTHWISE = {
    .name = "depthwise",
    .inputs = 1,
    .shape = depthwise_shape,
    .flops = depthwise_flops,
    .forward = depthwise_forward,
    .backward = depthwise_backward,
    .forward_double = depthwise_forward_double,
    .fuses_relu = true,
    .reads_x = true,
};
