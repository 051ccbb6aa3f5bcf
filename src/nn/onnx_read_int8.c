/* The quantised parts of ONNX files (onnx_write_int8.c says how they look).
 *
 * QuantizeLinear is no operator of ours: it says of the node before it by which bytes its
 * activation is kept, and DequantizeLinear after it says the same again, or the file is refused.
 * Signed bytes are unsigned ones moved by 128. DequantizeLinear of a stored tensor gives weights;
 * where those are not bytes -127..127, they are read as the floats that they stand for. */
#include <math.h>

#include "nn/onnx_reader.h"

/* ---- stored whole numbers ---- */

static size_t size_of(int type) {
  return type == ONNX_INT8 || type == ONNX_UINT8 ? 1 : type == ONNX_INT32 ? 4 : 0;
}

static int64_t raw_at(const onnx_tensor *tensor, size_t i) {
  const uint8_t *at = tensor->data.at;
  if (tensor->type == ONNX_UINT8) return at[i];
  if (tensor->type == ONNX_INT8) return (int8_t)at[i];
  at += 4 * i;
  return (int32_t)((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
                   (uint32_t)at[3] << 24);
}

float onnx_weight(const onnx_tensor *tensor, const onnx_tensor *scale, size_t i, size_t channel) {
  if (!scale) { /* one scale may stand for all outputs */
    bool one = tensor->data.size == 4;
    return nn_float_at(tensor->data.at, one ? 0 : i);
  }
  double number = (double)raw_at(tensor, i);
  return (float)(number * (double)nn_float_at(scale->data.at, scale->data.size == 4 ? 0 : channel));
}

/* All sides multiplied; false where that is more than a file can hold. */
static bool count_of(const onnx_tensor *tensor, uint64_t *count) {
  *count = 1;
  for (int i = 0; i < tensor->rank; i++)
    if (__builtin_mul_overflow(*count, (uint64_t)tensor->dims[i], count)) return false;
  return *count <= NN_MAX_MODEL_BYTES;
}

/* Number `i` of a tensor that is stored either way; false: it is not there. */
static bool number_at(const onnx_tensor *tensor, size_t i, int64_t *number) {
  uint64_t value = 0;
  if (tensor->data.size > 0) {
    if (!size_of(tensor->type) || tensor->data.size / size_of(tensor->type) <= i) return false;
    *number = raw_at(tensor, i);
    return true;
  }
  nn_bytes left = tensor->varints;
  for (size_t n = 0; n <= i; n++)
    if (!nn_varint_next(&left, &value)) return false;
  *number = (int64_t)value;
  return true;
}

static const onnx_tensor *stored(const onnx_reader *reader, const onnx_node *node, int index) {
  int value = onnx_input(node, index);
  return value < 0 ? NULL : reader->file.values[value].tensor;
}

/* One scale, or `channels` of them. */
static scrawl_status take_scales(onnx_reader *reader, const onnx_node *node, int64_t channels,
                                 const onnx_tensor **scale) {
  const onnx_tensor *tensor = stored(reader, node, 1);
  uint64_t count;
  if (!tensor || tensor->type != ONNX_FLOAT || tensor->rank > 1)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "its scale is not stored as 32-bit floats");
  if (!count_of(tensor, &count) || tensor->data.size != 4 * count)
    return base_fail(reader->error, SCRAWL_BAD_FORMAT, "its scale is damaged");
  if (count != 1 && (channels < 0 || count != (uint64_t)channels))
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     channels < 0 ? "an activation has more than one scale"
                                  : "its scales are not one for each output");
  for (size_t i = 0; i < count; i++) {
    float value = nn_float_at(tensor->data.at, i);
    if (!(value >= 1e-30F && value <= 1e20F))
      return base_fail(reader->error, SCRAWL_BAD_FORMAT, "its scale is %g", (double)value);
  }
  *scale = tensor;
  return SCRAWL_OK;
}

/* ---- weights ---- */

static scrawl_status check_zeros(onnx_reader *reader, const onnx_node *node) {
  const onnx_tensor *zeros = stored(reader, node, 2);
  uint64_t count;
  if (onnx_input(node, 2) < 0) return SCRAWL_OK;
  if (!zeros || !count_of(zeros, &count) || !(zeros->data.size > 0 || zeros->varints.size > 0))
    return base_fail(reader->error, SCRAWL_BAD_FORMAT, "its zero point is missing or damaged");
  bool good = true;
  for (size_t i = 0; good && i < zeros->data.size; i++) good = zeros->data.at[i] == 0;
  nn_bytes left = zeros->varints;
  for (uint64_t value; good && nn_varint_next(&left, &value);) good = value == 0;
  if (good) return SCRAWL_OK;
  return base_fail(reader->error, SCRAWL_UNSUPPORTED, "its weights have a zero point other than 0");
}

