/* Generated pictures: handwriting on paper as cameras, scanners and screens see it, with labels.
 *
 * They test the whole way from a picture file to text: where the ink is, how large, under what
 * light and at what angle is known exactly. */
#ifndef DATA_GENERATE_H
#define DATA_GENERATE_H

#include "base/pool.h"
#include "base/progress.h"
#include "data/set.h"

typedef enum data_generate_kind {
  DATA_GENERATE_DIGIT,  /* one glyph, anywhere, of any size */
  DATA_GENERATE_STRING, /* a line of 4 to 10 digits, with separators between some */
  DATA_GENERATE_BOXES,  /* a form's field: a box for each digit, or a comb */
  DATA_GENERATE_GRID,   /* a sudoku or another ruled table, some cells empty */
  DATA_GENERATE_PAGE,   /* some 40 digits in several lines */
} data_generate_kind;

typedef enum data_generate_capture {
  DATA_GENERATE_NONE,   /* the flat sheet: black ink on white, nothing else */
  DATA_GENERATE_SCREEN, /* drawn on a screen: flat colours, also light on dark */
  DATA_GENERATE_SCAN,
  DATA_GENERATE_PHONE,
  DATA_GENERATE_MIXED, /* one of the last three for each picture */
} data_generate_capture;

/* "digit", ...; "none", ...: as on the command line. False where there is none of that name. */
bool data_generate_kind_parse(const char *name, data_generate_kind *kind);
bool data_generate_capture_parse(const char *name, data_generate_capture *capture);

typedef struct data_generate_options {
  data_generate_kind kind;
  data_generate_capture capture;
  size_t count;
  uint64_t seed;
  double megapixels;      /* of a page, 0.1 to 50 */
  const data_set *glyphs; /* NULL: strokes of our own (generate_strokes.c) */
} data_generate_options;

/* Writes `count` pictures, truth.jsonl and, last, manifest.tsv into `folder`, which is made (not
 * its parent) or empty. The same options give the same bytes on any number of threads. When
 * something fails, what was written is removed. INVALID_ARGUMENT, LIMIT_EXCEEDED, WRITE_FAILED,
 * OUT_OF_MEMORY. */
scrawl_status data_generate(const data_generate_options *options, const char *folder,
                            base_pool *pool, base_progress *progress, base_error *error);

#endif
