/* What a training step does to the bits and to memory: the same on any number of threads and after
 * resuming, nothing where only a gradient is asked for; no allocation in a step. */
#include "network.h"

#include <math.h>

#include "nn/session.h"

/* ---- the same bits ---- */

typedef struct history {
  float *parameters, *state, *average, *average_state;
  double losses[50];
  int correct[50];
} history;

static const char *const mixed =
    "conv 6 3x3 same, batchnorm, relu, as a, conv 6 3x3 same, batchnorm, relu, add a, pool 2, "
    "dropout 0.2, conv 8 3x3 stride 2, silu, dense 24, batchnorm, relu, dropout 0.3, dense 5, "
    "softmax";
static const nn_shape mixed_input = {12, 12, 1};

static nn_trainer_options mixed_options(void) {
  nn_trainer_options options = nn_trainer_defaults(NN_ADAMW);
  options.batch = 37;
  options.weight_decay = 0.01;
  options.average_decay = 0.9;
  options.label_smoothing = 0.1;
  options.seed = 99;
  return options;
}

/* Every fifth batch is short, as the last of an epoch. */
static int mixed_count(int step) {
  return step % 5 == 4 ? 1 + step % 31 : 37;
}

static void run_steps(nn_trainer *trainer, history *kept, int from, int to) {
  size_t floats = nn_shape_floats(mixed_input);
  for (int step = from; step < to; step++) {
    float *input = random_floats(37 * floats, 1000 + (uint64_t)step);
    uint16_t labels[37];
    for (int p = 0; p < 37; p++) labels[p] = (uint16_t)((p * 7 + step) % 5);
    nn_trainer_step(trainer, input, labels, NULL, mixed_count(step), 0.01, &kept->losses[step],
                    &kept->correct[step]);
    base_free(input);
  }
}

static void keep(history *kept, const nn_graph *graph, const nn_trainer *trainer) {
  size_t parameters = graph->parameter_count * sizeof(float);
  size_t state = graph->state_count * sizeof(float);
  kept->parameters = base_alloc(1, parameters);
  kept->average = base_alloc(1, parameters);
  kept->state = base_alloc(1, state);
  kept->average_state = base_alloc(1, state);
  memcpy(kept->parameters, graph->parameters, parameters);
  memcpy(kept->state, graph->state, state);
  nn_trainer_average(trainer, kept->average, kept->average_state);
}

static void release(history *kept) {
  base_free(kept->parameters);
  base_free(kept->average);
  base_free(kept->state);
  base_free(kept->average_state);
}

static void assert_same(const history *a, const history *b, const nn_graph *graph) {
  assert_memory_equal(a->losses, b->losses, sizeof a->losses);
  assert_memory_equal(a->correct, b->correct, sizeof a->correct);
  assert_memory_equal(a->parameters, b->parameters, graph->parameter_count * sizeof(float));
  assert_memory_equal(a->average, b->average, graph->parameter_count * sizeof(float));
  assert_memory_equal(a->state, b->state, graph->state_count * sizeof(float));
  assert_memory_equal(a->average_state, b->average_state, graph->state_count * sizeof(float));
}

static history train_mixed(size_t threads) {
  history kept = {0};
  base_pool *pool = threads ? base_pool_create(threads) : NULL;
  nn_graph *graph = make_network(mixed, mixed_input, 3);
  nn_trainer_options options = mixed_options();
  nn_trainer *trainer = make_trainer(graph, &options, pool);
  run_steps(trainer, &kept, 0, 50);
  keep(&kept, graph, trainer);
  nn_trainer_free(trainer);
  nn_graph_free(graph);
  base_pool_free(pool);
  return kept;
}

static void test_same_bits_on_any_number_of_threads(void **state) {
  (void)state;
  nn_graph *graph = make_network(mixed, mixed_input, 3);
  history first = train_mixed(1);
  /* It has learned something that could differ. */
  assert_true(memcmp(first.parameters, graph->parameters, graph->parameter_count * sizeof(float)));
  const size_t threads[] = {0, 2, 3, 5};
  for (size_t i = 0; i < 4; i++) {
    history other = train_mixed(threads[i]);
    assert_same(&first, &other, graph);
    release(&other);
  }
  release(&first);
  nn_graph_free(graph);
}

