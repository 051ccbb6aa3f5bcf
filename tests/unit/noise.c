/* Damage on request. The truth is geometry (where a point must come to lie), statistics, and for
 * edges and motion the numbers of the programs that the published kinds were made with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "ink/ink.h"

enum { SIDE = INK_GLYPH_SIDE, PIXELS = INK_GLYPH_PIXELS };

static base_error error;

static void fill(float *glyph, float level) {
  for (int i = 0; i < PIXELS; i++) glyph[i] = level;
}

static void point_at(float *glyph, int x, int y) {
  fill(glyph, 0);
  glyph[y * SIDE + x] = 1;
}

static void damage(const char *text, uint64_t seed, float *glyph) {
  ink_noise noise;
  assert_int_equal(ink_noise_parse(text, &noise, &error), SCRAWL_OK);
  assert_int_equal(ink_noise_apply(noise, base_random_seed(seed), glyph, &error), SCRAWL_OK);
  for (int i = 0; i < PIXELS; i++) assert_true(glyph[i] >= 0 && glyph[i] <= 1);
}

static double mean_of(const float *glyph) {
  double sum = 0;
  for (int i = 0; i < PIXELS; i++) sum += (double)glyph[i];
  return sum / PIXELS;
}

/* Around `level`. */
static double deviation_of(const float *glyph, double level) {
  double square = 0;
  for (int i = 0; i < PIXELS; i++)
    square += ((double)glyph[i] - level) * ((double)glyph[i] - level);
  return sqrt(square / PIXELS);
}

static bool near(double value, double expected, double slack) {
  return fabs(value - expected) <= slack;
}

/* ---- names ---- */

static void kinds_are_named_and_bounded(void **state) {
  (void)state;
  static const char *const WRONG[] = {"",         "awgn:-", "awgn:",     "awgn:x",
                                      "awgn:-1",  "mist",   "awgn:nan",  "impulse:0.1x",
                                      "awgn:1e9", ":0.1",   "impulse:2", "zigzag:1"};
  ink_noise noise;
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    error.message[0] = 0;
    assert_int_equal(ink_noise_parse(WRONG[i], &noise, &error), SCRAWL_INVALID_ARGUMENT);
    assert_null(noise.kind);
    assert_non_null(strstr(error.message, WRONG[i]));
  }
  assert_int_equal(ink_noise_parse("blur:1.5", &noise, &error), SCRAWL_OK);
  assert_true(strcmp(noise.kind->name, "blur") == 0 && noise.amount == 1.5);
  int published = 0;
  for (const ink_noise_kind *kind = INK_NOISE_KINDS; kind->name; kind++) {
    assert_int_equal(ink_noise_parse(kind->name, &noise, &error), SCRAWL_OK);
    assert_true(noise.kind == kind && noise.amount == kind->usual);
    published += strcmp(kind->source, "MNIST-C") == 0;
  }
  assert_int_equal(published, 15);
}

/* Of every kind at nothing, at its usual and at its largest amount. */
static void every_amount_of_every_kind_is_survived(void **state) {
  (void)state;
  float levels[3] = {0, 0.5f, 1}, glyph[PIXELS], again[PIXELS];
  for (const ink_noise_kind *kind = INK_NOISE_KINDS; kind->name; kind++)
    for (int i = 0; i < 9; i++) {
      ink_noise noise = {kind, i / 3 == 0 ? 0 : i / 3 == 1 ? kind->usual : kind->most};
      fill(glyph, levels[i % 3]);
      fill(again, levels[i % 3]);
      assert_int_equal(ink_noise_apply(noise, base_random_seed(5), glyph, &error), SCRAWL_OK);
      assert_int_equal(ink_noise_apply(noise, base_random_seed(5), again, &error), SCRAWL_OK);
      assert_memory_equal(glyph, again, sizeof glyph);
      for (int p = 0; p < PIXELS; p++) assert_true(glyph[p] >= 0 && glyph[p] <= 1);
    }
}

/* ---- levels ---- */

