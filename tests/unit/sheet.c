/* Pictures to sheets: light, angles, a sheet on a table, odd pictures, decoding, the steps. */
#include "scene.h"
#include "scratch.h"

/* ---- light ---- */

static void light_is_evened_out(void **state) {
  (void)state;
  light_at *const LIGHTS[] = {even, falling, shadow};
  for (int i = 0; i < 3; i++) {
    scene s = scene_create(900, 600, STRAIGHT);
    int written = write_rows(&s, 4, 8, 100, 60, 60);
    float *drawn = malloc(900 * 600 * sizeof *drawn);
    if (!drawn) abort();
    memcpy(drawn, s.ink, 900 * 600 * sizeof *drawn);
    page_picture picture = expose(&s, LIGHTS[i], 3);
    page_sheet sheet = prepare(&picture);
    assert_true(sheet.angle == 0);
    int found = components(&sheet);
    if (found != written) fail_msg("light %d: %d components of %d", i, found, written);
    double paper = 0, ink = 0, papers = 0, inks = 0;
    for (int k = 0; k < 900 * 600; k++) {
      if (drawn[k] == 0) paper += sheet.ink.pixels[k], papers++;
      if (drawn[k] == 1) ink += sheet.ink.pixels[k], inks++;
    }
    if (paper / papers > 1 || ink / inks < 225)
      fail_msg("light %d: paper %.1f, ink %.1f", i, paper / papers, ink / inks);
    if (fabs(sheet.stroke - 60 / 9.0) > 1.5) fail_msg("stroke %.2f", sheet.stroke);
    page_sheet_free(&sheet);
    free(drawn);
  }
}

static void light_ink_is_ink(void **state) {
  (void)state;
  scene s = scene_create(700, 300, STRAIGHT);
  int written = write_rows(&s, 2, 8, 60, 40, 60);
  page_picture picture = expose(&s, even, 3);
  for (int i = 0; i < 700 * 300; i++) picture.grey[i] ^= 255;
  page_sheet sheet = prepare(&picture);
  assert_int_equal(components(&sheet), written);
  page_sheet_free(&sheet);
}

static void pencil_is_found_beside_pen(void **state) {
  (void)state;
  scene s = scene_create(700, 400, STRAIGHT);
  int written = write_rows(&s, 1, 8, 60, 40, 60);
  for (int c = 0; c < 6; c++, written++)
    scene_draw(&s, &STROKE_GLYPHS[c % STROKE_GLYPH_COUNT], 60 + 70 * c, 260, 60, 5, 0.25f);
  page_picture picture = expose(&s, even, 2);
  page_sheet sheet = prepare(&picture);
  assert_int_equal(components(&sheet), written);
  page_sheet_free(&sheet);
}

static void scan_edges_and_specks_go(void **state) {
  (void)state;
  scene s = scene_create(900, 500, STRAIGHT);
  int written = write_rows(&s, 3, 8, 120, 60, 60);
  for (int i = 0; i < 200; i++)
    s.ink[(37 * i % 480 + 10) * 900 + (613 * i % 800 + 60)] = 1; /* single pixels */
  for (int y = 0; y < 500; y++)
    for (int x = 0; x < 900; x++)
      if (x < 25 || y >= 485) s.ink[y * 900 + x] = 1;
  page_picture picture = expose(&s, even, 1);
  page_sheet sheet = prepare(&picture);
  int found = components(&sheet);
  if (found < written || found > written + 6) fail_msg("%d of %d", found, written);
  for (int y = 0; y < 480; y++) assert_int_equal(sheet.ink.pixels[y * 900 + 10], 0);
  page_sheet_free(&sheet);
}

/* ---- angles ---- */

