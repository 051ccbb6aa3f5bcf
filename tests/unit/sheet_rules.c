/* Ruled sheets: rules go and strokes stay, and rules that cross make grids. */
#include "scene.h"

/* ---- rules ---- */

/* Glyphs across ruled lines: what is left of the lines, and of the strokes. */
static void rules_go_and_strokes_stay(void **state) {
  (void)state;
  static const struct {
    double degrees, pen;
    float strength;
  } CASES[] = {{0, 2, 0.4f}, {0, 4, 1}, {1.7, 3, 0.6f}, {-5, 3, 0.25f}, {8, 4, 0.8f}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    float *ink[2] = {NULL};
    page_picture picture = {0};
    for (int with_lines = 0; with_lines < 2; with_lines++) {
      scene s = scene_create(1000, 700, turned(CASES[i].degrees, 500, 350));
      write_rows(&s, 4, 9, 150, 110, 66);
      for (int r = 0; with_lines && r < 5; r++)
        scene_line(&s, 60, 40 + 118.8 * r, 940, 40 + 118.8 * r, CASES[i].pen, CASES[i].strength);
      ink[with_lines] = malloc(700000 * sizeof(float));
      if (!ink[with_lines]) abort();
      memcpy(ink[with_lines], s.ink, 700000 * sizeof(float));
      if (with_lines)
        picture = expose(&s, even, 2);
      else
        free(s.ink);
    }
    /* In the picture's own pixels: the mask before it is turned. */
    page_levels levels;
    page_strength strength;
    page_rule *rules;
    size_t count;
    ink_image dark, mask;
    must(ink_image_create(1000, 700, &dark, &error));
    must(ink_image_create(1000, 700, &mask, &error));
    uint8_t *room = base_alloc(1000, 700);
    memcpy(dark.pixels, picture.grey, 700000);
    must(page_flatten(&dark, false, NULL, &error));
    must(page_denoise(&dark, &levels, &error));
    must(page_find_strength(&dark, &levels, &strength, &error));
    must(page_binarise(&dark, &levels, &strength, 0, &mask, NULL, &error));
    must(page_remove_rules(&mask, &dark, room, &rules, &count, &error));
    must(page_binarise(&dark, &levels, &strength, 0.4f, &mask, NULL, &error));
    /* Where a line runs into a stroke it is thicker than itself: three pixels from strokes are left
     * out. */
    double lines = 0, left = 0, strokes = 0, kept = 0;
    for (int k = 0; k < 700000; k++) {
      if (ink[0][k] > 0.5f) strokes++, kept += mask.pixels[k] != 0;
      if (ink[1][k] <= 0.5f * CASES[i].strength) continue;
      bool near = false;
      for (int v = -3; v <= 3; v++)
        for (int u = -3; u <= 3; u++) {
          int at = k + v * 1000 + u;
          near = near || (at >= 0 && at < 700000 && ink[0][at] > 0);
        }
      if (!near) lines++, left += mask.pixels[k] != 0;
    }
    if (count < 5 || left > 0.03 * lines || kept < 0.95 * strokes)
      fail_msg("case %zu: %zu rules, %.1f %% of the lines left, %.1f %% of the strokes kept", i,
               count, 100 * left / lines, 100 * kept / strokes);
    base_free(room);
    base_free(rules);
    base_free(strength.level);
    base_free(dark.pixels);
    base_free(mask.pixels);
    base_free(picture.grey);
    free(ink[0]);
    free(ink[1]);
  }
}

static void strokes_are_no_rules(void **state) {
  (void)state;
  static const stroke_glyph ONE = {'1', 2, {{0.5f, 0}, {0.5f, 1}}};
  static const stroke_glyph SEVEN = {'7', 3, {{0, 0}, {0.8f, 0}, {0.3f, 1}}};
  static const stroke_glyph FOUR = {'4', 4, {{0.6f, 1}, {0.6f, 0}, {0, 0.6f}, {0.8f, 0.6f}}};
  const stroke_glyph *const SIGNS[] = {&ONE, &SEVEN, &FOUR};
  /* Alone, close-cut, thin; and in a row. */
  for (int alone = 0; alone < 2; alone++)
    for (int k = 0; k < 3; k++) {
      scene s = scene_create(alone ? 120 : 600, 120, STRAIGHT);
      for (int c = 0; c < (alone ? 1 : 6); c++)
        scene_draw(&s, SIGNS[(c * k + k) % 3], 20 + 95 * c, 20, 80, 4, 1);
      page_picture picture = expose(&s, even, 1);
      page_sheet sheet = prepare(&picture);
      assert_int_equal(sheet.rule_count, 0);
      assert_int_equal(components(&sheet), alone ? 1 : 6);
      page_sheet_free(&sheet);
    }
}

