/* A training step.
 *
 *   pack the weights                          parallel over nodes
 *   the plan's phases, forward and backward   parallel over shards, batch
 *                                             statistics settled in between
 *   sum of the shards' gradients (or late
 *   gradients, see operator.h), optimiser,
 *   moving average                            parallel over pieces of the parameter vector
 *
 * How the batch is cut into shards depends on its size alone, each shard adds up its own gradients
 * in picture order, and everything that shards have in common is added up in shard order: so the
 * number of threads changes no bit. */
#include "nn/trainer.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/engine.h"

enum {
  MAX_BATCH = 1 << 16,
  MIN_SHARDS = 4,  /* where there are as many pictures */
  FEW_SHARDS = 8,  /* of FEW_PICTURES; beyond that they grow, as each has a row of gradients to */
  MAX_SHARDS = 16, /* clear, write and add up; beyond as many of MANY_PICTURES again */
  FEW_PICTURES = 4,
  MANY_PICTURES = 8,
};

/* Part of the parameters of a node, with one weight decay. */
typedef struct piece {
  int node;
  size_t offset, count; /* in the node's parameters */
  bool decays, late;
} piece;

struct nn_trainer {
  nn_graph *graph;
  nn_trainer_options options;
  base_pool *pool;
  nn_engine engine;
  uint64_t steps;
  nn_trainer_vector vectors[NN_TRAINER_VECTORS]; /* values NULL: there is none */
  piece *pieces;
  size_t piece_count;
  double *losses;
  bool *right;
};

enum { FIRST, SECOND, AVERAGE, AVERAGE_STATE };

nn_trainer_options nn_trainer_defaults(nn_optimiser optimiser) {
  return (nn_trainer_options){.batch = 32,
                              .optimiser = optimiser,
                              .momentum = 0.9,
                              .beta1 = 0.9,
                              .beta2 = 0.999,
                              .epsilon = 1e-8,
                              .teacher_share = 1,
                              .teacher_temperature = 1};
}

static int limit(int value, int least, int most) {
  return value < least ? least : value > most ? most : value;
}

static int shard_count(int pictures) {
  int few = (pictures + FEW_PICTURES - 1) / FEW_PICTURES;
  int many = (pictures + MANY_PICTURES - 1) / MANY_PICTURES;
  if (few > FEW_SHARDS) return limit(many, FEW_SHARDS, MAX_SHARDS);
  return limit(few, pictures < MIN_SHARDS ? pictures : MIN_SHARDS, FEW_SHARDS);
}

static scrawl_status check_options(const nn_graph *graph, const nn_trainer_options *o,
                                   base_error *error) {
  nn_shape out = nn_graph_output(graph);
  if (out.h * out.w != 1)
    return base_fail(
        error, SCRAWL_INVALID_ARGUMENT,
        "the network ends in %dx%d pixels, training wants one row of numbers: end it in "
        "`dense` or `global-average`",
        out.h, out.w);
  if (o->batch < 1 || o->batch > MAX_BATCH)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "batch %d is not between 1 and %d", o->batch,
                     MAX_BATCH);
  const struct {
    const char *name;
    double value, above;
  } shares[] = {{"momentum", o->momentum, 0},
                {"beta1", o->beta1, 0},
                {"beta2", o->beta2, 0},
                {"label smoothing", o->label_smoothing, 0},
                {"average decay", o->average_decay, 0}};
  for (size_t i = 0; i < sizeof shares / sizeof *shares; i++)
    if (!(shares[i].value >= 0) || shares[i].value >= 1)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s %g is not at least 0 and below 1",
                       shares[i].name, shares[i].value);
  if (!(o->weight_decay >= 0) || !isfinite(o->weight_decay) || !(o->epsilon > 0))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "weight decay %g is not at least 0, or epsilon %g not above 0",
                     o->weight_decay, o->epsilon);
  if (!(o->teacher_share >= 0) || o->teacher_share > 1 || !(o->teacher_temperature >= 0) ||
      !isfinite(o->teacher_temperature))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "the teacher's share %g is not from 0 to 1, or its temperature %g negative",
                     o->teacher_share, o->teacher_temperature);
  return SCRAWL_OK;
}

/* Weights of convolutions and dense layers decay; biases and the scale and shift of batch norms do
 * not. Pieces that are made late hold all the weights of some inputs. */
