/* With p = softmax(z) and the target t = (1 - s) * [label] + s / classes:
 *   loss = -sum t * log p,  gradient of z = p - t  (Szegedy et al. 2016 for the smoothing s).
 * A teacher's probabilities q, softened by the temperature T as the student's are, take a share a
 * of the loss (Hinton, Vinyals, Dean 2015):
 *   loss = (1 - a) * that - a T^2 sum q * log softmax(z / T),
 *   gradient = (1 - a) (p - t) + a T (softmax(z / T) - q).
 * log p = z - max - log sum exp(z - max), in double: exact enough that a sure answer's tiny loss
 * does not vanish. */
#include "nn/loss.h"

#include <math.h>

/* log sum exp((z - largest) / T) */
static double log_sum(const float *z, int classes, double largest, double temperature) {
  double sum = 0;
  for (int c = 0; c < classes; c++) sum += exp(((double)z[c] - largest) / temperature);
  return log(sum);
}

/* -sum q * log softmax(z / T) */
static double teacher_loss(const float *z, const float *q, int classes, double largest,
                           double temperature, double log_of_sum) {
  double loss = 0;
  for (int c = 0; c < classes; c++)
    loss -= (double)q[c] * (((double)z[c] - largest) / temperature - log_of_sum);
  return loss;
}

static void one(int classes, const float *z, const nn_targets *targets, int row, double scale,
                double *row_loss, bool *right, float *gradient) {
  const double smoothing = (double)targets->smoothing, spread = smoothing / classes;
  const double share = targets->teacher ? (double)targets->share : 0;
  const double temperature = targets->teacher ? (double)targets->temperature : 1;
  const float *q = targets->teacher ? targets->teacher + (size_t)row * (size_t)classes : NULL;
  int best = 0, label = targets->labels[row];
  for (int c = 1; c < classes; c++)
    if (z[c] > z[best]) best = c;
  double largest = (double)z[best], mean = 0;
  for (int c = 0; c < classes; c++) mean += ((double)z[c] - largest) / classes;
  double hard = log_sum(z, classes, largest, 1), soft = hard;
  double own = label < classes ? (double)z[label] - largest : 0;
  *row_loss = (1 - share) * (hard - (1 - smoothing) * own - smoothing * mean);
  *right = best == label;
  if (q) {
    soft = log_sum(z, classes, largest, temperature);
    *row_loss +=
        share * temperature * temperature * teacher_loss(z, q, classes, largest, temperature, soft);
  }
  if (!gradient) return;
  for (int c = 0; c < classes; c++) {
    double from = (double)z[c] - largest, target = spread + (c == label ? 1 - smoothing : 0);
    double slope = (1 - share) * (exp(from - hard) - target);
    if (q) slope += share * temperature * (exp(from / temperature - soft) - (double)q[c]);
    gradient[c] = (float)(scale * slope);
  }
}

void nn_loss(int count, int classes, const float *logits, const nn_targets *targets, double scale,
             double *losses, bool *right, float *gradient) {
  for (int p = 0; p < count; p++) {
    size_t row = (size_t)p * (size_t)classes;
    one(classes, logits + row, targets, p, scale, losses + p, right + p,
        gradient ? gradient + row : NULL);
  }
}