static void noise_has_the_amount_asked_for(void **state) {
  (void)state;
  float glyph[PIXELS];
  fill(glyph, 0.5f);
  damage("awgn:0.1", 1, glyph);
  assert_true(near(deviation_of(glyph, 0.5), 0.1, 0.01));
  fill(glyph, 0.5f);
  damage("n-mnist-awgn:20", 2, glyph); /* 20 dB: a tenth of the amplitude 1 */
  assert_true(near(deviation_of(glyph, 0.5), 0.1, 0.01));
  fill(glyph, 1);
  damage("contrast+awgn:20", 3, glyph);
  assert_true(near(mean_of(glyph), 0.5, 0.015));
  assert_true(near(deviation_of(glyph, 0.5), 0.1, 0.01));
  /* Clipped: blank paper under a deviation of 0.5 has the mean 0.5 / sqrt(2 pi), less what is cut
   * off above 1, 0.5 (phi(2) - 2 (1 - Phi(2))) = 0.0042. */
  fill(glyph, 0);
  damage("awgn", 4, glyph);
  assert_true(near(mean_of(glyph), 0.1995 - 0.0042, 0.03));
}

static void impulses_are_black_and_white(void **state) {
  (void)state;
  float glyph[PIXELS];
  fill(glyph, 0.5f);
  damage("impulse:0.25", 1, glyph);
  int black = 0, white = 0;
  for (int i = 0; i < PIXELS; i++) {
    black += glyph[i] == 0;
    white += glyph[i] == 1;
  }
  assert_in_range(black + white, 150, 240); /* 196 expected, deviation 12 */
  assert_in_range(black, 65, 130);
}

static void shot_noise_counts_photons(void **state) {
  (void)state;
  /* A Poisson number of mean 20 x 0.4 over 20: mean 0.4, variance 0.4 / 20, in steps of 1 / 20. */
  float glyph[PIXELS];
  fill(glyph, 0.4f);
  damage("shot:20", 1, glyph);
  assert_true(near(mean_of(glyph), 0.4, 0.02));
  assert_true(near(deviation_of(glyph, 0.4), sqrt(0.02), 0.015));
  for (int i = 0; i < PIXELS; i++)
    assert_true(fabsf(roundf(glyph[i] * 20) - glyph[i] * 20) < 1e-4f);
  fill(glyph, 0);
  damage("shot", 1, glyph);
  assert_true(mean_of(glyph) == 0);
}

static void brightness_and_stripes(void **state) {
  (void)state;
  float glyph[PIXELS];
  for (int i = 0; i < PIXELS; i++) glyph[i] = (float)(i % 5) / 4;
  damage("brightness", 1, glyph);
  for (int i = 0; i < PIXELS; i++) assert_true(near(glyph[i], fmin((i % 5) / 4.0 + 0.5, 1), 1e-6));
  fill(glyph, 0.25f);
  damage("stripe", 1, glyph);
  for (int i = 0; i < PIXELS; i++)
    assert_true(glyph[i] == (i % SIDE <= 6 || i % SIDE >= 21 ? 0.75f : 0.25f));
}

/* ---- blur ---- */

static void a_point_becomes_a_gaussian(void **state) {
  (void)state;
  /* Its second moment is the square of the deviation. */
  float glyph[PIXELS];
  point_at(glyph, 14, 14);
  damage("blur:1.5", 1, glyph);
  double mass = 0, moment = 0;
  for (int i = 0; i < PIXELS; i++) {
    mass += (double)glyph[i];
    moment += (double)glyph[i] * (i % SIDE - 14) * (i % SIDE - 14);
  }
  assert_true(near(mass, 1, 1e-4) && near(sqrt(moment / mass), 1.5, 0.01));
}

