/* Quantising a network in three stages.
 *
 * 1. Which activations become bytes: all that a layer reads, but not those between a layer and the
 *    ReLU, SiLU or batch norm that alone reads it, which is done before rounding; and not the
 *    logits, whose differences are what counts, nor what becomes of probabilities. Max pooling and
 *    flattening keep the bytes of their input.
 * 2. The range of each: the network runs over the calibration pictures, one node after the other,
 *    and notes the least and the greatest number, then a histogram between them. The range kept is
 *    the one with the least squared error, of rounding inside and clipping outside, over the
 *    histogram: few very large numbers are clipped if that makes the steps finer for all others.
 *    It always holds 0, and 0 is exactly a byte, because padding is. Outputs of a ReLU so start at
 *    byte 0. The input keeps its whole range: grey levels k / 255 are then exactly bytes.
 * 3. Weights: the greatest magnitude of each output channel becomes 127. Biases become whole
 *    numbers of input scale times weight scale; where a bias would have more than 2^21 of them,
 *    because all weights of its channel are tiny, the scale grows with it. */
#include "nn/quantise.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "nn/fold.h"
#include "nn/int8_kernels.h"
#include "nn/operator.h"
#include "nn/solo.h"

enum {
  PICTURES = 16,  /* that run at a time */
  BINS = 2048,    /* of a histogram */
  CLIPPINGS = 60, /* ranges tried: the whole, and shorter by 1 % each */
};
static const double MOST_BIAS = 1 << 21;

typedef struct range {
  double least, greatest;
  uint32_t *bins; /* of those between them */
} range;

typedef struct quantiser {
  nn_graph *graph; /* folded */
  const float *pictures;
  int count;
  int *readers, *reader; /* of each node: how many, and one of them */
  bool *bytes;           /* of each node */
  range *ranges;
  nn_solo **solos;
  float **values; /* PICTURES activations of each node */
  base_error *error;
} quantiser;

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to quantise the network");
}

static const nn_node *node_of(const quantiser *q, int n) {
  return &q->graph->nodes[n];
}

static bool weighted(const nn_node *node) {
  return node->kind == NN_CONV || node->kind == NN_DENSE;
}

/* ---- which activations ---- */

static bool keeps_bytes(nn_kind kind) {
  return kind == NN_MAX_POOL || kind == NN_FLATTEN;
}

/* Done on floats right after the sum. */
static bool before_rounding(const quantiser *q, int n) {
  nn_kind kind = node_of(q, n)->kind, next = node_of(q, q->reader[n])->kind;
  if (n == 0 || keeps_bytes(kind) || q->readers[n] != 1) return false;
  return next == NN_RELU || next == NN_SILU || next == NN_BATCH_NORM;
}

/* Probabilities, and sums and multiples of them. */
static bool is_soft(const quantiser *q, int n) {
  const nn_node *node = node_of(q, n);
  if (node->kind == NN_SOFTMAX) return true;
  return (node->kind == NN_ADD || node->kind == NN_SCALE) && is_soft(q, node->input[0]);
}

static void choose_bytes(quantiser *q) {
  int last = q->graph->node_count - 1;
  for (int n = 1; n <= last; n++)
    for (int i = 0; i < 2; i++) {
      int input = node_of(q, n)->input[i];
      if (input < 0) continue;
      q->readers[input]++;
      q->reader[input] = n;
    }
  for (int n = 0; n < last; n++) {
    bool logits = q->readers[n] == 1 && node_of(q, q->reader[n])->kind == NN_SOFTMAX;
    if (n > 0 && keeps_bytes(node_of(q, n)->kind))
      q->bytes[n] = q->bytes[node_of(q, n)->input[0]];
    else
      q->bytes[n] = !logits && !is_soft(q, n) && !before_rounding(q, n);
  }
}

/* ---- ranges ---- */

static void widen(range *r, const float *values, size_t count) {
  for (size_t i = 0; i < count; i++) {
    double value = (double)values[i];
    if (value < r->least) r->least = value;
    if (value > r->greatest) r->greatest = value;
  }
}

static void fill_bins(range *r, const float *values, size_t count) {
  double per_bin = BINS / (r->greatest - r->least);
  for (size_t i = 0; i < count; i++) {
    double bin = ((double)values[i] - r->least) * per_bin;
    if (!(bin >= 0)) continue; /* NaN */
    r->bins[bin < BINS ? (size_t)bin : BINS - 1]++;
  }
}

