/* Training and checkpoints on small pictures made here. The truth: what a run gives must not depend
 * on threads or on where it was stopped, to the bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bars.h"
#include "base/memory.h"
#include "data/file.h"
#include "read/model.h"
#include "train/batch.h"
#include "train/train.h"

static train_recipe make_recipe(void) {
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

static char folder[64];

static int make_folder(void **state) {
  (void)state;
  snprintf(folder, sizeof folder, "/tmp/scrawl-train-XXXXXX");
  return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state) {
  (void)state;
  static const char *const names[] = {"run.safetensors", "run.onnx"};
  for (size_t i = 0; i < 2; i++) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    unlink(path);
  }
  return rmdir(folder);
}

static char *stem(void) {
  return base_format("%s/run", folder);
}

/* The model file that a run ends in. */
typedef struct model_file {
  void *bytes;
  size_t size;
} model_file;

static model_file to_file(const train_outcome *outcome) {
  model_file file;
  base_error error;
  assert_ok(nn_onnx_write(outcome->graph, &outcome->metadata, &file.bytes, &file.size, &error),
            &error);
  return file;
}

static model_file train_whole(const train_recipe *recipe, const data_set *set, size_t threads) {
  base_pool *pool = base_pool_create(threads);
  train_setting setting = {.pool = pool};
  train_outcome outcome;
  base_error error;
  assert_ok(train_run(recipe, set, NULL, NULL, &setting, &outcome, &error), &error);
  model_file file = to_file(&outcome);
  train_outcome_free(&outcome);
  base_pool_free(pool);
  return file;
}

static void assert_same_file(model_file a, model_file b) {
  assert_int_equal(a.size, b.size);
  assert_memory_equal(a.bytes, b.bytes, a.size);
}

/* ---- training ---- */

static void test_it_learns_bars(void **state) {
  (void)state;
  data_set set = make_set(1), fresh = make_set(2);
  train_recipe recipe = make_recipe();
  recipe.epochs = 30;
  train_setting setting = {0};
  train_outcome outcome;
  base_error error;
  assert_ok(train_run(&recipe, &set, NULL, NULL, &setting, &outcome, &error), &error);
  assert_int_equal(outcome.history.count, 30);
  assert_int_equal(outcome.trained_on + outcome.validation.count, PICTURES);
  assert_true(outcome.metrics.accuracy >= 0.9);
  assert_true(outcome.history.epochs[29].loss < outcome.history.epochs[0].loss / 2);
  /* The weights kept are those of the best epoch. */
  const train_epoch *best = &outcome.history.epochs[outcome.history.best];
  for (size_t i = 0; i < 30; i++)
    assert_true(outcome.history.epochs[i].validation_accuracy <= best->validation_accuracy);
  assert_true(fabs(best->validation_accuracy - outcome.metrics.accuracy) < 1e-12);
  /* And they hold for pictures never seen. */
  nn_session *session;
  assert_ok(nn_session_create(outcome.graph, 1, NULL, NULL, &session, &error), &error);
  int right = 0;
  for (int i = 0; i < PICTURES; i++) {
    float input[SIDE * SIDE], output[CLASSES];
    for (int p = 0; p < SIDE * SIDE; p++) input[p] = (float)fresh.pixels[i * SIDE * SIDE + p] / 255;
    nn_session_run(session, input, 1, output);
    right += train_predict(output, CLASSES) == fresh.labels[i];
  }
  assert_true(right >= PICTURES * 85 / 100);
  nn_session_free(session);
  train_outcome_free(&outcome);
  data_set_free(&set);
  data_set_free(&fresh);
}

