/* Networks as text: what the presets are, sentences for what is wrong, round trips, hostile
 * texts. */
#include "network.h"

#include <locale.h>

static const nn_shape digit = {28, 28, 1};

static bool equal_nodes(const nn_node *a, const nn_node *b) {
  const nn_window *v = &a->window, *w = &b->window;
  return a->kind == b->kind && a->input[0] == b->input[0] && a->input[1] == b->input[1] &&
         v->in_h == w->in_h && v->in_w == w->in_w && v->in_c == w->in_c && v->out_h == w->out_h &&
         v->out_w == w->out_w && v->out_c == w->out_c && v->kernel_h == w->kernel_h &&
         v->kernel_w == w->kernel_w && v->stride_h == w->stride_h && v->stride_w == w->stride_w &&
         v->pad_top == w->pad_top && v->pad_left == w->pad_left && a->pad_bottom == b->pad_bottom &&
         a->pad_right == b->pad_right && a->channels == b->channels && a->bias == b->bias &&
         a->rate == b->rate && a->epsilon == b->epsilon && a->momentum == b->momentum &&
         a->shape.h == b->shape.h && a->shape.w == b->shape.w && a->shape.c == b->shape.c &&
         a->parameter_offset == b->parameter_offset && a->parameter_count == b->parameter_count &&
         a->state_offset == b->state_offset && a->state_count == b->state_count;
}

static void assert_equal_graphs(const nn_graph *a, const nn_graph *b, const char *text) {
  assert_int_equal(a->node_count, b->node_count);
  assert_int_equal(a->parameter_count, b->parameter_count);
  assert_int_equal(a->state_count, b->state_count);
  for (int n = 0; n < a->node_count; n++)
    if (!equal_nodes(&a->nodes[n], &b->nodes[n])) fail_msg("node %d differs in `%s`", n, text);
}

/* ---- what a text means ---- */

static void test_preset_seed_keras(void **state) {
  (void)state;
  nn_graph *graph = make_network("seed-keras", digit, 1);
  /* 3*3*64 + 64, 3*3*64*32 + 32, 18432*10 + 10: as the first report's summary prints. */
  assert_int_equal(graph->parameter_count, 640 + 18464 + 184330);
  assert_int_equal(graph->node_count, 8);
  assert_int_equal(nn_graph_output(graph).c, 10);
  assert_int_equal(graph->nodes[3].shape.h, 24);
  /* Twice the multiplications: 26*26*9*64, 24*24*9*64*32, 18432*10. */
  assert_true(nn_graph_flops(graph) == 2.0 * (389376 + 10616832 + 184320));
  nn_graph_free(graph);
}

static void test_preset_seed_lenet(void **state) {
  (void)state;
  nn_graph *graph = make_network("seed-lenet", digit, 1);
  assert_int_equal(graph->parameter_count, 260 + 5020 + 32100 + 1010);
  assert_int_equal(graph->nodes[5].kind, NN_DROPOUT);
  assert_true(graph->nodes[5].rate == 0.25f);
  assert_int_equal(graph->nodes[6].shape.c, 320);
  nn_graph_free(graph);
}

static void test_every_preset_reads_digits(void **state) {
  (void)state;
  for (const nn_preset *preset = NN_PRESETS; preset->name; preset++) {
    nn_graph *graph = make_network(preset->name, digit, 1);
    assert_int_equal(nn_graph_output(graph).c, 10);
    assert_true(strlen(preset->summary) > 0);
    nn_graph_free(graph);
  }
}

static void test_groups_names_and_biases(void **state) {
  (void)state;
  nn_graph *graph = make_network(
      "conv 4 3x3 same,repeat 2(as x,conv 4 3x3 same,batchnorm,relu,add x),from input,conv 4 1",
      digit, 1);
  /* 0 input, 1 conv, 2..5 first block, 6..9 second, 10 conv on the input. */
  assert_int_equal(graph->node_count, 11);
  assert_int_equal(graph->nodes[5].input[0], 4);
  assert_int_equal(graph->nodes[5].input[1], 1);
  assert_int_equal(graph->nodes[9].input[1], 5);
  assert_int_equal(graph->nodes[10].input[0], 0);
  assert_true(graph->nodes[1].bias && !graph->nodes[2].bias && graph->nodes[10].bias);
  nn_graph_free(graph);
  graph = make_network("conv 4 3x3 bias, batchnorm, conv 2 1x1 nobias", digit, 1);
  assert_true(graph->nodes[1].bias && !graph->nodes[3].bias);
  assert_int_equal(graph->parameter_count, 9 * 4 + 4 + 8 + 8);
  nn_graph_free(graph);
}

