/* Checkpoints: optimiser state as safetensors. */
#include "train/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  train_tensors tensors;
  base_error error = {0};
  if (train_safetensors_read(bytes, size, &tensors, &error) == SCRAWL_OK) {
    uint8_t *again;
    size_t again_size;
    train_safetensors_write(&tensors, &again, &again_size, &error);
    base_free(again);
  }
  train_tensors_free(&tensors);
  return 0;
}
