/* Data sets: known names, pairs of files, splits, manifests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "base/memory.h"
#include "data/set.h"
#include "scratch.h"

static base_error error;

static void assert_says(const char *part) {
  if (!strstr(error.message, part)) fail_msg("\"%s\" does not say \"%s\"", error.message, part);
}

/* ---- material, written byte by byte as the format's description has it ---- */

/* Two pictures of two rows and three columns. */
static const uint8_t PICTURES[] = {0, 0, 8, 3, 0, 0, 0, 2, 0,  0,  0,  2,  0,  0,
                                   0, 3, 1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60};
static const uint8_t LABELS[] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 3};

/* ---- sets by path ---- */

static void open_pair(const uint8_t *labels, size_t size, scrawl_status expected, data_set *set) {
  char both[1100];
  scratch_write("a,b-images", PICTURES, sizeof PICTURES);
  scratch_write("a,b-labels", labels, size);
  snprintf(both, sizeof both, "%s,%s", scratch("a,b-images"), scratch("a,b-labels"));
  if (data_set_open(both, DATA_TRAIN, set, &error) != expected) fail_msg("%s", error.message);
}

static void a_pair_of_files_is_a_set(void **state) {
  (void)state;
  data_set set;
  open_pair(LABELS, sizeof LABELS, SCRAWL_OK, &set);
  assert_int_equal(set.count, 2);
  assert_int_equal(set.height, 2);
  assert_int_equal(set.width, 3);
  assert_int_equal(set.classes, 10);
  assert_string_equal(set.alphabet, "0123456789");
  assert_int_equal(set.labels[0], 7);
  assert_int_equal(set.labels[1], 3);
  assert_memory_equal(set.pixels, PICTURES + 16, 12);
  data_set_free(&set);
  assert_null(set.pixels);
  data_set_free(NULL);

  static const uint8_t letters[] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 36};
  open_pair(letters, sizeof letters, SCRAWL_OK, &set);
  assert_int_equal(set.classes, 37);
  assert_string_equal(set.alphabet, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZa");
  data_set_free(&set);
  static const uint8_t last[] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 61};
  open_pair(last, sizeof last, SCRAWL_OK, &set);
  assert_int_equal(set.classes, 62);
  data_set_free(&set);
}

static void a_pair_that_does_not_fit_is_refused(void **state) {
  (void)state;
  data_set set;
  static const uint8_t three[] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 3, 1};
  open_pair(three, sizeof three, SCRAWL_BAD_FORMAT, &set);
  assert_says("2 pictures");
  assert_says("3 labels");
  static const uint8_t large[] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 62};
  open_pair(large, sizeof large, SCRAWL_UNSUPPORTED, &set);
  assert_says("labels up to 62");
  assert_null(set.labels);
  assert_int_equal(data_set_open("no-such-thing", DATA_TEST, &set, &error), SCRAWL_NOT_FOUND);
  assert_says("no-such-thing: neither a known data set");
  assert_int_equal(data_set_open("no-images,no-labels", DATA_TEST, &set, &error), SCRAWL_NOT_FOUND);
  assert_says("no-labels");

  uint8_t wide[16 + 4097] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0x10, 1};
  static const uint8_t one[] = {0, 0, 8, 1, 0, 0, 0, 1, 7};
  char pair[1100];
  scratch_write("images", wide, sizeof wide);
  scratch_write("labels", one, sizeof one);
  snprintf(pair, sizeof pair, "%s,%s", scratch("images"), scratch("labels"));
  assert_int_equal(data_set_open(pair, DATA_TEST, &set, &error), SCRAWL_BAD_FORMAT);
  assert_says("4097 x 1 pixels");

  static const uint8_t nothing[] = {0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28};
  static const uint8_t no_labels[] = {0, 0, 8, 1, 0, 0, 0, 0};
  char both[1100];
  scratch_write("images", nothing, sizeof nothing);
  scratch_write("labels", no_labels, sizeof no_labels);
  snprintf(both, sizeof both, "%s,%s", scratch("images"), scratch("labels"));
  assert_int_equal(data_set_open(both, DATA_TEST, &set, &error), SCRAWL_BAD_FORMAT);
  assert_says("no pictures");
}

