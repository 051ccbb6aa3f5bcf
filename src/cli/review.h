/* --review DIR: what was doubtful, for people to look at. */
#ifndef CLI_REVIEW_H
#define CLI_REVIEW_H

#include "cli/cli.h"
#include "cli/scores.h"
#include "page/review.h"

/* Writes what was cut out of one file, in the order of the page, and frees the cuts; with no review
 * (NULL) there are none. */
scrawl_status cli_review_take(page_review *review, const char *file, page_cuts *cuts,
                              base_error *error);
/* Writes the lists and says what to do with them; frees the review (NULL: nothing to do). */
scrawl_status cli_review_end(const cli_command *command, const char *folder, page_review *review,
                             base_error *error);
/* The pictures of an evaluation that were rejected, under the labels that they have. */
scrawl_status cli_review_scores(const cli_command *command, const char *folder, const cli_scores *e,
                                base_error *error);

#endif
