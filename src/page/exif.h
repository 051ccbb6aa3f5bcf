/* The one thing in EXIF that matters to reading: which way up the camera was held. */
#ifndef PAGE_EXIF_H
#define PAGE_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* The orientation tag of a JPEG, PNG or WebP file, 1 .. 8 as EXIF 2.3 numbers them; 1 (upright)
 * when there is none or it is damaged. */
int page_exif_orientation(const uint8_t *bytes, size_t size);

#endif
