/* Reading networks as text; spec_format.c writes them.
 *
 *   list     = item { "," item }
 *   item     = "repeat" number "(" list ")" | words
 * Words are split at blanks; the first names the operator. A group is repeated by reading its text
 * again. What a text can ask for is bounded: nodes by the graph, everything else by the constants
 * below. */
#include "nn/spec.h"

#include <string.h>

#include "base/memory.h"
#include "nn/operator.h"

enum {
  MAX_WORDS = 16,
  MAX_WORD = 32, /* with the terminator */
  MAX_NAMES = NN_MAX_NODES + 1,
  MAX_DEPTH = 8,
  MAX_REPEAT = 1000,
  MAX_ITEMS = 8 * NN_MAX_NODES, /* nested repeats of items that add no node */
  MAX_DIGITS = 9,               /* of an integer: fits an int */
  MAX_FRACTION_DIGITS = 17,     /* of a decimal: its digits fit a double's neighbourhood */
  PRESET_CLASSES = 10,
  QUOTED = 60, /* characters of an item's text in a message */
};

const nn_preset NN_PRESETS[] = {
    {"seed-keras", "conv 64 3x3, relu, conv 32 3x3, relu, flatten, dense 10, softmax",
     "two convolutions and no pooling, a common first network"},
    {"seed-lenet",
     "conv 10 5x5, pool 2, conv 20 5x5, pool 2, dropout 0.25, flatten, dense 100, relu, dense 10, "
     "softmax",
     "small and fast, after LeNet"},
    {"digits",
     "repeat 2 ( conv 32 3x3, batchnorm, relu ), pool 2, conv 64 3x3, batchnorm, relu, "
     "conv 96 3x3, batchnorm, relu, pool 2, conv 192 3x3, batchnorm, relu, flatten, dropout 0.2, "
     "dense classes, softmax",
     "three stages of convolutions with batch normalisation: what models/digits.onnx is"},
    {"speedrun",
     "conv 16 5x5 stride 2, batchnorm, relu, conv 32 3x3, pool 2, batchnorm, relu, flatten, "
     "dense 64, batchnorm, relu, dense 10, softmax",
     "to 99 % of the digits in the fewest seconds"},
    {NULL, NULL, NULL},
};

typedef struct parser {
  const char *at;
  nn_graph *graph;
  int current;     /* the node that the next operator reads */
  bool loose_bias; /* current is a convolution whose bias a batch norm right after it takes away */
  int depth, items;
  int classes; /* what `dense classes` means */
  /* The item being read. */
  int number; /* from 1, in the order they are written */
  const char *start;
  char words[MAX_WORDS][MAX_WORD];
  int word_count, used;
  struct {
    char name[MAX_WORD];
    int node;
  } names[MAX_NAMES];
  int name_count;
  base_error error;
  bool located; /* the sentence in error already says which item */
} parser;

/* ---- words ---- */

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool ends_item(char c) {
  return c == '\0' || c == ',' || c == '(' || c == ')';
}

static void skip_blanks(parser *p) {
  while (is_blank(*p->at)) p->at++;
}

/* Puts "operator 3 `pool 2`: " before the sentence. */
static scrawl_status within_item(parser *p, scrawl_status status) {
  if (p->located) return status;
  p->located = true;
  int length = 0;
  while (!ends_item(p->start[length]) && length < QUOTED) length++;
  bool cut = !ends_item(p->start[length]);
  while (length > 0 && is_blank(p->start[length - 1])) length--;
  /* Not in the middle of a character. */
  while (cut && length > 0 && (p->start[length] & 0xc0) == 0x80) length--;
  return base_fail_within(&p->error, status, "operator %d `%.*s%s`", p->number, length, p->start,
                          cut ? "..." : "");
}

