/* Networks as text: operators separated by commas, each `name [numbers] [options]`.
 *
 *   conv 64 3x3 [stride 2]        64 filters; a convolution right before batchnorm has no bias
 *     [same | pad 1] [nobias]     unless `bias`
 *   pool 2 | pool 3x3 stride 2    maximum; the stride is the size unless given
 *     [same | pad 1]
 *   average 2 | global-average
 *   batchnorm [epsilon 1e-5] [momentum 0.9], relu, silu, dropout 0.25, flatten, softmax
 *   scale 0.5                     times a fixed factor
 *   dense 10 | dense classes      flattens by itself; as many outputs as there are classes
 *   as NAME | add NAME            name this point; add a named earlier point
 *   from NAME                     go on from one (`input` is the name of the input)
 *   repeat 3 ( conv 32 3x3 same, relu )   groups
 *
 * `pad 1 1 2 2` is top, left, bottom, right; `same` gives ceil(side / stride) windows.
 * Presets are names for such texts: `seed-keras`, `seed-lenet`, ... */
#ifndef NN_SPEC_H
#define NN_SPEC_H

#include "nn/graph.h"

typedef struct nn_preset {
  const char *name, *text, *summary;
} nn_preset;

/* The presets, ended by a row of NULLs. */
extern const nn_preset NN_PRESETS[];

/* `text` is a preset's name or a network. Errors name the operator's number, its text and what
 * would be right. */
scrawl_status nn_spec_parse(const char *text, nn_shape input, nn_graph **graph, base_error *error);
/* The same for a set of so many classes; above they are 10. */
scrawl_status nn_spec_parse_classes(const char *text, nn_shape input, int classes, nn_graph **graph,
                                    base_error *error);
/* The network as text again (base_free it); parsing gives an equal graph. NULL when memory is
 * exhausted. */
char *nn_spec_format(const nn_graph *graph);

#endif
