/* The quantised parts of ONNX files: QuantizeLinear and DequantizeLinear (QDQ, the form that other
 * programs write and run).
 *
 * An activation kept as bytes goes through QuantizeLinear, which makes the bytes, and
 * DequantizeLinear, which says what they mean; whoever runs the file joins the operators between
 * them into ones of bytes. Weights are stored as int8 with a scale for each output and biases as
 * int32 with the product of both scales, each followed by a DequantizeLinear. All zero points of
 * weights are 0. */
#include <math.h>
#include <string.h>

#include "nn/onnx_writer.h"

static void put_scales(nn_writer *writer, const char *name, int rank, size_t count,
                       const float *scales, double factor) {
  size_t mark = onnx_put_tensor(writer, name, ONNX_FLOAT, rank, (int[]){(int)count});
  uint8_t *at = nn_write_floats(writer, TENSOR_RAW_DATA, count);
  for (size_t i = 0; at && i < count; i++) nn_put_float(at, i, (float)((double)scales[i] * factor));
  nn_write_end(writer, mark);
}

static void put_zeros(nn_writer *writer, const char *name, onnx_data_type type, size_t count) {
  size_t bytes = count * (type == ONNX_INT32 ? 4 : 1);
  size_t mark = onnx_put_tensor(writer, name, type, 1, (int[]){(int)count});
  uint8_t *at = nn_write_room(writer, TENSOR_RAW_DATA, bytes);
  if (at) memset(at, 0, bytes);
  nn_write_end(writer, mark);
}

static void put_dequantise(nn_writer *writer, const char *from, const char *scale, const char *zero,
                           int axis, const char *to) {
  onnx_name_text name;
  onnx_join(name, to, "dequantise");
  size_t mark = onnx_put_node(writer, "DequantizeLinear", name,
                              (const char *[]){from, scale, zero, NULL}, to);
  if (axis >= 0) onnx_put_int(writer, "axis", axis);
  nn_write_end(writer, mark);
}

void onnx_put_activation(nn_writer *writer, const nn_node *node, onnx_point *point,
                         const char *output) {
  onnx_name_text scale, zero, bytes, quantise, dequantised;
  onnx_join(scale, point->name, "bytes_scale");
  onnx_join(zero, point->name, "bytes_zero");
  onnx_join(bytes, point->name, "bytes");
  onnx_join(quantise, point->name, "quantise");
  onnx_join(dequantised, point->name, "dequantised");
  put_scales(writer, scale, 0, 1, &node->scale, 1);
  size_t mark = onnx_put_tensor(writer, zero, ONNX_UINT8, 0, NULL);
  nn_write_bytes(writer, TENSOR_RAW_DATA, &(uint8_t){(uint8_t)node->zero_point}, 1);
  nn_write_end(writer, mark);
  mark = onnx_put_node(writer, "QuantizeLinear", quantise,
                       (const char *[]){point->name, scale, zero, NULL}, bytes);
  nn_write_end(writer, mark);
  strcpy(point->name, output ? output : dequantised);
  put_dequantise(writer, bytes, scale, zero, -1, point->name);
}

static uint8_t weight_of(const nn_graph *graph, const nn_node *node, size_t at, size_t channel) {
  return (uint8_t)lrint((double)graph->parameters[node->parameter_offset + at] /
                        (double)graph->scales[node->scales_offset + channel]);
}

/* The scales and zeros of the weights `bytes`, and the node that makes `name` of them. */
static void put_weights_end(nn_writer *writer, const nn_graph *graph, const nn_node *node,
                            const char *bytes, int axis, const char *name) {
  onnx_name_text scale, zero;
  size_t channels = (size_t)node->shape.c;
  onnx_join(scale, name, "scale");
  onnx_join(zero, name, "zero");
  put_scales(writer, scale, 1, channels, graph->scales + node->scales_offset, 1);
  put_zeros(writer, zero, ONNX_INT8, channels);
  put_dequantise(writer, bytes, scale, zero, axis, name);
}

/* [ky][kx][ci][co] to [co][ci][ky][kx] */
void onnx_put_int8_filters(nn_writer *writer, const nn_graph *graph, const nn_node *node,
                           const char *name) {
  const nn_window *w = &node->window;
  size_t area = (size_t)w->kernel_h * (size_t)w->kernel_w, in = (size_t)w->in_c,
         out = (size_t)w->out_c;
  onnx_name_text bytes;
  onnx_join(bytes, name, "bytes");
  size_t mark = onnx_put_tensor(writer, bytes, ONNX_INT8, 4,
                                (int[]){w->out_c, w->in_c, w->kernel_h, w->kernel_w});
  uint8_t *at = nn_write_room(writer, TENSOR_RAW_DATA, area * in * out);
  for (size_t o = 0; at && o < out; o++)
    for (size_t i = 0; i < in; i++)
      for (size_t k = 0; k < area; k++) *at++ = weight_of(graph, node, (k * in + i) * out + o, o);
  nn_write_end(writer, mark);
  put_weights_end(writer, graph, node, bytes, 0, name);
}

/* [ci][co], rows in ONNX's order */
void onnx_put_int8_matrix(nn_writer *writer, const nn_graph *graph, const nn_node *node,
                          nn_shape order, const char *name) {
  size_t rows = nn_shape_floats(order), columns = (size_t)node->shape.c;
  onnx_name_text bytes;
  onnx_join(bytes, name, "bytes");
  size_t mark = onnx_put_tensor(writer, bytes, ONNX_INT8, 2, (int[]){(int)rows, (int)columns});
  uint8_t *at = nn_write_room(writer, TENSOR_RAW_DATA, rows * columns);
  for (size_t i = 0; at && i < rows; i++)
    for (size_t j = 0; j < columns; j++)
      at[onnx_order(order, i) * columns + j] = weight_of(graph, node, i * columns + j, j);
  nn_write_end(writer, mark);
  put_weights_end(writer, graph, node, bytes, 1, name);
}

void onnx_put_int8_bias(nn_writer *writer, const nn_graph *graph, const nn_node *node,
                        const char *name) {
  size_t channels = (size_t)node->shape.c;
  double input = (double)graph->nodes[node->input[0]].scale;
  const float *scales = graph->scales + node->scales_offset;
  const float *bias = graph->parameters + node->parameter_offset + node->parameter_count - channels;
  onnx_name_text ints, scale, zero;
  onnx_join(ints, name, "ints");
  onnx_join(scale, name, "scale");
  onnx_join(zero, name, "zero");
  size_t mark = onnx_put_tensor(writer, ints, ONNX_INT32, 1, (int[]){(int)channels});
  uint8_t *at = nn_write_room(writer, TENSOR_RAW_DATA, 4 * channels);
  for (size_t c = 0; at && c < channels; c++) {
    double whole = nearbyint((double)bias[c] / ((double)scales[c] * input));
    uint32_t value = (uint32_t)(int32_t)fmax(-0x1p30, fmin(0x1p30, whole));
    for (size_t i = 0; i < 4; i++) at[4 * c + i] = (uint8_t)(value >> (8 * i));
  }
  nn_write_end(writer, mark);
  put_scales(writer, scale, 1, channels, scales, input);
  put_zeros(writer, zero, ONNX_INT32, channels);
  put_dequantise(writer, ints, scale, zero, 0, name);
}
