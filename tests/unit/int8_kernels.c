/* The kernels of quantised networks: every table, the scalar twins among them, against the
 * definition over whole pictures, and every table byte for byte: there is no tolerance anywhere.
 *
 * The definition here walks over pictures, taps and channels with padding, in 64-bit integers and
 * double precision, where the kernels walk over rows of bytes. A product of a sum and a multiplier
 * is rounded to a float first, as int8_kernels.h says it is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "nn/int8_kernels.h"

static void *block(size_t bytes) {
  void *made = base_alloc(bytes + 1, 1);
  assert_non_null(made);
  return made;
}

/* Of any value, behind the end too. */
static uint8_t *random_bytes(size_t count, base_random *random) {
  uint8_t *made = block(count + NN_INT8_SLACK);
  for (size_t i = 0; i < count + NN_INT8_SLACK; i++) made[i] = (uint8_t)base_random_next(random);
  return made;
}

static int byte_of(double value, int zero, int least) {
  double whole = nearbyint(value) + zero;
  return whole < least ? least : whole > 255 ? 255 : (int)whole;
}

/* ---- sums ---- */

typedef struct layer {
  nn_window window;
  int zero_in, zero, least;
  int8_t *weights;
  int32_t *bias;
  float *multipliers;
} layer;

static layer make_layer(nn_window w, base_random *random, bool extreme) {
  size_t count = (size_t)(w.kernel_h * w.kernel_w * w.in_c) * (size_t)w.out_c;
  layer l = {.window = w,
             .zero_in = (int)base_random_below(random, 256),
             .zero = (int)base_random_below(random, 256)};
  l.least = base_random_below(random, 2) ? l.zero : 0;
  l.weights = block(count);
  l.bias = block((size_t)w.out_c * sizeof *l.bias);
  l.multipliers = block((size_t)w.out_c * sizeof *l.multipliers);
  for (size_t i = 0; i < count; i++)
    l.weights[i] = (int8_t)(extreme ? (base_random_below(random, 2) ? 127 : -127)
                                    : (int)base_random_below(random, 255) - 127);
  double spread = 100 * sqrt((double)count / w.out_c) * 80;
  for (int c = 0; c < w.out_c; c++) {
    l.bias[c] = (int32_t)base_random_range(random, -spread, spread);
    l.multipliers[c] = (float)(base_random_range(random, 20, 200) / spread);
  }
  return l;
}

static void free_layer(layer *l) {
  base_free(l->weights);
  base_free(l->bias);
  base_free(l->multipliers);
}

/* What the layer gives at one place. */
static int64_t exact_sum(const layer *l, const uint8_t *x, int i, int j, int channel) {
  const nn_window *w = &l->window;
  int64_t sum = l->bias[channel];
  for (int ky = 0; ky < w->kernel_h; ky++)
    for (int kx = 0; kx < w->kernel_w; kx++)
      for (int c = 0; c < w->in_c; c++) {
        int r = i * w->stride_h + ky - w->pad_top, s = j * w->stride_w + kx - w->pad_left;
        if (r < 0 || r >= w->in_h || s < 0 || s >= w->in_w) continue;
        int64_t value = x[(r * w->in_w + s) * w->in_c + c] - l->zero_in;
        sum += value * l->weights[((ky * w->kernel_w + kx) * w->in_c + c) * w->out_c + channel];
      }
  return sum;
}

/* The picture with its border of zeros, and where each window begins in it. */
static uint8_t *padded(const layer *l, const uint8_t *x, uint32_t *offsets, size_t *stride,
                       base_random *random) {
  const nn_window *w = &l->window;
  int height = (w->out_h - 1) * w->stride_h + w->kernel_h;
  int width = (w->out_w - 1) * w->stride_w + w->kernel_w;
  uint8_t *made = random_bytes((size_t)(height * width * w->in_c), random);
  for (int r = 0; r < height; r++)
    for (int s = 0; s < width; s++)
      for (int c = 0; c < w->in_c; c++) {
        int y = r - w->pad_top, z = s - w->pad_left;
        bool inside = y >= 0 && y < w->in_h && z >= 0 && z < w->in_w;
        made[(r * width + s) * w->in_c + c] =
            (uint8_t)(inside ? x[(y * w->in_w + z) * w->in_c + c] : l->zero_in);
      }
  for (int i = 0; i < w->out_h * w->out_w; i++)
    offsets[i] =
        (uint32_t)((i / w->out_w * w->stride_h * width + i % w->out_w * w->stride_w) * w->in_c);
  *stride = (size_t)(width * w->in_c);
  return made;
}

