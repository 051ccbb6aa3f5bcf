/* Errors, memory, random numbers, CPU level and progress lines. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/progress.h"
#include "base/random.h"
#include "base/utf8.h"

/* ---- errors ---- */

static void status_names_and_messages(void **state) {
  (void)state;
  assert_string_equal(scrawl_status_name(SCRAWL_OK), "SCRAWL_OK");
  assert_string_equal(scrawl_status_name(SCRAWL_BAD_FORMAT), "SCRAWL_BAD_FORMAT");
  assert_string_equal(scrawl_status_message(SCRAWL_NOT_FOUND), "not found");
  int values[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}; /* the ABI: these numbers never change */
  scrawl_status codes[] = {SCRAWL_OK,
                           SCRAWL_OUT_OF_MEMORY,
                           SCRAWL_INVALID_ARGUMENT,
                           SCRAWL_NOT_FOUND,
                           SCRAWL_READ_FAILED,
                           SCRAWL_WRITE_FAILED,
                           SCRAWL_BAD_FORMAT,
                           SCRAWL_UNSUPPORTED,
                           SCRAWL_LIMIT_EXCEEDED,
                           SCRAWL_NETWORK_FAILED,
                           SCRAWL_CANCELLED,
                           SCRAWL_INTERNAL};
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    assert_int_equal(codes[i], values[i]);
    assert_string_not_equal(scrawl_status_name(codes[i]), "unknown status");
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(scrawl_status_name(codes[i]), scrawl_status_name(codes[j]));
  }
  assert_string_equal(scrawl_status_name((scrawl_status)12), "unknown status");
  assert_string_equal(scrawl_status_message((scrawl_status)99), "unknown status");
  assert_string_equal(scrawl_version(), "0.1.0");
}

static scrawl_status count_to(int limit, base_error *error) {
  if (limit > 9) return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%d is more than 9", limit);
  return SCRAWL_OK;
}

static scrawl_status count_in(const char *path, int limit, base_error *error) {
  return base_fail_within(error, count_to(limit, error), "%s", path);
}

static void sentences(void **state) {
  (void)state;
  base_error error = {0};
  assert_int_equal(count_in("a.txt", 3, &error), SCRAWL_OK);
  assert_string_equal(error.message, "");
  assert_int_equal(count_in("a.txt", 12, &error), SCRAWL_LIMIT_EXCEEDED);
  assert_int_equal(error.status, SCRAWL_LIMIT_EXCEEDED);
  assert_string_equal(error.message, "a.txt: 12 is more than 9");
  assert_int_equal(count_in("a.txt", 12, NULL), SCRAWL_LIMIT_EXCEEDED);
  base_fail(&error, SCRAWL_BAD_FORMAT, "<%s>", error.message); /* its own sentence as argument */
  assert_string_equal(error.message, "<a.txt: 12 is more than 9>");
}

static void long_sentences_are_cut_between_characters(void **state) {
  (void)state;
  static const char *const characters[] = {"x", "\u00e4", "\u20ac", "\U0001f58b"};
  for (size_t c = 0; c < 4; c++) {
    size_t width = strlen(characters[c]);
    for (size_t shift = 0; shift < 4; shift++) {
      char text[2 * BASE_ERROR_BYTES] = "";
      memset(text, '.', shift);
      for (size_t at = shift; at + width < sizeof text; at += width)
        memcpy(text + at, characters[c], width);
      base_error error;
      base_fail(&error, SCRAWL_INTERNAL, "%s", text);
      size_t expected = shift + (BASE_ERROR_BYTES - 1 - shift) / width * width;
      assert_int_equal(strlen(error.message), expected);
      assert_memory_equal(error.message, text, expected);
      base_fail_within(&error, SCRAWL_INTERNAL, "ab");
      expected = shift + 4 + (BASE_ERROR_BYTES - 5 - shift) / width * width;
      assert_true(strlen(error.message) <= expected);
      assert_true(strlen(error.message) + 4 > expected);
      assert_memory_equal(error.message + 4, text, strlen(error.message) - 4);
    }
  }
}

/* ---- memory ---- */

static bool is_aligned(const void *block) {
  return (uintptr_t)block % BASE_ALIGNMENT == 0;
}

