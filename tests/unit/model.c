/* Models: what their metadata may say, and those inside the binary. */
#include "models.h"

#include <math.h>
#include <string.h>

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_defaults),         cmocka_unit_test(test_metadata),
      cmocka_unit_test(test_refused_metadata), cmocka_unit_test(test_thresholds),
      cmocka_unit_test(test_decimals),         cmocka_unit_test(test_builtin),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
