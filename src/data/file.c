/* Whole files, in and out.
 *
 * Reading takes nothing on trust: the size a file system reports is only the first guess of the
 * buffer, since pipes and /proc report none and files grow while they are read. Writing never
 * leaves half a file under the final name: the bytes go to a temporary file in the same folder,
 * are synced, and are renamed over the target in one step. */
#include "data/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

enum {
  FIRST_BUFFER = 64 * 1024, /* for input of unknown size; doubled as it fills */
  TEMPORARY_NAMES = 100,    /* tried before giving up; the first is free unless a crash left it */
};

size_t data_file_limit(void) {
  const char *text = getenv("SCRAWL_DATA_LIMIT");
  char *end = NULL;
  unsigned long long mebibytes = text ? strtoull(text, &end, 10) : 0;
  if (!text || end == text || *end || !mebibytes) mebibytes = 4096;
  if (mebibytes > SIZE_MAX >> 21) mebibytes = SIZE_MAX >> 21;
  return (size_t)mebibytes << 20;
}

static const char *shown(const char *path) {
  return strcmp(path, "-") == 0 ? "standard input" : path;
}

static scrawl_status too_large(const char *path, size_t limit, base_error *error) {
  return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%s: larger than the limit of %zu bytes%s",
                   shown(path), limit,
                   limit == data_file_limit() ? "; SCRAWL_DATA_LIMIT (in MiB) raises it" : "");
}

static scrawl_status no_memory(const char *path, size_t size, base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory for %zu bytes", shown(path), size);
}

/* Reads to the end of `file`. Beyond the guess the buffer has room for one byte more, which
 * shows whether the end has come, and for the zero byte. */
static scrawl_status read_all(int file, const char *path, size_t limit, size_t guess,
                              uint8_t **bytes, size_t *size, base_error *error) {
  size_t capacity = guess + 2, length = 0;
  uint8_t *buffer = base_alloc(capacity, 1);
  if (!buffer) return no_memory(path, capacity, error);
  scrawl_status status = SCRAWL_OK;
  while (status == SCRAWL_OK) {
    if (length == capacity - 1) {
      uint8_t *grown = base_realloc(buffer, length, capacity * 2);
      if (!grown) {
        status = no_memory(path, capacity * 2, error);
        break;
      }
      buffer = grown;
      capacity *= 2;
    }
    size_t room = capacity - 1 - length;
    ssize_t got = read(file, buffer + length, room < SSIZE_MAX ? room : SSIZE_MAX);
    if (got == 0) break;
    if (got > 0) {
      length += (size_t)got;
      if (length > limit) status = too_large(path, limit, error);
    } else if (errno != EINTR) {
      status = base_fail(error, SCRAWL_READ_FAILED, "%s: could not be read: %s", shown(path),
                         strerror(errno));
    }
  }
  if (status != SCRAWL_OK) {
    base_free(buffer);
    return status;
  }
  buffer[length] = 0;
  *bytes = buffer;
  *size = length;
  return SCRAWL_OK;
}

scrawl_status data_file_read(const char *path, size_t limit, uint8_t **bytes, size_t *size,
                             base_error *error) {
  *bytes = NULL;
  *size = 0;
  if (limit > SIZE_MAX / 4) limit = SIZE_MAX / 4; /* so that doubling cannot overflow */
  bool standard = strcmp(path, "-") == 0;
  int file = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return base_fail(error, errno == ENOENT ? SCRAWL_NOT_FOUND : SCRAWL_READ_FAILED,
                     "%s: could not be opened: %s", path, strerror(errno));
  struct stat status;
  scrawl_status result;
  size_t guess = limit < FIRST_BUFFER ? limit : FIRST_BUFFER;
  bool sized = fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
  if (sized && (uintmax_t)status.st_size > limit) {
    result = too_large(path, limit, error);
  } else {
    if (sized) guess = (size_t)status.st_size;
    result = read_all(file, path, limit, guess, bytes, size, error);
  }
  if (!standard) close(file);
  return result;
}

/* ---- writing ---- */

static bool write_all(int file, const uint8_t *bytes, size_t size) {
  while (size) {
    ssize_t done = write(file, bytes, size < SSIZE_MAX ? size : SSIZE_MAX);
    if (done < 0 && errno != EINTR) return false;
    if (done > 0) {
      bytes += done;
      size -= (size_t)done;
    }
  }
  return true;
}

static scrawl_status write_failed(const char *path, int reason, base_error *error) {
  return base_fail(error, SCRAWL_WRITE_FAILED, "%s: could not be written: %s", path,
                   strerror(reason));
}

static scrawl_status write_directly(const char *path, int flags, const void *bytes, size_t size,
                                    base_error *error) {
  int file = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
  if (file < 0) return write_failed(path, errno, error);
  int reason = write_all(file, bytes, size) ? 0 : errno;
  if (close(file) && !reason) reason = errno;
  return reason ? write_failed(path, reason, error) : SCRAWL_OK;
}

scrawl_status data_file_write_directly(const char *path, const void *bytes, size_t size,
                                       base_error *error) {
  return write_directly(path, O_CREAT | O_TRUNC, bytes, size, error);
}

/* A new file beside `path`; its name in `*temporary`, which is the caller's. */
static int open_temporary(const char *path, char **temporary) {
  for (int attempt = 0; attempt < TEMPORARY_NAMES; attempt++) {
    *temporary = base_format("%s.%ld-%d.tmp", path, (long)getpid(), attempt);
    if (!*temporary) {
      errno = ENOMEM;
      return -1;
    }
    int file = open(*temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0) return file;
    int reason = errno;
    base_free(*temporary);
    *temporary = NULL;
    errno = reason;
    if (reason != EEXIST) break;
  }
  return -1;
}

scrawl_status data_file_write(const char *path, const void *bytes, size_t size, base_error *error) {
  struct stat status;
  bool there = stat(path, &status) == 0;
  if (there && !S_ISREG(status.st_mode)) return write_directly(path, 0, bytes, size, error);
  /* A link stays a link: what it points at is replaced. */
  char target[PATH_MAX];
  const char *final = there && realpath(path, target) ? target : path;

  char *temporary = NULL;
  int file = open_temporary(final, &temporary);
  if (file < 0) return write_failed(path, errno, error);
  int reason = write_all(file, bytes, size) && fsync(file) == 0 ? 0 : errno;
  if (close(file) && !reason) reason = errno;
  if (!reason && rename(temporary, final)) reason = errno;
  if (reason) unlink(temporary);
  base_free(temporary);
  return reason ? write_failed(path, reason, error) : SCRAWL_OK;
}
