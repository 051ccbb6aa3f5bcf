/* Augmentation, kind by kind. The truth is what was drawn: where a point must come to lie, how much
 * ink there was, what share of the pictures may change; for JPEG what libjpeg makes of a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "ink/augment.h"
#include "strokes.h"

enum { SIDE = INK_GLYPH_SIDE, PIXELS = INK_GLYPH_PIXELS };

typedef struct pictures {
  float glyph[PIXELS], out[PIXELS], scratch[4 * PIXELS];
  uint8_t neighbour[PIXELS];
} pictures;

static void fill(float *picture, float level) {
  for (int i = 0; i < PIXELS; i++) picture[i] = level;
}

static void fill_box(float *picture, int left, int top, int width, int height) {
  fill(picture, 0);
  for (int y = top; y < top + height; y++)
    for (int x = left; x < left + width; x++) picture[y * SIDE + x] = 1;
}

static double sum_of(const float *picture) {
  double sum = 0;
  for (int i = 0; i < PIXELS; i++) sum += (double)picture[i];
  return sum;
}

static void draw_two(pictures *p) {
  for (int i = 0; i < PIXELS; i++) {
    float x = ((float)(i % SIDE) - 8) / 15, y = ((float)(i / SIDE) - 4) / 20;
    p->glyph[i] = ink_clamp(2 - stroke_distance(&STROKE_GLYPHS[1], x, y) * 20);
    p->neighbour[i] = (uint8_t)(255 * p->glyph[i]);
  }
}

static void augment(pictures *p, const ink_augmentation *how, uint64_t seed) {
  ink_augment(how, base_random_seed(seed), SIDE, p->glyph, p->neighbour, p->out, p->scratch);
  for (int i = 0; i < PIXELS; i++) assert_true(p->out[i] >= 0 && p->out[i] <= 1);
}

/* ---- chances ---- */

/* Everything that has a chance, with it or, at 0, always. */
static ink_augmentation all_damage(double chance) {
#define SOME(name, amount) .name = (amount), .name##_chance = chance
  return (ink_augmentation){SOME(noise, 0.5),   SOME(gap, 3),        SOME(crop, 3),
                            SOME(neighbour, 8), SOME(rule, 3),       SOME(shade, 0.5),
                            SOME(texture, 0.3), SOME(blur, 2),       SOME(motion, 9),
                            SOME(pixelate, 4),  SOME(contrast, 0.8), SOME(salt, 0.3),
                            SOME(jpeg, 95),     .binarise = chance};
#undef SOME
}

static void chances_are_shares_of_the_pictures(void **state) {
  (void)state;
  /* Offsets of an amount and its chance. */
#define KIND(name)                                                                                 \
  { offsetof(ink_augmentation, name), offsetof(ink_augmentation, name##_chance) }
  static const size_t KINDS[][2] = {KIND(gap),      KIND(crop),     KIND(neighbour), KIND(rule),
                                    KIND(shade),    KIND(texture),  KIND(blur),      KIND(motion),
                                    KIND(pixelate), KIND(contrast), KIND(noise),     KIND(salt),
                                    KIND(jpeg)};
#undef KIND
  const ink_augmentation all = all_damage(0.25);
  pictures p;
  draw_two(&p);
  for (size_t kind = 0; kind < sizeof KINDS / sizeof *KINDS; kind++) {
    ink_augmentation one = {0}, always = {0};
    memcpy((char *)&one + KINDS[kind][0], (const char *)&all + KINDS[kind][0], sizeof(double));
    always = one;
    memcpy((char *)&one + KINDS[kind][1], (const char *)&all + KINDS[kind][1], sizeof(double));
    int changed = 0, changed_always = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
      augment(&p, &one, seed);
      changed += memcmp(p.out, p.glyph, sizeof p.out) != 0;
      augment(&p, &always, seed);
      changed_always += memcmp(p.out, p.glyph, sizeof p.out) != 0;
    }
    /* 100 of 400 expected, deviation 9; some draws are too small to be seen. */
    assert_in_range(changed, 50, 136);
    assert_in_range(changed_always, 250, 400);
  }
}

static void kinds_do_not_disturb_each_other(void **state) {
  (void)state;
  /* Where salt does not fall, the picture is what it would be without. */
  ink_augmentation with = all_damage(0.2);
  with.rotation = 15;
  with.elastic = 1;
  with.elastic_sigma = 4;
  ink_augmentation without = with;
  without.salt = without.salt_chance = 0;
  pictures p, q;
  draw_two(&p);
  draw_two(&q);
  int same = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    augment(&p, &with, seed);
    augment(&q, &without, seed);
    same += memcmp(p.out, q.out, sizeof p.out) == 0;
  }
  assert_in_range(same, 140, 180); /* 160 expected, deviation 6 */
}

