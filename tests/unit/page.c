/* Pictures files to ink: every format and depth, orientation, transparency, colour, limits, damage.
 * The files are written with Leptonica, EXIF is put in by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "page/exif.h"
#include "page/page.h"
#include "scratch.h"
#include "strokes.h"

enum { WIDTH = 120, HEIGHT = 80 };

static base_error error;

static void assert_says(const char *part) {
  if (!strstr(error.message, part)) fail_msg("\"%s\" does not say \"%s\"", error.message, part);
}

/* A 7, upright, off the middle: no turn or mirror image of it is the same. */
static uint8_t *scene(void) {
  uint8_t *grey = malloc(WIDTH * HEIGHT);
  if (!grey) abort();
  memset(grey, 250, WIDTH * HEIGHT);
  stroke_draw(&STROKE_GLYPHS[3], grey, WIDTH, HEIGHT, 20, 10, 50, 6, 10);
  return grey;
}

static PIX *to_pix(const uint8_t *grey, int width, int height) {
  PIX *pix = pixCreate(width, height, 8);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) pixSetPixel(pix, x, y, grey[y * width + x]);
  return pix;
}

static PIX *scene_pix(void) {
  uint8_t *grey = scene();
  PIX *pix = to_pix(grey, WIDTH, HEIGHT);
  free(grey);
  return pix;
}

/* A file's bytes in Leptonica's memory; lept_free them. */
static uint8_t *encode(PIX *pix, int format, size_t *size) {
  l_uint8 *bytes = NULL;
  assert_int_equal(pixWriteMem(&bytes, size, pix, format), 0);
  return bytes;
}

static void decode(const uint8_t *bytes, size_t size, page_picture *picture) {
  if (page_decode(bytes, size, NULL, picture, &error) != SCRAWL_OK) fail_msg("%s", error.message);
}

/* Mean absolute difference from the scene. */
static void assert_scene(const page_picture *picture, double most, const char *what) {
  assert_int_equal(picture->width, WIDTH);
  assert_int_equal(picture->height, HEIGHT);
  uint8_t *grey = scene();
  double sum = 0;
  for (int i = 0; i < WIDTH * HEIGHT; i++) sum += abs(grey[i] - picture->grey[i]);
  free(grey);
  if (sum / (WIDTH * HEIGHT) > most) fail_msg("%s: off by %.2f", what, sum / (WIDTH * HEIGHT));
}

static void every_format_is_read(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int format;
    double most;
  } CASES[] = {
      {"PNG", IFF_PNG, 0},           {"BMP", IFF_BMP, 0},        {"PNM", IFF_PNM, 0},
      {"GIF", IFF_GIF, 0},           {"TIFF", IFF_TIFF, 0},      {"TIFF LZW", IFF_TIFF_LZW, 0},
      {"TIFF ZIP", IFF_TIFF_ZIP, 0}, {"JPEG", IFF_JFIF_JPEG, 3}, {"WebP", IFF_WEBP, 3},
      {"JPEG 2000", IFF_JP2, 3},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    PIX *pix = scene_pix();
    size_t size;
    page_picture picture;
    uint8_t *bytes = encode(pix, CASES[i].format, &size);
    decode(bytes, size, &picture);
    assert_scene(&picture, CASES[i].most, CASES[i].name);
    base_free(picture.grey);
    lept_free(bytes);
    pixDestroy(&pix);
  }
}

static void every_depth_is_read(void **state) {
  (void)state;
  static const int DEPTHS[] = {1, 2, 4, 16, 24, 32};
  for (size_t i = 0; i < sizeof DEPTHS / sizeof *DEPTHS; i++) {
    PIX *pix = scene_pix(), *other = NULL;
    switch (DEPTHS[i]) {
    case 1:
      other = pixThresholdToBinary(pix, 128);
      break;
    case 2:
      other = pixThresholdTo2bpp(pix, 4, 1);
      break; /* with a palette */
    case 4:
      other = pixThresholdTo4bpp(pix, 16, 0);
      break;
    case 16:
      other = pixConvert8To16(pix, 8);
      break;
    case 24:
    case 32:
      other = pixConvertTo32(pix);
      break;
    }
    size_t size;
    page_picture picture;
    char name[32];
    snprintf(name, sizeof name, "%d bits", DEPTHS[i]);
    uint8_t *bytes = encode(other, DEPTHS[i] == 24 ? IFF_PNM : IFF_PNG, &size);
    decode(bytes, size, &picture);
    assert_scene(&picture, 10, name);
    base_free(picture.grey);
    lept_free(bytes);
    pixDestroy(&pix);
    pixDestroy(&other);
  }
}

