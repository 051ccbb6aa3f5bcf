/* The kernels that are no convolution: every table, the scalar twins among them, against
 * definitions in double. */
#include "kernels.h"

#define CLOSE(table, what, i, got, want, tolerance)                                                \
  do {                                                                                             \
    if (!(fabs((double)(got) - (want)) <= (tolerance)))                                            \
      fail_msg("%s %s[%zu] = %.9g, not %.9g", table, what, (size_t)(i), (double)(got), want);      \
  } while (0)

/* Lengths around every vector width, and a long one. */
static const size_t COUNTS[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 47, 64, 257};
static const int CHANNELS[] = {1, 2, 3, 7, 8, 10, 16, 20, 31, 32, 33, 64};
#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* Few different values, so that maxima are often tied. */
static guarded coarse(size_t count, base_random *random) {
  guarded buffer = guarded_make(count, 0);
  for (size_t i = 0; i < count; i++) buffer.data[i] = (float)base_random_below(random, 4) - 5;
  return buffer;
}

static guarded copied(const guarded *from) {
  guarded buffer = guarded_make(from->count, 2);
  memcpy(buffer.data, from->data, from->count * sizeof(float));
  return buffer;
}

static void check_pool(const nn_kernels *k, const nn_window *w, base_random *random) {
  const size_t channels = (size_t)w->in_c;
  const size_t in = (size_t)w->in_h * (size_t)w->in_w * channels;
  const size_t out = (size_t)w->out_h * (size_t)w->out_w * channels;
  guarded x = coarse(in, random), dy = guarded_random(out, 2, random);
  guarded best = guarded_make(out, 2), mean = guarded_make(out, 0);
  guarded dbest = guarded_make(in, 2), dmean = guarded_make(in, 0);
  double *want_dbest = calloc(in, sizeof(double)), *want_dmean = calloc(in, sizeof(double));
  assert_non_null(want_dbest);
  assert_non_null(want_dmean);
  k->max_pool_forward(w, x.data, best.data);
  k->max_pool_backward(w, x.data, best.data, dy.data, dbest.data);
  k->average_pool_forward(w, x.data, mean.data);
  k->average_pool_backward(w, dy.data, dmean.data);
  for (size_t o = 0; o < out; o++) {
    const int ox = (int)(o / channels) % w->out_w, oy = (int)(o / channels) / w->out_w;
    double most = -INFINITY, sum = 0;
    size_t inside = 0, first = 0;
    for (int pass = 0; pass < 2; pass++) {
      for (int iy = 0; iy < w->in_h; iy++)
        for (int ix = 0; ix < w->in_w; ix++) {
          const int ky = iy + w->pad_top - oy * w->stride_h,
                    kx = ix + w->pad_left - ox * w->stride_w;
          if (ky < 0 || ky >= w->kernel_h || kx < 0 || kx >= w->kernel_w) continue;
          const size_t at = (size_t)(iy * w->in_w + ix) * channels + o % channels;
          if (pass) {
            want_dmean[at] += (double)dy.data[o] / (double)inside;
            continue;
          }
          if ((double)x.data[at] > most) most = (double)x.data[at], first = at;
          sum += (double)x.data[at], inside++;
        }
    }
    if (inside) want_dbest[first] += (double)dy.data[o];
    CLOSE(k->name, "maximum", o, best.data[o], inside ? most : 0, 0);
    CLOSE(k->name, "average", o, mean.data[o], inside ? sum / (double)inside : 0, 1e-6);
  }
  for (size_t i = 0; i < in; i++) {
    CLOSE(k->name, "maximum's gradient", i, dbest.data[i], want_dbest[i], 1e-5);
    CLOSE(k->name, "average's gradient", i, dmean.data[i], want_dmean[i], 1e-5);
  }
  free(want_dbest), free(want_dmean);
  guarded_free(&x), guarded_free(&dy), guarded_free(&best), guarded_free(&mean);
  guarded_free(&dbest), guarded_free(&dmean);
}

