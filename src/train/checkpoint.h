/* Checkpoints: everything a run needs to go on as if it had never stopped, in one safetensors file
 * that is replaced whole or not at all. */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include "nn/trainer.h"
#include "train/history.h"
#include "train/recipe.h"

/* A run between two steps. All borrowed. */
typedef struct train_state {
  const train_option_list *identity; /* recipe, and digests of the data and the first weights */
  nn_graph *graph;                   /* as it is being trained */
  nn_trainer *trainer;
  nn_graph *kept; /* the best weights so far */
  train_history *history;
  uint64_t epoch, step; /* epochs done, steps done of the next one */
  uint64_t right;       /* pictures of these steps that were right */
  double loss_sum, seconds;
} train_state;

scrawl_status train_checkpoint_save(const char *path, const train_state *state, base_error *error);
/* NOT_FOUND: there is no such file, and nothing was changed. INVALID_ARGUMENT names the first
 * option that differs. BAD_FORMAT: damaged, or of another network; the state may then be half
 * read. */
scrawl_status train_checkpoint_load(const char *path, train_state *state, base_error *error);

#endif
