/* Convolution kernels: every table, the scalar twins among them, against the definition in double
 * precision.
 *
 * The definition below is written the other way round from the kernels (it asks of every pair of
 * pixels which tap joins them) and also adds up magnitudes, so that the tolerance is a rounding
 * error and not a guess: the sum of n products in floats is off by about sqrt(n) roundings of a
 * partial sum, which is below 4 units in the last place of the sum of magnitudes. Wrong indices are
 * off by a whole product. */
#include "kernels.h"

static const double TOLERANCE = 0x1p-21;

typedef struct truth {
  double *y, *y_size; /* the value and the sum of magnitudes */
  double *dx, *dx_size;
  double *dw, *dw_size;
  double *db, *db_size;
} truth;

typedef struct sizes {
  size_t x, y, w;
} sizes;

static sizes sizes_of(const nn_window *w) {
  return (sizes){
      .x = (size_t)w->in_h * (size_t)w->in_w * (size_t)w->in_c,
      .y = (size_t)w->out_h * (size_t)w->out_w * (size_t)w->out_c,
      .w = (size_t)w->kernel_h * (size_t)w->kernel_w * (size_t)w->in_c * (size_t)w->out_c,
  };
}

static double *zeros(size_t count) {
  double *block = calloc(count ? count : 1, sizeof *block);
  assert_non_null(block);
  return block;
}

static void put(double *sum, double *size, size_t at, double product) {
  sum[at] += product;
  size[at] += fabs(product);
}

static truth truth_make(const nn_window *w, const float *x, const float *weights, const float *bias,
                        const float *dy, const float *dw, const float *db) {
  const sizes n = sizes_of(w);
  const size_t channels = (size_t)w->out_c;
  truth t = {zeros(n.y), zeros(n.y), zeros(n.x),      zeros(n.x),
             zeros(n.w), zeros(n.w), zeros(channels), zeros(channels)};
  for (size_t i = 0; i < n.w; i++) put(t.dw, t.dw_size, i, (double)dw[i]);
  for (size_t i = 0; i < channels; i++) put(t.db, t.db_size, i, (double)db[i]);
  for (size_t i = 0; i < n.y; i++) {
    put(t.y, t.y_size, i, (double)bias[i % channels]);
    put(t.db, t.db_size, i % channels, (double)dy[i]);
  }
  for (int iy = 0; iy < w->in_h; iy++)
    for (int oy = 0; oy < w->out_h; oy++) {
      const int ky = iy + w->pad_top - oy * w->stride_h;
      if (ky < 0 || ky >= w->kernel_h) continue;
      for (int ix = 0; ix < w->in_w; ix++)
        for (int ox = 0; ox < w->out_w; ox++) {
          const int kx = ix + w->pad_left - ox * w->stride_w;
          if (kx < 0 || kx >= w->kernel_w) continue;
          for (size_t ci = 0; ci < (size_t)w->in_c; ci++)
            for (size_t co = 0; co < channels; co++) {
              const size_t in = (size_t)(iy * w->in_w + ix) * (size_t)w->in_c + ci;
              const size_t out = (size_t)(oy * w->out_w + ox) * channels + co;
              const size_t tap =
                  ((size_t)(ky * w->kernel_w + kx) * (size_t)w->in_c + ci) * channels + co;
              put(t.y, t.y_size, out, (double)x[in] * (double)weights[tap]);
              put(t.dx, t.dx_size, in, (double)dy[out] * (double)weights[tap]);
              put(t.dw, t.dw_size, tap, (double)dy[out] * (double)x[in]);
            }
        }
    }
  return t;
}

static void truth_free(truth *t) {
  free(t->y), free(t->y_size), free(t->dx), free(t->dx_size);
  free(t->dw), free(t->dw_size), free(t->db), free(t->db_size);
}

