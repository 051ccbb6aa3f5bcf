/* Data sets looked into, drawn as a contact sheet, and written out again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <leptonica/allheaders.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "data/convert.h"
#include "data/file.h"
#include "data/inspect.h"
#include "data/sheet.h"
#include "scratch.h"

static base_error error;

enum { SIDE = 4, COUNT = 8, PIXELS = SIDE * SIDE };

/* Number 2 and 5 are copies of 0, 5 under another label; 3 is blank but for a trace, 6 as blank
 * a copy of it. */
static data_set material(void) {
  static const uint16_t labels[COUNT] = {0, 1, 0, 1, 0, 1, 1, 0};
  static const uint8_t marks[COUNT] = {200, 201, 200, 63, 64, 200, 63, 255};
  data_set set = {.name = base_strdup("material"),
                  .count = COUNT,
                  .height = SIDE,
                  .width = SIDE,
                  .classes = 3,
                  .alphabet = base_strdup("aä/"),
                  .pixels = base_alloc_zero(COUNT, PIXELS),
                  .labels = base_alloc(COUNT, sizeof(uint16_t))};
  memcpy(set.labels, labels, sizeof labels);
  for (size_t i = 0; i < COUNT; i++) set.pixels[i * PIXELS + 5] = marks[i];
  return set;
}

static void blanks_copies_and_conflicts_are_found(void **state) {
  (void)state;
  static const uint8_t expected[COUNT] = {
      0, 0, DATA_COPY, DATA_BLANK, 0, DATA_COPY | DATA_CONFLICT, DATA_BLANK | DATA_COPY, 0};
  data_set set = material();
  data_inspection found;
  assert_int_equal(data_inspect(&set, &found, &error), SCRAWL_OK);
  assert_int_equal(found.counts[0], 4);
  assert_int_equal(found.counts[1], 4);
  assert_int_equal(found.counts[2], 0);
  assert_memory_equal(found.remarks, expected, COUNT);
  assert_int_equal(found.blank, 2);
  assert_int_equal(found.copies, 3);
  assert_int_equal(found.conflicts, 1);
  data_inspection_free(&found);
  data_inspection_free(NULL);
  data_set_free(&set);
}

static void signs_are_found_by_class(void **state) {
  (void)state;
  data_set set = material();
  static const char *const expected[] = {"a", "ä", "/", ""};
  for (int class = 0; class < 4; class ++) {
    char sign[SCRAWL_MAX_SIGN_BYTES];
    data_set_sign(&set, class, sign);
    assert_string_equal(sign, expected[class]);
  }
  data_set_free(&set);
}

static uint8_t grey_at(PIX *pix, int x, int y) {
  l_uint32 value;
  assert_int_equal(pixGetDepth(pix), 8);
  assert_int_equal(pixGetPixel(pix, x, y, &value), 0);
  return (uint8_t)value;
}

static void a_contact_sheet_shows_every_class(void **state) {
  (void)state;
  data_set set = material();
  assert_int_equal(data_sheet_write(&set, scratch("sheet.png"), &error), SCRAWL_OK);
  PIX *sheet = pixRead(scratch("sheet.png"));
  assert_non_null(sheet);
  int width = pixGetWidth(sheet), height = pixGetHeight(sheet);
  assert_in_range(width, 1000, 2000);
  assert_in_range(height, 3 * 60, 400);
  int letters = 0;
  for (int y = 60; y < 120; y++)
    for (int x = 0; x < 120; x++) letters += grey_at(sheet, x, y) == 0;
  assert_in_range(letters, 20, 1000);
  /* Each picture has one pixel of ink, of 14 x 14 here: four pictures in each of two rows, the
   * third row empty. Right of the labels nothing else is drawn, and grey is 255 less the ink. */
  int counts[256] = {0};
  for (int y = 60; y < height; y++)
    for (int x = 120; x < width; x++) counts[grey_at(sheet, x, y)]++;
  assert_int_equal(counts[255 - 200], 3 * 14 * 14);
  assert_int_equal(counts[255 - 201], 14 * 14);
  assert_int_equal(counts[255 - 63], 2 * 14 * 14);
  assert_int_equal(counts[255 - 64], 14 * 14);
  assert_int_equal(counts[0], 14 * 14);
  assert_int_equal(counts[255], (height - 60) * (width - 120) - 8 * 14 * 14);
  pixDestroy(&sheet);
  assert_int_equal(data_sheet_write(&set, scratch("none/sheet.png"), &error), SCRAWL_WRITE_FAILED);
  set.classes = 10000;
  assert_int_equal(data_sheet_write(&set, scratch("x.png"), &error), SCRAWL_LIMIT_EXCEEDED);
  data_set_free(&set);
}