static void cut_pieces(nn_trainer *trainer) {
  for (int n = 1; n < trainer->graph->node_count; n++) {
    const nn_node *node = &trainer->graph->nodes[n];
    const nn_operator *op = nn_operator_of(node->kind);
    size_t others = node->bias ? (size_t)node->shape.c : 0;
    if (node->kind == NN_BATCH_NORM) others = node->parameter_count;
    size_t weights = node->parameter_count - others;
    size_t late = op->late_parameters ? op->late_parameters(node) : 0;
    for (size_t done = 0; done < node->parameter_count;) {
      piece next = {.node = n, .offset = done, .decays = done < weights, .late = done < late};
      size_t most = NN_PIECE_FLOATS;
      if (next.late) most -= most % (size_t)node->shape.c;
      next.count = (next.decays ? weights : node->parameter_count) - done;
      if (next.count > most) next.count = most;
      if (trainer->pieces) trainer->pieces[trainer->piece_count] = next;
      trainer->piece_count++;
      done += next.count;
    }
  }
}

static void describe_vectors(nn_trainer *trainer) {
  const nn_trainer_options *o = &trainer->options;
  size_t parameters = trainer->graph->parameter_count;
  bool adam = o->optimiser != NN_SGD, averaged = o->average_decay > 0;
  trainer->vectors[FIRST] =
      (nn_trainer_vector){adam ? "first-moment" : "momentum", NULL, parameters};
  if (adam) trainer->vectors[SECOND] = (nn_trainer_vector){"second-moment", NULL, parameters};
  if (!averaged) return;
  trainer->vectors[AVERAGE] = (nn_trainer_vector){"average", NULL, parameters};
  trainer->vectors[AVERAGE_STATE] =
      (nn_trainer_vector){"average-state", NULL, trainer->graph->state_count};
}

static scrawl_status allocate(nn_trainer *trainer, base_error *error) {
  const nn_trainer_options *o = &trainer->options;
  const nn_graph *graph = trainer->graph;
  cut_pieces(trainer);
  trainer->pieces = base_alloc(trainer->piece_count, sizeof *trainer->pieces);
  trainer->losses = base_alloc((size_t)o->batch, sizeof *trainer->losses);
  trainer->right = base_alloc((size_t)o->batch, sizeof *trainer->right);
  bool enough = trainer->pieces && trainer->losses && trainer->right;
  describe_vectors(trainer);
  for (int v = 0; v < NN_TRAINER_VECTORS && enough; v++) {
    nn_trainer_vector *vector = &trainer->vectors[v];
    if (!vector->name) continue;
    vector->values = base_alloc_zero(vector->count, sizeof(float));
    enough = vector->values != NULL;
  }
  if (!enough)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to train %zu parameters",
                     graph->parameter_count);
  trainer->piece_count = 0;
  cut_pieces(trainer);
  if (o->average_decay > 0) {
    memcpy(trainer->vectors[AVERAGE].values, graph->parameters,
           graph->parameter_count * sizeof(float));
    if (graph->state_count)
      memcpy(trainer->vectors[AVERAGE_STATE].values, graph->state,
             graph->state_count * sizeof(float));
  }
  return SCRAWL_OK;
}

scrawl_status nn_trainer_create(nn_graph *graph, const nn_trainer_options *options, base_pool *pool,
                                const nn_kernels *kernels, nn_trainer **trainer,
                                base_error *error) {
  *trainer = NULL;
  BASE_TRY(check_options(graph, options, error));
  int shards = 0, pictures = 0;
  for (int count = 1; count <= options->batch; count++) {
    int cut = shard_count(count), size = (count + cut - 1) / cut;
    if (cut > shards) shards = cut;
    if (size > pictures) pictures = size;
  }
  nn_trainer *made = base_alloc_zero(1, sizeof *made);
  if (!made) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for training");
  made->graph = graph;
  made->options = *options;
  made->pool = pool;
  scrawl_status status =
      nn_engine_create(graph, kernels, true, shards, pictures, base_pool_threads(pool),
                       NN_PIECE_FLOATS, &made->engine, error);
  if (status == SCRAWL_OK) status = allocate(made, error);
  if (status != SCRAWL_OK) {
    nn_trainer_free(made);
    return status;
  }
  *trainer = made;
  return SCRAWL_OK;
}

