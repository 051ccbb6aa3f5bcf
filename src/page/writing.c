/* Sheets to pages of a result: all lines, or the cells of a grid. */
#include "page/writing.h"

#include <string.h>

#include "base/memory.h"
#include "page/strings.h"

/* Share of the ink; else the writing does not keep to the lines: graph paper, not a grid. */
#define LEAST_IN_CELLS 0.6

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the result");
}

/* Boxes of the sheet become boxes of the picture. */
static void place_line(const page_sheet *sheet, read_line *line) {
  line->box = page_sheet_box(sheet, line->box);
  for (size_t i = 0; i < line->word_count; i++)
    line->words[i].box = page_sheet_box(sheet, line->words[i].box);
  for (size_t i = 0; i < line->glyph_count; i++)
    line->glyphs[i].box = page_sheet_box(sheet, line->glyphs[i].box);
}

scrawl_status page_read_lines(read_reader *reader, const page_sheet *sheet, base_arena *arena,
                              read_page *page, base_error *error) {
  page_segments segments;
  page->angle = sheet->angle;
  BASE_TRY(page_segment(sheet, &segments, error));
  scrawl_status status = page_read_rows(reader, &segments, &sheet->ink, arena, &page->lines, error);
  for (size_t i = 0; status == SCRAWL_OK && i < segments.row_count; i++) {
    if (page->lines[i].glyph_count == 0) continue;
    place_line(sheet, &page->lines[i]);
    page->lines[page->line_count++] = page->lines[i];
  }
  page_segments_free(&segments);
  return status;
}

/* One row of the grid as a line: its cells' texts parted by `separator`, each with ink a word. A
 * line without glyphs when all are empty. */
static scrawl_status join_cells(const read_line *cells, int columns, const char *separator,
                                base_arena *arena, read_line *line, base_error *error) {
  size_t glyphs = 0, bytes = 1;
  *line = (read_line){.text = "", .confidence = 1};
  for (int c = 0; c < columns; c++) {
    glyphs += cells[c].glyph_count;
    bytes += strlen(cells[c].text) + strlen(separator);
  }
  if (glyphs == 0) return SCRAWL_OK;
  char *text = base_arena_alloc(arena, bytes, 1), *end = text;
  line->glyphs = base_arena_alloc(arena, glyphs, sizeof *line->glyphs);
  line->words = base_arena_alloc(arena, (size_t)columns, sizeof *line->words);
  if (!text || !line->glyphs || !line->words) return no_memory(error);
  for (int c = 0; c < columns; c++) {
    const read_line *cell = &cells[c];
    if (c) end = stpcpy(end, separator);
    end = stpcpy(end, cell->text);
    if (cell->glyph_count == 0) continue;
    line->box = line->word_count ? ink_box_join(line->box, cell->box) : cell->box;
    line->words[line->word_count++] = (read_word){cell->text, cell->confidence, cell->box};
    line->confidence *= cell->confidence;
    memcpy(line->glyphs + line->glyph_count, cell->glyphs, cell->glyph_count * sizeof(read_glyph));
    line->glyph_count += cell->glyph_count;
  }
  line->text = text;
  return SCRAWL_OK;
}

/* A comb's boxes hold one sign each: together they are one word. */
static void join_comb(read_line *line) {
  line->words[0] = (read_word){line->text, line->confidence, line->box};
  line->word_count = 1;
}

static scrawl_status fill_page(const page_sheet *sheet, const page_grid *grid, read_line *cells,
                               bool comb, base_arena *arena, read_page *page, base_error *error) {
  size_t count = (size_t)grid->rows * (size_t)grid->columns;
  page->lines = base_arena_alloc(arena, (size_t)grid->rows, sizeof *page->lines);
  read_cell *made = base_arena_alloc(arena, count, sizeof *made);
  if (!page->lines || !made) return no_memory(error);
  for (size_t i = 0; i < count; i++) {
    bool empty = cells[i].glyph_count == 0;
    made[i] = (read_cell){cells[i].text, empty ? 1 : cells[i].confidence,
                          page_sheet_box(sheet, grid->cells[i].box)};
    if (!empty) place_line(sheet, &cells[i]);
  }
  for (int r = 0; r < grid->rows; r++) {
    read_line *line = &page->lines[page->line_count];
    BASE_TRY(join_cells(cells + (size_t)r * (size_t)grid->columns, grid->columns, comb ? "" : "\t",
                        arena, line, error));
    if (line->glyph_count == 0) continue;
    if (comb) join_comb(line);
    page->line_count++;
  }
  if (comb) return SCRAWL_OK;
  page->rows = grid->rows;
  page->columns = grid->columns;
  page->cells = made;
  return SCRAWL_OK;
}

scrawl_status page_read_cells(read_reader *reader, const page_sheet *sheet, const page_grid *grid,
                              bool comb, base_arena *arena, read_page *page, bool *fits,
                              base_error *error) {
  size_t count = (size_t)grid->rows * (size_t)grid->columns;
  page_segments segments;
  read_line *cells;
  page->angle = sheet->angle;
  ink_box *boxes = base_alloc(count, sizeof *boxes);
  if (!boxes) return no_memory(error);
  for (size_t i = 0; i < count; i++) boxes[i] = grid->cells[i].box;
  scrawl_status status = page_segment_cells(sheet, boxes, count, &segments, error);
  base_free(boxes);
  if (status != SCRAWL_OK) return status;
  status = page_read_rows(reader, &segments, &sheet->ink, arena, &cells, error);
  if (status == SCRAWL_OK) status = fill_page(sheet, grid, cells, comb, arena, page, error);
  *fits = segments.used >= LEAST_IN_CELLS;
  page_segments_free(&segments);
  return status;
}
