/* Ink as a picture that anyone can look at: grey, dark on white. */
#ifndef DATA_PNG_H
#define DATA_PNG_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Leptonica's picture of width x height ink levels, 8 bits a pixel; pixDestroy it. NULL when memory
 * is exhausted. */
struct Pix *data_pix_of_ink(const uint8_t *ink, int width, int height);
/* As a PNG file's bytes; base_free them. OUT_OF_MEMORY. */
scrawl_status data_png_of_pix(struct Pix *pix, uint8_t **bytes, size_t *size, base_error *error);
scrawl_status data_png_of_ink(const uint8_t *ink, int width, int height, uint8_t **bytes,
                              size_t *size, base_error *error);

#endif
