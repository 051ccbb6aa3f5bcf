/* The training loop.
 *
 * An epoch goes once over the shuffled training pictures; after it the weights (their moving
 * average where one is kept) are scored on the validation pictures, the best so far are kept (most
 * right, then lowest loss), and a checkpoint is written. While a step trains on one batch, idle
 * threads prepare the next of the epoch. */
#include "train/train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/progress.h"
#include "data/file.h"
#include "nn/session.h"
#include "nn/spec.h"
#include "train/batch.h"
#include "train/calibrate.h"
#include "train/checkpoint.h"
#include "train/network.h"
#include "train/teacher.h"

enum { PREDICT_BATCH = 64 };
/* Streams of the seed. */
enum { STREAM_WEIGHTS, STREAM_BATCHES, STREAM_DROPOUT };

typedef struct run {
  const train_recipe *recipe;
  const train_setting *setting;
  train_outcome *outcome;
  const data_set *set;
  uint32_t *pictures;        /* of the set: those learnt from, then those of the validation part */
  size_t count;              /* learnt from */
  train_option_list options; /* the recipe as text */
  train_option_list identity;
  char *checkpoint, *checkpoint_model; /* paths; NULL: none */
  nn_graph *graph;                     /* being trained */
  nn_graph *candidate;                 /* as it would be used: averaged */
  nn_session *session;                 /* of the candidate */
  nn_trainer *trainer;
  train_batches batches;
  train_teacher *teacher; /* NULL: none */
  float *input;           /* PREDICT_BATCH pictures */
  train_state state;
  uint64_t steps_per_epoch;
  double started;   /* of this process's part */
  uint64_t resumed; /* steps that were done before it */
} run;

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for training");
}

/* ---- setting up ---- */

static scrawl_status split_data(run *r, const data_set *set, base_error *error) {
  if (set->count < 1 || set->classes < 2)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s has %zu pictures of %d classes: too few",
                     set->name, set->count, set->classes);
  if (set->count > UINT32_MAX)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%s: more than %u pictures", set->name,
                     UINT32_MAX);
  r->pictures = base_alloc(set->count, sizeof *r->pictures);
  if (!r->pictures) return no_memory(error);
  r->set = set;
  r->count = set->count;
  if (r->recipe->validation > 0) {
    BASE_TRY(data_set_split(set, r->recipe->validation, r->recipe->split_seed, r->pictures,
                            &r->count, error));
    BASE_TRY(data_set_take(set, "validation part", r->pictures + r->count, set->count - r->count,
                           &r->outcome->validation, error));
  } else {
    for (size_t i = 0; i < set->count; i++) r->pictures[i] = (uint32_t)i;
  }
  r->outcome->trained_on = r->count;
  r->steps_per_epoch = (r->count - 1) / (size_t)r->recipe->trainer.batch + 1;
  return SCRAWL_OK;
}

/* FNV-1a's step on a word of eight bytes, the high half folded down after each product, which by
 * itself only carries upwards: enough to notice other data; no defence. */
static uint64_t digest_word(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 32;
}

static const uint64_t DIGEST_START = 0xCBF29CE484222325u;

static uint64_t digest(uint64_t hash, const void *bytes, size_t size) {
  const uint8_t *at = bytes, *end = at + size;
  uint64_t word = 0;
  for (; end - at >= (ptrdiff_t)sizeof word; at += sizeof word) {
    memcpy(&word, at, sizeof word);
    hash = digest_word(hash, word);
  }
  word = 0;
  memcpy(&word, at, (size_t)(end - at));
  return digest_word(hash, word);
}

static scrawl_status add_digest(run *r, const char *what, uint64_t value, base_error *error) {
  char text[32];
  snprintf(text, sizeof text, "%016llx", (unsigned long long)value);
  return train_option_add(&r->identity, what, text, error);
}

static uint64_t digest_weights(const nn_graph *graph) {
  return digest(DIGEST_START, graph->parameters, graph->parameter_count * sizeof(float));
}

