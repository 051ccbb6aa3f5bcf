/* Libraries loaded late: one that is there, one that is not, and one that lacks a function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <zlib.h>

#include "data/library.h"

static base_error error;

#define FUNCTIONS(F) F(zlibVersion, version) F(crc32, crc)
static const char *const NAMES[] = {FUNCTIONS(DATA_LIBRARY_NAME)};
static struct { FUNCTIONS(DATA_LIBRARY_MEMBER) } functions;

static int starts;
static bool start(void) {
  starts++;
  return true;
}
static bool refuse(void) {
  return false;
}

static void functions_are_found_once(void **state) {
  (void)state;
  data_library library = {.file = "libz.so.1",
                          .hint = "zlib",
                          .names = NAMES,
                          .count = 2,
                          .functions = &functions,
                          .start = start};
  for (int time = 0; time < 2; time++) {
    assert_int_equal(data_library_load(&library, &error), SCRAWL_OK);
    assert_int_equal(starts, 1);
  }
  assert_string_equal(functions.version(), zlibVersion());
  /* The check value of this sum in the catalogue of parametrised CRC algorithms. */
  assert_int_equal(functions.crc(0, (const Bytef *)"123456789", 9), 0xCBF43926);
}

static void what_is_missing_is_said(void **state) {
  (void)state;
  static const char *const unknown[] = {"zlibVersion", "no_such_function_of_zlib"};
  data_library libraries[] = {
      {.file = "libscrawl-nowhere.so.9", .hint = "what is nowhere", .functions = &functions},
      {.file = "libz.so.1",
       .hint = "what is nowhere",
       .names = unknown,
       .count = 2,
       .functions = &functions},
      {.file = "libz.so.1",
       .hint = "what is nowhere",
       .names = NAMES,
       .count = 2,
       .functions = &functions,
       .start = refuse},
  };
  for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
    for (int time = 0; time < 2; time++) {
      assert_int_equal(data_library_load(&libraries[i], &error), SCRAWL_NOT_FOUND);
      assert_non_null(strstr(error.message, libraries[i].file));
      assert_non_null(strstr(error.message, "could not be loaded: install what is nowhere"));
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(functions_are_found_once),
      cmocka_unit_test(what_is_missing_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
