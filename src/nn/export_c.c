/* Writing a network as a C header. The steps and places in memory are those that quantised networks
 * are planned with (int8_plan.h), for one picture and with the plain kernels, whose packed weights
 * are in an order that can be read back; a network of floats is planned in the same way, each of
 * its nodes being one that has no kernel of bytes. So both come out of one loop over the steps:
 * each puts its weights before, as constants, and a call into the function that runs the network.
 * The functions called are copied from export_runtime.h. */
#include "nn/export_c.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "nn/fold.h"
#include "nn/int8_plan.h"
#include "nn/spec.h"

typedef struct text {
  char *at;
  size_t size, capacity;
  bool failed;
} text;

typedef struct exporter {
  const nn_graph *graph;
  const nn_c_options *options;
  nn_int8_plan plan;
  char lower[64], upper[64]; /* the name */
  text data, body;           /* constants; the calls */
  char used[256];            /* sections of the runtime, between spaces */
  base_error *error;
} exporter;

/* ---- text ---- */

static char *text_room(text *t, size_t more) {
  if (!t->failed && t->capacity - t->size <= more) {
    size_t capacity = 2 * (t->capacity + more) + 1024;
    char *at = base_realloc(t->at, t->size, capacity);
    t->failed = !at;
    if (at) {
      t->at = at;
      t->capacity = capacity;
    }
  }
  return t->failed ? NULL : t->at + t->size;
}

__attribute__((format(printf, 2, 3))) static void put(text *t, const char *format, ...) {
  char line[1024];
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  char *room = text_room(t, (size_t)length);
  if (length < 0 || length >= (int)sizeof line) t->failed = true;
  if (!room || t->failed) return;
  memcpy(room, line, (size_t)length + 1);
  t->size += (size_t)length;
}

static void put_text(text *t, const char *other) {
  size_t length = strlen(other);
  char *room = text_room(t, length);
  if (!room) return;
  memcpy(room, other, length + 1);
  t->size += length;
}

/* A float as C reads it back. */
static void put_float(text *t, double value) {
  char number[40];
  snprintf(number, sizeof number, "%.9g", value);
  put(t, "%s%sf", number, strpbrk(number, ".e") ? "" : ".0");
}

typedef enum constant_kind { FLOATS, INTS, SIGNED_CHARS, UNSIGNED_CHARS } constant_kind;

/* An array of the constants, named after its node. */
static void put_constants(exporter *x, const char *what, int node, constant_kind kind,
                          const void *values, size_t count) {
  static const char *const TYPES[] = {"float", "int", "signed char", "unsigned char"};
  static const size_t EACH[] = {8, 12, 20, 20}; /* in a line */
  text *t = &x->data;
  put(t, "static const %s %s_%s_%d[%zu] = {", TYPES[kind], x->lower, what, node, count);
  for (size_t i = 0; i < count; i++) {
    put_text(t, i % EACH[kind] == 0 ? "\n  " : " ");
    if (kind == FLOATS) put_float(t, (double)((const float *)values)[i]);
    if (kind == INTS) put(t, "%d", ((const int32_t *)values)[i]);
    if (kind == SIGNED_CHARS) put(t, "%d", ((const int8_t *)values)[i]);
    if (kind == UNSIGNED_CHARS) put(t, "%d", ((const uint8_t *)values)[i]);
    put_text(t, i + 1 < count ? "," : "\n");
  }
  put_text(t, "};\n");
}

static void put_window(exporter *x, const nn_node *node, int n) {
  const nn_window *w = &node->window;
  put(&x->data,
      "static const %s_window %s_window_%d = {%d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d, %d};\n",
      x->lower, x->lower, n, w->in_h, w->in_w, w->in_c, w->out_h, w->out_w, w->out_c, w->kernel_h,
      w->kernel_w, w->stride_h, w->stride_w, w->pad_top, w->pad_left);
}

/* ---- the runtime ---- */

static void use(exporter *x, const char *section) {
  char word[40];
  snprintf(word, sizeof word, " %s ", section);
  if (strstr(x->used, word)) return;
  if (!*x->used) strcpy(x->used, " ");
  if (strlen(x->used) + strlen(section) + 2 < sizeof x->used) strcat(strcat(x->used, section), " ");
}

