/* Laying out an engine's memory and running its steps. */
#include "nn/engine.h"

#include <string.h>

base_random nn_step_random(uint64_t seed, uint64_t step) {
  base_random all = base_random_seed(seed);
  return base_random_split(&all, step);
}

/* ---- memory ---- */

/* Counts bytes, each piece on its own cache lines, in wide arithmetic. */
typedef struct layout {
  uint64_t bytes;
} layout;

static uint64_t reserve(layout *sizes, uint64_t count, uint64_t size) {
  uint64_t at = sizes->bytes;
  sizes->bytes += (count * size + BASE_ALIGNMENT - 1) / BASE_ALIGNMENT * BASE_ALIGNMENT;
  return at;
}

static size_t round_up(size_t floats) {
  const size_t line = BASE_ALIGNMENT / sizeof(float);
  return (floats + line - 1) / line * line;
}

typedef struct totals {
  size_t packed, packed_backward, tables;
} totals;

static totals size_nodes(nn_engine *engine) {
  totals sum = {0, 0, 0};
  for (int n = 1; n <= engine->plan.output; n++) {
    const nn_node *node = &engine->graph->nodes[n];
    const nn_operator *op = nn_operator_of(node->kind);
    struct nn_engine_node *own = &engine->nodes[n];
    *own = (struct nn_engine_node){sum.packed, sum.packed_backward, sum.tables,
                                   engine->statistics_count, false};
    if (!engine->plan.nodes[n].used) continue;
    if (op->packed_floats) sum.packed += round_up(op->packed_floats(node, engine->kernels));
    if (engine->training && op->packed_backward_floats) {
      size_t floats = op->packed_backward_floats(node, engine->kernels);
      own->packs_backward = floats > 0;
      sum.packed_backward += round_up(floats);
    }
    if (op->table_floats) sum.tables += round_up(op->table_floats(node));
    if (engine->training && op->statistics_count)
      engine->statistics_count += op->statistics_count(node);
    for (int count = 1; op->scratch_floats && count <= engine->pictures; count++) {
      size_t floats = round_up(op->scratch_floats(node, count, engine->training, engine->kernels));
      if (floats > engine->scratch_floats) engine->scratch_floats = floats;
    }
  }
  return sum;
}

static scrawl_status lay_out(nn_engine *engine, base_error *error) {
  nn_engine *e = engine;
  e->nodes = base_arena_alloc(&e->plan.arena, (size_t)e->graph->node_count, sizeof *e->nodes);
  if (!e->nodes) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the network");
  totals sum = size_nodes(e);
  e->gradient_stride = round_up(e->graph->parameter_count);
  uint64_t shards = (uint64_t)e->shards;
  layout sizes = {0};
  uint64_t statistics = reserve(&sizes, (shards + 1) * e->statistics_count, sizeof(double));
  uint64_t packed = reserve(&sizes, sum.packed, sizeof(float));
  uint64_t backward = reserve(&sizes, sum.packed_backward, sizeof(float));
  uint64_t tables = reserve(&sizes, sum.tables, sizeof(float));
  uint64_t scratch = reserve(&sizes, (uint64_t)e->workers * e->scratch_floats, sizeof(float));
  uint64_t activations = reserve(&sizes, shards * e->plan.shard_floats, sizeof(float));
  uint64_t gradients =
      reserve(&sizes, e->training ? shards * e->gradient_stride : 0, sizeof(float));
  if (sizes.bytes > SIZE_MAX || !(e->memory = base_alloc(1, (size_t)sizes.bytes)))
    return base_fail(error, SCRAWL_OUT_OF_MEMORY,
                     "not enough memory to run the network: %llu MB for %d shards of %d pictures",
                     (unsigned long long)(sizes.bytes >> 20), e->shards, e->pictures);
  char *base = e->memory;
  e->statistics = (double *)(void *)(base + statistics);
  e->packed = (float *)(void *)(base + packed);
  e->packed_backward = (float *)(void *)(base + backward);
  e->tables = (float *)(void *)(base + tables);
  e->scratch = (float *)(void *)(base + scratch);
  e->activations = (float *)(void *)(base + activations);
  e->gradients = (float *)(void *)(base + gradients);
  return SCRAWL_OK;
}

