/* A plan: in which order a graph's operators run, where the shards of a batch meet, and where every
 * activation, gradient and mask lies in memory.
 *
 * Steps form groups, and groups form phases. A group is run either picture by picture, through all
 * its steps while the activations are in the cache, or step by step over all pictures of the shard
 * (dense layers, whose weights are larger than their activations, and whatever is so small that the
 * activations of all pictures fit the second cache). After a phase all shards meet,
 * because the batch statistics of a node are complete. */
#ifndef NN_PLAN_H
#define NN_PLAN_H

#include "base/memory.h"
#include "nn/graph.h"

#define NN_MAX_SHARD ((size_t)1 << 28) /* floats of activations and gradients at a time: 1 GiB */

typedef enum nn_step_kind {
  NN_STEP_FORWARD,
  NN_STEP_GATHER_FORWARD, /* batch statistics for forward */
  NN_STEP_LOSS,
  NN_STEP_BACKWARD,
  NN_STEP_GATHER_BACKWARD,
} nn_step_kind;

typedef struct nn_step {
  nn_step_kind kind;
  int node;
  bool add[2]; /* backward: this input already has a gradient from another reader, add to it */
} nn_step;

typedef struct nn_group {
  int first, end; /* steps */
  bool whole;     /* step by step over the whole shard */
  bool meet;      /* the last of its phase: its last step gathered statistics */
} nn_group;

/* Places outside the plan's memory; buffers are numbered from 0. */
enum {
  NN_PLACE_NONE = -1,
  NN_PLACE_INPUT = -2,
  NN_PLACE_OUTPUT = -3,
  NN_PLACE_INPUT_GRADIENT = -4,
};

/* Memory of a shard: for every picture of it, or for one (`whole` false) when no other group needs
 * it. */
typedef struct nn_buffer {
  size_t floats; /* for a picture */
  bool whole;
  int first, last; /* steps between which it is in use; last < 0: never */
  int group;       /* the only group that uses it, while planning */
  size_t offset;   /* floats from the start of the shard's memory */
} nn_buffer;

typedef struct nn_placement {
  int activation, gradient, saved; /* buffers or NN_PLACE_* */
  int spare;                       /* gradient on its way to be added */
  bool used;                       /* the output depends on it */
  bool trainable;                  /* it, or something before it, has parameters */
  bool fuses_relu, fuses_pool;
  int result; /* the node whose activation forward makes: itself, or the pool that it fuses */
} nn_placement;

typedef struct nn_plan {
  nn_step *steps;
  int step_count;
  nn_group *groups;
  int group_count;
  nn_buffer *buffers;
  int buffer_count;
  nn_placement *nodes;
  int output;          /* the node whose activation is the result: in training the logits */
  size_t shard_floats; /* memory of a shard */
  base_arena arena;
} nn_plan;

/* For shards of at most `pictures` pictures. */
scrawl_status nn_plan_make(const nn_graph *graph, bool training, int pictures, nn_plan *plan,
                           base_error *error);
void nn_plan_free(nn_plan *plan);

#endif
