/* The network a recipe begins with: random weights, or those of a trained model. */
#include "train/network.h"

#include <math.h>
#include <string.h>

#include "nn/quantise.h"
#include "nn/spec.h"

/* The next node from `index` on that has something trained; node_count: none. */
static int next_trained(const nn_graph *graph, int index) {
  while (index < graph->node_count &&
         graph->nodes[index].parameter_count + graph->nodes[index].state_count == 0)
    index++;
  return index;
}

/* The weights of another network, whose trained operators must be the same in the same order: the
 * others (dropout, say) may differ. */
static scrawl_status take_weights(const nn_graph *from, nn_graph *to, base_error *error) {
  int f = next_trained(from, 0), t = next_trained(to, 0);
  while (f < from->node_count && t < to->node_count) {
    const nn_node *a = &from->nodes[f], *b = &to->nodes[t];
    bool same = a->kind == b->kind && a->parameter_count == b->parameter_count &&
                a->state_count == b->state_count && a->shape.c == b->shape.c &&
                a->window.kernel_h == b->window.kernel_h;
    if (!same) break;
    memcpy(to->parameters + b->parameter_offset, from->parameters + a->parameter_offset,
           a->parameter_count * sizeof(float));
    memcpy(to->state + b->state_offset, from->state + a->state_offset,
           a->state_count * sizeof(float));
    f = next_trained(from, f + 1);
    t = next_trained(to, t + 1);
  }
  if (f < from->node_count || t < to->node_count)
    return base_fail(
        error, SCRAWL_INVALID_ARGUMENT,
        "--arch differs from the network of --from, from its operator %d on: leave --arch "
        "out to train that very network",
        t);
  return SCRAWL_OK;
}

/* Raw pixels make the first activations, and with them all others, `scale` times as large as the
 * weights were drawn for. Weights divided by `scale` would undo it at first, but Adam moves every
 * weight by about the learning rate at each step, which such small ones do not survive. The square
 * root is halfway between the two. */
static void prepare_for_scale(nn_graph *graph, double scale) {
  int first = next_trained(graph, 0);
  if (scale == 1 || first == graph->node_count) return;
  const nn_node *node = &graph->nodes[first];
  if (node->kind != NN_CONV && node->kind != NN_DEPTHWISE && node->kind != NN_DENSE) return;
  float *weights = graph->parameters + node->parameter_offset;
  for (size_t i = 0; i < node->parameter_count; i++) weights[i] /= (float)sqrt(scale);
}

scrawl_status train_make_network(const train_recipe *recipe, const data_set *set,
                                 const nn_graph *from, base_random random, nn_graph **graph,
                                 base_error *error) {
  *graph = NULL;
  nn_shape shape = {set->height, set->width, 1};
  if (from && nn_graph_gives_probabilities(from) &&
      from->nodes[from->node_count - 1].kind != NN_SOFTMAX)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "the model to go on from is the mean of several; go on from one of them");
  if (recipe->architecture) {
    BASE_TRY(nn_spec_parse_classes(recipe->architecture, shape, set->classes, graph, error));
    nn_graph_initialise(*graph, random);
    prepare_for_scale(*graph, recipe->scale);
    if (from) BASE_TRY(take_weights(from, *graph, error));
  } else if (!from) {
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "the recipe names no network");
  } else {
    BASE_TRY(nn_dequantise(from, graph, error));
  }
  nn_shape input = nn_graph_input(*graph), output = nn_graph_output(*graph);
  if (input.h != shape.h || input.w != shape.w || input.c != 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "the network takes %d x %d x %d, the pictures of %s are %d x %d", input.h,
                     input.w, input.c, set->name, shape.h, shape.w);
  if (nn_shape_floats(output) != (size_t)set->classes)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "the network ends in %zu numbers, %s has %d classes: end it in 'dense %d, "
                     "softmax'",
                     nn_shape_floats(output), set->name, set->classes, set->classes);
  return SCRAWL_OK;
}
