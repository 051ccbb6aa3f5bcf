/* Quantised networks: that they stay near the network of floats, that running them in bytes is what
 * their ONNX file says, on every instruction set the same, and that the file gives them back.
 *
 * The reference below does what QuantizeLinear and DequantizeLinear say, node by node in double,
 * knowing nothing of fused steps, packed weights or whole numbers. Where it falls on the other side
 * of a half than a float does, a byte differs by 1. */
#include "network.h"

#include <math.h>

#include "base/pool.h"
#include "nn/fold.h"
#include "nn/int8_session.h"
#include "nn/onnx.h"
#include "nn/operator.h"
#include "nn/quantise.h"
#include "nn/session.h"

enum { CALIBRATION = 40, BATCH = 11 };

static const struct {
  const char *text;
  nn_shape input;
} NETWORKS[] = {
    {"conv 9 3x3, relu, conv 17 3x3, flatten, dense 10", {9, 11, 1}},
    {"conv 32 3x3 same, batchnorm, relu, conv 32 3x3 same, batchnorm, relu, pool 2, conv 64 3x3 "
     "same, batchnorm, relu, pool 2, flatten, dropout 0.4, dense 10",
     {12, 12, 1}},
    {"conv 8 3x3 same, batchnorm, relu, repeat 2 ( as a, conv 8 3x3 same, batchnorm, relu, conv 8 "
     "3x3 same, batchnorm, add a, relu ), global-average, dense 10",
     {12, 12, 3}},
    {"conv 3 3x2 stride 2 pad 1, relu, conv 4 2x3 pad 1 0 0 2, silu, pool 3 stride 2 pad 1, conv 6 "
     "5x5 stride 3 same, average 2x3 stride 1 pad 1, dense 7",
     {37, 29, 2}},
    {"batchnorm, conv 5 1x1, as a, relu, conv 5 3x3 same, add a, batchnorm, relu, dense 20, silu, "
     "dense 6, relu, dense 4",
     {6, 7, 4}},
    {"flatten, dense 30, relu, dense 12", {5, 5, 2}},
    {"pool 2, conv 7 5x5 same, silu, global-average, dense 3", {10, 9, 1}},
    {"conv 4 3x3, as a, from input, conv 4 3x3, add a, dense 5 nobias", {7, 7, 2}},
};
enum { COUNT = sizeof NETWORKS / sizeof *NETWORKS };

/* Batch norms as after training. */
static nn_graph *make(size_t number) {
  nn_graph *graph = make_network(NETWORKS[number].text, NETWORKS[number].input, number);
  base_random random = base_random_seed(number);
  for (int n = 1; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    float *parameters = graph->parameters + node->parameter_offset;
    for (size_t i = 0; node->bias && i < (size_t)node->shape.c; i++)
      parameters[node->parameter_count - 1 - i] = (float)base_random_range(&random, -0.3, 0.3);
    if (node->kind != NN_BATCH_NORM) continue;
    for (int c = 0; c < node->shape.c; c++) {
      parameters[c] = (float)base_random_range(&random, 0.5, 1.5);
      parameters[node->shape.c + c] = (float)base_random_range(&random, -0.5, 0.5);
      graph->state[node->state_offset + (size_t)c] = (float)base_random_range(&random, -0.2, 0.2);
      graph->state[node->state_offset + (size_t)(node->shape.c + c)] =
          (float)base_random_range(&random, 0.5, 2);
    }
  }
  return graph;
}

static nn_graph *quantised(const nn_graph *graph, uint64_t seed) {
  nn_graph *made;
  base_error error = {0};
  float *pictures = random_floats(CALIBRATION * nn_shape_floats(nn_graph_input(graph)), seed);
  if (nn_quantise(graph, pictures, CALIBRATION, &made, &error) != SCRAWL_OK)
    fail_msg("%s", error.message);
  base_free(pictures);
  return made;
}

