/* Convolution kernels: every way to convolve of every table, the scalar twins among them, against
 * the definition in double precision.
 *
 * The definition below is written the other way round from the kernels (it asks of every pair of
 * pixels which tap joins them) and also adds up magnitudes, so that the tolerance is a rounding
 * error and not a guess: the sum of n products in floats is off by about sqrt(n) roundings of a
 * partial sum, which is below 4 units in the last place of the sum of magnitudes. Wrong indices are
 * off by a whole product. Winograd's sums mix neighbouring outputs, so that their rounding errors are
 * measured by the largest sum of magnitudes around. */
#include "kernels.h"

static const double TOLERANCE = 0x1p-21, WINOGRAD_TOLERANCE = 0x1p-17;

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

/* Of `count` pictures one after the other. */
static truth truth_make(const nn_window *w, int count, const float *x, const float *weights,
                        const float *bias, const float *dy, const float *dw, const float *db) {
  const sizes n = sizes_of(w);
  const size_t channels = (size_t)w->out_c, pictures = (size_t)count;
  truth t = {zeros(n.y * pictures),
             zeros(n.y * pictures),
             zeros(n.x * pictures),
             zeros(n.x * pictures),
             zeros(n.w),
             zeros(n.w),
             zeros(channels),
             zeros(channels)};
  for (size_t i = 0; i < n.w; i++) put(t.dw, t.dw_size, i, (double)dw[i]);
  for (size_t i = 0; i < channels; i++) put(t.db, t.db_size, i, (double)db[i]);
  for (size_t i = 0; i < n.y * pictures; i++) {
    put(t.y, t.y_size, i, (double)bias[i % channels]);
    put(t.db, t.db_size, i % channels, (double)dy[i]);
  }
  for (size_t p = 0; p < pictures; p++)
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
                const size_t in = p * n.x + (size_t)(iy * w->in_w + ix) * (size_t)w->in_c + ci;
                const size_t out = p * n.y + (size_t)(oy * w->out_w + ox) * channels + co;
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

typedef struct way {
  const char *table;
  const nn_conv *conv;
  const nn_window *window;
} way;

static void compare(const way *by, const char *what, const guarded *got, const double *want,
                    const double *size, bool relu) {
  const bool winograd = strstr(by->conv->name, "winograd") != NULL;
  const nn_window *w = by->window;
  double largest = 0;
  for (size_t i = 0; i < got->count; i++) largest = fmax(largest, size[i]);
  for (size_t i = 0; i < got->count; i++) {
    const double value = relu && want[i] < 0 ? 0 : want[i];
    const double error = fabs((double)got->data[i] - value);
    if (error <= (winograd ? WINOGRAD_TOLERANCE * largest : TOLERANCE * size[i])) continue;
    fail_msg("%s %s: %s[%zu] = %g, not %g: %dx%dx%d -> %dx%dx%d, kernel %dx%d, stride %dx%d, "
             "padding %d,%d",
             by->table, by->conv->name, what, i, (double)got->data[i], value, w->in_h, w->in_w,
             w->in_c, w->out_h, w->out_w, w->out_c, w->kernel_h, w->kernel_w, w->stride_h,
             w->stride_w, w->pad_top, w->pad_left);
  }
}

/* Each pixel the largest of four of y. */
static void compare_pooled(const way *by, int count, const guarded *y, const guarded *pooled) {
  const nn_window *w = by->window;
  const size_t row = (size_t)w->out_w * (size_t)w->out_c, channels = (size_t)w->out_c;
  size_t at = 0;
  for (int p = 0; p < count; p++)
    for (int r = 0; r + 1 < w->out_h; r += 2)
      for (int c = 0; c + 1 < w->out_w; c += 2)
        for (size_t o = 0; o < channels; o++, at++) {
          const float *first =
              y->data + (size_t)(p * w->out_h + r) * row + (size_t)c * channels + o;
          const float up = fmaxf(first[0], first[channels]);
          const float down = fmaxf(first[row], first[row + channels]);
          if (pooled->data[at] != fmaxf(up, down))
            fail_msg("%s %s: pooled[%zu] = %g, not %g", by->table, by->conv->name, at,
                     (double)pooled->data[at], (double)fmaxf(up, down));
        }
  assert_int_equal(at, pooled->count);
}

typedef struct layer {
  const nn_window *window;
  int count; /* pictures */
  guarded x, weights, bias, dy, dw, db;
  truth truth;
  size_t shift; /* of the buffers off their alignment */
} layer;

static void check_forward(const way *by, const layer *l, bool relu) {
  const nn_window *w = by->window;
  const size_t pictures = (size_t)l->count;
  guarded packed = guarded_make(by->conv->packed_floats(w), 0);
  guarded scratch = guarded_make(by->conv->forward_scratch(w, l->count), 0);
  guarded y = guarded_make(sizes_of(w).y * pictures, l->shift);
  const size_t pool = (size_t)(w->out_h / 2) * (size_t)(w->out_w / 2) * (size_t)w->out_c;
  guarded pooled = guarded_make(pool * pictures, l->shift);
  nn_conv_end end = {.bias = l->bias.data, .relu = relu};
  by->conv->pack(w, l->weights.data, packed.data);
  by->conv->forward(w, l->count, l->x.data, packed.data, &end, y.data, scratch.data);
  compare(by, "y", &y, l->truth.y, l->truth.y_size, relu);
  if (pool) {
    end.pool = true;
    by->conv->forward(w, l->count, l->x.data, packed.data, &end, pooled.data, scratch.data);
    compare_pooled(by, l->count, &y, &pooled);
  }
  guarded_free(&packed), guarded_free(&scratch), guarded_free(&y), guarded_free(&pooled);
}

static guarded pack_for_backward(const way *by, const float *weights) {
  const size_t floats = by->conv->packed_backward_floats(by->window);
  guarded packed = guarded_make(floats ? floats : by->conv->packed_floats(by->window), 0);
  (floats ? by->conv->pack_backward : by->conv->pack)(by->window, weights, packed.data);
  return packed;
}

static void check_backward(const way *by, const layer *l) {
  const nn_window *w = by->window;
  const sizes n = sizes_of(w);
  const size_t channels = (size_t)w->out_c, shift = l->shift;
  guarded packed = pack_for_backward(by, l->weights.data);
  guarded scratch = guarded_make(by->conv->backward_scratch(w, l->count), 0);
  guarded dx = guarded_make(n.x * (size_t)l->count, shift);
  guarded dw = guarded_make(n.w, shift), db = guarded_make(channels, shift);
  memcpy(dw.data, l->dw.data, n.w * sizeof(float));
  memcpy(db.data, l->db.data, channels * sizeof(float));
  by->conv->backward(w, l->count, l->x.data, l->dy.data, packed.data, dx.data, dw.data, db.data,
                     scratch.data);
  compare(by, "dx", &dx, l->truth.dx, l->truth.dx_size, false);
  compare(by, "dw", &dw, l->truth.dw, l->truth.dw_size, false);
  compare(by, "db", &db, l->truth.db, l->truth.db_size, false);
  guarded_free(&packed), guarded_free(&scratch), guarded_free(&dx), guarded_free(&dw);
  guarded_free(&db);
}

#define EACH_CONV(conv, table, window)                                                             \
  for (const nn_conv *const *next = (table)->convs, *conv = *next; conv; conv = *++next)           \
    if (conv->can(window))

static void check_window(const nn_window *w, base_random *random) {
  const sizes n = sizes_of(w);
  const size_t channels = (size_t)w->out_c;
  layer l = {.window = w, .count = 1 + (int)base_random_below(random, 3)};
  l.shift = (size_t)base_random_below(random, 2) * 2;
  l.x = guarded_random(n.x * (size_t)l.count, l.shift, random);
  l.weights = guarded_random(n.w, l.shift, random);
  l.bias = guarded_random(channels, l.shift, random);
  l.dy = guarded_random(n.y * (size_t)l.count, l.shift, random);
  l.dw = guarded_random(n.w, l.shift, random);
  l.db = guarded_random(channels, l.shift, random);
  l.truth = truth_make(w, l.count, l.x.data, l.weights.data, l.bias.data, l.dy.data, l.dw.data,
                       l.db.data);
  EACH_TABLE(k) {
    EACH_CONV(conv, k, w) {
      const way by = {k->name, conv, w};
      check_forward(&by, &l, l.shift != 0);
      check_backward(&by, &l);
    }
  }
  truth_free(&l.truth);
  guarded_free(&l.x), guarded_free(&l.weights), guarded_free(&l.bias), guarded_free(&l.dy);
  guarded_free(&l.dw), guarded_free(&l.db);
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
      window_of(28, 28, 1, 64, 3, 3, 1, 0, 0, 0),   window_of(1, 1, 18432, 10, 1, 1, 1, 0, 0, 0),
      window_of(1, 1, 333, 26, 1, 1, 1, 0, 0, 0),   window_of(26, 26, 64, 32, 3, 3, 1, 0, 0, 0),
      window_of(1, 5, 18432, 10, 1, 1, 1, 0, 0, 0), window_of(28, 28, 1, 10, 5, 5, 1, 0, 0, 0),
      window_of(12, 12, 10, 20, 5, 5, 1, 0, 0, 0),  window_of(1, 7, 320, 100, 1, 1, 1, 0, 0, 0),
  };
  for (size_t i = 0; i < COUNT(windows); i++) check_window(&windows[i], &random);
}

