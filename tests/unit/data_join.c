/* Data sets joined, cut down to an alphabet, and split by writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "base/memory.h"
#include "data/alphabet.h"
#include "data/choose.h"
#include "data/join.h"
#include "scratch.h"

static base_error error;

static void assert_ok(scrawl_status status) {
  if (status != SCRAWL_OK) fail_msg("%s", error.message);
}

static void assert_says(const char *part) {
  if (!strstr(error.message, part)) fail_msg("\"%s\" does not say \"%s\"", error.message, part);
}

/* ---- material: pictures of one pixel ---- */

typedef struct material {
  const char *name, *alphabet, *labels; /* a label is its sign: ASCII */
  const char *pixels;
  const uint32_t *writers;
} material;

static data_set make(const material *m) {
  size_t count = strlen(m->labels);
  data_set set = {.name = base_strdup(m->name),
                  .count = count,
                  .height = 1,
                  .width = 1,
                  .classes = data_alphabet_count(m->alphabet),
                  .alphabet = base_strdup(m->alphabet),
                  .pixels = base_alloc(count, 1),
                  .labels = base_alloc(count, sizeof(uint16_t))};
  if (!set.name || !set.alphabet || !set.pixels || !set.labels) return set;
  memcpy(set.pixels, m->pixels, count);
  for (size_t i = 0; i < count; i++)
    set.labels[i] = (uint16_t)(strchr(m->alphabet, m->labels[i]) - m->alphabet);
  if (m->writers) {
    set.writers = base_alloc(count, sizeof *set.writers);
    if (set.writers) memcpy(set.writers, m->writers, count * sizeof *set.writers);
  }
  return set;
}

static const uint32_t WRITERS[] = {2, 1, 0, 2};
static const material MATERIAL[] = {
    {"digits", "01", "0110", "abcd", NULL},
    {"letters", "A1Z", "AZ1A", "ebag", WRITERS},
    {"more", "zA0", "A0zA", "hijk", WRITERS},
    {NULL, NULL, NULL, NULL, NULL},
};

static scrawl_status open_made(void *argument, const char *name, data_part part, data_set *set,
                               base_error *why) {
  (void)argument, (void)part;
  *set = (data_set){0};
  for (const material *m = MATERIAL; m->name; m++) {
    if (strcmp(m->name, name) != 0) continue;
    *set = make(m);
    if (set->name && set->alphabet && set->pixels && set->labels && (!m->writers || set->writers))
      return SCRAWL_OK;
    data_set_free(set);
    return base_fail(why, SCRAWL_OUT_OF_MEMORY, "no memory");
  }
  return base_fail(why, SCRAWL_NOT_FOUND, "%s is not there", name);
}

/* ---- joining ---- */

static void parts_become_one_without_copies(void **state) {
  (void)state;
  data_set set;
  assert_ok(data_join_open("digits+letters+more", DATA_TRAIN, open_made, NULL, &set, &error));
  assert_string_equal(set.name, "digits + letters + more");
  assert_string_equal(set.alphabet, "01AZz");
  assert_int_equal(set.classes, 5);
  /* b comes again as a Z, a as a 1: both go, whatever they are called there. */
  assert_int_equal(set.count, 10);
  assert_memory_equal(set.pixels, "abcdeghijk", 10);
  static const uint16_t labels[] = {0, 1, 1, 0, 2, 2, 2, 0, 4, 2};
  assert_memory_equal(set.labels, labels, sizeof labels);
  static const uint32_t writers[] = {0, 0, 0, 0, 2, 2, 4, 3, 0, 4};
  assert_memory_equal(set.writers, writers, sizeof writers);
  assert_string_equal(set.remarks, "exact copies of an earlier picture removed: 2, of them under "
                                   "another label: 2");
  data_set_free(&set);
}

static void a_single_name_is_left_as_it_is(void **state) {
  (void)state;
  data_set set;
  assert_ok(data_join_open("letters", DATA_TRAIN, open_made, NULL, &set, &error));
  assert_string_equal(set.name, "letters");
  assert_int_equal(set.count, 4);
  assert_null(set.remarks);
  data_set_free(&set);
}

static void a_name_that_is_wrong_is_said(void **state) {
  (void)state;
  data_set set;
  static const char *const names[] = {"digits+", "+digits", "digits++letters", "+"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_int_equal(data_join_open(names[i], DATA_TRAIN, open_made, NULL, &set, &error),
                     SCRAWL_INVALID_ARGUMENT);
    assert_says("without a name");
    assert_null(set.pixels);
  }
  assert_int_equal(data_join_open("digits+none", DATA_TRAIN, open_made, NULL, &set, &error),
                   SCRAWL_NOT_FOUND);
  assert_says("none is not there");
  assert_null(set.pixels);
}

