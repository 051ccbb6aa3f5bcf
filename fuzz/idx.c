/* Data files: IDX, plain and gzip. */
#include "data/idx.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  for (int dimensions = 1; dimensions <= 3; dimensions += 2) {
    data_idx idx;
    base_error error = {0};
    if (data_idx_parse("fuzz", bytes, size, dimensions, 1 << 20, &idx, &error) == SCRAWL_OK) {
      size_t count = 1;
      for (int i = 0; i < idx.dimensions; i++) count *= idx.extent[i];
      volatile unsigned sum = 0;
      for (size_t i = 0; i < count; i++) sum += idx.values[i]; /* all of them are there */
      (void)sum;
    } else if (idx.values || !*error.message) {
      __builtin_trap(); /* a refusal leaves nothing and says why */
    }
    data_idx_free(&idx);
  }
  return 0;
}
