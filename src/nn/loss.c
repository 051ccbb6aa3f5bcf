/* With p = softmax(z) and the target t = (1 - s) * [label] + s / classes:
 *   loss = -sum t * log p,  gradient of z = p - t  (Szegedy et al. 2016 for the smoothing s).
 * log p = z - max - log sum exp(z - max), in double: exact enough that a sure answer's tiny loss
 * does not vanish. */
#include "nn/loss.h"

#include <math.h>

void nn_loss(int count, int classes, const float *logits, const uint16_t *labels, float smoothing,
             double scale, double *losses, bool *right, float *gradient) {
  double share = (double)smoothing / classes;
  for (int p = 0; p < count; p++) {
    const float *z = logits + (size_t)p * (size_t)classes;
    int best = 0, label = labels[p];
    for (int c = 1; c < classes; c++)
      if (z[c] > z[best]) best = c;
    double largest = (double)z[best], sum = 0, mean = 0;
    for (int c = 0; c < classes; c++) {
      sum += exp((double)z[c] - largest);
      mean += ((double)z[c] - largest) / classes;
    }
    double log_sum = log(sum), own = label < classes ? (double)z[label] - largest : 0;
    losses[p] = log_sum - (1 - (double)smoothing) * own - (double)smoothing * mean;
    right[p] = best == label;
    if (!gradient) continue;
    float *out = gradient + (size_t)p * (size_t)classes;
    for (int c = 0; c < classes; c++) {
      double target = share + (c == label ? 1 - (double)smoothing : 0);
      out[c] = (float)(scale * (exp((double)z[c] - largest - log_sum) - target));
    }
  }
}
