/* Descriptions of glyphs. The truth is what was drawn: strokes of known number, width and length,
 * sheared and turned by known angles, at several sizes; and for Euler's number a count of quads
 * that knows nothing of parts and holes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ink/describe.h"

#define PI 3.14159265358979

static base_error error;

/* A shape is polylines and circles in a square of 1, drawn with a round pen. */
typedef struct point {
  double x, y;
} point;
typedef struct drawing {
  const char *name;
  int line_count, points[4]; /* of each polyline */
  point line[4][6];
  int ring_count;
  struct {
    point middle;
    double radius;
  } ring[2];
  double touching; /* length of strokes that run into each other, and so are one */
  bool spiral;     /* two turns, 0.2 apart */
  ink_trace truth; /* lengths for a square of 1; ends of a dot: two */
} drawing;

static const drawing DRAWINGS[] = {
    {.name = "ring",
     .ring_count = 1,
     .ring = {{{0.5, 0.5}, 0.4}},
     .truth = {.length = 0.8 * PI, .parts = 1, .loops = 1}},
    {.name = "eight",
     .touching = 0.2,
     .ring_count = 2,
     .ring = {{{0.5, 0.26}, 0.24}, {{0.5, 0.74}, 0.24}},
     .truth = {.length = 0.96 * PI, .parts = 1, .loops = 2, .crossings = 1}},
    {.name = "bar",
     .line_count = 1,
     .points = {2},
     .line = {{{0.5, 0}, {0.5, 1}}},
     .truth = {.length = 1, .parts = 1, .ends = 2}},
    {.name = "cross",
     .line_count = 2,
     .points = {2, 2},
     .line = {{{0.5, 0}, {0.5, 1}}, {{0, 0.5}, {1, 0.5}}},
     .truth = {.length = 2, .parts = 1, .ends = 4, .crossings = 1}},
    {.name = "X",
     .line_count = 2,
     .points = {2, 2},
     .line = {{{0.2, 0}, {0.8, 1}}, {{0.8, 0}, {0.2, 1}}},
     .truth = {.length = 2.3324, .parts = 1, .ends = 4, .crossings = 1}},
    {.name = "T",
     .line_count = 2,
     .points = {2, 2},
     .line = {{{0, 0}, {1, 0}}, {{0.5, 0}, {0.5, 1}}},
     .truth = {.length = 2, .parts = 1, .ends = 3, .junctions = 1}},
    {.name = "L",
     .line_count = 1,
     .points = {3},
     .line = {{{0, 0}, {0, 1}, {0.7, 1}}},
     .truth = {.length = 1.7, .parts = 1, .ends = 2}},
    {.name = "spiral", .spiral = true, .truth = {.length = 3.152, .parts = 1, .ends = 2}},
    {.name = "dashes",
     .line_count = 3,
     .points = {2, 2, 2},
     .line = {{{0.5, 0}, {0.5, 0.2}}, {{0.5, 0.4}, {0.5, 0.6}}, {{0.5, 0.8}, {0.5, 1}}},
     .truth = {.length = 0.6, .parts = 3, .ends = 6}},
    {.name = "nine",
     .touching = 0.2,
     .line_count = 1,
     .points = {2},
     .line = {{{0.7, 0.3}, {0.6, 1}}},
     .ring_count = 1,
     .ring = {{{0.4, 0.3}, 0.3}},
     .truth = {.length = 0.6 * PI + 0.7071, .parts = 1, .loops = 1, .ends = 1, .junctions = 1}},
    {.name = "four",
     .touching = 0.25,
     .line_count = 1,
     .points = {5},
     .line = {{{0.6, 1}, {0.6, 0}, {0.6, 0}, {0, 0.65}, {0.95, 0.65}}},
     .truth = {.length = 2.8347, .parts = 1, .loops = 1, .ends = 2, .crossings = 1}},
    {.name = "three",
     .line_count = 2,
     .points = {4, 4},
     .line = {{{0, 0}, {0.6, 0}, {0.6, 0.5}, {0.2, 0.5}}, {{0.6, 0.5}, {0.6, 1}, {0, 1}, {0, 1}}},
     .truth = {.length = 2.6, .parts = 1, .ends = 3, .junctions = 1}},
};
enum { DRAWING_COUNT = sizeof DRAWINGS / sizeof *DRAWINGS };

