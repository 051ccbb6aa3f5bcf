/* Ink: cleaning, framing, augmentation. The truth is what was drawn: its place, its stroke
 * width, its sameness under everything that a camera or a program does to a picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/memory.h"
#include "data/set.h"
#include "ink/ink.h"
#include "strokes.h"

static base_error error;

static void to_glyph(const uint8_t *grey, int width, int height, uint8_t glyph[INK_GLYPH_PIXELS],
                     ink_box *box) {
  ink_image image;
  assert_int_equal(ink_from_grey(grey, width, height, (size_t)width, NULL, &image, &error),
                   SCRAWL_OK);
  if (!ink_find(&image, box)) *box = (ink_box){0};
  ink_normalise_glyph(&image, *box, glyph);
  base_free(image.pixels);
}

static bool is_blank(const uint8_t *grey, int side) {
  uint8_t glyph[INK_GLYPH_PIXELS];
  ink_box box;
  to_glyph(grey, side, side, glyph, &box);
  return box.width == 0;
}

/* Correlation of two glyphs, the best over moves of one pixel: the centre of mass may fall to
 * either side of a rounding. */
static double likeness(const uint8_t *a, const uint8_t *b) {
  double best = -1;
  for (int dy = -1; dy <= 1; dy++)
    for (int dx = -1; dx <= 1; dx++) {
      double sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
      for (int y = 0; y < INK_GLYPH_SIDE; y++)
        for (int x = 0; x < INK_GLYPH_SIDE; x++) {
          int u = x + dx, v = y + dy;
          bool inside = u >= 0 && v >= 0 && u < INK_GLYPH_SIDE && v < INK_GLYPH_SIDE;
          double p = a[y * INK_GLYPH_SIDE + x], q = inside ? b[v * INK_GLYPH_SIDE + u] : 0;
          sa += p;
          sb += q;
          saa += p * p;
          sbb += q * q;
          sab += p * q;
        }
      double n = INK_GLYPH_PIXELS;
      double spread = sqrt((saa - sa * sa / n) * (sbb - sb * sb / n));
      best = fmax(best, spread > 0 ? (sab - sa * sb / n) / spread : 0);
    }
  return best;
}

static void assert_like(const uint8_t *a, const uint8_t *b, double least, const char *what,
                        char sign) {
  double found = likeness(a, b);
  if (found < least) fail_msg("%s of %c: %.3f like, expected %.3f", what, sign, found, least);
}

/* The glyph as it comes from a clean picture of 200 pixels with a pen of a tenth of its height. */
static void reference(const stroke_glyph *drawn, uint8_t glyph[INK_GLYPH_PIXELS]) {
  ink_box box;
  uint8_t *grey = stroke_picture(drawn, 200, 14, 255, 0);
  to_glyph(grey, 200, 200, glyph, &box);
  assert_true(box.width > 0);
  free(grey);
}

/* ---- framing ---- */

static void a_glyph_is_framed_as_mnist_does(void **state) {
  (void)state;
  static const int SIDES[] = {20, 28, 64, 200, 1000};
  for (int g = 0; g < STROKE_GLYPH_COUNT; g++)
    for (size_t s = 0; s < sizeof SIDES / sizeof *SIDES; s++) {
      uint8_t glyph[INK_GLYPH_PIXELS];
      ink_box box;
      uint8_t *grey =
          stroke_picture(&STROKE_GLYPHS[g], SIDES[s], fmaxf(0.07f * (float)SIDES[s], 1), 255, 0);
      to_glyph(grey, SIDES[s], SIDES[s], glyph, &box);
      free(grey);
      double mass = 0, x_moment = 0, y_moment = 0;
      int left = 28, right = -1, top = 28, bottom = -1, peak = 0;
      for (int y = 0; y < 28; y++)
        for (int x = 0; x < 28; x++) {
          int level = glyph[y * 28 + x];
          mass += level;
          x_moment += level * x;
          y_moment += level * y;
          if (level > peak) peak = level;
          if (level < 16) continue;
          if (x < left) left = x;
          if (x > right) right = x;
          if (y < top) top = y;
          if (y > bottom) bottom = y;
        }
      int longer = right - left > bottom - top ? right - left + 1 : bottom - top + 1;
      assert_in_range(longer, 19, 20);
      assert_int_equal(peak, 255);
      assert_true(fabs(x_moment / mass - 14) <= 0.51 && fabs(y_moment / mass - 14) <= 0.51);
    }
}

