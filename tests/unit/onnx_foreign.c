/* ONNX files that others wrote: those that we can run give the right numbers, the rest is refused
 * with a sentence that says why. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../onnx/compose.h"
#include "../onnx/torch.h"
#include "base/memory.h"
#include "nn/onnx.h"
#include "nn/session.h"

static scrawl_status read(const char *text, nn_graph **graph, base_error *error) {
  nn_metadata metadata;
  nn_writer file = compose(text);
  *error = (base_error){0};
  scrawl_status status = nn_onnx_read(file.bytes, file.size, graph, &metadata, error);
  nn_metadata_free(&metadata);
  base_free(file.bytes);
  return status;
}

/* ---- what can be run ---- */

/* One picture through a graph; input in ONNX's order, output flat. */
static void run(const nn_graph *graph, const float *input, int count, float *output) {
  nn_shape shape = nn_graph_input(graph);
  size_t pixels = (size_t)shape.h * (size_t)shape.w, channels = (size_t)shape.c;
  float *ours = base_alloc((size_t)count * pixels * channels, sizeof *ours);
  for (size_t n = 0; n < (size_t)count; n++)
    for (size_t p = 0; p < pixels; p++)
      for (size_t c = 0; c < channels; c++)
        ours[(n * pixels + p) * channels + c] = input[(n * channels + c) * pixels + p];
  nn_session *session;
  base_error error = {0};
  assert_int_equal(nn_session_create(graph, count, NULL, NULL, &session, &error), SCRAWL_OK);
  nn_session_run(session, ours, count, output);
  nn_session_free(session);
  base_free(ours);
}

/* What PyTorch itself made of the same input. */
static void test_torch(void **state) {
  (void)state;
  nn_graph *graph;
  nn_metadata metadata;
  base_error error = {0};
  float input[2 * 10 * 12], expected[2 * 3], output[2 * 3];
  assert_int_equal(TORCH_FILES[0].size, sizeof input);
  assert_int_equal(TORCH_FILES[2].size, sizeof expected);
  memcpy(input, TORCH_FILES[0].bytes, sizeof input);
  memcpy(expected, TORCH_FILES[2].bytes, sizeof expected);
  if (nn_onnx_read(TORCH_FILES[1].bytes, TORCH_FILES[1].size, &graph, &metadata, &error) !=
      SCRAWL_OK)
    fail_msg("%s", error.message);
  run(graph, input, 2, output);
  for (int i = 0; i < 6; i++) assert_true(fabsf(output[i] - expected[i]) < 1e-6f);
  nn_metadata_free(&metadata);
  nn_graph_free(graph);
}

/* Conv 2x2 padded to the size of its input, Relu, a flat vector, a matrix, a vector: in plain loops
 * over [c, h, w]. */
static void plain(const float *x, float *y) {
  float hidden[2 * 2 * 3];
  for (int o = 0; o < 2; o++)
    for (int i = 0; i < 2; i++)
      for (int j = 0; j < 3; j++) {
        float sum = compose_number((size_t)o);
        for (int a = 0; a < 2; a++)
          for (int b = 0; b < 2; b++)
            if (i + a < 2 && j + b < 3)
              sum += x[(i + a) * 3 + j + b] * compose_number((size_t)(o * 4 + a * 2 + b));
        hidden[(o * 2 + i) * 3 + j] = fmaxf(sum, 0);
      }
  for (size_t k = 0; k < 4; k++) {
    y[k] = compose_number(k);
    for (size_t i = 0; i < 12; i++) y[k] += hidden[i] * compose_number(i * 4 + k);
  }
}

static const char *const HEAD = "input x N,1,2,3; tensor w 2,1,2,2; tensor b 2; tensor m 12,4; "
                                "tensor v 4; tensor v1 1,4; output y; ";
