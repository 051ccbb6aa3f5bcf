/* Networks as C headers: compiled by the system's compiler as strict C99, without a library, they
 * give what a session gives. */
#include "network.h"

#include <math.h>
#include <stdio.h>

#include "ink/ink.h"
#include "nn/export_c.h"
#include "nn/int8_kernels.h"
#include "nn/int8_session.h"
#include "nn/quantise.h"
#include "nn/session.h"
#include "scratch.h"
#include "strokes.h"

enum { PICTURES = 60, CALIBRATION = 40 };

static base_error error;

static const nn_c_options OPTIONS = {
    .name = "Tiny_1", .alphabet = "0123456789", .scale = 1, .temperature = 1};

/* Reads pictures from a file, writes probabilities. */
static const char PROGRAM[] =
    "#include <stdio.h>\n"
    "#include \"net.h\"\n"
    "int main(int count, char **names) {\n"
    "  static unsigned char pixels[sizeof(unsigned char[INPUT])];\n"
    "  float p[TINY_1_CLASSES];\n"
    "  FILE *in = fopen(names[1], \"rb\"), *out = fopen(names[2], \"wb\");\n"
    "  if (count != 3 || !in || !out) return 1;\n"
    "  while (fread(pixels, sizeof pixels, 1, in)) {\n"
    "    int best = tiny_1_read(pixels, p), i;\n"
    "    for (i = 0; i < TINY_1_CLASSES; i++) if (p[i] > p[best]) return 2;\n"
    "    fwrite(p, sizeof p, 1, out);\n"
    "  }\n"
    "  return fclose(out) != 0;\n"
    "}\n";

/* Pictures with some paper in them. */
static uint8_t *random_pictures(size_t pixels, uint64_t seed) {
  base_random random = base_random_seed(seed);
  uint8_t *bytes = base_alloc(PICTURES, pixels);
  assert_non_null(bytes);
  for (size_t i = 0; i < PICTURES * pixels; i++)
    bytes[i] = base_random_below(&random, 3) ? 0 : (uint8_t)base_random_below(&random, 256);
  return bytes;
}

/* What the header computes for the pictures, compiled with `flags`. */
static float *run_header(const nn_graph *graph, const nn_c_options *options, const uint8_t *bytes,
                         const char *flags) {
  char *header, command[600];
  size_t pixels = nn_shape_floats(nn_graph_input(graph));
  size_t numbers = PICTURES * nn_shape_floats(nn_graph_output(graph));
  float *output = base_alloc(numbers, sizeof *output);
  assert_non_null(output);
  if (nn_export_c(graph, options, &header, &error) != SCRAWL_OK) fail_msg("%s", error.message);
  scratch_write("net.h", header, strlen(header));
  scratch_write("main.c", PROGRAM, strlen(PROGRAM));
  scratch_write("pictures", bytes, PICTURES * pixels);
  base_free(header);
  snprintf(command, sizeof command,
           "cc -std=c99 -pedantic -Wall -Wextra -Werror -DINPUT=%zu %s main.c -o net && "
           "./net pictures probabilities",
           pixels, flags);
  if (system(command) != 0) fail_msg("`%s` failed", command); /* NOLINT(cert-env33-c) */
  FILE *file = fopen("probabilities", "rb");
  assert_non_null(file);
  assert_int_equal(fread(output, sizeof(float), numbers, file), numbers);
  fclose(file);
  return output;
}

static float *run_session(const nn_graph *graph, const nn_c_options *options,
                          const uint8_t *bytes) {
  size_t pixels = nn_shape_floats(nn_graph_input(graph));
  float *input = base_alloc(PICTURES * pixels, sizeof *input);
  float *output = base_alloc(PICTURES * nn_shape_floats(nn_graph_output(graph)), sizeof *output);
  assert_true(input && output);
  for (size_t i = 0; i < PICTURES * pixels; i++)
    input[i] = (float)(bytes[i] * (double)options->scale / 255);
  if (nn_graph_quantised(graph)) { /* the plain kernels, as those are that the header has */
    nn_int8_session *session;
    assert_int_equal(nn_int8_session_create(graph, 1, NULL, &NN_INT8_SCALAR, &session, &error),
                     SCRAWL_OK);
    nn_int8_session_run(session, input, PICTURES, output);
    nn_int8_session_free(session);
  } else {
    nn_session *session;
    assert_int_equal(nn_session_create(graph, PICTURES, NULL, NULL, &session, &error), SCRAWL_OK);
    nn_session_run(session, input, PICTURES, output);
    nn_session_free(session);
  }
  base_free(input);
  return output;
}

