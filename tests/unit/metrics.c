/* Scores against scikit-learn 1.2 and numpy.
 *
 * The material is made by a formula so that both sides have it: 60 pictures, 4 classes of which the
 * last never occurs,
 *     label(i) = min((3 i + i / 7) mod 4, 2),
 *     weight(i, c) = 1 + (7 i i + 13 c + 5 i c) mod 23, and 25 more for the label unless 3
 *         divides i,
 * probabilities = weights / their sum, rounded to float. The expected figures were printed by
 *     accuracy_score, log_loss, confusion_matrix,
 *     precision_recall_fscore_support(zero_division=0, also average='macro'),
 *     multilabel_confusion_matrix (specificity = tn / (tn + fp)),
 *     calibration_curve(right, confidence, n_bins=15, strategy='uniform') weighted by the pictures
 *         in each bin (ECE),
 *     scipy.optimize.minimize_scalar over the logarithm of the temperature (xatol 1e-12). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/memory.h"
#include "train/history.h"
#include "train/metrics.h"

enum { PICTURES = 60, CLASSES = 4 };

static float probabilities[PICTURES * CLASSES];
static uint16_t labels[PICTURES];

static int make_material(void **state) {
  (void)state;
  for (int i = 0; i < PICTURES; i++) {
    int label = (i * 3 + i / 7) % 4;
    labels[i] = (uint16_t)(label < 2 ? label : 2);
    double weights[CLASSES], sum = 0;
    for (int c = 0; c < CLASSES; c++) {
      weights[c] = 1 + (i * i * 7 + c * 13 + i * c * 5) % 23;
      if (i % 3 && c == labels[i]) weights[c] += 25;
      sum += weights[c];
    }
    for (int c = 0; c < CLASSES; c++) probabilities[i * CLASSES + c] = (float)(weights[c] / sum);
  }
  return 0;
}

static void assert_near(double value, double expected, double tolerance) {
  if (fabs(value - expected) > tolerance)
    fail_msg("%.12g is not within %g of %.12g", value, tolerance, expected);
}

static void test_scores_are_those_of_scikit_learn(void **state) {
  (void)state;
  train_metrics m;
  assert_int_equal(train_metrics_compute(probabilities, labels, PICTURES, CLASSES, 0, &m, NULL),
                   SCRAWL_OK);
  assert_int_equal(m.n, 60);
  assert_int_equal(m.errors, 12);
  assert_near(m.accuracy, 0.8, 1e-12);
  assert_near(m.loss, 0.989541012, 1e-7);
  static const size_t confusion[] = {13, 0, 2, 2, 1, 12, 0, 0, 4, 1, 23, 2, 0, 0, 0, 0};
  for (int i = 0; i < 16; i++) assert_int_equal(m.confusion[i], confusion[i]);
  static const double expected[CLASSES][4] = {
      {0.722222222, 0.764705882, 0.883720930, 0.742857143},
      {0.923076923, 0.923076923, 0.978723404, 0.923076923},
      {0.920000000, 0.766666667, 0.933333333, 0.836363636},
      {0, 0, 0.933333333, 0},
  };
  static const size_t support[CLASSES] = {17, 13, 30, 0};
  for (int c = 0; c < CLASSES; c++) {
    assert_int_equal(m.of_class[c].support, support[c]);
    assert_near(m.of_class[c].precision, expected[c][0], 1e-9);
    assert_near(m.of_class[c].recall, expected[c][1], 1e-9);
    assert_near(m.of_class[c].specificity, expected[c][2], 1e-9);
    assert_near(m.of_class[c].f1, expected[c][3], 1e-9);
  }
  assert_near(m.precision, 0.641324786, 1e-9);
  assert_near(m.recall, 0.613612368, 1e-9);
  assert_near(m.specificity, 0.932277750, 1e-9);
  assert_near(m.f1, 0.625574426, 1e-9);
  train_metrics_free(&m);
}

static void test_calibration_error_is_that_of_numpy(void **state) {
  (void)state;
  train_metrics m;
  assert_int_equal(train_metrics_compute(probabilities, labels, PICTURES, CLASSES, 0, &m, NULL),
                   SCRAWL_OK);
  static const size_t counts[TRAIN_BINS] = {0, 0, 0, 1, 2, 10, 17, 12, 9, 6, 3, 0, 0, 0, 0};
  for (int b = 0; b < TRAIN_BINS; b++) assert_int_equal(m.bins[b].count, counts[b]);
  assert_near(m.ece, 0.350060290, 1e-7);
  train_metrics_free(&m);
}

static void test_temperature_is_that_of_scipy(void **state) {
  (void)state;
  double temperature = train_fit_temperature(probabilities, labels, PICTURES, CLASSES);
  assert_near(temperature, 0.56768590, 1e-6);
  float cooled[PICTURES * CLASSES];
  for (int i = 0; i < PICTURES * CLASSES; i++) cooled[i] = probabilities[i];
  train_apply_temperature(cooled, PICTURES, CLASSES, temperature);
  double loss;
  size_t right;
  train_score(cooled, labels, PICTURES, CLASSES, &loss, &right);
  assert_near(loss, 0.928055842, 1e-6);
  assert_int_equal(right, 48); /* no answer changes, only how sure it is */
}