static const char *const SAME[] = {
    "Conv x w b > c auto_pad=SAME_UPPER; Relu c > r; Flatten r > f; Gemm f m v > y",
    "Conv x w b > c pads=0,0,1,1 kernel_shape=2,2; Relu c > r; Flatten r > f axis=1; "
    "MatMul f m > p; Add v p > y",
    "Conv x w b > c pads=0,0,1,1 dilations=1,1 group=1; Identity c > d; Relu d > r; "
    "Constant > s value=@0,-1; Reshape r s > f; MatMul f m > p; Add p v1 > y",
    "ints s -1,12; Conv x w b > c pads=0,0,1,1; Relu c > r; Reshape r s > f allowzero=0; "
    "Gemm f m v1 > z alpha=1. beta=1.; Identity z > y",
    "tensor u 2,1,2,2 float_data=1; Identity u > t; Conv x t b > c pads=0,0,1,1; Reshape c s > f; "
    "ints s 0,-1; Relu f > r; Gemm r m v > y; Relu r > unused; Gelu x > unused2",
    "Dropout x > d mask; Conv d w b > c pads=0,0,1,1; Relu c > r; Flatten r > f; Gemm f m v > y; "
    "opset 13; ir 4",
    "tensor t 1 fill=2; tensor h scalar fill=0.5; Conv x w b > c auto_pad=SAME_UPPER; Mul c t > d; "
    "Mul h d > e; Relu e > r; Flatten r > f; Gemm f m v > y",
    "input w 2,1,2,2; input b 2; Conv x w b > c auto_pad=SAME_UPPER; Relu c > r; Flatten r > f; "
    "Gemm f m v > y; ir 3",
};

static void test_same_numbers(void **state) {
  (void)state;
  float x[6] = {0.5f, -1, 2, 0.25f, 1.5f, -0.75f}, expected[4], y[4];
  plain(x, expected);
  for (size_t i = 0; i < sizeof SAME / sizeof *SAME; i++) {
    char text[1024];
    nn_graph *graph;
    base_error error;
    snprintf(text, sizeof text, "%s%s", HEAD, SAME[i]);
    if (read(text, &graph, &error) != SCRAWL_OK) fail_msg("%s: %s", SAME[i], error.message);
    assert_int_equal(nn_graph_output(graph).c, 4);
    run(graph, x, 1, y);
    for (int k = 0; k < 4; k++)
      if (fabsf(y[k] - expected[k]) > 1e-5f)
        fail_msg("%s: %g instead of %g", SAME[i], (double)y[k], (double)expected[k]);
    nn_graph_free(graph);
  }
}

/* A transposed matrix: number i of m is at (i / 12, i % 12) instead of (i / 4, i % 4). */
static void test_transposed(void **state) {
  (void)state;
  nn_graph *graph;
  base_error error;
  float x[6] = {1, 2, 3, 4, 5, 6}, y[2];
  assert_int_equal(
      read("input x N,3,1,2; tensor m 2,6; Flatten x > f; Gemm f m > y transB=1; output y", &graph,
           &error),
      SCRAWL_OK);
  run(graph, x, 1, y);
  for (size_t k = 0; k < 2; k++) {
    float sum = 0;
    for (size_t i = 0; i < 6; i++) sum += x[i] * compose_number(k * 6 + i);
    assert_true(fabsf(y[k] - sum) < 1e-5f);
  }
  nn_graph_free(graph);
}

/* As many groups as channels. */
static void test_depthwise(void **state) {
  (void)state;
  nn_graph *graph;
  base_error error;
  float x[12], y[4];
  for (size_t i = 0; i < 12; i++) x[i] = (float)i - 4.5f;
  assert_int_equal(read("input x N,2,3,2; tensor w 2,1,2,1; tensor b 2; output y; "
                        "Conv x w b > y group=2 strides=1,2",
                        &graph, &error),
                   SCRAWL_OK);
  assert_int_equal(graph->nodes[1].kind, NN_DEPTHWISE);
  run(graph, x, 1, y);
  for (size_t row = 0; row < 2; row++)
    for (size_t c = 0; c < 2; c++) {
      float sum = compose_number(c);
      for (size_t k = 0; k < 2; k++) sum += x[c * 6 + (row + k) * 2] * compose_number(c * 2 + k);
      assert_true(fabsf(y[row * 2 + c] - sum) < 1e-5f);
    }
  nn_graph_free(graph);
}

/* ---- what cannot ---- */

