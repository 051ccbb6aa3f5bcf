/* Whole files in and out, and IDX files, hostile ones above all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>

#include "base/memory.h"
#include "data/file.h"
#include "data/idx.h"
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

enum { ROOM = 1 << 16 };

/* gzip by zlib itself. */
static size_t pack(const uint8_t *bytes, size_t size, uint8_t packed[ROOM]) {
  z_stream stream = {0};
  assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
  stream.next_in = (z_const Bytef *)bytes;
  stream.avail_in = (unsigned)size;
  stream.next_out = packed;
  stream.avail_out = ROOM;
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  return ROOM - stream.avail_out;
}

static scrawl_status parse(const uint8_t *bytes, size_t size, int dimensions, data_idx *idx) {
  /* A block of exactly this size, so that a read past its end is noticed. */
  uint8_t *exact = malloc(size ? size : 1);
  memcpy(exact, bytes, size);
  memset(&error, 0, sizeof error);
  scrawl_status status = data_idx_parse("some-file", exact, size, dimensions, 1 << 20, idx, &error);
  free(exact);
  if (status != SCRAWL_OK) {
    assert_null(idx->values);
    assert_int_equal(error.status, status);
    assert_says("some-file");
  }
  return status;
}

static void assert_pictures(const data_idx *idx) {
  assert_int_equal(idx->dimensions, 3);
  assert_int_equal(idx->extent[0], 2);
  assert_int_equal(idx->extent[1], 2);
  assert_int_equal(idx->extent[2], 3);
  assert_memory_equal(idx->values, PICTURES + 16, 12);
}

static void idx_is_read_plain_and_packed(void **state) {
  (void)state;
  data_idx idx;
  assert_int_equal(parse(PICTURES, sizeof PICTURES, 3, &idx), SCRAWL_OK);
  assert_pictures(&idx);
  data_idx_free(&idx);
  uint8_t packed[ROOM];
  assert_int_equal(parse(packed, pack(PICTURES, sizeof PICTURES, packed), 3, &idx), SCRAWL_OK);
  assert_pictures(&idx);
  data_idx_free(&idx);
  assert_int_equal(parse(LABELS, sizeof LABELS, 1, &idx), SCRAWL_OK);
  assert_int_equal(idx.extent[0], 2);
  assert_memory_equal(idx.values, LABELS + 8, 2);
  data_idx_free(&idx);
  data_idx_free(NULL);
}

static void idx_truncated_anywhere_is_refused(void **state) {
  (void)state;
  data_idx idx;
  uint8_t packed[ROOM];
  size_t size = pack(PICTURES, sizeof PICTURES, packed);
  for (size_t cut = 0; cut < sizeof PICTURES; cut++)
    assert_int_equal(parse(PICTURES, cut, 3, &idx), SCRAWL_BAD_FORMAT);
  for (size_t cut = 0; cut < size; cut++)
    assert_int_equal(parse(packed, cut, 3, &idx), SCRAWL_BAD_FORMAT);
  assert_int_equal(parse(PICTURES, sizeof PICTURES - 1, 3, &idx), SCRAWL_BAD_FORMAT);
  assert_says("truncated: its header announces 12 values, it holds 11");
}

static void idx_too_long_is_refused(void **state) {
  (void)state;
  data_idx idx;
  uint8_t longer[sizeof PICTURES + 1] = {0}, packed[ROOM];
  memcpy(longer, PICTURES, sizeof PICTURES);
  assert_int_equal(parse(longer, sizeof longer, 3, &idx), SCRAWL_BAD_FORMAT);
  assert_says("too long: its header announces 12 values, it holds 13");
  assert_int_equal(parse(packed, pack(longer, sizeof longer, packed), 3, &idx), SCRAWL_BAD_FORMAT);
  assert_says("too long: its header announces 12 values, it holds at least 13");
  size_t size = pack(PICTURES, sizeof PICTURES, packed);
  packed[size] = 'x';
  assert_int_equal(parse(packed, size + 1, 3, &idx), SCRAWL_BAD_FORMAT);
  assert_says("1 bytes after the end");
}