static scrawl_status make_identity(run *r, const data_set *set, const read_model *teacher,
                                   base_error *error) {
  BASE_TRY(train_recipe_list(r->recipe, &r->options, error));
  for (size_t i = 0; i < r->options.count; i++)
    BASE_TRY(
        train_option_add(&r->identity, r->options.items[i].name, r->options.items[i].value, error));
  size_t pixels = set->count * (size_t)set->width * (size_t)set->height;
  uint64_t data = digest(digest(DIGEST_START, set->pixels, pixels), set->labels,
                         set->count * sizeof *set->labels);
  BASE_TRY(add_digest(r, "data with digest", data, error));
  if (teacher)
    BASE_TRY(add_digest(r, "teacher's weights with digest", digest_weights(teacher->graph), error));
  return add_digest(r, "first weights with digest", digest_weights(r->graph), error);
}

static scrawl_status make_machinery(run *r, base_random random, base_error *error) {
  nn_trainer_options options = r->recipe->trainer;
  base_random dropout = base_random_split(&random, STREAM_DROPOUT);
  options.seed = base_random_next(&dropout);
  BASE_TRY(nn_graph_copy(r->graph, &r->candidate, error));
  BASE_TRY(nn_graph_copy(r->graph, &r->outcome->graph, error));
  BASE_TRY(
      nn_session_create(r->candidate, PREDICT_BATCH, r->setting->pool, NULL, &r->session, error));
  BASE_TRY(nn_trainer_create(r->graph, &options, r->setting->pool, NULL, &r->trainer, error));
  const ink_augmentation *augmentation = &r->recipe->augmentation;
  BASE_TRY(train_batches_create(r->set, r->pictures, r->count, options.batch,
                                train_augmentation_any(augmentation) ? augmentation : NULL,
                                r->recipe->scale, base_random_split(&random, STREAM_BATCHES),
                                r->setting->pool, &r->batches, error));
  size_t pixels = (size_t)r->set->width * (size_t)r->set->height;
  r->input = base_alloc(PREDICT_BATCH * pixels, sizeof(float));
  if (!r->input) return no_memory(error);
  size_t validation = r->outcome->validation.count;
  if (validation) {
    r->outcome->probabilities = base_alloc(validation, (size_t)r->set->classes * sizeof(float));
    if (!r->outcome->probabilities) return no_memory(error);
  }
  r->state = (train_state){.identity = &r->identity,
                           .graph = r->graph,
                           .trainer = r->trainer,
                           .kept = r->outcome->graph,
                           .history = &r->outcome->history};
  return SCRAWL_OK;
}

static scrawl_status set_up(run *r, const data_set *set, const nn_graph *from,
                            const read_model *teacher, base_error *error) {
  BASE_TRY(train_recipe_check(r->recipe, error));
  BASE_TRY(split_data(r, set, error));
  base_random random = base_random_seed(r->recipe->seed);
  BASE_TRY(train_make_network(r->recipe, set, from, base_random_split(&random, STREAM_WEIGHTS),
                              &r->graph, error));
  BASE_TRY(make_identity(r, set, teacher, error));
  BASE_TRY(make_machinery(r, random, error));
  if (teacher)
    BASE_TRY(train_teacher_create(teacher, r->recipe, set, r->setting->pool, &r->teacher, error));
  if (r->setting->checkpoint) {
    r->checkpoint = base_format("%s.safetensors", r->setting->checkpoint);
    r->checkpoint_model = base_format("%s.onnx", r->setting->checkpoint);
    if (!r->checkpoint || !r->checkpoint_model) return no_memory(error);
  }
  return SCRAWL_OK;
}

static void tear_down(run *r) {
  nn_session_free(r->session);
  nn_trainer_free(r->trainer);
  nn_graph_free(r->candidate);
  nn_graph_free(r->graph);
  train_batches_free(&r->batches);
  train_teacher_free(r->teacher);
  base_free(r->input);
  base_free(r->checkpoint);
  base_free(r->checkpoint_model);
  train_option_list_free(&r->options);
  train_option_list_free(&r->identity);
  base_free(r->pictures);
}

/* ---- scoring ---- */