static void blocks(void **state) {
  (void)state;
  char *a = base_alloc(0, 7), *b = base_alloc(0, 0);
  assert_non_null(a);
  assert_non_null(b);
  assert_ptr_not_equal(a, b);
  base_free(a);
  base_free(b);
  base_free(NULL);
  for (size_t size = 1; size < 300; size += 13) {
    unsigned char *zeros = base_alloc_zero(3, size);
    assert_non_null(zeros);
    assert_true(is_aligned(zeros));
    for (size_t i = 0; i < 3 * size; i++) assert_int_equal(zeros[i], 0);
    memset(zeros, 0xff, 3 * size); /* so that the next one is not clear by luck */
    base_free(zeros);
  }
  /* Sizes whose product wraps round to a small number, and sizes no machine has. */
  assert_null(base_alloc(SIZE_MAX / 2 + 2, 2));
  assert_null(base_alloc_zero((size_t)1 << 33, (size_t)1 << 33));
  assert_null(base_alloc(SIZE_MAX, 1));
  assert_null(base_alloc(1, (size_t)PTRDIFF_MAX + 1));
}

static void reallocation_keeps_contents(void **state) {
  (void)state;
  unsigned char *block = base_realloc(NULL, 0, 10);
  assert_non_null(block);
  for (unsigned char i = 0; i < 10; i++) block[i] = i;
  block = base_realloc(block, 10, 1000);
  assert_true(is_aligned(block));
  for (unsigned char i = 0; i < 10; i++) assert_int_equal(block[i], i);
  assert_null(base_realloc(block, 1000, SIZE_MAX));
  assert_int_equal(block[9], 9); /* still there */
  block = base_realloc(block, 1000, 4);
  for (unsigned char i = 0; i < 4; i++) assert_int_equal(block[i], i);
  block = base_realloc(block, 4, 0);
  assert_non_null(block);
  base_free(block);
}

static void strings(void **state) {
  (void)state;
  char *copy = base_strdup("ink");
  assert_string_equal(copy, "ink");
  char *text = base_format("%s-%d-%s", copy, 42, "");
  assert_string_equal(text, "ink-42-");
  base_free(text);
  base_free(copy);
  copy = base_strdup("");
  assert_string_equal(copy, "");
  base_free(copy);
}

static void allocations_fail_on_request(void **state) {
  (void)state;
  base_alloc_fail_after(2);
  void *first = base_alloc(1, 1);
  char *second = base_strdup("x");
  assert_non_null(first);
  assert_non_null(second);
  assert_null(base_alloc(1, 1));
  assert_null(base_alloc_zero(1, 1));
  assert_null(base_format("%d", 1));
  assert_null(base_strdup("y"));
  assert_null(base_realloc(second, 2, 4));
  assert_string_equal(second, "x");
  base_arena arena;
  base_arena_init(&arena, 100);
  assert_null(base_arena_alloc(&arena, 1, 1));
  base_arena_free(&arena);
  assert_int_equal(base_alloc_fail_after(-1), 8);
  base_free(first);
  base_free(second);
  void *after = base_alloc(1, 1);
  assert_non_null(after);
  base_free(after);
  assert_int_equal(base_alloc_fail_after(-1), 1);
}

static void arena_gives_aligned_disjoint_blocks(void **state) {
  (void)state;
  base_arena arena;
  base_arena_init(&arena, 1024);
  enum { BLOCKS = 200 };
  unsigned char *given[BLOCKS];
  for (int round = 0; round < 3; round++) {
    for (size_t i = 0; i < BLOCKS; i++) {
      size_t size = i * 37 % 3000; /* some larger than an arena block, one empty */
      given[i] = base_arena_alloc(&arena, size, 1);
      assert_non_null(given[i]);
      assert_true(is_aligned(given[i]));
      memset(given[i], (int)i, size);
    }
    for (size_t i = 0; i < BLOCKS; i++)
      for (size_t k = 0; k < i * 37 % 3000; k++) assert_int_equal(given[i][k], i);
    base_arena_reset(&arena);
  }
  base_arena_free(&arena);
  base_arena_free(&arena); /* empty again: nothing happens */
}

static void arena_reset_reuses_the_first_block(void **state) {
  (void)state;
  base_arena arena;
  base_arena_init(&arena, 4096);
  void *first = base_arena_alloc(&arena, 100, 1);
  assert_non_null(base_arena_alloc(&arena, 100000, 1));
  base_arena_reset(&arena);
  base_alloc_fail_after(0); /* needs no new memory */
  assert_ptr_equal(base_arena_alloc(&arena, 4096, 1), first);
  assert_null(base_arena_alloc(&arena, 1, 1));
  base_alloc_fail_after(-1);
  char *text = base_arena_strdup(&arena, "scrawled", 6);
  assert_string_equal(text, "scrawl");
  base_arena_free(&arena);
}

