/* Result trees as text: a tree made by hand, and what each writer makes of it. JSON is judged by
 * parsing it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "format/format.h"

static base_error error;

static read_alternative alternatives[] = {{"1", 0.0015}, {"\xc3\xa9", 0.0005}};
static read_glyph glyphs[] = {
    {"7", 0.998, {10, 20, 30, 40}, alternatives, 2, false, NULL},
    {"", 0.25, {50, 20, 12, 40}, alternatives, 2, true, NULL},
};
static read_word words[] = {{"7", 0.998, {10, 20, 30, 40}}};
static read_line lines[] = {{"7", 0.97, {10, 20, 52, 40}, words, 1, glyphs, 2, NULL}};
static read_page pages[] = {
    {.width = 640, .height = 480, .angle = 1.5, .lines = lines, .line_count = 1},
    {.width = 100, .height = 50},
};

static read_result tree(void) {
  return (read_result){.pages = pages,
                       .page_count = 2,
                       .model_name = "digits",
                       .model_version = "3",
                       .milliseconds = 1.25};
}

static char *write_tree(const read_result *result, const char *name, const char *source) {
  format_buffer buffer = {0};
  const format_row *row = format_find(name);
  assert_non_null(row);
  assert_int_equal(row->write(result, source, &buffer, &error), SCRAWL_OK);
  assert_int_equal(strlen(buffer.text), buffer.size);
  return buffer.text;
}

static char *write_as(const char *name, const char *source) {
  read_result result = tree();
  return write_tree(&result, name, source);
}

static void assert_written(const char *name, const char *source, const char *expected) {
  char *text = write_as(name, source);
  assert_string_equal(text, expected);
  base_free(text);
}

static void text_is_one_line_for_each_line(void **state) {
  (void)state;
  assert_written("text", NULL, "7\n\n");
  assert_written("text", "a.png", "a.png\t7\na.png\t\n");
  /* A name cannot break out of its line or column, nor move the cursor. */
  assert_written("text", "a\tb\nc\x1b[2J\xff\xc3\xa9",
                 "a\xef\xbf\xbd"
                 "b\xef\xbf\xbd"
                 "c\xef\xbf\xbd[2J\xef\xbf\xbd\xc3\xa9\t7\n"
                 "a\xef\xbf\xbd"
                 "b\xef\xbf\xbd"
                 "c\xef\xbf\xbd[2J\xef\xbf\xbd\xc3\xa9\t\n");
}

static void a_table_has_a_row_for_everything(void **state) {
  (void)state;
  assert_written(
      "tsv", "a.png",
      "file\tpage\tline\tlevel\tnumber\ttext\tconfidence\tx\ty\twidth\theight\trejected\n"
      "a.png\t1\t0\tpage\t0\t\t\t0\t0\t640\t480\t0\n"
      "a.png\t1\t1\tline\t0\t7\t0.970000\t10\t20\t52\t40\t0\n"
      "a.png\t1\t1\tword\t1\t7\t0.998000\t10\t20\t30\t40\t0\n"
      "a.png\t1\t1\tglyph\t1\t7\t0.998000\t10\t20\t30\t40\t0\n"
      "a.png\t1\t1\tglyph\t2\t\t0.250000\t50\t20\t12\t40\t1\n"
      "a.png\t2\t0\tpage\t0\t\t\t0\t0\t100\t50\t1\n");
  /* A second result in the same buffer goes on under the same heading. */
  read_result result = tree();
  format_buffer buffer = {0};
  for (int i = 0; i < 2; i++)
    assert_int_equal(format_find("tsv")->write(&result, NULL, &buffer, &error), SCRAWL_OK);
  assert_ptr_equal(strstr(buffer.text, "file\t"), buffer.text);
  assert_null(strstr(buffer.text + 1, "file\t"));
  base_free(buffer.text);
}

/* 2 x 3 cells of which the second row is empty, and a line for the first. */
static read_cell cells[] = {{"5", 0.9, {1, 2, 3, 4}},  {"", 1, {5, 2, 3, 4}},
                            {"12", 0.5, {9, 2, 3, 4}}, {"", 1, {1, 6, 3, 4}},
                            {"", 1, {5, 6, 3, 4}},     {"", 1, {9, 6, 3, 4}}};
static read_line grid_lines[] = {{.text = "5\t\t12", .confidence = 0.45, .box = {1, 2, 11, 4}}};
static read_page grid_page[] = {{.width = 12,
                                 .height = 10,
                                 .lines = grid_lines,
                                 .line_count = 1,
                                 .rows = 2,
                                 .columns = 3,
                                 .cells = cells}};