static void test_windows(void **state) {
  (void)state;
  nn_graph *graph = make_network(
      "conv 2 5x3 stride 2x3 pad 1 0 2 1, pool 3 stride 2 same, average 2x1 pad 1 0 0 0", digit, 1);
  const nn_node *n = graph->nodes;
  assert_int_equal(n[1].shape.h, (28 + 3 - 5) / 2 + 1);
  assert_int_equal(n[1].shape.w, (28 + 1 - 3) / 3 + 1);
  assert_int_equal(n[2].shape.h, (n[1].shape.h + 1) / 2);
  assert_int_equal(n[2].shape.w, (n[1].shape.w + 1) / 2);
  /* 14 -> 7 windows of 3: one pixel is missing, and goes to the bottom. */
  assert_int_equal(n[1].shape.h, 14);
  assert_int_equal(n[2].window.pad_top, 0);
  assert_int_equal(n[2].pad_bottom, 1);
  assert_int_equal(n[3].window.stride_h, 2);
  assert_int_equal(n[3].window.stride_w, 1);
  assert_int_equal(n[3].window.pad_top, 1);
  nn_graph_free(graph);
}

/* ---- round trips ---- */

static void assert_round_trip(const char *text) {
  nn_graph *graph = make_network(text, digit, 1);
  char *written = nn_spec_format(graph);
  assert_non_null(written);
  nn_graph *again = make_network(written, digit, 1);
  assert_equal_graphs(graph, again, written);
  char *twice = nn_spec_format(again);
  assert_string_equal(written, twice);
  base_free(written);
  base_free(twice);
  nn_graph_free(graph);
  nn_graph_free(again);
}

static const char *const odd_texts[] = {
    "softmax",
    "  dense\t10 nobias ,\n relu ",
    "conv 2 5x3 stride 2x3 pad 1 0 2 1, pool 3 stride 2 same, average 2x1 pad 1 0 0 0",
    "conv 1 64x64 pad 63, pool 7x5 stride 100 pad 4",
    "conv 3 2x2 same, conv 3 3x3 pad 1, conv 3 3x3 pad 2, conv 3 4x4 stride 3 same",
    "conv 6 1x1, depthwise 3x3 same, batchnorm, depthwise 3 stride 2 nobias, as a, relu",
    "scale 0.25, dense 3, scale 1e-05, softmax, as a, from input, dense 3, add a, scale "
    "0.333333343",
    "depthwise 2x5 bias, batchnorm, depthwise 3x3 pad 1 0 2 1 stride 1x2, silu",
    "conv 3 3x3, batchnorm, conv 3 3x3 bias, batchnorm, conv 3 3x3, as a, batchnorm, add a",
    "conv 3 3x3 nobias, as a, batchnorm epsilon 0.00123 momentum 0.987654321, silu",
    "batchnorm epsilon 1e-3, dropout 0.1, dropout 0.333333333, dropout 0, dropout 0.9999999",
    "conv 3 3x3 same, as a, relu, add a, from input, conv 3 1x1, as b, from a, silu, add b, add a",
    "add input, add input, from input, global-average",
    "repeat 2 ( repeat 3 ( as x, conv 2 3 same, add x ), pool 2 ), flatten, dense 3",
};

static void test_round_trips(void **state) {
  (void)state;
  for (const nn_preset *preset = NN_PRESETS; preset->name; preset++)
    assert_round_trip(preset->name);
  for (size_t i = 0; i < sizeof odd_texts / sizeof *odd_texts; i++) {
    /* `add x` of a 2-channel block to the 1-channel input does not fit: give that text its channels
     * first. */
    char *text = strstr(odd_texts[i], "repeat 2") ? base_format("conv 2 1x1, %s", odd_texts[i])
                                                  : base_strdup(odd_texts[i]);
    assert_round_trip(text);
    base_free(text);
  }
}

static void test_round_trip_with_many_names(void **state) {
  (void)state;
  assert_round_trip("repeat 400 ( as x, silu, add x )");
}

static void test_decimals_do_not_follow_the_locale(void **state) {
  (void)state;
  if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "de_DE")) skip();
  assert_round_trip("dropout 0.25, batchnorm momentum 0.987");
  setlocale(LC_NUMERIC, "C");
}

/* ---- sentences ---- */