/* A picture's results do not depend on how many others there are, nor on what lay in scratch. */
static void test_pictures_alone(void **state) {
  (void)state;
  enum { PICTURES = 29 };
  base_random random = base_random_seed(5);
  const nn_window windows[] = {
      window_of(1, 1, 37, 23, 1, 1, 1, 0, 0, 0), window_of(7, 5, 18, 20, 3, 3, 1, 1, 1, 0),
      window_of(1, 1, 133, 10, 1, 1, 1, 0, 0, 0), window_of(9, 9, 1, 20, 5, 5, 1, 0, 0, 0)};
  for (size_t i = 0; i < COUNT(windows); i++) {
    const nn_window *w = &windows[i];
    const sizes n = sizes_of(w);
    guarded x = guarded_random(n.x * PICTURES, 0, &random);
    guarded weights = guarded_random(n.w, 0, &random);
    const nn_conv_end end = {0};
    EACH_TABLE(k) {
      EACH_CONV(conv, k, w) {
        guarded packed = guarded_make(conv->packed_floats(w), 0);
        guarded all = guarded_make(conv->forward_scratch(w, PICTURES), 0);
        guarded one = guarded_random(conv->forward_scratch(w, 1), 0, &random);
        guarded together = guarded_make(n.y * PICTURES, 0), alone = guarded_make(n.y, 0);
        conv->pack(w, weights.data, packed.data);
        conv->forward(w, PICTURES, x.data, packed.data, &end, together.data, all.data);
        for (size_t p = 0; p < PICTURES; p++) {
          conv->forward(w, 1, x.data + p * n.x, packed.data, &end, alone.data, one.data);
          assert_memory_equal(alone.data, together.data + p * n.y, n.y * sizeof(float));
        }
        guarded_free(&packed), guarded_free(&all), guarded_free(&one);
        guarded_free(&together), guarded_free(&alone);
      }
    }
    guarded_free(&x), guarded_free(&weights);
  }
}