static char *write_grid(const char *format, const char *source) {
  read_result result = {.pages = grid_page, .page_count = 1, .model_name = "", .model_version = ""};
  format_buffer buffer = {0};
  assert_int_equal(format_find(format)->write(&result, source, &buffer, &error), SCRAWL_OK);
  return buffer.text;
}

static void a_grid_has_a_line_for_each_row_and_a_tab_between_cells(void **state) {
  (void)state;
  char *text = write_grid("text", NULL);
  assert_string_equal(text, "5\t\t12\n\t\t\n");
  base_free(text);
  text = write_grid("text", "g.png");
  assert_string_equal(text, "g.png\t5\t\t12\ng.png\t\t\t\n");
  base_free(text);
}

static void cells_are_rows_of_a_table(void **state) {
  (void)state;
  char *text = write_grid("tsv", NULL);
  assert_non_null(strstr(text, "\t1\t1\tline\t0\t5  12\t0.450000\t1\t2\t11\t4\t0\n"
                               "\t1\t1\tcell\t1\t5\t0.900000\t1\t2\t3\t4\t0\n"
                               "\t1\t1\tcell\t2\t\t1.000000\t5\t2\t3\t4\t0\n"
                               "\t1\t1\tcell\t3\t12\t0.500000\t9\t2\t3\t4\t0\n"
                               "\t1\t2\tcell\t1\t\t1.000000\t1\t6\t3\t4\t0\n"));
  base_free(text);
}

static void json_has_the_grid_beside_the_lines(void **state) {
  (void)state;
  char *text = write_grid("json", NULL);
  json_t *root = json_loads(text, 0, NULL);
  assert_non_null(root);
  const json_t *page = json_array_get(json_object_get(root, "pages"), 0);
  const json_t *grid = json_object_get(page, "grid"), *rows = json_object_get(grid, "cells");
  assert_int_equal(json_integer_value(json_object_get(grid, "rows")), 2);
  assert_int_equal(json_integer_value(json_object_get(grid, "columns")), 3);
  assert_int_equal(json_array_size(rows), 2);
  const json_t *cell = json_array_get(json_array_get(rows, 0), 2);
  assert_string_equal(json_string_value(json_object_get(cell, "text")), "12");
  assert_true(json_real_value(json_object_get(cell, "confidence")) == 0.5);
  assert_int_equal(json_integer_value(json_array_get(json_object_get(cell, "box"), 0)), 9);
  assert_string_equal(
      json_string_value(json_object_get(json_array_get(json_array_get(rows, 1), 0), "text")), "");
  json_decref(root);
  base_free(text);
}

static void assert_box(const json_t *owner, int x, int y, int width, int height) {
  json_int_t a, b, c, d;
  assert_int_equal(json_unpack(json_object_get(owner, "box"), "[IIII!]", &a, &b, &c, &d), 0);
  assert_true(a == x && b == y && c == width && d == height);
}

static void assert_keys(const json_t *object, const char *keys) {
  char found[512] = "";
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    strcat(found, key);
    strcat(found, " ");
  }
  assert_string_equal(found, keys);
}

static void json_is_as_the_contract_says(void **state) {
  (void)state;
  char *text = write_as("json", NULL);
  json_error_t wrong;
  json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &wrong);
  if (!root) fail_msg("%s: %s", wrong.text, text);
  assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1); /* one line */
  assert_keys(root, "pages model milliseconds ");
  assert_true(json_real_value(json_object_get(root, "milliseconds")) == 1.25);
  const json_t *model = json_object_get(root, "model");
  assert_keys(model, "name version ");
  assert_string_equal(json_string_value(json_object_get(model, "name")), "digits");
  assert_string_equal(json_string_value(json_object_get(model, "version")), "3");

  const json_t *list = json_object_get(root, "pages"), *page = json_array_get(list, 0);
  assert_int_equal(json_array_size(list), 2);
  assert_keys(page, "width height angle lines ");
  assert_int_equal(json_integer_value(json_object_get(page, "width")), 640);
  assert_int_equal(json_integer_value(json_object_get(page, "height")), 480);
  assert_true(json_number_value(json_object_get(page, "angle")) == 1.5);
  assert_int_equal(json_array_size(json_object_get(json_array_get(list, 1), "lines")), 0);

  const json_t *line = json_array_get(json_object_get(page, "lines"), 0);
  assert_keys(line, "text confidence box words glyphs ");
  assert_string_equal(json_string_value(json_object_get(line, "text")), "7");
  assert_true(json_real_value(json_object_get(line, "confidence")) == 0.97);
  assert_box(line, 10, 20, 52, 40);
  const json_t *word = json_array_get(json_object_get(line, "words"), 0);
  assert_keys(word, "text confidence box ");
  assert_box(word, 10, 20, 30, 40);

  const json_t *first = json_array_get(json_object_get(line, "glyphs"), 0);
  assert_keys(first, "text confidence box alternatives rejected ");
  assert_true(json_is_false(json_object_get(first, "rejected")));
  const json_t *others = json_object_get(first, "alternatives");
  assert_int_equal(json_array_size(others), 2);
  assert_keys(json_array_get(others, 1), "text confidence ");
  assert_string_equal(json_string_value(json_object_get(json_array_get(others, 1), "text")),
                      "\xc3\xa9");
  assert_true(json_real_value(json_object_get(json_array_get(others, 0), "confidence")) == 0.0015);
  const json_t *second = json_array_get(json_object_get(line, "glyphs"), 1);
  assert_true(json_is_true(json_object_get(second, "rejected")));
  assert_string_equal(json_string_value(json_object_get(second, "text")), "");
  json_decref(root);
  base_free(text);
}