static scrawl_status read_words(parser *p) {
  p->word_count = p->used = 0;
  while (skip_blanks(p), !ends_item(*p->at)) {
    const char *word = p->at;
    while (!ends_item(*p->at) && !is_blank(*p->at)) p->at++;
    size_t length = (size_t)(p->at - word);
    if (length >= MAX_WORD)
      return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT, "a word is longer than %d characters",
                       MAX_WORD - 1);
    if (p->word_count == MAX_WORDS)
      return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT, "more than %d words", MAX_WORDS);
    memcpy(p->words[p->word_count], word, length);
    p->words[p->word_count++][length] = '\0';
  }
  return SCRAWL_OK;
}

/* The next word, or "" after the last. */
static const char *peek_word(const parser *p) {
  return p->used < p->word_count ? p->words[p->used] : "";
}

static bool take_word(parser *p, const char *word) {
  if (strcmp(peek_word(p), word) != 0) return false;
  p->used++;
  return true;
}

/* Reads digits at *text and moves past them; -1 if there are none or too many. */
static int read_integer(const char **text) {
  int value = 0, digits = 0;
  for (; is_digit(**text); (*text)++, digits++) {
    if (digits == MAX_DIGITS) return -1;
    value = 10 * value + (**text - '0');
  }
  return digits ? value : -1;
}

static scrawl_status take_integer(parser *p, const char *what, int *value) {
  const char *text = peek_word(p);
  *value = read_integer(&text);
  if (*value < 0 || *text)
    return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT, "%s must be a whole number, not `%s`",
                     what, peek_word(p));
  p->used++;
  return SCRAWL_OK;
}

/* "3x5", or "3" for both. */
static scrawl_status take_pair(parser *p, const char *what, int *high, int *wide) {
  const char *text = peek_word(p);
  *high = *wide = read_integer(&text);
  if (*high >= 0 && *text == 'x') {
    text++;
    *wide = read_integer(&text);
  }
  if (*high < 0 || *wide < 0 || *text)
    return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT,
                     "%s must be a number like 3 or a pair like 3x5, not `%s`", what, peek_word(p));
  p->used++;
  return SCRAWL_OK;
}

/* A plain decimal, "0.25" or "1e-05", whatever the locale. */
static scrawl_status take_decimal(parser *p, const char *what, float *value) {
  const char *text = peek_word(p);
  double digits = 0;
  int count = 0, exponent = 0, sign = 1;
  for (bool fraction = false; is_digit(*text) || (*text == '.' && !fraction); text++) {
    if (*text == '.') {
      fraction = true;
    } else if (count++ < MAX_FRACTION_DIGITS) {
      digits = 10 * digits + (*text - '0');
      exponent -= fraction;
    } else {
      break;
    }
  }
  if (count > 0 && *text == 'e') {
    text++;
    if (*text == '-' || *text == '+') sign = *text++ == '-' ? -1 : 1;
    int given = read_integer(&text);
    if (given < 0 || given > 99) count = 0;
    exponent += sign * given;
  }
  if (count == 0 || *text)
    return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT, "%s must be a number like 0.25, not `%s`",
                     what, peek_word(p));
  double power = 1;
  for (int i = exponent < 0 ? -exponent : exponent; i > 0; i--) power *= 10;
  *value = (float)(exponent < 0 ? digits / power : digits * power);
  p->used++;
  return SCRAWL_OK;
}

/* ---- names of points ---- */

static int find_name(const parser *p, const char *name) {
  for (int i = p->name_count - 1; i >= 0; i--)
    if (strcmp(p->names[i].name, name) == 0) return i;
  return -1;
}

static scrawl_status take_point(parser *p, int *node) {
  int found = find_name(p, peek_word(p));
  if (found < 0)
    return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT,
                     "no earlier point is named `%s`; name one with `as %s`", peek_word(p),
                     *peek_word(p) ? peek_word(p) : "NAME");
  *node = p->names[found].node;
  p->used++;
  return SCRAWL_OK;
}