static void compare(const char *table, const char *what, const nn_window *w, const guarded *got,
                    const double *want, const double *size, bool relu) {
  for (size_t i = 0; i < got->count; i++) {
    const double value = relu && want[i] < 0 ? 0 : want[i];
    const double error = fabs((double)got->data[i] - value);
    if (error <= TOLERANCE * size[i]) continue;
    fail_msg(
        "%s %s[%zu] = %g, not %g: %dx%dx%d -> %dx%dx%d, kernel %dx%d, stride %dx%d, padding %d,%d",
        table, what, i, (double)got->data[i], value, w->in_h, w->in_w, w->in_c, w->out_h, w->out_w,
        w->out_c, w->kernel_h, w->kernel_w, w->stride_h, w->stride_w, w->pad_top, w->pad_left);
  }
}

/* One table's three passes on one shape. `shift` moves the buffers off their alignment. */
static void check_table(const nn_kernels *k, const nn_window *w, const truth *t, const guarded *x,
                        const guarded *weights, const guarded *bias, const guarded *dy,
                        const guarded *dw_before, const guarded *db_before, size_t shift) {
  const sizes n = sizes_of(w);
  const size_t channels = (size_t)w->out_c;
  guarded packed = guarded_make(k->conv_packed_floats(w), 0);
  guarded back = guarded_make(k->conv_packed_backward_floats(w), 0);
  guarded scratch = guarded_make(k->conv_scratch_floats(w), 0);
  guarded y = guarded_make(n.y, shift), dx = guarded_make(n.x, shift);
  guarded dw = guarded_make(n.w, shift), db = guarded_make(channels, shift);
  k->conv_pack(w, weights->data, packed.data);
  k->conv_pack_backward(w, weights->data, back.data);

  const bool relu = shift != 0;
  k->conv_forward(w, x->data, packed.data, bias->data, relu, y.data, scratch.data);
  compare(k->name, "y", w, &y, t->y, t->y_size, relu);
  k->conv_backward_data(w, dy->data, back.data, dx.data, scratch.data);
  compare(k->name, "dx", w, &dx, t->dx, t->dx_size, false);
  memcpy(dw.data, dw_before->data, n.w * sizeof(float));
  memcpy(db.data, db_before->data, channels * sizeof(float));
  k->conv_backward_weights(w, x->data, dy->data, dw.data, db.data, scratch.data);
  compare(k->name, "dw", w, &dw, t->dw, t->dw_size, false);
  compare(k->name, "db", w, &db, t->db, t->db_size, false);

  guarded_free(&packed), guarded_free(&back), guarded_free(&scratch);
  guarded_free(&y), guarded_free(&dx), guarded_free(&dw), guarded_free(&db);
}

static void check_window(const nn_window *w, base_random *random) {
  const sizes n = sizes_of(w);
  const size_t channels = (size_t)w->out_c, shift = (size_t)base_random_below(random, 2) * 2;
  guarded x = guarded_random(n.x, shift, random), weights = guarded_random(n.w, shift, random);
  guarded bias = guarded_random(channels, shift, random), dy = guarded_random(n.y, shift, random);
  guarded dw = guarded_random(n.w, shift, random), db = guarded_random(channels, shift, random);
  truth t = truth_make(w, x.data, weights.data, bias.data, dy.data, dw.data, db.data);
  EACH_TABLE(k) check_table(k, w, &t, &x, &weights, &bias, &dy, &dw, &db, shift);
  truth_free(&t);
  guarded_free(&x), guarded_free(&weights), guarded_free(&bias), guarded_free(&dy);
  guarded_free(&dw), guarded_free(&db);
}

static nn_window window_of(int in_h, int in_w, int in_c, int out_c, int kernel_h, int kernel_w,
                           int stride, int pad_top, int pad_left, int pad_more) {
  return (nn_window){
      .in_h = in_h,
      .in_w = in_w,
      .in_c = in_c,
      .out_h = (in_h + 2 * pad_top + pad_more - kernel_h) / stride + 1,
      .out_w = (in_w + 2 * pad_left + pad_more - kernel_w) / stride + 1,
      .out_c = out_c,
      .kernel_h = kernel_h,
      .kernel_w = kernel_w,
      .stride_h = stride,
      .stride_w = stride,
      .pad_top = pad_top,
      .pad_left = pad_left,
  };
}

