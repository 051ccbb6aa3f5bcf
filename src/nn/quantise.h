/* Post-training quantisation: a network of floats to one of bytes (Jacob et al. 2018).
 *
 * A quantised network is a graph like any other, without dropout and with batch norms folded, whose
 * activations say by which bytes they are kept and whose weights lie on a grid (graph.h): nothing
 * in it is lost when it is written as an ONNX file with QuantizeLinear and DequantizeLinear, and
 * seen as a network of floats it gives what it gives in bytes up to the rounding of activations. */
#ifndef NN_QUANTISE_H
#define NN_QUANTISE_H

#include "nn/graph.h"

/* `pictures`: count x input, from the training data: what the network has to expect. count > 0.
 * INVALID_ARGUMENT when the graph is quantised already, UNSUPPORTED when there is nothing in it
 * that runs in bytes, OUT_OF_MEMORY. */
scrawl_status nn_quantise(const nn_graph *graph, const float *pictures, int count,
                          nn_graph **quantised, base_error *error);

/* The same network in floats, which can be trained: weights keep their values, and activations are
 * no longer rounded. A network of floats is copied. OUT_OF_MEMORY. */
scrawl_status nn_dequantise(const nn_graph *graph, nn_graph **floats, base_error *error);

#endif