static void assert_refused(const char *text, scrawl_status expected, const char *sentence) {
  nn_graph *graph = (nn_graph *)&graph;
  base_error error = {0};
  scrawl_status status = nn_spec_parse(text, digit, &graph, &error);
  if (status != expected || !strstr(error.message, sentence))
    fail_msg("`%s`: status %d, \"%s\" lacks \"%s\"", text, (int)status, error.message, sentence);
  assert_null(graph);
  assert_int_equal(nn_spec_parse(text, digit, &graph, NULL), expected);
}

static void test_says_what_is_wrong(void **state) {
  (void)state;
  const scrawl_status invalid = SCRAWL_INVALID_ARGUMENT, limit = SCRAWL_LIMIT_EXCEEDED;
  assert_refused("conv 8 3x3, pool 13, relu, pool 3x3", invalid,
                 "operator 4 `pool 3x3`: window 3x3 does not fit a 2x2 picture");
  assert_refused("pool 5x30 pad 0 0 1 1", invalid,
                 "window 5x30 does not fit a 28x28 picture padded to 29x29");
  assert_refused("", invalid, "operator 1 ``: an operator is missing here");
  assert_refused("relu,", invalid, "operator 2 ``: an operator is missing here");
  assert_refused("relu,,relu", invalid, "operator 2 ``: an operator is missing");
  assert_refused("conv", invalid, "the number of filters must be a whole number, not ``");
  assert_refused("conv x 3x3", invalid, "operator 1 `conv x 3x3`: the number of filters must be");
  assert_refused("conv 8", invalid,
                 "the window must be a number like 3 or a pair like 3x5, not ``");
  assert_refused("conv 8 3y3", invalid, "not `3y3`");
  assert_refused("conv 8 -3", invalid, "not `-3`");
  assert_refused("conv 8 3x3 strid 2", invalid, "`strid` does not belong here; write `conv 64 3x3");
  assert_refused("conv 0 3x3", invalid, "0 filters are not between 1 and 65536");
  assert_refused("conv 99999999999 3x3", invalid, "not `99999999999`");
  assert_refused("conv 8 0x3", invalid, "window side 0 is not between 1 and 64");
  assert_refused("conv 8 65", invalid, "window side 65 is not between 1 and 64");
  assert_refused("conv 8 3 stride 0", invalid, "stride 0 is not between 1 and 4096");
  assert_refused("conv 8 3 stride 0 same", invalid, "stride 0 is not between");
  assert_refused("conv 8 3 pad 3", invalid, "padding 3 is not between 0 and 2");
  assert_refused("conv 8 3 pad 1 2", invalid,
                 "padding (one number, or top left bottom right) must");
  assert_refused("pool 2 nobias", invalid, "`nobias` does not belong here; write `pool 2");
  assert_refused("relu 3", invalid, "`3` does not belong here; write `relu`");
  assert_refused("dense 0", invalid, "0 outputs are not between 1 and 65536");
  assert_refused("dropout 1", invalid, "rate 1 is not at least 0 and below 1");
  assert_refused("dropout 1e99", invalid, "rate inf is not");
  assert_refused("dropout 0,5", invalid, "operator 2 `5`: there is no operator or preset");
  assert_refused("dropout .", invalid, "the rate must be a number like 0.25, not `.`");
  assert_refused("dropout nan", invalid, "not `nan`");
  assert_refused("batchnorm epsilon 0", invalid, "epsilon 0 is not between 0 and 1");
  assert_refused("batchnorm momentum 1.5", invalid, "momentum 1.5 is not between 0 and 1");
  assert_refused("pol 2", invalid,
                 "operator 1 `pol 2`: there is no operator or preset of this name; "
                 "operators are conv, depthwise, pool");
  assert_refused("Conv 8 3x3", invalid, "there is no operator");
  assert_refused("add a", invalid, "no earlier point is named `a`; name one with `as a`");
  assert_refused("conv 2 3x3, add input", invalid,
                 "operator 2 `add input`: 26x26x2 and 28x28x1 are of different shape");
  assert_refused("as", invalid, "a name is missing after `as`");
  assert_refused("relu, from input", invalid, "the network ends at an earlier point");
  assert_refused("repeat ( relu )", invalid, "the number of repetitions must be a whole number");
  assert_refused("repeat 0 ( relu )", invalid, "0 repetitions are not between 1 and 1000");
  assert_refused("repeat 2 relu", invalid, "write `repeat 3 ( operators ... )`, with parentheses");
  assert_refused("relu, repeat 2 ( relu, silu", invalid,
                 "operator 2 `repeat 2`: its `(` is never closed by `)`");
  assert_refused("repeat 2 ( relu, repeat 2 ( tanh ) )", invalid, "operator 4 `tanh`: there is no");
  assert_refused("repeat 2 ( pool 9 )", invalid,
                 "operator 2 `pool 9`: window 9x9 does not fit a 3x3");
  assert_refused("relu )", invalid, "unexpected `)` after it");
  assert_refused("relu ( silu )", invalid, "unexpected `(` after it");
  assert_refused("repeat 1000 ( relu, silu )", limit, "more than 1024 operators");
  assert_refused("repeat 1000 ( repeat 1000 ( as a ) ), relu", limit, "repetitions counted");
  assert_refused("repeat 2(repeat 2(repeat 2(repeat 2(repeat 2(repeat 2(repeat 2(repeat 2(repeat 2("
                 "relu)))))))))",
                 limit, "nested more than 8 deep");
  assert_refused("dense 65536, dense 65536", limit, "more than the limit of 67108864");
  assert_refused("conv 65536 1x1", limit,
                 "28x28 pixels of 65536 channels are more than the limits");
  assert_refused("a b c d e f g h i j k l m n o p q", invalid, "more than 16 words");
  assert_refused("conv 8 3333333333333333333333333333333333", invalid, "longer than 31 characters");
}

