/* The one glyph of a picture. */
#ifndef PAGE_SINGLE_H
#define PAGE_SINGLE_H

#include "page/sheet.h"

typedef struct page_single {
  ink_image image; /* with nothing but the glyph; base_free(image.pixels) */
  ink_box box;     /* in the image; width 0: there is none */
  ink_box in_file; /* in pixels of the picture file */
  page_map map;    /* from the image to the picture file */
} page_single;

/* `reader` chooses between what the two ways of cleaning find; NULL: the way that was made for
 * single glyphs is taken. `sheet`: of this picture, if it is there already; NULL: it is prepared
 * when it is needed, as `options` (NULL: all zero) say, whose steps become those of the way that
 * was taken. A blank picture has no glyph, which is no error. */
scrawl_status page_find_single(const page_picture *picture, read_reader *reader,
                               const page_sheet *sheet, const page_prepare_options *options,
                               page_single *single, base_error *error);

#endif