static void skew_is_found(void **state) {
  (void)state;
  static const double ANGLES[] = {-11, -4.3, -0.8, 0, 0.5, 2.6, 9};
  for (int ruled = 0; ruled < 2; ruled++)
    for (size_t i = 0; i < sizeof ANGLES / sizeof *ANGLES; i++) {
      scene s = scene_create(1200, 900, turned(ANGLES[i], 600, 450));
      write_rows(&s, 6, 12, 150, 110, 60);
      for (int r = 0; ruled && r < 7; r++)
        scene_line(&s, 100, 180 + 108 * r, 1100, 180 + 108 * r, 3, 0.5f);
      page_map truth = s.to_picture;
      page_picture picture = expose(&s, falling, 3);
      page_sheet sheet = prepare(&picture);
      double most = ruled ? 0.1 : 0.3;
      if (fabs(sheet.angle + ANGLES[i]) > most)
        fail_msg("%g degrees%s: turned by %.2f", ANGLES[i], ruled ? ", ruled" : "", sheet.angle);
      /* A level line of the scene is level on the sheet, and the map leads back to it. */
      page_map back;
      assert_true(page_map_invert(&sheet.map, &back));
      page_point from = page_map_point(&back, page_map_point(&truth, (page_point){150, 110}));
      page_point to = page_map_point(&back, page_map_point(&truth, (page_point){1050, 110}));
      if (fabs(to.y - from.y) > 900 * 0.0175 * most + 1)
        fail_msg("off level by %.1f pixels", to.y - from.y);
      assert_true(fabs(hypot(to.x - from.x, to.y - from.y) - 900) < 1);
      page_sheet_free(&sheet);
    }
}

static void a_string_is_turned_when_it_slopes(void **state) {
  (void)state;
  static const double ANGLES[] = {0, 7, -12, 20};
  for (size_t i = 0; i < sizeof ANGLES / sizeof *ANGLES; i++) {
    scene s = scene_create(800, 500, turned(ANGLES[i], 400, 250));
    for (int c = 0; c < 7; c++)
      scene_draw(&s, &STROKE_GLYPHS[c % STROKE_GLYPH_COUNT], 120 + 80 * c, 215 + c % 2 * 6, 70, 8,
                 1);
    page_picture picture = expose(&s, even, 2);
    page_sheet sheet = prepare(&picture);
    if (fabs(sheet.angle + ANGLES[i]) > 2)
      fail_msg("%g degrees: turned by %.2f", ANGLES[i], sheet.angle);
    page_sheet_free(&sheet);
  }
}

static void a_few_glyphs_are_left_as_they_are(void **state) {
  (void)state;
  for (int count = 1; count <= 2; count++) {
    scene s = scene_create(400, 300, turned(8, 200, 150));
    for (int c = 0; c < count; c++) scene_draw(&s, &STROKE_GLYPHS[c], 120 + 90 * c, 100, 90, 10, 1);
    page_picture picture = expose(&s, even, 2);
    page_sheet sheet = prepare(&picture);
    assert_true(sheet.angle == 0);
    assert_int_equal(components(&sheet), count);
    page_sheet_free(&sheet);
  }
}

static void a_page_on_its_side_is_turned(void **state) {
  (void)state;
  page_map quarter = {{0, 1, 0, -1, 0, 1200, 0, 0, 1}}; /* what lies becomes upright */
  scene s = scene_create(900, 1200, quarter);
  write_rows(&s, 6, 14, 100, 110, 60);
  page_picture picture = expose(&s, even, 2);
  page_sheet sheet = prepare(&picture);
  assert_true(fabs(fabs(sheet.angle) - 90) < 0.5);
  assert_true(sheet.ink.width > sheet.ink.height);
  page_sheet_free(&sheet);
}

/* ---- a sheet on a table ---- */

