/* Chunks of pictures go to the pool, each runs through all steps of the plan in one thread's
 * memory: picture by picture up to the first step that wants many at once, so that the bytes
 * between two convolutions are still in the cache when the second reads them. */
#include "nn/int8_session.h"

#include <string.h>

#include "base/memory.h"
#include "nn/int8_plan.h"
#include "nn/solo.h"

enum { MAX_CHUNK = 8 }; /* enough for a dense layer to use its weights well */

struct nn_int8_session {
  nn_int8_plan plan;
  base_pool *pool;
  size_t workers;
  uint8_t *memory; /* plan.bytes for each worker */
  nn_solo **solos; /* plan.solo_count for each worker */
};

static scrawl_status make_solos(nn_int8_session *session, base_error *error) {
  const nn_int8_plan *plan = &session->plan;
  size_t count = session->workers * (size_t)plan->solo_count;
  session->solos = base_alloc_zero(count, sizeof(nn_solo *));
  if (!session->solos) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  for (size_t worker = 0; worker < session->workers; worker++)
    for (int s = 0; s < plan->step_count; s++) {
      const nn_int8_step *step = &plan->steps[s];
      if (step->kind != NN_INT8_SOLO) continue;
      size_t at = worker * (size_t)plan->solo_count + (size_t)step->solo;
      BASE_TRY(nn_solo_create(plan->graph, step->node, plan->pictures, &session->solos[at], error));
    }
  return SCRAWL_OK;
}

