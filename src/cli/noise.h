/* --noise of scrawl evaluate: which kinds, and what came of them. */
#ifndef CLI_NOISE_H
#define CLI_NOISE_H

#include <jansson.h>

#include "train/noise_table.h"

enum { CLI_MOST_NOISES = 64 };

/* Row 0 is the undamaged set, measured only when there are several kinds. */
typedef struct cli_noises {
  size_t count; /* kinds asked for */
  ink_noise items[CLI_MOST_NOISES];
  train_noise_row rows[CLI_MOST_NOISES + 1];
} cli_noises;

/* NULL: none; "awgn:0.5", "awgn,motion" or "all". */
scrawl_status cli_noises_parse(const char *text, cli_noises *noises, base_error *error);
/* An array with an object for each kind; NULL: no memory. */
json_t *cli_noises_to_json(const cli_noises *noises);
/* The table, when there are several. */
void cli_noises_print(const cli_noises *noises);

#endif
