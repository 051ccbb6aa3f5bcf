/* How fast the kernels are, against what this processor could do at all.
 *
 *   bench_kernels [NAME]     only the cases whose name contains NAME
 *
 * Convolutions: GFLOP/s and per cent of the ceiling, the multiply-add loop of ceiling.c in the same
 * instruction set on one core. Clocks change and other programs run, so each slice of a kernel is
 * followed by a slice of the loop, both in processor time of this thread, and the figures are
 * medians over ROUNDS such pairs. The rest of the kernels: gigabytes read and written per second,
 * arrays in the second cache. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/random.h"
#include "ceiling.h"
#include "nn/kernels.h"

enum { ROUNDS = 41, PICTURES = 4 }; /* as in a shard of a training step */
static const double SLICE_SECONDS = 1e-3;

typedef struct pass_data {
  const nn_kernels *kernels;
  const nn_conv *conv;
  nn_window window;
  float *x, *y, *dx, *dy, *weights, *dw, *bias, *packed, *back, *scratch;
  size_t count; /* of a pointwise kernel */
  double *sums;
} pass_data;

typedef struct kernel_case {
  const char *name;
  void (*run)(const pass_data *data);
  double streams; /* pointwise: arrays read and written; convolution: 0 */
} kernel_case;

static void forward(const pass_data *d) {
  const nn_conv_end end = {.bias = d->bias, .relu = true};
  d->conv->forward(&d->window, PICTURES, d->x, d->packed, &end, d->y, d->scratch);
}
static void data_gradient(const pass_data *d) {
  d->conv->backward(&d->window, PICTURES, d->x, d->dy, d->conv->pack_backward ? d->back : d->packed,
                    d->dx, NULL, NULL, d->scratch);
}
static void weight_gradient(const pass_data *d) {
  d->conv->backward(&d->window, PICTURES, d->x, d->dy, d->back, NULL, d->dw, d->bias, d->scratch);
}
static void depthwise_forward(const pass_data *d) {
  d->kernels->depthwise_forward(&d->window, d->x, d->weights, d->bias, true, d->y);
}
static void depthwise_data_gradient(const pass_data *d) {
  d->kernels->depthwise_backward_data(&d->window, d->dy, d->weights, d->dx);
}
static void depthwise_weight_gradient(const pass_data *d) {
  d->kernels->depthwise_backward_weights(&d->window, d->x, d->dy, d->dw, d->bias);
}
static void max_pool(const pass_data *d) {
  d->kernels->max_pool_forward(&d->window, d->x, d->y);
}
static void max_pool_back(const pass_data *d) {
  d->kernels->max_pool_backward(&d->window, d->x, d->y, d->dy, d->dx);
}
static void moments(const pass_data *d) {
  d->kernels->channel_moments(d->count / 64, 64, d->x, d->sums, d->sums + 64);
}
static void affine(const pass_data *d) {
  d->kernels->channel_affine(d->count / 64, 64, d->x, d->weights, d->bias, true, d->y);
}
static void relu(const pass_data *d) {
  d->kernels->relu_forward(d->count, d->x, d->y);
}
static void silu(const pass_data *d) {
  d->kernels->silu_forward(d->count, d->x, d->y);
}
static void softmax(const pass_data *d) {
  d->kernels->softmax(d->count / 10, 10, d->x, d->y);
}
static void adam(const pass_data *d) {
  const nn_adam adam = {1e-3F, 0.9F, 0.999F, 1e-8F, 0.1F, 0.001F, 0, false};
  d->kernels->adam_step(d->count, &adam, d->x, d->weights, d->dx, d->dw);
}

static const kernel_case PASSES[] = {
    {"forward", forward, 0}, {"data", data_gradient, 0}, {"weights", weight_gradient, 0}};

static const kernel_case DEPTHWISE_PASSES[] = {{"forward", depthwise_forward, 0},
                                               {"data", depthwise_data_gradient, 0},
                                               {"weights", depthwise_weight_gradient, 0}};