/* ---- known names ---- */

/* Two pictures of 2 x 2, stored by columns: upright the first is 1 2 / 3 4. */
static const uint8_t TRANSPOSED[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,
                                     0, 0, 0, 2, 1, 3, 2, 4, 5, 7, 6, 8};

static void write_letters(const char *folder, const char *stem, uint8_t first, uint8_t second) {
  const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, first, second};
  char name[256];
  if (*folder) mkdir(scratch(folder), 0777);
  snprintf(name, sizeof name, "%s/%s-images-idx3-ubyte", folder, stem);
  scratch_write(name, TRANSPOSED, sizeof TRANSPOSED);
  snprintf(name, sizeof name, "%s/%s-labels-idx1-ubyte", folder, stem);
  scratch_write(name, labels, sizeof labels);
}

static void letters_are_upright_and_begin_with_a(void **state) {
  (void)state;
  data_set set;
  static const uint8_t upright[] = {1, 2, 3, 4, 5, 6, 7, 8};
  setenv("SCRAWL_DATA", scratch_folder, 1);
  write_letters("emnist", "emnist-letters-test", 1, 26);
  assert_int_equal(data_set_open("emnist-letters", DATA_TEST, &set, &error), SCRAWL_OK);
  assert_string_equal(set.name, "emnist-letters test");
  assert_string_equal(set.alphabet, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  assert_int_equal(set.classes, 26);
  assert_int_equal(set.labels[0], 0);
  assert_int_equal(set.labels[1], 25);
  assert_memory_equal(set.pixels, upright, sizeof upright);
  data_set_free(&set);

  write_letters("emnist", "emnist-letters-test", 0, 26);
  assert_int_equal(data_set_open("emnist-letters", DATA_TEST, &set, &error), SCRAWL_BAD_FORMAT);
  assert_says("label 0 of picture 0 is not one of 1 to 26");
  write_letters("emnist", "emnist-letters-test", 26, 27);
  assert_int_equal(data_set_open("emnist-letters", DATA_TEST, &set, &error), SCRAWL_BAD_FORMAT);
  assert_says("label 27 of picture 1");
}

static void letters_that_are_not_square_are_refused(void **state) {
  (void)state;
  data_set set;
  setenv("SCRAWL_DATA", scratch_folder, 1);
  write_letters("emnist", "emnist-letters-test", 7, 3);
  scratch_write("emnist/emnist-letters-test-images-idx3-ubyte", PICTURES, sizeof PICTURES);
  assert_int_equal(data_set_open("emnist-letters", DATA_TEST, &set, &error), SCRAWL_BAD_FORMAT);
  assert_says("not square");
}

static int first_label(const char *name, data_part part) {
  data_set set;
  if (data_set_open(name, part, &set, &error) != SCRAWL_OK) return -1;
  int label = set.labels[0];
  data_set_free(&set);
  return label;
}

static void the_whole_is_preferred_and_a_part_will_do(void **state) {
  (void)state;
  setenv("SCRAWL_DATA", scratch_folder, 1);
  assert_int_equal(first_label("emnist-byclass", DATA_TRAIN), -1);
  write_letters("emnist", "emnist-byclass-part", 10, 0);
  assert_int_equal(first_label("emnist-byclass", DATA_TRAIN), 10);
  assert_int_equal(first_label("emnist-byclass", DATA_TEST), -1);
  write_letters("emnist", "emnist-byclass-train-part", 11, 0);
  assert_int_equal(first_label("emnist-byclass", DATA_TRAIN), 11);
  write_letters("emnist", "emnist-byclass-train", 12, 0);
  assert_int_equal(first_label("emnist-byclass", DATA_TRAIN), 12);
  /* A folder of the set's own comes first, the top folder last. */
  write_letters("emnist-byclass", "emnist-byclass-train", 13, 0);
  assert_int_equal(first_label("emnist-byclass", DATA_TRAIN), 13);
  write_letters("", "emnist-digits-train", 9, 0);
  assert_int_equal(first_label("emnist-digits", DATA_TRAIN), 9);
  write_letters("emnist", "emnist-digits-train", 8, 0);
  assert_int_equal(first_label("emnist-digits", DATA_TRAIN), 8);
}

static void a_missing_set_says_where_and_how(void **state) {
  (void)state;
  data_set set;
  setenv("SCRAWL_DATA", scratch_folder, 1);
  assert_int_equal(data_set_open("mnist", DATA_TEST, &set, &error), SCRAWL_NOT_FOUND);
  assert_says("t10k-images-idx3-ubyte");
  assert_says(scratch_folder);
  assert_says("scrawl data get mnist");
  mkdir(scratch("mnist"), 0777);
  scratch_write("mnist/t10k-images-idx3-ubyte", PICTURES, sizeof PICTURES);
  assert_int_equal(data_set_open("mnist", DATA_TEST, &set, &error), SCRAWL_BAD_FORMAT);
  assert_says("the labels t10k-labels-idx1-ubyte");
}

static void the_data_folder_comes_from_the_environment(void **state) {
  (void)state;
  char *folder;
  setenv("SCRAWL_DATA", "", 1);
  setenv("XDG_DATA_HOME", "/x/share", 1);
  setenv("HOME", "/x", 1);
  assert_int_equal(data_home(&folder, &error), SCRAWL_OK);
  assert_string_equal(folder, "/x/share/scrawl");
  base_free(folder);
  unsetenv("XDG_DATA_HOME");
  assert_int_equal(data_home(&folder, &error), SCRAWL_OK);
  assert_string_equal(folder, "/x/.local/share/scrawl");
  base_free(folder);
  unsetenv("HOME");
  assert_int_equal(data_home(&folder, &error), SCRAWL_NOT_FOUND);
  assert_null(folder);
  assert_says("SCRAWL_DATA");
}

static int signs(const char *utf8) {
  int count = 0;
  for (; *utf8; utf8++) count += (*utf8 & 0xc0) != 0x80;
  return count;
}

static void every_known_set_is_described(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int classes;
  } expected[] = {{"mnist", 10},          {"emnist-letters", 26}, {"emnist-balanced", 47},
                  {"emnist-byclass", 62}, {"emnist-digits", 10},  {"unipen", 94},
                  {"bangla", 10},         {"devanagari", 10},     {"telugu", 10},
                  {"kannada", 10},        {"arabic-indic", 10},   {"tibetan", 10}};
  size_t count = 0;
  for (const data_known *known = DATA_KNOWN; known->name; known++, count++) {
    assert_string_equal(known->name, expected[count].name);
    assert_int_equal(signs(known->alphabet), expected[count].classes);
    assert_non_null(known->summary);
    assert_non_null(known->licence);
    assert_non_null(known->home);
    assert_true(known->unipen || (known->stems[DATA_TRAIN][0] && known->stems[DATA_TEST][0]));
    assert_ptr_equal(data_known_get(known->name), known);
  }
  assert_int_equal(count, sizeof expected / sizeof *expected);
  assert_null(data_known_get("unheard-of"));
}