void nn_trainer_free(nn_trainer *trainer) {
  if (!trainer) return;
  nn_engine_free(&trainer->engine);
  for (int v = 0; v < NN_TRAINER_VECTORS; v++) base_free(trainer->vectors[v].values);
  base_free(trainer->pieces);
  base_free(trainer->losses);
  base_free(trainer->right);
  base_free(trainer);
}

/* ---- forward and backward ---- */

typedef struct phase {
  nn_engine *engine;
  const nn_job *job;
  int shards, group, next;
} phase;

static void run_shard(void *argument, size_t index, size_t worker) {
  phase *run = argument;
  nn_shard shard = nn_shard_of(run->job->batch, run->shards, (int)index);
  shard.worker = worker;
  if (run->group == 0) nn_engine_clear(run->engine, shard.index);
  int next = nn_engine_run_phase(run->engine, run->job, shard, run->group);
  if (index == 0) run->next = next; /* the same for all */
}

/* Leaves the gradients in the shards' rows. */
static void run_batch(nn_trainer *trainer, const nn_job *job) {
  nn_engine *engine = &trainer->engine;
  phase run = {.engine = engine, .job = job, .shards = shard_count(job->batch)};
  nn_engine_prepare(engine, trainer->pool, job->input_gradient != NULL);
  for (;;) {
    base_pool_run(trainer->pool, (size_t)run.shards, run_shard, &run);
    run.group = run.next;
    if (run.group == engine->plan.group_count) return;
    nn_engine_settle(engine, job, run.shards, run.group);
  }
}

static nn_job describe_job(const nn_trainer *trainer, const float *input, const uint16_t *labels,
                           const float *teacher, int count) {
  const nn_trainer_options *o = &trainer->options;
  return (nn_job){.batch = count,
                  .input = input,
                  .targets = {.labels = labels,
                              .smoothing = (float)o->label_smoothing,
                              .teacher = teacher,
                              .share = (float)o->teacher_share,
                              .temperature = (float)o->teacher_temperature},
                  .losses = trainer->losses,
                  .right = trainer->right,
                  .random = nn_step_random(trainer->options.seed, trainer->steps)};
}

static double mean_loss(const nn_trainer *trainer, int count) {
  double sum = 0;
  for (int p = 0; p < count; p++) sum += trainer->losses[p];
  return sum / count;
}

/* The gradient of a piece over the whole batch, after run_batch. */
static void sum_piece(const nn_trainer *trainer, const nn_job *job, const piece *part,
                      float *gradient) {
  const nn_engine *engine = &trainer->engine;
  int shards = shard_count(job->batch);
  if (part->late) {
    nn_engine_late_gradient(engine, job, shards, part->node, part->offset, part->count, gradient);
    return;
  }
  size_t offset = trainer->graph->nodes[part->node].parameter_offset + part->offset;
  engine->kernels->sum_rows(part->count, (size_t)shards, engine->gradient_stride,
                            engine->gradients + offset, gradient);
}

void nn_trainer_gradient(nn_trainer *trainer, const float *input, const uint16_t *labels,
                         const float *teacher, int count, double *loss, float *gradient,
                         float *input_gradient) {
  nn_job job = describe_job(trainer, input, labels, teacher, count);
  job.input_gradient = input_gradient;
  run_batch(trainer, &job);
  for (size_t i = 0; i < trainer->piece_count; i++) {
    const piece *part = &trainer->pieces[i];
    sum_piece(trainer, &job, part,
              gradient + trainer->graph->nodes[part->node].parameter_offset + part->offset);
  }
  *loss = mean_loss(trainer, count);
}

/* ---- optimiser ---- */

/* The share that the moving average keeps of itself in step `step` (from 0): `decay`, but less
 * while it is young, as in TensorFlow's ExponentialMovingAverage, so that the random first weights
 * are soon forgotten. */
static double decay_in(double decay, uint64_t step) {
  double young = (1.0 + (double)step) / (10.0 + (double)step);
  return decay < young ? decay : young;
}

typedef struct update {
  nn_trainer *trainer;
  const nn_job *job;
  nn_sgd sgd;
  nn_adam adam;
  float average_decay;
} update;