/* ---- grids ---- */

static page_map perspective(double tilt) {
  const page_point corner[4] = {{40 + 600 * tilt, 60 + 200 * tilt},
                                {860 - 200 * tilt, 50},
                                {870, 860 - 300 * tilt},
                                {30 + 150 * tilt, 850}};
  page_map map;
  assert_true(page_map_of_quad(corner, 900, 900, &map));
  return map;
}

static void grids_are_found(void **state) {
  (void)state;
  const struct {
    page_map map;
    int rows, columns;
    float strength;
  } CASES[] = {
      {STRAIGHT, 9, 9, 1},
      {turned(5, 450, 450), 9, 9, 0.8f},
      {perspective(0), 9, 9, 0.3f},
      {perspective(0.1), 9, 9, 1},
      {turned(-5, 450, 450), 4, 7, 1},
      {turned(2, 450, 450), 1, 8, 0.7f},
      {STRAIGHT, 6, 1, 1},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    int rows = CASES[i].rows, columns = CASES[i].columns, filled = 0;
    scene s = scene_create(900, 900, CASES[i].map);
    double side = 720.0 / (rows > columns ? rows : columns), left = 90, top = 90;
    for (int r = 0; r <= rows; r++)
      scene_line(&s, left, top + r * side, left + columns * side, top + r * side, r % 3 ? 2.5 : 5,
                 CASES[i].strength);
    for (int c = 0; c <= columns; c++)
      scene_line(&s, left + c * side, top, left + c * side, top + rows * side, c % 3 ? 2.5 : 5,
                 CASES[i].strength);
    for (int k = 0; k < rows * columns; k++)
      if (k % 3 != 1) {
        scene_draw(&s, &STROKE_GLYPHS[k % STROKE_GLYPH_COUNT], left + (k % columns + 0.25) * side,
                   top + (k / columns + 0.2) * side, 0.6 * side, 0.07 * side, 1);
        filled++;
      }
    page_picture picture = expose(&s, falling, 2);
    page_sheet sheet = prepare(&picture);
    page_grid grid;
    must(page_find_grid(&sheet, &grid, &error));
    if (grid.rows != rows || grid.columns != columns)
      fail_msg("case %zu: %d x %d, not %d x %d", i, grid.rows, grid.columns, rows, columns);
    assert_int_equal(components(&sheet), filled);
    for (int k = 0; k < rows * columns; k++)
      for (int n = 0; n < 4; n++) {
        page_point truth = {left + (k % columns + (n == 1 || n == 2)) * side,
                            top + (k / columns + (n >= 2)) * side};
        truth = page_map_point(&CASES[i].map, truth);
        page_point found = page_map_point(&sheet.map, grid.cells[k].corner[n]);
        double off = hypot(found.x - truth.x, found.y - truth.y);
        if (off > 3) fail_msg("case %zu, cell %d, corner %d is off by %.1f", i, k, n, off);
      }
    page_grid_free(&grid);
    page_sheet_free(&sheet);
  }
}

static void cells_lie_within_their_lines(void **state) {
  (void)state;
  scene s = scene_create(400, 300, STRAIGHT);
  for (int i = 0; i < 4; i++) scene_line(&s, 40, 60 + 60 * i, 340, 60 + 60 * i, 3, 1);
  for (int i = 0; i < 6; i++) scene_line(&s, 40 + 60 * i, 60, 40 + 60 * i, 240, 3, 1);
  scene_draw(&s, &STROKE_GLYPHS[3], 50, 70, 40, 5, 1);
  page_picture picture = expose(&s, even, 0);
  page_sheet sheet = prepare(&picture);
  page_grid grid;
  must(page_find_grid(&sheet, &grid, &error));
  assert_int_equal(grid.rows, 3);
  assert_int_equal(grid.columns, 5);
  ink_box box = page_sheet_box(&sheet, grid.cells[0].box);
  assert_in_range(box.x, 40, 44);
  assert_in_range(box.y, 60, 64);
  assert_in_range(box.width, 50, 60);
  page_grid_free(&grid);
  assert_true(fabs(sheet.angle) < 1e-9);
  page_sheet_free(&sheet);
}

