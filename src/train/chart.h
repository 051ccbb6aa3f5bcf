/* Charts as SVG inside HTML: text stays text, colours come from the page's style sheet through
 * classes, so that light, dark and printed pages all get theirs. Every chart has a title for screen
 * readers. */
#ifndef TRAIN_CHART_H
#define TRAIN_CHART_H

#include "train/doubt.h"
#include "train/metrics.h"
#include "train/text.h"

typedef struct train_series {
  const char *name;
  const char *style;    /* a class of the style sheet: "train", "validation" */
  const double *values; /* at 1, 2, 3 ...; NaN: no point */
} train_series;

/* Curves over `count` epochs with a legend; `marked` (from 0) gets an upright line, `count`:
 * none. */
void train_chart_curves(train_text *text, const char *title, const char *unit,
                        const train_series *series, size_t series_count, size_t count,
                        size_t marked);
/* The confusion matrix with its counts: the diagonal in one colour by recall, mistakes in another
 * by how many. */
void train_chart_confusion(train_text *text, const train_metrics *metrics,
                           const char *const *signs);
/* Accuracy against confidence in the bins, with how many pictures each holds. */
void train_chart_reliability(train_text *text, const train_metrics *metrics);
/* The share of errors among the accepted pictures against the share accepted, with an upright line
 * at the coverage `here`. */
void train_chart_risk(train_text *text, const train_doubt *doubt, double here);

/* About `wanted` round numbers from at or below `low` to at or above `high`: the first, and the
 * step between them. */
void train_chart_ticks(double low, double high, int wanted, double *first, double *step,
                       int *count);

#endif
