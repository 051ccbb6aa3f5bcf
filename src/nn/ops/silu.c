/* SiLU, a smooth ReLU (Elfwing et al. 2018): y = x / (1 + exp(-x)). */
#include <math.h>

#include "nn/operator.h"

static scrawl_status silu_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  (void)error;
  node->shape = inputs[0];
  return SCRAWL_OK;
}

static void silu_forward(const nn_run *run) {
  run->kernels->silu_forward((size_t)run->count * nn_shape_floats(run->node->shape), run->x[0],
                             run->y);
}

static void silu_backward(const nn_run *run) {
  if (run->dx[0])
    run->kernels->silu_backward((size_t)run->count * nn_shape_floats(run->node->shape), run->x[0],
                                run->dy, run->dx[0]);
}

static void silu_forward_double(const nn_run_double *run) {
  size_t count = (size_t)run->count * nn_shape_floats(run->node->shape);
  for (size_t i = 0; i < count; i++) run->y[i] = run->x[0][i] / (1 + exp(-run->x[0][i]));
}

const nn_operator NN_OPERATOR_SILU = {
    .name = "silu",
    .inputs = 1,
    .shape = silu_shape,
    .forward = silu_forward,
    .backward = silu_backward,
    .forward_double = silu_forward_double,
    .in_place = true,
    .reads_x = true,
};
