/* An operator: one file under ops/ with its whole life, one row in the table of operator.c.
 *
 * Adding one: an nn_kind, a file ops/NAME.c, a row in operator.c, a name in spec.c, a case in
 * onnx_write.c and onnx_read.c. */
#ifndef NN_OPERATOR_H
#define NN_OPERATOR_H

#include "base/random.h"
#include "nn/graph.h"

/* What an operator sees of a run: `count` pictures lying one after the other, beginning with
 * picture `first` of a batch of `batch`. It may be called once for a whole shard or once for each
 * picture of it; the result is the same. */
typedef struct nn_run {
  const nn_kernels *kernels;
  const nn_node *node;
  int first, count, batch;
  bool training;
  const float *x[2];
  float *y;
  const float *parameters;               /* of this node */
  const float *packed, *packed_backward; /* what pack and pack_backward made of them; the same
                                          * where packed_backward_floats is 0 */
  bool fuse_relu;     /* the only reader is a ReLU, which this node does itself */
  bool fuse_pool;     /* then comes a pool of 2x2, which it does too: y is the pool's */
  void *saved;        /* what forward leaves for backward: saved_floats for each picture */
  double *statistics; /* of this shard in gather, of the batch in settle */
  float *table;       /* what settle left, read by forward and backward */
  float *scratch;     /* this worker's */
  base_random random; /* of this node and step; split it by picture index */
  /* Backward only. */
  const float *dy; /* gradient of y (with a fused ReLU already undone) */
  float *dx[2];    /* gradients of the inputs, overwritten; NULL where nobody wants them */
  float *gradient; /* of this node's parameters, of this shard, added to; in settle of the batch */
} nn_run;

/* The same for the double twins: plain loops, always over a whole batch. */
typedef struct nn_run_double {
  const nn_node *node;
  int count;
  const nn_shape *shapes; /* of the inputs */
  const double *x[2];
  double *y;
  const double *parameters;
  base_random random;
} nn_run_double;

/* Parameters that the optimiser takes at a time: gradient, weights and moments of a piece fit a
 * first-level cache. */
enum { NN_PIECE_FLOATS = 1 << 12 };

/* Rows of a batch, wherever their shards keep them. */
typedef struct nn_rows {
  size_t count;
  const float *x[NN_DENSE_ROWS], *dy[NN_DENSE_ROWS];
} nn_rows;

typedef struct nn_operator {
  const char *name; /* in the text form */
  int inputs;
  /* Fills shape, window, parameter_count and state_count from the inputs' shapes, or fails with a
   * sentence that says which number does not fit; the caller puts the operator's name before it. */
  scrawl_status (*shape)(nn_node *node, const nn_shape *inputs, base_error *error);
  double (*flops)(const nn_node *node, const nn_shape *inputs); /* NULL: not worth counting */

  void (*forward)(const nn_run *run);  /* NULL: y is x seen as another shape */
  void (*backward)(const nn_run *run); /* NULL: likewise, dx is dy */
  void (*forward_double)(const nn_run_double *run);

  /* For several threads to share one picture: forward can be cut into `parts` (of about the same
   * size, which the caller joins as it likes), and makes those from `first` to `end` - 1. */
  int (*parts)(const nn_node *node, const nn_kernels *kernels);
  void (*forward_parts)(const nn_run *run, int first, int end);

  bool fuses_relu;    /* forward knows fuse_relu, and backward does not read y */
  bool fuses_pool;    /* forward knows fuse_pool */
  bool in_place;      /* backward may be given dx[0] == dy */
  bool reads_x;       /* backward reads x */
  bool reads_y;       /* backward reads y */
  bool whole_shards;  /* runs best on many pictures at once */
  bool training_only; /* y is x in inference */

  /* NULL where there is none. Sizes are per picture (saved) or for `count` pictures (scratch). */
  size_t (*scratch_floats)(const nn_node *node, int count, bool training,
                           const nn_kernels *kernels);
  size_t (*saved_floats)(const nn_node *node);
  size_t (*packed_floats)(const nn_node *node, const nn_kernels *kernels);
  void (*pack)(const nn_run *run, float *packed);
  size_t (*packed_backward_floats)(const nn_node *node, const nn_kernels *kernels);
  void (*pack_backward)(const nn_run *run, float *packed);

  /* The first late_parameters of a node are left out by backward: their gradient is made by the
   * pass of the optimiser, piece by piece and over the whole batch at once, instead of a row of
   * gradients for each shard to be cleared, written and added up. late_gradient adds that of
   * `count` parameters from `first` on, whole outputs. */
  size_t (*late_parameters)(const nn_node *node);
  void (*late_gradient)(const nn_run *run, const nn_rows *rows, size_t first, size_t count,
                        float *gradient);

  /* Batch statistics. In training all shards meet before forward and before backward: gather_* adds
   * to the shard's statistics_count doubles (zero before forward's), these are added up in shard
   * order, settle_* turns the totals into the table, once. In inference settle_forward alone is
   * called, with statistics NULL, and takes the table from `state`. settle_backward also adds the
   * gradient of the parameters. */
  size_t (*statistics_count)(const nn_node *node);
  size_t (*table_floats)(const nn_node *node);
  void (*gather_forward)(const nn_run *run);
  void (*settle_forward)(const nn_run *run, const float *state);
  void (*gather_backward)(const nn_run *run);
  void (*settle_backward)(const nn_run *run);
  /* Moves the running statistics on, after a training step. */
  void (*update_state)(const nn_run *run, float *state);
} nn_operator;

const nn_operator *nn_operator_of(nn_kind kind);

/* The rule shared by convolution and pooling: checks kernel, stride and padding of node->window
 * against the input and fills in the rest of it and node->shape. */
scrawl_status nn_window_fit(nn_node *node, nn_shape input, int channels, base_error *error);
/* Sets the padding for which ceil(side / stride) windows fit, an odd pixel going to the bottom and
 * right. */
void nn_window_same(nn_node *node, nn_shape input);
/* 0 when `count` parameters are within NN_MAX_PARAMETERS, LIMIT_EXCEEDED otherwise. */
scrawl_status nn_parameters_fit(uint64_t count, base_error *error);

extern const nn_operator NN_OPERATOR_CONV, NN_OPERATOR_DEPTHWISE, NN_OPERATOR_MAX_POOL,
    NN_OPERATOR_AVERAGE_POOL, NN_OPERATOR_GLOBAL_AVERAGE, NN_OPERATOR_BATCH_NORM,
    NN_OPERATOR_DROPOUT, NN_OPERATOR_DENSE, NN_OPERATOR_RELU, NN_OPERATOR_SILU, NN_OPERATOR_SCALE,
    NN_OPERATOR_FLATTEN, NN_OPERATOR_ADD, NN_OPERATOR_SOFTMAX;

#endif
