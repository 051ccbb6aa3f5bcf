/* Folding batch norms for inference: the folded network says what the unfolded one says, and what
 * cannot be folded stays. */
#include "network.h"

#include <math.h>

#include "nn/fold.h"
#include "nn/operator.h"
#include "nn/session.h"

/* Batch norms as after training: everything away from where it starts. */
static void disturb(nn_graph *graph, uint64_t seed) {
  base_random random = base_random_seed(seed);
  for (int n = 1; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    float *parameters = graph->parameters + node->parameter_offset;
    float *state = graph->state + node->state_offset;
    for (size_t i = 0; node->bias && i < (size_t)node->shape.c; i++)
      parameters[node->parameter_count - 1 - i] = (float)base_random_normal(&random);
    if (node->kind != NN_BATCH_NORM) continue;
    for (int c = 0; c < 2 * node->shape.c; c++)
      parameters[c] = (float)base_random_range(&random, -1, 1.5);
    for (int c = 0; c < node->shape.c; c++) {
      state[c] = (float)base_random_normal(&random);
      state[node->shape.c + c] = (float)base_random_range(&random, 0.2, 2);
    }
  }
}

enum { BATCH = 3 };

/* Not through a session of the unfolded network alone, which may one day fold by itself: the twins
 * in double know batch statistics only, so batch norms are computed here. */
static void run_plainly(const nn_graph *graph, const float *input, double *output) {
  double *values[NN_MAX_NODES] = {0};
  for (int n = 0; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    size_t count = BATCH * nn_shape_floats(node->shape);
    values[n] = base_alloc_zero(count, sizeof(double));
    assert_non_null(values[n]);
    if (n == 0) {
      for (size_t i = 0; i < count; i++) values[0][i] = (double)input[i];
      continue;
    }
    double *x = values[node->input[0]];
    if (node->kind == NN_BATCH_NORM) {
      const float *p = graph->parameters + node->parameter_offset;
      const float *s = graph->state + node->state_offset;
      size_t channels = (size_t)node->shape.c;
      for (size_t i = 0; i < count; i++) {
        size_t c = i % channels;
        values[n][i] = (double)p[c] * (x[i] - (double)s[c]) /
                           sqrt((double)s[channels + c] + (double)node->epsilon) +
                       (double)p[channels + c];
      }
      continue;
    }
    if (node->kind == NN_DROPOUT || node->kind == NN_FLATTEN) {
      memcpy(values[n], x, count * sizeof(double));
      continue;
    }
    nn_shape shapes[2] = {graph->nodes[node->input[0]].shape, {0, 0, 0}};
    double *parameters = base_alloc(node->parameter_count, sizeof(double));
    assert_non_null(parameters);
    for (size_t i = 0; i < node->parameter_count; i++)
      parameters[i] = (double)graph->parameters[node->parameter_offset + i];
    nn_run_double run = {.node = node,
                         .count = BATCH,
                         .shapes = shapes,
                         .x = {x, node->input[1] >= 0 ? values[node->input[1]] : NULL},
                         .y = values[n],
                         .parameters = parameters};
    nn_operator_of(node->kind)->forward_double(&run);
    base_free(parameters);
  }
  memcpy(output, values[graph->node_count - 1],
         BATCH * nn_shape_floats(nn_graph_output(graph)) * sizeof(double));
  for (int n = 0; n < graph->node_count; n++) base_free(values[n]);
}

static void check_equal(const nn_graph *graph, const nn_graph *folded, const char *text) {
  size_t in = BATCH * nn_shape_floats(nn_graph_input(graph));
  size_t out = BATCH * nn_shape_floats(nn_graph_output(graph));
  assert_int_equal(nn_shape_floats(nn_graph_output(folded)) * BATCH, out);
  float *input = random_floats(in, 5), *output = base_alloc(out, sizeof *output);
  double *truth = base_alloc(out, sizeof *truth), largest = 1;
  assert_true(output && truth);
  nn_session *session;
  assert_int_equal(nn_session_create(folded, BATCH, NULL, NULL, &session, NULL), SCRAWL_OK);
  nn_session_run(session, input, BATCH, output);
  nn_session_free(session);
  run_plainly(graph, input, truth);
  for (size_t i = 0; i < out; i++) largest = fmax(largest, fabs(truth[i]));
  for (size_t i = 0; i < out; i++)
    if (!(fabs(truth[i] - (double)output[i]) <= 1e-5 * largest))
      fail_msg("`%s`: number %zu is %.9g, not %.9g", text, i, (double)output[i], truth[i]);
  base_free(input);
  base_free(output);
  base_free(truth);
}

static int count_of(const nn_graph *graph, nn_kind kind) {
  int count = 0;
  for (int n = 0; n < graph->node_count; n++) count += graph->nodes[n].kind == kind;
  return count;
}

