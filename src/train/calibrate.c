/* Calibration on the validation part, in this order:
 *
 * 1. The temperature that makes the probabilities of all classes, "no glyph" among them, as likely
 *    as can be (metrics.c).
 * 2. The share of "no glyph". Far more of it is learnt from than is ever read, which would make
 *    every glyph doubtful. By Bayes' rule its odds change as those of its share do: the logarithm
 *    of the ratio is added to its logit, in the network itself.
 * 3. Pictures that show no glyph leave the set: a model is scored by the signs that it reads, with
 *    their probabilities as the reader will see them, and "no glyph" is what is missing to 1.
 * 4. The thresholds (doubt.c), chosen on pictures of signs alone: how many other things come before
 *    a reader nobody knows. How many of those seen here are rejected is said beside it. */
#include "train/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/alphabet.h"
#include "read/model.h"

/* How often a picture shows no glyph. */
#define EXPECTED_NONE 0.05

scrawl_status train_put_text(nn_metadata *metadata, const char *key, char *value,
                             base_error *error) {
  scrawl_status status =
      value ? nn_metadata_set(metadata, key, value, error)
            : base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the model's metadata");
  base_free(value);
  return status;
}

/* The last layer, if it is a dense one before softmax; else NULL. */
static nn_node *last_dense(nn_graph *graph) {
  nn_node *last = &graph->nodes[graph->node_count - 1];
  if (last->kind != NN_SOFTMAX) return NULL;
  nn_node *dense = &graph->nodes[last->input[0]];
  return dense->kind == NN_DENSE && dense->bias ? dense : NULL;
}

/* Makes "no glyph" as rare as it is expected to be, in the network and in what it has said. */
static scrawl_status expect_none(train_outcome *outcome, double temperature, base_error *error) {
  const data_set *set = &outcome->validation;
  int none = data_alphabet_find(set->alphabet, READ_NO_GLYPH), classes = set->classes;
  nn_node *dense = last_dense(outcome->graph);
  size_t members = 0;
  for (size_t i = 0; i < set->count; i++) members += set->labels[i] == none;
  if (none < 0 || !dense || members == 0 || members == set->count) return SCRAWL_OK;
  double learnt = (double)members / (double)set->count;
  double odds = EXPECTED_NONE / (1 - EXPECTED_NONE) / (learnt / (1 - learnt));
  size_t biases = dense->parameter_offset + dense->parameter_count - (size_t)classes;
  outcome->graph->parameters[biases + (size_t)none] += (float)(temperature * log(odds));
  for (size_t i = 0; i < set->count; i++) {
    float *row = outcome->probabilities + i * (size_t)classes;
    float sum = 1 + row[none] * (float)(odds - 1);
    row[none] *= (float)odds;
    for (int c = 0; c < classes; c++) row[c] /= sum;
  }
  char text[32];
  snprintf(text, sizeof text, "%g", EXPECTED_NONE);
  return nn_metadata_set(&outcome->metadata, READ_KEY_NONE_SHARE, text, error);
}

/* Column `none` out of the row of a picture, which may move forward to `to`. */
static void narrow_row(const float *from, float *to, int classes, int none) {
  for (int c = 0; c < classes; c++)
    if (c != none) *to++ = from[c];
}

/* Takes class `none` out of the validation part: its column out of all rows, its pictures into
 * `apart` (pictures x classes - 1 probabilities, `*count` of them). */
static void take_apart(train_outcome *outcome, int none, float *apart, size_t *count) {
  data_set *set = &outcome->validation;
  size_t pixels = (size_t)set->width * (size_t)set->height, kept = 0;
  size_t classes = (size_t)set->classes;
  *count = 0;
  for (size_t i = 0; i < set->count; i++) {
    const float *row = outcome->probabilities + i * classes;
    if (set->labels[i] == none) {
      narrow_row(row, apart + (*count)++ * (classes - 1), set->classes, none);
      continue;
    }
    narrow_row(row, outcome->probabilities + kept * (classes - 1), set->classes, none);
    memmove(set->pixels + kept * pixels, set->pixels + i * pixels, pixels);
    set->labels[kept++] = (uint16_t)(set->labels[i] - (set->labels[i] > none));
  }
  set->count = kept;
  set->classes--;
  char *sign = strstr(set->alphabet, READ_NO_GLYPH);
  memmove(sign, sign + strlen(READ_NO_GLYPH), strlen(sign + strlen(READ_NO_GLYPH)) + 1);
}

