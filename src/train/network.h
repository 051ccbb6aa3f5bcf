/* The network a recipe begins with. */
#ifndef TRAIN_NETWORK_H
#define TRAIN_NETWORK_H

#include "data/set.h"
#include "train/recipe.h"

/* recipe->architecture with weights drawn from `random`, or with those of `from` (NULL: none);
 * without an architecture a copy of `from`. Checked against the size of the pictures and the number
 * of classes. INVALID_ARGUMENT says what does not fit; free `*graph` then too. */
scrawl_status train_make_network(const train_recipe *recipe, const data_set *set,
                                 const nn_graph *from, base_random random, nn_graph **graph,
                                 base_error *error);

#endif
