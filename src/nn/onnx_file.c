/* Taking an ONNX file apart.
 *
 * The messages are walked in three passes over the graph: initializers and inputs, then nodes, then
 * the output. A node may use only names made before it, which is ONNX's own rule and shuts out
 * cycles. Names are found through a hash table with open addressing. Every message is walked to its
 * end once here, so that later walks over the same bytes cannot meet damage. All numbers of things
 * are limited and counted before anything is allocated. */
#include "nn/onnx_file.h"

#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

typedef struct onnx_name {
  nn_bytes text; /* `at` NULL: a free slot */
  int value;
} onnx_name;

enum { MAX_METADATA_BYTES = 1 << 20 }; /* one key or value */

bool onnx_equal(nn_bytes text, const char *other) {
  size_t size = strlen(other);
  return text.size == size && (size == 0 || memcmp(text.at, other, size) == 0);
}

const char *onnx_print(nn_bytes text, onnx_line *line) {
  size_t size = text.size < sizeof line->text ? text.size : sizeof line->text - 1;
  for (size_t i = 0; i < size; i++) {
    uint8_t byte = text.at[i];
    line->text[i] = byte >= ' ' && byte < 0x7F && byte != '"' ? (char)byte : '?';
  }
  line->text[size] = '\0';
  return line->text;
}

/* The message has been walked to its end. */
static scrawl_status intact(const nn_wire *wire, const char *what, base_error *error) {
  if (!wire->damaged) return SCRAWL_OK;
  return base_fail(error, SCRAWL_BAD_FORMAT, "%s: damaged or cut off, %zu bytes before the end",
                   what, wire->left.size);
}

/* The last field with this key, as Protocol Buffers have it; `field->key` is 0 where there is none.
 */
static scrawl_status find(nn_bytes message, uint32_t key, const char *what, nn_field *field,
                          base_error *error) {
  nn_wire wire = {.left = message};
  *field = (nn_field){0};
  for (nn_field next; nn_wire_next(&wire, &next);)
    if (next.key == key) *field = next;
  return intact(&wire, what, error);
}

/* ---- names ---- */

static onnx_name *slot_of(const onnx_file *file, nn_bytes text) {
  uint64_t hash = 14695981039346656037u; /* FNV-1a */
  for (size_t i = 0; i < text.size; i++) hash = (hash ^ text.at[i]) * 1099511628211u;
  size_t mask = file->name_slots - 1;
  for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
    onnx_name *slot = &file->names[i];
    if (!slot->text.at) return slot;
    if (slot->text.size == text.size && memcmp(slot->text.at, text.at, text.size) == 0) return slot;
  }
}

static scrawl_status define(onnx_file *file, nn_bytes name, int value, base_error *error) {
  onnx_line line;
  if (name.size == 0) return base_fail(error, SCRAWL_BAD_FORMAT, "a value has no name");
  onnx_name *slot = slot_of(file, name);
  if (slot->text.at)
    return base_fail(error, SCRAWL_BAD_FORMAT, "the name \"%s\" is given twice",
                     onnx_print(name, &line));
  *slot = (onnx_name){name, value};
  return SCRAWL_OK;
}

static int add_value(onnx_file *file, nn_bytes name, const onnx_tensor *tensor, int maker) {
  file->values[file->value_count] =
      (onnx_value){.name = name, .tensor = tensor, .maker = maker, .user = -1};
  return file->value_count++;
}

/* ---- tensors and inputs ---- */

static scrawl_status read_tensor(nn_bytes message, onnx_tensor *tensor, base_error *error) {
  nn_wire wire = {.left = message};
  *tensor = (onnx_tensor){0};
  for (nn_field field; nn_wire_next(&wire, &field);) {
    nn_bytes packed = field.bytes;
    switch (field.key) {
    case NN_KEY(TENSOR_DIMS, NN_VARINT):
      packed = (nn_bytes){NULL, 1};
      __attribute__((fallthrough));
    case NN_KEY(TENSOR_DIMS, NN_BYTES):
      while (packed.size > 0) {
        uint64_t dim = field.value;
        if (!packed.at)
          packed.size = 0;
        else if (!nn_varint_next(&packed, &dim))
          return base_fail(error, SCRAWL_BAD_FORMAT, "its shape is damaged");
        if (tensor->rank == ONNX_MAX_RANK)
          return base_fail(error, SCRAWL_UNSUPPORTED, "it has more than %d dimensions",
                           ONNX_MAX_RANK);
        if (dim > INT64_MAX) return base_fail(error, SCRAWL_BAD_FORMAT, "its size is negative");
        tensor->dims[tensor->rank++] = (int64_t)dim;
      }
      break;
    case NN_KEY(TENSOR_DATA_TYPE, NN_VARINT):
      tensor->type = field.value > INT32_MAX ? -1 : (int)field.value;
      break;
    case NN_KEY(TENSOR_RAW_DATA, NN_BYTES):
    case NN_KEY(TENSOR_FLOAT_DATA, NN_BYTES):
      tensor->data = field.bytes;
      break;
    case NN_KEY(TENSOR_INT32_DATA, NN_BYTES):
    case NN_KEY(TENSOR_INT64_DATA, NN_BYTES):
      tensor->varints = field.bytes;
      break;
    case NN_KEY(TENSOR_DATA_LOCATION, NN_VARINT):
      if (field.value != 0)
        return base_fail(error, SCRAWL_UNSUPPORTED,
                         "its data is in another file; save the model as one file");
      break;
    default:
      break;
    }
  }
  return intact(&wire, "its message", error);
}

