/* A contact sheet: a PNG with a row of samples for each class. */
#ifndef DATA_SHEET_H
#define DATA_SHEET_H

#include "data/set.h"

/* Dark ink on white; up to 24 pictures for each class, taken evenly from the whole set.
 * WRITE_FAILED, OUT_OF_MEMORY; LIMIT_EXCEEDED when there are more classes than rows of 8 pixels
 * fit into a picture of 32,000. */
scrawl_status data_sheet_write(const data_set *set, const char *path, base_error *error);

#endif