static void idx_with_any_bit_wrong_is_refused_or_equal(void **state) {
  (void)state;
  data_idx idx;
  uint8_t packed[ROOM];
  size_t size = pack(PICTURES, sizeof PICTURES, packed);
  int harmless =
      0; /* in what the header says of time and system, or in the padding behind the last block */
  for (size_t bit = 0; bit < size * 8; bit++) {
    packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    if (parse(packed, size, 3, &idx) == SCRAWL_OK) {
      assert_pictures(&idx);
      data_idx_free(&idx);
      harmless++;
    }
    packed[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  assert_in_range(harmless, 1, 8 * 8);
}

static void idx_of_another_kind_is_named(void **state) {
  (void)state;
  data_idx idx;
  assert_int_equal(parse(LABELS, sizeof LABELS, 3, &idx), SCRAWL_BAD_FORMAT);
  assert_int_equal(parse(PICTURES, sizeof PICTURES, 1, &idx), SCRAWL_BAD_FORMAT);
  assert_says("magic number is 2051, expected 2049");
  uint8_t floats[sizeof PICTURES];
  memcpy(floats, PICTURES, sizeof PICTURES);
  floats[2] = 0x0d;
  assert_int_equal(parse(floats, sizeof floats, 3, &idx), SCRAWL_UNSUPPORTED);
  assert_says("0x0d");
  assert_int_equal(parse(PICTURES, sizeof PICTURES, 2, &idx), SCRAWL_INVALID_ARGUMENT);
}

static void idx_header_cannot_ask_for_absurd_memory(void **state) {
  (void)state;
  data_idx idx;
  uint8_t packed[ROOM];
  static const uint8_t huge[][12] = {
      {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
      {255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 1},
      {255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0,
       0},                                      /* no values, but by way of an overflow or not */
      {128, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 4}, /* 2^64: wraps to 0 */
      {0, 0x10, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1},  /* one above the limit */
  };
  for (size_t i = 0; i < sizeof huge / sizeof *huge; i++) {
    uint8_t bytes[sizeof PICTURES];
    memcpy(bytes, PICTURES, sizeof PICTURES);
    memcpy(bytes + 4, huge[i], 12);
    for (int way = 0; way < 2; way++) {
      base_alloc_fail_after(-1);
      scrawl_status status = way ? parse(packed, pack(bytes, sizeof bytes, packed), 3, &idx)
                                 : parse(bytes, sizeof bytes, 3, &idx);
      if (i != 2) {
        assert_int_equal(status, SCRAWL_LIMIT_EXCEEDED);
        assert_says("SCRAWL_DATA_LIMIT");
      } else {
        assert_int_not_equal(status, SCRAWL_OK);
      }
    }
  }
  /* Within the limit, but more than so few compressed bytes can hold: refused without allocating
   * it. */
  uint8_t bytes[sizeof PICTURES];
  memcpy(bytes, PICTURES, sizeof PICTURES);
  bytes[5] = 0x02; /* 131074 pictures of 6 */
  assert_int_equal(parse(packed, pack(bytes, sizeof bytes, packed), 3, &idx), SCRAWL_BAD_FORMAT);
  assert_says("786444 values, more than");
}

static void a_gzip_bomb_unpacks_no_further_than_its_header(void **state) {
  (void)state;
  enum { BOMB = 32 << 20 };
  uint8_t *zeros = calloc(BOMB, 1), packed[ROOM];
  data_idx idx;
  memcpy(zeros, PICTURES, 16);
  size_t size = pack(zeros, BOMB, packed);
  free(zeros);
  assert_in_range(size, 1000, ROOM);
  assert_int_equal(parse(packed, size, 3, &idx), SCRAWL_BAD_FORMAT);
  assert_says("announces 12 values, it holds at least 13");
}

static void idx_is_written_and_read_back(void **state) {
  (void)state;
  data_idx idx, back;
  assert_int_equal(parse(PICTURES, sizeof PICTURES, 3, &idx), SCRAWL_OK);
  static const char *const names[] = {"pictures", "pictures.gz"};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(data_idx_write(scratch(names[i]), &idx, &error), SCRAWL_OK);
    assert_int_equal(data_idx_open(scratch(names[i]), 3, &back, &error), SCRAWL_OK);
    assert_pictures(&back);
    data_idx_free(&back);
  }
  uint8_t *bytes;
  size_t size;
  assert_int_equal(data_file_read(scratch("pictures"), 1000, &bytes, &size, &error), SCRAWL_OK);
  assert_int_equal(size, sizeof PICTURES);
  assert_memory_equal(bytes, PICTURES, size);
  base_free(bytes);
  assert_int_equal(data_file_read(scratch("pictures.gz"), 1000, &bytes, &size, &error), SCRAWL_OK);
  assert_int_equal(bytes[0], 0x1f);
  base_free(bytes);
  data_idx_free(&idx);
  assert_int_equal(data_idx_open(scratch("none"), 3, &idx, &error), SCRAWL_NOT_FOUND);
  assert_says("none");
}

/* ---- files ---- */

static void a_file_is_read_whole_within_its_limit(void **state) {
  (void)state;
  uint8_t *bytes;
  size_t size;
  scratch_write("five", "12345", 5);
  assert_int_equal(data_file_read(scratch("five"), 5, &bytes, &size, &error), SCRAWL_OK);
  assert_int_equal(size, 5);
  assert_string_equal((char *)bytes, "12345");
  base_free(bytes);
  assert_int_equal(data_file_read(scratch("five"), 4, &bytes, &size, &error),
                   SCRAWL_LIMIT_EXCEEDED);
  assert_null(bytes);
  assert_says("limit of 4 bytes");
  scratch_write("empty", "", 0);
  assert_int_equal(data_file_read(scratch("empty"), 0, &bytes, &size, &error), SCRAWL_OK);
  assert_int_equal(size, 0);
  base_free(bytes);
  assert_int_equal(data_file_read(scratch_folder, 100, &bytes, &size, &error), SCRAWL_READ_FAILED);
  assert_says(scratch_folder);
}

enum { STREAM_BYTES = 300000 };

static uint8_t stream_byte(size_t i) {
  return (uint8_t)(i * 7 + i / 256);
}

/* Feeds a pipe in pieces of odd sizes, so that reads come back short. */
static pid_t feed(const char *fifo) {
  pid_t child = fork();
  if (child) return child;
  uint8_t *all = malloc(STREAM_BYTES);
  for (size_t i = 0; i < STREAM_BYTES; i++) all[i] = stream_byte(i);
  int file = open(fifo, O_WRONLY);
  signal(SIGPIPE, SIG_DFL);
  for (size_t at = 0, piece = 1; at < STREAM_BYTES; piece = piece * 3 % 4999 + 1) {
    size_t step = piece < STREAM_BYTES - at ? piece : STREAM_BYTES - at;
    ssize_t done = write(file, all + at, step);
    if (done < 0) break;
    at += (size_t)done;
  }
  _exit(0);
}

static void a_pipe_is_read_through_short_reads(void **state) {
  (void)state;
  uint8_t *bytes;
  size_t size;
  char fifo[512];
  snprintf(fifo, sizeof fifo, "%s", scratch("fifo"));
  assert_int_equal(mkfifo(fifo, 0600), 0);
  pid_t child = feed(fifo);
  assert_int_equal(data_file_read(fifo, STREAM_BYTES, &bytes, &size, &error), SCRAWL_OK);
  waitpid(child, NULL, 0);
  assert_int_equal(size, STREAM_BYTES);
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != stream_byte(i)) fail_msg("byte %zu", i);
  base_free(bytes);
  child = feed(fifo);
  assert_int_equal(data_file_read(fifo, STREAM_BYTES - 1, &bytes, &size, &error),
                   SCRAWL_LIMIT_EXCEEDED);
  waitpid(child, NULL, 0);
}

static void the_limit_is_named_and_can_be_changed(void **state) {
  (void)state;
  data_idx idx;
  assert_true(data_file_limit() == (size_t)4096 << 20);
  setenv("SCRAWL_DATA_LIMIT", "1", 1);
  assert_int_equal(data_file_limit(), 1 << 20);
  scratch_write("large", "", 0);
  assert_int_equal(truncate(scratch("large"), (1 << 20) + 1), 0);
  assert_int_equal(data_idx_open(scratch("large"), 1, &idx, &error), SCRAWL_LIMIT_EXCEEDED);
  assert_says("limit of 1048576 bytes; SCRAWL_DATA_LIMIT (in MiB) raises it");
  static const char *const nonsense[] = {"0", "-1x", "", "many", "99999999999999999999"};
  for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
    setenv("SCRAWL_DATA_LIMIT", nonsense[i], 1);
    assert_true(data_file_limit() >= (size_t)4096 << 20);
  }
  unsetenv("SCRAWL_DATA_LIMIT");
}

