/* Addition of two activations of one shape: the end of a residual block (He et al. 2016). */
#include <string.h>

#include "nn/operator.h"

static scrawl_status add_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  nn_shape a = inputs[0], b = inputs[1];
  if (a.h != b.h || a.w != b.w || a.c != b.c)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%dx%dx%d and %dx%dx%d are of different shape",
                     a.h, a.w, a.c, b.h, b.w, b.c);
  node->shape = a;
  return SCRAWL_OK;
}

static void add_forward(const nn_run *run) {
  run->kernels->add((size_t)run->count * nn_shape_floats(run->node->shape), run->x[0], run->x[1],
                    run->y);
}

static void add_backward(const nn_run *run) {
  size_t count = (size_t)run->count * nn_shape_floats(run->node->shape);
  for (int i = 0; i < 2; i++)
    if (run->dx[i] && run->dx[i] != run->dy) memcpy(run->dx[i], run->dy, count * sizeof(float));
}

static void add_forward_double(const nn_run_double *run) {
  size_t count = (size_t)run->count * nn_shape_floats(run->node->shape);
  for (size_t i = 0; i < count; i++) run->y[i] = run->x[0][i] + run->x[1][i];
}

const nn_operator NN_OPERATOR_ADD = {
    .name = "add",
    .inputs = 2,
    .shape = add_shape,
    .forward = add_forward,
    .backward = add_backward,
    .forward_double = add_forward_double,
    .in_place = true,
};
