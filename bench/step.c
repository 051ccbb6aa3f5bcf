/* How long a training step and an inference take, on random pictures of 28 x 28 x 1, with Adam.
 *
 *   bench_step ARCH [BATCH [THREADS]]                 medians of some seconds each
 *   bench_step --rate ARCH BATCH THREADS SECONDS      one number for scripts:
 *                                                     pictures trained in a second */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/progress.h"
#include "nn/session.h"
#include "nn/spec.h"
#include "nn/trainer.h"

enum { SIDE = 28, MOST_STEPS = 100000, WARM_UP = 5 };

typedef struct bench {
  int batch;
  double seconds; /* to spend on each */
  base_pool *pool;
  nn_graph *graph;
  nn_trainer *trainer;
  nn_session *session;
  float *input, *output;
  uint16_t *labels;
  double *times;
} bench;

static scrawl_status prepare(bench *b, const char *architecture, base_error *error) {
  nn_trainer_options options = nn_trainer_defaults(NN_ADAM);
  options.batch = b->batch;
  BASE_TRY(nn_spec_parse(architecture, (nn_shape){SIDE, SIDE, 1}, &b->graph, error));
  nn_graph_initialise(b->graph, base_random_seed(1));
  BASE_TRY(nn_trainer_create(b->graph, &options, b->pool, NULL, &b->trainer, error));
  BASE_TRY(nn_session_create(b->graph, b->batch, b->pool, NULL, &b->session, error));
  size_t batch = (size_t)b->batch, floats = batch * SIDE * SIDE;
  size_t classes = nn_shape_floats(nn_graph_output(b->graph));
  b->input = base_alloc(floats, sizeof *b->input);
  b->output = base_alloc(batch * classes, sizeof *b->output);
  b->labels = base_alloc(batch, sizeof *b->labels);
  b->times = base_alloc(MOST_STEPS, sizeof *b->times);
  if (!b->input || !b->output || !b->labels || !b->times)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  base_random random = base_random_seed(2);
  for (size_t i = 0; i < floats; i++) b->input[i] = (float)base_random_unit(&random);
  for (size_t p = 0; p < batch; p++) b->labels[p] = (uint16_t)(p % classes);
  return SCRAWL_OK;
}

static void train_once(bench *b) {
  double loss;
  int correct;
  nn_trainer_step(b->trainer, b->input, b->labels, b->batch, 1e-4, &loss, &correct);
}

static void infer_once(bench *b) {
  nn_session_run(b->session, b->input, b->batch, b->output);
}

/* Fills `times` for b->seconds; returns how many there are. */
static int measure(bench *b, void (*once)(bench *)) {
  for (int i = 0; i < WARM_UP; i++) once(b);
  double begin = base_clock(), last = begin;
  int count = 0;
  while (count < MOST_STEPS && last - begin < b->seconds) {
    once(b);
    double now = base_clock();
    b->times[count++] = now - last;
    last = now;
  }
  return count;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void report(bench *b, const char *what, int count) {
  qsort(b->times, (size_t)count, sizeof *b->times, compare);
  double median = b->times[count / 2];
  printf("%-10s median %8.3f ms, fastest %8.3f ms, %9.0f pictures/s\n", what, 1e3 * median,
         1e3 * b->times[0], b->batch / median);
}

int main(int count, char **arguments) {
  bool rate = count > 1 && strcmp(arguments[1], "--rate") == 0;
  if (rate) {
    count--;
    arguments++;
  }
  if (count < 2 || (rate && count != 5)) {
    fputs("usage: bench_step ARCH [BATCH [THREADS]]\n"
          "       bench_step --rate ARCH BATCH THREADS SECONDS\n",
          stderr);
    return 2;
  }
  bench b = {.batch = count > 2 ? atoi(arguments[2]) : 32,
             .seconds = rate ? atof(arguments[4]) : 3};
  b.pool = base_pool_create(count > 3 ? (size_t)atoi(arguments[3]) : 0);
  base_error error;
  int exit_code = 0;
  if (prepare(&b, arguments[1], &error) != SCRAWL_OK) {
    fprintf(stderr, "%s\n", error.message);
    exit_code = 2;
  } else if (rate) {
    int steps = measure(&b, train_once);
    double sum = 0;
    for (int i = 0; i < steps; i++) sum += b.times[i];
    printf("%.1f\n", b.batch * steps / sum);
  } else {
    printf("%s kernels, %zu threads, batch %d, %zu parameters, %.1f MFLOP forward\n",
           nn_kernels_best()->name, base_pool_threads(b.pool), b.batch, b.graph->parameter_count,
           1e-6 * nn_graph_flops(b.graph));
    report(&b, "training", measure(&b, train_once));
    nn_session_refresh(b.session);
    report(&b, "inference", measure(&b, infer_once));
  }
  nn_session_free(b.session);
  nn_trainer_free(b.trainer);
  nn_graph_free(b.graph);
  base_pool_free(b.pool);
  base_free(b.input);
  base_free(b.output);
  base_free(b.labels);
  base_free(b.times);
  return exit_code;
}
