/* UNIPEN train_r01_v07: isolated characters, words and texts as pen strokes.
 *
 * International Unipen Foundation, doi 10.5281/zenodo.1195803. How to read its files is written in
 * unipen_text.h; what differs from one contributor to the next, in unipen.c. */
#ifndef DATA_UNIPEN_H
#define DATA_UNIPEN_H

#include "data/set.h"
#include "ink/strokes.h"

/* One letter, word or text. All of it is valid during the visit only. */
typedef struct data_unipen_sample {
  const char *category; /* "1a" */
  const char *label;    /* UTF-8, not empty */
  const char *writer;   /* the same for the same hand in every category: "apb Jane_Zahra" */
  const ink_stroke *strokes;
  size_t count;
  double grain; /* millimetres: the tablet's step; 0: not known, then the unit is unknown too */
} data_unipen_sample;

/* What was found, and why the rest was left out. */
typedef struct data_unipen_counts {
  size_t samples;
  size_t skipped;    /* of contributors whose numbers fit no rule */
  size_t bad;        /* said to be BAD */
  size_t unlabelled; /* without a label, or with a sign nobody could read */
  size_t fragments;  /* part of a sign only, where a contributor has many such */
  size_t lost;       /* their strokes are not there */
} data_unipen_counts;

typedef scrawl_status data_unipen_visit(void *argument, const data_unipen_sample *sample,
                                        base_error *error);

/* Visits every usable sample of these categories ("1a" to "1d", "6", "7", "8"; the list is ended by
 * NULL) in an order that is always the same. `path`: as data_unipen_files_open has it. Fails as
 * that does, or as `visit` does. */
scrawl_status data_unipen_read(const char *path, const char *const *categories,
                               data_unipen_visit *visit, void *argument, data_unipen_counts *counts,
                               base_error *error);

/* Digits, letters and punctuation of the whole collection as glyph pictures. The alphabet is
 * DATA_UNIPEN_ALPHABET for both parts, some signs may have no picture. Whoever wrote one in the
 * test part wrote none in the training part: a writer's name decides, for about 15 % of them. */
#define DATA_UNIPEN_ALPHABET                                                                       \
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!\"#$%&'()*+,-./"                 \
  ":;<=>?@[\\]^_`{|}~"
scrawl_status data_unipen_open_set(data_part part, data_set *set, base_error *error);

#endif
