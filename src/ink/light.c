/* The light on the paper, and whether the ink is darker or lighter than it.
 *
 * Everything happens on a coarse picture of at most 48 cells a side.
 *
 * Polarity: where most cells lie on one smooth surface, that is the paper, and the ink lies above
 * or below it. Otherwise a plane is taken away and Otsu's threshold parts the cells in dark and
 * light: paper is the part that holds most of the border and of the area.
 *
 * Light: a level, a plane or a surface of the second degree is fitted to the paper (cells that come
 * out clearly darker are left out of the next fit), and what remains is closed morphologically with
 * a window of a third of the picture: that fills strokes and keeps shadows. */
#include "ink/light.h"

#include <math.h>
#include <string.h>

enum {
  CELLS = INK_LIGHT_CELLS,
  TERMS = 6,   /* 1, x, y, x^2, x y, y^2 */
  MOMENTS = 5, /* products of two terms have powers up to 4 */
  FITS = 5,
  REST_BINS = 511,
};

/* Share of the border plus share of the area that must be dark before the ink is taken to be light:
 * dark ink is the common case. */
#define LIGHT_INK_VOTE 1.15f
#define ON_SURFACE     6.0f  /* grey levels */
#define WORTH_BENDING  0.15f /* share of the cells */
#define SHEET_CONTRAST 40.0f /* grey levels between sheet and table */
#define MOST_CELLS     0.6f  /* a surface on which so many lie is the paper */

static void fill_cells(ink_light *light, const uint8_t *grey, int width, int height,
                       size_t stride) {
  int side = width > height ? width : height;
  light->cell = (side - 1) / CELLS + 1;
  light->columns = (width - 1) / light->cell + 1;
  light->rows = (height - 1) / light->cell + 1;
  for (int r = 0; r < light->rows; ++r) {
    uint64_t sums[CELLS] = {0};
    int top = r * light->cell, bottom = height - top < light->cell ? height : top + light->cell;
    for (int y = top; y < bottom; ++y) {
      const uint8_t *row = grey + (size_t)y * stride;
      for (int c = 0, x = 0; c < light->columns; ++c) {
        int right = width - x < light->cell ? width : x + light->cell;
        uint32_t sum = 0;
        for (; x < right; ++x) sum += row[x];
        sums[c] += sum;
      }
    }
    for (int c = 0; c < light->columns; ++c) {
      int left = c * light->cell;
      int right = width - left < light->cell ? width : left + light->cell;
      light->value[r * CELLS + c] =
          (float)sums[c] / ((float)(right - left) * (float)(bottom - top));
    }
  }
}

/* Solves matrix * unknown = right in place by Gaussian elimination. A term that cannot be told from
 * the others (a picture of few rows, few cells left) gets 0. The matrix is positive semidefinite,
 * so its diagonal serves as pivot. */
static void solve(double matrix[TERMS][TERMS], double right[TERMS], int count,
                  double unknown[TERMS]) {
  bool used[TERMS] = {false};
  for (int i = 0; i < count; ++i) {
    used[i] = matrix[i][i] > 1e-6;
    for (int k = i + 1; used[i] && k < count; ++k) {
      double factor = matrix[k][i] / matrix[i][i];
      for (int j = i; j < count; ++j) matrix[k][j] -= factor * matrix[i][j];
      right[k] -= factor * right[i];
    }
  }
  for (int i = count - 1; i >= 0; --i) {
    double sum = right[i];
    for (int j = i + 1; j < count; ++j) sum -= matrix[i][j] * unknown[j];
    unknown[i] = used[i] ? sum / matrix[i][i] : 0;
  }
}

/* Where a row or column of cells lies: from -1 to 1. */
static double coordinate(int i, int count) {
  return count > 1 ? 2.0 * i / (count - 1) - 1 : 0;
}

/* Exponents of x and y in each term: 1, x, y, x^2, x y, y^2. */
static const int POWER_X[TERMS] = {0, 1, 0, 2, 1, 0}, POWER_Y[TERMS] = {0, 0, 1, 0, 1, 2};

