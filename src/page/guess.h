/* Guesses: what pieces that follow each other might be together, and how likely that is. */
#ifndef PAGE_GUESS_H
#define PAGE_GUESS_H

#include "page/segment.h"
#include "page/sheet.h"
#include "read/string_path.h"

typedef struct page_guess {
  size_t first, end; /* pieces */
  bool glyph;        /* false: a mark, a speck, or whatever is no glyph */
  page_mark mark;    /* if it is none: what else */
  double score;      /* natural logarithm, up to a constant for each piece */
} page_guess;

/* Of all rows, sorted by their first piece. */
typedef struct page_guesses {
  page_guess *items;
  size_t count, capacity;
  float *rows; /* count x classes: the recogniser's probabilities of those that are glyphs */
  size_t rows_capacity;
} page_guesses;

/* Whatever might be a glyph, scored by the recogniser and by its shape. Blobs that are surely one
 * glyph are not looked at in parts. OUT_OF_MEMORY. */
scrawl_status page_guess_glyphs(read_reader *reader, const page_segments *segments,
                                const ink_image *ink, page_guesses *guesses, base_error *error);
void page_guesses_free(page_guesses *guesses);

#endif
