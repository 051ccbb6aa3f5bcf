/* Models and readers: what metadata may say, calibration, ranking, rejection, and that threads can
 * share a model. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "nn/spec.h"
#include "read/model.h"

static const nn_shape GLYPH = {INK_GLYPH_SIDE, INK_GLYPH_SIDE, 1};

/* A network as a model file; keys and values follow, ended by NULL. */
static void *write_model(const char *text, nn_shape input, const char *const *pairs, float size,
                         size_t *bytes_size) {
  nn_graph *graph;
  nn_metadata metadata = {0};
  void *bytes;
  base_error error = {0};
  if (nn_spec_parse(text, input, &graph, &error) != SCRAWL_OK) fail_msg("%s", error.message);
  base_random random = base_random_seed(5);
  for (size_t i = 0; i < graph->parameter_count; i++)
    graph->parameters[i] = size * (float)base_random_normal(&random);
  for (; pairs && *pairs; pairs += 2)
    assert_int_equal(nn_metadata_set(&metadata, pairs[0], pairs[1], &error), SCRAWL_OK);
  assert_int_equal(nn_onnx_write(graph, &metadata, &bytes, bytes_size, &error), SCRAWL_OK);
  nn_metadata_free(&metadata);
  nn_graph_free(graph);
  return bytes;
}

static scrawl_status open_model(const char *text, const char *const *pairs, read_model **model,
                                base_error *error) {
  size_t size;
  void *bytes = write_model(text, GLYPH, pairs, 0.1f, &size);
  *error = (base_error){0};
  scrawl_status status = read_model_open(bytes, size, model, error);
  base_free(bytes);
  return status;
}

static read_model *sound_model(const char *text, const char *const *pairs) {
  read_model *model;
  base_error error;
  if (open_model(text, pairs, &model, &error) != SCRAWL_OK) fail_msg("%s", error.message);
  return model;
}

static read_reader *sound_reader(const read_model *model, int batch, base_pool *pool) {
  read_reader *reader;
  base_error error = {0};
  if (read_reader_create(model, batch, pool, &reader, &error) != SCRAWL_OK)
    fail_msg("%s", error.message);
  return reader;
}

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- metadata ---- */

static void test_defaults(void **state) {
  (void)state;
  read_model *model = sound_model("dense 10, softmax", NULL);
  assert_int_equal(model->classes, 10);
  assert_string_equal(model->alphabet[0], "0");
  assert_string_equal(model->alphabet[9], "9");
  assert_string_equal(model->name, "");
  assert_string_equal(model->version, "");
  assert_true(model->scale == 1 && model->temperature == 1 && model->reject_below == 0);
  assert_int_equal(model->none, -1);
  read_model_free(model);
  read_model_free(NULL);
  read_reader_free(NULL);
}

static void test_metadata(void **state) {
  (void)state;
  read_model *model = sound_model(
      "dense 4, softmax", PAIRS("name", "four", "version", "7", "alphabet", "aß漢😀", "input-scale",
                                "255", "temperature", "1.25e0", "reject-below", ".5"));
  assert_string_equal(model->name, "four");
  assert_string_equal(model->version, "7");
  assert_string_equal(model->alphabet[0], "a");
  assert_string_equal(model->alphabet[1], "ß");
  assert_string_equal(model->alphabet[2], "漢");
  assert_string_equal(model->alphabet[3], "😀");
  assert_true(model->scale == 255 && model->temperature == 1.25f && model->reject_below == 0.5f);
  read_model_free(model);
}