/* Where lines of one direction stand, how far they reach along the other, and one that is short. */
typedef struct ruling {
  double at[12];
  int count;
  double from, to, stub; /* `stub`: where a short line stands; 0: there is none */
} ruling;

static void assert_grid(const ruling *lying, const ruling *upright, int rows, int columns) {
  page_rule rules[26];
  page_sheet sheet = {.ink = {.width = 600, .height = 600}, .rules = rules};
  for (int way = 0; way < 2; way++) {
    const ruling *r = way ? upright : lying;
    for (int i = 0; i < r->count + (r->stub > 0); i++) {
      bool stub = i == r->count;
      double at = stub ? r->stub : r->at[i], from = stub ? 110 : r->from, to = stub ? 150 : r->to;
      page_point begin = way ? (page_point){at, from} : (page_point){from, at};
      page_point end = way ? (page_point){at, to} : (page_point){to, at};
      rules[sheet.rule_count++] = (page_rule){begin, end, 2, way};
    }
  }
  page_grid grid;
  must(page_find_grid(&sheet, &grid, &error));
  assert_int_equal(grid.rows, rows);
  assert_int_equal(grid.columns, columns);
  page_grid_free(&grid);
}

/* Rules as they may be found: of square cells some are missing or false, which even spacing tells;
 * other tables have the columns that they have. */
static void square_cells_are_even(void **state) {
  (void)state;
  const ruling all = {{50, 100, 150, 200, 250, 300}, 6, 50, 300, 0};
  assert_grid(&all, &all, 5, 5);
  assert_grid(&all, &(ruling){{50, 100, 200, 250, 300}, 5, 50, 300, 0}, 5, 5);  /* one inside */
  assert_grid(&(ruling){{50, 100, 250, 300}, 4, 50, 300, 0}, &all, 5, 5);       /* two inside */
  assert_grid(&all, &(ruling){{50, 100, 150, 200, 250}, 5, 50, 300, 0}, 5, 5);  /* the last */
  assert_grid(&(ruling){{100, 150, 200, 250, 300}, 5, 50, 300, 0}, &all, 5, 5); /* the first */
  assert_grid(&all, &(ruling){{50, 100, 150, 200, 250, 300}, 6, 50, 300, 122}, 5, 5); /* false */
  /* A double column in a table of flat cells, and columns of all widths. */
  assert_grid(&(ruling){{50, 75, 100, 125}, 4, 50, 550, 0},
              &(ruling){{50, 150, 250, 450, 550}, 5, 50, 125, 0}, 3, 4);
  assert_grid(&(ruling){{12, 58, 104}, 3, 37, 213, 0},
              &(ruling){{35, 111, 165, 215}, 4, 14, 103, 0}, 2, 3);
}

/* Of a sudoku only the thick lines; digits as small as its cells, or as large as its squares. */
static void thick_lines_make_a_sudoku(void **state) {
  (void)state;
  for (int large = 0; large < 2; large++) {
    scene s = scene_create(320, 320, STRAIGHT);
    for (int i = 0; i < 4; i++) {
      scene_line(&s, 25, 25 + 90 * i, 295, 25 + 90 * i, 3, 1);
      scene_line(&s, 25 + 90 * i, 25, 25 + 90 * i, 295, 3, 1);
    }
    for (int i = 0; i < 9; i++)
      scene_draw(&s, &STROKE_GLYPHS[3], 25 + (large ? 90 * (i % 3) + 20 : 30 * i + 7),
                 25 + (large ? 90 * (i / 3) + 20 : 30 * (i * 2 % 9) + 6), large ? 50 : 17, 3, 1);
    page_picture picture = expose(&s, even, 0);
    page_sheet sheet = prepare(&picture);
    page_grid grid;
    must(page_find_grid(&sheet, &grid, &error));
    assert_int_equal(grid.rows, large ? 3 : 9);
    assert_int_equal(grid.columns, large ? 3 : 9);
    page_grid_free(&grid);
    page_sheet_free(&sheet);
  }
}

