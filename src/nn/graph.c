/* Building, copying and initialising graphs. The rules of the single operators are in ops/. */
#include "nn/graph.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/operator.h"

size_t nn_shape_floats(nn_shape shape) {
  return (size_t)shape.h * (size_t)shape.w * (size_t)shape.c;
}

nn_shape nn_graph_input(const nn_graph *graph) {
  return graph->nodes[0].shape;
}

nn_shape nn_graph_output(const nn_graph *graph) {
  return graph->nodes[graph->node_count - 1].shape;
}

static scrawl_status shape_fit(nn_shape shape, base_error *error) {
  if (shape.h < 1 || shape.w < 1 || shape.c < 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a %dx%d picture of %d channels is empty",
                     shape.h, shape.w, shape.c);
  if (shape.h > NN_MAX_SIDE || shape.w > NN_MAX_SIDE)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                     "a %dx%d picture is larger than the limit of %dx%d", shape.h, shape.w,
                     NN_MAX_SIDE, NN_MAX_SIDE);
  uint64_t floats = (uint64_t)shape.h * (uint64_t)shape.w * (uint64_t)shape.c;
  /* A flat vector may have as many numbers as the picture it was flattened from. */
  if ((shape.h * shape.w > 1 && shape.c > NN_MAX_CHANNELS) || floats > NN_MAX_ACTIVATION)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                     "%dx%d pixels of %d channels are more than the limits of %d channels and "
                     "%zu numbers",
                     shape.h, shape.w, shape.c, NN_MAX_CHANNELS, NN_MAX_ACTIVATION);
  return SCRAWL_OK;
}

static scrawl_status reserve_node(nn_graph *graph, base_error *error) {
  if (graph->node_count == NN_MAX_NODES)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "more than %d operators", NN_MAX_NODES);
  if (graph->node_count < graph->node_capacity) return SCRAWL_OK;
  int capacity = graph->node_capacity ? 2 * graph->node_capacity : 16;
  nn_node *nodes = base_realloc(graph->nodes, (size_t)graph->node_capacity * sizeof *nodes,
                                (size_t)capacity * sizeof *nodes);
  if (!nodes) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the network");
  graph->nodes = nodes;
  graph->node_capacity = capacity;
  return SCRAWL_OK;
}

scrawl_status nn_graph_create(nn_shape input, nn_graph **graph, base_error *error) {
  *graph = NULL;
  BASE_TRY(shape_fit(input, error));
  nn_graph *made = base_alloc_zero(1, sizeof *made);
  if (!made || reserve_node(made, error) != SCRAWL_OK) {
    nn_graph_free(made);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the network");
  }
  made->nodes[0] = (nn_node){.kind = NN_INPUT, .input = {-1, -1}, .shape = input};
  made->node_count = 1;
  *graph = made;
  return SCRAWL_OK;
}

scrawl_status nn_graph_add(nn_graph *graph, nn_node node, int *index, base_error *error) {
  if (graph->parameters)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "the network is already finished");
  if (node.kind <= NN_INPUT || node.kind >= NN_KIND_COUNT)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "there is no operator of kind %d",
                     (int)node.kind);
  const nn_operator *op = nn_operator_of(node.kind);
  nn_shape inputs[2] = {{0, 0, 0}, {0, 0, 0}};
  for (int i = 0; i < 2; i++) {
    if (i >= op->inputs) {
      node.input[i] = -1;
    } else if (node.input[i] < 0 || node.input[i] >= graph->node_count) {
      return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                       "input %d is %d, not one of the %d nodes before", i, node.input[i],
                       graph->node_count);
    } else {
      inputs[i] = graph->nodes[node.input[i]].shape;
    }
  }
  node.parameter_count = node.state_count = 0;
  BASE_TRY(op->shape(&node, inputs, error));
  BASE_TRY(shape_fit(node.shape, error));
  BASE_TRY(nn_parameters_fit((uint64_t)graph->parameter_count + node.parameter_count, error));
  BASE_TRY(reserve_node(graph, error));
  node.parameter_offset = graph->parameter_count;
  node.state_offset = graph->state_count;
  node.scales_offset = graph->scale_count;
  if (node.int8_weights) graph->scale_count += (size_t)node.shape.c;
  graph->parameter_count += node.parameter_count;
  graph->state_count += node.state_count;
  graph->nodes[graph->node_count] = node;
  if (index) *index = graph->node_count;
  graph->node_count++;
  return SCRAWL_OK;
}

