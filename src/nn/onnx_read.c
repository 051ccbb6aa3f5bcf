/* ONNX to networks.
 *
 * The file is taken apart first (onnx_file.c); then each live node is understood by the rule of its
 * operator (onnx_rules.c). Weights are only checked and noted while the graph is built, so that
 * memory is given out for no more parameters than the file really holds; then they are copied,
 * turned from ONNX's order into ours. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/onnx_reader.h"

/* ---- inputs and outputs of nodes ---- */

int onnx_input(const onnx_node *node, int index) {
  return index < node->input_count ? node->inputs[index] : -1;
}

nn_shape onnx_shape(const onnx_reader *reader, const onnx_point *point) {
  return reader->graph->nodes[point->node].shape;
}

static scrawl_status add_node(onnx_reader *reader, nn_node node, int *index) {
  return nn_graph_add(reader->graph, node, index, reader->error);
}

scrawl_status onnx_take(onnx_reader *reader, const onnx_node *node, int index, onnx_point **point) {
  int value = onnx_input(node, index);
  *point = value < 0 ? NULL : &reader->points[value];
  if (*point && (*point)->kind == POINT_NODE) return SCRAWL_OK;
  if (*point && (*point)->kind == POINT_SIGMOID)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     "Sigmoid is supported only as x * Sigmoid(x)");
  if (*point && (reader->file.values[value].tensor || (*point)->kind == POINT_WEIGHTS))
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "its input %d is a constant", index);
  if (*point && (*point)->kind == POINT_BYTES)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     "its input %d is quantised; DequantizeLinear should stand between", index);
  return base_fail(reader->error, SCRAWL_BAD_FORMAT, "its input %d is missing", index);
}

scrawl_status onnx_take_picture(onnx_reader *reader, const onnx_node *node, onnx_point **point) {
  BASE_TRY(onnx_take(reader, node, 0, point));
  if (!(*point)->flat) return SCRAWL_OK;
  return base_fail(reader->error, SCRAWL_BAD_FORMAT,
                   "its input is a flat vector, not a picture [N, c, h, w]");
}

scrawl_status onnx_take_flat(onnx_reader *reader, const onnx_node *node, onnx_point **point) {
  BASE_TRY(onnx_take(reader, node, 0, point));
  if ((*point)->flat) return SCRAWL_OK;
  return base_fail(reader->error, SCRAWL_UNSUPPORTED, "its input is not a flat vector [N, c]");
}

scrawl_status onnx_take_settled(onnx_reader *reader, const onnx_node *node, int index,
                                onnx_point **point) {
  BASE_TRY(onnx_take(reader, node, index, point));
  nn_shape shape = onnx_shape(reader, *point);
  if (!(*point)->flat || shape.h * shape.w == 1) return SCRAWL_OK;
  return add_node(reader, (nn_node){.kind = NN_FLATTEN, .input = {(*point)->node, -1}},
                  &(*point)->node);
}

scrawl_status onnx_give(onnx_reader *reader, const onnx_node *node, nn_node made,
                        const onnx_point *like, const nn_node **added) {
  onnx_point point = *like;
  BASE_TRY(add_node(reader, made, &point.node));
  reader->points[node->outputs[0]] = point;
  if (added) *added = &reader->graph->nodes[point.node];
  return SCRAWL_OK;
}

/* ---- weights ---- */

scrawl_status onnx_take_tensor(onnx_reader *reader, const onnx_node *node, int index, int rank,
                               const int64_t *dims, const onnx_tensor **tensor) {
  int value = onnx_input(node, index);
  const onnx_tensor *found = value < 0 ? NULL : reader->file.values[value].tensor;
  *tensor = found;
  onnx_line line;
  if (value < 0)
    return base_fail(reader->error, SCRAWL_BAD_FORMAT, "its input %d is missing", index);
  const char *name = onnx_print(reader->file.values[value].name, &line);
  if (!found)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "\"%s\" is computed, not stored", name);
  if (found->type != ONNX_FLOAT)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "\"%s\" does not hold 32-bit floats", name);
  uint64_t bytes = 4;
  bool fits = found->rank == rank;
  for (int i = 0; fits && i < rank; i++)
    fits = (dims[i] < 0 || found->dims[i] == dims[i]) &&
           !__builtin_mul_overflow(bytes, (uint64_t)found->dims[i], &bytes);
  if (!fits)
    return base_fail(reader->error, SCRAWL_BAD_FORMAT, "\"%s\" does not have the right shape",
                     name);
  if (found->data.size != bytes)
    return base_fail(reader->error, SCRAWL_BAD_FORMAT,
                     "\"%s\" has %zu bytes of data where its shape wants %llu", name,
                     found->data.size, (unsigned long long)bytes);
  for (size_t i = 0; i < bytes / 4; i++)
    if (!isfinite(nn_float_at(found->data.at, i)))
      return base_fail(reader->error, SCRAWL_BAD_FORMAT, "\"%s\": number %zu is not finite", name,
                       i);
  return SCRAWL_OK;
}

void onnx_note(onnx_reader *reader, onnx_fill fill) {
  reader->fills[reader->fill_count++] = fill;
}