static void test_metadata_tells_how_it_was_made(void **state) {
  (void)state;
  data_set set = make_set(1);
  train_recipe recipe = make_recipe();
  recipe.epochs = 2;
  model_file file = train_whole(&recipe, &set, 1);
  nn_graph *graph;
  nn_metadata metadata;
  base_error error;
  assert_ok(nn_onnx_read(file.bytes, file.size, &graph, &metadata, &error), &error);
  assert_string_equal(nn_metadata_get(&metadata, READ_KEY_NAME), "bars");
  assert_string_equal(nn_metadata_get(&metadata, READ_KEY_ALPHABET), "-|/");
  assert_string_equal(nn_metadata_get(&metadata, READ_KEY_SCALE), "1");
  assert_string_equal(nn_metadata_get(&metadata, TRAIN_KEY_DATA), "bars, 90 pictures");
  assert_string_equal(nn_metadata_get(&metadata, TRAIN_KEY_SEED), "1");
  assert_string_equal(nn_metadata_get(&metadata, TRAIN_KEY_EPOCHS), "2");
  assert_non_null(strstr(nn_metadata_get(&metadata, TRAIN_KEY_RECIPE),
                         "--schedule cosine --epochs 2 --batch 16 --rate 0.01"));
  assert_non_null(nn_metadata_get(&metadata, READ_KEY_TEMPERATURE));
  train_history history;
  assert_ok(
      train_history_from_json(nn_metadata_get(&metadata, TRAIN_KEY_HISTORY), &history, &error),
      &error);
  assert_int_equal(history.count, 2);
  train_history_free(&history);
  nn_metadata_free(&metadata);
  nn_graph_free(graph);
  base_free(file.bytes);
  data_set_free(&set);
}

static void test_threads_change_no_bit(void **state) {
  (void)state;
  data_set set = make_set(1);
  train_recipe recipe = make_recipe();
  model_file one = train_whole(&recipe, &set, 1);
  for (size_t threads = 2; threads <= 3; threads++) {
    model_file more = train_whole(&recipe, &set, threads);
    assert_same_file(one, more);
    base_free(more.bytes);
  }
  recipe.seed = 2;
  model_file other = train_whole(&recipe, &set, 1);
  assert_false(one.size == other.size && memcmp(one.bytes, other.bytes, one.size) == 0);
  base_free(one.bytes);
  base_free(other.bytes);
  data_set_free(&set);
}

static void test_patience_ends_training(void **state) {
  (void)state;
  data_set set = make_set(1);
  train_recipe recipe = make_recipe();
  recipe.schedule.kind = NN_CONSTANT;
  recipe.schedule.rate = 1e-9; /* nothing is learnt: after the first epoch nothing gets better */
  recipe.trainer.average_decay = 0.999999;
  recipe.architecture = "dense 3, softmax";
  recipe.epochs = 50;
  recipe.patience = 3;
  train_setting setting = {0};
  train_outcome outcome;
  base_error error;
  assert_ok(train_run(&recipe, &set, NULL, NULL, &setting, &outcome, &error), &error);
  assert_int_equal(outcome.history.count, outcome.history.best + 1 + 3);
  train_outcome_free(&outcome);
  data_set_free(&set);
}

/* What the network was made to say, the temperature applied, is what its scores stand on: that "no
 * glyph", class `none`, is rarer than it was in the data is in its weights. */
static void assert_graph_says(const train_outcome *outcome, int none) {
  const data_set *set = &outcome->validation;
  double temperature = strtod(nn_metadata_get(&outcome->metadata, READ_KEY_TEMPERATURE), NULL);
  nn_session *session;
  base_error error;
  assert_ok(nn_session_create(outcome->graph, 1, NULL, NULL, &session, &error), &error);
  for (size_t i = 0; i < set->count; i++) {
    float input[SIDE * SIDE], output[CLASSES], sum = 0;
    for (int p = 0; p < SIDE * SIDE; p++)
      input[p] = (float)set->pixels[i * SIDE * SIDE + (size_t)p] / 255;
    nn_session_run(session, input, 1, output);
    for (int c = 0; c < CLASSES; c++)
      sum += output[c] = (float)pow((double)output[c], 1 / temperature);
    for (int c = 0, column = 0; c < CLASSES; c++)
      if (c != none)
        assert_float_equal(output[c] / sum,
                           outcome->probabilities[i * (size_t)(CLASSES - 1) + (size_t)column++],
                           1e-5);
  }
  nn_session_free(session);
}

/* The upright bars are called "no glyph": they leave the scores, their column the rows, and the rest
 * keeps its labels and pictures. */
