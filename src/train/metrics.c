/* Scores of a classifier.
 *
 * For a class with tp, fp, fn, tn right and wrong positives and negatives: precision tp/(tp+fp),
 * recall tp/(tp+fn), specificity tn/(tn+fp), F1 2tp/(2tp+fp+fn). Expected calibration error as
 * Naeini, Cooper and Hauskrecht (2015) define it, on the confidence of the predicted class. The
 * temperature T = 1/b minimises L(b) = mean(log sum exp(b z) - b z_label); L is convex in b and its
 * slope, mean(E_b[z] - z_label), rises with b, so that halving an interval finds the place where it
 * is zero. Softmax does not feel a constant added to all logits: the logarithms of the
 * probabilities serve as logits. */
#include "train/metrics.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "train/doubt.h"

int train_predict(const float *probabilities, int classes) {
  int best = 0;
  for (int c = 1; c < classes; c++)
    if (probabilities[c] > probabilities[best]) best = c;
  return best;
}

double train_confidence(float probability) {
  double confidence = (double)probability;
  if (!(confidence > 0)) return 0; /* NaN too */
  return confidence > 1 ? 1 : confidence;
}

/* The smallest normal float bounds what an impossible answer costs: 87 nats. */
static double log_probability(float probability) {
  return log(probability > FLT_MIN ? (double)probability : (double)FLT_MIN);
}

void train_score(const float *probabilities, const uint16_t *labels, size_t count, int classes,
                 double *loss, size_t *right) {
  double sum = 0;
  *right = 0;
  for (size_t i = 0; i < count; i++) {
    const float *row = probabilities + i * (size_t)classes;
    sum -= log_probability(row[labels[i]]);
    *right += train_predict(row, classes) == labels[i];
  }
  *loss = count ? sum / (double)count : 0;
}

void train_softmax(float *rows, size_t count, int classes) {
  for (size_t i = 0; i < count; i++) {
    float *row = rows + i * (size_t)classes;
    float largest = row[train_predict(row, classes)];
    double sum = 0;
    for (int c = 0; c < classes; c++) sum += exp((double)(row[c] - largest));
    for (int c = 0; c < classes; c++) row[c] = (float)(exp((double)(row[c] - largest)) / sum);
  }
}

static void score_classes(train_metrics *metrics, size_t read) {
  int classes = metrics->classes;
  size_t seen = 0;
  for (int c = 0; c < classes; c++) {
    train_class_metrics *m = &metrics->of_class[c];
    for (int other = 0; other < classes; other++) {
      m->support += metrics->confusion[(size_t)c * (size_t)classes + (size_t)other];
      m->predicted += metrics->confusion[(size_t)other * (size_t)classes + (size_t)c];
    }
    m->right = metrics->confusion[(size_t)c * (size_t)classes + (size_t)c];
    m->precision = train_share(m->right, m->predicted);
    m->recall = train_share(m->right, m->support);
    m->specificity = train_share(read - m->support - m->predicted + m->right, read - m->support);
    m->f1 = train_share(2 * m->right, m->support + m->predicted);
    m->seen = m->support + m->predicted > 0;
    if (!m->seen) continue;
    seen++;
    metrics->precision += m->precision;
    metrics->recall += m->recall;
    metrics->specificity += m->specificity;
    metrics->f1 += m->f1;
  }
  if (!seen) return;
  metrics->precision /= (double)seen;
  metrics->recall /= (double)seen;
  metrics->specificity /= (double)seen;
  metrics->f1 /= (double)seen;
}

static void add_to_bin(train_metrics *metrics, double confidence, bool right) {
  int bin = (int)ceil(confidence * TRAIN_BINS) - 1;
  if (bin < 0) bin = 0;
  if (bin >= TRAIN_BINS) bin = TRAIN_BINS - 1;
  metrics->bins[bin].count++;
  metrics->bins[bin].right += right;
  metrics->bins[bin].confidence += confidence;
}

scrawl_status train_metrics_compute(const float *probabilities, const uint16_t *labels,
                                    size_t count, int classes, size_t unread,
                                    train_metrics *metrics, base_error *error) {
  *metrics = (train_metrics){0};
  if (classes < 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a classifier needs at least one class");
  for (size_t i = 0; i < count; i++)
    if (labels[i] >= classes)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "picture %zu has label %d of %d classes", i,
                       labels[i], classes);
  metrics->classes = classes;
  metrics->confusion = base_alloc_zero((size_t)classes, (size_t)classes * sizeof(size_t));
  metrics->of_class = base_alloc_zero((size_t)classes, sizeof *metrics->of_class);
  if (!metrics->confusion || !metrics->of_class) {
    train_metrics_free(metrics);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the scores of %d classes",
                     classes);
  }
  size_t right, said = 0;
  train_score(probabilities, labels, count, classes, &metrics->loss, &right);
  for (size_t i = 0; i < count; i++) {
    const float *row = probabilities + i * (size_t)classes;
    int predicted = train_predict(row, classes);
    metrics->confusion[labels[i] * (size_t)classes + (size_t)predicted]++;
    if (!train_says_none(row, classes)) {
      add_to_bin(metrics, train_confidence(row[predicted]), predicted == labels[i]);
      said++;
    }
  }
  metrics->n = count + unread;
  metrics->unread = unread;
  metrics->errors = metrics->n - right;
  metrics->accuracy = train_share(right, metrics->n);
  for (int b = 0; said && b < TRAIN_BINS; b++)
    metrics->ece +=
        fabs((double)metrics->bins[b].right - metrics->bins[b].confidence) / (double)said;
  score_classes(metrics, count);
  return SCRAWL_OK;
}

void train_metrics_free(train_metrics *metrics) {
  base_free(metrics->confusion);
  base_free(metrics->of_class);
  *metrics = (train_metrics){0};
}

/* ---- temperature ---- */

static double slope(const float *probabilities, const uint16_t *labels, size_t count, int classes,
                    double sharpness) {
  double total = 0;
  for (size_t i = 0; i < count; i++) {
    const float *row = probabilities + i * (size_t)classes;
    double largest = log_probability(row[train_predict(row, classes)]), sum = 0, mean = 0;
    for (int c = 0; c < classes; c++) {
      double logit = log_probability(row[c]), weight = exp(sharpness * (logit - largest));
      sum += weight;
      mean += weight * logit;
    }
    total += mean / sum - log_probability(row[labels[i]]);
  }
  return total;
}

double train_fit_temperature(const float *probabilities, const uint16_t *labels, size_t count,
                             int classes) {
  double loss, low = 0.1, high = 10;
  size_t right;
  train_score(probabilities, labels, count, classes, &loss, &right);
  if (right == count || right == 0) return 1;
  /* Forty halvings of the logarithm: the temperature to eleven digits. */
  for (int i = 0; i < 40; i++) {
    double middle = sqrt(low * high);
    if (slope(probabilities, labels, count, classes, middle) > 0)
      high = middle;
    else
      low = middle;
  }
  return 1 / sqrt(low * high);
}

void train_apply_temperature(float *probabilities, size_t count, int classes, double temperature) {
  if (temperature == 1) return;
  for (size_t i = 0; i < count; i++) {
    float *row = probabilities + i * (size_t)classes;
    for (int c = 0; c < classes; c++) row[c] = (float)(log_probability(row[c]) / temperature);
  }
  train_softmax(probabilities, count, classes);
}