static void test_refused_metadata(void **state) {
  (void)state;
  static const struct {
    const char *text, *key, *value, *words;
    scrawl_status status;
  } rows[] = {
      {"dense 5, softmax", "name", "x", "5 classes", SCRAWL_UNSUPPORTED},
      {"dense 5, softmax", "alphabet", "abcd", "4 signs", SCRAWL_BAD_FORMAT},
      {"dense 5, softmax", "alphabet", "abcdef", "6 signs", SCRAWL_BAD_FORMAT},
      {"dense 5, softmax", "alphabet", "", "0 signs", SCRAWL_BAD_FORMAT},
      {"dense 5, softmax", "alphabet", "ab\ncd", "sign 3", SCRAWL_BAD_FORMAT},
      {"conv 10 3x3, softmax", "alphabet", "ab", "26x26x10", SCRAWL_UNSUPPORTED},
      {"dense 1, softmax", "alphabet", "a", "1x1x1", SCRAWL_UNSUPPORTED},
      {"dense 5, softmax", "alphabet", "ab∅c∅", "twice", SCRAWL_BAD_FORMAT},
      {"dense 10", "temperature", "0", "temperature", SCRAWL_BAD_FORMAT},
      {"dense 10", "temperature", "-1", "temperature", SCRAWL_BAD_FORMAT},
      {"dense 10", "temperature", "1,5", "temperature", SCRAWL_BAD_FORMAT},
      {"dense 10", "temperature", "nan", "temperature", SCRAWL_BAD_FORMAT},
      {"dense 10", "temperature", "", "temperature", SCRAWL_BAD_FORMAT},
      {"dense 10", "temperature", ".", "temperature", SCRAWL_BAD_FORMAT},
      {"dense 10", "temperature", "1e", "temperature", SCRAWL_BAD_FORMAT},
      {"dense 10", "temperature", "1e999999999999", "temperature", SCRAWL_BAD_FORMAT},
      {"dense 10", "temperature", "1 ", "temperature", SCRAWL_BAD_FORMAT},
      {"dense 10", "error-thresholds", "0.01", "entry 1", SCRAWL_BAD_FORMAT},
      {"dense 10", "error-thresholds", "0.01:", "entry 1", SCRAWL_BAD_FORMAT},
      {"dense 10", "error-thresholds", ":0.5", "entry 1", SCRAWL_BAD_FORMAT},
      {"dense 10", "error-thresholds", "0:0.5", "entry 1", SCRAWL_BAD_FORMAT},
      {"dense 10", "error-thresholds", "0.1:1.5", "entry 1", SCRAWL_BAD_FORMAT},
      {"dense 10", "error-thresholds", "0.1:0.5 0.1:0.6", "entry 2", SCRAWL_BAD_FORMAT},
      {"dense 10", "error-thresholds", "0.1:0.5 0.05:0.4", "entry 2", SCRAWL_BAD_FORMAT},
      {"dense 10", "error-thresholds", "0.1:0.5  0.05:0.6", "entry 2", SCRAWL_BAD_FORMAT},
      {"dense 10", "input-scale", "0", "input-scale", SCRAWL_BAD_FORMAT},
      {"dense 10", "input-scale", "1e7", "input-scale", SCRAWL_BAD_FORMAT},
      {"dense 10", "reject-below", "1.01", "reject-below", SCRAWL_BAD_FORMAT},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    read_model *model;
    base_error error;
    scrawl_status status =
        open_model(rows[i].text, PAIRS(rows[i].key, rows[i].value), &model, &error);
    if (status != rows[i].status || !strstr(error.message, rows[i].words))
      fail_msg("%s=%s: %s", rows[i].key, rows[i].value, error.message);
    assert_null(model);
  }
}

/* The nearest rate that is not larger: nothing is invented in between. */
static void test_thresholds(void **state) {
  (void)state;
  static const struct {
    double max_error, confidence; /* -1: refused */
    const char *words;
  } rows[] = {{0.05, 0.25, ""},
              {0.5, 0.25, ""},
              {0.049, 0.5, ""},
              {0.01, 0.5, ""},
              {0.00101, 0.875, ""},
              {0.001, 0.875, ""},
              {0.0009, -1, "0.001"},
              {0, -1, "between 0 and 1"},
              {1, -1, "between 0 and 1"},
              {-1, -1, "between"},
              {(double)NAN, -1, "between"}};
  read_model *model =
      sound_model("dense 10", PAIRS("error-thresholds", "0.05:0.25 0.01:0.5 1e-3:0.875"));
  double confidence;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    base_error error = {0};
    bool found = read_model_threshold(model, rows[i].max_error, &confidence, &error) == SCRAWL_OK;
    assert_int_equal(found, rows[i].confidence >= 0);
    if (found) assert_true(confidence == rows[i].confidence);
    if (!found) assert_non_null(strstr(error.message, rows[i].words));
    if (!found) assert_int_equal(error.status, SCRAWL_INVALID_ARGUMENT);
  }
  read_model_free(model);
  model = sound_model("dense 10", PAIRS("error-thresholds", ""));
  base_error error = {0};
  assert_int_equal(model->threshold_count, 0);
  assert_int_equal(read_model_threshold(model, 0.1, &confidence, &error), SCRAWL_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "error-thresholds"));
  read_model_free(model);
}