static void every_kind_at_once_is_survived(void **state) {
  (void)state;
  ink_augmentation all = all_damage(0);
  all.perspective = 0.9;
  all.stroke = 8;
  all.binarise = 1;
  pictures p;
  for (uint64_t seed = 0; seed < 100; seed++) {
    if (seed % 3 == 0)
      draw_two(&p);
    else
      fill(p.glyph, seed % 3 == 1);
    memset(p.neighbour, seed % 2 ? 255 : 0, PIXELS);
    augment(&p, &all, seed);
  }
}

/* ---- the pen ---- */

static void gaps_take_little_ink(void **state) {
  (void)state;
  pictures p;
  int ends = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    base_random random = base_random_seed(seed);
    fill_box(p.out, 4, 11, 20, 6);
    ink_break_strokes(&random, 3, SIDE, p.out);
    double lost = 120 - sum_of(p.out);
    assert_true(lost > 0.4 && lost <= 2 * 4 * 3.2); /* at most two discs of radius 2 */
    bool end = false;
    for (int y = 11; y < 17; y++) end |= p.out[y * SIDE + 4] < 1 || p.out[y * SIDE + 23] < 1;
    ends += end;
    fill(p.out, 0);
    ink_break_strokes(&random, 3, SIDE, p.out);
    assert_true(sum_of(p.out) == 0);
  }
  /* Two columns of twenty are ends: places drawn evenly would touch them in about a quarter. */
  assert_true(ends > 100);
}

static void a_wrong_box_cuts_and_scales(void **state) {
  (void)state;
  pictures p;
  int cut = 0, wide = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    base_random random = base_random_seed(seed);
    fill_box(p.out, 9, 4, 10, 20);
    ink_crop crop = ink_cut_glyph(&random, 3, SIDE, p.out);
    int left = SIDE, top = SIDE, right = -1, bottom = -1;
    for (int i = 0; i < PIXELS; i++) {
      if (p.out[i] == 0) continue;
      left = i % SIDE < left ? i % SIDE : left;
      right = i % SIDE > right ? i % SIDE : right;
      top = i / SIDE < top ? i / SIDE : top;
      bottom = i / SIDE;
    }
    assert_true(left >= 9 && left <= 11 && right >= 16 && right <= 18); /* a fifth of 10 at most */
    assert_true(top >= 4 && top <= 7 && bottom >= 20 && bottom <= 23);
    /* The remaining rectangle's middle moved so far. */
    assert_true(fabs((double)crop.shift_x - ((left + right) / 2.0 - 13.5)) < 1e-3);
    assert_true(fabs((double)crop.shift_y - ((top + bottom) / 2.0 - 13.5)) < 1e-3);
    /* The longer side, in rows: those left, and those of paper that came in. */
    int rows = bottom - top + 1, added = (int)lround((double)crop.zoom * 20) - rows;
    assert_true(added >= 0 && added <= 6);
    assert_true(added == 0 || top == 4 || bottom == 23);
    cut += crop.zoom < 1;
    wide += crop.zoom > 1;
  }
  assert_true(cut > 60 && wide > 60);
}

/* ---- the place ---- */