static void the_box_is_where_the_ink_was_drawn(void **state) {
  (void)state;
  uint8_t *grey = malloc(640 * 480), glyph[INK_GLYPH_PIXELS];
  memset(grey, 240, 640 * 480);
  /* '7' spans 0 .. 0.7 across and 0 .. 1 down. */
  stroke_draw(&STROKE_GLYPHS[3], grey, 640, 480, 400, 100, 200, 20, 30);
  ink_box box;
  to_glyph(grey, 640, 480, glyph, &box);
  free(grey);
  assert_in_range(box.x, 388, 392);
  assert_in_range(box.y, 88, 92);
  assert_in_range(box.x + box.width, 548, 552);
  assert_in_range(box.y + box.height, 308, 312);
}

static void what_is_framed_stays_to_the_bit(void **state) {
  (void)state;
  for (int g = 0; g < STROKE_GLYPH_COUNT; g++) {
    uint8_t once[INK_GLYPH_PIXELS], dark[INK_GLYPH_PIXELS], twice[INK_GLYPH_PIXELS];
    ink_box box;
    reference(&STROKE_GLYPHS[g], once);
    ink_image image = {28, 28, 28, once};
    if (!ink_is_normalised(&image)) continue; /* the rim of the box may be too faint to count */
    to_glyph(once, 28, 28, twice, &box);
    assert_memory_equal(once, twice, sizeof once);
    for (int i = 0; i < INK_GLYPH_PIXELS; i++) dark[i] = (uint8_t)(255 - once[i]);
    to_glyph(dark, 28, 28, twice, &box);
    assert_memory_equal(once, twice, sizeof once);
  }
}

/* The stroke's width is the inked area over the length of the line that was drawn. */
static void hairlines_and_markers_get_a_pens_width(void **state) {
  (void)state;
  static const float PENS[] = {2, 6, 20, 60, 90, 160};
  for (int g = 0; g < STROKE_GLYPH_COUNT; g++)
    for (size_t p = 0; p < sizeof PENS / sizeof *PENS; p++) {
      uint8_t glyph[INK_GLYPH_PIXELS];
      ink_box box;
      uint8_t *grey = stroke_picture(&STROKE_GLYPHS[g], 1000, PENS[p], 255, 0);
      to_glyph(grey, 1000, 1000, glyph, &box);
      free(grey);
      double area = 0;
      for (int i = 0; i < INK_GLYPH_PIXELS; i++) area += glyph[i] / 255.0;
      double width = area / (20 * (double)stroke_length(&STROKE_GLYPHS[g]));
      if (width < 0.9 || width > 5.5)
        fail_msg("%c with a pen of %.0f: strokes %.2f wide", STROKE_GLYPHS[g].sign, (double)PENS[p],
                 width);
    }
}

/* ---- what pictures are like ---- */

static void size_and_polarity_do_not_matter(void **state) {
  (void)state;
  static const struct {
    int side;
    uint8_t paper, ink;
    double least;
  } CASES[] = {
      {16, 255, 0, 0.75},  {28, 0, 255, 0.85},    {60, 255, 0, 0.9},     {200, 0, 255, 0.99},
      {700, 255, 0, 0.96}, {1500, 20, 220, 0.96}, {300, 230, 200, 0.96}, {300, 90, 60, 0.96},
  };
  for (int g = 0; g < STROKE_GLYPH_COUNT; g++) {
    uint8_t expected[INK_GLYPH_PIXELS], glyph[INK_GLYPH_PIXELS];
    reference(&STROKE_GLYPHS[g], expected);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
      ink_box box;
      int side = CASES[i].side;
      uint8_t *grey = stroke_picture(&STROKE_GLYPHS[g], side, 0.07f * (float)side, CASES[i].paper,
                                     CASES[i].ink);
      to_glyph(grey, side, side, glyph, &box);
      free(grey);
      char what[64];
      snprintf(what, sizeof what, "%d pixels, %d on %d", side, CASES[i].ink, CASES[i].paper);
      assert_like(glyph, expected, CASES[i].least, what, STROKE_GLYPHS[g].sign);
    }
  }
}

typedef void damage(uint8_t *grey, int side, base_random *random);

