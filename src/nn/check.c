/* Gradient check: the trainer's gradients against central differences of a forward pass that shares
 * no code with it.
 *
 * The truth is the operators' double twins, run over the whole batch, with the mean cross-entropy
 * at the end:
 *   g = (L(v + h) - L(v - h)) / 2h.
 * With h = 1e-6 in double the difference is good to about 1e-9, far better than the float
 * gradients. Where a ReLU or a maximum has its kink between v - h and v + h the two one-sided
 * differences disagree and the number is passed over. The error of a gradient a against g is
 *   |a - g| / max(|a|, |g|, r),
 * r being the root mean square of the gradients of its tensor or, if larger, a hundredth of that of
 * all: a gradient that is zero but for rounding (a bias before a batch norm) is then no error. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/engine.h"
#include "nn/trainer.h"

static const double step_size = 1e-6;
static const double kink = 1e-2;        /* share by which one-sided differences may disagree */
static const double budget_flops = 1e9; /* bounds the time of a check to a second or two */
enum { MOST_NUMBERS = 4096, LEAST_NUMBERS = 32 };

typedef struct check {
  const nn_graph *graph;
  int batch, output;
  const uint16_t *labels;
  base_random random; /* of the step: dropout's masks */
  double *parameters;
  double **values; /* activations of each node, of the whole batch */
  double loss;
} check;

/* ---- the double network ---- */

/* Runs the nodes from `from` on; those before are up to date. Returns the mean loss. */
static double loss_from(const check *c, int from) {
  for (int n = from > 1 ? from : 1; n <= c->output; n++) {
    const nn_node *node = &c->graph->nodes[n];
    const nn_operator *op = nn_operator_of(node->kind);
    nn_shape shapes[2] = {{0, 0, 0}, {0, 0, 0}};
    nn_run_double run = {.node = node,
                         .count = c->batch,
                         .shapes = shapes,
                         .y = c->values[n],
                         .parameters = c->parameters + node->parameter_offset,
                         .random = base_random_split(&c->random, (uint64_t)n)};
    for (int i = 0; i < op->inputs; i++) {
      run.x[i] = c->values[node->input[i]];
      shapes[i] = c->graph->nodes[node->input[i]].shape;
    }
    op->forward_double(&run);
  }
  size_t classes = nn_shape_floats(c->graph->nodes[c->output].shape);
  double loss = 0;
  for (int p = 0; p < c->batch; p++) {
    const double *z = c->values[c->output] + (size_t)p * classes;
    double largest = z[0], sum = 0;
    for (size_t k = 1; k < classes; k++) largest = fmax(largest, z[k]);
    for (size_t k = 0; k < classes; k++) sum += exp(z[k] - largest);
    loss += (log(sum) + largest - z[c->labels[p]]) / c->batch;
  }
  return loss;
}

/* ---- comparing ---- */

static double mean_square(const float *gradient, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)gradient[i] * (double)gradient[i];
  return count ? sum / (double)count : 0;
}

/* One number that the loss depends on, in the tensor of node n; false where it lies at a kink. */
static bool compare(const check *c, double *number, int n, double analytic, double floor_size,
                    double *error) {
  double kept = *number;
  *number = kept + step_size;
  double above = loss_from(c, n);
  *number = kept - step_size;
  double below = loss_from(c, n);
  *number = kept;
  double right = (above - c->loss) / step_size, left = (c->loss - below) / step_size;
  double numeric = (above - below) / (2 * step_size);
  double size = fmax(fmax(fabs(analytic), fabs(numeric)), floor_size);
  *error = size > 0 ? fabs(analytic - numeric) / size : 0;
  return fabs(right - left) <= kink * fmax(fmax(fabs(right), fabs(left)), floor_size);
}

/* Compares `count` gradients of a tensor that node n reads: all of them, or `most` drawn at
 * random. */
static double compare_tensor(const check *c, double *numbers, const float *gradient, size_t count,
                             size_t most, int n, double floor_size, base_random random) {
  double worst = 0;
  double size = fmax(floor_size, sqrt(mean_square(gradient, count)));
  size_t tests = count < most ? count : most;
  for (size_t i = 0; i < tests; i++) {
    size_t at = tests == count ? i : (size_t)base_random_below(&random, count);
    double error;
    if (compare(c, &numbers[at], n, (double)gradient[at], size, &error))
      worst = fmax(worst, isnan(error) ? INFINITY : error);
  }
  /* Later tensors start from activations that are right again. */
  loss_from(c, n);
  return worst;
}

static double compare_all(check *c, const float *gradient, const float *input_gradient,
                          uint64_t seed) {
  const nn_graph *graph = c->graph;
  base_random random = base_random_seed(seed);
  size_t inputs = (size_t)c->batch * nn_shape_floats(nn_graph_input(graph));
  size_t all = graph->parameter_count + inputs;
  double floor_size =
      0.01 * sqrt((mean_square(gradient, graph->parameter_count) * (double)graph->parameter_count +
                   mean_square(input_gradient, inputs) * (double)inputs) /
                  (double)all);
  double budget = budget_flops / (2 * c->batch * (nn_graph_flops(graph) + 1e4));
  double share = fmin(fmax(fmin(budget, MOST_NUMBERS), LEAST_NUMBERS) / (double)all, 1);
  double worst = compare_tensor(c, c->values[0], input_gradient, inputs,
                                (size_t)ceil(share * (double)inputs), 0, floor_size, random);
  for (int n = 1; n <= c->output; n++) {
    const nn_node *node = &graph->nodes[n];
    if (node->parameter_count == 0) continue;
    double error =
        compare_tensor(c, c->parameters + node->parameter_offset, gradient + node->parameter_offset,
                       node->parameter_count, (size_t)ceil(share * (double)node->parameter_count),
                       n, floor_size, base_random_split(&random, (uint64_t)n));
    worst = fmax(worst, error);
  }
  return worst;
}

