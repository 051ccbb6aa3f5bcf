/* Graphs, the planner and sessions: limits, results against plain loops in double, nothing shared
 * between pictures. */
#include "network.h"

#include <math.h>

#include "nn/engine.h"
#include "nn/session.h"

/* ---- building ---- */

static void test_refuses_bad_nodes(void **state) {
  (void)state;
  nn_graph *graph;
  assert_int_equal(nn_graph_create((nn_shape){8, 8, 2}, &graph, NULL), SCRAWL_OK);
  base_error error = {0};
  nn_node relu = {.kind = NN_RELU, .input = {0, -1}};
  nn_node bad = relu;
  bad.input[0] = 1; /* itself */
  assert_int_equal(nn_graph_add(graph, bad, NULL, &error), SCRAWL_INVALID_ARGUMENT);
  bad.input[0] = -1;
  assert_int_equal(nn_graph_add(graph, bad, NULL, &error), SCRAWL_INVALID_ARGUMENT);
  bad = (nn_node){.kind = NN_ADD, .input = {0, 7}};
  assert_int_equal(nn_graph_add(graph, bad, NULL, &error), SCRAWL_INVALID_ARGUMENT);
  bad = (nn_node){.kind = NN_KIND_COUNT, .input = {0, 0}};
  assert_int_equal(nn_graph_add(graph, bad, NULL, &error), SCRAWL_INVALID_ARGUMENT);
  bad.kind = NN_INPUT;
  assert_int_equal(nn_graph_add(graph, bad, NULL, &error), SCRAWL_INVALID_ARGUMENT);
  bad = (nn_node){.kind = NN_DROPOUT, .input = {0, 0}, .rate = NAN};
  assert_int_equal(nn_graph_add(graph, bad, NULL, &error), SCRAWL_INVALID_ARGUMENT);
  bad = (nn_node){.kind = NN_MAX_POOL, .input = {0, 0}};
  bad.window =
      (nn_window){.kernel_h = 2, .kernel_w = 2, .stride_h = 1, .stride_w = 1, .pad_left = -1};
  assert_int_equal(nn_graph_add(graph, bad, NULL, &error), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(graph->node_count, 1);
  int index;
  assert_int_equal(nn_graph_add(graph, relu, &index, &error), SCRAWL_OK);
  assert_int_equal(index, 1);
  assert_int_equal(nn_graph_finish(graph, &error), SCRAWL_OK);
  assert_int_equal(nn_graph_add(graph, relu, NULL, &error), SCRAWL_INVALID_ARGUMENT);
  nn_graph_free(graph);
  nn_graph_free(NULL);
}

static void test_finish_copy_and_initialise(void **state) {
  (void)state;
  nn_graph *graph = make_network("conv 64 5x5 same, batchnorm, relu, conv 64 5x5, relu, dense 50",
                                 (nn_shape){10, 10, 16}, 7);
  const nn_node *norm = &graph->nodes[2], *second = &graph->nodes[4], *dense = &graph->nodes[6];
  for (size_t c = 0; c < 64; c++) {
    assert_true(graph->parameters[norm->parameter_offset + c] == 1);
    assert_true(graph->parameters[norm->parameter_offset + 64 + c] == 0);
    assert_true(graph->state[c] == 0 && graph->state[64 + c] == 1);
  }
  /* He: variance 2 / inputs over 102,400 numbers; Glorot: within the limit, variance limit^2 /
   * 3. */
  double square = 0, limit = sqrt(6.0 / (64 * 36 + 50)), uniform = 0;
  size_t count = second->parameter_count - 64, last = dense->parameter_count - 50;
  for (size_t i = 0; i < count; i++) {
    double w = (double)graph->parameters[second->parameter_offset + i];
    square += w * w / (double)count;
  }
  assert_true(fabs(square * (25 * 64) / 2 - 1) < 0.02);
  for (size_t i = 0; i < last; i++) {
    double w = (double)graph->parameters[dense->parameter_offset + i];
    assert_true(fabs(w) <= limit);
    uniform += w * w / (double)last;
  }
  assert_true(fabs(uniform * 3 / (limit * limit) - 1) < 0.02);
  nn_graph *copy;
  assert_int_equal(nn_graph_copy(graph, &copy, NULL), SCRAWL_OK);
  assert_memory_equal(copy->parameters, graph->parameters, graph->parameter_count * sizeof(float));
  assert_memory_equal(copy->state, graph->state, graph->state_count * sizeof(float));
  assert_memory_equal(copy->nodes, graph->nodes, (size_t)graph->node_count * sizeof *graph->nodes);
  nn_graph_free(copy);
  nn_graph_free(graph);
}

/* ---- sessions ---- */

/* Every node in double, plain loops; no batch norm. Returns the outputs. */
static double *run_double(const nn_graph *graph, const float *input, int count) {
  double **values = base_alloc((size_t)graph->node_count, sizeof *values);
  double *parameters = base_alloc(graph->parameter_count, sizeof *parameters);
  for (size_t i = 0; i < graph->parameter_count; i++) parameters[i] = (double)graph->parameters[i];
  for (int n = 0; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    size_t floats = (size_t)count * nn_shape_floats(node->shape);
    values[n] = base_alloc(floats, sizeof(double));
    if (n == 0) {
      for (size_t i = 0; i < floats; i++) values[0][i] = (double)input[i];
      continue;
    }
    if (node->kind == NN_DROPOUT) {
      memcpy(values[n], values[node->input[0]], floats * sizeof(double));
      continue;
    }
    nn_shape shapes[2] = {graph->nodes[node->input[0]].shape, {0, 0, 0}};
    nn_run_double run = {
        .node = node,
        .count = count,
        .shapes = shapes,
        .x = {values[node->input[0]], node->input[1] < 0 ? NULL : values[node->input[1]]},
        .y = values[n],
        .parameters = parameters + node->parameter_offset};
    nn_operator_of(node->kind)->forward_double(&run);
  }
  double *output = values[graph->node_count - 1];
  for (int n = 0; n < graph->node_count - 1; n++) base_free(values[n]);
  base_free(values);
  base_free(parameters);
  return output;
}

static const char *const texts[] = {
    "seed-lenet",
    "flatten",
    "relu, flatten",
    "flatten, relu",
    "softmax",
    "dropout 0.5",
    "dense 17, relu, dense 5, dropout 0.5",
    "conv 5 3x3, relu, flatten",
    "conv 12 3x3 same, relu, as a, conv 12 3x3 same, add a, relu, pool 3 stride 2 same, dense 9, "
    "softmax",
    "conv 4 3x3, as a, silu, as b, from a, relu, add b, add a, average 2, global-average",
    "as x, repeat 4 ( conv 1 3x3 same, relu, add x, as x ), pool 2, flatten, silu, dense 3",
    "conv 16 5x5 stride 2, relu, conv 16 3x3 same, relu, conv 16 3x3 same, relu, from input, dense "
    "7, as d, from "
    "input, global-average, dense 7, add d",
};

static void test_sessions_agree_with_double(void **state) {
  (void)state;
  const nn_shape shape = {28, 28, 1};
  enum { COUNT = 11 };
  base_pool *pool = base_pool_create(3);
  float *input = random_floats(COUNT * 784, 3);
  for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
    nn_graph *graph = make_network(texts[t], shape, 5);
    size_t floats = nn_shape_floats(nn_graph_output(graph));
    float *output = base_alloc(COUNT * floats, sizeof *output);
    double *truth = run_double(graph, input, COUNT);
    const nn_kernels *kernels[] = {&NN_KERNELS_SCALAR, NULL};
    for (int k = 0; k < 2; k++) {
      nn_session *session;
      assert_int_equal(nn_session_create(graph, 4, pool, kernels[k], &session, NULL), SCRAWL_OK);
      nn_session_run(session, input, COUNT, output);
      for (size_t i = 0; i < COUNT * floats; i++)
        if (!(fabs((double)output[i] - truth[i]) < 2e-4 * (1 + fabs(truth[i]))))
          fail_msg("`%s`, number %zu: %g, in double %g", texts[t], i, (double)output[i], truth[i]);
      nn_session_free(session);
    }
    base_free(output);
    base_free(truth);
    nn_graph_free(graph);
  }
  base_free(input);
  base_pool_free(pool);
}

