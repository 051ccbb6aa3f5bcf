/* The part of scrawl evaluate that reads pictures of more than one sign. */
#ifndef CLI_EVALUATE_SEQUENCE_H
#define CLI_EVALUATE_SEQUENCE_H

#include "cli/open.h"
#include "page/page.h"

typedef struct cli_sequence {
  const char *folder, *model_name;
  const char *alphabet; /* NULL: all */
  const char *review;   /* where rejected glyphs go; NULL: nowhere */
  double max_error;     /* picks the threshold of rejection; NAN: the model's own */
  page_mode mode;       /* DIGITS or GRID */
  int threads;
  bool json;
} cli_sequence;

/* Reads all pictures of a folder and prints how well. Those that cannot be read are complained
 * about, count as read wrong, and are counted in `*failed`. */
scrawl_status cli_evaluate_sequence(const cli_sequence *what, const read_model *model,
                                    size_t *failed, base_error *error);

#endif