/* ---- EXIF ---- */

/* The smallest TIFF structure with the tag, in either byte order. */
static size_t exif_tag(uint8_t *at, int orientation, bool little) {
  static const uint8_t BIG[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0,
                                3,   0,   0, 0,  1, 0, 0, 0, 0, 0, 0, 0,    0};
  static const uint8_t LITTLE[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3,
                                   0,   1,   0,  0, 0, 0, 0, 0, 0, 0, 0,    0, 0};
  memcpy(at, little ? LITTLE : BIG, sizeof BIG);
  at[little ? 18 : 19] = (uint8_t)orientation;
  return sizeof BIG;
}

/* How a camera stores the upright scene for each orientation: EXIF 2.3 says where row 0 and column
 * 0 of the file are on the upright picture. */
static PIX *stored(int orientation) {
  static const struct {
    bool swap, row_from_end, column_from_end;
  } RULES[9] = {
      {0},
      {false, false, false}, /* row 0 top, column 0 left */
      {false, false, true},  /* top, right */
      {false, true, true},   /* bottom, right */
      {false, true, false},  /* bottom, left */
      {true, false, false},  /* left, top */
      {true, true, false},   /* right, top */
      {true, true, true},    /* right, bottom */
      {true, false, true},   /* left, bottom */
  };
  bool swap = RULES[orientation].swap;
  int width = swap ? HEIGHT : WIDTH, height = swap ? WIDTH : HEIGHT;
  uint8_t *grey = scene();
  PIX *pix = pixCreate(width, height, 8);
  for (int row = 0; row < height; row++)
    for (int column = 0; column < width; column++) {
      int r = RULES[orientation].row_from_end ? height - 1 - row : row;
      int c = RULES[orientation].column_from_end ? width - 1 - column : column;
      pixSetPixel(pix, column, row, swap ? grey[c * WIDTH + r] : grey[r * WIDTH + c]);
    }
  free(grey);
  return pix;
}

static size_t insert(const uint8_t *bytes, size_t size, size_t at, const uint8_t *part,
                     size_t part_size, uint8_t *out) {
  memcpy(out, bytes, at);
  memcpy(out + at, part, part_size);
  memcpy(out + at + part_size, bytes + at, size - at);
  return size + part_size;
}

static void pictures_are_turned_upright(void **state) {
  (void)state;
  for (int orientation = 1; orientation <= 8; orientation++) {
    bool little = orientation % 2;
    uint8_t part[64] = {0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0};
    exif_tag(part + 10, orientation, little);
    PIX *pix = stored(orientation);
    size_t size;
    page_picture picture;
    uint8_t *bytes = encode(pix, IFF_JFIF_JPEG, &size), *file = malloc(size + 64);
    size_t whole = insert(bytes, size, 2, part, 36, file);
    decode(file, whole, &picture);
    assert_scene(&picture, 3, "JPEG with EXIF");
    base_free(picture.grey);
    lept_free(bytes);

    /* PNG: a chunk after the header, whose checksum the decoder lets pass. */
    uint8_t chunk[64] = {0, 0, 0, 26, 'e', 'X', 'I', 'f'};
    exif_tag(chunk + 8, orientation, little);
    bytes = encode(pix, IFF_PNG, &size);
    assert_int_equal(page_exif_orientation(bytes, size), 1);
    file = realloc(file, size + 64);
    whole = insert(bytes, size, 33, chunk, 38, file);
    assert_int_equal(page_exif_orientation(file, whole), orientation);
    lept_free(bytes);
    free(file);
    pixDestroy(&pix);
  }
}

