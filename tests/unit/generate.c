/* Generated pictures: what the lists say of them is what the pictures show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <leptonica/allheaders.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "data/file.h"
#include "data/generate.h"
#include "scratch.h"

static base_error error;

static scrawl_status generate(data_generate_kind kind, data_generate_capture capture, size_t count,
                              const data_set *glyphs, const char *name) {
  data_generate_options options = {.kind = kind,
                                   .capture = capture,
                                   .count = count,
                                   .seed = 7,
                                   .megapixels = 0.6,
                                   .glyphs = glyphs};
  return data_generate(&options, scratch(name), NULL, NULL, &error);
}

/* ---- reading back ---- */

typedef struct result {
  json_t *truth; /* an array of objects */
  data_manifest manifest;
} result;

static result read_back(const char *name) {
  result back = {.truth = json_array()};
  char path[100];
  snprintf(path, sizeof path, "%.60s/truth.jsonl", name);
  FILE *file = fopen(scratch(path), "r");
  assert_non_null(file);
  for (json_t *one; (one = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL));)
    json_array_append_new(back.truth, one);
  fclose(file);
  assert_int_equal(data_manifest_open(scratch(name), &back.manifest, &error), SCRAWL_OK);
  assert_int_equal(back.manifest.count, json_array_size(back.truth));
  return back;
}

static void release(result *back) {
  json_decref(back->truth);
  data_manifest_free(&back->manifest);
}

static const char *text_of(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  assert_non_null(text);
  return text;
}

static int number_of(const json_t *object, const char *key) {
  return (int)json_integer_value(json_object_get(object, key));
}

typedef struct area {
  int x, y, right, bottom; /* the last two just outside */
} area;

static area box_of(const json_t *object) {
  const json_t *box = json_object_get(object, "box");
  int v[4];
  for (size_t i = 0; i < 4; i++) v[i] = (int)json_integer_value(json_array_get(box, i));
  return (area){v[0], v[1], v[0] + v[2], v[1] + v[3]};
}

/* ---- the lists ---- */

static void the_same_seed_gives_the_same_bytes(void **state) {
  (void)state;
  base_pool *pool = base_pool_create(3);
  data_generate_options options = {.kind = DATA_GENERATE_STRING,
                                   .capture = DATA_GENERATE_MIXED,
                                   .count = 9,
                                   .seed = 3,
                                   .megapixels = 1};
  assert_int_equal(data_generate(&options, scratch("one"), NULL, NULL, &error), SCRAWL_OK);
  assert_int_equal(data_generate(&options, scratch("two"), pool, NULL, &error), SCRAWL_OK);
  options.seed = 4;
  assert_int_equal(data_generate(&options, scratch("three"), pool, NULL, &error), SCRAWL_OK);
  base_pool_free(pool);
  char command[1200];
  snprintf(command, sizeof command, "diff -r '%s' '%s' >&2", scratch("one"), scratch("two"));
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, "cmp -s '%s/truth.jsonl' '%s/truth.jsonl'", scratch("one"),
           scratch("three"));
  assert_int_not_equal(system(command), 0);
}

/* The text of a line without what stands between its digits. */
static void strip(const char *text, char *digits) {
  for (; *text; text++)
    if (*text >= '0' && *text <= '9') *digits++ = *text;
  *digits = 0;
}

static void check_line(const json_t *line, const json_t *picture) {
  char digits[128], glyphs[128] = "";
  strip(text_of(line, "text"), digits);
  size_t i;
  json_t *glyph;
  json_array_foreach(json_object_get(line, "glyphs"), i, glyph) {
    strcat(glyphs, text_of(glyph, "text"));
    area box = box_of(glyph);
    assert_true(box.x >= 0 && box.y >= 0 && box.right > box.x && box.bottom > box.y);
    assert_true(box.right <= number_of(picture, "width"));
    assert_true(box.bottom <= number_of(picture, "height"));
  }
  assert_string_equal(digits, glyphs);
}

static void check_agreement(data_generate_kind kind, const char *name, size_t least, size_t most) {
  assert_int_equal(generate(kind, DATA_GENERATE_MIXED, 12, NULL, name), SCRAWL_OK);
  result back = read_back(name);
  size_t i, k;
  json_t *picture, *line;
  json_array_foreach(back.truth, i, picture) {
    const data_manifest_item *item = &back.manifest.items[i];
    assert_string_equal(item->label, text_of(picture, "label"));
    assert_string_equal(strrchr(item->path, '/') + 1, text_of(picture, "picture"));
    assert_string_equal(text_of(picture, "kind"), name);
    PIX *pix = pixRead(item->path);
    assert_non_null(pix);
    assert_int_equal(pixGetWidth(pix), number_of(picture, "width"));
    assert_int_equal(pixGetHeight(pix), number_of(picture, "height"));
    assert_true(pixGetWidth(pix) >= 28 && pixGetHeight(pix) >= 28);
    pixDestroy(&pix);
    char joined[2048] = "", digits[2048];
    json_array_foreach(json_object_get(picture, "lines"), k, line) {
      if (k) strcat(joined, "/");
      strcat(joined, text_of(line, "text"));
      check_line(line, picture);
    }
    assert_string_equal(joined, item->label);
    strip(joined, digits);
    assert_in_range(strlen(digits), least, most);
  }
  release(&back);
}

