/* Dropout (Srivastava et al. 2014), inverted: in training every number is zero with probability
 * `rate` and otherwise multiplied by 1 / (1 - rate), so that inference has nothing to do. The mask
 * of a picture is drawn from the stream of (seed, step, node, picture), whichever thread draws it;
 * it is kept, a byte for each number, for backward. */
#include "nn/operator.h"

static scrawl_status dropout_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  if (!(node->rate >= 0) || node->rate >= 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "rate %g is not at least 0 and below 1",
                     (double)node->rate);
  node->shape = inputs[0];
  return SCRAWL_OK;
}

static size_t saved_floats(const nn_node *node) {
  return (nn_shape_floats(node->shape) + sizeof(float) - 1) / sizeof(float);
}

/* 1 where a number is kept. Each draw of 64 bits decides two numbers. */
static void draw_mask(const nn_node *node, base_random random, uint64_t picture, uint8_t *mask) {
  base_random own = base_random_split(&random, picture);
  size_t count = nn_shape_floats(node->shape);
  uint32_t threshold = (uint32_t)((double)node->rate * 4294967296.0);
  uint64_t bits = 0;
  for (size_t i = 0; i < count; i++, bits >>= 32) {
    if (i % 2 == 0) bits = base_random_next(&own);
    mask[i] = (uint32_t)bits >= threshold;
  }
}

static void apply(const nn_node *node, const uint8_t *mask, const float *from, float *to) {
  size_t count = nn_shape_floats(node->shape);
  float scale = 1 / (1 - node->rate);
  for (size_t i = 0; i < count; i++) to[i] = mask[i] ? from[i] * scale : 0;
}

static void dropout_forward(const nn_run *run) {
  size_t count = nn_shape_floats(run->node->shape);
  float *saved = run->saved;
  for (size_t p = 0; p < (size_t)run->count; p++, saved += saved_floats(run->node)) {
    draw_mask(run->node, run->random, (uint64_t)run->first + p, (uint8_t *)saved);
    apply(run->node, (const uint8_t *)saved, run->x[0] + p * count, run->y + p * count);
  }
}

static void dropout_backward(const nn_run *run) {
  size_t count = nn_shape_floats(run->node->shape);
  const float *saved = run->saved;
  for (size_t p = 0; p < (size_t)run->count && run->dx[0]; p++, saved += saved_floats(run->node))
    apply(run->node, (const uint8_t *)saved, run->dy + p * count, run->dx[0] + p * count);
}

/* With the mask that the float version draws; y holds it until the numbers are there. */
static void dropout_forward_double(const nn_run_double *run) {
  size_t count = nn_shape_floats(run->node->shape);
  for (size_t p = 0; p < (size_t)run->count; p++) {
    double *y = run->y + p * count;
    uint8_t *mask = (uint8_t *)(y + count) - count;
    draw_mask(run->node, run->random, (uint64_t)p, mask);
    for (size_t i = 0; i < count; i++)
      y[i] = mask[i] ? run->x[0][p * count + i] / (1 - (double)run->node->rate) : 0;
  }
}

const nn_operator NN_OPERATOR_DROPOUT = {
    .name = "dropout",
    .inputs = 1,
    .shape = dropout_shape,
    .forward = dropout_forward,
    .backward = dropout_backward,
    .forward_double = dropout_forward_double,
    .in_place = true,
    .training_only = true,
    .saved_floats = saved_floats,
};