static double to_segment(point p, point a, point b) {
  double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
  double t = square > 0 ? fmin(fmax(((p.x - a.x) * dx + (p.y - a.y) * dy) / square, 0), 1) : 0;
  return hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

static double to_drawing(const drawing *d, point p) {
  double nearest = INFINITY;
  for (int l = 0; l < d->line_count; l++)
    for (int i = 0; i + 1 < d->points[l]; i++)
      nearest = fmin(nearest, to_segment(p, d->line[l][i], d->line[l][i + 1]));
  for (int r = 0; r < d->ring_count; r++) {
    double away = hypot(p.x - d->ring[r].middle.x, p.y - d->ring[r].middle.y);
    nearest = fmin(nearest, fabs(away - d->ring[r].radius));
  }
  for (int i = 0; d->spiral && i < 100; i++) {
    double a = i * 0.04 * PI, b = (i + 1) * 0.04 * PI, unit = 0.2 / PI;
    point from = {0.5 + (0.05 + a * unit / 2) * cos(a), 0.5 + (0.05 + a * unit / 2) * sin(a)};
    point to = {0.5 + (0.05 + b * unit / 2) * cos(b), 0.5 + (0.05 + b * unit / 2) * sin(b)};
    nearest = fmin(nearest, to_segment(p, from, to));
  }
  return nearest;
}

/* Turned clockwise by `turn` degrees about its middle, the square `size` pixels large; ink covers a
 * pixel as far as its edge is from the pixel's middle. */
static ink_image draw(const drawing *d, double size, double pen, double turn) {
  ink_image image;
  int side = (int)ceil(1.5 * size + 2 * pen) + 4;
  assert_int_equal(ink_image_create(side, side, &image, &error), SCRAWL_OK);
  double c = cos(turn * PI / 180), s = sin(turn * PI / 180), middle = side / 2.0 + 0.21;
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      double u = (x + 0.5 - middle) / size, v = (y + 0.5 - middle) / size;
      point p = {0.5 + c * u + s * v, 0.5 - s * u + c * v};
      double cover = pen / 2 + 0.5 - to_drawing(d, p) * size;
      image.pixels[y * side + x] = (uint8_t)lrint(255 * fmin(fmax(cover, 0), 1));
    }
  return image;
}

static ink_style describe(const ink_image *image) {
  ink_box box;
  ink_style style;
  assert_true(ink_find(image, &box));
  assert_int_equal(ink_describe(image, box, &style, &error), SCRAWL_OK);
  return style;
}

/* Gray (1971), "Local properties of binary images in two dimensions": Euler's number by 8
 * neighbours is a quarter of the quads with one pixel, less those with three, less twice those with
 * two at corners. */
static int euler_by_quads(const ink_image *image) {
  int sum = 0;
  for (int y = 0; y + 1 < image->height; y++)
    for (int x = 0; x + 1 < image->width; x++) {
      const uint8_t *p = image->pixels + (size_t)y * image->stride + x;
      bool a = p[0] > 127, b = p[1] > 127, c = p[image->stride] > 127,
           d = p[image->stride + 1] > 127;
      int count = a + b + c + d;
      sum += count == 1 ? 1 : count == 3 ? -1 : count == 2 && a == d ? -2 : 0;
    }
  return sum / 4;
}

