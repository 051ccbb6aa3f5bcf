/* The public interface, as a program outside sees it: nothing but scrawl.h. The model is made of a
 * line of text (onnx/compose.h), so that the tests do not depend on the one that ships. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../onnx/compose.h"
#include "scrawl.h"

enum { WIDTH = 90, HEIGHT = 120, STRIDE = 100 };

static const char *const TEN = "input x N,1,28,28; tensor m 784,10; Flatten x > f; Gemm f m > g; "
                               "Softmax g > y; output y; metadata name ten; metadata version 3";

/* The bytes are the caller's to free(). */
static void *ten(size_t *size) {
  nn_writer file = compose(TEN);
  assert_false(file.failed);
  *size = file.size;
  return file.bytes;
}

static scrawl_model *open_ten(scrawl_context *context) {
  size_t size;
  void *bytes = ten(&size);
  scrawl_model *model;
  if (scrawl_model_open_memory(context, bytes, size, &model) != SCRAWL_OK)
    fail_msg("%s", scrawl_context_error(context));
  memset(bytes, 0, size); /* the model has its own copy */
  free(bytes);
  return model;
}

/* A dark L on light paper, or the reverse; what lies between the rows is noise. */
static void draw(uint8_t pixels[HEIGHT * STRIDE], bool light) {
  uint8_t paper = light ? 20 : 235, ink = light ? 220 : 30;
  for (int i = 0; i < HEIGHT * STRIDE; i++)
    pixels[i] = i % STRIDE < WIDTH ? paper : (uint8_t)(i * 37);
  for (int y = 30; y < 90; y++) memset(pixels + y * STRIDE + 35, ink, 8);
  for (int y = 82; y < 90; y++) memset(pixels + y * STRIDE + 35, ink, 30);
}

static void test_names(void **state) {
  (void)state;
  assert_string_equal(scrawl_status_name(SCRAWL_NOT_FOUND), "SCRAWL_NOT_FOUND");
  assert_string_equal(scrawl_status_message(SCRAWL_OK), "no error");
  assert_string_equal(scrawl_status_name((scrawl_status)1000), "unknown status");
  assert_int_equal(strspn(scrawl_version(), "0123456789."), strlen(scrawl_version()));
  assert_int_equal(SCRAWL_INTERNAL, 11); /* part of the ABI */
}

static void test_nothing_to_free(void **state) {
  (void)state;
  scrawl_context_free(NULL);
  scrawl_model_free(NULL);
  scrawl_string_free(NULL);
  assert_string_equal(scrawl_context_error(NULL), "");
}

