/* A fixed factor, which no training changes: y = factor x. Divides logits by a temperature (Guo et
 * al. 2017) and sums by their number, as in the mean of several networks (merge.h). */
#include "nn/operator.h"

static scrawl_status scale_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  if (!(node->rate >= 1e-6f && node->rate <= 1e6f))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "factor %g is not between 1e-6 and 1e6",
                     (double)node->rate);
  node->shape = inputs[0];
  return SCRAWL_OK;
}

static void multiply(size_t count, float factor, const float *x, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = factor * x[i];
}

static void scale_forward(const nn_run *run) {
  multiply((size_t)run->count * nn_shape_floats(run->node->shape), run->node->rate, run->x[0],
           run->y);
}

static void scale_backward(const nn_run *run) {
  if (run->dx[0])
    multiply((size_t)run->count * nn_shape_floats(run->node->shape), run->node->rate, run->dy,
             run->dx[0]);
}

static void scale_forward_double(const nn_run_double *run) {
  size_t count = (size_t)run->count * nn_shape_floats(run->node->shape);
  for (size_t i = 0; i < count; i++) run->y[i] = (double)run->node->rate * run->x[0][i];
}

const nn_operator NN_OPERATOR_SCALE = {
    .name = "scale",
    .inputs = 1,
    .shape = scale_shape,
    .forward = scale_forward,
    .backward = scale_backward,
    .forward_double = scale_forward_double,
    .in_place = true,
};