static void test_pools(void **state) {
  (void)state;
  base_random random = base_random_seed(1);
  for (int i = 0; i < 300; i++) {
    nn_window w = {.in_h = 1 + (int)base_random_below(&random, 9),
                   .in_w = 1 + (int)base_random_below(&random, 9),
                   .in_c = CHANNELS[base_random_below(&random, LENGTH(CHANNELS))],
                   .kernel_h = 1 + (int)base_random_below(&random, 3),
                   .kernel_w = 1 + (int)base_random_below(&random, 3),
                   .stride_h = 1 + (int)base_random_below(&random, 3),
                   .stride_w = 1 + (int)base_random_below(&random, 3)};
    w.pad_top = (int)base_random_below(&random, (uint64_t)w.kernel_h + 1);
    w.pad_left = (int)base_random_below(&random, (uint64_t)w.kernel_w + 1);
    w.out_c = w.in_c;
    w.out_h = 1 + (w.in_h + w.pad_top) / w.stride_h;
    w.out_w = 1 + (w.in_w + w.pad_left) / w.stride_w;
    EACH_TABLE(k) check_pool(k, &w, &random);
  }
}

static void check_channels(const nn_kernels *k, size_t pixels, int channels, base_random *random) {
  const size_t n = (size_t)channels, count = pixels * n;
  guarded x = guarded_random(count, 2, random), dy = guarded_random(count, 0, random);
  guarded a = guarded_random(n, 2, random), b = guarded_random(n, 0, random);
  guarded c = guarded_random(n, 2, random), y = guarded_make(count, 2);
  double *sums = malloc(4 * n * sizeof(double));
  assert_non_null(sums);
  for (size_t i = 0; i < 4 * n; i++) sums[i] = 1000;
  k->channel_moments(pixels, channels, x.data, sums, sums + n);
  k->channel_products(pixels, channels, x.data, dy.data, sums + 2 * n, sums + 3 * n);
  for (size_t i = 0; i < n; i++) {
    double want[4] = {1000, 1000, 1000, 1000};
    for (size_t p = 0; p < pixels; p++) {
      const double value = (double)x.data[p * n + i], gradient = (double)dy.data[p * n + i];
      want[0] += value, want[1] += value * value;
      want[2] += gradient, want[3] += gradient * value;
    }
    for (size_t s = 0; s < 4; s++) {
      CLOSE(k->name, "sum", i, sums[s * n + i], want[s], 3e-7 * (double)pixels + 1e-9);
    }
  }
  free(sums);
  for (int relu = 0; relu < 2; relu++) {
    k->channel_affine(pixels, channels, x.data, a.data, b.data, relu, y.data);
    for (size_t i = 0; i < count; i++) {
      const double value = (double)x.data[i] * (double)a.data[i % n] + (double)b.data[i % n];
      CLOSE(k->name, "affine", i, y.data[i], relu && value < 0 ? 0 : value, 3e-7);
    }
  }
  guarded place = copied(&x), combined = copied(&dy);
  k->channel_affine(pixels, channels, place.data, a.data, b.data, true, place.data);
  if (count) assert_memory_equal(place.data, y.data, count * sizeof(float));
  k->channel_combine(pixels, channels, combined.data, x.data, a.data, b.data, c.data,
                     combined.data);
  for (size_t i = 0; i < count; i++) {
    const double value = (double)a.data[i % n] * (double)dy.data[i] +
                         (double)b.data[i % n] * (double)x.data[i] + (double)c.data[i % n];
    CLOSE(k->name, "combination", i, combined.data[i], value, 6e-7);
  }
  guarded_free(&x), guarded_free(&dy), guarded_free(&a), guarded_free(&b), guarded_free(&c);
  guarded_free(&y), guarded_free(&place), guarded_free(&combined);
}

static void test_channels(void **state) {
  (void)state;
  static const size_t PIXELS[] = {0, 1, 15, 16, 17, 100};
  base_random random = base_random_seed(2);
  for (size_t c = 0; c < LENGTH(CHANNELS); c++)
    for (size_t p = 0; p < LENGTH(PIXELS); p++)
      EACH_TABLE(k) check_channels(k, PIXELS[p], CHANNELS[c], &random);
}

