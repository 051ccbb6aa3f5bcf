/* Softmax and cross-entropy as one, with label smoothing and a teacher. */
#ifndef NN_LOSS_H
#define NN_LOSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a row of logits should say: its label, smoothed, and where there is a teacher, what that
 * says. */
typedef struct nn_targets {
  const uint16_t *labels; /* of each row, below the number of classes */
  float smoothing;        /* share of a label that is spread over all classes */
  const float *teacher;   /* rows of probabilities, at the teacher's temperature; NULL: none */
  float share;            /* of the loss that is the teacher's */
  float temperature;      /* of the teacher */
} nn_targets;

/* For each of `count` rows of `classes` logits: the loss, whether the label has the first largest
 * logit, and the gradient of `scale` times the loss (NULL: not wanted; may be the logits
 * themselves). */
void nn_loss(int count, int classes, const float *logits, const nn_targets *targets, double scale,
             double *losses, bool *right, float *gradient);

#endif
