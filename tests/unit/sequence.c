/* Errors of sequences, against distances worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "train/sequence.h"

static base_error error;

static size_t sign_errors(const char *truth, const char *read) {
  train_sequence_score score = {0};
  assert_int_equal(train_sequence_add(&score, truth, read, false, &error), SCRAWL_OK);
  return score.sign_errors;
}

static void distances_are_those_worked_out_by_hand(void **state) {
  (void)state;
  static const struct {
    const char *a, *b;
    size_t distance;
  } CASES[] = {
      {"", "", 0},
      {"123", "123", 0},
      {"123", "", 3},
      {"", "12", 2},
      {"123", "13", 1},
      {"123", "1243", 1},
      {"123", "321", 2},
      {"kitten", "sitting", 3},
      {"\xc3\xa9t\xc3\xa9", "ete", 2}, /* signs, not bytes */
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    assert_int_equal(sign_errors(CASES[i].a, CASES[i].b), CASES[i].distance);
    assert_int_equal(sign_errors(CASES[i].b, CASES[i].a), CASES[i].distance);
  }
}

/* Two pictures, 5 + 5 signs, of which "12 34" is read as "12 44" (1 sign, 1 of 2 words wrong) and
 * "56/78" without a mistake. */
static void rates_are_sums_over_sums(void **state) {
  (void)state;
  train_sequence_score score = {0};
  assert_int_equal(train_sequence_add(&score, "12 34", "12 44", false, &error), SCRAWL_OK);
  assert_int_equal(train_sequence_add(&score, "56/78", "56/78", false, &error), SCRAWL_OK);
  assert_int_equal(score.n, 2);
  assert_true(fabs(train_exact_rate(&score) - 0.5) < 1e-12);
  assert_true(fabs(train_character_error_rate(&score) - 0.1) < 1e-12);
  assert_true(fabs(train_word_error_rate(&score) - 0.25) < 1e-12);
  assert_int_equal(score.cells, 0);
}

static void cells_are_compared_place_by_place(void **state) {
  (void)state;
  static const struct {
    const char *read;
    size_t right;
  } CASES[] = {
      {"1.3/.5.", 6},   {"1.4/.5.", 5}, {"1.3", 3},      {"", 0},
      {"1.3/.5./9", 6}, {"1/.5.", 4},   {"1.37/.5.", 6},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    train_sequence_score score = {0};
    assert_int_equal(train_sequence_add(&score, "1.3/.5.", CASES[i].read, true, &error), SCRAWL_OK);
    assert_int_equal(score.cells, 6);
    assert_int_equal(score.cells_right, CASES[i].right);
    assert_int_equal(score.exact, i == 0);
  }
}

static void no_memory_is_reported(void **state) {
  (void)state;
  train_sequence_score score = {0};
  base_alloc_fail_after(0);
  scrawl_status status = train_sequence_add(&score, "1", "2", false, &error);
  base_alloc_fail_after(-1);
  assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
  assert_int_equal(score.n, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distances_are_those_worked_out_by_hand),
      cmocka_unit_test(rates_are_sums_over_sums),
      cmocka_unit_test(cells_are_compared_place_by_place),
      cmocka_unit_test(no_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
