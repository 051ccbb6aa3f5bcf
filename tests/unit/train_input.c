/* What training is given: batches, and recipes with their augmentation. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bars.h"
#include "base/memory.h"
#include "read/model.h"
#include "train/batch.h"

/* ---- batches ---- */

static void test_batches_hold_each_picture_once(void **state) {
  (void)state;
  data_set set = make_set(1);
  train_batches batches;
  uint32_t pictures[PICTURES];
  for (uint32_t i = 0; i < PICTURES; i++) pictures[i] = i;
  assert_int_equal(train_batches_create(&set, pictures, PICTURES, PICTURES, NULL, 255,
                                        base_random_seed(3), NULL, &batches, NULL),
                   SCRAWL_OK);
  uint32_t before[PICTURES];
  train_batches_shuffle(&batches, 0);
  memcpy(before, batches.order, sizeof before);
  train_batches_shuffle(&batches, 1);
  assert_memory_not_equal(before, batches.order, sizeof before);
  bool seen[PICTURES] = {false};
  train_batches_start(&batches, 0, PICTURES);
  const train_batch *all = train_batches_take(&batches);
  assert_int_equal(all->count, PICTURES);
  for (int i = 0; i < PICTURES; i++) {
    uint32_t picture = batches.order[i];
    assert_false(seen[picture]);
    seen[picture] = true;
    assert_int_equal(all->labels[i], set.labels[picture]);
    for (int p = 0; p < SIDE * SIDE; p++) /* raw pixels */
      assert_true(all->input[i * SIDE * SIDE + p] ==
                  (float)set.pixels[picture * SIDE * SIDE + (uint32_t)p]);
  }
  train_batches_free(&batches);
  data_set_free(&set);
}

/* Ones and sevens, each of one level, and pictures of no glyph, of another: what is made of two
 * glyphs has no such level, and only pictures of no glyph are. */
static void test_pairs_stand_for_no_glyph(void **state) {
  (void)state;
  enum { GLYPH = INK_GLYPH_SIDE, COUNT = 90 };
  data_set set = {.name = base_strdup("pairs"),
                  .count = COUNT,
                  .height = GLYPH,
                  .width = GLYPH,
                  .classes = 3,
                  .alphabet = base_strdup("17" READ_NO_GLYPH),
                  .pixels = base_alloc_zero(COUNT, INK_GLYPH_PIXELS),
                  .labels = base_alloc(COUNT, sizeof(uint16_t))};
  uint32_t pictures[COUNT];
  for (uint32_t i = 0; i < COUNT; i++) {
    pictures[i] = i;
    set.labels[i] = (uint16_t)(i % 3);
    for (int y = 4; y < 24; y++)
      for (int x = 12; x < 16; x++)
        set.pixels[(i * GLYPH + (uint32_t)y) * GLYPH + (uint32_t)x] = i % 3 == 2 ? 102 : 255;
  }
  for (int chance = 0; chance <= 1; chance++) {
    ink_augmentation augmentation = {.pair = chance};
    train_batches batches;
    assert_int_equal(train_batches_create(&set, pictures, COUNT, COUNT, &augmentation, 1,
                                          base_random_seed(3), NULL, &batches, NULL),
                     SCRAWL_OK);
    train_batches_shuffle(&batches, 0);
    train_batches_start(&batches, 0, COUNT);
    const train_batch *all = train_batches_take(&batches);
    int made = 0;
    for (int i = 0; i < COUNT; i++) {
      double ink = 0, most = 0;
      for (int p = 0; p < INK_GLYPH_PIXELS; p++) {
        double level = (double)all->input[i * INK_GLYPH_PIXELS + p];
        ink += level;
        most = fmax(most, level);
      }
      assert_int_equal(all->labels[i], set.labels[batches.order[i]]);
      bool changed = fabs(most - (all->labels[i] == 2 ? 0.4 : 1)) > 0.01;
      if (all->labels[i] != 2) assert_true(!changed && fabs(ink - 80) < 0.1);
      made += changed;
    }
    /* Two draws in three give a glyph. */
    if (chance == 0)
      assert_int_equal(made, 0);
    else
      assert_in_range(made, 5, 24);
    train_batches_free(&batches);
  }
  data_set_free(&set);
}

