/* Pen strokes drawn as ink, against areas and places worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ink/strokes.h"

static base_error error;

static int level(const ink_image *image, int x, int y) {
  return image->pixels[(size_t)y * image->stride + (size_t)x];
}

static double mass_of(const ink_image *image) {
  double mass = 0;
  for (int y = 0; y < image->height; y++)
    for (int x = 0; x < image->width; x++) mass += level(image, x, y);
  return mass / 255;
}

static ink_image draw(const ink_point *points, size_t count, ink_pen pen, int side) {
  const ink_stroke stroke = {points, count};
  ink_image image;
  if (ink_strokes_draw(&stroke, 1, pen, side, &image, &error) != SCRAWL_OK)
    fail_msg("%s", error.message);
  return image;
}

static void near(double value, double expected, double tolerance) {
  if (!(fabs(value - expected) <= tolerance)) fail_msg("%g is not %g", value, expected);
}

/* A line of length L and width w covers L w + pi (w/2)^2. */
static void a_line_covers_its_area_and_has_round_ends(void **state) {
  (void)state;
  const ink_point line[] = {{5, 5, -1}, {45, 5, -1}};
  ink_image image = draw(line, 2, (ink_pen){.width = 10}, 100); /* two pixels a unit */
  assert_int_equal(image.width, 100);
  assert_int_equal(image.height, 20);
  near(mass_of(&image), 80 * 20 + 3.14159265 * 100, 25);
  assert_int_equal(level(&image, 50, 10), 255);
  assert_int_equal(level(&image, 1, 10), 255);
  assert_int_equal(level(&image, 0, 0), 0); /* the corner lies outside the cap */
  assert_int_equal(level(&image, 99, 19), 0);
  base_free(image.pixels);
}

static void a_slanting_line_covers_the_same(void **state) {
  (void)state;
  const ink_point line[] = {{0, 0, -1}, {30, 40, -1}};        /* 50 long */
  ink_image image = draw(line, 2, (ink_pen){.width = 5}, 90); /* two pixels a unit */
  near(mass_of(&image), 100 * 10 + 3.14159265 * 25, 20);
  assert_int_equal(level(&image, 35, 45), 255); /* (15 + 2.5, 20 + 2.5) * 2 */
  base_free(image.pixels);
}

static void a_point_is_a_disc(void **state) {
  (void)state;
  const ink_point dot = {-3, 7, -1}, twice[] = {{-3, 7, -1}, {-3, 7, -1}};
  ink_image image = draw(&dot, 1, (ink_pen){.width = 2}, 40);
  assert_int_equal(image.width, 40);
  assert_int_equal(image.height, 40);
  near(mass_of(&image), 3.14159265 * 400, 20);
  ink_image again = draw(twice, 2, (ink_pen){.width = 2}, 40);
  assert_memory_equal(image.pixels, again.pixels, 1600);
  base_free(image.pixels);
  base_free(again.pixels);
}

static void a_crossing_is_no_darker_than_the_line(void **state) {
  (void)state;
  const ink_point across[] = {{0, 10, -1}, {20, 10, -1}}, down[] = {{10, 0, -1}, {10, 20, -1}};
  const ink_stroke strokes[] = {{across, 2}, {down, 2}};
  ink_image image;
  assert_int_equal(ink_strokes_draw(strokes, 2, (ink_pen){.width = 4}, 96, &image, &error),
                   SCRAWL_OK);
  /* Four pixels a unit: two bars less the square they share, and four half discs. */
  near(mass_of(&image), 2 * 80 * 16 - 256 + 2 * 3.14159265 * 64, 40);
  base_free(image.pixels);
}

/* Full pressure draws the pen's width, none half of it, and between them it widens evenly. */
static void pressure_makes_the_line_wider(void **state) {
  (void)state;
  const ink_point line[] = {{0, 0, 0}, {100, 0, 1}};
  ink_image image = draw(line, 2, (ink_pen){.width = 20}, 120);
  double left = 0, right = 0;
  for (int y = 0; y < image.height; y++) {
    left += level(&image, 10, y) / 255.0;
    right += level(&image, 109, y) / 255.0;
  }
  near(left, 10, .8);
  near(right, 20, .8);
  base_free(image.pixels);
}

