/* The best path through a string against every tiling tried out, and a table worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/random.h"
#include "read/string_path.h"

enum { MOST = 9 };

static base_error error;

/* Three pieces; log 0.5 twice and log 0.9 against 0.6 for the whole and 0.2 for a pair:
 * 0.225 alone, 0.6 whole, 0.2 * 0.9 = 0.18: the whole has 0.6 / 1.005 of all. */
static void the_whole_wins_by_hand(void **state) {
  (void)state;
  const read_span spans[] = {
      {0, 1, log(0.5)}, {1, 2, log(0.5)}, {2, 3, log(0.9)}, {0, 3, log(0.6)}, {0, 2, log(0.2)},
  };
  size_t path[3], length;
  double share[3];
  assert_int_equal(read_find_path(spans, 5, 3, path, share, &length, &error), SCRAWL_OK);
  assert_int_equal(length, 1);
  assert_int_equal(path[0], 3);
  assert_true(fabs(share[0] - 0.6 / 1.005) < 1e-12);
}

typedef struct search {
  const read_span *spans;
  size_t count;
  int pieces;
  double best, sum, through[MOST * MOST];
  size_t way[MOST], depth, best_way[MOST], best_depth;
} search;

/* Every tiling, one after the other. */
static void try_all(search *s, int at, double score) {
  if (at == s->pieces) {
    s->sum += exp(score);
    for (size_t i = 0; i < s->depth; i++) s->through[s->way[i]] += exp(score);
    if (score <= s->best) return;
    s->best = score;
    s->best_depth = s->depth;
    for (size_t i = 0; i < s->depth; i++) s->best_way[i] = s->way[i];
    return;
  }
  for (size_t i = 0; i < s->count; i++) {
    if (s->spans[i].first != at) continue;
    s->way[s->depth++] = i;
    try_all(s, s->spans[i].end, score + s->spans[i].score);
    s->depth--;
  }
}

static void paths_are_those_of_brute_force(void **state) {
  (void)state;
  base_random random = base_random_seed(1);
  for (int round = 0; round < 300; round++) {
    read_span spans[MOST * MOST];
    search s = {.spans = spans, .best = -INFINITY, .pieces = 1 + round % MOST};
    for (int first = 0; first < s.pieces; first++)
      for (int end = first + 1; end <= s.pieces && end <= first + 4; end++)
        if (end == first + 1 || base_random_unit(&random) < 0.7)
          spans[s.count++] = (read_span){first, end, -3 * base_random_unit(&random)};
    try_all(&s, 0, 0);
    size_t path[MOST], length;
    double share[MOST];
    assert_int_equal(read_find_path(spans, s.count, s.pieces, path, share, &length, &error),
                     SCRAWL_OK);
    assert_int_equal(length, s.best_depth);
    for (size_t i = 0; i < length; i++) {
      assert_int_equal(path[i], s.best_way[i]);
      assert_true(fabs(share[i] - s.through[path[i]] / s.sum) < 1e-9);
    }
  }
}

static void no_way_is_an_error(void **state) {
  (void)state;
  const read_span gap[] = {{0, 1, 0}, {2, 3, 0}}, never[] = {{0, 1, -INFINITY}};
  const read_span outside[] = {{0, 2, 0}}, back[] = {{1, 1, 0}}, unsound[] = {{0, 1, NAN}};
  size_t path[3], length;
  double share[3];
  assert_int_equal(read_find_path(gap, 2, 3, path, share, &length, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(read_find_path(never, 1, 1, path, share, &length, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(read_find_path(outside, 1, 1, path, share, &length, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(read_find_path(back, 1, 1, path, share, &length, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(read_find_path(unsound, 1, 1, path, share, &length, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(read_find_path(NULL, 0, 0, path, share, &length, &error), SCRAWL_OK);
  assert_int_equal(length, 0);
}

static void failed_allocations_are_reported(void **state) {
  (void)state;
  const read_span spans[] = {{0, 1, 0}};
  size_t path[1], length;
  double share[1];
  for (long after = 0;; after++) {
    base_alloc_fail_after(after);
    scrawl_status status = read_find_path(spans, 1, 1, path, share, &length, &error);
    base_alloc_fail_after(-1);
    if (status == SCRAWL_OK) break;
    assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
    assert_true(after < 10);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_whole_wins_by_hand),
      cmocka_unit_test(paths_are_those_of_brute_force),
      cmocka_unit_test(no_way_is_an_error),
      cmocka_unit_test(failed_allocations_are_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
