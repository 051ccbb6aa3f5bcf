/* Picture files: from any bytes to ink. The limit keeps honest but huge pictures out of the way. */
#include "base/memory.h"
#include "page/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  page_limits limits = {.bytes = 1 << 16, .pixels = 1 << 18};
  page_picture picture;
  ink_image image;
  base_error error = {0};
  if (page_decode(bytes, size, &limits, &picture, &error) != SCRAWL_OK) return 0;
  if (page_clean(&picture, &image, &error) == SCRAWL_OK) base_free(image.pixels);
  base_free(picture.grey);
  return 0;
}