static void manifest_truth_and_pictures_agree(void **state) {
  (void)state;
  check_agreement(DATA_GENERATE_DIGIT, "digit", 1, 1);
  check_agreement(DATA_GENERATE_STRING, "string", 4, 10);
  check_agreement(DATA_GENERATE_BOXES, "boxes", 2, 10);
  check_agreement(DATA_GENERATE_GRID, "grid", 1, 120);
  check_agreement(DATA_GENERATE_PAGE, "page", 30, 55);
}

/* What stands before the first or behind the last digit is no part of a label. */
static void labels_begin_and_end_with_digits(void **state) {
  (void)state;
  assert_int_equal(generate(DATA_GENERATE_STRING, DATA_GENERATE_NONE, 60, NULL, "strings"),
                   SCRAWL_OK);
  result back = read_back("strings");
  size_t separated = 0, marked = 0, i;
  for (i = 0; i < back.manifest.count; i++) {
    const char *label = back.manifest.items[i].label;
    assert_int_equal(strspn(label, "0123456789 .,-"), strlen(label));
    assert_true(strchr("0123456789", label[0]) && strchr("0123456789", label[strlen(label) - 1]));
    separated += strpbrk(label, " .,-") != NULL;
    const json_t *line = json_array_get(json_object_get(json_array_get(back.truth, i), "lines"), 0);
    marked += json_array_size(json_object_get(line, "marks")) > 0;
  }
  assert_in_range(separated, 10, 40); /* of 60 */
  assert_in_range(marked, 10, 45);
  release(&back);
}

/* ---- boxes ---- */

/* By the curve of sRGB a pixel half covered by ink is 188, print 225, print half covered 165. */
enum { HALF = 188, HALF_PRINT = 165 };

static bool has_darker(PIX *pix, area in, l_uint32 limit) {
  for (int y = in.y; y < in.bottom; y++)
    for (int x = in.x; x < in.right; x++) {
      l_uint32 value = 255;
      pixGetPixel(pix, x, y, &value);
      if (value < limit) return true;
    }
  return false;
}

/* The outermost rows and columns of a box hold ink: it is no larger than its sign. */
static void check_tight(PIX *pix, area box) {
  assert_true(has_darker(pix, (area){box.x, box.y, box.x + 1, box.bottom}, HALF + 2));
  assert_true(has_darker(pix, (area){box.right - 1, box.y, box.right, box.bottom}, HALF + 2));
  assert_true(has_darker(pix, (area){box.x, box.y, box.right, box.y + 1}, HALF + 2));
  assert_true(has_darker(pix, (area){box.x, box.bottom - 1, box.right, box.bottom}, HALF + 2));
}

/* Tight boxes; their insides are wiped out. */
static void check_signs(PIX *pix, PIX *rest, const json_t *signs) {
  size_t i;
  json_t *sign;
  json_array_foreach(signs, i, sign) {
    area box = box_of(sign);
    check_tight(pix, box);
    BOX *wiped = boxCreate(box.x, box.y, box.right - box.x, box.bottom - box.y);
    pixSetInRect(rest, wiped);
    boxDestroy(&wiped);
  }
}

static void check_boxes(data_generate_kind kind, const data_set *glyphs, const char *name) {
  assert_int_equal(generate(kind, DATA_GENERATE_NONE, 10, glyphs, name), SCRAWL_OK);
  result back = read_back(name);
  for (size_t i = 0; i < back.manifest.count; i++) {
    PIX *pix = pixRead(back.manifest.items[i].path), *rest = pixCopy(NULL, pix);
    assert_non_null(pix);
    const json_t *lines = json_object_get(json_array_get(back.truth, i), "lines");
    size_t k;
    json_t *line;
    json_array_foreach(lines, k, line) {
      check_signs(pix, rest, json_object_get(line, "glyphs"));
      check_signs(pix, rest, json_object_get(line, "marks"));
    }
    /* Nothing is left outside of them. */
    bool printed = kind == DATA_GENERATE_BOXES || kind == DATA_GENERATE_GRID;
    area all = {0, 0, pixGetWidth(pix), pixGetHeight(pix)};
    assert_false(has_darker(rest, all, (printed ? HALF_PRINT : HALF) - 2));
    pixDestroy(&pix);
    pixDestroy(&rest);
  }
  release(&back);
}