static void test_decimals(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double value;
  } rows[] = {{"1", 1},
              {"0.75", 0.75},
              {"2.", 2},
              {".5", 0.5},
              {"1e-1", 0.1},
              {"25E-1", 2.5},
              {"1.5e+1", 15},
              {"0.0312345678901", 0.0312345678901},
              {"99.999999", 99.999999}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    read_model *model = sound_model("dense 10", PAIRS("temperature", rows[i].text));
    assert_true(fabs((double)model->temperature - rows[i].value) <= 1e-7 * rows[i].value);
    read_model_free(model);
  }
}

static void test_builtin(void **state) {
  (void)state;
  read_model *model;
  base_error error = {0};
  assert_int_equal(read_model_open_builtin("nosuch", &model, &error), SCRAWL_NOT_FOUND);
  assert_null(model);
  assert_non_null(strstr(error.message, "\"nosuch\""));
  for (const read_builtin *builtin = READ_BUILTINS; builtin->name; builtin++) {
    assert_non_null(strstr(error.message, builtin->name));
    base_error own = {0};
    if (read_model_open_builtin(builtin->name, &model, &own) != SCRAWL_OK)
      fail_msg("%s", own.message);
    assert_string_equal(model->name, builtin->name);
    read_model_free(model);
  }
}

/* ---- probabilities ---- */

enum { GLYPHS = 9 };

static void draw_glyphs(uint8_t glyphs[GLYPHS * INK_GLYPH_PIXELS]) {
  base_random random = base_random_seed(11);
  for (int i = 0; i < GLYPHS * INK_GLYPH_PIXELS; i++)
    glyphs[i] = (uint8_t)base_random_below(&random, 256);
}

static void test_temperature(void **state) {
  (void)state;
  uint8_t glyphs[GLYPHS * INK_GLYPH_PIXELS];
  float plain[GLYPHS * 10], scaled[GLYPHS * 10], logits[GLYPHS * 10];
  draw_glyphs(glyphs);
  struct {
    const char *text, *temperature;
    float *probabilities;
  } runs[] = {{"conv 3 5x5, relu, pool 4, dense 10, softmax", "1", plain},
              {"conv 3 5x5, relu, pool 4, dense 10, softmax", "2.5", scaled},
              {"conv 3 5x5, relu, pool 4, dense 10", "2.5", logits}};
  for (int i = 0; i < 3; i++) {
    read_model *model = sound_model(runs[i].text, PAIRS("temperature", runs[i].temperature));
    read_reader *reader = sound_reader(model, GLYPHS, NULL);
    read_glyph_probabilities(reader, glyphs, GLYPHS, runs[i].probabilities);
    read_reader_free(reader);
    read_model_free(model);
  }
  for (int g = 0; g < GLYPHS; g++) {
    double sum = 0;
    for (int k = 0; k < 10; k++) sum += pow((double)plain[g * 10 + k], 1 / 2.5);
    for (int k = 0; k < 10; k++) {
      double expected = pow((double)plain[g * 10 + k], 1 / 2.5) / sum;
      assert_true(fabs((double)scaled[g * 10 + k] - expected) < 1e-5);
      assert_true(fabs((double)logits[g * 10 + k] - expected) < 1e-5);
    }
  }
}

/* Ink level 255 becomes the scale, in bytes and in floats. */
static void test_scale(void **state) {
  (void)state;
  uint8_t glyphs[GLYPHS * INK_GLYPH_PIXELS];
  float floats[GLYPHS * INK_GLYPH_PIXELS], raw[GLYPHS * INK_GLYPH_PIXELS];
  float a[GLYPHS * 10], b[GLYPHS * 10], c[GLYPHS * 10];
  draw_glyphs(glyphs);
  for (int i = 0; i < GLYPHS * INK_GLYPH_PIXELS; i++) {
    floats[i] = (float)glyphs[i] / 255;
    raw[i] = (float)glyphs[i] / 100;
  }
  read_model *scaled = sound_model("dense 10, softmax", PAIRS("input-scale", "2.55"));
  read_model *plain = sound_model("dense 10, softmax", NULL);
  read_reader *reader = sound_reader(scaled, 4, NULL), *plain_reader = sound_reader(plain, 4, NULL);
  read_glyph_probabilities(reader, glyphs, GLYPHS, a);
  read_glyph_probabilities_float(reader, floats, GLYPHS, b);
  read_glyph_probabilities_float(plain_reader, raw, GLYPHS, c);
  for (int i = 0; i < GLYPHS * 10; i++) {
    assert_true(fabsf(a[i] - b[i]) < 1e-5f);
    assert_true(fabsf(a[i] - c[i]) < 1e-5f);
  }
  read_reader_free(reader);
  read_reader_free(plain_reader);
  read_model_free(scaled);
  read_model_free(plain);
}

