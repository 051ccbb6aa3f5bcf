/* A picture with several signs, for people whose browser runs no script: its lines, or a grid as a
 * table, with the signs marked that are unsure or were not read; below them, behind a fold, how
 * sure each one is. web/src/text.ts builds the same elements.
 *
 * A line's text is its glyphs' signs in order and what separates them; of a glyph that was not read
 * it says nothing. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "serve/server.h"

enum {
  MOST_NAMED = 3, /* other readings of a sign */
  WIDE = 10,      /* columns: a grid of more may have to scroll, and the keyboard has to reach it */
};
static const double UNSURE = 0.95; /* under it a sign is marked: of those just under, one in twenty
                                      is wrong */
static const double LEAST = 0.001; /* what is less likely is not worth a word */

static const char *doubt_of(const read_glyph *glyph) {
  if (glyph->rejected) return "rejected";
  return glyph->confidence < UNSURE ? "unsure" : "certain";
}

static void append_sign(format_buffer *html, const read_glyph *glyph) {
  format_append(html, "<span class=\"found %s\">", doubt_of(glyph));
  serve_view_escaped(html, glyph->text);
  if (glyph->rejected) format_append(html, "<span class=\"unseen\">(not read)</span>");
  format_append(html, "</span>");
}

static void append_slice(format_buffer *html, const char *from, const char *end) {
  for (; from < end; from++) serve_view_escaped(html, (const char[]){*from, '\0'});
}

/* The sign in the text, with nothing before it but what separates signs; NULL: not there. */
static const char *find_sign(const char *text, const char *sign) {
  const char *found = *sign ? strstr(text, sign) : NULL;
  for (const char *at = text; found && at < found; at++)
    if (isalnum((unsigned char)*at)) return NULL;
  return found;
}

static void append_line(format_buffer *html, const read_line *line) {
  const char *at = line->text;
  format_append(html, "<p>");
  for (size_t g = 0; g < line->glyph_count; g++) {
    const read_glyph *glyph = &line->glyphs[g];
    if (!glyph->rejected) {
      const char *found = find_sign(at, glyph->text);
      if (!found) continue;
      append_slice(html, at, found);
      at = found + strlen(glyph->text);
    }
    append_sign(html, glyph);
  }
  serve_view_escaped(html, at);
  format_append(html, "</p>\n");
}

static void append_others(format_buffer *html, const read_glyph *glyph) {
  int named = 0;
  for (size_t i = 0; i < glyph->alternative_count && named < MOST_NAMED; i++) {
    if (glyph->alternatives[i].confidence < LEAST) continue;
    format_append(html, named++ ? ", " : " <span class=\"others\">or ");
    serve_view_escaped(html, glyph->alternatives[i].text);
    format_append(html, " (");
    serve_view_percent(html, glyph->alternatives[i].confidence);
    format_append(html, ")");
  }
  if (named) format_append(html, "</span>");
}

static void append_each(format_buffer *html, const read_glyph *glyph) {
  format_append(html, "<li class=\"%s\"><span class=\"candidate\">", doubt_of(glyph));
  serve_view_escaped(html, *glyph->text ? glyph->text : "?");
  format_append(html, "</span> <span class=\"percent\">");
  if (glyph->rejected)
    format_append(html, "not read");
  else
    serve_view_percent(html, glyph->confidence);
  format_append(html, "</span>");
  append_others(html, glyph);
  format_append(html, "</li>\n");
}

static void append_summary(format_buffer *html, const read_page *page) {
  size_t all = 0, unsure = 0, rejected = 0;
  for (size_t l = 0; l < page->line_count; l++)
    for (size_t g = 0; g < page->lines[l].glyph_count; g++, all++) {
      const read_glyph *glyph = &page->lines[l].glyphs[g];
      rejected += glyph->rejected;
      unsure += !glyph->rejected && glyph->confidence < UNSURE;
    }
  if (unsure + rejected == 0) return;
  format_append(html, "<p class=\"doubts\">");
  if (unsure) format_append(html, "%zu unsure", unsure);
  if (unsure && rejected) format_append(html, " and ");
  if (rejected) format_append(html, "%zu not read", rejected);
  format_append(html, " of %zu signs</p>\n", all);
}

/* How far the glyph's middle is from the cell's, in sizes of the cell; up to a half within. The
 * boxes of a grid that stands askew overlap: being in one says less than being near its middle. */
static double distance(const read_cell *cell, const read_glyph *glyph) {
  double x = glyph->box.x + glyph->box.width / 2.0 - cell->box.x - cell->box.width / 2.0;
  double y = glyph->box.y + glyph->box.height / 2.0 - cell->box.y - cell->box.height / 2.0;
  return fmax(fabs(x) / fmax(cell->box.width, 1), fabs(y) / fmax(cell->box.height, 1));
}

static size_t nearest_cell(const read_cell *cells, size_t count, const read_glyph *glyph) {
  size_t nearest = 0;
  for (size_t c = 1; c < count; c++)
    if (distance(&cells[c], glyph) < distance(&cells[nearest], glyph)) nearest = c;
  return nearest;
}

/* The signs of the row's line in the cells that they stand in, from left to right; a cell's own
 * text where there are none. */
static void append_row(format_buffer *html, const read_cell *cells, size_t columns,
                       const read_line *line) {
  size_t g = 0, count = line ? line->glyph_count : 0;
  size_t next = count ? nearest_cell(cells, columns, line->glyphs) : columns;
  format_append(html, "<tr>");
  for (size_t c = 0; c < columns; c++) {
    format_append(html, "<td>");
    if (next > c) serve_view_escaped(html, cells[c].text);
    while (next <= c) {
      append_sign(html, &line->glyphs[g]);
      next = ++g < count ? nearest_cell(cells, columns, &line->glyphs[g]) : columns;
    }
    format_append(html, "</td>");
  }
  format_append(html, "</tr>\n");
}

static void append_grid(format_buffer *html, const read_page *page) {
  const char *reach = page->columns > WIDE ? " tabindex=\"0\" role=\"region\"" : "";
  format_append(html, "<div class=\"wide\"%s%s><table class=\"grid\">\n", reach,
                *reach ? " aria-label=\"The grid\"" : "");
  format_append(html, "<caption class=\"unseen\">%d rows, %d columns</caption>\n", page->rows,
                page->columns);
  size_t columns = (size_t)page->columns, count = (size_t)page->rows * columns, l = 0;
  for (size_t row = 0; row < count; row += columns) {
    const read_line *line = l < page->line_count ? &page->lines[l] : NULL;
    bool here = line && line->glyph_count &&
                nearest_cell(page->cells, count, line->glyphs) / columns == row / columns;
    append_row(html, page->cells + row, columns, here ? line : NULL);
    l += here;
  }
  format_append(html, "</table></div>\n");
}

static void append_lines(format_buffer *html, const read_page *page) {
  format_append(html, "<div class=\"lines\">\n");
  for (size_t l = 0; l < page->line_count; l++) append_line(html, &page->lines[l]);
  format_append(html, "</div>\n");
}

void serve_view_text(const read_page *page, format_buffer *html) {
  if (page->cells)
    append_grid(html, page);
  else
    append_lines(html, page);
  if (page->line_count == 0) return;
  append_summary(html, page);
  format_append(html, "<details><summary>How sure each sign is</summary>\n<ol class=\"each\">\n");
  for (size_t l = 0; l < page->line_count; l++)
    for (size_t g = 0; g < page->lines[l].glyph_count; g++)
      append_each(html, &page->lines[l].glyphs[g]);
  format_append(html, "</ol>\n</details>\n");
}