static void a_set_survives_idx(void **state) {
  (void)state;
  data_set set = material(), back;
  char both[1100];
  assert_int_equal(data_convert_to_idx(&set, 0, scratch("out"), &error), SCRAWL_OK);
  snprintf(both, sizeof both, "%s,%s", scratch("out-images-idx3-ubyte.gz"),
           scratch("out-labels-idx1-ubyte.gz"));
  assert_int_equal(data_set_open(both, DATA_TEST, &back, &error), SCRAWL_OK);
  assert_int_equal(back.count, COUNT);
  assert_int_equal(back.width, SIDE);
  assert_memory_equal(back.pixels, set.pixels, COUNT * PIXELS);
  assert_memory_equal(back.labels, set.labels, COUNT * sizeof *set.labels);
  data_set_free(&back);
  /* Four of eight: every other. */
  assert_int_equal(data_convert_to_idx(&set, 4, scratch("out"), &error), SCRAWL_OK);
  assert_int_equal(data_set_open(both, DATA_TEST, &back, &error), SCRAWL_OK);
  assert_int_equal(back.count, 4);
  for (size_t i = 0; i < 4; i++)
    assert_memory_equal(back.pixels + i * PIXELS, set.pixels + 2 * i * PIXELS, PIXELS);
  data_set_free(&back);
  /* Signs keep their meaning: what is written as 7 and b is read as such. */
  strcpy(set.alphabet, "7bX");
  assert_int_equal(data_convert_to_idx(&set, 2, scratch("out"), &error), SCRAWL_OK);
  assert_int_equal(data_set_open(both, DATA_TEST, &back, &error), SCRAWL_OK);
  assert_int_equal(back.labels[0], 7);
  data_set_free(&back);
  set.labels[0] = 1;
  assert_int_equal(data_convert_to_idx(&set, 1, scratch("out"), &error), SCRAWL_OK);
  assert_int_equal(data_set_open(both, DATA_TEST, &back, &error), SCRAWL_OK);
  char sign[SCRAWL_MAX_SIGN_BYTES];
  data_set_sign(&back, back.labels[0], sign);
  assert_string_equal(sign, "b");
  data_set_free(&back);
  set.classes = 257;
  assert_int_equal(data_convert_to_idx(&set, 0, scratch("out"), &error), SCRAWL_LIMIT_EXCEEDED);
  data_set_free(&set);
}

static void a_set_becomes_a_folder_of_pictures(void **state) {
  (void)state;
  static const char expected[] = "000000.png\ta\n000001.png\tä\n000002.png\ta\n000003.png\tä\n"
                                 "000004.png\ta\n000005.png\tä\n000006.png\tä\n000007.png\ta\n";
  data_set set = material();
  assert_int_equal(data_convert_to_folder(&set, 100, scratch("out"), NULL, &error), SCRAWL_OK);
  uint8_t *bytes;
  size_t size;
  assert_int_equal(data_file_read(scratch("out/manifest.tsv"), 1000, &bytes, &size, &error),
                   SCRAWL_OK);
  assert_string_equal((char *)bytes, expected);
  base_free(bytes);
  data_manifest list;
  assert_int_equal(data_manifest_open(scratch("out"), &list, &error), SCRAWL_OK);
  assert_int_equal(list.count, COUNT);
  for (size_t i = 0; i < COUNT; i++) {
    PIX *picture = pixRead(list.items[i].path);
    assert_non_null(picture);
    assert_int_equal(pixGetWidth(picture), SIDE);
    for (int y = 0; y < SIDE; y++)
      for (int x = 0; x < SIDE; x++)
        assert_int_equal(grey_at(picture, x, y),
                         255 - set.pixels[i * PIXELS + (size_t)(y * SIDE + x)]);
    pixDestroy(&picture);
  }
  data_manifest_free(&list);
  assert_int_equal(data_convert_to_folder(&set, 0, scratch("out"), NULL, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "manifest.tsv already"));
  assert_int_equal(data_convert_to_folder(&set, 0, scratch("no/out"), NULL, &error),
                   SCRAWL_WRITE_FAILED);
  data_set_free(&set);
}

static void a_full_disk_leaves_no_data_set(void **state) {
  (void)state;
  data_set set = material();
  struct rlimit before, small;
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = 20;
  setrlimit(RLIMIT_FSIZE, &small);
  scrawl_status folder = data_convert_to_folder(&set, 0, scratch("out"), NULL, &error);
  scrawl_status idx = data_convert_to_idx(&set, 0, scratch("pair"), &error);
  scrawl_status sheet = data_sheet_write(&set, scratch("sheet.png"), &error);
  setrlimit(RLIMIT_FSIZE, &before);
  assert_int_equal(folder, SCRAWL_WRITE_FAILED);
  assert_int_equal(idx, SCRAWL_WRITE_FAILED);
  assert_int_equal(sheet, SCRAWL_WRITE_FAILED);
  assert_false(data_is_folder(scratch("out")));
  assert_int_equal(scratch_count(), 1);
  data_set_free(&set);
}

static scrawl_status inspect(const data_set *set) {
  data_inspection found;
  scrawl_status status = data_inspect(set, &found, &error);
  data_inspection_free(&found);
  return status;
}
static scrawl_status draw(const data_set *set) {
  return data_sheet_write(set, scratch("sheet.png"), &error);
}
static scrawl_status to_idx(const data_set *set) {
  return data_convert_to_idx(set, 0, scratch("pair"), &error);
}
static scrawl_status to_folder(const data_set *set) {
  return data_convert_to_folder(set, 0, scratch("out"), NULL, &error);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  data_set set = material();
  scrawl_status (*const works[])(const data_set *) = {inspect, draw, to_idx, to_folder};
  for (size_t w = 0; w < sizeof works / sizeof *works; w++) {
    scrawl_status status = SCRAWL_OUT_OF_MEMORY;
    for (long n = 0; status != SCRAWL_OK && n < 100; n++) {
      base_alloc_fail_after(n);
      status = works[w](&set);
      base_alloc_fail_after(-1);
      if (status != SCRAWL_OK) assert_int_not_equal(status, SCRAWL_INTERNAL);
    }
    if (status != SCRAWL_OK) fail_msg("%zu: %s", w, error.message);
  }
  data_set_free(&set);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      TEST(blanks_copies_and_conflicts_are_found),
      TEST(signs_are_found_by_class),
      TEST(a_contact_sheet_shows_every_class),
      TEST(a_set_survives_idx),
      TEST(a_set_becomes_a_folder_of_pictures),
      TEST(a_full_disk_leaves_no_data_set),
      TEST(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