/* A variance of 1 around a mean of 1000 survives a hundred thousand pixels: floats alone would lose
 * it. */
static void test_moments_are_precise(void **state) {
  (void)state;
  enum { PIXELS = 100000 };
  base_random random = base_random_seed(3);
  guarded x = guarded_make(PIXELS, 0);
  double mean = 0, variance = 0;
  for (size_t i = 0; i < PIXELS; i++) {
    x.data[i] = (float)(1000 + base_random_normal(&random));
    mean += (double)x.data[i] / PIXELS;
  }
  for (size_t i = 0; i < PIXELS; i++) {
    variance += ((double)x.data[i] - mean) * ((double)x.data[i] - mean) / PIXELS;
  }
  EACH_TABLE(k) {
    double sum = 0, squares = 0;
    k->channel_moments(PIXELS, 1, x.data, &sum, &squares);
    CLOSE(k->name, "mean", 0, sum / PIXELS, mean, 1e-4);
    CLOSE(k->name, "variance", 0, squares / PIXELS - sum / PIXELS * sum / PIXELS, variance, 0.05);
  }
  guarded_free(&x);
}

static double silu_of(double x) {
  return x / (1 + exp(-x));
}

static double silu_slope(double x) {
  const double s = 1 / (1 + exp(-x));
  return s * (1 + x * (1 - s));
}

static void check_pointwise(const nn_kernels *k, size_t count, base_random *random) {
  guarded a = guarded_random(count, 2, random), b = guarded_random(count, 0, random);
  guarded y = guarded_make(count, 2);
  k->relu_forward(count, a.data, y.data);
  for (size_t i = 0; i < count; i++)
    CLOSE(k->name, "relu", i, y.data[i], fmax(0, (double)a.data[i]), 0);
  k->relu_backward(count, a.data, b.data, y.data);
  for (size_t i = 0; i < count; i++) {
    CLOSE(k->name, "relu's gradient", i, y.data[i], a.data[i] > 0 ? (double)b.data[i] : 0, 0);
  }
  k->silu_backward(count, a.data, b.data, y.data);
  for (size_t i = 0; i < count; i++) {
    const double want = (double)b.data[i] * silu_slope((double)a.data[i]);
    CLOSE(k->name, "silu's gradient", i, y.data[i], want, 4e-7);
  }
  k->add(count, a.data, b.data, y.data);
  for (size_t i = 0; i < count; i++) {
    CLOSE(k->name, "add", i, y.data[i], (double)(a.data[i] + b.data[i]), 0);
  }
  guarded place = copied(&a);
  k->add(count, place.data, b.data, place.data);
  if (count) assert_memory_equal(place.data, y.data, count * sizeof(float));
  memcpy(place.data, b.data, count * sizeof(float));
  k->silu_forward(count, place.data, place.data);
  k->silu_forward(count, b.data, y.data);
  if (count) assert_memory_equal(place.data, y.data, count * sizeof(float));
  guarded_free(&a), guarded_free(&b), guarded_free(&y), guarded_free(&place);
}

static void test_pointwise(void **state) {
  (void)state;
  base_random random = base_random_seed(4);
  for (size_t i = 0; i < LENGTH(COUNTS); i++) EACH_TABLE(k) check_pointwise(k, COUNTS[i], &random);
}

/* Over the whole range: the relative error of silu is that of the exponential and a division. */
static void test_silu_range(void **state) {
  (void)state;
  enum { STEPS = 40001 };
  guarded x = guarded_make(STEPS, 0), y = guarded_make(STEPS, 0);
  for (size_t i = 0; i < STEPS; i++) x.data[i] = -200 + 400.0F * (float)i / (STEPS - 1);
  EACH_TABLE(k) {
    k->silu_forward(STEPS, x.data, y.data);
    for (size_t i = 0; i < STEPS; i++) {
      const double want = silu_of((double)x.data[i]);
      CLOSE(k->name, "silu", i, y.data[i], want, 5e-7 * fabs(want) + 1e-35);
    }
    k->silu_backward(STEPS, x.data, x.data, y.data);
    for (size_t i = 0; i < STEPS; i++) {
      const double want = (double)x.data[i] * silu_slope((double)x.data[i]);
      CLOSE(k->name, "silu's gradient", i, y.data[i], want,
            2e-7 * fabs((double)x.data[i]) * (1 + fabs((double)x.data[i])));
    }
  }
  guarded_free(&x), guarded_free(&y);
}