static float *run(const nn_graph *graph, const float *input, int count) {
  nn_session *session;
  float *output =
      base_alloc((size_t)count * nn_shape_floats(nn_graph_output(graph)), sizeof(float));
  assert_non_null(output);
  assert_int_equal(nn_session_create(graph, count, NULL, NULL, &session, NULL), SCRAWL_OK);
  nn_session_run(session, input, count, output);
  nn_session_free(session);
  return output;
}

/* ---- the reference ---- */

static void round_to_bytes(const nn_node *node, double *values, size_t count) {
  for (size_t i = 0; node->scale > 0 && i < count; i++) {
    double q = nearbyint(values[i] / (double)node->scale) + node->zero_point;
    q = q < 0 ? 0 : q > 255 ? 255 : q;
    values[i] = (q - node->zero_point) * (double)node->scale;
  }
}

static void normalise(const nn_graph *graph, const nn_node *node, const double *x, double *y,
                      size_t count) {
  const float *p = graph->parameters + node->parameter_offset;
  const float *s = graph->state + node->state_offset;
  size_t channels = (size_t)node->shape.c;
  for (size_t i = 0; i < count; i++) {
    size_t c = i % channels;
    y[i] = (double)p[c] * (x[i] - (double)s[c]) /
               sqrt((double)s[channels + c] + (double)node->epsilon) +
           (double)p[channels + c];
  }
}

static double *reference(const nn_graph *graph, const float *input) {
  double *values[NN_MAX_NODES] = {0};
  for (int n = 0; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    size_t count = BATCH * nn_shape_floats(node->shape);
    values[n] = base_alloc_zero(count, sizeof(double));
    assert_non_null(values[n]);
    double *x = n ? values[node->input[0]] : NULL;
    if (n == 0) {
      for (size_t i = 0; i < count; i++) values[0][i] = (double)input[i];
    } else if (node->kind == NN_BATCH_NORM) {
      normalise(graph, node, x, values[n], count);
    } else if (node->kind == NN_FLATTEN) {
      memcpy(values[n], x, count * sizeof(double));
    } else {
      nn_shape shapes[2] = {graph->nodes[node->input[0]].shape, {0, 0, 0}};
      double *parameters = base_alloc(node->parameter_count, sizeof(double));
      assert_non_null(parameters);
      for (size_t i = 0; i < node->parameter_count; i++)
        parameters[i] = (double)graph->parameters[node->parameter_offset + i];
      nn_run_double step = {.node = node,
                            .count = BATCH,
                            .shapes = shapes,
                            .x = {x, node->input[1] >= 0 ? values[node->input[1]] : NULL},
                            .y = values[n],
                            .parameters = parameters};
      nn_operator_of(node->kind)->forward_double(&step);
      base_free(parameters);
    }
    round_to_bytes(node, values[n], count);
  }
  for (int n = 0; n < graph->node_count - 1; n++) base_free(values[n]);
  return values[graph->node_count - 1];
}

/* ---- tests ---- */

static void test_runs_as_its_file_says(void **state) {
  (void)state;
  for (size_t number = 0; number < COUNT; number++) {
    nn_graph *graph = make(number), *bytes = quantised(graph, 100 + number);
    size_t count = BATCH * nn_shape_floats(nn_graph_output(graph));
    float *input = random_floats(BATCH * nn_shape_floats(nn_graph_input(graph)), 7);
    float *output = run(bytes, input, BATCH);
    double *truth = reference(bytes, input), largest = 0, worst = 0;
    for (size_t i = 0; i < count; i++) {
      largest = fmax(largest, fabs(truth[i]));
      worst = fmax(worst, fabs(truth[i] - (double)output[i]));
    }
    if (!(worst <= 0.01 * largest))
      fail_msg("`%s` is off by %g of %g", NETWORKS[number].text, worst, largest);
    base_free(input);
    base_free(output);
    base_free(truth);
    nn_graph_free(bytes);
    nn_graph_free(graph);
  }
}

