/* Depthwise convolution: every table, the scalar twins among them, against the definition in double
 * precision, which asks of every pair of pixels which tap joins them. The tolerance is that of
 * kernels.c: 4 units in the last place of the sum of magnitudes. */
#include "kernels.h"

static const double TOLERANCE = 0x1p-21;

enum { PARTS = 4 }; /* y, dx, dw, db */
static const char *const PART_NAMES[PARTS] = {"y", "dx", "dw", "db"};

/* What the kernels should give, and the sums of the magnitudes. */
typedef struct truth {
  size_t count[PARTS];
  double *value[PARTS], *size[PARTS];
} truth;

static void put(truth *t, int part, size_t at, double product) {
  t->value[part][at] += product;
  t->size[part][at] += fabs(product);
}

static size_t pixel(const nn_window *w, int y, int x, int width) {
  return ((size_t)y * (size_t)width + (size_t)x) * (size_t)w->in_c;
}

/* `given`: x, weights, bias, dy, and what dw and db hold before. */
static truth truth_make(const nn_window *w, const guarded given[6]) {
  const size_t channels = (size_t)w->in_c;
  truth t = {.count = {given[3].count, given[0].count, given[1].count, channels}};
  for (int part = 0; part < PARTS; part++) {
    t.value[part] = calloc(t.count[part], sizeof(double));
    t.size[part] = calloc(t.count[part], sizeof(double));
    assert_non_null(t.value[part]);
    assert_non_null(t.size[part]);
  }
  const float *x = given[0].data, *weights = given[1].data, *bias = given[2].data;
  const float *dy = given[3].data;
  for (size_t i = 0; i < given[4].count; i++) put(&t, 2, i, (double)given[4].data[i]);
  for (size_t c = 0; c < channels; c++) put(&t, 3, c, (double)given[5].data[c]);
  for (size_t i = 0; i < given[3].count; i++) {
    put(&t, 0, i, (double)bias[i % channels]);
    put(&t, 3, i % channels, (double)dy[i]);
  }
  for (int iy = 0; iy < w->in_h; iy++)
    for (int oy = 0; oy < w->out_h; oy++) {
      const int ky = iy + w->pad_top - oy * w->stride_h;
      if (ky < 0 || ky >= w->kernel_h) continue;
      for (int ix = 0; ix < w->in_w; ix++)
        for (int ox = 0; ox < w->out_w; ox++) {
          const int kx = ix + w->pad_left - ox * w->stride_w;
          if (kx < 0 || kx >= w->kernel_w) continue;
          for (size_t c = 0; c < channels; c++) {
            const size_t in = pixel(w, iy, ix, w->in_w) + c, out = pixel(w, oy, ox, w->out_w) + c;
            const size_t tap = pixel(w, ky, kx, w->kernel_w) + c;
            put(&t, 0, out, (double)x[in] * (double)weights[tap]);
            put(&t, 1, in, (double)dy[out] * (double)weights[tap]);
            put(&t, 2, tap, (double)dy[out] * (double)x[in]);
          }
        }
    }
  return t;
}

static void truth_free(truth *t) {
  for (int part = 0; part < PARTS; part++) free(t->value[part]), free(t->size[part]);
}

static void compare(const nn_kernels *k, const nn_window *w, const truth *t, int part,
                    const guarded *got, bool relu) {
  for (size_t i = 0; i < got->count; i++) {
    const double value = t->value[part][i], want = relu && value < 0 ? 0 : value;
    if (fabs((double)got->data[i] - want) <= TOLERANCE * t->size[part][i]) continue;
    fail_msg(
        "%s %s[%zu] = %g, not %g: %dx%dx%d -> %dx%d, kernel %dx%d, stride %dx%d, padding %d,%d",
        k->name, PART_NAMES[part], i, (double)got->data[i], want, w->in_h, w->in_w, w->in_c,
        w->out_h, w->out_w, w->kernel_h, w->kernel_w, w->stride_h, w->stride_w, w->pad_top,
        w->pad_left);
  }
}

static void check_table(const nn_kernels *k, const nn_window *w, const truth *t,
                        const guarded given[6], size_t shift) {
  guarded got[PARTS];
  for (int part = 0; part < PARTS; part++) got[part] = guarded_make(t->count[part], shift);
  const bool relu = shift != 0;
  k->depthwise_forward(w, given[0].data, given[1].data, given[2].data, relu, got[0].data);
  k->depthwise_backward_data(w, given[3].data, given[1].data, got[1].data);
  for (int part = 2; part < PARTS; part++)
    memcpy(got[part].data, given[part + 2].data, t->count[part] * sizeof(float));
  k->depthwise_backward_weights(w, given[0].data, given[3].data, got[2].data, got[3].data);
  for (int part = 0; part < PARTS; part++) compare(k, w, t, part, &got[part], relu && part == 0);

  /* Without bias and its gradient: what is left of both is the same. */
  guarded plain = guarded_make(t->count[2], shift);
  for (size_t i = 0; i < plain.count; i++) plain.data[i] = given[4].data[i];
  k->depthwise_backward_weights(w, given[0].data, given[3].data, plain.data, NULL);
  assert_memory_equal(plain.data, got[2].data, t->count[2] * sizeof(float));
  guarded_free(&plain);
  guarded zeros = guarded_make((size_t)w->in_c, 0), plain_y = guarded_make(t->count[0], shift);
  for (size_t c = 0; c < zeros.count; c++) zeros.data[c] = 0;
  k->depthwise_forward(w, given[0].data, given[1].data, zeros.data, false, got[0].data);
  k->depthwise_forward(w, given[0].data, given[1].data, NULL, false, plain_y.data);
  assert_memory_equal(plain_y.data, got[0].data, t->count[0] * sizeof(float));
  guarded_free(&zeros), guarded_free(&plain_y);
  for (int part = 0; part < PARTS; part++) guarded_free(&got[part]);
}

