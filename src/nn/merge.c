/* The mean of the probabilities of networks that were trained apart (Hansen and Salamon 1990):
 * their mistakes are not the same. As a graph,
 *   scale 1/n of (softmax of member 1 + ... + softmax of member n),
 * with nothing in it but operators that any network has. */
#include "nn/merge.h"

#include <string.h>

#include "base/memory.h"

static scrawl_status check_member(const nn_graph *first, const nn_graph *graph, float temperature,
                                  base_error *error) {
  nn_shape a = nn_graph_input(first), b = nn_graph_input(graph);
  nn_shape to = nn_graph_output(first), other = nn_graph_output(graph);
  const nn_node *last = &graph->nodes[graph->node_count - 1];
  if (memcmp(&a, &b, sizeof a) != 0 || memcmp(&to, &other, sizeof to) != 0)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "%dx%dx%d to %dx%dx%d is not %dx%dx%d to %dx%dx%d", b.h, b.w, b.c, other.h,
                     other.w, other.c, a.h, a.w, a.c, to.h, to.w, to.c);
  if (nn_graph_quantised(graph))
    return base_fail(error, SCRAWL_UNSUPPORTED, "the network is quantised; merge first");
  if (temperature != 1 && last->kind != NN_SOFTMAX && nn_graph_gives_probabilities(graph))
    return base_fail(error, SCRAWL_UNSUPPORTED,
                     "its temperature, %g, cannot be put before a softmax at its end",
                     (double)temperature);
  return SCRAWL_OK;
}

static scrawl_status add_after(nn_graph *merged, nn_kind kind, float factor, int *at,
                               base_error *error) {
  return nn_graph_add(merged, (nn_node){.kind = kind, .input = {*at, -1}, .rate = factor}, at,
                      error);
}

/* `*end`: the node with the member's probabilities. `places`: where its nodes came to lie. */
static scrawl_status add_member(const nn_graph *graph, float temperature, nn_graph *merged,
                                int *places, int *end, base_error *error) {
  int last = graph->node_count - 1;
  bool softmax = graph->nodes[last].kind == NN_SOFTMAX;
  for (int n = 0; n <= last; n++) {
    nn_node node = graph->nodes[n];
    if (n == last && softmax) {
      places[n] = places[node.input[0]];
      continue; /* added below */
    }
    for (int i = 0; i < 2; i++)
      if (node.input[i] >= 0) node.input[i] = places[node.input[i]];
    places[n] = 0;
    if (n > 0) BASE_TRY(nn_graph_add(merged, node, &places[n], error));
  }
  *end = places[last];
  if (!softmax && nn_graph_gives_probabilities(graph)) return SCRAWL_OK;
  if (temperature != 1) BASE_TRY(add_after(merged, NN_SCALE, 1 / temperature, end, error));
  return add_after(merged, NN_SOFTMAX, 0, end, error);
}

static scrawl_status build(const nn_graph *const *graphs, const float *temperatures, int count,
                           nn_graph *merged, int *places, base_error *error) {
  int sum = 0, end = 0;
  for (int i = 0; i < count; i++) {
    scrawl_status status = check_member(graphs[0], graphs[i], temperatures[i], error);
    if (status == SCRAWL_OK)
      status = add_member(graphs[i], temperatures[i], merged, places, &end, error);
    BASE_TRY(base_fail_within(error, status, "network %d", i + 1));
    if (i > 0)
      BASE_TRY(nn_graph_add(merged, (nn_node){.kind = NN_ADD, .input = {sum, end}}, &end, error));
    sum = end;
  }
  if (count > 1) BASE_TRY(add_after(merged, NN_SCALE, 1 / (float)count, &end, error));
  return nn_graph_finish(merged, error);
}

/* Nodes lie one member after the other, and so do their numbers. */
static void copy_numbers(const nn_graph *const *graphs, int count, nn_graph *merged) {
  float *parameters = merged->parameters, *state = merged->state;
  for (int i = 0; i < count; i++) {
    const nn_graph *graph = graphs[i];
    if (graph->parameter_count)
      memcpy(parameters, graph->parameters, graph->parameter_count * sizeof *parameters);
    if (graph->state_count) memcpy(state, graph->state, graph->state_count * sizeof *state);
    parameters += graph->parameter_count;
    state += graph->state_count;
  }
}

scrawl_status nn_graph_merge(const nn_graph *const *graphs, const float *temperatures, int count,
                             nn_graph **merged, base_error *error) {
  nn_graph *made = NULL;
  *merged = NULL;
  if (count < 1) return base_fail(error, SCRAWL_INVALID_ARGUMENT, "there is no network to merge");
  int *places = base_alloc_zero(NN_MAX_NODES, sizeof *places);
  scrawl_status status =
      places ? nn_graph_create(nn_graph_input(graphs[0]), &made, error)
             : base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to merge networks");
  if (status == SCRAWL_OK) status = build(graphs, temperatures, count, made, places, error);
  base_free(places);
  if (status == SCRAWL_OK) {
    copy_numbers(graphs, count, made);
    *merged = made;
  } else {
    nn_graph_free(made);
  }
  return status;
}
