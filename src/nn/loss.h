/* Softmax and cross-entropy as one, with label smoothing. */
#ifndef NN_LOSS_H
#define NN_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For each of `count` rows of `classes` logits: the loss, whether the label (below `classes`) has
 * the first largest logit, and the gradient of `scale` times the loss (NULL: not wanted; may be the
 * logits themselves). */
void nn_loss(int count, int classes, const float *logits, const uint16_t *labels, float smoothing,
             double scale, double *losses, bool *right, float *gradient);

#endif