/* ---- the real sets, where they are ---- */

static char real_data[512];

static void skip_without(const char *file) {
  char path[1024];
  snprintf(path, sizeof path, "%s/%s", real_data, file);
  if (!*real_data || access(path, F_OK)) {
    print_message("%s is not in $SCRAWL_DATA\n", file);
    skip();
  }
  setenv("SCRAWL_DATA", real_data, 1);
}

/* Counts by class as everybody counts them. */
static void mnist_is_the_mnist_everybody_knows(void **state) {
  (void)state;
  skip_without("mnist/train-images-idx3-ubyte.gz");
  static const int expected[2][10] = {{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949},
                                      {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}};
  for (int part = 0; part < 2; part++) {
    data_set set;
    assert_int_equal(data_set_open("mnist", (data_part)part, &set, &error), SCRAWL_OK);
    assert_int_equal(set.width, 28);
    assert_int_equal(set.height, 28);
    int counts[10] = {0};
    double sum = 0;
    for (size_t i = 0; i < set.count; i++) counts[set.labels[i]]++;
    assert_memory_equal(counts, expected[part], sizeof counts);
    for (size_t i = 0; i < set.count * 784; i++) sum += set.pixels[i];
    /* The mean every tutorial normalises with: 0.1307 on the training set. */
    if (part == 0) assert_int_equal((int)(sum / (double)set.count / 784 / 255 * 10000 + .5), 1307);
    data_set_free(&set);
  }
}

