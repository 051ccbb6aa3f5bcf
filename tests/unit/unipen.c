/* UNIPEN: the quirks of its text, and a small collection made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "data/alphabet.h"
#include "data/unipen.h"
#include "data/unipen_files.h"
#include "data/unipen_text.h"
#include "scratch.h"

static base_error error;

static void assert_says(const char *part) {
  if (!strstr(error.message, part)) fail_msg("\"%s\" does not say \"%s\"", error.message, part);
}

static data_unipen_ink parse(const char *text) {
  data_unipen_ink ink = {0};
  if (data_unipen_ink_add(&ink, text, strlen(text), &error) != SCRAWL_OK)
    fail_msg("%s", error.message);
  return ink;
}

/* ---- ink ---- */

static void ink_is_read_with_any_line_ends_and_columns(void **state) {
  (void)state;
  data_unipen_ink ink =
      parse("A comment .PEN_DOWN\n"
            ".COMMENT two\n .PEN_DOWN not at the start of its line\n1 2\n"
            ".COORD \t T X P Y\r\n.X_POINTS_PER_INCH 254\r.Y_POINTS_PER_MM 20\n"
            ".WRITER_ID   anna extra\n"
            ".PEN_DOWN\n  0 1 50 -2\r\n\t10 3.5 100 4\n.PEN_UP\n.PEN_UP\n7 8 0 9\n"
            ".PEN_DOWN\n1 2 3 4\n5 6 x 8\n9 10 11 12\n");
  assert_int_equal(ink.component_count, 4);
  static const data_unipen_component components[] = {
      {true, 0, 2}, {false, 2, 0}, {false, 2, 1}, {true, 3, 1}};
  for (int i = 0; i < 4; i++) {
    assert_int_equal(ink.components[i].down, components[i].down);
    assert_int_equal(ink.components[i].first, components[i].first);
    assert_int_equal(ink.components[i].count, components[i].count);
  }
  assert_true(ink.points[0].x == 1 && ink.points[0].y == -2 && ink.points[0].pressure == 50);
  assert_true(ink.points[1].x == 3.5f && ink.points[1].y == 4);
  assert_true(fabs(ink.x_step - .1) < 1e-9 && fabs(ink.y_step - .05) < 1e-9);
  assert_string_equal(ink.writer, "anna");
  data_unipen_ink_free(&ink);
  ink = parse(".PEN_DOWN\n1 2\n3 4\n"); /* X Y unless it says otherwise */
  assert_int_equal(ink.point_count, 2);
  assert_true(ink.points[1].x == 3 && ink.points[1].y == 4 && ink.points[1].pressure == -1);
  data_unipen_ink_free(&ink);
}

/* ---- segments ---- */

static void assert_segment(const char *text, const char *delineation, const char *quality,
                           const char *label) {
  const char *at = text, *value;
  size_t length;
  data_unipen_segment segment;
  assert_true(data_unipen_next(&at, text + strlen(text), ".SEGMENT", &value, &length));
  data_unipen_parse_segment(value, length, &segment);
  if (segment.delineation_length < strlen(delineation) ||
      memcmp(segment.delineation, delineation, strlen(delineation)) != 0)
    fail_msg("%s: not %s", text, delineation);
  assert_string_equal(segment.quality, quality);
  assert_int_equal(segment.labelled, label != NULL);
  if (label) assert_string_equal(segment.label, label);
}

static void labels_are_unescaped_and_become_utf8(void **state) {
  (void)state;
  assert_segment(".SEGMENT CHARACTER 4 ? \"a\"\n", "4", "?", "a");
  assert_segment(".SEGMENT CHARACTER 12:0-12:42 OK  \"g\"", "12:0-12:42", "OK", "g");
  assert_segment(".SEGMENT WORD 1-2,\n 5 GOOD \"\\\"x\\\\@\"\n", "1-2,\n 5", "GOOD", "\"x\\@");
  assert_segment(".SEGMENT WORD 1 BAD \"gr\xfc\xdf\"", "1", "BAD", "gr\u00fc\u00df");
  assert_segment(".SEGMENT TEXT 1 OK \"two\nlines\"", "1", "OK", "two lines");
  assert_segment(".SEGMENT WORD 1 OK \"a\\@b\"", "1", "OK", NULL);
  assert_segment(".SEGMENT WORD 1 OK \"open", "1", "OK", NULL);
  assert_segment(".SEGMENT WORD 1 OK \"\"", "1", "OK", NULL);
  assert_segment(".SEGMENT WORD 1 OK", "1", "OK", NULL);
  assert_segment(".SEGMENT", "", "", NULL);
}

/* ---- picking ---- */

