/* Crops of the cutting: each digit of generated strings is among them, under its own label. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/memory.h"
#include "data/file.h"
#include "data/generate.h"
#include "data/truth.h"
#include "page/crops.h"
#include "scratch.h"

enum { STRINGS = 10, CLASSES = 11, NONE = 10 };

static base_error error;

static void write_truth(const char *text) {
  assert_int_equal(data_file_write(scratch("bad/truth.jsonl"), text, strlen(text), &error),
                   SCRAWL_OK);
}

static void assert_bad(const char *text, const char *says) {
  data_truth truth;
  write_truth(text);
  assert_int_equal(data_truth_open(scratch("bad"), &truth, &error), SCRAWL_BAD_FORMAT);
  assert_non_null(strstr(error.message, says));
  assert_int_equal(truth.count, 0);
}

static void truth_is_parsed_or_refused(void **state) {
  (void)state;
  data_truth truth;
  assert_int_equal(data_truth_open(scratch("nowhere"), &truth, &error), SCRAWL_NOT_FOUND);
  assert_int_equal(mkdir(scratch("bad"), 0700), 0);
  write_truth("{\"picture\":\"a.png\",\"lines\":[{\"glyphs\":[{\"text\":\"7\",\"box\":[1,2,3,4]}],"
              "\"marks\":[{\"text\":\"€\",\"box\":[9,2,3,4]}]}]}\n\n{\"picture\":\"b.png\","
              "\"lines\":[]}");
  assert_int_equal(data_truth_open(scratch("bad"), &truth, &error), SCRAWL_OK);
  assert_int_equal(truth.count, 2);
  assert_int_equal(truth.items[0].count, 2);
  assert_string_equal(truth.items[0].path, scratch("bad/a.png"));
  const data_truth_sign *seven = &truth.items[0].signs[0], *euro = seven + 1;
  assert_string_equal(seven->text, "7");
  assert_false(seven->mark);
  assert_true(seven->box.x == 1 && seven->box.y == 2 && seven->box.width == 3 &&
              seven->box.height == 4);
  assert_string_equal(euro->text, "€");
  assert_true(euro->mark);
  assert_int_equal(truth.items[1].count, 0);
  data_truth_free(&truth);

  assert_bad("{\"picture\":\"a.png\",\"lines\":[]}\n{", "truth.jsonl:2: no JSON");
  assert_bad("{\"lines\":[]}", "truth.jsonl:1: no picture with lines");
  assert_bad("{\"picture\":\"a.png\",\"lines\":[{\"glyphs\":[{\"text\":\"7\"}]}]}",
             "truth.jsonl:1: a sign without text and box");
  assert_bad(
      "{\"picture\":\"a.png\",\"lines\":[{\"glyphs\":[{\"text\":\"7\",\"box\":[1,2,0,4]}]}]}",
      "a sign without text and box");
  assert_bad(
      "{\"picture\":\"a.png\",\"lines\":[{\"glyphs\":[{\"text\":\"12345678901\",\"box\":[1,2,"
      "3,4]}]}]}",
      "a sign without text and box");
}

static void open_crops(const char *folder, data_set *set) {
  read_model *model;
  read_reader *reader;
  base_progress progress = {.mode = BASE_PROGRESS_NONE};
  assert_int_equal(read_model_open_builtin("digits", &model, &error), SCRAWL_OK);
  assert_int_equal(read_reader_create(model, 64, NULL, &reader, &error), SCRAWL_OK);
  scrawl_status status = page_open_crops(folder, reader, 1, &progress, set, &error);
  if (status != SCRAWL_OK) print_error("%s\n", error.message);
  assert_int_equal(status, SCRAWL_OK);
  read_reader_free(reader);
  read_model_free(model);
}

/* Flat black strokes on white: what is written is what is cut, and nearly all of it apart. */
static void each_digit_is_among_the_crops(void **state) {
  (void)state;
  data_generate_options options = {.kind = DATA_GENERATE_STRING,
                                   .capture = DATA_GENERATE_NONE,
                                   .count = STRINGS,
                                   .seed = 3,
                                   .megapixels = 1};
  assert_int_equal(data_generate(&options, scratch("strings"), NULL, NULL, &error), SCRAWL_OK);
  data_manifest manifest;
  assert_int_equal(data_manifest_open(scratch("strings"), &manifest, &error), SCRAWL_OK);
  size_t written[CLASSES] = {0}, cut[CLASSES] = {0}, digits = 0, missed = 0;
  for (size_t i = 0; i < manifest.count; i++)
    for (const char *sign = manifest.items[i].label; *sign; sign++)
      if (*sign >= '0' && *sign <= '9') written[*sign - '0']++, digits++;
  data_manifest_free(&manifest);

  data_set set;
  open_crops(scratch("strings"), &set);
  assert_string_equal(set.alphabet, "0123456789\u2205");
  assert_int_equal(set.classes, CLASSES);
  for (size_t i = 0; i < set.count; i++) cut[set.labels[i]]++;
  for (int d = 0; d < NONE; d++) {
    if (!written[d]) assert_int_equal(cut[d], 0);
    if (cut[d] < written[d]) missed += written[d] - cut[d];
  }
  assert_true(missed <= digits / 10);
  assert_true(cut[NONE] > 0 && cut[NONE] <= set.count / 2);

  data_set again;
  open_crops(scratch("strings"), &again);
  assert_int_equal(again.count, set.count);
  assert_memory_equal(again.pixels, set.pixels, set.count * INK_GLYPH_PIXELS);
  assert_memory_equal(again.labels, set.labels, set.count * sizeof *set.labels);
  data_set_free(&again);
  data_set_free(&set);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(truth_is_parsed_or_refused),
                                     cmocka_unit_test(each_digit_is_among_the_crops)};
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
