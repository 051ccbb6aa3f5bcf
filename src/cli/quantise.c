/* Quantising a model for scrawl model export --int8: a few pictures of a training part show what
 * the activations are like (nn/quantise.h); their labels are not looked at. */
#include "cli/quantise.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cli/open.h"
#include "nn/quantise.h"
#include "train/train.h"

static const char KEY_QUANTISED[] = "quantised";
enum { DRAW_SEED = 1 };

/* "mnist, 54996 pictures": the name in front, if it is that of a set known here. */
static const char *trained_on(const nn_metadata *metadata, char name[64]) {
  const char *data = nn_metadata_get(metadata, TRAIN_KEY_DATA);
  if (!data) return NULL;
  snprintf(name, 64, "%.*s", (int)strcspn(data, ", "), data);
  return data_known_get(name) ? name : NULL;
}

/* `count` pictures of the set as the network takes them, drawn without repetition. */
static scrawl_status draw(const data_set *set, double scale, size_t count, float *pictures,
                          base_error *error) {
  size_t pixels = (size_t)set->height * (size_t)set->width;
  uint32_t *order = base_alloc(set->count, sizeof *order);
  if (!order) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to quantise");
  for (size_t i = 0; i < set->count; i++) order[i] = (uint32_t)i;
  base_random random = base_random_seed(DRAW_SEED);
  base_random_shuffle(&random, order, set->count);
  for (size_t i = 0; i < count; i++)
    for (size_t p = 0; p < pixels; p++)
      pictures[i * pixels + p] = (float)(set->pixels[order[i] * pixels + p] * scale / 255);
  base_free(order);
  return SCRAWL_OK;
}

static scrawl_status quantise_with(const read_model *model, const data_set *set, size_t count,
                                   nn_graph **quantised, base_error *error) {
  nn_shape input = nn_graph_input(model->graph);
  *quantised = NULL;
  if (set->height != input.h || set->width != input.w || input.c != 1)
    return base_fail(error, SCRAWL_UNSUPPORTED,
                     "the pictures of %s are %d x %d; the model takes %d x %d x %d", set->name,
                     set->width, set->height, input.w, input.h, input.c);
  float *pictures = base_alloc(count * nn_shape_floats(input), sizeof *pictures);
  if (!pictures) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to quantise");
  scrawl_status status = draw(set, (double)model->scale, count, pictures, error);
  if (status == SCRAWL_OK)
    status = nn_quantise(model->graph, pictures, (int)count, quantised, error);
  base_free(pictures);
  return status;
}

/* Its own name, and how it came about. */
static scrawl_status describe(read_model *model, const char *given, const data_set *set,
                              size_t count, base_error *error) {
  char *name =
      given ? base_strdup(given) : base_format("%s-int8", *model->name ? model->name : "model");
  char *how = base_format("int8, calibrated on %zu pictures of %s", count, set->name);
  scrawl_status status =
      name && how ? nn_metadata_set(&model->metadata, READ_KEY_NAME, name, error)
                  : base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to quantise");
  if (status == SCRAWL_OK) status = nn_metadata_set(&model->metadata, KEY_QUANTISED, how, error);
  base_free(name);
  base_free(how);
  return status;
}

static scrawl_status quantise(const cli_command *command, read_model *model,
                              const cli_calibration *calibration, void **out, size_t *out_size,
                              base_error *error) {
  char known[64];
  const char *data = calibration->data ? calibration->data : trained_on(&model->metadata, known);
  data_set set = {0};
  size_t failed;
  nn_graph *graph = NULL;
  if (nn_graph_quantised(model->graph))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "the model is quantised already");
  if (!data)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "the model does not say which known data set it was trained on; name one with "
                     "--data");
  BASE_TRY(cli_open_data(command, data, DATA_TRAIN, NULL, &set, &failed, error));
  size_t count = (size_t)calibration->count < set.count ? (size_t)calibration->count : set.count;
  scrawl_status status = quantise_with(model, &set, count, &graph, error);
  if (status == SCRAWL_OK) status = describe(model, calibration->name, &set, count, error);
  if (status == SCRAWL_OK) status = cli_model_bytes(graph, &model->metadata, out, out_size, error);
  nn_graph_free(graph);
  data_set_free(&set);
  return status;
}

scrawl_status cli_quantise(const cli_command *command, const void *bytes, size_t size,
                           const cli_calibration *calibration, void **out, size_t *out_size,
                           base_error *error) {
  read_model *model;
  *out = NULL;
  *out_size = 0;
  BASE_TRY(read_model_open(bytes, size, &model, error));
  scrawl_status status = quantise(command, model, calibration, out, out_size, error);
  read_model_free(model);
  return status;
}