scrawl_status onnx_take_number(onnx_reader *reader, const onnx_node *node, int index,
                               float otherwise, float *number) {
  const onnx_tensor *tensor;
  *number = otherwise;
  if (onnx_input(node, index) < 0) return SCRAWL_OK;
  BASE_TRY(onnx_take_tensor(reader, node, index, 0, NULL, &tensor));
  *number = nn_float_at(tensor->data.at, 0);
  return SCRAWL_OK;
}

/* ---- the whole ---- */

/* [N, c, h, w], or [N, c]. */
static scrawl_status start(onnx_reader *reader) {
  const onnx_file *file = &reader->file;
  int64_t sides[4] = {0, 0, 1, 1};
  memcpy(sides, file->input_dims, (size_t)file->input_rank * sizeof *sides);
  if (file->input_rank != 2 && file->input_rank != 4)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "the input's shape is not [N, c, h, w]");
  if (sides[1] < 1 || sides[2] < 1 || sides[3] < 1)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     "the input's channels, height and width must be fixed");
  if (sides[1] > NN_MAX_CHANNELS || sides[2] > NN_MAX_SIDE || sides[3] > NN_MAX_SIDE)
    return base_fail(reader->error, SCRAWL_LIMIT_EXCEEDED,
                     "the input's shape is larger than the limit of %d x %d x %d", NN_MAX_CHANNELS,
                     NN_MAX_SIDE, NN_MAX_SIDE);
  nn_shape shape = {(int)sides[2], (int)sides[3], (int)sides[1]};
  reader->points[file->input] =
      (onnx_point){.kind = POINT_NODE, .flat = file->input_rank == 2, .order = shape};
  return nn_graph_create(shape, &reader->graph, reader->error);
}

static scrawl_status build(onnx_reader *reader) {
  const onnx_file *file = &reader->file;
  reader->points = base_alloc_zero((size_t)file->value_count, sizeof *reader->points);
  reader->fills = base_alloc((size_t)file->node_count * ONNX_MAX_FILLS, sizeof *reader->fills);
  if (!reader->points || !reader->fills)
    return base_fail(reader->error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the network");
  BASE_TRY(start(reader));
  for (int i = 0; i < file->node_count; i++) {
    const onnx_node *node = &file->nodes[i];
    if (!node->live) continue;
    scrawl_status status = onnx_rule_apply(reader, node);
    if (status == SCRAWL_INVALID_ARGUMENT) status = SCRAWL_BAD_FORMAT; /* said of a file */
    onnx_line line[2];
    BASE_TRY(base_fail_within(reader->error, status, "node %s \"%s\"",
                              onnx_print(node->op, &line[0]), onnx_print(node->name, &line[1])));
  }
  const onnx_point *end = &reader->points[file->output];
  if (end->kind != POINT_NODE)
    return base_fail(reader->error, SCRAWL_UNSUPPORTED,
                     "the output is not that of a known operator");
  if (end->flat && !onnx_order_equal(end->order))
    return base_fail(reader->error, SCRAWL_UNSUPPORTED, "the output is a flattened picture");
  return nn_graph_finish(reader->graph, reader->error);
}

static void fill(onnx_reader *reader, const onnx_fill *fill) {
  const onnx_tensor *from = fill->tensor, *scale = fill->scale;
  const nn_graph *graph = reader->graph;
  float *const targets[] = {graph->parameters, graph->state, graph->scales};
  float *to = targets[fill->target] + fill->offset;
  const nn_window *window = &fill->window;
  size_t rows = nn_shape_floats(fill->order), columns = fill->columns, n = 0;
  size_t area = (size_t)window->kernel_h * (size_t)window->kernel_w;
  size_t in = (size_t)window->in_c, out = (size_t)window->out_c;
  switch (fill->layout) {
  case FILL_VECTOR:
    for (size_t i = 0; i < rows; i++) {
      size_t at = onnx_order(fill->order, i);
      to[i] = onnx_weight(from, scale, at, at);
    }
    break;
  case FILL_FILTERS:
    for (size_t o = 0; o < out; o++)
      for (size_t i = 0; i < in; i++)
        for (size_t k = 0; k < area; k++)
          to[(k * in + i) * out + o] = onnx_weight(from, scale, n++, o);
    break;
  case FILL_MATRIX:
    for (size_t i = 0; i < rows; i++)
      for (size_t j = 0; j < columns; j++)
        to[i * columns + j] = onnx_weight(from, scale, onnx_order(fill->order, i) * columns + j, j);
    break;
  case FILL_MATRIX_TRANSPOSED:
    for (size_t i = 0; i < rows; i++)
      for (size_t j = 0; j < columns; j++)
        to[i * columns + j] = onnx_weight(from, scale, j * rows + onnx_order(fill->order, i), j);
    break;
  }
}

scrawl_status nn_onnx_read(const void *bytes, size_t size, nn_graph **graph, nn_metadata *metadata,
                           base_error *error) {
  onnx_reader reader = {.error = error};
  *graph = NULL;
  *metadata = (nn_metadata){0};
  scrawl_status status = onnx_file_open((nn_bytes){bytes, size}, &reader.file, metadata, error);
  if (status == SCRAWL_OK) status = build(&reader);
  for (int i = 0; status == SCRAWL_OK && i < reader.fill_count; i++)
    fill(&reader, &reader.fills[i]);
  if (status == SCRAWL_OK)
    *graph = reader.graph;
  else
    nn_graph_free(reader.graph);
  base_free(reader.points);
  base_free(reader.fills);
  onnx_file_close(&reader.file);
  return status;
}