/* Of the row {0, x} softmax makes two numbers whose ratio is e^x. The stated error of the
 * exponential is 2.5e-7; two divisions round it. */
static void test_exponential(void **state) {
  (void)state;
  enum { STEPS = 20000 };
  guarded x = guarded_make(2 * STEPS, 0), y = guarded_make(2 * STEPS, 0);
  for (size_t i = 0; i < STEPS; i++) {
    x.data[2 * i] = 0;
    x.data[2 * i + 1] = -87.0F * (float)i / STEPS;
  }
  EACH_TABLE(k) {
    k->softmax(STEPS, 2, x.data, y.data);
    for (size_t i = 0; i < STEPS; i++) {
      const double got = (double)y.data[2 * i + 1] / (double)y.data[2 * i];
      const double want = exp((double)x.data[2 * i + 1]);
      CLOSE(k->name, "exponential", i, got, want, 3.7e-7 * want);
      CLOSE(k->name, "expf", i, got, (double)expf(x.data[2 * i + 1]), 4.4e-7 * want);
    }
  }
  guarded_free(&x), guarded_free(&y);
}

static void check_softmax(const nn_kernels *k, size_t rows, int channels, double scale,
                          base_random *random) {
  const size_t n = (size_t)channels;
  guarded x = guarded_random(rows * n, 2, random), y = guarded_make(rows * n, 0);
  for (size_t i = 0; i < rows * n; i++) x.data[i] *= (float)scale;
  k->softmax(rows, channels, x.data, y.data);
  for (size_t row = 0; row < rows; row++) {
    const float *values = x.data + row * n;
    double most = -INFINITY, sum = 0;
    for (size_t c = 0; c < n; c++) most = fmax(most, (double)values[c]);
    for (size_t c = 0; c < n; c++) sum += exp((double)values[c] - most);
    /* x - most is rounded before it is an exponent */
    const double tolerance = 6e-7 + 1.2e-7 * scale;
    for (size_t c = 0; c < n; c++) {
      const double want = exp((double)values[c] - most) / sum;
      CLOSE(k->name, "softmax", row * n + c, y.data[row * n + c], want, tolerance * want + 1e-37);
    }
  }
  k->softmax(rows, channels, x.data, x.data);
  assert_memory_equal(x.data, y.data, rows * n * sizeof(float));
  guarded_free(&x), guarded_free(&y);
}

static void test_softmax(void **state) {
  (void)state;
  base_random random = base_random_seed(5);
  EACH_TABLE(k) {
    for (int channels = 1; channels <= 70; channels++) {
      check_softmax(k, 3, channels, 4, &random);
      check_softmax(k, 2, channels, 50, &random);
    }
    float extreme[] = {-INFINITY, 1e30F, -1e30F, 1e30F}, y[4];
    k->softmax(1, 4, extreme, y);
    const float halves[] = {0, 0.5F, 0, 0.5F};
    for (size_t i = 0; i < 4; i++) assert_true(y[i] == halves[i]);
  }
}