static void damaged_exif_means_upright(void **state) {
  (void)state;
  uint8_t file[64] = {0xff, 0xd8, 0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0};
  exif_tag(file + 12, 6, false);
  file[38] = 0xff;
  file[39] = 0xd9;
  assert_int_equal(page_exif_orientation(file, 40), 6);
  for (size_t size = 0; size < 38; size++) {
    uint8_t *cut = malloc(size ? size : 1); /* so that a sanitizer sees a read past its end */
    memcpy(cut, file, size);
    assert_int_equal(page_exif_orientation(cut, size), 1);
    free(cut);
  }
  for (size_t i = 0; i < 40; i++)
    for (int bit = 0; bit < 8; bit++) {
      file[i] ^= (uint8_t)(1 << bit);
      assert_in_range(page_exif_orientation(file, 40), 1, 8);
      file[i] ^= (uint8_t)(1 << bit);
    }
}

/* ---- colour and transparency ---- */

/* Whether the 7 is found at its place in a picture of these colours (0xrrggbbaa). */
static bool seven_is_found(l_uint32 paper, l_uint32 ink, bool alpha) {
  uint8_t *grey = scene();
  PIX *pix = pixCreate(WIDTH, HEIGHT, 32);
  if (alpha) pixSetSpp(pix, 4);
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) {
      int share = (250 - grey[y * WIDTH + x]) * 255 / 240;
      l_uint32 word = 0;
      for (int shift = 0; shift < 32; shift += 8) {
        int from = (int)(paper >> shift & 255), to = (int)(ink >> shift & 255);
        word |= (l_uint32)(from + (to - from) * share / 255) << shift;
      }
      pixSetPixel(pix, x, y, word);
    }
  free(grey);
  size_t size;
  uint8_t *bytes = encode(pix, IFF_PNG, &size);
  pixDestroy(&pix);
  page_picture picture;
  ink_image image;
  ink_box box;
  decode(bytes, size, &picture);
  lept_free(bytes);
  assert_int_equal(page_clean(&picture, NULL, &image, &error), SCRAWL_OK);
  bool found = ink_find(&image, &box);
  base_free(image.pixels);
  base_free(picture.grey);
  return found && abs(box.x - 17) <= 2 && abs(box.y - 7) <= 2 && abs(box.width - 41) <= 4 &&
         abs(box.height - 56) <= 4;
}

static void coloured_ink_is_seen(void **state) {
  (void)state;
  static const struct {
    const char *name;
    l_uint32 paper, ink;
  } CASES[] = {
      {"black on white", 0xffffffff, 0x000000ff},
      {"red on white", 0xffffffff, 0xe02020ff},
      {"light blue on white", 0xffffffff, 0xa0c8ffff},
      {"blue on yellowish paper", 0xfff0c0ff, 0x3040b0ff},
      {"yellow on black", 0x000000ff, 0xffff00ff},
      {"red on green of the same grey", 0x00a000ff, 0xff2a0aff},
      {"white on blue", 0x2040a0ff, 0xffffffff},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
    if (!seven_is_found(CASES[i].paper, CASES[i].ink, false)) fail_msg("%s", CASES[i].name);
}

static void transparency_hides_nothing(void **state) {
  (void)state;
  static const struct {
    const char *name;
    l_uint32 paper, ink;
  } CASES[] = {
      {"black on nothing", 0x00000000, 0x000000ff},
      {"white on nothing", 0x00000000, 0xffffffff},
      {"white on invisible white", 0xffffff00, 0xffffffff},
      {"blue on nothing", 0x00000000, 0x3050d0ff},
      {"black on opaque white", 0xffffffff, 0x000000ff},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
    if (!seven_is_found(CASES[i].paper, CASES[i].ink, true)) fail_msg("%s", CASES[i].name);
}

/* ---- limits and damage ---- */

static void limits_are_told_before_decoding(void **state) {
  (void)state;
  static const int FORMATS[] = {IFF_PNG,  IFF_BMP,       IFF_PNM,  IFF_GIF,
                                IFF_TIFF, IFF_JFIF_JPEG, IFF_WEBP, IFF_JP2};
  for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++) {
    PIX *pix = scene_pix();
    size_t size;
    page_picture picture;
    uint8_t *bytes = encode(pix, FORMATS[i], &size);
    pixDestroy(&pix);
    page_limits limits = {.pixels = WIDTH * HEIGHT - 1};
    assert_int_equal(page_decode(bytes, size, &limits, &picture, &error), SCRAWL_LIMIT_EXCEEDED);
    assert_null(picture.grey);
    assert_says("120 x 80");
    limits = (page_limits){.bytes = size - 1};
    assert_int_equal(page_decode(bytes, size, &limits, &picture, &error), SCRAWL_LIMIT_EXCEEDED);
    assert_says("bytes");
    limits = (page_limits){.pixels = WIDTH * HEIGHT, .bytes = size};
    assert_int_equal(page_decode(bytes, size, &limits, &picture, &error), SCRAWL_OK);
    base_free(picture.grey);
    lept_free(bytes);
  }
  /* 65,535 x 65,535 pixels in 35 bytes. */
  static const uint8_t BOMB[] = {'G',  'I',  'F',  '8',  '9', 'a', 0xff, 0xff, 0xff, 0xff, 0x80, 0,
                                 0,    0,    0,    0,    255, 255, 255,  0x2c, 0,    0,    0,    0,
                                 0xff, 0xff, 0xff, 0xff, 0,   2,   2,    0x44, 1,    0,    0x3b};
  page_picture picture;
  assert_int_equal(page_decode(BOMB, sizeof BOMB, NULL, &picture, &error), SCRAWL_LIMIT_EXCEEDED);
}

static void what_is_no_picture_is_refused(void **state) {
  (void)state;
  static const char *const WRONG[] = {"", "7", "hello, this is a text", "%PDF-1.4\n%aaaaaaaaaaaaaa",
                                      "%!PS-Adobe-3.0 aaaaaaaaaaaaa"};
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    page_picture picture;
    error.message[0] = 0;
    scrawl_status status = page_decode(WRONG[i], strlen(WRONG[i]), NULL, &picture, &error);
    assert_true(status == SCRAWL_BAD_FORMAT || status == SCRAWL_UNSUPPORTED);
    assert_null(picture.grey);
    assert_true(error.message[0]);
  }
}

