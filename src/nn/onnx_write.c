/* Networks to ONNX.
 *
 * Each node becomes one ONNX node with its weights beside it; SiLU becomes x * Sigmoid(x). ONNX
 * knows pictures, [N, c, h, w], and flat vectors, [N, c], as different things, and a flattened
 * picture's numbers stand in another order than ours. So each value is followed by its `point`:
 * flat or not, and the shape of the picture that it was flattened from. Weights that meet a
 * flattened picture are put in ONNX's order. Where our graph lets a picture of one pixel pass as a
 * vector, or a dense layer take a picture, a Reshape stands between (a Flatten is a node of ours,
 * so reading gives an equal graph).
 *
 * Quantised networks have pairs of nodes after each activation that is kept as bytes, and their
 * weights as bytes (onnx_write_int8.c); everything else is as for floats. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "nn/onnx_writer.h"
#include "nn/operator.h"

typedef struct onnx_output {
  const nn_graph *graph;
  nn_writer writer;
  onnx_point *points; /* of each node */
  base_error *error;
} onnx_output;

/* ---- pieces of the file ---- */

static void put_value(nn_writer *writer, uint32_t field, const onnx_point *point, nn_shape shape) {
  size_t value = nn_write_begin(writer, field);
  nn_write_text(writer, VALUE_NAME, point->name);
  size_t type = nn_write_begin(writer, VALUE_TYPE), tensor = nn_write_begin(writer, TYPE_TENSOR);
  nn_write_varint(writer, TYPE_ELEMENT, ONNX_FLOAT);
  size_t dims = nn_write_begin(writer, TYPE_SHAPE), dim = nn_write_begin(writer, SHAPE_DIM);
  nn_write_text(writer, DIM_PARAM, "N");
  nn_write_end(writer, dim);
  int sides[3] = {shape.c, shape.h, shape.w};
  for (int i = 0; i < (point->flat ? 1 : 3); i++) {
    dim = nn_write_begin(writer, SHAPE_DIM);
    nn_write_varint(writer, DIM_VALUE, (uint64_t)sides[i]);
    nn_write_end(writer, dim);
  }
  nn_write_end(writer, dims);
  nn_write_end(writer, tensor);
  nn_write_end(writer, type);
  nn_write_end(writer, value);
}

size_t onnx_put_node(nn_writer *writer, const char *op, const char *name,
                     const char *const inputs[], const char *output) {
  size_t mark = nn_write_begin(writer, GRAPH_NODE);
  for (; *inputs; inputs++) nn_write_text(writer, NODE_INPUT, *inputs);
  nn_write_text(writer, NODE_OUTPUT, output);
  nn_write_text(writer, NODE_NAME, name);
  nn_write_text(writer, NODE_OP_TYPE, op);
  return mark;
}

static size_t put_attribute(nn_writer *writer, const char *name, onnx_attribute_type type) {
  size_t mark = nn_write_begin(writer, NODE_ATTRIBUTE);
  nn_write_text(writer, ATTRIBUTE_NAME, name);
  nn_write_varint(writer, ATTRIBUTE_TYPE, type);
  return mark;
}

void onnx_put_int(nn_writer *writer, const char *name, int value) {
  size_t mark = put_attribute(writer, name, ONNX_ATTRIBUTE_INT);
  nn_write_varint(writer, ATTRIBUTE_I, (uint64_t)(int64_t)value);
  nn_write_end(writer, mark);
}

static void put_float(nn_writer *writer, const char *name, float value) {
  size_t mark = put_attribute(writer, name, ONNX_ATTRIBUTE_FLOAT);
  nn_write_float(writer, ATTRIBUTE_F, value);
  nn_write_end(writer, mark);
}

static void put_ints(nn_writer *writer, const char *name, int count, const int *values) {
  size_t mark = put_attribute(writer, name, ONNX_ATTRIBUTE_INTS);
  for (int i = 0; i < count; i++)
    nn_write_varint(writer, ATTRIBUTE_INTS, (uint64_t)(int64_t)values[i]);
  nn_write_end(writer, mark);
}