/* A call of a function of the runtime begins. */
static void begin(exporter *x, const char *function) {
  use(x, function);
  put(&x->body, "  %s_%s(", x->lower, function);
}

/* The runtime's lines from `at` to `end`, with the name in place of "net". */
static void put_renamed(const exporter *x, text *t, const char *at, const char *end) {
  while (at < end) {
    bool start = !isalnum((unsigned char)at[-1]) && at[-1] != '_';
    bool lower = start && strncmp(at, "net_", 4) == 0, upper = start && strncmp(at, "NET_", 4) == 0;
    if (lower || upper) {
      put(t, "%s_", lower ? x->lower : x->upper);
      at += 4;
    } else {
      const char one[2] = {*at++, 0};
      put_text(t, one);
    }
  }
}

/* The sections that are used, in their order. */
static void put_runtime(const exporter *x, text *t) {
  static const char MARK[] = "/* ---- ";
  const char *at = strstr((const char *)NN_C_RUNTIME[0].bytes, MARK);
  for (const char *next; at && (next = strstr(at + 1, MARK)); at = next) {
    char word[40];
    const char *name = at + strlen(MARK), *line = strchr(at, '\n') + 1;
    snprintf(word, sizeof word, " %.*s ", (int)strcspn(name, " "), name);
    if (strstr(x->used, word)) put_renamed(x, t, line, next);
  }
}

/* ---- steps ---- */

/* An expression for where the value of node `n` lies. */
static void place(const exporter *x, int n, char expression[80]) {
  const nn_int8_value *v = &x->plan.values[n];
  if (v->place == NN_INT8_FROM_CALLER)
    strcpy(expression, "input");
  else if (v->place == NN_INT8_TO_CALLER)
    strcpy(expression, "probabilities");
  else if (v->bytes)
    snprintf(expression, 80, "(unsigned char *)memory + %zu", v->offset);
  else
    snprintf(expression, 80, "memory + %zu", v->offset / sizeof(float));
}

static void put_sum(exporter *x, const nn_int8_step *step) {
  const nn_node *node = &x->graph->nodes[step->node];
  const nn_int8_sum *sum = &step->sum;
  bool bytes = x->plan.values[step->y].bytes;
  const int32_t *packed = sum->packed;
  char from[80], to[80];
  int n = step->node;
  place(x, step->x[0], from);
  place(x, step->y, to);
  put_window(x, node, n);
  put_constants(x, "starts", n, INTS, packed, sum->channels);
  put_constants(x, "multipliers", n, FLOATS, packed + sum->channels, sum->channels);
  put_constants(x, "weights", n, SIGNED_CHARS, packed + 2 * sum->channels,
                sum->rows * sum->run * sum->channels);
  use(x, "window");
  use(x, "sum");
  if (bytes) use(x, "byte");
  begin(x, bytes ? "sum_bytes" : "sum_floats");
  put(&x->body, "&%s_window_%d, %s, %d, %s_weights_%d, %s_starts_%d, %s_multipliers_%d, ", x->lower,
      n, from, x->graph->nodes[step->x[0]].zero_point, x->lower, n, x->lower, n, x->lower, n);
  if (bytes)
    put(&x->body, "%d, %d, %s);\n", sum->zero, sum->least, to);
  else
    put(&x->body, "%d, %s);\n", step->relu, to);
}

/* A node in floats, from and to these places. */
static void put_layer(exporter *x, const char *function, int n, const char *from, const char *to) {
  const nn_node *node = &x->graph->nodes[n];
  const float *parameters = x->graph->parameters + node->parameter_offset;
  size_t bias = node->bias ? (size_t)node->shape.c : 0;
  put_window(x, node, n);
  use(x, "window");
  if (node->parameter_count)
    put_constants(x, "weights", n, FLOATS, parameters, node->parameter_count - bias);
  if (bias) put_constants(x, "bias", n, FLOATS, parameters + node->parameter_count - bias, bias);
  begin(x, function);
  put(&x->body, "&%s_window_%d, %s, ", x->lower, n, from);
  if (node->parameter_count) put(&x->body, "%s_weights_%d, ", x->lower, n);
  if (bias) put(&x->body, "%s_bias_%d, ", x->lower, n);
  if (node->parameter_count && !bias) put_text(&x->body, "0, ");
  put(&x->body, "%s);\n", to);
}