static void light_from_one_side(uint8_t *grey, int side, base_random *random) {
  (void)random;
  for (int i = 0; i < side * side; i++)
    grey[i] = (uint8_t)((float)grey[i] * (1 - 0.7f * (float)(i % side) / (float)side));
}
static void dark_corners(uint8_t *grey, int side, base_random *random) {
  (void)random;
  for (int i = 0; i < side * side; i++) {
    float x = (float)(i % side) / (float)side - 0.5f, y = (float)(i / side) / (float)side - 0.5f;
    grey[i] = (uint8_t)((float)grey[i] * (1 - (x * x + y * y)));
  }
}
static void noise_of(uint8_t *grey, int side, base_random *random, double deviation) {
  for (int i = 0; i < side * side; i++)
    grey[i] = (uint8_t)fmin(fmax(grey[i] + deviation * base_random_normal(random), 0), 255);
}
static void much_noise(uint8_t *grey, int side, base_random *random) {
  noise_of(grey, side, random, 30);
}
static void specks(uint8_t *grey, int side, base_random *random) {
  for (int i = 0; i < 40; i++) {
    size_t at = base_random_below(random, (uint64_t)((side - 2) * (side - 2)));
    uint8_t *pixel = grey + at / (size_t)(side - 2) * (size_t)side + at % (size_t)(side - 2);
    pixel[0] = pixel[1] = pixel[side] = pixel[side + 1] = 0;
  }
}
static void drawn_frame(uint8_t *grey, int side, base_random *random) {
  (void)random;
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      int rim = x < y ? x : y, other = side - 1 - (x > y ? x : y);
      if (other < rim) rim = other;
      if (rim >= 6 && rim < 10) grey[y * side + x] = 0;
    }
}
static void ruled_lines(uint8_t *grey, int side, base_random *random) {
  (void)random;
  for (int x = 0; x < side; x++)
    grey[side / 12 * side + x] = grey[(side - side / 12) * side + x] = 90;
}
static void shadow_at_the_border(uint8_t *grey, int side, base_random *random) {
  (void)random;
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side / 12; x++) grey[y * side + x] /= 4;
}
static void dark_table(uint8_t *grey, int side, base_random *random) {
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      if (x < side / 10 || x > side - side / 8 || y < side / 9 || y > side - side / 10)
        grey[y * side + x] = 60;
  noise_of(grey, side, random, 4);
}

static void what_a_camera_adds_is_taken_away(void **state) {
  (void)state;
  static const struct {
    const char *name;
    damage *does;
    double least;
  } CASES[] = {
      {"light from one side", light_from_one_side, 0.96},
      {"dark corners", dark_corners, 0.96},
      {"noise", much_noise, 0.9},
      {"specks", specks, 0.96},
      {"a frame", drawn_frame, 0.96},
      {"ruled lines", ruled_lines, 0.96},
      {"a shadow at the border", shadow_at_the_border, 0.96},
      {"a dark table around", dark_table, 0.9},
  };
  enum { SIDE = 300 };
  for (int g = 0; g < STROKE_GLYPH_COUNT; g++) {
    uint8_t expected[INK_GLYPH_PIXELS], glyph[INK_GLYPH_PIXELS];
    reference(&STROKE_GLYPHS[g], expected);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
      base_random random = base_random_seed(i + 100 * (uint64_t)g);
      ink_box box;
      uint8_t *grey = stroke_picture(&STROKE_GLYPHS[g], SIDE, 21, 235, 40);
      CASES[i].does(grey, SIDE, &random);
      to_glyph(grey, SIDE, SIDE, glyph, &box);
      free(grey);
      assert_like(glyph, expected, CASES[i].least, CASES[i].name, STROKE_GLYPHS[g].sign);
    }
  }
}

static void nothing_is_found_where_nothing_is(void **state) {
  (void)state;
  static const int SIDES[] = {16, 28, 100, 300};
  for (size_t s = 0; s < sizeof SIDES / sizeof *SIDES; s++) {
    int side = SIDES[s], count = side * side;
    uint8_t *grey = malloc((size_t)count);
    base_random random = base_random_seed(s);
    for (int level = 0; level < 256; level += 51) {
      memset(grey, level, (size_t)count);
      assert_true(is_blank(grey, side));
    }
    for (int i = 0; i < count; i++) grey[i] = (uint8_t)(40 + 200 * (i % side) / side);
    assert_true(is_blank(grey, side)); /* a gradient */
    for (int i = 0; i < count; i++) grey[i] = (uint8_t)base_random_below(&random, 256);
    assert_true(is_blank(grey, side)); /* noise of all levels */
    for (int i = 0; i < count; i++) grey[i] = base_random_below(&random, 5) ? 255 : 0;
    assert_true(is_blank(grey, side)); /* of two levels */
    memset(grey, 200, (size_t)count);
    noise_of(grey, side, &random, 8);
    assert_true(is_blank(grey, side)); /* as a camera makes it */
    free(grey);
  }
}

