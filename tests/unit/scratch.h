/* A folder of its own for a test, removed with all that is in it. */
#ifndef UNIT_SCRATCH_H
#define UNIT_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char scratch_folder[256];

static inline int scratch_setup(void **state) {
  const char *temporary = getenv("TMPDIR");
  (void)state;
  snprintf(scratch_folder, sizeof scratch_folder, "%s/scrawl-test-XXXXXX",
           temporary ? temporary : P_tmpdir);
  return mkdtemp(scratch_folder) ? 0 : -1;
}

static inline int scratch_remove_one(const char *path, const struct stat *status, int kind,
                                     struct FTW *place) {
  (void)status, (void)kind, (void)place;
  return remove(path);
}

static inline int scratch_teardown(void **state) {
  (void)state;
  return nftw(scratch_folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of `name` in the folder, valid until the eighth call after. */
static inline const char *scratch(const char *name) {
  static char paths[8][512];
  static unsigned turn;
  char *path = paths[turn++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", scratch_folder, name);
  return path;
}

static inline void scratch_write(const char *name, const void *bytes, size_t size) {
  FILE *file = fopen(scratch(name), "wb");
  if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) abort();
}

/* Number of entries in the folder. */
static inline int scratch_count(void) {
  char command[512];
  int count = -1;
  snprintf(command, sizeof command, "ls -A '%s' | wc -l", scratch_folder);
  FILE *pipe = popen(command, "r");
  if (!pipe || fscanf(pipe, "%d", &count) != 1 || pclose(pipe)) abort();
  return count;
}

#endif
