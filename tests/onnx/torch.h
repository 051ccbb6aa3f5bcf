/* What export.py made, as a table: torch.input, torch.onnx, torch.output. */
#ifndef TESTS_ONNX_TORCH_H
#define TESTS_ONNX_TORCH_H

#include <stddef.h>
#include <stdint.h>

typedef struct torch_file {
  const char *name;
  const uint8_t *bytes;
  size_t size;
} torch_file;
extern const torch_file TORCH_FILES[];

#endif
