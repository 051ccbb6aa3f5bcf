/* What a teacher says of a batch. Its network may end in softmax: logits are known up to a constant
 * as log p, and probabilities at the temperature T are softmax(log(p) / T). */
#include "train/teacher.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/session.h"
#include "train/metrics.h"

/* Probabilities under this are rounding; their logarithms say nothing. */
#define LEAST_PROBABILITY 1e-20f

struct train_teacher {
  nn_session *session;
  size_t pixels;
  int classes;
  bool logits; /* the network has no softmax at its end */
  float scale; /* from the student's pictures to the teacher's */
  float temperature;
  float *input; /* a batch as the teacher gets it; NULL: as the student does */
  float *rows;
};

static scrawl_status check(const read_model *model, const data_set *set, base_error *error) {
  nn_shape input = nn_graph_input(model->graph);
  const char *signs = nn_metadata_get(&model->metadata, READ_KEY_ALPHABET);
  if (input.h != set->height || input.w != set->width || input.c != 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "the teacher takes pictures of %dx%dx%d, those of %s are %dx%dx1", input.h,
                     input.w, input.c, set->name, set->height, set->width);
  if (model->classes == set->classes && strcmp(signs ? signs : READ_DIGITS, set->alphabet) == 0)
    return SCRAWL_OK;
  return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                   "the teacher knows the signs \"%s\", %s holds \"%s\": they must be the same",
                   signs ? signs : READ_DIGITS, set->name, set->alphabet);
}

scrawl_status train_teacher_create(const read_model *model, const train_recipe *recipe,
                                   const data_set *set, base_pool *pool, train_teacher **teacher,
                                   base_error *error) {
  *teacher = NULL;
  BASE_TRY(check(model, set, error));
  train_teacher *made = base_alloc_zero(1, sizeof *made);
  if (!made) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the teacher");
  size_t batch = (size_t)recipe->trainer.batch;
  *made = (train_teacher){
      .pixels = (size_t)set->width * (size_t)set->height,
      .classes = set->classes,
      .logits = !nn_graph_gives_probabilities(model->graph),
      .scale = (float)((double)model->scale / recipe->scale),
      .temperature = (float)recipe->trainer.teacher_temperature,
  };
  bool rescaled = made->scale != 1;
  if (rescaled) made->input = base_alloc(batch * made->pixels, sizeof *made->input);
  made->rows = base_alloc(batch * (size_t)made->classes, sizeof *made->rows);
  scrawl_status status =
      made->rows && (made->input || !rescaled)
          ? nn_session_create(model->graph, (int)batch, pool, NULL, &made->session, error)
          : base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the teacher");
  if (status == SCRAWL_OK)
    *teacher = made;
  else
    train_teacher_free(made);
  return status;
}

void train_teacher_free(train_teacher *teacher) {
  if (!teacher) return;
  nn_session_free(teacher->session);
  base_free(teacher->input);
  base_free(teacher->rows);
  base_free(teacher);
}

const float *train_teacher_say(train_teacher *teacher, const train_batch *batch) {
  const float *input = batch->input;
  size_t pixels = (size_t)batch->count * teacher->pixels;
  for (size_t i = 0; teacher->input && i < pixels; i++)
    teacher->input[i] = batch->input[i] * teacher->scale;
  if (teacher->input) input = teacher->input;
  nn_session_run(teacher->session, input, batch->count, teacher->rows);
  size_t values = (size_t)batch->count * (size_t)teacher->classes;
  if (!teacher->logits && teacher->temperature == 1) return teacher->rows;
  for (size_t i = 0; i < values; i++) {
    float *value = teacher->rows + i;
    if (!teacher->logits) *value = logf(fmaxf(*value, LEAST_PROBABILITY));
    *value /= teacher->temperature;
  }
  train_softmax(teacher->rows, (size_t)batch->count, teacher->classes);
  return teacher->rows;
}
