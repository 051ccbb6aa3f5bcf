/* How good a classifier is: counts, scores for each class, and how far its confidences can be
 * trusted. */
#ifndef TRAIN_METRICS_H
#define TRAIN_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { TRAIN_BINS = 15 }; /* of confidence, equally wide: the usual number (Guo et al. 2017) */

/* One class against all others. A score with nothing under its fraction bar is 0. */
typedef struct train_class_metrics {
  size_t support, predicted, right; /* pictures of the class; taken for it; both */
  double precision;                 /* right / predicted */
  double recall;                    /* sensitivity: right / support */
  double specificity; /* of the pictures of other classes, the share not taken for it */
  double f1;          /* harmonic mean of precision and recall */
  bool seen;          /* in the truth or among the predictions: counts in the means */
} train_class_metrics;

typedef struct train_bin {
  size_t count, right;
  double confidence; /* sum */
} train_bin;

typedef struct train_metrics {
  size_t n;      /* pictures, unread ones included */
  size_t unread; /* pictures that gave no reading at all: errors */
  size_t errors;
  double accuracy;
  double loss; /* mean cross-entropy, in nats, of those read */
  /* expected calibration error of those taken for a sign: sum over the bins of share * |accuracy -
   * mean confidence| */
  double ece;
  int classes;
  size_t *confusion; /* classes x classes: row = truth, column = prediction */
  train_class_metrics *of_class;
  double precision, recall, specificity,
      f1;                     /* means over the classes seen, each counting the same */
  train_bin bins[TRAIN_BINS]; /* bin i: confidence in (i/15, (i+1)/15] */
} train_metrics;

/* `probabilities`: count x classes; what a row lacks to 1 is the probability of "no glyph". The
 * prediction is the first of the largest, rejected or not (doubt.h). `unread` more pictures count
 * as errors. INVALID_ARGUMENT when a label is no class; OUT_OF_MEMORY. */
scrawl_status train_metrics_compute(const float *probabilities, const uint16_t *labels,
                                    size_t count, int classes, size_t unread,
                                    train_metrics *metrics, base_error *error);
void train_metrics_free(train_metrics *metrics);

/* A share of a whole; 0 of nothing. */
static inline double train_share(size_t part, size_t whole) {
  return whole ? (double)part / (double)whole : 0;
}

/* The first of the largest. */
int train_predict(const float *probabilities, int classes);
/* A probability as a confidence: within 0..1, and 0 where it is no number. */
double train_confidence(float probability);
/* Mean cross-entropy and the number right, without the rest. */
void train_score(const float *probabilities, const uint16_t *labels, size_t count, int classes,
                 double *loss, size_t *right);
/* Rows of logits to probabilities, in place. */
void train_softmax(float *rows, size_t count, int classes);

/* The temperature that logits should be divided by: it minimises the cross-entropy of these
 * pictures, which must not be those the network was trained on (Guo, Pleiss, Sun and Weinberger
 * 2017). Between 0.1 and 10; 1 where nothing is wrong or nothing is right, since the minimum then
 * lies at infinity and says nothing. */
double train_fit_temperature(const float *probabilities, const uint16_t *labels, size_t count,
                             int classes);
/* Rows of probabilities to those of logits divided by `temperature`, in place. */
void train_apply_temperature(float *probabilities, size_t count, int classes, double temperature);

#endif
