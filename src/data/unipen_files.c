/* Files by path in a hash table with chains (FNV-1a), filled from a folder or an archive. */
#include "data/unipen_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/file.h"
#include "data/known.h"
#include "data/unipen_text.h"
#include "data/unpack.h"

enum {
  MAX_DEPTH = 8, /* of folders; the published ones go to 5 */
  FIRST_BUCKETS = 1 << 10,
};

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the files of UNIPEN");
}

/* ---- the table ---- */

static size_t bucket_of(const data_unipen_files *files, const char *path) {
  uint64_t hash = 0xcbf29ce484222325;
  for (; *path; path++) hash = (hash ^ (unsigned char)*path) * 0x100000001b3;
  return hash % files->bucket_count;
}

static data_unipen_file *find(const data_unipen_files *files, const char *path) {
  if (!files->bucket_count) return NULL;
  for (size_t i = files->buckets[bucket_of(files, path)]; i; i = files->files[i - 1].next)
    if (strcmp(files->files[i - 1].path, path) == 0) return &files->files[i - 1];
  return NULL;
}

const data_unipen_file *data_unipen_files_get(const data_unipen_files *files, const char *path) {
  const data_unipen_file *file = find(files, path);
  return file && file->bytes ? file : NULL;
}

static void link_file(data_unipen_files *files, size_t index) {
  size_t bucket = bucket_of(files, files->files[index].path);
  files->files[index].next = files->buckets[bucket];
  files->buckets[bucket] = index + 1;
}

static bool make_room(data_unipen_files *files) {
  if (files->count < files->capacity) return true;
  size_t capacity = files->capacity ? 2 * files->capacity : FIRST_BUCKETS;
  data_unipen_file *grown =
      base_realloc(files->files, files->count * sizeof *grown, capacity * sizeof *grown);
  if (!grown) return false;
  files->files = grown;
  size_t *buckets = base_alloc_zero(capacity, sizeof *buckets);
  if (!buckets) return false;
  base_free(files->buckets);
  files->buckets = buckets;
  files->bucket_count = files->capacity = capacity;
  for (size_t i = 0; i < files->count; i++) link_file(files, i);
  return true;
}

/* The file of this path, a new one if there is none; takes `path` over. NULL without memory. */
static data_unipen_file *find_or_add(data_unipen_files *files, char *path) {
  data_unipen_file *file = path ? find(files, path) : NULL;
  if (file || !path || !make_room(files)) {
    base_free(path);
    return file;
  }
  files->files[files->count] = (data_unipen_file){.path = path};
  link_file(files, files->count);
  return &files->files[files->count++];
}

void data_unipen_files_free(data_unipen_files *files) {
  for (size_t i = 0; i < files->count; i++) {
    base_free(files->files[i].path);
    base_free(files->files[i].bytes);
  }
  base_free(files->files);
  base_free(files->buckets);
  *files = (data_unipen_files){0};
}

/* ---- what is wanted ---- */

char *data_unipen_include_path(const char *value, size_t length, bool *good) {
  enum { LONGEST = 1024 };
  const char *end = value + length, *stop;
  while (value < end && strchr(" \t", *value) && *value) value++;
  for (stop = value; stop < end && !strchr(" \t\r\n", *stop);) stop++;
  *good = stop > value && stop - value < LONGEST;
  if (!*good) return NULL;
  char *path = base_format("include/%.*s", (int)(stop - value), value);
  if (path && (strstr(path, "..") || strstr(path, "//"))) { /* it would lead elsewhere */
    *good = false;
    base_free(path);
    return NULL;
  }
  return path;
}

/* Enters what a file includes as wanted. */
static scrawl_status want_includes(data_unipen_files *files, const char *bytes, size_t size,
                                   base_error *error) {
  const char *at = bytes, *end = bytes + size, *value;
  size_t length;
  while (data_unipen_next(&at, end, ".INCLUDE", &value, &length)) {
    bool good;
    char *path = data_unipen_include_path(value, length, &good);
    if (good && !find_or_add(files, path)) return no_memory(error);
  }
  return SCRAWL_OK;
}

static bool has_category(const data_unipen_files *files, const char *path) {
  if (strncmp(path, "data/", 5) != 0) return false;
  size_t length = strcspn(path + 5, "/");
  for (const char *const *category = files->categories; *category; category++)
    if (strlen(*category) == length && memcmp(path + 5, *category, length) == 0) return true;
  return false;
}

/* Room for `size` bytes more and a zero behind them. */
static scrawl_status hold(data_unipen_files *files, size_t size, char **bytes, base_error *error) {
  if (size > files->limit - files->held)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                     "UNIPEN's files need more than the limit of %zu MiB; SCRAWL_DATA_LIMIT (in "
                     "MiB) raises it",
                     files->limit >> 20);
  *bytes = base_alloc(size + 1, 1);
  if (!*bytes) return no_memory(error);
  (*bytes)[size] = 0;
  files->held += size;
  return SCRAWL_OK;
}

/* ---- from an archive ---- */

/* Without the folder that the collection was packed in. */
static const char *below_top(const char *path) {
  while (strncmp(path, "./", 2) == 0) path += 2;
  if (strncmp(path, "data/", 5) == 0 || strncmp(path, "include/", 8) == 0) return path;
  const char *slash = strchr(path, '/');
  return slash ? slash + 1 : path;
}