static void test_stays_near_the_floats(void **state) {
  (void)state;
  for (size_t number = 0; number < COUNT; number++) {
    nn_graph *graph = make(number), *bytes = quantised(graph, 100 + number);
    size_t count = BATCH * nn_shape_floats(nn_graph_output(graph));
    float *input = random_floats(BATCH * nn_shape_floats(nn_graph_input(graph)), 7);
    float *output = run(bytes, input, BATCH), *plain = run(graph, input, BATCH);
    double error = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
      error += pow((double)output[i] - (double)plain[i], 2);
      size += pow((double)plain[i], 2);
    }
    assert_true(nn_graph_quantised(bytes) && !nn_graph_quantised(graph));
    if (!(error < 0.05 * 0.05 * size))
      fail_msg("`%s`: %g of the output is error", NETWORKS[number].text, sqrt(error / size));
    base_free(input);
    base_free(output);
    base_free(plain);
    nn_graph_free(bytes);
    nn_graph_free(graph);
  }
}

/* Networks without floats in between: to the bit. Those with an average pool or a batch norm of
 * their own have kernels of floats in them, which round differently. */
static void test_is_the_same_on_every_set(void **state) {
  (void)state;
  static const size_t pure[] = {0, 1, 2, 5, 7};
  for (size_t i = 0; i < sizeof pure / sizeof *pure; i++) {
    nn_graph *graph = make(pure[i]), *bytes = quantised(graph, 100 + i);
    size_t size = BATCH * nn_shape_floats(nn_graph_output(graph)) * sizeof(float);
    float *input = random_floats(BATCH * nn_shape_floats(nn_graph_input(graph)), 7);
    float *first = run(bytes, input, BATCH), *output = base_alloc(size, 1);
    assert_non_null(output);
    const nn_int8_kernels *kernels;
    for (int number = 0; (kernels = nn_int8_number(number)); number++) {
      nn_int8_session *session;
      assert_int_equal(nn_int8_session_create(bytes, BATCH, NULL, kernels, &session, NULL),
                       SCRAWL_OK);
      nn_int8_session_run(session, input, BATCH, output);
      nn_int8_session_free(session);
      if (memcmp(first, output, size) != 0)
        fail_msg("`%s` differs on %s", NETWORKS[pure[i]].text, kernels->name);
    }
    base_free(input);
    base_free(first);
    base_free(output);
    nn_graph_free(bytes);
    nn_graph_free(graph);
  }
}

static void test_pictures_share_nothing(void **state) {
  (void)state;
  base_pool *pool = base_pool_create(3);
  assert_non_null(pool);
  for (size_t number = 0; number < COUNT; number++) {
    nn_graph *graph = make(number), *bytes = quantised(graph, 100 + number);
    size_t in = nn_shape_floats(nn_graph_input(graph)),
           out = nn_shape_floats(nn_graph_output(graph));
    float *input = random_floats(50 * in, 7), *output = base_alloc(50 * out, sizeof *output);
    assert_non_null(output);
    nn_session *session;
    assert_int_equal(nn_session_create(bytes, 50, pool, NULL, &session, NULL), SCRAWL_OK);
    nn_session_run(session, input, 50, output);
    for (int p = 0; p < 50; p += 7) {
      float *alone = run(bytes, input + (size_t)p * in, 1);
      assert_memory_equal(alone, output + (size_t)p * out, out * sizeof *alone);
      base_free(alone);
    }
    nn_session_free(session);
    base_free(input);
    base_free(output);
    nn_graph_free(bytes);
    nn_graph_free(graph);
  }
  base_pool_free(pool);
}

