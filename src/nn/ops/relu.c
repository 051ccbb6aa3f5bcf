/* ReLU: y = max(0, x). Usually done by the operator before it (fuse_relu); backward needs y
 * alone. */
#include "nn/operator.h"

static scrawl_status relu_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  (void)error;
  node->shape = inputs[0];
  return SCRAWL_OK;
}

static void relu_forward(const nn_run *run) {
  run->kernels->relu_forward((size_t)run->count * nn_shape_floats(run->node->shape), run->x[0],
                             run->y);
}

static void relu_backward(const nn_run *run) {
  if (run->dx[0])
    run->kernels->relu_backward((size_t)run->count * nn_shape_floats(run->node->shape), run->y,
                                run->dy, run->dx[0]);
}

static void relu_forward_double(const nn_run_double *run) {
  size_t count = (size_t)run->count * nn_shape_floats(run->node->shape);
  for (size_t i = 0; i < count; i++) run->y[i] = run->x[0][i] > 0 ? run->x[0][i] : 0;
}

const nn_operator NN_OPERATOR_RELU = {
    .name = "relu",
    .inputs = 1,
    .shape = relu_shape,
    .forward = relu_forward,
    .backward = relu_backward,
    .forward_double = relu_forward_double,
    .in_place = true,
    .reads_y = true,
};