/* The attributes of whatever slides a window. */
static void put_window(nn_writer *writer, const nn_node *node) {
  const nn_window *window = &node->window;
  put_ints(writer, "kernel_shape", 2, (int[]){window->kernel_h, window->kernel_w});
  put_ints(writer, "strides", 2, (int[]){window->stride_h, window->stride_w});
  put_ints(writer, "pads", 4,
           (int[]){window->pad_top, window->pad_left, node->pad_bottom, node->pad_right});
}

size_t onnx_put_tensor(nn_writer *writer, const char *name, onnx_data_type type, int rank,
                       const int *dims) {
  size_t mark = nn_write_begin(writer, GRAPH_INITIALIZER);
  for (int i = 0; i < rank; i++) nn_write_varint(writer, TENSOR_DIMS, (uint64_t)dims[i]);
  nn_write_varint(writer, TENSOR_DATA_TYPE, type);
  nn_write_text(writer, TENSOR_NAME, name);
  return mark;
}

static void put_vector(nn_writer *writer, const char *name, nn_shape order, const float *values) {
  size_t count = nn_shape_floats(order);
  size_t mark = onnx_put_tensor(writer, name, ONNX_FLOAT, 1, (int[]){(int)count});
  uint8_t *at = nn_write_floats(writer, TENSOR_RAW_DATA, count);
  for (size_t i = 0; at && i < count; i++) nn_put_float(at, onnx_order(order, i), values[i]);
  nn_write_end(writer, mark);
}

/* [ky][kx][ci][co] to [co][ci][ky][kx] */
static void put_filters(nn_writer *writer, const char *name, const nn_window *window,
                        const float *values) {
  int area = window->kernel_h * window->kernel_w, in = window->in_c, out = window->out_c;
  int dims[4] = {out, in, window->kernel_h, window->kernel_w};
  size_t mark = onnx_put_tensor(writer, name, ONNX_FLOAT, 4, dims), n = 0;
  uint8_t *at = nn_write_floats(writer, TENSOR_RAW_DATA, (size_t)area * (size_t)in * (size_t)out);
  for (int o = 0; at && o < out; o++)
    for (int i = 0; i < in; i++)
      for (int k = 0; k < area; k++)
        nn_put_float(at, n++,
                     values[((size_t)k * (size_t)in + (size_t)i) * (size_t)out + (size_t)o]);
  nn_write_end(writer, mark);
}

/* [ci][co], rows in ONNX's order */
static void put_matrix(nn_writer *writer, const char *name, nn_shape order, int columns,
                       const float *values) {
  size_t rows = nn_shape_floats(order), width = (size_t)columns;
  size_t mark = onnx_put_tensor(writer, name, ONNX_FLOAT, 2, (int[]){(int)rows, columns});
  uint8_t *at = nn_write_floats(writer, TENSOR_RAW_DATA, rows * width);
  for (size_t i = 0; at && i < rows; i++)
    for (size_t j = 0; j < width; j++)
      nn_put_float(at, onnx_order(order, i) * width + j, values[i * width + j]);
  nn_write_end(writer, mark);
}

/* ---- values ---- */

void onnx_join(char name[ONNX_NAME_BYTES], const char *first, const char *second) {
  snprintf(name, ONNX_NAME_BYTES, "%.24s_%.20s", first, second);
}

/* "conv_3": letters, digits and underscores, as ONNX wants names. */
static void name_node(const nn_graph *graph, int index, char name[ONNX_NAME_BYTES]) {
  char number[16];
  snprintf(number, sizeof number, "%d", index);
  onnx_join(name, nn_operator_of(graph->nodes[index].kind)->name, number);
  for (char *at = name; *at; at++)
    if (*at == '-') *at = '_';
}

/* The input `point` of a node, seen as a vector (rank 2) or as a picture of one pixel (rank 4). */
static void put_reshape(nn_writer *writer, const char *node, int rank, onnx_point *point) {
  static const int64_t dims[4] = {0, -1, 1, 1}; /* 0: as it was; -1: all the rest */
  uint8_t raw[4 * 8];
  for (int i = 0; i < 8 * rank; i++) raw[i] = (uint8_t)((uint64_t)dims[i / 8] >> (8 * (i % 8)));
  char name[ONNX_NAME_BYTES], shape[ONNX_NAME_BYTES];
  onnx_join(name, node, "input");
  onnx_join(shape, node, "input_shape");
  size_t mark = onnx_put_tensor(writer, shape, ONNX_INT64, 1, &rank);
  nn_write_bytes(writer, TENSOR_RAW_DATA, raw, 8 * (size_t)rank);
  nn_write_end(writer, mark);
  mark = onnx_put_node(writer, "Reshape", name, (const char *[]){point->name, shape, NULL}, name);
  nn_write_end(writer, mark);
  /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): the analyzer takes it for NULL */
  memcpy(point->name, name, sizeof name);
  point->flat = rank == 2;
}

