/* Networks as text: what parses must be written again and parse to the same. */
#include <string.h>

#include "base/memory.h"
#include "nn/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  char *text = base_alloc(size + 1, 1);
  if (!text) return 0;
  if (size) memcpy(text, bytes, size);
  text[size] = '\0';
  nn_graph *graph, *again;
  base_error error = {0};
  if (nn_spec_parse(text, (nn_shape){8, 8, 1}, &graph, &error) == SCRAWL_OK) {
    char *written = nn_spec_format(graph);
    if (written) {
      if (nn_spec_parse(written, (nn_shape){8, 8, 1}, &again, &error) != SCRAWL_OK ||
          again->parameter_count != graph->parameter_count)
        __builtin_trap();
      nn_graph_free(again);
    }
    base_free(written);
  }
  nn_graph_free(graph);
  base_free(text);
  return 0;
}
