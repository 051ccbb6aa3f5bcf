/* Doubt against figures from elsewhere.
 *
 * The small material is that of metrics.c: 60 pictures, 4 classes, made by a formula. Its curves
 * were worked out with numpy: pictures sorted by falling confidence, cumulative errors (of equal
 * confidences each has its share) over the number accepted, AURC their mean, the excess over the
 * same with all errors sorted to the end; the area under the ROC curve that scikit-learn's
 * roc_auc_score gives for telling right from wrong readings by confidence is that of the same order.
 *
 * The large one has 5000 pictures of 2 classes, all of the first, with
 *     x(i) = (1 + 7919 i mod 5003) / 5004, confidence 1/2 + x/2,
 *     wrong if (x < 0.2 and 4 divides i) or (x < 0.6 and 50 divides i) or i = 4321;
 * its thresholds come from scipy.stats.beta.ppf(0.95, k + 1, m - k), Clopper and Pearson's bound. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/memory.h"
#include "train/doubt.h"
#include "train/metrics.h"

enum { PICTURES = 60, CLASSES = 4, MANY = 5000 };

static float probabilities[PICTURES * CLASSES], signs_only[PICTURES * (CLASSES - 1)];
static uint16_t labels[PICTURES];
static float many[MANY * 2];
static uint16_t all_first[MANY];

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
    for (int c = 0; c < CLASSES - 1; c++)
      signs_only[i * (CLASSES - 1) + c] = probabilities[i * CLASSES + c];
  }
  for (int i = 0; i < MANY; i++) {
    double x = (1 + i * 7919 % 5003) / 5004.0;
    bool wrong = (x < 0.2 && i % 4 == 0) || (x < 0.6 && i % 50 == 0) || i == 4321;
    many[2 * i + wrong] = (float)(0.5 + x / 2);
    many[2 * i + !wrong] = (float)(0.5 - x / 2);
  }
  return 0;
}

static void assert_near(double value, double expected, double tolerance) {
  if (!(fabs(value - expected) <= tolerance))
    fail_msg("%.12g is not within %g of %.12g", value, tolerance, expected);
}

static train_doubt sound_doubt(const float *rows, const uint16_t *truth, size_t count, int classes,
                               size_t unread) {
  train_doubt doubt;
  assert_int_equal(train_doubt_compute(rows, truth, count, classes, unread, &doubt, NULL),
                   SCRAWL_OK);
  return doubt;
}

static void test_curve_is_that_of_numpy(void **state) {
  (void)state;
  train_doubt doubt = sound_doubt(probabilities, labels, PICTURES, CLASSES, 0);
  assert_near(doubt.aurc, 0.154905989, 1e-9);
  assert_near(doubt.excess_aurc, 0.131764579, 1e-9);
  static const struct {
    double coverage, errors, confidence;
    size_t accepted;
  } rows[] = {{1, 12, 0.25, 60}, {0.9, 8, 0.357142866, 54}, {0.5, 5, 0.467532456, 30}};
  for (int i = 0; i < 3; i++) {
    train_point point = train_doubt_at_coverage(&doubt, rows[i].coverage);
    assert_int_equal(point.accepted, rows[i].accepted);
    assert_near(point.errors, rows[i].errors, 1e-9);
    assert_near(point.risk, rows[i].errors / (double)rows[i].accepted, 1e-12);
    assert_near(point.confidence, rows[i].confidence, 1e-8);
  }
  assert_int_equal(train_doubt_at_coverage(&doubt, 0).accepted, 0);
  assert_near(train_doubt_at_coverage(&doubt, 0).risk, 0, 0);
  train_doubt_free(&doubt);
}

/* Mann and Whitney: the errors before each right reading, summed, are 1 - AUC of the pairs. */
static void test_order_is_that_of_scikit_learn(void **state) {
  (void)state;
  train_doubt doubt = sound_doubt(probabilities, labels, PICTURES, CLASSES, 0);
  double worse = 0, wrong = doubt.errors[PICTURES - 1];
  for (int i = 0; i < PICTURES; i++) {
    double here = doubt.errors[i] - (i ? doubt.errors[i - 1] : 0);
    worse += (1 - here) * (doubt.errors[i] - here / 2);
  }
  /* Within ties `here` is a fraction, and each pair of a tie counts half: the same sum. */
  assert_near(1 - worse / (wrong * (PICTURES - wrong)), 0.703125, 1e-9);
  train_doubt_free(&doubt);
}