static void write_pair(const char *stem, int side, int count) {
  uint8_t pictures[256] = {
      0, 0, 8, 3, 0, 0, 0, (uint8_t)count, 0, 0, 0, (uint8_t)side, 0, 0, 0, (uint8_t)side};
  uint8_t labels[16] = {0, 0, 8, 1, 0, 0, 0, (uint8_t)count};
  char name[64];
  for (int i = 0; i < count * side * side; i++) pictures[16 + i] = (uint8_t)(i + 1);
  for (int i = 0; i < count; i++) labels[8 + i] = (uint8_t)i;
  snprintf(name, sizeof name, "%s-images", stem);
  scratch_write(name, pictures, 16 + (size_t)(count * side * side));
  snprintf(name, sizeof name, "%s-labels", stem);
  scratch_write(name, labels, 8 + (size_t)count);
}

static void files_are_joined_and_a_name_with_a_plus_is_one(void **state) {
  (void)state;
  data_set set;
  char names[2100];
  write_pair("a", 2, 2);
  write_pair("b+c", 2, 3);
  snprintf(names, sizeof names, "%s,%s", scratch("b+c-images"), scratch("b+c-labels"));
  assert_ok(data_set_open(names, DATA_TRAIN, &set, &error));
  assert_int_equal(set.count, 3);
  data_set_free(&set);
  write_pair("d", 2, 3);
  snprintf(names, sizeof names, "%s,%s+%s,%s", scratch("a-images"), scratch("a-labels"),
           scratch("d-images"), scratch("d-labels"));
  assert_ok(data_set_open(names, DATA_TRAIN, &set, &error));
  assert_int_equal(set.count, 3);
  assert_string_equal(set.remarks, "exact copies of an earlier picture removed: 2, of them under "
                                   "another label: 0");
  data_set_free(&set);
  write_pair("d", 3, 3);
  assert_int_equal(data_set_open(names, DATA_TRAIN, &set, &error), SCRAWL_INVALID_ARGUMENT);
  assert_says("3 x 3, those before 2 x 2");
  assert_null(set.pixels);
}

/* ---- choosing an alphabet ---- */

static data_set choose(const char *labels, const char *merged, const data_choice *choice,
                       scrawl_status expected) {
  char alphabet[64] = "";
  for (const char *at = labels; *at; at++) /* every sign once */
    if (!strchr(alphabet, *at)) strncat(alphabet, at, 1);
  const material m = {"material", alphabet, labels, "abcdefghijklmnopqrstuvwxyz", NULL};
  data_set set = make(&m);
  if (merged) set.merged = base_strdup(merged);
  if (data_set_choose(&set, choice, &error) != expected) fail_msg("%s", error.message);
  return set;
}

static void other_signs_are_left_out(void **state) {
  (void)state;
  const data_choice choice = {"10", NULL, 1, 1};
  data_set set = choose("A01B1", NULL, &choice, SCRAWL_OK);
  assert_string_equal(set.alphabet, "10");
  assert_int_equal(set.classes, 2);
  assert_int_equal(set.count, 3);
  assert_memory_equal(set.pixels, "bce", 3);
  static const uint16_t labels[] = {1, 0, 0};
  assert_memory_equal(set.labels, labels, sizeof labels);
  assert_string_equal(set.remarks, "pictures of other signs left out: 2");
  data_set_free(&set);
}

static void other_signs_become_no_glyph_unless_they_look_alike(void **state) {
  (void)state;
  const data_choice choice = {"0123456789\u2205", NULL, 1, 1};
  data_set set = choose("0OAL1lx", NULL, &choice, SCRAWL_OK);
  assert_int_equal(set.classes, 11);
  assert_memory_equal(set.pixels, "acdeg", 5);
  static const uint16_t labels[] = {0, 10, 10, 1, 10};
  assert_memory_equal(set.labels, labels, sizeof labels);
  assert_string_equal(set.remarks, "pictures of signs that look like one of \"0123456789\u2205\" "
                                   "left out: 2");
  data_set_free(&set);

  /* Where L holds l as well, it goes with it; so does A with what is to be left out. */
  set = choose("0OAL1lx", "ALX", &choice, SCRAWL_OK);
  assert_memory_equal(set.pixels, "aceg", 4);
  data_set_free(&set);
  const data_choice own = {"0123456789\u2205", "ax", 1, 1};
  set = choose("0OAL1lx", "ALX", &own, SCRAWL_OK);
  assert_memory_equal(set.pixels, "abdef", 5);
  data_set_free(&set);
  const data_choice nothing = {"0123456789\u2205", "", 1, 1};
  set = choose("0OAL1lx", "ALX", &nothing, SCRAWL_OK);
  assert_int_equal(set.count, 7);
  data_set_free(&set);

  /* What stands in the alphabet is never left out, and with letters in it nothing looks alike. */
  const data_choice letters = {"0lO\u2205", NULL, 1, 1};
  set = choose("0OAL1lx", NULL, &letters, SCRAWL_OK);
  static const uint16_t all[] = {0, 2, 3, 3, 3, 1, 3};
  assert_memory_equal(set.labels, all, sizeof all);
  data_set_free(&set);
}