static scrawl_status put_affine(exporter *x, int n, const char *from, const char *to) {
  const nn_node *node = &x->graph->nodes[n];
  size_t channels = (size_t)node->shape.c;
  const float *parameters = x->graph->parameters + node->parameter_offset;
  const float *state = x->graph->state + node->state_offset;
  float *table = base_alloc(2 * channels, sizeof *table);
  if (!table) return base_fail(x->error, SCRAWL_OUT_OF_MEMORY, "not enough memory to export");
  for (size_t c = 0; c < channels; c++) {
    double factor =
        (double)parameters[c] / sqrt((double)state[channels + c] + (double)node->epsilon);
    table[c] = (float)factor;
    table[channels + c] = (float)((double)parameters[channels + c] - factor * (double)state[c]);
  }
  put_constants(x, "table", n, FLOATS, table, 2 * channels);
  base_free(table);
  begin(x, "affine");
  put(&x->body, "%d, %zu, %s, %s_table_%d, %s);\n", node->shape.h * node->shape.w, channels, from,
      x->lower, n, to);
  return SCRAWL_OK;
}

/* The temperature goes into the last softmax, where it divides the logits themselves. */
static void put_softmax(exporter *x, int n, const char *from, const char *to) {
  const nn_node *node = &x->graph->nodes[n];
  bool last = n == x->graph->node_count - 1;
  use(x, "exp");
  begin(x, "softmax");
  put(&x->body, "%d, %d, %s, ", node->shape.h * node->shape.w, node->shape.c, from);
  put_float(&x->body, last ? (double)x->options->temperature : 1);
  put(&x->body, ", %s);\n", to);
}

static void put_numbers(exporter *x, const char *function, int n, const char *from,
                        const char *second, const char *to) {
  begin(x, function);
  put(&x->body, "%zu, %s, %s%s%s);\n", x->plan.values[n].numbers, from, second, *second ? ", " : "",
      to);
}

static void put_scale(exporter *x, int n, const char *from, const char *to) {
  begin(x, "scale");
  put(&x->body, "%zu, %s, ", x->plan.values[n].numbers, from);
  put_float(&x->body, (double)x->graph->nodes[n].rate);
  put(&x->body, ", %s);\n", to);
}

static scrawl_status put_node(exporter *x, int n, const char *from, const char *second,
                              const char *to) {
  switch (x->graph->nodes[n].kind) {
  case NN_CONV:
  case NN_DENSE:
    put_layer(x, "conv", n, from, to);
    break;
  case NN_DEPTHWISE:
    put_layer(x, "depthwise", n, from, to);
    break;
  case NN_MAX_POOL:
    put_layer(x, "max", n, from, to);
    break;
  case NN_AVERAGE_POOL:
  case NN_GLOBAL_AVERAGE:
    put_layer(x, "average", n, from, to);
    break;
  case NN_BATCH_NORM:
    return put_affine(x, n, from, to);
  case NN_RELU:
    put_numbers(x, "relu", n, from, "", to);
    break;
  case NN_SILU:
    use(x, "exp");
    put_numbers(x, "silu", n, from, "", to);
    break;
  case NN_SCALE:
    put_scale(x, n, from, to);
    break;
  case NN_ADD:
    put_numbers(x, "add", n, from, second, to);
    break;
  case NN_FLATTEN:
  case NN_DROPOUT:
    put_numbers(x, "copy", n, from, "", to);
    break;
  case NN_SOFTMAX:
    put_softmax(x, n, from, to);
    break;
  default:
    return base_fail(x->error, SCRAWL_UNSUPPORTED,
                     "node %d is of a kind that cannot be written as C", n);
  }
  return SCRAWL_OK;
}

static void put_cast(exporter *x, bool to_bytes, int n, const char *from, const char *to) {
  const nn_node *node = &x->graph->nodes[n];
  if (to_bytes) use(x, "byte");
  begin(x, to_bytes ? "quantise" : "dequantise");
  put(&x->body, "%zu, %s, ", x->plan.values[n].numbers, from);
  put_float(&x->body, (double)node->scale);
  put(&x->body, ", %d, %s);\n", node->zero_point, to);
}