typedef struct refusal {
  scrawl_status status;
  const char *words; /* in the sentence */
  const char *text;
} refusal;

#define PICTURE "input x N,1,4,4; output y; "
#define VECTOR  "input x N,6; output y; "

static const refusal REFUSALS[] = {
    /* the graph */
    {SCRAWL_BAD_FORMAT, "no input", "output y; tensor x 1; Relu x > y"},
    {SCRAWL_BAD_FORMAT, "no output", "input x N,1,4,4; Relu x > y"},
    {SCRAWL_UNSUPPORTED, "more than one input", PICTURE "input z N,4; Relu x > y"},
    {SCRAWL_UNSUPPORTED, "more than one output", PICTURE "output z; Relu x > y; Relu y > z"},
    {SCRAWL_BAD_FORMAT, "\"y\" is not made", PICTURE "Relu x > z"},
    {SCRAWL_BAD_FORMAT, "\"y\" is not made", PICTURE "tensor y 1; Relu x > z"},
    {SCRAWL_BAD_FORMAT, "node 0 (Add \"it\"): its input \"b\"",
     PICTURE "Add x b > a; Relu a > b; Relu b > y"},
    {SCRAWL_BAD_FORMAT, "its input \"y\"", PICTURE "Add x y > y"},
    {SCRAWL_BAD_FORMAT, "its input \"w\"", PICTURE "Conv x w > y"},
    {SCRAWL_BAD_FORMAT, "\"a\" is given twice", PICTURE "Relu x > a; Relu x > a; Relu a > y"},
    {SCRAWL_BAD_FORMAT, "\"x\" is given twice", PICTURE "Relu x > x; Relu x > y"},
    {SCRAWL_BAD_FORMAT, "\"w\" is given twice", PICTURE "tensor w 1; tensor w 1; Relu x > y"},
    {SCRAWL_BAD_FORMAT, "no output", PICTURE "Relu x; Relu x > y"},
    {SCRAWL_BAD_FORMAT, "input 0 is missing", PICTURE "Relu > y"},
    {SCRAWL_BAD_FORMAT, "input 1 is missing", PICTURE "Add x _ > y"},
    {SCRAWL_UNSUPPORTED, "more than 8 inputs", PICTURE "Add x x x x x x x x x > y"},
    {SCRAWL_UNSUPPORTED, "more than 3 outputs", PICTURE "Relu x > y a b c"},
    {SCRAWL_UNSUPPORTED, "the operator Gelu", PICTURE "Gelu x > y"},
    {SCRAWL_UNSUPPORTED, "the operator Relu", PICTURE "Relu:com.example x > y"},
    {SCRAWL_UNSUPPORTED, "\"alpha\"", PICTURE "Relu x > y alpha=1"},
    {SCRAWL_BAD_FORMAT, "input 0 is missing",
     PICTURE "MaxPool x > a i kernel_shape=2,2; Relu i > y"},
    /* versions */
    {SCRAWL_UNSUPPORTED, "operator set 12", PICTURE "Relu x > y; opset 12"},
    {SCRAWL_UNSUPPORTED, "operator set 99", PICTURE "Relu x > y; opset 99"},
    {SCRAWL_UNSUPPORTED, "format version 14", PICTURE "Relu x > y; ir 14"},
    {SCRAWL_BAD_FORMAT, "not an ONNX model", PICTURE "Relu x > y; ir 2"},
    /* the input */
    {SCRAWL_UNSUPPORTED, "32-bit floats", "input x N,1,4,4 type=2; Relu x > y; output y"},
    {SCRAWL_UNSUPPORTED, "[N, c, h, w]", "input x N,4,4; Relu x > y; output y"},
    {SCRAWL_UNSUPPORTED, "[N, c, h, w]", "input x N,1,4,4,4; Relu x > y; output y"},
    {SCRAWL_UNSUPPORTED, "must be fixed", "input x N,1,h,4; Relu x > y; output y"},
    {SCRAWL_UNSUPPORTED, "[N, c, h, w]", "input x N,1,-1,4; Relu x > y; output y"},
    {SCRAWL_LIMIT_EXCEEDED, "limit", "input x N,1,4611686018427387904,4; Relu x > y; output y"},
    {SCRAWL_LIMIT_EXCEEDED, "limit", "input x N,65536,4096,4096; Relu x > y; output y"},
    /* weights */
    {SCRAWL_UNSUPPORTED, "computed", PICTURE "Relu x > w; Conv x w > y"},
    {SCRAWL_BAD_FORMAT, "right shape", PICTURE "tensor w 2,2,3,3; Conv x w > y"},
    {SCRAWL_BAD_FORMAT, "right shape", PICTURE "tensor w 2,1,3; Conv x w > y"},
    {SCRAWL_BAD_FORMAT, "right shape", PICTURE "tensor w 2,1,3,3; tensor b 3; Conv x w b > y"},
    {SCRAWL_BAD_FORMAT, "68 bytes", PICTURE "tensor w 2,1,3,3 bytes=68; Conv x w > y"},
    {SCRAWL_BAD_FORMAT, "71 bytes", PICTURE "tensor w 2,1,3,3 bytes=71; Conv x w > y"},
    {SCRAWL_BAD_FORMAT, "right shape",
     PICTURE "tensor w 1073741824,1,4294967296,4294967296 bytes=8; Conv x w > y"},
    {SCRAWL_BAD_FORMAT, "shape",
     PICTURE "tensor w 4294967296,1,4294967296,4 bytes=0; Conv x w > y"},
    {SCRAWL_BAD_FORMAT, "negative", PICTURE "tensor w -2,1,3,3 bytes=72; Conv x w > y"},
    {SCRAWL_UNSUPPORTED, "filters 0", PICTURE "tensor w 0,1,3,3; Conv x w > y"},
    {SCRAWL_UNSUPPORTED, "kernel side 0", PICTURE "tensor w 2,1,0,3; Conv x w > y"},
    {SCRAWL_UNSUPPORTED, "dimensions", PICTURE "tensor w 1,1,1,1,1,1,1,1,1; Conv x w > y"},
    {SCRAWL_UNSUPPORTED, "32-bit floats", PICTURE "tensor w 2,1,3,3 type=11; Conv x w > y"},
    {SCRAWL_UNSUPPORTED, "another file", PICTURE "tensor w 2,1,3,3 external=1; Conv x w > y"},
    {SCRAWL_BAD_FORMAT, "not finite", PICTURE "tensor w 2,1,3,3 fill=nan; Conv x w > y"},
    {SCRAWL_BAD_FORMAT, "not finite", PICTURE "tensor w 2,1,3,3 fill=inf; Conv x w > y"},
    {SCRAWL_UNSUPPORTED, "a constant", PICTURE "tensor w 1; Relu w > y"},
    /* windows */
    {SCRAWL_UNSUPPORTED, "dilation 2", PICTURE "tensor w 2,1,3,3; Conv x w > y dilations=2,2"},
    {SCRAWL_UNSUPPORTED, "group 2 is neither 1 nor the number of channels, 1",
     PICTURE "tensor w 2,1,3,3; Conv x w > y group=2"},
    {SCRAWL_UNSUPPORTED, "group 0", PICTURE "tensor w 2,1,3,3; Conv x w > y group=0"},
    {SCRAWL_UNSUPPORTED, "4 filters for 2 channels",
     "input x N,2,4,4; output y; tensor w 4,1,3,3; Conv x w > y group=2"},
    {SCRAWL_BAD_FORMAT, "right shape",
     "input x N,2,4,4; output y; tensor w 2,2,3,3; Conv x w > y group=2"},
    {SCRAWL_UNSUPPORTED, "stride 0", PICTURE "tensor w 2,1,3,3; Conv x w > y strides=0,1"},
    {SCRAWL_UNSUPPORTED, "padding -1", PICTURE "tensor w 2,1,3,3; Conv x w > y pads=-1,0,0,0"},
    {SCRAWL_BAD_FORMAT, "padding 3", PICTURE "tensor w 2,1,3,3; Conv x w > y pads=3,0,0,0"},
    {SCRAWL_BAD_FORMAT, "does not fit", PICTURE "tensor w 2,1,5,3; Conv x w > y"},
    {SCRAWL_BAD_FORMAT, "kernel_shape", PICTURE "tensor w 2,1,3,3; Conv x w > y kernel_shape=2,2"},
    {SCRAWL_BAD_FORMAT, "auto_pad", PICTURE "tensor w 2,1,3,3; Conv x w > y auto_pad=ODD"},
    {SCRAWL_BAD_FORMAT, "strides does not hold 2",
     PICTURE "MaxPool x > y kernel_shape=2,2 strides=1,1,1"},
    {SCRAWL_BAD_FORMAT, "strides has type 2", PICTURE "MaxPool x > y kernel_shape=2,2 strides=1"},
    {SCRAWL_UNSUPPORTED, "kernel side 0", PICTURE "MaxPool x > y"},
    {SCRAWL_UNSUPPORTED, "kernel side 65", PICTURE "MaxPool x > y kernel_shape=65,1"},
    {SCRAWL_UNSUPPORTED, "ceil_mode",
     PICTURE "MaxPool x > y kernel_shape=3,3 strides=2,2 ceil_mode=1"},
    {SCRAWL_UNSUPPORTED, "count_include_pad",
     PICTURE "AveragePool x > y kernel_shape=3,3 pads=1,1,1,1 count_include_pad=1"},
    {SCRAWL_BAD_FORMAT, "not a picture", VECTOR "GlobalAveragePool x > y"},
    {SCRAWL_BAD_FORMAT, "not a picture", PICTURE "Flatten x > f; MaxPool f > y kernel_shape=1,1"},
    /* dense layers */
    {SCRAWL_UNSUPPORTED, "not a flat vector", PICTURE "tensor m 4,4; MatMul x m > y"},
    {SCRAWL_UNSUPPORTED, "alpha", VECTOR "tensor m 6,2; Gemm x m > y alpha=2."},
    {SCRAWL_UNSUPPORTED, "transA", VECTOR "tensor m 6,2; Gemm x m > y transA=1"},
    {SCRAWL_BAD_FORMAT, "right shape", VECTOR "tensor m 2,6; Gemm x m > y"},
    {SCRAWL_BAD_FORMAT, "right shape", VECTOR "tensor m 6,2; tensor b 3; Gemm x m b > y"},
    {SCRAWL_BAD_FORMAT, "right shape",
     VECTOR "tensor m 6,2; tensor b 1; MatMul x m > p; Add p b > y"},
    {SCRAWL_UNSUPPORTED, "outputs 0", VECTOR "tensor m 6,0; Gemm x m > y"},
    {SCRAWL_UNSUPPORTED, "a constant",
     VECTOR "tensor m 6,6; tensor b 6; MatMul x m > p; Relu p > r; Add p b > q; Add q r > y"},
    /* the rest */
    {SCRAWL_BAD_FORMAT, "different shape", PICTURE "MaxPool x > a kernel_shape=2,2; Add x a > y"},
    {SCRAWL_UNSUPPORTED, "different shape", PICTURE "Flatten x > a; Add x a > y"},
    {SCRAWL_UNSUPPORTED, "only as x * Sigmoid(x)", PICTURE "Sigmoid x > s; Relu s > y"},
    {SCRAWL_UNSUPPORTED, "only as x * Sigmoid(x)",
     PICTURE "Relu x > r; Sigmoid r > s; Mul x s > y"},
    {SCRAWL_UNSUPPORTED, "only as x * Sigmoid(x)", PICTURE "Mul x x > y"},
    {SCRAWL_BAD_FORMAT, "factor 0", PICTURE "tensor t scalar fill=0; Mul x t > y"},
    {SCRAWL_BAD_FORMAT, "right shape", PICTURE "tensor t 2; Mul x t > y"},
    {SCRAWL_UNSUPPORTED, "one stored number", PICTURE "tensor t 1,4,1,1; Mul x t > y"},
    {SCRAWL_UNSUPPORTED, "known operator", PICTURE "Sigmoid x > y"},
    {SCRAWL_UNSUPPORTED, "training", PICTURE "tensor r scalar; bool t 1; Dropout x r t > y"},
    {SCRAWL_BAD_FORMAT, "rate", PICTURE "tensor r scalar fill=1; Dropout x r > y"},
    {SCRAWL_UNSUPPORTED, "training_mode",
     PICTURE "tensor v 1 fill=1; BatchNormalization x v v v v > y training_mode=1"},
    {SCRAWL_BAD_FORMAT, "variance 0 is negative",
     PICTURE "tensor v 1 fill=-1; BatchNormalization x v v v v > y"},
    {SCRAWL_BAD_FORMAT, "epsilon",
     PICTURE "tensor v 1 fill=1; BatchNormalization x v v v v > y epsilon=-0.5"},
    {SCRAWL_UNSUPPORTED, "axis 2", PICTURE "Flatten x > y axis=2"},
    {SCRAWL_UNSUPPORTED, "only axis 1", PICTURE "Softmax x > y"},
    {SCRAWL_UNSUPPORTED, "only a reshape to [N, 16]", PICTURE "ints s 2,8; Reshape x s > y"},
    {SCRAWL_UNSUPPORTED, "only a reshape to [N, 16]", PICTURE "ints s -1,-1; Reshape x s > y"},
    {SCRAWL_UNSUPPORTED, "only a reshape to [N, 16]", PICTURE "ints s 0,1,2,8; Reshape x s > y"},
    {SCRAWL_BAD_FORMAT, "2 whole numbers", PICTURE "ints s 0,4,4; Reshape x s > y"},
    {SCRAWL_UNSUPPORTED, "computed", PICTURE "Relu x > s; Reshape x s > y"},
    {SCRAWL_UNSUPPORTED, "flattened picture", "input x N,2,4,4; output y; Flatten x > y"},
    {SCRAWL_UNSUPPORTED, "not a tensor", PICTURE "Constant > c value=1; Relu x > y"},
    {SCRAWL_BAD_FORMAT, "UTF-8", PICTURE "Relu x > y; metadata key \xC3"},
    {SCRAWL_BAD_FORMAT, "UTF-8", PICTURE "Relu x > y; metadata \xED\xA0\x80 value"},
    {SCRAWL_BAD_FORMAT, "given twice", PICTURE "Relu x > y; metadata key a; metadata key b"},
};