/* The middle of the ink in a quarter of the picture, from (14, 14). */
static void middle_of_quarter(const float *picture, int right, int lower, double *x, double *y) {
  double mass = 0;
  *x = *y = 0;
  for (int j = lower ? 14 : 0; j < (lower ? SIDE : 14); j++)
    for (int i = right ? 14 : 0; i < (right ? SIDE : 14); i++) {
      double ink = (double)picture[j * SIDE + i];
      mass += ink;
      *x += ink * (i - 14);
      *y += ink * (j - 14);
    }
  *x /= mass;
  *y /= mass;
}

static void perspective_keeps_directions(void **state) {
  (void)state;
  /* Two dots at equal distances d on opposite sides of the middle come to d / (1 - k) and
   * d / (1 + k): in the same directions, and the mean of their distances' reciprocals stays. */
  pictures p;
  double most = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    fill(p.glyph, 0);
    for (int j = -1; j <= 1; j++)
      for (int i = -1; i <= 1; i++) {
        float level = i && j ? 0.25f : i || j ? 0.5f : 1;
        p.glyph[(7 + j) * SIDE + 7 + i] = p.glyph[(21 + j) * SIDE + 21 + i] = level;
      }
    augment(&p, &(ink_augmentation){.perspective = 0.2}, seed);
    double x[2], y[2];
    for (int i = 0; i < 2; i++) middle_of_quarter(p.out, i, i, &x[i], &y[i]);
    for (int i = 0; i < 2; i++) assert_true(fabs(x[i] - y[i]) < 0.25);
    double near_by = 14 / hypot(x[0], y[0]), far = 14 / hypot(x[1], y[1]);
    assert_true(fabs((near_by + far) / 2 - sqrt(2)) < 0.03);
    most = fmax(most, fabs(near_by - far) / (near_by + far));
  }
  /* k is at most 0.2 for each axis, at half the way to the edges. */
  assert_true(most > 0.13 && most < 0.21);
}

/* ---- the paper ---- */

static void a_neighbour_comes_in_from_one_side(void **state) {
  (void)state;
  pictures p;
  uint8_t other[PIXELS] = {0};
  int sides[4] = {0}, deepest = 0;
  base_random random = base_random_seed(1);
  for (int i = 0; i < PIXELS; i++) other[i] = (i % SIDE) % 23 > 4 && i / SIDE > 3 && i / SIDE < 24;
  for (int i = 0; i < PIXELS; i++) other[i] = other[i] ? 255 : 0;
  for (int n = 0; n < 300; n++) {
    fill(p.out, 0);
    ink_add_neighbour(&random, 5, SIDE, other, p.out);
    int from[4] = {SIDE, SIDE, SIDE, SIDE}, reach[4] = {0}; /* left, right, top, bottom */
    for (int i = 0; i < PIXELS; i++) {
      if (p.out[i] == 0) continue;
      assert_true(p.out[i] == 1);
      const int at[4] = {i % SIDE, SIDE - 1 - i % SIDE, i / SIDE, SIDE - 1 - i / SIDE};
      for (int side = 0; side < 4; side++) {
        if (at[side] < from[side]) from[side] = at[side];
        if (at[side] + 1 > reach[side]) reach[side] = at[side] + 1;
      }
    }
    int side = 0;
    while (side < 4 && !(from[side] == 0 && reach[side] <= 5)) side++;
    assert_true(side < 4);
    sides[side]++;
    if (reach[side] > deepest) deepest = reach[side];
  }
  assert_int_equal(deepest, 5);
  /* A third each to the left and right, a sixth above and below. */
  assert_true(sides[0] > 70 && sides[1] > 70 && sides[2] > 25 && sides[3] > 25);
  fill(p.out, 0.5f);
  memset(other, 0, sizeof other);
  ink_add_neighbour(&random, 5, SIDE, other, p.out);
  for (int i = 0; i < PIXELS; i++) assert_true(p.out[i] == 0.5f);
}