static const kernel_case PLAIN[] = {
    {"max pool 2x2", max_pool, 1.25},
    {"max pool 2x2 back", max_pool_back, 3.5},
    {"moments", moments, 1},
    {"affine + relu", affine, 2},
    {"relu", relu, 2},
    {"silu", silu, 2},
    {"softmax 10", softmax, 2},
    {"adam", adam, 7},
};

static const struct layer {
  const char *name;
  int in_h, in_w, in_c, out_c, kernel, pad;
} LAYERS[] = {
    {"conv 1>64 3x3 of 28x28", 28, 28, 1, 64, 3, 0},
    {"conv 64>32 3x3 of 26x26", 26, 26, 64, 32, 3, 0},
    {"dense 18432>10, 4 rows", 1, 1, 18432, 10, 1, 0},
    {"conv 1>10 5x5 of 28x28", 28, 28, 1, 10, 5, 0},
    {"conv 10>20 5x5 of 12x12", 12, 12, 10, 20, 5, 0},
    {"dense 320>100, 4 rows", 1, 1, 320, 100, 1, 0},
    {"conv 32>32 3x3 same 28x28", 28, 28, 32, 32, 3, 1},
    {"conv 64>64 3x3 same 14x14", 14, 14, 64, 64, 3, 1},
    {"conv 128>128 3x3 same 7x7", 7, 7, 128, 128, 3, 1},
    {"conv 96>192 3x3 of 4x4", 4, 4, 96, 192, 3, 0},
    {"conv 8>8 3x3 same 28x28", 28, 28, 8, 8, 3, 1},
    {"conv 16>16 3x3 same 28x28", 28, 28, 16, 16, 3, 1},
    {"conv 64>128 1x1 of 14x14", 14, 14, 64, 128, 1, 0},
};

static const struct depthwise_layer {
  const char *name;
  int side, channels, kernel, stride;
} DEPTHWISE_LAYERS[] = {
    {"depthwise 32 3x3 of 28x28", 28, 32, 3, 1},   {"depthwise 64 3x3 of 14x14", 14, 64, 3, 1},
    {"depthwise 128 3x3 of 7x7", 7, 128, 3, 1},    {"depthwise 64 3x3 of 32x32", 32, 64, 3, 1},
    {"depthwise 32 3x3/2 of 28x28", 28, 32, 3, 2}, {"depthwise 32 5x5 of 28x28", 28, 32, 5, 1},
};

static const base_cpu_level SETS[] = {BASE_CPU_V2, BASE_CPU_V3, BASE_CPU_V4, BASE_CPU_NEON};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int ascending(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values) {
  qsort(values, ROUNDS, sizeof *values, ascending);
  return values[ROUNDS / 2];
}

static double seconds_of(const kernel_case *c, const pass_data *d, size_t calls) {
  const double start = now();
  for (size_t i = 0; i < calls; i++) c->run(d);
  return now() - start;
}

/* Runs that fill a slice; also warms up. */
static size_t calls_of(const kernel_case *c, const pass_data *d) {
  size_t calls = 1;
  while (seconds_of(c, d, calls) < SLICE_SECONDS / 2 && calls < 1000000) calls *= 2;
  return calls;
}

/* `work`: operations or bytes of one call. The ratio is to the ceiling. */
static void measure(const kernel_case *c, const pass_data *d, double work, ceiling_loop ceiling,
                    double *rate, double *ratio) {
  const size_t calls = calls_of(c, d);
  double rates[ROUNDS], ratios[ROUNDS];
  float factor = 0.999F;
  for (int round = 0; round < ROUNDS; round++) {
    rates[round] = work * (double)calls / seconds_of(c, d, calls) * 1e-9;
    const double start = now();
    const double most = ceiling(20000, &factor) / (now() - start) * 1e-9;
    ratios[round] = rates[round] / most;
  }
  *rate = median(rates);
  *ratio = median(ratios);
}