static void check_window(const nn_window *w, base_random *random) {
  const size_t channels = (size_t)w->in_c, shift = (size_t)base_random_below(random, 2) * 2;
  const size_t taps = pixel(w, w->kernel_h, 0, w->kernel_w);
  const size_t counts[6] = {pixel(w, w->in_h, 0, w->in_w),   taps, channels,
                            pixel(w, w->out_h, 0, w->out_w), taps, channels};
  guarded given[6];
  for (int i = 0; i < 6; i++) given[i] = guarded_random(counts[i], shift, random);
  truth t = truth_make(w, given);
  EACH_TABLE(k) check_table(k, w, &t, given, shift);
  truth_free(&t);
  for (int i = 0; i < 6; i++) guarded_free(&given[i]);
}

/* `more`: padding at the bottom and right beyond that at the top and left. */
static nn_window window_of(int in_h, int in_w, int channels, int kernel_h, int kernel_w, int stride,
                           int pad_top, int pad_left, int more) {
  return (nn_window){
      .in_h = in_h,
      .in_w = in_w,
      .in_c = channels,
      .out_h = (in_h + 2 * pad_top + more - kernel_h) / stride + 1,
      .out_w = (in_w + 2 * pad_left + more - kernel_w) / stride + 1,
      .out_c = channels,
      .kernel_h = kernel_h,
      .kernel_w = kernel_w,
      .stride_h = stride,
      .stride_w = stride,
      .pad_top = pad_top,
      .pad_left = pad_left,
  };
}

/* Every width around whole tiles, so that both ends of a row fall everywhere in one. */
static void test_widths(void **state) {
  (void)state;
  base_random random = base_random_seed(1);
  for (int width = 1; width <= 30; width++)
    for (int stride = 1; stride <= 2; stride++) {
      const nn_window same = window_of(4, width, 17, 3, 3, stride, 1, 1, 0);
      check_window(&same, &random);
      nn_window right = window_of(4, width, 16, 3, 3, stride, 1, 0, 2);
      right.out_h = 4 / stride;
      check_window(&right, &random);
      if (width < 3) continue;
      const nn_window valid = window_of(5, width, 16, 3, 3, stride, 0, 0, 0);
      check_window(&valid, &random);
    }
}

static void test_channels(void **state) {
  (void)state;
  static const int CHANNELS[] = {1, 2, 3, 7, 8, 10, 16, 20, 31, 32, 33, 64};
  base_random random = base_random_seed(2);
  for (size_t c = 0; c < sizeof CHANNELS / sizeof *CHANNELS; c++)
    for (int stride = 1; stride <= 3; stride++) {
      const nn_window w = window_of(6, 19, CHANNELS[c], 3, 3, stride, 1, 1, 0);
      check_window(&w, &random);
    }
}

/* Every kernel, stride and padding, more padding on one side, kernels wider than the picture. */
static void test_geometry(void **state) {
  (void)state;
  static const int KERNELS[] = {1, 2, 3, 5, 7};
  base_random random = base_random_seed(3);
  int windows = 0;
  for (int ky = 0; ky < 5; ky++)
    for (int kx = 0; kx < 5; kx++)
      for (int stride = 1; stride <= 4; stride++)
        for (int pad = 0; pad <= 2; pad++)
          for (int more = 0; more <= 1; more++) {
            const int in_h = 1 + (int)base_random_below(&random, 9);
            const int in_w = 1 + (int)base_random_below(&random, 20);
            const int left = (int)base_random_below(&random, 3);
            if (in_h + 2 * pad + more < KERNELS[ky] || in_w + 2 * left + more < KERNELS[kx])
              continue;
            nn_window w =
                window_of(in_h, in_w, 18, KERNELS[ky], KERNELS[kx], stride, pad, left, more);
            w.stride_h = 1 + (int)base_random_below(&random, 3);
            w.out_h = (in_h + 2 * pad + more - w.kernel_h) / w.stride_h + 1;
            check_window(&w, &random);
            windows++;
          }
  assert_in_range(windows, 300, 600);
}

/* Longer than a stretch of the gradient of the weights, and rows longer than one. */
static void test_stretches(void **state) {
  (void)state;
  base_random random = base_random_seed(4);
  const nn_window windows[] = {window_of(28, 28, 20, 3, 3, 1, 1, 1, 0),
                               window_of(3, 300, 5, 3, 3, 1, 1, 1, 0),
                               window_of(33, 30, 16, 5, 5, 2, 2, 2, 0)};
  for (int i = 0; i < 3; i++) check_window(&windows[i], &random);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_widths),
      cmocka_unit_test(test_channels),
      cmocka_unit_test(test_geometry),
      cmocka_unit_test(test_stretches),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
