/* Reading glyphs with a model.
 *
 * A network's probabilities are too sure of themselves; dividing its logits by a temperature T
 * fitted on validation data makes them honest (Guo, Pleiss, Sun, Weinberger 2017). The networks end
 * in softmax, so logits are known up to a constant as log p:
 *   calibrated = softmax(log(p) / T).
 * A network that ends in logits is served by the same softmax. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "read/model.h"

struct read_reader {
  const read_model *model;
  nn_session *session;
  int max_batch;
  bool logits;          /* the network has no softmax at its end */
  float levels[256];    /* what each ink level is to the network */
  float *input;         /* max_batch pictures */
  float *probabilities; /* of one glyph */
};

scrawl_status read_reader_create(const read_model *model, int max_batch, base_pool *pool,
                                 read_reader **reader, base_error *error) {
  *reader = NULL;
  nn_shape input = nn_graph_input(model->graph);
  if (input.h != INK_GLYPH_SIDE || input.w != INK_GLYPH_SIDE || input.c != 1)
    return base_fail(error, SCRAWL_UNSUPPORTED,
                     "the model takes pictures of %dx%dx%d; a glyph has %dx%dx1", input.h, input.w,
                     input.c, INK_GLYPH_SIDE, INK_GLYPH_SIDE);
  if (max_batch < 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a batch of %d glyphs", max_batch);
  read_reader *made = base_alloc_zero(1, sizeof *made);
  if (!made) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to read");
  *made = (read_reader){.model = model, .max_batch = max_batch};
  made->logits = model->graph->nodes[model->graph->node_count - 1].kind != NN_SOFTMAX;
  for (int i = 0; i < 256; i++) made->levels[i] = (float)(i * (double)model->scale / 255);
  made->input = base_alloc((size_t)max_batch * INK_GLYPH_PIXELS, sizeof(float));
  made->probabilities = base_alloc((size_t)model->classes, sizeof(float));
  scrawl_status status =
      made->input && made->probabilities
          ? nn_session_create(model->graph, max_batch, pool, NULL, &made->session, error)
          : base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to read");
  if (status == SCRAWL_OK)
    *reader = made;
  else
    read_reader_free(made);
  return status;
}

void read_reader_free(read_reader *reader) {
  if (!reader) return;
  nn_session_free(reader->session);
  base_free(reader->input);
  base_free(reader->probabilities);
  base_free(reader);
}

const read_model *read_reader_model(const read_reader *reader) {
  return reader->model;
}

/* In place. Weights as large as floats can be may overflow on the way: then nothing is known, and
 * all classes are equal. */
static void calibrate(const read_reader *reader, float *row) {
  int classes = reader->model->classes;
  float temperature = reader->model->temperature, most = -INFINITY, sum = 0;
  for (int i = 0; i < classes; i++) sum += row[i];
  bool sound = isfinite(sum);
  if (sound && !reader->logits && temperature == 1) return;
  for (int i = 0; i < classes; i++) {
    row[i] = (reader->logits ? row[i] : logf(fmaxf(row[i], FLT_MIN))) / temperature;
    most = fmaxf(most, row[i]);
  }
  sum = 0;
  for (int i = 0; i < classes; i++) sum += row[i] = sound ? expf(row[i] - most) : 1;
  for (int i = 0; i < classes; i++) row[i] /= sum;
}

static void run(read_reader *reader, int count, float *probabilities) {
  nn_session_run(reader->session, reader->input, count, probabilities);
  for (int i = 0; i < count; i++)
    calibrate(reader, probabilities + (size_t)i * (size_t)reader->model->classes);
}

/* From bytes, or where there are none from floats. */
static void read_batches(read_reader *reader, const uint8_t *bytes, const float *floats, int count,
                         float *probabilities) {
  for (int first = 0; first < count; first += reader->max_batch) {
    int part = count - first < reader->max_batch ? count - first : reader->max_batch;
    size_t start = (size_t)first * INK_GLYPH_PIXELS, size = (size_t)part * INK_GLYPH_PIXELS;
    for (size_t i = 0; i < size; i++)
      reader->input[i] =
          bytes ? reader->levels[bytes[start + i]] : floats[start + i] * reader->model->scale;
    run(reader, part, probabilities + (size_t)first * (size_t)reader->model->classes);
  }
}

void read_glyph_probabilities(read_reader *reader, const uint8_t *glyphs, int count,
                              float *probabilities) {
  read_batches(reader, glyphs, NULL, count, probabilities);
}

void read_glyph_probabilities_float(read_reader *reader, const float *glyphs, int count,
                                    float *probabilities) {
  read_batches(reader, NULL, glyphs, count, probabilities);
}

/* The best class after `last` in the order of falling probability, equal ones by number; -1: the
 * best of all. */
static int next_best(const float *probabilities, int classes, int last) {
  int best = -1;
  for (int i = 0; i < classes; i++) {
    float p = probabilities[i];
    bool after = last < 0 || p < probabilities[last] || (p == probabilities[last] && i > last);
    if (after && (best < 0 || p > probabilities[best])) best = i;
  }
  return best;
}

/* The candidates, best first. */
static scrawl_status rank(const read_reader *reader, base_arena *arena, read_alternative *list,
                          int count, base_error *error) {
  for (int i = 0, last = -1; i < count; i++) {
    last = next_best(reader->probabilities, reader->model->classes, last);
    const char *sign = reader->model->alphabet[last];
    list[i].text = base_arena_strdup(arena, sign, strlen(sign));
    list[i].confidence = (double)reader->probabilities[last];
    if (!list[i].text) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to read");
  }
  return SCRAWL_OK;
}

scrawl_status read_single_glyph(read_reader *reader, const ink_image *image, base_arena *arena,
                                read_glyph *glyph, base_error *error) {
  const read_model *model = reader->model;
  uint8_t normalised[INK_GLYPH_PIXELS];
  *glyph = (read_glyph){.text = "", .rejected = true};
  if (!ink_find(image, &glyph->box)) return SCRAWL_OK;
  ink_normalise_glyph(image, glyph->box, normalised);
  read_glyph_probabilities(reader, normalised, 1, reader->probabilities);
  int count = model->classes < SCRAWL_MAX_ALTERNATIVES ? model->classes : SCRAWL_MAX_ALTERNATIVES;
  read_alternative *list = base_arena_alloc(arena, (size_t)count, sizeof *list);
  if (!list) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to read");
  BASE_TRY(rank(reader, arena, list, count, error));
  glyph->confidence = list[0].confidence;
  glyph->rejected = glyph->confidence < (double)model->reject_below;
  glyph->alternatives = list;
  glyph->alternative_count = (size_t)count;
  if (glyph->rejected) return SCRAWL_OK;
  glyph->text = list[0].text;
  glyph->alternatives++;
  glyph->alternative_count--;
  return SCRAWL_OK;
}
