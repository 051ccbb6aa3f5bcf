/* Writes networks with random weights as ONNX files, with inputs and what we make of them, for a
 * judge to compare:
 *
 *   write FOLDER MODEL.onnx...
 *
 * Each network comes once more as NAME-int8, quantised, if anything in it can be. The models that
 * ship come along as they are. NAME.onnx, NAME.input, NAME.output: floats in ONNX's
 * order [N, c, h, w] or [N, c], and in NAME.shape the input's four sides. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/file.h"
#include "nn/onnx.h"
#include "nn/quantise.h"
#include "nn/session.h"
#include "nn/spec.h"

enum { BATCH = 3, CALIBRATION = 64 };

typedef struct network {
  const char *name, *text;
  nn_shape input;
} network;

static const network NETWORKS[] = {
    {"keras", "seed-keras", {28, 28, 1}},
    {"lenet", "seed-lenet", {28, 28, 1}},
    {"windows",
     "conv 3 3x2 stride 2 pad 1, relu, conv 4 2x3 pad 1 0 0 2, silu, pool 3 stride 2 pad 1, "
     "conv 6 5x5 stride 3 same, average 2x3 stride 1 pad 1, dense 7, softmax",
     {37, 29, 2}},
    {"depthwise",
     "conv 18 3x3 stride 2 same, depthwise 3x3 same, batchnorm, relu, conv 12 1x1, "
     "depthwise 5x3 stride 2 pad 1 0 2 1 nobias, silu, flatten, dense 10, softmax",
     {21, 18, 2}},
    {"residual",
     "conv 8 3x3 same, batchnorm, relu, repeat 2 ( as a, conv 8 3x3 same, batchnorm epsilon 0.01, "
     "relu, conv 8 3x3 same, batchnorm, add a, relu ), global-average, dense 10, softmax",
     {12, 12, 3}},
    {"silu",
     "conv 16 3x3 same, silu, pool 2, dropout 0.25, conv 20 3x3, silu, flatten, dropout 0.5, "
     "dense 33, silu, dense 9 nobias",
     {14, 15, 1}},
    {"flat",
     "flatten, batchnorm, as a, relu, add a, dense 6, relu, flatten, dense 3, softmax",
     {4, 3, 5}},
    {"pixel", "dense 8, conv 5 1x1, relu, as a, dense 5, add a, pool 1, softmax", {3, 3, 2}},
    {"ensemble",
     "conv 5 3x3, relu, dense 10, scale 0.8, softmax, as a, from input, depthwise 3x3, silu, dense "
     "10, "
     "softmax, add a, as b, from input, dense 10, softmax, add b, scale 0.333333343",
     {9, 8, 1}},
    {"branches", "silu, as a, from input, relu, add a, average 2", {6, 6, 4}},
    {"pooled", "conv 5 3x3, global-average, softmax", {8, 8, 3}},
};

/* Weights of the size that keeps activations near 1; statistics near those of a trained network. */
static void randomise(nn_graph *graph, base_random random) {
  nn_graph_initialise(graph, random);
  for (int n = 1; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    float *parameters = graph->parameters + node->parameter_offset;
    float *state = graph->state + node->state_offset;
    if (node->bias)
      for (int c = 1; c <= node->shape.c; c++)
        parameters[node->parameter_count - (size_t)c] = (float)base_random_normal(&random);
    if (node->kind != NN_BATCH_NORM) continue;
    for (int c = 0; c < 2 * node->shape.c; c++)
      parameters[c] = (float)base_random_range(&random, -1, 1.5);
    for (int c = 0; c < node->shape.c; c++) {
      state[c] = (float)base_random_normal(&random);
      state[node->shape.c + c] = (float)base_random_range(&random, 0.2, 2);
    }
  }
}

static void to_onnx_order(nn_shape shape, const float *from, float *to) {
  size_t pixels = (size_t)shape.h * (size_t)shape.w, channels = (size_t)shape.c;
  for (int n = 0; n < BATCH; n++, from += pixels * channels, to += pixels * channels)
    for (size_t i = 0; i < pixels; i++)
      for (size_t c = 0; c < channels; c++) to[c * pixels + i] = from[i * channels + c];
}

static scrawl_status save(const char *folder, const char *name, const char *suffix,
                          const void *bytes, size_t size, base_error *error) {
  char *path = base_format("%s/%s.%s", folder, name, suffix);
  scrawl_status status = path ? data_file_write(path, bytes, size, error) : SCRAWL_OUT_OF_MEMORY;
  base_free(path);
  return status;
}

static scrawl_status save_floats(const char *folder, const char *name, const char *suffix,
                                 nn_shape shape, const float *values, base_error *error) {
  size_t bytes = BATCH * nn_shape_floats(shape) * sizeof(float);
  float *ordered = base_alloc(bytes, 1);
  if (!ordered) return SCRAWL_OUT_OF_MEMORY;
  to_onnx_order(shape, values, ordered);
  scrawl_status status = save(folder, name, suffix, ordered, bytes, error);
  base_free(ordered);
  return status;
}