/* Stairs of a coarse tablet become the slope they stand for: no pixel is far from it. */
static void stairs_are_smoothed_to_a_slope(void **state) {
  (void)state;
  ink_point stairs[41];
  for (int i = 0; i < 41; i++) stairs[i] = (ink_point){(float)((i + 1) / 2), (float)(i / 2), -1};
  double off[2];
  for (int grain = 0; grain < 2; grain++) {
    ink_image image = draw(stairs, 41, (ink_pen){.width = .6, .grain = grain}, 206);
    double sum = 0, ink = 0; /* of squared distances from the line x = y + 1/2, in steps */
    for (int y = 40; y < image.height - 40; y++)
      for (int x = 40; x < image.width - 40; x++) {
        double distance = (x - y - 5) / 10.0 / sqrt(2);
        sum += distance * distance * level(&image, x, y);
        ink += level(&image, x, y);
      }
    off[grain] = sqrt(sum / ink);
    base_free(image.pixels);
  }
  /* A band of width 0.6 deviates by 0.6 / sqrt(12) = 0.17 from its middle. */
  near(off[1], .17, .03);
  assert_true(off[0] > off[1] + .05);
}

static void a_glyph_is_framed_like_mnists(void **state) {
  (void)state;
  const ink_point seven[] = {{0, 0, -1}, {10, 0, -1}, {3, 18, -1}};
  const ink_stroke stroke = {seven, 3};
  uint8_t glyph[INK_GLYPH_PIXELS];
  assert_int_equal(ink_strokes_glyph(&stroke, 1, (ink_pen){.width = 2}, glyph, &error), SCRAWL_OK);
  const ink_image image = {INK_GLYPH_SIDE, INK_GLYPH_SIDE, INK_GLYPH_SIDE, glyph};
  assert_true(ink_is_normalised(&image));
}

static void what_cannot_be_drawn_is_refused(void **state) {
  (void)state;
  const ink_point nothing[] = {{NAN, 0, -1}, {0, INFINITY, -1}}, dot = {0, 0, -1};
  const ink_stroke empty = {nothing, 2}, good = {&dot, 1};
  ink_image image;
  const ink_pen pen = {.width = 1};
  assert_int_equal(ink_strokes_draw(&empty, 1, pen, 20, &image, &error), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(ink_strokes_draw(NULL, 0, pen, 20, &image, &error), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(ink_strokes_draw(&good, 1, (ink_pen){.width = 0}, 20, &image, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(ink_strokes_draw(&good, 1, (ink_pen){.width = NAN}, 20, &image, &error),
                   SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(ink_strokes_draw(&good, 1, pen, 0, &image, &error), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(ink_strokes_draw(&good, 1, pen, 4097, &image, &error), SCRAWL_INVALID_ARGUMENT);
  assert_null(image.pixels);
  /* Points that are no numbers are passed over; far ones make the rest small. */
  const ink_point mixed[] = {{NAN, 0, -1}, {0, 0, -1}, {3e38f, -3e38f, 5}, {1, 1, NAN}};
  const ink_stroke far = {mixed, 4};
  assert_int_equal(ink_strokes_draw(&far, 1, (ink_pen){1, 1e38}, 20, &image, &error), SCRAWL_OK);
  base_free(image.pixels);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  const ink_point line[] = {{0, 0, -1}, {10, 3, -1}, {20, 0, -1}};
  const ink_stroke stroke = {line, 3};
  uint8_t glyph[INK_GLYPH_PIXELS];
  scrawl_status status = SCRAWL_OUT_OF_MEMORY;
  int n = 0;
  for (; status == SCRAWL_OUT_OF_MEMORY && n < 10; n++) {
    base_alloc_fail_after(n);
    status = ink_strokes_glyph(&stroke, 1, (ink_pen){2, 3}, glyph, &error);
    base_alloc_fail_after(-1);
  }
  assert_int_equal(status, SCRAWL_OK);
  assert_int_equal(n, 4); /* the picture, the points, the points between them */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_covers_its_area_and_has_round_ends),
      cmocka_unit_test(a_slanting_line_covers_the_same),
      cmocka_unit_test(a_point_is_a_disc),
      cmocka_unit_test(a_crossing_is_no_darker_than_the_line),
      cmocka_unit_test(pressure_makes_the_line_wider),
      cmocka_unit_test(stairs_are_smoothed_to_a_slope),
      cmocka_unit_test(a_glyph_is_framed_like_mnists),
      cmocka_unit_test(what_cannot_be_drawn_is_refused),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