static void motion_is_that_of_fspecial(void **state) {
  (void)state;
  /* fspecial('motion', 5, 15) */
  static const double KERNEL[3][5] = {{0, 0, 0.006658, 0.05723, 0.100209},
                                      {0.093379, 0.144825, 0.195397, 0.144825, 0.093379},
                                      {0.100209, 0.05723, 0.006658, 0, 0}};
  float glyph[PIXELS];
  point_at(glyph, 14, 14);
  damage("motion", 1, glyph);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      bool inside = x >= 12 && x <= 16 && y >= 13 && y <= 15;
      assert_true(near(glyph[y * SIDE + x], inside ? KERNEL[y - 13][x - 12] : 0, 1e-5));
    }
}

static void motion_trails_to_one_side(void **state) {
  (void)state;
  float glyph[PIXELS];
  double steepest = 0;
  for (uint64_t seed = 0; seed < 50; seed++) {
    point_at(glyph, 27, 14);
    damage("motion-blur", seed, glyph);
    double mass = 0, moment_x = 0, moment_y = 0;
    for (int i = 0; i < PIXELS; i++) {
      mass += (double)glyph[i];
      moment_x += (double)glyph[i] * (27 - i % SIDE);
      moment_y += (double)glyph[i] * (14 - i / SIDE);
    }
    /* Half a Gaussian of deviation 3 at whole distances: 0.2347 at the point itself, 2.0930 away on
     * average, and every way within 45 degrees. */
    assert_true(near(mass, 1, 1e-4) && near(glyph[14 * SIDE + 27], 0.23474, 1e-4));
    assert_true(near(hypot(moment_x, moment_y), 2.0930, 0.25));
    assert_true(fabs(moment_y) <= moment_x + 1e-6);
    steepest = fmax(steepest, fabs(moment_y) / moment_x);
  }
  assert_true(steepest > 0.7);
}

static void frosted_glass_moves_pixels_about(void **state) {
  (void)state;
  /* Without blur each pixel is still there, at most a few steps away; the top rows and left columns
   * that no exchange can reach stay. */
  float glyph[PIXELS], before[PIXELS];
  for (int i = 0; i < PIXELS; i++) before[i] = glyph[i] = (float)(i % 251) / 255;
  damage("glass-blur:0", 1, glyph);
  double sum = 0;
  int moved = 0;
  for (int i = 0; i < PIXELS; i++) {
    bool fixed = i % SIDE == 0 || i / SIDE == 0;
    if (fixed) assert_true(near(glyph[i], before[i], 1.0 / 255));
    moved += !near(glyph[i], before[i], 1.0 / 255);
    sum += (double)glyph[i] - (double)before[i];
  }
  assert_true(moved > 400 && fabs(sum) < PIXELS / 255.0);
}

/* ---- places ---- */

static void centroid(const float *glyph, double *x, double *y) {
  double mass = 0;
  *x = *y = 0;
  for (int i = 0; i < PIXELS; i++) {
    mass += (double)glyph[i];
    *x += (double)glyph[i] * (i % SIDE);
    *y += (double)glyph[i] * (i / SIDE);
  }
  *x = *x / mass - 13.5;
  *y = *y / mass - 13.5;
}

/* A blob is damaged; its centre must come to (x, y) or, for the other way, (x2, y2) from the middle.
 * Both ways must come. */
static void assert_moves(const char *text, double x, double y, double x2, double y2) {
  float glyph[PIXELS];
  int ways[2] = {0, 0};
  for (uint64_t seed = 0; seed < 20; seed++) {
    for (int i = 0; i < PIXELS; i++) /* at (3, -5) from the middle */
      glyph[i] = (float)exp(-(pow(i % SIDE - 16.5, 2) + pow(floor(i / 28.0) - 8.5, 2)) / 4);
    damage(text, seed, glyph);
    double to_x, to_y;
    centroid(glyph, &to_x, &to_y);
    bool one = near(to_x, x, 0.03) && near(to_y, y, 0.03);
    assert_true(one || (near(to_x, x2, 0.03) && near(to_y, y2, 0.03)));
    ways[!one]++;
  }
  if (x != x2) assert_true(ways[0] > 2 && ways[1] > 2);
}