static void strokes_are_counted_and_measured(void **state) {
  (void)state;
  static const double SIZES[] = {20, 40, 150}, TURNS[] = {0, 12, 45, 71, 200};
  for (int i = 0; i < DRAWING_COUNT; i++)
    for (size_t s = 0; s < sizeof SIZES / sizeof *SIZES; s++)
      for (size_t t = 0; t < sizeof TURNS / sizeof *TURNS; t++) {
        const drawing *d = &DRAWINGS[i];
        double size = SIZES[s], pen = size / 10, slack = 0.06 * d->truth.length;
        ink_image image = draw(d, size, pen, TURNS[t]);
        ink_trace truth = d->truth, is = describe(&image).strokes;
        bool counted = is.parts == truth.parts && is.loops == truth.loops &&
                       is.ends == truth.ends && is.junctions == truth.junctions &&
                       is.crossings == truth.crossings;
        slack += d->touching + 0.02 * truth.ends;
        bool measured = fabs(is.length / size - truth.length) <= slack &&
                        fabs(is.width - pen) <= 0.07 * pen + 0.25 &&
                        is.width_deviation <= 0.1 * pen + 0.25;
        if (!counted || !measured)
          fail_msg("%s of %g turned by %g: parts %d loops %d ends %d junctions %d crossings %d "
                   "length %.2f width %.2f +- %.2f",
                   d->name, size, TURNS[t], is.parts, is.loops, is.ends, is.junctions, is.crossings,
                   is.length / size, is.width, is.width_deviation);
        base_free(image.pixels);
      }
}

/* Wherever nothing touches, so that no pinhole is in question. */
static void euler_is_as_quads_say(void **state) {
  (void)state;
  base_random random = base_random_seed(3);
  for (int round = 0; round < 40; round++) {
    ink_image image;
    assert_int_equal(ink_image_create(120, 120, &image, &error), SCRAWL_OK);
    for (int cell = 0; cell < 9; cell++) {
      drawing d = DRAWINGS[base_random_below(&random, 2) ? 0 : 8];
      if (base_random_below(&random, 4) == 0) d = (drawing){0};
      if (base_random_below(&random, 4) == 0) d = DRAWINGS[3];
      ink_image part = draw(&d, 20, 1.6, (double)base_random_below(&random, 360));
      assert_true(part.width <= 40);
      for (int y = 0; y < part.height && (d.line_count || d.ring_count); y++)
        memcpy(image.pixels + (cell / 3 * 40 + y) * 120 + cell % 3 * 40,
               part.pixels + y * part.width, (size_t)part.width);
      base_free(part.pixels);
    }
    ink_style style = describe(&image);
    assert_int_equal(style.strokes.parts - style.strokes.loops, euler_by_quads(&image));
    base_free(image.pixels);
  }
}

/* A bar of `width` x `height` pixels: sheared to the right by tan(slant), or turned. */
static ink_image draw_bar(double width, double height, double slant, double turn) {
  ink_image image;
  enum { SIDE = 200, FINE = 8 };
  assert_int_equal(ink_image_create(SIDE, SIDE, &image, &error), SCRAWL_OK);
  double c = cos(turn * PI / 180), s = sin(turn * PI / 180), shear = tan(slant * PI / 180);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      int inside = 0;
      for (int k = 0; k < FINE * FINE; k++) {
        double u = x + (k % FINE + 0.5) / FINE - 90, v = y + (k / FINE + 0.5) / FINE - 110;
        double p = c * u + s * v + shear * v, q = -s * u + c * v;
        inside += fabs(p) <= width / 2 && fabs(q) <= height / 2;
      }
      image.pixels[y * SIDE + x] = (uint8_t)(inside * 255 / (FINE * FINE));
    }
  return image;
}

static void assert_near(double is, double truth, double slack, const char *what, double of) {
  if (!(fabs(is - truth) <= slack)) fail_msg("%s of %g: %g, not %g", what, of, is, truth);
}

static void slant_is_the_shear(void **state) {
  (void)state;
  for (double slant = -50; slant <= 50; slant += 12.5) {
    ink_image image = draw_bar(20, 80, slant, 0);
    ink_style style = describe(&image);
    assert_near(style.slant, slant, 0.1, "slant", slant);
    assert_near(style.area, 1600, 16, "area", slant);
    assert_near(style.x, 90, 0.05, "x", slant);
    assert_near(style.y, 110, 0.05, "y", slant);
    assert_near(style.height, 80, 0, "height", slant);
    assert_near(style.width, 20 + 80 * fabs(tan(slant * PI / 180)), 2, "width", slant);
    base_free(image.pixels);
  }
}

