/* The result tree: what every reading ends in and every format begins with. Pages hold lines, lines
 * hold words and glyphs. Everything lives in one arena and goes with it. Boxes are in pixels of the
 * input picture. */
#ifndef READ_RESULT_H
#define READ_RESULT_H

#include "base/memory.h"
#include "ink/describe.h"

/* What stands in the text of a line for a glyph that was rejected. */
#define READ_UNKNOWN "?"

typedef struct read_alternative {
  const char *text; /* UTF-8 */
  double confidence;
} read_alternative;

typedef struct read_glyph {
  const char *text;  /* "" when rejected */
  double confidence; /* calibrated probability, 0..1 */
  ink_box box;
  /* The other candidates, best first; for a rejected one all of them, as a hint. */
  read_alternative *alternatives;
  size_t alternative_count;
  bool rejected;
  const ink_style *style; /* NULL unless descriptions are wanted */
} read_glyph;

typedef struct read_word {
  const char *text;
  double confidence;
  ink_box box;
} read_word;

typedef struct read_line {
  const char *text;
  double confidence; /* the product of its glyphs' */
  ink_box box;
  read_word *words;
  size_t word_count;
  read_glyph *glyphs;
  size_t glyph_count;
  const ink_line_style *style; /* NULL unless descriptions are wanted */
} read_line;

/* One box of a grid of ruled lines. */
typedef struct read_cell {
  const char *text;  /* "" when it is empty */
  double confidence; /* 1 when it is empty */
  ink_box box;       /* of the cell, not of its ink */
} read_cell;

typedef struct read_page {
  int width, height; /* of the input picture, upright */
  double angle;      /* degrees it was turned clockwise to be upright and straight */
  read_line *lines;  /* none: the page is blank */
  size_t line_count;
  /* A grid: rows x columns cells, row by row; none: there is no grid. The lines are those of its
   * rows that have ink. */
  int rows, columns;
  read_cell *cells;
} read_page;

typedef struct read_result {
  base_arena arena;
  read_page *pages;
  size_t page_count;
  const char *model_name, *model_version;
  double milliseconds;
  bool described; /* glyphs and lines have a style */
} read_result;

void read_result_init(read_result *result);
void read_result_free(read_result *result);

#endif
