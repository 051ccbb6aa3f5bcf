/* Networks as ONNX files (opset 17): the one model format. A file is hostile input: every length is
 * checked against what is left, every size against the limits of graph.h, and damage is refused
 * with a sentence that says where.
 *
 * Written networks take float input [N, c, h, w] named "input" and give "output"; our NHWC order is
 * turned into ONNX's NCHW on the way (weights, and the rows of the first dense layer after a
 * flatten) and back. */
#ifndef NN_ONNX_H
#define NN_ONNX_H

#include "nn/graph.h"

enum { NN_MAX_METADATA = 64 };
#define NN_MAX_MODEL_BYTES ((size_t)256 << 20)

/* metadata_props, in file order; strings owned by the list. */
typedef struct nn_metadata {
  struct {
    char *key, *value;
  } items[NN_MAX_METADATA];
  int count;
} nn_metadata;

const char *nn_metadata_get(const nn_metadata *metadata, const char *key); /* NULL: none */
scrawl_status nn_metadata_set(nn_metadata *metadata, const char *key, const char *value,
                              base_error *error);
void nn_metadata_free(nn_metadata *metadata);

/* `*bytes` is base_free'd by the caller. */
scrawl_status nn_onnx_write(const nn_graph *graph, const nn_metadata *metadata, void **bytes,
                            size_t *size, base_error *error);
/* `metadata` is filled (free it with nn_metadata_free also after a failure). */
scrawl_status nn_onnx_read(const void *bytes, size_t size, nn_graph **graph, nn_metadata *metadata,
                           base_error *error);

#endif
