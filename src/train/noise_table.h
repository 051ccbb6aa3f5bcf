/* What is left of a model's accuracy under damage, a row for each kind. */
#ifndef TRAIN_NOISE_TABLE_H
#define TRAIN_NOISE_TABLE_H

#include "ink/ink.h"
#include "train/metrics.h"
#include "train/text.h"

typedef struct train_noise_row {
  ink_noise noise; /* no kind: undamaged */
  size_t n, errors;
  double accuracy, ece;
} train_noise_row;

train_noise_row train_noise_row_of(ink_noise noise, const train_metrics *metrics);
/* The part of a report, with its heading. */
void train_add_noise_table(train_text *text, const train_noise_row *rows, size_t count);

#endif
