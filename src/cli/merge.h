/* An ensemble of models as one file: scrawl model merge. */
#ifndef CLI_MERGE_H
#define CLI_MERGE_H

#include "base/error.h"

typedef struct cli_merging {
  char **members; /* names of models inside the program, or files */
  int count;
  const char *out, *name, *version; /* NULL: "ensemble", none */
} cli_merging;

scrawl_status cli_merge(const cli_merging *merging, base_error *error);

#endif
