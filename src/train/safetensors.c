/* Safetensors, written and read. The rules are those of the published format: the header starts
 * with '{' and may be padded with spaces (here to a multiple of eight, so that the numbers lie
 * aligned), names are unique, each tensor's bytes are what its type and shape say, and the tensors
 * together cover the data exactly once. Here the numbers are also no more than the tables hold. */
#include "train/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are copied as they lie");

static const struct {
  const char *name;
  size_t bytes;
} TYPES[] = {[TRAIN_F32] = {"F32", 4}, [TRAIN_F64] = {"F64", 8}, [TRAIN_U64] = {"U64", 8}};

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the tensors");
}

void train_tensors_init(train_tensors *tensors) {
  tensors->tensor_count = tensors->note_count = 0;
  base_arena_init(&tensors->arena, 65536);
}

void train_tensors_free(train_tensors *tensors) {
  base_arena_free(&tensors->arena);
  tensors->tensor_count = tensors->note_count = 0;
}

scrawl_status train_tensors_add(train_tensors *tensors, const char *name, train_type type,
                                size_t count, const void *values, base_error *error) {
  if (tensors->tensor_count == TRAIN_MAX_TENSORS)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "more than %d tensors", TRAIN_MAX_TENSORS);
  tensors->tensors[tensors->tensor_count++] = (train_tensor){name, type, count, values};
  return SCRAWL_OK;
}

scrawl_status train_tensors_note(train_tensors *tensors, const char *key, const char *value,
                                 base_error *error) {
  if (tensors->note_count == TRAIN_MAX_NOTES)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "more than %d texts in the metadata",
                     TRAIN_MAX_NOTES);
  tensors->notes[tensors->note_count++] = (train_note){key, value};
  return SCRAWL_OK;
}

const train_tensor *train_tensors_find(const train_tensors *tensors, const char *name) {
  for (size_t i = 0; i < tensors->tensor_count; i++)
    if (strcmp(tensors->tensors[i].name, name) == 0) return &tensors->tensors[i];
  return NULL;
}

const char *train_tensors_find_note(const train_tensors *tensors, const char *key) {
  for (size_t i = 0; i < tensors->note_count; i++)
    if (strcmp(tensors->notes[i].key, key) == 0) return tensors->notes[i].value;
  return NULL;
}

/* ---- writing ---- */

static char *make_header(const train_tensors *tensors) {
  json_t *header = json_object(), *notes = json_object();
  int failed = json_object_set_new(header, "__metadata__", notes);
  for (size_t i = 0; i < tensors->note_count; i++)
    failed |=
        json_object_set_new(notes, tensors->notes[i].key, json_string(tensors->notes[i].value));
  size_t offset = 0;
  for (size_t i = 0; i < tensors->tensor_count; i++) {
    const train_tensor *tensor = &tensors->tensors[i];
    size_t end = offset + tensor->count * TYPES[tensor->type].bytes;
    failed |= json_object_set_new(
        header, tensor->name,
        json_pack("{s:s,s:[I],s:[I,I]}", "dtype", TYPES[tensor->type].name, "shape",
                  (json_int_t)tensor->count, "data_offsets", (json_int_t)offset, (json_int_t)end));
    offset = end;
  }
  char *text = failed ? NULL : json_dumps(header, JSON_COMPACT);
  json_decref(header);
  return text;
}

scrawl_status train_safetensors_write(const train_tensors *tensors, uint8_t **bytes, size_t *size,
                                      base_error *error) {
  *bytes = NULL;
  *size = 0;
  char *header = make_header(tensors);
  if (!header) return no_memory(error);
  size_t length = strlen(header), padded = (length + 7) / 8 * 8, total = 8 + padded;
  for (size_t i = 0; i < tensors->tensor_count; i++)
    total += tensors->tensors[i].count * TYPES[tensors->tensors[i].type].bytes;
  uint8_t *out = base_alloc(total, 1);
  if (out) {
    uint64_t stored = padded;
    memcpy(out, &stored, 8);
    memcpy(out + 8, header, length);
    memset(out + 8 + length, ' ', padded - length);
    uint8_t *at = out + 8 + padded;
    for (size_t i = 0; i < tensors->tensor_count; i++) {
      size_t part = tensors->tensors[i].count * TYPES[tensors->tensors[i].type].bytes;
      if (part) memcpy(at, tensors->tensors[i].values, part);
      at += part;
    }
    *bytes = out;
    *size = total;
  }
  free(header);
  return out ? SCRAWL_OK : no_memory(error);
}

/* ---- reading ---- */

typedef struct span {
  size_t begin, end;
} span;

static int compare_spans(const void *a, const void *b) {
  const span *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return x->end < y->end ? -1 : x->end > y->end;
}

/* The element count of a shape; false if it is none, or its sides multiply beyond all counting. */
static bool shape_count(const json_t *shape, size_t *count) {
  if (!json_is_array(shape) || json_array_size(shape) > 16) return false;
  size_t product = 1;
  for (size_t i = 0; i < json_array_size(shape); i++) {
    const json_t *side = json_array_get(shape, i);
    if (!json_is_integer(side) || json_integer_value(side) < 0) return false;
    if (__builtin_mul_overflow(product, (size_t)json_integer_value(side), &product)) return false;
  }
  *count = product;
  return true;
}

