/* An ONNX file taken apart: its nodes, values and tensors as views into the file's bytes, every
 * name resolved, nothing yet understood. Private to onnx_*.c.
 *
 * Field numbers are those of onnx.proto
 * (https://github.com/onnx/onnx/blob/main/onnx/onnx.in.proto). */
#ifndef NN_ONNX_FILE_H
#define NN_ONNX_FILE_H

#include "nn/onnx.h"
#include "nn/protobuf.h"

enum {
  MODEL_IR_VERSION = 1,
  MODEL_PRODUCER_NAME = 2,
  MODEL_PRODUCER_VERSION = 3,
  MODEL_GRAPH = 7,
  MODEL_OPSET_IMPORT = 8,
  MODEL_METADATA_PROPS = 14,
  OPSET_DOMAIN = 1,
  OPSET_VERSION = 2,
  METADATA_KEY = 1,
  METADATA_VALUE = 2,
  GRAPH_NODE = 1,
  GRAPH_NAME = 2,
  GRAPH_INITIALIZER = 5,
  GRAPH_INPUT = 11,
  GRAPH_OUTPUT = 12,
  NODE_INPUT = 1,
  NODE_OUTPUT = 2,
  NODE_NAME = 3,
  NODE_OP_TYPE = 4,
  NODE_ATTRIBUTE = 5,
  NODE_DOMAIN = 7,
  ATTRIBUTE_NAME = 1,
  ATTRIBUTE_F = 2,
  ATTRIBUTE_I = 3,
  ATTRIBUTE_S = 4,
  ATTRIBUTE_T = 5,
  ATTRIBUTE_INTS = 8,
  ATTRIBUTE_TYPE = 20,
  TENSOR_DIMS = 1,
  TENSOR_DATA_TYPE = 2,
  TENSOR_FLOAT_DATA = 4,
  TENSOR_INT32_DATA = 5,
  TENSOR_INT64_DATA = 7,
  TENSOR_NAME = 8,
  TENSOR_RAW_DATA = 9,
  TENSOR_DATA_LOCATION = 14,
  VALUE_NAME = 1,
  VALUE_TYPE = 2,
  TYPE_TENSOR = 1,
  TYPE_ELEMENT = 1,
  TYPE_SHAPE = 2,
  SHAPE_DIM = 1,
  DIM_VALUE = 1,
  DIM_PARAM = 2,
};

typedef enum onnx_data_type {
  ONNX_FLOAT = 1,
  ONNX_UINT8 = 2,
  ONNX_INT8 = 3,
  ONNX_INT32 = 6,
  ONNX_INT64 = 7,
  ONNX_BOOL = 9,
} onnx_data_type;

typedef enum onnx_attribute_type {
  ONNX_ATTRIBUTE_FLOAT = 1,
  ONNX_ATTRIBUTE_INT = 2,
  ONNX_ATTRIBUTE_STRING = 3,
  ONNX_ATTRIBUTE_TENSOR = 4,
  ONNX_ATTRIBUTE_INTS = 7,
} onnx_attribute_type;

/* The default operator set. Within these versions the operators understood here mean the same for
 * floats. */
enum { ONNX_OPSET_WRITTEN = 17, ONNX_OPSET_LEAST = 13, ONNX_OPSET_MOST = 22 };
/* Format versions: 3 was the first that is stable, 8 goes with operator set 17. */
enum { ONNX_IR_WRITTEN = 8, ONNX_IR_LEAST = 3, ONNX_IR_MOST = 13 };

enum {
  ONNX_MAX_NODES = 4 * NN_MAX_NODES, /* constants, and several nodes that become one here */
  ONNX_MAX_TENSORS = 4 * NN_MAX_NODES,
  ONNX_MAX_INPUTS = 8,
  ONNX_MAX_OUTPUTS = 3,
  ONNX_MAX_RANK = 8,
};

typedef struct onnx_tensor {
  int rank;
  int64_t dims[ONNX_MAX_RANK]; /* each >= 0 */
  int type;
  nn_bytes data;    /* little-endian elements: raw_data or packed float_data */
  nn_bytes varints; /* packed int32_data or int64_data, where there is no raw_data */
} onnx_tensor;

/* What a name stands for: the input, a tensor or a node's output. */
typedef struct onnx_value {
  nn_bytes name;
  const onnx_tensor *tensor; /* NULL: computed */
  int maker;                 /* the node it comes from; -1: none */
  int uses, user; /* by live nodes and the output; the last node that uses it, -1: none */
} onnx_value;

typedef struct onnx_node {
  nn_bytes message, op, name, domain;
  int inputs[ONNX_MAX_INPUTS]; /* values; -1: left out */
  int outputs[ONNX_MAX_OUTPUTS];
  int input_count, output_count;
  bool live; /* the output depends on it */
} onnx_node;

typedef struct onnx_file {
  /* each uses only values made before it; Identity and Constant are resolved away */
  onnx_node *nodes;
  int node_count;
  onnx_value *values;
  int value_count;
  onnx_tensor *tensors;
  int tensor_count;
  int input, output; /* values */
  int input_rank;
  int64_t input_dims[4]; /* 0: not fixed */
  struct onnx_name *names;
  size_t name_slots;
} onnx_file;

/* BAD_FORMAT, UNSUPPORTED, LIMIT_EXCEEDED, OUT_OF_MEMORY with a sentence. `file` is to be closed in
 * any case. The views hold as long as `bytes`. */
scrawl_status onnx_file_open(nn_bytes bytes, onnx_file *file, nn_metadata *metadata,
                             base_error *error);
void onnx_file_close(onnx_file *file);

bool onnx_equal(nn_bytes text, const char *other);
/* `text` for a sentence: what is not plain ASCII becomes '?', the end is cut. Returns `line`. */
typedef struct onnx_line {
  char text[48];
} onnx_line;
const char *onnx_print(nn_bytes text, onnx_line *line);

/* A node's attributes: the value of `name`, or `otherwise` where there is none; BAD_FORMAT when it
 * has another type or count. `values` holds `otherwise` beforehand. */
scrawl_status onnx_attribute_int(const onnx_node *node, const char *name, int64_t otherwise,
                                 int64_t *value, base_error *error);
scrawl_status onnx_attribute_ints(const onnx_node *node, const char *name, int count,
                                  int64_t *values, base_error *error);
scrawl_status onnx_attribute_float(const onnx_node *node, const char *name, float otherwise,
                                   float *value, base_error *error);
scrawl_status onnx_attribute_text(const onnx_node *node, const char *name, const char *otherwise,
                                  nn_bytes *value, base_error *error);
/* UNSUPPORTED when the node has an attribute that is not among `known`, words separated by spaces.
 */
scrawl_status onnx_attributes_known(const onnx_node *node, const char *known, base_error *error);

/* `count` int64 elements; BAD_FORMAT when the tensor holds anything else. */
scrawl_status onnx_tensor_ints(const onnx_tensor *tensor, int count, int64_t *values,
                               base_error *error);

/* Where number `i` of a picture of this shape in our order (y, x, channel) stands in ONNX's
 * (channel, y, x). */
static inline size_t onnx_order(nn_shape shape, size_t i) {
  size_t channels = (size_t)shape.c, pixels = (size_t)shape.h * (size_t)shape.w;
  return i % channels * pixels + i / channels;
}

/* Both orders are one. */
static inline bool onnx_order_equal(nn_shape shape) {
  return shape.c == 1 || shape.h * shape.w == 1;
}

#endif
