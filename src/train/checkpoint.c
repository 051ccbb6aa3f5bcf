/* Checkpoints in safetensors: the options as texts, the rest as tensors. */
#include "train/checkpoint.h"

#include <string.h>
#include <unistd.h>

#include "data/file.h"
#include "train/safetensors.h"

#define OPTION_PREFIX "option."
#define FORM_KEY      "scrawl-checkpoint"
#define FORM          "2" /* 1 had another digest of the data */

enum { POSITIONS = 4, SUMS = 2, EPOCH_DOUBLES = sizeof(train_epoch) / sizeof(double) };
#define MAX_CHECKPOINT_BYTES ((size_t)2 << 30) /* weights, best weights, two moments, an average */

/* The parts of a state as tensors that point into it, except the history. The same list serves both
 * ways. */
static scrawl_status list_vectors(const train_state *state, train_tensors *list,
                                  base_error *error) {
  const nn_graph *graph = state->graph, *kept = state->kept;
  BASE_TRY(train_tensors_add(list, "parameters", TRAIN_F32, graph->parameter_count,
                             graph->parameters, error));
  BASE_TRY(train_tensors_add(list, "state", TRAIN_F32, graph->state_count, graph->state, error));
  BASE_TRY(train_tensors_add(list, "kept-parameters", TRAIN_F32, kept->parameter_count,
                             kept->parameters, error));
  BASE_TRY(train_tensors_add(list, "kept-state", TRAIN_F32, kept->state_count, kept->state, error));
  nn_trainer_vector vectors[NN_TRAINER_VECTORS];
  size_t count = nn_trainer_vectors(state->trainer, vectors);
  for (size_t i = 0; i < count; i++)
    BASE_TRY(train_tensors_add(list, vectors[i].name, TRAIN_F32, vectors[i].count,
                               vectors[i].values, error));
  return SCRAWL_OK;
}

static scrawl_status save(const char *path, const train_state *state, train_tensors *file,
                          base_error *error) {
  BASE_TRY(list_vectors(state, file, error));
  const train_history *history = state->history;
  uint64_t position[POSITIONS] = {state->epoch, state->step, state->right, history->best};
  double sums[SUMS] = {state->loss_sum, state->seconds};
  BASE_TRY(train_tensors_add(file, "position", TRAIN_U64, POSITIONS, position, error));
  BASE_TRY(train_tensors_add(file, "sums", TRAIN_F64, SUMS, sums, error));
  BASE_TRY(train_tensors_add(file, "history", TRAIN_F64, history->count * EPOCH_DOUBLES,
                             history->epochs, error));
  uint64_t steps = nn_trainer_steps(state->trainer);
  BASE_TRY(train_tensors_add(file, "steps", TRAIN_U64, 1, &steps, error));
  BASE_TRY(train_tensors_note(file, FORM_KEY, FORM, error));
  for (size_t i = 0; i < state->identity->count; i++) {
    const train_option *option = &state->identity->items[i];
    size_t length = strlen(OPTION_PREFIX) + strlen(option->name);
    char *key = base_arena_alloc(&file->arena, length + 1, 1);
    if (!key) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the checkpoint");
    memcpy(key, OPTION_PREFIX, strlen(OPTION_PREFIX));
    memcpy(key + strlen(OPTION_PREFIX), option->name, strlen(option->name) + 1);
    BASE_TRY(train_tensors_note(file, key, option->value, error));
  }
  uint8_t *bytes;
  size_t size;
  BASE_TRY(train_safetensors_write(file, &bytes, &size, error));
  scrawl_status status = data_file_write(path, bytes, size, error);
  base_free(bytes);
  return status;
}

scrawl_status train_checkpoint_save(const char *path, const train_state *state, base_error *error) {
  train_tensors file;
  train_tensors_init(&file);
  scrawl_status status = save(path, state, &file, error);
  train_tensors_free(&file);
  return status;
}

/* ---- loading ---- */

static const char *dashes(const char *name) {
  return strchr(name, ' ') ? "" : "--";
}