static void odd_shapes_of_pictures_do_no_harm(void **state) {
  (void)state;
  static const int SHAPES[][2] = {{1, 1}, {1, 500}, {500, 1}, {2, 3}, {3, 2}, {47, 49}, {97, 5}};
  for (size_t s = 0; s < sizeof SHAPES / sizeof *SHAPES; s++) {
    int width = SHAPES[s][0], height = SHAPES[s][1];
    uint8_t *grey = malloc((size_t)(width * height)), glyph[INK_GLYPH_PIXELS];
    for (int i = 0; i < width * height; i++) grey[i] = i % 7 < 3 ? 0 : 255;
    ink_box box;
    to_glyph(grey, width, height, glyph, &box);
    assert_true(box.x >= 0 && box.y >= 0 && box.x + box.width <= width &&
                box.y + box.height <= height);
    free(grey);
  }
  ink_image image;
  uint8_t pixel = 0;
  assert_int_equal(ink_from_grey(&pixel, 0, 1, 1, NULL, &image, &error), SCRAWL_INVALID_ARGUMENT);
  assert_null(image.pixels);
}

static void running_out_of_memory_is_said(void **state) {
  (void)state;
  uint8_t *grey = stroke_picture(&STROKE_GLYPHS[0], 100, 7, 255, 0);
  scrawl_status status = SCRAWL_OUT_OF_MEMORY;
  for (long after = 0; status != SCRAWL_OK; after++) {
    ink_image image;
    assert_true(after < 100);
    base_alloc_fail_after(after);
    status = ink_from_grey(grey, 100, 100, 100, NULL, &image, &error);
    base_alloc_fail_after(-1);
    if (status != SCRAWL_OK) {
      assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
      assert_null(image.pixels);
    }
    base_free(image.pixels);
  }
  free(grey);
}

static void mnist_survives_being_enlarged(void **state) {
  (void)state;
  data_set set;
  if (data_set_open("mnist", DATA_TRAIN, &set, &error) != SCRAWL_OK) {
    print_message("%s\n", error.message);
    skip();
  }
  enum { FIRST = 50000, COUNT = 200 };
  static const int TIMES[] = {1, 5, 10};
  for (size_t t = 0; t < 3; t++) {
    int times = TIMES[t], side = 28 * times;
    double difference = 0;
    uint8_t *grey = malloc((size_t)(side * side)), glyph[INK_GLYPH_PIXELS];
    for (int i = FIRST; i < FIRST + COUNT; i++) {
      const uint8_t *digit = set.pixels + (size_t)i * INK_GLYPH_PIXELS;
      for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
          grey[y * side + x] = (uint8_t)(255 - digit[y / times * 28 + x / times]);
      ink_box box;
      to_glyph(grey, side, side, glyph, &box);
      for (int p = 0; p < INK_GLYPH_PIXELS; p++) difference += abs(glyph[p] - digit[p]);
    }
    free(grey);
    difference /= (double)COUNT * INK_GLYPH_PIXELS;
    if (difference > (times == 1 ? 0.05 : 2)) fail_msg("x%d: %.2f levels", times, difference);
  }
  data_set_free(&set);
}

/* ---- augmentation ---- */

typedef struct augmented {
  float glyph[INK_GLYPH_PIXELS], out[INK_GLYPH_PIXELS], scratch[4 * INK_GLYPH_PIXELS];
} augmented;

static void augment(augmented *a, const ink_augmentation *how, uint64_t seed) {
  uint8_t glyph[INK_GLYPH_PIXELS];
  reference(&STROKE_GLYPHS[1], glyph);
  for (int i = 0; i < INK_GLYPH_PIXELS; i++) a->glyph[i] = (float)glyph[i] / 255;
  ink_augment(how, base_random_seed(seed), INK_GLYPH_SIDE, a->glyph, NULL, a->out, a->scratch);
  for (int i = 0; i < INK_GLYPH_PIXELS; i++) assert_true(a->out[i] >= 0 && a->out[i] <= 1);
}

