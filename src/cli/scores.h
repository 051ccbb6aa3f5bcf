/* What an evaluation found, and saying it: in text, in JSON, and as a page. */
#ifndef CLI_SCORES_H
#define CLI_SCORES_H

#include "cli/cli.h"
#include "cli/noise.h"
#include "data/set.h"
#include "read/model.h"
#include "train/train.h"

/* The pictures that count, as the network saw them, and what it said: first those of signs that it
 * knows, then strangers, which the others' scores do not count. */
typedef struct cli_scores {
  const char *model_name; /* as the user named it */
  const read_model *model;
  const data_set *set;
  const char *noise; /* as the user wrote it; NULL: none */
  const cli_noises *noises;
  double max_error; /* NaN: not given */
  base_arena arena;
  const char **signs; /* of the classes: those of the model that may be read, without "no glyph" */
  int classes;
  int *column;     /* of each class of the model; -1: may not be read */
  size_t count;    /* pictures of these signs */
  size_t total;    /* and of strangers */
  size_t unread;   /* pictures that gave no glyph; of which sign is not known */
  size_t left_out; /* not in --alphabet */
  uint8_t *pixels;
  uint16_t *labels; /* of a stranger: which of the strangers */
  float *probabilities;
  double seconds; /* of reading */
  double reject_below;
  train_metrics metrics;
  train_doubt doubt;
  size_t rejected;
  train_stranger *strangers; /* a row for each sign that the model does not know */
  size_t stranger_count;
} cli_scores;

void cli_scores_free(cli_scores *e);
void cli_scores_print(const cli_scores *e);
scrawl_status cli_scores_print_json(const cli_scores *e, base_error *error);
scrawl_status cli_scores_report(const cli_command *command, const char *path, const cli_scores *e,
                                base_error *error);

#endif
