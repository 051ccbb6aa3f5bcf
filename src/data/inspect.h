/* What a data set holds, and what in it may be wrong: counts by class, blank pictures, exact
 * copies. */
#ifndef DATA_INSPECT_H
#define DATA_INSPECT_H

#include "data/set.h"

/* Remarks on a picture. */
enum {
  DATA_BLANK = 1,    /* no pixel reaches a quarter of full ink */
  DATA_COPY = 2,     /* pixel for pixel like an earlier one */
  DATA_CONFLICT = 4, /* and the first of its like has another label */
};

typedef struct data_inspection {
  size_t *counts;   /* by class */
  uint8_t *remarks; /* by picture: DATA_BLANK, ... together */
  size_t blank, copies, conflicts;
} data_inspection;

/* OUT_OF_MEMORY, LIMIT_EXCEEDED (more than 2^32 - 1 pictures). */
scrawl_status data_inspect(const data_set *set, data_inspection *inspection, base_error *error);
void data_inspection_free(data_inspection *inspection);

#endif
