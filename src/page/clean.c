/* From a picture to its ink. Large pictures are reduced first, by a whole number, to what one glyph
 * needs: each new pixel is the mean of a square, which also takes away noise. The cleaning itself
 * is src/ink's. */
#include "base/memory.h"
#include "page/page.h"
#include "page/prepare.h"

/* Pixels of the longer side that are enough: a glyph a tenth of the picture high keeps about 50. */
enum { ENOUGH = 512 };

int page_reduction(const page_picture *picture) {
  int side = picture->width > picture->height ? picture->width : picture->height;
  return (side - 1) / ENOUGH + 1;
}

void page_reduce(const page_picture *picture, int by, uint8_t *small, int width, int height) {
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      int left = x * by, right = picture->width - left < by ? picture->width : left + by;
      int top = y * by, bottom = picture->height - top < by ? picture->height : top + by;
      uint64_t sum = 0, count = (uint64_t)(right - left) * (uint64_t)(bottom - top);
      for (int v = top; v < bottom; ++v) {
        const uint8_t *row = picture->grey + (size_t)v * (size_t)picture->width;
        for (int u = left; u < right; ++u) sum += row[u];
      }
      /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): each new pixel stands for at least one */
      *small++ = (uint8_t)((sum + count / 2) / count);
    }
}

static scrawl_status keep_step(void *steps, const char *name, const ink_image *image,
                               base_error *error) {
  return page_steps_add_ink(steps, name, image, error);
}

static scrawl_status clean(const uint8_t *grey, int width, int height, page_steps *steps,
                           ink_image *image, base_error *error) {
  const ink_watcher watcher = {keep_step, steps};
  BASE_TRY(page_steps_add_grey(steps, "grey", grey, width, height, error));
  return ink_from_grey(grey, width, height, (size_t)width, steps ? &watcher : NULL, image, error);
}

scrawl_status page_clean(const page_picture *picture, page_steps *steps, ink_image *image,
                         base_error *error) {
  *image = (ink_image){0};
  int by = page_reduction(picture);
  if (by == 1) return clean(picture->grey, picture->width, picture->height, steps, image, error);
  int width = (picture->width - 1) / by + 1, height = (picture->height - 1) / by + 1;
  uint8_t *small = base_alloc((size_t)height, (size_t)width);
  if (!small)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for %d x %d pixels", width, height);
  page_reduce(picture, by, small, width, height);
  scrawl_status status = clean(small, width, height, steps, image, error);
  base_free(small);
  return status;
}