/* A 1 in a row of boxes stands from one line nearly to the other, as their sides do. */
static void a_one_in_a_box_is_no_side(void **state) {
  (void)state;
  scene s = scene_create(440, 160, STRAIGHT);
  for (int i = 0; i < 2; i++) scene_line(&s, 40, 50 + 60 * i, 400, 50 + 60 * i, 2, 1);
  for (int i = 0; i < 7; i++) scene_line(&s, 40 + 60 * i, 50, 40 + 60 * i, 110, 2, 1);
  scene_line(&s, 192, 57, 188, 103, 4, 1);
  scene_draw(&s, &STROKE_GLYPHS[3], 290, 60, 38, 4, 1);
  page_picture picture = expose(&s, even, 0);
  page_sheet sheet = prepare(&picture);
  page_grid grid;
  must(page_find_grid(&sheet, &grid, &error));
  assert_int_equal(grid.rows, 1);
  assert_int_equal(grid.columns, 6);
  page_grid_free(&grid);
  int dark = 0;
  for (int y = 60; y < 100; y++)
    for (int x = 170; x < 210; x++)
      dark += sheet.ink.pixels[(size_t)y * sheet.ink.stride + (size_t)x] > 128;
  assert_true(dark > 40 * 3);
  page_sheet_free(&sheet);
}

static void combs_are_grids(void **state) {
  (void)state;
  scene s = scene_create(800, 200, turned(1.5, 400, 100));
  scene_line(&s, 60, 150, 700, 150, 3, 1);
  for (int i = 0; i < 9; i++) scene_line(&s, 60 + 80 * i, 110, 60 + 80 * i, 150, 3, 1);
  for (int i = 0; i < 8; i++)
    scene_draw(&s, &STROKE_GLYPHS[i % STROKE_GLYPH_COUNT], 78 + 80 * i, 75, 60, 6, 1);
  page_picture picture = expose(&s, even, 2);
  page_sheet sheet = prepare(&picture);
  page_grid grid;
  must(page_find_grid(&sheet, &grid, &error));
  assert_int_equal(grid.rows, 1);
  assert_int_equal(grid.columns, 8);
  page_grid_free(&grid);
  page_sheet_free(&sheet);
}

/* One line on squared paper: the picture shows little more of the upright lines than glyphs are
 * high, and glyphs hide their middles. All lines go, and nothing of them makes a cell. */
static void squared_paper_goes(void **state) {
  (void)state;
  const int COUNT = 6;
  scene s = scene_create(900, 300, STRAIGHT);
  for (int x = 20; x < 900; x += 73) scene_line(&s, x, -20, x, 320, 3, 0.35f);
  for (int y = 20; y < 300; y += 73) scene_line(&s, -20, y, 920, y, 3, 0.35f);
  for (int k = 0; k < COUNT; k++)
    scene_draw(&s, &STROKE_GLYPHS[k % STROKE_GLYPH_COUNT], 70 + 130 * k, 100, 110, 9, 1);
  page_picture picture = expose(&s, falling, 2);
  page_sheet sheet = prepare(&picture);
  assert_int_equal(components(&sheet), COUNT);
  page_sheet_free(&sheet);
}

static void pages_without_rules_have_no_grid(void **state) {
  (void)state;
  scene s = scene_create(900, 600, STRAIGHT);
  write_rows(&s, 4, 9, 100, 60, 60);
  for (int r = 0; r < 4; r++) scene_line(&s, 50, 130 + 108 * r, 850, 130 + 108 * r, 3, 0.5f);
  page_picture picture = expose(&s, even, 2);
  page_sheet sheet = prepare(&picture);
  page_grid grid;
  must(page_find_grid(&sheet, &grid, &error));
  assert_int_equal(sheet.rule_count, 4);
  assert_int_equal(grid.rows, 0);
  page_grid_free(&grid);
  page_sheet_free(&sheet);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rules_go_and_strokes_stay),
      cmocka_unit_test(strokes_are_no_rules),
      cmocka_unit_test(grids_are_found),
      cmocka_unit_test(cells_lie_within_their_lines),
      cmocka_unit_test(square_cells_are_even),
      cmocka_unit_test(thick_lines_make_a_sudoku),
      cmocka_unit_test(a_one_in_a_box_is_no_side),
      cmocka_unit_test(combs_are_grids),
      cmocka_unit_test(squared_paper_goes),
      cmocka_unit_test(pages_without_rules_have_no_grid),
  };
  return cmocka_run_group_tests_name("sheet_rules", tests, NULL, NULL);
}