/* The file, random input, our output. */
static scrawl_status write_case(const char *folder, const char *name, const nn_graph *graph,
                                const void *bytes, size_t size, base_random random,
                                base_error *error) {
  nn_session *session;
  nn_shape from = nn_graph_input(graph), to = nn_graph_output(graph);
  size_t inputs = BATCH * nn_shape_floats(from);
  float *input = base_alloc(inputs, sizeof *input);
  float *output = base_alloc(BATCH * nn_shape_floats(to), sizeof *output);
  if (!input || !output) return SCRAWL_OUT_OF_MEMORY;
  for (size_t i = 0; i < inputs; i++) input[i] = (float)base_random_range(&random, -1, 1);
  BASE_TRY(nn_session_create(graph, BATCH, NULL, NULL, &session, error));
  nn_session_run(session, input, BATCH, output);
  BASE_TRY(save(folder, name, "onnx", bytes, size, error));
  BASE_TRY(save_floats(folder, name, "input", from, input, error));
  BASE_TRY(save_floats(folder, name, "output", to, output, error));
  char shape[64];
  int length = snprintf(shape, sizeof shape, "[%d,%d,%d,%d]", BATCH, from.c, from.h, from.w);
  BASE_TRY(save(folder, name, "shape", shape, (size_t)length, error));
  nn_session_free(session);
  base_free(input);
  base_free(output);
  return SCRAWL_OK;
}

static scrawl_status write_graph(const char *folder, const char *name, const nn_graph *graph,
                                 base_random random, base_error *error) {
  nn_metadata metadata = {0};
  void *bytes;
  size_t size;
  BASE_TRY(nn_metadata_set(&metadata, "name", name, error));
  BASE_TRY(nn_metadata_set(&metadata, "alphabet", "0aß漢😀", error));
  BASE_TRY(nn_onnx_write(graph, &metadata, &bytes, &size, error));
  BASE_TRY(write_case(folder, name, graph, bytes, size, random, error));
  base_free(bytes);
  nn_metadata_free(&metadata);
  return SCRAWL_OK;
}

static scrawl_status write_quantised(const char *folder, const char *name, const nn_graph *graph,
                                     base_random random, base_error *error) {
  size_t count = CALIBRATION * nn_shape_floats(nn_graph_input(graph));
  float *pictures = base_alloc(count, sizeof *pictures);
  char *own_name = base_format("%s-int8", name);
  nn_graph *quantised;
  if (!pictures || !own_name) return SCRAWL_OUT_OF_MEMORY;
  for (size_t i = 0; i < count; i++) pictures[i] = (float)base_random_range(&random, -1, 1);
  scrawl_status status = nn_quantise(graph, pictures, CALIBRATION, &quantised, error);
  if (status == SCRAWL_OK) status = write_graph(folder, own_name, quantised, random, error);
  nn_graph_free(quantised);
  base_free(pictures);
  base_free(own_name);
  return status == SCRAWL_UNSUPPORTED ? SCRAWL_OK : status; /* no layer of weights in it */
}

static scrawl_status write_network(const char *folder, const network *made, uint64_t seed,
                                   base_error *error) {
  nn_graph *graph;
  base_random random = base_random_seed(seed);
  BASE_TRY(nn_spec_parse(made->text, made->input, &graph, error));
  randomise(graph, base_random_split(&random, 0));
  BASE_TRY(write_graph(folder, made->name, graph, random, error));
  BASE_TRY(write_quantised(folder, made->name, graph, base_random_split(&random, 1), error));
  nn_graph_free(graph);
  return SCRAWL_OK;
}

static scrawl_status write_model(const char *folder, const char *path, base_error *error) {
  nn_graph *graph;
  nn_metadata metadata;
  uint8_t *bytes;
  size_t size;
  BASE_TRY(data_file_read(path, NN_MAX_MODEL_BYTES, &bytes, &size, error));
  BASE_TRY(nn_onnx_read(bytes, size, &graph, &metadata, error));
  const char *name = nn_metadata_get(&metadata, "name");
  BASE_TRY(
      write_case(folder, name ? name : "nameless", graph, bytes, size, base_random_seed(1), error));
  base_free(bytes);
  nn_metadata_free(&metadata);
  nn_graph_free(graph);
  return SCRAWL_OK;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  base_error error = {0};
  for (size_t i = 0; i < sizeof NETWORKS / sizeof *NETWORKS; i++) {
    if (write_network(argv[1], &NETWORKS[i], i, &error) == SCRAWL_OK) continue;
    fprintf(stderr, "%s: %s\n", NETWORKS[i].name, error.message);
    return 1;
  }
  for (int i = 2; i < argc; i++) {
    if (write_model(argv[1], argv[i], &error) == SCRAWL_OK) continue;
    fprintf(stderr, "%s: %s\n", argv[i], error.message);
    return 1;
  }
  return 0;
}
