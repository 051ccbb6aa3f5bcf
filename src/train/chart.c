/* Charts as SVG. Coordinates are in units of the view box, which the page scales to its width;
 * ticks lie at 1, 2 or 5 times a power of ten. */
#include "train/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  CHART_WIDTH = 420,
  CHART_HEIGHT = 270,
  LEFT = 52, /* room for the numbers at the axes */
  RIGHT = 12,
  TOP = 30,
  BOTTOM = 40,
  PLOT_WIDTH = CHART_WIDTH - LEFT - RIGHT,
  PLOT_HEIGHT = CHART_HEIGHT - TOP - BOTTOM,
  CELL = 30, /* of the confusion matrix */
  CELL_MARGIN = 44,
};

void train_chart_ticks(double low, double high, int wanted, double *first, double *step,
                       int *count) {
  if (!isfinite(low) || !isfinite(high) || low > high) low = high = 0;
  if (high - low < 1e-9 * (fabs(high) + 1e-9)) {
    double room = high == 0 ? 1 : 0.1 * fabs(high);
    low -= room / 2;
    high += room / 2;
  }
  double rough = (high - low) / wanted, power = pow(10, floor(log10(rough))), lead = rough / power;
  *step = power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 5 ? 5 : 10);
  *first = floor(low / *step + 1e-9) * *step;
  *count = (int)ceil((high - *first) / *step - 1e-9) + 1;
}