/* Runs the network over all pictures; calls `look` with every activation that becomes bytes. */
static void run_all(quantiser *q, void (*look)(range *r, const float *values, size_t count)) {
  size_t input = nn_shape_floats(nn_graph_input(q->graph));
  for (int first = 0; first < q->count; first += PICTURES) {
    int pictures = q->count - first < PICTURES ? q->count - first : PICTURES;
    memcpy(q->values[0], q->pictures + (size_t)first * input,
           (size_t)pictures * input * sizeof(float));
    for (int n = 0; n < q->graph->node_count; n++) {
      const nn_node *node = node_of(q, n);
      if (n > 0)
        nn_solo_run(q->solos[n], q->values[node->input[0]],
                    node->input[1] >= 0 ? q->values[node->input[1]] : NULL, pictures, q->values[n]);
      bool own = q->bytes[n] && (n == 0 || !keeps_bytes(node->kind));
      if (own) look(&q->ranges[n], q->values[n], (size_t)pictures * nn_shape_floats(node->shape));
    }
  }
}

typedef struct grid {
  double scale;
  int zero;
} grid;

static grid grid_of(double least, double greatest) {
  double scale = (double)(float)((greatest - least) / 255);
  if (!(scale >= 1e-15 && scale <= 1e15)) return (grid){1, 0}; /* nothing but 0, or not sound */
  return (grid){scale, (int)nearbyint(-least / scale)};
}

static double squared_error(const range *r, grid g) {
  double total = 0, width = (r->greatest - r->least) / BINS;
  for (size_t b = 0; b < BINS; b++) {
    if (!r->bins[b]) continue;
    double value = r->least + ((double)b + 0.5) * width;
    double byte = nearbyint(value / g.scale) + g.zero;
    byte = byte < 0 ? 0 : byte > 255 ? 255 : byte;
    double error = (byte - g.zero) * g.scale - value;
    total += r->bins[b] * error * error;
  }
  return total;
}

static grid best_grid(const range *r) {
  grid best = grid_of(r->least, r->greatest);
  double least = squared_error(r, best);
  for (int i = 1; i < CLIPPINGS; i++) {
    double kept = 1 - 0.01 * i;
    grid g = grid_of(r->least * kept, r->greatest * kept);
    double error = squared_error(r, g);
    if (error < least) {
      least = error;
      best = g;
    }
  }
  return best;
}

static scrawl_status calibrate(quantiser *q) {
  int nodes = q->graph->node_count;
  for (int n = 0; n < nodes; n++) {
    q->values[n] = base_alloc(PICTURES * nn_shape_floats(node_of(q, n)->shape), sizeof(float));
    q->ranges[n].bins = base_alloc_zero(BINS, sizeof(uint32_t));
    if (!q->values[n] || !q->ranges[n].bins) return no_memory(q->error);
    if (n > 0) BASE_TRY(nn_solo_create(q->graph, n, PICTURES, &q->solos[n], q->error));
  }
  run_all(q, widen);
  run_all(q, fill_bins);
  for (int n = 0; n < nodes; n++) {
    nn_node *node = &q->graph->nodes[n];
    if (!q->bytes[n]) continue;
    const range *r = &q->ranges[n];
    grid g = n == 0 ? grid_of(r->least, r->greatest) : best_grid(r);
    if (n > 0 && keeps_bytes(node->kind)) {
      const nn_node *input = node_of(q, node->input[0]);
      g = (grid){(double)input->scale, input->zero_point};
    }
    node->scale = (float)g.scale;
    node->zero_point = g.zero;
  }
  return SCRAWL_OK;
}

/* ---- weights ---- */

/* One output channel of `from` onto its grid in `to`, its scale into `scale`. */
static void quantise_channel(const nn_node *node, double input, const float *from, size_t channel,
                             float *to, float *scale) {
  size_t channels = (size_t)node->shape.c;
  size_t count = node->parameter_count - (node->bias ? channels : 0);
  double greatest = 0, bias = node->bias ? (double)from[count + channel] : 0;
  for (size_t i = channel; i < count; i += channels)
    greatest = fmax(greatest, fabs((double)from[i]));
  double grain = fmax(greatest / NN_INT8_WEIGHT, fabs(bias) / (MOST_BIAS * input));
  if (!(grain >= 1e-15 && grain <= 1e15)) grain = 1;
  *scale = (float)grain;
  grain = (double)*scale;
  for (size_t i = channel; i < count; i += channels) {
    double q = nearbyint((double)from[i] / grain);
    if (fabs(q) > NN_INT8_WEIGHT) q = copysign(NN_INT8_WEIGHT, q); /* the scale was rounded down */
    to[i] = (float)(q * grain);
  }
  if (node->bias) to[count + channel] = (float)(nearbyint(bias / (grain * input)) * grain * input);
}

