/* What a model file says about itself: keys and values, few enough that a list will do. */
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "nn/onnx.h"

static int find_key(const nn_metadata *metadata, const char *key) {
  for (int i = 0; i < metadata->count; i++)
    if (strcmp(metadata->items[i].key, key) == 0) return i;
  return -1;
}

const char *nn_metadata_get(const nn_metadata *metadata, const char *key) {
  int i = find_key(metadata, key);
  return i < 0 ? NULL : metadata->items[i].value;
}

scrawl_status nn_metadata_set(nn_metadata *metadata, const char *key, const char *value,
                              base_error *error) {
  if (!base_utf8_valid(key, strlen(key)) || !base_utf8_valid(value, strlen(value)))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "metadata must be UTF-8 text");
  int i = find_key(metadata, key);
  if (i < 0 && metadata->count == NN_MAX_METADATA)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "metadata \"%s\": the limit is %d keys", key,
                     NN_MAX_METADATA);
  char *key_copy = i < 0 ? base_strdup(key) : NULL, *value_copy = base_strdup(value);
  if (!value_copy || (i < 0 && !key_copy)) {
    base_free(key_copy);
    base_free(value_copy);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for metadata");
  }
  if (i < 0) {
    i = metadata->count++;
    metadata->items[i].key = key_copy;
  } else {
    base_free(metadata->items[i].value);
  }
  metadata->items[i].value = value_copy;
  return SCRAWL_OK;
}

void nn_metadata_free(nn_metadata *metadata) {
  if (!metadata) return;
  for (int i = 0; i < metadata->count; i++) {
    base_free(metadata->items[i].key);
    base_free(metadata->items[i].value);
  }
  metadata->count = 0;
}