static void json_takes_any_file_name(void **state) {
  (void)state;
  static const char *const NAMES[][2] = {
      {"a \"b\" \\ \n.png", "a \"b\" \\ \n.png"}, /* JSON can escape these */
      {"b\xff.png", "b\xef\xbf\xbd.png"},
  };
  for (size_t i = 0; i < 2; i++) {
    char *text = write_as("json", NAMES[i][0]);
    json_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    assert_keys(root, "file pages model milliseconds ");
    assert_string_equal(json_string_value(json_object_get(root, "file")), NAMES[i][1]);
    json_decref(root);
    base_free(text);
  }
}

static void several_json_results_are_an_array(void **state) {
  (void)state;
  const format_row *row = format_find("json");
  format_buffer buffer = {0};
  read_result result = tree();
  format_append(&buffer, "%s", row->before);
  for (int i = 0; i < 3; i++) {
    if (i) format_append(&buffer, "%s", row->between);
    assert_int_equal(row->write(&result, "x", &buffer, &error), SCRAWL_OK);
  }
  format_append(&buffer, "%s", row->after);
  json_t *root = json_loads(buffer.text, 0, NULL);
  assert_true(json_is_array(root) && json_array_size(root) == 3);
  json_decref(root);
  base_free(buffer.text);
}

static void a_number_that_is_none_is_refused(void **state) {
  (void)state;
  read_result result = tree();
  format_buffer buffer = {0};
  result.milliseconds = (double)NAN;
  assert_int_not_equal(format_find("json")->write(&result, NULL, &buffer, &error), SCRAWL_OK);
  base_free(buffer.text);
}

static void unknown_formats_are_not_found(void **state) {
  (void)state;
  assert_null(format_find("hocr"));
  assert_null(format_find(""));
  for (const format_row *row = FORMAT_TABLE; row->name; row++) {
    assert_ptr_equal(format_find(row->name), row);
    assert_true(*row->media_type && *row->extension);
  }
}

static void a_full_memory_leaves_a_marked_buffer(void **state) {
  (void)state;
  read_result result = tree();
  for (const format_row *row = FORMAT_TABLE; row->name; row++)
    for (long after = 0; after < 2; after++) {
      format_buffer buffer = {0};
      for (int i = 0; i < 40; i++)
        format_append(&buffer, "%100d\n", i); /* some way to the next block */
      base_alloc_fail_after(after);
      scrawl_status status = SCRAWL_OK;
      for (int i = 0; i < 5000 && status == SCRAWL_OK; i++)
        status = row->write(&result, "name", &buffer, &error);
      base_alloc_fail_after(-1);
      assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
      assert_true(buffer.failed);
      assert_int_equal(strlen(buffer.text), buffer.size);
      base_free(buffer.text);
    }
}

/* One glyph, described, in a line that is. */
static read_result described_tree(void) {
  static const ink_style style = {.slant = 12.5,
                                  .rotation = -3.25,
                                  .width = 30,
                                  .height = 40,
                                  .area = 250,
                                  .x = 25.5,
                                  .y = 41,
                                  .contrast = 0.75,
                                  .strokes = {.width = 4.5,
                                              .width_deviation = 0.5,
                                              .length = 61.25,
                                              .parts = 2,
                                              .loops = 3,
                                              .ends = 4,
                                              .junctions = 5,
                                              .crossings = 6}};
  static const ink_line_style line_style = {.slant = 10,
                                            .rotation = 1.5,
                                            .height = 40,
                                            .height_deviation = 2,
                                            .spacing = -3,
                                            .stroke = 4,
                                            .contrast = 0.5};
  static read_glyph glyph = {"7", 0.5, {10, 20, 30, 40}, NULL, 0, false, &style};
  static read_line line = {"7", 0.5, {10, 20, 30, 40}, words, 1, &glyph, 1, &line_style};
  static read_page page = {.width = 640, .height = 480, .lines = &line, .line_count = 1};
  return (read_result){
      .pages = &page, .page_count = 1, .model_name = "", .model_version = "", .described = true};
}

