/* Training histories, and their text form for a model's metadata: one array for each figure. */
#include "train/history.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { MAX_EPOCHS = 1000000, FIGURES = 5 };

/* In the order of the fields of train_epoch. */
static const char *const FIGURE_NAMES[FIGURES] = {"rate", "loss", "accuracy", "validation_loss",
                                                  "validation_accuracy"};

static double *figure(train_epoch *epoch, int index) {
  double *const figures[FIGURES] = {&epoch->rate, &epoch->loss, &epoch->accuracy,
                                    &epoch->validation_loss, &epoch->validation_accuracy};
  return figures[index];
}

scrawl_status train_history_add(train_history *history, const train_epoch *epoch,
                                base_error *error) {
  size_t size = sizeof *history->epochs;
  train_epoch *grown =
      base_realloc(history->epochs, history->count * size, (history->count + 1) * size);
  if (!grown) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the history");
  history->epochs = grown;
  history->epochs[history->count++] = *epoch;
  return SCRAWL_OK;
}

void train_history_free(train_history *history) {
  base_free(history->epochs);
  *history = (train_history){0};
}

char *train_history_to_json(const train_history *history) {
  json_t *root = json_object();
  int failed = 0;
  if (history->best < history->count)
    failed |= json_object_set_new(root, "best", json_integer((json_int_t)history->best + 1));
  for (int f = 0; f < FIGURES; f++) {
    json_t *values = json_array();
    for (size_t i = 0; i < history->count; i++) {
      double value = *figure(&history->epochs[i], f);
      failed |= json_array_append_new(values, isfinite(value) ? json_real(value) : json_null());
    }
    failed |= json_object_set_new(root, FIGURE_NAMES[f], values);
  }
  char *text = failed ? NULL : json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(6));
  json_decref(root);
  char *copy = text ? base_strdup(text) : NULL;
  free(text);
  return copy;
}

static scrawl_status read_figures(const json_t *root, train_history *history, base_error *error) {
  size_t count = json_array_size(json_object_get(root, FIGURE_NAMES[0]));
  if (count > MAX_EPOCHS)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "the history has more than %d epochs",
                     MAX_EPOCHS);
  for (size_t i = 0; i < count; i++) {
    train_epoch epoch = {0};
    for (int f = 0; f < FIGURES; f++) {
      const json_t *values = json_object_get(root, FIGURE_NAMES[f]);
      const json_t *value = json_array_get(values, i);
      if (json_array_size(values) != count || !(json_is_number(value) || json_is_null(value)))
        return base_fail(error, SCRAWL_BAD_FORMAT, "the history's %s has no number for epoch %zu",
                         FIGURE_NAMES[f], i + 1);
      *figure(&epoch, f) = json_is_number(value) ? json_number_value(value) : (double)NAN;
    }
    BASE_TRY(train_history_add(history, &epoch, error));
  }
  json_int_t best = json_integer_value(json_object_get(root, "best"));
  history->best = best >= 1 && (size_t)best <= count ? (size_t)best - 1 : count;
  return SCRAWL_OK;
}

scrawl_status train_history_from_json(const char *json, train_history *history, base_error *error) {
  *history = (train_history){0};
  json_error_t fault;
  json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, &fault);
  if (!root)
    return base_fail(error, SCRAWL_BAD_FORMAT, "the history is no JSON: %s at byte %d", fault.text,
                     fault.position);
  scrawl_status status = read_figures(root, history, error);
  json_decref(root);
  if (status != SCRAWL_OK) train_history_free(history);
  return status;
}
