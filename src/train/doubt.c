/* Doubt: selective classification.
 *
 * A classifier that may abstain accepts a share of the pictures, its coverage, and errs on a share
 * of those, its risk; the curve of risk over coverage shows what rejecting costs, and the area
 * under it, AURC, how well confidence tells right readings from wrong ones (El-Yaniv and Wiener
 * 2010; Geifman, Uziel and El-Yaniv 2019). Pictures are sorted by falling confidence once; every
 * threshold is then a place in that order.
 *
 * A threshold is to hold an error rate r on pictures not seen yet. Having held it on m accepted
 * ones by luck is not enough: k wrong of m count only if fewer would be likely at the rate r,
 *     P(Binomial(m, r) <= k) <= 0.05,
 * which says that the upper end of Clopper and Pearson's (1934) one-sided 95 % interval is at most
 * r. This is the bound of Geifman and El-Yaniv (2017) without their correction for the number of
 * thresholds tried; neighbouring thresholds share nearly all of their pictures. Without a single
 * error r takes 3 / r pictures to show, so small validation parts reach no small rates. */
#include "train/doubt.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "train/metrics.h"
#include "train/text.h"

const double TRAIN_COVERAGES[] = {1,   0.999, 0.998, 0.995, 0.99, 0.98, 0.97, 0.95, 0.9,
                                  0.8, 0.7,   0.6,   0.5,   0.4,  0.3,  0.2,  0.1,  0};
/* Error rates that training looks for a threshold for, falling, ended by 0. */
static const double ERROR_RATES[] = {0.1,   0.05,   0.02,   0.01,   0.005, 0.002,
                                     0.001, 0.0005, 0.0002, 0.0001, 0};

static const double UNREAD = -2;              /* the score of a picture that gave no reading */
static const double MISSED = 0.05;            /* chance that a threshold's rate is not held */
static const double MOST_REJECTED = 1. / 200; /* of pictures of signs, unless told otherwise */

bool train_says_none(const float *row, int classes) {
  double sum = 0;
  for (int c = 0; c < classes; c++) sum += (double)row[c];
  return 1 - sum >= (double)row[train_predict(row, classes)];
}

bool train_rejects(const float *row, int classes, double reject_below) {
  return (double)row[train_predict(row, classes)] < reject_below || train_says_none(row, classes);
}

/* ---- the curve ---- */

typedef struct reading {
  double score;
  bool wrong;
} reading;

static int compare_scores(const void *a, const void *b) {
  double x = ((const reading *)a)->score, y = ((const reading *)b)->score;
  return (x < y) - (x > y);
}

static reading judge(const float *row, int label, int classes) {
  int predicted = train_predict(row, classes);
  double confidence = train_confidence(row[predicted]);
  return (reading){train_says_none(row, classes) ? confidence - 1 : confidence, predicted != label};
}

/* Sums up the sorted readings. Which of equal scores comes first would be chance: each gets an
 * equal share of their errors. */
static void add_up(const reading *readings, train_doubt *doubt) {
  double errors = 0;
  for (size_t first = 0, last; first < doubt->n; first = last) {
    double wrong = 0;
    for (last = first; last < doubt->n && !(readings[last].score < readings[first].score); last++)
      wrong += readings[last].wrong;
    for (size_t i = first; i < last; i++) {
      doubt->score[i] = readings[i].score;
      doubt->errors[i] = errors + wrong * (double)(i - first + 1) / (double)(last - first);
      doubt->aurc += doubt->errors[i] / (double)(i + 1);
    }
    errors += wrong;
  }
  /* The best order has all errors at its end. */
  double right = (double)doubt->n - errors, best = 0;
  for (double i = right + 1; i <= (double)doubt->n; i++) best += (i - right) / i;
  doubt->excess_aurc = (doubt->aurc - best) / (double)doubt->n;
  doubt->aurc /= (double)doubt->n;
}

