/* Plain text: the lines of the page, and for a page without any, one empty line. A grid has a line
 * for each row, its cells parted by tabs. With a source, its name and a tab before each. */
#include "format/rows.h"

static void append_line(const char *source, const char *text, format_buffer *buffer) {
  if (source) {
    format_append_clean(buffer, source);
    format_append(buffer, "\t");
  }
  format_append_clean(buffer, text);
  format_append(buffer, "\n");
}

static void append_grid(const char *source, const read_page *page, format_buffer *buffer) {
  const read_cell *cell = page->cells;
  for (int row = 0; row < page->rows; ++row) {
    if (source) {
      format_append_clean(buffer, source);
      format_append(buffer, "\t");
    }
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
    if (page->cells) {
      append_grid(source, page, buffer);
      continue;
    }
    for (size_t l = 0; l < page->line_count; ++l) append_line(source, page->lines[l].text, buffer);
    if (page->line_count == 0) append_line(source, "", buffer);
  }
  return format_status(buffer, error);
}
