/* A table: one row for each page, line, word and glyph, from the outside in, and after the lines of
 * a grid one for each of its cells. The first row of a
 * buffer names the columns:
 *
 *   file  page  line  level  number  text  confidence  x  y  width  height  rejected
 *
 * page, line and number count from 1; number is that of the word or glyph within its line, and 0
 * where it does not apply. rejected is 1 for a glyph that was not recognised: its text is then
 * empty. A page has no text and no confidence. Of a cell, line is its row in the grid and number
 * its column; in the text of a grid's line the tabs between cells are spaces.
 *
 * Where the result is described, columns for the styles of glyphs and lines follow (style.c); a row
 * is empty in those that it has none for. */
#include <string.h>

#include "format/rows.h"
#include "format/style.h"

static void append_row(format_buffer *buffer, const char *source, size_t page, size_t line,
                       const char *level, size_t number, const char *text) {
  if (source) format_append_clean(buffer, source);
  format_append(buffer, "\t%zu\t%zu\t%s\t%zu\t", page, line, level, number);
  format_append_clean(buffer, text);
}

static void append_end(format_buffer *buffer, double confidence, ink_box box, bool rejected) {
  format_append(buffer, "\t%.6f\t%d\t%d\t%d\t%d\t%d", confidence, box.x, box.y, box.width,
                box.height, rejected);
}

/* The columns: what glyphs have and the box does not say, then what only lines have. */
static size_t find_columns(const char *columns[2 * FORMAT_MAX_PROPERTIES]) {
  static const ink_style NO_GLYPH = {0};
  static const ink_line_style NO_LINE = {0};
  format_property list[FORMAT_MAX_PROPERTIES];
  size_t found = 0, known, count = format_glyph_properties(&NO_GLYPH, list);
  for (size_t i = 0; i < count; ++i)
    if (!list[i].in_box) columns[found++] = list[i].name;
  known = found;
  count = format_line_properties(&NO_LINE, list);
  for (size_t i = 0; i < count; ++i) {
    size_t k = 0;
    while (k < known && strcmp(columns[k], list[i].name) != 0) ++k;
    if (k == known) columns[found++] = list[i].name;
  }
  return found;
}

/* The end of a row, with the style of its glyph or line in the columns. */
static void append_style(format_buffer *buffer, bool described, const ink_style *glyph,
                         const ink_line_style *line) {
  const char *columns[2 * FORMAT_MAX_PROPERTIES];
  format_property list[FORMAT_MAX_PROPERTIES];
  size_t count = glyph  ? format_glyph_properties(glyph, list)
                 : line ? format_line_properties(line, list)
                        : 0;
  for (size_t c = 0, found = described ? find_columns(columns) : 0; c < found; ++c) {
    format_append(buffer, "\t");
    for (size_t i = 0; i < count; ++i)
      if (strcmp(list[i].name, columns[c]) == 0)
        format_append(buffer, "%.*f", list[i].whole ? 0 : 3, list[i].value);
  }
  format_append(buffer, "\n");
}

static void append_heading(format_buffer *buffer, bool described) {
  const char *columns[2 * FORMAT_MAX_PROPERTIES];
  format_append(buffer, "file\tpage\tline\tlevel\tnumber\ttext\tconfidence\tx\ty\twidth\theight"
                        "\trejected");
  for (size_t c = 0, found = described ? find_columns(columns) : 0; c < found; ++c)
    format_append(buffer, "\t%s", columns[c]);
  format_append(buffer, "\n");
}

/* A grid's line has tabs in its text, which would be columns here. */
static void append_line_text(format_buffer *buffer, const char *text) {
  for (size_t length; *text; text += length) {
    length = strcspn(text, "\t");
    format_append(buffer, "%.*s", (int)length, text);
    for (; text[length] == '\t'; ++length) format_append(buffer, " ");
  }
}

static void append_cells(format_buffer *buffer, const char *source, size_t number,
                         const read_page *page, bool described) {
  const read_cell *cell = page->cells;
  for (int row = 0; row < page->rows; ++row)
    for (int column = 0; column < page->columns; ++column, ++cell) {
      append_row(buffer, source, number, (size_t)row + 1, "cell", (size_t)column + 1, cell->text);
      append_end(buffer, cell->confidence, cell->box, false);
      append_style(buffer, described, NULL, NULL);
    }
}

scrawl_status format_write_tsv(const read_result *result, const char *source, format_buffer *buffer,
                               base_error *error) {
  const bool described = result->described;
  if (buffer->size == 0) append_heading(buffer, described);
  for (size_t p = 0; p < result->page_count; ++p) {
    const read_page *page = &result->pages[p];
    append_row(buffer, source, p + 1, 0, "page", 0, "");
    format_append(buffer, "\t\t0\t0\t%d\t%d\t%d", page->width, page->height, page->line_count == 0);
    append_style(buffer, described, NULL, NULL);
    for (size_t l = 0; l < page->line_count; ++l) {
      const read_line *line = &page->lines[l];
      append_row(buffer, source, p + 1, l + 1, "line", 0, "");
      append_line_text(buffer, line->text);
      append_end(buffer, line->confidence, line->box, false);
      append_style(buffer, described, NULL, line->style);
      for (size_t i = 0; i < line->word_count; ++i) {
        append_row(buffer, source, p + 1, l + 1, "word", i + 1, line->words[i].text);
        append_end(buffer, line->words[i].confidence, line->words[i].box, false);
        append_style(buffer, described, NULL, NULL);
      }
      for (size_t i = 0; i < line->glyph_count; ++i) {
        const read_glyph *glyph = &line->glyphs[i];
        append_row(buffer, source, p + 1, l + 1, "glyph", i + 1, glyph->text);
        append_end(buffer, glyph->confidence, glyph->box, glyph->rejected);
        append_style(buffer, described, glyph->style, NULL);
      }
    }
    if (page->cells) append_cells(buffer, source, p + 1, page, described);
  }
  return format_status(buffer, error);
}
