/* A recipe: everything that decides the result of a training run, and nothing else.
 *
 * Two runs with the same recipe on the same data give the same bits, whatever the number of threads
 * and however often they were stopped and resumed. The recipe rides in the model as a command line
 * and in the checkpoint option by option. */
#ifndef TRAIN_RECIPE_H
#define TRAIN_RECIPE_H

#include "ink/ink.h"
#include "nn/trainer.h"

typedef struct train_recipe {
  const char *name; /* of the model */
  const char *data; /* the data set, as the user named it */
  /* The classes, what is left out and the share of READ_NO_GLYPH, as data/choose.h has them;
   * without an alphabet the data set is taken as it is. */
  const char *alphabet, *leave_out;
  double others;
  const char *architecture; /* a preset or a network as text; NULL: that of `from` */
  const char *from;         /* the model whose weights training starts from; NULL: random ones */
  const char *teacher;      /* the model whose probabilities are learnt (teacher.h); NULL: none */
  int epochs;
  /* its batch, optimiser and the rest; its seed is derived from `seed` */
  nn_trainer_options trainer;
  nn_schedule schedule;
  uint64_t seed;       /* weights, order, augmentation, dropout */
  double validation;   /* share of the data kept for validation; 0: none */
  uint64_t split_seed; /* which pictures these are */
  int patience;        /* epochs without a better validation before training stops; 0: never */
  ink_augmentation augmentation;
  double scale; /* full ink becomes this */
} train_recipe;

/* Adam at 0.001 (AdamW the same, SGD 0.05), batch 32, 5 epochs, a tenth for validation, everything
 * else off. */
train_recipe train_recipe_defaults(nn_optimiser optimiser);
/* What an architecture brings along: a preset may carry its recipe (`speedrun` does); the defaults
 * with Adam for every other one and for NULL. */
train_recipe train_recipe_for(const char *architecture);
/* Makes it a recipe for `optimiser`; for another than before with the default rate of that one. */
void train_recipe_optimise(train_recipe *recipe, nn_optimiser optimiser);
/* INVALID_ARGUMENT names the option, its value and the range. */
scrawl_status train_recipe_check(const train_recipe *recipe, base_error *error);

/* Named amounts of augmentation, ended by a row with a NULL name. */
typedef struct train_augmentation {
  const char *name;
  ink_augmentation amounts;
} train_augmentation;
extern const train_augmentation TRAIN_AUGMENTATIONS[];

/* "none", a name from the table, "rotation=10,shift=2", or a name and then what differs:
 * "standard,erase=0.2". */
scrawl_status train_augmentation_parse(const char *text, ink_augmentation *augmentation,
                                       base_error *error);
bool train_augmentation_any(const ink_augmentation *augmentation);

/* The recipe, one option after the other, in a fixed order; those that do not apply are left
 * out. */
enum { TRAIN_MAX_OPTIONS = 32 };
typedef struct train_option {
  const char *name;
  char *value;
} train_option;
typedef struct train_option_list {
  train_option items[TRAIN_MAX_OPTIONS];
  size_t count;
} train_option_list;

/* OUT_OF_MEMORY, with everything freed. */
scrawl_status train_recipe_list(const train_recipe *recipe, train_option_list *list,
                                base_error *error);
scrawl_status train_option_add(train_option_list *list, const char *name, const char *value,
                               base_error *error);
void train_option_list_free(train_option_list *list);
/* "scrawl train --data mnist ...", quoted for a shell; base_free it. NULL when memory is
 * exhausted. */
char *train_recipe_command(const train_option_list *list);

/* The shortest decimal text that reads back as the same double. `text` holds at least 32 bytes. */
const char *train_number(double value, char text[32]);

#endif
