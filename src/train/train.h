/* Training: from a recipe and a data set to a network with its metadata.
 *
 * The same recipe and data give the same bits with any number of threads. A checkpoint after every
 * epoch lets a run that was killed at any moment go on to the very same result. Nothing here
 * prints: an observer is told how it goes. */
#ifndef TRAIN_TRAIN_H
#define TRAIN_TRAIN_H

#include <stdatomic.h>

#include "data/set.h"
#include "nn/onnx.h"
#include "read/model.h"
#include "train/doubt.h"
#include "train/history.h"
#include "train/metrics.h"
#include "train/recipe.h"

/* Metadata of a trained model, beside the keys of read/model.h. */
#define TRAIN_KEY_DATA         "data"         /* "mnist train, 54000 pictures" */
#define TRAIN_KEY_ARCHITECTURE "architecture" /* the network as text */
#define TRAIN_KEY_RECIPE       "recipe"       /* the command line */
#define TRAIN_KEY_SEED         "seed"
#define TRAIN_KEY_SPLIT_SEED   "split-seed"
#define TRAIN_KEY_EPOCHS                                                                           \
  "epochs" /* trained; the weights may be of an earlier one: see the history */
#define TRAIN_KEY_HISTORY             "history"
#define TRAIN_KEY_VALIDATION          "validation"          /* "6000 pictures, 27 errors" */
#define TRAIN_KEY_VALIDATION_ACCURACY "validation-accuracy" /* 0..1 */
#define TRAIN_KEY_VALIDATION_LOSS     "validation-loss"     /* after calibration */
#define TRAIN_KEY_ECE                 "ece"                 /* on validation, after calibration */
#define TRAIN_KEY_REJECTED            "validation-rejected" /* "30 of 6000 pictures" */

typedef struct train_progress {
  int epoch, epochs;              /* from 1 */
  size_t pictures, picture_count; /* of this epoch */
  double loss, accuracy;          /* of this epoch so far */
  double seconds_left;            /* of the whole run, as it goes now */
} train_progress;

typedef struct train_observer {
  void *argument;
  void (*step)(void *argument, const train_progress *progress);
  /* `kept`: these are the weights to keep so far. */
  void (*epoch)(void *argument, const train_progress *progress, const train_epoch *epoch,
                bool kept);
  /* The run goes on from a checkpoint, with so many epochs done. */
  void (*resumed)(void *argument, int epochs);
} train_observer;

/* What does not decide the result. */
typedef struct train_setting {
  base_pool *pool;         /* NULL: one thread */
  const char *checkpoint;  /* STEM.safetensors and STEM.onnx are written; NULL: none */
  bool resume;             /* from the checkpoint, if there is one */
  const atomic_bool *stop; /* set it (from a signal handler, say) to stop after the step; NULL */
  train_observer observer;
} train_setting;

typedef struct train_outcome {
  nn_graph *graph; /* with the weights kept */
  nn_metadata metadata;
  train_history history;
  size_t trained_on;
  /* Empty without validation. In the end the validation part holds pictures of signs alone, and the
   * probabilities, calibrated, are of those signs: */
  data_set validation;
  float *probabilities;
  train_metrics metrics;
  train_doubt doubt;
  double reject_below;
  size_t rejected;                  /* of these pictures */
  size_t none_count, none_rejected; /* pictures that show no glyph */
} train_outcome;

/* `from`: start with this network's weights, and with the network itself where the recipe names no
 * architecture. `teacher`: what the network learns to say beside the labels; NULL: none. Both are
 * borrowed. Fails with CANCELLED after `stop`, the checkpoint written;
 * INVALID_ARGUMENT when the checkpoint belongs to another recipe or other data (naming the
 * difference); LIMIT_EXCEEDED when the loss grows beyond all numbers; and with what the floors
 * below fail with. */
scrawl_status train_run(const train_recipe *recipe, const data_set *set, const nn_graph *from,
                        const read_model *teacher, const train_setting *setting,
                        train_outcome *outcome, base_error *error);
void train_outcome_free(train_outcome *outcome);

#endif