static void arena_refuses_overflow(void **state) {
  (void)state;
  base_arena arena;
  base_arena_init(&arena, 1024);
  assert_null(base_arena_alloc(&arena, SIZE_MAX / 2 + 2, 2));
  assert_null(base_arena_alloc(&arena, SIZE_MAX, 1));
  for (size_t less = 0; less < 300; less++)
    assert_null(base_arena_alloc(&arena, (size_t)PTRDIFF_MAX - less, 1));
  assert_null(base_arena_strdup(&arena, "", SIZE_MAX));
  assert_non_null(base_arena_alloc(&arena, 1, 1));
  base_arena_free(&arena);
  base_arena_init(&arena, SIZE_MAX);
  assert_null(base_arena_alloc(&arena, 1, 1));
  base_arena_free(&arena);
}

/* ---- random numbers ---- */

/* The outputs of the authors' xoshiro256plusplus.c (prng.di.unimi.it) from the state 1, 2, 3, 4, as
 * published with several implementations; the first is 5 * 2^23 + 1 by hand. */
static void xoshiro_reference(void **state) {
  (void)state;
  static const uint64_t expected[] = {
      41943041u,
      58720359u,
      3588806011781223u,
      3591011842654386u,
      9228616714210784205u,
      9973669472204895162u,
      14011001112246962877u,
      12406186145184390807u,
      15849039046786891736u,
      10450023813501588000u,
  };
  base_random random = {{1, 2, 3, 4}};
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
    assert_true(base_random_next(&random) == expected[i]);
}

/* The outputs of splitmix64.c (same place) for the seed 1234567, as published on Rosetta Code. */
static void seeding_is_splitmix64(void **state) {
  (void)state;
  static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u,
                                      9817491932198370423u, 4593380528125082431u};
  base_random random = base_random_seed(1234567);
  for (size_t i = 0; i < 4; i++) assert_true(random.state[i] == expected[i]);
}

static void split_streams_differ(void **state) {
  (void)state;
  enum { STREAMS = 1000 };
  static uint64_t firsts[STREAMS];
  base_random parent = base_random_seed(7), before = parent;
  for (uint64_t i = 0; i < STREAMS; i++) {
    base_random child = base_random_split(&parent, i), again = base_random_split(&parent, i);
    assert_memory_equal(&child, &again, sizeof child);
    firsts[i] = base_random_next(&child);
    for (uint64_t j = 0; j < i; j++) assert_true(firsts[j] != firsts[i]);
  }
  assert_memory_equal(&parent, &before, sizeof parent);
  base_random other = base_random_seed(8);
  base_random child = base_random_split(&other, 0);
  assert_true(base_random_next(&child) != firsts[0]);
  /* Neighbouring streams share no bits beyond chance: 64000 coin flips, deviation 126. */
  int common = 0;
  for (int i = 1; i < STREAMS; i++) common += __builtin_popcountll(~(firsts[i] ^ firsts[i - 1]));
  assert_in_range(common, 31968 - 5 * 126, 31968 + 5 * 126);
}

static void uniform_numbers(void **state) {
  (void)state;
  enum { DRAWS = 100000 };
  base_random random = base_random_seed(1);
  double sum = 0, squares = 0;
  for (int i = 0; i < DRAWS; i++) {
    double unit = base_random_unit(&random);
    assert_true(unit >= 0 && unit < 1);
    sum += unit;
    squares += unit * unit;
    double range = base_random_range(&random, -3, 5);
    assert_true(range >= -3 && range < 5);
  }
  /* Means 1/2 and 1/3 within five deviations of the mean of 100000 draws. */
  assert_true(fabs(sum / DRAWS - 0.5) < 5 * 0.2887 / sqrt(DRAWS));
  assert_true(fabs(squares / DRAWS - 1.0 / 3) < 5 * 0.2982 / sqrt(DRAWS));
  assert_true(base_random_range(&random, 2, 2) == 2);
  double next = nextafter(1, 2); /* a range with a single number in it */
  for (int i = 0; i < 100; i++) assert_true(base_random_range(&random, 1, next) == 1);
}

