/* The operators of ONNX that are understood: for each a rule that checks everything which could
 * change the result, refuses what it does not know, and adds the same operator of ours to the
 * graph. Their meaning is that of https://onnx.ai/onnx/operators/ in the operator sets of
 * onnx_file.h.
 *
 * Reshape to a vector is not a node: it is remembered in the point, and becomes a Flatten only
 * where something other than a dense layer (which flattens by itself) meets it. Likewise a Sigmoid
 * is remembered until Mul makes x * Sigmoid(x) of it. */
#include <string.h>

#include "nn/onnx_reader.h"

typedef scrawl_status onnx_rule(onnx_reader *reader, const onnx_node *node);

/* ---- windows ---- */

static scrawl_status in_range(onnx_reader *reader, const char *what, int count,
                              const int64_t *values, int64_t least, int64_t most) {
  for (int i = 0; i < count; i++)
    if (values[i] < least || values[i] > most)
      return base_fail(reader->error, SCRAWL_UNSUPPORTED, "%s %lld is not between %lld and %lld",
                       what, (long long)values[i], (long long)least, (long long)most);
  return SCRAWL_OK;
}

/* Padding so that the output has ceil(input / stride) pixels; an odd one goes to the end or to the
 * beginning. */
static void pad_same(int64_t input, int64_t kernel, int64_t stride, bool upper, int64_t *before,
                     int64_t *after) {
  int64_t total = ((input + stride - 1) / stride - 1) * stride + kernel - input;
  if (total < 0) total = 0;
  *before = upper ? total / 2 : total - total / 2;
  *after = total - *before;
}

/* kernel_shape (given by the weights of a convolution), strides, pads, dilations, auto_pad. */
static scrawl_status take_window(onnx_reader *reader, const onnx_node *node, nn_shape shape,
                                 int64_t kernel[2], nn_node *made) {
  int64_t strides[2] = {1, 1}, pads[4] = {0}, dilations[2] = {1, 1}, given[2];
  nn_bytes automatic;
  onnx_line line;
  memcpy(given, kernel, sizeof given);
  BASE_TRY(onnx_attribute_ints(node, "kernel_shape", 2, given, reader->error));
  BASE_TRY(onnx_attribute_ints(node, "strides", 2, strides, reader->error));
  BASE_TRY(onnx_attribute_ints(node, "pads", 4, pads, reader->error));
  BASE_TRY(onnx_attribute_ints(node, "dilations", 2, dilations, reader->error));
  BASE_TRY(onnx_attribute_text(node, "auto_pad", "NOTSET", &automatic, reader->error));
  if (kernel[0] != 0 && (kernel[0] != given[0] || kernel[1] != given[1]))
    return base_fail(reader->error, SCRAWL_BAD_FORMAT, "kernel_shape does not fit the weights");
  BASE_TRY(in_range(reader, "kernel side", 2, given, 1, NN_MAX_KERNEL));
  BASE_TRY(in_range(reader, "stride", 2, strides, 1, NN_MAX_SIDE));
  BASE_TRY(in_range(reader, "padding", 4, pads, 0, NN_MAX_KERNEL));
  BASE_TRY(in_range(reader, "dilation", 2, dilations, 1, 1));
  bool upper = onnx_equal(automatic, "SAME_UPPER");
  if (upper || onnx_equal(automatic, "SAME_LOWER")) {
    pad_same(shape.h, given[0], strides[0], upper, &pads[0], &pads[2]);
    pad_same(shape.w, given[1], strides[1], upper, &pads[1], &pads[3]);
  } else if (onnx_equal(automatic, "VALID")) {
    memset(pads, 0, sizeof pads);
  } else if (!onnx_equal(automatic, "NOTSET")) {
    return base_fail(reader->error, SCRAWL_BAD_FORMAT, "auto_pad is \"%s\"",
                     onnx_print(automatic, &line));
  }
  made->window.kernel_h = (int)given[0];
  made->window.kernel_w = (int)given[1];
  made->window.stride_h = (int)strides[0];
  made->window.stride_w = (int)strides[1];
  made->window.pad_top = (int)pads[0];
  made->window.pad_left = (int)pads[1];
  made->pad_bottom = (int)pads[2];
  made->pad_right = (int)pads[3];
  return SCRAWL_OK;
}

