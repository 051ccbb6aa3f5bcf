/* Folding batch norms. In inference a batch norm is a scale and a shift for each channel,
 *   y = s x + (shift - s mean),  s = scale / sqrt(variance + epsilon),
 * and a convolution or dense layer right before it, read by nothing else, can do both itself:
 *   weights[.., c] s[c] and (bias[c] - mean[c]) s[c] + shift[c]
 * (Jacob et al. 2018, section 3.2). Each weight is computed in double and rounded once, so a folded
 * network differs from the other only as two orders of summing do. Batch norms after anything else
 * stay, and nodes that the output does not depend on go, so that the output is the last node again.
 *
 * What becomes of each node follows from the graph alone. It is found anew each time, in a table on
 * the stack, so that a folded network needs no memory of how it was made. */
#include "nn/fold.h"

#include <math.h>
#include <string.h>

typedef struct folding {
  int node[NN_MAX_NODES]; /* in the folded network; -1: it has none */
  int norm[NN_MAX_NODES]; /* the batch norm that this node takes into itself; 0: none */
} folding;

static bool vanishes(const nn_node *node) {
  return node->kind == NN_DROPOUT;
}

static bool takes_norm(const nn_node *node) {
  return node->kind == NN_CONV || node->kind == NN_DEPTHWISE || node->kind == NN_DENSE;
}

/* The node that is read where `n` is named: dropouts are looked through. */
static int source(const nn_graph *graph, int n) {
  while (vanishes(&graph->nodes[n])) n = graph->nodes[n].input[0];
  return n;
}

static void count_readers(const nn_graph *graph, int readers[]) {
  memset(readers, 0, (size_t)graph->node_count * sizeof *readers);
  readers[source(graph, graph->node_count - 1)] = 1;
  for (int n = graph->node_count - 1; n > 0; n--)
    for (int i = 0; readers[n] > 0 && i < 2; i++)
      if (graph->nodes[n].input[i] >= 0) readers[source(graph, graph->nodes[n].input[i])]++;
}

static void find_folding(const nn_graph *graph, folding *f) {
  int readers[NN_MAX_NODES], count = 1;
  count_readers(graph, readers);
  memset(f->norm, 0, (size_t)graph->node_count * sizeof *f->norm);
  f->node[0] = 0;
  for (int n = 1; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    int before = source(graph, node->input[0]);
    bool into =
        node->kind == NN_BATCH_NORM && takes_norm(&graph->nodes[before]) && readers[before] == 1;
    f->node[n] = -1;
    if (vanishes(node)) {
      f->node[n] = f->node[before];
    } else if (readers[n] > 0 && into) {
      f->norm[before] = n;
      f->node[n] = f->node[before];
    } else if (readers[n] > 0) {
      f->node[n] = count++;
    }
  }
}

/* Whether node `n` is one of the folded network, not part of another. */
static bool stays(const nn_graph *graph, const folding *f, int n) {
  const nn_node *node = &graph->nodes[n];
  if (n == 0 || f->node[n] < 0 || vanishes(node)) return false;
  return f->norm[source(graph, node->input[0])] != n;
}

static void fold_layer(const nn_graph *graph, const nn_node *node, const nn_node *norm, float *to) {
  const float *weights = graph->parameters + node->parameter_offset;
  const float *parameters = graph->parameters + norm->parameter_offset;
  const float *state = graph->state + norm->state_offset;
  const size_t channels = (size_t)node->shape.c;
  const size_t count = node->parameter_count - (node->bias ? channels : 0);
  for (size_t c = 0; c < channels; c++) {
    const double scale =
        (double)parameters[c] / sqrt((double)state[channels + c] + (double)norm->epsilon);
    const double bias = node->bias ? (double)weights[count + c] : 0;
    for (size_t i = c; i < count; i += channels) to[i] = (float)((double)weights[i] * scale);
    to[count + c] = (float)((bias - (double)state[c]) * scale + (double)parameters[channels + c]);
  }
}

void nn_graph_refold(const nn_graph *graph, nn_graph *folded) {
  folding f;
  find_folding(graph, &f);
  for (int n = 1; n < graph->node_count; n++) {
    if (!stays(graph, &f, n)) continue;
    const nn_node *node = &graph->nodes[n], *own = &folded->nodes[f.node[n]];
    float *to = folded->parameters + own->parameter_offset;
    if (f.norm[n])
      fold_layer(graph, node, &graph->nodes[f.norm[n]], to);
    else if (node->parameter_count)
      memcpy(to, graph->parameters + node->parameter_offset, node->parameter_count * sizeof *to);
    if (node->state_count)
      memcpy(folded->state + own->state_offset, graph->state + node->state_offset,
             node->state_count * sizeof(float));
  }
}

static scrawl_status build(const nn_graph *graph, nn_graph *folded, base_error *error) {
  folding f;
  find_folding(graph, &f);
  for (int n = 1; n < graph->node_count; n++) {
    if (!stays(graph, &f, n)) continue;
    nn_node node = graph->nodes[n];
    for (int i = 0; i < 2; i++)
      if (node.input[i] >= 0) node.input[i] = f.node[node.input[i]];
    if (f.norm[n]) node.bias = true;
    node.scale = 0;
    node.int8_weights = false;
    BASE_TRY(nn_graph_add(folded, node, NULL, error));
  }
  return nn_graph_finish(folded, error);
}

scrawl_status nn_graph_fold(const nn_graph *graph, nn_graph **folded, base_error *error) {
  nn_graph *made;
  *folded = NULL;
  BASE_TRY(nn_graph_create(nn_graph_input(graph), &made, error));
  scrawl_status status = build(graph, made, error);
  if (status != SCRAWL_OK) {
    nn_graph_free(made);
    return status;
  }
  nn_graph_refold(graph, made);
  *folded = made;
  return SCRAWL_OK;
}