/* moments[i][j]: the sum of x^i y^j over the cells that count, and with_value[i][j] that of x^i y^j
 * value. First down the columns, whose sums are independent of each other, then across. */
static void sum_moments(const ink_light *light, const float *counts,
                        double moments[MOMENTS][MOMENTS], double with_value[3][3]) {
  float area[MOMENTS][CELLS] = {{0}}, value[3][CELLS] = {{0}};
  for (int r = 0; r < light->rows; ++r) {
    const float y = (float)coordinate(r, light->rows), yy = y * y;
    const float *row = light->value + r * CELLS, *count = counts + r * CELLS;
    for (int c = 0; c < light->columns; ++c) {
      float one = count[c], level = one * row[c];
      area[0][c] += one;
      area[1][c] += one * y;
      area[2][c] += one * yy;
      area[3][c] += one * (yy * y);
      area[4][c] += one * (yy * yy);
      value[0][c] += level;
      value[1][c] += level * y;
      value[2][c] += level * yy;
    }
  }
  for (int c = 0; c < light->columns; ++c) {
    double power = 1, x = coordinate(c, light->columns);
    for (int i = 0; i < MOMENTS; ++i, power *= x) {
      for (int j = 0; i + j < MOMENTS; ++j) moments[i][j] += power * (double)area[j][c];
      for (int j = 0; i < 3 && i + j < 3; ++j) with_value[i][j] += power * (double)value[j][c];
    }
  }
}

/* light->light becomes the surface of `count` terms nearest to the cells that count (1; 0: left
 * out). */
static void fit_surface(ink_light *light, int count, const float *counts) {
  double moments[MOMENTS][MOMENTS] = {{0}}, with_value[3][3] = {{0}};
  double matrix[TERMS][TERMS], right[TERMS], surface[TERMS] = {0};
  sum_moments(light, counts, moments, with_value);
  for (int i = 0; i < count; ++i) {
    for (int j = 0; j < count; ++j)
      matrix[i][j] = moments[POWER_X[i] + POWER_X[j]][POWER_Y[i] + POWER_Y[j]];
    right[i] = with_value[POWER_X[i]][POWER_Y[i]];
  }
  solve(matrix, right, count, surface);
  float xs[CELLS];
  for (int c = 0; c < light->columns; ++c) xs[c] = (float)coordinate(c, light->columns);
  for (int r = 0; r < light->rows; ++r) {
    double y = coordinate(r, light->rows);
    const float level = (float)(surface[0] + surface[2] * y + surface[5] * y * y);
    const float slope = (float)(surface[1] + surface[4] * y), bend = (float)surface[3];
    float *row = light->light + r * CELLS;
    for (int c = 0; c < light->columns; ++c) row[c] = level + xs[c] * (slope + xs[c] * bend);
  }
}

static float rest_at(const ink_light *light, int i) {
  return light->value[i] - light->light[i];
}

/* How many cells lie on the surface, and the mean distance from it of those above it (`either`: of
 * all). */
static int measure_rest(const ink_light *light, bool either, float *mean) {
  float on[CELLS] = {0}, sums[CELLS] = {0}, cells[CELLS] = {0};
  const float least = either ? -INFINITY : 0;
  for (int r = 0; r < light->rows; ++r) {
    const float *value = light->value + r * CELLS, *surface = light->light + r * CELLS;
    for (int c = 0; c < light->columns; ++c) {
      float rest = value[c] - surface[c], away = fabsf(rest);
      float counted = rest > least ? 1.0f : 0.0f;
      on[c] += away < ON_SURFACE ? 1.0f : 0.0f;
      sums[c] += counted * away;
      cells[c] += counted;
    }
  }
  float all_on = 0, sum = 0, all = 0;
  for (int c = 0; c < light->columns; ++c) {
    all_on += on[c];
    sum += sums[c];
    all += cells[c];
  }
  *mean = all > 0 ? sum / all : 0;
  return (int)all_on;
}

