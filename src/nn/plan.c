/* Planning: order, groups, and memory.
 *
 * Memory: the steps give every buffer an interval of time in which it is in use; buffers whose
 * intervals do not overlap may share memory. They are placed largest first, each at the lowest
 * offset that is free during its interval (first fit by size, see Pisarchyk and Lee 2020). A buffer
 * used by more than one group, or by a group that runs step by step, holds all pictures of the
 * shard; in a group that runs picture by picture its other pictures wait meanwhile, so that it is
 * in use from the start of such a group or to its end.
 *
 * Some nodes share a buffer: a flatten is its input; a ReLU that is the only reader of an operator
 * that can do it itself is that operator's output, and so is, in inference, a pool behind it; an
 * operator whose backward can work in place
 * uses one gradient buffer for input and output, unless the input has other readers. */
#include "nn/plan.h"

#include <stdlib.h>
#include <string.h>

#include "nn/operator.h"

typedef struct planner {
  const nn_graph *graph;
  nn_plan *plan;
  const nn_operator **ops;
  int *readers;
  bool training;
  int pictures;
} planner;

static const nn_node *node_of(const planner *p, int n) {
  return &p->graph->nodes[n];
}

static void find_used(planner *p) {
  nn_plan *plan = p->plan;
  int last = p->graph->node_count - 1;
  plan->output = last;
  /* The softmax at the end is trained as one with the loss. */
  if (p->training && node_of(p, last)->kind == NN_SOFTMAX)
    plan->output = node_of(p, last)->input[0];
  plan->nodes[plan->output].used = true;
  p->readers[plan->output] = 1;
  for (int n = plan->output; n > 0; n--) {
    p->ops[n] = nn_operator_of(node_of(p, n)->kind);
    for (int i = 0; i < p->ops[n]->inputs && plan->nodes[n].used; i++) {
      plan->nodes[node_of(p, n)->input[i]].used = true;
      p->readers[node_of(p, n)->input[i]]++;
    }
  }
  for (int n = 1; n <= plan->output; n++) {
    plan->nodes[n].trainable = node_of(p, n)->parameter_count > 0;
    for (int i = 0; i < p->ops[n]->inputs; i++)
      plan->nodes[n].trainable |= plan->nodes[node_of(p, n)->input[i]].trainable;
  }
}

static int new_buffer(planner *p, size_t floats) {
  nn_plan *plan = p->plan;
  plan->buffers[plan->buffer_count] = (nn_buffer){.floats = floats, .last = -1};
  return plan->buffer_count++;
}

/* Whether forward of node n needs no step of its own: its activation is that of its input. */
static bool forward_is_alias(const planner *p, int n) {
  const nn_placement *before = &p->plan->nodes[node_of(p, n)->input[0]];
  if (!p->ops[n]->forward) return true;
  if (!p->training && p->ops[n]->training_only) return true;
  return (node_of(p, n)->kind == NN_RELU && before->fuses_relu) ||
         (node_of(p, n)->kind == NN_MAX_POOL && before->fuses_pool);
}

/* The only reader of a node, where that is of a kind; 0: it is not. */
static int only_reader(const planner *p, int n, nn_kind kind) {
  if (p->readers[n] != 1 || n == p->plan->output) return 0;
  for (int r = n + 1; r <= p->plan->output; r++)
    if (p->plan->nodes[r].used && node_of(p, r)->input[0] == n)
      return node_of(p, r)->kind == kind ? r : 0;
  return 0;
}

static bool is_pool_of_two(const nn_node *node) {
  const nn_window *w = &node->window;
  return w->kernel_h == 2 && w->kernel_w == 2 && w->stride_h == 2 && w->stride_w == 2 &&
         w->pad_top == 0 && w->pad_left == 0 && node->pad_bottom == 0 && node->pad_right == 0;
}

/* What node n does for those behind it: its ReLU and, where no gradient wants to know which of the
 * four was the largest, its pool. */