/* What makes a layer of bytes: the scales of its weights. */
static void note_scales(onnx_reader *reader, const onnx_weights *weights, const nn_node *added) {
  if (!weights->int8) return;
  onnx_note(reader, (onnx_fill){.tensor = weights->scale,
                                .target = FILL_SCALES,
                                .offset = added->scales_offset,
                                .order = {1, 1, added->shape.c}});
}
/* In one group, or depthwise: each channel a group of its own, with one filter. */
static scrawl_status read_conv(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  onnx_weights weights, bias = {0};
  int64_t group, dims[4] = {-1, -1, -1, -1};
  BASE_TRY(onnx_take_picture(reader, node, &x));
  BASE_TRY(onnx_attribute_int(node, "group", 1, &group, reader->error));
  int64_t channels = onnx_shape(reader, x).c;
  bool depthwise = group != 1;
  if (depthwise && group != channels)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     "group %lld is neither 1 nor the number of channels, %lld", (long long)group,
                     (long long)channels);
  dims[1] = depthwise ? 1 : channels;
  BASE_TRY(onnx_take_weights(reader, node, 1, 4, dims, 0, &weights));
  const int64_t *sides = weights.tensor->dims;
  int64_t outputs = sides[0], kernel[2] = {sides[2], sides[3]};
  if (onnx_input(node, 2) >= 0) BASE_TRY(onnx_take_weights(reader, node, 2, 1, &outputs, 0, &bias));
  BASE_TRY(in_range(reader, "number of filters", 1, &outputs, 1, NN_MAX_CHANNELS));
  if (depthwise && outputs != channels)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     "%lld filters for %lld channels in as many groups are not supported",
                     (long long)outputs, (long long)channels);
  BASE_TRY(in_range(reader, "kernel side", 2, kernel, 1, NN_MAX_KERNEL));
  nn_node made = {.kind = depthwise ? NN_DEPTHWISE : NN_CONV,
                  .input = {x->node, -1},
                  .bias = bias.tensor != NULL,
                  .int8_weights = weights.int8};
  BASE_TRY(take_window(reader, node, onnx_shape(reader, x), kernel, &made));
  made.window.out_c = (int)outputs;
  const nn_node *added;
  BASE_TRY(onnx_give(reader, node, made, x, &added));
  size_t offset = added->parameter_offset;
  nn_window window = added->window;
  if (depthwise) window.in_c = 1;
  onnx_note(reader, (onnx_fill){.tensor = weights.tensor,
                                .scale = weights.scale,
                                .layout = FILL_FILTERS,
                                .offset = offset,
                                .window = window});
  note_scales(reader, &weights, added);
  if (bias.tensor)
    onnx_note(reader, (onnx_fill){.tensor = bias.tensor,
                                  .scale = bias.scale,
                                  .offset = offset + added->parameter_count - (size_t)outputs,
                                  .order = {1, 1, (int)outputs}});
  return SCRAWL_OK;
}

