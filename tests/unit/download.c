/* Verified download, against a server on the loopback that cuts off, lies, serves the wrong and
 * says no.
 *
 * The folder in the address says how the server behaves; what it was asked is kept in memory
 * shared with the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "data/download.h"
#include "data/file.h"
#include "scratch.h"

enum { SIZE = 100000, MAX_REQUESTS = 64 };

/* What the server has; its sum is from a program that has nothing to do with this one. */
static uint8_t content_byte(size_t i) {
  return (uint8_t)(i * i / 3 + 7 * i + (i >> 8));
}
static const data_remote_file FILE_A = {
    "a.bin", SIZE, "f3f09a0fcf51501afadf9c0b32a56a7738b3c265a3a2d4b205193548e8d4496a"};

/* ---- the server ---- */

typedef struct request_log {
  atomic_int count;
  long from[MAX_REQUESTS]; /* where the range asked for begins; -1: none asked */
} request_log;

static request_log *asked;
static int port;
static pid_t server;

static void send_all(int peer, const void *bytes, size_t size) {
  const char *at = bytes;
  while (size) {
    ssize_t done = send(peer, at, size, MSG_NOSIGNAL);
    if (done <= 0) return;
    at += done;
    size -= (size_t)done;
  }
}

static void send_content(int peer, size_t from, size_t to, uint8_t change) {
  static uint8_t bytes[2 * SIZE];
  for (size_t i = from; i < to; i++) bytes[i] = content_byte(i) ^ change;
  send_all(peer, bytes + from, to - from);
}

static void send_head(int peer, int code, size_t from, size_t length) {
  char head[512], range[128] = "";
  if (code == 206)
    snprintf(range, sizeof range, "Content-Range: bytes %zu-%d/%d\r\n", from, SIZE - 1, SIZE);
  int size = snprintf(head, sizeof head,
                      "HTTP/1.1 %d Answer\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
                      code, range, length);
  send_all(peer, head, (size_t)size);
}

/* For "garbled-0" and so on: none of them says that the bytes begin at 1000. */
static const char *const GARBLED[] = {"bytes */100000",           "bytes 1000",
                                      "bytes x1000-99999/100000", "bytes -1000-99999/100000",
                                      "lines 1000-99999/100000",  "bytes 18446744073709552616-9/9"};
enum { GARBLED_COUNT = sizeof GARBLED / sizeof *GARBLED };

