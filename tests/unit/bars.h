/* A small data set made here and a recipe for it, for the tests of training and of reports. */
#ifndef UNIT_BARS_H
#define UNIT_BARS_H

#include "base/memory.h"
#include "data/set.h"
#include "train/recipe.h"

enum { SIDE = 12, CLASSES = 3, PICTURES = 120 };

/* Bars: flat, upright, slanting, at places and in levels drawn from a seed. */
static inline data_set make_set(uint64_t seed) {
  data_set set = {.name = base_strdup("bars train"),
                  .count = PICTURES,
                  .height = SIDE,
                  .width = SIDE,
                  .classes = CLASSES,
                  .alphabet = base_strdup("-|/"),
                  .pixels = base_alloc_zero(PICTURES, SIDE * SIDE),
                  .labels = base_alloc(PICTURES, sizeof(uint16_t))};
  base_random random = base_random_seed(seed);
  for (int i = 0; i < PICTURES; i++) {
    int label = i % CLASSES, at = 2 + (int)base_random_below(&random, 8);
    uint8_t *picture = set.pixels + i * SIDE * SIDE;
    for (int p = 1; p < SIDE - 1; p++) {
      int y = label == 0 ? at : p, x = label == 1 ? at : label == 0 ? p : SIDE - 1 - p;
      picture[y * SIDE + x] = (uint8_t)(120 + base_random_below(&random, 136));
    }
    for (int n = 0; n < 6; n++)
      picture[base_random_below(&random, SIDE * SIDE)] = (uint8_t)base_random_below(&random, 256);
    set.labels[i] = (uint16_t)label;
  }
  return set;
}

static inline train_recipe make_recipe(void) {
  train_recipe recipe = train_recipe_defaults(NN_ADAM);
  recipe.name = "bars";
  recipe.data = "bars";
  recipe.architecture = "conv 4 3x3 same, batchnorm, relu, pool 2, dropout 0.1, dense 3, softmax";
  recipe.epochs = 4;
  recipe.trainer.batch = 16;
  recipe.trainer.average_decay = 0.9;
  recipe.schedule.rate = 0.01;
  recipe.schedule.kind = NN_COSINE;
  recipe.validation = 0.25;
  recipe.augmentation = (ink_augmentation){.rotation = 4, .shift = 0.5, .noise = 0.05};
  return recipe;
}

static inline void assert_ok(scrawl_status status, const base_error *error) {
  if (status != SCRAWL_OK) fail_msg("%s: %s", scrawl_status_name(status), error->message);
}

#endif