static scrawl_status read_pool(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  int64_t ceiling, unused, padded, kernel[2] = {0, 0};
  BASE_TRY(onnx_take_picture(reader, node, &x));
  nn_shape shape = onnx_shape(reader, x);
  nn_node made = {.kind = onnx_equal(node->op, "MaxPool") ? NN_MAX_POOL : NN_AVERAGE_POOL,
                  .input = {x->node, -1}};
  BASE_TRY(take_window(reader, node, shape, kernel, &made));
  BASE_TRY(onnx_attribute_int(node, "ceil_mode", 0, &ceiling, reader->error));
  BASE_TRY(onnx_attribute_int(node, "count_include_pad", 0, &padded, reader->error));
  BASE_TRY(onnx_attribute_int(node, "storage_order", 0, &unused, reader->error));
  const nn_window *window = &made.window;
  bool pads = window->pad_top || window->pad_left || made.pad_bottom || made.pad_right;
  if (padded && pads)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "count_include_pad is not supported");
  int rest_h = shape.h + window->pad_top + made.pad_bottom - window->kernel_h;
  int rest_w = shape.w + window->pad_left + made.pad_right - window->kernel_w;
  if (ceiling && (rest_h % window->stride_h || rest_w % window->stride_w))
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "ceil_mode is not supported");
  return onnx_give(reader, node, made, x, NULL);
}

static scrawl_status read_global_average(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  BASE_TRY(onnx_take_picture(reader, node, &x));
  return onnx_give(reader, node, (nn_node){.kind = NN_GLOBAL_AVERAGE, .input = {x->node, -1}}, x,
                   NULL);
}

/* ---- dense ---- */

/* A stored vector [columns] or [1, columns] that is added to every row. */
static scrawl_status take_bias(onnx_reader *reader, const onnx_node *node, int index,
                               int64_t columns, onnx_weights *bias) {
  const onnx_tensor *tensor = reader->file.values[onnx_input(node, index)].tensor;
  int64_t dims[2] = {1, columns};
  bool matrix = tensor && tensor->rank == 2;
  return onnx_take_weights(reader, node, index, matrix ? 2 : 1, matrix ? dims : &columns, matrix,
                           bias);
}

static scrawl_status add_dense(onnx_reader *reader, const onnx_node *node, const onnx_node *last,
                               const onnx_point *x, const onnx_weights *weights, bool transposed,
                               const onnx_weights *bias) {
  int columns = (int)weights->tensor->dims[transposed ? 0 : 1];
  nn_node made = {.kind = NN_DENSE,
                  .input = {x->node, -1},
                  .channels = columns,
                  .bias = bias->tensor != NULL,
                  .int8_weights = weights->int8};
  onnx_point like = {.kind = POINT_NODE, .flat = true, .order = {1, 1, columns}};
  const nn_node *added;
  BASE_TRY(onnx_give(reader, node, made, &like, &added));
  reader->points[last->outputs[0]] = reader->points[node->outputs[0]];
  size_t offset = added->parameter_offset;
  onnx_note(reader, (onnx_fill){.tensor = weights->tensor,
                                .scale = weights->scale,
                                .layout = transposed ? FILL_MATRIX_TRANSPOSED : FILL_MATRIX,
                                .offset = offset,
                                .order = x->order,
                                .columns = (size_t)columns});
  note_scales(reader, weights, added);
  if (bias->tensor)
    onnx_note(reader, (onnx_fill){.tensor = bias->tensor,
                                  .scale = bias->scale,
                                  .offset = offset + added->parameter_count - (size_t)columns,
                                  .order = {1, 1, columns}});
  return SCRAWL_OK;
}

static scrawl_status take_matrix(onnx_reader *reader, const onnx_node *node, const onnx_point *x,
                                 bool transposed, onnx_weights *weights, int64_t *columns) {
  int64_t dims[2] = {-1, -1};
  dims[transposed] = (int64_t)nn_shape_floats(onnx_shape(reader, x));
  BASE_TRY(onnx_take_weights(reader, node, 1, 2, dims, !transposed, weights));
  *columns = weights->tensor->dims[!transposed];
  return in_range(reader, "number of outputs", 1, columns, 1, NN_MAX_CHANNELS);
}

