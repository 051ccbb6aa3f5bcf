/* One pass of a convolution layer over a batch, the peer of peers/dnnl.c.
 *
 *   bench_convolution PASS SIDE IN OUT KERNEL PAD BATCH THREADS      (layer.h; slices, slices.h)
 *
 * As in training: weights are packed beforehand, a thread takes a few pictures at a time, and the
 * weight gradient is gathered in a row for each of these shards, which are then added up. */
#include <stdio.h>

#include "base/memory.h"
#include "base/pool.h"
#include "base/random.h"
#include "layer.h"
#include "nn/kernels.h"
#include "slices.h"

enum { SHARD_PICTURES = 4 }; /* as in nn/trainer.c */

typedef struct bench {
  layer layer;
  const nn_kernels *kernels;
  const nn_conv *conv;
  nn_window window;
  base_pool *pool;
  size_t shards, scratch_floats, in_floats, out_floats, weight_floats;
  float *x, *y, *packed, *bias, *rows, *sum, *scratch;
} bench;

static void run_shard(void *data, size_t shard, size_t worker) {
  bench *b = data;
  const nn_conv_end end = {.bias = b->bias, .relu = true};
  const size_t first = shard * SHARD_PICTURES, left = (size_t)b->layer.batch - first;
  const int count = left < SHARD_PICTURES ? (int)left : SHARD_PICTURES;
  float *x = b->x + first * b->in_floats, *y = b->y + first * b->out_floats;
  float *row = b->rows + shard * b->weight_floats;
  float *scratch = b->scratch + worker * b->scratch_floats;
  switch (b->layer.pass) {
  case LAYER_FORWARD:
    b->conv->forward(&b->window, count, x, b->packed, &end, y, scratch);
    break;
  case LAYER_DATA: /* x gets its gradient: nothing here needs its old values */
    b->conv->backward(&b->window, count, x, y, b->packed, x, NULL, NULL, scratch);
    break;
  case LAYER_WEIGHTS:
    memset(row, 0, b->weight_floats * sizeof *row);
    b->conv->backward(&b->window, count, x, y, b->packed, NULL, row,
                      row + b->weight_floats - b->layer.out_c, scratch);
    break;
  }
}

static void once(void *data) {
  bench *b = data;
  base_pool_run(b->pool, b->shards, run_shard, b);
  if (b->layer.pass == LAYER_WEIGHTS)
    b->kernels->sum_rows(b->weight_floats, b->shards, b->weight_floats, b->rows, b->sum);
}

static float *numbers(size_t count, base_random *random) {
  float *block = base_alloc(count, sizeof *block);
  if (!block) {
    fputs("out of memory\n", stderr);
    exit(2);
  }
  for (size_t i = 0; i < count; i++) block[i] = (float)base_random_range(random, -1, 1);
  return block;
}

static void prepare(bench *b, size_t threads) {
  const layer *l = &b->layer;
  const nn_kernels *kernels = b->kernels = nn_kernels_best();
  b->window = (nn_window){.in_h = l->side,
                          .in_w = l->side,
                          .in_c = l->in_c,
                          .out_h = l->out_side,
                          .out_w = l->out_side,
                          .out_c = l->out_c,
                          .kernel_h = l->kernel,
                          .kernel_w = l->kernel,
                          .stride_h = 1,
                          .stride_w = 1,
                          .pad_top = l->pad,
                          .pad_left = l->pad};
  const nn_conv *conv = b->conv = kernels->conv_of(&b->window);
  base_random random = base_random_seed(1);
  const size_t batch = (size_t)l->batch, in_c = (size_t)l->in_c, out_c = (size_t)l->out_c;
  const size_t weights = (size_t)l->kernel * (size_t)l->kernel * in_c * out_c;
  b->pool = base_pool_create(threads);
  b->shards = (batch + SHARD_PICTURES - 1) / SHARD_PICTURES;
  b->in_floats = (size_t)l->side * (size_t)l->side * in_c;
  b->out_floats = (size_t)l->out_side * (size_t)l->out_side * out_c;
  b->weight_floats = weights + out_c; /* and biases */
  const size_t forward = conv->forward_scratch(&b->window, SHARD_PICTURES);
  const size_t backward = conv->backward_scratch(&b->window, SHARD_PICTURES);
  b->scratch_floats = ((forward > backward ? forward : backward) + 15) / 16 * 16; /* aligned */
  b->x = numbers(batch * b->in_floats, &random);
  b->y = numbers(batch * b->out_floats, &random);
  b->bias = numbers(out_c, &random);
  b->rows = numbers(b->shards * b->weight_floats, &random);
  b->sum = numbers(b->weight_floats, &random);
  b->scratch = numbers(base_pool_threads(b->pool) * b->scratch_floats, &random);
  if (l->pass == LAYER_FORWARD) {
    b->packed = numbers(conv->packed_floats(&b->window), &random);
    conv->pack(&b->window, b->rows, b->packed);
  } else {
    b->packed = numbers(conv->packed_backward_floats(&b->window), &random);
    conv->pack_backward(&b->window, b->rows, b->packed);
  }
}

static void release(bench *b) {
  float *blocks[] = {b->x, b->y, b->packed, b->bias, b->rows, b->sum, b->scratch};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) base_free(blocks[i]);
  base_pool_free(b->pool);
}

int main(int count, char **arguments) {
  bench b = {0};
  if (count != LAYER_ARGUMENTS + 2 || !layer_parse(arguments + 1, &b.layer)) {
    fputs("usage: bench_convolution PASS SIDE IN OUT KERNEL PAD BATCH THREADS\n", stderr);
    return 2;
  }
  prepare(&b, (size_t)atoi(arguments[LAYER_ARGUMENTS + 1]));
  slices_answer(once, &b, layer_flops(&b.layer));
  release(&b);
  return 0;
}
