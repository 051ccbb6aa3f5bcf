/* How fast quantised networks run.
 *
 *   bench_int8                  convolutions of bytes on each instruction set: billions of operations
 *                               a second, and per cent of what its dot products can do
 *                               (int8_ceiling.c)
 *   bench_int8 THREADS          whole networks, quantised and in floats, turn about: pictures a
 *                               second at batch 1 and 256, medians, and their ratio
 *
 * As in kernels.c each slice of a kernel is followed by a slice of the ceiling's loop, in processor
 * time of this thread; the figures are medians. An operation is a multiplication or an addition. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "base/progress.h"
#include "nn/int8_kernels.h"
#include "nn/quantise.h"
#include "nn/session.h"
#include "nn/spec.h"

enum { ROUNDS = 21 };
static const double SLICE_SECONDS = 1e-3;

typedef double ceiling_loop(size_t steps, int *result);
ceiling_loop int8_ceiling_v2, int8_ceiling_v3, int8_ceiling_v4, int8_ceiling_vnni,
    int8_ceiling_neon;

static const struct {
  const char *name;
  ceiling_loop *loop;
} CEILINGS[] = {
#ifdef NN_HAVE_V2
    {"v2", int8_ceiling_v2},
#endif
#ifdef NN_HAVE_V3
    {"v3", int8_ceiling_v3},
#endif
#ifdef NN_HAVE_V4
    {"v4", int8_ceiling_v4},
    {"vnni", int8_ceiling_vnni},
#endif
#ifdef NN_HAVE_NEON
    {"neon", int8_ceiling_neon},
#endif
    {NULL, NULL},
};

static const struct {
  const char *name;
  size_t side, in, out, kernel;
} CASES[] = {
    {"3x3 1 -> 64, 28x28", 28, 1, 64, 3},   {"3x3 1 -> 32, 28x28", 28, 1, 32, 3},
    {"3x3 64 -> 32, 26x26", 26, 64, 32, 3}, {"3x3 32 -> 32, 28x28", 28, 32, 32, 3},
    {"3x3 64 -> 64, 14x14", 14, 64, 64, 3}, {"3x3 64 -> 128, 9x9", 9, 64, 128, 3},
    {"3x3 96 -> 192, 6x6", 6, 96, 192, 3},  {"5x5 16 -> 32, 14x14", 14, 16, 32, 5},
    {"1x1 64 -> 64, 14x14", 14, 64, 64, 1},
};

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int by_size(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static double median(double *values) {
  qsort(values, ROUNDS, sizeof *values, by_size);
  return values[ROUNDS / 2];
}

static void *filled(size_t bytes) {
  base_random random = base_random_seed(1);
  uint8_t *block = base_alloc(bytes + NN_INT8_SLACK, 1);
  if (!block) abort();
  for (size_t i = 0; i < bytes + NN_INT8_SLACK; i++) block[i] = (uint8_t)base_random_next(&random);
  return block;
}

static double slice_of_sum(const nn_int8_kernels *kernels, const nn_int8_sum *sum, uint8_t *y) {
  const double work = 2.0 * (double)(sum->pixels * sum->rows * sum->run * sum->channels);
  double done = 0, start = seconds(), now = start;
  for (; now - start < SLICE_SECONDS; now = seconds(), done += work) kernels->sum_bytes(sum, y);
  return done / (now - start);
}

static double slice_of_ceiling(ceiling_loop *loop, int *result) {
  double done = 0, start = seconds(), now = start;
  for (; now - start < SLICE_SECONDS; now = seconds()) done += loop(2000, result);
  return done / (now - start);
}

static void bench(const nn_int8_kernels *kernels, ceiling_loop *loop, size_t number) {
  const size_t side = CASES[number].side, in = CASES[number].in, kernel = CASES[number].kernel;
  const size_t channels = CASES[number].out, out = side - kernel + 1, run = kernel * in;
  uint8_t *x = filled(side * side * in), *y = filled(out * out * channels);
  int8_t *weights = filled(kernel * run * channels);
  for (size_t i = 0; i < kernel * run * channels; i++)
    if (weights[i] < -NN_INT8_WEIGHT) weights[i] = 0;
  int32_t *bias = base_alloc_zero(channels, sizeof *bias);
  float *multipliers = base_alloc(channels, sizeof *multipliers);
  uint32_t *offsets = base_alloc(out * out, sizeof *offsets);
  void *packed = base_alloc(kernels->packed_bytes(kernel, run, channels), 1);
  if (!bias || !multipliers || !offsets || !packed) abort();
  for (size_t c = 0; c < channels; c++) multipliers[c] = 0.001F;
  for (size_t i = 0; i < out * out; i++) offsets[i] = (uint32_t)((i / out * side + i % out) * in);
  kernels->pack(&(nn_int8_weights){kernel, run, channels, weights, bias, multipliers, 3}, packed);
  const nn_int8_sum sum = {.x = x,
                           .offsets = offsets,
                           .pixels = out * out,
                           .rows = kernel,
                           .run = run,
                           .stride = side * in,
                           .channels = channels,
                           .packed = packed};
  double speed[ROUNDS], share[ROUNDS];
  int result = 1;
  for (int i = 0; i < ROUNDS; i++) {
    speed[i] = slice_of_sum(kernels, &sum, y);
    share[i] = loop ? speed[i] / slice_of_ceiling(loop, &result) : 0;
  }
  printf("%-8s %-22s %8.1f", kernels->name, CASES[number].name, median(speed) / 1e9);
  if (loop) printf(" %5.0f %%", 100 * median(share));
  putchar('\n');
  base_free(x);
  base_free(y);
  base_free(weights);
  base_free(bias);
  base_free(multipliers);
  base_free(offsets);
  base_free(packed);
}

static void bench_sums(void) {
  const nn_int8_kernels *kernels;
  printf("%-8s %-22s %8s %7s\n", "set", "convolution", "GOP/s", "ceiling");
  for (int number = 0; (kernels = nn_int8_number(number)); number++) {
    ceiling_loop *loop = NULL;
    for (size_t i = 0; CEILINGS[i].name; i++)
      if (strcmp(CEILINGS[i].name, kernels->name) == 0) loop = CEILINGS[i].loop;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) bench(kernels, loop, i);
  }
}

/* ---- whole networks ---- */