static scrawl_status read_initializer(onnx_file *file, nn_bytes message, base_error *error) {
  nn_field name;
  onnx_line line;
  BASE_TRY(find(message, NN_KEY(TENSOR_NAME, NN_BYTES), "an initializer", &name, error));
  onnx_tensor *tensor = &file->tensors[file->tensor_count++];
  scrawl_status status = read_tensor(message, tensor, error);
  if (status == SCRAWL_OK)
    status = define(file, name.bytes, add_value(file, name.bytes, tensor, -1), error);
  return base_fail_within(error, status, "initializer \"%s\"", onnx_print(name.bytes, &line));
}

static scrawl_status read_shape(onnx_file *file, nn_bytes message, base_error *error) {
  nn_wire wire = {.left = message};
  for (nn_field field; nn_wire_next(&wire, &field);) {
    if (field.key != NN_KEY(SHAPE_DIM, NN_BYTES)) continue;
    nn_field dim;
    BASE_TRY(find(field.bytes, NN_KEY(DIM_VALUE, NN_VARINT), "its shape", &dim, error));
    if (file->input_rank == 4 || dim.value > INT64_MAX)
      return base_fail(error, SCRAWL_UNSUPPORTED, "its shape is not [N, c, h, w]");
    file->input_dims[file->input_rank++] = (int64_t)dim.value;
  }
  return intact(&wire, "its shape", error);
}

static scrawl_status read_input_type(onnx_file *file, nn_bytes message, base_error *error) {
  nn_field type, tensor, element, shape;
  const char *what = "its type";
  BASE_TRY(find(message, NN_KEY(VALUE_TYPE, NN_BYTES), what, &type, error));
  BASE_TRY(find(type.bytes, NN_KEY(TYPE_TENSOR, NN_BYTES), what, &tensor, error));
  BASE_TRY(find(tensor.bytes, NN_KEY(TYPE_ELEMENT, NN_VARINT), what, &element, error));
  BASE_TRY(find(tensor.bytes, NN_KEY(TYPE_SHAPE, NN_BYTES), what, &shape, error));
  if (element.value != ONNX_FLOAT)
    return base_fail(error, SCRAWL_UNSUPPORTED, "it is not a tensor of 32-bit floats");
  return read_shape(file, shape.bytes, error);
}

static scrawl_status read_input(onnx_file *file, nn_bytes message, base_error *error) {
  nn_field name;
  onnx_line line;
  BASE_TRY(find(message, NN_KEY(VALUE_NAME, NN_BYTES), "an input", &name, error));
  if (name.bytes.size > 0) {
    onnx_name *slot = slot_of(file, name.bytes); /* format version 3 lists initializers here too */
    if (slot->text.at && file->values[slot->value].tensor) return SCRAWL_OK;
  }
  if (file->input >= 0) return base_fail(error, SCRAWL_UNSUPPORTED, "it has more than one input");
  file->input = add_value(file, name.bytes, NULL, -1);
  scrawl_status status = define(file, name.bytes, file->input, error);
  if (status == SCRAWL_OK) status = read_input_type(file, message, error);
  return base_fail_within(error, status, "input \"%s\"", onnx_print(name.bytes, &line));
}

/* ---- nodes ---- */