static void a_file_is_written_whole_or_not_at_all(void **state) {
  (void)state;
  uint8_t *bytes;
  size_t size;
  assert_int_equal(data_file_write(scratch("out"), "old", 3, &error), SCRAWL_OK);
  assert_int_equal(symlink("out", scratch("link")), 0);

  /* No room: the old contents stay, and no temporary file. */
  struct rlimit before, none;
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &before);
  none = before;
  none.rlim_cur = 2;
  setrlimit(RLIMIT_FSIZE, &none);
  scrawl_status status = data_file_write(scratch("out"), "newer", 5, &error);
  setrlimit(RLIMIT_FSIZE, &before);
  assert_int_equal(status, SCRAWL_WRITE_FAILED);
  assert_says("could not be written");
  assert_int_equal(scratch_count(), 2);
  assert_int_equal(data_file_read(scratch("out"), 9, &bytes, &size, &error), SCRAWL_OK);
  assert_string_equal((char *)bytes, "old");
  base_free(bytes);

  /* Through the link, which stays one. */
  assert_int_equal(data_file_write(scratch("link"), "new", 3, &error), SCRAWL_OK);
  struct stat link;
  assert_int_equal(lstat(scratch("link"), &link), 0);
  assert_true(S_ISLNK(link.st_mode));
  assert_int_equal(data_file_read(scratch("out"), 9, &bytes, &size, &error), SCRAWL_OK);
  assert_string_equal((char *)bytes, "new");
  base_free(bytes);

  assert_int_equal(data_file_write(scratch("no-folder/out"), "new", 3, &error),
                   SCRAWL_WRITE_FAILED);
  assert_says("no-folder/out");
}

