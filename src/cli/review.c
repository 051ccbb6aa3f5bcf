/* What was doubtful, for people to look at. */
#include "cli/review.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/png.h"

scrawl_status cli_review_take(page_review *review, const char *file, page_cuts *cuts,
                              base_error *error) {
  scrawl_status status = SCRAWL_OK;
  for (size_t i = 0; i < cuts->count && status == SCRAWL_OK; i++)
    status = page_review_add(review, file, &cuts->items[i], NULL, error);
  page_cuts_free(cuts);
  return status;
}

scrawl_status cli_review_end(const cli_command *command, const char *folder, page_review *review,
                             base_error *error) {
  if (!review) return SCRAWL_OK;
  size_t count = page_review_count(review);
  scrawl_status status = page_review_end(review, error);
  page_review_free(review);
  if (status == SCRAWL_OK && count)
    cli_complain(command, "%zu doubtful glyph%s in %s: correct the signs in its manifest.tsv",
                 count, count == 1 ? "" : "s", folder);
  if (status == SCRAWL_OK && !count) cli_complain(command, "nothing was doubtful");
  return status;
}

/* ---- of an evaluation ---- */

/* The best candidates of a row, best first; equal ones by class. */
static size_t rank(const cli_scores *e, const float *row, read_alternative *candidates) {
  size_t count = 0;
  for (int c = 0; c < e->classes; c++) {
    read_alternative next = {e->signs[c], (double)row[c]};
    for (size_t i = 0; i < count; i++)
      if (next.confidence > candidates[i].confidence) {
        read_alternative pushed = candidates[i];
        candidates[i] = next;
        next = pushed;
      }
    if (count < SCRAWL_MAX_ALTERNATIVES) candidates[count++] = next;
  }
  return count;
}

static scrawl_status add_picture(page_review *review, const cli_scores *e, size_t picture,
                                 base_error *error) {
  read_alternative candidates[SCRAWL_MAX_ALTERNATIVES] = {{"", 0}};
  read_glyph glyph = {.text = "",
                      .box = {0, 0, INK_GLYPH_SIDE, INK_GLYPH_SIDE},
                      .alternatives = candidates,
                      .rejected = true};
  glyph.alternative_count = rank(e, e->probabilities + picture * (size_t)e->classes, candidates);
  glyph.confidence = candidates[0].confidence;
  page_cut cut = {.line = 1, .number = picture + 1, .glyph = &glyph};
  BASE_TRY(data_png_of_ink(e->pixels + picture * INK_GLYPH_PIXELS, INK_GLYPH_SIDE, INK_GLYPH_SIDE,
                           &cut.png, &cut.size, error));
  scrawl_status status =
      page_review_add(review, e->set->name, &cut, e->signs[e->labels[picture]], error);
  base_free(cut.png);
  return status;
}

scrawl_status cli_review_scores(const cli_command *command, const char *folder, const cli_scores *e,
                                base_error *error) {
  page_review *review;
  BASE_TRY(page_review_begin(folder, &review, error));
  scrawl_status status = SCRAWL_OK;
  for (size_t i = 0; i < e->count && status == SCRAWL_OK; i++)
    if (train_rejects(e->probabilities + i * (size_t)e->classes, e->classes, e->reject_below))
      status = add_picture(review, e, i, error);
  if (status == SCRAWL_OK) return cli_review_end(command, folder, review, error);
  page_review_free(review);
  return status;
}
