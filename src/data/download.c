/* Verified download over HTTP with libcurl.
 *
 * Bytes go to NAME.part, which outlives a failure. Every attempt asks for the rest of it with a
 * Range header and looks at what the server says it sends, for servers may ignore the range
 * (200: the file from its beginning, so the part is emptied) or send another one (refused).
 * Nothing the server says about lengths is believed: bytes beyond the known size end the
 * attempt, and a transfer that ends short is only one that broke off. What counts is size and
 * SHA-256 of the whole, checked before the part gets its final name. The sum is nettle's: it is
 * small, is there wherever libmicrohttpd and libcurl are, with its headers, and does one thing. */
#include "data/download.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/curl.h"

enum {
  ATTEMPTS = 4, /* on one mirror, as long as each brings something */
  CONNECT_SECONDS = 20,
  STALL_SECONDS = 30,
  STALL_RATE = 100, /* bytes a second that count as none */
  MAX_REDIRECTS = 5,
  HEX_BYTES = 2 * SHA256_DIGEST_SIZE + 1,
};

/* ---- sums ---- */

/* Reads the open file from its beginning; `hex` gets its sum. */
static bool sum_file(int file, char hex[HEX_BYTES]) {
  uint8_t block[32 * 1024], digest[SHA256_DIGEST_SIZE];
  struct sha256_ctx context;
  sha256_init(&context);
  for (off_t at = 0;;) {
    ssize_t got = pread(file, block, sizeof block, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    sha256_update(&context, (size_t)got, block);
    at += got;
  }
  sha256_digest(&context, sizeof digest, digest);
  for (size_t i = 0; i < sizeof digest; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  return true;
}

static bool is_right(const char *path, const data_remote_file *expected) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char hex[HEX_BYTES];
  struct stat status;
  bool right = fstat(file, &status) == 0 && (uint64_t)status.st_size == expected->size &&
               sum_file(file, hex) && strcmp(hex, expected->sha256) == 0;
  close(file);
  return right;
}

/* ---- one transfer ---- */

typedef struct transfer {
  const data_curl *library;
  CURL *curl;
  int file;            /* NAME.part */
  uint64_t size;       /* the whole file's */
  uint64_t at;         /* bytes in the part */
  uint64_t asked;      /* where the range begins; 0: none asked */
  uint64_t answered;   /* where the server says its bytes begin */
  bool begun;          /* the answer's first bytes have come */
  const char *refused; /* why the answer was not taken, or NULL */
  bool discard;        /* it shows that part and server do not fit together */
  int write_error;     /* errno, or 0 */
  base_progress progress;
} transfer;

/* " bytes 100-199/200": 100; UINT64_MAX where it is anything else. */
static uint64_t range_start(const char *value) {
  static const char unit[] = "bytes ";
  value += strspn(value, " \t");
  if (strncasecmp(value, unit, sizeof unit - 1) != 0) return UINT64_MAX;
  value += sizeof unit - 1;
  char *end;
  if (*value < '0' || *value > '9') return UINT64_MAX;
  errno = 0;
  unsigned long long start = strtoull(value, &end, 10);
  return errno || *end != '-' ? UINT64_MAX : start;
}

/* The status line of each answer, and "Content-Range: bytes 100-199/200". */
static size_t take_header(char *line, size_t one, size_t length, void *argument) {
  static const char name[] = "content-range:";
  transfer *t = argument;
  (void)one;
  if (length > 5 && strncasecmp(line, "HTTP/", 5) == 0)
    t->answered = 0; /* after a redirect: anew */
  char value[64];
  if (length >= sizeof name && length < sizeof value && !strncasecmp(line, name, sizeof name - 1)) {
    memcpy(value, line + sizeof name - 1, length - (sizeof name - 1));
    value[length - (sizeof name - 1)] = 0;
    t->answered = range_start(value);
  }
  return length;
}

/* At the first bytes of an answer: where they belong. */
static bool begin_answer(transfer *t) {
  long code = 0;
  t->library->getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
  t->begun = true;
  if (code == 206) {
    if (t->asked && t->answered == t->asked) return true;
    t->refused = "the server sent another range than it was asked for";
    t->discard = true;
    return false;
  }
  if (code != 200) {
    t->refused = "the server answered with something that is not the file";
    return false;
  }
  if (ftruncate(t->file, 0)) {
    t->write_error = errno;
    return false;
  }
  t->at = 0;
  return true;
}

static size_t take_bytes(char *bytes, size_t one, size_t length, void *argument) {
  transfer *t = argument;
  (void)one;
  if (!t->begun && !begin_answer(t)) return 0;
  if (length > t->size - t->at) {
    t->refused = "the server sent more bytes than the file has";
    t->discard = true;
    return 0;
  }
  for (size_t done = 0; done < length;) {
    ssize_t wrote = pwrite(t->file, bytes + done, length - done, (off_t)t->at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      t->write_error = errno;
      return 0;
    }
    done += (size_t)wrote;
    t->at += (uint64_t)wrote;
  }
  base_progress_update(&t->progress, t->at, NULL);
  return length;
}

static bool set_options(transfer *t, const char *url, const char *range,
                        const data_download *download, char *reason) {
  long stall = download->stall_seconds > 0 ? download->stall_seconds : STALL_SECONDS;
  bool set = true;
#define SET(option, value) set = set && t->library->setopt(t->curl, option, value) == CURLE_OK
  SET(CURLOPT_URL, url);
  SET(CURLOPT_PROTOCOLS_STR, "http,https"); /* redirects too */
  SET(CURLOPT_FOLLOWLOCATION, 1L);
  SET(CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
  SET(CURLOPT_FAILONERROR, 1L);
  SET(CURLOPT_NOSIGNAL, 1L);
  SET(CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
  SET(CURLOPT_LOW_SPEED_LIMIT, (long)STALL_RATE);
  SET(CURLOPT_LOW_SPEED_TIME, stall);
  SET(CURLOPT_USERAGENT, "scrawl/" SCRAWL_VERSION);
  SET(CURLOPT_RANGE, range); /* NULL: none */
  SET(CURLOPT_WRITEFUNCTION, take_bytes);
  SET(CURLOPT_WRITEDATA, (void *)t);
  SET(CURLOPT_HEADERFUNCTION, take_header);
  SET(CURLOPT_HEADERDATA, (void *)t);
  SET(CURLOPT_ERRORBUFFER, reason);
#undef SET
  return set;
}

/* One request for the rest of the part. SCRAWL_OK: the transfer ended without complaint, which
 * says nothing of size or sum. */
static scrawl_status request(transfer *t, const char *url, const data_download *download,
                             base_error *error) {
  char range[32], reason[CURL_ERROR_SIZE] = "";
  t->begun = t->discard = false;
  t->refused = NULL;
  t->asked = t->at;
  t->answered = 0;
  snprintf(range, sizeof range, "%" PRIu64 "-", t->at);
  t->curl = t->library->init();
  if (!t->curl) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a transfer");
  if (!set_options(t, url, t->at ? range : NULL, download, reason)) {
    t->library->cleanup(t->curl);
    return base_fail(error, SCRAWL_INTERNAL, "%s: libcurl refused an option", url);
  }
  CURLcode result = t->library->perform(t->curl);
  long code = 0;
  t->library->getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
  t->library->cleanup(t->curl);
  if (t->write_error)
    return base_fail(error, SCRAWL_WRITE_FAILED, "%s: could not be written: %s", t->progress.label,
                     strerror(t->write_error));
  if (t->refused) return base_fail(error, SCRAWL_NETWORK_FAILED, "%s: %s", url, t->refused);
  t->discard |= code == 416; /* range not satisfiable: its file ends before the part does */
  if (result == CURLE_HTTP_RETURNED_ERROR)
    return base_fail(error, SCRAWL_NETWORK_FAILED, "%s: the server answered %ld", url, code);
  if (result != CURLE_OK)
    return base_fail(error, SCRAWL_NETWORK_FAILED, "%s: %s", url,
                     *reason ? reason : t->library->strerror(result));
  return SCRAWL_OK;
}

/* ---- one mirror ---- */

static scrawl_status start_over(transfer *t, base_error *error) {
  if (ftruncate(t->file, 0))
    return base_fail(error, SCRAWL_WRITE_FAILED, "%s: could not be emptied: %s", t->progress.label,
                     strerror(errno));
  t->at = 0;
  return SCRAWL_OK;
}

/* Whether the part is the file. */
static scrawl_status check(transfer *t, const data_remote_file *file, const char *url,
                           base_error *error) {
  char hex[HEX_BYTES];
  if (t->at < t->size)
    return base_fail(error, SCRAWL_NETWORK_FAILED,
                     "%s: broke off after %" PRIu64 " of %" PRIu64 " bytes", url, t->at, t->size);
  if (!sum_file(t->file, hex))
    return base_fail(error, SCRAWL_READ_FAILED, "%s: could not be read back: %s", t->progress.label,
                     strerror(errno));
  if (strcmp(hex, file->sha256) == 0) return SCRAWL_OK;
  t->discard = true;
  return base_fail(error, SCRAWL_BAD_FORMAT,
                   "%s: not the bytes expected: their SHA-256 is %s instead of %s", url, hex,
                   file->sha256);
}

static bool is_final(scrawl_status status) {
  return status != SCRAWL_NETWORK_FAILED && status != SCRAWL_BAD_FORMAT;
}

static void report(const data_download *download, const base_error *error) {
  if (download->report) download->report(download->argument, error->message);
}

/* Tries one mirror until it has given the file or brings nothing new. A part that does not fit
 * what this server sends is thrown away, and if any of it was begun earlier, perhaps elsewhere,
 * the server gets one more chance from the beginning. */
static scrawl_status try_mirror(transfer *t, const char *url, const data_remote_file *file,
                                const data_download *download, base_error *error) {
  scrawl_status status = SCRAWL_OK;
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    uint64_t before = t->at;
    if (attempt) report(download, error);
    status = request(t, url, download, error);
    if (status == SCRAWL_OK || (t->at == t->size && !t->discard))
      status = check(t, file, url, error);
    if (status == SCRAWL_OK || is_final(status)) return status;
    bool again = t->discard ? before > 0 : t->at > before;
    if (t->discard) BASE_TRY(start_over(t, error));
    if (!again) return status;
  }
  return status;
}

/* ---- a file ---- */

static scrawl_status make_folder(const char *path, base_error *error) {
  char *prefix = base_strdup(path);
  if (!prefix) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
  scrawl_status status = SCRAWL_OK;
  for (char *at = prefix + 1; status == SCRAWL_OK; at++) {
    bool end = !*at;
    if (!end && *at != '/') continue;
    *at = 0;
    if (mkdir(prefix, 0777) && errno != EEXIST)
      status = base_fail(error, SCRAWL_WRITE_FAILED, "%s: the folder could not be made: %s", prefix,
                         strerror(errno));
    if (end) break;
    *at = '/';
  }
  base_free(prefix);
  return status;
}

/* Opens the part and takes stock of it. The lock keeps a second download of the same file from
 * writing into it. */
static scrawl_status open_part(const char *part, transfer *t, base_error *error) {
  struct stat status;
  t->file = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (t->file < 0 || fstat(t->file, &status))
    return base_fail(error, SCRAWL_WRITE_FAILED, "%s: could not be opened: %s", part,
                     strerror(errno));
  if (flock(t->file, LOCK_EX | LOCK_NB))
    return base_fail(error, SCRAWL_WRITE_FAILED, "%s: another download is writing it", part);
  t->at = (uint64_t)status.st_size;
  return t->at > t->size ? start_over(t, error) : SCRAWL_OK;
}

static scrawl_status from_mirrors(transfer *t, const data_remote_file *file,
                                  const data_download *download, base_error *error) {
  base_error own;
  if (!error) error = &own; /* each failure is reported, wanted by the caller or not */
  /* A part may be whole already: its last bytes came, but the program ended before it got its
   * name. */
  if (t->at == t->size) {
    if (check(t, file, file->name, error) == SCRAWL_OK) return SCRAWL_OK;
    BASE_TRY(start_over(t, error));
  }
  scrawl_status status =
      base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s: no mirror to get it from", file->name);
  for (const char *const *mirror = download->mirrors; *mirror; mirror++) {
    if (mirror != download->mirrors) report(download, error);
    size_t length = strlen(*mirror);
    bool slash = length && (*mirror)[length - 1] == '/';
    char *url = base_format("%s%s%s", *mirror, slash ? "" : "/", file->name);
    if (!url) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for an address");
    status = try_mirror(t, url, file, download, error);
    base_free(url);
    if (status == SCRAWL_OK || is_final(status)) break;
  }
  return status;
}

static scrawl_status fetch(const data_download *download, const data_remote_file *file,
                           const char *path, const char *part, base_error *error) {
  transfer t = {.file = -1, .size = file->size};
  BASE_TRY(data_curl_load(&t.library, error));
  scrawl_status status = open_part(part, &t, error);
  if (status == SCRAWL_OK) {
    base_progress_begin(&t.progress, stderr, download->progress, file->name, "bytes", file->size);
    status = from_mirrors(&t, file, download, error);
    base_progress_end(&t.progress, NULL);
    if (status == SCRAWL_OK && (fsync(t.file) || rename(part, path)))
      status = base_fail(error, SCRAWL_WRITE_FAILED, "%s: could not be written: %s", path,
                         strerror(errno));
    if (status != SCRAWL_OK && t.at == 0) unlink(part);
  }
  if (t.file >= 0) close(t.file);
  return status;
}

scrawl_status data_download_file(const data_download *download, const data_remote_file *file,
                                 const char *folder, bool *fetched, base_error *error) {
  *fetched = false;
  BASE_TRY(make_folder(folder, error));
  char *path = base_format("%s/%s", folder, file->name);
  char *part = path ? base_format("%s.part", path) : NULL;
  scrawl_status status = SCRAWL_OK;
  if (!part) {
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
  } else if (!is_right(path, file)) {
    status = fetch(download, file, path, part, error);
    *fetched = status == SCRAWL_OK;
  }
  base_free(part);
  base_free(path);
  return status;
}
