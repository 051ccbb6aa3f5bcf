/* A network: a graph of operators over pictures of known size, with all its parameters in one
 * vector.
 *
 * Node 0 is the input; every other node names one or two earlier nodes, so the array is in an order
 * that can be run and cycles cannot be written down. The last node is the output. Built by
 * nn_graph_add() from text (spec.h), from ONNX (onnx.h) or by hand; run by a session (session.h),
 * trained by a trainer (trainer.h). */
#ifndef NN_GRAPH_H
#define NN_GRAPH_H

#include "base/error.h"
#include "base/random.h"
#include "nn/kernels.h"

enum {
  NN_MAX_NODES = 1024,
  NN_MAX_SIDE = 4096, /* height, width of an activation */
  NN_MAX_CHANNELS = 65536,
  NN_MAX_KERNEL = 64,
};
#define NN_MAX_PARAMETERS ((size_t)64 << 20) /* 256 MiB of floats */
#define NN_MAX_ACTIVATION ((size_t)16 << 20) /* floats of one node for one picture */

/* One picture's activation; a flat vector is 1 x 1 x c. */
typedef struct nn_shape {
  int h, w, c;
} nn_shape;

typedef enum nn_kind {
  NN_INPUT,
  NN_CONV,
  NN_DEPTHWISE,
  NN_MAX_POOL,
  NN_AVERAGE_POOL,
  NN_GLOBAL_AVERAGE,
  NN_BATCH_NORM,
  NN_DROPOUT,
  NN_DENSE,
  NN_RELU,
  NN_SILU,
  NN_SCALE,
  NN_FLATTEN,
  NN_ADD,
  NN_SOFTMAX,
  NN_KIND_COUNT,
} nn_kind;

typedef struct nn_node {
  nn_kind kind;
  int input[2]; /* indices of earlier nodes; -1: none */
  /* convolutions, pooling: set kernel, stride, padding (and out_c of a convolution that is not
   * depthwise); the shape rule fills the rest */
  nn_window window;
  int pad_bottom, pad_right;
  int channels;   /* dense: outputs */
  bool bias;      /* convolutions, dense */
  float rate;     /* dropout: share of activations set to zero while training; scale: factor */
  float epsilon;  /* batch norm: added to the variance */
  float momentum; /* batch norm: share of the old running statistics kept at each step, e.g. 0.9 */
  /* filled by nn_graph_add */
  nn_shape shape; /* of the output */
  /* Trained. Convolution: weights [ky][kx][ci][co], bias [co]; depthwise: weights [ky][kx][c], bias
   * [c]; dense: weights [ci][co], bias [co]; batch norm: scale [c], shift [c]. */
  size_t parameter_offset, parameter_count;
  /* Not trained. Batch norm: running mean [c], running variance [c]. */
  size_t state_offset, state_count;
  /* Quantised networks (quantise.h). The activation is kept as bytes q that stand for
   * (q - zero_point) * scale; scale 0: as floats. */
  float scale;
  int zero_point;
  /* Convolution, dense: each weight is a whole number -127..127 times the scale of its output,
   * which is in graph->scales from scales_offset on. */
  bool int8_weights;
  size_t scales_offset;
} nn_node;

typedef struct nn_graph {
  nn_node *nodes;
  int node_count, node_capacity;
  float *parameters; /* nodes' parameters one after the other; allocated by nn_graph_finish */
  size_t parameter_count;
  float *state;
  size_t state_count;
  float *scales; /* of int8 weights */
  size_t scale_count;
} nn_graph;

scrawl_status nn_graph_create(nn_shape input, nn_graph **graph, base_error *error);
/* Checks the node against its operator's rule and the limits above, appends it; `*index` (may be
 * NULL) gets its index. INVALID_ARGUMENT or LIMIT_EXCEEDED say which number does not fit ("window
 * 3x3 does not fit a 2x2 picture"); the caller puts its own name of the operator before it with
 * base_fail_within. */
scrawl_status nn_graph_add(nn_graph *graph, nn_node node, int *index, base_error *error);
/* Allocates parameters and state (zero; batch norm scale and running variance 1). No nodes can be
 * added after it. */
scrawl_status nn_graph_finish(nn_graph *graph, base_error *error);
scrawl_status nn_graph_copy(const nn_graph *graph, nn_graph **copy, base_error *error);
void nn_graph_free(nn_graph *graph);

/* He normal for weights before ReLU-like units, Glorot for the last dense layer, zero biases. */
void nn_graph_initialise(nn_graph *graph, base_random random);

/* Whether any activation is kept as bytes: then it is for inference only. */
bool nn_graph_quantised(const nn_graph *graph);
/* Whether the output is a softmax, or a mean of several (merge.h), rather than logits. */
bool nn_graph_gives_probabilities(const nn_graph *graph);
nn_shape nn_graph_input(const nn_graph *graph);
nn_shape nn_graph_output(const nn_graph *graph);
size_t nn_shape_floats(nn_shape shape);
/* Multiply-add operations times two, one picture, forward. */
double nn_graph_flops(const nn_graph *graph);

#endif
