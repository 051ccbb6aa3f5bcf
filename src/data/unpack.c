/* Archives by libarchive, one pass from front to back. */
#include "data/unpack.h"

#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

#include "data/library.h"

#define FUNCTIONS(F)                                                                               \
  F(archive_read_new, create)                                                                      \
  F(archive_read_support_filter_all, all_filters)                                                  \
  F(archive_read_support_format_all, all_formats)                                                  \
  F(archive_read_open_filename, open)                                                              \
  F(archive_read_next_header, next)                                                                \
  F(archive_read_data, data)                                                                       \
  F(archive_read_free, free)                                                                       \
  F(archive_error_string, message)                                                                 \
  F(archive_entry_pathname, path)                                                                  \
  F(archive_entry_size, size)                                                                      \
  F(archive_entry_filetype, type)

static const char *const NAMES[] = {FUNCTIONS(DATA_LIBRARY_NAME)};

static struct { FUNCTIONS(DATA_LIBRARY_MEMBER) } functions;

/* The ABI of libarchive 3, kept since 2013. */
static data_library library = {.file = "libarchive.so.13",
                               .hint = "libarchive (Debian: libarchive13) to read archives",
                               .names = NAMES,
                               .count = sizeof NAMES / sizeof *NAMES,
                               .functions = &functions};

enum { BLOCK_BYTES = 1 << 16 };

struct data_archive_entry {
  struct archive *archive;
  const char *path;
};

static scrawl_status damaged(struct archive *archive, const char *path, base_error *error) {
  const char *message = functions.message(archive);
  return base_fail(error, SCRAWL_BAD_FORMAT, "%s: %s", path,
                   message ? message : "a damaged archive");
}

scrawl_status data_archive_take(data_archive_entry *entry, void *bytes, size_t size,
                                base_error *error) {
  uint8_t *at = bytes;
  while (size > 0) {
    la_ssize_t got = functions.data(entry->archive, at, size);
    if (got < 0) return damaged(entry->archive, entry->path, error);
    if (got == 0)
      return base_fail(error, SCRAWL_BAD_FORMAT, "%s: a file in it ends too early", entry->path);
    at += got;
    size -= (size_t)got;
  }
  return SCRAWL_OK;
}

static scrawl_status read_entries(struct archive *archive, const char *path,
                                  data_archive_visit *visit, void *argument, base_error *error) {
  struct archive_entry *header;
  data_archive_entry entry = {archive, path};
  for (;;) {
    int result = functions.next(archive, &header);
    if (result == ARCHIVE_EOF) return SCRAWL_OK;
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) return damaged(archive, path, error);
    const char *name = functions.path(header);
    int64_t size = functions.size(header);
    if (!name || functions.type(header) != S_IFREG || size < 0) continue;
    BASE_TRY(visit(argument, name, (size_t)size, &entry, error));
  }
}

scrawl_status data_archive_read(const char *path, data_archive_visit *visit, void *argument,
                                base_error *error) {
  BASE_TRY(data_library_load(&library, error));
  struct archive *archive = functions.create();
  if (!archive) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for an archive");
  functions.all_filters(archive);
  functions.all_formats(archive);
  scrawl_status status = functions.open(archive, path, BLOCK_BYTES) == ARCHIVE_OK
                             ? read_entries(archive, path, visit, argument, error)
                             : damaged(archive, path, error);
  functions.free(archive);
  return status;
}