static void pass(void *argument, size_t index, size_t worker) {
  (void)argument, (void)index, (void)worker;
}

/* Every second picture, augmented, in batches of 7, each prepared while the pool runs something
 * else and the batch before is still in use. */
static void collect_batches(size_t threads, float *inputs, uint16_t *labels) {
  enum { COUNT = PICTURES / 2, BATCH = 7 };
  data_set set = make_set(1);
  uint32_t pictures[COUNT];
  for (uint32_t i = 0; i < COUNT; i++) pictures[i] = 2 * i;
  base_pool *pool = threads ? base_pool_create(threads) : NULL;
  ink_augmentation augmentation = {
      .rotation = 10, .elastic = 1, .elastic_sigma = 3, .noise = 0.1, .neighbour = 9};
  train_batches batches;
  assert_int_equal(train_batches_create(&set, pictures, COUNT, BATCH, &augmentation, 1,
                                        base_random_seed(3), pool, &batches, NULL),
                   SCRAWL_OK);
  train_batches_shuffle(&batches, 4);
  train_batches_start(&batches, 0, BATCH);
  for (size_t first = 0; first < COUNT;) {
    const train_batch *batch = train_batches_take(&batches);
    size_t next = first + (size_t)batch->count;
    if (next < COUNT)
      train_batches_start(&batches, next, (int)(COUNT - next < BATCH ? COUNT - next : BATCH));
    base_pool_run(pool, 100, pass, NULL);
    size_t floats = (size_t)batch->count * SIDE * SIDE;
    memcpy(inputs + first * SIDE * SIDE, batch->input, floats * sizeof *inputs);
    memcpy(labels + first, batch->labels, (size_t)batch->count * sizeof *labels);
    first = next;
  }
  train_batches_free(&batches);
  base_pool_free(pool);
  data_set_free(&set);
}

static void test_batches_do_not_depend_on_threads(void **state) {
  (void)state;
  static float one[PICTURES * SIDE * SIDE], more[PICTURES * SIDE * SIDE];
  uint16_t labels[2][PICTURES] = {{0}};
  collect_batches(0, one, labels[0]);
  for (size_t threads = 1; threads <= 4; threads++) {
    collect_batches(threads, more, labels[1]);
    assert_memory_equal(one, more, sizeof one);
    assert_memory_equal(labels[0], labels[1], sizeof labels[0]);
  }
}

/* ---- recipes ---- */

static void test_augmentation_is_read_from_text(void **state) {
  (void)state;
  ink_augmentation a;
  base_error error;
  assert_int_equal(train_augmentation_parse("none", &a, &error), SCRAWL_OK);
  assert_false(train_augmentation_any(&a));
  assert_int_equal(train_augmentation_parse("rotation=3,shift=1.5", &a, &error), SCRAWL_OK);
  assert_true(a.rotation == 3 && a.shift == 1.5 && a.scale == 0);
  assert_int_equal(train_augmentation_parse("standard,rotation=0,elastic=2", &a, &error),
                   SCRAWL_OK);
  assert_true(a.rotation == 0 && a.elastic == 2 && a.elastic_sigma > 0 && a.shear > 0);
  static const char *const wrong[] = {"",
                                      "much",
                                      "rotation",
                                      "rotation=",
                                      "rotation=x",
                                      "rotation=-1",
                                      "rotation=nan",
                                      "erase=2",
                                      "noise-chance=1.5",
                                      "jpeg=100",
                                      "shift=1,",
                                      "shift=1,standard"};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
    assert_int_equal(train_augmentation_parse(wrong[i], &a, &error), SCRAWL_INVALID_ARGUMENT);
}