static void test_refuses_bad_inputs(void **state) {
  (void)state;
  const nn_shape bad[] = {{0, 28, 1}, {28, -1, 1}, {28, 28, 0}, {5000, 28, 1}, {4096, 4096, 3}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    nn_graph *graph;
    base_error error = {0};
    assert_int_not_equal(nn_spec_parse("relu", bad[i], &graph, &error), SCRAWL_OK);
    assert_null(graph);
    assert_true(strlen(error.message) > 0);
  }
}

/* ---- hostile texts ---- */

static void test_random_texts(void **state) {
  (void)state;
  static const char *const words[] = {"conv",      "pool",      "average",  "global-average",
                                      "depthwise", "batchnorm", "dropout",  "dense",
                                      "relu",      "silu",      "flatten",  "add",
                                      "softmax",   "as",        "from",     "repeat",
                                      "input",     "x",         "3x3",      "2",
                                      "64",        "0.5",       "same",     "stride",
                                      "pad",       "(",         ")",        ",",
                                      ", ",        ",",         "\x80\xff", "999999999",
                                      "e",         "epsilon",   "nobias",   ""};
  enum { WORDS = sizeof words / sizeof *words };
  base_random random = base_random_seed(8);
  int good = 0;
  for (int i = 0; i < 20000; i++) {
    char text[256] = "";
    for (uint64_t n = base_random_below(&random, 20); n > 0; n--) {
      strcat(text, words[base_random_below(&random, WORDS)]);
      strcat(text, " ");
    }
    nn_graph *graph;
    base_error error = {0};
    scrawl_status status = nn_spec_parse(text, (nn_shape){9, 9, 2}, &graph, &error);
    assert_int_equal(status == SCRAWL_OK, graph != NULL);
    assert_int_equal(status == SCRAWL_OK, error.message[0] == '\0');
    if (graph) good++;
    nn_graph_free(graph);
  }
  assert_true(good > 20);
}

static void test_exhausted_memory(void **state) {
  (void)state;
  scrawl_status status = SCRAWL_OUT_OF_MEMORY;
  for (long after = 0; status != SCRAWL_OK; after++) {
    assert_true(after < 20);
    nn_graph *graph;
    base_alloc_fail_after(after);
    status = nn_spec_parse("digits", digit, &graph, NULL);
    base_alloc_fail_after(-1);
    if (status != SCRAWL_OK) assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
    for (long n = 0; graph && n < 2; n++) {
      base_alloc_fail_after(n);
      assert_null(nn_spec_format(graph));
      base_alloc_fail_after(-1);
    }
    nn_graph_free(graph);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_preset_seed_keras),
      cmocka_unit_test(test_preset_seed_lenet),
      cmocka_unit_test(test_every_preset_reads_digits),
      cmocka_unit_test(test_groups_names_and_biases),
      cmocka_unit_test(test_windows),
      cmocka_unit_test(test_round_trips),
      cmocka_unit_test(test_round_trip_with_many_names),
      cmocka_unit_test(test_decimals_do_not_follow_the_locale),
      cmocka_unit_test(test_says_what_is_wrong),
      cmocka_unit_test(test_refuses_bad_inputs),
      cmocka_unit_test(test_random_texts),
      cmocka_unit_test(test_exhausted_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