static void check_updates(const nn_kernels *k, size_t count, base_random *random) {
  guarded g = guarded_random(count, 2, random), w = guarded_random(count, 0, random);
  for (int variant = 0; variant < 4; variant++) {
    guarded weights = copied(&w), first = guarded_random(count, 0, random), second = copied(&first);
    for (size_t i = 0; i < count; i++) second.data[i] *= second.data[i];
    guarded old_first = copied(&first), old_second = copied(&second);
    const nn_sgd sgd = {0.1F, 0.9F, variant & 2 ? 0.01F : 0, variant & 1};
    k->sgd_step(count, &sgd, g.data, weights.data, first.data);
    for (size_t i = 0; i < count; i++) {
      const double gradient = (double)g.data[i] + (variant & 2 ? 0.01 : 0) * (double)w.data[i];
      const double m = 0.9 * (double)old_first.data[i] + gradient;
      const double step = variant & 1 ? gradient + 0.9 * m : m;
      CLOSE(k->name, "momentum", i, first.data[i], m, 1e-6);
      CLOSE(k->name, "sgd", i, weights.data[i], (double)w.data[i] - 0.1 * step, 1e-6);
    }
    memcpy(weights.data, w.data, count * sizeof(float));
    memcpy(first.data, old_first.data, count * sizeof(float));
    const nn_adam adam = {0.01F,      0.9F, 0.99F, 1e-6F, 0.271F, 0.0297F, variant & 2 ? 0.05F : 0,
                          variant & 1};
    k->adam_step(count, &adam, g.data, weights.data, first.data, second.data);
    for (size_t i = 0; i < count; i++) {
      const double decay = variant & 2 ? 0.05 * (double)w.data[i] : 0;
      const double gradient = (double)g.data[i] + (variant & 1 ? 0 : decay);
      const double m = 0.9 * (double)old_first.data[i] + 0.1 * gradient;
      const double s = 0.99 * (double)old_second.data[i] + 0.01 * gradient * gradient;
      const double step = m / 0.271 / (sqrt(s / 0.0297) + 1e-6) + (variant & 1 ? decay : 0);
      CLOSE(k->name, "first moment", i, first.data[i], m, 1e-6);
      CLOSE(k->name, "second moment", i, second.data[i], s, 1e-6);
      CLOSE(k->name, "adam", i, weights.data[i], (double)w.data[i] - 0.01 * step, 1e-6);
    }
    guarded_free(&weights), guarded_free(&first), guarded_free(&second);
    guarded_free(&old_first), guarded_free(&old_second);
  }
  guarded average = copied(&w);
  k->average_step(count, 0.75F, g.data, average.data);
  for (size_t i = 0; i < count; i++) {
    CLOSE(k->name, "average", i, average.data[i],
          0.75 * (double)w.data[i] + 0.25 * (double)g.data[i], 1e-6);
  }
  guarded_free(&average), guarded_free(&g), guarded_free(&w);
}

static void test_updates(void **state) {
  (void)state;
  base_random random = base_random_seed(6);
  for (size_t i = 0; i < LENGTH(COUNTS); i++) EACH_TABLE(k) check_updates(k, COUNTS[i], &random);
}

/* To the bit: rows are added in order, whatever lies between them. */
static void test_sum_rows(void **state) {
  (void)state;
  base_random random = base_random_seed(7);
  for (size_t i = 1; i < LENGTH(COUNTS); i++)
    for (size_t rows = 1; rows <= 9; rows += 4) {
      const size_t count = COUNTS[i], stride = count + 3;
      guarded x = guarded_random((rows - 1) * stride + count, 2, &random);
      EACH_TABLE(k) {
        guarded y = guarded_make(count, 0);
        k->sum_rows(count, rows, stride, x.data, y.data);
        for (size_t j = 0; j < count; j++) {
          float sum = x.data[j];
          for (size_t row = 1; row < rows; row++) sum += x.data[row * stride + j];
          CLOSE(k->name, "sum of rows", j, y.data[j], (double)sum, 0);
        }
        guarded_free(&y);
      }
      guarded_free(&x);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_pools),
      cmocka_unit_test(test_channels),
      cmocka_unit_test(test_moments_are_precise),
      cmocka_unit_test(test_pointwise),
      cmocka_unit_test(test_silu_range),
      cmocka_unit_test(test_exponential),
      cmocka_unit_test(test_softmax),
      cmocka_unit_test(test_updates),
      cmocka_unit_test(test_sum_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
