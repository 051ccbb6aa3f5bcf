/* Steps kept to be looked at. Copies are taken, reduced where they are large: nobody looks at three
 * million pixels, and memory for twelve of them is not nothing. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "data/file.h"
#include "data/png.h"
#include "page/sheet.h"

enum { MOST_SIDE = 1600 };

/* Takes `pix` over. */
static scrawl_status keep(page_steps *steps, const char *name, PIX *pix, base_error *error) {
  int side =
      pix ? (int)(pixGetWidth(pix) > pixGetHeight(pix) ? pixGetWidth(pix) : pixGetHeight(pix)) : 0;
  if (side > MOST_SIDE) {
    PIX *small = pixScaleAreaMap2(pix);
    pixDestroy(&pix);
    pix = small;
  }
  if (pix && steps->count == steps->capacity) {
    size_t capacity = steps->capacity ? 2 * steps->capacity : 16;
    page_step *items =
        base_realloc(steps->items, steps->capacity * sizeof *items, capacity * sizeof *items);
    if (!items) pixDestroy(&pix);
    if (items) steps->items = items;
    if (items) steps->capacity = capacity;
  }
  if (!pix) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to keep a step");
  steps->items[steps->count++] = (page_step){name, pix};
  return SCRAWL_OK;
}

static PIX *pix_of(const uint8_t *pixels, int width, int height, size_t stride, uint8_t flip) {
  PIX *pix = pixCreate(width, height, 8);
  if (!pix) return NULL;
  l_uint32 *row = pixGetData(pix);
  for (int y = 0; y < height; ++y, row += pixGetWpl(pix), pixels += stride)
    for (int x = 0; x < width; ++x) SET_DATA_BYTE(row, x, pixels[x] ^ flip);
  return pix;
}

scrawl_status page_steps_add_grey(page_steps *steps, const char *name, const uint8_t *grey,
                                  int width, int height, base_error *error) {
  if (!steps) return SCRAWL_OK;
  return keep(steps, name, pix_of(grey, width, height, (size_t)width, 0), error);
}

scrawl_status page_steps_add_ink(page_steps *steps, const char *name, const ink_image *ink,
                                 base_error *error) {
  if (!steps) return SCRAWL_OK;
  return keep(steps, name, pix_of(ink->pixels, ink->width, ink->height, ink->stride, 255), error);
}

scrawl_status page_steps_png(const page_steps *steps, size_t index, uint8_t **bytes, size_t *size,
                             base_error *error) {
  return data_png_of_pix(steps->items[index].pix, bytes, size, error);
}

scrawl_status page_steps_write(const page_steps *steps, const char *folder, base_error *error) {
  if (mkdir(folder, 0777) != 0 && errno != EEXIST)
    return base_fail(error, SCRAWL_WRITE_FAILED, "%s: cannot be made: %s", folder, strerror(errno));
  for (size_t i = 0; i < steps->count; ++i) {
    uint8_t *bytes;
    size_t size;
    BASE_TRY(page_steps_png(steps, i, &bytes, &size, error));
    char *path = base_format("%s/%02zu-%s.png", folder, i + 1, steps->items[i].name);
    scrawl_status status =
        path ? data_file_write_directly(path, bytes, size, error)
             : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the name of a file");
    base_free(path);
    base_free(bytes);
    BASE_TRY(status);
  }
  return SCRAWL_OK;
}

void page_steps_free(page_steps *steps) {
  if (!steps) return;
  for (size_t i = 0; i < steps->count; ++i) pixDestroy(&steps->items[i].pix);
  base_free(steps->items);
  *steps = (page_steps){0};
}
