/* The result tree: what every reading ends in and every format begins with. Pages hold lines, lines
 * hold words and glyphs. Everything lives in one arena and goes with it. Boxes are in pixels of the
 * input picture. */
#ifndef READ_RESULT_H
#define READ_RESULT_H

#include "base/memory.h"
#include "ink/describe.h"

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
  double confidence;
  ink_box box;
  read_word *words;
  size_t word_count;
  read_glyph *glyphs;
  size_t glyph_count;
  const ink_line_style *style; /* NULL unless descriptions are wanted */
} read_line;

typedef struct read_page {
  int width, height; /* of the input picture, upright */
  double angle;      /* degrees it was turned clockwise to be upright and straight */
  read_line *lines;  /* none: the page is blank */
  size_t line_count;
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