/* The same bits alone, in any company, with any batch and number of threads. */
static void test_results_do_not_depend_on_company(void **state) {
  (void)state;
  enum { COUNT = 23 };
  const char *text =
      "conv 13 3x3 same, batchnorm, relu, pool 2, conv 21 3x3, silu, dense 30, relu, dense 10, "
      "softmax";
  nn_graph *graph = make_network(text, (nn_shape){14, 14, 1}, 5);
  float *input = random_floats(COUNT * 196, 3), expected[COUNT * 10], output[COUNT * 10];
  nn_session *single;
  assert_int_equal(nn_session_create(graph, 1, NULL, NULL, &single, NULL), SCRAWL_OK);
  for (size_t p = 0; p < COUNT; p++) nn_session_run(single, input + p * 196, 1, expected + p * 10);
  nn_session_free(single);
  for (size_t threads = 1; threads <= 5; threads++) {
    base_pool *pool = base_pool_create(threads);
    for (int batch = 1; batch < 40; batch += 6) {
      nn_session *session;
      assert_int_equal(nn_session_create(graph, batch, pool, NULL, &session, NULL), SCRAWL_OK);
      for (int count = 1; count <= COUNT; count += 2) {
        memset(output, 0xff, sizeof output);
        nn_session_run(session, input, count, output);
        assert_memory_equal(output, expected, (size_t)count * 10 * sizeof(float));
      }
      nn_session_free(session);
    }
    base_pool_free(pool);
  }
  base_free(input);
  nn_graph_free(graph);
}