static void test_no_glyph_is_taken_apart(void **state) {
  (void)state;
  data_set set = make_set(1);
  base_free(set.alphabet);
  set.alphabet = base_strdup("-" READ_NO_GLYPH "/");
  train_recipe recipe = make_recipe();
  /* Sure enough of its bars to find those of none although they are expected to be rare. */
  recipe.architecture =
      "conv 8 3x3 same, batchnorm, relu, pool 2, dense 24, relu, dense 3, softmax";
  recipe.epochs = 60;
  train_setting setting = {0};
  train_outcome outcome;
  base_error error;
  assert_ok(train_run(&recipe, &set, NULL, NULL, &setting, &outcome, &error), &error);
  const data_set *kept = &outcome.validation;
  assert_int_equal(outcome.none_count, 10); /* a quarter of 40 */
  assert_int_equal(kept->count, 20);
  assert_int_equal(outcome.metrics.n, 20);
  assert_int_equal(kept->classes, 2);
  assert_string_equal(kept->alphabet, "-/");
  assert_string_equal(nn_metadata_get(&outcome.metadata, READ_KEY_ALPHABET), set.alphabet);
  for (size_t i = 0; i < kept->count; i++) {
    const uint8_t *picture = kept->pixels + i * SIDE * SIDE;
    bool found = false;
    for (int p = 0; p < PICTURES && !found; p++)
      found = memcmp(picture, set.pixels + p * SIDE * SIDE, SIDE * SIDE) == 0 &&
              set.labels[p] == (kept->labels[i] == 0 ? 0 : 2);
    assert_true(found);
  }
  /* Sound scores: nearly all bars of signs are read, nearly all others rejected. */
  assert_true(outcome.metrics.errors <= 1);
  assert_true(outcome.rejected <= 2);
  assert_true(outcome.none_rejected >= 8);
  assert_int_equal(outcome.doubt.n, 20);
  char expected[80];
  snprintf(expected, sizeof expected, "%zu of 20 pictures of signs, %zu of 10 of none",
           outcome.rejected, outcome.none_rejected);
  assert_string_equal(nn_metadata_get(&outcome.metadata, TRAIN_KEY_REJECTED), expected);
  assert_string_equal(nn_metadata_get(&outcome.metadata, READ_KEY_NONE_SHARE), "0.05");
  assert_graph_says(&outcome, 1);
  train_outcome_free(&outcome);
  data_set_free(&set);
}

static void test_without_validation_the_last_weights_are_kept(void **state) {
  (void)state;
  data_set set = make_set(1);
  train_recipe recipe = make_recipe();
  recipe.validation = 0;
  train_setting setting = {0};
  train_outcome outcome;
  base_error error;
  assert_ok(train_run(&recipe, &set, NULL, NULL, &setting, &outcome, &error), &error);
  assert_int_equal(outcome.trained_on, PICTURES);
  assert_int_equal(outcome.history.best, 3);
  assert_int_equal(outcome.metrics.n, 0);
  assert_null(nn_metadata_get(&outcome.metadata, READ_KEY_TEMPERATURE));
  train_outcome_free(&outcome);
  data_set_free(&set);
}

static void test_training_goes_on_from_a_model(void **state) {
  (void)state;
  /* NULL: the very same network. */
  static const char *const architectures[] = {
      NULL, "conv 4 3x3 same, batchnorm, relu, pool 2, dropout 0.5, dense 3, softmax",
      "conv 4 5x5, batchnorm, relu, pool 2, dense 3, softmax",
      "conv 4 3x3 same, batchnorm, relu, pool 2, dense 8, dense 3, softmax"};
  data_set set = make_set(1);
  train_recipe recipe = make_recipe();
  train_setting setting = {0};
  train_outcome first;
  base_error error;
  assert_ok(train_run(&recipe, &set, NULL, NULL, &setting, &first, &error), &error);
  recipe.schedule.rate = 1e-7;
  recipe.epochs = 1;
  recipe.from = "bars";
  recipe.trainer.average_decay = 0;
  for (size_t a = 0; a < sizeof architectures / sizeof architectures[0]; a++) {
    train_outcome second;
    recipe.architecture = architectures[a];
    scrawl_status status = train_run(&recipe, &set, first.graph, NULL, &setting, &second, &error);
    if (a >= 2) {
      assert_int_equal(status, SCRAWL_INVALID_ARGUMENT);
      assert_non_null(strstr(error.message, "--arch differs"));
      continue;
    }
    assert_ok(status, &error);
    for (size_t i = 0; i < first.graph->parameter_count; i++)
      assert_true(fabsf(first.graph->parameters[i] - second.graph->parameters[i]) < 1e-5f);
    train_outcome_free(&second);
  }
  train_outcome_free(&first);
  data_set_free(&set);
}