/* ---- nodes ---- */

/* A node with a weight tensor, maybe a bias: convolutions and dense. To ONNX a depthwise
 * convolution is one in as many groups as channels, each with one input. */
static void put_weighted(onnx_output *output, const nn_node *node, const char *name,
                         const onnx_point *x, const char *y) {
  nn_writer *writer = &output->writer;
  const float *weights = output->graph->parameters + node->parameter_offset;
  int outputs = node->shape.c;
  bool depthwise = node->kind == NN_DEPTHWISE, conv = node->kind == NN_CONV || depthwise;
  nn_window window = node->window;
  if (depthwise) window.in_c = 1;
  char weight[ONNX_NAME_BYTES], bias[ONNX_NAME_BYTES];
  onnx_join(weight, name, "weight");
  onnx_join(bias, name, "bias");
  if (node->int8_weights && conv)
    onnx_put_int8_filters(writer, output->graph, node, weight);
  else if (node->int8_weights)
    onnx_put_int8_matrix(writer, output->graph, node, x->order, weight);
  else if (conv)
    put_filters(writer, weight, &window, weights);
  else
    put_matrix(writer, weight, x->order, outputs, weights);
  if (node->bias && node->int8_weights)
    onnx_put_int8_bias(writer, output->graph, node, bias);
  else if (node->bias)
    put_vector(writer, bias, (nn_shape){1, 1, outputs},
               weights + node->parameter_count - (size_t)outputs);
  const char *inputs[] = {x->name, weight, node->bias ? bias : NULL, NULL};
  size_t mark = onnx_put_node(writer, conv ? "Conv" : "Gemm", name, inputs, y);
  if (conv) put_window(writer, node);
  if (depthwise) onnx_put_int(writer, "group", outputs);
  nn_write_end(writer, mark);
}

static void put_batch_norm(onnx_output *output, const nn_node *node, const char *name,
                           const onnx_point *x, const char *y) {
  static const char *const parts[4] = {"scale", "shift", "mean", "variance"};
  nn_writer *writer = &output->writer;
  size_t channels = (size_t)node->shape.c;
  char names[4][ONNX_NAME_BYTES];
  for (size_t i = 0; i < 4; i++) {
    const float *values = i < 2 ? output->graph->parameters + node->parameter_offset
                                : output->graph->state + node->state_offset;
    onnx_join(names[i], name, parts[i]);
    put_vector(writer, names[i], x->flat ? x->order : (nn_shape){1, 1, node->shape.c},
               values + i % 2 * channels);
  }
  const char *inputs[] = {x->name, names[0], names[1], names[2], names[3], NULL};
  size_t mark = onnx_put_node(writer, "BatchNormalization", name, inputs, y);
  put_float(writer, "epsilon", node->epsilon);
  put_float(writer, "momentum", node->momentum);
  nn_write_end(writer, mark);
}

/* Dropout and its ratio, scale and its factor. */
static void put_with_number(onnx_output *output, const nn_node *node, const char *name,
                            const onnx_point *x, const char *y) {
  nn_writer *writer = &output->writer;
  bool scale = node->kind == NN_SCALE;
  char number[ONNX_NAME_BYTES];
  onnx_join(number, name, scale ? "factor" : "ratio");
  size_t mark = onnx_put_tensor(writer, number, ONNX_FLOAT, 0, NULL);
  uint8_t *at = nn_write_floats(writer, TENSOR_RAW_DATA, 1);
  if (at) nn_put_float(at, 0, node->rate);
  nn_write_end(writer, mark);
  mark = onnx_put_node(writer, scale ? "Mul" : "Dropout", name,
                       (const char *[]){x->name, number, NULL}, y);
  nn_write_end(writer, mark);
}