static void no_glyph_keeps_to_its_share(void **state) {
  (void)state;
  const data_choice choice = {"01\u2205", "", 0.4, 3};
  data_set set = choose("0AABB1BBAA0AABBAA1AB", NULL, &choice, SCRAWL_OK);
  size_t others = 0;
  for (size_t i = 0; i < set.count; i++) others += set.labels[i] == 2;
  assert_int_equal(set.count, 6); /* 4 digits and 2 of 16: 0.4 would be 2.67 */
  assert_int_equal(others, 2);
  for (size_t i = 1; i < set.count; i++) assert_true(set.pixels[i - 1] < set.pixels[i]);
  assert_non_null(strstr(set.remarks, "over their share left out: 14"));
  data_set_free(&set);
  const data_choice none = {"01\u2205", "", 0, 3};
  set = choose("0AABB1BBAA", NULL, &none, SCRAWL_OK);
  assert_int_equal(set.count, 2);
  data_set_free(&set);
}

static void a_wrong_choice_is_refused(void **state) {
  (void)state;
  static const struct {
    data_choice choice;
    const char *says;
  } wrong[] = {
      {{"", NULL, 1, 1}, "the alphabet is empty"},
      {{"0120", NULL, 1, 1}, "the alphabet holds \"0\" twice"},
      {{"0\xff", NULL, 1, 1}, "the alphabet is not UTF-8"},
      {{"0\n", NULL, 1, 1}, "control character"},
      {{"0\u2205", "xx", 1, 1}, "what to leave out holds \"x\" twice"},
      {{"0\u2205", NULL, 1.5, 1}, "a share of 1.5"},
      {{"9", NULL, 1, 1}, "has no picture of \"9\""},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    data_set set = choose("01AB", NULL, &wrong[i].choice, SCRAWL_INVALID_ARGUMENT);
    assert_says(wrong[i].says);
    data_set_free(&set);
  }
}

static void an_alphabet_may_hold_ranges(void **state) {
  (void)state;
  static const struct {
    const char *text, *full;
  } cases[] = {
      {"", ""},
      {"abc", "abc"},
      {"0-9", "0123456789"},
      {"0-9A-F", "0123456789ABCDEF"},
      {"x0-2y", "x012y"},
      {"5-5", "5"},
      {"-0-3", "-0123"},
      {"0-3-", "0123-"},
      {"-", "-"},
      {"a-", "a-"},
      {"-a", "-a"},
      {"+-.", "+,-."}, /* across the minus sign itself */
      {"0-2\u2205", "012\u2205"},
      {"\u0660-\u0669", "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669"},
      {"~-\xc2\x80", "~\x7f\xc2\x80"},                     /* one byte to two */
      {"\u07ff-\u0801", "\u07ff\u0800\u0801"},             /* two to three */
      {"\uffff-\U00010001", "\uffff\U00010000\U00010001"}, /* three to four */
      {"\ud7ff-\ue000", "\ud7ff\ue000"},                   /* no sign lies between these */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char *full, *again;
    assert_ok(data_alphabet_expand("the alphabet", cases[i].text, &full, &error));
    assert_string_equal(full, cases[i].full);
    assert_ok(data_alphabet_expand("the alphabet", full, &again, &error));
    assert_string_equal(again, full);
    base_free(again);
    base_free(full);
  }
  char *none;
  assert_ok(data_alphabet_expand("the alphabet", NULL, &none, &error));
  assert_null(none);
}

static void a_wrong_range_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } wrong[] = {
      {"9-0", "the alphabet holds the range 9-0: it is empty"},
      {"a-c-e", "the alphabet holds a \"-\" that makes no range"},
      {"0--9", "stands first or last"},
      {"--9", "stands first or last"},
      {"1-\xff", "is not UTF-8"},
      {" -\U0010ffff", "more than 65536 signs"},
      {"\u0100-\uff00\u0100-\uff00", "more than 65536 signs"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char *full;
    assert_int_equal(data_alphabet_expand("the alphabet", wrong[i].text, &full, &error),
                     SCRAWL_INVALID_ARGUMENT);
    assert_null(full);
    assert_says(wrong[i].says);
  }
}

