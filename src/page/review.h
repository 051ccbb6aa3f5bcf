/* What was doubtful, collected for people: a folder of small pictures with a manifest of best
 * guesses, ready to be corrected and learnt from.
 *
 *   000001.png ...  the glyph, cut out of its picture
 *   manifest.tsv    path<TAB>sign: the best guess, READ_NO_GLYPH where that was "no glyph"
 *   review.tsv      a row for each, under one that names the columns: where it comes from, and all
 *                   candidates with their confidences */
#ifndef PAGE_REVIEW_H
#define PAGE_REVIEW_H

#include "page/page.h"

/* One glyph as a PNG file. */
typedef struct page_cut {
  size_t line, number; /* of the glyph, from 1 */
  const read_glyph *glyph;
  uint8_t *png;
  size_t size;
} page_cut;

typedef struct page_cuts {
  page_cut *items;
  size_t count;
} page_cuts;

/* The glyphs of a result that were rejected, cut out of the picture's bytes; the other glyphs
 * around them are painted over. Borrows the result. Fails as page_decode() does. */
scrawl_status page_cut_doubtful(const void *bytes, size_t size, const page_limits *limits,
                                const read_result *result, page_cuts *cuts, base_error *error);
void page_cuts_free(page_cuts *cuts);

typedef struct page_review page_review;

/* Makes the folder. INVALID_ARGUMENT when it holds a manifest already, WRITE_FAILED. */
scrawl_status page_review_begin(const char *folder, page_review **review, base_error *error);
/* Writes one cut. `label`: what the manifest says; NULL: the best guess. WRITE_FAILED,
 * OUT_OF_MEMORY. */
scrawl_status page_review_add(page_review *review, const char *source, const page_cut *cut,
                              const char *label, base_error *error);
size_t page_review_count(const page_review *review);
/* Writes manifest.tsv and review.tsv. */
scrawl_status page_review_end(page_review *review, base_error *error);
void page_review_free(page_review *review);

#endif
