/* PNG by Leptonica, which keeps a picture as rows of 32-bit words. */
#include "data/png.h"

#include <string.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"

PIX *data_pix_of_ink(const uint8_t *ink, int width, int height) {
  setMsgSeverity(L_SEVERITY_NONE); /* Leptonica would print */
  PIX *pix = pixCreate(width, height, 8);
  if (!pix) return NULL;
  l_uint32 *row = pixGetData(pix);
  for (int y = 0; y < height; y++, row += pixGetWpl(pix))
    for (int x = 0; x < width; x++) SET_DATA_BYTE(row, x, 255 - *ink++);
  return pix;
}

scrawl_status data_png_of_pix(PIX *pix, uint8_t **bytes, size_t *size, base_error *error) {
  *bytes = NULL;
  *size = 0;
  l_uint8 *made = NULL;
  size_t length = 0;
  if (pix && pixWriteMemPng(&made, &length, pix, 0) == 0) *bytes = base_alloc(length, 1);
  if (*bytes) memcpy(*bytes, made, *size = length);
  lept_free(made);
  return *bytes ? SCRAWL_OK
                : base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to encode a picture");
}

scrawl_status data_png_of_ink(const uint8_t *ink, int width, int height, uint8_t **bytes,
                              size_t *size, base_error *error) {
  PIX *pix = data_pix_of_ink(ink, width, height);
  scrawl_status status = data_png_of_pix(pix, bytes, size, error);
  pixDestroy(&pix);
  return status;
}