scrawl_status nn_engine_create(const nn_graph *graph, const nn_kernels *kernels, bool training,
                               int shards, int pictures, size_t workers, size_t extra_scratch,
                               nn_engine *engine, base_error *error) {
  *engine = (nn_engine){.graph = graph,
                        .kernels = kernels ? kernels : nn_kernels_best(),
                        .training = training,
                        .shards = shards,
                        .pictures = pictures,
                        .workers = workers,
                        .scratch_floats = round_up(extra_scratch)};
  if (!graph->parameters)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "the network is not finished");
  BASE_TRY(nn_plan_make(graph, training, pictures, &engine->plan, error));
  scrawl_status status = lay_out(engine, error);
  if (status != SCRAWL_OK) nn_engine_free(engine);
  return status;
}

void nn_engine_free(nn_engine *engine) {
  nn_plan_free(&engine->plan);
  base_free(engine->memory);
  *engine = (nn_engine){0};
}

static size_t late_parameters(const nn_node *node) {
  const nn_operator *op = nn_operator_of(node->kind);
  return op->late_parameters ? op->late_parameters(node) : 0;
}

void nn_engine_clear(nn_engine *engine, int shard) {
  size_t row = (size_t)shard;
  float *gradients = engine->gradients + row * engine->gradient_stride;
  for (int n = 1; n < engine->graph->node_count; n++) {
    const nn_node *node = &engine->graph->nodes[n];
    size_t late = late_parameters(node);
    memset(gradients + node->parameter_offset + late, 0,
           (node->parameter_count - late) * sizeof(float));
  }
  memset(engine->statistics + row * engine->statistics_count, 0,
         engine->statistics_count * sizeof(double));
}

nn_shard nn_shard_of(int batch, int shards, int index) {
  int first = (int)((int64_t)batch * index / shards);
  int end = (int)((int64_t)batch * (index + 1) / shards);
  return (nn_shard){.index = index, .first = first, .count = end - first};
}

/* ---- steps ---- */

/* Everything that does not depend on the pictures. */
static nn_run describe(const nn_engine *engine, int n, int batch, size_t worker) {
  const nn_node *node = &engine->graph->nodes[n];
  const struct nn_engine_node *own = &engine->nodes[n];
  return (nn_run){.kernels = engine->kernels,
                  .node = node,
                  .batch = batch,
                  .training = engine->training,
                  .parameters = engine->graph->parameters + node->parameter_offset,
                  .packed = engine->packed + engine->nodes[n].packed,
                  .packed_backward = own->packs_backward
                                         ? engine->packed_backward + own->packed_backward
                                         : engine->packed + own->packed,
                  .fuse_relu = engine->plan.nodes[n].fuses_relu,
                  .fuse_pool = engine->plan.nodes[n].fuses_pool,
                  .table = engine->tables + engine->nodes[n].table,
                  .scratch = engine->scratch + worker * engine->scratch_floats};
}

static size_t result_floats(const nn_engine *engine, int n) {
  return nn_shape_floats(engine->graph->nodes[engine->plan.nodes[n].result].shape);
}

/* Where the pictures from `skip` of the shard on lie in a place; NULL for none. */
static float *locate(const nn_engine *engine, const nn_job *job, nn_shard shard, int skip,
                     int place, size_t floats) {
  size_t first = (size_t)(shard.first + skip) * floats;
  if (place == NN_PLACE_OUTPUT) return job->output + first;
  if (place == NN_PLACE_INPUT_GRADIENT)
    return job->input_gradient ? job->input_gradient + first : NULL;
  if (place < 0) return NULL;
  const nn_buffer *buffer = &engine->plan.buffers[place];
  return engine->activations + (size_t)shard.index * engine->plan.shard_floats + buffer->offset +
         (buffer->whole ? (size_t)skip * buffer->floats : 0);
}

static const float *locate_activation(const nn_engine *engine, const nn_job *job, nn_shard shard,
                                      int skip, int n) {
  size_t floats = nn_shape_floats(engine->graph->nodes[n].shape);
  int place = engine->plan.nodes[n].activation;
  if (place == NN_PLACE_INPUT) return job->input + (size_t)(shard.first + skip) * floats;
  return locate(engine, job, shard, skip, place, floats);
}

static float *locate_gradient(const nn_engine *engine, const nn_job *job, nn_shard shard, int skip,
                              int n) {
  if (!engine->plan.nodes[n].trainable && !job->input_gradient) return NULL;
  return locate(engine, job, shard, skip, engine->plan.nodes[n].gradient,
                nn_shape_floats(engine->graph->nodes[n].shape));
}