static scrawl_status name_point(parser *p) {
  const char *name = peek_word(p);
  if (!*name) return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT, "a name is missing after `as`");
  int index = find_name(p, name);
  if (index < 0) {
    if (p->name_count == MAX_NAMES)
      return base_fail(&p->error, SCRAWL_LIMIT_EXCEEDED, "more than %d names", MAX_NAMES);
    index = p->name_count++;
    strcpy(p->names[index].name, name);
  }
  p->names[index].node = p->current;
  p->used++;
  return SCRAWL_OK;
}

/* ---- operators ---- */

static scrawl_status add_node(parser *p, nn_node node) {
  node.input[0] = p->current;
  return nn_graph_add(p->graph, node, &p->current, &p->error);
}

static scrawl_status take_padding(parser *p, nn_node *node) {
  int first, all[4];
  BASE_TRY(take_integer(p, "padding", &first));
  for (int i = 0; i < 4; i++) all[i] = first;
  if (is_digit(*peek_word(p)))
    for (int i = 1; i < 4; i++)
      BASE_TRY(take_integer(p, "padding (one number, or top left bottom right)", &all[i]));
  node->window.pad_top = all[0];
  node->window.pad_left = all[1];
  node->pad_bottom = all[2];
  node->pad_right = all[3];
  return SCRAWL_OK;
}

/* Kernel size and what follows it, for convolution and pooling. */
static scrawl_status take_window(parser *p, nn_node *node) {
  nn_window *w = &node->window;
  BASE_TRY(take_pair(p, "the window", &w->kernel_h, &w->kernel_w));
  bool convolution = node->kind == NN_CONV || node->kind == NN_DEPTHWISE, same = false;
  w->stride_h = convolution ? 1 : w->kernel_h;
  w->stride_w = convolution ? 1 : w->kernel_w;
  p->loose_bias = convolution;
  for (;;) {
    if (take_word(p, "stride")) {
      BASE_TRY(take_pair(p, "the stride", &w->stride_h, &w->stride_w));
    } else if (take_word(p, "same")) {
      same = true;
    } else if (take_word(p, "pad")) {
      BASE_TRY(take_padding(p, node));
    } else if (convolution && take_word(p, "nobias")) {
      node->bias = p->loose_bias = false;
    } else if (convolution && take_word(p, "bias")) {
      node->bias = true;
      p->loose_bias = false;
    } else {
      break;
    }
  }
  /* The shape rule says what is wrong with other numbers. */
  if (same && w->stride_h > 0 && w->stride_w > 0)
    nn_window_same(node, p->graph->nodes[p->current].shape);
  return SCRAWL_OK;
}

static scrawl_status read_conv(parser *p, nn_node node) {
  node.bias = true;
  BASE_TRY(take_integer(p, "the number of filters", &node.window.out_c));
  BASE_TRY(take_window(p, &node));
  return add_node(p, node);
}

static scrawl_status read_depthwise(parser *p, nn_node node) {
  node.bias = true;
  BASE_TRY(take_window(p, &node));
  return add_node(p, node);
}

static scrawl_status read_pool(parser *p, nn_node node) {
  BASE_TRY(take_window(p, &node));
  return add_node(p, node);
}

static scrawl_status read_batch_norm(parser *p, nn_node node) {
  node.epsilon = 1e-5f;
  node.momentum = 0.9f;
  for (;;) {
    if (take_word(p, "epsilon")) {
      BASE_TRY(take_decimal(p, "epsilon", &node.epsilon));
    } else if (take_word(p, "momentum")) {
      BASE_TRY(take_decimal(p, "momentum", &node.momentum));
    } else {
      break;
    }
  }
  return add_node(p, node);
}

static scrawl_status read_dropout(parser *p, nn_node node) {
  BASE_TRY(take_decimal(p, "the rate", &node.rate));
  return add_node(p, node);
}

static scrawl_status read_scale(parser *p, nn_node node) {
  BASE_TRY(take_decimal(p, "the factor", &node.rate));
  return add_node(p, node);
}