static void check_layer(nn_window w, uint64_t seed, bool extreme) {
  base_random random = base_random_seed(seed);
  layer l = make_layer(w, &random, extreme);
  size_t pixels = (size_t)(w.out_h * w.out_w), channels = (size_t)w.out_c, stride;
  uint8_t *x = random_bytes((size_t)(w.in_h * w.in_w * w.in_c), &random);
  if (extreme) memset(x, 255, (size_t)(w.in_h * w.in_w * w.in_c));
  uint32_t *offsets = block(pixels * sizeof *offsets);
  uint8_t *field = padded(&l, x, offsets, &stride, &random);
  uint8_t *y = block(pixels * channels + 1);
  float *floats = block((pixels * channels + 1) * sizeof *floats);
  const nn_int8_kernels *kernels;
  for (int number = 0; (kernels = nn_int8_number(number)); number++) {
    nn_int8_sum sum = {.x = field,
                       .offsets = offsets,
                       .pixels = pixels,
                       .rows = (size_t)w.kernel_h,
                       .run = (size_t)(w.kernel_w * w.in_c),
                       .stride = stride,
                       .channels = channels,
                       .zero = l.zero,
                       .least = l.least};
    void *packed = block(kernels->packed_bytes(sum.rows, sum.run, channels));
    kernels->pack(&(nn_int8_weights){sum.rows, sum.run, channels, l.weights, l.bias, l.multipliers,
                                     l.zero_in},
                  packed);
    sum.packed = packed;
    y[pixels * channels] = 77; /* a guard */
    floats[pixels * channels] = 77;
    bool relu = seed % 2;
    kernels->sum_bytes(&sum, y);
    kernels->sum_floats(&sum, relu, floats);
    for (size_t i = 0; i < pixels * channels; i++) {
      size_t c = i % channels, at = i / channels;
      int64_t exact = exact_sum(&l, x, (int)at / w.out_w, (int)at % w.out_w, (int)c);
      float scaled = (float)exact * l.multipliers[c];
      int right = byte_of((double)scaled, l.zero, l.least);
      float plain = relu && scaled < 0 ? 0 : scaled;
      if (y[i] != right || memcmp(&floats[i], &plain, sizeof plain) != 0)
        fail_msg("%s, %dx%d of %d by %dx%d to %d: number %zu is %d and %.9g, not %d and %.9g",
                 kernels->name, w.in_h, w.in_w, w.in_c, w.kernel_h, w.kernel_w, w.out_c, i, y[i],
                 (double)floats[i], right, (double)plain);
    }
    assert_int_equal(y[pixels * channels], 77);
    assert_true(floats[pixels * channels] == 77);
    base_free(packed);
  }
  base_free(x);
  base_free(field);
  base_free(offsets);
  base_free(y);
  base_free(floats);
  free_layer(&l);
}

static nn_window window(int h, int w, int in, int out, int kh, int kw, int stride, int top,
                        int left) {
  return (nn_window){.in_h = h,
                     .in_w = w,
                     .in_c = in,
                     .out_c = out,
                     .kernel_h = kh,
                     .kernel_w = kw,
                     .stride_h = stride,
                     .stride_w = stride,
                     .pad_top = top,
                     .pad_left = left,
                     .out_h = (h + 2 * top - kh) / stride + 1,
                     .out_w = (w + 2 * left - kw) / stride + 1};
}