static read_model *open_file(model_file file) {
  read_model *model;
  base_error error;
  assert_ok(read_model_open(file.bytes, file.size, &model, &error), &error);
  return model;
}

/* Half of the labels are wrong, a teacher knows better: all its share given, the labels do not
 * count at all. */
static void test_a_teacher_is_followed(void **state) {
  (void)state;
  data_set set = make_set(1), wrong = make_set(1), fresh = make_set(2);
  for (int i = 0; i < PICTURES; i += 2) wrong.labels[i] = (uint16_t)((wrong.labels[i] + 1) % 3);
  train_recipe recipe = make_recipe();
  recipe.epochs = 30;
  recipe.validation = 0;
  model_file teacher_file = train_whole(&recipe, &set, 1);
  read_model *teacher = open_file(teacher_file);
  recipe.seed = 2;
  recipe.teacher = "teacher";
  int right[2];
  for (int taught = 0; taught < 2; taught++) {
    train_setting setting = {0};
    train_outcome outcome;
    nn_session *session;
    base_error error;
    assert_ok(train_run(&recipe, &wrong, NULL, taught ? teacher : NULL, &setting, &outcome, &error),
              &error);
    assert_ok(nn_session_create(outcome.graph, 1, NULL, NULL, &session, &error), &error);
    right[taught] = 0;
    for (int i = 0; i < PICTURES; i++) {
      float input[SIDE * SIDE], output[CLASSES];
      for (int p = 0; p < SIDE * SIDE; p++)
        input[p] = (float)fresh.pixels[i * SIDE * SIDE + p] / 255;
      nn_session_run(session, input, 1, output);
      right[taught] += train_predict(output, CLASSES) == fresh.labels[i];
    }
    nn_session_free(session);
    train_outcome_free(&outcome);
  }
  assert_true(right[1] >= PICTURES * 9 / 10);
  assert_true(right[0] < right[1]);
  read_model_free(teacher);
  base_free(teacher_file.bytes);
  data_set_free(&set);
  data_set_free(&wrong);
  data_set_free(&fresh);
}

static void test_a_teacher_must_know_the_same_signs(void **state) {
  (void)state;
  data_set set = make_set(1);
  train_recipe recipe = make_recipe();
  recipe.epochs = 1;
  model_file file = train_whole(&recipe, &set, 1);
  read_model *teacher = open_file(file);
  train_setting setting = {0};
  train_outcome outcome;
  base_error error;
  set.alphabet[0] = '+';
  assert_int_equal(train_run(&recipe, &set, NULL, teacher, &setting, &outcome, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "the teacher knows the signs \"-|/\""));
  read_model_free(teacher);
  base_free(file.bytes);
  data_set_free(&set);
}

