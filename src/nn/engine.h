/* What sessions and trainers share: a plan with its memory, and running a part of it over a shard
 * of pictures.
 *
 * One block holds everything: packed weights, tables and statistics of batch norms, scratch for
 * each worker, memory for each shard, gradients of each shard. Nothing is allocated after
 * nn_engine_create. */
#ifndef NN_ENGINE_H
#define NN_ENGINE_H

#include "base/pool.h"
#include "nn/loss.h"
#include "nn/operator.h"
#include "nn/plan.h"

/* What a run works on; pointers are to the first picture of the batch. */
typedef struct nn_job {
  int batch;
  const float *input;
  float *output;         /* inference */
  float *input_gradient; /* NULL: not wanted */
  nn_targets targets;    /* of training */
  double *losses;        /* of each picture */
  bool *right;           /* whether its label had the largest output */
  base_random random;    /* of the step */
} nn_job;

/* The pictures first .. first + count - 1 of the batch. */
typedef struct nn_shard {
  int index, first, count;
  size_t worker;
} nn_shard;

typedef struct nn_engine {
  const nn_graph *graph;
  const nn_kernels *kernels;
  nn_plan plan;
  bool training;
  int shards, pictures; /* memory is there for so many shards of so many pictures */
  size_t workers;
  void *memory;
  /* Into memory; offsets for each node. */
  float *packed, *packed_backward, *tables, *scratch, *activations, *gradients;
  double *statistics; /* a row for each shard, then the totals */
  struct nn_engine_node {
    size_t packed, packed_backward, table, statistics;
    bool packs_backward; /* its backward does not use what was packed for forward */
  } * nodes;
  size_t scratch_floats, gradient_stride, statistics_count;
} nn_engine;

/* Shard `index` of `shards` of a batch; their sizes differ by one at most. */
nn_shard nn_shard_of(int batch, int shards, int index);

/* `extra_scratch`: floats that each worker's scratch has at least. */
scrawl_status nn_engine_create(const nn_graph *graph, const nn_kernels *kernels, bool training,
                               int shards, int pictures, size_t workers, size_t extra_scratch,
                               nn_engine *engine, base_error *error);
void nn_engine_free(nn_engine *engine);

/* Packs the weights; in inference also settles the tables. After every change of parameters or
 * state. */
void nn_engine_prepare(nn_engine *engine, base_pool *pool, bool input_gradient);
/* Clears statistics and gradients of a shard, but those that are made late. */
void nn_engine_clear(nn_engine *engine, int shard);
/* Runs groups from `group` on up to the end of the phase; returns the group after it. */
int nn_engine_run_phase(nn_engine *engine, const nn_job *job, nn_shard shard, int group);
/* Inference of one picture, step by step: into how many parts a step can be cut, and running some
 * of them. */
int nn_engine_parts(const nn_engine *engine, int step);
void nn_engine_run_parts(const nn_engine *engine, const nn_job *job, size_t worker, int step,
                         int first, int end);
/* After the last phase: gradient = that of `count` parameters from `first` on of a node's
 * late_parameters. */
void nn_engine_late_gradient(const nn_engine *engine, const nn_job *job, int shards, int node,
                             size_t first, size_t count, float *gradient);
/* After a phase that ended before group `group`: adds up the statistics gathered by the first
 * `shards` shards. */
void nn_engine_settle(nn_engine *engine, const nn_job *job, int shards, int group);
/* Moves the running statistics on after a step. */
void nn_engine_update_state(nn_engine *engine, const nn_job *job, float *state);

/* The random stream of a step. */
base_random nn_step_random(uint64_t seed, uint64_t step);

#endif