static void test_sums_over_all_channel_counts(void **state) {
  (void)state;
  for (int c = 1; c <= 70; c++) {
    check_layer(window(3, 5, c, 71 - c, 2, 3, 1, 0, 0), (uint64_t)c, false);
    check_layer(window(2, 3, 5, c, 1, 1, 1, 0, 0), (uint64_t)(100 + c), false);
  }
  for (int c = 126; c <= 134; c++)
    check_layer(window(4, 4, 3, c, 3, 3, 1, 1, 1), (uint64_t)c, false);
}

static void test_sums_over_all_windows(void **state) {
  (void)state;
  uint64_t seed = 0;
  for (int kh = 1; kh <= 5; kh++)
    for (int kw = 1; kw <= 5; kw++)
      for (int stride = 1; stride <= 3; stride++)
        for (int in = 1; in <= 4; in++, seed++)
          check_layer(window(5 + kh, 9 + kw, in, 7 + 4 * in, kh, kw, stride,
                             (int)(seed % (unsigned)kh), (int)(seed / 3 % (unsigned)kw)),
                      seed, false);
  check_layer(window(28, 28, 1, 64, 3, 3, 1, 0, 0), 1, false);
  check_layer(window(13, 14, 32, 32, 3, 3, 1, 1, 1), 2, false);
  check_layer(window(1, 9, 1000, 10, 1, 1, 1, 0, 0), 3, false); /* a dense layer of 9 rows */
}

/* All weights and bytes as large as they can be: nothing saturates on the way. */
static void test_sums_do_not_saturate(void **state) {
  (void)state;
  for (int in = 1; in <= 40; in += 13)
    check_layer(window(5, 6, in, 17, 3, 3, 1, 1, 1), (uint64_t)in, true);
}

/* ---- the rest ---- */

static void test_pools(void **state) {
  (void)state;
  base_random random = base_random_seed(4);
  for (int c = 1; c <= 70; c += c < 20 ? 1 : 7)
    for (int kernel = 1; kernel <= 3; kernel++) {
      nn_window w = window(7, 8, c, c, kernel, kernel, kernel, kernel / 2, kernel / 2);
      uint8_t *x = random_bytes((size_t)(56 * c), &random);
      uint8_t *y = block((size_t)(w.out_h * w.out_w * c));
      const nn_int8_kernels *kernels;
      for (int number = 0; (kernels = nn_int8_number(number)); number++) {
        kernels->max_pool(&w, x, y);
        for (int i = 0; i < w.out_h * w.out_w * c; i++) {
          int most = -1;
          for (int p = 0; p < 56; p++) { /* every pixel: is it in this window? */
            int ky = p / 8 + w.pad_top - i / c / w.out_w * w.stride_h;
            int kx = p % 8 + w.pad_left - i / c % w.out_w * w.stride_w;
            if (ky < 0 || ky >= kernel || kx < 0 || kx >= kernel) continue;
            if (x[p * c + i % c] > most) most = x[p * c + i % c];
          }
          assert_int_equal(y[i], most);
        }
      }
      base_free(x);
      base_free(y);
    }
}

static void test_adds(void **state) {
  (void)state;
  base_random random = base_random_seed(5);
  for (size_t count = 1; count < 150; count += 7) {
    nn_int8_add add = {.zeros = {(int)count, 255 - (int)count},
                       .factors = {(float)base_random_range(&random, 0.1, 2),
                                   (float)base_random_range(&random, 0.1, 2)},
                       .zero = (int)(3 * count % 256)};
    add.least = count % 2 ? add.zero : 0;
    uint8_t *a = random_bytes(count, &random), *b = random_bytes(count, &random);
    uint8_t *y = block(count + 1);
    const nn_int8_kernels *kernels;
    for (int number = 0; (kernels = nn_int8_number(number)); number++) {
      y[count] = 77;
      kernels->add(count, &add, a, b, y);
      assert_int_equal(y[count], 77);
      for (size_t i = 0; i < count; i++) {
        /* each product rounded to a float, then the sum: volatile keeps them apart */
        volatile float first = (float)(a[i] - add.zeros[0]) * add.factors[0];
        volatile float second = (float)(b[i] - add.zeros[1]) * add.factors[1];
        volatile float sum = first + second;
        assert_int_equal(y[i], byte_of((double)sum, add.zero, add.least));
      }
    }
    base_free(a);
    base_free(b);
    base_free(y);
  }
}