static scrawl_status take_entry(void *argument, const char *name, size_t size,
                                data_archive_entry *entry, base_error *error) {
  data_unipen_files *files = argument;
  const char *path = below_top(name);
  data_unipen_file *file = find(files, path);
  if (!file && !has_category(files, path)) return SCRAWL_OK;
  if (!file) file = find_or_add(files, base_strdup(path));
  if (!file) return no_memory(error);
  if (file->bytes) return SCRAWL_OK; /* the same path again: the first counts */
  char *bytes;
  BASE_TRY(hold(files, size, &bytes, error));
  file->bytes = bytes;
  file->size = size;
  BASE_TRY(data_archive_take(entry, bytes, size, error));
  return want_includes(files, bytes, size, error);
}

/* ---- from a folder ---- */

static scrawl_status read_file(data_unipen_files *files, const char *top, data_unipen_file *file,
                               base_error *error) {
  char *path = base_format("%s/%s", top, file->path);
  if (!path) return no_memory(error);
  uint8_t *bytes;
  size_t size;
  scrawl_status status = data_file_read(path, files->limit - files->held, &bytes, &size, error);
  base_free(path);
  if (status == SCRAWL_NOT_FOUND) return SCRAWL_OK;
  if (status != SCRAWL_OK) return status;
  file->bytes = (char *)bytes;
  file->size = size;
  files->held += size;
  return want_includes(files, (const char *)bytes, size, error);
}

static scrawl_status list_folder(data_unipen_files *files, const char *top, const char *below,
                                 int depth, base_error *error);

/* A file of `top` is entered, a folder gone through. */
static scrawl_status list_item(data_unipen_files *files, const char *top, const char *path,
                               int depth, base_error *error) {
  struct stat about;
  char *whole = base_format("%s/%s", top, path);
  if (!whole) return no_memory(error);
  bool there = stat(whole, &about) == 0;
  base_free(whole);
  if (there && S_ISDIR(about.st_mode) && depth < MAX_DEPTH)
    return list_folder(files, top, path, depth + 1, error);
  if (there && S_ISREG(about.st_mode) && !find_or_add(files, base_strdup(path)))
    return no_memory(error);
  return SCRAWL_OK;
}

static scrawl_status list_folder(data_unipen_files *files, const char *top, const char *below,
                                 int depth, base_error *error) {
  char *folder = base_format("%s/%s", top, below);
  DIR *stream = folder ? opendir(folder) : NULL;
  base_free(folder);
  if (!folder) return no_memory(error);
  if (!stream) return SCRAWL_OK;
  scrawl_status status = SCRAWL_OK;
  for (struct dirent *item; status == SCRAWL_OK && (item = readdir(stream));) {
    if (item->d_name[0] == '.') continue;
    char *path = base_format("%s/%s", below, item->d_name);
    status = path ? list_item(files, top, path, depth, error) : no_memory(error);
    base_free(path);
  }
  closedir(stream);
  return status;
}

static scrawl_status read_folder(data_unipen_files *files, const char *top, base_error *error) {
  for (const char *const *category = files->categories; *category; category++) {
    char *below = base_format("data/%s", *category);
    scrawl_status status = below ? list_folder(files, top, below, 0, error) : no_memory(error);
    base_free(below);
    if (status != SCRAWL_OK) return status;
  }
  /* The list grows at its end by what is included; reading may move it. */
  for (size_t i = 0; i < files->count; i++) {
    data_unipen_file file = files->files[i];
    scrawl_status status = read_file(files, top, &file, error);
    files->files[i].bytes = file.bytes;
    files->files[i].size = file.size;
    if (status != SCRAWL_OK) return status;
  }
  return SCRAWL_OK;
}

/* ---- opening ---- */

static bool is_folder(const char *path) {
  struct stat about;
  return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

scrawl_status data_unipen_files_open(const char *path, const char *const *categories,
                                     data_unipen_files *files, base_error *error) {
  *files = (data_unipen_files){.limit = data_file_limit(), .categories = categories};
  scrawl_status status = is_folder(path) ? read_folder(files, path, error)
                                         : data_archive_read(path, take_entry, files, error);
  if (status != SCRAWL_OK) data_unipen_files_free(files);
  return status;
}

static bool is_collection(const char *path, bool *memory) {
  struct stat about;
  char *inside = base_format("%s/include", path);
  if (!inside) *memory = false;
  bool there = inside && (is_folder(inside) || (stat(path, &about) == 0 && S_ISREG(about.st_mode)));
  base_free(inside);
  return there;
}

scrawl_status data_unipen_find(char **path, base_error *error) {
  static const char *const folders[] = {"/unipen", ""};
  static const char *const names[] = {"", "/train_r01_v07", "/unipen-train_r01_v07"};
  static const char *const endings[] = {"", ".tar.xz", ".tar.gz", ".tgz", ".tar", ".zip"};
  char *home;
  bool memory = true;
  *path = NULL;
  BASE_TRY(data_home(&home, error));
  for (size_t f = 0; f < sizeof folders / sizeof *folders; f++)
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
      for (size_t e = 0; e < sizeof endings / sizeof *endings && memory && !*path; e++) {
        if (!*names[n] && *endings[e]) continue;
        char *tried = base_format("%s%s%s%s", home, folders[f], names[n], endings[e]);
        memory = tried != NULL;
        if (memory && is_collection(tried, &memory))
          *path = tried;
        else
          base_free(tried);
      }
  scrawl_status status = SCRAWL_OK;
  if (!memory)
    status = no_memory(error);
  else if (!*path)
    status = base_fail(error, SCRAWL_NOT_FOUND,
                       "unipen: neither a folder train_r01_v07 (with data and include in it) nor "
                       "an archive of it is in %s/unipen; get it: doi 10.5281/zenodo.1195803; or "
                       "set SCRAWL_DATA to the folder that holds it",
                       home);
  base_free(home);
  return status;
}
