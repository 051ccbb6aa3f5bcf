/* One node by itself is a network of that node: a session runs it. An addition has two inputs, but
 * needs no network. */
#include "nn/solo.h"

#include <string.h>

#include "base/memory.h"
#include "nn/session.h"

struct nn_solo {
  nn_graph *graph;
  nn_session *session; /* NULL: an addition */
  size_t floats;       /* of a picture */
};

static scrawl_status build(const nn_graph *graph, const nn_node *node, nn_graph *made,
                           base_error *error) {
  nn_node copy = *node;
  copy.input[0] = 0;
  copy.scale = 0;
  copy.int8_weights = false;
  BASE_TRY(nn_graph_add(made, copy, NULL, error));
  BASE_TRY(nn_graph_finish(made, error));
  if (node->parameter_count)
    memcpy(made->parameters, graph->parameters + node->parameter_offset,
           node->parameter_count * sizeof(float));
  if (node->state_count)
    memcpy(made->state, graph->state + node->state_offset, node->state_count * sizeof(float));
  return SCRAWL_OK;
}

scrawl_status nn_solo_create(const nn_graph *graph, int n, int pictures, nn_solo **solo,
                             base_error *error) {
  const nn_node *node = &graph->nodes[n];
  *solo = NULL;
  nn_solo *made = base_alloc_zero(1, sizeof *made);
  if (!made) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the network");
  made->floats = nn_shape_floats(node->shape);
  scrawl_status status = SCRAWL_OK;
  if (node->kind != NN_ADD) {
    status = nn_graph_create(graph->nodes[node->input[0]].shape, &made->graph, error);
    if (status == SCRAWL_OK) status = build(graph, node, made->graph, error);
    if (status == SCRAWL_OK)
      status = nn_session_create(made->graph, pictures, NULL, NULL, &made->session, error);
  }
  if (status == SCRAWL_OK)
    *solo = made;
  else
    nn_solo_free(made);
  return status;
}

void nn_solo_free(nn_solo *solo) {
  if (!solo) return;
  nn_session_free(solo->session);
  nn_graph_free(solo->graph);
  base_free(solo);
}

void nn_solo_run(nn_solo *solo, const float *first, const float *second, int count, float *y) {
  if (solo->session)
    nn_session_run(solo->session, first, count, y);
  else
    nn_kernels_best()->add((size_t)count * solo->floats, first, second, y);
}
