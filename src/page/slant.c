/* Slant: the shear under which upright strokes stand above themselves.
 *
 * For each of a row of angles every pixel's ink goes to the column where the shear would put it;
 * the sum of the squares of the columns is largest where strokes are upright. A parabola through
 * the best angle and its neighbours gives the fraction. */
#include <math.h>
#include <string.h>

#include "page/sheet.h"

enum { STEPS = 30, COLUMNS = 1024 };

#define STEP_DEGREES 1.5
#define RADIAN       0.017453292519943295

static double sharpness(const ink_image *ink, ink_box box, int by, double slant) {
  float columns[COLUMNS] = {0};
  double sum = 0, middle = box.height / 2.0;
  for (int y = 0; y < box.height; y += by) {
    const uint8_t *row = ink->pixels + (size_t)(box.y + y) * ink->stride + box.x;
    double shift = (y - middle) * slant / by + COLUMNS / 2.0 - box.width / (2.0 * by);
    int whole = (int)floor(shift);
    float share = (float)(shift - whole);
    for (int x = 0; x < box.width; x += by) {
      int at = whole + x / by;
      if (!row[x] || at < 0 || at + 1 >= COLUMNS) continue;
      columns[at] += (1 - share) * (float)row[x];
      columns[at + 1] += share * (float)row[x];
    }
  }
  for (int i = 0; i < COLUMNS; ++i) sum += (double)columns[i] * (double)columns[i];
  return sum;
}

double page_find_slant(const ink_image *ink, ink_box box) {
  double best = 0, values[2 * STEPS + 1];
  int chosen = 0;
  if (box.width < 3 || box.height < 8) return 0;
  int by = (box.width + box.height) / COLUMNS + 1;
  for (int i = 0; i <= 2 * STEPS; ++i) {
    values[i] = sharpness(ink, box, by, tan((i - STEPS) * STEP_DEGREES * RADIAN));
    if (values[i] > best) best = values[i], chosen = i;
  }
  if (best == 0 || chosen == 0 || chosen == 2 * STEPS) return 0;
  double before = values[chosen - 1], after = values[chosen + 1];
  double bend = before - 2 * best + after, part = bend < 0 ? (before - after) / (2 * bend) : 0;
  return (chosen - STEPS + part) * STEP_DEGREES;
}