static scrawl_status read_dense(parser *p, nn_node node) {
  node.bias = true;
  node.channels = p->classes;
  if (!take_word(p, "classes")) BASE_TRY(take_integer(p, "the number of outputs", &node.channels));
  if (take_word(p, "nobias")) node.bias = false;
  return add_node(p, node);
}

static scrawl_status read_add(parser *p, nn_node node) {
  BASE_TRY(take_point(p, &node.input[1]));
  return add_node(p, node);
}

static scrawl_status read_from(parser *p, nn_node node) {
  (void)node;
  return take_point(p, &p->current);
}

static scrawl_status read_as(parser *p, nn_node node) {
  (void)node;
  return name_point(p);
}

typedef struct item_rule {
  const char *name, *usage;
  nn_kind kind;
  scrawl_status (*read)(parser *p, nn_node node);
} item_rule;

static const item_rule item_rules[] = {
    {"conv", "conv 64 3x3 [stride 2] [same | pad 1] [nobias]", NN_CONV, read_conv},
    {"depthwise", "depthwise 3x3 [stride 2] [same | pad 1] [nobias]", NN_DEPTHWISE, read_depthwise},
    {"pool", "pool 2 [stride 2] [same | pad 1]", NN_MAX_POOL, read_pool},
    {"average", "average 2 [stride 2] [same | pad 1]", NN_AVERAGE_POOL, read_pool},
    {"global-average", "global-average", NN_GLOBAL_AVERAGE, add_node},
    {"batchnorm", "batchnorm [epsilon 1e-5] [momentum 0.9]", NN_BATCH_NORM, read_batch_norm},
    {"dropout", "dropout 0.25", NN_DROPOUT, read_dropout},
    {"dense", "dense 10 [nobias]", NN_DENSE, read_dense},
    {"relu", "relu", NN_RELU, add_node},
    {"silu", "silu", NN_SILU, add_node},
    {"scale", "scale 0.5", NN_SCALE, read_scale},
    {"flatten", "flatten", NN_FLATTEN, add_node},
    {"add", "add NAME", NN_ADD, read_add},
    {"softmax", "softmax", NN_SOFTMAX, add_node},
    {"as", "as NAME", NN_INPUT, read_as},
    {"from", "from NAME", NN_INPUT, read_from},
};

enum { RULE_COUNT = sizeof item_rules / sizeof *item_rules };

static const item_rule *find_rule(const char *name) {
  for (size_t i = 0; i < RULE_COUNT; i++)
    if (strcmp(item_rules[i].name, name) == 0) return &item_rules[i];
  return NULL;
}

static scrawl_status fail_unknown(parser *p) {
  char known[256] = "";
  for (size_t i = 0; i < RULE_COUNT; i++) {
    if (i) strcat(known, ", ");
    strcat(known, item_rules[i].name);
  }
  return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT,
                   "there is no operator or preset of this name; operators are %s, repeat", known);
}

static scrawl_status read_operator(parser *p) {
  if (p->word_count == 0)
    return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT, "an operator is missing here");
  const item_rule *rule = find_rule(p->words[p->used++]);
  if (!rule) return fail_unknown(p);
  /* A batch norm takes the mean away, and with it any bias of the convolution before. */
  nn_node *before = &p->graph->nodes[p->current];
  if (rule->kind == NN_BATCH_NORM && p->loose_bias) {
    before->bias = false;
    before->parameter_count -= (size_t)before->shape.c;
    p->graph->parameter_count -= (size_t)before->shape.c;
  }
  p->loose_bias = false;
  BASE_TRY(rule->read(p, (nn_node){.kind = rule->kind, .input = {-1, -1}}));
  if (p->used < p->word_count)
    return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT, "`%s` does not belong here; write `%s`",
                     peek_word(p), rule->usage);
  return SCRAWL_OK;
}

/* ---- lists ---- */

static scrawl_status read_list(parser *p);