static const struct {
  const char *text;
  int norms, nodes; /* left over */
} CASES[] = {
    {"conv 5 3x3 same, batchnorm, relu, conv 7 3x3 bias, batchnorm epsilon 0.1, flatten, dense 4",
     0, 6},
    {"conv 5 3x3, dropout 0.5, batchnorm, pool 2, dense 9, batchnorm, silu, dense 3, softmax", 0,
     7},
    {"batchnorm, conv 4 1x1, as a, conv 4 3x3 same, batchnorm, add a, batchnorm, relu", 2, 7},
    /* read by another node too: the batch norm has to stay */
    {"conv 4 3x3, as a, batchnorm, add a", 1, 4},
    /* the second of two in a row */
    {"conv 4 3x3, batchnorm, batchnorm, dense 3", 1, 4},
    {"flatten, batchnorm, dense 6, dropout 0.1", 1, 4},
    {"conv 6 3x3, batchnorm", 0, 2}, /* at the end */
    {"dropout 0.3", 0, 1},
    {"relu, dropout 0.3, dropout 0.3", 0, 2},
};

static void test_gives_the_same(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    nn_graph *graph = make_network(CASES[i].text, (nn_shape){9, 8, 2}, i), *folded;
    disturb(graph, i);
    assert_int_equal(nn_graph_fold(graph, &folded, NULL), SCRAWL_OK);
    check_equal(graph, folded, CASES[i].text);
    assert_int_equal(count_of(folded, NN_BATCH_NORM), CASES[i].norms);
    assert_int_equal(count_of(folded, NN_DROPOUT), 0);
    assert_int_equal(folded->node_count, CASES[i].nodes);
    nn_graph_free(folded);
    nn_graph_free(graph);
  }
}

/* What the output does not need is left out, and does not count as a reader. */
static void test_leaves_out_dead_nodes(void **state) {
  (void)state;
  nn_graph *graph, *folded;
  nn_node conv = {.kind = NN_CONV, .input = {0, -1}};
  conv.window = (nn_window){.kernel_h = 3, .kernel_w = 3, .stride_h = 1, .stride_w = 1, .out_c = 4};
  assert_int_equal(nn_graph_create((nn_shape){6, 6, 1}, &graph, NULL), SCRAWL_OK);
  assert_int_equal(nn_graph_add(graph, conv, NULL, NULL), SCRAWL_OK);
  nn_node relu = {.kind = NN_RELU, .input = {1, -1}};
  assert_int_equal(nn_graph_add(graph, relu, NULL, NULL), SCRAWL_OK);
  nn_node norm = {.kind = NN_BATCH_NORM, .input = {1, -1}, .epsilon = 1e-5f, .momentum = 0.9f};
  assert_int_equal(nn_graph_add(graph, norm, NULL, NULL), SCRAWL_OK);
  assert_int_equal(nn_graph_finish(graph, NULL), SCRAWL_OK);
  nn_graph_initialise(graph, base_random_seed(3));
  disturb(graph, 3);
  assert_int_equal(nn_graph_fold(graph, &folded, NULL), SCRAWL_OK);
  assert_int_equal(folded->node_count, 2);
  check_equal(graph, folded, "with a dead ReLU");
  nn_graph_free(folded);
  nn_graph_free(graph);
}

static void test_follows_the_graph(void **state) {
  (void)state;
  nn_graph *graph = make_network(CASES[0].text, (nn_shape){9, 8, 2}, 1), *folded;
  assert_int_equal(nn_graph_fold(graph, &folded, NULL), SCRAWL_OK);
  disturb(graph, 2);
  base_alloc_fail_after(-1);
  nn_graph_refold(graph, folded);
  assert_int_equal(base_alloc_fail_after(-1), 0); /* allocated nothing */
  check_equal(graph, folded, "refolded");
  nn_graph_free(folded);
  nn_graph_free(graph);
}

static void test_survives_lack_of_memory(void **state) {
  (void)state;
  nn_graph *graph = make_network(CASES[0].text, (nn_shape){9, 8, 2}, 1), *folded;
  scrawl_status status = SCRAWL_OUT_OF_MEMORY;
  for (long after = 0; status != SCRAWL_OK; after++) {
    base_alloc_fail_after(after);
    status = nn_graph_fold(graph, &folded, NULL);
    base_alloc_fail_after(-1);
    assert_true(status == SCRAWL_OK || (status == SCRAWL_OUT_OF_MEMORY && !folded));
  }
  nn_graph_free(folded);
  nn_graph_free(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gives_the_same),
      cmocka_unit_test(test_leaves_out_dead_nodes),
      cmocka_unit_test(test_follows_the_graph),
      cmocka_unit_test(test_survives_lack_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
