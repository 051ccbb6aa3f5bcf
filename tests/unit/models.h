/* Small models made of a line of text, for the tests of models and of reading with them. */
#ifndef UNIT_MODELS_H
#define UNIT_MODELS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "nn/spec.h"
#include "read/model.h"

static const nn_shape GLYPH = {INK_GLYPH_SIDE, INK_GLYPH_SIDE, 1};

/* A network as a model file; keys and values follow, ended by NULL. */
static inline void *write_model(const char *text, nn_shape input, const char *const *pairs,
                                float size, size_t *bytes_size) {
  nn_graph *graph;
  nn_metadata metadata = {0};
  void *bytes;
  base_error error = {0};
  if (nn_spec_parse(text, input, &graph, &error) != SCRAWL_OK) fail_msg("%s", error.message);
  base_random random = base_random_seed(5);
  for (size_t i = 0; i < graph->parameter_count; i++)
    graph->parameters[i] = size * (float)base_random_normal(&random);
  for (; pairs && *pairs; pairs += 2)
    assert_int_equal(nn_metadata_set(&metadata, pairs[0], pairs[1], &error), SCRAWL_OK);
  assert_int_equal(nn_onnx_write(graph, &metadata, &bytes, bytes_size, &error), SCRAWL_OK);
  nn_metadata_free(&metadata);
  nn_graph_free(graph);
  return bytes;
}

static inline scrawl_status open_model(const char *text, const char *const *pairs,
                                       read_model **model, base_error *error) {
  size_t size;
  void *bytes = write_model(text, GLYPH, pairs, 0.1f, &size);
  *error = (base_error){0};
  scrawl_status status = read_model_open(bytes, size, model, error);
  base_free(bytes);
  return status;
}

static inline read_model *sound_model(const char *text, const char *const *pairs) {
  read_model *model;
  base_error error;
  if (open_model(text, pairs, &model, &error) != SCRAWL_OK) fail_msg("%s", error.message);
  return model;
}

static inline read_reader *sound_reader(const read_model *model, int batch, base_pool *pool) {
  read_reader *reader;
  base_error error = {0};
  if (read_reader_create(model, batch, pool, &reader, &error) != SCRAWL_OK)
    fail_msg("%s", error.message);
  return reader;
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
