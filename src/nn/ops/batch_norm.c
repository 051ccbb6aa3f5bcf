/* Batch normalisation (Ioffe and Szegedy 2015): y = scale * (x - mean) / sqrt(variance + epsilon) +
 * shift, per channel.
 *
 * In training mean and (biased) variance are those of the whole batch, in inference the running
 * ones; the running variance follows the unbiased estimate, as PyTorch's does:
 *   running = momentum * running + (1 - momentum) * batch.
 * Backward, with n numbers to a channel, u = (x - mean) / deviation, S1 = sum dy, S2 = sum dy * u:
 *   dshift = S1, dscale = S2, dx = scale / deviation * (dy - S1 / n - u * S2 / n),
 * which is linear in dy and x: dx = a * dy + b * x + k with a, b, k for each channel.
 *
 * Statistics: sum x, sum x^2, sum dy, sum x * dy [c each, double]. Table: scale, shift, a, b, k [c
 * each]. */
#include <math.h>

#include "nn/operator.h"

static scrawl_status batch_norm_shape(nn_node *node, const nn_shape *inputs, base_error *error) {
  if (!(node->epsilon > 0) || node->epsilon > 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "epsilon %g is not between 0 and 1",
                     (double)node->epsilon);
  if (!(node->momentum >= 0) || node->momentum > 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "momentum %g is not between 0 and 1",
                     (double)node->momentum);
  node->shape = inputs[0];
  node->parameter_count = node->state_count = 2 * (size_t)inputs[0].c;
  return SCRAWL_OK;
}

static size_t channels_of(const nn_node *node) {
  return (size_t)node->shape.c;
}

static size_t pixels_of(const nn_node *node) {
  return (size_t)node->shape.h * (size_t)node->shape.w;
}

static size_t statistics_count(const nn_node *node) {
  return 4 * channels_of(node);
}

static size_t table_floats(const nn_node *node) {
  return 5 * channels_of(node);
}

static void gather_forward(const nn_run *run) {
  size_t c = channels_of(run->node);
  run->kernels->channel_moments((size_t)run->count * pixels_of(run->node), (int)c, run->x[0],
                                run->statistics, run->statistics + c);
}

static void gather_backward(const nn_run *run) {
  size_t c = channels_of(run->node);
  run->kernels->channel_products((size_t)run->count * pixels_of(run->node), (int)c, run->x[0],
                                 run->dy, run->statistics + 2 * c, run->statistics + 3 * c);
}

typedef struct moments {
  double count, mean, variance;
} moments;

static moments batch_moments(const nn_run *run, size_t channel) {
  double n = (double)run->batch * (double)pixels_of(run->node);
  double mean = run->statistics[channel] / n;
  double variance = run->statistics[channels_of(run->node) + channel] / n - mean * mean;
  return (moments){n, mean, variance > 0 ? variance : 0};
}

static void settle_forward(const nn_run *run, const float *state) {
  size_t channels = channels_of(run->node);
  for (size_t c = 0; c < channels; c++) {
    moments m = run->training ? batch_moments(run, c)
                              : (moments){0, (double)state[c], (double)state[channels + c]};
    double scale = (double)run->parameters[c] / sqrt(m.variance + (double)run->node->epsilon);
    run->table[c] = (float)scale;
    run->table[channels + c] = (float)((double)run->parameters[channels + c] - m.mean * scale);
  }
}

static void settle_backward(const nn_run *run) {
  size_t channels = channels_of(run->node);
  const double *sum_dy = run->statistics + 2 * channels, *sum_x_dy = sum_dy + channels;
  float *a = run->table + 2 * channels, *b = a + channels, *k = b + channels;
  for (size_t c = 0; c < channels; c++) {
    moments m = batch_moments(run, c);
    double inverse = 1 / sqrt(m.variance + (double)run->node->epsilon);
    double sum_u_dy = (sum_x_dy[c] - m.mean * sum_dy[c]) * inverse;
    double slope = (double)run->parameters[c] * inverse;
    double along = -slope * sum_u_dy * inverse / m.count;
    run->gradient[c] += (float)sum_u_dy;
    run->gradient[channels + c] += (float)sum_dy[c];
    a[c] = (float)slope;
    b[c] = (float)along;
    k[c] = (float)(-slope * sum_dy[c] / m.count - along * m.mean);
  }
}

static void update_state(const nn_run *run, float *state) {
  size_t channels = channels_of(run->node);
  double kept = (double)run->node->momentum;
  for (size_t c = 0; c < channels; c++) {
    moments m = batch_moments(run, c);
    double unbiased = m.count > 1 ? m.variance * m.count / (m.count - 1) : m.variance;
    state[c] = (float)(kept * (double)state[c] + (1 - kept) * m.mean);
    state[channels + c] = (float)(kept * (double)state[channels + c] + (1 - kept) * unbiased);
  }
}

static void batch_norm_forward(const nn_run *run) {
  size_t c = channels_of(run->node);
  run->kernels->channel_affine((size_t)run->count * pixels_of(run->node), (int)c, run->x[0],
                               run->table, run->table + c, run->fuse_relu, run->y);
}

static void batch_norm_backward(const nn_run *run) {
  size_t c = channels_of(run->node);
  const float *a = run->table + 2 * c;
  if (run->dx[0])
    run->kernels->channel_combine((size_t)run->count * pixels_of(run->node), (int)c, run->dy,
                                  run->x[0], a, a + c, a + 2 * c, run->dx[0]);
}

static void batch_norm_forward_double(const nn_run_double *run) {
  size_t channels = channels_of(run->node);
  size_t count = (size_t)run->count * pixels_of(run->node);
  for (size_t c = 0; c < channels; c++) {
    double mean = 0, variance = 0;
    for (size_t i = 0; i < count; i++) mean += run->x[0][i * channels + c] / (double)count;
    for (size_t i = 0; i < count; i++) {
      double distance = run->x[0][i * channels + c] - mean;
      variance += distance * distance / (double)count;
    }
    double deviation = sqrt(variance + (double)run->node->epsilon);
    for (size_t i = 0; i < count; i++)
      run->y[i * channels + c] =
          run->parameters[c] * (run->x[0][i * channels + c] - mean) / deviation +
          run->parameters[channels + c];
  }
}

const nn_operator NN_OPERATOR_BATCH_NORM = {
    .name = "batchnorm",
    .inputs = 1,
    .shape = batch_norm_shape,
    .forward = batch_norm_forward,
    .backward = batch_norm_backward,
    .forward_double = batch_norm_forward_double,
    .fuses_relu = true,
    .reads_x = true,
    .statistics_count = statistics_count,
    .table_floats = table_floats,
    .gather_forward = gather_forward,
    .settle_forward = settle_forward,
    .gather_backward = gather_backward,
    .settle_backward = settle_backward,
    .update_state = update_state,
};