/* An L has its bar at the bottom; lying on its diagonal it would be at the top. */
static void emnist_letters_stand_upright(void **state) {
  (void)state;
  skip_without("emnist/emnist-letters-train-part-images-idx3-ubyte.gz");
  data_set set;
  assert_int_equal(data_set_open("emnist-letters", DATA_TRAIN, &set, &error), SCRAWL_OK);
  double top = 0, bottom = 0;
  for (size_t i = 0; i < set.count; i++) {
    if (set.labels[i] != 'L' - 'A') continue;
    for (int y = 0; y < 14; y++) {
      for (int x = 0; x < 28; x++) {
        top += set.pixels[i * 784 + (size_t)(y * 28 + x)];
        bottom += set.pixels[i * 784 + (size_t)((27 - y) * 28 + x)];
      }
    }
  }
  assert_true(bottom > 1.2 * top);
  data_set_free(&set);
}

/* ---- splits ---- */

enum { SPLIT_COUNT = 1000 };

/* Class 0 has 700 members, class 1 has 200, class 2 has 99, class 3 one; a picture is its own
 * number. */
static data_set split_material(void) {
  data_set set = {.name = base_strdup("material"),
                  .count = SPLIT_COUNT,
                  .height = 1,
                  .width = 2,
                  .classes = 5,
                  .alphabet = base_strdup("abcde"),
                  .pixels = base_alloc(SPLIT_COUNT, 2),
                  .labels = base_alloc(SPLIT_COUNT, sizeof(uint16_t))};
  for (int i = 0; i < SPLIT_COUNT; i++) {
    set.pixels[2 * i] = (uint8_t)(i & 255);
    set.pixels[2 * i + 1] = (uint8_t)(i >> 8);
    int place = i * 7 % SPLIT_COUNT; /* 7 and 1000 share no factor: every place once */
    set.labels[i] = (uint16_t)(place < 700 ? 0 : place < 900 ? 1 : place < 999 ? 2 : 3);
  }
  return set;
}

/* Both parts as sets of their own. */
static scrawl_status split_set(const data_set *set, double share, uint64_t seed, data_set *first,
                               data_set *second) {
  *first = *second = (data_set){0};
  size_t count;
  uint32_t *indices = base_alloc(set->count, sizeof *indices);
  if (!indices) return base_fail(&error, SCRAWL_OUT_OF_MEMORY, "no memory for the indices");
  scrawl_status status = data_set_split(set, share, seed, indices, &count, &error);
  if (status == SCRAWL_OK)
    status = data_set_take(set, "training part", indices, count, first, &error);
  if (status == SCRAWL_OK)
    status =
        data_set_take(set, "validation part", indices + count, set->count - count, second, &error);
  base_free(indices);
  return status;
}