static const char *const CONV = "conv 4 3x3 stride 2, relu, pool 2, dense 10, softmax";

typedef struct sharing {
  const read_model *model;
  const uint8_t *glyphs;
  float probabilities[4][GLYPHS * 10];
} sharing;

static void read_alone(void *argument, size_t index, size_t worker) {
  (void)worker;
  sharing *shared = argument;
  read_reader *reader = sound_reader(shared->model, (int)index + 1, NULL);
  read_glyph_probabilities(reader, shared->glyphs, GLYPHS, shared->probabilities[index]);
  read_reader_free(reader);
}

/* One model, a reader in each thread, other batches: the same bits. */
static void test_shared(void **state) {
  (void)state;
  uint8_t glyphs[GLYPHS * INK_GLYPH_PIXELS];
  float pooled[GLYPHS * 10];
  draw_glyphs(glyphs);
  read_model *model = sound_model(CONV, NULL);
  sharing shared = {.model = model, .glyphs = glyphs};
  base_pool *pool = base_pool_create(3);
  base_pool_run(pool, 4, read_alone, &shared);
  for (int i = 1; i < 4; i++)
    assert_memory_equal(shared.probabilities[0], shared.probabilities[i], sizeof pooled);
  read_reader *reader = sound_reader(model, GLYPHS, pool);
  assert_ptr_equal(read_reader_model(reader), model);
  read_glyph_probabilities(reader, glyphs, GLYPHS, pooled);
  assert_memory_equal(shared.probabilities[0], pooled, sizeof pooled);
  read_reader_free(reader);
  base_pool_free(pool);
  read_model_free(model);
}

/* Weights near the largest float: sums overflow, and then nothing is known. */
static void test_overflow(void **state) {
  (void)state;
  uint8_t glyphs[GLYPHS * INK_GLYPH_PIXELS];
  float probabilities[GLYPHS * 10];
  size_t size;
  read_model *model;
  base_error error = {0};
  draw_glyphs(glyphs);
  void *bytes = write_model("dense 9, dense 10, softmax", GLYPH, NULL, 5e37f, &size);
  assert_int_equal(read_model_open(bytes, size, &model, &error), SCRAWL_OK);
  read_reader *reader = sound_reader(model, 4, NULL);
  read_glyph_probabilities(reader, glyphs, GLYPHS, probabilities);
  for (int g = 0; g < GLYPHS; g++) {
    float sum = 0;
    for (int k = 0; k < 10; k++) sum += probabilities[g * 10 + k];
    assert_true(fabsf(sum - 1) < 1e-5f);
  }
  read_reader_free(reader);
  read_model_free(model);
  base_free(bytes);
}

static void test_wrong_input(void **state) {
  (void)state;
  size_t size;
  read_model *model;
  read_reader *reader;
  base_error error = {0};
  void *bytes = write_model("dense 10, softmax", (nn_shape){32, 28, 1}, NULL, 1, &size);
  assert_int_equal(read_model_open(bytes, size, &model, &error), SCRAWL_OK);
  assert_int_equal(read_reader_create(model, 1, NULL, &reader, &error), SCRAWL_UNSUPPORTED);
  assert_non_null(strstr(error.message, "32x28"));
  assert_null(reader);
  read_model_free(model);
  base_free(bytes);
}

/* ---- one glyph ---- */

/* A bar, 6 wide and 40 high, at (30, 20). */
static ink_image draw_bar(void) {
  ink_image image;
  base_error error = {0};
  assert_int_equal(ink_image_create(80, 90, &image, &error), SCRAWL_OK);
  for (size_t y = 20; y < 60; y++) memset(image.pixels + y * image.stride + 30, 255, 6);
  return image;
}

