/* Safetensors: named vectors and named texts in one file, the form that optimiser state is kept in.
 *
 * Eight bytes of little-endian length N, N bytes of JSON
 * ({"name":{"dtype","shape","data_offsets"},"__metadata__":{text:text}}), then the numbers,
 * little-endian, without holes and without overlaps, offsets counted from the end of the JSON. A
 * file is hostile input. */
#ifndef TRAIN_SAFETENSORS_H
#define TRAIN_SAFETENSORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

enum { TRAIN_MAX_TENSORS = 64, TRAIN_MAX_NOTES = 128 };
#define TRAIN_MAX_HEADER_BYTES ((size_t)1 << 20)

typedef enum train_type { TRAIN_F32, TRAIN_F64, TRAIN_U64, TRAIN_TYPE_COUNT } train_type;

typedef struct train_tensor {
  const char *name;
  train_type type;
  size_t count; /* numbers; written as a shape of one dimension */
  const void *values;
} train_tensor;

typedef struct train_note {
  const char *key, *value;
} train_note;

typedef struct train_tensors {
  train_tensor tensors[TRAIN_MAX_TENSORS];
  size_t tensor_count;
  train_note notes[TRAIN_MAX_NOTES];
  size_t note_count;
  base_arena arena; /* what was read: names, texts, numbers */
} train_tensors;

void train_tensors_init(train_tensors *tensors);
void train_tensors_free(train_tensors *tensors);
/* Add to what will be written; names and values are borrowed. LIMIT_EXCEEDED when the tables are
 * full. */
scrawl_status train_tensors_add(train_tensors *tensors, const char *name, train_type type,
                                size_t count, const void *values, base_error *error);
scrawl_status train_tensors_note(train_tensors *tensors, const char *key, const char *value,
                                 base_error *error);
/* NULL: none of that name. */
const train_tensor *train_tensors_find(const train_tensors *tensors, const char *name);
const char *train_tensors_find_note(const train_tensors *tensors, const char *key);

/* `*bytes`: base_free it. */
scrawl_status train_safetensors_write(const train_tensors *tensors, uint8_t **bytes, size_t *size,
                                      base_error *error);
/* Copies everything; free with train_tensors_free also after a failure. BAD_FORMAT says what is
 * wrong with which tensor; UNSUPPORTED for element types other than the three above. */
scrawl_status train_safetensors_read(const uint8_t *bytes, size_t size, train_tensors *tensors,
                                     base_error *error);

#endif