/* In floats, with what is bytes turned into them before and back after. */
static scrawl_status put_solo(exporter *x, const nn_int8_step *step) {
  char from[2][80] = {"", ""}, to[80], floats[80];
  size_t scratch = x->plan.floats_at / sizeof(float);
  for (int i = 0; i < 2 && step->x[i] >= 0; i++) {
    place(x, step->x[i], from[i]);
    if (!x->plan.values[step->x[i]].bytes) continue;
    snprintf(floats, sizeof floats, "memory + %zu", scratch + (size_t)i * x->plan.floats_stride);
    put_cast(x, false, step->x[i], from[i], floats);
    strcpy(from[i], floats);
  }
  place(x, step->y, to);
  if (!x->plan.values[step->y].bytes) return put_node(x, step->node, from[0], from[1], to);
  snprintf(floats, sizeof floats, "memory + %zu", scratch + 2 * x->plan.floats_stride);
  BASE_TRY(put_node(x, step->node, from[0], from[1], floats));
  put_cast(x, true, step->y, floats, to);
  return SCRAWL_OK;
}

static void put_add(exporter *x, const nn_int8_step *step) {
  char from[2][80], to[80];
  const nn_int8_add *add = &step->add;
  for (int i = 0; i < 2; i++) place(x, step->x[i], from[i]);
  place(x, step->y, to);
  use(x, "byte");
  begin(x, "add_bytes");
  put(&x->body, "%zu, ", x->plan.values[step->y].numbers);
  for (int i = 0; i < 2; i++) {
    put(&x->body, "%s, %d, ", from[i], add->zeros[i]);
    put_float(&x->body, (double)add->factors[i]);
    put_text(&x->body, ", ");
  }
  put(&x->body, "%d, %d, %s);\n", add->zero, add->least, to);
}

static void put_mean(exporter *x, const nn_int8_step *step) {
  size_t in = x->plan.values[step->x[0]].numbers, out = x->plan.values[step->y].numbers;
  char from[80], to[80];
  place(x, step->x[0], from);
  place(x, step->y, to);
  use(x, "byte");
  begin(x, "mean_bytes");
  put(&x->body, "%zu, %zu, %s, %d, ", in / out, out, from, x->graph->nodes[step->x[0]].zero_point);
  put_float(&x->body, (double)step->multiplier);
  put(&x->body, ", %d, %s);\n", step->sum.zero, to);
}

static scrawl_status put_step(exporter *x, const nn_int8_step *step) {
  char from[80] = "", to[80] = "probabilities";
  if (step->x[0] >= 0) place(x, step->x[0], from);
  if (step->y >= 0) place(x, step->y, to);
  switch (step->kind) {
  case NN_INT8_INPUT:
    put_cast(x, true, 0, "input", to);
    break;
  case NN_INT8_SUM:
    put_sum(x, step);
    break;
  case NN_INT8_POOL:
    put_layer(x, "max_bytes", step->node, from, to);
    break;
  case NN_INT8_ADD:
    put_add(x, step);
    break;
  case NN_INT8_MEAN:
    put_mean(x, step);
    break;
  case NN_INT8_MAP:
    put_constants(x, "map", step->node, UNSIGNED_CHARS, step->table, 256);
    begin(x, "map_bytes");
    put(&x->body, "%zu, %s, %s_map_%d, %s);\n", x->plan.values[step->y].numbers, from, x->lower,
        step->node, to);
    break;
  case NN_INT8_SOLO:
    return put_solo(x, step);
  case NN_INT8_OUTPUT:
    if (x->plan.values[step->x[0]].bytes)
      put_cast(x, false, step->x[0], from, to);
    else
      put_numbers(x, "copy", step->x[0], from, "", to);
    break;
  }
  return SCRAWL_OK;
}

/* ---- the header ---- */