static void rotation_is_that_of_the_long_axis(void **state) {
  (void)state;
  for (double turn = -85; turn <= 90; turn += 12.5) {
    ink_image image = draw_bar(20, 80, 0, turn);
    ink_style style = describe(&image);
    assert_near(style.rotation, turn, 0.1, "rotation", turn);
    assert_near(style.strokes.width, 20, 0.8, "stroke", turn);
    assert_near(style.strokes.length, 64, 8, "length", turn);
    assert_int_equal(style.strokes.ends, 2);
    base_free(image.pixels);
  }
  ink_image square = draw_bar(40, 40, 0, 30);
  assert_near(describe(&square).rotation, 0, 0, "rotation of a square", 30);
  base_free(square.pixels);
}

/* A filled ellipse of half axes 20 and 60: moments a^2 / 4 and b^2 / 4 about its axes. */
static void an_ellipse_is_one_part_with_its_axis(void **state) {
  (void)state;
  for (double turn = -60; turn <= 60; turn += 20) {
    ink_image image;
    assert_int_equal(ink_image_create(150, 150, &image, &error), SCRAWL_OK);
    double c = cos(turn * PI / 180), s = sin(turn * PI / 180);
    for (int y = 0; y < 150; y++)
      for (int x = 0; x < 150; x++) {
        double u = x - 74.5, v = y - 74.5, p = (c * u + s * v) / 20, q = (c * v - s * u) / 60;
        image.pixels[y * 150 + x] = p * p + q * q <= 1 ? 255 : 0;
      }
    ink_style style = describe(&image);
    double yy = 100 * s * s + 900 * c * c, xy = -800 * s * c;
    assert_near(style.rotation, turn, 0.3, "rotation", turn);
    assert_near(style.slant, -atan(xy / yy) * 180 / PI, 0.3, "slant", turn);
    assert_near(style.area, PI * 1200, 20, "area", turn);
    assert_int_equal(style.strokes.parts, 1);
    assert_int_equal(style.strokes.loops, 0);
    assert_int_equal(style.strokes.ends, 2);
    base_free(image.pixels);
  }
}

static void contrast_is_between_ink_and_paper(void **state) {
  (void)state;
  ink_image image = draw(&DRAWINGS[0], 40, 6, 0), grey;
  ink_box box;
  assert_true(ink_find(&image, &box));
  for (int reduction = 1; reduction <= 3; reduction++)
    for (int light = 0; light < 2; light++) {
      int side = image.width * reduction - (reduction - 1); /* the last squares are not whole */
      assert_int_equal(ink_image_create(side, side, &grey, &error), SCRAWL_OK);
      for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
          double ink = image.pixels[y / reduction * image.width + x / reduction] / 255.0;
          grey.pixels[y * side + x] = (uint8_t)(light ? 30 + 102 * ink : 200 - 102 * ink);
        }
      assert_near(ink_contrast(&image, box, &grey, reduction), 0.4, 0.03, "contrast", light);
      base_free(grey.pixels);
    }
  base_free(image.pixels);
}

