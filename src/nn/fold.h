/* A network made smaller for inference: without dropout, and with batch norms folded into the
 * layers before them. */
#ifndef NN_FOLD_H
#define NN_FOLD_H

#include "nn/graph.h"

/* A new network of floats that gives the same outputs in inference, up to rounding; `graph` is
 * finished. OUT_OF_MEMORY; nothing else fails. */
scrawl_status nn_graph_fold(const nn_graph *graph, nn_graph **folded, base_error *error);
/* Computes the parameters of `folded`, which nn_graph_fold made of `graph`, again, after those of
 * `graph` (or its running statistics) changed. Allocates nothing. */
void nn_graph_refold(const nn_graph *graph, nn_graph *folded);

#endif