/* Cut and flipped files give a picture or a sentence, and nothing else; a sanitizer watches. What
 * the decoding libraries mutter on standard error meanwhile is not looked at. */
static void damaged_pictures_do_no_harm(void **state) {
  (void)state;
  static const int FORMATS[] = {IFF_PNG,      IFF_BMP,       IFF_PNM, IFF_GIF,
                                IFF_TIFF_LZW, IFF_JFIF_JPEG, IFF_WEBP};
  static const page_limits LIMITS = {.pixels = 1 << 20};
  uint8_t *grey = stroke_picture(&STROKE_GLYPHS[1], 24, 2, 255, 0);
  int standard_error = dup(2), nowhere = open("/dev/null", O_WRONLY);
  assert_true(standard_error >= 0 && nowhere >= 0 && dup2(nowhere, 2) == 2);
  for (size_t f = 0; f < sizeof FORMATS / sizeof *FORMATS; f++) {
    PIX *pix = to_pix(grey, 24, 24);
    size_t size;
    uint8_t *bytes = encode(pix, FORMATS[f], &size);
    pixDestroy(&pix);
    base_random random = base_random_seed(f);
    for (size_t turn = 0; turn < 300; turn++) {
      bool cut = turn < 150;
      size_t kept = cut ? size * turn / 150 : size;
      uint8_t *copy = malloc(kept ? kept : 1);
      memcpy(copy, bytes, kept);
      if (!cut)
        copy[base_random_below(&random, size)] ^= (uint8_t)(1 << base_random_below(&random, 8));
      page_picture picture;
      error.message[0] = 0;
      if (page_decode(copy, kept, &LIMITS, &picture, &error) == SCRAWL_OK)
        assert_non_null(picture.grey);
      else
        assert_true(!picture.grey && error.message[0]);
      base_free(picture.grey);
      free(copy);
    }
    lept_free(bytes);
  }
  assert_int_equal(dup2(standard_error, 2), 2);
  close(standard_error);
  close(nowhere);
  free(grey);
}