static const int CHANNELS[] = {1, 2, 3, 7, 8, 10, 16, 20, 31, 32, 33, 64};
static const int KERNELS[] = {1, 2, 3, 5};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static void test_channels(void **state) {
  (void)state;
  base_random random = base_random_seed(1);
  for (size_t in = 0; in < COUNT(CHANNELS); in++)
    for (size_t out = 0; out < COUNT(CHANNELS); out++) {
      const nn_window valid = window_of(6, 7, CHANNELS[in], CHANNELS[out], 3, 3, 1, 0, 0, 0);
      const nn_window same = window_of(5, 4, CHANNELS[in], CHANNELS[out], 3, 3, 1, 1, 1, 0);
      check_window(&valid, &random);
      check_window(&same, &random);
    }
}

/* Every kernel, stride and padding, more padding on one side, kernels wider than the picture. */
static void test_geometry(void **state) {
  (void)state;
  base_random random = base_random_seed(2);
  int windows = 0;
  for (size_t ky = 0; ky < COUNT(KERNELS); ky++)
    for (size_t kx = 0; kx < COUNT(KERNELS); kx++)
      for (int stride = 1; stride <= 3; stride++)
        for (int top = 0; top <= 2; top++)
          for (int left = 0; left <= 2; left++)
            for (int more = 0; more <= 1; more++) {
              const int in_h = 1 + (int)base_random_below(&random, 9);
              const int in_w = 1 + (int)base_random_below(&random, 9);
              const int kernel_h = KERNELS[ky], kernel_w = KERNELS[kx];
              if (in_h + 2 * top + more < kernel_h || in_w + 2 * left + more < kernel_w) continue;
              const nn_window w =
                  window_of(in_h, in_w, 3, 10, kernel_h, kernel_w, stride, top, left, more);
              check_window(&w, &random);
              windows++;
            }
  assert_in_range(windows, 500, 864);
}

static void test_random_shapes(void **state) {
  (void)state;
  base_random random = base_random_seed(3);
  for (int i = 0; i < 150;) {
    const int kernel_h = KERNELS[base_random_below(&random, COUNT(KERNELS))];
    const int kernel_w = KERNELS[base_random_below(&random, COUNT(KERNELS))];
    const int in_h = 1 + (int)base_random_below(&random, 30);
    const int in_w = 1 + (int)base_random_below(&random, 30);
    const int in_c = CHANNELS[base_random_below(&random, COUNT(CHANNELS))];
    const int out_c = CHANNELS[base_random_below(&random, COUNT(CHANNELS))];
    const int stride = 1 + (int)base_random_below(&random, 2);
    const int top = (int)base_random_below(&random, 3), left = (int)base_random_below(&random, 3);
    if (in_h + 2 * top < kernel_h || in_w + 2 * left < kernel_w) continue;
    nn_window w = window_of(in_h, in_w, in_c, out_c, kernel_h, kernel_w, stride, top, left, 0);
    w.stride_h = stride, w.stride_w = 1 + (int)base_random_below(&random, 2);
    w.out_w = (in_w + 2 * left - kernel_w) / w.stride_w + 1;
    if ((double)kernel_h * kernel_w * in_c * out_c * w.out_h * w.out_w > 1e6) continue;
    check_window(&w, &random);
    i++;
  }
}

/* The layers of the two networks everybody starts with. */
static void test_known_layers(void **state) {
  (void)state;
  base_random random = base_random_seed(4);
  const nn_window windows[] = {
      window_of(28, 28, 1, 64, 3, 3, 1, 0, 0, 0),   window_of(26, 26, 64, 32, 3, 3, 1, 0, 0, 0),
      window_of(1, 5, 18432, 10, 1, 1, 1, 0, 0, 0), window_of(28, 28, 1, 10, 5, 5, 1, 0, 0, 0),
      window_of(12, 12, 10, 20, 5, 5, 1, 0, 0, 0),  window_of(1, 7, 320, 100, 1, 1, 1, 0, 0, 0),
  };
  for (size_t i = 0; i < COUNT(windows); i++) check_window(&windows[i], &random);
}