static void a_split_is_stratified_and_loses_nothing(void **state) {
  (void)state;
  data_set set = split_material(), first, second;
  assert_int_equal(split_set(&set, 0.1, 5, &first, &second), SCRAWL_OK);
  assert_string_equal(second.name, "material, validation part");
  int counts[2][5] = {{0}};
  const data_set *parts[] = {&first, &second};
  uint8_t seen[SPLIT_COUNT] = {0};
  for (int p = 0; p < 2; p++) {
    int before = -1;
    assert_int_equal(parts[p]->classes, 5);
    assert_string_equal(parts[p]->alphabet, "abcde");
    for (size_t i = 0; i < parts[p]->count; i++) {
      int number = parts[p]->pixels[2 * i] | parts[p]->pixels[2 * i + 1] << 8;
      assert_true(number > before); /* in the old order */
      before = number;
      assert_int_equal(seen[number]++, 0);
      assert_int_equal(parts[p]->labels[i], set.labels[number]);
      counts[p][parts[p]->labels[i]]++;
    }
  }
  static const int expected[2][5] = {{630, 180, 89, 1, 0}, {70, 20, 10, 0, 0}};
  assert_memory_equal(counts, expected, sizeof counts);
  data_set_free(&first);
  data_set_free(&second);
  data_set_free(&set);
}

static void a_split_is_repeated_by_its_seed_alone(void **state) {
  (void)state;
  data_set set = split_material(), first, again, other, rest;
  assert_int_equal(split_set(&set, 0.25, 7, &rest, &first), SCRAWL_OK);
  data_set_free(&rest);
  assert_int_equal(split_set(&set, 0.25, 7, &rest, &again), SCRAWL_OK);
  data_set_free(&rest);
  assert_int_equal(split_set(&set, 0.25, 8, &rest, &other), SCRAWL_OK);
  data_set_free(&rest);
  assert_int_equal(first.count, 250);
  assert_memory_equal(first.pixels, again.pixels, 2 * first.count);
  assert_memory_not_equal(first.pixels, other.pixels, 2 * first.count);
  data_set_free(&first);
  data_set_free(&again);
  data_set_free(&other);
  data_set_free(&set);
}

static void a_split_that_leaves_nothing_is_refused(void **state) {
  (void)state;
  data_set set = split_material(), first, second;
  static const double shares[] = {0, 1, -0.5, 1.5, 1e-9};
  for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
    assert_int_equal(split_set(&set, shares[i], 1, &first, &second), SCRAWL_INVALID_ARGUMENT);
    assert_null(first.pixels);
    assert_null(second.pixels);
  }
  /* Nearly all: each class keeps one. */
  assert_int_equal(split_set(&set, 0.9999, 1, &first, &second), SCRAWL_OK);
  assert_int_equal(first.count, 4);
  data_set_free(&first);
  data_set_free(&second);
  data_set_free(&set);
}

/* ---- manifests ---- */

static scrawl_status manifest(const char *text, size_t size, data_manifest *out) {
  scratch_write("manifest.tsv", text, size);
  memset(&error, 0, sizeof error);
  return data_manifest_open(scratch_folder, out, &error);
}

static void a_manifest_lists_paths_and_labels(void **state) {
  (void)state;
  data_manifest list;
  static const char text[] = "\xef\xbb\xbf"
                             "a.png\t7\r\n\n../b c.png\tä word\n\r\n#c.png\t#";
  assert_false(data_is_folder(scratch_folder));
  assert_int_equal(manifest(text, sizeof text - 1, &list), SCRAWL_OK);
  assert_true(data_is_folder(scratch_folder));
  assert_int_equal(list.count, 3);
  char path[600];
  snprintf(path, sizeof path, "%s/a.png", scratch_folder);
  assert_string_equal(list.items[0].path, path);
  assert_string_equal(list.items[0].label, "7");
  snprintf(path, sizeof path, "%s/../b c.png", scratch_folder);
  assert_string_equal(list.items[1].path, path);
  assert_string_equal(list.items[1].label, "ä word");
  assert_string_equal(list.items[2].label, "#");
  data_manifest_free(&list);
  data_manifest_free(NULL);
  data_set set;
  assert_int_equal(data_set_open(scratch_folder, DATA_TEST, &set, &error), SCRAWL_INVALID_ARGUMENT);
}