static void answer(int peer, const char *how, long range, int turn) {
  size_t from = range > 0 ? (size_t)range : 0, rest = from < SIZE ? SIZE - from : 0;
  int code = range > 0 ? 206 : 200;
#define IS(word) (strcmp(how, word) == 0)
  if (IS("gone")) {
    send_head(peer, 404, 0, 9);
    send_all(peer, "not here\n", 9);
  } else if (IS("page")) { /* where a file was, a friendly page */
    send_head(peer, 200, 0, 9);
    send_all(peer, "<p>Hello\n", 9);
  } else if (IS("cut-once") && turn == 0) {
    send_head(peer, code, from, rest);
    send_content(peer, from, from + rest / 2, 0);
  } else if (IS("cut-always")) { /* half of the rest each time, and never the end */
    send_head(peer, code, from, rest);
    send_content(peer, from, from + rest / 2, 0);
  } else if (IS("longer")) { /* announces more than it has */
    send_head(peer, code, from, rest + 100);
    send_content(peer, from, SIZE, 0);
  } else if (IS("shorter")) { /* announces half of what is left */
    send_head(peer, code, from, (rest + 1) / 2);
    send_content(peer, from, SIZE, 0);
  } else if (IS("no-range") || (IS("no-range-cut") && turn > 0)) {
    send_head(peer, 200, 0, SIZE);
    send_content(peer, 0, SIZE, 0);
  } else if (IS("no-range-cut") || IS("no-range-half")) {
    send_head(peer, 200, 0, SIZE);
    send_content(peer, 0, SIZE / 2, 0);
  } else if (IS("other-range") && range > 0) { /* begins elsewhere than it was asked to */
    send_head(peer, 206, from - 1, rest + 1);
    send_content(peer, from - 1, SIZE, 0);
  } else if (strncmp(how, "garbled-", 8) == 0 && range > 0) {
    char head[256];
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 206 Answer\r\nContent-Range: %s\r\nContent-Length: %zu\r\n"
                        "Connection: close\r\n\r\n",
                        GARBLED[how[8] - '0'], rest);
    send_all(peer, head, (size_t)size);
    send_content(peer, from, SIZE, 0);
  } else if (IS("not-satisfiable") && range > 0) {
    send_head(peer, 416, 0, 0);
  } else if (IS("other-code")) {
    send_head(peer, 203, 0, SIZE);
    send_content(peer, 0, SIZE, 0);
  } else if (IS("wrong")) {
    send_head(peer, code, from, rest);
    send_content(peer, from, SIZE, 1);
  } else if (IS("wrong-cut")) {
    send_head(peer, code, from, rest);
    send_content(peer, from, from + rest / 2, 1);
  } else if (IS("endless")) {
    send_all(peer, "HTTP/1.1 200 Answer\r\nConnection: close\r\n\r\n", 42);
    for (int i = 0; i < 3; i++) send_content(peer, 0, 2 * SIZE, 0);
  } else if (IS("silent")) {
    send_head(peer, code, from, rest);
    send_content(peer, from, from + 10, 0);
    char byte;
    recv(peer, &byte, 1, 0); /* until the other side has had enough */
  } else if (IS("moved")) {
    const char head[] = "HTTP/1.1 302 Found\r\nLocation: /honest/a.bin\r\nContent-Length: 6\r\n"
                        "Connection: close\r\n\r\nmoved\n";
    send_all(peer, head, sizeof head - 1);
  } else if (IS("to-a-file")) {
    const char head[] = "HTTP/1.1 302 Found\r\nLocation: file:///etc/hostname\r\n"
                        "Content-Length: 0\r\nConnection: close\r\n\r\n";
    send_all(peer, head, sizeof head - 1);
  } else {
    send_head(peer, code, from, rest);
    send_content(peer, from, SIZE, 0);
  }
#undef IS
}

static void serve(int listener) {
  char last[64] = "";
  for (int turn = 0;;) {
    int peer = accept(listener, NULL, NULL);
    if (peer < 0) continue;
    char request[4096] = "", how[64] = "";
    size_t length = 0;
    while (!strstr(request, "\r\n\r\n") && length < sizeof request - 1) {
      ssize_t got = recv(peer, request + length, sizeof request - 1 - length, 0);
      if (got <= 0) break;
      request[length += (size_t)got] = 0;
    }
    const char *header = strstr(request, "Range: bytes=");
    long range = header ? strtol(header + 13, NULL, 10) : -1;
    int number = atomic_load(&asked->count);
    if (number < MAX_REQUESTS) asked->from[number] = range;
    if (number == 0) *last = 0;
    atomic_store(&asked->count, number + 1);
    sscanf(request, "GET /%63[^/]/", how);
    turn = strcmp(how, last) == 0 ? turn + 1
                                  : 0; /* since the behaviour changed or the log was cleared */
    snprintf(last, sizeof last, "%s", how);
    answer(peer, how, range, turn);
    shutdown(peer, SHUT_WR);
    while (recv(peer, request, sizeof request, 0) > 0) continue;
    close(peer);
  }
}

static int start_server(void **state) {
  (void)state;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 8) ||
      getsockname(listener, (struct sockaddr *)&address, &size))
    return -1;
  port = ntohs(address.sin_port);
  asked = mmap(NULL, sizeof *asked, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (asked == MAP_FAILED) return -1;
  server = fork();
  if (server == 0) serve(listener);
  close(listener);
  return server > 0 ? 0 : -1;
}