static void test_open(void **state) {
  (void)state;
  scrawl_context *context = scrawl_context_create();
  scrawl_model *model = (scrawl_model *)context;
  assert_string_equal(scrawl_context_error(context), "");
  assert_int_equal(scrawl_model_open_memory(context, "not a model", 11, &model), SCRAWL_BAD_FORMAT);
  assert_null(model);
  assert_true(strlen(scrawl_context_error(context)) > 10);
  assert_int_equal(scrawl_model_open(context, "no such model", &model), SCRAWL_NOT_FOUND);
  assert_null(model);
  assert_non_null(strstr(scrawl_context_error(context), "no such model"));
  assert_int_equal(scrawl_model_open(context, NULL, &model), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(scrawl_model_open(context, "digits", NULL), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(scrawl_model_open(NULL, "digits", &model), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(scrawl_model_open_memory(context, NULL, 5, &model), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(scrawl_model_open_memory(NULL, "x", 1, &model), SCRAWL_INVALID_ARGUMENT);
  scrawl_context_free(context);
}

static void test_glyph(void **state) {
  (void)state;
  static uint8_t pixels[HEIGHT * STRIDE];
  scrawl_context *context = scrawl_context_create();
  scrawl_model *model = open_ten(context);
  scrawl_glyph glyphs[2];
  for (int light = 0; light < 2; light++) {
    scrawl_glyph *glyph = &glyphs[light];
    draw(pixels, light);
    if (scrawl_read_glyph(context, model, pixels, WIDTH, HEIGHT, STRIDE, glyph) != SCRAWL_OK)
      fail_msg("%s", scrawl_context_error(context));
    assert_false(glyph->rejected);
    assert_true(abs(glyph->box[0] - 35) <= 1 && abs(glyph->box[1] - 30) <= 1);
    assert_true(abs(glyph->box[2] - 30) <= 2 && abs(glyph->box[3] - 60) <= 2);
    assert_int_equal(glyph->candidate_count, 10);
    double sum = 0;
    for (size_t i = 0; i < 10; i++) {
      if (i > 0)
        assert_true(glyph->candidates[i].confidence <= glyph->candidates[i - 1].confidence);
      sum += glyph->candidates[i].confidence;
      assert_int_equal(strlen(glyph->candidates[i].text), 1);
    }
    assert_true(fabs(sum - 1) < 1e-5);
  }
  for (size_t i = 0; i < 10; i++)
    assert_string_equal(glyphs[0].candidates[i].text, glyphs[1].candidates[i].text);
  scrawl_model_free(model);
  scrawl_context_free(context);
}

static void test_blank(void **state) {
  (void)state;
  static uint8_t pixels[64 * 64];
  scrawl_context *context = scrawl_context_create();
  scrawl_model *model = open_ten(context);
  scrawl_glyph glyph;
  for (int level = 0; level <= 255; level += 51) {
    memset(pixels, level, sizeof pixels);
    assert_int_equal(scrawl_read_glyph(context, model, pixels, 64, 64, 64, &glyph), SCRAWL_OK);
    assert_true(glyph.rejected);
    assert_int_equal(glyph.candidate_count, 0);
  }
  scrawl_model_free(model);
  scrawl_context_free(context);
}

static void test_wrong_arguments(void **state) {
  (void)state;
  static uint8_t pixels[4];
  scrawl_context *context = scrawl_context_create();
  scrawl_model *model = open_ten(context);
  scrawl_glyph glyph;
  const struct {
    const uint8_t *pixels;
    int width, height;
    size_t stride;
    scrawl_status status;
  } rows[] = {{NULL, 2, 2, 2, SCRAWL_INVALID_ARGUMENT},
              {pixels, 0, 2, 2, SCRAWL_INVALID_ARGUMENT},
              {pixels, 2, -1, 2, SCRAWL_INVALID_ARGUMENT},
              {pixels, 2, 2, 1, SCRAWL_INVALID_ARGUMENT},
              {pixels, 1 << 30, 1 << 30, 1 << 30, SCRAWL_LIMIT_EXCEEDED}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    glyph.rejected = false;
    assert_int_equal(scrawl_read_glyph(context, model, rows[i].pixels, rows[i].width,
                                       rows[i].height, rows[i].stride, &glyph),
                     rows[i].status);
    assert_true(glyph.rejected);
    assert_true(strlen(scrawl_context_error(context)) > 10);
  }
  assert_int_equal(scrawl_read_glyph(context, model, pixels, 1, 1, 1, NULL),
                   SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(scrawl_read_glyph(NULL, model, pixels, 1, 1, 1, &glyph),
                   SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(scrawl_read_glyph(context, model, pixels, 1, 1, 1, &glyph), SCRAWL_OK);
  scrawl_model_free(model);
  scrawl_context_free(context);
}

/* A model may go and another come at its address: a context must not mix them up. */
static void test_models_change(void **state) {
  (void)state;
  static uint8_t pixels[HEIGHT * STRIDE];
  scrawl_context *context = scrawl_context_create();
  scrawl_glyph first, glyph;
  draw(pixels, false);
  for (int i = 0; i < 6; i++) {
    nn_writer file =
        compose(i % 2 == 0 ? TEN
                           : "input x N,1,28,28; tensor m 784,3 fill=0; Flatten x > f; "
                             "Gemm f m > y; output y; metadata alphabet abc");
    scrawl_model *model;
    assert_int_equal(scrawl_model_open_memory(context, file.bytes, file.size, &model), SCRAWL_OK);
    free(file.bytes);
    assert_int_equal(scrawl_read_glyph(context, model, pixels, WIDTH, HEIGHT, STRIDE, &glyph),
                     SCRAWL_OK);
    scrawl_model_free(model);
    if (i == 0) first = glyph;
    if (i % 2 == 0) {
      assert_memory_equal(first.candidates, glyph.candidates, sizeof first.candidates);
    } else {
      assert_int_equal(glyph.candidate_count, 3);
      assert_true(fabs(glyph.candidates[0].confidence - 1.0 / 3) < 1e-6);
    }
  }
  scrawl_context_free(context);
}

/* The default model, where one is inside the program. */
static void test_default_model(void **state) {
  (void)state;
  static uint8_t pixels[HEIGHT * STRIDE];
  scrawl_context *context = scrawl_context_create();
  scrawl_model *digits;
  scrawl_glyph glyph, named;
  draw(pixels, false);
  if (scrawl_model_open(context, "digits", &digits) == SCRAWL_NOT_FOUND) {
    assert_int_equal(scrawl_read_glyph(context, NULL, pixels, WIDTH, HEIGHT, STRIDE, &glyph),
                     SCRAWL_NOT_FOUND);
    print_message("skipped: no model is inside\n");
    scrawl_context_free(context);
    skip();
  }
  /* A 1: without the foot. */
  for (int y = 82; y < 90; y++) memset(pixels + y * STRIDE + 43, 235, 22);
  assert_int_equal(scrawl_read_glyph(context, NULL, pixels, WIDTH, HEIGHT, STRIDE, &glyph),
                   SCRAWL_OK);
  assert_false(glyph.rejected);
  assert_string_equal(glyph.candidates[0].text, "1");
  assert_int_equal(scrawl_read_glyph(context, digits, pixels, WIDTH, HEIGHT, STRIDE, &named),
                   SCRAWL_OK);
  assert_memory_equal(glyph.candidates, named.candidates, sizeof named.candidates);
  scrawl_model_free(digits);
  scrawl_context_free(context);
}

static void test_picture(void **state) {
  (void)state;
  static uint8_t pixels[HEIGHT * STRIDE];
  static char file[HEIGHT * WIDTH + 64];
  scrawl_context *context = scrawl_context_create();
  scrawl_model *model = open_ten(context);
  scrawl_glyph glyph;
  char *json, expected[64];
  draw(pixels, false);
  size_t size = (size_t)sprintf(file, "P5 %d %d 255\n", WIDTH, HEIGHT);
  for (int y = 0; y < HEIGHT; y++, size += WIDTH) memcpy(file + size, pixels + y * STRIDE, WIDTH);
  if (scrawl_read_picture(context, model, file, size, &json) != SCRAWL_OK)
    fail_msg("%s", scrawl_context_error(context));
  assert_int_equal(scrawl_read_glyph(context, model, pixels, WIDTH, HEIGHT, STRIDE, &glyph),
                   SCRAWL_OK);
  assert_int_equal(strspn(json, "{"), 1);
  sprintf(expected, "\"width\":%d", WIDTH);
  char *at = json, *to = json; /* without spaces */
  for (; *at; at++)
    if (*at != ' ') *to++ = *at;
  *to = '\0';
  assert_non_null(strstr(json, expected));
  assert_non_null(strstr(json, "\"name\":\"ten\",\"version\":\"3\""));
  sprintf(expected, "\"text\":\"%s\"", glyph.candidates[0].text);
  assert_non_null(strstr(json, expected));
  scrawl_string_free(json);
  assert_int_equal(scrawl_read_picture(context, model, "hello", 5, &json), SCRAWL_BAD_FORMAT);
  assert_null(json);
  assert_int_equal(scrawl_read_picture(context, model, NULL, 5, &json), SCRAWL_INVALID_ARGUMENT);
  assert_int_equal(scrawl_read_picture(NULL, model, file, size, &json), SCRAWL_INVALID_ARGUMENT);
  scrawl_model_free(model);
  scrawl_context_free(context);
}

static void test_gradients(void **state) {
  (void)state;
  scrawl_context *context = scrawl_context_create();
  double worst = -1;
  assert_int_equal(scrawl_check_gradients(context,
                                          "conv 3 5x5 stride 3, batchnorm, silu, pool 2, "
                                          "dense 10, softmax",
                                          1, &worst),
                   SCRAWL_OK);
  assert_true(worst > 0 && worst < 1e-3);
  assert_int_equal(scrawl_check_gradients(context, "nonsense 3", 1, &worst),
                   SCRAWL_INVALID_ARGUMENT);
  assert_true(worst == 0);
  assert_non_null(strstr(scrawl_context_error(context), "nonsense"));
  assert_int_equal(scrawl_check_gradients(context, NULL, 1, &worst), SCRAWL_INVALID_ARGUMENT);
  scrawl_context_free(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_names),         cmocka_unit_test(test_nothing_to_free),
      cmocka_unit_test(test_open),          cmocka_unit_test(test_glyph),
      cmocka_unit_test(test_blank),         cmocka_unit_test(test_wrong_arguments),
      cmocka_unit_test(test_models_change), cmocka_unit_test(test_default_model),
      cmocka_unit_test(test_picture),       cmocka_unit_test(test_gradients),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
