/* Over the parameter vector: the sum of the shards' gradients and the optimisers' steps. Each
 * touches every number once and is bound by memory; the compiler makes vectors of these loops by
 * itself. */
#ifndef NN_KERNELS_UPDATE_H
#define NN_KERNELS_UPDATE_H

#include <math.h>

#include "nn/kernels/vector.h"

static void sum_rows(size_t count, size_t rows, size_t stride, const float *x, float *y) {
  EACH_VECTOR(i, lanes, count) {
    vector sum = vector_get(x + i, lanes);
    for (size_t row = 1; row < rows; row++) sum += vector_get(x + row * stride + i, lanes);
    vector_put(y + i, sum, lanes);
  }
}

/* m = momentum m + g;  w -= rate m, or with Nesterov rate (g + momentum m). */
static void sgd_step(size_t count, const nn_sgd *sgd, const float *restrict gradient,
                     float *restrict weights, float *restrict momentum) {
  const float rate = sgd->rate, keep = sgd->momentum, decay = sgd->weight_decay;
  const float now = sgd->nesterov ? 1 : 0, again = sgd->nesterov ? keep : 1;
  for (size_t i = 0; i < count; i++) {
    const float g = gradient[i] + decay * weights[i];
    const float m = keep * momentum[i] + g;
    momentum[i] = m;
    weights[i] -= rate * (now * g + again * m);
  }
}

/* Kingma and Ba, "Adam"; decoupled decay after Loshchilov and Hutter. */
static void adam_step(size_t count, const nn_adam *adam, const float *restrict gradient,
                      float *restrict weights, float *restrict first, float *restrict second) {
  const float coupled = adam->decoupled ? 0 : adam->weight_decay;
  const float decoupled = adam->decoupled ? adam->rate * adam->weight_decay : 0;
  const float beta1 = adam->beta1, beta2 = adam->beta2, rate = adam->rate, epsilon = adam->epsilon;
  const float step = rate / adam->correction1, more = 1 / adam->correction2;
  for (size_t i = 0; i < count; i++) {
    const float g = gradient[i] + coupled * weights[i];
    const float mean = beta1 * first[i] + (1 - beta1) * g;
    const float square = beta2 * second[i] + (1 - beta2) * g * g;
    first[i] = mean;
    second[i] = square;
    weights[i] -= decoupled * weights[i] + step * mean / (sqrtf(square * more) + epsilon);
  }
}

static void average_step(size_t count, float decay, const float *restrict weights,
                         float *restrict average) {
  for (size_t i = 0; i < count; i++) average[i] += (1 - decay) * (weights[i] - average[i]);
}

#endif