static void put_signs(const exporter *x, text *t) {
  const char *at = x->options->alphabet;
  put(t, "static const char *const %s_signs[%s_CLASSES] = {", x->lower, x->upper);
  for (size_t left = strlen(at), length; left; at += length, left -= length) {
    length = base_utf8_length(at, left);
    if (!length) length = 1;
    put_text(t, at == x->options->alphabet ? "\"" : ", \"");
    for (size_t i = 0; i < length; i++)
      put(t, isalnum((unsigned char)at[i]) ? "%c" : "\\%03o", (unsigned char)at[i]);
    put_text(t, "\"");
  }
  put_text(t, "};\n\n");
}

static void put_top(const exporter *x, text *t, size_t floats, int channels) {
  const nn_shape in = nn_graph_input(x->graph);
  const char *l = x->lower, *u = x->upper;
  char *network = nn_spec_format(x->graph);
  if (!network) t->failed = true;
  put(t,
      "/* %s: a network that reads handwriting, written by `scrawl model export --c`.\n *\n"
      " *   unsigned char pixels[%d];   %d x %d, row by row: paper 0, full ink 255\n"
      " *   float probabilities[%s_CLASSES];\n"
      " *   int best = %s_read(pixels, probabilities);\n"
      " *   puts(%s_signs[best]);\n *\n",
      l, in.h * in.w * in.c, in.h, in.w, u, l, l);
  put(t,
      " * Include it in one C file (C99 or later). It needs no library and no memory but %zu bytes "
      "of stack,\n * and may be called by any number of threads. A best probability under "
      "%s_reject_below is no\n * reading.",
      (floats + nn_shape_floats(in)) * sizeof(float), l);
  if (strstr(x->used, " frame "))
    put(t, " The digit must be framed as MNIST's are; %s_frame() does so for ink on clean paper.",
        l);
  put(t, "\n *\n * %zu parameters%s: ", x->graph->parameter_count,
      nn_graph_quantised(x->graph) ? ", quantised to bytes" : "");
  if (network) put_text(t, network);
  put(t, " */\n#ifndef %s_H\n#define %s_H\n\nenum { %s_CLASSES = %d", u, u, u,
      nn_graph_output(x->graph).c);
  if (strstr(x->used, " sum ")) put(t, ", %s_CHANNELS = %d", u, channels);
  put(t, " };\nstatic const float %s_reject_below = ", l);
  put_float(t, (double)x->options->reject_below);
  put_text(t, ";\n");
  base_free(network);
}

static void put_run(const exporter *x, text *t, size_t floats) {
  size_t numbers = nn_shape_floats(nn_graph_input(x->graph));
  put(t,
      "static inline int %s_read(const unsigned char pixels[%zu], float "
      "probabilities[%s_CLASSES]) {\n"
      "  float memory[%zu], input[%zu];\n  int i, best = 0;\n  (void)memory;\n"
      "  for (i = 0; i < %zu; i++) input[i] = (float)((double)pixels[i] * %.17g / 255);\n",
      x->lower, numbers, x->upper, floats ? floats : 1, numbers, numbers,
      (double)x->options->scale);
  put_text(t, x->body.at ? x->body.at : "");
  if (!nn_graph_gives_probabilities(x->graph)) {
    put(t, "  %s_softmax(1, %s_CLASSES, probabilities, ", x->lower, x->upper);
    put_float(t, (double)x->options->temperature);
    put_text(t, ", probabilities);\n");
  }
  put(t,
      "  for (i = 1; i < %s_CLASSES; i++)\n"
      "    if (probabilities[i] > probabilities[best]) best = i;\n  return best;\n}\n\n#endif\n",
      x->upper);
}