static scrawl_status read_gemm(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  onnx_weights weights, bias = {0};
  int64_t first, transposed, columns;
  float alpha, beta;
  BASE_TRY(onnx_take_flat(reader, node, &x));
  BASE_TRY(onnx_attribute_int(node, "transA", 0, &first, reader->error));
  BASE_TRY(onnx_attribute_int(node, "transB", 0, &transposed, reader->error));
  BASE_TRY(onnx_attribute_float(node, "alpha", 1, &alpha, reader->error));
  BASE_TRY(onnx_attribute_float(node, "beta", 1, &beta, reader->error));
  if (first != 0 || alpha != 1 || beta != 1)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     "transA other than 0, alpha or beta other than 1 are not supported");
  BASE_TRY(take_matrix(reader, node, x, transposed != 0, &weights, &columns));
  if (onnx_input(node, 2) >= 0) BASE_TRY(take_bias(reader, node, 2, columns, &bias));
  return add_dense(reader, node, node, x, &weights, transposed != 0, &bias);
}

/* With the Add of a stored vector that follows it, if one does and nothing else needs the sum
 * without it. */
static scrawl_status read_matmul(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  onnx_weights weights, bias = {0};
  const onnx_node *last = node;
  int64_t columns;
  BASE_TRY(onnx_take_flat(reader, node, &x));
  BASE_TRY(take_matrix(reader, node, x, false, &weights, &columns));
  const onnx_value *product = &reader->file.values[node->outputs[0]];
  const onnx_node *next = product->user < 0 ? NULL : &reader->file.nodes[product->user];
  if (next && product->uses == 1 && onnx_equal(next->op, "Add") && next->input_count == 2) {
    int other = next->inputs[0] == node->outputs[0];
    if (next->inputs[other] >= 0 && reader->file.values[next->inputs[other]].tensor) {
      BASE_TRY(take_bias(reader, next, other, columns, &bias));
      last = next;
    }
  }
  return add_dense(reader, node, last, x, &weights, false, &bias);
}

/* ---- everything else ---- */

static scrawl_status read_add(onnx_reader *reader, const onnx_node *node) {
  onnx_point *a, *b;
  if (reader->points[node->outputs[0]].kind == POINT_NODE) return SCRAWL_OK; /* was a bias */
  BASE_TRY(onnx_take_settled(reader, node, 0, &a));
  BASE_TRY(onnx_take_settled(reader, node, 1, &b));
  bool same = a->flat == b->flat;
  if (same && a->flat)
    same = memcmp(&a->order, &b->order, sizeof a->order) == 0 ||
           (onnx_order_equal(a->order) && onnx_order_equal(b->order));
  if (!same)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "its inputs are of different shape");
  return onnx_give(reader, node, (nn_node){.kind = NN_ADD, .input = {a->node, b->node}}, a, NULL);
}

static scrawl_status read_relu(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  BASE_TRY(onnx_take_settled(reader, node, 0, &x));
  return onnx_give(reader, node, (nn_node){.kind = NN_RELU, .input = {x->node, -1}}, x, NULL);
}

static scrawl_status read_sigmoid(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  BASE_TRY(onnx_take_settled(reader, node, 0, &x));
  reader->points[node->outputs[0]] =
      (onnx_point){.kind = POINT_SIGMOID, .argument = node->inputs[0]};
  return SCRAWL_OK;
}

/* x * Sigmoid(x), or x times a stored number. */
static scrawl_status read_mul(onnx_reader *reader, const onnx_node *node) {
  for (int i = 0; i < 2 && node->input_count == 2; i++) {
    int x = node->inputs[i], sigmoid = node->inputs[!i];
    if (x < 0 || sigmoid < 0 || reader->points[sigmoid].kind != POINT_SIGMOID) continue;
    if (reader->points[sigmoid].argument != x) continue;
    const onnx_point *point = &reader->points[x];
    return onnx_give(reader, node, (nn_node){.kind = NN_SILU, .input = {point->node, -1}}, point,
                     NULL);
  }
  for (int i = 0; i < 2 && node->input_count == 2; i++) {
    int value = node->inputs[i];
    const onnx_tensor *tensor = value < 0 ? NULL : reader->file.values[value].tensor;
    if (!tensor || tensor->rank > 1) continue;
    const int64_t one = 1;
    onnx_point *x;
    BASE_TRY(onnx_take_tensor(reader, node, i, tensor->rank, &one, &tensor));
    BASE_TRY(onnx_take_settled(reader, node, !i, &x));
    nn_node made = {.kind = NN_SCALE, .input = {x->node, -1}};
    made.rate = nn_float_at(tensor->data.at, 0);
    return onnx_give(reader, node, made, x, NULL);
  }
  return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                   "Mul is supported only as x * Sigmoid(x) and as x times one stored number");
}