static void run_loss(const nn_engine *engine, const nn_job *job, nn_shard shard) {
  int n = engine->plan.output, first = shard.first, classes = engine->graph->nodes[n].shape.c;
  nn_targets targets = job->targets;
  targets.labels += first;
  if (targets.teacher) targets.teacher += (size_t)first * (size_t)classes;
  nn_loss(shard.count, classes, locate_activation(engine, job, shard, 0, n), &targets,
          1.0 / job->batch, job->losses + first, job->right + first,
          locate_gradient(engine, job, shard, 0, n));
}

static void run_backward(const nn_engine *engine, const nn_job *job, nn_shard shard, int skip,
                         const nn_step *step, nn_run *run) {
  const nn_operator *op = nn_operator_of(run->node->kind);
  float *sums[2] = {NULL, NULL};
  bool wanted = run->node->parameter_count > 0;
  for (int i = 0; i < op->inputs; i++) {
    int input = run->node->input[i];
    run->dx[i] = sums[i] = locate_gradient(engine, job, shard, skip, input);
    if (step->add[i] && sums[i])
      run->dx[i] = locate(engine, job, shard, skip, engine->plan.nodes[input].spare, 0);
    wanted |= run->dx[i] != NULL;
  }
  if (!wanted) return;
  if (op->backward) {
    op->backward(run);
  } else if (run->dx[0] && run->dx[0] != run->dy) {
    memcpy(run->dx[0], run->dy,
           (size_t)run->count * nn_shape_floats(run->node->shape) * sizeof(float));
  }
  for (int i = 0; i < op->inputs; i++) {
    size_t floats = nn_shape_floats(engine->graph->nodes[run->node->input[i]].shape);
    if (run->dx[i] != sums[i])
      engine->kernels->add((size_t)run->count * floats, sums[i], run->dx[i], sums[i]);
  }
}

/* Pictures skip .. skip + count - 1 of the shard. */
static void run_step(const nn_engine *engine, const nn_job *job, nn_shard shard, int skip,
                     int count, const nn_step *step) {
  if (step->kind == NN_STEP_LOSS) {
    run_loss(engine, job, shard);
    return;
  }
  int n = step->node;
  nn_run run = describe(engine, n, job->batch, shard.worker);
  const nn_operator *op = nn_operator_of(run.node->kind);
  run.first = shard.first + skip;
  run.count = count;
  for (int i = 0; i < op->inputs; i++)
    run.x[i] = locate_activation(engine, job, shard, skip, run.node->input[i]);
  run.y =
      locate(engine, job, shard, skip, engine->plan.nodes[n].activation, result_floats(engine, n));
  run.saved = locate(engine, job, shard, skip, engine->plan.nodes[n].saved, 0);
  run.statistics = engine->statistics + (size_t)shard.index * engine->statistics_count +
                   engine->nodes[n].statistics;
  if (op->saved_floats && engine->training)
    run.random = base_random_split(&job->random, (uint64_t)n);
  if (step->kind == NN_STEP_FORWARD) {
    op->forward(&run);
    return;
  }
  if (step->kind == NN_STEP_GATHER_FORWARD) {
    op->gather_forward(&run);
    return;
  }
  run.dy = locate_gradient(engine, job, shard, skip, n);
  run.gradient = engine->gradients + (size_t)shard.index * engine->gradient_stride +
                 run.node->parameter_offset;
  if (step->kind == NN_STEP_GATHER_BACKWARD)
    op->gather_backward(&run);
  else
    run_backward(engine, job, shard, skip, step, &run);
}

int nn_engine_parts(const nn_engine *engine, int step) {
  const nn_node *node = &engine->graph->nodes[engine->plan.steps[step].node];
  const nn_operator *op = nn_operator_of(node->kind);
  return op->parts ? op->parts(node, engine->kernels) : 1;
}

void nn_engine_run_parts(const nn_engine *engine, const nn_job *job, size_t worker, int step,
                         int first, int end) {
  const nn_step *own = &engine->plan.steps[step];
  const nn_shard shard = {.count = 1, .worker = worker};
  if (first == 0 && end == nn_engine_parts(engine, step)) {
    run_step(engine, job, shard, 0, 1, own);
    return;
  }
  nn_run run = describe(engine, own->node, 1, worker);
  run.count = 1;
  run.x[0] = locate_activation(engine, job, shard, 0, run.node->input[0]);
  run.y = locate(engine, job, shard, 0, engine->plan.nodes[own->node].activation,
                 result_floats(engine, own->node));
  nn_operator_of(run.node->kind)->forward_parts(&run, first, end);
}