/* Leaves out what lies further than `limit` below the surface (`either`: or above); false when
 * nothing changed. */
static bool leave_out(const ink_light *light, bool either, float limit, float *counts) {
  const float most = either ? limit : INFINITY;
  int changed = 0;
  for (int r = 0; r < light->rows; ++r) {
    const float *value = light->value + r * CELLS, *surface = light->light + r * CELLS;
    float *count = counts + r * CELLS;
    for (int c = 0; c < light->columns; ++c) {
      float rest = value[c] - surface[c];
      float counted = ((rest > -limit) & (rest < most)) ? 1.0f : 0.0f;
      changed |= counted != count[c];
      count[c] = counted;
    }
  }
  return changed != 0;
}

static const float *all_cells(float *counts) {
  for (int i = 0; i < CELLS * CELLS; ++i) counts[i] = 1;
  return counts;
}

/* Fits the paper: after each fit the cells that are darker, by more than twice the mean difference,
 * are left out; when it is not yet known whether ink is dark or light, the lighter ones too.
 * Returns the share of all cells that then lie on the surface. */
static float fit_paper(ink_light *light, int terms, bool either) {
  float counts[CELLS * CELLS], mean;
  int on = 0;
  all_cells(counts);
  for (int fit = 0; fit < FITS; ++fit) {
    fit_surface(light, terms, counts);
    on = measure_rest(light, either, &mean);
    if (!leave_out(light, either, 1 + 2 * mean, counts)) break;
  }
  return (float)on / (float)(light->columns * light->rows);
}

/* The simplest surface that explains the paper: even light, light from one side, light that falls
 * off to the corners. A bent one must explain a good deal more, or it would bend around the ink.
 * Returns the share of cells explained. */
static float choose_surface(ink_light *light, bool either) {
  static const int TRIED[] = {1, 3, TERMS};
  float best = -1, chosen[CELLS * CELLS];
  size_t used = (size_t)light->rows * CELLS * sizeof *chosen;
  for (int i = 0; i < 3 && best + WORTH_BENDING < 1; ++i) {
    float on = fit_paper(light, TRIED[i], either);
    if (on <= best + WORTH_BENDING) continue;
    best = on;
    memcpy(chosen, light->light, used);
  }
  memcpy(light->light, chosen, used);
  return best;
}

int ink_otsu(const uint32_t *histogram, int bins) {
  double total = 0, moment = 0;
  for (int i = 0; i < bins; ++i) {
    total += histogram[i];
    moment += (double)i * histogram[i];
  }
  double below = 0, below_moment = 0, best = -1;
  int threshold = bins;
  for (int i = 0; i + 1 < bins && below < total; ++i) {
    if (!histogram[i]) continue; /* the same two classes as before */
    below += histogram[i];
    below_moment += (double)i * histogram[i];
    double above = total - below;
    if (above <= 0) break;
    double apart = (moment - below_moment) / above - below_moment / below;
    double variance = below * above * apart * apart;
    if (variance > best) {
      best = variance;
      threshold = i + 1;
    }
  }
  return threshold;
}

static int rest_bin(const ink_light *light, int i) {
  float rest = rest_at(light, i) + 255.5f;
  return rest < 0 ? 0 : rest < REST_BINS - 1 ? (int)rest : REST_BINS - 1;
}