static scrawl_status read_ports(onnx_file *file, onnx_node *node, base_error *error) {
  nn_wire wire = {.left = node->message};
  onnx_line line;
  for (nn_field field; nn_wire_next(&wire, &field);) {
    if (field.key == NN_KEY(NODE_INPUT, NN_BYTES)) {
      if (node->input_count == ONNX_MAX_INPUTS)
        return base_fail(error, SCRAWL_UNSUPPORTED, "it has more than %d inputs", ONNX_MAX_INPUTS);
      int value = -1;
      if (field.bytes.size > 0) {
        onnx_name *slot = slot_of(file, field.bytes);
        if (!slot->text.at)
          return base_fail(error, SCRAWL_BAD_FORMAT,
                           "its input \"%s\" is not made by anything before it",
                           onnx_print(field.bytes, &line));
        value = slot->value;
      }
      node->inputs[node->input_count++] = value;
    } else if (field.key == NN_KEY(NODE_ATTRIBUTE, NN_BYTES)) {
      nn_field name;
      BASE_TRY(find(field.bytes, NN_KEY(ATTRIBUTE_NAME, NN_BYTES), "an attribute", &name, error));
    }
  }
  return SCRAWL_OK;
}

/* After the inputs, so that a node cannot use what it makes. */
static scrawl_status define_outputs(onnx_file *file, onnx_node *node, base_error *error) {
  nn_wire wire = {.left = node->message};
  for (nn_field field; nn_wire_next(&wire, &field);) {
    if (field.key != NN_KEY(NODE_OUTPUT, NN_BYTES)) continue;
    if (node->output_count == ONNX_MAX_OUTPUTS)
      return base_fail(error, SCRAWL_UNSUPPORTED, "it has more than %d outputs", ONNX_MAX_OUTPUTS);
    int value = -1;
    if (field.bytes.size > 0) {
      value = add_value(file, field.bytes, NULL, file->node_count);
      BASE_TRY(define(file, field.bytes, value, error));
    }
    node->outputs[node->output_count++] = value;
  }
  if (node->output_count == 0 || node->outputs[0] < 0)
    return base_fail(error, SCRAWL_BAD_FORMAT, "it has no output");
  return SCRAWL_OK;
}

/* Another name for a value that there is already. */
static scrawl_status define_identity(onnx_file *file, const onnx_node *node, base_error *error) {
  nn_field output;
  BASE_TRY(find(node->message, NN_KEY(NODE_OUTPUT, NN_BYTES), "it", &output, error));
  if (node->input_count != 1 || node->inputs[0] < 0)
    return base_fail(error, SCRAWL_BAD_FORMAT, "it must have one input");
  return define(file, output.bytes, node->inputs[0], error);
}

static scrawl_status define_constant(onnx_file *file, const onnx_node *node, base_error *error) {
  nn_field output, attribute, name, value;
  BASE_TRY(find(node->message, NN_KEY(NODE_OUTPUT, NN_BYTES), "it", &output, error));
  BASE_TRY(find(node->message, NN_KEY(NODE_ATTRIBUTE, NN_BYTES), "it", &attribute, error));
  BASE_TRY(find(attribute.bytes, NN_KEY(ATTRIBUTE_NAME, NN_BYTES), "its value", &name, error));
  BASE_TRY(find(attribute.bytes, NN_KEY(ATTRIBUTE_T, NN_BYTES), "its value", &value, error));
  if (!onnx_equal(name.bytes, "value") || !value.key)
    return base_fail(error, SCRAWL_UNSUPPORTED, "its value is not a tensor");
  onnx_tensor *tensor = &file->tensors[file->tensor_count++];
  BASE_TRY(read_tensor(value.bytes, tensor, error));
  return define(file, output.bytes, add_value(file, output.bytes, tensor, -1), error);
}

static scrawl_status read_node_body(onnx_file *file, onnx_node *node, base_error *error) {
  BASE_TRY(read_ports(file, node, error));
  bool standard = node->domain.size == 0 || onnx_equal(node->domain, "ai.onnx");
  if (standard && onnx_equal(node->op, "Identity")) return define_identity(file, node, error);
  if (standard && onnx_equal(node->op, "Constant")) return define_constant(file, node, error);
  BASE_TRY(define_outputs(file, node, error));
  file->node_count++;
  return SCRAWL_OK;
}

static scrawl_status read_node(onnx_file *file, nn_bytes message, int number, base_error *error) {
  onnx_node *node = &file->nodes[file->node_count];
  nn_field op, name, domain;
  onnx_line line[2];
  *node = (onnx_node){.message = message};
  scrawl_status status = find(message, NN_KEY(NODE_OP_TYPE, NN_BYTES), "message", &op, error);
  if (status != SCRAWL_OK) return base_fail_within(error, status, "node %d", number);
  BASE_TRY(find(message, NN_KEY(NODE_NAME, NN_BYTES), "node", &name, error));
  BASE_TRY(find(message, NN_KEY(NODE_DOMAIN, NN_BYTES), "node", &domain, error));
  node->op = op.bytes;
  node->name = name.bytes;
  node->domain = domain.bytes;
  return base_fail_within(error, read_node_body(file, node, error), "node %d (%s \"%s\")", number,
                          onnx_print(op.bytes, &line[0]), onnx_print(name.bytes, &line[1]));
}