static void test_comes_back_from_its_file(void **state) {
  (void)state;
  for (size_t number = 0; number < COUNT; number++) {
    nn_graph *graph = make(number), *bytes = quantised(graph, 100 + number), *read, *copy;
    nn_metadata metadata;
    void *file;
    size_t size, out = BATCH * nn_shape_floats(nn_graph_output(graph)) * sizeof(float);
    base_error error = {0};
    assert_int_equal(nn_onnx_write(bytes, NULL, &file, &size, &error), SCRAWL_OK);
    if (nn_onnx_read(file, size, &read, &metadata, &error) != SCRAWL_OK)
      fail_msg("`%s`: %s", NETWORKS[number].text, error.message);
    assert_int_equal(nn_graph_copy(read, &copy, NULL), SCRAWL_OK);
    assert_int_equal(read->node_count, bytes->node_count);
    assert_true(nn_graph_quantised(copy));
    float *input = random_floats(BATCH * nn_shape_floats(nn_graph_input(graph)), 7);
    float *ours = run(bytes, input, BATCH), *theirs = run(copy, input, BATCH);
    assert_memory_equal(ours, theirs, out);
    base_free(input);
    base_free(ours);
    base_free(theirs);
    base_free(file);
    nn_metadata_free(&metadata);
    nn_graph_free(copy);
    nn_graph_free(read);
    nn_graph_free(bytes);
    nn_graph_free(graph);
  }
}

/* What is too much for 32 bits runs in floats, and gives the same as before. */
static void test_large_sums_run_in_floats(void **state) {
  (void)state;
  nn_graph *graph = make_network("dense 3", (nn_shape){200, 200, 1}, 3), *bytes;
  size_t in = nn_shape_floats(nn_graph_input(graph));
  for (size_t i = 0; i < 3 * in; i++) graph->parameters[i] = i % 3 ? 0.5F : -0.25F;
  float *input = random_floats(BATCH * in, 7);
  for (size_t i = 0; i < BATCH * in; i++) input[i] = fabsf(input[i]);
  assert_int_equal(nn_quantise(graph, input, BATCH, &bytes, NULL), SCRAWL_OK);
  float *output = run(bytes, input, BATCH), *plain = run(graph, input, BATCH);
  for (size_t i = 0; i < 3 * BATCH; i++)
    assert_true(fabsf(output[i] - plain[i]) < 0.01F * fabsf(plain[i]));
  base_free(input);
  base_free(output);
  base_free(plain);
  nn_graph_free(bytes);
  nn_graph_free(graph);
}

/* The largest difference of two networks, by the largest output. */
static double difference(const nn_graph *a, const nn_graph *b, const float *input) {
  size_t count = BATCH * nn_shape_floats(nn_graph_output(a));
  float *ours = run(a, input, BATCH), *theirs = run(b, input, BATCH);
  double largest = 0, worst = 0;
  for (size_t i = 0; i < count; i++) {
    largest = fmax(largest, fabs((double)ours[i]));
    worst = fmax(worst, fabs((double)ours[i] - (double)theirs[i]));
  }
  base_free(ours);
  base_free(theirs);
  return worst / largest;
}

/* Where nothing but the input becomes bytes, and it lies on their grid already, nothing is rounded:
 * the floats say the same. Otherwise they say it up to the rounding of each layer. */
static void test_becomes_floats_again(void **state) {
  (void)state;
  nn_graph *graph = make_network("dense 9", (nn_shape){5, 7, 1}, 3), *floats;
  float *input = random_floats(BATCH * 35, 7);
  for (size_t i = 0; i < BATCH * 35; i++) input[i] = fminf(roundf(fabsf(input[i]) * 99) / 255, 1);
  input[0] = 1;
  nn_graph *bytes;
  assert_int_equal(nn_quantise(graph, input, BATCH, &bytes, NULL), SCRAWL_OK);
  assert_int_equal(nn_dequantise(bytes, &floats, NULL), SCRAWL_OK);
  assert_false(nn_graph_quantised(floats));
  assert_true(difference(bytes, floats, input) < 1e-5);
  assert_true(difference(graph, floats, input) > 1e-4); /* it is the quantised one's weights */
  base_free(input);
  nn_graph_free(floats);
  nn_graph_free(bytes);
  nn_graph_free(graph);
  for (size_t number = 0; number < COUNT; number++) {
    graph = make(number);
    bytes = quantised(graph, 100 + number);
    assert_int_equal(nn_dequantise(bytes, &floats, NULL), SCRAWL_OK);
    input = random_floats(BATCH * nn_shape_floats(nn_graph_input(graph)), 7);
    double off = difference(bytes, floats, input);
    if (!(off < 0.05)) fail_msg("`%s` is off by %g", NETWORKS[number].text, off);
    base_free(input);
    nn_graph_free(floats);
    nn_graph_free(bytes);
    nn_graph_free(graph);
  }
}