static void large_pictures_are_reduced(void **state) {
  (void)state;
  enum { SIDE = 2100 };
  uint8_t *grey = stroke_picture(&STROKE_GLYPHS[1], SIDE, 100, 240, 20);
  page_picture picture = {.width = SIDE, .height = SIDE, .grey = grey};
  ink_image image;
  ink_box box;
  int by = page_reduction(&picture);
  assert_int_equal(page_clean(&picture, NULL, &image, &error), SCRAWL_OK);
  assert_true(by > 1 && image.width == (SIDE + by - 1) / by && image.width <= 1024);
  assert_true(ink_find(&image, &box));
  /* The 2 spans 0 .. 0.8 of 1,260 pixels, begins at 546, and the pen adds 50 on each side. */
  assert_in_range(box.x * by, 496 - 2 * by, 496 + 2 * by);
  assert_in_range(box.width * by, 1108 - 4 * by, 1108 + 4 * by);
  base_free(image.pixels);
  free(grey);
}

/* ---- folders ---- */

static size_t reports;
static void count_report(void *argument, const char *path, const char *message) {
  (void)argument;
  assert_true(*path && *message);
  reports++;
}

static void a_folder_is_a_set(void **state) {
  (void)state;
  static const char MANIFEST[] =
      "seven.png\t7\nfour.png\t4\nblank.png\t1\nbroken.png\t2\nnone.png\t2\n";
  uint8_t *seven = stroke_picture(&STROKE_GLYPHS[3], 100, 8, 255, 0);
  uint8_t *four = stroke_picture(&STROKE_GLYPHS[2], 50, 4, 0, 255);
  PIX *pixes[] = {to_pix(seven, 100, 100), to_pix(four, 50, 50), pixCreate(40, 40, 8)};
  static const char *const NAMES[] = {"seven.png", "four.png", "blank.png"};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(pixWrite(scratch(NAMES[i]), pixes[i], IFF_PNG), 0);
    pixDestroy(&pixes[i]);
  }
  free(seven);
  free(four);
  FILE *file = fopen(scratch("broken.png"), "w");
  assert_non_null(file);
  fputs("no picture at all, not even nearly", file);
  fclose(file);
  file = fopen(scratch("manifest.tsv"), "w");
  assert_non_null(file);
  fputs(MANIFEST, file);
  fclose(file);

  data_set set;
  size_t failed;
  reports = 0;
  if (page_open_folder(scratch_folder, NULL, NULL, &set, &failed, count_report, NULL, &error))
    fail_msg("%s", error.message);
  assert_int_equal(set.count, 2);
  assert_int_equal(failed, 3);
  assert_int_equal(reports, 3);
  assert_string_equal(set.alphabet, "1247");
  assert_int_equal(set.classes, 4);
  assert_int_equal(set.labels[0], 3);
  assert_int_equal(set.labels[1], 2);
  assert_int_equal(set.width * set.height, INK_GLYPH_PIXELS);
  for (size_t i = 0; i < 2; i++) {
    uint8_t peak = 0;
    for (int p = 0; p < INK_GLYPH_PIXELS; p++)
      if (set.pixels[i * INK_GLYPH_PIXELS + (size_t)p] > peak)
        peak = set.pixels[i * INK_GLYPH_PIXELS + (size_t)p];
    assert_int_equal(peak, 255);
  }
  data_set_free(&set);

  if (page_open_folder(scratch_folder, "0123456789", NULL, &set, &failed, NULL, NULL, &error))
    fail_msg("%s", error.message);
  assert_int_equal(set.classes, 10);
  assert_int_equal(set.labels[0], 7);
  data_set_free(&set);
  assert_int_equal(page_open_folder(scratch_folder, "ab", NULL, &set, &failed, NULL, NULL, &error),
                   SCRAWL_READ_FAILED);
  assert_null(set.pixels);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_format_is_read),
      cmocka_unit_test(every_depth_is_read),
      cmocka_unit_test(pictures_are_turned_upright),
      cmocka_unit_test(damaged_exif_means_upright),
      cmocka_unit_test(coloured_ink_is_seen),
      cmocka_unit_test(transparency_hides_nothing),
      cmocka_unit_test(limits_are_told_before_decoding),
      cmocka_unit_test(what_is_no_picture_is_refused),
      cmocka_unit_test(damaged_pictures_do_no_harm),
      cmocka_unit_test(large_pictures_are_reduced),
      cmocka_unit_test_setup_teardown(a_folder_is_a_set, scratch_setup, scratch_teardown),
  };
  setMsgSeverity(L_SEVERITY_NONE);
  return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