static int stop_server(void **state) {
  (void)state;
  kill(server, SIGKILL);
  waitpid(server, NULL, 0);
  return munmap(asked, sizeof *asked);
}

/* ---- one download ---- */

static base_error error;
static bool fetched;
static int reports;
static char last_report[512];

static void take_report(void *argument, const char *sentence) {
  (void)argument;
  reports++;
  snprintf(last_report, sizeof last_report, "%s", sentence);
}

/* `how`: up to three behaviours, the mirrors in order. */
static scrawl_status get(const char *first, const char *second, const char *third) {
  char addresses[3][128];
  const char *hows[] = {first, second, third}, *mirrors[4] = {NULL};
  for (int i = 0; i < 3 && hows[i]; i++) {
    snprintf(addresses[i], sizeof addresses[i], "http://127.0.0.1:%d/%s%s", port, hows[i],
             i ? "/" : ""); /* with and without the last slash */
    mirrors[i] = addresses[i];
  }
  data_download download = {.mirrors = mirrors,
                            .progress = BASE_PROGRESS_NONE,
                            .stall_seconds = 1,
                            .report = take_report};
  memset(&error, 0, sizeof error);
  memset(last_report, 0, sizeof last_report);
  reports = 0;
  atomic_store(&asked->count, 0);
  return data_download_file(&download, &FILE_A, scratch_folder, &fetched, &error);
}

static void assert_says(const char *text, const char *part) {
  if (!strstr(text, part)) fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static bool there(const char *name) {
  return access(scratch(name), F_OK) == 0;
}

static long size_of(const char *name) {
  struct stat status;
  return stat(scratch(name), &status) ? -1 : (long)status.st_size;
}

/* The file, whole and right, and nothing beside it. */
static void assert_whole(void) {
  uint8_t *bytes;
  size_t size;
  assert_int_equal(data_file_read(scratch("a.bin"), SIZE, &bytes, &size, &error), SCRAWL_OK);
  assert_int_equal(size, SIZE);
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != content_byte(i)) fail_msg("byte %zu", i);
  base_free(bytes);
  assert_int_equal(scratch_count(), 1);
}

static void assert_asked(int count, long first, long second) {
  assert_int_equal(atomic_load(&asked->count), count);
  if (count > 0) assert_int_equal(asked->from[0], first);
  if (count > 1) assert_int_equal(asked->from[1], second);
}

/* A part as an earlier run left it: right up to `size`, or every byte wrong. */
static void leave_part(size_t size, uint8_t change) {
  uint8_t *bytes = malloc(size);
  for (size_t i = 0; i < size; i++) bytes[i] = content_byte(i) ^ change;
  scratch_write("a.bin.part", bytes, size);
  free(bytes);
}

/* ---- tests ---- */

static void a_file_is_fetched_once(void **state) {
  (void)state;
  assert_int_equal(get("honest", NULL, NULL), SCRAWL_OK);
  assert_true(fetched);
  assert_whole();
  assert_asked(1, -1, 0);
  assert_int_equal(get("honest", NULL, NULL), SCRAWL_OK);
  assert_false(fetched);
  assert_asked(0, 0, 0);
}

static void a_cut_transfer_goes_on_where_it_broke(void **state) {
  (void)state;
  assert_int_equal(get("cut-once", NULL, NULL), SCRAWL_OK);
  assert_whole();
  assert_asked(2, -1, SIZE / 2);
  assert_int_equal(reports, 1);
}

static void an_earlier_run_is_taken_up(void **state) {
  (void)state;
  leave_part(12345, 0);
  assert_int_equal(get("honest", NULL, NULL), SCRAWL_OK);
  assert_whole();
  assert_asked(1, 12345, 0);
}

static void a_whole_part_needs_no_server(void **state) {
  (void)state;
  leave_part(SIZE, 0);
  assert_int_equal(get("gone", NULL, NULL), SCRAWL_OK);
  assert_whole();
  assert_asked(0, 0, 0);
}