static scrawl_status separate_no_glyph(train_outcome *outcome, float **apart, base_error *error) {
  const data_set *set = &outcome->validation;
  int none = data_alphabet_find(set->alphabet, READ_NO_GLYPH);
  *apart = NULL;
  if (none < 0) return SCRAWL_OK;
  size_t members = 0;
  for (size_t i = 0; i < set->count; i++) members += set->labels[i] == none;
  *apart = base_alloc(members ? members : 1, (size_t)set->classes * sizeof **apart);
  if (!*apart)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to calibrate the model");
  take_apart(outcome, none, *apart, &outcome->none_count);
  return SCRAWL_OK;
}

static size_t count_rejected(const float *rows, size_t count, int classes, double reject_below) {
  size_t rejected = 0;
  for (size_t i = 0; i < count; i++)
    rejected += train_rejects(rows + i * (size_t)classes, classes, reject_below);
  return rejected;
}

static scrawl_status describe_doubt(train_outcome *outcome, base_error *error) {
  nn_metadata *metadata = &outcome->metadata;
  char text[32];
  snprintf(text, sizeof text, "%.9g", outcome->reject_below);
  BASE_TRY(nn_metadata_set(metadata, READ_KEY_REJECT, text, error));
  BASE_TRY(train_put_text(metadata, READ_KEY_THRESHOLDS, train_thresholds_format(&outcome->doubt),
                          error));
  char *summary =
      outcome->none_count
          ? base_format("%zu of %zu pictures of signs, %zu of %zu of none", outcome->rejected,
                        outcome->validation.count, outcome->none_rejected, outcome->none_count)
          : base_format("%zu of %zu pictures", outcome->rejected, outcome->validation.count);
  return train_put_text(metadata, TRAIN_KEY_REJECTED, summary, error);
}

static scrawl_status describe_scores(train_outcome *outcome, base_error *error) {
  nn_metadata *metadata = &outcome->metadata;
  const train_metrics *metrics = &outcome->metrics;
  BASE_TRY(train_put_text(metadata, TRAIN_KEY_VALIDATION,
                          base_format("%zu pictures, %zu errors", metrics->n, metrics->errors),
                          error));
  BASE_TRY(train_put_text(metadata, TRAIN_KEY_VALIDATION_ACCURACY,
                          base_format("%.6f", metrics->accuracy), error));
  BASE_TRY(train_put_text(metadata, TRAIN_KEY_VALIDATION_LOSS, base_format("%.6f", metrics->loss),
                          error));
  return train_put_text(metadata, TRAIN_KEY_ECE, base_format("%.6f", metrics->ece), error);
}

scrawl_status train_calibrate(train_outcome *outcome, base_error *error) {
  data_set *set = &outcome->validation;
  float *apart;
  char text[32];
  snprintf(text, sizeof text, "%.6g",
           train_fit_temperature(outcome->probabilities, set->labels, set->count, set->classes));
  train_apply_temperature(outcome->probabilities, set->count, set->classes, strtod(text, NULL));
  BASE_TRY(nn_metadata_set(&outcome->metadata, READ_KEY_TEMPERATURE, text, error));
  BASE_TRY(expect_none(outcome, strtod(text, NULL), error));
  BASE_TRY(separate_no_glyph(outcome, &apart, error));
  scrawl_status status = train_metrics_compute(outcome->probabilities, set->labels, set->count,
                                               set->classes, 0, &outcome->metrics, error);
  if (status == SCRAWL_OK)
    status = train_doubt_compute(outcome->probabilities, set->labels, set->count, set->classes, 0,
                                 &outcome->doubt, error);
  if (status == SCRAWL_OK) {
    double threshold = train_threshold_by_default(&outcome->doubt);
    outcome->reject_below = threshold;
    outcome->rejected = count_rejected(outcome->probabilities, set->count, set->classes, threshold);
    outcome->none_rejected = count_rejected(apart, outcome->none_count, set->classes, threshold);
    status = describe_scores(outcome, error);
  }
  base_free(apart);
  return status == SCRAWL_OK ? describe_doubt(outcome, error) : status;
}
