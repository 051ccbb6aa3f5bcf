/* Planning a quantised network: which kernel each node gets, its weights as bytes, and memory.
 *
 * A convolution or dense layer runs in bytes if its weights and its input are bytes and nothing can
 * overflow, which its own weights and scales say; otherwise in floats, which gives the same up to
 * rounding. One that stays in floats only because a ReLU comes right after it does the ReLU too,
 * and so does an addition. */
#include "nn/int8_plan.h"

#include <math.h>
#include <string.h>

#include "nn/operator.h"
#include "nn/solo.h"

typedef struct planner {
  const nn_graph *graph;
  nn_int8_plan *plan;
  int *readers; /* of each node */
  bool *made;   /* by the step of another node */
  size_t pad;   /* bytes of the largest picture with a border */
  base_error *error;
} planner;

static const nn_node *node_of(const planner *p, int n) {
  return &p->graph->nodes[n];
}

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the network");
}

static bool same_bytes(const nn_node *a, const nn_node *b) {
  return a->scale == b->scale && (a->scale == 0 || a->zero_point == b->zero_point);
}

static void count_readers(planner *p) {
  int last = p->graph->node_count - 1;
  p->readers[last] = 1;
  for (int n = last; n > 0; n--)
    for (int i = 0; p->readers[n] > 0 && i < 2; i++)
      if (node_of(p, n)->input[i] >= 0) p->readers[node_of(p, n)->input[i]]++;
}

/* The ReLU that alone reads the floats of node `n`; 0: there is none. */
static int relu_after(const planner *p, int n) {
  if (p->readers[n] != 1 || node_of(p, n)->scale > 0) return 0;
  for (int r = n + 1; r < p->graph->node_count; r++)
    if (p->readers[r] > 0 && node_of(p, r)->input[0] == n)
      return node_of(p, r)->kind == NN_RELU ? r : 0;
  return 0;
}

/* Steps over vectors run over all pictures at once: a dense layer reads its weights only once. */
static bool runs_whole(const planner *p, int n) {
  nn_shape in = node_of(p, node_of(p, n)->input[0])->shape, out = node_of(p, n)->shape;
  return node_of(p, n)->kind == NN_DENSE || (in.h * in.w == 1 && out.h * out.w == 1);
}

static nn_int8_step *add_step(planner *p, nn_int8_step_kind kind, int n, int y) {
  nn_int8_step *step = &p->plan->steps[p->plan->step_count++];
  *step = (nn_int8_step){.kind = kind, .node = n, .y = y, .x = {-1, -1}};
  for (int i = 0; n > 0 && i < 2; i++)
    if (node_of(p, n)->input[i] >= 0) step->x[i] = p->plan->value_of[node_of(p, n)->input[i]];
  step->whole = n > 0 && runs_whole(p, n);
  return step;
}

/* ---- layers of bytes ---- */

typedef struct layer {
  nn_int8_weights w;
  int8_t *weights;
  int32_t *bias;
  float *multipliers;
} layer;

static void layer_free(layer *l) {
  base_free(l->weights);
  base_free(l->bias);
  base_free(l->multipliers);
}

/* The weights as bytes. A bias is a whole number of the product's scale. `to` is the scale of the
 * output, 0 for floats; `*fits` says whether no sum can overflow. */
