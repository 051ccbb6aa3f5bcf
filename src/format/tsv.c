/* A table: one row for each page, line, word and glyph, from the outside in, and after the lines of
 * a grid one for each of its cells. The first row of a
 * buffer names the columns:
 *
 *   file  page  line  level  number  text  confidence  x  y  width  height  rejected
 *
 * page, line and number count from 1; number is that of the word or glyph within its line, and 0
 * where it does not apply. rejected is 1 for a glyph that was not recognised: its text is then
 * empty. A page has no text and no confidence. Of a cell, line is its row in the grid and number
 * its column; in the text of a grid's line the tabs between cells are spaces. */
#include <string.h>

#include "format/rows.h"

static void append_row(format_buffer *buffer, const char *source, size_t page, size_t line,
                       const char *level, size_t number, const char *text) {
  if (source) format_append_clean(buffer, source);
  format_append(buffer, "\t%zu\t%zu\t%s\t%zu\t", page, line, level, number);
  format_append_clean(buffer, text);
}

static void append_end(format_buffer *buffer, double confidence, ink_box box, bool rejected) {
  format_append(buffer, "\t%.6f\t%d\t%d\t%d\t%d\t%d\n", confidence, box.x, box.y, box.width,
                box.height, rejected);
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
                         const read_page *page) {
  const read_cell *cell = page->cells;
  for (int row = 0; row < page->rows; ++row)
    for (int column = 0; column < page->columns; ++column, ++cell) {
      append_row(buffer, source, number, (size_t)row + 1, "cell", (size_t)column + 1, cell->text);
      append_end(buffer, cell->confidence, cell->box, false);
    }
}

scrawl_status format_write_tsv(const read_result *result, const char *source, format_buffer *buffer,
                               base_error *error) {
  if (buffer->size == 0)
    format_append(buffer, "file\tpage\tline\tlevel\tnumber\ttext\tconfidence\tx\ty\twidth\theight"
                          "\trejected\n");
  for (size_t p = 0; p < result->page_count; ++p) {
    const read_page *page = &result->pages[p];
    append_row(buffer, source, p + 1, 0, "page", 0, "");
    format_append(buffer, "\t\t0\t0\t%d\t%d\t%d\n", page->width, page->height,
                  page->line_count == 0);
    for (size_t l = 0; l < page->line_count; ++l) {
      const read_line *line = &page->lines[l];
      append_row(buffer, source, p + 1, l + 1, "line", 0, "");
      append_line_text(buffer, line->text);
      append_end(buffer, line->confidence, line->box, false);
      for (size_t i = 0; i < line->word_count; ++i) {
        append_row(buffer, source, p + 1, l + 1, "word", i + 1, line->words[i].text);
        append_end(buffer, line->words[i].confidence, line->words[i].box, false);
      }
      for (size_t i = 0; i < line->glyph_count; ++i) {
        const read_glyph *glyph = &line->glyphs[i];
        append_row(buffer, source, p + 1, l + 1, "glyph", i + 1, glyph->text);
        append_end(buffer, glyph->confidence, glyph->box, glyph->rejected);
      }
    }
    if (page->cells) append_cells(buffer, source, p + 1, page);
  }
  return format_status(buffer, error);
}