/* A pipe stands for all that is no regular file: a device would not survive the fault looked
 * for. */
static void a_pipe_is_written_and_not_replaced(void **state) {
  (void)state;
  struct stat status;
  char got[4] = "";
  assert_int_equal(mkfifo(scratch("fifo"), 0600), 0);
  int reader = open(scratch("fifo"), O_RDONLY | O_NONBLOCK);
  assert_int_equal(data_file_write(scratch("fifo"), "new", 3, &error), SCRAWL_OK);
  assert_int_equal(stat(scratch("fifo"), &status), 0);
  assert_true(S_ISFIFO(status.st_mode));
  assert_int_equal(read(reader, got, sizeof got), 3);
  assert_string_equal(got, "new");
  close(reader);
  assert_int_equal(data_file_write(scratch_folder, "new", 3, &error), SCRAWL_WRITE_FAILED);
}

/* ---- running out of memory ---- */

/* Each of these must fail cleanly, whichever allocation is refused, and succeed once none is. */
static scrawl_status write_packed(void) {
  uint8_t values[] = {1, 2, 3};
  data_idx idx = {.dimensions = 1, .extent = {3}, .values = values};
  return data_idx_write(scratch("out.gz"), &idx, &error);
}

static scrawl_status open_packed(void) {
  data_idx idx;
  scrawl_status status = data_idx_open(scratch("out.gz"), 1, &idx, &error);
  data_idx_free(&idx);
  return status;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  scrawl_status (*const works[])(void) = {write_packed, open_packed};
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      TEST(idx_is_read_plain_and_packed),
      TEST(idx_truncated_anywhere_is_refused),
      TEST(idx_too_long_is_refused),
      TEST(idx_with_any_bit_wrong_is_refused_or_equal),
      TEST(idx_of_another_kind_is_named),
      TEST(idx_header_cannot_ask_for_absurd_memory),
      TEST(a_gzip_bomb_unpacks_no_further_than_its_header),
      TEST(idx_is_written_and_read_back),
      TEST(a_file_is_read_whole_within_its_limit),
      TEST(a_pipe_is_read_through_short_reads),
      TEST(the_limit_is_named_and_can_be_changed),
      TEST(a_file_is_written_whole_or_not_at_all),
      TEST(a_pipe_is_written_and_not_replaced),
      TEST(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
