/* Opening models: the network from the ONNX file, then what its metadata says, each value checked,
 * because a model file is hostile input. */
#include "read/model.h"

#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

/* A decimal number with nothing after it, such as 0.75 or 1e-3. Not strtod(), which follows the
 * host's locale. */
static bool parse_decimal(const char *text, double *number) {
  static const int exponent_most = 30;
  double mantissa = 0;
  int digits = 0, places = 0, exponent = 0;
  for (bool fraction = false; (*text >= '0' && *text <= '9') || (*text == '.' && !fraction);
       text++) {
    if (*text == '.') {
      fraction = true;
      continue;
    }
    mantissa = 10 * mantissa + (*text - '0');
    digits++;
    places += fraction;
    if (digits > exponent_most) return false;
  }
  if (digits == 0) return false;
  if (*text == 'e' || *text == 'E') {
    text++;
    bool negative = *text == '-';
    if (*text == '-' || *text == '+') text++;
    if (!*text) return false;
    for (; *text >= '0' && *text <= '9'; text++) {
      exponent = 10 * exponent + (*text - '0');
      if (exponent > exponent_most) return false;
    }
    if (negative) exponent = -exponent;
  }
  if (*text) return false;
  double scale = 1;
  int shift = exponent - places;
  for (int i = 0; i < (shift < 0 ? -shift : shift); i++) scale *= 10;
  *number = shift < 0 ? mantissa / scale : mantissa * scale;
  return true;
}

static scrawl_status read_number(const nn_metadata *metadata, const char *key, double least,
                                 double most, float *number, base_error *error) {
  const char *text = nn_metadata_get(metadata, key);
  double value;
  if (!text) return SCRAWL_OK;
  if (!parse_decimal(text, &value) || value < least || value > most)
    return base_fail(error, SCRAWL_BAD_FORMAT, "%s is \"%.40s\", not a number from %g to %g", key,
                     text, least, most);
  *number = (float)value;
  return SCRAWL_OK;
}

/* Where "no glyph" is among the classes: at most once. */
static scrawl_status find_no_glyph(read_model *model, base_error *error) {
  model->none = -1;
  for (int c = 0; c < model->classes; c++) {
    if (strcmp(model->alphabet[c], READ_NO_GLYPH) != 0) continue;
    if (model->none >= 0)
      return base_fail(error, SCRAWL_BAD_FORMAT, "%s has the sign for no glyph, %s, twice",
                       READ_KEY_ALPHABET, READ_NO_GLYPH);
    model->none = c;
  }
  return SCRAWL_OK;
}

/* One code point for each class; control characters would break every format that texts are written
 * in. */
static scrawl_status read_alphabet(read_model *model, base_error *error) {
  const char *text = nn_metadata_get(&model->metadata, READ_KEY_ALPHABET);
  if (!text && model->classes == 10) text = READ_DIGITS;
  if (!text)
    return base_fail(error, SCRAWL_UNSUPPORTED,
                     "the model does not say which signs its %d classes are: \"%s\" is missing in "
                     "its metadata",
                     model->classes, READ_KEY_ALPHABET);
  model->alphabet = base_alloc_zero((size_t)model->classes, sizeof *model->alphabet);
  if (!model->alphabet) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  int signs = 0;
  for (size_t left = strlen(text), length; left > 0; text += length, left -= length, signs++) {
    length = base_utf8_length(text, left);
    if (length == 0 || (unsigned char)*text < ' ' || *text == 0x7F)
      return base_fail(error, SCRAWL_BAD_FORMAT, "%s: sign %d is not a sign in UTF-8",
                       READ_KEY_ALPHABET, signs + 1);
    if (signs < model->classes) memcpy(model->alphabet[signs], text, length);
  }
  if (signs != model->classes)
    return base_fail(error, SCRAWL_BAD_FORMAT, "%s has %d signs for a network of %d classes",
                     READ_KEY_ALPHABET, signs, model->classes);
  return find_no_glyph(model, error);
}

/* ---- thresholds ---- */

/* The number before `end` in `*text`, which then points after `end`; 0 also ends the text. */
static bool parse_share(const char **text, char end, double *number) {
  char digits[40];
  size_t length = 0;
  while ((*text)[length] && (*text)[length] != end) length++;
  if (length >= sizeof digits || (end == ':' && !(*text)[length])) return false;
  memcpy(digits, *text, length);
  digits[length] = 0;
  *text += length + ((*text)[length] == end);
  return parse_decimal(digits, number) && *number <= 1;
}