static void test_refuses(void **state) {
  (void)state;
  nn_graph *graph = make(0), *bytes = quantised(graph, 1), *again = graph, *folded;
  base_error error = {0};
  float picture[99] = {0};
  assert_int_equal(nn_quantise(bytes, picture, 1, &again, &error), SCRAWL_INVALID_ARGUMENT);
  assert_null(again);
  assert_string_equal(error.message, "the network is quantised already");
  assert_int_equal(nn_quantise(graph, picture, 0, &again, &error), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(nn_graph_fold(bytes, &folded, NULL), SCRAWL_OK);
  assert_false(nn_graph_quantised(folded)); /* a network of floats again */
  nn_graph_free(folded);
  nn_graph_free(bytes);
  nn_graph_free(graph);
  graph = make_network("relu, pool 2, softmax", (nn_shape){4, 4, 1}, 1);
  assert_int_equal(nn_quantise(graph, picture, 1, &again, &error), SCRAWL_UNSUPPORTED);
  nn_graph_free(graph);
}

/* Pictures of nothing but zeros give no range at all. */
static void test_survives_empty_ranges(void **state) {
  (void)state;
  nn_graph *graph = make_network("conv 4 3x3 nobias, relu, dense 3 nobias", (nn_shape){6, 6, 1}, 1);
  float *zeros = base_alloc_zero(36, sizeof *zeros), *input = random_floats(36, 1);
  nn_graph *bytes;
  assert_int_equal(nn_quantise(graph, zeros, 1, &bytes, NULL), SCRAWL_OK);
  float *output = run(bytes, input, 1);
  for (int i = 0; i < 3; i++) assert_true(isfinite(output[i]));
  base_free(zeros);
  base_free(input);
  base_free(output);
  nn_graph_free(bytes);
  nn_graph_free(graph);
}

static void test_survives_lack_of_memory(void **state) {
  (void)state;
  nn_graph *graph = make(3), *bytes = NULL;
  nn_session *session;
  float *pictures = random_floats(nn_shape_floats(nn_graph_input(graph)), 1);
  scrawl_status status = SCRAWL_OUT_OF_MEMORY;
  for (long after = 0; status != SCRAWL_OK; after++) {
    base_alloc_fail_after(after);
    status = nn_quantise(graph, pictures, 1, &bytes, NULL);
    base_alloc_fail_after(-1);
    assert_true(status == SCRAWL_OK || (status == SCRAWL_OUT_OF_MEMORY && !bytes));
  }
  status = SCRAWL_OUT_OF_MEMORY;
  for (long after = 0; status != SCRAWL_OK; after++) {
    base_alloc_fail_after(after);
    status = nn_session_create(bytes, 3, NULL, NULL, &session, NULL);
    base_alloc_fail_after(-1);
    assert_true(status == SCRAWL_OK || (status == SCRAWL_OUT_OF_MEMORY && !session));
  }
  nn_session_free(session);
  nn_graph_free(bytes);
  nn_graph_free(graph);
  base_free(pictures);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_runs_as_its_file_says),
      cmocka_unit_test(test_stays_near_the_floats),
      cmocka_unit_test(test_is_the_same_on_every_set),
      cmocka_unit_test(test_pictures_share_nothing),
      cmocka_unit_test(test_comes_back_from_its_file),
      cmocka_unit_test(test_large_sums_run_in_floats),
      cmocka_unit_test(test_becomes_floats_again),
      cmocka_unit_test(test_refuses),
      cmocka_unit_test(test_survives_empty_ranges),
      cmocka_unit_test(test_survives_lack_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