static const struct {
  const char *name, *text;
} NETWORKS[] = {
    {"seed-keras", "seed-keras"},
    {"five",
     "conv 32 3x3 same, batchnorm, relu, conv 32 3x3 same, batchnorm, relu, pool 2, conv 64 3x3 "
     "same, batchnorm, relu, conv 64 3x3 same, batchnorm, relu, pool 2, conv 128 3x3 same, "
     "batchnorm, relu, flatten, dense 10, softmax"},
    {"digits", "digits"},
};

static void need(scrawl_status status, const base_error *error) {
  if (status == SCRAWL_OK) return;
  fprintf(stderr, "bench_int8: %s\n", error->message);
  exit(1);
}

/* Pictures a second for a while. */
static double rate(nn_session *session, const float *input, int batch, float *output) {
  static const double some_seconds = 0.1;
  double done = 0, start = base_clock(), now = start;
  for (; now - start < some_seconds; now = base_clock(), done += batch)
    nn_session_run(session, input, batch, output);
  return done / (now - start);
}

static void bench_network(size_t number, base_pool *pool) {
  enum { BATCH = 256, PIXELS = 28 * 28 };
  nn_graph *graphs[2];
  nn_session *sessions[2];
  base_error error = {0};
  base_random random = base_random_seed(1);
  float *input = base_alloc(BATCH * PIXELS, sizeof *input);
  need(nn_spec_parse(NETWORKS[number].text, (nn_shape){28, 28, 1}, &graphs[0], &error), &error);
  float *output = base_alloc(BATCH * nn_shape_floats(nn_graph_output(graphs[0])), sizeof *output);
  if (!input || !output) abort();
  for (size_t i = 0; i < BATCH * PIXELS; i++) input[i] = (float)base_random_unit(&random);
  nn_graph_initialise(graphs[0], random);
  need(nn_quantise(graphs[0], input, BATCH, &graphs[1], &error), &error);
  for (int i = 0; i < 2; i++)
    need(nn_session_create(graphs[i], BATCH, pool, NULL, &sessions[i], &error), &error);
  for (int batch = 1; batch <= BATCH; batch += BATCH - 1) {
    double rates[2][ROUNDS], ratio[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < 2; i++) rates[i][round] = rate(sessions[i], input, batch, output);
      ratio[round] = rates[1][round] / rates[0][round];
    }
    printf("%-12s %5d %12.0f %12.0f %8.2f\n", NETWORKS[number].name, batch, median(rates[0]),
           median(rates[1]), median(ratio));
  }
  for (int i = 0; i < 2; i++) {
    nn_session_free(sessions[i]);
    nn_graph_free(graphs[i]);
  }
  base_free(input);
  base_free(output);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    bench_sums();
    return 0;
  }
  base_pool *pool = base_pool_create((size_t)strtol(argv[1], NULL, 10));
  if (!pool) abort();
  printf("%-12s %5s %12s %12s %8s\n", "network", "batch", "floats", "bytes", "ratio");
  for (size_t i = 0; i < sizeof NETWORKS / sizeof *NETWORKS; i++) bench_network(i, pool);
  base_pool_free(pool);
  return 0;
}