static void layer_fill(const planner *p, const nn_node *node, double to, layer *l, bool *fits) {
  const nn_node *input = node_of(p, node->input[0]);
  const float *weights = p->graph->parameters + node->parameter_offset;
  const float *scales = p->graph->scales + node->scales_offset;
  const size_t count = l->w.rows * l->w.run, channels = l->w.channels;
  *fits = true;
  for (size_t c = 0; c < channels; c++) {
    const double scale = (double)scales[c], product = scale * (double)input->scale;
    double size = 0;
    for (size_t i = c; i < count * channels; i += channels) {
      double q = nearbyint((double)weights[i] / scale);
      if (!(fabs(q) <= NN_INT8_WEIGHT)) q = copysign(NN_INT8_WEIGHT, q);
      l->weights[i] = (int8_t)q;
      size += fabs(q);
    }
    double bias = node->bias ? nearbyint((double)weights[count * channels + c] / product) : 0;
    l->multipliers[c] = (float)(to > 0 ? product / to : product);
    double most = fabs(bias) + 255 * size;
    /* The zero of the input is taken out of the sum beforehand, and so comes on top. */
    if (!(most + 255 * size < 0x1p31) || !isnormal(l->multipliers[c])) *fits = false;
    if (to > 0 && !(most * (double)l->multipliers[c] < NN_INT8_MOST)) *fits = false;
    l->bias[c] = *fits ? (int32_t)bias : 0;
  }
}

static scrawl_status layer_make(planner *p, const nn_node *node, double to, layer *l, bool *fits) {
  const nn_window *w = &node->window;
  l->w = (nn_int8_weights){.rows = (size_t)w->kernel_h,
                           .run = (size_t)w->kernel_w * (size_t)w->in_c,
                           .channels = (size_t)w->out_c,
                           .zero = node_of(p, node->input[0])->zero_point};
  l->w.weights = l->weights = base_alloc(l->w.rows * l->w.run * l->w.channels, 1);
  l->w.bias = l->bias = base_alloc(l->w.channels, sizeof *l->bias);
  l->w.multipliers = l->multipliers = base_alloc(l->w.channels, sizeof *l->multipliers);
  if (!l->weights || !l->bias || !l->multipliers) return no_memory(p->error);
  layer_fill(p, node, to, l, fits);
  return SCRAWL_OK;
}

static size_t sides(const nn_window *w, bool height) {
  return height ? (size_t)(w->out_h - 1) * (size_t)w->stride_h + (size_t)w->kernel_h
                : (size_t)(w->out_w - 1) * (size_t)w->stride_w + (size_t)w->kernel_w;
}

/* Where the windows begin. For a dense layer each picture is a pixel. */
static scrawl_status place_windows(planner *p, const nn_node *node, nn_int8_step *step) {
  const nn_window *w = &node->window;
  bool dense = node->kind == NN_DENSE;
  size_t channels = (size_t)w->in_c, across = dense ? (size_t)p->plan->pictures : (size_t)w->out_w;
  step->padded = !dense && (w->pad_top || w->pad_left || sides(w, true) > (size_t)w->in_h ||
                            sides(w, false) > (size_t)w->in_w);
  step->width = (step->padded ? sides(w, false) : (size_t)w->in_w) * channels;
  size_t pixels = dense ? across : (size_t)w->out_h * across;
  uint32_t *offsets = base_arena_alloc(&p->plan->arena, pixels, sizeof *offsets);
  if (!offsets) return no_memory(p->error);
  for (size_t i = 0; i < pixels; i++)
    offsets[i] = (uint32_t)(i / across * (size_t)w->stride_h * step->width +
                            i % across * (dense ? 1 : (size_t)w->stride_w) * channels);
  step->sum.offsets = offsets;
  step->sum.pixels = pixels;
  size_t bytes = step->padded ? sides(w, true) * step->width + NN_INT8_SLACK : 0;
  if (bytes > p->pad) p->pad = bytes;
  return SCRAWL_OK;
}

