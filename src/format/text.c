/* Plain text: the lines of the page, and for a page without any, one empty line. A grid has a line
 * for each row, its cells parted by tabs. With a source, its name and a tab before each. Where the
 * result is described, a line with the style of each line and of each of its glyphs follows,
 * indented. */
#include "format/rows.h"
#include "format/style.h"

static void append_source(const char *source, format_buffer *buffer) {
  if (!source) return;
  format_append_clean(buffer, source);
  format_append(buffer, "\t");
}

static void append_line(const char *source, const char *text, format_buffer *buffer) {
  append_source(source, buffer);
  format_append_clean(buffer, text);
  format_append(buffer, "\n");
}

static void append_style(const char *source, const char *what, const format_property *list,
                         size_t count, format_buffer *buffer) {
  append_source(source, buffer);
  format_append(buffer, "  ");
  format_append_clean(buffer, what);
  for (size_t i = 0; i < count; ++i) {
    const char *unit = list[i].unit;
    format_append(buffer, "%s%s %.*f%s%s", i ? ", " : ": ", list[i].name,
                  list[i].whole ? 0
                  : *unit       ? 1
                                : 2,
                  list[i].value, *unit == 'p' ? " " : "", unit);
  }
  format_append(buffer, "\n");
}

static void append_styles(const char *source, const read_line *line, format_buffer *buffer) {
  format_property list[FORMAT_MAX_PROPERTIES];
  if (line->style)
    append_style(source, "line", list, format_line_properties(line->style, list), buffer);
  for (size_t i = 0; i < line->glyph_count; ++i) {
    const read_glyph *glyph = &line->glyphs[i];
    if (glyph->style)
      append_style(source, glyph->rejected ? "?" : glyph->text, list,
                   format_glyph_properties(glyph->style, list), buffer);
  }
}

static void append_grid(const char *source, const read_page *page, format_buffer *buffer) {
  const read_cell *cell = page->cells;
  for (int row = 0; row < page->rows; ++row) {
    append_source(source, buffer);
    for (int column = 0; column < page->columns; ++column, ++cell) {
      if (column) format_append(buffer, "\t");
      format_append_clean(buffer, cell->text);
    }
    format_append(buffer, "\n");
  }
}

scrawl_status format_write_text(const read_result *result, const char *source,
                                format_buffer *buffer, base_error *error) {
  for (size_t p = 0; p < result->page_count; ++p) {
    const read_page *page = &result->pages[p];
    if (page->cells) append_grid(source, page, buffer);
    for (size_t l = 0; l < page->line_count; ++l) {
      if (!page->cells) append_line(source, page->lines[l].text, buffer);
      append_styles(source, &page->lines[l], buffer);
    }
    if (page->line_count == 0 && !page->cells) append_line(source, "", buffer);
  }
  return format_status(buffer, error);
}