static void test_refresh_follows_parameters_and_state(void **state) {
  (void)state;
  nn_graph *graph = make_network("conv 3 1x1, batchnorm", (nn_shape){1, 1, 1}, 5);
  nn_session *session;
  assert_int_equal(nn_session_create(graph, 1, NULL, NULL, &session, NULL), SCRAWL_OK);
  for (int c = 0; c < 3; c++) {
    graph->parameters[c] = (float)(c + 1);      /* weights */
    graph->parameters[3 + c] = 2;               /* scale */
    graph->parameters[6 + c] = (float)(10 * c); /* shift */
    graph->state[c] = 1;                        /* mean */
    graph->state[3 + c] = 4;                    /* variance */
  }
  nn_session_refresh(session);
  float x = 3, y[3];
  nn_session_run(session, &x, 1, y);
  /* (3 * w - 1) / sqrt(4) * 2 + shift */
  for (int c = 0; c < 3; c++) assert_true(fabs((double)y[c] - (3 * (c + 1) - 1 + 10 * c)) < 1e-4);
  nn_session_free(session);
  nn_session_free(NULL);
  nn_graph_free(graph);
}

static void test_sessions_refuse(void **state) {
  (void)state;
  nn_graph *graph = make_network("relu", (nn_shape){4, 4, 1}, 5);
  nn_session *session;
  base_error error = {0};
  assert_int_equal(nn_session_create(graph, 0, NULL, NULL, &session, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_null(session);
  scrawl_status status = SCRAWL_OUT_OF_MEMORY;
  for (long after = 0; status != SCRAWL_OK && after < 20; after++) {
    base_alloc_fail_after(after);
    status = nn_session_create(graph, 3, NULL, NULL, &session, &error);
    base_alloc_fail_after(-1);
    assert_true(status == SCRAWL_OK || (status == SCRAWL_OUT_OF_MEMORY && !session));
    nn_session_free(session);
  }
  assert_int_equal(status, SCRAWL_OK);
  nn_graph_free(graph);
  /* 24 activations of 2^24 floats that all live to the end. */
  graph = make_network("repeat 24 ( silu, as x, relu ), add x", (nn_shape){4096, 4096, 1}, 5);
  nn_plan plan;
  assert_int_equal(nn_plan_make(graph, true, 8, &plan, &error), SCRAWL_LIMIT_EXCEEDED);
  assert_non_null(strstr(error.message, "limit of 1024 MB"));
  nn_graph_free(graph);
}

/* ---- the planner ---- */

/* Inference of a chain needs two activations at a time, however long it is. */
static void test_memory_is_shared(void **state) {
  (void)state;
  const struct {
    int side, at_once; /* pictures: small ones all together */
  } cases[] = {{16, 8}, {64, 1}};
  for (size_t i = 0; i < 2; i++) {
    const size_t side = (size_t)cases[i].side, floats = side * side * 8;
    const nn_shape input = {cases[i].side, cases[i].side, 8};
    nn_graph *graph = make_network("repeat 50 ( conv 8 3x3 same )", input, 5);
    nn_plan plan;
    assert_int_equal(nn_plan_make(graph, false, 8, &plan, NULL), SCRAWL_OK);
    assert_int_equal(plan.shard_floats, 2 * floats * (size_t)cases[i].at_once);
    nn_plan_free(&plan);
    /* Training keeps the 50 inputs of convolutions for each picture, and two gradients at a time. */
    assert_int_equal(nn_plan_make(graph, true, 8, &plan, NULL), SCRAWL_OK);
    assert_in_range(plan.shard_floats, 50 * floats, 8 * 54 * floats);
    nn_plan_free(&plan);
    nn_graph_free(graph);
  }
}

static bool overlap(size_t a, size_t a_end, size_t b, size_t b_end) {
  return a < b_end && b < a_end;
}

/* No two buffers in use at one time overlap, and all lie within the shard. */
static void test_buffers_in_use_do_not_overlap(void **state) {
  (void)state;
  enum { PICTURES = 5 };
  for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
    for (int training = 0; training < 2; training++) {
      nn_graph *graph = make_network(texts[t], (nn_shape){28, 28, 1}, 5);
      nn_plan plan;
      assert_int_equal(nn_plan_make(graph, training, PICTURES, &plan, NULL), SCRAWL_OK);
      for (int i = 0; i < plan.buffer_count; i++) {
        const nn_buffer *a = &plan.buffers[i];
        if (a->last < 0) continue;
        size_t a_end = a->offset + a->floats * (a->whole ? PICTURES : 1);
        assert_true(a_end <= plan.shard_floats);
        for (int j = 0; j < i; j++) {
          const nn_buffer *b = &plan.buffers[j];
          if (b->last < 0 || b->last < a->first || b->first > a->last) continue;
          size_t b_end = b->offset + b->floats * (b->whole ? PICTURES : 1);
          assert_false(overlap(a->offset, a_end, b->offset, b_end));
        }
      }
      nn_plan_free(&plan);
      nn_graph_free(graph);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refuses_bad_nodes),
      cmocka_unit_test(test_finish_copy_and_initialise),
      cmocka_unit_test(test_sessions_agree_with_double),
      cmocka_unit_test(test_results_do_not_depend_on_company),
      cmocka_unit_test(test_refresh_follows_parameters_and_state),
      cmocka_unit_test(test_sessions_refuse),
      cmocka_unit_test(test_memory_is_shared),
      cmocka_unit_test(test_buffers_in_use_do_not_overlap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