static scrawl_status read_group(parser *p) {
  int times;
  p->used++;
  BASE_TRY(take_integer(p, "the number of repetitions", &times));
  if (times < 1 || times > MAX_REPEAT)
    return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT, "%d repetitions are not between 1 and %d",
                     times, MAX_REPEAT);
  if (p->used < p->word_count || *p->at != '(')
    return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT,
                     "write `repeat 3 ( operators ... )`, with parentheses");
  if (p->depth == MAX_DEPTH)
    return base_fail(&p->error, SCRAWL_LIMIT_EXCEEDED, "groups are nested more than %d deep",
                     MAX_DEPTH);
  const char *body = ++p->at, *start = p->start;
  int number = p->number;
  p->depth++;
  for (int i = 0; i < times; i++) {
    p->at = body;
    p->number = number;
    BASE_TRY(read_list(p));
    if (*p->at != ')') {
      p->start = start;
      p->number = number;
      return base_fail(&p->error, SCRAWL_INVALID_ARGUMENT, "its `(` is never closed by `)`");
    }
  }
  p->depth--;
  p->at++;
  return SCRAWL_OK;
}

static scrawl_status read_item(parser *p) {
  skip_blanks(p);
  p->start = p->at;
  p->number++;
  if (++p->items > MAX_ITEMS)
    return base_fail(&p->error, SCRAWL_LIMIT_EXCEEDED,
                     "more than %d operators, repetitions counted", MAX_ITEMS);
  BASE_TRY(read_words(p));
  if (p->word_count > 0 && strcmp(p->words[0], "repeat") == 0) return read_group(p);
  return read_operator(p);
}

/* Stops at the end of the text or at a `)` that closes a group. */
static scrawl_status read_list(parser *p) {
  for (;;) {
    scrawl_status status = read_item(p);
    if (status != SCRAWL_OK) return within_item(p, status);
    skip_blanks(p);
    if (*p->at == '\0' || (*p->at == ')' && p->depth > 0)) return SCRAWL_OK;
    if (*p->at != ',')
      return within_item(
          p, base_fail(&p->error, SCRAWL_INVALID_ARGUMENT, "unexpected `%c` after it", *p->at));
    p->at++;
  }
}

static const char *preset_text(const char *text) {
  for (const nn_preset *preset = NN_PRESETS; preset->name; preset++)
    if (strcmp(preset->name, text) == 0) return preset->text;
  return text;
}

scrawl_status nn_spec_parse(const char *text, nn_shape input, nn_graph **graph, base_error *error) {
  return nn_spec_parse_classes(text, input, PRESET_CLASSES, graph, error);
}

scrawl_status nn_spec_parse_classes(const char *text, nn_shape input, int classes, nn_graph **graph,
                                    base_error *error) {
  *graph = NULL;
  parser *p = base_alloc_zero(1, sizeof *p);
  if (!p) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to read the network");
  p->at = p->start = preset_text(text);
  p->classes = classes;
  strcpy(p->names[p->name_count++].name, "input");
  scrawl_status status = nn_graph_create(input, &p->graph, &p->error);
  if (status == SCRAWL_OK) status = read_list(p);
  if (status == SCRAWL_OK && p->current != p->graph->node_count - 1)
    status =
        base_fail(&p->error, SCRAWL_INVALID_ARGUMENT,
                  "the network ends at an earlier point; its output must be the last operator");
  if (status == SCRAWL_OK && p->graph->node_count == 1)
    status = base_fail(&p->error, SCRAWL_INVALID_ARGUMENT,
                       "the network only names points; it needs an operator, `dense 10` for one");
  if (status == SCRAWL_OK) status = nn_graph_finish(p->graph, &p->error);
  if (status == SCRAWL_OK) {
    *graph = p->graph;
  } else {
    nn_graph_free(p->graph);
    base_fail(error, status, "%s", p->error.message);
  }
  base_free(p);
  return status;
}
