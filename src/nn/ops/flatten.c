/* Flatten: a picture seen as one row, in the order it lies in memory (height, width, channel).
 * Nothing moves. */
#include <string.h>

#include "nn/operator.h"

static scrawl_status flatten_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  (void)error;
  node->shape = (nn_shape){1, 1, (int)nn_shape_floats(inputs[0])};
  return SCRAWL_OK;
}

static void flatten_forward_double(const nn_run_double *run) {
  memcpy(run->y, run->x[0],
         (size_t)run->count * nn_shape_floats(run->node->shape) * sizeof(double));
}

const nn_operator NN_OPERATOR_FLATTEN = {
    .name = "flatten",
    .inputs = 1,
    .shape = flatten_shape,
    .forward_double = flatten_forward_double,
    .in_place = true,
};
