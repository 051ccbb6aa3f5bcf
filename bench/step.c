/* How long a training step and an inference take, on random pictures of 28 x 28 x 1.
 *
 *   bench_step NETWORK [BATCH [THREADS]]           both, for a reader
 *   bench_step train NETWORK BATCH THREADS         slices (slices.h): pictures trained in a second
 *   bench_step infer NETWORK BATCH THREADS         slices: pictures read in a second
 *   bench_step int8 NETWORK BATCH THREADS          slices: the same by the quantised network
 *   bench_step onnx NETWORK FILE                   the same network as a file for the peers
 *
 * A step is forward, backward and Adam, all in memory. Its learning rate is so small that the
 * weights hardly move: a network that had learned its few pictures by heart would have gradients
 * of zero, and numbers of a size that is slow to compute with, which no real training has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/onnx.h"
#include "nn/quantise.h"
#include "nn/session.h"
#include "nn/spec.h"
#include "nn/trainer.h"
#include "slices.h"

enum { SIDE = 28 };
static const double LEARNING_RATE = 1e-7;
static const double READER_SECONDS = 3;

typedef enum bench_mode { FOR_A_READER, TRAIN, INFER, INT8, ONNX } bench_mode;

typedef struct bench {
  int batch;
  base_pool *pool;
  nn_graph *graph;
  nn_trainer *trainer;
  nn_session *session;
  float *input, *output;
  uint16_t *labels;
} bench;

/* Random pictures, labels in turn. */
static scrawl_status prepare_data(bench *b, base_error *error) {
  const size_t batch = (size_t)b->batch, floats = batch * SIDE * SIDE;
  const size_t classes = nn_shape_floats(nn_graph_output(b->graph));
  b->input = base_alloc(floats, sizeof *b->input);
  b->output = base_alloc(batch * classes, sizeof *b->output);
  b->labels = base_alloc(batch, sizeof *b->labels);
  if (!b->input || !b->output || !b->labels)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  base_random random = base_random_seed(2);
  for (size_t i = 0; i < floats; i++) b->input[i] = (float)base_random_unit(&random);
  for (size_t p = 0; p < batch; p++) b->labels[p] = (uint16_t)(p % classes);
  return SCRAWL_OK;
}

static scrawl_status quantise(bench *b, base_error *error) {
  nn_graph *quantised;
  BASE_TRY(nn_quantise(b->graph, b->input, b->batch, &quantised, error));
  nn_graph_free(b->graph);
  b->graph = quantised;
  return SCRAWL_OK;
}

static scrawl_status prepare(bench *b, const char *network, bench_mode mode, base_error *error) {
  BASE_TRY(nn_spec_parse(network, (nn_shape){SIDE, SIDE, 1}, &b->graph, error));
  nn_graph_initialise(b->graph, base_random_seed(1));
  BASE_TRY(prepare_data(b, error));
  if (mode == INT8) BASE_TRY(quantise(b, error));
  if (mode == TRAIN || mode == FOR_A_READER) {
    nn_trainer_options options = nn_trainer_defaults(NN_ADAM);
    options.batch = b->batch;
    BASE_TRY(nn_trainer_create(b->graph, &options, b->pool, NULL, &b->trainer, error));
  }
  return nn_session_create(b->graph, b->batch, b->pool, NULL, &b->session, error);
}

static void release(bench *b) {
  nn_session_free(b->session);
  nn_trainer_free(b->trainer);
  nn_graph_free(b->graph);
  base_pool_free(b->pool);
  base_free(b->input);
  base_free(b->output);
  base_free(b->labels);
}

static void train_once(void *data) {
  bench *b = data;
  double loss;
  int correct;
  nn_trainer_step(b->trainer, b->input, b->labels, NULL, b->batch, LEARNING_RATE, &loss, &correct);
}

static void infer_once(void *data) {
  bench *b = data;
  nn_session_run(b->session, b->input, b->batch, b->output);
}

static void report(bench *b, const char *what, void (*once)(void *)) {
  const slice s = slice_measure(once, b, b->batch, READER_SECONDS);
  printf("%-10s median %8.3f ms, fastest %8.3f ms, p99 %8.3f ms, %9.0f pictures/s\n", what,
         1e3 * s.p50, 1e3 * s.fastest, 1e3 * s.p99, s.rate);
}

static void for_a_reader(bench *b) {
  printf("%s kernels, %zu threads, batch %d, %zu parameters, %.1f MFLOP forward\n",
         nn_kernels_best()->name, base_pool_threads(b->pool), b->batch, b->graph->parameter_count,
         1e-6 * nn_graph_flops(b->graph));
  report(b, "training", train_once);
  nn_session_refresh(b->session);
  report(b, "inference", infer_once);
}

static scrawl_status write_onnx(bench *b, const char *path, base_error *error) {
  void *bytes;
  size_t size;
  const nn_metadata none = {0};
  BASE_TRY(nn_onnx_write(b->graph, &none, &bytes, &size, error));
  FILE *file = fopen(path, "wb");
  bool written = file && fwrite(bytes, size, 1, file) == 1;
  if (file && fclose(file) != 0) written = false;
  base_free(bytes);
  return written ? SCRAWL_OK : base_fail(error, SCRAWL_WRITE_FAILED, "cannot write %s", path);
}

static scrawl_status run(bench *b, bench_mode mode, const char *network, const char *path,
                         base_error *error) {
  BASE_TRY(prepare(b, network, mode, error));
  if (mode == ONNX) return write_onnx(b, path, error);
  if (mode == FOR_A_READER)
    for_a_reader(b);
  else
    slices_answer(mode == TRAIN ? train_once : infer_once, b, b->batch);
  return SCRAWL_OK;
}

/* The mode that the first argument names, if there are as many as it takes. */
static bench_mode mode_of(int count, char **arguments) {
  static const char *const SLICES[] = {[TRAIN] = "train", [INFER] = "infer", [INT8] = "int8"};
  for (int m = TRAIN; count == 5 && m <= INT8; m++)
    if (strcmp(arguments[1], SLICES[m]) == 0) return (bench_mode)m;
  return count == 4 && strcmp(arguments[1], "onnx") == 0 ? ONNX : FOR_A_READER;
}

int main(int count, char **arguments) {
  const bench_mode mode = mode_of(count, arguments);
  if (count < 2 || (mode == FOR_A_READER && count > 4)) {
    fputs("usage: bench_step NETWORK [BATCH [THREADS]]\n"
          "       bench_step train|infer|int8 NETWORK BATCH THREADS\n"
          "       bench_step onnx NETWORK FILE\n",
          stderr);
    return 2;
  }
  char **words = arguments + (mode == FOR_A_READER ? 1 : 2); /* from the network on */
  const int left = count - (int)(words - arguments);
  bench b = {.batch = 32};
  if (mode != ONNX) {
    if (left > 1) b.batch = atoi(words[1]);
    b.pool = base_pool_create(left > 2 ? (size_t)atoi(words[2]) : 0);
  }
  base_error error;
  const scrawl_status status = run(&b, mode, words[0], words[1], &error);
  if (status != SCRAWL_OK) fprintf(stderr, "%s\n", error.message);
  release(&b);
  return status == SCRAWL_OK ? 0 : 2;
}