static void rules_are_thin_and_beside_the_middle(void **state) {
  (void)state;
  pictures p;
  double most = 0;
  for (uint64_t seed = 0; seed < 300; seed++) {
    base_random random = base_random_seed(seed);
    fill(p.out, 0);
    ink_add_rules(&random, 2, SIDE, p.out);
    for (int y = 10; y < 18; y++) /* 6 from the middle, less the slope, less half the thickness */
      for (int x = 10; x < 18; x++) assert_true(p.out[y * SIDE + x] == 0);
    /* At most two rules, each at most 2 thick and as long as the picture. */
    assert_true(sum_of(p.out) <= 2 * 2 * SIDE * 1.01);
    most = fmax(most, sum_of(p.out));
  }
  assert_true(most > 2 * SIDE * 0.8);
}

static void shade_and_texture_have_their_amounts(void **state) {
  (void)state;
  pictures p;
  float *a = p.scratch, *b = p.scratch + PIXELS;
  double darkest = 0, square = 0;
  for (uint64_t seed = 0; seed < 300; seed++) {
    base_random random = base_random_seed(seed);
    fill(p.out, 0);
    ink_add_shade(&random, 0.3, SIDE, p.out, a, b);
    for (int i = 0; i < PIXELS; i++) {
      assert_true(p.out[i] >= 0 && p.out[i] <= 0.3f);
      if (i % SIDE) assert_true(fabsf(p.out[i] - p.out[i - 1]) < 0.12f);
      darkest = fmax(darkest, (double)p.out[i]);
    }
    fill(p.out, 1);
    ink_add_shade(&random, 0.3, SIDE, p.out, a, b);
    assert_true(sum_of(p.out) == PIXELS); /* ink stays ink */
    fill(p.out, 0.5f);
    ink_add_texture(&random, 0.1, SIDE, p.out, a, b);
    for (int i = 0; i < PIXELS; i++)
      square += ((double)p.out[i] - 0.5) * ((double)p.out[i] - 0.5) / PIXELS / 300;
  }
  assert_true(darkest > 0.25);
  assert_true(fabs(sqrt(square) - 0.1 / sqrt(3)) < 0.006); /* an evenly drawn deviation */
}

/* ---- the camera ---- */

static void coarse_pixels_are_means(void **state) {
  (void)state;
  pictures p;
  int squares = 0;
  for (uint64_t seed = 0; seed < 100; seed++) {
    base_random random = base_random_seed(seed);
    for (int i = 0; i < PIXELS; i++) p.out[i] = (float)(i % SIDE) / (SIDE - 1);
    ink_pixelate(&random, 4, SIDE, p.out);
    bool repeats = false;
    for (int i = 0; i < PIXELS; i++) {
      /* A slope stays one, up to a step of four pixels, and is the same in each row. */
      assert_true(fabs((double)p.out[i] - (i % SIDE) / 27.0) < 2.1 / 27);
      assert_true(fabsf(p.out[i] - p.out[i % SIDE]) < 1e-5f);
      if (i % SIDE > 4 && i % SIDE < 24) repeats |= fabsf(p.out[i] - p.out[i - 1]) < 1e-6f;
    }
    squares += repeats;
    fill(p.out, 0.7f);
    ink_pixelate(&random, 4, SIDE, p.out);
    for (int i = 0; i < PIXELS; i++) assert_true(fabsf(p.out[i] - 0.7f) < 1e-5f);
  }
  assert_in_range(squares, 15, 50); /* a third of them in squares */
}

static void ink_fades_evenly(void **state) {
  (void)state;
  pictures p;
  double palest = 1;
  for (uint64_t seed = 0; seed < 100; seed++) {
    base_random random = base_random_seed(seed);
    for (int i = 0; i < PIXELS; i++) p.out[i] = (float)(i % 4) / 3;
    ink_fade(&random, 0.6, SIDE, p.out);
    double left = (double)p.out[3];
    for (int i = 0; i < PIXELS; i++)
      assert_true(fabs((double)p.out[i] - left * (i % 4) / 3) < 1e-6);
    palest = fmin(palest, left);
  }
  assert_true(palest >= 0.4 && palest < 0.42);
}

