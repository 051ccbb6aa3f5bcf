/* Attributes of ONNX nodes, read where they are asked for, and the whole numbers of constant
 * tensors. The messages were walked to their end when the file was taken apart, so that no walk
 * here meets damage. */
#include <string.h>

#include "nn/onnx_file.h"

/* Of the attribute called `name`; false where there is none. */
static bool find_attribute(const onnx_node *node, const char *name, nn_bytes *attribute) {
  nn_wire nodes = {.left = node->message};
  for (nn_field field; nn_wire_next(&nodes, &field);) {
    if (field.key != NN_KEY(NODE_ATTRIBUTE, NN_BYTES)) continue;
    nn_wire wire = {.left = field.bytes};
    for (nn_field part; nn_wire_next(&wire, &part);) {
      if (part.key != NN_KEY(ATTRIBUTE_NAME, NN_BYTES) || !onnx_equal(part.bytes, name)) continue;
      *attribute = field.bytes;
      return true;
    }
  }
  return false;
}

/* One field of an attribute that must be of type `type`; all zero where it is left out. */
static scrawl_status find_value(nn_bytes attribute, const char *name, onnx_attribute_type type,
                                uint32_t key, nn_field *value, base_error *error) {
  nn_wire wire = {.left = attribute};
  uint64_t found = 0;
  *value = (nn_field){0};
  for (nn_field field; nn_wire_next(&wire, &field);) {
    if (field.key == NN_KEY(ATTRIBUTE_TYPE, NN_VARINT)) found = field.value;
    if (field.key == key) *value = field;
  }
  if (found == type) return SCRAWL_OK;
  return base_fail(error, SCRAWL_BAD_FORMAT, "the attribute %s has type %llu instead of %d", name,
                   (unsigned long long)found, (int)type);
}

scrawl_status onnx_attribute_int(const onnx_node *node, const char *name, int64_t otherwise,
                                 int64_t *value, base_error *error) {
  nn_bytes attribute;
  nn_field field;
  *value = otherwise;
  if (!find_attribute(node, name, &attribute)) return SCRAWL_OK;
  BASE_TRY(find_value(attribute, name, ONNX_ATTRIBUTE_INT, NN_KEY(ATTRIBUTE_I, NN_VARINT), &field,
                      error));
  *value = (int64_t)field.value;
  return SCRAWL_OK;
}

scrawl_status onnx_attribute_float(const onnx_node *node, const char *name, float otherwise,
                                   float *value, base_error *error) {
  nn_bytes attribute;
  nn_field field;
  *value = otherwise;
  if (!find_attribute(node, name, &attribute)) return SCRAWL_OK;
  BASE_TRY(find_value(attribute, name, ONNX_ATTRIBUTE_FLOAT, NN_KEY(ATTRIBUTE_F, NN_FIXED32),
                      &field, error));
  *value = nn_float_of((uint32_t)field.value);
  return SCRAWL_OK;
}

scrawl_status onnx_attribute_text(const onnx_node *node, const char *name, const char *otherwise,
                                  nn_bytes *value, base_error *error) {
  nn_bytes attribute;
  nn_field field;
  *value = (nn_bytes){(const uint8_t *)otherwise, strlen(otherwise)};
  if (!find_attribute(node, name, &attribute)) return SCRAWL_OK;
  BASE_TRY(find_value(attribute, name, ONNX_ATTRIBUTE_STRING, NN_KEY(ATTRIBUTE_S, NN_BYTES), &field,
                      error));
  *value = field.bytes;
  return SCRAWL_OK;
}

scrawl_status onnx_attribute_ints(const onnx_node *node, const char *name, int count,
                                  int64_t *values, base_error *error) {
  nn_bytes attribute;
  nn_field unused;
  if (!find_attribute(node, name, &attribute)) return SCRAWL_OK;
  BASE_TRY(find_value(attribute, name, ONNX_ATTRIBUTE_INTS, 0, &unused, error));
  nn_wire wire = {.left = attribute};
  int found = 0;
  for (nn_field field; nn_wire_next(&wire, &field);) {
    if (field.key == NN_KEY(ATTRIBUTE_INTS, NN_VARINT)) {
      if (found < count) values[found] = (int64_t)field.value;
      found++;
    } else if (field.key == NN_KEY(ATTRIBUTE_INTS, NN_BYTES)) {
      for (uint64_t value; found <= count && nn_varint_next(&field.bytes, &value); found++)
        if (found < count) values[found] = (int64_t)value;
    }
    if (found > count) break;
  }
  if (found == count) return SCRAWL_OK;
  return base_fail(error, SCRAWL_BAD_FORMAT, "the attribute %s does not hold %d numbers", name,
                   count);
}

static bool among(const char *words, nn_bytes word) {
  while (*words) {
    size_t length = strcspn(words, " ");
    if (length == word.size && memcmp(words, word.at, length) == 0) return true;
    words += length + strspn(words + length, " ");
  }
  return false;
}

scrawl_status onnx_attributes_known(const onnx_node *node, const char *known, base_error *error) {
  nn_wire nodes = {.left = node->message};
  onnx_line line;
  for (nn_field field; nn_wire_next(&nodes, &field);) {
    if (field.key != NN_KEY(NODE_ATTRIBUTE, NN_BYTES)) continue;
    nn_wire wire = {.left = field.bytes};
    for (nn_field part; nn_wire_next(&wire, &part);)
      if (part.key == NN_KEY(ATTRIBUTE_NAME, NN_BYTES) && !among(known, part.bytes))
        return base_fail(error, SCRAWL_UNSUPPORTED, "the attribute \"%s\" is not supported",
                         onnx_print(part.bytes, &line));
  }
  return SCRAWL_OK;
}

scrawl_status onnx_tensor_ints(const onnx_tensor *tensor, int count, int64_t *values,
                               base_error *error) {
  bool fits = tensor->type == ONNX_INT64 && tensor->rank == 1 && tensor->dims[0] == count;
  nn_bytes left = tensor->varints;
  bool raw = tensor->data.size == (size_t)count * 8;
  for (int i = 0; fits && i < count; i++) {
    uint64_t value = 0;
    if (raw)
      for (int byte = 0; byte < 8; byte++)
        value |= (uint64_t)tensor->data.at[8 * i + byte] << (8 * byte);
    else
      fits = nn_varint_next(&left, &value);
    values[i] = (int64_t)value;
  }
  if (fits) return SCRAWL_OK;
  return base_fail(error, SCRAWL_BAD_FORMAT, "it should be given %d whole numbers of 64 bits",
                   count);
}
