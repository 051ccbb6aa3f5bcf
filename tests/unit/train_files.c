/* What training writes beside models. The truths: a safetensors file is what the published format
 * says; a page holds what was put in, escaped. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bars.h"
#include "base/memory.h"
#include "train/chart.h"
#include "train/report.h"
#include "train/safetensors.h"
#include "train/text.h"
#include "train/train.h"

/* ---- safetensors ---- */

static void test_safetensors_are_as_published(void **state) {
  (void)state;
  train_tensors out;
  train_tensors_init(&out);
  const float weights[3] = {1.5f, -2, 0.25f};
  const uint64_t step = 7;
  train_tensors_add(&out, "weights", TRAIN_F32, 3, weights, NULL);
  train_tensors_add(&out, "step", TRAIN_U64, 1, &step, NULL);
  train_tensors_note(&out, "by", "scrawl", NULL);
  uint8_t *bytes;
  size_t size;
  assert_int_equal(train_safetensors_write(&out, &bytes, &size, NULL), SCRAWL_OK);
  static const char header[] =
      "{\"__metadata__\":{\"by\":\"scrawl\"},\"weights\":{\"dtype\":\"F32\",\"shape\":[3],"
      "\"data_offsets\":[0,12]},\"step\":{\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[12,20]}"
      "}";
  uint64_t length;
  memcpy(&length, bytes, 8);
  assert_int_equal(length % 8, 0);
  assert_int_equal(size, 8 + length + 20);
  assert_memory_equal(bytes + 8, header, strlen(header));
  assert_memory_equal(bytes + 8 + length, weights, 12);
  assert_memory_equal(bytes + 8 + length + 12, &step, 8);
  train_tensors in;
  assert_int_equal(train_safetensors_read(bytes, size, &in, NULL), SCRAWL_OK);
  assert_memory_equal(train_tensors_find(&in, "weights")->values, weights, 12);
  assert_string_equal(train_tensors_find_note(&in, "by"), "scrawl");
  assert_null(train_tensors_find(&in, "other"));
  train_tensors_free(&in);
  for (size_t keep = 0; keep < size; keep++) {
    uint8_t *cut = malloc(keep ? keep : 1); /* so that a read beyond the end is seen */
    memcpy(cut, bytes, keep);
    assert_int_equal(train_safetensors_read(cut, keep, &in, NULL), SCRAWL_BAD_FORMAT);
    train_tensors_free(&in);
    free(cut);
  }
  base_free(bytes);
  train_tensors_free(&out);
}

static void test_bad_safetensors_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *header;
    size_t data;
    scrawl_status status;
  } cases[] = {
      {"{}", 0, SCRAWL_OK},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, SCRAWL_OK},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2,0],\"data_offsets\":[0,0]}}   ", 0, SCRAWL_OK},
      {"{}", 4, SCRAWL_BAD_FORMAT},
      {" {}", 0, SCRAWL_BAD_FORMAT},
      {"[]", 0, SCRAWL_BAD_FORMAT},
      {"{\"a\":1}", 0, SCRAWL_BAD_FORMAT},
      {"{\"__metadata__\":{\"a\":1}}", 0, SCRAWL_BAD_FORMAT},
      {"{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, SCRAWL_UNSUPPORTED},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, SCRAWL_BAD_FORMAT},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, SCRAWL_BAD_FORMAT},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905,4],\"data_offsets\":[0,4]}}", 4,
       SCRAWL_BAD_FORMAT},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8, SCRAWL_BAD_FORMAT},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, SCRAWL_BAD_FORMAT},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 8, SCRAWL_BAD_FORMAT},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
       "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
       4, SCRAWL_BAD_FORMAT},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
       "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
       8, SCRAWL_BAD_FORMAT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint8_t bytes[512] = {0};
    uint64_t length = strlen(cases[i].header);
    memcpy(bytes, &length, 8);
    memcpy(bytes + 8, cases[i].header, length);
    train_tensors in;
    base_error error = {0};
    scrawl_status status = train_safetensors_read(bytes, 8 + length + cases[i].data, &in, &error);
    if (status != cases[i].status)
      fail_msg("%s: %s (%s)", cases[i].header, scrawl_status_name(status), error.message);
    train_tensors_free(&in);
  }
}

/* ---- reports ---- */