scrawl_status nn_int8_session_create(const nn_graph *graph, int max_batch, base_pool *pool,
                                     const nn_int8_kernels *kernels, nn_int8_session **session,
                                     base_error *error) {
  *session = NULL;
  if (max_batch < 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a batch of %d pictures is empty", max_batch);
  nn_int8_session *made = base_alloc_zero(1, sizeof *made);
  if (!made) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the network");
  made->pool = pool;
  made->workers = base_pool_threads(pool);
  scrawl_status status =
      nn_int8_plan_make(graph, kernels ? kernels : nn_int8_best(),
                        max_batch < MAX_CHUNK ? max_batch : MAX_CHUNK, &made->plan, error);
  if (status == SCRAWL_OK) {
    made->memory = base_alloc_zero(made->workers, made->plan.bytes);
    if (!made->memory)
      status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the network");
  }
  if (status == SCRAWL_OK) status = make_solos(made, error);
  if (status == SCRAWL_OK)
    *session = made;
  else
    nn_int8_session_free(made);
  return status;
}

void nn_int8_session_free(nn_int8_session *session) {
  if (!session) return;
  size_t solos = session->solos ? session->workers * (size_t)session->plan.solo_count : 0;
  for (size_t i = 0; i < solos; i++) nn_solo_free(session->solos[i]);
  base_free(session->solos);
  base_free(session->memory);
  nn_int8_plan_free(&session->plan);
  base_free(session);
}

/* ---- steps ---- */

/* `count` pictures from picture `skip` of the chunk on, which is picture `first` of the batch. */
typedef struct part {
  const nn_int8_session *session;
  const nn_int8_plan *plan;
  size_t worker;
  uint8_t *memory;
  const float *input;
  float *output;
  size_t first, skip, count;
} part;

/* The bytes, or floats, of a value in memory or at the caller's. */
static uint8_t *bytes_of(const part *p, int value) {
  const nn_int8_value *v = &p->plan->values[value];
  return p->memory + v->offset + (v->whole ? p->skip * v->numbers : 0);
}

static float *floats_to(const part *p, int value) {
  const nn_int8_value *v = &p->plan->values[value];
  if (v->place == NN_INT8_TO_CALLER) return p->output + (p->first + p->skip) * v->numbers;
  return (float *)(void *)(p->memory + v->offset) + (v->whole ? p->skip * v->numbers : 0);
}

static const float *floats_of(const part *p, int value) {
  const nn_int8_value *v = &p->plan->values[value];
  if (v->place == NN_INT8_FROM_CALLER) return p->input + (p->first + p->skip) * v->numbers;
  return floats_to(p, value);
}

/* Number 0 to 2 of the arrays for nodes that run by themselves. */
static float *scratch(const part *p, int number) {
  return (float *)(void *)(p->memory + p->plan->floats_at) +
         (size_t)number * p->plan->floats_stride;
}

/* A picture with a border, or as much of it as the windows see. */
static const uint8_t *pad(const part *p, const nn_int8_step *step, const uint8_t *x) {
  const nn_window *w = &p->plan->graph->nodes[step->node].window;
  const nn_node *input = &p->plan->graph->nodes[step->x[0]];
  size_t pixel = (size_t)w->in_c, left = (size_t)w->pad_left * pixel, row = (size_t)w->in_w * pixel;
  size_t inside = left + row < step->width ? row : step->width - left;
  int rows = (w->out_h - 1) * w->stride_h + w->kernel_h;
  uint8_t *field = p->memory + p->plan->pad_at, *to = field;
  for (int r = 0; r < rows; r++, to += step->width) {
    int y = r - w->pad_top;
    if (y < 0 || y >= w->in_h) {
      memset(to, input->zero_point, step->width);
      continue;
    }
    memset(to, input->zero_point, left);
    memcpy(to + left, x + (size_t)y * row, inside);
    memset(to + left + inside, input->zero_point, step->width - left - inside);
  }
  return field;
}

static void run_sum(const part *p, const nn_int8_step *step) {
  const nn_int8_value *x = &p->plan->values[step->x[0]], *y = &p->plan->values[step->y];
  bool dense = p->plan->graph->nodes[step->node].kind == NN_DENSE;
  nn_int8_sum sum = step->sum;
  size_t calls = dense ? 1 : p->count;
  if (dense) sum.pixels = p->count;
  for (size_t i = 0; i < calls; i++) {
    sum.x = bytes_of(p, step->x[0]) + i * x->numbers;
    if (step->padded) sum.x = pad(p, step, sum.x);
    if (y->bytes)
      p->plan->kernels->sum_bytes(&sum, bytes_of(p, step->y) + i * y->numbers);
    else
      p->plan->kernels->sum_floats(&sum, step->relu, floats_to(p, step->y) + i * y->numbers);
  }
}

static void run_solo(const part *p, const nn_int8_step *step) {
  const nn_int8_kernels *kernels = p->plan->kernels;
  const nn_int8_value *y = &p->plan->values[step->y];
  const float *from[2] = {NULL, NULL};
  for (int i = 0; i < 2 && step->x[i] >= 0; i++) {
    const nn_int8_value *x = &p->plan->values[step->x[i]];
    const nn_node *node = &p->plan->graph->nodes[step->x[i]];
    if (x->bytes)
      kernels->dequantise(p->count * x->numbers, bytes_of(p, step->x[i]), node->scale,
                          node->zero_point, scratch(p, i));
    from[i] = x->bytes ? scratch(p, i) : floats_of(p, step->x[i]);
  }
  float *to = y->bytes ? scratch(p, 2) : floats_to(p, step->y);
  nn_solo_run(p->session->solos[p->worker * (size_t)p->plan->solo_count + (size_t)step->solo],
              from[0], from[1], (int)p->count, to);
  const nn_node *node = &p->plan->graph->nodes[step->y];
  if (y->bytes)
    kernels->quantise(p->count * y->numbers, to, node->scale, node->zero_point,
                      bytes_of(p, step->y));
}

static void run_mean(const part *p, const nn_int8_step *step) {
  const nn_int8_value *x = &p->plan->values[step->x[0]], *y = &p->plan->values[step->y];
  int32_t *sums = (int32_t *)(void *)(p->memory + p->plan->sums_at);
  for (size_t i = 0; i < p->count; i++)
    p->plan->kernels->mean(x->numbers / y->numbers, y->numbers,
                           bytes_of(p, step->x[0]) + i * x->numbers,
                           p->plan->graph->nodes[step->x[0]].zero_point, step->multiplier,
                           step->sum.zero, sums, bytes_of(p, step->y) + i * y->numbers);
}

static void run_output(const part *p, const nn_int8_step *step) {
  const nn_int8_value *x = &p->plan->values[step->x[0]];
  const nn_node *node = &p->plan->graph->nodes[step->x[0]];
  float *to = p->output + (p->first + p->skip) * x->numbers;
  if (x->bytes)
    p->plan->kernels->dequantise(p->count * x->numbers, bytes_of(p, step->x[0]), node->scale,
                                 node->zero_point, to);
  else
    memcpy(to, floats_of(p, step->x[0]), p->count * x->numbers * sizeof *to);
}

static void run_step(const part *p, const nn_int8_step *step) {
  const nn_int8_kernels *kernels = p->plan->kernels;
  const nn_node *node = &p->plan->graph->nodes[step->node];
  size_t numbers = step->y >= 0 ? p->plan->values[step->y].numbers : 0;
  switch (step->kind) {
  case NN_INT8_INPUT:
    kernels->quantise(p->count * numbers, p->input + (p->first + p->skip) * numbers, node->scale,
                      node->zero_point, bytes_of(p, step->y));
    break;
  case NN_INT8_SUM:
    run_sum(p, step);
    break;
  case NN_INT8_POOL:
    for (size_t i = 0; i < p->count; i++)
      kernels->max_pool(&node->window,
                        bytes_of(p, step->x[0]) + i * p->plan->values[step->x[0]].numbers,
                        bytes_of(p, step->y) + i * numbers);
    break;
  case NN_INT8_ADD:
    kernels->add(p->count * numbers, &step->add, bytes_of(p, step->x[0]), bytes_of(p, step->x[1]),
                 bytes_of(p, step->y));
    break;
  case NN_INT8_MEAN:
    run_mean(p, step);
    break;
  case NN_INT8_MAP:
    kernels->map(p->count * numbers, bytes_of(p, step->x[0]), step->table, bytes_of(p, step->y));
    break;
  case NN_INT8_SOLO:
    run_solo(p, step);
    break;
  case NN_INT8_OUTPUT:
    run_output(p, step);
    break;
  }
}

/* ---- runs ---- */

typedef struct inference {
  const nn_int8_session *session;
  const float *input;
  float *output;
  size_t count, chunk;
} inference;

static void run_chunk(void *argument, size_t index, size_t worker) {
  const inference *run = argument;
  const nn_int8_plan *plan = &run->session->plan;
  size_t first = index * run->chunk, left = run->count - first;
  size_t pictures = left < run->chunk ? left : run->chunk;
  part p = {.session = run->session,
            .plan = plan,
            .worker = worker,
            .memory = run->session->memory + worker * plan->bytes,
            .input = run->input,
            .output = run->output,
            .first = first};
  for (int s = 0, end; s < plan->step_count; s = end) {
    for (end = s + 1; end < plan->step_count; end++)
      if (plan->steps[end].whole != plan->steps[s].whole) break;
    p.count = plan->steps[s].whole ? pictures : 1;
    for (p.skip = 0; p.skip < pictures; p.skip += p.count)
      for (int t = s; t < end; t++) run_step(&p, &plan->steps[t]);
  }
}

void nn_int8_session_run(nn_int8_session *session, const float *input, int count, float *output) {
  if (count < 1) return;
  inference run = {session, input, output, (size_t)count, (size_t)session->plan.pictures};
  /* Few pictures: smaller chunks, so that every thread has one. */
  size_t each = (run.count + session->workers - 1) / session->workers;
  if (each < run.chunk) run.chunk = each;
  size_t chunks = (run.count + run.chunk - 1) / run.chunk;
  if (chunks == 1)
    run_chunk(&run, 0, 0);
  else
    base_pool_run(session->pool, chunks, run_chunk, &run);
}
