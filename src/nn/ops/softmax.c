/* Softmax over the channels of each pixel: y[c] = exp(x[c]) / sum of exp(x). As the last operator
 * of a network in training it is left out and taken together with the loss; this backward is for
 * one in the middle:
 *   dx[c] = y[c] * (dy[c] - sum of y * dy). */
#include <math.h>

#include "nn/operator.h"

static scrawl_status softmax_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  (void)error;
  node->shape = inputs[0];
  return SCRAWL_OK;
}

static size_t row_count(const nn_node *node, int count) {
  return (size_t)count * (size_t)node->shape.h * (size_t)node->shape.w;
}

static void softmax_forward(const nn_run *run) {
  run->kernels->softmax(row_count(run->node, run->count), run->node->shape.c, run->x[0], run->y);
}

static void softmax_backward(const nn_run *run) {
  size_t rows = row_count(run->node, run->count), channels = (size_t)run->node->shape.c;
  for (size_t row = 0; row < rows && run->dx[0]; row++) {
    const float *y = run->y + row * channels, *dy = run->dy + row * channels;
    float *dx = run->dx[0] + row * channels;
    double sum = 0;
    for (size_t c = 0; c < channels; c++) sum += (double)y[c] * (double)dy[c];
    for (size_t c = 0; c < channels; c++) dx[c] = y[c] * (dy[c] - (float)sum);
  }
}

static void softmax_forward_double(const nn_run_double *run) {
  size_t rows = row_count(run->node, run->count), channels = (size_t)run->node->shape.c;
  for (size_t row = 0; row < rows; row++) {
    const double *x = run->x[0] + row * channels;
    double *y = run->y + row * channels, largest = x[0], sum = 0;
    for (size_t c = 1; c < channels; c++) largest = x[c] > largest ? x[c] : largest;
    for (size_t c = 0; c < channels; c++) sum += y[c] = exp(x[c] - largest);
    for (size_t c = 0; c < channels; c++) y[c] /= sum;
  }
}

const nn_operator NN_OPERATOR_SOFTMAX = {
    .name = "softmax",
    .inputs = 1,
    .shape = softmax_shape,
    .forward = softmax_forward,
    .backward = softmax_backward,
    .forward_double = softmax_forward_double,
    .in_place = true,
    .reads_y = true,
};
