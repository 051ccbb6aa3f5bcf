/* The pictures that operands name: files as they are, and for a folder those in it. */
#ifndef CLI_PICTURES_H
#define CLI_PICTURES_H

#include "base/error.h"

typedef struct cli_pictures {
  char **paths;
  size_t count, capacity;
  bool folders; /* one of the operands was a folder */
} cli_pictures;

/* A folder gives the pictures in it and in its folders, sorted by path: those whose name ends as
 * pictures' names do. NOT_FOUND for a folder without any, READ_FAILED, OUT_OF_MEMORY. */
scrawl_status cli_find_pictures(char **operands, size_t count, cli_pictures *pictures,
                                base_error *error);
void cli_pictures_free(cli_pictures *pictures);

#endif