/* Glyphs on a base line that rises by 5 degrees, and a comma below it. */
static void a_line_is_described_by_its_glyphs(void **state) {
  (void)state;
  enum { COUNT = 6 };
  ink_style glyphs[COUNT], empty[1] = {{0}};
  const ink_style *list[COUNT], *blank[1] = {empty};
  ink_box boxes[COUNT];
  for (int i = 0; i < COUNT; i++) {
    bool comma = i == 3;
    int height = comma ? 10 : i % 2 ? 44 : 36, x = 1000 * i / 4;
    int base = 5000 - (int)lrint(tan(5 * PI / 180) * (x + 50)) + (comma ? 400 : 0);
    boxes[i] = (ink_box){x, base - height, 100, height};
    glyphs[i] = (ink_style){.height = height,
                            .width = 100,
                            .area = i == 0 ? 200 : 100,
                            .slant = i == 0  ? 12
                                     : comma ? 80
                                             : 6,
                            .contrast = comma ? 0.1 : 0.5,
                            .strokes = {.width = comma ? 9 : 4, .length = 100}};
    list[i] = &glyphs[i];
  }
  ink_line_style style;
  assert_int_equal(ink_describe_line(list, boxes, COUNT, &style, &error), SCRAWL_OK);
  assert_near(style.rotation, -5, 0.05, "rotation", 5);
  assert_near(style.height, (3 * 36 + 2 * 44) / 5.0, 1e-9, "height", 0);
  assert_near(style.height_deviation, 8 * sqrt(6) / 5, 1e-9, "deviation", 0);
  assert_near(style.slant, (2 * 12 + 4 * 6) / 6.0, 1e-9, "slant", 0);
  assert_near(style.stroke, 4, 1e-9, "stroke", 0);
  assert_near(style.contrast, 0.5, 1e-9, "contrast", 0);
  assert_near(style.spacing, 150, 0, "spacing", 0); /* 150, 150, 400, 150 */
  assert_int_equal(ink_describe_line(list, boxes, 0, &style, &error), SCRAWL_OK);
  assert_near(style.height + style.spacing + style.rotation, 0, 0, "nothing", 0);
  assert_int_equal(ink_describe_line(blank, boxes, 1, &style, &error), SCRAWL_OK);
  assert_near(style.height + style.slant + style.rotation, 0, 0, "blank", 0);
}

/* Any picture at all is described: noise, full ink, one pixel, lines of one pixel. */
static void anything_is_described(void **state) {
  (void)state;
  base_random random = base_random_seed(1);
  static const int SIDES[][2] = {{1, 1}, {2, 1}, {1, 300}, {700, 3}, {90, 90}, {400, 300}};
  for (size_t s = 0; s < sizeof SIDES / sizeof *SIDES; s++)
    for (int kind = 0; kind < 5; kind++) {
      ink_image image;
      ink_style style;
      ink_box box = {0, 0, SIDES[s][0], SIDES[s][1]};
      assert_int_equal(ink_image_create(box.width, box.height, &image, &error), SCRAWL_OK);
      for (int i = 0; i < box.width * box.height; i++)
        image.pixels[i] = (uint8_t)(kind == 0   ? 0
                                    : kind == 1 ? 255
                                    : kind == 2 ? base_random_below(&random, 256)
                                    : kind == 3 ? base_random_below(&random, 8) ? 0 : 255
                                    : i % 2     ? 255
                                                : 0);
      assert_int_equal(ink_describe(&image, box, &style, &error), SCRAWL_OK);
      assert_true(isfinite(style.slant) && isfinite(style.rotation));
      assert_true(isfinite(style.strokes.width) && isfinite(style.strokes.length));
      if (kind == 0) assert_near(style.area + style.strokes.parts, 0, 0, "blank", 0);
      if (kind == 1) assert_int_equal(style.strokes.parts, 1);
      base_free(image.pixels);
    }
}

/* Memory that runs out at any moment is an error and no leak. */
static void without_memory_it_says_so(void **state) {
  (void)state;
  ink_image image = draw(&DRAWINGS[3], 40, 4, 0);
  ink_box box;
  ink_style style;
  assert_true(ink_find(&image, &box));
  long after = 0;
  for (;; after++) {
    base_alloc_fail_after(after);
    scrawl_status status = ink_describe(&image, box, &style, &error);
    base_alloc_fail_after(-1);
    if (status == SCRAWL_OK) break;
    assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
  }
  assert_in_range(after, 5, 20);
  base_free(image.pixels);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(strokes_are_counted_and_measured),
      cmocka_unit_test(euler_is_as_quads_say),
      cmocka_unit_test(slant_is_the_shear),
      cmocka_unit_test(rotation_is_that_of_the_long_axis),
      cmocka_unit_test(an_ellipse_is_one_part_with_its_axis),
      cmocka_unit_test(contrast_is_between_ink_and_paper),
      cmocka_unit_test(a_line_is_described_by_its_glyphs),
      cmocka_unit_test(anything_is_described),
      cmocka_unit_test(without_memory_it_says_so),
  };
  return cmocka_run_group_tests_name("describe", tests, NULL, NULL);
}