/* Marks what the output depends on, and counts the uses of each value by that. */
static void mark_live(onnx_file *file) {
  file->values[file->output].uses = 1;
  for (int i = file->node_count - 1; i >= 0; i--) {
    onnx_node *node = &file->nodes[i];
    for (int j = 0; j < node->output_count; j++)
      if (node->outputs[j] >= 0 && file->values[node->outputs[j]].uses > 0) node->live = true;
    for (int j = 0; node->live && j < node->input_count; j++) {
      if (node->inputs[j] < 0) continue;
      onnx_value *value = &file->values[node->inputs[j]];
      value->uses++;
      if (value->user < 0) value->user = i;
    }
  }
}

/* ---- the graph and the model ---- */

static scrawl_status make_room(onnx_file *file, nn_bytes graph, base_error *error) {
  size_t nodes = 0, initializers = 0;
  nn_wire wire = {.left = graph};
  for (nn_field field; nn_wire_next(&wire, &field);) {
    nodes += field.key == NN_KEY(GRAPH_NODE, NN_BYTES);
    initializers += field.key == NN_KEY(GRAPH_INITIALIZER, NN_BYTES);
  }
  BASE_TRY(intact(&wire, "the graph", error));
  if (nodes > ONNX_MAX_NODES)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%zu nodes, the limit is %d", nodes,
                     ONNX_MAX_NODES);
  if (initializers > ONNX_MAX_TENSORS)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%zu initializers, the limit is %d",
                     initializers, ONNX_MAX_TENSORS);
  size_t values = nodes * ONNX_MAX_OUTPUTS + initializers + 1; /* 1: the input */
  for (file->name_slots = 16; file->name_slots < 2 * values;) file->name_slots *= 2;
  /* one node more than there are: read_node fills the next before it knows that it stays */
  file->nodes = base_alloc_zero(nodes + 1, sizeof *file->nodes);
  file->tensors = base_alloc_zero(nodes + initializers, sizeof *file->tensors);
  file->values = base_alloc_zero(values, sizeof *file->values);
  file->names = base_alloc_zero(file->name_slots, sizeof *file->names);
  if (!file->nodes || !file->tensors || !file->values || !file->names)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for %zu nodes", nodes);
  return SCRAWL_OK;
}

static scrawl_status read_output(onnx_file *file, nn_bytes message, base_error *error) {
  nn_field name;
  onnx_line line;
  BASE_TRY(find(message, NN_KEY(VALUE_NAME, NN_BYTES), "an output", &name, error));
  if (file->output >= 0) return base_fail(error, SCRAWL_UNSUPPORTED, "it has more than one output");
  onnx_name *slot = name.bytes.size > 0 ? slot_of(file, name.bytes) : NULL;
  if (!slot || !slot->text.at || file->values[slot->value].tensor)
    return base_fail(error, SCRAWL_BAD_FORMAT, "the output \"%s\" is not made by any node",
                     onnx_print(name.bytes, &line));
  file->output = slot->value;
  return SCRAWL_OK;
}

static scrawl_status read_graph(onnx_file *file, nn_bytes graph, base_error *error) {
  nn_wire wire = {.left = graph};
  int number = 0;
  BASE_TRY(make_room(file, graph, error));
  for (nn_field field; nn_wire_next(&wire, &field);)
    if (field.key == NN_KEY(GRAPH_INITIALIZER, NN_BYTES))
      BASE_TRY(read_initializer(file, field.bytes, error));
  wire.left = graph;
  for (nn_field field; nn_wire_next(&wire, &field);)
    if (field.key == NN_KEY(GRAPH_INPUT, NN_BYTES)) BASE_TRY(read_input(file, field.bytes, error));
  if (file->input < 0) return base_fail(error, SCRAWL_BAD_FORMAT, "it has no input");
  wire.left = graph;
  for (nn_field field; nn_wire_next(&wire, &field);)
    if (field.key == NN_KEY(GRAPH_NODE, NN_BYTES))
      BASE_TRY(read_node(file, field.bytes, number++, error));
  wire.left = graph;
  for (nn_field field; nn_wire_next(&wire, &field);)
    if (field.key == NN_KEY(GRAPH_OUTPUT, NN_BYTES))
      BASE_TRY(read_output(file, field.bytes, error));
  if (file->output < 0) return base_fail(error, SCRAWL_BAD_FORMAT, "it has no output");
  mark_live(file);
  return SCRAWL_OK;
}