static scrawl_status check_identity(const train_tensors *file, const train_option_list *identity,
                                    base_error *error) {
  const char *form = train_tensors_find_note(file, FORM_KEY);
  if (!form || strcmp(form, FORM) != 0)
    return base_fail(error, SCRAWL_BAD_FORMAT, "is no checkpoint of this version of Scrawl");
  static const char hint[] = "give the same options, or leave --resume out to begin anew";
  for (size_t n = 0; n < file->note_count; n++) {
    const char *key = file->notes[n].key;
    if (strncmp(key, OPTION_PREFIX, strlen(OPTION_PREFIX)) != 0) continue;
    const char *name = key + strlen(OPTION_PREFIX), *value = NULL;
    for (size_t i = 0; i < identity->count; i++)
      if (strcmp(identity->items[i].name, name) == 0) value = identity->items[i].value;
    if (!value)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                       "was made with %s%s %s, which this run lacks: %s", dashes(name), name,
                       file->notes[n].value, hint);
    if (strcmp(value, file->notes[n].value) != 0)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "was made with %s%s %s, this run has %s: %s",
                       dashes(name), name, file->notes[n].value, value, hint);
  }
  for (size_t i = 0; i < identity->count; i++) {
    const char *name = identity->items[i].name;
    bool found = false;
    for (size_t n = 0; n < file->note_count; n++)
      found |= strncmp(file->notes[n].key, OPTION_PREFIX, strlen(OPTION_PREFIX)) == 0 &&
               strcmp(file->notes[n].key + strlen(OPTION_PREFIX), name) == 0;
    if (!found)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "was made without %s%s: %s", dashes(name),
                       name, hint);
  }
  return SCRAWL_OK;
}

static scrawl_status find(const train_tensors *file, const char *name, train_type type,
                          size_t count, const train_tensor **tensor, base_error *error) {
  *tensor = train_tensors_find(file, name);
  if (!*tensor || (*tensor)->type != type || (*tensor)->count != count)
    return base_fail(error, SCRAWL_BAD_FORMAT, "has no '%s' of %zu numbers", name, count);
  return SCRAWL_OK;
}

static scrawl_status load_history(const train_tensors *file, uint64_t epochs, uint64_t best,
                                  train_history *history, base_error *error) {
  const train_tensor *tensor;
  if (epochs > SIZE_MAX / sizeof(train_epoch) || best > epochs)
    return base_fail(error, SCRAWL_BAD_FORMAT, "has %llu epochs", (unsigned long long)epochs);
  BASE_TRY(find(file, "history", TRAIN_F64, (size_t)epochs * EPOCH_DOUBLES, &tensor, error));
  for (size_t i = 0; i < epochs; i++)
    BASE_TRY(train_history_add(history, (const train_epoch *)tensor->values + i, error));
  history->best = (size_t)best;
  return SCRAWL_OK;
}

static scrawl_status load(const train_tensors *file, train_state *state, train_tensors *parts,
                          base_error *error) {
  BASE_TRY(check_identity(file, state->identity, error));
  BASE_TRY(list_vectors(state, parts, error));
  const train_tensor *tensor;
  for (size_t i = 0; i < parts->tensor_count; i++) {
    const train_tensor *part = &parts->tensors[i];
    BASE_TRY(find(file, part->name, TRAIN_F32, part->count, &tensor, error));
    if (part->count) memcpy((void *)part->values, tensor->values, part->count * sizeof(float));
  }
  BASE_TRY(find(file, "position", TRAIN_U64, POSITIONS, &tensor, error));
  const uint64_t *position = tensor->values;
  BASE_TRY(find(file, "sums", TRAIN_F64, SUMS, &tensor, error));
  const double *sums = tensor->values;
  BASE_TRY(find(file, "steps", TRAIN_U64, 1, &tensor, error));
  BASE_TRY(load_history(file, position[0], position[3], state->history, error));
  nn_trainer_set_steps(state->trainer, *(const uint64_t *)tensor->values);
  state->epoch = position[0];
  state->step = position[1];
  state->right = position[2];
  state->loss_sum = sums[0];
  state->seconds = sums[1];
  return SCRAWL_OK;
}

scrawl_status train_checkpoint_load(const char *path, train_state *state, base_error *error) {
  if (access(path, F_OK) != 0)
    return base_fail(error, SCRAWL_NOT_FOUND, "there is no checkpoint %s", path);
  uint8_t *bytes;
  size_t size;
  BASE_TRY(data_file_read(path, MAX_CHECKPOINT_BYTES, &bytes, &size, error));
  train_tensors file, parts;
  train_tensors_init(&parts);
  scrawl_status status = train_safetensors_read(bytes, size, &file, error);
  base_free(bytes);
  if (status == SCRAWL_OK) status = load(&file, state, &parts, error);
  if (status != SCRAWL_OK) base_fail_within(error, status, "checkpoint %s", path);
  train_tensors_free(&parts);
  train_tensors_free(&file);
  return status;
}