scrawl_status nn_graph_finish(nn_graph *graph, base_error *error) {
  if (graph->parameters) return SCRAWL_OK;
  graph->parameters = base_alloc_zero(graph->parameter_count, sizeof(float));
  graph->state = base_alloc_zero(graph->state_count, sizeof(float));
  graph->scales = base_alloc_zero(graph->scale_count, sizeof(float));
  if (!graph->parameters || !graph->state || !graph->scales) {
    base_free(graph->parameters);
    base_free(graph->state);
    base_free(graph->scales);
    graph->parameters = graph->state = graph->scales = NULL;
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for %zu parameters",
                     graph->parameter_count);
  }
  for (int n = 0; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    if (node->kind != NN_BATCH_NORM) continue;
    for (int c = 0; c < node->shape.c; c++) {
      graph->parameters[node->parameter_offset + (size_t)c] = 1;
      graph->state[node->state_offset + (size_t)(node->shape.c + c)] = 1;
    }
  }
  return SCRAWL_OK;
}

scrawl_status nn_graph_copy(const nn_graph *graph, nn_graph **copy, base_error *error) {
  *copy = NULL;
  nn_graph *made = base_alloc_zero(1, sizeof *made);
  if (made) {
    made->nodes = base_alloc((size_t)graph->node_count, sizeof *made->nodes);
    made->parameter_count = graph->parameter_count;
    made->state_count = graph->state_count;
    made->scale_count = graph->scale_count;
  }
  if (!made || !made->nodes) {
    nn_graph_free(made);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to copy the network");
  }
  made->node_count = made->node_capacity = graph->node_count;
  memcpy(made->nodes, graph->nodes, (size_t)graph->node_count * sizeof *made->nodes);
  if (graph->parameters) {
    scrawl_status status = nn_graph_finish(made, error);
    if (status != SCRAWL_OK) {
      nn_graph_free(made);
      return status;
    }
    memcpy(made->parameters, graph->parameters, graph->parameter_count * sizeof(float));
    if (graph->state_count) memcpy(made->state, graph->state, graph->state_count * sizeof(float));
    if (graph->scale_count) memcpy(made->scales, graph->scales, graph->scale_count * sizeof(float));
  }
  *copy = made;
  return SCRAWL_OK;
}

void nn_graph_free(nn_graph *graph) {
  if (!graph) return;
  base_free(graph->nodes);
  base_free(graph->parameters);
  base_free(graph->state);
  base_free(graph->scales);
  base_free(graph);
}

static bool has_weights(const nn_node *node) {
  return node->kind == NN_CONV || node->kind == NN_DEPTHWISE || node->kind == NN_DENSE;
}

/* He et al. 2015: deviation sqrt(2 / inputs) keeps the size of activations through ReLUs. Glorot
 * and Bengio 2010 for the last layer, which has none after it: uniform up to sqrt(6 / (inputs +
 * outputs)). */
void nn_graph_initialise(nn_graph *graph, base_random random) {
  int last = 0;
  for (int n = 0; n < graph->node_count; n++)
    if (has_weights(&graph->nodes[n])) last = n;
  for (int n = 0; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    if (!has_weights(node)) continue;
    base_random own = base_random_split(&random, (uint64_t)n);
    float *weights = graph->parameters + node->parameter_offset;
    size_t outputs = (size_t)node->shape.c;
    size_t count = node->parameter_count - (node->bias ? outputs : 0);
    size_t inputs = count / outputs;
    double limit = sqrt(6.0 / (double)(inputs + outputs)), deviation = sqrt(2.0 / (double)inputs);
    for (size_t i = 0; i < count; i++)
      weights[i] = (float)(n == last ? base_random_range(&own, -limit, limit)
                                     : deviation * base_random_normal(&own));
    if (node->bias) memset(weights + count, 0, outputs * sizeof(float));
  }
}

bool nn_graph_quantised(const nn_graph *graph) {
  for (int n = 0; n < graph->node_count; n++)
    if (graph->nodes[n].scale > 0) return true;
  return false;
}

/* What the channels of a pixel sum up to: 1 after a softmax; -1 where that is not known. */
bool nn_graph_gives_probabilities(const nn_graph *graph) {
  float sums[NN_MAX_NODES];
  int last = graph->node_count - 1;
  for (int n = 0; n <= last; n++) {
    const nn_node *node = &graph->nodes[n];
    float a = node->input[0] >= 0 ? sums[node->input[0]] : -1;
    float b = node->input[1] >= 0 ? sums[node->input[1]] : -1;
    sums[n] = -1;
    if (node->kind == NN_SOFTMAX) sums[n] = 1;
    if (node->kind == NN_DROPOUT) sums[n] = a;
    if (node->kind == NN_SCALE && a >= 0) sums[n] = node->rate * a;
    if (node->kind == NN_ADD && a >= 0 && b >= 0) sums[n] = a + b;
  }
  return sums[last] > 0.999f && sums[last] < 1.001f;
}

double nn_graph_flops(const nn_graph *graph) {
  double total = 0;
  for (int n = 1; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    const nn_operator *op = nn_operator_of(node->kind);
    nn_shape inputs[2] = {graph->nodes[node->input[0]].shape, {0, 0, 0}};
    if (op->inputs > 1) inputs[1] = graph->nodes[node->input[1]].shape;
    if (op->flops) total += op->flops(node, inputs);
  }
  return total;
}