/* The output of a network that ends in logits, or calibrated ones. */
static void soften(float *rows, size_t count, int classes, double temperature, bool logits) {
  for (size_t i = 0; i < count; i++, rows += classes) {
    double sum = 0;
    for (int c = 0; c < classes; c++)
      sum += exp((logits ? (double)rows[c] : log(fmax((double)rows[c], 1e-37))) / temperature);
    for (int c = 0; c < classes; c++)
      rows[c] = (float)(exp((logits ? (double)rows[c] : log(fmax((double)rows[c], 1e-37))) /
                            temperature) /
                        sum);
  }
}

static void assert_equal_runs(const float *a, const float *b, size_t count, double most,
                              const char *what) {
  for (size_t i = 0; i < count; i++)
    if (!(fabs((double)a[i] - (double)b[i]) <= most))
      fail_msg("%s: number %zu is %.9g, not %.9g", what, i, (double)a[i], (double)b[i]);
}

static const struct {
  const char *text;
  nn_shape input;
} NETWORKS[] = {
    {"conv 8 5x5 stride 2, batchnorm, relu, conv 12 3x3 same, silu, pool 2, dense 10, softmax",
     {28, 28, 1}},
    {"conv 6 3x3 pad 1 0 0 2 nobias, depthwise 3x3 same, batchnorm, silu, as a, conv 6 3x3 same, "
     "add a, relu, pool 3 stride 2 pad 1, average 3 stride 2 pad 1, batchnorm, flatten, dropout "
     "0.3, "
     "dense 10 nobias",
     {19, 23, 2}},
    {"conv 16 3x3, relu, depthwise 5x5 stride 2 same nobias, conv 16 1x1, relu, global-average, "
     "dense 10, softmax",
     {16, 16, 1}},
    {"conv 8 3x3 same, relu, as a, conv 8 3x3 pad 1, add a, relu, pool 2, silu, global-average, "
     "dense 10, softmax",
     {12, 14, 1}},
    {"conv 4 3x3, relu, dense 10, softmax, as a, from input, dense 10, scale 0.7, softmax, add a, "
     "scale 0.5",
     {12, 14, 1}},
    {"dense 10", {3, 3, 1}},
    {"flatten, dense 20, silu, dense 10, softmax", {28, 28, 1}},
};
enum { COUNT = sizeof NETWORKS / sizeof *NETWORKS };

static nn_graph *make(size_t number) {
  nn_graph *graph = make_network(NETWORKS[number].text, NETWORKS[number].input, number + 1);
  base_random random = base_random_seed(number);
  for (size_t i = 0; i < graph->state_count; i++)
    graph->state[i] = (float)base_random_range(&random, 0.3, 1.2);
  return graph;
}

static nn_graph *quantise(const nn_graph *graph, const uint8_t *bytes, double scale) {
  nn_graph *made;
  size_t count = CALIBRATION * nn_shape_floats(nn_graph_input(graph));
  float *pictures = base_alloc(count, sizeof *pictures);
  assert_non_null(pictures);
  for (size_t i = 0; i < count; i++) pictures[i] = (float)(bytes[i] * scale / 255);
  if (nn_quantise(graph, pictures, CALIBRATION, &made, &error) != SCRAWL_OK)
    fail_msg("%s", error.message);
  base_free(pictures);
  return made;
}

static void check(const nn_graph *graph, const nn_c_options *options, const uint8_t *bytes,
                  const char *flags, double most, const char *what) {
  int classes = nn_graph_output(graph).c;
  bool logits = !nn_graph_gives_probabilities(graph);
  float *is = run_header(graph, options, bytes, flags);
  float *truth = run_session(graph, options, bytes);
  if (logits || options->temperature != 1)
    soften(truth, PICTURES, classes, (double)options->temperature, logits);
  assert_equal_runs(is, truth, (size_t)PICTURES * (size_t)classes, most, what);
  base_free(is);
  base_free(truth);
}