static void noise_and_salt_have_their_amounts(void **state) {
  (void)state;
  pictures p;
  double square = 0, salted = 0, white = 0;
  for (uint64_t seed = 0; seed < 300; seed++) {
    base_random random = base_random_seed(seed);
    fill(p.out, 0.5f);
    ink_add_noise(&random, 0.12, SIDE, p.out);
    for (int i = 0; i < PIXELS; i++)
      square += ((double)p.out[i] - 0.5) * ((double)p.out[i] - 0.5) / PIXELS / 300;
    fill(p.out, 0.5f);
    ink_add_salt(&random, 0.2, SIDE, p.out);
    for (int i = 0; i < PIXELS; i++) {
      salted += (p.out[i] != 0.5f) / (PIXELS * 300.0);
      white += (p.out[i] == 1) / (PIXELS * 300.0);
    }
  }
  assert_true(fabs(sqrt(square) - 0.12 / sqrt(3)) < 0.007);
  assert_true(fabs(salted - 0.1) < 0.012 && fabs(white - 0.05) < 0.007);
}

static void thresholds_leave_two_levels(void **state) {
  (void)state;
  pictures p;
  for (uint64_t seed = 0; seed < 100; seed++) {
    base_random random = base_random_seed(seed);
    for (int i = 0; i < PIXELS; i++) p.out[i] = (float)i / (PIXELS - 1);
    ink_binarise(&random, SIDE, p.out);
    int ink = (int)sum_of(p.out);
    for (int i = 0; i < PIXELS; i++) assert_true(p.out[i] == (i >= PIXELS - ink));
    assert_in_range(ink, (int)(0.3 * PIXELS) - 1, (int)(0.7 * PIXELS) + 1);
  }
}

/* ---- the file ---- */

static void jpeg_is_that_of_libjpeg(void **state) {
  (void)state;
  /* A block, and what Pillow reads back after writing it at each quality. */
  static const uint8_t BLOCK[64] = {171, 160, 115, 75,  77,  117, 156, 162, 180, 151, 92,  55,  76,
                                    134, 174, 169, 182, 133, 66,  42,  87,  157, 190, 170, 173, 109,
                                    43,  41,  108, 182, 200, 163, 155, 84,  32,  55,  136, 201, 198,
                                    148, 133, 66,  36,  81,  163, 209, 186, 131, 113, 59,  52,  110,
                                    182, 205, 167, 115, 100, 64,  76,  134, 188, 190, 147, 105};
  static const struct {
    int quality;
    uint8_t levels[64];
  } READ_BACK[] = {
      {10, {176, 153, 114, 78,  68,  96,  149, 190, 185, 141, 87, 62,  78,  121, 163, 187,
            194, 122, 49,  42,  97,  159, 183, 179, 193, 102, 20, 33,  121, 194, 196, 165,
            176, 88,  15,  45,  147, 214, 195, 144, 146, 80,  36, 78,  169, 216, 179, 120,
            112, 79,  68,  116, 186, 207, 158, 98,  91,  80,  91, 141, 195, 198, 143, 85}},
      {30, {168, 168, 129, 72,  67,  118, 161, 169, 173, 155, 105, 59,  74,  136, 174, 173,
            177, 134, 69,  42,  88,  163, 191, 176, 174, 110, 39,  34,  109, 189, 202, 172,
            159, 91,  28,  46,  134, 205, 199, 157, 135, 78,  38,  74,  159, 209, 183, 133,
            110, 72,  58,  108, 180, 204, 161, 108, 94,  69,  74,  130, 192, 199, 147, 93}},
      {75, {181, 153, 112, 75,  75,  120, 157, 159, 180, 144, 95, 61,  76,  134, 172, 169,
            180, 130, 69,  45,  84,  157, 189, 172, 176, 111, 46, 39,  103, 184, 199, 161,
            157, 88,  32,  51,  133, 207, 200, 145, 130, 68,  35, 79,  163, 214, 188, 129,
            108, 61,  54,  113, 182, 204, 166, 114, 100, 63,  72, 136, 189, 189, 147, 103}},
  };
  float picture[PIXELS];
  for (size_t q = 0; q < sizeof READ_BACK / sizeof *READ_BACK; q++)
    for (int corner = 0; corner < 64; corner++) {
      /* The block repeated, with its corner where the blocks' corner is. */
      int left = corner % 8, top = corner / 8;
      for (int i = 0; i < PIXELS; i++)
        picture[i] = (float)BLOCK[(i / SIDE - top + 8) % 8 * 8 + (i % SIDE - left + 8) % 8] / 255;
      ink_compress(READ_BACK[q].quality, left, top, SIDE, picture);
      for (int y = top; y < top + 16; y++) /* blocks that lie inside */
        for (int x = left; x < left + 16; x++) {
          if (y >= SIDE || x >= SIDE) continue;
          uint8_t level = READ_BACK[q].levels[(y - top) % 8 * 8 + (x - left) % 8];
          assert_true(fabsf(picture[y * SIDE + x] * 255 - level) < 1.6f);
        }
    }
}