int nn_engine_run_phase(nn_engine *engine, const nn_job *job, nn_shard shard, int group) {
  const nn_plan *plan = &engine->plan;
  while (group < plan->group_count) {
    const nn_group *own = &plan->groups[group++];
    int at_once = own->whole ? shard.count : 1;
    for (int skip = 0; skip < shard.count; skip += at_once)
      for (int s = own->first; s < own->end; s++)
        run_step(engine, job, shard, skip, at_once, &plan->steps[s]);
    if (own->meet) break;
  }
  return group;
}

void nn_engine_late_gradient(const nn_engine *engine, const nn_job *job, int shards, int node,
                             size_t first, size_t count, float *gradient) {
  nn_run run = describe(engine, node, job->batch, 0);
  const nn_operator *op = nn_operator_of(run.node->kind);
  nn_rows rows = {0};
  memset(gradient, 0, count * sizeof *gradient);
  for (int s = 0; s < shards; s++) {
    nn_shard shard = nn_shard_of(job->batch, shards, s);
    for (int p = 0; p < shard.count; p++) {
      rows.x[rows.count] = locate_activation(engine, job, shard, p, run.node->input[0]);
      rows.dy[rows.count++] = locate_gradient(engine, job, shard, p, node);
      if (rows.count < NN_DENSE_ROWS && shard.first + p + 1 < job->batch) continue;
      op->late_gradient(&run, &rows, first, count, gradient);
      rows.count = 0;
    }
  }
}

void nn_engine_settle(nn_engine *engine, const nn_job *job, int shards, int group) {
  const nn_step *step = &engine->plan.steps[engine->plan.groups[group - 1].end - 1];
  nn_run run = describe(engine, step->node, job->batch, 0);
  const nn_operator *op = nn_operator_of(run.node->kind);
  size_t offset = engine->nodes[step->node].statistics, stride = engine->statistics_count;
  run.statistics = engine->statistics + (size_t)engine->shards * stride + offset;
  size_t count = op->statistics_count(run.node);
  for (size_t i = 0; i < count; i++) {
    run.statistics[i] = 0;
    for (int s = 0; s < shards; s++)
      run.statistics[i] += engine->statistics[(size_t)s * stride + offset + i];
  }
  run.gradient = engine->gradients + run.node->parameter_offset;
  if (step->kind == NN_STEP_GATHER_FORWARD)
    op->settle_forward(&run, NULL);
  else
    op->settle_backward(&run);
}

void nn_engine_update_state(nn_engine *engine, const nn_job *job, float *state) {
  for (int n = 1; n <= engine->plan.output; n++) {
    nn_run run = describe(engine, n, job->batch, 0);
    const nn_operator *op = nn_operator_of(run.node->kind);
    if (!op->update_state || !engine->plan.nodes[n].used) continue;
    run.statistics = engine->statistics + (size_t)engine->shards * engine->statistics_count +
                     engine->nodes[n].statistics;
    op->update_state(&run, state + run.node->state_offset);
  }
}

/* ---- weights ---- */

typedef struct packing {
  nn_engine *engine;
  bool input_gradient;
} packing;

/* Index 2n packs node n for forward, 2n + 1 for backward. */
static void pack_one(void *argument, size_t index, size_t worker) {
  const packing *job = argument;
  nn_engine *engine = job->engine;
  int n = (int)(index / 2);
  if (n == 0 || !engine->plan.nodes[n].used) return;
  nn_run run = describe(engine, n, 0, worker);
  const nn_operator *op = nn_operator_of(run.node->kind);
  bool backward =
      engine->training && (job->input_gradient || engine->plan.nodes[run.node->input[0]].trainable);
  if (index % 2 == 0 && op->pack)
    op->pack(&run, engine->packed + engine->nodes[n].packed);
  else if (index % 2 == 1 && engine->nodes[n].packs_backward && backward)
    op->pack_backward(&run, engine->packed_backward + engine->nodes[n].packed_backward);
}

void nn_engine_prepare(nn_engine *engine, base_pool *pool, bool input_gradient) {
  packing job = {engine, input_gradient};
  base_pool_run(pool, 2 * (size_t)(engine->plan.output + 1), pack_one, &job);
  for (int n = 1; n <= engine->plan.output && !engine->training; n++) {
    nn_run run = describe(engine, n, 0, 0);
    const nn_operator *op = nn_operator_of(run.node->kind);
    if (op->settle_forward && engine->plan.nodes[n].used)
      op->settle_forward(&run, engine->graph->state + run.node->state_offset);
  }
}