static void networks_of_floats_give_what_a_session_gives(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT; i++) {
    nn_graph *graph = make(i);
    uint8_t *bytes = random_pictures(nn_shape_floats(nn_graph_input(graph)), i);
    nn_c_options options = OPTIONS;
    check(graph, &options, bytes, "-O0", 1e-5, NETWORKS[i].text);
    options.scale = 2;
    if (graph->nodes[graph->node_count - 1].kind == NN_SCALE) {
      char *header;
      options.temperature = 1.7F;
      assert_int_equal(nn_export_c(graph, &options, &header, &error), SCRAWL_UNSUPPORTED);
      options.temperature = 1;
    } else {
      options.temperature = 1.7F;
    }
    check(graph, &options, bytes, "-Wconversion -Wshadow -O0", 1e-5, NETWORKS[i].text);
    base_free(bytes);
    nn_graph_free(graph);
  }
}

/* Bytes are equal, so that what comes of them is as near as two ways to compute exp() are. Where a
 * depthwise convolution or a batch norm runs in floats between them, a byte may be another. */
static void networks_of_bytes_give_the_same_bytes(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT; i++) {
    nn_graph *graph = make(i);
    uint8_t *bytes = random_pictures(nn_shape_floats(nn_graph_input(graph)), i);
    nn_graph *quantised = quantise(graph, bytes, 1);
    bool floats_between = strstr(NETWORKS[i].text, "depthwise") != NULL;
    check(quantised, &OPTIONS, bytes, i % 2 ? "-O0" : "-O2 -march=native",
          floats_between ? 0.05 : 1e-6, NETWORKS[i].text);
    nn_graph_free(quantised);
    nn_graph_free(graph);
    base_free(bytes);
  }
}

static void it_needs_no_library_at_all(void **state) {
  (void)state;
  nn_graph *graph = make(0);
  char *header;
  assert_int_equal(nn_export_c(graph, &OPTIONS, &header, &error), SCRAWL_OK);
  assert_null(strstr(header, "#include"));
  scratch_write("net.h", header, strlen(header));
  static const char SOURCE[] =
      "#include \"net.h\"\nint f(const unsigned char *p, float *q) { return tiny_1_read(p, q); }\n";
  scratch_write("f.c", SOURCE, strlen(SOURCE));
  /* No symbol is left open but what a compiler may always call. */
  assert_int_equal(system("cc -std=c99 -Os -c f.c -o f.o && nm -u f.o | " /* NOLINT */
                          "grep -vE 'mem(cpy|set|move|cmp)|__stack_chk|_GLOBAL_OFFSET|__' ; "
                          "test $? = 1"),
                   0);
  base_free(header);
  nn_graph_free(graph);
}

/* The header's framing against ink_normalise_glyph, on pens that neither thickens. */
static void framing_is_as_ours(void **state) {
  (void)state;
  static const char SOURCE[] =
      "#include <stdio.h>\n#include \"net.h\"\n"
      "int main(void) {\n  static unsigned char in[100 * 90], out[784];\n"
      "  FILE *from = fopen(\"ink\", \"rb\"), *to = fopen(\"framed\", \"wb\");\n"
      "  if (!from || !to) return 1;\n"
      "  while (fread(in, sizeof in, 1, from)) {\n"
      "    if (!tiny_1_frame(in, 90, 90, 100, out)) out[0] = 255;\n"
      "    fwrite(out, sizeof out, 1, to);\n  }\n  return fclose(to) != 0;\n}\n";
  nn_graph *graph = make(0);
  char *header;
  assert_int_equal(nn_export_c(graph, &OPTIONS, &header, &error), SCRAWL_OK);
  scratch_write("net.h", header, strlen(header));
  scratch_write("f.c", SOURCE, strlen(SOURCE));
  base_free(header);
  nn_graph_free(graph);
  FILE *file = fopen("ink", "wb");
  static uint8_t ink[STROKE_GLYPH_COUNT + 1][9000], framed[STROKE_GLYPH_COUNT + 1][784];
  for (int g = 0; g < STROKE_GLYPH_COUNT; g++)
    stroke_draw(&STROKE_GLYPHS[g], ink[g], 100, 90, 12, 8, 66, 9, 255);
  assert_non_null(file);
  assert_int_equal(fwrite(ink, sizeof ink, 1, file), 1);
  fclose(file);
  assert_int_equal(system("cc -std=c99 -Wall -Wextra -Werror f.c -o f && ./f"), 0); /* NOLINT */
  file = fopen("framed", "rb");
  assert_non_null(file);
  assert_int_equal(fread(framed, sizeof framed, 1, file), 1);
  fclose(file);
  for (int g = 0; g < STROKE_GLYPH_COUNT; g++) {
    ink_image image = {90, 90, 100, ink[g]};
    ink_box box;
    uint8_t glyph[784];
    assert_true(ink_find(&image, &box));
    ink_normalise_glyph(&image, box, glyph);
    double best = 0; /* a rounding may move it by a pixel */
    for (int move = 0; move < 9; move++) {
      double ab = 0, aa = 0, bb = 0;
      for (int y = 1; y < 27; y++)
        for (int x = 1; x < 27; x++) {
          double p = glyph[y * 28 + x], q = framed[g][(y + move / 3 - 1) * 28 + x + move % 3 - 1];
          ab += p * q;
          aa += p * p;
          bb += q * q;
        }
      best = fmax(best, ab / sqrt(aa * bb));
    }
    if (!(best > 0.98)) fail_msg("%c: %.4f alike", STROKE_GLYPHS[g].sign, best);
  }
  assert_int_equal(framed[STROKE_GLYPH_COUNT][0], 255); /* no ink */
}