/* A slice of a dense layer's inputs, rows further apart than that, added to what is there. */
static void test_dense_weights(void **state) {
  (void)state;
  base_random random = base_random_seed(8);
  for (int i = 0; i < 40; i++) {
    const size_t rows = 1 + base_random_below(&random, 9),
                 inputs = 1 + base_random_below(&random, 50);
    const size_t outputs = 1 + base_random_below(&random, 40),
                 step = inputs + base_random_below(&random, 9);
    guarded x = guarded_random((rows - 1) * step + inputs, 0, &random);
    guarded dy = guarded_random(rows * outputs, 2, &random);
    guarded before = guarded_random(inputs * outputs, 0, &random);
    EACH_TABLE(k) {
      guarded dw = guarded_make(inputs * outputs, 2);
      memcpy(dw.data, before.data, inputs * outputs * sizeof(float));
      const float *x_rows[NN_DENSE_ROWS], *dy_rows[NN_DENSE_ROWS];
      for (size_t r = 0; r < rows; r++) {
        x_rows[r] = x.data + r * step;
        dy_rows[r] = dy.data + r * outputs;
      }
      k->dense_weights(rows, inputs, outputs, x_rows, dy_rows, dw.data);
      for (size_t at = 0; at < inputs * outputs; at++) {
        double sum = (double)before.data[at], size = fabs(sum);
        for (size_t r = 0; r < rows; r++) {
          const double product =
              (double)x.data[r * step + at / outputs] * (double)dy.data[r * outputs + at % outputs];
          sum += product, size += fabs(product);
        }
        if (fabs((double)dw.data[at] - sum) > TOLERANCE * size)
          fail_msg("%s: dw[%zu] = %g, not %g", k->name, at, (double)dw.data[at], sum);
      }
      guarded_free(&dw);
    }
    guarded_free(&x), guarded_free(&dy), guarded_free(&before);
  }
}

