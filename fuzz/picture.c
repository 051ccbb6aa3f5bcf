/* Picture files: from any bytes to a result, in every way of reading. The limits keep honest but
 * huge pictures out of the way; the network is small and random, so that the time goes into the
 * page. */
#include "base/memory.h"
#include "nn/spec.h"
#include "page/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static read_model *make_model(void) {
  nn_graph *graph = NULL;
  nn_metadata metadata = {0};
  void *file = NULL;
  size_t size;
  read_model *model = NULL;
  nn_shape glyph = {INK_GLYPH_SIDE, INK_GLYPH_SIDE, 1};
  if (nn_spec_parse("average 4, dense 11, softmax", glyph, &graph, NULL) == SCRAWL_OK) {
    nn_graph_initialise(graph, base_random_seed(1));
    if (nn_metadata_set(&metadata, READ_KEY_ALPHABET, READ_DIGITS READ_NO_GLYPH, NULL) ==
            SCRAWL_OK &&
        nn_onnx_write(graph, &metadata, &file, &size, NULL) == SCRAWL_OK)
      read_model_open(file, size, &model, NULL);
  }
  base_free(file);
  nn_metadata_free(&metadata);
  nn_graph_free(graph);
  return model;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const page_mode MODES[] = {PAGE_AUTO, PAGE_DIGITS, PAGE_GRID, PAGE_GLYPH};
  static read_reader *reader;
  base_error error = {0};
  if (!reader) {
    read_model *model = make_model();
    if (!model || read_reader_create(model, 16, NULL, &reader, &error) != SCRAWL_OK)
      __builtin_trap();
  }
  const page_options options = {.mode = MODES[size % 4],
                                .describe = size % 8 < 4,
                                .limits = {.bytes = 1 << 16, .pixels = 1 << 18}};
  read_result result;
  if (page_read(bytes, size, &options, reader, &result, &error) == SCRAWL_OK &&
      result.page_count != 1)
    __builtin_trap();
  read_result_free(&result);
  return 0;
}