/* `*done`: it runs in bytes. */
static scrawl_status plan_sum(planner *p, int n, bool *done) {
  const nn_node *node = node_of(p, n), *input = node_of(p, node->input[0]);
  int relu = relu_after(p, n), y = relu ? relu : n;
  const nn_node *result = node_of(p, y);
  layer l = {0};
  *done = false;
  if (!node->int8_weights || !(input->scale > 0)) return SCRAWL_OK;
  scrawl_status status = layer_make(p, node, (double)result->scale, &l, done);
  if (status == SCRAWL_OK && *done) {
    size_t bytes = p->plan->kernels->packed_bytes(l.w.rows, l.w.run, l.w.channels);
    void *packed = base_arena_alloc(&p->plan->arena, bytes, 1);
    nn_int8_step *step = add_step(p, NN_INT8_SUM, n, y);
    step->relu = relu != 0;
    step->sum = (nn_int8_sum){.rows = l.w.rows,
                              .run = l.w.run,
                              .channels = l.w.channels,
                              .packed = packed,
                              .zero = result->zero_point,
                              .least = relu ? result->zero_point : 0};
    if (packed) p->plan->kernels->pack(&l.w, packed);
    status = packed ? place_windows(p, node, step) : no_memory(p->error);
    step->sum.stride = step->width;
    if (relu) p->made[relu] = true;
  }
  layer_free(&l);
  return status;
}

/* ---- other nodes ---- */

static bool plan_add(planner *p, int n) {
  const nn_node *node = node_of(p, n);
  int relu = relu_after(p, n), y = relu ? relu : n;
  const nn_node *result = node_of(p, y);
  nn_int8_add add = {.zero = result->zero_point, .least = relu ? result->zero_point : 0};
  double most = 0;
  if (!(result->scale > 0)) return false;
  for (int i = 0; i < 2; i++) {
    const nn_node *input = node_of(p, node->input[i]);
    if (!(input->scale > 0)) return false;
    add.zeros[i] = input->zero_point;
    add.factors[i] = (float)((double)input->scale / (double)result->scale);
    most += 255 * (double)add.factors[i];
  }
  if (!(most < NN_INT8_MOST)) return false;
  add_step(p, NN_INT8_ADD, n, y)->add = add;
  if (relu) p->made[relu] = true;
  return true;
}

static bool plan_mean(planner *p, int n) {
  const nn_node *node = node_of(p, n), *input = node_of(p, node->input[0]);
  const nn_int8_value *x = &p->plan->values[p->plan->value_of[node->input[0]]];
  double pixels = (double)x->numbers / node->shape.c;
  double multiplier = (double)input->scale / ((double)node->scale * pixels);
  if (!(pixels * 255 < 0x1p31) || !(pixels * 255 * multiplier < NN_INT8_MOST)) return false;
  nn_int8_step *step = add_step(p, NN_INT8_MEAN, n, n);
  step->multiplier = (float)multiplier;
  step->sum.zero = node->zero_point;
  return true;
}

/* y for each byte of x, computed in floats. */
static scrawl_status plan_map(planner *p, int n) {
  const nn_node *node = node_of(p, n), *input = node_of(p, node->input[0]);
  uint8_t *table = base_arena_alloc(&p->plan->arena, 256, 1);
  if (!table) return no_memory(p->error);
  for (int q = 0; q < 256; q++) {
    double x = (double)((float)(q - input->zero_point) * input->scale), y = x;
    if (node->kind == NN_RELU) y = x > 0 ? x : 0;
    if (node->kind == NN_SILU) y = x / (1 + exp(-x));
    double whole = nearbyint(y / (double)node->scale) + node->zero_point;
    table[q] = (uint8_t)(!(whole > 0) ? 0 : whole > 255 ? 255 : whole);
  }
  add_step(p, NN_INT8_MAP, n, n)->table = table;
  return SCRAWL_OK;
}

static bool pointwise(nn_kind kind) {
  return kind == NN_RELU || kind == NN_SILU || kind == NN_FLATTEN || kind == NN_DROPOUT;
}

static void plan_solo(planner *p, int n) {
  nn_int8_plan *plan = p->plan;
  nn_int8_step *step = add_step(p, NN_INT8_SOLO, n, n);
  step->solo = plan->solo_count++;
  size_t numbers = plan->values[n].numbers;
  for (int i = 0; i < 2; i++)
    if (step->x[i] >= 0 && plan->values[step->x[i]].numbers > numbers)
      numbers = plan->values[step->x[i]].numbers;
  if (numbers > plan->floats_stride) plan->floats_stride = numbers;
}