/* The same call gives the same bits, with other rubbish in scratch and each gradient asked for
 * alone. */
static void test_same_bits(void **state) {
  (void)state;
  base_random random = base_random_seed(6);
  const nn_window w = window_of(13, 11, 10, 20, 3, 3, 1, 1, 1, 0);
  const sizes n = sizes_of(&w);
  guarded x = guarded_random(n.x, 0, &random), dy = guarded_random(n.y, 0, &random);
  guarded weights = guarded_random(n.w, 0, &random);
  EACH_TABLE(k) {
    EACH_CONV(conv, k, &w) {
      guarded clean = guarded_make(conv->backward_scratch(&w, 1), 0);
      guarded used = guarded_random(conv->backward_scratch(&w, 1), 0, &random);
      guarded packed = guarded_make(conv->packed_backward_floats(&w), 0);
      guarded dw = guarded_make(n.w, 0), again = guarded_make(n.w, 2), db = guarded_make(20, 0);
      guarded dx = guarded_make(n.x, 0), dx_again = guarded_make(n.x, 2);
      conv->pack_backward(&w, weights.data, packed.data);
      memset(dw.data, 0, n.w * sizeof(float));
      memset(again.data, 0, n.w * sizeof(float));
      memset(db.data, 0, 20 * sizeof(float));
      conv->backward(&w, 1, x.data, dy.data, packed.data, dx.data, dw.data, db.data, clean.data);
      conv->backward(&w, 1, x.data, dy.data, NULL, NULL, again.data, NULL, used.data);
      conv->backward(&w, 1, NULL, dy.data, packed.data, dx_again.data, NULL, NULL, used.data);
      assert_memory_equal(dw.data, again.data, n.w * sizeof(float));
      assert_memory_equal(dx.data, dx_again.data, n.x * sizeof(float));
      guarded_free(&clean), guarded_free(&used), guarded_free(&packed), guarded_free(&dw);
      guarded_free(&again), guarded_free(&db), guarded_free(&dx), guarded_free(&dx_again);
    }
  }
  guarded_free(&x), guarded_free(&dy), guarded_free(&weights);
}

/* What Winograd costs in accuracy: the largest error of unit-scale data (normal inputs and
 * gradients, weights of a deviation that keeps the scale) against double, as a share of the largest
 * result. Promised: below 1e-3; held to a hundredth of that. */