scrawl_status train_doubt_compute(const float *probabilities, const uint16_t *labels, size_t count,
                                  int classes, size_t unread, train_doubt *doubt,
                                  base_error *error) {
  *doubt = (train_doubt){.n = count + unread};
  if (doubt->n == 0) return SCRAWL_OK;
  reading *readings = base_alloc(doubt->n, sizeof *readings);
  doubt->score = base_alloc(doubt->n, sizeof *doubt->score);
  doubt->errors = base_alloc(doubt->n, sizeof *doubt->errors);
  bool enough = readings && doubt->score && doubt->errors;
  if (enough) {
    for (size_t i = 0; i < count; i++)
      readings[i] = judge(probabilities + i * (size_t)classes, labels[i], classes);
    for (size_t i = count; i < doubt->n; i++) readings[i] = (reading){UNREAD, true};
    qsort(readings, doubt->n, sizeof *readings, compare_scores);
    add_up(readings, doubt);
  } else {
    train_doubt_free(doubt);
  }
  base_free(readings);
  return enough ? SCRAWL_OK
                : base_fail(error, SCRAWL_OUT_OF_MEMORY,
                            "not enough memory for the risk-coverage curve");
}

void train_doubt_free(train_doubt *doubt) {
  base_free(doubt->score);
  base_free(doubt->errors);
  *doubt = (train_doubt){0};
}

static train_point point(const train_doubt *doubt, size_t accepted) {
  if (accepted == 0) return (train_point){.confidence = 1};
  double errors = doubt->errors[accepted - 1];
  return (train_point){.coverage = (double)accepted / (double)doubt->n,
                       .risk = errors / (double)accepted,
                       .accepted = accepted,
                       .errors = errors,
                       .confidence = doubt->score[accepted - 1]};
}

train_point train_doubt_at_coverage(const train_doubt *doubt, double coverage) {
  return point(doubt, (size_t)llround(fmin(fmax(coverage, 0), 1) * (double)doubt->n));
}

train_point train_doubt_at(const train_doubt *doubt, double confidence) {
  size_t low = 0, high = doubt->n; /* the first `low` are accepted, those from `high` on are not */
  double least = fmax(confidence, 0);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (doubt->score[middle] >= least)
      low = middle + 1;
    else
      high = middle;
  }
  return point(doubt, low);
}

/* ---- thresholds ---- */

/* Between the last accepted and the first rejected, so that rounding on another machine moves
 * neither across; 0 when no picture with a confidence is rejected. */
static double threshold_after(const train_doubt *doubt, size_t accepted) {
  if (accepted == doubt->n || doubt->score[accepted] < 0) return 0;
  return (doubt->score[accepted - 1] + doubt->score[accepted]) / 2;
}

/* P(Binomial(n, rate) <= k) <= MISSED, by the terms from k downwards. Up to the mean they fall, so
 * that what is left after a small one is smaller still; above it the chance is a half or more. */
static bool shows_rate(size_t k, size_t n, double rate) {
  if ((double)k >= rate * (double)n) return false;
  int sign;
  double K = (double)k, N = (double)n;
  double term = exp(lgamma_r(N + 1, &sign) - lgamma_r(K + 1, &sign) - lgamma_r(N - K + 1, &sign) +
                    K * log(rate) + (N - K) * log1p(-rate));
  double sum = 0;
  for (; K >= 0 && term > 1e-12 * sum; K--) {
    sum += term;
    if (sum > MISSED) return false;
    term *= K / (N - K + 1) * (1 - rate) / rate;
  }
  return true;
}

bool train_threshold_for_rate(const train_doubt *doubt, double rate, double *confidence) {
  *confidence = 1;
  for (size_t accepted = doubt->n; accepted > 0; accepted--) {
    bool tied = accepted < doubt->n && doubt->score[accepted] == doubt->score[accepted - 1];
    if (tied || doubt->score[accepted - 1] < 0) continue;
    if (!shows_rate((size_t)llround(doubt->errors[accepted - 1]), accepted, rate)) continue;
    *confidence = threshold_after(doubt, accepted);
    return true;
  }
  return false;
}

double train_threshold_by_default(const train_doubt *doubt) {
  size_t accepted = doubt->n - (size_t)(MOST_REJECTED * (double)doubt->n);
  if (accepted == 0 || doubt->score[accepted - 1] < 0) return 0;
  return threshold_after(doubt, accepted);
}

char *train_thresholds_format(const train_doubt *doubt) {
  train_text text = {0};
  for (const double *rate = ERROR_RATES; *rate > 0; rate++) {
    double confidence;
    if (train_threshold_for_rate(doubt, *rate, &confidence))
      train_text_add(&text, "%s%g:%.9g", text.length ? " " : "", *rate, confidence);
  }
  return train_text_take(&text);
}
