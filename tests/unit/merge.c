/* Ensembles: the mean of what the members give, computed here from sessions of their own. */
#include "network.h"

#include <math.h>

#include "nn/merge.h"
#include "nn/onnx.h"
#include "nn/quantise.h"
#include "nn/session.h"

enum { BATCH = 9, CLASSES = 6, MEMBERS = 3 };

static const nn_shape INPUT = {9, 8, 1};
static base_error error;

static const char *const NETWORKS[MEMBERS] = {
    "conv 4 3x3, batchnorm, relu, pool 2, dropout 0.3, dense 6, softmax",
    "depthwise 3x3, silu, dense 6",
    "conv 3 3x3 same, as a, conv 3 3x3 same, add a, relu, dense 6, softmax",
};

static float *run(const nn_graph *graph, const float *input) {
  nn_session *session;
  float *output =
      base_alloc((size_t)BATCH * nn_shape_floats(nn_graph_output(graph)), sizeof *output);
  assert_non_null(output);
  assert_int_equal(nn_session_create(graph, BATCH, NULL, NULL, &session, &error), SCRAWL_OK);
  nn_session_run(session, input, BATCH, output);
  nn_session_free(session);
  return output;
}

static void make_all(nn_graph *graphs[MEMBERS]) {
  for (int i = 0; i < MEMBERS; i++) {
    graphs[i] = make_network(NETWORKS[i], INPUT, (uint64_t)i + 1);
    base_random random = base_random_seed((uint64_t)i);
    for (size_t k = 0; k < graphs[i]->state_count; k++)
      graphs[i]->state[k] = (float)base_random_range(&random, 0.3, 1.5);
  }
}

static void free_all(nn_graph *graphs[MEMBERS]) {
  for (int i = 0; i < MEMBERS; i++) nn_graph_free(graphs[i]);
}

/* softmax(log p / T) or softmax(logits / T), added up in double. */
static void add_softened(const float *rows, double temperature, double *sums) {
  for (int r = 0; r < BATCH; r++, rows += CLASSES, sums += CLASSES) {
    double e[CLASSES], sum = 0;
    for (int c = 0; c < CLASSES; c++) sum += e[c] = exp((double)rows[c] / temperature);
    for (int c = 0; c < CLASSES; c++) sums[c] += e[c] / sum;
  }
}

static void assert_mean(const nn_graph *merged, const double *sums, int count, double most,
                        const float *input) {
  float *is = run(merged, input);
  for (int i = 0; i < BATCH * CLASSES; i++)
    if (!(fabs((double)is[i] - sums[i] / count) <= most))
      fail_msg("number %d: %.8f, not %.8f", i, (double)is[i], sums[i] / count);
  base_free(is);
}

static void the_whole_is_the_mean_of_its_members(void **state) {
  (void)state;
  static const float TEMPERATURES[MEMBERS] = {1.5F, 0.8F, 1};
  nn_graph *graphs[MEMBERS], *merged, *again;
  const nn_graph *list[MEMBERS];
  double sums[BATCH * CLASSES] = {0};
  float *input = random_floats(BATCH * nn_shape_floats(INPUT), 7);
  make_all(graphs);
  for (int i = 0; i < MEMBERS; i++) {
    float *rows = run(graphs[i], input);
    if (i != 1) /* ends in a softmax */
      for (int k = 0; k < BATCH * CLASSES; k++) rows[k] = logf(rows[k]);
    add_softened(rows, (double)TEMPERATURES[i], sums);
    base_free(rows);
    list[i] = graphs[i];
  }
  if (nn_graph_merge(list, TEMPERATURES, MEMBERS, &merged, &error) != SCRAWL_OK)
    fail_msg("%s", error.message);
  assert_true(nn_graph_gives_probabilities(merged));
  assert_mean(merged, sums, MEMBERS, 2e-6, input);
  /* Its file gives it back, and quantised it stays near. */
  nn_metadata metadata;
  void *bytes;
  size_t size;
  assert_int_equal(nn_onnx_write(merged, NULL, &bytes, &size, &error), SCRAWL_OK);
  assert_int_equal(nn_onnx_read(bytes, size, &again, &metadata, &error), SCRAWL_OK);
  assert_true(nn_graph_gives_probabilities(again));
  assert_int_equal(again->node_count, merged->node_count);
  assert_mean(again, sums, MEMBERS, 2e-6, input);
  nn_graph_free(again);
  assert_int_equal(nn_quantise(merged, input, BATCH, &again, &error), SCRAWL_OK);
  assert_true(nn_graph_gives_probabilities(again));
  assert_mean(again, sums, MEMBERS, 0.03, input);
  nn_graph_free(again);
  nn_metadata_free(&metadata);
  base_free(bytes);
  /* An ensemble of one is that one; and one may be a member. */
  const float ones[2] = {1, 1};
  const nn_graph *pair[2] = {merged, merged};
  assert_int_equal(nn_graph_merge(pair, ones, 2, &again, &error), SCRAWL_OK);
  assert_mean(again, sums, MEMBERS, 2e-6, input);
  nn_graph_free(again);
  assert_int_equal(nn_graph_merge(pair, ones, 1, &again, &error), SCRAWL_OK);
  assert_mean(again, sums, MEMBERS, 2e-6, input);
  nn_graph_free(again);
  nn_graph_free(merged);
  base_free(input);
  free_all(graphs);
}