static void a_server_that_always_cuts_is_left(void **state) {
  (void)state;
  assert_int_equal(get("cut-always", NULL, NULL), SCRAWL_NETWORK_FAILED);
  assert_false(there("a.bin"));
  assert_false(fetched);
  assert_asked(4, -1, SIZE / 2);
  assert_int_equal(size_of("a.bin.part"), 93750); /* 1/2 + 1/4 + 1/8 + 1/16 */
  assert_int_equal(get("cut-always", "honest", NULL), SCRAWL_OK);
  assert_whole();
}

static void lies_about_the_length_do_not_matter(void **state) {
  (void)state;
  assert_int_equal(get("longer", NULL, NULL), SCRAWL_OK);
  assert_whole();
  unlink(scratch("a.bin"));
  assert_int_equal(get("shorter", "honest", NULL), SCRAWL_OK);
  assert_whole();
  assert_asked(5, -1, SIZE / 2);
}

static void a_server_without_ranges_sends_all_again(void **state) {
  (void)state;
  assert_int_equal(get("no-range-cut", NULL, NULL), SCRAWL_OK);
  assert_whole();
  assert_asked(2, -1, SIZE / 2);
  unlink(scratch("a.bin"));
  leave_part(777, 1); /* and so it does not matter what the part held */
  assert_int_equal(get("no-range", NULL, NULL), SCRAWL_OK);
  assert_whole();
  assert_asked(1, 777, 0);
}

static void a_part_begun_anew_keeps_nothing_old(void **state) {
  (void)state;
  leave_part(80000, 1);
  assert_int_equal(get("no-range-half", NULL, NULL), SCRAWL_NETWORK_FAILED);
  assert_int_equal(size_of("a.bin.part"), SIZE / 2);
  assert_int_equal(get("honest", NULL, NULL), SCRAWL_OK);
  assert_whole();
  assert_asked(1, SIZE / 2, 0);
}

static void another_range_than_asked_is_refused(void **state) {
  (void)state;
  leave_part(1000, 0);
  assert_int_equal(get("other-range", NULL, NULL), SCRAWL_OK);
  assert_whole();
  assert_asked(2, 1000, -1);
  assert_says(last_report, "another range");
  unlink(scratch("a.bin"));
  leave_part(1000, 0);
  assert_int_equal(get("not-satisfiable", NULL, NULL), SCRAWL_OK);
  assert_whole();
  assert_asked(2, 1000, -1);
  assert_says(last_report, "416");
}

static void a_range_that_says_nothing_is_refused(void **state) {
  (void)state;
  for (int i = 0; i < GARBLED_COUNT; i++) {
    char how[] = "garbled-0";
    how[8] = (char)(how[8] + i);
    leave_part(1000, 0);
    assert_int_equal(get(how, NULL, NULL), SCRAWL_OK);
    assert_whole();
    assert_asked(2, 1000, -1);
    assert_says(last_report, "another range");
    unlink(scratch("a.bin"));
  }
}

static void wrong_bytes_are_refused_and_leave_nothing(void **state) {
  (void)state;
  assert_int_equal(get("wrong", NULL, NULL), SCRAWL_BAD_FORMAT);
  assert_asked(1, -1, 0);
  assert_says(error.message, FILE_A.sha256);
  assert_int_equal(scratch_count(), 0);
  assert_int_equal(get("wrong", "honest", NULL), SCRAWL_OK);
  assert_whole();
  assert_says(last_report, "/wrong/a.bin: not the bytes expected");
}

static void a_file_in_place_is_replaced_only_by_the_right_one(void **state) {
  (void)state;
  scratch_write("a.bin", "mine", 4);
  assert_int_equal(get("wrong", NULL, NULL), SCRAWL_BAD_FORMAT);
  assert_int_equal(size_of("a.bin"), 4);
  assert_int_equal(get("honest", NULL, NULL), SCRAWL_OK);
  assert_true(fetched);
  assert_whole();
}