static scrawl_status read_dropout(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  float ratio;
  BASE_TRY(onnx_take_settled(reader, node, 0, &x));
  BASE_TRY(onnx_take_number(reader, node, 1, 0.5f, &ratio));
  int training = onnx_input(node, 2);
  const onnx_tensor *flag = training < 0 ? NULL : reader->file.values[training].tensor;
  bool off = flag && flag->type == ONNX_BOOL && flag->data.size == 1 && flag->data.at[0] == 0;
  if (training >= 0 && !off)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "it is switched to training");
  return onnx_give(reader, node,
                   (nn_node){.kind = NN_DROPOUT, .input = {x->node, -1}, .rate = ratio}, x, NULL);
}

static scrawl_status read_batch_norm(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  nn_node made = {.kind = NN_BATCH_NORM};
  int64_t training;
  const onnx_tensor *tensors[4];
  BASE_TRY(onnx_take_settled(reader, node, 0, &x));
  BASE_TRY(onnx_attribute_float(node, "epsilon", 1e-5f, &made.epsilon, reader->error));
  BASE_TRY(onnx_attribute_float(node, "momentum", 0.9f, &made.momentum, reader->error));
  BASE_TRY(onnx_attribute_int(node, "training_mode", 0, &training, reader->error));
  BASE_TRY(in_range(reader, "training_mode", 1, &training, 0, 0));
  int64_t channels = onnx_shape(reader, x).c;
  for (int i = 0; i < 4; i++)
    BASE_TRY(onnx_take_tensor(reader, node, i + 1, 1, &channels, &tensors[i]));
  for (size_t i = 0; i < (size_t)channels; i++)
    if (nn_float_at(tensors[3]->data.at, i) < 0)
      return base_fail(reader->error, SCRAWL_BAD_FORMAT, "variance %zu is negative", i);
  made.input[0] = x->node;
  made.input[1] = -1;
  const nn_node *added;
  BASE_TRY(onnx_give(reader, node, made, x, &added));
  for (int i = 0; i < 4; i++)
    onnx_note(reader,
              (onnx_fill){.tensor = tensors[i],
                          .target = i < 2 ? FILL_PARAMETERS : FILL_STATE,
                          .offset = (i < 2 ? added->parameter_offset : added->state_offset) +
                                    (size_t)(i % 2) * (size_t)channels,
                          .order = x->flat ? x->order : (nn_shape){1, 1, (int)channels}});
  return SCRAWL_OK;
}

static scrawl_status read_flatten(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  int64_t axis;
  BASE_TRY(onnx_take_settled(reader, node, 0, &x));
  BASE_TRY(onnx_attribute_int(node, "axis", 1, &axis, reader->error));
  BASE_TRY(in_range(reader, "axis", 1, &axis, 1, 1));
  onnx_point like = {
      .kind = POINT_NODE, .flat = true, .order = x->flat ? x->order : onnx_shape(reader, x)};
  return onnx_give(reader, node, (nn_node){.kind = NN_FLATTEN, .input = {x->node, -1}}, &like,
                   NULL);
}