static void a_sheet_is_cut_out_and_straightened(void **state) {
  (void)state;
  const page_point corner[4] = {{150, 90}, {960, 160}, {900, 700}, {110, 620}};
  page_map map;
  assert_true(page_map_of_quad(corner, 800, 550, &map));
  scene s = scene_create(1100, 800, map);
  int written = write_rows(&s, 4, 9, 80, 60, 60);
  page_map to_scene = s.to_scene;
  page_picture picture = expose(&s, falling, 2);
  base_random random = base_random_seed(3);
  for (int y = 0; y < 800; y++)
    for (int x = 0; x < 1100; x++) {
      page_point p = page_map_point(&to_scene, (page_point){x + 0.5, y + 0.5});
      if (p.x < 0 || p.y < 0 || p.x > 800 || p.y > 550)
        picture.grey[y * 1100 + x] = (uint8_t)(40 + 20 * base_random_unit(&random));
    }
  page_sheet sheet = prepare(&picture);
  assert_int_equal(components(&sheet), written);
  for (int k = 0; k < 4; k++) {
    double w = sheet.ink.width, h = sheet.ink.height;
    page_point at =
        page_map_point(&sheet.map, (page_point){k == 1 || k == 2 ? w : 0, k >= 2 ? h : 0});
    double off = hypot(at.x - corner[k].x, at.y - corner[k].y);
    if (off > 8) fail_msg("corner %d is off by %.1f", k, off);
  }
  page_sheet_free(&sheet);
}

/* ---- odd pictures ---- */

static void any_picture_gives_a_sheet(void **state) {
  (void)state;
  static const int SIZES[][2] = {{1, 1},    {1, 2},   {2, 1},   {3, 3},   {1, 5000},
                                 {5000, 1}, {7, 900}, {31, 31}, {33, 65}, {640, 480}};
  base_random random = base_random_seed(11);
  for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
    for (int kind = 0; kind < 6; kind++) {
      int width = SIZES[i][0], height = SIZES[i][1];
      page_picture picture = {.width = width, .height = height};
      picture.grey = base_alloc((size_t)width, (size_t)height);
      for (int k = 0; k < width * height; k++) {
        int x = k % width, y = k / width;
        uint8_t values[] = {0,
                            255,
                            128,
                            (uint8_t)base_random_next(&random),
                            (uint8_t)((x ^ y) & 1 ? 255 : 0),
                            (uint8_t)(255 * x / width)};
        picture.grey[k] = values[kind];
      }
      page_sheet sheet = prepare(&picture);
      page_grid grid;
      must(page_find_grid(&sheet, &grid, &error));
      if (width * height > 5000 && kind != 4) assert_int_equal(components(&sheet), 0);
      page_grid_free(&grid);
      page_sheet_free(&sheet);
    }
  page_sheet_free(NULL);
  page_grid_free(NULL);
  page_steps_free(NULL);
}

static void memory_may_run_out_anywhere(void **state) {
  (void)state;
  for (long after = 0;; after++) {
    scene s = scene_create(300, 200, turned(4, 150, 100));
    write_rows(&s, 2, 5, 40, 30, 40);
    for (int r = 0; r < 4; r++) scene_line(&s, 10, 30 + 40 * r, 280, 30 + 40 * r, 2, 1);
    for (int c = 0; c < 4; c++) scene_line(&s, 30 + 80 * c, 20, 30 + 80 * c, 180, 2, 1);
    page_picture picture = expose(&s, even, 1);
    page_sheet sheet;
    page_grid grid = {0};
    page_steps steps = {0};
    page_prepare_options options = {.steps = &steps};
    base_alloc_fail_after(after);
    scrawl_status status = page_prepare(&picture, &options, &sheet, &error);
    if (status == SCRAWL_OK) status = page_find_grid(&sheet, &grid, &error);
    base_alloc_fail_after(-1);
    page_grid_free(&grid);
    page_sheet_free(&sheet);
    page_steps_free(&steps);
    base_free(picture.grey);
    if (status == SCRAWL_OK) break;
    assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
    assert_true(after < 500);
  }
}

/* ---- decoding for pages ---- */