static double mass_of(const float *values, double *x, double *y) {
  double mass = 0;
  *x = *y = 0;
  for (int i = 0; i < INK_GLYPH_PIXELS; i++) {
    mass += (double)values[i];
    *x += (double)values[i] * (i % 28);
    *y += (double)values[i] * (i / 28);
  }
  *x /= mass;
  *y /= mass;
  return mass;
}

static void no_augmentation_changes_nothing(void **state) {
  (void)state;
  augmented a;
  augment(&a, &(ink_augmentation){0}, 1);
  for (int i = 0; i < INK_GLYPH_PIXELS; i++) assert_true(fabsf(a.glyph[i] - a.out[i]) < 1e-5f);
}

static void one_seed_gives_one_picture(void **state) {
  (void)state;
  static const ink_augmentation ALL = {.rotation = 15,
                                       .scale = 0.15,
                                       .shear = 0.2,
                                       .shift = 2,
                                       .elastic = 1,
                                       .elastic_sigma = 4,
                                       .stroke = 1,
                                       .noise = 0.1,
                                       .erase = 0.5};
  augmented a, b;
  augment(&a, &ALL, 7);
  augment(&b, &ALL, 7);
  assert_memory_equal(a.out, b.out, sizeof a.out);
  augment(&b, &ALL, 8);
  assert_memory_not_equal(a.out, b.out, sizeof a.out);
}

static void amounts_are_the_largest_changes(void **state) {
  (void)state;
  double x, y, to_x, to_y, farthest = 0, thinnest = 10, thickest = 0;
  augmented a;
  for (uint64_t seed = 0; seed < 200; seed++) {
    augment(&a, &(ink_augmentation){.shift = 2}, seed);
    double mass = mass_of(a.glyph, &x, &y), shifted = mass_of(a.out, &to_x, &to_y);
    assert_true(fabs(shifted / mass - 1) < 0.05);
    double far = fmax(fabs(to_x - x), fabs(to_y - y));
    assert_true(far < 2.1);
    farthest = fmax(farthest, far);
    augment(&a, &(ink_augmentation){.stroke = 1}, seed);
    double ratio = mass_of(a.out, &to_x, &to_y) / mass;
    thinnest = fmin(thinnest, ratio);
    thickest = fmax(thickest, ratio);
  }
  assert_true(farthest > 1.5);
  assert_true(thinnest < 0.8 && thinnest > 0.3 && thickest > 1.2 && thickest < 2);
}

static void a_quarter_turn_turns(void **state) {
  (void)state;
  /* Of many angles up to 90 degrees some are near it; the best of them resembles the glyph with
   * rows and columns exchanged. */
  augmented a;
  uint8_t glyph[INK_GLYPH_PIXELS], turned[INK_GLYPH_PIXELS];
  double most[2] = {-1, -1};
  for (uint64_t seed = 0; seed < 300; seed++) {
    augment(&a, &(ink_augmentation){.rotation = 90}, seed);
    for (int i = 0; i < INK_GLYPH_PIXELS; i++) glyph[i] = (uint8_t)(a.out[i] * 255);
    for (int way = 0; way < 2; way++) {
      for (int row = 0; row < 28; row++)
        for (int column = 0; column < 28; column++) {
          int from = way ? column * 28 + 27 - row : (27 - column) * 28 + row;
          turned[row * 28 + column] = (uint8_t)(a.glyph[from] * 255);
        }
      most[way] = fmax(most[way], likeness(glyph, turned));
    }
  }
  assert_true(most[0] > 0.9 && most[1] > 0.9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_glyph_is_framed_as_mnist_does),
      cmocka_unit_test(the_box_is_where_the_ink_was_drawn),
      cmocka_unit_test(what_is_framed_stays_to_the_bit),
      cmocka_unit_test(hairlines_and_markers_get_a_pens_width),
      cmocka_unit_test(size_and_polarity_do_not_matter),
      cmocka_unit_test(what_a_camera_adds_is_taken_away),
      cmocka_unit_test(nothing_is_found_where_nothing_is),
      cmocka_unit_test(odd_shapes_of_pictures_do_no_harm),
      cmocka_unit_test(running_out_of_memory_is_said),
      cmocka_unit_test(mnist_survives_being_enlarged),
      cmocka_unit_test(no_augmentation_changes_nothing),
      cmocka_unit_test(one_seed_gives_one_picture),
      cmocka_unit_test(amounts_are_the_largest_changes),
      cmocka_unit_test(a_quarter_turn_turns),
  };
  return cmocka_run_group_tests_name("ink", tests, NULL, NULL);
}