/* To [N, c], or a vector to [N, c, 1, 1]: nothing to compute. */
static scrawl_status read_reshape(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  int64_t zero, dims[4] = {0};
  BASE_TRY(onnx_take(reader, node, 0, &x));
  BASE_TRY(onnx_attribute_int(node, "allowzero", 0, &zero, reader->error));
  BASE_TRY(in_range(reader, "allowzero", 1, &zero, 0, 0));
  int shape = onnx_input(node, 1);
  const onnx_tensor *tensor = shape < 0 ? NULL : reader->file.values[shape].tensor;
  if (!tensor)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "its shape is computed, not stored");
  int rank = tensor->rank == 1 && tensor->dims[0] == 4 ? 4 : 2;
  BASE_TRY(onnx_tensor_ints(tensor, rank, dims, reader->error));
  int64_t floats = (int64_t)nn_shape_floats(onnx_shape(reader, x)),
          batch = reader->file.input_dims[0];
  bool fits = dims[1] == floats || (dims[1] == -1 && dims[0] != -1);
  fits = fits && (dims[0] == 0 || dims[0] == -1 || (dims[0] == batch && batch > 0));
  if (rank == 4)
    fits = fits && dims[2] == 1 && dims[3] == 1 && x->flat && onnx_order_equal(x->order);
  if (!fits)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     "only a reshape to [N, %lld] is supported here", (long long)floats);
  if (rank == 4) BASE_TRY(onnx_take_settled(reader, node, 0, &x));
  onnx_point point = *x;
  point.flat = rank == 2;
  if (!x->flat) point.order = onnx_shape(reader, x);
  reader->points[node->outputs[0]] = point;
  return SCRAWL_OK;
}

static scrawl_status read_softmax(onnx_reader *reader, const onnx_node *node) {
  onnx_point *x;
  int64_t axis;
  BASE_TRY(onnx_take_settled(reader, node, 0, &x));
  BASE_TRY(onnx_attribute_int(node, "axis", -1, &axis, reader->error));
  if (axis != 1 && axis != (x->flat ? -1 : -3))
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "only axis 1 is supported, not %lld",
                     (long long)axis);
  return onnx_give(reader, node, (nn_node){.kind = NN_SOFTMAX, .input = {x->node, -1}}, x, NULL);
}

/* ---- the table ---- */

#define WINDOW_ATTRIBUTES "kernel_shape strides pads dilations auto_pad "

static const struct {
  const char *op;
  onnx_rule *rule;
  const char *attributes; /* those whose meaning is checked */
} RULES[] = {
    {"Add", read_add, ""},
    {"AveragePool", read_pool, WINDOW_ATTRIBUTES "ceil_mode count_include_pad"},
    {"BatchNormalization", read_batch_norm, "epsilon momentum training_mode"},
    {"Conv", read_conv, WINDOW_ATTRIBUTES "group"},
    {"DequantizeLinear", onnx_read_dequantise, "axis"},
    {"Dropout", read_dropout, "seed"},
    {"Flatten", read_flatten, "axis"},
    {"Gemm", read_gemm, "transA transB alpha beta"},
    {"GlobalAveragePool", read_global_average, ""},
    {"MatMul", read_matmul, ""},
    {"MaxPool", read_pool, WINDOW_ATTRIBUTES "ceil_mode storage_order"},
    {"Mul", read_mul, ""},
    {"QuantizeLinear", onnx_read_quantise, "axis"},
    {"Relu", read_relu, ""},
    {"Reshape", read_reshape, "allowzero"},
    {"Sigmoid", read_sigmoid, ""},
    {"Softmax", read_softmax, "axis"},
};

scrawl_status onnx_rule_apply(onnx_reader *reader, const onnx_node *node) {
  onnx_line line;
  if (node->domain.size == 0 || onnx_equal(node->domain, "ai.onnx"))
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++)
      if (onnx_equal(node->op, RULES[i].op)) {
        BASE_TRY(onnx_attributes_known(node, RULES[i].attributes, reader->error));
        return RULES[i].rule(reader, node);
      }
  return base_fail(reader->error, SCRAWL_UNSUPPORTED, "the operator %s is not supported",
                   onnx_print(node->op, &line));
}
