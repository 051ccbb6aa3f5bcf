/* Several networks as one: an ensemble. */
#ifndef NN_MERGE_H
#define NN_MERGE_H

#include "nn/graph.h"

/* A network that gives the mean of what `count` others give as probabilities: each is a branch from
 * the same input. Logits are divided by the member's temperature and put through a softmax.
 * INVALID_ARGUMENT: inputs or outputs of different shape, or none. UNSUPPORTED: a quantised member,
 * or one whose temperature has no softmax to go before. LIMIT_EXCEEDED: too large together. */
scrawl_status nn_graph_merge(const nn_graph *const *graphs, const float *temperatures, int count,
                             nn_graph **merged, base_error *error);

#endif