static read_glyph read_bar(const read_model *model, base_arena *arena) {
  ink_image image = draw_bar();
  read_reader *reader = sound_reader(model, 1, NULL);
  read_glyph glyph;
  base_error error = {0};
  assert_int_equal(read_single_glyph(reader, &image, arena, &glyph, &error), SCRAWL_OK);
  read_reader_free(reader);
  base_free(image.pixels);
  return glyph;
}

static void test_glyph(void **state) {
  (void)state;
  base_arena arena;
  base_arena_init(&arena, 1024);
  read_model *model = sound_model(CONV, NULL);
  read_glyph glyph = read_bar(model, &arena);
  read_model_free(model); /* the texts are in the arena */
  assert_false(glyph.rejected);
  assert_int_equal(glyph.box.x, 30);
  assert_int_equal(glyph.box.y, 20);
  assert_int_equal(glyph.box.width, 6);
  assert_int_equal(glyph.box.height, 40);
  assert_int_equal(glyph.alternative_count, 9);
  bool seen[10] = {false};
  seen[glyph.text[0] - '0'] = true;
  double sum = glyph.confidence, last = glyph.confidence;
  for (int i = 0; i < 9; i++) {
    assert_true(glyph.alternatives[i].confidence <= last);
    last = glyph.alternatives[i].confidence;
    sum += last;
    assert_int_equal(strlen(glyph.alternatives[i].text), 1);
    assert_false(seen[glyph.alternatives[i].text[0] - '0']);
    seen[glyph.alternatives[i].text[0] - '0'] = true;
  }
  assert_true(fabs(sum - 1) < 1e-5);
  base_arena_free(&arena);
}

static void test_many_signs(void **state) {
  (void)state;
  base_arena arena;
  base_arena_init(&arena, 1024);
  read_model *model =
      sound_model("dense 26, softmax", PAIRS("alphabet", "abcdefghijklmnopqrstuvwxyz"));
  read_glyph glyph = read_bar(model, &arena);
  assert_int_equal(glyph.alternative_count, SCRAWL_MAX_ALTERNATIVES - 1);
  read_model_free(model);
  base_arena_free(&arena);
}

/* What is left of a row without the others, against the same row from a reader without limits. */
static void test_allowed(void **state) {
  (void)state;
  read_model *model = sound_model("dense 5, softmax", PAIRS("alphabet", "01aäb"));
  read_reader *reader = sound_reader(model, 2, NULL);
  uint8_t glyphs[GLYPHS * INK_GLYPH_PIXELS];
  float whole[GLYPHS * 5], part[GLYPHS * 5];
  base_error error = {0};
  draw_glyphs(glyphs);
  read_glyph_probabilities(reader, glyphs, GLYPHS, whole);
  /* refused, and without effect */
  assert_int_equal(read_reader_allow(reader, "0x", true, &error), SCRAWL_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "\"x\""));
  assert_int_equal(read_reader_allow(reader, "xyz", false, &error), SCRAWL_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "none of \"xyz\""));
  assert_int_equal(read_reader_allow(reader, "", true, &error), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(read_reader_allow(reader, "0\xc3", true, &error), SCRAWL_INVALID_ARGUMENT);
  read_glyph_probabilities(reader, glyphs, GLYPHS, part);
  assert_memory_equal(part, whole, sizeof whole);
  assert_int_equal(read_reader_allow(reader, "b0x", false, &error), SCRAWL_OK);
  assert_int_equal(read_reader_allow(reader, "äb0", true, &error), SCRAWL_OK);
  read_glyph_probabilities(reader, glyphs, GLYPHS, part);
  for (int g = 0; g < GLYPHS; g++) {
    const float *from = whole + 5 * g, *to = part + 5 * g;
    double sum = (double)from[0] + (double)from[3] + (double)from[4];
    assert_true(to[1] == 0 && to[2] == 0);
    for (int c = 0; c < 5; c += c ? 1 : 3)
      assert_true(fabs((double)to[c] - (double)from[c] / sum) < 1e-6);
  }
  base_arena arena;
  base_arena_init(&arena, 1024);
  ink_image image = draw_bar();
  read_glyph glyph;
  assert_int_equal(read_single_glyph(reader, &image, &arena, &glyph, &error), SCRAWL_OK);
  assert_int_equal(glyph.alternative_count, 2);
  for (size_t i = 0; i < 2; i++) assert_non_null(strstr("äb0", glyph.alternatives[i].text));
  assert_non_null(strstr("äb0", glyph.text));
  assert_int_equal(read_reader_allow(reader, NULL, true, &error), SCRAWL_OK);
  read_glyph_probabilities(reader, glyphs, GLYPHS, part);
  assert_memory_equal(part, whole, sizeof whole);
  base_free(image.pixels);
  base_arena_free(&arena);
  read_reader_free(reader);
  read_model_free(model);
}