static void styles_are_written_where_there_are_some(void **state) {
  (void)state;
  read_result result = described_tree();
  char *text = write_tree(&result, "text", "a.png");
  assert_string_equal(
      text,
      "a.png\t7\n"
      "a.png\t  line: slant 10.0°, rotation 1.5°, stroke 4.0 px, contrast 0.50, glyph_height 40.0 "
      "px, glyph_height_deviation 2.0 px, spacing -3.0 px\n"
      "a.png\t  7: slant 12.5°, rotation -3.2°, stroke 4.5 px, stroke_deviation 0.5 px, width 30.0 "
      "px, height 40.0 px, aspect 0.75, area 250.0 px², centre_x 25.5 px, centre_y 41.0 px, "
      "contrast 0.75, parts 2, loops 3, euler -1, ends 4, junctions 5, crossings 6, length 61.2 "
      "px\n");
  base_free(text);
  text = write_tree(&result, "tsv", NULL);
  assert_string_equal(
      text,
      "file\tpage\tline\tlevel\tnumber\ttext\tconfidence\tx\ty\twidth\theight\trejected\tslant\t"
      "rotation\tstroke\tstroke_deviation\taspect\tarea\tcentre_x\tcentre_y\tcontrast\tparts\t"
      "loops\teuler\tends\tjunctions\tcrossings\tlength\tglyph_height\tglyph_height_deviation\t"
      "spacing\n"
      "\t1\t0\tpage\t0\t\t\t0\t0\t640\t480\t0\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\n"
      "\t1\t1\tline\t0\t7\t0.500000\t10\t20\t30\t40\t0\t10.000\t1.500\t4.000\t\t\t\t\t\t0.500"
      "\t\t\t\t\t\t\t\t40.000\t2.000\t-3.000\n"
      "\t1\t1\tword\t1\t7\t0.998000\t10\t20\t30\t40\t0\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\n"
      "\t1\t1\tglyph\t1\t7\t0.500000\t10\t20\t30\t40\t0\t12.500\t-3.250\t4.500\t0.500\t0.750\t"
      "250.000\t25.500\t41.000\t0.750\t2\t3\t-1\t4\t5\t6\t61.250\t\t\t\n");
  base_free(text);
  text = write_tree(&result, "json", NULL);
  json_error_t wrong;
  json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &wrong), *style;
  const json_t *line = json_array_get(
      json_object_get(json_array_get(json_object_get(root, "pages"), 0), "lines"), 0);
  style = json_object_get(json_array_get(json_object_get(line, "glyphs"), 0), "style");
  assert_keys(style, "slant rotation stroke stroke_deviation width height aspect area centre_x "
                     "centre_y contrast parts loops euler ends junctions crossings length ");
  assert_true(json_is_integer(json_object_get(style, "euler")));
  assert_int_equal(json_integer_value(json_object_get(style, "euler")), -1);
  assert_true(json_real_value(json_object_get(style, "length")) == 61.25);
  style = json_object_get(line, "style");
  assert_keys(style, "slant rotation stroke contrast glyph_height glyph_height_deviation spacing ");
  assert_true(json_real_value(json_object_get(style, "spacing")) == -3);
  json_decref(root);
  base_free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_is_one_line_for_each_line),
      cmocka_unit_test(a_grid_has_a_line_for_each_row_and_a_tab_between_cells),
      cmocka_unit_test(cells_are_rows_of_a_table),
      cmocka_unit_test(json_has_the_grid_beside_the_lines),
      cmocka_unit_test(a_table_has_a_row_for_everything),
      cmocka_unit_test(json_is_as_the_contract_says),
      cmocka_unit_test(styles_are_written_where_there_are_some),
      cmocka_unit_test(json_takes_any_file_name),
      cmocka_unit_test(several_json_results_are_an_array),
      cmocka_unit_test(a_number_that_is_none_is_refused),
      cmocka_unit_test(unknown_formats_are_not_found),
      cmocka_unit_test(a_full_memory_leaves_a_marked_buffer),
  };
  return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
