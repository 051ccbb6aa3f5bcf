/* Fixed work whose instructions are counted (check.sh): training steps and inferences of small
 * batches on fixed numbers, on one thread. Few pictures, because valgrind computes a fused
 * multiply-add by a call for each float.
 *
 *   counts_work NAME          does the work of that name, all of it within counted()
 *   counts_work --names       one on each line
 *   counts_work --kernels     the kernels it would use
 *   counts_work --compiler    what it was compiled by: counts of another one are not comparable */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "nn/session.h"
#include "nn/spec.h"
#include "nn/trainer.h"

enum { SIDE = 28, MOST_PICTURES = 4, CLASSES = 10 };

static const char KERAS[] = "seed-keras";
static const char FIVE_CONV[] = "repeat 2 ( conv 32 3x3 same, batchnorm, relu ), pool 2, "
                                "repeat 2 ( conv 64 3x3 same, batchnorm, relu ), pool 2, "
                                "conv 128 3x3 same, batchnorm, relu, flatten, dense 10, softmax";

static const struct work {
  const char *name, *network;
  bool training;
  int pictures;
} WORKS[] = {
    {"train-keras-4", KERAS, true, 4},     {"infer-keras-1", KERAS, false, 1},
    {"infer-keras-4", KERAS, false, 4},    {"train-five-4", FIVE_CONV, true, 4},
    {"infer-five-1", FIVE_CONV, false, 1}, {"infer-five-4", FIVE_CONV, false, 4},
};

static float input[MOST_PICTURES * SIDE * SIDE], output[MOST_PICTURES * CLASSES];
static uint16_t labels[MOST_PICTURES];

/* The counting begins and ends with this function. */
__attribute__((noinline)) void counted(const struct work *work, nn_trainer *trainer,
                                       nn_session *session);

void counted(const struct work *work, nn_trainer *trainer, nn_session *session) {
  double loss;
  int correct;
  if (work->training)
    nn_trainer_step(trainer, input, labels, NULL, work->pictures, 1e-3, &loss, &correct);
  else
    nn_session_run(session, input, work->pictures, output);
}

static scrawl_status run(const struct work *work, nn_graph **graph, nn_trainer **trainer,
                         nn_session **session, base_error *error) {
  nn_trainer_options options = nn_trainer_defaults(NN_ADAM);
  options.batch = work->pictures;
  BASE_TRY(nn_spec_parse(work->network, (nn_shape){SIDE, SIDE, 1}, graph, error));
  nn_graph_initialise(*graph, base_random_seed(1));
  base_random random = base_random_seed(2);
  for (size_t i = 0; i < sizeof input / sizeof *input; i++)
    input[i] = (float)base_random_unit(&random);
  for (size_t i = 0; i < MOST_PICTURES; i++) labels[i] = (uint16_t)(i % CLASSES);
  BASE_TRY(nn_trainer_create(*graph, &options, NULL, NULL, trainer, error));
  BASE_TRY(nn_session_create(*graph, work->pictures, NULL, NULL, session, error));
  counted(work, *trainer, *session);
  return SCRAWL_OK;
}

static int run_named(const char *name) {
  const size_t count = sizeof WORKS / sizeof *WORKS;
  size_t i = 0;
  while (i < count && strcmp(name, WORKS[i].name) != 0) i++;
  if (i == count) {
    fprintf(stderr, "there is no work called %s\n", name);
    return 2;
  }
  base_error error;
  nn_graph *graph = NULL;
  nn_trainer *trainer = NULL;
  nn_session *session = NULL;
  const scrawl_status status = run(&WORKS[i], &graph, &trainer, &session, &error);
  if (status != SCRAWL_OK) fprintf(stderr, "%s\n", error.message);
  nn_session_free(session);
  nn_trainer_free(trainer);
  nn_graph_free(graph);
  return status == SCRAWL_OK ? 0 : 2;
}

int main(int count, char **arguments) {
  const char *name = count == 2 ? arguments[1] : "";
  if (strcmp(name, "--names") == 0) {
    for (size_t i = 0; i < sizeof WORKS / sizeof *WORKS; i++) puts(WORKS[i].name);
  } else if (strcmp(name, "--kernels") == 0) {
    puts(nn_kernels_best()->name);
  } else if (strcmp(name, "--compiler") == 0) {
#ifdef __clang__
    printf("clang-%d\n", __clang_major__);
#else
    printf("gcc-%d\n", __GNUC__);
#endif
  } else {
    return run_named(name);
  }
  return 0;
}