static scrawl_status plan_node(planner *p, int n) {
  const nn_node *node = node_of(p, n), *input = node_of(p, node->input[0]);
  bool from = input->scale > 0, to = node->scale > 0, done = false;
  if (p->made[n]) return SCRAWL_OK;
  switch (node->kind) {
  case NN_CONV:
  case NN_DENSE:
    BASE_TRY(plan_sum(p, n, &done));
    break;
  case NN_ADD:
    done = plan_add(p, n);
    break;
  case NN_MAX_POOL:
    done = from && same_bytes(node, input);
    if (done) add_step(p, NN_INT8_POOL, n, n);
    break;
  case NN_GLOBAL_AVERAGE:
    done = from && to && plan_mean(p, n);
    break;
  case NN_FLATTEN:
  case NN_DROPOUT:
    done = same_bytes(node, input);
    if (done) p->plan->value_of[n] = p->plan->value_of[node->input[0]];
    break;
  default:
    break;
  }
  if (!done && pointwise(node->kind) && from && to) return plan_map(p, n);
  if (!done) plan_solo(p, n);
  return SCRAWL_OK;
}

/* ---- memory ---- */

static void touch(planner *p, int value, int s) {
  if (value < 0) return;
  nn_int8_value *v = &p->plan->values[value];
  if (v->last < 0) v->first = s;
  v->last = s;
}

/* Steps of a group run picture by picture, or all of them whole; what lives only inside one of the
 * first kind is there for one picture. */
static void find_lifetimes(planner *p) {
  nn_int8_plan *plan = p->plan;
  for (int s = 0; s < plan->step_count; s++) {
    touch(p, plan->steps[s].y, s);
    for (int i = 0; i < 2; i++) touch(p, plan->steps[s].x[i], s);
  }
  for (int first = 0, end; first < plan->step_count; first = end) {
    for (end = first + 1; end < plan->step_count; end++)
      if (plan->steps[end].whole != plan->steps[first].whole) break;
    for (int n = 0; n < p->graph->node_count; n++) {
      nn_int8_value *v = &plan->values[n];
      bool inside = v->first >= first && v->last < end && !plan->steps[first].whole;
      if (v->last < 0 || inside) continue;
      v->whole = true;
      if (v->first >= first && v->first < end) v->first = first;
      if (v->last >= first && v->last < end) v->last = end - 1;
    }
  }
}

static size_t line(size_t bytes) {
  return (bytes + BASE_ALIGNMENT - 1) / BASE_ALIGNMENT * BASE_ALIGNMENT;
}

static size_t extent(const planner *p, const nn_int8_value *v) {
  size_t bytes = v->numbers * (v->bytes ? 1 : sizeof(float));
  return line(bytes * (v->whole ? (size_t)p->plan->pictures : 1) + NN_INT8_SLACK);
}

static bool in_memory(const nn_int8_value *v) {
  return v->last >= 0 && v->place == NN_INT8_MEMORY;
}

/* Each at the lowest place that is free while it is in use, in the order in which they are made.
 * Returns the end. */
static size_t place_values(planner *p) {
  nn_int8_value *values = p->plan->values;
  size_t total = 0;
  for (int n = 0; n < p->graph->node_count; n++) {
    if (!in_memory(&values[n])) continue;
    nn_int8_value *own = &values[n];
    own->offset = 0;
    for (int o = 0; o < n; o++) { /* again from the start after each move */
      const nn_int8_value *other = &values[o];
      if (!in_memory(other) || other->last < own->first || other->first > own->last) continue;
      if (other->offset >= own->offset + extent(p, own) ||
          own->offset >= other->offset + extent(p, other))
        continue;
      own->offset = other->offset + extent(p, other);
      o = -1;
    }
    if (own->offset + extent(p, own) > total) total = own->offset + extent(p, own);
  }
  return total;
}

