/* Model files: whatever opens must also be written again and, where that takes no time, run. */
#include <string.h>

#include "base/memory.h"
#include "read/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void write_again(const read_model *model) {
  void *bytes;
  size_t size;
  base_error error = {0};
  nn_onnx_write(model->graph, &model->metadata, &bytes, &size, &error);
  base_free(bytes);
}

static void run(const read_model *model) {
  static const double MOST_OPERATIONS = 1e6;
  size_t inputs = nn_shape_floats(nn_graph_input(model->graph));
  size_t outputs = nn_shape_floats(nn_graph_output(model->graph));
  if (nn_graph_flops(model->graph) > MOST_OPERATIONS || inputs > 65536) return;
  nn_session *session;
  base_error error = {0};
  if (nn_session_create(model->graph, 1, NULL, NULL, &session, &error) != SCRAWL_OK) return;
  float *x = base_alloc_zero(inputs, sizeof *x), *y = base_alloc(outputs, sizeof *y);
  if (x && y) nn_session_run(session, x, 1, y);
  base_free(x);
  base_free(y);
  nn_session_free(session);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  read_model *model;
  base_error error = {0};
  if (read_model_open(bytes, size, &model, &error) == SCRAWL_OK) {
    write_again(model);
    run(model);
  }
  read_model_free(model);
  return 0;
}