static scrawl_status read_thresholds(read_model *model, base_error *error) {
  const char *text = nn_metadata_get(&model->metadata, READ_KEY_THRESHOLDS);
  while (text && *text) {
    read_threshold next, *last = model->thresholds + model->threshold_count;
    bool sound = model->threshold_count < READ_MAX_THRESHOLDS &&
                 parse_share(&text, ':', &next.max_error) &&
                 parse_share(&text, ' ', &next.confidence) && next.max_error > 0;
    if (sound && model->threshold_count)
      sound = next.max_error < last[-1].max_error && next.confidence >= last[-1].confidence;
    if (!sound)
      return base_fail(error, SCRAWL_BAD_FORMAT,
                       "%s: entry %d is not RATE:CONFIDENCE with a lower rate and no lower "
                       "confidence than the one before, one of at most %d",
                       READ_KEY_THRESHOLDS, model->threshold_count + 1, READ_MAX_THRESHOLDS);
    *last = next;
    model->threshold_count++;
  }
  return SCRAWL_OK;
}

scrawl_status read_model_threshold(const read_model *model, double max_error, double *confidence,
                                   base_error *error) {
  *confidence = 1;
  if (!(max_error > 0 && max_error < 1))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "a largest error rate of %g is not between 0 and 1", max_error);
  int count = model->threshold_count;
  if (count == 0)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "the model does not say which confidence keeps errors under a rate: it was "
                     "trained without enough validation pictures, or elsewhere (no %s in its "
                     "metadata)",
                     READ_KEY_THRESHOLDS);
  for (int i = 0; i < count; i++) {
    if (model->thresholds[i].max_error > max_error) continue;
    *confidence = model->thresholds[i].confidence;
    return SCRAWL_OK;
  }
  return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                   "no confidence of this model is known to keep errors at most at %g: the lowest "
                   "rate that its validation pictures show is %g",
                   max_error, model->thresholds[count - 1].max_error);
}

static scrawl_status fill(read_model *model, const void *bytes, size_t size, base_error *error) {
  BASE_TRY(nn_onnx_read(bytes, size, &model->graph, &model->metadata, error));
  const nn_metadata *metadata = &model->metadata;
  nn_shape output = nn_graph_output(model->graph);
  model->classes = output.c;
  if (output.h != 1 || output.w != 1 || output.c < 2)
    return base_fail(error, SCRAWL_UNSUPPORTED,
                     "the network gives %dx%dx%d numbers, not one for each of some classes",
                     output.h, output.w, output.c);
  BASE_TRY(read_alphabet(model, error));
  BASE_TRY(read_number(metadata, READ_KEY_SCALE, 1e-6, 1e6, &model->scale, error));
  BASE_TRY(read_number(metadata, READ_KEY_TEMPERATURE, 0.01, 100, &model->temperature, error));
  BASE_TRY(read_number(metadata, READ_KEY_REJECT, 0, 1, &model->reject_below, error));
  BASE_TRY(read_number(metadata, READ_KEY_NONE_SHARE, 0.001, 0.999, &model->none_share, error));
  BASE_TRY(read_thresholds(model, error));
  const char *name = nn_metadata_get(metadata, READ_KEY_NAME);
  const char *version = nn_metadata_get(metadata, READ_KEY_VERSION);
  model->name = name ? name : "";
  model->version = version ? version : "";
  return SCRAWL_OK;
}

scrawl_status read_model_open(const void *bytes, size_t size, read_model **model,
                              base_error *error) {
  static atomic_uint_fast64_t opened;
  *model = NULL;
  read_model *made = base_alloc_zero(1, sizeof *made);
  if (!made) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for a model");
  made->scale = made->temperature = 1;
  made->none_share = 0.3F;
  made->serial = atomic_fetch_add(&opened, 1) + 1;
  scrawl_status status = fill(made, bytes, size, error);
  if (status == SCRAWL_OK)
    *model = made;
  else
    read_model_free(made);
  return status;
}

scrawl_status read_builtin_find(const char *name, const uint8_t **bytes, size_t *size,
                                base_error *error) {
  char names[256] = "";
  *bytes = NULL;
  *size = 0;
  for (const read_builtin *builtin = READ_BUILTINS; builtin->name; builtin++) {
    if (strcmp(builtin->name, name) == 0) {
      *bytes = builtin->bytes;
      *size = builtin->size;
      return SCRAWL_OK;
    }
    if (strlen(names) + strlen(builtin->name) + 3 > sizeof names) continue;
    if (*names) strcat(names, ", ");
    strcat(names, builtin->name);
  }
  return base_fail(error, SCRAWL_NOT_FOUND, "there is no model \"%.40s\" inside; there %s%s", name,
                   *names ? "is: " : "is none at all", names);
}

scrawl_status read_model_open_builtin(const char *name, read_model **model, base_error *error) {
  const uint8_t *bytes;
  size_t size;
  *model = NULL;
  BASE_TRY(read_builtin_find(name, &bytes, &size, error));
  return base_fail_within(error, read_model_open(bytes, size, model, error), "model \"%s\"", name);
}

void read_model_free(read_model *model) {
  if (!model) return;
  nn_graph_free(model->graph);
  nn_metadata_free(&model->metadata);
  base_free(model->alphabet);
  base_free(model);
}