/* The weights as they would be used now. */
static void take_candidate(run *r) {
  nn_trainer_average(r->trainer, r->candidate->parameters, r->candidate->state);
}

static void copy_weights(const nn_graph *from, nn_graph *to) {
  memcpy(to->parameters, from->parameters, to->parameter_count * sizeof(float));
  if (to->state_count) memcpy(to->state, from->state, to->state_count * sizeof(float));
}

/* Probabilities of the validation pictures by the candidate. */
static void predict_validation(run *r) {
  const data_set *set = &r->outcome->validation;
  size_t pixels = (size_t)set->width * (size_t)set->height, classes = (size_t)set->classes;
  bool logits = r->graph->nodes[r->graph->node_count - 1].kind != NN_SOFTMAX;
  nn_session_refresh(r->session);
  for (size_t first = 0; first < set->count; first += PREDICT_BATCH) {
    size_t count = set->count - first < PREDICT_BATCH ? set->count - first : PREDICT_BATCH;
    const uint8_t *from = set->pixels + first * pixels;
    for (size_t i = 0; i < count * pixels; i++)
      r->input[i] = (float)(from[i] * r->recipe->scale / 255.0);
    float *rows = r->outcome->probabilities + first * classes;
    nn_session_run(r->session, r->input, (int)count, rows);
    if (logits) train_softmax(rows, count, set->classes);
  }
}

/* Whether the candidate is the best so far. */
static bool score_epoch(run *r, train_epoch *epoch) {
  const data_set *set = &r->outcome->validation;
  epoch->validation_loss = epoch->validation_accuracy = (double)NAN;
  if (set->count == 0) return true;
  size_t right;
  predict_validation(r);
  train_score(r->outcome->probabilities, set->labels, set->count, set->classes,
              &epoch->validation_loss, &right);
  epoch->validation_accuracy = (double)right / (double)set->count;
  const train_history *history = &r->outcome->history;
  if (history->best >= history->count) return true;
  const train_epoch *best = &history->epochs[history->best];
  if (epoch->validation_accuracy != best->validation_accuracy)
    return epoch->validation_accuracy > best->validation_accuracy;
  return epoch->validation_loss < best->validation_loss;
}

/* ---- metadata and files ---- */

/* What is known at any time. */
static scrawl_status describe(const run *r, nn_metadata *metadata, base_error *error) {
  const train_recipe *recipe = r->recipe;
  char number[32];
  BASE_TRY(nn_metadata_set(metadata, READ_KEY_NAME, recipe->name ? recipe->name : "", error));
  BASE_TRY(nn_metadata_set(metadata, READ_KEY_VERSION, scrawl_version(), error));
  BASE_TRY(nn_metadata_set(metadata, READ_KEY_ALPHABET, r->set->alphabet, error));
  BASE_TRY(nn_metadata_set(metadata, READ_KEY_SCALE, train_number(recipe->scale, number), error));
  BASE_TRY(train_put_text(metadata, TRAIN_KEY_DATA,
                          base_format("%s, %zu pictures", recipe->data, r->count), error));
  BASE_TRY(train_put_text(metadata, TRAIN_KEY_ARCHITECTURE, nn_spec_format(r->graph), error));
  BASE_TRY(train_put_text(metadata, TRAIN_KEY_RECIPE, train_recipe_command(&r->options), error));
  BASE_TRY(train_put_text(metadata, TRAIN_KEY_SEED,
                          base_format("%llu", (unsigned long long)recipe->seed), error));
  BASE_TRY(train_put_text(metadata, TRAIN_KEY_SPLIT_SEED,
                          base_format("%llu", (unsigned long long)recipe->split_seed), error));
  BASE_TRY(train_put_text(metadata, TRAIN_KEY_EPOCHS, base_format("%zu", r->outcome->history.count),
                          error));
  return train_put_text(metadata, TRAIN_KEY_HISTORY, train_history_to_json(&r->outcome->history),
                        error);
}

static scrawl_status write_checkpoint(run *r, base_error *error) {
  return r->checkpoint ? train_checkpoint_save(r->checkpoint, &r->state, error) : SCRAWL_OK;
}