static bool ink_is_light(ink_light *light) {
  if (choose_surface(light, true) >= MOST_CELLS) {
    float sum = 0; /* of the cells that do not lie on the paper */
    for (int r = 0; r < light->rows; ++r)
      for (int c = 0; c < light->columns; ++c) {
        float rest = rest_at(light, r * CELLS + c);
        if (fabsf(rest) >= ON_SURFACE) sum += rest;
      }
    return sum > 0;
  }
  uint32_t histogram[REST_BINS] = {0};
  float counts[CELLS * CELLS];
  fit_surface(light, 3, all_cells(counts));
  for (int r = 0; r < light->rows; ++r)
    for (int c = 0; c < light->columns; ++c) ++histogram[rest_bin(light, r * CELLS + c)];
  int threshold = ink_otsu(histogram, REST_BINS), dark = 0, border = 0, dark_border = 0;
  for (int r = 0; r < light->rows; ++r)
    for (int c = 0; c < light->columns; ++c) {
      bool is_dark = rest_bin(light, r * CELLS + c) < threshold;
      bool on_border = !r || !c || r == light->rows - 1 || c == light->columns - 1;
      dark += is_dark;
      border += on_border;
      dark_border += is_dark && on_border;
    }
  return (float)dark / (float)(light->columns * light->rows) + (float)dark_border / (float)border >
         LIGHT_INK_VOTE;
}

typedef enum line_step { LARGEST, SMALLEST, MEAN } line_step;

/* One step along a line of `count` cells that lie `apart`: the largest or smallest within `reach`,
 * or the mean 1 2 1. */
static void step_line(float *cells, int count, int apart, line_step step, int reach) {
  float line[CELLS];
  for (int i = 0; i < count; ++i) line[i] = cells[i * apart];
  for (int i = 0; i < count; ++i) {
    if (step == MEAN) {
      cells[i * apart] = (line[i ? i - 1 : 0] + 2 * line[i] + line[i + 1 < count ? i + 1 : i]) / 4;
      continue;
    }
    float best = line[i];
    int from = i > reach ? i - reach : 0, to = i + reach < count ? i + reach : count - 1;
    for (int k = from; k <= to; ++k)
      if (step == LARGEST ? line[k] > best : line[k] < best) best = line[k];
    cells[i * apart] = best;
  }
}

static void close_strokes(ink_light *light) {
  float surface[CELLS * CELLS];
  int side = light->columns > light->rows ? light->columns : light->rows, reach = (side + 5) / 6;
  memcpy(surface, light->light, sizeof surface);
  for (int r = 0; r < light->rows; ++r)
    for (int c = 0; c < light->columns; ++c)
      light->light[r * CELLS + c] = light->value[r * CELLS + c] - surface[r * CELLS + c];
  for (line_step step = LARGEST; step <= MEAN; ++step) {
    for (int r = 0; r < light->rows; ++r)
      step_line(light->light + r * CELLS, light->columns, 1, step, reach);
    for (int c = 0; c < light->columns; ++c)
      step_line(light->light + c, light->rows, CELLS, step, reach);
  }
  for (int r = 0; r < light->rows; ++r)
    for (int c = 0; c < light->columns; ++c) light->light[r * CELLS + c] += surface[r * CELLS + c];
}

bool ink_light_find(ink_light *light, const uint8_t *grey, int width, int height, size_t stride) {
  memset(light, 0, sizeof *light);
  fill_cells(light, grey, width, height, stride);
  bool flip = ink_is_light(light);
  if (flip)
    for (int i = 0; i < CELLS * CELLS; ++i) light->value[i] = 255 - light->value[i];
  choose_surface(light, false);
  close_strokes(light);
  return flip;
}

/* The first and last of `count` sums that reach half of the largest; false when they are fewer than
 * a third. */
static bool find_extent(const int *sums, int count, int *first, int *last) {
  int most = 0;
  for (int i = 0; i < count; ++i)
    if (sums[i] > most) most = sums[i];
  *first = 0;
  *last = count - 1;
  while (*first < *last && 2 * sums[*first] < most) ++*first;
  while (*last > *first && 2 * sums[*last] < most) --*last;
  return 3 * (*last - *first + 1) >= count;
}

/* Otsu's threshold parts the cells. The bright ones must fill a rectangle to its corners, which no
 * glyph does, and be few outside. */