static void boxes_hold_the_ink_and_no_more(void **state) {
  (void)state;
  check_boxes(DATA_GENERATE_DIGIT, NULL, "b1");
  check_boxes(DATA_GENERATE_STRING, NULL, "b2");
  check_boxes(DATA_GENERATE_BOXES, NULL, "b3");
  check_boxes(DATA_GENERATE_GRID, NULL, "b4");
  check_boxes(DATA_GENERATE_PAGE, NULL, "b5");
}

/* ---- data sets ---- */

enum { SIDE = 28 };

/* A bar, upright for 0 and lying for 1; a third class is no glyph, a fourth has no picture. */
static data_set bars(const char *alphabet, int classes) {
  static uint8_t pixels[3][SIDE * SIDE];
  static uint16_t labels[3] = {0, 1, 2};
  memset(pixels, 0, sizeof pixels);
  for (int along = 4; along < 24; along++)
    for (int across = 12; across < 16; across++)
      pixels[0][along * SIDE + across] = pixels[1][across * SIDE + along] = 255;
  memset(pixels[2], 255, sizeof pixels[2]);
  return (data_set){.name = (char *)(uintptr_t) "bars",
                    .count = 3,
                    .height = SIDE,
                    .width = SIDE,
                    .classes = classes,
                    .alphabet = (char *)(uintptr_t)alphabet,
                    .pixels = pixels[0],
                    .labels = labels};
}

static void glyphs_come_from_the_data_set(void **state) {
  (void)state;
  data_set set = bars("01∅2", 4);
  check_boxes(DATA_GENERATE_STRING, &set, "bars");
  result back = read_back("bars");
  size_t i, k;
  json_t *picture, *glyph;
  json_array_foreach(back.truth, i, picture) {
    const json_t *line = json_array_get(json_object_get(picture, "lines"), 0);
    json_array_foreach(json_object_get(line, "glyphs"), k, glyph) {
      area box = box_of(glyph);
      if (strcmp(text_of(glyph, "text"), "0") == 0)
        assert_true(box.bottom - box.y > box.right - box.x);
      else
        assert_string_equal(text_of(glyph, "text"), "1");
    }
  }
  release(&back);
}

static void signs_that_are_no_digits_serve_where_there_are_none(void **state) {
  (void)state;
  data_set set = bars("aä∅", 3);
  assert_int_equal(generate(DATA_GENERATE_DIGIT, DATA_GENERATE_MIXED, 20, &set, "letters"),
                   SCRAWL_OK);
  result back = read_back("letters");
  size_t umlauts = 0;
  for (size_t i = 0; i < back.manifest.count; i++) {
    const char *label = back.manifest.items[i].label;
    umlauts += strcmp(label, "ä") == 0;
    assert_true(strcmp(label, "a") == 0 || strcmp(label, "ä") == 0);
  }
  assert_in_range(umlauts, 1, 19);
  release(&back);
  set = bars("∅", 1);
  set.count = 1;
  assert_int_equal(generate(DATA_GENERATE_DIGIT, DATA_GENERATE_MIXED, 1, &set, "none"),
                   SCRAWL_INVALID_ARGUMENT);
  assert_int_not_equal(access(scratch("none"), F_OK), 0);
}

/* ---- grids and pages ---- */

static void cells_tile_the_grid_and_hold_their_glyphs(void **state) {
  (void)state;
  assert_int_equal(generate(DATA_GENERATE_GRID, DATA_GENERATE_PHONE, 30, NULL, "grids"), SCRAWL_OK);
  result back = read_back("grids");
  size_t cells = 0, filled = 0, sudokus = 0;
  for (size_t i = 0; i < json_array_size(back.truth); i++) {
    const json_t *picture = json_array_get(back.truth, i);
    const json_t *grid = json_object_get(picture, "grid"), *rows = json_object_get(grid, "cells");
    assert_int_equal(json_array_size(rows), number_of(grid, "rows"));
    char label[512], *end = label;
    for (size_t row = 0; row < json_array_size(rows); row++) {
      const json_t *columns = json_array_get(rows, row);
      assert_int_equal(json_array_size(columns), number_of(grid, "columns"));
      if (row) *end++ = '/';
      for (size_t k = 0; k < json_array_size(columns); k++) {
        const json_t *cell = json_array_get(columns, k);
        const char *text = text_of(cell, "text");
        end = stpcpy(end, *text ? text : ".");
        cells++, filled += *text != 0;
        if (k == 0) continue;
        area left = box_of(json_array_get(columns, k - 1)), here = box_of(cell);
        /* Beside the one before, as far as a turned grid lets its boxes be. */
        assert_true(here.x > left.x && here.right > left.right);
        assert_true(abs(here.x - left.right) <= (here.right - here.x) / 3 + 2);
      }
    }
    *end = 0;
    assert_string_equal(label, text_of(picture, "label"));
    sudokus += number_of(grid, "rows") == 9 && number_of(grid, "columns") == 9;
  }
  assert_in_range(sudokus, 8, 29);
  assert_in_range(filled * 100 / cells, 30, 50); /* each grid has 20 to 60 % */
  release(&back);
}