static float *numbers(size_t count, base_random *random) {
  float *block = base_alloc(count, sizeof *block);
  if (!block) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  for (size_t i = 0; i < count; i++) block[i] = (float)base_random_range(random, 0.1, 1);
  return block;
}

static void data_free(pass_data *d) {
  float *blocks[] = {d->x,  d->y,    d->dx,     d->dy,   d->weights,
                     d->dw, d->bias, d->packed, d->back, d->scratch};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) base_free(blocks[i]);
  base_free(d->sums);
}

static void bench_conv(base_cpu_level set, const struct layer *layer, const nn_conv *conv,
                       const nn_window *window) {
  const nn_window w = *window;
  const size_t in = (size_t)w.in_h * (size_t)w.in_w * (size_t)w.in_c;
  const size_t out = (size_t)w.out_h * (size_t)w.out_w * (size_t)w.out_c;
  const size_t weights = (size_t)w.kernel_h * (size_t)w.kernel_w * (size_t)w.in_c * (size_t)w.out_c;
  const size_t forward_scratch = conv->forward_scratch(&w, PICTURES);
  const size_t backward_scratch = conv->backward_scratch(&w, PICTURES);
  const size_t scratch = forward_scratch > backward_scratch ? forward_scratch : backward_scratch;
  base_random random = base_random_seed(1);
  pass_data d = {
      .conv = conv,
      .window = w,
      .x = numbers(PICTURES * in, &random),
      .y = numbers(PICTURES * out, &random),
      .dx = numbers(PICTURES * in, &random),
      .dy = numbers(PICTURES * out, &random),
      .weights = numbers(weights, &random),
      .dw = numbers(weights, &random),
      .bias = numbers((size_t)w.out_c, &random),
      .packed = numbers(conv->packed_floats(&w), &random),
      .back = numbers(conv->packed_backward_floats(&w), &random),
      .scratch = numbers(scratch, &random),
  };
  conv->pack(&w, d.weights, d.packed);
  if (conv->pack_backward)
    conv->pack_backward(&w, d.weights, d.back);
  else
    conv->pack(&w, d.weights, d.packed);
  const double work = 2.0 * PICTURES * (double)weights * (double)w.out_h * (double)w.out_w;
  const bool chosen = nn_kernels_of(set)->conv_of(&w) == conv;
  printf("%-3s %-27s %-12s %s", base_cpu_name(set), layer->name, conv->name, chosen ? "*" : " ");
  for (size_t i = 0; i < sizeof PASSES / sizeof *PASSES; i++) {
    double rate, ratio;
    measure(&PASSES[i], &d, work, ceiling_of(set), &rate, &ratio);
    printf("  %-7s %6.1f %5.1f %%", PASSES[i].name, rate, 100 * ratio);
    fflush(stdout);
  }
  printf("\n");
  data_free(&d);
}

static void bench_layer(base_cpu_level set, const struct layer *layer) {
  const nn_window w = {.in_h = layer->in_h,
                       .in_w = layer->in_w,
                       .in_c = layer->in_c,
                       .out_h = layer->in_h + 2 * layer->pad - layer->kernel + 1,
                       .out_w = layer->in_w + 2 * layer->pad - layer->kernel + 1,
                       .out_c = layer->out_c,
                       .kernel_h = layer->kernel,
                       .kernel_w = layer->kernel,
                       .stride_h = 1,
                       .stride_w = 1,
                       .pad_top = layer->pad,
                       .pad_left = layer->pad};
  for (const nn_conv *const *conv = nn_kernels_of(set)->convs; *conv; conv++) {
    if ((*conv)->can(&w)) bench_conv(set, layer, *conv, &w);
  }
}

