/* cmocka as far as the tests of the core use it, for systems that the core is cross-compiled for:
 * building cmocka itself for them would be the larger part of the work. As there is no setjmp on
 * WASI, the first failure ends the program, with status 1, and skip() works in a test's own
 * function only. */
#ifndef TESTS_CROSS_CMOCKA_H
#define TESTS_CROSS_CMOCKA_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
  const char *name;
  void (*run)(void **state);
};

#define cmocka_unit_test(function)                                                                 \
  { #function, function }
#define print_message(...) printf(__VA_ARGS__)

#define skip()                                                                                     \
  do {                                                                                             \
    printf("[  SKIPPED ]\n");                                                                      \
    return;                                                                                        \
  } while (0)

#define fail_msg(...)                                                                              \
  do {                                                                                             \
    printf("%s:%d: ", __FILE__, __LINE__);                                                         \
    printf(__VA_ARGS__);                                                                           \
    printf("\n[  FAILED  ]\n");                                                                    \
    exit(1);                                                                                       \
  } while (0)

#define CROSS_ASSERT(good, text)                                                                   \
  do {                                                                                             \
    if (!(good)) fail_msg("%s", text);                                                             \
  } while (0)
#define CROSS_INTEGER(value) ((uintmax_t)(value))

#define assert_true(value)     CROSS_ASSERT(value, #value)
#define assert_false(value)    CROSS_ASSERT(!(value), "not " #value)
#define assert_null(value)     CROSS_ASSERT(!(value), #value " == NULL")
#define assert_non_null(value) CROSS_ASSERT(value, #value " != NULL")

#define assert_int_equal(a, b)     CROSS_ASSERT(CROSS_INTEGER(a) == CROSS_INTEGER(b), #a " == " #b)
#define assert_int_not_equal(a, b) CROSS_ASSERT(CROSS_INTEGER(a) != CROSS_INTEGER(b), #a " != " #b)
#define assert_ptr_equal(a, b)     CROSS_ASSERT((const void *)(a) == (const void *)(b), #a " == " #b)
#define assert_ptr_not_equal(a, b)                                                                 \
  CROSS_ASSERT((const void *)(a) != (const void *)(b), #a " != " #b)
#define assert_in_range(value, least, most)                                                        \
  CROSS_ASSERT(CROSS_INTEGER(value) >= CROSS_INTEGER(least) &&                                     \
                   CROSS_INTEGER(value) <= CROSS_INTEGER(most),                                    \
               #value " in " #least " .. " #most)

#define assert_memory_equal(a, b, size) CROSS_ASSERT(memcmp(a, b, size) == 0, #a " equals " #b)
#define assert_string_equal(a, b)                                                                  \
  do {                                                                                             \
    const char *cross_a = (a), *cross_b = (b);                                                     \
    if (strcmp(cross_a, cross_b) != 0) fail_msg("\"%s\" is not \"%s\"", cross_a, cross_b);         \
  } while (0)
#define assert_string_not_equal(a, b) CROSS_ASSERT(strcmp(a, b) != 0, #a " != " #b)

static inline int cross_run(const struct CMUnitTest *tests, size_t count) {
  for (size_t i = 0; i < count; i++) {
    void *state = NULL;
    printf("[ RUN      ] %s\n", tests[i].name);
    tests[i].run(&state);
    printf("[       OK ] %s\n", tests[i].name);
  }
  printf("[  PASSED  ] %zu test(s)\n", count);
  return 0;
}

#define cmocka_run_group_tests(tests, setup, teardown)                                             \
  ((void)(setup), (void)(teardown), cross_run(tests, sizeof(tests) / sizeof *(tests)))

#endif