static void whole_numbers_without_bias(void **state) {
  (void)state;
  base_random random = base_random_seed(2);
  assert_true(base_random_below(&random, 1) == 0);
  enum { DRAWS = 70000 };
  int counts[7] = {0};
  for (int i = 0; i < DRAWS; i++) counts[base_random_below(&random, 7)]++;
  double chi_square = 0;
  for (int i = 0; i < 7; i++) chi_square += (counts[i] - 1e4) * (counts[i] - 1e4) / 1e4;
  assert_true(chi_square < 22.46); /* 6 degrees of freedom, 0.1 % */
  /* With 3/4 of 2^64 a plain remainder would fall into the lowest third half the time, not a
   * third. */
  uint64_t bound = (uint64_t)3 << 62;
  int low = 0;
  for (int i = 0; i < 9000; i++) {
    uint64_t value = base_random_below(&random, bound);
    assert_true(value < bound);
    low += value < bound / 3;
  }
  assert_in_range(low, 3000 - 225, 3000 + 225); /* five deviations */
}

static void normal_numbers(void **state) {
  (void)state;
  enum { DRAWS = 100000 };
  base_random random = base_random_seed(3);
  double sum = 0, squares = 0, fourth = 0;
  int inside = 0;
  for (int i = 0; i < DRAWS; i++) {
    double x = base_random_normal(&random);
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    inside += fabs(x) < 1;
  }
  assert_true(fabs(sum / DRAWS) < 5 / sqrt(DRAWS));
  assert_true(fabs(squares / DRAWS - 1) < 5 * sqrt(2.0 / DRAWS));
  assert_true(fabs(fourth / DRAWS - 3) < 5 * sqrt(96.0 / DRAWS));
  assert_true(fabs(inside / (double)DRAWS - 0.682689) < 5 * sqrt(0.2166 / DRAWS));
}

static void shuffles(void **state) {
  (void)state;
  base_random random = base_random_seed(4);
  base_random_shuffle(&random, NULL, 0);
  int counts[24] = {0}; /* of the orders of four items, numbered by their first three */
  enum { DRAWS = 24000 };
  for (int i = 0; i < DRAWS; i++) {
    uint32_t items[] = {0, 1, 2, 3};
    base_random_shuffle(&random, items, 4);
    assert_int_equal(1u << items[0] | 1u << items[1] | 1u << items[2] | 1u << items[3], 15);
    uint32_t second = items[1] - (items[1] > items[0]);
    uint32_t third = items[2] - (items[2] > items[0]) - (items[2] > items[1]);
    counts[items[0] * 6 + second * 2 + third]++;
  }
  double chi_square = 0;
  for (int i = 0; i < 24; i++) chi_square += (counts[i] - 1e3) * (counts[i] - 1e3) / 1e3;
  assert_true(chi_square < 49.73); /* 23 degrees of freedom, 0.1 % */
}

/* ---- CPU ---- */

static void cpu_levels_can_be_lowered_only(void **state) {
  (void)state;
  assert_int_equal(base_cpu_choose(BASE_CPU_V3, NULL), BASE_CPU_V3);
  assert_int_equal(base_cpu_choose(BASE_CPU_V3, "scalar"), BASE_CPU_SCALAR);
  assert_int_equal(base_cpu_choose(BASE_CPU_V3, "v2"), BASE_CPU_V2);
  assert_int_equal(base_cpu_choose(BASE_CPU_V3, "v3"), BASE_CPU_V3);
  assert_int_equal(base_cpu_choose(BASE_CPU_V3, "v4"), BASE_CPU_V3);
  assert_int_equal(base_cpu_choose(BASE_CPU_V4, "v3"), BASE_CPU_V3);
  assert_int_equal(base_cpu_choose(BASE_CPU_V4, "neon"), BASE_CPU_V4);
  assert_int_equal(base_cpu_choose(BASE_CPU_V4, ""), BASE_CPU_V4);
  assert_int_equal(base_cpu_choose(BASE_CPU_NEON, "v2"), BASE_CPU_NEON);
  assert_int_equal(base_cpu_choose(BASE_CPU_NEON, "scalar"), BASE_CPU_SCALAR);
  assert_string_equal(base_cpu_name(BASE_CPU_V3), "v3");
  assert_string_equal(base_cpu_name((base_cpu_level)77), "unknown");
}

/* base_cpu() keeps its first answer, so each value is asked for in a process of its own. */
static void cpu_level_follows_the_environment(void **state) {
  (void)state;
  static const char *const wanted[] = {"scalar", "v2"};
  for (int i = 0; i < 2; i++) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      setenv("SCRAWL_CPU", wanted[i], 1);
      _exit(strcmp(base_cpu_name(base_cpu()), wanted[i]) == 0 ? 0 : 10 + (int)base_cpu());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
#ifdef __x86_64__
    assert_int_equal(WEXITSTATUS(status), 0);
#endif
  }
