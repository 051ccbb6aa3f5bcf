/* What was doubtful: cutting glyphs out of a drawn picture, and the lists beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "data/file.h"
#include "page/review.h"
#include "scratch.h"

enum { WIDTH = 60, HEIGHT = 40, PAPER = 230, INK = 10 };

static const ink_box LEFT = {20, 10, 10, 20}, RIGHT = {32, 10, 8, 20};

/* Two filled boxes on paper, as a file. */
static size_t draw(uint8_t bytes[64 + WIDTH * HEIGHT]) {
  int length = snprintf((char *)bytes, 64, "P5\n%d %d\n255\n", WIDTH, HEIGHT);
  uint8_t *pixels = bytes + length;
  memset(pixels, PAPER, WIDTH * HEIGHT);
  for (int y = LEFT.y; y < LEFT.y + LEFT.height; y++) {
    memset(pixels + y * WIDTH + LEFT.x, INK, (size_t)LEFT.width);
    memset(pixels + y * WIDTH + RIGHT.x, INK, (size_t)RIGHT.width);
  }
  return (size_t)length + WIDTH * HEIGHT;
}

/* The left box was rejected with two candidates, the right one read. */
static read_alternative candidates[] = {{"7", 0.5}, {"1", 0.125}};

static void set_result(read_result *result, read_line *line, read_page *page,
                       read_glyph glyphs[2]) {
  glyphs[0] = (read_glyph){.text = "",
                           .confidence = 0.5,
                           .box = LEFT,
                           .alternatives = candidates,
                           .alternative_count = 2,
                           .rejected = true};
  glyphs[1] = (read_glyph){.text = "8", .confidence = 0.99, .box = RIGHT};
  *line = (read_line){.text = "8", .glyphs = glyphs, .glyph_count = 2};
  *page = (read_page){.width = WIDTH, .height = HEIGHT, .lines = line, .line_count = 1};
  *result = (read_result){.pages = page, .page_count = 1};
}

static void test_cuts(void **state) {
  (void)state;
  uint8_t bytes[64 + WIDTH * HEIGHT];
  size_t size = draw(bytes);
  read_result result;
  read_line line;
  read_page page;
  read_glyph glyphs[2];
  page_cuts cuts;
  page_picture cut;
  base_error error = {0};
  set_result(&result, &line, &page, glyphs);
  assert_int_equal(page_cut_doubtful(bytes, size, NULL, &result, &cuts, &error), SCRAWL_OK);
  assert_int_equal(cuts.count, 1);
  assert_int_equal(cuts.items[0].line, 1);
  assert_int_equal(cuts.items[0].number, 1);
  assert_ptr_equal(cuts.items[0].glyph, &glyphs[0]);
  assert_int_equal(page_decode(cuts.items[0].png, cuts.items[0].size, NULL, &cut, &error),
                   SCRAWL_OK);
  /* A margin of a quarter of 20 pixels; the neighbour, which begins within it, is gone. */
  assert_int_equal(cut.width, 20);
  assert_int_equal(cut.height, 30);
  for (int y = 0; y < 30; y++)
    for (int x = 0; x < 20; x++) {
      bool ink = x >= 5 && x < 15 && y >= 5 && y < 25;
      assert_int_equal(cut.grey[y * 20 + x], ink ? INK : PAPER);
    }
  base_free(cut.grey);
  page_cuts_free(&cuts);
  /* At the border of the picture there is less of a margin. */
  glyphs[0].box = (ink_box){0, 30, 60, 10};
  assert_int_equal(page_cut_doubtful(bytes, size, NULL, &result, &cuts, &error), SCRAWL_OK);
  assert_int_equal(page_decode(cuts.items[0].png, cuts.items[0].size, NULL, &cut, &error),
                   SCRAWL_OK);
  assert_int_equal(cut.width, 60);
  assert_int_equal(cut.height, 25);
  base_free(cut.grey);
  page_cuts_free(&cuts);
  /* Nothing doubtful: nothing is decoded. */
  glyphs[0].rejected = false;
  assert_int_equal(page_cut_doubtful("", 0, NULL, &result, &cuts, &error), SCRAWL_OK);
  assert_int_equal(cuts.count, 0);
  glyphs[0].rejected = true;
  assert_int_equal(page_cut_doubtful("rubbish", 7, NULL, &result, &cuts, &error),
                   SCRAWL_BAD_FORMAT);
  assert_null(cuts.items);
}

static void assert_file(const char *folder, const char *name, const char *expected) {
  uint8_t *bytes;
  size_t size;
  base_error error = {0};
  char *path = base_format("%s/%s", folder, name);
  assert_int_equal(data_file_read(path, 1 << 20, &bytes, &size, &error), SCRAWL_OK);
  assert_string_equal((char *)bytes, expected);
  base_free(bytes);
  base_free(path);
}

static void test_lists(void **state) {
  (void)state;
  const char *folder = scratch("review");
  page_review *review;
  base_error error = {0};
  assert_int_equal(page_review_begin(folder, &review, &error), SCRAWL_OK);
  read_glyph glyph = {.text = "",
                      .confidence = 0.5,
                      .box = LEFT,
                      .alternatives = candidates,
                      .alternative_count = 2,
                      .rejected = true};
  page_cut cut = {.line = 2, .number = 3, .glyph = &glyph, .png = (uint8_t *)"png", .size = 3};
  assert_int_equal(page_review_add(review, "a\tb.png", &cut, NULL, &error), SCRAWL_OK);
  glyph.confidence = candidates[0].confidence = 0.25; /* no glyph: 0.625 */
  assert_int_equal(page_review_add(review, "c.png", &cut, NULL, &error), SCRAWL_OK);
  assert_int_equal(page_review_add(review, "c.png", &cut, "4", &error), SCRAWL_OK);
  assert_int_equal(page_review_count(review), 3);
  assert_int_equal(page_review_end(review, &error), SCRAWL_OK);
  page_review_free(review);
  candidates[0].confidence = 0.5;
  assert_file(folder, "000001.png", "png");
  assert_file(folder, "manifest.tsv",
              "000001.png\t7\n000002.png\t" READ_NO_GLYPH "\n000003.png\t4\n");
  assert_file(folder, "review.tsv",
              "path\tfile\tline\tglyph\tx\ty\twidth\theight\tguess\tconfidence\tno glyph\t"
              "candidates\n"
              "000001.png\ta?b.png\t2\t3\t20\t10\t10\t20\t7\t0.500000\t0.375000\t7:0.500000 "
              "1:0.125000\n"
              "000002.png\tc.png\t2\t3\t20\t10\t10\t20\t" READ_NO_GLYPH
              "\t0.250000\t0.625000\t7:0.250000 1:0.125000\n"
              "000003.png\tc.png\t2\t3\t20\t10\t10\t20\t" READ_NO_GLYPH
              "\t0.250000\t0.625000\t7:0.250000 1:0.125000\n");
  /* What somebody may have corrected is not written over. */
  assert_int_equal(page_review_begin(folder, &review, &error), SCRAWL_INVALID_ARGUMENT);
  assert_null(review);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cuts),
      cmocka_unit_test_setup_teardown(test_lists, scratch_setup, scratch_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
