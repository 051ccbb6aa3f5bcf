/* A network as one C header: C99, no library, not even libm, no memory of its own; for small
 * machines, and wherever a model is to be compiled in. */
#ifndef NN_EXPORT_C_H
#define NN_EXPORT_C_H

#include "nn/graph.h"

/* What the network is made for (read/model.h). */
typedef struct nn_c_options {
  const char *name;     /* what identifiers begin with: a letter, then letters, digits, _ */
  const char *alphabet; /* a sign for each class, UTF-8 */
  float scale;          /* full ink is this to the network */
  float temperature;    /* logits are divided by it */
  float reject_below;   /* a probability under this is a rejection */
} nn_c_options;

#define NN_C_MAX_PARAMETERS ((size_t)4 << 20) /* the text is ten times as many bytes */
#define NN_C_MAX_MEMORY     ((size_t)4 << 20) /* bytes of activations: they are on the stack */

/* The header's text; `*header` is base_free'd by the caller. Batch norms are folded first.
 * Quantised networks compute the same bytes as a session does, but for operators that have no
 * kernel of bytes, where a rounding may fall to the other side; networks of floats the same up to
 * the order of sums. UNSUPPORTED: it does not end in a number for each sign, or in probabilities
 * that a temperature cannot be put on. LIMIT_EXCEEDED: too large. INVALID_ARGUMENT: the name. */
scrawl_status nn_export_c(const nn_graph *graph, const nn_c_options *options, char **header,
                          base_error *error);

/* The text of export_runtime.h, put inside by src/embed.sh. */
typedef struct nn_c_runtime {
  const char *name;
  const uint8_t *bytes;
  size_t size;
} nn_c_runtime;
extern const nn_c_runtime NN_C_RUNTIME[];

#endif