static void things_come_to_their_places(void **state) {
  (void)state;
  const double c = cos(0.4), s = sin(0.4);
  /* The published matrices lead from the new place to the old one: here the other way round. */
  assert_moves("rotate", 3 * c - 5 * s, -3 * s - 5 * c, 3 * c + 5 * s, 3 * s - 5 * c);
  assert_moves("shear", 3 - 5 * s / c, -5 / c, 3 + 5 * s / c, -5 / c);
  assert_moves("scale", 2.1, -3.5, 2.1, -3.5);
  assert_moves("scale:0.5", 1.5, -2.5, 1.5, -2.5);
  assert_moves("translate:0", 3, -5, 3, -5);
  float glyph[PIXELS];
  int seen[4] = {0};
  for (uint64_t seed = 0; seed < 40; seed++) {
    point_at(glyph, 14, 14);
    damage("translate", seed, glyph);
    for (int way = 0; way < 4; way++)
      seen[way] += glyph[(way / 2 ? 17 : 11) * SIDE + (way % 2 ? 17 : 11)] == 1;
  }
  assert_true(seen[0] && seen[1] && seen[2] && seen[3]);
  assert_int_equal(seen[0] + seen[1] + seen[2] + seen[3], 40);
}

/* ---- covers ---- */

static void fog_is_smooth_and_between_its_bounds(void **state) {
  (void)state;
  float glyph[PIXELS], map[PIXELS];
  double mean = 0;
  fill(glyph, 0);
  damage("fog", 1, glyph);
  assert_true(mean_of(glyph) == 0); /* as published: nothing shines on blank paper */
  for (uint64_t seed = 0; seed < 30; seed++) {
    fill(glyph, 0);
    for (int i = 0; i < PIXELS; i += 9) glyph[i] = 1;
    damage("fog", seed, glyph);
    /* (ink + 3 fog) / 4 */
    for (int i = 0; i < PIXELS; i++) map[i] = (4 * glyph[i] - (i % 9 ? 0 : 1)) / 3;
    for (int i = 0; i < PIXELS; i++) {
      assert_true(map[i] > -1e-5f && map[i] < 1.00001f);
      if (i % SIDE) assert_true(fabsf(map[i] - map[i - 1]) < 0.12f);
      if (i >= SIDE) assert_true(fabsf(map[i] - map[i - SIDE]) < 0.12f);
    }
    mean += mean_of(map) / 30;
  }
  assert_true(mean > 0.35 && mean < 0.65);
}

static void mud_covers_a_seventh(void **state) {
  (void)state;
  /* 13.5 % of a picture on average over 2,000 made with scikit-image, deviation 5.4 %. */
  float glyph[PIXELS];
  double covered = 0;
  for (uint64_t seed = 0; seed < 300; seed++) {
    bool ink = seed % 2;
    fill(glyph, ink);
    damage("spatter", seed, glyph);
    for (int i = 0; i < PIXELS; i++) {
      if (glyph[i] == ink) continue;
      double opaque = fabs((double)glyph[i] - ink) / (ink ? 192.0 / 255 : 63.0 / 255);
      assert_true(opaque >= 0.799 && opaque < 1.0001);
      covered += 1.0 / PIXELS / 300;
    }
  }
  assert_true(near(covered, 0.135, 0.013)); /* four deviations of the mean */
}

/* The middle of a line in a column, -1 without one. */
static double middle_of(const float *glyph, int x) {
  double mass = 0, moment = 0;
  for (int y = 0; y < SIDE; y++) {
    mass += (double)glyph[y * SIDE + x];
    moment += (double)glyph[y * SIDE + x] * y;
  }
  return mass > 0 ? moment / mass : -1;
}

