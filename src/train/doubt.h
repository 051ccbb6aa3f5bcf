/* When a classifier should rather say that it does not know: what rejecting the least confident
 * readings costs and saves, and the confidences at which it is done.
 *
 * Rows of probabilities are of signs alone; what a row lacks to 1 is the probability that the
 * picture shows no glyph at all. */
#ifndef TRAIN_DOUBT_H
#define TRAIN_DOUBT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A reading is rejected when "no glyph" is as probable as the best sign, or when that one's
 * confidence is under the threshold: as the reader does it. */
bool train_says_none(const float *row, int classes);
bool train_rejects(const float *row, int classes, double reject_below);

/* Pictures of signs in the order in which they would be accepted: the surest first, those said to
 * be no glyph after all others, those that gave no reading last. */
typedef struct train_doubt {
  size_t n;
  double *score;  /* n: the confidence; under 0 where no threshold accepts the picture */
  double *errors; /* n: wrong readings among the first i + 1; of equal scores each has its share */
  /* Area under the risk-coverage curve, the mean over i of errors[i] / (i + 1), and what of it is
   * above the area of the best possible order (Geifman, Uziel and El-Yaniv 2019). */
  double aurc, excess_aurc;
} train_doubt;

/* `probabilities`: count x classes. `unread` more pictures gave no reading. OUT_OF_MEMORY. */
scrawl_status train_doubt_compute(const float *probabilities, const uint16_t *labels, size_t count,
                                  int classes, size_t unread, train_doubt *doubt,
                                  base_error *error);
void train_doubt_free(train_doubt *doubt);

/* What is accepted, how many errors that leaves, and from which confidence on. */
typedef struct train_point {
  double coverage; /* accepted / n */
  double risk;     /* errors / accepted; 0 when nothing is */
  size_t accepted;
  double errors;     /* whole numbers unless a tie is cut */
  double confidence; /* of the least sure that is accepted; under 0: no threshold does it */
} train_point;

/* With the surest `coverage` (0..1) of the pictures accepted. */
train_point train_doubt_at_coverage(const train_doubt *doubt, double coverage);
/* With those accepted whose confidence is at least `confidence`. */
train_point train_doubt_at(const train_doubt *doubt, double confidence);

/* Coverages worth a row in a table, falling, ended by 0. */
extern const double TRAIN_COVERAGES[];

/* Pictures of one sign that the model does not know, or of none: all should be rejected. */
typedef struct train_stranger {
  const char *sign;
  size_t n, rejected;
  const char *taken_for; /* the sign that most of the others were read as; NULL: none is */
  size_t taken;          /* how many were */
} train_stranger;

/* ---- thresholds ---- */

/* The lowest confidence at which the accepted pictures show, at 95 % confidence, that at most
 * `rate` of such readings are wrong: Clopper and Pearson's (1934) upper bound, as in Geifman and
 * El-Yaniv (2017). False when no confidence does. */
bool train_threshold_for_rate(const train_doubt *doubt, double rate, double *confidence);
/* The threshold that rejects as many of these pictures as a model may reject unless told otherwise:
 * one in 200; 0 where "no glyph" takes as many. */
double train_threshold_by_default(const train_doubt *doubt);
/* The thresholds for all rates that have one, as the metadata hold them: "0.01:0.482 ..." ("" for
 * none); base_free it. NULL when memory is exhausted. */
char *train_thresholds_format(const train_doubt *doubt);

#endif