static void a_wrong_manifest_is_refused_with_its_line(void **state) {
  (void)state;
  data_manifest list;
  static const struct {
    const char *text, *says;
  } wrong[] = {
      {"a.png\t1\nb.png\n", "manifest.tsv:2: no tab"},
      {"\n\n\t1\n", ":3: no path"},
      {"a.png\t\n", ":1: no label"},
      {"a.png\t1\t2\n", ":1: more than one tab"},
      {"/a.png\t1\n", ":1: an absolute path"},
      {"a.png\t\xc3\n", ":1: the label is not UTF-8"},
      {"a.png\t\xed\xa0\x80\n", ":1: the label is not UTF-8"},
      {"a.png\tone\rtwo\n", ":1: the label is not"},
      {"", "lists no pictures"},
      {"\n\r\n", "lists no pictures"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    assert_int_equal(manifest(wrong[i].text, strlen(wrong[i].text), &list), SCRAWL_BAD_FORMAT);
    assert_says(wrong[i].says);
    assert_null(list.items);
  }
  assert_int_equal(manifest("a\0b\t1\n", 6, &list), SCRAWL_BAD_FORMAT);
  assert_says("zero byte");
  unlink(scratch("manifest.tsv"));
  assert_int_equal(data_manifest_open(scratch_folder, &list, &error), SCRAWL_NOT_FOUND);
}

/* ---- running out of memory ---- */

/* Each of these must fail cleanly, whichever allocation is refused, and succeed once none is. */
static scrawl_status open_and_split(void) {
  data_set set, first, second;
  BASE_TRY(data_set_open("emnist-letters", DATA_TEST, &set, &error));
  scrawl_status status = split_set(&set, 0.5, 1, &first, &second);
  data_set_free(&first);
  data_set_free(&second);
  data_set_free(&set);
  return status;
}

static scrawl_status open_manifest(void) {
  data_manifest list;
  scrawl_status status = data_manifest_open(scratch_folder, &list, &error);
  data_manifest_free(&list);
  return status;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  setenv("SCRAWL_DATA", scratch_folder, 1);
  /* Both letters the same, so that half of their class is one picture. */
  write_letters("emnist", "emnist-letters-test", 5, 5);
  scratch_write("manifest.tsv", "a\t1\nb\t2\n", 8);
  scrawl_status (*const works[])(void) = {open_and_split, open_manifest};
  for (size_t w = 0; w < sizeof works / sizeof *works; w++) {
    scrawl_status status = SCRAWL_OUT_OF_MEMORY;
    long n = 0;
    for (; status != SCRAWL_OK && n < 100; n++) {
      memset(&error, 0, sizeof error);
      base_alloc_fail_after(n);
      status = works[w]();
      base_alloc_fail_after(-1);
      if (status != SCRAWL_OK) assert_true(*error.message);
    }
    if (status != SCRAWL_OK) fail_msg("%zu: %s", w, error.message);
    assert_true(n > 3);
  }
}

int main(void) {
  const char *data = getenv("SCRAWL_DATA");
  if (data) snprintf(real_data, sizeof real_data, "%s", data);
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_pair_of_files_is_a_set),
      TEST(a_pair_that_does_not_fit_is_refused),
      TEST(letters_are_upright_and_begin_with_a),
      TEST(letters_that_are_not_square_are_refused),
      TEST(the_whole_is_preferred_and_a_part_will_do),
      TEST(a_missing_set_says_where_and_how),
      TEST(the_data_folder_comes_from_the_environment),
      TEST(every_known_set_is_described),
      TEST(mnist_is_the_mnist_everybody_knows),
      TEST(emnist_letters_stand_upright),
      TEST(a_split_is_stratified_and_loses_nothing),
      TEST(a_split_is_repeated_by_its_seed_alone),
      TEST(a_split_that_leaves_nothing_is_refused),
      TEST(a_manifest_lists_paths_and_labels),
      TEST(a_wrong_manifest_is_refused_with_its_line),
      TEST(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