static void test_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof REFUSALS / sizeof *REFUSALS; i++) {
    const refusal *row = &REFUSALS[i];
    nn_graph *graph;
    base_error error;
    scrawl_status status = read(row->text, &graph, &error);
    if (status != row->status || !strstr(error.message, row->words))
      fail_msg("%s\ngave %s: \"%s\"\ninstead of %s: \"%s\"", row->text, scrawl_status_name(status),
               error.message, scrawl_status_name(row->status), row->words);
    assert_null(graph);
  }
}

/* Names from the file go into sentences only as plain characters. */
static void test_names_are_printable(void **state) {
  (void)state;
  nn_graph *graph;
  base_error error;
  assert_int_equal(read(PICTURE "Relu \x1B[31m\xFF\n > y", &graph, &error), SCRAWL_BAD_FORMAT);
  assert_non_null(strstr(error.message, "\"?[31m??\""));
}

static void test_too_many_nodes(void **state) {
  (void)state;
  enum { NODES = 4097 };
  char *text = base_alloc(NODES * 20 + 100, 1);
  size_t length = (size_t)sprintf(text, "%s", PICTURE);
  for (int i = 0; i < NODES; i++) length += (size_t)sprintf(text + length, "Relu x > a%d; ", i);
  sprintf(text + length, "Relu x > y");
  nn_graph *graph;
  base_error error;
  assert_int_equal(read(text, &graph, &error), SCRAWL_LIMIT_EXCEEDED);
  assert_non_null(strstr(error.message, "4098 nodes"));
  base_free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_depthwise),      cmocka_unit_test(test_torch),
      cmocka_unit_test(test_same_numbers),   cmocka_unit_test(test_transposed),
      cmocka_unit_test(test_refused),        cmocka_unit_test(test_names_are_printable),
      cmocka_unit_test(test_too_many_nodes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