static scrawl_status build(const quantiser *q, nn_graph *made) {
  bool any = false;
  made->nodes[0].scale = node_of(q, 0)->scale;
  made->nodes[0].zero_point = node_of(q, 0)->zero_point;
  for (int n = 1; n < q->graph->node_count; n++) {
    nn_node node = *node_of(q, n);
    node.int8_weights = weighted(&node) && q->bytes[node.input[0]];
    any |= node.int8_weights;
    BASE_TRY(nn_graph_add(made, node, NULL, q->error));
  }
  if (!any)
    return base_fail(q->error, SCRAWL_UNSUPPORTED,
                     "the network has no convolution or dense layer that could run in bytes");
  BASE_TRY(nn_graph_finish(made, q->error));
  for (int n = 1; n < made->node_count; n++) {
    const nn_node *node = &made->nodes[n];
    const float *from = q->graph->parameters + node_of(q, n)->parameter_offset;
    float *to = made->parameters + node->parameter_offset;
    float *state = made->state + node->state_offset;
    if (node->parameter_count) memcpy(to, from, node->parameter_count * sizeof *to);
    if (node->state_count)
      memcpy(state, q->graph->state + node_of(q, n)->state_offset,
             node->state_count * sizeof *state);
    for (size_t c = 0; node->int8_weights && c < (size_t)node->shape.c; c++)
      quantise_channel(node, (double)made->nodes[node->input[0]].scale, from, c, to,
                       made->scales + node->scales_offset + c);
  }
  return SCRAWL_OK;
}

/* ---- the whole ---- */

static scrawl_status make_room(quantiser *q) {
  size_t nodes = (size_t)q->graph->node_count;
  q->readers = base_alloc_zero(nodes, sizeof *q->readers);
  q->reader = base_alloc_zero(nodes, sizeof *q->reader);
  q->bytes = base_alloc_zero(nodes, sizeof *q->bytes);
  q->ranges = base_alloc_zero(nodes, sizeof *q->ranges);
  q->solos = base_alloc_zero(nodes, sizeof(nn_solo *));
  q->values = base_alloc_zero(nodes, sizeof(float *));
  if (q->readers && q->reader && q->bytes && q->ranges && q->solos && q->values) return SCRAWL_OK;
  return no_memory(q->error);
}

static void clear(quantiser *q) {
  for (int n = 0; q->graph && n < q->graph->node_count; n++) {
    if (q->ranges) base_free(q->ranges[n].bins);
    if (q->solos) nn_solo_free(q->solos[n]);
    if (q->values) base_free(q->values[n]);
  }
  base_free(q->readers);
  base_free(q->reader);
  base_free(q->bytes);
  base_free(q->ranges);
  base_free(q->solos);
  base_free(q->values);
  nn_graph_free(q->graph);
}

scrawl_status nn_quantise(const nn_graph *graph, const float *pictures, int count,
                          nn_graph **quantised, base_error *error) {
  quantiser q = {.pictures = pictures, .count = count, .error = error};
  nn_graph *made = NULL;
  *quantised = NULL;
  if (nn_graph_quantised(graph))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "the network is quantised already");
  if (count < 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "there is no picture to calibrate with");
  scrawl_status status = nn_graph_fold(graph, &q.graph, error);
  if (status == SCRAWL_OK) status = make_room(&q);
  if (status == SCRAWL_OK) {
    choose_bytes(&q);
    status = calibrate(&q);
  }
  if (status == SCRAWL_OK) status = nn_graph_create(nn_graph_input(q.graph), &made, error);
  if (status == SCRAWL_OK) status = build(&q, made);
  clear(&q);
  if (status == SCRAWL_OK)
    *quantised = made;
  else
    nn_graph_free(made);
  return status;
}

scrawl_status nn_dequantise(const nn_graph *graph, nn_graph **floats, base_error *error) {
  BASE_TRY(nn_graph_copy(graph, floats, error));
  nn_graph *made = *floats;
  for (int n = 0; n < made->node_count; n++) {
    made->nodes[n].scale = 0;
    made->nodes[n].int8_weights = false;
    made->nodes[n].zero_point = 0;
    made->nodes[n].scales_offset = 0;
  }
  made->scale_count = 0;
  return SCRAWL_OK;
}