static void jpeg_of_high_quality_changes_little(void **state) {
  (void)state;
  pictures p;
  draw_two(&p);
  for (int quality = 1; quality <= 100; quality++) {
    memcpy(p.out, p.glyph, sizeof p.out);
    ink_compress(quality, quality % 8, quality / 8 % 8, SIDE, p.out);
    double square = 0;
    for (int i = 0; i < PIXELS; i++) square += pow((double)(p.out[i] - p.glyph[i]), 2);
    if (quality == 100) assert_true(sqrt(square / PIXELS) * 255 < 0.6);
    assert_true(sqrt(square / PIXELS) < 0.25);
  }
}

/* A tall box and a flat one: side by side they are wider than high, framed to 20 pixels, and both
 * are there. */
static void a_pair_holds_both_glyphs(void **state) {
  (void)state;
  uint8_t left[PIXELS] = {0}, right[PIXELS] = {0}, blank[PIXELS] = {0}, pair[PIXELS];
  for (int y = 4; y < 24; y++)
    for (int x = 11; x < 17; x++) left[y * SIDE + x] = 255;
  for (int y = 10; y < 18; y++)
    for (int x = 4; x < 24; x++) right[y * SIDE + x] = 255;
  for (uint64_t seed = 0; seed < 200; seed++) {
    ink_image image = {SIDE, SIDE, SIDE, pair};
    ink_box box;
    assert_true(ink_pair(left, right, base_random_seed(seed), pair));
    assert_true(ink_find(&image, &box));
    assert_int_equal(box.width, 20);
    /* 20 high and 23 to 31 wide before it was framed. */
    assert_in_range(box.height, 12, 20);
    int tall = 0, flat = 0;
    for (int y = 0; y < SIDE; y++) {
      tall += pair[y * SIDE + box.x + 1] > 127;
      flat += pair[y * SIDE + box.x + 18] > 127;
    }
    assert_in_range(tall, 12, 20);
    assert_in_range(flat, 4, 8);
  }
  memset(pair, 1, PIXELS);
  assert_false(ink_pair(left, blank, base_random_seed(1), pair));
  assert_int_equal(pair[0], 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_pair_holds_both_glyphs),
      cmocka_unit_test(chances_are_shares_of_the_pictures),
      cmocka_unit_test(kinds_do_not_disturb_each_other),
      cmocka_unit_test(every_kind_at_once_is_survived),
      cmocka_unit_test(gaps_take_little_ink),
      cmocka_unit_test(a_wrong_box_cuts_and_scales),
      cmocka_unit_test(perspective_keeps_directions),
      cmocka_unit_test(a_neighbour_comes_in_from_one_side),
      cmocka_unit_test(rules_are_thin_and_beside_the_middle),
      cmocka_unit_test(shade_and_texture_have_their_amounts),
      cmocka_unit_test(coarse_pixels_are_means),
      cmocka_unit_test(ink_fades_evenly),
      cmocka_unit_test(noise_and_salt_have_their_amounts),
      cmocka_unit_test(thresholds_leave_two_levels),
      cmocka_unit_test(jpeg_is_that_of_libjpeg),
      cmocka_unit_test(jpeg_of_high_quality_changes_little),
  };
  return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}