static scrawl_status lay_out(planner *p) {
  nn_int8_plan *plan = p->plan;
  size_t channels = 0, pictures = (size_t)plan->pictures;
  for (int n = 0; n < p->graph->node_count; n++)
    if (node_of(p, n)->shape.c > (int)channels) channels = (size_t)node_of(p, n)->shape.c;
  plan->floats_stride = line(plan->floats_stride * pictures * sizeof(float) + NN_INT8_SLACK);
  plan->pad_at = place_values(p);
  plan->floats_at = plan->pad_at + line(p->pad);
  plan->sums_at = plan->floats_at + 3 * plan->floats_stride;
  plan->bytes = plan->sums_at + line(channels * sizeof(int32_t));
  plan->floats_stride /= sizeof(float);
  if (plan->bytes <= NN_INT8_MAX_MEMORY) return SCRAWL_OK;
  return base_fail(p->error, SCRAWL_LIMIT_EXCEEDED,
                   "activations of %d pictures at a time need more than the limit of %zu MB; a "
                   "smaller batch needs less",
                   plan->pictures, NN_INT8_MAX_MEMORY >> 20);
}

/* ---- the whole ---- */

static scrawl_status plan_all(planner *p) {
  nn_int8_plan *plan = p->plan;
  int last = p->graph->node_count - 1;
  count_readers(p);
  for (int n = 0; n <= last; n++) {
    const nn_node *node = node_of(p, n);
    plan->value_of[n] = n;
    plan->values[n] = (nn_int8_value){
        .bytes = node->scale > 0, .numbers = nn_shape_floats(node->shape), .last = -1};
  }
  if (plan->values[0].bytes)
    add_step(p, NN_INT8_INPUT, 0, 0);
  else
    plan->values[0].place = NN_INT8_FROM_CALLER;
  for (int n = 1; n <= last; n++)
    if (p->readers[n] > 0) BASE_TRY(plan_node(p, n));
  int end = plan->value_of[last];
  if (plan->values[end].bytes || plan->values[end].place == NN_INT8_FROM_CALLER)
    add_step(p, NN_INT8_OUTPUT, 0, -1)->x[0] = end;
  else
    plan->values[end].place = NN_INT8_TO_CALLER;
  find_lifetimes(p);
  return lay_out(p);
}

scrawl_status nn_int8_plan_make(const nn_graph *graph, const nn_int8_kernels *kernels, int pictures,
                                nn_int8_plan *plan, base_error *error) {
  *plan = (nn_int8_plan){.graph = graph, .kernels = kernels, .pictures = pictures};
  base_arena_init(&plan->arena, 1 << 16);
  planner p = {.graph = graph, .plan = plan, .error = error};
  size_t nodes = (size_t)graph->node_count;
  plan->steps = base_arena_alloc(&plan->arena, nodes + 2, sizeof *plan->steps);
  plan->values = base_arena_alloc(&plan->arena, nodes, sizeof *plan->values);
  plan->value_of = base_arena_alloc(&plan->arena, nodes, sizeof *plan->value_of);
  p.readers = base_arena_alloc(&plan->arena, nodes, sizeof *p.readers);
  p.made = base_arena_alloc(&plan->arena, nodes, sizeof *p.made);
  scrawl_status status = SCRAWL_OK;
  if (!plan->steps || !plan->values || !plan->value_of || !p.readers || !p.made) {
    status = no_memory(error);
  } else {
    memset(p.readers, 0, nodes * sizeof *p.readers);
    memset(p.made, 0, nodes * sizeof *p.made);
    status = plan_all(&p);
  }
  if (status != SCRAWL_OK) nn_int8_plan_free(plan);
  return status;
}

void nn_int8_plan_free(nn_int8_plan *plan) {
  base_arena_free(&plan->arena);
  *plan = (nn_int8_plan){0};
}