static void bench_depthwise(base_cpu_level set, const struct depthwise_layer *layer) {
  const nn_kernels *kernels = nn_kernels_of(set);
  const int pad = layer->kernel / 2, side = layer->side;
  const int out_side = (side + 2 * pad - layer->kernel) / layer->stride + 1;
  const nn_window w = {.in_h = side,
                       .in_w = side,
                       .in_c = layer->channels,
                       .out_h = out_side,
                       .out_w = out_side,
                       .out_c = layer->channels,
                       .kernel_h = layer->kernel,
                       .kernel_w = layer->kernel,
                       .stride_h = layer->stride,
                       .stride_w = layer->stride,
                       .pad_top = pad,
                       .pad_left = pad};
  const size_t channels = (size_t)w.in_c, in = (size_t)side * (size_t)side * channels;
  const size_t out = (size_t)out_side * (size_t)out_side * channels;
  const size_t weights = (size_t)w.kernel_h * (size_t)w.kernel_w * channels;
  base_random random = base_random_seed(1);
  pass_data d = {
      .kernels = kernels,
      .window = w,
      .x = numbers(in, &random),
      .y = numbers(out, &random),
      .dx = numbers(in, &random),
      .dy = numbers(out, &random),
      .weights = numbers(weights, &random),
      .dw = numbers(weights, &random),
      .bias = numbers(channels, &random),
  };
  const double work = 2.0 * (double)weights * out_side * out_side;
  printf("%-5s %-28s", kernels->name, layer->name);
  for (size_t i = 0; i < sizeof DEPTHWISE_PASSES / sizeof *DEPTHWISE_PASSES; i++) {
    double rate, ratio;
    measure(&DEPTHWISE_PASSES[i], &d, work, ceiling_of(set), &rate, &ratio);
    printf("  %-7s %6.1f %5.1f %%", DEPTHWISE_PASSES[i].name, rate, 100 * ratio);
    fflush(stdout);
  }
  printf("\n");
  data_free(&d);
}

/* A 26 x 26 picture of 64 channels: 170 KB. */
static void bench_plain(base_cpu_level set, const kernel_case *c) {
  const nn_kernels *kernels = nn_kernels_of(set);
  const nn_window w = {26, 26, 64, 13, 13, 64, 2, 2, 2, 2, 0, 0};
  const size_t count = (size_t)26 * 26 * 64;
  base_random random = base_random_seed(1);
  pass_data d = {
      .kernels = kernels,
      .window = w,
      .x = numbers(count, &random),
      .y = numbers(count, &random),
      .dx = numbers(count, &random),
      .dy = numbers(count, &random),
      .weights = numbers(count, &random),
      .dw = numbers(count, &random),
      .bias = numbers(64, &random),
      .sums = base_alloc_zero(128, sizeof(double)),
      .count = count,
  };
  double rate, ratio;
  measure(c, &d, c->streams * (double)count * sizeof(float), ceiling_of(set), &rate, &ratio);
  printf("%-5s %-28s  %6.1f GB/s  %6.2f ns/float\n", kernels->name, c->name, rate,
         c->streams * sizeof(float) / rate);
  data_free(&d);
}

int main(int count, char **arguments) {
  const char *wanted = count > 1 ? arguments[1] : "";
  printf("GFLOP/s and per cent of the multiply-add ceiling, one core, median of %d\n", ROUNDS);
  for (size_t s = 0; s < sizeof SETS / sizeof *SETS; s++) {
    if (!ceiling_of(SETS[s])) continue; /* of another kind of processor */
    if (!nn_kernels_of(SETS[s])) {
      printf("%s: not on this processor\n", base_cpu_name(SETS[s]));
      continue;
    }
    for (size_t i = 0; i < sizeof LAYERS / sizeof *LAYERS; i++) {
      if (strstr(LAYERS[i].name, wanted)) bench_layer(SETS[s], &LAYERS[i]);
    }
    for (size_t i = 0; i < sizeof DEPTHWISE_LAYERS / sizeof *DEPTHWISE_LAYERS; i++) {
      if (strstr(DEPTHWISE_LAYERS[i].name, wanted)) bench_depthwise(SETS[s], &DEPTHWISE_LAYERS[i]);
    }
    for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++) {
      if (strstr(PLAIN[i].name, wanted)) bench_plain(SETS[s], &PLAIN[i]);
    }
  }
  return 0;
}