static scrawl_status check(const exporter *x) {
  nn_shape in = nn_graph_input(x->graph), out = nn_graph_output(x->graph);
  size_t signs = 0;
  const char *at = x->options->alphabet;
  for (size_t left = strlen(at), length; left; at += length, left -= length, signs++)
    if (!(length = base_utf8_length(at, left)))
      return base_fail(x->error, SCRAWL_INVALID_ARGUMENT, "the alphabet is not UTF-8");
  if (out.h != 1 || out.w != 1 || (size_t)out.c != signs)
    return base_fail(x->error, SCRAWL_UNSUPPORTED,
                     "the network gives %d x %d x %d numbers, not one for each of %zu signs", out.h,
                     out.w, out.c, signs);
  if (x->options->temperature != 1 && nn_graph_gives_probabilities(x->graph) &&
      x->graph->nodes[x->graph->node_count - 1].kind != NN_SOFTMAX)
    return base_fail(x->error, SCRAWL_UNSUPPORTED,
                     "a temperature of %g cannot be put on a mean of probabilities",
                     (double)x->options->temperature);
  for (size_t i = 0; i < x->graph->parameter_count; i++)
    if (!isfinite(x->graph->parameters[i]))
      return base_fail(x->error, SCRAWL_UNSUPPORTED, "parameter %zu is no finite number", i);
  if (x->graph->parameter_count > NN_C_MAX_PARAMETERS)
    return base_fail(x->error, SCRAWL_LIMIT_EXCEEDED,
                     "%zu parameters are more than the limit of %zu for a C header",
                     x->graph->parameter_count, NN_C_MAX_PARAMETERS);
  if (x->plan.bytes + 4 * nn_shape_floats(in) > NN_C_MAX_MEMORY)
    return base_fail(x->error, SCRAWL_LIMIT_EXCEEDED,
                     "activations of %zu bytes are more than the limit of %zu for a C header, "
                     "which keeps them on the stack",
                     x->plan.bytes, NN_C_MAX_MEMORY);
  return SCRAWL_OK;
}

static scrawl_status export_planned(exporter *x, char **out) {
  text t = {0};
  nn_shape in = nn_graph_input(x->graph);
  int channels = 1;
  size_t floats = x->plan.bytes / sizeof(float);
  BASE_TRY(check(x));
  for (int n = 0; n < x->graph->node_count; n++)
    if (x->graph->nodes[n].shape.c > channels) channels = x->graph->nodes[n].shape.c;
  for (int s = 0; s < x->plan.step_count; s++) BASE_TRY(put_step(x, &x->plan.steps[s]));
  if (!nn_graph_gives_probabilities(x->graph)) {
    use(x, "exp");
    use(x, "softmax");
  }
  if (in.h == 28 && in.w == 28 && in.c == 1) use(x, "frame");
  put_top(x, &t, floats, channels);
  put_signs(x, &t);
  put_runtime(x, &t);
  put_text(&t, x->data.at ? x->data.at : "");
  put_text(&t, "\n");
  put_run(x, &t, floats);
  if (t.failed || x->data.failed || x->body.failed) {
    base_free(t.at);
    return base_fail(x->error, SCRAWL_OUT_OF_MEMORY, "not enough memory to export");
  }
  *out = t.at;
  return SCRAWL_OK;
}

static scrawl_status take_name(exporter *x) {
  const char *name = x->options->name;
  size_t length = strlen(name);
  bool good = length > 0 && length < sizeof x->lower && isalpha((unsigned char)*name);
  for (size_t i = 0; i < length && good; i++)
    good = (unsigned char)name[i] < 128 && (isalnum((unsigned char)name[i]) || name[i] == '_');
  if (!good)
    return base_fail(x->error, SCRAWL_INVALID_ARGUMENT,
                     "\"%.64s\" cannot begin identifiers of C: a letter and then letters, digits "
                     "and _ can, up to %zu",
                     name, sizeof x->lower - 1);
  for (size_t i = 0; i < length; i++) {
    x->lower[i] = (char)tolower((unsigned char)name[i]);
    x->upper[i] = (char)toupper((unsigned char)name[i]);
  }
  return SCRAWL_OK;
}

scrawl_status nn_export_c(const nn_graph *graph, const nn_c_options *options, char **header,
                          base_error *error) {
  exporter x = {.options = options, .error = error};
  nn_graph *folded = NULL;
  *header = NULL;
  BASE_TRY(take_name(&x));
  if (!nn_graph_quantised(graph)) BASE_TRY(nn_graph_fold(graph, &folded, error));
  x.graph = folded ? folded : graph;
  scrawl_status status = nn_int8_plan_make(x.graph, &NN_INT8_SCALAR, 1, &x.plan, error);
  if (status == SCRAWL_OK) {
    status = export_planned(&x, header);
    nn_int8_plan_free(&x.plan);
  }
  base_free(x.data.at);
  base_free(x.body.at);
  nn_graph_free(folded);
  return status;
}