static void test_resumed_run_has_the_same_bits(void **state) {
  (void)state;
  history whole = train_mixed(1), parts = {0};
  nn_graph *graph = make_network(mixed, mixed_input, 3);
  nn_trainer_options options = mixed_options();
  nn_trainer *before = make_trainer(graph, &options, NULL);
  run_steps(before, &parts, 0, 23);
  nn_graph *copy;
  assert_int_equal(nn_graph_copy(graph, &copy, NULL), SCRAWL_OK);
  nn_trainer *after = make_trainer(copy, &options, NULL);
  nn_trainer_vector from[4], to[4];
  assert_int_equal(nn_trainer_vectors(before, from), 4);
  assert_int_equal(nn_trainer_vectors(after, to), 4);
  for (int v = 0; v < 4; v++) {
    assert_string_equal(from[v].name, to[v].name);
    memcpy(to[v].values, from[v].values, from[v].count * sizeof(float));
  }
  nn_trainer_set_steps(after, nn_trainer_steps(before));
  nn_trainer_free(before);
  nn_graph_free(graph);
  run_steps(after, &parts, 23, 50);
  keep(&parts, copy, after);
  assert_same(&whole, &parts, copy);
  nn_trainer_free(after);
  nn_graph_free(copy);
  release(&whole);
  release(&parts);
}

static void test_gradient_changes_nothing(void **state) {
  (void)state;
  nn_graph *graph = make_network(mixed, mixed_input, 3), *copy;
  assert_int_equal(nn_graph_copy(graph, &copy, NULL), SCRAWL_OK);
  nn_trainer_options options = mixed_options();
  nn_trainer *trainer = make_trainer(graph, &options, NULL);
  size_t floats = nn_shape_floats(mixed_input);
  float *input = random_floats(37 * floats, 5), *input_gradient = random_floats(37 * floats, 6);
  float *first = random_floats(graph->parameter_count, 7);
  float *again = random_floats(graph->parameter_count, 8);
  uint16_t labels[37] = {0};
  double loss, same;
  nn_trainer_gradient(trainer, input, labels, NULL, 37, &loss, first, NULL);
  nn_trainer_gradient(trainer, input, labels, NULL, 37, &same, again, input_gradient);
  assert_true(loss == same);
  assert_memory_equal(first, again, graph->parameter_count * sizeof(float));
  assert_memory_equal(graph->parameters, copy->parameters, graph->parameter_count * sizeof(float));
  assert_memory_equal(graph->state, copy->state, graph->state_count * sizeof(float));
  assert_int_equal(nn_trainer_steps(trainer), 0);
  base_free(input);
  base_free(input_gradient);
  base_free(first);
  base_free(again);
  nn_trainer_free(trainer);
  nn_graph_free(graph);
  nn_graph_free(copy);
}

/* ---- memory ---- */

static void test_steps_allocate_nothing(void **state) {
  (void)state;
  base_pool *pool = base_pool_create(2);
  nn_graph *graph = make_network(mixed, mixed_input, 3);
  nn_trainer_options options = mixed_options();
  nn_trainer *trainer = make_trainer(graph, &options, pool);
  nn_session *session;
  assert_int_equal(nn_session_create(graph, 20, pool, NULL, &session, NULL), SCRAWL_OK);
  size_t floats = nn_shape_floats(mixed_input);
  float *input = random_floats(37 * floats, 5);
  float *gradient = random_floats(graph->parameter_count, 6);
  float output[37 * 5];
  uint16_t labels[37] = {0};
  double loss;
  int correct;
  base_alloc_fail_after(0);
  for (int count = 37; count > 0; count -= 9) {
    nn_trainer_step(trainer, input, labels, NULL, count, 0.01, &loss, &correct);
    nn_trainer_gradient(trainer, input, labels, NULL, count, &loss, gradient, NULL);
    nn_session_refresh(session);
    nn_session_run(session, input, count, output);
  }
  long allocations = base_alloc_fail_after(-1);
  assert_int_equal(allocations, 0);
  assert_true(isfinite(loss));
  base_free(input);
  base_free(gradient);
  nn_session_free(session);
  nn_trainer_free(trainer);
  nn_graph_free(graph);
  base_pool_free(pool);
}

static void test_exhausted_memory_is_an_error(void **state) {
  (void)state;
  nn_graph *graph = make_network(mixed, mixed_input, 3);
  nn_trainer_options options = mixed_options();
  bool created = false;
  for (long after = 0; !created; after++) {
    assert_true(after < 100);
    base_error error = {0};
    nn_trainer *trainer;
    base_alloc_fail_after(after);
    scrawl_status status = nn_trainer_create(graph, &options, NULL, NULL, &trainer, &error);
    base_alloc_fail_after(-1);
    created = status == SCRAWL_OK;
    if (!created) {
      assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
      assert_null(trainer);
      assert_true(strlen(error.message) > 0);
    }
    nn_trainer_free(trainer);
  }
  double worst;
  for (long after = 0; after < 12; after++) {
    base_alloc_fail_after(after);
    assert_int_equal(nn_check_gradients(graph, 2, 1, NULL, &worst, NULL), SCRAWL_OUT_OF_MEMORY);
    base_alloc_fail_after(-1);
  }
  nn_graph_free(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_same_bits_on_any_number_of_threads),
      cmocka_unit_test(test_resumed_run_has_the_same_bits),
      cmocka_unit_test(test_gradient_changes_nothing),
      cmocka_unit_test(test_steps_allocate_nothing),
      cmocka_unit_test(test_exhausted_memory_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
