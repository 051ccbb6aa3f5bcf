/* Files and folders to a list of pictures. Links to folders are not followed, so that a folder
 * cannot lead back into itself; hidden files and folders are left out. */
#include "cli/pictures.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/memory.h"

enum { DEEPEST = 64 }; /* folders within each other */

static const char *const ENDINGS[] = {".png",  ".jpg", ".jpeg", ".tif",  ".tiff",
                                      ".webp", ".gif", ".bmp",  ".pnm",  ".pgm",
                                      ".ppm",  ".pbm", ".jp2",  ".heic", ".heif"};

static bool is_picture(const char *name) {
  const char *ending = strrchr(name, '.');
  for (size_t i = 0; ending && i < sizeof ENDINGS / sizeof *ENDINGS; i++)
    if (strcasecmp(ending, ENDINGS[i]) == 0) return true;
  return false;
}

/* Takes the path over. */
static scrawl_status add_path(cli_pictures *pictures, char *path, base_error *error) {
  if (path && pictures->count == pictures->capacity) {
    size_t capacity = pictures->capacity ? 2 * pictures->capacity : 64;
    char **paths =
        base_realloc(pictures->paths, pictures->capacity * sizeof *paths, capacity * sizeof *paths);
    if (paths) {
      pictures->paths = paths;
      pictures->capacity = capacity;
    }
  }
  if (!path || pictures->count == pictures->capacity) {
    base_free(path);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the list of pictures");
  }
  pictures->paths[pictures->count++] = path;
  return SCRAWL_OK;
}

static scrawl_status search(const char *folder, int depth, cli_pictures *pictures,
                            base_error *error);

/* One thing in a folder; takes the path over. */
static scrawl_status look_at(char *path, const char *name, int depth, cli_pictures *pictures,
                             base_error *error) {
  struct stat what;
  scrawl_status status = SCRAWL_OK;
  if (!path) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for a path");
  bool there = lstat(path, &what) == 0;
  if (there && S_ISDIR(what.st_mode)) {
    status = search(path, depth + 1, pictures, error);
  } else if (is_picture(name) && stat(path, &what) == 0 && S_ISREG(what.st_mode)) {
    return add_path(pictures, path, error);
  }
  base_free(path);
  return status;
}

static scrawl_status search(const char *folder, int depth, cli_pictures *pictures,
                            base_error *error) {
  if (depth > DEEPEST)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%s: more than %d folders within each other",
                     folder, DEEPEST);
  DIR *open = opendir(folder);
  if (!open)
    return base_fail(error, SCRAWL_READ_FAILED, "%s: the folder cannot be read: %s", folder,
                     strerror(errno));
  size_t length = strlen(folder);
  const char *slash = length && folder[length - 1] == '/' ? "" : "/";
  scrawl_status status = SCRAWL_OK;
  for (struct dirent *entry; status == SCRAWL_OK && (entry = readdir(open));)
    if (entry->d_name[0] != '.')
      status = look_at(base_format("%s%s%s", folder, slash, entry->d_name), entry->d_name, depth,
                       pictures, error);
  closedir(open);
  return status;
}

static int compare_paths(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static scrawl_status find(const char *operand, cli_pictures *pictures, base_error *error) {
  struct stat what;
  if (strcmp(operand, "-") == 0 || stat(operand, &what) != 0 || !S_ISDIR(what.st_mode))
    return add_path(pictures, base_strdup(operand), error);
  size_t first = pictures->count;
  pictures->folders = true;
  BASE_TRY(search(operand, 0, pictures, error));
  if (pictures->count == first)
    return base_fail(error, SCRAWL_NOT_FOUND, "%s: there is no picture in the folder", operand);
  qsort(pictures->paths + first, pictures->count - first, sizeof *pictures->paths, compare_paths);
  return SCRAWL_OK;
}

scrawl_status cli_find_pictures(char **operands, size_t count, cli_pictures *pictures,
                                base_error *error) {
  *pictures = (cli_pictures){0};
  scrawl_status status = SCRAWL_OK;
  for (size_t i = 0; status == SCRAWL_OK && i < count; i++)
    status = find(operands[i], pictures, error);
  if (status != SCRAWL_OK) cli_pictures_free(pictures);
  return status;
}

void cli_pictures_free(cli_pictures *pictures) {
  if (!pictures) return;
  for (size_t i = 0; i < pictures->count; i++) base_free(pictures->paths[i]);
  base_free(pictures->paths);
  *pictures = (cli_pictures){0};
}