static void a_wrong_beginning_is_thrown_away(void **state) {
  (void)state;
  /* The first mirror's wrong half must not spoil the second's right one. */
  assert_int_equal(get("wrong-cut", "honest", NULL), SCRAWL_OK);
  assert_whole();
  assert_int_equal(asked->from[atomic_load(&asked->count) - 1], -1);
  unlink(scratch("a.bin"));
  leave_part(SIZE, 1);
  assert_int_equal(get("honest", NULL, NULL), SCRAWL_OK);
  assert_whole();
  unlink(scratch("a.bin"));
  leave_part(SIZE + 5, 0);
  assert_int_equal(get("honest", NULL, NULL), SCRAWL_OK);
  assert_whole();
}

static void an_endless_answer_is_ended(void **state) {
  (void)state;
  assert_int_equal(get("endless", NULL, NULL), SCRAWL_NETWORK_FAILED);
  assert_says(error.message, "more bytes than the file has");
  assert_int_equal(scratch_count(), 0);
}

static void the_next_mirror_takes_over(void **state) {
  (void)state;
  assert_int_equal(get("gone", "page", "honest"), SCRAWL_OK);
  assert_whole();
  /* The page is asked for once more, since it brought something, and its bytes are found wrong
   * at the end. */
  assert_int_equal(reports, 4);
  unlink(scratch("a.bin"));
  assert_int_equal(get("gone", NULL, NULL), SCRAWL_NETWORK_FAILED);
  assert_says(error.message, "/gone/a.bin: the server answered 404");
  assert_int_equal(get("other-code", NULL, NULL), SCRAWL_NETWORK_FAILED);
  assert_says(error.message, "something that is not the file");
  assert_int_equal(scratch_count(), 0);
  leave_part(1000, 0); /* what is there is not lost to a server that has nothing */
  assert_int_equal(get("gone", NULL, NULL), SCRAWL_NETWORK_FAILED);
  assert_int_equal(size_of("a.bin.part"), 1000);
}

static void a_silent_server_is_given_up(void **state) {
  (void)state;
  assert_int_equal(get("silent", NULL, NULL), SCRAWL_NETWORK_FAILED);
  assert_false(there("a.bin"));
}

static void redirects_are_followed_but_not_to_files(void **state) {
  (void)state;
  assert_int_equal(get("moved", NULL, NULL), SCRAWL_OK);
  assert_whole();
  unlink(scratch("a.bin"));
  assert_int_equal(get("to-a-file", NULL, NULL), SCRAWL_NETWORK_FAILED);
  assert_says(error.message, "rotocol"); /* libcurl's words: Protocol "file" not supported ... */
  assert_int_equal(scratch_count(), 0);
}

static void no_server_is_a_network_failure(void **state) {
  (void)state;
  const char *const mirrors[] = {"http://127.0.0.1:1/", NULL}, *const files[] = {"file:///", NULL};
  data_download download = {.mirrors = mirrors, .progress = BASE_PROGRESS_NONE};
  assert_int_equal(data_download_file(&download, &FILE_A, scratch_folder, &fetched, &error),
                   SCRAWL_NETWORK_FAILED);
  assert_says(error.message, "127.0.0.1:1/a.bin");
  download.mirrors = files;
  assert_int_equal(data_download_file(&download, &FILE_A, scratch_folder, &fetched, &error),
                   SCRAWL_NETWORK_FAILED);
  assert_int_equal(scratch_count(), 0);
}

