/* Pictures to result trees: bytes -> page_decode -> page_clean -> page_segment -> ink_normalise ->
 * network -> result.
 *
 * Everything about picture files is Leptonica's; what comes out of page_clean is an ink_image. */
#ifndef PAGE_PAGE_H
#define PAGE_PAGE_H

#include "base/pool.h"
#include "data/set.h"
#include "read/model.h"

typedef struct page_steps page_steps;

typedef struct page_limits {
  size_t bytes;  /* of the file; 0: the default, 64 MiB */
  size_t pixels; /* of the picture; 0: the default, 64 million */
  /* Longer side that is enough: a picture at least twice as large is halved, more than once if need
   * be, while it is decoded. 0: none is. */
  int side;
} page_limits;

/* A page's digits are a fortieth of its height or more: 30 pixels of a picture 4 : 3. */
enum { PAGE_WORKING_SIDE = 1600 };

/* A decoded picture: 8-bit grey, 0 black .. 255 white, turned upright by its EXIF tag; transparency
 * lies over white, or over black where nothing could be seen on white. */
typedef struct page_picture {
  int width, height;
  uint8_t *grey;               /* width x height; base_free */
  int file_width, file_height; /* upright, before it was made smaller */
} page_picture;

/* BAD_FORMAT: not a picture, or damaged. LIMIT_EXCEEDED is found from the header, before pixels are
 * decoded. */
scrawl_status page_decode(const void *bytes, size_t size, const page_limits *limits,
                          page_picture *picture, base_error *error);
/* To ink (255 = ink): polarity, light, noise, contrast. The image is smaller than the picture by
 * page_reduction(), 1 or more. `steps`: keeps the picture after each, see sheet.h; NULL: not
 * kept. */
scrawl_status page_clean(const page_picture *picture, page_steps *steps, ink_image *image,
                         base_error *error);
int page_reduction(const page_picture *picture);

/* What to look for. DIGIT and GLYPH: one glyph, a digit or whatever the model knows. DIGITS: lines
 * of digits. GRID: a grid of ruled lines, a cell each; lines where there is no grid. AUTO: a grid,
 * if there is one; lines, if there are at least two glyphs; else one glyph. */
typedef enum page_mode {
  PAGE_AUTO,
  PAGE_DIGIT,
  PAGE_DIGITS,
  PAGE_GRID,
  PAGE_GLYPH,
} page_mode;

/* "auto", "digit", "digits", "grid", "glyph"; false for anything else. */
bool page_mode_find(const char *name, page_mode *mode);

typedef struct page_options {
  page_mode mode;
  /* only these signs can be read, whatever the mode, ranges as in data_alphabet_expand(); NULL: all
   * that the model knows */
  const char *alphabet;
  page_limits limits; /* of them `side` is the reading's own affair */
  bool describe;      /* glyphs and lines get a style */
  page_steps *steps;  /* keeps the picture after each step, see sheet.h; NULL: not kept */
  base_pool *pool;    /* for one large picture; not the one that this runs on; NULL: none */
} page_options;

/* Lets the reader read what the options say and nothing else. INVALID_ARGUMENT when the model does
 * not know a sign of the alphabet or, with DIGIT, DIGITS or GRID, no digit. */
scrawl_status page_allow(const page_options *options, read_reader *reader, base_error *error);

/* The whole way, one picture into a tree with one page (and no line when it is blank). `options`
 * NULL: all zero. Fails as page_allow() and page_decode() do. */
scrawl_status page_read(const void *bytes, size_t size, const page_options *options,
                        read_reader *reader, read_result *result, base_error *error);

/* A folder with manifest.tsv as a data set: every picture through decode, clean and normalise.
 * Classes are the signs of `alphabet` (NULL: those that occur, sorted). `reader` has a say in which
 * part of a picture is the glyph, as when pictures are read; NULL: none. Pictures that cannot be
 * read are counted in `*failed` and described through `report` (may be NULL). */
scrawl_status page_open_folder(const char *folder, const char *alphabet, read_reader *reader,
                               data_set *set, size_t *failed,
                               void (*report)(void *argument, const char *path,
                                              const char *message),
                               void *argument, base_error *error);

#endif
