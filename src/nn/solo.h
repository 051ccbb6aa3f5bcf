/* One node of a network run by itself, in floats: between the layers of bytes of a quantised
 * network, and where every activation is to be looked at. */
#ifndef NN_SOLO_H
#define NN_SOLO_H

#include "nn/graph.h"

typedef struct nn_solo nn_solo;

/* For up to `pictures` at a time; one for each thread. */
scrawl_status nn_solo_create(const nn_graph *graph, int node, int pictures, nn_solo **solo,
                             base_error *error);
void nn_solo_free(nn_solo *solo);
/* `second` is the other input of an addition. */
void nn_solo_run(nn_solo *solo, const float *first, const float *second, int count, float *y);

#endif