static void assert_refused(const char *network, const nn_c_options *options, scrawl_status status,
                           const char *sentence) {
  nn_graph *graph = make_network(network, (nn_shape){28, 28, 1}, 1);
  char *header;
  base_error wrong = {0};
  assert_int_equal(nn_export_c(graph, options, &header, &wrong), status);
  assert_null(header);
  if (!strstr(wrong.message, sentence)) fail_msg("\"%s\", not \"%s\"", wrong.message, sentence);
  nn_graph_free(graph);
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  nn_c_options options = OPTIONS;
  assert_refused("conv 10 3x3, softmax", &options, SCRAWL_UNSUPPORTED, "26 x 26 x 10");
  assert_refused("dense 11", &options, SCRAWL_UNSUPPORTED, "11 numbers, not one for each of 10");
  assert_refused("dense 6000, dense 10", &options, SCRAWL_LIMIT_EXCEEDED, "parameters");
  assert_refused("conv 2000 3x3 same, global-average, dense 10", &options, SCRAWL_LIMIT_EXCEEDED,
                 "stack");
  options.name = "1x";
  assert_refused("dense 10", &options, SCRAWL_INVALID_ARGUMENT, "\"1x\"");
  options.name = "a-b";
  assert_refused("dense 10", &options, SCRAWL_INVALID_ARGUMENT, "\"a-b\"");
  options.name = "";
  assert_refused("dense 10", &options, SCRAWL_INVALID_ARGUMENT, "letter");
  nn_graph *graph = make(4);
  char *header;
  graph->parameters[77] = NAN;
  assert_int_equal(nn_export_c(graph, &OPTIONS, &header, &error), SCRAWL_UNSUPPORTED);
  nn_graph_free(graph);
}

static void signs_are_strings_of_c(void **state) {
  (void)state;
  nn_graph *graph = make_network("dense 4", (nn_shape){2, 2, 1}, 1);
  nn_c_options options = OPTIONS;
  char *header;
  options.alphabet = "\"\\\u2205?";
  options.reject_below = 0.25F;
  assert_int_equal(nn_export_c(graph, &options, &header, &error), SCRAWL_OK);
  assert_non_null(strstr(header, "{\"\\042\", \"\\134\", \"\\342\\210\\205\", \"\\077\"}"));
  assert_non_null(strstr(header, "tiny_1_reject_below = 0.25f;"));
  assert_null(strstr(header, "tiny_1_frame"));
  base_free(header);
  long after = 0;
  for (;; after++) {
    base_alloc_fail_after(after);
    scrawl_status status = nn_export_c(graph, &options, &header, &error);
    base_alloc_fail_after(-1);
    if (status == SCRAWL_OK) break;
    assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
  }
  assert_in_range(after, 5, 200);
  base_free(header);
  nn_graph_free(graph);
}

static int enter(void **state) {
  return scratch_setup(state) || chdir(scratch_folder);
}

static int leave(void **state) {
  return chdir("/") || scratch_teardown(state);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(networks_of_floats_give_what_a_session_gives),
      cmocka_unit_test(networks_of_bytes_give_the_same_bytes),
      cmocka_unit_test(it_needs_no_library_at_all),
      cmocka_unit_test(framing_is_as_ours),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(signs_are_strings_of_c),
  };
  return cmocka_run_group_tests_name("export_c", tests, enter, leave);
}