static update describe_update(nn_trainer *trainer, const nn_job *job, double rate) {
  const nn_trainer_options *o = &trainer->options;
  double step = (double)trainer->steps + 1;
  /* Of the rounded betas that the kernels use, or the first steps would be too long or too
   * short. */
  double beta1 = (double)(float)o->beta1, beta2 = (double)(float)o->beta2;
  return (update){
      .trainer = trainer,
      .job = job,
      .sgd = {.rate = (float)rate,
              .momentum = (float)o->momentum,
              .weight_decay = (float)o->weight_decay,
              .nesterov = o->nesterov},
      .adam = {.rate = (float)rate,
               .beta1 = (float)o->beta1,
               .beta2 = (float)o->beta2,
               .epsilon = (float)o->epsilon,
               .correction1 = (float)(1 - pow(beta1, step)),
               .correction2 = (float)(1 - pow(beta2, step)),
               .weight_decay = (float)o->weight_decay,
               .decoupled = o->optimiser == NN_ADAMW},
      .average_decay = (float)decay_in(o->average_decay, trainer->steps),
  };
}

static void update_piece(void *argument, size_t index, size_t worker) {
  update *run = argument;
  nn_trainer *trainer = run->trainer;
  const nn_engine *engine = &trainer->engine;
  const nn_kernels *kernels = engine->kernels;
  const piece *part = &trainer->pieces[index];
  const size_t offset = trainer->graph->nodes[part->node].parameter_offset + part->offset;
  float *gradient = engine->scratch + worker * engine->scratch_floats;
  float *weights = trainer->graph->parameters + offset;
  float *first = trainer->vectors[FIRST].values + offset;
  sum_piece(trainer, run->job, part, gradient);
  if (trainer->options.optimiser == NN_SGD) {
    nn_sgd sgd = run->sgd;
    if (!part->decays) sgd.weight_decay = 0;
    kernels->sgd_step(part->count, &sgd, gradient, weights, first);
  } else {
    nn_adam adam = run->adam;
    if (!part->decays) adam.weight_decay = 0;
    kernels->adam_step(part->count, &adam, gradient, weights, first,
                       trainer->vectors[SECOND].values + offset);
  }
  if (trainer->vectors[AVERAGE].values)
    kernels->average_step(part->count, run->average_decay, weights,
                          trainer->vectors[AVERAGE].values + offset);
}

/* The running statistics of batch norms, averaged as the weights are, so that averaged weights
 * meet the statistics that they made. */
static void update_state(nn_trainer *trainer, const nn_job *job, float average_decay) {
  const nn_graph *graph = trainer->graph;
  nn_engine_update_state(&trainer->engine, job, graph->state);
  if (trainer->vectors[AVERAGE_STATE].values && graph->state_count)
    trainer->engine.kernels->average_step(graph->state_count, average_decay, graph->state,
                                          trainer->vectors[AVERAGE_STATE].values);
}

void nn_trainer_step(nn_trainer *trainer, const float *input, const uint16_t *labels,
                     const float *teacher, int count, double rate, double *loss, int *correct) {
  nn_job job = describe_job(trainer, input, labels, teacher, count);
  run_batch(trainer, &job);
  update run = describe_update(trainer, &job, rate);
  update_state(trainer, &job, run.average_decay);
  base_pool_run(trainer->pool, trainer->piece_count, update_piece, &run);
  trainer->steps++;
  *loss = mean_loss(trainer, count);
  *correct = 0;
  for (int p = 0; p < count; p++) *correct += trainer->right[p];
}

/* ---- what a checkpoint needs ---- */

void nn_trainer_average(const nn_trainer *trainer, float *parameters, float *state) {
  const nn_graph *graph = trainer->graph;
  const float *from[2] = {graph->parameters, graph->state};
  if (trainer->vectors[AVERAGE].values) {
    from[0] = trainer->vectors[AVERAGE].values;
    from[1] = trainer->vectors[AVERAGE_STATE].values;
  }
  memcpy(parameters, from[0], graph->parameter_count * sizeof(float));
  if (graph->state_count) memcpy(state, from[1], graph->state_count * sizeof(float));
}

size_t nn_trainer_vectors(const nn_trainer *trainer, nn_trainer_vector vectors[]) {
  size_t count = 0;
  for (int v = 0; v < NN_TRAINER_VECTORS; v++)
    if (trainer->vectors[v].values) vectors[count++] = trainer->vectors[v];
  return count;
}

uint64_t nn_trainer_steps(const nn_trainer *trainer) {
  return trainer->steps;
}

void nn_trainer_set_steps(nn_trainer *trainer, uint64_t steps) {
  trainer->steps = steps;
}