static void a_full_disk_is_said_at_once(void **state) {
  (void)state;
  struct rlimit before, small;
  signal(SIGXFSZ, SIG_IGN);
  getrlimit(RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = 30000;
  setrlimit(RLIMIT_FSIZE, &small);
  scrawl_status status = get("honest", "honest", NULL);
  setrlimit(RLIMIT_FSIZE, &before);
  assert_int_equal(status, SCRAWL_WRITE_FAILED);
  assert_asked(1, -1, 0); /* another mirror would not help */
  assert_false(there("a.bin"));
  assert_int_equal(get("honest", NULL, NULL), SCRAWL_OK);
  assert_whole();
  assert_asked(1, 30000, 0);
}

static void what_is_in_the_way_is_named(void **state) {
  (void)state;
  assert_int_equal(mkdir(scratch("a.bin.part"), 0777), 0);
  assert_int_equal(get("honest", NULL, NULL), SCRAWL_WRITE_FAILED);
  assert_says(error.message, "a.bin.part: could not be opened");
  assert_int_equal(rmdir(scratch("a.bin.part")), 0);
  assert_int_equal(mkdir(scratch("a.bin"), 0777), 0);
  assert_int_equal(get("honest", NULL, NULL), SCRAWL_WRITE_FAILED);
  assert_says(error.message, "a.bin: could not be written");
  assert_int_equal(rmdir(scratch("a.bin")), 0);
  assert_int_equal(get("gone", NULL, NULL), SCRAWL_OK); /* all of it had come */
  assert_whole();
}

static void two_downloads_do_not_mix(void **state) {
  (void)state;
  leave_part(10, 0);
  int other = open(scratch("a.bin.part"), O_RDWR);
  assert_int_equal(flock(other, LOCK_EX), 0);
  assert_int_equal(get("honest", NULL, NULL), SCRAWL_WRITE_FAILED);
  assert_says(error.message, "another download");
  assert_int_equal(size_of("a.bin.part"), 10);
  close(other);
}

static void the_folder_is_made(void **state) {
  (void)state;
  char address[64];
  const char *mirrors[] = {address, NULL};
  snprintf(address, sizeof address, "http://127.0.0.1:%d/honest/", port);
  data_download download = {.mirrors = mirrors, .progress = BASE_PROGRESS_NONE};
  assert_int_equal(data_download_file(&download, &FILE_A, scratch("one/two"), &fetched, &error),
                   SCRAWL_OK);
  assert_int_equal(size_of("one/two/a.bin"), SIZE);
  assert_int_equal(
      data_download_file(&download, &FILE_A, scratch("one/two/a.bin/three"), &fetched, &error),
      SCRAWL_WRITE_FAILED);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  scrawl_status status = SCRAWL_OUT_OF_MEMORY;
  for (long n = 0; status != SCRAWL_OK && n < 50; n++) {
    base_alloc_fail_after(n);
    status = get("honest", NULL, NULL);
    base_alloc_fail_after(-1);
    if (status != SCRAWL_OK) {
      assert_int_equal(status, SCRAWL_OUT_OF_MEMORY);
      assert_false(there("a.bin"));
    }
  }
  assert_whole();
}

int main(void) {
  setenv("no_proxy", "*", 1); /* the loopback is never behind one */
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_file_is_fetched_once),
      TEST(a_cut_transfer_goes_on_where_it_broke),
      TEST(an_earlier_run_is_taken_up),
      TEST(a_whole_part_needs_no_server),
      TEST(a_server_that_always_cuts_is_left),
      TEST(lies_about_the_length_do_not_matter),
      TEST(a_server_without_ranges_sends_all_again),
      TEST(a_part_begun_anew_keeps_nothing_old),
      TEST(another_range_than_asked_is_refused),
      TEST(a_range_that_says_nothing_is_refused),
      TEST(wrong_bytes_are_refused_and_leave_nothing),
      TEST(a_file_in_place_is_replaced_only_by_the_right_one),
      TEST(a_wrong_beginning_is_thrown_away),
      TEST(an_endless_answer_is_ended),
      TEST(the_next_mirror_takes_over),
      TEST(a_silent_server_is_given_up),
      TEST(redirects_are_followed_but_not_to_files),
      TEST(no_server_is_a_network_failure),
      TEST(a_full_disk_is_said_at_once),
      TEST(what_is_in_the_way_is_named),
      TEST(two_downloads_do_not_mix),
      TEST(the_folder_is_made),
      TEST(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, start_server, stop_server);
}