/* ---- splitting by writer ---- */

enum { WRITER_PICTURES = 600 };

/* 400 pictures of 20 writers, 20 each, with two classes; then 200 of class 0 by nobody known. */
static data_set make_written(void) {
  static char labels[WRITER_PICTURES + 1], pixels[WRITER_PICTURES];
  static uint32_t writers[WRITER_PICTURES];
  for (int i = 0; i < WRITER_PICTURES; i++) {
    labels[i] = "ab"[i < 400 ? i % 2 : 0];
    writers[i] = i < 400 ? (uint32_t)(i * 7 % 20 + 1) : 0;
    pixels[i] = (char)(i & 127);
  }
  const material m = {"written", "ab", labels, pixels, writers};
  return make(&m);
}

static void a_writer_is_on_one_side_only(void **state) {
  (void)state;
  data_set set = make_written(), part;
  uint32_t indices[WRITER_PICTURES];
  size_t first;
  int counts[2][21] = {{0}};
  assert_ok(data_set_split(&set, 0.25, 9, indices, &first, &error));
  for (size_t i = 0; i < set.count; i++) counts[i >= first][set.writers[indices[i]]]++;
  int validated = 0;
  for (int w = 1; w <= 20; w++) {
    assert_true(counts[0][w] == 0 || counts[1][w] == 0);
    assert_int_equal(counts[0][w] + counts[1][w], 20);
    validated += counts[1][w] > 0;
  }
  assert_int_equal(validated, 5);
  assert_int_equal(counts[1][0], 50); /* of those without a writer, by class */
  assert_ok(data_set_take(&set, "part", indices + first, 3, &part, &error));
  for (int i = 0; i < 3; i++)
    assert_int_equal(part.writers[i], set.writers[indices[first + (size_t)i]]);
  data_set_free(&part);

  /* Another seed, other writers. */
  uint32_t others[WRITER_PICTURES];
  size_t count;
  assert_ok(data_set_split(&set, 0.25, 10, others, &count, &error));
  assert_int_equal(count, first);
  assert_memory_not_equal(indices, others, sizeof indices);
  data_set_free(&set);
}

static void a_writer_too_large_for_the_share_stays(void **state) {
  (void)state;
  static const uint32_t writers[] = {1, 1, 1, 1, 1, 1, 1, 1, 2, 3};
  const material m = {"uneven", "a", "aaaaaaaaaa", "abcdefghij", writers};
  data_set set = make(&m);
  for (uint64_t seed = 0; seed < 20; seed++) {
    uint32_t indices[10];
    size_t first;
    assert_ok(data_set_split(&set, 0.1, seed, indices, &first, &error));
    assert_int_equal(first, 9);
    assert_int_not_equal(set.writers[indices[9]], 1);
  }
  data_set_free(&set);
}

/* ---- exhaustion ---- */

static scrawl_status join_choose_and_split(void) {
  data_set set;
  uint32_t indices[16];
  size_t first;
  const data_choice choice = {"01\u2205", "", 0.3, 1};
  BASE_TRY(data_join_open("digits+letters+more", DATA_TRAIN, open_made, NULL, &set, &error));
  scrawl_status status = data_set_choose(&set, &choice, &error);
  if (status == SCRAWL_OK) status = data_set_split(&set, 0.4, 1, indices, &first, &error);
  data_set_free(&set);
  return status;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  scrawl_status status = SCRAWL_OUT_OF_MEMORY;
  long n = 0;
  for (; status == SCRAWL_OUT_OF_MEMORY && n < 200; n++) {
    memset(&error, 0, sizeof error);
    base_alloc_fail_after(n);
    status = join_choose_and_split();
    base_alloc_fail_after(-1);
    if (status != SCRAWL_OK) assert_true(*error.message);
  }
  assert_ok(status);
  assert_true(n > 20);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      TEST(parts_become_one_without_copies),
      TEST(a_single_name_is_left_as_it_is),
      TEST(a_name_that_is_wrong_is_said),
      TEST(files_are_joined_and_a_name_with_a_plus_is_one),
      TEST(other_signs_are_left_out),
      TEST(other_signs_become_no_glyph_unless_they_look_alike),
      TEST(no_glyph_keeps_to_its_share),
      TEST(a_wrong_choice_is_refused),
      TEST(an_alphabet_may_hold_ranges),
      TEST(a_wrong_range_is_refused),
      TEST(a_writer_is_on_one_side_only),
      TEST(a_writer_too_large_for_the_share_stays),
      TEST(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