static void find_fused(planner *p, int n) {
  nn_placement *own = &p->plan->nodes[n];
  own->result = n;
  if (n == 0) return;
  int last = p->ops[n]->fuses_relu ? only_reader(p, n, NN_RELU) : 0;
  own->fuses_relu = last > 0;
  if (p->training || !p->ops[n]->fuses_pool) return;
  int before = last ? last : n, pool = only_reader(p, before, NN_MAX_POOL);
  if (!pool || !is_pool_of_two(node_of(p, pool))) return;
  own->fuses_pool = p->plan->nodes[before].fuses_pool = true;
  own->result = pool;
}

static void place_activations(planner *p) {
  nn_plan *plan = p->plan;
  for (int n = 0; n <= plan->output; n++) {
    nn_placement *own = &plan->nodes[n];
    own->activation = own->gradient = own->saved = own->spare = NN_PLACE_NONE;
    if (!own->used) continue;
    find_fused(p, n);
    size_t floats = nn_shape_floats(node_of(p, own->result)->shape);
    if (n == 0)
      own->activation = NN_PLACE_INPUT;
    else if (forward_is_alias(p, n))
      own->activation = plan->nodes[node_of(p, n)->input[0]].activation;
    else
      own->activation = new_buffer(p, floats);
    if (n > 0 && p->training && p->ops[n]->saved_floats)
      own->saved = new_buffer(p, p->ops[n]->saved_floats(node_of(p, n)));
  }
  if (p->training) return;
  /* The result is written where the caller wants it. */
  int result = plan->nodes[plan->output].activation;
  for (int n = 0; n <= plan->output && result >= 0; n++)
    if (plan->nodes[n].activation == result) plan->nodes[n].activation = NN_PLACE_OUTPUT;
}

static void place_gradients(planner *p) {
  nn_plan *plan = p->plan;
  plan->nodes[0].gradient = NN_PLACE_INPUT_GRADIENT;
  for (int n = plan->output; n > 0; n--) {
    nn_placement *own = &plan->nodes[n];
    if (!own->used) continue;
    if (own->gradient == NN_PLACE_NONE)
      own->gradient = new_buffer(p, nn_shape_floats(node_of(p, n)->shape));
    int input = node_of(p, n)->input[0];
    if (input > 0 && p->ops[n]->in_place && p->readers[input] == 1)
      plan->nodes[input].gradient = own->gradient;
    for (int i = 0; i < p->ops[n]->inputs; i++) {
      input = node_of(p, n)->input[i];
      if (p->readers[input] > 1 && plan->nodes[input].spare == NN_PLACE_NONE)
        plan->nodes[input].spare = new_buffer(p, nn_shape_floats(node_of(p, input)->shape));
    }
  }
}

static void add_step(planner *p, nn_step_kind kind, int n) {
  p->plan->steps[p->plan->step_count++] = (nn_step){.kind = kind, .node = n};
}

static void list_forward(planner *p) {
  for (int n = 1; n <= p->plan->output; n++) {
    if (!p->plan->nodes[n].used || forward_is_alias(p, n)) continue;
    if (p->training && p->ops[n]->gather_forward) add_step(p, NN_STEP_GATHER_FORWARD, n);
    add_step(p, NN_STEP_FORWARD, n);
  }
}

static void list_backward(planner *p, bool *written) {
  nn_plan *plan = p->plan;
  add_step(p, NN_STEP_LOSS, plan->output);
  written[plan->output] = true;
  for (int n = plan->output; n > 0; n--) {
    if (!plan->nodes[n].used) continue;
    if (p->ops[n]->gather_backward) add_step(p, NN_STEP_GATHER_BACKWARD, n);
    add_step(p, NN_STEP_BACKWARD, n);
    nn_step *step = &plan->steps[plan->step_count - 1];
    for (int i = 0; i < p->ops[n]->inputs; i++) {
      int input = node_of(p, n)->input[i];
      step->add[i] = written[input];
      written[input] = true;
    }
  }
}

static bool gathers(const nn_step *step) {
  return step->kind == NN_STEP_GATHER_FORWARD || step->kind == NN_STEP_GATHER_BACKWARD;
}

/* Activations of a step, of all pictures, that a second cache holds. */
enum { WHOLE_FLOATS = 1 << 17 };

