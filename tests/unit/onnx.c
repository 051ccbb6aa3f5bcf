/* ONNX files: what is written is read back equal, and damage of any kind ends in a status and a
 * sentence. That the files mean to others what they mean to us is for ONNX Runtime to say
 * (tests/onnx). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "nn/onnx.h"
#include "nn/session.h"
#include "nn/spec.h"

typedef struct network {
  const char *text;
  nn_shape input;
} network;

static const network NETWORKS[] = {
    {"seed-keras", {28, 28, 1}},
    {"seed-lenet", {28, 28, 1}},
    {"conv 3 3x2 stride 2 pad 1, batchnorm, relu, conv 4 2x3 pad 1 0 0 2, silu, pool 3 stride 2 "
     "pad 1, "
     "average 2, dropout 0.3, dense 7, softmax",
     {17, 13, 2}},
    {"conv 4 3x3 same, as a, conv 4 3x3 same nobias, batchnorm epsilon 0.002 momentum 0.75, relu, "
     "conv 4 3x3 same, add a, silu, global-average, dense 5 nobias, softmax",
     {9, 8, 3}},
    {"flatten, dropout 0.5, batchnorm, as a, relu, add a, dense 6, relu, flatten, dense 3",
     {4, 3, 2}},
    {"conv 2 3x3, flatten, softmax, dense 3", {5, 5, 1}},
    {"dense 8, conv 5 1x1, relu, as a, dense 5, add a, pool 1, softmax", {3, 3, 2}},
    {"global-average, softmax", {4, 4, 3}},
    {"silu, as a, from input, relu, add a", {2, 2, 2}},
    {"conv 2 2x2, flatten", {2, 2, 3}},
    {"depthwise 3x2 stride 2 same, batchnorm, relu, conv 4 1x1, depthwise 3x3 pad 1, dense 2",
     {7, 6, 3}},
};
enum { NETWORK_COUNT = sizeof NETWORKS / sizeof *NETWORKS };

static nn_graph *make(const network *source, uint64_t seed) {
  nn_graph *graph;
  base_error error = {0};
  if (nn_spec_parse(source->text, source->input, &graph, &error) != SCRAWL_OK)
    fail_msg("%s: %s", source->text, error.message);
  base_random random = base_random_seed(seed);
  for (size_t i = 0; i < graph->parameter_count; i++)
    graph->parameters[i] = (float)base_random_normal(&random);
  for (size_t i = 0; i < graph->state_count; i++)
    graph->state[i] = (float)base_random_range(&random, 0.1, 2);
  return graph;
}

static void *written(const nn_graph *graph, const nn_metadata *metadata, size_t *size) {
  void *bytes;
  base_error error = {0};
  if (nn_onnx_write(graph, metadata, &bytes, size, &error) != SCRAWL_OK)
    fail_msg("%s", error.message);
  return bytes;
}

static void assert_equal_nodes(const nn_node *a, const nn_node *b) {
  assert_int_equal(a->kind, b->kind);
  assert_int_equal(a->input[0], b->input[0]);
  assert_int_equal(a->input[1], b->input[1]);
  assert_memory_equal(&a->window, &b->window, sizeof a->window);
  assert_int_equal(a->pad_bottom, b->pad_bottom);
  assert_int_equal(a->pad_right, b->pad_right);
  assert_int_equal(a->channels, b->channels);
  assert_int_equal(a->bias, b->bias);
  assert_true(a->rate == b->rate);
  assert_true(a->epsilon == b->epsilon);
  assert_true(a->momentum == b->momentum);
  assert_memory_equal(&a->shape, &b->shape, sizeof a->shape);
  assert_int_equal(a->parameter_offset, b->parameter_offset);
  assert_int_equal(a->parameter_count, b->parameter_count);
}

static void test_round_trip(void **state) {
  (void)state;
  for (size_t i = 0; i < NETWORK_COUNT; i++) {
    nn_graph *graph = make(&NETWORKS[i], i), *again;
    nn_metadata metadata;
    base_error error = {0};
    size_t size;
    void *bytes = written(graph, NULL, &size);
    if (nn_onnx_read(bytes, size, &again, &metadata, &error) != SCRAWL_OK)
      fail_msg("%s: %s", NETWORKS[i].text, error.message);
    assert_int_equal(graph->node_count, again->node_count);
    for (int n = 0; n < graph->node_count; n++)
      assert_equal_nodes(&graph->nodes[n], &again->nodes[n]);
    assert_int_equal(graph->parameter_count, again->parameter_count);
    assert_int_equal(graph->state_count, again->state_count);
    assert_memory_equal(graph->parameters, again->parameters,
                        graph->parameter_count * sizeof(float));
    assert_memory_equal(graph->state, again->state, graph->state_count * sizeof(float));
    assert_int_equal(metadata.count, 0);
    char *text = nn_spec_format(graph), *text_again = nn_spec_format(again);
    assert_string_equal(text, text_again);
    base_free(text);
    base_free(text_again);
    base_free(bytes);
    nn_metadata_free(&metadata);
    nn_graph_free(graph);
    nn_graph_free(again);
  }
}

static void test_metadata(void **state) {
  (void)state;
  nn_graph *graph = make(&NETWORKS[7], 1), *again;
  nn_metadata metadata = {0}, read;
  base_error error = {0};
  size_t size;
  assert_int_equal(nn_metadata_set(&metadata, "alphabet", "äß漢😀", &error), SCRAWL_OK);
  assert_int_equal(nn_metadata_set(&metadata, "empty", "x", &error), SCRAWL_OK);
  assert_int_equal(nn_metadata_set(&metadata, "empty", "", &error), SCRAWL_OK);
  assert_int_equal(metadata.count, 2);
  assert_int_equal(nn_metadata_set(&metadata, "bad", "\xFF", &error), SCRAWL_INVALID_ARGUMENT);
  void *bytes = written(graph, &metadata, &size);
  assert_int_equal(nn_onnx_read(bytes, size, &again, &read, &error), SCRAWL_OK);
  assert_int_equal(read.count, 2);
  assert_string_equal(read.items[0].key, "alphabet");
  assert_string_equal(nn_metadata_get(&read, "alphabet"), "äß漢😀");
  assert_string_equal(nn_metadata_get(&read, "empty"), "");
  assert_null(nn_metadata_get(&read, "bad"));
  base_free(bytes);
  nn_metadata_free(&metadata);
  nn_metadata_free(&read);
  nn_metadata_free(&read); /* and again: nothing left to free */
  nn_graph_free(graph);
  nn_graph_free(again);
}