static void a_page_has_as_many_pixels_as_asked_for(void **state) {
  (void)state;
  assert_int_equal(generate(DATA_GENERATE_PAGE, DATA_GENERATE_PHONE, 2, NULL, "pages"), SCRAWL_OK);
  result back = read_back("pages");
  for (size_t i = 0; i < 2; i++) {
    const json_t *picture = json_array_get(back.truth, i);
    int width = number_of(picture, "width"), height = number_of(picture, "height");
    assert_in_range(width * height, 580000, 640000);
    assert_in_range(json_array_size(json_object_get(picture, "lines")), 3, 11);
  }
  release(&back);
}

/* ---- refusals ---- */

static void what_makes_no_sense_is_refused(void **state) {
  (void)state;
  data_generate_options options = {.count = 0, .megapixels = 1};
  assert_int_equal(data_generate(&options, scratch("no"), NULL, NULL, &error),
                   SCRAWL_INVALID_ARGUMENT);
  options.count = 1;
  const double wrong[] = {0, -1, 51, 0.0 / 0.0, 1.0 / 0.0};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    options.megapixels = wrong[i];
    assert_int_equal(data_generate(&options, scratch("no"), NULL, NULL, &error),
                     SCRAWL_INVALID_ARGUMENT);
  }
  assert_int_not_equal(access(scratch("no"), F_OK), 0);
  options.megapixels = 1;
  assert_int_equal(data_generate(&options, scratch("no/such"), NULL, NULL, &error),
                   SCRAWL_WRITE_FAILED);
  assert_int_equal(mkdir(scratch("full"), 0777), 0);
  scratch_write("full/mine", "", 0);
  assert_int_equal(data_generate(&options, scratch("full"), NULL, NULL, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_non_null(strstr(error.message, "is not empty"));
  data_set set = bars("01∅", 3);
  set.width = 513;
  options.glyphs = &set;
  assert_int_equal(data_generate(&options, scratch("no"), NULL, NULL, &error),
                   SCRAWL_LIMIT_EXCEEDED);
}

/* A full disk, as the limit on a file's size shows it: nothing is left behind. */
static void a_full_disk_leaves_nothing_behind(void **state) {
  (void)state;
  struct rlimit old, small = {.rlim_cur = 4000};
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small.rlim_max = old.rlim_max;
  assert_int_equal(mkdir(scratch("disk"), 0777), 0);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  scrawl_status status = generate(DATA_GENERATE_PAGE, DATA_GENERATE_PHONE, 3, NULL, "disk");
  scrawl_status fresh = generate(DATA_GENERATE_PAGE, DATA_GENERATE_PHONE, 3, NULL, "disk2");
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, handler);
  assert_int_equal(status, SCRAWL_WRITE_FAILED);
  assert_int_equal(fresh, SCRAWL_WRITE_FAILED);
  assert_int_equal(rmdir(scratch("disk")), 0); /* empty, but it was there before */
  assert_int_not_equal(access(scratch("disk2"), F_OK), 0);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  data_set set = bars("01∅", 3);
  long made = 0;
  for (scrawl_status status = SCRAWL_OUT_OF_MEMORY; status != SCRAWL_OK; made++) {
    base_alloc_fail_after(made);
    status = generate(DATA_GENERATE_BOXES, DATA_GENERATE_PHONE, 1, &set, "memory");
    base_alloc_fail_after(-1);
    if (status == SCRAWL_OK) break;
    if (status != SCRAWL_OUT_OF_MEMORY && status != SCRAWL_WRITE_FAILED) fail();
    assert_int_not_equal(access(scratch("memory"), F_OK), 0);
    assert_true(made < 1000);
  }
  assert_true(made > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_seed_gives_the_same_bytes),
      cmocka_unit_test(manifest_truth_and_pictures_agree),
      cmocka_unit_test(labels_begin_and_end_with_digits),
      cmocka_unit_test(boxes_hold_the_ink_and_no_more),
      cmocka_unit_test(glyphs_come_from_the_data_set),
      cmocka_unit_test(signs_that_are_no_digits_serve_where_there_are_none),
      cmocka_unit_test(cells_tile_the_grid_and_hold_their_glyphs),
      cmocka_unit_test(a_page_has_as_many_pixels_as_asked_for),
      cmocka_unit_test(what_makes_no_sense_is_refused),
      cmocka_unit_test(a_full_disk_leaves_nothing_behind),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
