/* Numeric gradient checks in double precision of every operator, and of the check itself. */
#include "network.h"

#include "nn/trainer.h"

static const double tolerance = 1e-3;

static double check(const char *text, nn_shape input, int batch, const nn_kernels *kernels) {
  nn_graph *graph = make_network(text, input, 1);
  double worst = -1;
  base_error error;
  assert_int_equal(nn_check_gradients(graph, batch, 5, kernels, &worst, &error), SCRAWL_OK);
  nn_graph_free(graph);
  return worst;
}

typedef struct sample {
  const char *text;
  nn_shape input;
} sample;

static const sample operators[] = {
    {"conv 3 3x3, flatten", {6, 7, 2}},
    {"conv 9 1x1, flatten", {3, 4, 17}},
    {"conv 20 3x3 same, global-average", {9, 5, 8}},
    {"conv 5 4x2 stride 2x3 pad 1 0 2 1, flatten", {9, 8, 3}},
    {"conv 4 5x5 same stride 2 nobias, flatten", {11, 10, 1}},
    {"conv 4 3x3 same, relu, conv 3 3x3, flatten", {7, 7, 2}},
    {"depthwise 3x3 same, flatten", {6, 9, 17}},
    {"depthwise 3x3 stride 2 same nobias, flatten", {7, 10, 3}},
    {"conv 6 1x1, relu, depthwise 3x3 pad 1, relu, conv 4 1x1, flatten", {5, 8, 3}},
    {"depthwise 2x5 stride 3x2 pad 1 0 0 2, flatten", {8, 9, 4}},
    {"depthwise 3x3, batchnorm, relu, dense 3", {6, 6, 5}},
    {"pool 2, flatten", {7, 6, 3}},
    {"pool 3x2 stride 2x1 same, flatten", {7, 6, 3}},
    {"conv 4 3x3, pool 3 stride 2 pad 1, dense 3", {9, 9, 2}},
    {"average 2, flatten", {7, 6, 3}},
    {"average 3 stride 1 pad 1, flatten", {5, 6, 2}},
    {"global-average", {5, 6, 4}},
    {"batchnorm, flatten", {3, 4, 5}},
    {"conv 6 3x3, batchnorm, relu, conv 5 3x3 bias, batchnorm, flatten", {7, 7, 1}},
    {"dense 12, batchnorm, silu, dense 3", {2, 2, 3}},
    {"dropout 0.4, flatten", {4, 5, 2}},
    {"conv 4 3x3, relu, dropout 0.25, dense 8, relu, dropout 0.5, dense 3", {6, 6, 2}},
    {"dense 10", {4, 5, 3}},
    {"dense 33 nobias, relu, dense 7", {1, 1, 19}},
    {"relu, dense 4", {4, 4, 3}},
    {"silu, dense 4", {4, 4, 3}},
    {"scale 0.3, conv 3 3x3, scale 1.7, silu, dense 4, scale 2.5", {5, 5, 2}},
    {"flatten", {2, 2, 2}},
    {"conv 3 3x3 same, as a, conv 3 3x3 same, add a, relu, dense 4", {5, 5, 3}},
    {"add input, flatten", {3, 3, 2}},
    {"conv 4 1x1, as a, relu, as b, add a, add b, from a, silu, add b, dense 3", {4, 4, 2}},
    {"softmax, flatten", {2, 2, 4}},
    {"dense 6, softmax, dense 4, softmax", {1, 1, 5}},
    {"softmax", {1, 1, 7}},
    {"repeat 3 ( as x, conv 4 3x3 same, batchnorm, relu, add x ), average 2, dense 5", {6, 6, 4}},
};

static void test_operators(void **state) {
  (void)state;
  const nn_kernels *kernels[] = {&NN_KERNELS_SCALAR, nn_kernels_best()};
  const int batches[] = {3, 9};
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
    for (size_t k = 0; k < 2; k++)
      for (size_t b = 0; b < 2; b++) {
        const sample *s = &operators[i];
        double worst = check(s->text, s->input, batches[b], kernels[k]);
        if (!(worst < tolerance))
          fail_msg("`%s`, batch %d, %s: %g", s->text, batches[b], kernels[k]->name, worst);
      }
}

static void test_presets(void **state) {
  (void)state;
  for (const nn_preset *preset = NN_PRESETS; preset->name; preset++) {
    /* Several pictures: of one, a batch norm over a vector leaves nothing. */
    double worst = check(preset->name, (nn_shape){28, 28, 1}, 4, NULL);
    if (!(worst < tolerance)) fail_msg("%s: %g", preset->name, worst);
  }
}

/* ---- deliberately wrong gradients ---- */

static const nn_conv *scalar_conv(void) {
  return NN_KERNELS_SCALAR.convs[0];
}

static void scaled_weights(const nn_window *window, int count, const float *x, const float *dy,
                           const float *packed, float *dx, float *dw, float *db, float *scratch) {
  scalar_conv()->backward(window, count, x, dy, packed, dx, dw, db, scratch);
  if (dw) dw[0] *= 1.01f; /* a dense layer makes its own later */
}

static void missing_bias(const nn_window *window, int count, const float *x, const float *dy,
                         const float *packed, float *dx, float *dw, float *db, float *scratch) {
  (void)db;
  scalar_conv()->backward(window, count, x, dy, packed, dx, dw, NULL, scratch);
}

static nn_conv wrong_conv;

static const nn_conv *wrong_conv_of(const nn_window *window) {
  (void)window;
  return &wrong_conv;
}

static void blind_relu(size_t count, const float *y, const float *dy, float *dx) {
  (void)y;
  memmove(dx, dy, count * sizeof(float));
}

static void silent_silu(size_t count, const float *x, const float *dy, float *dx) {
  (void)x;
  for (size_t i = 0; i < count; i++) dx[i] = 0.5f * dy[i];
}

static void no_mean(size_t pixels, int channels, const float *dy, const float *x, const float *a,
                    const float *b, const float *k, float *dx) {
  (void)k;
  float zeros[16] = {0};
  NN_KERNELS_SCALAR.channel_combine(pixels, channels, dy, x, a, b, zeros, dx);
}

static void test_wrong_gradients_are_caught(void **state) {
  (void)state;
  const char *text = "conv 4 3x3, batchnorm, relu, conv 3 3x3, silu, dense 3";
  const nn_shape input = {7, 7, 2};
  assert_true(check(text, input, 3, &NN_KERNELS_SCALAR) < tolerance);
  nn_kernels wrong[5];
  for (size_t i = 0; i < 5; i++) wrong[i] = NN_KERNELS_SCALAR;
  wrong[0].conv_of = wrong[1].conv_of = wrong_conv_of;
  wrong[2].relu_backward = blind_relu;
  wrong[3].silu_backward = silent_silu;
  wrong[4].channel_combine = no_mean;
  for (size_t i = 0; i < 5; i++) {
    wrong_conv = *scalar_conv();
    wrong_conv.backward = i == 0 ? scaled_weights : missing_bias;
    double worst = check(text, input, 3, &wrong[i]);
    if (!(worst > tolerance)) fail_msg("fault %zu passed with %g", i, worst);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_operators),
      cmocka_unit_test(test_presets),
      cmocka_unit_test(test_wrong_gradients_are_caught),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
