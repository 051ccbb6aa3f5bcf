/* What a quantised network does, step by step, and where its activations lie. Private to
 * int8_*.c.
 *
 * Each used node has a value: bytes where the graph says so (quantise.h), floats otherwise. A step
 * makes one value. Between bytes: sums (convolution, dense), max pooling, addition, the mean of all
 * pixels; any other function of single numbers is a table of 256. Everything else is done in floats
 * by a node of its own (solo.h), bytes being turned into floats before and back after it: so every
 * operator runs, whatever mixture of floats and bytes a file asks for. */
#ifndef NN_INT8_PLAN_H
#define NN_INT8_PLAN_H

#include "base/memory.h"
#include "nn/graph.h"
#include "nn/int8_kernels.h"

#define NN_INT8_MAX_MEMORY ((size_t)1 << 30) /* bytes of activations of one thread */

typedef enum nn_int8_step_kind {
  NN_INT8_INPUT, /* the caller's floats to bytes */
  NN_INT8_SUM,
  NN_INT8_POOL,
  NN_INT8_ADD,
  NN_INT8_MEAN,
  NN_INT8_MAP,
  NN_INT8_SOLO,
  NN_INT8_OUTPUT, /* bytes to the caller's floats */
} nn_int8_step_kind;

/* Of a node: floats of the caller, or in the thread's memory. */
typedef struct nn_int8_value {
  enum { NN_INT8_MEMORY, NN_INT8_FROM_CALLER, NN_INT8_TO_CALLER } place;
  bool bytes;
  size_t numbers;  /* of a picture */
  bool whole;      /* all pictures of a chunk are there at once, not one after the other */
  int first, last; /* steps between which it is in use */
  size_t offset;
} nn_int8_value;

typedef struct nn_int8_step {
  nn_int8_step_kind kind;
  int node;     /* whose operator it is */
  int x[2], y;  /* values */
  bool whole;   /* over all pictures of a chunk; else picture by picture with its neighbours */
  bool relu;    /* floats: negative ones become 0 */
  bool padded;  /* the picture is copied with a border of `zero` first */
  size_t width; /* of what the sum reads, in bytes to a row */
  nn_int8_sum sum;
  nn_int8_add add;
  float multiplier;
  const uint8_t *table;
  int solo;
} nn_int8_step;

typedef struct nn_int8_plan {
  const nn_graph *graph;
  const nn_int8_kernels *kernels;
  int pictures; /* of a chunk */
  nn_int8_step *steps;
  int step_count;
  nn_int8_value *values; /* of each node */
  int *value_of;         /* of each node: the node whose value it is */
  int solo_count;
  /* Bytes of a thread: values, then a padded picture, then floats of both inputs and the output of
   * a node run by itself, then sums of a mean. */
  size_t pad_at, floats_at, sums_at, bytes;
  size_t floats_stride; /* numbers */
  base_arena arena;
} nn_int8_plan;

scrawl_status nn_int8_plan_make(const nn_graph *graph, const nn_int8_kernels *kernels, int pictures,
                                nn_int8_plan *plan, base_error *error);
void nn_int8_plan_free(nn_int8_plan *plan);

#endif