static void test_text_is_escaped(void **state) {
  (void)state;
  train_text text = {0};
  train_text_escape(&text, "<a href=\"x\">'&'</a>\x01\xC3\xA9\xFF\xE2\x82");
  train_text_base64(&text, (const uint8_t *)"Man", 3);
  train_text_base64(&text, (const uint8_t *)"Ma", 2);
  train_text_base64(&text, (const uint8_t *)"M", 1);
  char *taken = train_text_take(&text);
  assert_string_equal(taken,
                      "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;\xEF\xBF\xBD\xC3\xA9"
                      "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDTWFuTWE=TQ==");
  base_free(taken);
}

static void test_ticks_are_round(void **state) {
  (void)state;
  static const struct {
    double low, high, first, step;
    int count;
  } cases[] = {{0, 10, 0, 2, 6},        {97.3, 99.1, 97, 0.5, 6}, {0.012, 0.43, 0, 0.1, 6},
               {5, 5, 4.75, 0.1, 6},    {-1, 1, -1, 0.5, 5},      {0, 0, -0.6, 0.2, 7},
               {NAN, NAN, -0.6, 0.2, 7}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    double first, step;
    int count;
    train_chart_ticks(cases[i].low, cases[i].high, 5, &first, &step, &count);
    assert_true(count >= 2 && count <= 12);
    if (isfinite(cases[i].low))
      assert_true(first <= cases[i].low + 1e-9 &&
                  first + step * (count - 1) >= cases[i].high - 1e-9);
    double lead = step / pow(10, floor(log10(step) + 1e-9));
    assert_true(fabs(lead - 1) < 1e-6 || fabs(lead - 2) < 1e-6 || fabs(lead - 5) < 1e-6);
  }
}

static void test_a_report_holds_what_was_put_in(void **state) {
  (void)state;
  data_set set = make_set(1);
  float probabilities[PICTURES * CLASSES];
  for (int i = 0; i < PICTURES; i++)
    for (int c = 0; c < CLASSES; c++)
      probabilities[i * CLASSES + c] =
          c == (i < 5 ? (set.labels[i] + 1) % 3 : set.labels[i]) ? 0.8f : 0.1f;
  train_metrics metrics;
  assert_int_equal(
      train_metrics_compute(probabilities, set.labels, PICTURES, CLASSES, 0, &metrics, NULL),
      SCRAWL_OK);
  train_epoch epochs[2] = {{0.1, 1, 0.5, 1.1, 0.4, 1}, {0.1, 0.5, 0.8, 0.6, 0.7, 1}};
  train_history history = {epochs, 2, 1};
  static const char *const signs[CLASSES] = {"<", "&", "/"};
  const train_fact facts[] = {{"recipe", "--arch '<b>'"}};
  const train_report report = {.title = "a <title>",
                               .subtitle = "\"quoted\"",
                               .facts = facts,
                               .fact_count = 1,
                               .history = &history,
                               .metrics = &metrics,
                               .signs = signs,
                               .count = PICTURES,
                               .width = SIDE,
                               .height = SIDE,
                               .pixels = set.pixels,
                               .labels = set.labels,
                               .probabilities = probabilities};
  char *html;
  base_error error;
  assert_ok(train_report_html(&report, &html, &error), &error);
  assert_non_null(strstr(html, "<title>a &lt;title&gt;</title>"));
  assert_non_null(strstr(html, "--arch &#39;&lt;b&gt;&#39;"));
  assert_non_null(strstr(html, "5 of 120"));
  assert_null(strstr(html, "<b><</b>"));
  assert_null(strstr(html, "http:"));
  assert_null(strstr(html, "https:"));
  assert_null(strstr(html, "<script"));
  size_t pictures = 0;
  for (const char *at = html; (at = strstr(at, "data:image/png;base64,iVBORw0KGgo")); at++)
    pictures++;
  assert_int_equal(pictures, 5);
  base_free(html);
  scrawl_status status = SCRAWL_OUT_OF_MEMORY;
  for (int after = 0; status == SCRAWL_OUT_OF_MEMORY; after++) {
    base_alloc_fail_after(after);
    status = train_report_html(&report, &html, &error);
    base_alloc_fail_after(-1);
    if (status == SCRAWL_OUT_OF_MEMORY) assert_null(html);
  }
  assert_ok(status, &error);
  base_free(html);
  train_metrics_free(&metrics);
  data_set_free(&set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_safetensors_are_as_published),
      cmocka_unit_test(test_bad_safetensors_are_refused),
      cmocka_unit_test(test_text_is_escaped),
      cmocka_unit_test(test_ticks_are_round),
      cmocka_unit_test(test_a_report_holds_what_was_put_in),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
