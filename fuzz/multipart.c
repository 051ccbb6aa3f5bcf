/* Uploads: the first line is the content type, the rest the body. */
#include <string.h>

#include "base/memory.h"
#include "serve/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  const uint8_t *end = size ? memchr(bytes, '\n', size) : NULL;
  if (!end) return 0;
  size_t length = (size_t)(end - bytes);
  char *type = base_alloc(length + 1, 1);
  if (!type) return 0;
  memcpy(type, bytes, length);
  type[length] = '\0';
  serve_file files[4];
  serve_field fields[] = {{.name = "as"}, {0}};
  size_t count;
  base_error error = {0};
  if (serve_multipart_parse(type, end + 1, size - length - 1, files, 4, &count, fields, &error) ==
      SCRAWL_OK) {
    volatile unsigned sum = (unsigned)strlen(fields[0].value);
    for (size_t i = 0; i < count; i++)
      for (size_t k = 0; k < files[i].size; k++) sum += files[i].bytes[k];
    (void)sum;
  }
  base_free(type);
  return 0;
}
