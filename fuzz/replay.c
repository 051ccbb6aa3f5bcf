/* Runs a fuzzer over files instead of damage: its corpus of beginnings and of every past crash, as
 * a test.
 *
 *   replay FILE... | FOLDER... */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>

#include "base/memory.h"
#include "data/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int replay(const char *path) {
  uint8_t *bytes;
  size_t size;
  base_error error = {0};
  if (data_file_read(path, SIZE_MAX, &bytes, &size, &error) != SCRAWL_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 0;
  }
  uint8_t *exact =
      base_alloc(size, 1); /* no zero byte after the end: a sanitizer sees every byte too far */
  for (size_t i = 0; exact && i < size; i++) exact[i] = bytes[i];
  base_free(bytes);
  if (!exact) return 0;
  LLVMFuzzerTestOneInput(exact, size);
  base_free(exact);
  return 1;
}

int main(int argc, char **argv) {
  int replayed = 0, wanted = 0;
  for (int i = 1; i < argc; i++) {
    DIR *folder = opendir(argv[i]);
    if (!folder) {
      wanted++;
      replayed += replay(argv[i]);
      continue;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
      if (entry->d_name[0] == '.') continue;
      char *path = base_format("%s/%s", argv[i], entry->d_name);
      wanted++;
      replayed += path && replay(path);
      base_free(path);
    }
    closedir(folder);
  }
  printf("%d of %d inputs replayed\n", replayed, wanted);
  return replayed == wanted && wanted > 0 ? 0 : 1;
}