static void test_metadata_limit(void **state) {
  (void)state;
  nn_metadata metadata = {0};
  base_error error = {0};
  char key[16];
  for (int i = 0; i < NN_MAX_METADATA; i++) {
    snprintf(key, sizeof key, "%d", i);
    assert_int_equal(nn_metadata_set(&metadata, key, "v", &error), SCRAWL_OK);
  }
  assert_int_equal(nn_metadata_set(&metadata, "more", "v", &error), SCRAWL_LIMIT_EXCEEDED);
  assert_int_equal(nn_metadata_set(&metadata, "3", "changed", &error), SCRAWL_OK);
  assert_string_equal(nn_metadata_get(&metadata, "3"), "changed");
  nn_metadata_free(&metadata);
}

/* What ONNX cannot say is refused, not written wrong. */
static void test_unwritable(void **state) {
  (void)state;
  static const network networks[] = {
      {"flatten", {2, 2, 3}},
      {"flatten, conv 2 1x1", {2, 2, 3}},
  };
  for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
    nn_graph *graph = make(&networks[i], 1);
    base_error error = {0};
    void *bytes = &error;
    size_t size = 1;
    assert_int_equal(nn_onnx_write(graph, NULL, &bytes, &size, &error), SCRAWL_UNSUPPORTED);
    assert_true(error.message[0] != '\0');
    assert_null(bytes);
    assert_int_equal(size, 0);
    nn_graph_free(graph);
  }
}

/* ---- damage ---- */

/* Reads; whatever comes out is whole: a graph that runs, or a status with a sentence. */
static scrawl_status read_anything(const uint8_t *bytes, size_t size) {
  nn_graph *graph;
  nn_metadata metadata;
  base_error error = {0};
  scrawl_status status = nn_onnx_read(bytes, size, &graph, &metadata, &error);
  nn_metadata_free(&metadata);
  if (status != SCRAWL_OK) {
    assert_null(graph);
    assert_int_equal(error.status, status);
    assert_true(error.message[0] != '\0');
    assert_true(status == SCRAWL_BAD_FORMAT || status == SCRAWL_UNSUPPORTED ||
                status == SCRAWL_LIMIT_EXCEEDED);
    return status;
  }
  assert_non_null(graph);
  if (nn_graph_flops(graph) < 1e5) {
    nn_session *session;
    assert_int_equal(nn_session_create(graph, 1, NULL, &NN_KERNELS_SCALAR, &session, &error),
                     SCRAWL_OK);
    float *input = base_alloc_zero(nn_shape_floats(nn_graph_input(graph)), sizeof(float));
    float *output = base_alloc(nn_shape_floats(nn_graph_output(graph)), sizeof(float));
    nn_session_run(session, input, 1, output);
    base_free(input);
    base_free(output);
    nn_session_free(session);
  }
  nn_graph_free(graph);
  return status;
}