static void open_svg(train_text *text, int width, int height, const char *title) {
  train_text_add(text, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", width, height);
  train_text_escape(text, title);
  train_text_add(text, "\"><title>");
  train_text_escape(text, title);
  train_text_add(text, "</title>\n");
}

/* Numbers at the axis with as many decimals as the step needs. */
static int decimals_of(double step) {
  int decimals = (int)ceil(-log10(step) - 1e-9);
  return decimals < 0 ? 0 : decimals > 9 ? 9 : decimals;
}

/* ---- curves ---- */

typedef struct plot {
  double low, high; /* of the y axis */
  size_t count;     /* of the x axis */
} plot;

static double x_at(const plot *p, size_t index) {
  if (p->count < 2) return LEFT + PLOT_WIDTH / 2.0;
  return LEFT + PLOT_WIDTH * (double)index / (double)(p->count - 1);
}

static double y_at(const plot *p, double value) {
  return TOP + PLOT_HEIGHT * (p->high - value) / (p->high - p->low);
}

static void add_axes(train_text *text, plot *p, const char *unit) {
  double first, step;
  int ticks;
  train_chart_ticks(p->low, p->high, 5, &first, &step, &ticks);
  p->low = first;
  p->high = first + step * (ticks - 1);
  for (int i = 0; i < ticks; i++) {
    double value = first + step * i, y = y_at(p, value);
    train_text_add(
        text,
        "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"tick\" x=\"%d\" y=\"%.1f\" "
        "text-anchor=\"end\">%.*f</text>\n",
        LEFT, y, LEFT + PLOT_WIDTH, LEFT - 6, y + 4, decimals_of(step), value);
  }
  train_chart_ticks(1, p->count > 1 ? (double)p->count : 2, 8, &first, &step, &ticks);
  if (step < 1) step = 1;
  for (double epoch = ceil(1 / step) * step; epoch <= (double)p->count; epoch += step)
    train_text_add(text,
                   "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.0f</text>\n",
                   x_at(p, (size_t)epoch - 1), TOP + PLOT_HEIGHT + 17, epoch);
  train_text_add(text,
                 "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">epoch</text>"
                 "<text class=\"axis\" x=\"4\" y=\"14\">",
                 LEFT + PLOT_WIDTH / 2, CHART_HEIGHT - 6);
  train_text_escape(text, unit);
  train_text_add(text, "</text>\n");
}

static void add_curve(train_text *text, const plot *p, const train_series *series) {
  train_text_add(text, "<path class=\"curve %s\" d=\"", series->style);
  bool drawing = false;
  for (size_t i = 0; i < p->count; i++) {
    bool point = isfinite(series->values[i]);
    if (point)
      train_text_add(text, "%c%.1f %.1f", drawing ? 'L' : 'M', x_at(p, i),
                     y_at(p, series->values[i]));
    drawing = point;
  }
  train_text_add(text, "\"/>\n");
  enum { MOST_DOTS = 40 };
  for (size_t i = 0; p->count <= MOST_DOTS && i < p->count; i++)
    if (isfinite(series->values[i]))
      train_text_add(
          text,
          "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.6\"><title>%s, epoch %zu: "
          "%.5g</title></circle>\n",
          series->style, x_at(p, i), y_at(p, series->values[i]), series->name, i + 1,
          series->values[i]);
}

void train_chart_curves(train_text *text, const char *title, const char *unit,
                        const train_series *series, size_t series_count, size_t count,
                        size_t marked) {
  plot p = {.low = INFINITY, .high = -INFINITY, .count = count};
  for (size_t s = 0; s < series_count; s++)
    for (size_t i = 0; i < count; i++) {
      if (!isfinite(series[s].values[i])) continue;
      p.low = fmin(p.low, series[s].values[i]);
      p.high = fmax(p.high, series[s].values[i]);
    }
  open_svg(text, CHART_WIDTH, CHART_HEIGHT, title);
  add_axes(text, &p, unit);
  if (marked < count)
    train_text_add(
        text,
        "<path class=\"mark\" d=\"M%.1f %dV%d\"><title>weights kept: epoch %zu</title></path>\n",
        x_at(&p, marked), TOP, TOP + PLOT_HEIGHT, marked + 1);
  for (size_t s = 0; s < series_count; s++) add_curve(text, &p, &series[s]);
  double x = CHART_WIDTH - RIGHT;
  for (size_t s = series_count; s-- > 0;) {
    x -= 7.0 * (double)strlen(series[s].name);
    train_text_add(text, "<text class=\"axis\" x=\"%.1f\" y=\"14\">", x);
    train_text_escape(text, series[s].name);
    train_text_add(text, "</text><path class=\"curve %s\" d=\"M%.1f 10h20\"/>\n", series[s].style,
                   x - 26);
    x -= 44;
  }
  train_text_add(text, "</svg>\n");
}

/* ---- the confusion matrix ---- */

static void add_cell(train_text *text, const train_metrics *metrics, const char *const *signs,
                     int truth, int predicted, size_t most_mistakes) {
  size_t count = metrics->confusion[(size_t)truth * (size_t)metrics->classes + (size_t)predicted];
  if (count == 0) return;
  bool right = truth == predicted;
  /* The square root keeps single mistakes visible beside frequent ones. */
  double strength = right ? metrics->of_class[truth].recall
                          : 0.25 + 0.75 * sqrt((double)count / (double)most_mistakes);
  int x = CELL_MARGIN + predicted * CELL, y = CELL_MARGIN + truth * CELL;
  train_text_add(text,
                 "<g><rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
                 "fill-opacity=\"%.2f\"/><text class=\"%s\" x=\"%d\" y=\"%d\" "
                 "text-anchor=\"middle\"%s>%zu</text><title>",
                 right ? "right" : "wrong", x + 1, y + 1, CELL - 2, CELL - 2, strength,
                 strength > 0.55 ? "count strong" : "count", x + CELL / 2, y + CELL / 2 + 4,
                 count > 9999 ? " textLength=\"27\"" : "", count);
  train_text_escape(text, signs[truth]);
  train_text_add(text, right ? " read right " : " read as ");
  if (!right) train_text_escape(text, signs[predicted]);
  train_text_add(text, right ? "%zu times</title></g>\n" : ": %zu</title></g>\n", count);
}

void train_chart_confusion(train_text *text, const train_metrics *metrics,
                           const char *const *signs) {
  int classes = metrics->classes, side = CELL_MARGIN + classes * CELL + 2;
  size_t most = 1;
  for (int t = 0; t < classes; t++)
    for (int p = 0; p < classes; p++) {
      size_t count = metrics->confusion[(size_t)t * (size_t)classes + (size_t)p];
      if (t != p && count > most) most = count;
    }
  train_text_add(text,
                 "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion "
                 "matrix\" style=\"--side:%dpx\">\n",
                 side + side / 4);
  open_svg(text, side, side, "Confusion matrix: rows are what was written, columns what was read");
  train_text_add(text,
                 "<text class=\"axis\" x=\"%d\" y=\"12\" text-anchor=\"middle\">read as</text>"
                 "<text class=\"axis\" transform=\"translate(12 %d) rotate(-90)\" "
                 "text-anchor=\"middle\">written</text>\n",
                 CELL_MARGIN + classes * CELL / 2, CELL_MARGIN + classes * CELL / 2);
  for (int c = 0; c <= classes; c++)
    train_text_add(text, "<path class=\"grid\" d=\"M%d %dH%dM%d %dV%d\"/>\n", CELL_MARGIN,
                   CELL_MARGIN + c * CELL, CELL_MARGIN + classes * CELL, CELL_MARGIN + c * CELL,
                   CELL_MARGIN, CELL_MARGIN + classes * CELL);
  for (int c = 0; c < classes; c++) {
    int at = CELL_MARGIN + c * CELL + CELL / 2;
    train_text_add(text, "<text class=\"sign\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">", at,
                   CELL_MARGIN - 8);
    train_text_escape(text, signs[c]);
    train_text_add(text, "</text><text class=\"sign\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">",
                   CELL_MARGIN - 14, at + 5);
    train_text_escape(text, signs[c]);
    train_text_add(text, "</text>\n");
  }
  for (int t = 0; t < classes; t++)
    for (int p = 0; p < classes; p++) add_cell(text, metrics, signs, t, p, most);
  train_text_add(text, "</svg></div>\n");
}

/* ---- the reliability diagram ---- */

void train_chart_reliability(train_text *text, const train_metrics *metrics) {
  const double width = (double)PLOT_WIDTH / TRAIN_BINS;
  open_svg(text, CHART_WIDTH, CHART_HEIGHT, "Reliability: accuracy against confidence");
  for (int i = 0; i <= 5; i++) {
    double y = TOP + PLOT_HEIGHT * (1 - i / 5.0), x = LEFT + PLOT_WIDTH * (i / 5.0);
    train_text_add(
        text,
        "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"tick\" x=\"%d\" y=\"%.1f\" "
        "text-anchor=\"end\">%d</text><text class=\"tick\" x=\"%.1f\" y=\"%d\" "
        "text-anchor=\"middle\">%d</text>\n",
        LEFT, y, LEFT + PLOT_WIDTH, LEFT - 6, y + 4, i * 20, x, TOP + PLOT_HEIGHT + 17, i * 20);
  }
  for (int b = 0; b < TRAIN_BINS; b++) {
    const train_bin *bin = &metrics->bins[b];
    if (bin->count == 0) continue;
    double accuracy = (double)bin->right / (double)bin->count;
    double confidence = bin->confidence / (double)bin->count, x = LEFT + b * width;
    double y = TOP + PLOT_HEIGHT * (1 - accuracy);
    train_text_add(
        text,
        "<g><rect class=\"right\" fill-opacity=\"0.75\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
        "height=\"%.1f\"/><path class=\"gap\" d=\"M%.1f %.1fh%.1f\"/><title>confidence %.1f %%: "
        "accuracy %.1f %% of %zu pictures</title></g>\n",
        x + 1, y, width - 2, PLOT_HEIGHT * accuracy, x + 1, TOP + PLOT_HEIGHT * (1 - confidence),
        width - 2, 100 * confidence, 100 * accuracy, bin->count);
    train_text_add(text,
                   "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%zu</text>\n",
                   y > TOP + 12 ? "few" : "few strong", x + width / 2,
                   y > TOP + 12 ? y - 4 : y + 12, bin->count);
  }
  train_text_add(
      text,
      "<path class=\"ideal\" d=\"M%d %dL%d %d\"/>"
      "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">confidence, %%</text>"
      "<text class=\"axis\" x=\"4\" y=\"14\">accuracy, %% (and pictures)</text></svg>\n",
      LEFT, TOP + PLOT_HEIGHT, LEFT + PLOT_WIDTH, TOP, LEFT + PLOT_WIDTH / 2, CHART_HEIGHT - 6);
}

/* ---- the risk-coverage curve ---- */

enum { RISK_POINTS = 200 };

static double most_risk(const train_doubt *doubt) {
  double most = 0;
  for (int i = 1; i <= RISK_POINTS; i++)
    most = fmax(most, train_doubt_at_coverage(doubt, (double)i / RISK_POINTS).risk);
  return most;
}

static void add_risk_axes(train_text *text, plot *p) {
  double first, step;
  int ticks;
  train_chart_ticks(0, p->high, 5, &first, &step, &ticks);
  p->high = step * (ticks - 1);
  for (int i = 0; i < ticks; i++)
    train_text_add(
        text,
        "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"tick\" x=\"%d\" y=\"%.1f\" "
        "text-anchor=\"end\">%.*f</text>\n",
        LEFT, y_at(p, step * i), LEFT + PLOT_WIDTH, LEFT - 6, y_at(p, step * i) + 4,
        decimals_of(step), step * i);
  for (int i = 0; i <= 5; i++)
    train_text_add(text,
                   "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n",
                   LEFT + PLOT_WIDTH * (i / 5.0), TOP + PLOT_HEIGHT + 17, i * 20);
  train_text_add(text,
                 "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"middle\">accepted, "
                 "%%</text><text class=\"axis\" x=\"4\" y=\"14\">errors among them, %%</text>\n",
                 LEFT + PLOT_WIDTH / 2, CHART_HEIGHT - 6);
}

void train_chart_risk(train_text *text, const train_doubt *doubt, double here) {
  plot p = {.high = fmax(100 * most_risk(doubt), 1e-3)};
  open_svg(text, CHART_WIDTH, CHART_HEIGHT, "Risk and coverage: errors against what is accepted");
  add_risk_axes(text, &p);
  train_text_add(text,
                 "<path class=\"mark\" d=\"M%.1f %dV%d\"><title>accepted: %.2f %%</title></path>\n"
                 "<path class=\"curve train\" d=\"",
                 LEFT + PLOT_WIDTH * here, TOP, TOP + PLOT_HEIGHT, 100 * here);
  for (int i = 1, drawn = 0; i <= RISK_POINTS; i++) {
    train_point point = train_doubt_at_coverage(doubt, (double)i / RISK_POINTS);
    if (point.accepted == 0) continue;
    train_text_add(text, "%c%.1f %.1f", drawn++ ? 'L' : 'M', LEFT + PLOT_WIDTH * point.coverage,
                   y_at(&p, 100 * point.risk));
  }
  train_text_add(text, "\"/></svg>\n");
}
