/* How a training run went, epoch by epoch. */
#ifndef TRAIN_HISTORY_H
#define TRAIN_HISTORY_H

#include <stddef.h>

#include "base/error.h"

/* All doubles: a checkpoint stores the rows as they lie. Validation figures are NaN where there was
 * none. */
typedef struct train_epoch {
  double rate;           /* learning rate of the last step */
  double loss, accuracy; /* on the training pictures, while they were learnt from */
  double validation_loss, validation_accuracy;
  double seconds;
} train_epoch;

typedef struct train_history {
  train_epoch *epochs;
  size_t count;
  size_t best; /* index of the epoch whose weights were kept; `count` while there is none */
} train_history;

scrawl_status train_history_add(train_history *history, const train_epoch *epoch,
                                base_error *error);
void train_history_free(train_history *history);

/* {"best":2,"rate":[...],"loss":[...],"accuracy":[...],"validation_loss":[...],
 *  "validation_accuracy":[...]}, `best` counted from 1. Times stay out, so that the same run gives
 * the same text. base_free it; NULL when memory is exhausted. */
char *train_history_to_json(const train_history *history);
/* BAD_FORMAT for anything that is not of that form. */
scrawl_status train_history_from_json(const char *json, train_history *history, base_error *error);

#endif
