/* Pictures to result trees: bytes -> page_decode -> page_clean -> page_segment -> ink_normalise ->
 * network -> result.
 *
 * Everything about picture files is Leptonica's; what comes out of page_clean is an ink_image. */
#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

#include "data/set.h"
#include "read/model.h"

typedef struct page_limits {
  size_t bytes;  /* of the file; 0: the default, 64 MiB */
  size_t pixels; /* of the picture; 0: the default, 64 million */
} page_limits;

/* A decoded picture: 8-bit grey, 0 black .. 255 white, turned upright by its EXIF tag; transparency
 * lies over white, or over black where nothing could be seen on white. */
typedef struct page_picture {
  int width, height;
  uint8_t *grey; /* width x height; base_free */
} page_picture;

/* BAD_FORMAT: not a picture, or damaged. LIMIT_EXCEEDED is found from the header, before pixels are
 * decoded. */
scrawl_status page_decode(const void *bytes, size_t size, const page_limits *limits,
                          page_picture *picture, base_error *error);
/* To ink (255 = ink): polarity, light, noise, contrast. The image is smaller than the picture by
 * page_reduction(), 1 or more. */
scrawl_status page_clean(const page_picture *picture, ink_image *image, base_error *error);
int page_reduction(const page_picture *picture);

/* What to look for. AUTO: what the model was made for, one glyph of its alphabet so far. */
typedef enum page_mode { PAGE_AUTO, PAGE_DIGIT, PAGE_GLYPH } page_mode;

/* "auto", "digit", "glyph"; false for anything else. */
bool page_mode_find(const char *name, page_mode *mode);

typedef struct page_options {
  page_mode mode;
  /* only these signs can be read, whatever the mode; NULL: all that the model knows */
  const char *alphabet;
  page_limits limits;
  bool describe; /* glyphs and lines get a style */
} page_options;

/* Lets the reader read what the options say and nothing else. INVALID_ARGUMENT when the model does
 * not know a sign of the alphabet or, with DIGIT, no digit. */
scrawl_status page_allow(const page_options *options, read_reader *reader, base_error *error);

/* The whole way, one picture with one glyph in it, into a tree with one page (and no line when it
 * is blank). `options` NULL: all zero. Fails as page_allow() and page_decode() do. */
scrawl_status page_read(const void *bytes, size_t size, const page_options *options,
                        read_reader *reader, read_result *result, base_error *error);

/* Gives every glyph and line of the result its style. `image` is the ink that was found in
 * `picture`, smaller by page_reduction(). OUT_OF_MEMORY. */
scrawl_status page_describe(const page_picture *picture, const ink_image *image,
                            read_result *result, base_error *error);

/* A folder with manifest.tsv as a data set: every picture through decode, clean and normalise.
 * Classes are the signs of `alphabet` (NULL: those that occur, sorted). Pictures that cannot be
 * read are counted in `*failed` and described through `report` (may be NULL). */
scrawl_status
page_open_folder(const char *folder, const char *alphabet, data_set *set, size_t *failed,
                 void (*report)(void *argument, const char *path, const char *message),
                 void *argument, base_error *error);

#endif