static void test_winograd_error(void **state) {
  (void)state;
  base_random random = base_random_seed(7);
  const nn_window w = window_of(26, 26, 64, 32, 3, 3, 1, 0, 0, 0);
  const sizes n = sizes_of(&w);
  float zero[32] = {0};
  guarded x = guarded_make(n.x, 0), dy = guarded_make(n.y, 0), weights = guarded_make(n.w, 0);
  guarded none = guarded_make(n.w, 0);
  for (size_t i = 0; i < n.x; i++) x.data[i] = (float)base_random_normal(&random);
  for (size_t i = 0; i < n.y; i++) dy.data[i] = (float)base_random_normal(&random);
  for (size_t i = 0; i < n.w; i++) weights.data[i] = (float)base_random_normal(&random) / 24;
  memset(none.data, 0, n.w * sizeof(float));
  truth t = truth_make(&w, 1, x.data, weights.data, zero, dy.data, none.data, zero);
  EACH_TABLE(k) {
    EACH_CONV(conv, k, &w) {
      guarded packed = guarded_make(conv->packed_floats(&w), 0);
      guarded back = guarded_make(conv->packed_backward_floats(&w), 0);
      guarded forward = guarded_make(conv->forward_scratch(&w, 1), 0);
      guarded backward = guarded_make(conv->backward_scratch(&w, 1), 0);
      guarded y = guarded_make(n.y, 0), dx = guarded_make(n.x, 0), dw = guarded_make(n.w, 0);
      memset(dw.data, 0, n.w * sizeof(float));
      conv->pack(&w, weights.data, packed.data);
      conv->pack_backward(&w, weights.data, back.data);
      conv->forward(&w, 1, x.data, packed.data, &(nn_conv_end){0}, y.data, forward.data);
      conv->backward(&w, 1, x.data, dy.data, back.data, dx.data, dw.data, NULL, backward.data);
      const struct {
        const guarded *got;
        const double *want;
      } results[] = {{&y, t.y}, {&dx, t.dx}, {&dw, t.dw}};
      double error[3] = {0};
      for (size_t r = 0; r < 3; r++) {
        double largest = 0;
        for (size_t i = 0; i < results[r].got->count; i++) {
          error[r] = fmax(error[r], fabs((double)results[r].got->data[i] - results[r].want[i]));
          largest = fmax(largest, fabs(results[r].want[i]));
        }
        error[r] /= largest;
        assert_true(error[r] < 1e-5);
      }
      print_message("%-6s %-12s error of y %.1e, dx %.1e, dw %.1e\n", k->name, conv->name, error[0],
                    error[1], error[2]);
      guarded_free(&packed), guarded_free(&back), guarded_free(&forward), guarded_free(&backward);
      guarded_free(&y), guarded_free(&dx), guarded_free(&dw);
    }
  }
  truth_free(&t);
  guarded_free(&x), guarded_free(&dy), guarded_free(&weights), guarded_free(&none);
}

/* The rule of kernels/conv.h. */
static void test_choice(void **state) {
  (void)state;
  const struct {
    nn_window window;
    const char *name;
  } cases[] = {
      {window_of(26, 26, 64, 32, 3, 3, 1, 0, 0, 0), "winograd 4x4"},
      {window_of(7, 7, 128, 128, 3, 3, 1, 1, 1, 0), "winograd 4x4"},
      {window_of(4, 4, 96, 192, 3, 3, 1, 0, 0, 0), "winograd 2x2"},
      {window_of(3, 3, 96, 192, 3, 3, 1, 0, 0, 0), "direct"},
      {window_of(28, 28, 4, 64, 3, 3, 1, 0, 0, 0), "direct"},
      {window_of(26, 26, 64, 32, 3, 3, 2, 0, 0, 0), "direct"},
      {window_of(12, 12, 32, 32, 5, 5, 1, 0, 0, 0), "direct"},
      {window_of(14, 14, 64, 64, 1, 1, 1, 0, 0, 0), "direct"},
  };
  EACH_TABLE(k) {
    for (size_t i = 0; i < COUNT(cases); i++) {
      const nn_conv *conv = k->conv_of(&cases[i].window);
      assert_true(conv->can(&cases[i].window));
      assert_string_equal(conv->name, k->width == 1 ? "scalar" : cases[i].name);
    }
  }
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
      cmocka_unit_test(test_known_layers), cmocka_unit_test(test_pictures_alone),
      cmocka_unit_test(test_same_bits),    cmocka_unit_test(test_winograd_error),
      cmocka_unit_test(test_choice),       cmocka_unit_test(test_dense_weights),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