/* ---- the random problem ---- */

typedef struct problem {
  nn_graph *graph;
  nn_trainer *trainer;
  float *input, *gradient, *input_gradient;
  uint16_t *labels;
  base_arena arena;
} problem;

/* Weights as for training, and biases and batch norms away from their 0 and 1. */
static void randomise(nn_graph *graph, base_random random) {
  nn_graph_initialise(graph, random);
  base_random own = base_random_split(&random, NN_MAX_NODES);
  for (int n = 1; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    float *values = graph->parameters + node->parameter_offset;
    size_t others = node->bias ? (size_t)node->shape.c : 0;
    if (node->kind == NN_BATCH_NORM) others = node->parameter_count;
    for (size_t i = node->parameter_count - others; i < node->parameter_count; i++)
      values[i] += (float)(0.2 * base_random_normal(&own));
  }
}

static scrawl_status make_problem(problem *m, const nn_graph *graph, int batch, uint64_t seed,
                                  const nn_kernels *kernels, base_error *error) {
  BASE_TRY(nn_graph_copy(graph, &m->graph, error));
  BASE_TRY(nn_graph_finish(m->graph, error));
  base_random random = base_random_seed(seed);
  randomise(m->graph, base_random_split(&random, 0));
  nn_trainer_options options = nn_trainer_defaults(NN_SGD);
  options.batch = batch;
  options.seed = seed;
  BASE_TRY(nn_trainer_create(m->graph, &options, NULL, kernels, &m->trainer, error));
  size_t inputs = (size_t)batch * nn_shape_floats(nn_graph_input(graph));
  uint64_t classes = nn_shape_floats(nn_graph_output(graph));
  m->input = base_arena_alloc(&m->arena, inputs, sizeof *m->input);
  m->input_gradient = base_arena_alloc(&m->arena, inputs, sizeof *m->input_gradient);
  m->labels = base_arena_alloc(&m->arena, (size_t)batch, sizeof *m->labels);
  m->gradient = base_arena_alloc(&m->arena, graph->parameter_count, sizeof *m->gradient);
  if (!m->input || !m->input_gradient || !m->labels || !m->gradient)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to check gradients");
  base_random draws = base_random_split(&random, 1);
  for (size_t i = 0; i < inputs; i++) m->input[i] = (float)base_random_normal(&draws);
  for (int p = 0; p < batch; p++)
    m->labels[p] = (uint16_t)base_random_below(&draws, classes < UINT16_MAX ? classes : UINT16_MAX);
  return SCRAWL_OK;
}

static scrawl_status solve(problem *m, int batch, uint64_t seed, double *worst, base_error *error) {
  const nn_graph *graph = m->graph;
  int last = graph->node_count - 1;
  check c = {.graph = graph,
             .batch = batch,
             .output = graph->nodes[last].kind == NN_SOFTMAX ? graph->nodes[last].input[0] : last,
             .labels = m->labels,
             .random = nn_step_random(seed, 0)};
  c.parameters = base_arena_alloc(&m->arena, graph->parameter_count, sizeof *c.parameters);
  c.values = base_arena_alloc(&m->arena, (size_t)graph->node_count, sizeof *c.values);
  bool enough = c.parameters && c.values;
  for (int n = 0; n <= c.output && enough; n++) {
    size_t floats = nn_shape_floats(graph->nodes[n].shape);
    enough = floats < SIZE_MAX / (size_t)batch;
    c.values[n] =
        enough ? base_arena_alloc(&m->arena, (size_t)batch * floats, sizeof(double)) : NULL;
    enough = c.values[n] != NULL;
  }
  if (!enough)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to check gradients");
  for (size_t i = 0; i < graph->parameter_count; i++)
    c.parameters[i] = (double)graph->parameters[i];
  size_t inputs = (size_t)batch * nn_shape_floats(nn_graph_input(graph));
  for (size_t i = 0; i < inputs; i++) c.values[0][i] = (double)m->input[i];
  double loss;
  nn_trainer_gradient(m->trainer, m->input, m->labels, NULL, batch, &loss, m->gradient,
                      m->input_gradient);
  c.loss = loss_from(&c, 0);
  *worst = fabs(loss - c.loss) / fmax(1, fabs(loss));
  *worst = fmax(isnan(*worst) ? INFINITY : *worst,
                compare_all(&c, m->gradient, m->input_gradient, seed));
  return SCRAWL_OK;
}

scrawl_status nn_check_gradients(const nn_graph *graph, int batch, uint64_t seed,
                                 const nn_kernels *kernels, double *worst, base_error *error) {
  *worst = 0;
  problem made = {0};
  base_arena_init(&made.arena, 1 << 20);
  scrawl_status status = make_problem(&made, graph, batch, seed, kernels, error);
  if (status == SCRAWL_OK) status = solve(&made, batch, seed, worst, error);
  nn_trainer_free(made.trainer);
  nn_graph_free(made.graph);
  base_arena_free(&made.arena);
  return status;
}