static void dots_lie_on_a_straight_line(void **state) {
  (void)state;
  float glyph[PIXELS];
  for (uint64_t seed = 0; seed < 40; seed++) {
    fill(glyph, 0);
    damage("dotted-line", seed, glyph);
    double first = middle_of(glyph, 2), last = middle_of(glyph, 26);
    for (int x = 0; x < SIDE; x++) {
      double at = middle_of(glyph, x);
      if (x / 2 % 2 == 0 || x == 27) {
        assert_true(at == -1);
        continue;
      }
      double on_line = first + (last - first) * (x - 2) / 24.0;
      if (on_line < 3 || on_line > 24 || first < 3 || first > 24 || last < 3 || last > 24) continue;
      assert_true(near(at, on_line, 0.15));
      assert_true(glyph[(int)lround(on_line) * SIDE + x] > 0.7f); /* 1 + log(1 - 0.5 / 2.3) */
    }
  }
}

static void a_zigzag_turns_every_four_pixels(void **state) {
  (void)state;
  float glyph[PIXELS];
  int level = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    fill(glyph, 0);
    damage("zigzag", seed, glyph);
    for (int x = 0; x < 2; x++) assert_true(middle_of(glyph, x) == -1);
    for (int x = 26; x < SIDE; x++) assert_true(middle_of(glyph, x) == -1);
    /* One along a row, clear of the edges: on its line at columns 2, 6, 10 ..., beside it between. */
    double start = middle_of(glyph, 2);
    if (start < 6 || start > 21 || !near(middle_of(glyph, 22), middle_of(glyph, 6), 0.05)) continue;
    level++;
    for (int x = 4; x <= 22; x += 2) {
      double off = middle_of(glyph, x) - middle_of(glyph, 6);
      if (x % 4 == 2)
        assert_true(near(off, 0, 0.1));
      else
        assert_true(x % 8 == 4 ? near(off, 1.6, 0.4) : near(off, -1.6, 0.4));
    }
  }
  assert_true(level > 3);
}

/* ---- edges ---- */

static void edges_are_those_of_scikit_image(void **state) {
  (void)state;
  /* A ring and a bar; skimage.feature.canny finds these edges, a bit for each pixel. */
  static const uint32_t EDGES[SIDE] = {0,        0,        0,        0,        0xe000,   0x71c00,
                                       0xc0600,  0x180300, 0x31f180, 0x231880, 0x260c80, 0x440440,
                                       0x440440, 0x440440, 0x260c80, 0x231880, 0x31f180, 0x180100,
                                       0xc0200,  0x70200,  0xe200,   0x2200,   0x2200,   0x2200,
                                       0x3600,   0x1c00,   0,        0};
  float glyph[PIXELS];
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      double from_ring = fabs(hypot(x - 13, y - 12) - 6), level = fmin(fmax(2.2 - from_ring, 0), 1);
      bool bar = y >= 18 && y <= 25 && x >= 15 && x <= 17;
      glyph[y * SIDE + x] = (float)(bar ? fmax(level, 0.7) : level);
    }
  damage("canny-edges", 1, glyph);
  for (int y = 0; y < SIDE; y++) {
    uint32_t row = 0;
    for (int x = 0; x < SIDE; x++) row = row << 1 | (glyph[y * SIDE + x] == 1);
    assert_int_equal(row, EDGES[y]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kinds_are_named_and_bounded),
      cmocka_unit_test(every_amount_of_every_kind_is_survived),
      cmocka_unit_test(noise_has_the_amount_asked_for),
      cmocka_unit_test(impulses_are_black_and_white),
      cmocka_unit_test(shot_noise_counts_photons),
      cmocka_unit_test(brightness_and_stripes),
      cmocka_unit_test(a_point_becomes_a_gaussian),
      cmocka_unit_test(motion_is_that_of_fspecial),
      cmocka_unit_test(motion_trails_to_one_side),
      cmocka_unit_test(frosted_glass_moves_pixels_about),
      cmocka_unit_test(things_come_to_their_places),
      cmocka_unit_test(fog_is_smooth_and_between_its_bounds),
      cmocka_unit_test(mud_covers_a_seventh),
      cmocka_unit_test(dots_lie_on_a_straight_line),
      cmocka_unit_test(a_zigzag_turns_every_four_pixels),
      cmocka_unit_test(edges_are_those_of_scikit_image),
  };
  return cmocka_run_group_tests_name("noise", tests, NULL, NULL);
}