/* The candidate or the best so far as a model that can be tried while training goes on. */
static scrawl_status write_model(run *r, const nn_graph *graph, base_error *error) {
  if (!r->checkpoint_model) return SCRAWL_OK;
  nn_metadata metadata = {0};
  void *bytes = NULL;
  size_t size;
  scrawl_status status = describe(r, &metadata, error);
  if (status == SCRAWL_OK) status = nn_onnx_write(graph, &metadata, &bytes, &size, error);
  if (status == SCRAWL_OK) status = data_file_write(r->checkpoint_model, bytes, size, error);
  base_free(bytes);
  nn_metadata_free(&metadata);
  return status;
}

static scrawl_status calibrate(run *r, base_error *error) {
  copy_weights(r->outcome->graph, r->candidate);
  predict_validation(r);
  return train_calibrate(r->outcome, error);
}

/* ---- the loop ---- */

static bool stopping(const run *r) {
  return r->setting->stop && atomic_load(r->setting->stop);
}

static train_progress progress_of(const run *r) {
  uint64_t seen = r->state.step * (uint64_t)r->recipe->trainer.batch;
  size_t pictures = seen < r->count ? (size_t)seen : r->count;
  uint64_t done = r->state.epoch * r->steps_per_epoch + r->state.step;
  uint64_t total = (uint64_t)r->recipe->epochs * r->steps_per_epoch;
  double elapsed = base_clock() - r->started;
  return (train_progress){
      .epoch = (int)r->state.epoch + 1,
      .epochs = r->recipe->epochs,
      .pictures = pictures,
      .picture_count = r->count,
      .loss = pictures ? r->state.loss_sum / (double)pictures : 0,
      .accuracy = pictures ? (double)r->state.right / (double)pictures : 0,
      .seconds_left =
          done > r->resumed ? elapsed / (double)(done - r->resumed) * (double)(total - done) : 0,
  };
}

/* Begins to prepare the batch of step `step` of this epoch, if there is one. */
static void start_batch(run *r, uint64_t step) {
  size_t batch = (size_t)r->recipe->trainer.batch, first = (size_t)step * batch;
  if (first >= r->count) return;
  size_t left = r->count - first;
  train_batches_start(&r->batches, first, (int)(left < batch ? left : batch));
}

static scrawl_status train_step(run *r, base_error *error) {
  train_state *state = &r->state;
  uint64_t step = state->epoch * r->steps_per_epoch + state->step;
  double loss, rate = nn_schedule_rate(&r->recipe->schedule, step,
                                       (uint64_t)r->recipe->epochs * r->steps_per_epoch);
  const train_batch *batch = train_batches_take(&r->batches);
  int correct;
  start_batch(r, state->step + 1);
  const float *said = r->teacher ? train_teacher_say(r->teacher, batch) : NULL;
  nn_trainer_step(r->trainer, batch->input, batch->labels, said, batch->count, rate, &loss,
                  &correct);
  if (!isfinite(loss))
    return base_fail(
        error, SCRAWL_LIMIT_EXCEEDED,
        "the loss is no longer a number in step %llu of epoch %llu: training diverges; "
        "try a lower --rate than %g",
        (unsigned long long)state->step + 1, (unsigned long long)state->epoch + 1,
        r->recipe->schedule.rate);
  state->loss_sum += loss * batch->count;
  state->right += (uint64_t)correct;
  state->step++;
  if (r->setting->observer.step) {
    train_progress progress = progress_of(r);
    r->setting->observer.step(r->setting->observer.argument, &progress);
  }
  return SCRAWL_OK;
}