#if defined __AVX2__
  assert_true(base_cpu() >= BASE_CPU_V3);
#endif
  assert_true(base_cpu_cores() >= 1);
  assert_true((long)base_cpu_cores() <= sysconf(_SC_NPROCESSORS_CONF));
}

/* ---- progress ---- */

static base_progress at(base_progress_mode mode, uint64_t done, uint64_t total) {
  return (base_progress){.mode = mode,
                         .label = "epoch 3/5",
                         .unit = "pictures",
                         .total = total,
                         .done = done,
                         .started = 1000};
}

static void check_line(base_progress progress, double seconds, const char *note,
                       const char *expected) {
  char text[256];
  int length = base_progress_format(text, sizeof text, &progress, 1000 + seconds, note);
  assert_string_equal(text, expected);
  assert_int_equal(length, strlen(expected));
}

static void progress_lines(void **state) {
  (void)state;
  check_line(at(BASE_PROGRESS_PLAIN, 12345, 60000), 10, NULL,
             "epoch 3/5: 12,345 of 60,000 pictures, 1,235/s, 0:39 left");
  check_line(at(BASE_PROGRESS_PLAIN, 12345, 60000), 10, "loss 0.25",
             "epoch 3/5: 12,345 of 60,000 pictures, 1,235/s, 0:39 left, loss 0.25");
  check_line(at(BASE_PROGRESS_PLAIN, 10, 60000), 10, NULL,
             "epoch 3/5: 10 of 60,000 pictures, 1.0/s, 16:39:50 left");
  check_line(at(BASE_PROGRESS_PLAIN, 1, 60000), 1e6, NULL,
             "epoch 3/5: 1 of 60,000 pictures, 0.0/s, over a day left");
  check_line(at(BASE_PROGRESS_PLAIN, 60000, 60000), 75, NULL,
             "epoch 3/5: 60,000 of 60,000 pictures, 800/s, took 1:15");
  check_line(at(BASE_PROGRESS_PLAIN, 0, 60000), 0, NULL, "epoch 3/5: 0 of 60,000 pictures");
  check_line(at(BASE_PROGRESS_PLAIN, 1000000, 0), 10, NULL,
             "epoch 3/5: 1,000,000 pictures, 100,000/s");
  check_line(at(BASE_PROGRESS_BAR, 30000, 60000), 3725, NULL,
             "epoch 3/5: [############            ]  50 %, 30,000 pictures, 8.1/s, 1:02:05 left");
  check_line(at(BASE_PROGRESS_BAR, 70000, 60000), 1, NULL,
             "epoch 3/5: [########################] 100 %, 70,000 pictures, 70,000/s, took 0:01");
  check_line(at(BASE_PROGRESS_BAR, 5, 0), 10, NULL, "epoch 3/5: 5 pictures, 0.5/s");
  check_line(at(BASE_PROGRESS_JSON, 30000, 60000), 4, "say \"a\\b\"\n",
             "{\"progress\":\"epoch 3/5\",\"unit\":\"pictures\",\"done\":30000,\"total\":60000,"
             "\"seconds\":4.000,\"per_second\":7500.000,\"seconds_left\":4.000,"
             "\"note\":\"say \\\"a\\\\b\\\"\\u000a\"}");
  check_line(at(BASE_PROGRESS_JSON, 0, 0), 0, NULL,
             "{\"progress\":\"epoch 3/5\",\"unit\":\"pictures\",\"done\":0,\"seconds\":0.000,"
             "\"per_second\":0.000}");
  char text[8];
  base_progress plain = at(BASE_PROGRESS_PLAIN, 12345, 60000);
  assert_int_equal(base_progress_format(text, sizeof text, &plain, 1010, NULL), 56);
  assert_string_equal(text, "epoch 3");
  assert_int_equal(base_progress_format(NULL, 0, &plain, 1010, NULL), 56);
}

/* What a whole piece of work of `updates` quick steps writes to a stream that is no terminal. */
static void run_work(base_progress_mode mode, int updates, char *written, size_t size) {
  FILE *stream = tmpfile();
  assert_non_null(stream);
  base_progress progress;
  base_progress_begin(&progress, stream, mode, "work", "steps", (uint64_t)updates);
  for (int i = 1; i <= updates; i++) base_progress_update(&progress, (uint64_t)i, NULL);
  base_progress_end(&progress, "done");
  rewind(stream);
  written[fread(written, 1, size - 1, stream)] = '\0';
  fclose(stream);
}

