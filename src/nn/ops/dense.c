/* A dense layer: y[o] = bias[o] + sum over i of x[i] * w[i,o], x being the whole input as one row.
 * Run as a 1x1 convolution over pictures of one pixel, so it has no kernels of its own; many
 * pictures at a time, because the weights are often larger than the activations. */
#include "nn/operator.h"

static scrawl_status dense_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  int outputs = node->channels;
  if (outputs < 1 || outputs > NN_MAX_CHANNELS)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%d outputs are not between 1 and %d", outputs,
                     NN_MAX_CHANNELS);
  /* NN_MAX_ACTIVATION bounds the inputs: the product is below 2^41. */
  uint64_t count = (uint64_t)nn_shape_floats(inputs[0]) * (uint64_t)outputs +
                   (node->bias ? (uint64_t)outputs : 0);
  BASE_TRY(nn_parameters_fit(count, error));
  node->parameter_count = (size_t)count;
  node->window = (nn_window){.in_h = 1,
                             .in_w = 1,
                             .in_c = (int)nn_shape_floats(inputs[0]),
                             .out_h = 1,
                             .out_w = 1,
                             .out_c = outputs,
                             .kernel_h = 1,
                             .kernel_w = 1,
                             .stride_h = 1,
                             .stride_w = 1};
  node->shape = (nn_shape){1, 1, outputs};
  return SCRAWL_OK;
}

static size_t weight_count(const nn_node *node) {
  return (size_t)node->window.in_c * (size_t)node->window.out_c;
}

/* The weights, unless one input's alone would fill a piece of the parameter vector. */
static size_t late_parameters(const nn_node *node) {
  return node->window.out_c <= NN_PIECE_FLOATS ? weight_count(node) : 0;
}

static double dense_flops(const nn_node *node, const nn_shape *inputs) {
  (void)inputs;
  return 2.0 * (double)weight_count(node);
}

static const nn_conv *conv_of(const nn_node *node, const nn_kernels *kernels) {
  return kernels->conv_of(&node->window);
}

static size_t dense_scratch(const nn_node *node, int count, bool training,
                            const nn_kernels *kernels) {
  const nn_conv *conv = conv_of(node, kernels);
  size_t forward = conv->forward_scratch(&node->window, count);
  size_t backward = training ? conv->backward_scratch(&node->window, count) : 0;
  return forward > backward ? forward : backward;
}

static size_t dense_packed(const nn_node *node, const nn_kernels *kernels) {
  return conv_of(node, kernels)->packed_floats(&node->window);
}

static size_t dense_packed_backward(const nn_node *node, const nn_kernels *kernels) {
  return conv_of(node, kernels)->packed_backward_floats(&node->window);
}

static void dense_pack(const nn_run *run, float *packed) {
  conv_of(run->node, run->kernels)->pack(&run->node->window, run->parameters, packed);
}

static void dense_pack_backward(const nn_run *run, float *packed) {
  conv_of(run->node, run->kernels)->pack_backward(&run->node->window, run->parameters, packed);
}

static void dense_forward(const nn_run *run) {
  const nn_node *node = run->node;
  const nn_conv_end end = {.bias = node->bias ? run->parameters + weight_count(node) : NULL,
                           .relu = run->fuse_relu};
  conv_of(node, run->kernels)
      ->forward(&node->window, run->count, run->x[0], run->packed, &end, run->y, run->scratch);
}

/* Each output, where its weights lie together. */
static int dense_parts(const nn_node *node, const nn_kernels *kernels) {
  return conv_of(node, kernels)->packed_output ? node->window.out_c : 1;
}

static void dense_forward_parts(const nn_run *run, int first, int end) {
  const nn_node *node = run->node;
  const nn_conv *conv = conv_of(node, run->kernels);
  const float *bias = run->parameters + weight_count(node);
  const nn_conv_end finish = {.bias = node->bias ? bias + first : NULL, .relu = run->fuse_relu};
  nn_window part = node->window;
  part.out_c = end - first;
  const size_t at = conv->packed_output ? conv->packed_output(&node->window, first) : 0;
  conv->forward(&part, 1, run->x[0], run->packed + at, &finish, run->y + first, run->scratch);
}

static void dense_backward(const nn_run *run) {
  const nn_node *node = run->node;
  float *bias = node->bias ? run->gradient + weight_count(node) : NULL;
  conv_of(node, run->kernels)
      ->backward(&node->window, run->count, run->x[0], run->dy, run->packed_backward, run->dx[0],
                 late_parameters(node) ? NULL : run->gradient, bias, run->scratch);
}

static void late_gradient(const nn_run *run, const nn_rows *rows, size_t first, size_t count,
                          float *gradient) {
  const size_t outputs = (size_t)run->node->window.out_c, input = first / outputs;
  const float *x[NN_DENSE_ROWS];
  for (size_t r = 0; r < rows->count; r++) x[r] = rows->x[r] + input;
  run->kernels->dense_weights(rows->count, count / outputs, outputs, x, rows->dy, gradient);
}

static void dense_forward_double(const nn_run_double *run) {
  size_t in = (size_t)run->node->window.in_c, out = (size_t)run->node->window.out_c;
  for (size_t p = 0; p < (size_t)run->count; p++)
    for (size_t o = 0; o < out; o++) {
      double sum = run->node->bias ? run->parameters[in * out + o] : 0;
      for (size_t i = 0; i < in; i++) sum += run->x[0][p * in + i] * run->parameters[i * out + o];
      run->y[p * out + o] = sum;
    }
}

const nn_operator NN_OPERATOR_DENSE = {
    .name = "dense",
    .inputs = 1,
    .shape = dense_shape,
    .flops = dense_flops,
    .forward = dense_forward,
    .backward = dense_backward,
    .forward_double = dense_forward_double,
    .parts = dense_parts,
    .forward_parts = dense_forward_parts,
    .fuses_relu = true,
    .reads_x = true,
    .whole_shards = true,
    .scratch_floats = dense_scratch,
    .packed_floats = dense_packed,
    .pack = dense_pack,
    .packed_backward_floats = dense_packed_backward,
    .pack_backward = dense_pack_backward,
    .late_parameters = late_parameters,
    .late_gradient = late_gradient,
};