static void large_pictures_are_halved(void **state) {
  (void)state;
  static const int FORMATS[] = {IFF_JFIF_JPEG, IFF_PNG};
  for (int i = 0; i < 2; i++) {
    PIX *pix = pixCreate(3203, 1001, 8);
    pixSetAllArbitrary(pix, 240);
    pixRasterop(pix, 1600, 400, 200, 100, PIX_CLR, NULL, 0, 0);
    l_uint8 *bytes;
    size_t size;
    assert_int_equal(pixWriteMem(&bytes, &size, pix, FORMATS[i]), 0);
    page_limits limits = {.side = PAGE_WORKING_SIDE};
    page_picture picture;
    must(page_decode(bytes, size, &limits, &picture, &error));
    assert_int_equal(picture.file_width, 3203);
    assert_int_equal(picture.file_height, 1001);
    assert_int_equal(picture.width, 1602);
    assert_int_equal(picture.height, 501);
    assert_in_range(picture.grey[225 * 1602 + 850], 0, 3);
    assert_in_range(picture.grey[225 * 1602 + 790], 237, 243);
    page_sheet sheet = prepare(&picture);
    ink_box all = page_sheet_box(&sheet, (ink_box){0, 0, sheet.ink.width, sheet.ink.height});
    assert_int_equal(all.width, 3203);
    assert_int_equal(all.height, 1001);
    page_sheet_free(&sheet);
    lept_free(bytes);
    pixDestroy(&pix);
  }
}

/* Ink of any colour is far darker than paper, whatever the light's colour; a marker is not ink. */
static void coloured_ink_is_dark(void **state) {
  (void)state;
  static const uint8_t INKS[][3] = {{30, 30, 30}, {30, 50, 160}, {200, 40, 50}, {20, 120, 60}};
  static const uint8_t PAPERS[][3] = {{250, 250, 250}, {250, 225, 180}, {190, 210, 250}};
  for (size_t p = 0; p < sizeof PAPERS / sizeof *PAPERS; p++) {
    PIX *pix = pixCreate(400, 100, 32);
    for (int y = 0; y < 100; y++)
      for (int x = 0; x < 400; x++) {
        const uint8_t *paper = PAPERS[p], *ink = INKS[x / 100];
        bool inked = x % 100 >= 40 && x % 100 < 50 && y >= 20 && y < 80;
        int level[3];
        for (int c = 0; c < 3; c++) level[c] = inked ? ink[c] * paper[c] / 255 : paper[c];
        pixSetRGBPixel(pix, x, y, level[0], level[1], level[2]);
      }
    uint8_t grey[400 * 100];
    page_grey_of_colour(pix, grey);
    for (int k = 0; k < 4; k++) {
      int paper = grey[50 * 400 + 100 * k + 20], ink = grey[50 * 400 + 100 * k + 45];
      if (ink > 0.55 * paper) fail_msg("paper %zu, ink %d: %d on %d", p, k, ink, paper);
    }
    pixDestroy(&pix);
  }
}

/* ---- steps ---- */

static void steps_are_written(void **state) {
  (void)state;
  static const uint8_t SIGNATURE[] = {0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a};
  scene s = scene_create(300, 200, STRAIGHT);
  write_rows(&s, 2, 4, 40, 30, 40);
  page_picture picture = expose(&s, even, 1);
  page_steps steps = {0};
  page_prepare_options options = {.steps = &steps};
  page_sheet sheet;
  must(page_prepare(&picture, &options, &sheet, &error));
  assert_true(steps.count >= 5);
  assert_string_equal(steps.items[0].name, "grey");
  assert_string_equal(steps.items[steps.count - 1].name, "sheet");
  must(page_steps_write(&steps, scratch("steps"), &error));
  must(page_steps_write(&steps, scratch("steps"), &error)); /* over the old ones */
  for (size_t i = 0; i < steps.count; i++) {
    uint8_t *bytes;
    size_t size;
    char name[64];
    must(page_steps_png(&steps, i, &bytes, &size, &error));
    assert_true(size > 8 && memcmp(bytes, SIGNATURE, 8) == 0);
    base_free(bytes);
    snprintf(name, sizeof name, "steps/%02zu-%s.png", i + 1, steps.items[i].name);
    PIX *pix = pixRead(scratch(name));
    assert_non_null(pix);
    assert_int_equal(pixGetWidth(pix), pixGetWidth(steps.items[i].pix));
    pixDestroy(&pix);
  }
  assert_int_equal(page_steps_write(&steps, scratch("none/steps"), &error), SCRAWL_WRITE_FAILED);
  page_steps_free(&steps);
  assert_int_equal(steps.count, 0);
  page_sheet_free(&sheet);
  base_free(picture.grey);
}