static scrawl_status check_numbers(onnx_reader *reader, const onnx_tensor *tensor, int rank,
                                   const int64_t *dims) {
  uint64_t count;
  if (tensor->type != ONNX_INT8 && tensor->type != ONNX_INT32)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     "its weights are neither 8-bit nor 32-bit whole numbers with a sign");
  bool fits = tensor->rank == rank && count_of(tensor, &count);
  for (int i = 0; fits && i < rank; i++) fits = dims[i] < 0 || tensor->dims[i] == dims[i];
  if (!fits)
    return base_fail(reader->error, SCRAWL_BAD_FORMAT, "its weights do not have the right shape");
  if (tensor->data.size != count * size_of(tensor->type))
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "its weights are not stored as raw data");
  return SCRAWL_OK;
}

scrawl_status onnx_take_weights(onnx_reader *reader, const onnx_node *node, int index, int rank,
                                const int64_t *dims, int axis, onnx_weights *weights) {
  int value = onnx_input(node, index);
  *weights = (onnx_weights){0};
  if (value < 0 || reader->points[value].kind != POINT_WEIGHTS)
    return onnx_take_tensor(reader, node, index, rank, dims, &weights->tensor);
  const onnx_node *maker = &reader->file.nodes[reader->points[value].argument];
  const onnx_tensor *tensor = stored(reader, maker, 0);
  int64_t along;
  BASE_TRY(check_numbers(reader, tensor, rank, dims));
  BASE_TRY(take_scales(reader, maker, tensor->dims[axis], &weights->scale));
  BASE_TRY(onnx_attribute_int(maker, "axis", 1, &along, reader->error));
  if (weights->scale->data.size > 4 && along != axis && along != axis - rank)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "its scales are not along its outputs");
  BASE_TRY(check_zeros(reader, maker));
  weights->tensor = tensor;
  weights->int8 = tensor->type == ONNX_INT8;
  for (size_t i = 0; weights->int8 && i < tensor->data.size; i++)
    weights->int8 = tensor->data.at[i] != 0x80;
  return SCRAWL_OK;
}

/* ---- activations ---- */

/* Scale and zero point of a node of the file that works on activations, as of unsigned bytes. */
static scrawl_status take_grid(onnx_reader *reader, const onnx_node *node, float *scale,
                               int *zero_point) {
  const onnx_tensor *scales, *zeros = stored(reader, node, 2);
  int64_t zero = 0;
  BASE_TRY(take_scales(reader, node, -1, &scales));
  bool is_signed = zeros && zeros->type == ONNX_INT8;
  if (onnx_input(node, 2) >= 0 && !(is_signed || (zeros && zeros->type == ONNX_UINT8)))
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "its zero point is not stored as a byte");
  if (zeros && !number_at(zeros, 0, &zero))
    return base_fail(reader->error, SCRAWL_BAD_FORMAT, "its zero point is damaged");
  if (is_signed) zero += 128;
  if (zero < 0 || zero > 255)
    return base_fail(reader->error, SCRAWL_BAD_FORMAT, "its zero point is not a byte");
  *scale = nn_float_at(scales->data.at, 0);
  *zero_point = (int)zero;
  return SCRAWL_OK;
}

static bool on_grid(const nn_node *node, float scale, int zero_point) {
  return node->scale == scale && node->zero_point == zero_point;
}

scrawl_status onnx_read_quantise(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  float scale;
  int zero_point;
  BASE_TRY(onnx_take_settled(reader, node, 0, &x));
  BASE_TRY(take_grid(reader, node, &scale, &zero_point));
  const onnx_value *value = &reader->file.values[node->inputs[0]];
  nn_node *made = &reader->graph->nodes[x->node];
  onnx_point point = *x;
  /* A Reshape is another name for its input. */
  bool shared = value->uses > 1 ||
                (value->maker >= 0 && onnx_equal(reader->file.nodes[value->maker].op, "Reshape"));
  bool other = made->scale > 0 ? !on_grid(made, scale, zero_point) : shared;
  if (other && made->shape.h * made->shape.w == 1) { /* a vector gets a node of its own */
    BASE_TRY(nn_graph_add(reader->graph, (nn_node){.kind = NN_FLATTEN, .input = {x->node, -1}},
                          &point.node, reader->error));
    made = &reader->graph->nodes[point.node];
    other = false;
  }
  if (other)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     "its input is also used without it, or with another scale");
  made->scale = scale;
  made->zero_point = zero_point;
  point.kind = POINT_BYTES;
  reader->points[node->outputs[0]] = point;
  return SCRAWL_OK;
}

scrawl_status onnx_read_dequantise(onnx_reader *reader, const onnx_node *node) {
  int value = onnx_input(node, 0);
  onnx_point point = value < 0 ? (onnx_point){0} : reader->points[value];
  float scale;
  int zero_point;
  if (stored(reader, node, 0)) {
    reader->points[node->outputs[0]] =
        (onnx_point){.kind = POINT_WEIGHTS, .argument = (int)(node - reader->file.nodes)};
    return SCRAWL_OK;
  }
  if (point.kind != POINT_BYTES)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "its input is not quantised");
  BASE_TRY(take_grid(reader, node, &scale, &zero_point));
  if (!on_grid(&reader->graph->nodes[point.node], scale, zero_point))
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     "its scale or zero point is not that of QuantizeLinear before it");
  point.kind = POINT_NODE;
  reader->points[node->outputs[0]] = point;
  return SCRAWL_OK;
}