static void test_rejected(void **state) {
  (void)state;
  base_arena arena;
  base_arena_init(&arena, 1024);
  read_model *model = sound_model(CONV, PAIRS("reject-below", "1"));
  read_glyph glyph = read_bar(model, &arena);
  assert_true(glyph.rejected);
  assert_string_equal(glyph.text, "");
  assert_int_equal(glyph.alternative_count, 10);
  assert_true(glyph.confidence == glyph.alternatives[0].confidence);
  ink_image blank;
  base_error error = {0};
  read_reader *reader = sound_reader(model, 1, NULL);
  assert_int_equal(ink_image_create(30, 30, &blank, &error), SCRAWL_OK);
  assert_int_equal(read_single_glyph(reader, &blank, &arena, &glyph, &error), SCRAWL_OK);
  assert_true(glyph.rejected);
  assert_string_equal(glyph.text, "");
  assert_int_equal(glyph.alternative_count, 0);
  assert_true(glyph.confidence == 0);
  read_reader_free(reader);
  base_free(blank.pixels);
  read_model_free(model);
  base_arena_free(&arena);
}

/* ---- no glyph ---- */

/* What is read from a row: the network does not matter, the model's classes do. */
static read_glyph glyph_of(const read_reader *reader, const float *row, base_arena *arena) {
  read_glyph glyph = {.box = {1, 2, 3, 4}};
  base_error error = {0};
  assert_int_equal(
      read_glyph_of_row(reader, row, read_reader_reject_below(reader), arena, &glyph, &error),
      SCRAWL_OK);
  assert_int_equal(glyph.box.height, 4);
  return glyph;
}

static void test_no_glyph(void **state) {
  (void)state;
  static const struct {
    float row[4]; /* of "a", no glyph, "b", "c" */
    double reject_below;
    const char *text, *best;
    double confidence;
  } rows[] = {
      {{0.2f, 0.3f, 0.4f, 0.1f}, 0, "b", "b", 0.4},
      {{0.2f, 0.3f, 0.4f, 0.1f}, 0.39, "b", "b", 0.4},
      {{0.2f, 0.3f, 0.4f, 0.1f}, 0.41, "", "b", 0.4},
      {{0.2f, 0.5f, 0.1f, 0.2f}, 0, "", "a", 0.2},      /* equal signs: the first */
      {{0.25f, 0.25f, 0.25f, 0.25f}, 0, "", "a", 0.25}, /* as probable as no glyph */
      {{0, 1, 0, 0}, 0, "", "a", 0},
  };
  base_arena arena;
  base_arena_init(&arena, 1024);
  read_model *model = sound_model("dense 4, softmax", PAIRS("alphabet", "a" READ_NO_GLYPH "bc"));
  assert_int_equal(model->none, 1);
  read_reader *reader = sound_reader(model, 1, NULL);
  assert_true(read_reader_reject_below(reader) == 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    read_reader_set_reject_below(reader, rows[i].reject_below);
    read_glyph glyph = glyph_of(reader, rows[i].row, &arena);
    assert_string_equal(glyph.text, rows[i].text);
    assert_int_equal(glyph.rejected, !*rows[i].text);
    assert_true(fabs(glyph.confidence - rows[i].confidence) < 1e-6);
    assert_string_equal(model->alphabet[read_best_sign(reader, rows[i].row)], rows[i].best);
    assert_true(read_no_glyph(reader, rows[i].row) == (double)rows[i].row[1]);
    assert_int_equal(glyph.alternative_count, glyph.rejected ? 3 : 2);
    for (size_t a = 0; a < glyph.alternative_count; a++)
      assert_string_not_equal(glyph.alternatives[a].text, READ_NO_GLYPH);
  }
  read_reader_free(reader);
  read_model_free(model);
  base_arena_free(&arena);
}