/* Three classes are signs, the fourth is "no glyph": what it takes is accepted by no threshold. */
static void test_no_glyph(void **state) {
  (void)state;
  size_t none = 0, rejected = 0;
  for (size_t i = 0; i < PICTURES; i++) {
    const float *row = signs_only + i * (CLASSES - 1);
    none += train_says_none(row, CLASSES - 1);
    rejected += train_rejects(row, CLASSES - 1, 0.5);
  }
  assert_int_equal(none, 5);
  train_doubt doubt = sound_doubt(signs_only, labels, PICTURES, CLASSES - 1, 0);
  assert_near(doubt.aurc, 0.129936537, 1e-9);
  assert_near(doubt.excess_aurc, 0.113824099, 1e-9);
  train_point point = train_doubt_at(&doubt, 0.5);
  assert_int_equal(point.accepted, 24);
  assert_int_equal(PICTURES - rejected, 24);
  assert_near(point.errors, 2, 0);
  assert_int_equal(train_doubt_at(&doubt, 0).accepted, 55);
  assert_true(train_doubt_at_coverage(&doubt, 1).confidence < 0);
  assert_near(train_doubt_at_coverage(&doubt, 1).errors, 10, 0);
  train_doubt_free(&doubt);
  train_metrics metrics;
  assert_int_equal(
      train_metrics_compute(signs_only, labels, PICTURES, CLASSES - 1, 0, &metrics, NULL),
      SCRAWL_OK);
  assert_int_equal(metrics.errors, 10);        /* whether rejected or not */
  assert_near(metrics.ece, 0.407748915, 1e-7); /* of the 55 taken for a sign */
  train_metrics_free(&metrics);
}

static void test_unread_pictures_come_last(void **state) {
  (void)state;
  train_doubt doubt = sound_doubt(probabilities, labels, PICTURES, CLASSES, 15);
  assert_int_equal(doubt.n, 75);
  assert_int_equal(train_doubt_at(&doubt, 0).accepted, 60);
  assert_near(train_doubt_at_coverage(&doubt, 1).errors, 27, 0);
  assert_near(train_doubt_at_coverage(&doubt, 0.8).errors, 12, 0);
  train_doubt_free(&doubt);
  doubt = sound_doubt(NULL, NULL, 0, 2, 0);
  double confidence;
  assert_int_equal(train_doubt_at(&doubt, 0).accepted, 0);
  assert_int_equal(train_doubt_at_coverage(&doubt, 1).accepted, 0);
  assert_false(train_threshold_for_rate(&doubt, 0.1, &confidence));
  assert_near(train_threshold_by_default(&doubt), 0, 0);
  train_doubt_free(&doubt);
}

static void test_thresholds_are_those_of_scipy(void **state) {
  (void)state;
  static const struct {
    double rate, confidence; /* 2: none */
  } rows[] = {{0.1, 0},
              {0.05, 0.535421669},
              {0.02, 0.590077937},
              {0.01, 0.707883686},
              {0.005, 0.779126704},
              {0.002, 0.785121918},
              {0.001, 2}};
  train_doubt doubt = sound_doubt(many, all_first, MANY, 2, 0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    double confidence;
    assert_int_equal(train_threshold_for_rate(&doubt, rows[i].rate, &confidence),
                     rows[i].confidence <= 1);
    if (rows[i].confidence <= 1) assert_near(confidence, rows[i].confidence, 1e-8);
  }
  char *text = train_thresholds_format(&doubt);
  assert_string_equal(text, "0.1:0 0.05:0.535421669 0.02:0.590077937 0.01:0.707883686 "
                            "0.005:0.779126704 0.002:0.785121918");
  base_free(text);
  /* 25 of 5000 may be rejected: the threshold lies between the 25th and the 26th from below. */
  assert_near(train_threshold_by_default(&doubt), 0.502547979, 1e-8);
  assert_int_equal(train_doubt_at(&doubt, train_threshold_by_default(&doubt)).accepted, 4975);
  train_doubt_free(&doubt);
}

/* Equal confidences are accepted together or not at all. */
static void test_ties(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  static float rows[2 * COUNT];
  for (int i = 0; i < COUNT; i++) {
    bool sure = i >= 10, wrong = i < 5;
    rows[2 * i + wrong] = sure ? 0.9f : 0.6f;
    rows[2 * i + !wrong] = 1 - rows[2 * i + wrong];
  }
  train_doubt doubt = sound_doubt(rows, all_first, COUNT, 2, 0);
  double confidence;
  assert_near(train_threshold_by_default(&doubt), (double)0.6f, 1e-9); /* five would cut the tie */
  assert_true(train_threshold_for_rate(&doubt, 0.005, &confidence));
  assert_near(confidence, 0.75, 1e-7);
  assert_near(train_doubt_at_coverage(&doubt, 0.995).errors, 2.5, 1e-9);
  train_doubt_free(&doubt);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_curve_is_that_of_numpy),
      cmocka_unit_test(test_order_is_that_of_scikit_learn),
      cmocka_unit_test(test_no_glyph),
      cmocka_unit_test(test_unread_pictures_come_last),
      cmocka_unit_test(test_thresholds_are_those_of_scipy),
      cmocka_unit_test(test_ties),
  };
  return cmocka_run_group_tests(tests, make_material, NULL);
}