static scrawl_status end_epoch(run *r, base_error *error) {
  train_state *state = &r->state;
  train_history *history = &r->outcome->history;
  train_progress progress = progress_of(r);
  uint64_t last = (state->epoch + 1) * r->steps_per_epoch - 1;
  train_epoch epoch = {
      .rate = nn_schedule_rate(&r->recipe->schedule, last,
                               (uint64_t)r->recipe->epochs * r->steps_per_epoch),
      .loss = progress.loss,
      .accuracy = progress.accuracy,
      .seconds = state->seconds,
  };
  take_candidate(r);
  bool kept = score_epoch(r, &epoch);
  if (kept) {
    copy_weights(r->candidate, r->outcome->graph);
    history->best = history->count;
  }
  BASE_TRY(train_history_add(history, &epoch, error));
  state->epoch++;
  state->step = state->right = 0;
  state->loss_sum = state->seconds = 0;
  if (kept) BASE_TRY(write_model(r, r->outcome->graph, error));
  BASE_TRY(write_checkpoint(r, error));
  if (r->setting->observer.epoch)
    r->setting->observer.epoch(r->setting->observer.argument, &progress, &epoch, kept);
  return SCRAWL_OK;
}

static scrawl_status train_epochs(run *r, base_error *error) {
  train_state *state = &r->state;
  const train_history *history = &r->outcome->history;
  while (state->epoch < (uint64_t)r->recipe->epochs) {
    if (r->recipe->patience && history->count - history->best > (size_t)r->recipe->patience) break;
    train_batches_shuffle(&r->batches, (size_t)state->epoch);
    start_batch(r, state->step);
    double begun = base_clock() - state->seconds;
    while (state->step < r->steps_per_epoch) {
      if (stopping(r)) {
        BASE_TRY(write_checkpoint(r, error));
        return base_fail(error, SCRAWL_CANCELLED,
                         "stopped in epoch %llu of %d after %llu of %llu steps",
                         (unsigned long long)state->epoch + 1, r->recipe->epochs,
                         (unsigned long long)state->step, (unsigned long long)r->steps_per_epoch);
      }
      BASE_TRY(train_step(r, error));
      state->seconds = base_clock() - begun;
    }
    BASE_TRY(end_epoch(r, error));
  }
  return SCRAWL_OK;
}

static scrawl_status begin(run *r, base_error *error) {
  if (r->checkpoint && r->setting->resume) {
    scrawl_status status = train_checkpoint_load(r->checkpoint, &r->state, error);
    const train_state *state = &r->state;
    if (status == SCRAWL_OK &&
        (state->epoch > (uint64_t)r->recipe->epochs || state->step > r->steps_per_epoch))
      return base_fail(error, SCRAWL_BAD_FORMAT, "checkpoint %s: stands at no step of this run",
                       r->checkpoint);
    if (status != SCRAWL_NOT_FOUND && status != SCRAWL_OK) return status;
    if (status == SCRAWL_OK && r->setting->observer.resumed)
      r->setting->observer.resumed(r->setting->observer.argument, (int)state->epoch);
    if (status == SCRAWL_NOT_FOUND) BASE_TRY(write_checkpoint(r, error));
  } else {
    BASE_TRY(write_checkpoint(r, error));
  }
  r->started = base_clock();
  r->resumed = r->state.epoch * r->steps_per_epoch + r->state.step;
  return SCRAWL_OK;
}

scrawl_status train_run(const train_recipe *recipe, const data_set *set, const nn_graph *from,
                        const read_model *teacher, const train_setting *setting,
                        train_outcome *outcome, base_error *error) {
  *outcome = (train_outcome){0};
  run r = {.recipe = recipe, .setting = setting, .outcome = outcome};
  scrawl_status status = set_up(&r, set, from, teacher, error);
  if (status == SCRAWL_OK) status = begin(&r, error);
  if (status == SCRAWL_OK) status = train_epochs(&r, error);
  if (status == SCRAWL_OK) status = describe(&r, &outcome->metadata, error);
  if (status == SCRAWL_OK && outcome->validation.count) status = calibrate(&r, error);
  tear_down(&r);
  if (status != SCRAWL_OK) train_outcome_free(outcome);
  return status;
}

void train_outcome_free(train_outcome *outcome) {
  nn_graph_free(outcome->graph);
  nn_metadata_free(&outcome->metadata);
  train_history_free(&outcome->history);
  data_set_free(&outcome->validation);
  base_free(outcome->probabilities);
  train_metrics_free(&outcome->metrics);
  train_doubt_free(&outcome->doubt);
  *outcome = (train_outcome){0};
}