static bool runs_whole(const planner *p, const nn_step *step) {
  if (step->kind == NN_STEP_LOSS || (step->node > 0 && p->ops[step->node]->whole_shards))
    return true;
  size_t in = nn_shape_floats(node_of(p, node_of(p, step->node)->input[0])->shape);
  size_t out = nn_shape_floats(node_of(p, step->node)->shape);
  return (in + out) * (size_t)p->pictures <= WHOLE_FLOATS;
}

static void form_groups(planner *p) {
  nn_plan *plan = p->plan;
  for (int s = 0; s < plan->step_count; s++) {
    bool whole = runs_whole(p, &plan->steps[s]);
    nn_group *group = plan->group_count ? &plan->groups[plan->group_count - 1] : NULL;
    if (!group || group->meet || group->whole != whole) {
      group = &plan->groups[plan->group_count++];
      *group = (nn_group){.first = s, .whole = whole};
    }
    group->end = s + 1;
    group->meet = gathers(&plan->steps[s]);
  }
}

static void touch(planner *p, int place, int step, int g) {
  if (place < 0) return;
  nn_buffer *buffer = &p->plan->buffers[place];
  if (buffer->last < 0) {
    buffer->first = step;
    buffer->group = g;
  }
  if (buffer->last < step) buffer->last = step;
  if (p->plan->groups[g].whole || buffer->group != g) buffer->whole = true;
}

static void touch_step(planner *p, int s, int g) {
  const nn_plan *plan = p->plan;
  const nn_step *step = &plan->steps[s];
  const nn_placement *own = &plan->nodes[step->node];
  const nn_operator *op = p->ops[step->node]; /* NULL for a loss on the input itself */
  bool backward = step->kind == NN_STEP_BACKWARD || step->kind == NN_STEP_GATHER_BACKWARD;
  bool forward = step->kind == NN_STEP_FORWARD;
  if (step->kind == NN_STEP_LOSS) {
    touch(p, own->activation, s, g);
    touch(p, own->gradient, s, g);
    return;
  }
  if (forward || (backward && op->reads_y)) touch(p, own->activation, s, g);
  if (forward || backward) touch(p, own->saved, s, g);
  if (backward) touch(p, own->gradient, s, g);
  for (int i = 0; i < op->inputs; i++) {
    const nn_placement *input = &plan->nodes[node_of(p, step->node)->input[i]];
    if (!backward || op->reads_x) touch(p, input->activation, s, g);
    if (step->kind == NN_STEP_BACKWARD) touch(p, input->gradient, s, g);
    if (step->add[i]) touch(p, input->spare, s, g);
  }
  if (step->kind != NN_STEP_BACKWARD || !op->late_gradient) return;
  /* Wanted once more after the last step. */
  touch(p, own->gradient, plan->step_count - 1, plan->group_count - 1);
  touch(p, plan->nodes[node_of(p, step->node)->input[0]].activation, plan->step_count - 1,
        plan->group_count - 1);
}

static void find_lifetimes(planner *p) {
  nn_plan *plan = p->plan;
  for (int g = 0; g < plan->group_count; g++)
    for (int s = plan->groups[g].first; s < plan->groups[g].end; s++) touch_step(p, s, g);
  for (int b = 0; b < plan->buffer_count; b++) {
    nn_buffer *buffer = &plan->buffers[b];
    if (!buffer->whole) continue;
    for (int g = 0; g < plan->group_count; g++) {
      const nn_group *group = &plan->groups[g];
      if (group->whole) continue;
      if (buffer->first >= group->first && buffer->first < group->end) buffer->first = group->first;
      if (buffer->last >= group->first && buffer->last < group->end) buffer->last = group->end - 1;
    }
  }
}

static uint64_t extent(const planner *p, const nn_buffer *buffer) {
  const uint64_t line = BASE_ALIGNMENT / sizeof(float);
  uint64_t floats = (uint64_t)buffer->floats * (uint64_t)(buffer->whole ? p->pictures : 1);
  return (floats + line - 1) / line * line;
}

typedef struct placed {
  int buffer;
  uint64_t offset, extent;
} placed;

