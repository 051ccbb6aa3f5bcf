/* What a picture file says of itself, before anything of it is decoded. */
#ifndef PAGE_HEADER_H
#define PAGE_HEADER_H

#include "base/error.h"

/* Checks from the header alone that the file is a picture of a kind that is read here, and that
 * decoding it takes no more than `most_pixels` pixels. UNSUPPORTED, BAD_FORMAT, LIMIT_EXCEEDED. */
scrawl_status page_header_check(const uint8_t *bytes, size_t size, size_t most_pixels,
                                base_error *error);

#endif