/* What a recipe says of its augmentation is all that there is to say. */
static void test_augmentation_is_written_as_text(void **state) {
  (void)state;
  base_error error;
  for (const train_augmentation *named = TRAIN_AUGMENTATIONS; named->name; named++) {
    ink_augmentation parsed;
    train_recipe recipe = make_recipe();
    train_option_list list;
    assert_int_equal(train_augmentation_parse(named->name, &recipe.augmentation, &error),
                     SCRAWL_OK);
    assert_true(train_augmentation_any(&recipe.augmentation));
    assert_int_equal(train_recipe_list(&recipe, &list, &error), SCRAWL_OK);
    bool found = false;
    for (size_t i = 0; i < list.count; i++) {
      if (strcmp(list.items[i].name, "augment") != 0) continue;
      found = true;
      assert_int_equal(train_augmentation_parse(list.items[i].value, &parsed, &error), SCRAWL_OK);
      assert_memory_equal(&parsed, &named->amounts, sizeof parsed);
    }
    assert_true(found);
    train_option_list_free(&list);
  }
  ink_augmentation a;
  assert_int_equal(train_augmentation_parse("noise-chance=0.5", &a, &error), SCRAWL_OK);
  assert_false(train_augmentation_any(&a));
}

static void test_the_recipe_is_a_command(void **state) {
  (void)state;
  train_recipe recipe = make_recipe();
  recipe.name = "it's";
  train_option_list list;
  assert_int_equal(train_recipe_list(&recipe, &list, NULL), SCRAWL_OK);
  char *command = train_recipe_command(&list);
  assert_string_equal(
      command, "scrawl train --data bars --arch 'conv 4 3x3 same, batchnorm, relu, pool 2, dropout "
               "0.1, dense "
               "3, softmax' --name 'it'\\''s' --optimiser adam --schedule cosine --epochs 4 "
               "--batch 16 --rate "
               "0.01 --warm-up 0 --weight-decay 0 --label-smoothing 0 --average 0.9 --augment "
               "rotation=4,shift=0.5,noise=0.05 --scale 1 --validation 0.25 --patience 0 --seed 1 "
               "--split-seed "
               "1");
  base_free(command);
  train_option_list_free(&list);
}

static void assert_command(const train_recipe *recipe, const char *expected) {
  train_option_list list;
  assert_int_equal(train_recipe_list(recipe, &list, NULL), SCRAWL_OK);
  char *command = train_recipe_command(&list);
  assert_string_equal(command, expected);
  base_free(command);
  train_option_list_free(&list);
}

static void test_a_preset_may_carry_its_recipe(void **state) {
  (void)state;
  static const char plain[] =
      "scrawl train --optimiser adam --schedule constant --epochs 5 --batch 32 --rate 0.001 "
      "--warm-up 0 --weight-decay 0 --label-smoothing 0 --average 0 --augment none --scale 1 "
      "--validation 0.1 --patience 0 --seed 1 --split-seed 1";
  const char *const without[] = {NULL, "", "seed-keras", "dense 10", "speedruns"};
  for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
    train_recipe recipe = train_recipe_for(without[i]);
    assert_command(&recipe, plain);
  }
  train_recipe recipe = train_recipe_for("speedrun");
  assert_int_equal(train_recipe_check(&recipe, NULL), SCRAWL_OK);
  assert_command(&recipe,
                 "scrawl train --optimiser sgd --schedule one-cycle --epochs 1 --batch 64 --rate "
                 "0.8 --warm-up 0.2 --nesterov 0.9 --weight-decay 0.0005 --label-smoothing 0.1 "
                 "--average 0 --augment none --scale 1 --validation 0.02 --patience 0 --seed 1 "
                 "--split-seed 1");
  /* Its rate is one for its optimiser; another begins with its own. */
  train_recipe_optimise(&recipe, NN_SGD);
  assert_true(recipe.schedule.rate == 0.8);
  train_recipe_optimise(&recipe, NN_ADAMW);
  assert_true(recipe.schedule.rate == 0.001);
  assert_int_equal(recipe.schedule.kind, NN_ONE_CYCLE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_batches_hold_each_picture_once),
      cmocka_unit_test(test_pairs_stand_for_no_glyph),
      cmocka_unit_test(test_batches_do_not_depend_on_threads),
      cmocka_unit_test(test_augmentation_is_read_from_text),
      cmocka_unit_test(test_augmentation_is_written_as_text),
      cmocka_unit_test(test_the_recipe_is_a_command),
      cmocka_unit_test(test_a_preset_may_carry_its_recipe),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