/* Largest first; by number among equals, so that a plan is the same everywhere. */
static int larger_first(const void *left, const void *right) {
  const placed *a = left, *b = right;
  if (a->extent != b->extent) return a->extent > b->extent ? -1 : 1;
  return a->buffer - b->buffer;
}

static scrawl_status place_buffers(planner *p, base_error *error) {
  nn_plan *plan = p->plan;
  placed *items = base_arena_alloc(&plan->arena, (size_t)plan->buffer_count + 1, sizeof *items);
  if (!items)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to plan the network");
  for (int b = 0; b < plan->buffer_count; b++)
    items[b] = (placed){.buffer = b, .extent = extent(p, &plan->buffers[b])};
  qsort(items, (size_t)plan->buffer_count, sizeof *items, larger_first);
  uint64_t total = 0;
  /* items[0 .. count-1] are placed and in order of their offsets. */
  for (int next = 0, count = 0; next < plan->buffer_count; next++) {
    placed item = items[next];
    nn_buffer *buffer = &plan->buffers[item.buffer];
    if (buffer->last < 0) continue;
    for (int i = 0; i < count; i++) {
      const nn_buffer *other = &plan->buffers[items[i].buffer];
      if (other->last < buffer->first || other->first > buffer->last) continue;
      if (items[i].offset >= item.offset + item.extent) break;
      uint64_t end = items[i].offset + items[i].extent;
      if (end > item.offset) item.offset = end;
    }
    if (item.offset + item.extent > total) total = item.offset + item.extent;
    if (total > NN_MAX_SHARD)
      return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                       "activations of %d pictures at a time need more than the limit of %zu MB; a "
                       "smaller batch needs less",
                       p->pictures, NN_MAX_SHARD * sizeof(float) >> 20);
    buffer->offset = (size_t)item.offset;
    int at = count++;
    for (; at > 0 && items[at - 1].offset > item.offset; at--) items[at] = items[at - 1];
    items[at] = item;
  }
  plan->shard_floats = (size_t)total;
  return SCRAWL_OK;
}

scrawl_status nn_plan_make(const nn_graph *graph, bool training, int pictures, nn_plan *plan,
                           base_error *error) {
  *plan = (nn_plan){0};
  base_arena_init(&plan->arena, 1 << 16);
  base_arena *arena = &plan->arena;
  planner p = {.graph = graph, .plan = plan, .training = training, .pictures = pictures};
  size_t nodes = (size_t)graph->node_count;
  /* At most five steps, and an activation, a gradient, a mask and a spare for each node. */
  plan->steps = base_arena_alloc(arena, 5 * nodes, sizeof *plan->steps);
  plan->groups = base_arena_alloc(arena, 5 * nodes, sizeof *plan->groups);
  plan->buffers = base_arena_alloc(arena, 4 * nodes, sizeof *plan->buffers);
  plan->nodes = base_arena_alloc(arena, nodes, sizeof *plan->nodes);
  p.ops = base_arena_alloc(arena, nodes, sizeof(const nn_operator *));
  p.readers = base_arena_alloc(arena, nodes, sizeof *p.readers);
  bool *written = base_arena_alloc(arena, nodes, sizeof *written);
  if (!plan->steps || !plan->groups || !plan->buffers || !plan->nodes || !p.ops || !p.readers ||
      !written) {
    nn_plan_free(plan);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to plan the network");
  }
  memset(plan->nodes, 0, nodes * sizeof *plan->nodes);
  memset(p.ops, 0, nodes * sizeof(const nn_operator *));
  memset(p.readers, 0, nodes * sizeof *p.readers);
  memset(written, 0, nodes * sizeof *written);
  find_used(&p);
  place_activations(&p);
  if (training) place_gradients(&p);
  list_forward(&p);
  if (training) list_backward(&p, written);
  form_groups(&p);
  find_lifetimes(&p);
  scrawl_status status = place_buffers(&p, error);
  if (status != SCRAWL_OK) nn_plan_free(plan);
  return status;
}

void nn_plan_free(nn_plan *plan) {
  base_arena_free(&plan->arena);
  *plan = (nn_plan){0};
}
