/* What is known of generated pictures: truth.jsonl, as data_generate() writes it. */
#ifndef DATA_TRUTH_H
#define DATA_TRUTH_H

#include "base/error.h"
#include "ink/ink.h"

typedef struct data_truth_sign {
  char text[SCRAWL_MAX_SIGN_BYTES];
  ink_box box; /* in pixels of the picture file */
  bool mark;   /* a separator or a currency sign: no glyph */
} data_truth_sign;

typedef struct data_truth_picture {
  char *path;
  data_truth_sign *signs;
  size_t count;
} data_truth_picture;

typedef struct data_truth {
  data_truth_picture *items;
  size_t count;
} data_truth;

/* Of the pictures in `folder`. NOT_FOUND, READ_FAILED, OUT_OF_MEMORY; BAD_FORMAT names the line. */
scrawl_status data_truth_open(const char *folder, data_truth *truth, base_error *error);
void data_truth_free(data_truth *truth);

#endif