static void test_impossible_recipes_are_refused(void **state) {
  (void)state;
  data_set set = make_set(1);
  train_setting setting = {0};
  train_outcome outcome;
  base_error error;
  train_recipe recipe = make_recipe();
  recipe.architecture = "dense 4, softmax";
  assert_int_equal(train_run(&recipe, &set, NULL, NULL, &setting, &outcome, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_string_equal(error.message,
                      "the network ends in 4 numbers, bars train has 3 classes: end it "
                      "in 'dense 3, softmax'");
  recipe = make_recipe();
  recipe.validation = 0.95;
  assert_int_equal(train_run(&recipe, &set, NULL, NULL, &setting, &outcome, &error),
                   SCRAWL_INVALID_ARGUMENT);
  recipe = make_recipe();
  recipe.patience = 1;
  recipe.validation = 0;
  assert_int_equal(train_run(&recipe, &set, NULL, NULL, &setting, &outcome, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_null(outcome.graph);
  data_set_free(&set);
}

static void test_divergence_is_said(void **state) {
  (void)state;
  data_set set = make_set(1);
  train_recipe recipe = make_recipe();
  recipe.trainer = nn_trainer_defaults(NN_SGD);
  recipe.architecture = "conv 8 3x3, relu, conv 8 3x3, relu, dense 3, softmax";
  recipe.schedule.rate = 100;
  recipe.epochs = 50;
  recipe.scale = 255;
  train_setting setting = {0};
  train_outcome outcome;
  base_error error;
  scrawl_status status = train_run(&recipe, &set, NULL, NULL, &setting, &outcome, &error);
  if (status != SCRAWL_OK) { /* a clipped loss may also just stay bad */
    assert_int_equal(status, SCRAWL_LIMIT_EXCEEDED);
    assert_non_null(strstr(error.message, "lower --rate"));
  }
  train_outcome_free(&outcome);
  data_set_free(&set);
}

/* Whichever allocation fails, the run says so and leaves nothing behind (a sanitizer would see
 * it). */
static void test_exhausted_memory_is_survived(void **state) {
  (void)state;
  data_set set = make_set(1);
  train_recipe recipe = make_recipe();
  recipe.epochs = 1;
  train_setting setting = {0};
  scrawl_status status = SCRAWL_OUT_OF_MEMORY;
  int after = 0;
  for (; status == SCRAWL_OUT_OF_MEMORY && after < 2000; after++) {
    train_outcome outcome;
    base_error error = {0};
    base_alloc_fail_after(after);
    status = train_run(&recipe, &set, NULL, NULL, &setting, &outcome, &error);
    base_alloc_fail_after(-1);
    if (status == SCRAWL_OUT_OF_MEMORY) assert_null(outcome.graph);
    train_outcome_free(&outcome);
  }
  assert_int_equal(status, SCRAWL_OK);
  assert_true(after > 20);
  data_set_free(&set);
}

/* ---- stopping and going on ---- */

typedef struct stopper {
  atomic_bool stop;
  int steps, after;
  bool kill;
} stopper;

static void count_steps(void *argument, const train_progress *progress) {
  stopper *s = argument;
  (void)progress;
  if (++s->steps != s->after) return;
  if (s->kill) _exit(99);
  atomic_store(&s->stop, true);
}

static scrawl_status train_until(const train_recipe *recipe, const data_set *set, stopper *s,
                                 bool resume, train_outcome *outcome, base_error *error) {
  char *path = stem();
  train_setting setting = {.checkpoint = path,
                           .resume = resume,
                           .stop = &s->stop,
                           .observer = {.argument = s, .step = count_steps}};
  scrawl_status status = train_run(recipe, set, NULL, NULL, &setting, outcome, error);
  base_free(path);
  return status;
}

/* Stops every few steps, so that stops fall within and between epochs, and goes on each time. */
static void check_stops(const train_recipe *recipe, int steps_between) {
  data_set set = make_set(1);
  model_file whole = train_whole(recipe, &set, 2);
  scrawl_status status = SCRAWL_CANCELLED;
  int runs = 0;
  while (status == SCRAWL_CANCELLED && runs < 100) {
    stopper s = {.after = steps_between};
    train_outcome outcome;
    base_error error;
    status = train_until(recipe, &set, &s, runs++ > 0, &outcome, &error);
    if (status == SCRAWL_CANCELLED) continue;
    assert_ok(status, &error);
    model_file pieces = to_file(&outcome);
    assert_same_file(whole, pieces);
    base_free(pieces.bytes);
    train_outcome_free(&outcome);
  }
  assert_true(runs > 2);
  base_free(whole.bytes);
  data_set_free(&set);
}

static void test_stopped_and_resumed_gives_the_same_bits(void **state) {
  (void)state;
  train_recipe recipe = make_recipe();
  check_stops(&recipe, 5);
  recipe.trainer.optimiser = NN_SGD;
  recipe.trainer.nesterov = true;
  recipe.trainer.average_decay = 0;
  recipe.validation = 0;
  check_stops(&recipe, 7);
}

/* The process dies without a word in the middle of an epoch. */
static void test_killed_and_resumed_gives_the_same_bits(void **state) {
  (void)state;
  train_recipe recipe = make_recipe();
  data_set set = make_set(1);
  model_file whole = train_whole(&recipe, &set, 1);
  for (int after = 2; after < 24; after += 7) {
    pid_t child = fork();
    if (child == 0) {
      stopper s = {.after = after, .kill = true};
      train_outcome outcome;
      train_until(&recipe, &set, &s, false, &outcome, NULL);
      _exit(1);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(WEXITSTATUS(how), 99);
    stopper s = {0};
    train_outcome outcome;
    base_error error;
    assert_ok(train_until(&recipe, &set, &s, true, &outcome, &error), &error);
    model_file resumed = to_file(&outcome);
    assert_same_file(whole, resumed);
    base_free(resumed.bytes);
    train_outcome_free(&outcome);
  }
  base_free(whole.bytes);
  data_set_free(&set);
}

static void test_other_options_do_not_resume(void **state) {
  (void)state;
  data_set set = make_set(1), other = make_set(2);
  train_recipe recipe = make_recipe();
  stopper s = {.after = 3};
  train_outcome outcome;
  base_error error;
  assert_int_equal(train_until(&recipe, &set, &s, false, &outcome, &error), SCRAWL_CANCELLED);
  train_recipe changed = recipe;
  changed.schedule.rate = 0.02;
  s = (stopper){0};
  assert_int_equal(train_until(&changed, &set, &s, true, &outcome, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "was made with --rate 0.01, this run has 0.02"));
  changed = recipe;
  changed.trainer.optimiser = NN_SGD;
  assert_int_equal(train_until(&changed, &set, &s, true, &outcome, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "--optimiser"));
  assert_int_equal(train_until(&recipe, &other, &s, true, &outcome, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "data with digest"));
  data_set_free(&set);
  data_set_free(&other);
}

static void test_damaged_checkpoints_are_refused(void **state) {
  (void)state;
  data_set set = make_set(1);
  train_recipe recipe = make_recipe();
  stopper s = {.after = 3};
  train_outcome outcome;
  base_error error;
  assert_int_equal(train_until(&recipe, &set, &s, false, &outcome, &error), SCRAWL_CANCELLED);
  char path[128];
  snprintf(path, sizeof path, "%s/run.safetensors", folder);
  uint8_t *bytes;
  size_t size;
  assert_ok(data_file_read(path, 1 << 24, &bytes, &size, &error), &error);
  for (size_t keep = 0; keep < size; keep += keep < 4000 ? 97 : 1009) {
    assert_ok(data_file_write(path, bytes, keep, &error), &error);
    s = (stopper){0};
    assert_int_equal(train_until(&recipe, &set, &s, true, &outcome, &error), SCRAWL_BAD_FORMAT);
    assert_non_null(strstr(error.message, "run.safetensors"));
  }
  base_free(bytes);
  data_set_free(&set);
}

/* ---- batches and recipes ---- */

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
      cmocka_unit_test(test_it_learns_bars),
      cmocka_unit_test(test_metadata_tells_how_it_was_made),
      cmocka_unit_test(test_threads_change_no_bit),
      cmocka_unit_test(test_patience_ends_training),
      cmocka_unit_test(test_no_glyph_is_taken_apart),
      cmocka_unit_test(test_without_validation_the_last_weights_are_kept),
      cmocka_unit_test(test_training_goes_on_from_a_model),
      cmocka_unit_test(test_a_teacher_is_followed),
      cmocka_unit_test(test_a_teacher_must_know_the_same_signs),
      cmocka_unit_test(test_impossible_recipes_are_refused),
      cmocka_unit_test(test_divergence_is_said),
      cmocka_unit_test(test_exhausted_memory_is_survived),
      cmocka_unit_test(test_stopped_and_resumed_gives_the_same_bits),
      cmocka_unit_test(test_killed_and_resumed_gives_the_same_bits),
      cmocka_unit_test(test_other_options_do_not_resume),
      cmocka_unit_test(test_damaged_checkpoints_are_refused),
      cmocka_unit_test(test_batches_hold_each_picture_once),
      cmocka_unit_test(test_pairs_stand_for_no_glyph),
      cmocka_unit_test(test_batches_do_not_depend_on_threads),
      cmocka_unit_test(test_augmentation_is_read_from_text),
      cmocka_unit_test(test_augmentation_is_written_as_text),
      cmocka_unit_test(test_the_recipe_is_a_command),
      cmocka_unit_test(test_a_preset_may_carry_its_recipe),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