static scrawl_status metadata_text(nn_bytes bytes, char **text, base_error *error) {
  onnx_line line;
  if (bytes.size > MAX_METADATA_BYTES)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "metadata of %zu bytes, the limit is %d",
                     bytes.size, MAX_METADATA_BYTES);
  if ((bytes.size > 0 && memchr(bytes.at, 0, bytes.size)) ||
      !base_utf8_valid((const char *)bytes.at, bytes.size))
    return base_fail(error, SCRAWL_BAD_FORMAT, "the metadata \"%s\" is not UTF-8 text",
                     onnx_print(bytes, &line));
  *text = base_alloc(bytes.size + 1, 1);
  if (!*text) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for metadata");
  if (bytes.size > 0) memcpy(*text, bytes.at, bytes.size);
  (*text)[bytes.size] = '\0';
  return SCRAWL_OK;
}

static scrawl_status read_metadata(nn_bytes message, nn_metadata *metadata, base_error *error) {
  nn_field key, value;
  BASE_TRY(find(message, NN_KEY(METADATA_KEY, NN_BYTES), "metadata", &key, error));
  BASE_TRY(find(message, NN_KEY(METADATA_VALUE, NN_BYTES), "metadata", &value, error));
  char *texts[2] = {NULL, NULL};
  scrawl_status status = metadata_text(key.bytes, &texts[0], error);
  if (status == SCRAWL_OK) status = metadata_text(value.bytes, &texts[1], error);
  if (status == SCRAWL_OK && nn_metadata_get(metadata, texts[0]))
    status = base_fail(error, SCRAWL_BAD_FORMAT, "the metadata \"%s\" is given twice", texts[0]);
  if (status == SCRAWL_OK) status = nn_metadata_set(metadata, texts[0], texts[1], error);
  base_free(texts[0]);
  base_free(texts[1]);
  return status;
}

static scrawl_status read_opset(nn_bytes message, uint64_t *version, base_error *error) {
  nn_field domain, field;
  BASE_TRY(find(message, NN_KEY(OPSET_DOMAIN, NN_BYTES), "operator set", &domain, error));
  BASE_TRY(find(message, NN_KEY(OPSET_VERSION, NN_VARINT), "operator set", &field, error));
  if (domain.bytes.size == 0 || onnx_equal(domain.bytes, "ai.onnx")) *version = field.value;
  return SCRAWL_OK;
}

scrawl_status onnx_file_open(nn_bytes bytes, onnx_file *file, nn_metadata *metadata,
                             base_error *error) {
  uint64_t ir = 0, opset = 0;
  nn_bytes graph = {NULL, 0};
  int graphs = 0;
  nn_wire wire = {.left = bytes};
  *file = (onnx_file){.input = -1, .output = -1};
  if (bytes.size > NN_MAX_MODEL_BYTES)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%zu bytes, the limit is %zu", bytes.size,
                     NN_MAX_MODEL_BYTES);
  for (nn_field field; nn_wire_next(&wire, &field);) {
    switch (field.key) {
    case NN_KEY(MODEL_IR_VERSION, NN_VARINT):
      ir = field.value;
      break;
    case NN_KEY(MODEL_GRAPH, NN_BYTES):
      graph = field.bytes;
      graphs++;
      break;
    case NN_KEY(MODEL_OPSET_IMPORT, NN_BYTES):
      BASE_TRY(read_opset(field.bytes, &opset, error));
      break;
    case NN_KEY(MODEL_METADATA_PROPS, NN_BYTES):
      BASE_TRY(read_metadata(field.bytes, metadata, error));
      break;
    default:
      break;
    }
  }
  BASE_TRY(intact(&wire, "the file", error));
  if (ir < ONNX_IR_LEAST || graphs != 1)
    return base_fail(error, SCRAWL_BAD_FORMAT, "not an ONNX model, or not a whole one");
  if (ir > ONNX_IR_MOST || opset < ONNX_OPSET_LEAST || opset > ONNX_OPSET_MOST)
    return base_fail(error, SCRAWL_UNSUPPORTED,
                     "format version %llu with operator set %llu; understood are %d to %d with "
                     "operator sets %d to %d",
                     (unsigned long long)ir, (unsigned long long)opset, ONNX_IR_LEAST, ONNX_IR_MOST,
                     ONNX_OPSET_LEAST, ONNX_OPSET_MOST);
  return read_graph(file, graph, error);
}

void onnx_file_close(onnx_file *file) {
  base_free(file->nodes);
  base_free(file->tensors);
  base_free(file->values);
  base_free(file->names);
  *file = (onnx_file){0};
}