static void progress_is_drawn_rarely(void **state) {
  (void)state;
  char text[512];
  run_work(BASE_PROGRESS_NONE, 1000, text, sizeof text);
  assert_string_equal(text, "");
  run_work(BASE_PROGRESS_AUTO, 1000, text,
           sizeof text); /* no terminal: one plain line at the end */
  assert_ptr_equal(strstr(text, "work: 1,000 of 1,000 steps"), text);
  assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
  assert_non_null(strstr(text, ", done\n"));
  run_work(BASE_PROGRESS_JSON, 1000, text, sizeof text);
  assert_ptr_equal(strstr(text, "{\"progress\":\"work\""), text);
  assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);

  FILE *stream = tmpfile();
  base_progress progress;
  base_progress_begin(&progress, stream, BASE_PROGRESS_BAR, "work", "steps", 2);
  progress.last_shown -= 1; /* as if a second had passed */
  base_progress_update(&progress, 1, NULL);
  base_progress_update(&progress, 2, NULL); /* too soon */
  base_progress_end(&progress, NULL);
  rewind(stream);
  text[fread(text, 1, sizeof text - 1, stream)] = '\0';
  fclose(stream);
  static const char start[] = "\r\033[K\033[?7lwork: [############            ]  50 %, 1 steps";
  assert_memory_equal(text, start, sizeof start - 1);
  static const char end[] = "\033[?7h\r\033[K";
  assert_string_equal(text + strlen(text) - (sizeof end - 1), end);
  assert_null(strstr(text, "100 %"));
}

/* Table 3-7 of the Unicode Standard: the borders of its rows, and what lies just outside. */
static void test_utf8(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t length;
  } rows[] = {
      {"\x7F", 1},
      {"\x80", 0},
      {"\xC1\xBF", 0},
      {"\xC2\x80", 2},
      {"\xC2\x7F", 0},
      {"\xC2\xC0", 0},
      {"\xC2", 0},
      {"\xDF\xBF", 2},
      {"\xE0\x9F\xBF", 0},
      {"\xE0\xA0\x80", 3},
      {"\xE0\xA0", 0},
      {"\xED\x9F\xBF", 3},
      {"\xED\xA0\x80", 0},
      {"\xEE\x80\x80", 3},
      {"\xEF\xBF\xBF", 3},
      {"\xEF\xBF\xC0", 0},
      {"\xF0\x8F\xBF\xBF", 0},
      {"\xF0\x90\x80\x80", 4},
      {"\xF0\x90\x80", 0},
      {"\xF4\x8F\xBF\xBF", 4},
      {"\xF4\x90\x80\x80", 0},
      {"\xF5\x80\x80\x80", 0},
      {"\xFF", 0},
      {"", 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(base_utf8_length(rows[i].text, strlen(rows[i].text)), rows[i].length);
    assert_int_equal(base_utf8_valid(rows[i].text, strlen(rows[i].text)),
                     rows[i].length == strlen(rows[i].text));
  }
  assert_true(base_utf8_valid("a\0\xC3\xA4", 4));
  assert_false(base_utf8_valid("a\xC3\xA4", 2));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(status_names_and_messages),
      cmocka_unit_test(sentences),
      cmocka_unit_test(long_sentences_are_cut_between_characters),
      cmocka_unit_test(blocks),
      cmocka_unit_test(reallocation_keeps_contents),
      cmocka_unit_test(strings),
      cmocka_unit_test(allocations_fail_on_request),
      cmocka_unit_test(arena_gives_aligned_disjoint_blocks),
      cmocka_unit_test(arena_reset_reuses_the_first_block),
      cmocka_unit_test(arena_refuses_overflow),
      cmocka_unit_test(xoshiro_reference),
      cmocka_unit_test(seeding_is_splitmix64),
      cmocka_unit_test(split_streams_differ),
      cmocka_unit_test(uniform_numbers),
      cmocka_unit_test(whole_numbers_without_bias),
      cmocka_unit_test(normal_numbers),
      cmocka_unit_test(shuffles),
      cmocka_unit_test(cpu_levels_can_be_lowered_only),
      cmocka_unit_test(cpu_level_follows_the_environment),
      cmocka_unit_test(progress_lines),
      cmocka_unit_test(progress_is_drawn_rarely),
      cmocka_unit_test(test_utf8),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
