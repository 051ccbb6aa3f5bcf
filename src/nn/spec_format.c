/* Writing networks as text: every node in its order, `as`, `from` and `add` where one does not
 * simply follow the one before, options only where they differ from what the reader would take. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "nn/operator.h"
#include "nn/spec.h"

/* More than the longest text of a node with its `from` and `as`. */
enum { NODE_BYTES = 192 };

typedef struct writer {
  const nn_graph *graph;
  char *text;
  size_t length, size;
} writer;

static void put(writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(writer *w, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int written = vsnprintf(w->text + w->length, w->size - w->length, format, arguments);
  va_end(arguments);
  if (written > 0) w->length += (size_t)written;
}

/* The fewest digits that give back the float; nine do for every one. A locale's decimal comma must
 * not get in. */
static void put_decimal(writer *w, float value) {
  size_t from = w->length;
  for (int digits = 1; digits <= 9; digits++) {
    w->length = from;
    put(w, "%.*g", digits, (double)value);
    if (strtof(w->text + from, NULL) == value) break;
  }
  for (char *c = w->text + from; *c; c++)
    if (*c == ',') *c = '.';
}

static void put_pair(writer *w, const char *before, int high, int wide) {
  if (high == wide && strncmp(before, " stride", 7) == 0)
    put(w, "%s%d", before, high);
  else
    put(w, "%s%dx%d", before, high, wide);
}

static bool equal_padding(const nn_node *a, const nn_node *b) {
  return a->window.pad_top == b->window.pad_top && a->window.pad_left == b->window.pad_left &&
         a->pad_bottom == b->pad_bottom && a->pad_right == b->pad_right;
}

static void put_window(writer *w, const nn_node *node) {
  const nn_window *window = &node->window;
  put_pair(w, " ", window->kernel_h, window->kernel_w);
  bool pool = node->kind == NN_MAX_POOL || node->kind == NN_AVERAGE_POOL;
  if (window->stride_h != (pool ? window->kernel_h : 1) ||
      window->stride_w != (pool ? window->kernel_w : 1))
    put_pair(w, " stride ", window->stride_h, window->stride_w);
  nn_node same = *node, none = *node, even = *node;
  nn_window_same(&same, w->graph->nodes[node->input[0]].shape);
  none.window.pad_top = none.window.pad_left = none.pad_bottom = none.pad_right = 0;
  even.window.pad_left = even.pad_bottom = even.pad_right = window->pad_top;
  if (equal_padding(node, &none)) return;
  if (equal_padding(node, &same))
    put(w, " same");
  else if (equal_padding(node, &even))
    put(w, " pad %d", window->pad_top);
  else
    put(w, " pad %d %d %d %d", window->pad_top, window->pad_left, node->pad_bottom,
        node->pad_right);
}

/* Whether the reader, left alone, would take the bias of this convolution away. */
static bool bias_is_loose(const nn_graph *graph, const bool *named, int n) {
  return n + 1 < graph->node_count && graph->nodes[n + 1].kind == NN_BATCH_NORM &&
         graph->nodes[n + 1].input[0] == n && !named[n];
}

static void put_options(writer *w, const bool *named, int n) {
  const nn_node *node = &w->graph->nodes[n];
  switch (node->kind) {
  case NN_CONV:
    put(w, " %d", node->window.out_c);
    __attribute__((fallthrough));
  case NN_DEPTHWISE:
    put_window(w, node);
    if (node->bias && bias_is_loose(w->graph, named, n)) put(w, " bias");
    if (!node->bias && !bias_is_loose(w->graph, named, n)) put(w, " nobias");
    break;
  case NN_MAX_POOL:
  case NN_AVERAGE_POOL:
    put_window(w, node);
    break;
  case NN_DENSE:
    put(w, " %d%s", node->channels, node->bias ? "" : " nobias");
    break;
  case NN_DROPOUT:
  case NN_SCALE:
    put(w, " ");
    put_decimal(w, node->rate);
    break;
  case NN_BATCH_NORM:
    if (node->epsilon != 1e-5f) {
      put(w, " epsilon ");
      put_decimal(w, node->epsilon);
    }
    if (node->momentum != 0.9f) {
      put(w, " momentum ");
      put_decimal(w, node->momentum);
    }
    break;
  default:
    break;
  }
}

static void put_point(writer *w, const char *word, int n) {
  if (n == 0)
    put(w, "%s input", word);
  else
    put(w, "%s n%d", word, n);
}

char *nn_spec_format(const nn_graph *graph) {
  size_t nodes = (size_t)graph->node_count;
  writer w = {.graph = graph, .size = nodes * NODE_BYTES + 1};
  bool *named = base_alloc_zero(nodes, sizeof *named);
  w.text = base_alloc(w.size, 1);
  if (!named || !w.text) {
    base_free(named);
    base_free(w.text);
    return NULL;
  }
  w.text[0] = '\0';
  for (int n = 1; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    if (node->input[0] != n - 1) named[node->input[0]] = true;
    if (node->kind == NN_ADD) named[node->input[1]] = true;
  }
  for (int n = 1; n < graph->node_count; n++) {
    const nn_node *node = &graph->nodes[n];
    if (n > 1) put(&w, ", ");
    if (node->input[0] != n - 1) {
      put_point(&w, "from", node->input[0]);
      put(&w, ", ");
    }
    put(&w, "%s", nn_operator_of(node->kind)->name);
    if (node->kind == NN_ADD) put_point(&w, "", node->input[1]);
    put_options(&w, named, n);
    if (named[n]) put_point(&w, ", as", n);
  }
  base_free(named);
  return w.text;
}