bool ink_light_find_sheet(ink_light *light, const uint8_t *grey, int width, int height,
                          size_t stride, ink_box *inside) {
  enum { LEAST_CELLS = 24 };
  memset(light, 0, sizeof *light);
  fill_cells(light, grey, width, height, stride);
  if (light->columns < LEAST_CELLS || light->rows < LEAST_CELLS || light->cell < 2) return false;
  uint32_t histogram[256] = {0};
  for (int r = 0; r < light->rows; ++r)
    for (int c = 0; c < light->columns; ++c) ++histogram[(int)light->value[r * CELLS + c]];
  float threshold = (float)ink_otsu(histogram, 256);
  int by_row[CELLS] = {0}, by_column[CELLS] = {0}, bright = 0;
  for (int r = 0; r < light->rows; ++r)
    for (int c = 0; c < light->columns; ++c) {
      bool is_bright = light->value[r * CELLS + c] >= threshold;
      by_row[r] += is_bright;
      by_column[c] += is_bright;
      bright += is_bright;
    }
  int left, right, top, bottom;
  if (!find_extent(by_column, light->columns, &left, &right)) return false;
  if (!find_extent(by_row, light->rows, &top, &bottom)) return false;
  if ((left == 0) + (top == 0) + (right == light->columns - 1) + (bottom == light->rows - 1) > 1)
    return false;
  int within = 0, rest = light->columns * light->rows - (right - left + 1) * (bottom - top + 1);
  float paper = 0, table = 0;
  for (int r = 0; r < light->rows; ++r)
    for (int c = 0; c < light->columns; ++c) {
      float value = light->value[r * CELLS + c];
      bool in = r >= top && r <= bottom && c >= left && c <= right;
      if (in && value >= threshold) {
        ++within;
        paper += value;
      }
      if (!in) table += value;
    }
  if (!within || rest < 1 || paper / (float)within - table / (float)rest < SHEET_CONTRAST)
    return false;
  if (3 * within < 2 * (right - left + 1) * (bottom - top + 1)) return false;
  if (10 * (bright - within) > rest) return false;
  ++left, ++top, --right, --bottom; /* the cells on the edge are half sheet, half table */
  for (int corner = 0; corner < 4; ++corner) {
    int i = (corner & 1 ? top : bottom) * CELLS + (corner & 2 ? left : right);
    if (light->value[i] < threshold) return false;
  }
  *inside = (ink_box){left * light->cell, top * light->cell, (right - left + 1) * light->cell,
                      (bottom - top + 1) * light->cell};
  if (inside->width > width - inside->x) inside->width = width - inside->x;
  if (inside->height > height - inside->y) inside->height = height - inside->y;
  return true;
}

void ink_light_range(const ink_light *light, float *darkest, float *brightest) {
  *darkest = *brightest = light->light[0];
  for (int r = 0; r < light->rows; ++r)
    for (int c = 0; c < light->columns; ++c) {
      *darkest = fminf(*darkest, light->light[r * CELLS + c]);
      *brightest = fmaxf(*brightest, light->light[r * CELLS + c]);
    }
}

/* Where pixel `i` lies between the middles of cells: the lower cell and the share of the next. */
static int between(int i, float cells_per_pixel, int count, float *share) {
  float at = ((float)i + 0.5f) * cells_per_pixel - 0.5f, last = (float)(count - 1);
  at = at < 0 ? 0 : at < last ? at : last;
  int low = (int)at;
  *share = at - (float)low;
  return low;
}

void ink_light_row(const ink_light *light, int y, int width, float *row) {
  float line[CELLS + 1], share, cells_per_pixel = 1 / (float)light->cell;
  int r = between(y, cells_per_pixel, light->rows, &share);
  const float *upper = light->light + r * CELLS;
  const float *lower = r + 1 < light->rows ? upper + CELLS : upper;
  for (int c = 0; c < light->columns; ++c) line[c] = upper[c] + share * (lower[c] - upper[c]);
  line[light->columns] = line[light->columns - 1];
  for (int x = 0; x < width; ++x) {
    int c = between(x, cells_per_pixel, light->columns, &share);
    row[x] = line[c] + share * (line[c + 1] - line[c]);
  }
}