static scrawl_status read_tensor(const char *name, const json_t *entry, const uint8_t *data,
                                 size_t data_size, train_tensors *tensors, span *where,
                                 base_error *error) {
  const char *type_name = json_string_value(json_object_get(entry, "dtype"));
  if (!type_name || json_object_size(entry) != 3)
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "tensor '%s' does not have just dtype, shape and "
                     "data_offsets",
                     name);
  int type = 0;
  while (type < TRAIN_TYPE_COUNT && strcmp(type_name, TYPES[type].name) != 0) type++;
  if (type == TRAIN_TYPE_COUNT)
    return base_fail(error, SCRAWL_UNSUPPORTED,
                     "tensor '%s' has element type '%s'; F32, F64 and U64 "
                     "can be read",
                     name, type_name);
  size_t count, bytes;
  if (!shape_count(json_object_get(entry, "shape"), &count))
    return base_fail(error, SCRAWL_BAD_FORMAT, "tensor '%s' has no usable shape", name);
  const json_t *offsets = json_object_get(entry, "data_offsets");
  const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
  if (json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end) ||
      json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin) ||
      (uint64_t)json_integer_value(end) > data_size)
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "tensor '%s' does not lie within the %zu bytes of data", name, data_size);
  *where = (span){(size_t)json_integer_value(begin), (size_t)json_integer_value(end)};
  bytes = where->end - where->begin;
  if (count > SIZE_MAX / 8 || count * TYPES[type].bytes != bytes)
    return base_fail(error, SCRAWL_BAD_FORMAT, "tensor '%s' has %zu elements of %s in %zu bytes",
                     name, count, type_name, bytes);
  char *copy = base_arena_strdup(&tensors->arena, name, strlen(name));
  void *values = base_arena_alloc(&tensors->arena, bytes ? bytes : 1, 1);
  if (!copy || !values) return no_memory(error);
  if (bytes) memcpy(values, data + where->begin, bytes);
  return train_tensors_add(tensors, copy, (train_type)type, count, values, error);
}

static scrawl_status read_notes(const json_t *notes, train_tensors *tensors, base_error *error) {
  if (!json_is_object(notes))
    return base_fail(error, SCRAWL_BAD_FORMAT, "__metadata__ is not an object");
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)notes, key, value) {
    const char *text = json_string_value(value);
    if (!text) return base_fail(error, SCRAWL_BAD_FORMAT, "__metadata__ '%s' is not a text", key);
    char *key_copy = base_arena_strdup(&tensors->arena, key, strlen(key));
    char *text_copy = base_arena_strdup(&tensors->arena, text, strlen(text));
    if (!key_copy || !text_copy) return no_memory(error);
    BASE_TRY(train_tensors_note(tensors, key_copy, text_copy, error));
  }
  return SCRAWL_OK;
}

static scrawl_status read_header(const json_t *header, const uint8_t *data, size_t data_size,
                                 train_tensors *tensors, base_error *error) {
  span spans[TRAIN_MAX_TENSORS];
  size_t span_count = 0;
  const char *name;
  json_t *entry;
  json_object_foreach((json_t *)header, name, entry) {
    if (strcmp(name, "__metadata__") == 0) {
      BASE_TRY(read_notes(entry, tensors, error));
      continue;
    }
    if (span_count == TRAIN_MAX_TENSORS)
      return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "more than %d tensors", TRAIN_MAX_TENSORS);
    BASE_TRY(read_tensor(name, entry, data, data_size, tensors, &spans[span_count], error));
    span_count++;
  }
  qsort(spans, span_count, sizeof *spans, compare_spans);
  size_t covered = 0;
  for (size_t i = 0; i < span_count; i++) {
    if (spans[i].begin != covered)
      return base_fail(error, SCRAWL_BAD_FORMAT,
                       "tensors overlap or leave a hole at byte %zu of the "
                       "data",
                       spans[i].begin < covered ? spans[i].begin : covered);
    covered = spans[i].end;
  }
  if (covered != data_size)
    return base_fail(error, SCRAWL_BAD_FORMAT, "%zu bytes of data belong to no tensor",
                     data_size - covered);
  return SCRAWL_OK;
}

scrawl_status train_safetensors_read(const uint8_t *bytes, size_t size, train_tensors *tensors,
                                     base_error *error) {
  train_tensors_init(tensors);
  uint64_t length = 0;
  if (size >= 8) memcpy(&length, bytes, 8);
  if (size < 8 || length > size - 8)
    return base_fail(error, SCRAWL_BAD_FORMAT, "%zu bytes are too few for the header", size);
  if (length > TRAIN_MAX_HEADER_BYTES)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "the header has %llu bytes; the limit is %zu",
                     (unsigned long long)length, TRAIN_MAX_HEADER_BYTES);
  if (length < 2 || bytes[8] != '{')
    return base_fail(error, SCRAWL_BAD_FORMAT, "the header does not begin with '{'");
  json_error_t fault;
  json_t *header =
      json_loadb((const char *)bytes + 8, (size_t)length, JSON_REJECT_DUPLICATES, &fault);
  if (!header)
    return base_fail(error, SCRAWL_BAD_FORMAT, "the header is no JSON: %s at byte %d", fault.text,
                     fault.position);
  scrawl_status status =
      json_is_object(header)
          ? read_header(header, bytes + 8 + length, size - 8 - (size_t)length, tensors, error)
          : base_fail(error, SCRAWL_BAD_FORMAT, "the header is no JSON object");
  json_decref(header);
  return status;
}