static const network SMALL = {"conv 2 2x2 stride 2, batchnorm, silu, as a, relu, add a, pool 2, "
                              "dropout 0.5, flatten, dense 2, softmax",
                              {6, 6, 1}};

static uint8_t *small_file(size_t *size) {
  nn_graph *graph = make(&SMALL, 7);
  nn_metadata metadata = {0};
  base_error error = {0};
  assert_int_equal(nn_metadata_set(&metadata, "alphabet", "01", &error), SCRAWL_OK);
  uint8_t *bytes = written(graph, &metadata, size);
  nn_metadata_free(&metadata);
  nn_graph_free(graph);
  return bytes;
}

/* A copy of exactly `size` bytes, so that AddressSanitizer sees a step past its end. */
static scrawl_status read_copy(const uint8_t *bytes, size_t size) {
  uint8_t *copy = base_alloc(size, 1);
  memcpy(copy, bytes, size);
  scrawl_status status = read_anything(copy, size);
  base_free(copy);
  return status;
}

static void test_truncated(void **state) {
  (void)state;
  size_t size;
  uint8_t *bytes = small_file(&size);
  assert_int_equal(read_copy(bytes, size), SCRAWL_OK);
  for (size_t length = 0; length < size; length++)
    if (read_copy(bytes, length) == SCRAWL_OK)
      fail_msg("the first %zu bytes were accepted", length);
  base_free(bytes);
}

static void test_flipped(void **state) {
  (void)state;
  static const uint8_t patterns[] = {0x01, 0x02, 0x08, 0x40, 0x80, 0x7F, 0xFF};
  size_t size, refused = 0;
  uint8_t *bytes = small_file(&size);
  for (size_t i = 0; i < size; i++) {
    uint8_t kept = bytes[i];
    for (size_t p = 0; p < sizeof patterns; p++) {
      bytes[i] = kept ^ patterns[p];
      refused += read_anything(bytes, size) != SCRAWL_OK;
    }
    bytes[i] = 0;
    refused += read_anything(bytes, size) != SCRAWL_OK;
    bytes[i] = kept;
  }
  assert_true(refused > size); /* most of the file is not weights */
  base_free(bytes);
}

/* Pieces of the file in each other's places. */
static void test_shuffled(void **state) {
  (void)state;
  size_t size;
  uint8_t *bytes = small_file(&size), *mixed = base_alloc(size, 1);
  base_random random = base_random_seed(3);
  for (int round = 0; round < 3000; round++) {
    memcpy(mixed, bytes, size);
    for (int change = 0; change < 3; change++) {
      size_t length = 1 + (size_t)base_random_below(&random, 24);
      size_t from = (size_t)base_random_below(&random, size - length);
      size_t to = (size_t)base_random_below(&random, size - length);
      memcpy(mixed + to, bytes + from, length);
    }
    read_anything(mixed, size);
  }
  base_free(mixed);
  base_free(bytes);
}

/* ---- memory ---- */

static void test_read_without_memory(void **state) {
  (void)state;
  size_t size;
  uint8_t *bytes = small_file(&size);
  nn_graph *graph = NULL;
  nn_metadata metadata;
  for (long allowed = 0; !graph; allowed++) {
    base_error error = {0};
    assert_true(allowed < 1000);
    base_alloc_fail_after(allowed);
    scrawl_status status = nn_onnx_read(bytes, size, &graph, &metadata, &error);
    base_alloc_fail_after(-1);
    nn_metadata_free(&metadata);
    if (status == SCRAWL_OK) break;
    assert_null(graph);
    assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
    assert_true(error.message[0] != '\0');
  }
  nn_graph_free(graph);
  base_free(bytes);
}

static void test_write_without_memory(void **state) {
  (void)state;
  nn_graph *graph = make(&SMALL, 1);
  void *bytes = NULL;
  size_t size;
  for (long allowed = 0; !bytes; allowed++) {
    base_error error = {0};
    assert_true(allowed < 100);
    base_alloc_fail_after(allowed);
    scrawl_status status = nn_onnx_write(graph, NULL, &bytes, &size, &error);
    base_alloc_fail_after(-1);
    if (status == SCRAWL_OK) break;
    assert_null(bytes);
    assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
    assert_true(error.message[0] != '\0');
  }
  base_free(bytes);
  nn_graph_free(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),
      cmocka_unit_test(test_metadata),
      cmocka_unit_test(test_metadata_limit),
      cmocka_unit_test(test_unwritable),
      cmocka_unit_test(test_truncated),
      cmocka_unit_test(test_flipped),
      cmocka_unit_test(test_shuffled),
      cmocka_unit_test(test_read_without_memory),
      cmocka_unit_test(test_write_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
