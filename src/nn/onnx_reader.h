/* What reading an ONNX file and the rules of its operators share. Private to onnx_read.c,
 * onnx_read_int8.c and onnx_rules.c.
 *
 * As in onnx_write.c each value is followed by a `point`: the node of ours that makes it, whether
 * ONNX sees a picture or a flat vector there, and in what order. */
#ifndef NN_ONNX_READER_H
#define NN_ONNX_READER_H

#include "nn/onnx_file.h"

typedef struct onnx_point {
  enum {
    POINT_NONE,
    POINT_NODE,
    POINT_SIGMOID,
    POINT_BYTES,   /* a node's activation as bytes, not yet dequantised */
    POINT_WEIGHTS, /* a stored tensor, dequantised */
  } kind;
  int node;       /* of our graph */
  bool flat;      /* [N, c] */
  nn_shape order; /* flat: the numbers are in the order of a picture of this shape, flattened */
  int argument;   /* sigmoid: the value that it is of; weights: the node of the file */
} onnx_point;

/* Numbers to be copied into the graph once it is finished. */
typedef struct onnx_fill {
  const onnx_tensor *tensor;
  const onnx_tensor *scale; /* of whole numbers: one, or one for each output; NULL: floats */
  enum { FILL_VECTOR, FILL_FILTERS, FILL_MATRIX, FILL_MATRIX_TRANSPOSED } layout;
  enum { FILL_PARAMETERS, FILL_STATE, FILL_SCALES } target;
  size_t offset;
  nn_shape order;   /* vector; matrix: of its rows */
  nn_window window; /* filters */
  size_t columns;   /* matrix */
} onnx_fill;

enum { ONNX_MAX_FILLS = 4 }; /* tensors of one node */

typedef struct onnx_reader {
  onnx_file file;
  nn_graph *graph;
  onnx_point *points; /* of each value */
  onnx_fill *fills;
  int fill_count;
  base_error *error;
} onnx_reader;

/* Understands one node: adds it to the graph, notes its weights, says what comes out. UNSUPPORTED
 * for an operator that there is no rule for, or an attribute that it does not know. */
scrawl_status onnx_rule_apply(onnx_reader *reader, const onnx_node *node);

/* The value that is input number `index`; -1: none. */
int onnx_input(const onnx_node *node, int index);
nn_shape onnx_shape(const onnx_reader *reader, const onnx_point *point);

/* The computed input number `index`. */
scrawl_status onnx_take(onnx_reader *reader, const onnx_node *node, int index, onnx_point **point);
/* The same, after a Flatten where a Reshape left it to be made. */
scrawl_status onnx_take_settled(onnx_reader *reader, const onnx_node *node, int index,
                                onnx_point **point);
/* The first input, a picture / a flat vector. */
scrawl_status onnx_take_picture(onnx_reader *reader, const onnx_node *node, onnx_point **point);
scrawl_status onnx_take_flat(onnx_reader *reader, const onnx_node *node, onnx_point **point);
/* Input number `index` as a stored tensor of finite floats with this shape; a negative side fits
 * any. */
scrawl_status onnx_take_tensor(onnx_reader *reader, const onnx_node *node, int index, int rank,
                               const int64_t *dims, const onnx_tensor **tensor);
/* Input number `index` as a stored tensor of one float; `otherwise` where it is left out. */
scrawl_status onnx_take_number(onnx_reader *reader, const onnx_node *node, int index,
                               float otherwise, float *number);

/* Weights as they are stored: floats, or whole numbers with their scales. */
typedef struct onnx_weights {
  const onnx_tensor *tensor, *scale; /* no scale: floats */
  bool int8;                         /* all are -127..127 times it */
} onnx_weights;
/* Input number `index`, of this shape, scales being along side `axis`. */
scrawl_status onnx_take_weights(onnx_reader *reader, const onnx_node *node, int index, int rank,
                                const int64_t *dims, int axis, onnx_weights *weights);
/* Number `i` of them, which belongs to output `channel`. */
float onnx_weight(const onnx_tensor *tensor, const onnx_tensor *scale, size_t i, size_t channel);
/* QuantizeLinear, DequantizeLinear. */
scrawl_status onnx_read_quantise(onnx_reader *reader, const onnx_node *node);
scrawl_status onnx_read_dequantise(onnx_reader *reader, const onnx_node *node);

/* Adds `made` to the graph; the node's output is its, flat and in order like `like`. `*added` (may
 * be NULL) holds until the next node. */
scrawl_status onnx_give(onnx_reader *reader, const onnx_node *node, nn_node made,
                        const onnx_point *like, const nn_node **added);
/* At most ONNX_MAX_FILLS for each node. */
void onnx_note(onnx_reader *reader, onnx_fill fill);

#endif
