/* Strings, lines and grids drawn by the tests, read from picture to text: what was written is known
 * because it was drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "page/page.h"
#include "strokes.h"

enum { SIZE = 60, PEN = 6, PAPER = 235, INK = 25 };

static base_error error;
static read_model *model;
static read_reader *reader;

typedef struct canvas {
  int width, height;
  uint8_t *grey;
} canvas;

static canvas blank(int width, int height) {
  canvas made = {width, height, malloc((size_t)width * (size_t)height)};
  if (!made.grey) abort();
  memset(made.grey, PAPER, (size_t)width * (size_t)height);
  return made;
}

static void draw_box(canvas *c, int x, int y, int width, int height) {
  for (int v = y; v < y + height; v++)
    memset(c->grey + (size_t)v * (size_t)c->width + x, INK, (size_t)width);
}

static const stroke_glyph *glyph_of(char sign) {
  for (int i = 0; i < STROKE_GLYPH_COUNT; i++)
    if (STROKE_GLYPHS[i].sign == sign) return &STROKE_GLYPHS[i];
  fail_msg("no %c among the drawn glyphs", sign);
  return NULL;
}

static float ink_right(const stroke_glyph *glyph) {
  float right = 0;
  for (int i = 0; i < glyph->count; i++) right = fmaxf(right, glyph->points[i].x);
  return right;
}

static float ink_left(const stroke_glyph *glyph) {
  float left = 1;
  for (int i = 0; i < glyph->count; i++) left = fminf(left, glyph->points[i].x);
  return left;
}

/* Digits, dots, dashes and spaces from `left` on, `gap` pixels between their ink. */
static void draw_text(canvas *c, const char *text, int left, int top, int gap) {
  float at = (float)left;
  for (; *text; text++) {
    if (*text == ' ') {
      at += SIZE;
    } else if (*text == '.') {
      draw_box(c, (int)at + 2, top + SIZE - 8, 9, 9);
      at += 11 + (float)gap;
    } else if (*text == '-') {
      draw_box(c, (int)at + 4, top + SIZE / 2 - 3, 26, PEN);
      at += 34 + (float)gap;
    } else {
      const stroke_glyph *glyph = glyph_of(*text);
      float begin = at - ink_left(glyph) * SIZE + PEN / 2.0F;
      stroke_draw(glyph, c->grey, c->width, c->height, begin, (float)top, SIZE, PEN, INK);
      at = begin + ink_right(glyph) * SIZE + PEN / 2.0F + (float)gap;
    }
  }
}

/* Reads and frees the picture. */
static void read_canvas(canvas *c, page_mode mode, read_result *result) {
  PIX *pix = pixCreate(c->width, c->height, 8);
  for (int y = 0; y < c->height; y++)
    for (int x = 0; x < c->width; x++)
      pixSetPixel(pix, x, y, c->grey[(size_t)y * (size_t)c->width + (size_t)x]);
  l_uint8 *bytes = NULL;
  size_t size;
  assert_int_equal(pixWriteMem(&bytes, &size, pix, IFF_PNG), 0);
  pixDestroy(&pix);
  free(c->grey);
  page_options options = {.mode = mode};
  if (page_read(bytes, size, &options, reader, result, &error) != SCRAWL_OK)
    fail_msg("%s", error.message);
  lept_free(bytes);
}

static void assert_text(const read_result *result, const char *expected) {
  char text[256] = "";
  for (size_t i = 0; i < result->pages[0].line_count; i++) {
    if (i) strcat(text, "/");
    strcat(text, result->pages[0].lines[i].text);
  }
  assert_string_equal(text, expected);
}

static void assert_string(const char *text, int gap, page_mode mode, const char *expected) {
  canvas c = blank(140 + 60 * (int)strlen(text), 160);
  read_result result;
  draw_text(&c, text, 60, 50, gap);
  read_canvas(&c, mode, &result);
  assert_text(&result, expected);
  read_result_free(&result);
}

static void digits_in_a_row_are_a_string(void **state) {
  (void)state;
  assert_string("4710274", 14, PAGE_DIGITS, "4710274");
  assert_string("1101", 14, PAGE_AUTO, "1101");
  assert_string("0000", 14, PAGE_AUTO, "0000");
}

static void touching_digits_are_parted(void **state) {
  (void)state;
  assert_string("2702", -3, PAGE_DIGITS, "2702");
  assert_string("7202", -3, PAGE_DIGITS, "7202");
}

static void separators_stand_between_digits_alone(void **state) {
  (void)state;
  assert_string("47.20", 14, PAGE_DIGITS, "47.20");
  assert_string("47-20", 14, PAGE_DIGITS, "47-20");
  assert_string("47 20 71", 12, PAGE_DIGITS, "47 20 71");
  assert_string("-472.", 14, PAGE_DIGITS, "472");
}