static void put_silu(onnx_output *output, const char *name, const onnx_point *x, const char *y) {
  nn_writer *writer = &output->writer;
  char sigmoid[ONNX_NAME_BYTES];
  onnx_join(sigmoid, name, "sigmoid");
  size_t mark = onnx_put_node(writer, "Sigmoid", sigmoid, (const char *[]){x->name, NULL}, sigmoid);
  nn_write_end(writer, mark);
  mark = onnx_put_node(writer, "Mul", name, (const char *[]){x->name, sigmoid, NULL}, y);
  nn_write_end(writer, mark);
}

/* A node without weights, and its name in ONNX. */
static void put_plain(onnx_output *output, const nn_node *node, const char *name,
                      const onnx_point *x, const onnx_point *second, const char *y) {
  static const char *const ops[NN_KIND_COUNT] = {
      [NN_MAX_POOL] = "MaxPool",
      [NN_AVERAGE_POOL] = "AveragePool",
      [NN_GLOBAL_AVERAGE] = "GlobalAveragePool",
      [NN_RELU] = "Relu",
      [NN_FLATTEN] = "Flatten",
      [NN_ADD] = "Add",
      [NN_SOFTMAX] = "Softmax",
  };
  nn_writer *writer = &output->writer;
  const char *inputs[] = {x->name, second ? second->name : NULL, NULL};
  size_t mark = onnx_put_node(writer, ops[node->kind], name, inputs, y);
  if (node->kind == NN_MAX_POOL || node->kind == NN_AVERAGE_POOL) put_window(writer, node);
  if (node->kind == NN_SOFTMAX) onnx_put_int(writer, "axis", 1);
  nn_write_end(writer, mark);
}

/* Brings the inputs of a node into the form that its ONNX twin takes, and says what comes out. */
static scrawl_status meet(onnx_output *output, const nn_node *node, const char *name, onnx_point *x,
                          onnx_point *second, onnx_point *y) {
  nn_writer *writer = &output->writer;
  nn_shape input = output->graph->nodes[node->input[0]].shape;
  switch (node->kind) {
  case NN_CONV:
  case NN_DEPTHWISE:
  case NN_MAX_POOL:
  case NN_AVERAGE_POOL:
  case NN_GLOBAL_AVERAGE:
    if (x->flat && !onnx_order_equal(x->order))
      return base_fail(output->error, SCRAWL_UNSUPPORTED,
                       "%s takes a flattened picture as one of a single pixel", name);
    if (x->flat) put_reshape(writer, name, 4, x);
    return SCRAWL_OK;
  case NN_DENSE:
    if (!x->flat) {
      put_reshape(writer, name, 2, x);
      x->order = input;
    }
    y->order = node->shape;
    y->flat = true;
    return SCRAWL_OK;
  case NN_FLATTEN:
    y->order = x->flat ? x->order : input;
    y->flat = true;
    return SCRAWL_OK;
  case NN_ADD:
    if (x->flat != second->flat) {
      onnx_point *picture = x->flat ? second : x; /* of one pixel: the shapes are equal */
      put_reshape(writer, name, 2, picture);
      picture->order = input;
    }
    if (x->flat && memcmp(&x->order, &second->order, sizeof x->order) != 0 &&
        !(onnx_order_equal(x->order) && onnx_order_equal(second->order)))
      return base_fail(output->error, SCRAWL_UNSUPPORTED,
                       "%s adds flattened pictures of different shapes", name);
    __attribute__((fallthrough));
  default:
    y->order = x->order;
    y->flat = x->flat;
    return SCRAWL_OK;
  }
}

static scrawl_status write_node(onnx_output *output, int index) {
  const nn_node *node = &output->graph->nodes[index];
  onnx_point x = output->points[node->input[0]], second = {0}, *y = &output->points[index];
  if (node->input[1] >= 0) second = output->points[node->input[1]];
  char name[ONNX_NAME_BYTES];
  name_node(output->graph, index, name);
  bool last = index == output->graph->node_count - 1;
  strcpy(y->name, last && !(node->scale > 0) ? "output" : name);
  BASE_TRY(meet(output, node, name, &x, &second, y));
  switch (node->kind) {
  case NN_CONV:
  case NN_DEPTHWISE:
  case NN_DENSE:
    put_weighted(output, node, name, &x, y->name);
    break;
  case NN_BATCH_NORM:
    put_batch_norm(output, node, name, &x, y->name);
    break;
  case NN_DROPOUT:
  case NN_SCALE:
    put_with_number(output, node, name, &x, y->name);
    break;
  case NN_SILU:
    put_silu(output, name, &x, y->name);
    break;
  default:
    put_plain(output, node, name, &x, node->input[1] >= 0 ? &second : NULL, y->name);
  }
  if (node->scale > 0) onnx_put_activation(&output->writer, node, y, last ? "output" : NULL);
  return SCRAWL_OK;
}