static void assert_refused(const nn_graph *a, const nn_graph *b, float temperature,
                           scrawl_status status, const char *sentence) {
  const nn_graph *list[2] = {a, b};
  const float temperatures[2] = {1, temperature};
  nn_graph *merged;
  base_error wrong = {0};
  assert_int_equal(nn_graph_merge(list, temperatures, 2, &merged, &wrong), status);
  assert_null(merged);
  if (!strstr(wrong.message, sentence)) fail_msg("\"%s\", not \"%s\"", wrong.message, sentence);
}

static void what_does_not_fit_is_refused(void **state) {
  (void)state;
  nn_graph *graphs[MEMBERS], *other, *merged;
  make_all(graphs);
  other = make_network("dense 5", INPUT, 1);
  assert_refused(graphs[0], other, 1, SCRAWL_INVALID_ARGUMENT, "9x8x1 to 1x1x5 is not");
  nn_graph_free(other);
  other = make_network("dense 6", (nn_shape){8, 9, 1}, 1);
  assert_refused(graphs[0], other, 1, SCRAWL_INVALID_ARGUMENT, "network 2: 8x9x1");
  nn_graph_free(other);
  float *pictures = random_floats(BATCH * nn_shape_floats(INPUT), 7);
  assert_int_equal(nn_quantise(graphs[0], pictures, BATCH, &other, &error), SCRAWL_OK);
  base_free(pictures);
  assert_refused(graphs[0], other, 1, SCRAWL_UNSUPPORTED, "quantised");
  nn_graph_free(other);
  const nn_graph *list[MEMBERS] = {graphs[0], graphs[1], graphs[2]};
  const float ones[MEMBERS] = {1, 1, 1};
  assert_int_equal(nn_graph_merge(list, ones, MEMBERS, &other, &error), SCRAWL_OK);
  assert_refused(graphs[0], other, 1.5F, SCRAWL_UNSUPPORTED, "temperature, 1.5");
  nn_graph_free(other);
  assert_int_equal(nn_graph_merge(list, ones, 0, &other, &error), SCRAWL_INVALID_ARGUMENT);
  long after = 0;
  for (;; after++) {
    base_alloc_fail_after(after);
    scrawl_status status = nn_graph_merge(list, ones, MEMBERS, &merged, &error);
    base_alloc_fail_after(-1);
    if (status == SCRAWL_OK) break;
    assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
    assert_null(merged);
  }
  assert_in_range(after, 3, 50);
  nn_graph_free(merged);
  free_all(graphs);
}

static void probabilities_are_told_from_logits(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool soft;
  } CASES[] = {
      {"dense 4", false},
      {"dense 4, softmax", true},
      {"dense 4, softmax, scale 0.5", false},
      {"dense 4, softmax, relu", false},
      {"dense 4, softmax, scale 0.5, as a, from input, dense 4, softmax, scale 0.5, add a", true},
      {"dense 4, softmax, as a, from input, dense 4, softmax, add a, scale 0.5", true},
      {"dense 4, softmax, as a, from input, dense 4, add a, scale 0.5", false},
      {"dense 4, softmax, as a, from input, dense 4, softmax, add a", false},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    nn_graph *graph = make_network(CASES[i].text, (nn_shape){1, 1, 4}, 1);
    if (nn_graph_gives_probabilities(graph) != CASES[i].soft) fail_msg("%s", CASES[i].text);
    nn_graph_free(graph);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_whole_is_the_mean_of_its_members),
      cmocka_unit_test(what_does_not_fit_is_refused),
      cmocka_unit_test(probabilities_are_told_from_logits),
  };
  return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
