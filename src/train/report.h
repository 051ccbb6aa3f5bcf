/* A report about a training run or an evaluation: one HTML file that needs nothing else, follows
 * the reader's light or dark setting, and can be read without a mouse, on a phone, by a screen
 * reader, and on paper. */
#ifndef TRAIN_REPORT_H
#define TRAIN_REPORT_H

#include "train/doubt.h"
#include "train/history.h"
#include "train/metrics.h"
#include "train/noise_table.h"

enum { TRAIN_MAX_MISTAKES = 240 }; /* shown; a page with more is slow and nobody looks */

typedef struct train_fact {
  const char *label, *value;
} train_fact;

/* The style sheet, report.css, from inside the program; ended by NULLs. */
typedef struct train_asset {
  const char *name;
  const uint8_t *bytes;
  size_t size;
} train_asset;
extern const train_asset TRAIN_ASSETS[];

/* Everything is borrowed, nothing need be escaped. */
typedef struct train_report {
  const char *title;    /* "digits on mnist test" */
  const char *subtitle; /* one sentence */
  const train_fact *facts;
  size_t fact_count;
  const train_history *history; /* NULL or empty: no curves */
  const train_metrics *metrics; /* NULL: no scores */
  const train_doubt *doubt;     /* of the same pictures; NULL: not told */
  double reject_below;
  const train_stranger *strangers; /* none: no table */
  size_t stranger_count;
  const char *const *signs;     /* of each class of the metrics */
  const train_noise_row *noise; /* accuracy under damage; none: no table */
  size_t noise_count;
  /* The pictures the metrics came from, for the gallery of mistakes; none: no gallery. Ink 255 is
   * drawn black on white. */
  size_t count;
  int width, height;
  const uint8_t *pixels;
  const uint16_t *labels;
  const float *probabilities; /* count x classes */
} train_report;

/* The page as text; base_free it. */
scrawl_status train_report_html(const train_report *report, char **html, base_error *error);

#endif