static scrawl_status write_graph(onnx_output *output) {
  const nn_graph *graph = output->graph;
  nn_writer *writer = &output->writer;
  int last = graph->node_count - 1;
  onnx_point *end = &output->points[last];
  size_t mark = nn_write_begin(writer, MODEL_GRAPH);
  nn_write_text(writer, GRAPH_NAME, "scrawl");
  strcpy(output->points[0].name, "input");
  put_value(writer, GRAPH_INPUT, &output->points[0], graph->nodes[0].shape);
  if (graph->nodes[0].scale > 0 && last > 0)
    onnx_put_activation(writer, &graph->nodes[0], &output->points[0], NULL);
  for (int i = 1; i <= last; i++) BASE_TRY(write_node(output, i));
  if (last == 0) {
    size_t node =
        onnx_put_node(writer, "Identity", "identity", (const char *[]){"input", NULL}, "output");
    nn_write_end(writer, node);
    strcpy(end->name, "output");
  }
  if (end->flat && !onnx_order_equal(end->order))
    return base_fail(output->error, SCRAWL_UNSUPPORTED,
                     "the network ends in a flattened picture, whose order ONNX cannot keep");
  put_value(writer, GRAPH_OUTPUT, end, graph->nodes[last].shape);
  nn_write_end(writer, mark);
  return SCRAWL_OK;
}

/* The operator set comes last, because a model cannot do without it: so a file that was cut off
 * anywhere is seen to be. */
static scrawl_status write_model(onnx_output *output, const nn_metadata *metadata) {
  nn_writer *writer = &output->writer;
  nn_write_varint(writer, MODEL_IR_VERSION, ONNX_IR_WRITTEN);
  nn_write_text(writer, MODEL_PRODUCER_NAME, "scrawl");
  nn_write_text(writer, MODEL_PRODUCER_VERSION, scrawl_version());
  for (int i = 0; metadata && i < metadata->count; i++) {
    size_t mark = nn_write_begin(writer, MODEL_METADATA_PROPS);
    nn_write_text(writer, METADATA_KEY, metadata->items[i].key);
    nn_write_text(writer, METADATA_VALUE, metadata->items[i].value);
    nn_write_end(writer, mark);
  }
  BASE_TRY(write_graph(output));
  size_t mark = nn_write_begin(writer, MODEL_OPSET_IMPORT);
  nn_write_text(writer, OPSET_DOMAIN, "");
  nn_write_varint(writer, OPSET_VERSION, ONNX_OPSET_WRITTEN);
  nn_write_end(writer, mark);
  if (writer->failed)
    return base_fail(output->error, SCRAWL_OUT_OF_MEMORY, "not enough memory to write the model");
  if (writer->size > NN_MAX_MODEL_BYTES)
    return base_fail(output->error, SCRAWL_LIMIT_EXCEEDED,
                     "the model has %zu bytes, the limit is %zu", writer->size, NN_MAX_MODEL_BYTES);
  return SCRAWL_OK;
}

scrawl_status nn_onnx_write(const nn_graph *graph, const nn_metadata *metadata, void **bytes,
                            size_t *size, base_error *error) {
  *bytes = NULL;
  *size = 0;
  onnx_output output = {.graph = graph, .error = error};
  output.points = base_alloc_zero((size_t)graph->node_count, sizeof *output.points);
  if (!output.points)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to write the model");
  scrawl_status status = write_model(&output, metadata);
  if (status == SCRAWL_OK) {
    *bytes = output.writer.bytes;
    *size = output.writer.size;
  } else {
    base_free(output.writer.bytes);
  }
  base_free(output.points);
  return status;
}