static const char THREE[] =
    ".X_POINTS_PER_MM 2\n.Y_POINTS_PER_MM 4\n"
    ".PEN_DOWN\n0 0\n2 4\n4 8\n.PEN_UP\n9 9\n.PEN_DOWN\n10 0\n.PEN_DOWN\n20 0\n"
    "22 0\n";

/* The strokes' first x and their numbers of points, "0/3 5/1". */
static void assert_picked(const data_unipen_ink *ink, bool all, const char *delineation,
                          const char *expected) {
  ink_stroke *strokes;
  ink_point *points;
  size_t count;
  char picked[256] = "";
  assert_int_equal(data_unipen_pick(ink, all, delineation, strlen(delineation), &strokes, &count,
                                    &points, &error),
                   SCRAWL_OK);
  for (size_t i = 0; i < count; i++)
    snprintf(picked + strlen(picked), sizeof picked - strlen(picked), "%s%g/%zu", i ? " " : "",
             (double)strokes[i].points[0].x, strokes[i].count);
  if (strcmp(picked, expected) != 0) fail_msg("%s gives %s, not %s", delineation, picked, expected);
  base_free(strokes);
  base_free(points);
}

static void a_delineation_picks_strokes(void **state) {
  (void)state;
  data_unipen_ink ink = parse(THREE);
  assert_picked(&ink, false, "0", "0/3");
  assert_picked(&ink, false, "1-2", "5/1 10/2");
  assert_picked(&ink, false, "0,2", "0/3 10/2");
  assert_picked(&ink, false, " 0 , 2 ", "0/3 10/2");
  assert_picked(&ink, false, "0:1-0:2", "1/2");
  assert_picked(&ink, false, "0:2-2:0", "2/1 5/1 10/1");
  assert_picked(&ink, false, "0:1-0:99", "1/2"); /* as far as there is ink */
  /* The movement in the air counts, but leaves none. */
  assert_picked(&ink, true, "0-2", "0/3 5/1");
  assert_picked(&ink, true, "1", "");
  static const char *const wrong[] = {"",
                                      "3",
                                      "0-3",
                                      "2-1",
                                      "a",
                                      "0-",
                                      "0:",
                                      "0,",
                                      "-1",
                                      "0,,1",
                                      "0 1",
                                      "0:9-0:9",
                                      "99999999999999999999999",
                                      "0:x",
                                      "0-2,0-2"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_picked(&ink, false, wrong[i], "");
  data_unipen_ink_free(&ink);
}

static void strokes_are_in_millimetres_and_upright(void **state) {
  (void)state;
  data_unipen_ink ink = parse(THREE);
  ink_stroke *strokes;
  ink_point *points;
  size_t count;
  assert_int_equal(data_unipen_pick(&ink, false, "0", 1, &strokes, &count, &points, &error),
                   SCRAWL_OK);
  assert_true(points[2].x == 2 && points[2].y == -2 && points[2].pressure == -1);
  base_free(strokes);
  base_free(points);
  data_unipen_ink_free(&ink);
}

/* ---- a collection ---- */

static void write_text(const char *name, const char *text) {
  char folder[200];
  snprintf(folder, sizeof folder, "%s", name);
  for (char *slash = strchr(folder, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(scratch(folder), 0777);
    *slash = '/';
  }
  scratch_write(name, text, strlen(text));
}

#define TOP "unipen/train_r01_v07/"

/* A contributor with its header in a file of its own, one that numbers movements in the air, one
 * that is skipped; labels of every kind. */
static void make_collection(void) {
  write_text(TOP "include/xyz/xyz.doc", ".COORD X Y\n.X_POINTS_PER_MM 10\n.Y_POINTS_PER_MM 10\n");
  write_text(TOP "include/xyz/ink.dat", ".WRITER_ID max_2\n.PEN_DOWN\n0 100\n0 0\n.PEN_UP\n"
                                        ".PEN_DOWN\n0 0\n50 0\n.PEN_DOWN\n9 9\n");
  write_text(TOP "data/1a/xyz/ink.dat",
             ".VERSION 1.0\n.INCLUDE xyz/xyz.doc\n.INCLUDE xyz/ink.dat\n"
             ".SEGMENT CHARACTER 0 ? \"1\"\n.SEGMENT CHARACTER 0-1 OK \"4\"\n"
             ".SEGMENT CHARACTER 1 BAD \"7\"\n.SEGMENT CHARACTER 9 OK \"8\"\n"
             ".SEGMENT CHARACTER 0 OK \"\\@\"\n.SEGMENT WORD 0-1 OK \"word\"\n");
  write_text(TOP "data/1b/xyz/ink.dat", ".INCLUDE xyz/xyz.doc\n.INCLUDE xyz/ink.dat\n"
                                        ".SEGMENT CHARACTER 0-1 OK \"L\"\n"
                                        ".SEGMENT CHARACTER 0 OK \"\xe4\"\n");
  write_text(TOP "data/7/xyz/ink.dat", ".INCLUDE xyz/xyz.doc\n.INCLUDE xyz/ink.dat\n"
                                       ".SEGMENT WORD 0-1 OK \"Lo\"\n");
  write_text(TOP "include/pri/ink.dat",
             ".INCLUDE pri/pri.doc\n.INCLUDE pri/ink.dat\n"
             ".WRITER_ID 5\n.PEN_DOWN\n0 4\n0 0\n.PEN_UP\n.PEN_DOWN\n1 1\n");
  write_text(TOP "include/pri/pri.doc", ".X_POINTS_PER_MM 1\n");
  write_text(TOP "data/1d/pri/x.dat", ".INCLUDE pri/ink.dat\n.SEGMENT CHARACTER 2 OK \".\"\n"
                                      ".SEGMENT CHARACTER 0 OK \"|\"\n");
  write_text(TOP "data/1a/tos/x.dat", ".INCLUDE xyz/ink.dat\n.SEGMENT CHARACTER 0 OK \"1\"\n");
  write_text(TOP "data/1a/xyz/gone.dat", ".INCLUDE xyz/gone.dat\n.INCLUDE ../../../x\n"
                                         ".SEGMENT CHARACTER 0 OK \"1\"\n");
}

/* "1a 1 xyz max 1; ..." */
static scrawl_status note(void *argument, const data_unipen_sample *sample, base_error *why) {
  (void)why;
  char *notes = argument;
  size_t used = strlen(notes);
  snprintf(notes + used, 1024 - used, "%s %s by %s %zu; ", sample->category, sample->label,
           sample->writer, sample->count);
  return SCRAWL_OK;
}

static void samples_are_visited_and_the_rest_counted(void **state) {
  (void)state;
  static const char *const characters[] = {"1a", "1b", "1d", NULL}, *const words[] = {"7", NULL};
  char notes[1024] = "";
  data_unipen_counts counts;
  make_collection();
  /* pri/ink.dat includes itself: that ends, and what follows is as if it were not there. */
  if (data_unipen_read(scratch("unipen/train_r01_v07"), characters, note, notes, &counts, &error) !=
      SCRAWL_OK)
    fail_msg("%s", error.message);
  assert_string_equal(notes, "1a 1 by xyz max 1; 1a 4 by xyz max 2; 1b L by xyz max 2; "
                             "1b \u00e4 by xyz max 1; ");
  assert_int_equal(counts.samples, 4);
  assert_int_equal(counts.skipped, 1);
  assert_int_equal(counts.bad, 1);
  assert_int_equal(counts.unlabelled, 1);
  assert_int_equal(counts.lost, 4); /* stroke 9, gone.dat, and both of the one with a loop */
  write_text(TOP "include/pri/ink.dat",
             ".INCLUDE pri/pri.doc\n"
             ".WRITER_ID 5\n.PEN_DOWN\n0 4\n0 0\n.PEN_UP\n.PEN_DOWN\n1 1\n");
  *notes = 0;
  static const char *const punctuation[] = {"1d", NULL};
  assert_int_equal(
      data_unipen_read(scratch("unipen/train_r01_v07"), punctuation, note, notes, &counts, &error),
      SCRAWL_OK);
  assert_string_equal(notes, "1d . by pri 5 1; 1d | by pri 5 1; ");
  *notes = 0;
  assert_int_equal(
      data_unipen_read(scratch("unipen/train_r01_v07"), words, note, notes, &counts, &error),
      SCRAWL_OK);
  assert_string_equal(notes, "7 Lo by xyz max 2; ");
}

static void an_archive_is_read_like_the_folder(void **state) {
  (void)state;
  static const char *const characters[] = {"1a", "1b", NULL};
  char command[2048], notes[2][1024] = {"", ""};
  data_unipen_counts counts;
  make_collection();
  snprintf(command, sizeof command,
           "cd '%s' && tar czf ../packed.tar.gz train_r01_v07/data train_r01_v07/include",
           scratch("unipen"));
  assert_int_equal(system(command), 0);
  const char *const paths[] = {scratch("unipen/train_r01_v07"), scratch("packed.tar.gz")};
  for (int i = 0; i < 2; i++)
    if (data_unipen_read(paths[i], characters, note, notes[i], &counts, &error) != SCRAWL_OK)
      fail_msg("%s", error.message);
  assert_true(*notes[0]);
  assert_string_equal(notes[0], notes[1]);
  scratch_write("packed.tar.gz", "no archive", 10);
  assert_int_equal(
      data_unipen_read(scratch("packed.tar.gz"), characters, note, notes[0], &counts, &error),
      SCRAWL_BAD_FORMAT);
  assert_says("packed.tar.gz");
}

static void a_path_that_leads_out_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *value, *path;
  } paths[] = {
      {" a/b.dat\n", "include/a/b.dat"},
      {"\tb.dat \r\n", "include/b.dat"},
      {" ../x", NULL},
      {" a/../../x", NULL},
      {" /etc/passwd", NULL},
      {"  ", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    bool good;
    char *path = data_unipen_include_path(paths[i].value, strlen(paths[i].value), &good);
    assert_int_equal(good, paths[i].path != NULL);
    if (path) assert_string_equal(path, paths[i].path);
    base_free(path);
  }
}

/* Both parts hold every character once, and no writer is in both. */
static void the_set_is_drawn_and_split_by_writer(void **state) {
  (void)state;
  data_set parts[2];
  size_t pictures = 0, writers = 0;
  setenv("SCRAWL_DATA", scratch_folder, 1);
  for (int w = 0; w < 60; w++) {
    char name[128], text[256];
    snprintf(name, sizeof name, TOP "include/xyz/w%d.dat", w);
    snprintf(text, sizeof text,
             ".WRITER_ID w%d\n.X_POINTS_PER_MM 10\n.PEN_DOWN\n0 100\n0 0\n.PEN_DOWN\n5 5\n", w);
    write_text(name, text);
    snprintf(name, sizeof name, TOP "data/1a/xyz/w%d.dat", w);
    snprintf(text, sizeof text,
             ".INCLUDE xyz/w%d.dat\n.SEGMENT CHARACTER 0 OK \"1\"\n.SEGMENT CHARACTER 1 OK \".\"\n",
             w);
    write_text(name, text);
  }
  for (int p = 0; p < 2; p++) {
    if (data_set_open("unipen", p ? DATA_TEST : DATA_TRAIN, &parts[p], &error) != SCRAWL_OK)
      fail_msg("%s", error.message);
    const data_set *set = &parts[p];
    uint32_t last = 0;
    assert_string_equal(set->name, p ? "unipen test" : "unipen train");
    assert_int_equal(set->classes, 94);
    for (size_t i = 0; i < set->count; i++) {
      const uint8_t *glyph = set->pixels + i * INK_GLYPH_PIXELS;
      bool dot = set->labels[i] == data_alphabet_find(set->alphabet, ".");
      /* A line stands upright in the middle, a dot fills its box. */
      assert_true(glyph[14 * 28 + 14] == 255 && glyph[6 * 28 + 14] > 128);
      assert_int_equal(glyph[14 * 28 + 6] > 128, dot);
      if (set->writers[i] > last) last = set->writers[i];
    }
    pictures += set->count;
    writers += last;
  }
  assert_int_equal(pictures, 120);
  assert_int_equal(writers, 60);
  assert_true(parts[1].count >= 6 && parts[1].count <= 34); /* about 15 % of 120 */
  data_set_free(&parts[0]);
  data_set_free(&parts[1]);
}

static void a_missing_collection_says_where_and_how(void **state) {
  (void)state;
  data_set set;
  setenv("SCRAWL_DATA", scratch_folder, 1);
  assert_int_equal(data_set_open("unipen", DATA_TRAIN, &set, &error), SCRAWL_NOT_FOUND);
  assert_says(scratch_folder);
  assert_says("10.5281/zenodo.1195803");
  mkdir(scratch("unipen"), 0777);
  mkdir(scratch("unipen/include"), 0777);
  assert_int_equal(data_set_open("unipen", DATA_TRAIN, &set, &error), SCRAWL_BAD_FORMAT);
  assert_says("no character of the train part");
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  data_set set;
  make_collection();
  setenv("SCRAWL_DATA", scratch_folder, 1);
  scrawl_status status = SCRAWL_OUT_OF_MEMORY;
  long n = 0;
  for (; status == SCRAWL_OUT_OF_MEMORY && n < 2000; n++) {
    memset(&error, 0, sizeof error);
    base_alloc_fail_after(n);
    status = data_set_open("unipen", DATA_TRAIN, &set, &error);
    base_alloc_fail_after(-1);
    if (status != SCRAWL_OK) assert_true(*error.message);
  }
  if (status != SCRAWL_OK) fail_msg("%s", error.message);
  data_set_free(&set);
  assert_true(n > 50);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      TEST(ink_is_read_with_any_line_ends_and_columns),
      TEST(labels_are_unescaped_and_become_utf8),
      TEST(a_delineation_picks_strokes),
      TEST(strokes_are_in_millimetres_and_upright),
      TEST(samples_are_visited_and_the_rest_counted),
      TEST(an_archive_is_read_like_the_folder),
      TEST(a_path_that_leads_out_is_refused),
      TEST(the_set_is_drawn_and_split_by_writer),
      TEST(a_missing_collection_says_where_and_how),
      TEST(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
