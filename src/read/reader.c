/* Reading glyphs with a model.
 *
 * A network's probabilities are too sure of themselves; dividing its logits by a temperature T
 * fitted on validation data makes them honest (Guo, Pleiss, Sun, Weinberger 2017). The networks end
 * in softmax, so logits are known up to a constant as log p:
 *   calibrated = softmax(log(p) / T).
 * A network that ends in logits is served by the same softmax.
 *
 * Two things say "I do not know". A model may have a class "no glyph", trained on what is none; its
 * probability counts in the calibration like any other, but it is never a text. And a best sign
 * whose confidence is under a threshold is not believed: the reject rule of Chow (1970), optimal
 * when the confidences are true probabilities. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "read/model.h"

struct read_reader {
  const read_model *model;
  nn_session *session;
  int max_batch;
  bool logits;       /* the network has no softmax at its end */
  float levels[256]; /* what each ink level is to the network */
  bool *allowed;     /* of each class: whether it may be read; "no glyph" always */
  int allowed_count;
  double reject_below;
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
  made->reject_below = (double)model->reject_below;
  made->logits = !nn_graph_gives_probabilities(model->graph);
  for (int i = 0; i < 256; i++) made->levels[i] = (float)(i * (double)model->scale / 255);
  made->input = base_alloc((size_t)max_batch * INK_GLYPH_PIXELS, sizeof(float));
  made->probabilities = base_alloc((size_t)model->classes, sizeof(float));
  made->allowed = base_alloc((size_t)model->classes, sizeof(bool));
  scrawl_status status =
      made->input && made->probabilities && made->allowed
          ? nn_session_create(model->graph, max_batch, pool, NULL, &made->session, error)
          : base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to read");
  if (status == SCRAWL_OK) status = read_reader_allow(made, NULL, false, error);
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
  base_free(reader->allowed);
  base_free(reader);
}

const read_model *read_reader_model(const read_reader *reader) {
  return reader->model;
}

void read_reader_set_reject_below(read_reader *reader, double confidence) {
  reader->reject_below = confidence;
}

double read_reader_reject_below(const read_reader *reader) {
  return reader->reject_below;
}

static int class_of(const read_model *model, const char *sign, size_t length) {
  for (int c = 0; c < model->classes; c++)
    if (strlen(model->alphabet[c]) == length && memcmp(model->alphabet[c], sign, length) == 0)
      return c;
  return -1;
}

scrawl_status read_reader_allow(read_reader *reader, const char *alphabet, bool all,
                                base_error *error) {
  const read_model *model = reader->model;
  int known = 0;
  size_t length;
  for (const char *at = alphabet; at && *at; at += length) {
    length = base_utf8_length(at, strlen(at));
    if (!length) return base_fail(error, SCRAWL_INVALID_ARGUMENT, "the alphabet is not UTF-8");
    int class = class_of(model, at, length);
    if (class < 0 && all)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                       "the model does not know the sign \"%.*s\" of the alphabet", (int)length,
                       at);
    known += class >= 0 && class != model->none;
  }
  if (alphabet && !known)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "the model knows none of \"%s\"", alphabet);
  reader->allowed_count = 0;
  for (int c = 0; c < model->classes; c++) {
    reader->allowed[c] = !alphabet || c == model->none ||
                         (*model->alphabet[c] && strstr(alphabet, model->alphabet[c]));
    reader->allowed_count += reader->allowed[c];
  }
  return SCRAWL_OK;
}

/* Takes what may not be read out of a row of probabilities. */
static void restrict_row(const read_reader *reader, float *row) {
  int classes = reader->model->classes;
  double sum = 0;
  for (int c = 0; c < classes; c++) {
    if (!reader->allowed[c]) row[c] = 0;
    sum += (double)row[c];
  }
  for (int c = 0; c < classes; c++)
    if (reader->allowed[c])
      row[c] = sum > 0 ? (float)((double)row[c] / sum) : 1 / (float)reader->allowed_count;
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
  for (int i = 0; i < count; i++) {
    float *row = probabilities + (size_t)i * (size_t)reader->model->classes;
    calibrate(reader, row);
    if (reader->allowed_count < reader->model->classes) restrict_row(reader, row);
  }
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

/* ---- what a row says ---- */

/* The best sign that may be read after class `last` in the order of falling probability, equal ones
 * by number; `last` -1: the best of all. -1 when there is none left. */
static int next_best(const read_reader *reader, const float *row, int last) {
  int best = -1;
  for (int c = 0; c < reader->model->classes; c++) {
    if (!reader->allowed[c] || c == reader->model->none) continue;
    bool after = last < 0 || row[c] < row[last] || (row[c] == row[last] && c > last);
    if (after && (best < 0 || row[c] > row[best])) best = c;
  }
  return best;
}

int read_best_sign(const read_reader *reader, const float *row) {
  return next_best(reader, row, -1);
}

double read_no_glyph(const read_reader *reader, const float *row) {
  return reader->model->none < 0 ? 0 : (double)row[reader->model->none];
}

/* The candidates, best first. */
static scrawl_status rank(const read_reader *reader, const float *row, base_arena *arena,
                          read_alternative *list, int count, base_error *error) {
  for (int i = 0, last = -1; i < count; i++) {
    last = next_best(reader, row, last);
    const char *sign = reader->model->alphabet[last];
    list[i].text = base_arena_strdup(arena, sign, strlen(sign));
    list[i].confidence = (double)row[last];
    if (!list[i].text) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to read");
  }
  return SCRAWL_OK;
}

scrawl_status read_glyph_of_row(const read_reader *reader, const float *row, double reject_below,
                                base_arena *arena, read_glyph *glyph, base_error *error) {
  *glyph = (read_glyph){.text = "", .box = glyph->box, .rejected = true};
  int count = reader->allowed_count - (reader->model->none >= 0);
  if (count > SCRAWL_MAX_ALTERNATIVES) count = SCRAWL_MAX_ALTERNATIVES;
  read_alternative *list = base_arena_alloc(arena, (size_t)count, sizeof *list);
  if (!list) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to read");
  BASE_TRY(rank(reader, row, arena, list, count, error));
  glyph->confidence = list[0].confidence;
  glyph->rejected = glyph->confidence < reject_below ||
                    (reader->model->none >= 0 && read_no_glyph(reader, row) >= glyph->confidence);
  glyph->alternatives = list;
  glyph->alternative_count = (size_t)count;
  if (glyph->rejected) return SCRAWL_OK;
  glyph->text = list[0].text;
  glyph->alternatives++;
  glyph->alternative_count--;
  return SCRAWL_OK;
}

double read_best_confidence(read_reader *reader, const uint8_t *glyph) {
  read_glyph_probabilities(reader, glyph, 1, reader->probabilities);
  return (double)reader->probabilities[read_best_sign(reader, reader->probabilities)];
}

scrawl_status read_single_glyph(read_reader *reader, const ink_image *image, base_arena *arena,
                                read_glyph *glyph, base_error *error) {
  uint8_t normalised[INK_GLYPH_PIXELS];
  *glyph = (read_glyph){.text = "", .rejected = true};
  if (!ink_find(image, &glyph->box)) return SCRAWL_OK;
  ink_normalise_glyph(image, glyph->box, normalised);
  read_glyph_probabilities(reader, normalised, 1, reader->probabilities);
  return read_glyph_of_row(reader, reader->probabilities, reader->reject_below, arena, glyph,
                           error);
}
