/* Blur: sums of a picture with itself shifted, one for each weight of the kernel that is not 0.
 *
 * A Gaussian is separable: one sum along the rows, one along the columns. Motion is not, but its
 * kernel has few weights: those near the path, a segment of the given length through the origin,
 * drawn one pixel wide with soft edges,
 *
 *   weight(x, y) = max(0, 1 - distance of (x, y) from the path), over their sum,
 *
 * where points as far from the origin as the path's ends, or farther, are measured from the nearer
 * end. This is the filter that MATLAB's fspecial('motion', length, angle) describes. */
#include "ink/blur.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ink_add_shifted(const float *in, int side, int dx, int dy, float weight, float *out) {
  if (abs(dx) >= side || abs(dy) >= side) return;
  int left = dx < 0 ? -dx : 0, right = dx > 0 ? side - dx : side;
  int top = dy < 0 ? -dy : 0, bottom = dy > 0 ? side - dy : side;
  for (int y = top; y < bottom; ++y) {
    const float *from = in + (y + dy) * side + dx;
    float *to = out + y * side;
    for (int x = left; x < right; ++x) to[x] += weight * from[x];
  }
}

/* Weights that sum up to 1 nearly do. */
static void clip(int count, float *picture) {
  for (int i = 0; i < count; ++i) picture[i] = picture[i] < 1 ? picture[i] : 1;
}

void ink_blur_gaussian(double deviation, int side, float *picture, float *spare) {
  if (!(deviation > 0)) return;
  const size_t bytes = (size_t)side * (size_t)side * sizeof *picture;
  int reach = (int)fmin(4 * deviation + 0.5, INK_BLUR_REACH);
  float kernel[INK_BLUR_REACH + 1], sum = 0;
  for (int k = 0; k <= reach; ++k) {
    kernel[k] = (float)exp(-0.5 * k * k / (deviation * deviation));
    sum += k ? 2 * kernel[k] : kernel[k];
  }
  memset(spare, 0, bytes);
  for (int k = -reach; k <= reach; ++k)
    ink_add_shifted(picture, side, k, 0, kernel[k < 0 ? -k : k] / sum, spare);
  memset(picture, 0, bytes);
  for (int k = -reach; k <= reach; ++k)
    ink_add_shifted(spare, side, 0, k, kernel[k < 0 ? -k : k] / sum, picture);
  clip(side * side, picture);
}

static double path_weight(int x, int y, double half, double cosine, double sine) {
  double along = x * cosine + y * sine, off = y * cosine - x * sine;
  double beyond = hypot(x, y) >= half ? half - fabs(along) : 0;
  return fmax(1 - hypot(off, beyond), 0);
}

void ink_blur_motion(double length, double angle, int side, float *picture, float *spare) {
  double half = (fmin(length, 2 * INK_BLUR_REACH) - 1) / 2;
  if (!(half > 0)) return;
  const size_t bytes = (size_t)side * (size_t)side * sizeof *picture;
  double cosine = cos(angle), sine = sin(angle), sum = 0;
  int reach = (int)ceil(half);
  memcpy(spare, picture, bytes);
  memset(picture, 0, bytes);
  for (int pass = 0; pass < 2; ++pass) /* the sum of the weights first */
    for (int y = -reach; y <= reach; ++y)
      for (int x = -reach; x <= reach; ++x) {
        double weight = path_weight(x, y, half, cosine, sine);
        if (!(weight > 0)) continue;
        if (pass == 0)
          sum += weight;
        else
          ink_add_shifted(spare, side, x, -y, (float)(weight / sum), picture); /* rows run down */
      }
  clip(side * side, picture);
}