/* A row's result does not depend on how many others there are, nor on what lay in scratch. */
static void test_rows_alone(void **state) {
  (void)state;
  enum { ROWS = 29, IN = 37, OUT = 23 };
  base_random random = base_random_seed(5);
  guarded x = guarded_random((size_t)ROWS * IN, 0, &random);
  guarded weights = guarded_random((size_t)IN * OUT, 0, &random);
  EACH_TABLE(k) {
    const nn_window all = window_of(1, ROWS, IN, OUT, 1, 1, 1, 0, 0, 0);
    const nn_window one = window_of(1, 1, IN, OUT, 1, 1, 1, 0, 0, 0);
    assert_int_equal(k->conv_packed_floats(&all), k->conv_packed_floats(&one));
    guarded packed = guarded_make(k->conv_packed_floats(&all), 0);
    guarded scratch = guarded_make(k->conv_scratch_floats(&all), 0);
    guarded together = guarded_make((size_t)ROWS * OUT, 0), alone = guarded_make(OUT, 0);
    k->conv_pack(&one, weights.data, packed.data);
    k->conv_forward(&all, x.data, packed.data, NULL, false, together.data, scratch.data);
    for (size_t row = 0; row < ROWS; row++) {
      k->conv_forward(&one, x.data + row * IN, packed.data, NULL, false, alone.data, scratch.data);
      assert_memory_equal(alone.data, together.data + row * OUT, OUT * sizeof(float));
    }
    guarded_free(&packed), guarded_free(&scratch), guarded_free(&together), guarded_free(&alone);
  }
  guarded_free(&x), guarded_free(&weights);
}

/* The same call gives the same bits, with other rubbish in scratch and no bias gradient asked for.
 */
static void test_same_bits(void **state) {
  (void)state;
  base_random random = base_random_seed(6);
  const nn_window w = window_of(13, 11, 10, 20, 3, 3, 1, 1, 1, 0);
  const sizes n = sizes_of(&w);
  guarded x = guarded_random(n.x, 0, &random), dy = guarded_random(n.y, 0, &random);
  EACH_TABLE(k) {
    guarded clean = guarded_make(k->conv_scratch_floats(&w), 0);
    guarded used = guarded_random(k->conv_scratch_floats(&w), 0, &random);
    guarded first = guarded_make(n.w, 0), second = guarded_make(n.w, 2), db = guarded_make(20, 0);
    memset(first.data, 0, n.w * sizeof(float));
    memset(second.data, 0, n.w * sizeof(float));
    memset(db.data, 0, 20 * sizeof(float));
    k->conv_backward_weights(&w, x.data, dy.data, first.data, db.data, clean.data);
    k->conv_backward_weights(&w, x.data, dy.data, second.data, NULL, used.data);
    assert_memory_equal(first.data, second.data, n.w * sizeof(float));
    guarded_free(&clean), guarded_free(&used), guarded_free(&first), guarded_free(&second);
    guarded_free(&db);
  }
  guarded_free(&x), guarded_free(&dy);
}

static void test_tables(void **state) {
  (void)state;
  assert_ptr_equal(nn_kernels_of(BASE_CPU_SCALAR), &NN_KERNELS_SCALAR);
  const nn_kernels *best = nn_kernels_best();
  assert_non_null(best);
  if (nn_kernels_of(base_cpu())) assert_ptr_equal(best, nn_kernels_of(base_cpu()));
  for (base_cpu_level level = BASE_CPU_V2; level <= BASE_CPU_V4; level++) {
    if (base_cpu() <= BASE_CPU_V4 && level > base_cpu()) assert_null(nn_kernels_of(level));
  }
  EACH_TABLE(k) print_message("table %s, %d floats wide\n", k->name, k->width);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tables),       cmocka_unit_test(test_channels),
      cmocka_unit_test(test_geometry),     cmocka_unit_test(test_random_shapes),
      cmocka_unit_test(test_known_layers), cmocka_unit_test(test_rows_alone),
      cmocka_unit_test(test_same_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