/* An alphabet takes signs out, but not the way to say that there is none. */
static void test_no_glyph_stays_possible(void **state) {
  (void)state;
  uint8_t glyphs[GLYPHS * INK_GLYPH_PIXELS];
  float whole[GLYPHS * 4], part[GLYPHS * 4];
  base_error error = {0};
  base_arena arena;
  base_arena_init(&arena, 1024);
  draw_glyphs(glyphs);
  read_model *model = sound_model("dense 4, softmax", PAIRS("alphabet", "01a" READ_NO_GLYPH));
  read_reader *reader = sound_reader(model, 1, NULL);
  read_glyph_probabilities(reader, glyphs, GLYPHS, whole);
  assert_int_equal(read_reader_allow(reader, "0", true, &error), SCRAWL_OK);
  read_glyph_probabilities(reader, glyphs, GLYPHS, part);
  for (int g = 0; g < GLYPHS; g++) {
    double sum = (double)whole[4 * g] + (double)whole[4 * g + 3];
    assert_true(fabs((double)part[4 * g] - (double)whole[4 * g] / sum) < 1e-6);
    assert_true(fabs((double)part[4 * g + 3] - (double)whole[4 * g + 3] / sum) < 1e-6);
    assert_true(part[4 * g + 1] == 0 && part[4 * g + 2] == 0);
    read_glyph glyph = glyph_of(reader, &part[4 * g], &arena);
    assert_int_equal(glyph.alternative_count, glyph.rejected);
    assert_int_equal(glyph.rejected, part[4 * g + 3] >= part[4 * g]);
  }
  /* "No glyph" alone is nothing to read; beside a sign it may be named. */
  assert_int_equal(read_reader_allow(reader, READ_NO_GLYPH, true, &error), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(read_reader_allow(reader, READ_NO_GLYPH "1", true, &error), SCRAWL_OK);
  read_reader_free(reader);
  read_model_free(model);
  base_arena_free(&arena);
}

static void test_result(void **state) {
  (void)state;
  read_result result;
  read_result_init(&result);
  assert_int_equal(result.page_count, 0);
  assert_string_equal(result.model_name, "");
  assert_non_null(base_arena_alloc(&result.arena, 100, 1));
  read_result_free(&result);
  read_result_free(&result);
  read_result_free(NULL);
}

/* ---- memory ---- */

/* Opens, makes a reader, reads a bar. */
static scrawl_status whole_way(const void *bytes, size_t size, const ink_image *image,
                               base_error *error) {
  read_model *model;
  read_reader *reader = NULL;
  read_glyph glyph;
  base_arena arena;
  base_arena_init(&arena, 256);
  scrawl_status status = read_model_open(bytes, size, &model, error);
  if (status == SCRAWL_OK) status = read_reader_create(model, 2, NULL, &reader, error);
  if (status == SCRAWL_OK) status = read_single_glyph(reader, image, &arena, &glyph, error);
  read_reader_free(reader);
  read_model_free(model);
  base_arena_free(&arena);
  return status;
}

static void test_without_memory(void **state) {
  (void)state;
  size_t size;
  void *bytes = write_model(CONV, GLYPH, PAIRS("name", "test"), 0.1f, &size);
  ink_image image = draw_bar();
  scrawl_status status;
  long allowed = 0;
  do {
    base_error error = {0};
    base_alloc_fail_after(allowed++);
    status = whole_way(bytes, size, &image, &error);
    base_alloc_fail_after(-1);
    if (status != SCRAWL_OK) {
      assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
      assert_true(error.message[0] != '\0');
    }
  } while (status != SCRAWL_OK && allowed < 1000);
  assert_int_equal(status, SCRAWL_OK);
  assert_true(allowed > 10);
  base_free(image.pixels);
  base_free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults),
      cmocka_unit_test(test_metadata),
      cmocka_unit_test(test_refused_metadata),
      cmocka_unit_test(test_thresholds),
      cmocka_unit_test(test_decimals),
      cmocka_unit_test(test_builtin),
      cmocka_unit_test(test_temperature),
      cmocka_unit_test(test_scale),
      cmocka_unit_test(test_shared),
      cmocka_unit_test(test_overflow),
      cmocka_unit_test(test_wrong_input),
      cmocka_unit_test(test_glyph),
      cmocka_unit_test(test_many_signs),
      cmocka_unit_test(test_allowed),
      cmocka_unit_test(test_rejected),
      cmocka_unit_test(test_no_glyph),
      cmocka_unit_test(test_no_glyph_stays_possible),
      cmocka_unit_test(test_result),
      cmocka_unit_test(test_without_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