/* Nothing wrong or nothing right: the best temperature would be 0 or infinite. */
static void test_temperature_without_a_minimum_is_one(void **state) {
  (void)state;
  static const float rows[] = {0.9f, 0.1f, 0.2f, 0.8f};
  static const uint16_t right[] = {0, 1}, wrong[] = {1, 0};
  assert_near(train_fit_temperature(rows, right, 2, 2), 1, 0);
  assert_near(train_fit_temperature(rows, wrong, 2, 2), 1, 0);
}

static void test_unread_pictures_are_errors(void **state) {
  (void)state;
  train_metrics m;
  assert_int_equal(train_metrics_compute(probabilities, labels, PICTURES, CLASSES, 40, &m, NULL),
                   SCRAWL_OK);
  assert_int_equal(m.n, 100);
  assert_int_equal(m.errors, 52);
  assert_near(m.accuracy, 0.48, 1e-12);
  assert_near(m.ece, 0.350060290, 1e-7); /* of those read */
  train_metrics_free(&m);
}

static void test_certain_and_impossible_answers(void **state) {
  (void)state;
  static const float rows[] = {1, 0, 0, 1};
  static const uint16_t truth[] = {0, 0};
  train_metrics m;
  assert_int_equal(train_metrics_compute(rows, truth, 2, 2, 0, &m, NULL), SCRAWL_OK);
  assert_int_equal(m.bins[TRAIN_BINS - 1].count, 2);
  assert_near(m.ece, 0.5, 1e-12);
  assert_true(isfinite(m.loss) && m.loss > 40);
  train_metrics_free(&m);
}

static void test_numbers_that_are_none_do_no_harm(void **state) {
  (void)state;
  const float rows[] = {NAN, NAN, INFINITY, -INFINITY};
  static const uint16_t truth[] = {0, 1};
  train_metrics m;
  assert_int_equal(train_metrics_compute(rows, truth, 2, 2, 0, &m, NULL), SCRAWL_OK);
  assert_int_equal(m.bins[0].count + m.bins[TRAIN_BINS - 1].count, 2);
  train_metrics_free(&m);
}

static void test_labels_outside_the_classes_are_refused(void **state) {
  (void)state;
  static const float rows[] = {0.5f, 0.5f};
  static const uint16_t truth[] = {2};
  train_metrics m;
  base_error error;
  assert_int_equal(train_metrics_compute(rows, truth, 1, 2, 0, &m, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_string_equal(error.message, "picture 0 has label 2 of 2 classes");
  assert_null(m.confusion);
}

static void test_softmax_of_large_logits(void **state) {
  (void)state;
  float rows[] = {1000, 1001, -1000, 0, 0, 0};
  train_softmax(rows, 2, 3);
  assert_near(rows[0], 1 / (1 + exp(1)), 1e-7);
  assert_near(rows[1], exp(1) / (1 + exp(1)), 1e-7);
  assert_near(rows[2], 0, 0);
  assert_near(rows[4], 1.0 / 3, 1e-7);
}

static void test_history_survives_as_text(void **state) {
  (void)state;
  train_history history = {0}, back;
  const train_epoch epochs[] = {{0.001, 2.5, 0.25, NAN, NAN, 3},
                                {0.0005, 0.125, 0.96875, 0.5, 0.75, 4}};
  for (int i = 0; i < 2; i++)
    assert_int_equal(train_history_add(&history, &epochs[i], NULL), SCRAWL_OK);
  history.best = 1;
  char *text = train_history_to_json(&history);
  assert_non_null(text);
  assert_int_equal(train_history_from_json(text, &back, NULL), SCRAWL_OK);
  assert_int_equal(back.count, 2);
  assert_int_equal(back.best, 1);
  assert_true(isnan(back.epochs[0].validation_loss));
  assert_near(back.epochs[1].rate, 0.0005, 0);
  assert_near(back.epochs[1].accuracy, 0.96875, 0);
  base_free(text);
  train_history_free(&back);
  train_history_free(&history);
}

static void test_damaged_histories_are_refused(void **state) {
  (void)state;
  static const char *const damaged[] = {
      "", "[", "{\"rate\":[1]}", "{\"rate\":[1],\"loss\":[1],\"accuracy\":[\"1\"]}",
      "{\"rate\":[1,2],\"loss\":[1],\"accuracy\":[1,2],\"validation_loss\":[1,2],"
      "\"validation_accuracy\":[1,2]}"};
  for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
    train_history history;
    base_error error;
    assert_int_equal(train_history_from_json(damaged[i], &history, &error), SCRAWL_BAD_FORMAT);
    assert_null(history.epochs);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(test_scores_are_those_of_scikit_learn, make_material),
      cmocka_unit_test_setup(test_calibration_error_is_that_of_numpy, make_material),
      cmocka_unit_test_setup(test_temperature_is_that_of_scipy, make_material),
      cmocka_unit_test(test_temperature_without_a_minimum_is_one),
      cmocka_unit_test_setup(test_unread_pictures_are_errors, make_material),
      cmocka_unit_test(test_certain_and_impossible_answers),
      cmocka_unit_test(test_numbers_that_are_none_do_no_harm),
      cmocka_unit_test(test_labels_outside_the_classes_are_refused),
      cmocka_unit_test(test_softmax_of_large_logits),
      cmocka_unit_test(test_history_survives_as_text),
      cmocka_unit_test(test_damaged_histories_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
