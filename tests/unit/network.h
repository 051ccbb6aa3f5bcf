/* What the tests of networks share. */
#ifndef TEST_NETWORK_H
#define TEST_NETWORK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "nn/spec.h"
#include "nn/trainer.h"

static inline nn_graph *make_network(const char *text, nn_shape input, uint64_t seed) {
  nn_graph *graph;
  base_error error = {0};
  if (nn_spec_parse(text, input, &graph, &error) != SCRAWL_OK)
    fail_msg("`%s`: %s", text, error.message);
  nn_graph_initialise(graph, base_random_seed(seed));
  return graph;
}

static inline float *random_floats(size_t count, uint64_t seed) {
  float *values = base_alloc(count, sizeof *values);
  assert_non_null(values);
  base_random random = base_random_seed(seed);
  for (size_t i = 0; i < count; i++) values[i] = (float)base_random_normal(&random);
  return values;
}

static inline nn_trainer *make_trainer(nn_graph *graph, const nn_trainer_options *options,
                                       base_pool *pool) {
  nn_trainer *trainer;
  base_error error = {0};
  if (nn_trainer_create(graph, options, pool, NULL, &trainer, &error) != SCRAWL_OK)
    fail_msg("%s", error.message);
  return trainer;
}

#endif