static void one_digit_is_one_digit(void **state) {
  (void)state;
  for (int i = 0; i < STROKE_GLYPH_COUNT; i++) {
    const char text[2] = {STROKE_GLYPHS[i].sign, 0};
    assert_string(text, 0, PAGE_AUTO, text);
  }
}

static void lines_are_read_from_top_to_bottom(void **state) {
  (void)state;
  canvas c = blank(420, 400);
  read_result result;
  draw_text(&c, "2710", 60, 40, 14);
  draw_text(&c, "47", 200, 150, 14);
  draw_text(&c, "1024", 50, 270, 14);
  read_canvas(&c, PAGE_AUTO, &result);
  assert_text(&result, "2710/47/1024");
  /* Boxes are of the picture, each glyph's within its line's. */
  const read_line *line = &result.pages[0].lines[1];
  assert_in_range(line->box.x, 194, 204);
  assert_in_range(line->box.y, 142, 152);
  assert_in_range(line->box.height, SIZE, SIZE + 2 * PEN + 4);
  assert_int_equal(line->glyph_count, 2);
  assert_true(line->glyphs[0].box.x >= line->box.x);
  assert_true(line->glyphs[1].box.x > line->glyphs[0].box.x + line->glyphs[0].box.width - 2);
  double product = 1;
  for (size_t i = 0; i < line->glyph_count; i++) product *= line->glyphs[i].confidence;
  assert_true(fabs(line->confidence - product) < 1e-9);
  read_result_free(&result);
}

static void a_grid_has_its_cells(void **state) {
  (void)state;
  enum { CELL = 100, ROWS = 3, COLUMNS = 4, EDGE = 40 };
  static const char CELLS[ROWS][COLUMNS + 1] = {"4.7.", "....", ".0.2"};
  canvas c = blank(2 * EDGE + COLUMNS * CELL, 2 * EDGE + ROWS * CELL);
  read_result result;
  for (int i = 0; i <= ROWS; i++) draw_box(&c, EDGE, EDGE + i * CELL, COLUMNS * CELL + 3, 3);
  for (int i = 0; i <= COLUMNS; i++) draw_box(&c, EDGE + i * CELL, EDGE, 3, ROWS * CELL + 3);
  for (int row = 0; row < ROWS; row++)
    for (int column = 0; column < COLUMNS; column++) {
      const char text[2] = {CELLS[row][column], 0};
      if (*text != '.') draw_text(&c, text, EDGE + column * CELL + 30, EDGE + row * CELL + 20, 0);
    }
  read_canvas(&c, PAGE_AUTO, &result);
  const read_page *page = &result.pages[0];
  assert_int_equal(page->rows, ROWS);
  assert_int_equal(page->columns, COLUMNS);
  for (int i = 0; i < ROWS * COLUMNS; i++) {
    const char sign = CELLS[i / COLUMNS][i % COLUMNS], text[2] = {sign == '.' ? 0 : sign, 0};
    assert_string_equal(page->cells[i].text, text);
    if (!*text) assert_true(page->cells[i].confidence == 1);
    ink_box box = page->cells[i].box;
    int x = EDGE + i % COLUMNS * CELL, y = EDGE + i / COLUMNS * CELL;
    assert_true(abs(box.x - x) < 12 && abs(box.y - y) < 12);
    assert_in_range(box.width, CELL - 24, CELL + 12);
  }
  assert_text(&result, "4\t\t7\t/\t0\t\t2"); /* the second row has no ink */
  read_result_free(&result);
}

static void a_blank_page_has_no_lines(void **state) {
  (void)state;
  static const page_mode MODES[] = {PAGE_AUTO, PAGE_DIGITS, PAGE_GRID};
  for (int i = 0; i < 3; i++) {
    canvas c = blank(300, 200);
    read_result result;
    read_canvas(&c, MODES[i], &result);
    assert_int_equal(result.pages[0].line_count, 0);
    assert_null(result.pages[0].cells);
    read_result_free(&result);
  }
}

static int open_model(void **state) {
  (void)state;
  return read_model_open_builtin("digits", &model, &error) != SCRAWL_OK ||
         read_reader_create(model, 8, NULL, &reader, &error) != SCRAWL_OK;
}

static int close_model(void **state) {
  (void)state;
  read_reader_free(reader);
  read_model_free(model);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(digits_in_a_row_are_a_string),
      cmocka_unit_test(touching_digits_are_parted),
      cmocka_unit_test(separators_stand_between_digits_alone),
      cmocka_unit_test(one_digit_is_one_digit),
      cmocka_unit_test(lines_are_read_from_top_to_bottom),
      cmocka_unit_test(a_grid_has_its_cells),
      cmocka_unit_test(a_blank_page_has_no_lines),
  };
  return cmocka_run_group_tests(tests, open_model, close_model);
}