static void test_means(void **state) {
  (void)state;
  base_random random = base_random_seed(6);
  for (size_t channels = 1; channels <= 70; channels += 3) {
    size_t pixels = 50 - channels / 2;
    uint8_t *x = random_bytes(pixels * channels, &random), *y = block(channels + 1);
    int32_t *sums = block(channels * sizeof *sums);
    float multiplier = 1.3F / (float)pixels;
    const nn_int8_kernels *kernels;
    for (int number = 0; (kernels = nn_int8_number(number)); number++) {
      y[channels] = 77;
      kernels->mean(pixels, channels, x, 9, multiplier, 4, sums, y);
      assert_int_equal(y[channels], 77);
      for (size_t c = 0; c < channels; c++) {
        int sum = 0;
        for (size_t p = 0; p < pixels; p++) sum += x[p * channels + c] - 9;
        assert_int_equal(y[c], byte_of((double)((float)sum * multiplier), 4, 0));
      }
    }
    base_free(x);
    base_free(y);
    base_free(sums);
  }
}

static void test_maps_and_converts(void **state) {
  (void)state;
  base_random random = base_random_seed(7);
  static const float odd[] = {NAN,          INFINITY,     -INFINITY,     0.0F,
                              -0.0F,        1e30F,        -1e30F,        0.5F * 0.25F,
                              1.5F * 0.25F, 2.5F * 0.25F, -0.5F * 0.25F, 1e-40F};
  enum { ODD = sizeof odd / sizeof *odd };
  const float scale = 0.25F;
  for (size_t count = 1; count < 80; count += 3) {
    uint8_t *x = random_bytes(count, &random), *table = random_bytes(256, &random);
    uint8_t *y = block(count + 1);
    float *floats = block((count + 1) * sizeof *floats);
    const nn_int8_kernels *kernels;
    for (int number = 0; (kernels = nn_int8_number(number)); number++) {
      y[count] = 77;
      floats[count] = 77;
      kernels->map(count, x, table, y);
      for (size_t i = 0; i < count; i++) assert_int_equal(y[i], table[x[i]]);
      kernels->dequantise(count, x, 0.3F, 5, floats);
      for (size_t i = 0; i < count; i++) assert_true(floats[i] == (float)(x[i] - 5) * 0.3F);
      assert_true(floats[count] == 77);
      base_random same = base_random_seed(count);
      for (size_t i = 0; i < count; i++)
        floats[i] = i % 3 ? (float)base_random_range(&same, -40, 60) : odd[(i / 3 + count) % ODD];
      kernels->quantise(count, floats, scale, 100, y);
      for (size_t i = 0; i < count; i++) {
        double value = (double)(floats[i] / scale);
        assert_int_equal(y[i], isnan(value) ? 0 : byte_of(value, 100, 0));
      }
      assert_int_equal(y[count], 77);
    }
    base_free(x);
    base_free(y);
    base_free(table);
    base_free(floats);
  }
}

/* The best is the last of the list, and SCRAWL_CPU has something to choose from. */
static void test_lists_the_tables(void **state) {
  (void)state;
  const nn_int8_kernels *last = NULL, *next;
  assert_ptr_equal(nn_int8_number(0), &NN_INT8_SCALAR);
  for (int number = 0; (next = nn_int8_number(number)); number++) last = next;
  assert_ptr_equal(nn_int8_best(), last);
  assert_null(nn_int8_number(100));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sums_over_all_channel_counts),
      cmocka_unit_test(test_sums_over_all_windows),
      cmocka_unit_test(test_sums_do_not_saturate),
      cmocka_unit_test(test_pools),
      cmocka_unit_test(test_adds),
      cmocka_unit_test(test_means),
      cmocka_unit_test(test_maps_and_converts),
      cmocka_unit_test(test_lists_the_tables),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