static uint8_t level_at(const ink_image *image, int x, int y) {
  return image->pixels[(size_t)y * image->stride + (size_t)x];
}

static void fill_box(ink_image *image, ink_box box, uint8_t level) {
  for (int y = box.y; y < box.y + box.height; y++)
    memset(image->pixels + (size_t)y * image->stride + box.x, level, (size_t)box.width);
}

/* Beside a stroke of full ink: a point of half its strength, one too faint, and a faint line. */
static void faint_points_are_strengthened(void **state) {
  (void)state;
  enum { PAPER = 16, INK = 216, HALF = 116, FAINT = 56 };
  const page_levels levels = {.noise = 2, .paper = PAPER, .weak = 40, .faint = 30, .ink = INK};
  const ink_box stroke = {10, 10, 6, 40}, point = {30, 44, 5, 5}, spot = {40, 44, 5, 5},
                line = {50, 20, 4, 30};
  ink_image dark, mask;
  must(ink_image_create(80, 60, &dark, &error));
  must(ink_image_create(80, 60, &mask, &error));
  fill_box(&dark, (ink_box){0, 0, 80, 60}, PAPER);
  fill_box(&dark, stroke, INK);
  fill_box(&dark, point, HALF - 20);
  fill_box(&dark, (ink_box){32, 46, 1, 1}, HALF);
  fill_box(&dark, spot, FAINT);
  fill_box(&dark, line, HALF);
  for (int y = 0; y < 60; y++)
    for (int x = 0; x < 80; x++) mask.pixels[y * 80 + x] = level_at(&dark, x, y) > PAPER ? 255 : 0;
  must(page_strengthen_points(&mask, &levels, &dark, &error));
  assert_int_equal(level_at(&dark, 32, 46), INK);
  assert_int_equal(level_at(&dark, 30, 44), PAPER + 160); /* the same factor, 2 */
  assert_int_equal(level_at(&dark, 42, 46), FAINT);
  assert_int_equal(level_at(&dark, 52, 30), HALF);
  assert_int_equal(level_at(&dark, 12, 30), INK);
  assert_int_equal(level_at(&dark, 29, 44), PAPER);
  base_free(dark.pixels);
  base_free(mask.pixels);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(faint_points_are_strengthened),
      cmocka_unit_test(light_is_evened_out),
      cmocka_unit_test(light_ink_is_ink),
      cmocka_unit_test(pencil_is_found_beside_pen),
      cmocka_unit_test(scan_edges_and_specks_go),
      cmocka_unit_test(skew_is_found),
      cmocka_unit_test(a_string_is_turned_when_it_slopes),
      cmocka_unit_test(a_few_glyphs_are_left_as_they_are),
      cmocka_unit_test(a_page_on_its_side_is_turned),
      cmocka_unit_test(a_sheet_is_cut_out_and_straightened),
      cmocka_unit_test(any_picture_gives_a_sheet),
      cmocka_unit_test(memory_may_run_out_anywhere),
      cmocka_unit_test(large_pictures_are_halved),
      cmocka_unit_test(coloured_ink_is_dark),
      cmocka_unit_test_setup_teardown(steps_are_written, scratch_setup, scratch_teardown),
  };
  return cmocka_run_group_tests_name("sheet", tests, NULL, NULL);
}
