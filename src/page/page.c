/* One picture, from bytes to a result tree. */
#include "page/page.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/progress.h"
#include "page/sheet.h"
#include "page/writing.h"

enum { SMALL = 48 }; /* pixels of the longer side: one glyph, unless it is much wider than high */
/* Glyphs in more than one place are believed from this confidence on when one alone would do. */
#define BELIEVED 0.5
/* Of the tallest glyph's height. */
#define SIMILAR 0.5

/* From the reduced picture back to the one that was given. */
static ink_box enlarge(ink_box box, int by, const page_picture *picture) {
  int width = picture->file_width, height = picture->file_height;
  double wider = (double)by * width / picture->width,
         higher = (double)by * height / picture->height;
  int left = (int)(box.x * wider), top = (int)(box.y * higher);
  int right = (int)ceil((box.x + box.width) * wider);
  int bottom = (int)ceil((box.y + box.height) * higher);
  if (right > width) right = width;
  if (bottom > height) bottom = height;
  return (ink_box){left, top, right - left, bottom - top};
}

/* A line of one glyph; none when there is no ink. */
static scrawl_status read_line_of_one(read_reader *reader, const page_picture *picture,
                                      const ink_image *image, read_result *result,
                                      base_error *error) {
  read_glyph glyph;
  BASE_TRY(read_single_glyph(reader, image, &result->arena, &glyph, error));
  if (glyph.box.width <= 0) return SCRAWL_OK;
  glyph.box = enlarge(glyph.box, page_reduction(picture), picture);
  read_line *line = base_arena_alloc(&result->arena, 1, sizeof *line);
  read_glyph *glyphs = base_arena_alloc(&result->arena, 1, sizeof *glyphs);
  read_word *words = base_arena_alloc(&result->arena, 1, sizeof *words);
  if (!line || !glyphs || !words)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the result");
  *glyphs = glyph;
  *words = (read_word){glyph.text, glyph.confidence, glyph.box};
  *line = (read_line){.text = glyph.text,
                      .confidence = glyph.confidence,
                      .box = glyph.box,
                      .words = words,
                      .word_count = glyph.rejected ? 0 : 1,
                      .glyphs = glyphs,
                      .glyph_count = 1};
  result->pages[0].lines = line;
  result->pages[0].line_count = 1;
  return SCRAWL_OK;
}

static scrawl_status read_one(read_reader *reader, const page_picture *picture,
                              const page_options *options, read_result *result, base_error *error) {
  ink_image image;
  BASE_TRY(page_clean(picture, &image, error));
  scrawl_status status = read_line_of_one(reader, picture, &image, result, error);
  if (status == SCRAWL_OK && options->describe) {
    double by = page_reduction(picture) * (double)picture->file_width / picture->width;
    const page_map map = {{by, 0, 0, 0, by, 0, 0, 0, 1}};
    status = page_describe(picture, &image, &map, result, error);
  }
  base_free(image.pixels);
  return status;
}

/* The cells of a grid, if there is one and the mode wants it. A single row of boxes is a line,
 * unless a grid was asked for. */
static scrawl_status read_grid(read_reader *reader, const page_sheet *sheet, page_mode mode,
                               read_result *result, bool *done, base_error *error) {
  page_grid grid;
  BASE_TRY(page_find_grid(sheet, &grid, error));
  bool asked = mode == PAGE_GRID, comb = !asked && grid.rows == 1 && grid.columns > 1;
  bool wanted =
      asked ? grid.rows > 0 : comb || (mode == PAGE_AUTO && grid.rows > 1 && grid.columns > 1);
  bool fits = true;
  read_page *page = &result->pages[0], before = *page;
  scrawl_status status = SCRAWL_OK;
  if (wanted)
    status = page_read_cells(reader, sheet, &grid, comb, &result->arena, page, &fits, error);
  *done = wanted && (asked || (fits && page->line_count));
  if (!*done) *page = before;
  page_grid_free(&grid);
  return status;
}

/* Lines or a grid, by what is on the sheet. */
static scrawl_status read_sheet(read_reader *reader, const page_picture *picture,
                                const page_options *options, read_result *result,
                                base_error *error) {
  page_prepare_options prepare = {options->steps, options->pool};
  page_sheet sheet;
  bool done = false;
  BASE_TRY(page_prepare(picture, &prepare, &sheet, error));
  scrawl_status status = read_grid(reader, &sheet, options->mode, result, &done, error);
  if (status == SCRAWL_OK && !done)
    status = page_read_lines(reader, &sheet, &result->arena, &result->pages[0], error);
  if (status == SCRAWL_OK && options->describe)
    status = page_describe(picture, &sheet.ink, &sheet.map, result, error);
  page_sheet_free(&sheet);
  return status;
}

/* Whether there is more than one glyph: two in a line or in a grid, or three in lines of their own,
 * sure and of similar height. Whatever else is in a picture of one glyph gives single ones that are
 * not. */
static bool has_several(const read_page *page) {
  int tallest = 0;
  size_t all = 0;
  for (int pass = 0; pass < 2; pass++)
    for (size_t l = 0; l < page->line_count; l++) {
      size_t in_line = 0;
      for (size_t g = 0; g < page->lines[l].glyph_count; g++) {
        const read_glyph *glyph = &page->lines[l].glyphs[g];
        if (glyph->rejected || glyph->confidence < BELIEVED) continue;
        if (pass == 0 && glyph->box.height > tallest) tallest = glyph->box.height;
        in_line += pass == 1 && glyph->box.height >= SIMILAR * tallest;
      }
      all += in_line;
      if (in_line > 1) return true;
    }
  return all > (page->cells ? 1 : 2);
}

/* A picture of one glyph is read as such: what was made for it knows more of single glyphs, that
 * they stand out from whatever else is in the picture. */
static scrawl_status read_auto(read_reader *reader, const page_picture *picture,
                               const page_options *options, read_result *result,
                               base_error *error) {
  read_page *page = &result->pages[0];
  int longer = picture->width > picture->height ? picture->width : picture->height;
  int shorter = picture->width + picture->height - longer;
  if (longer <= SMALL && 2 * longer <= 3 * shorter)
    return read_one(reader, picture, options, result, error);
  BASE_TRY(read_sheet(reader, picture, options, result, error));
  if (has_several(page)) return SCRAWL_OK;
  *page = (read_page){.width = page->width, .height = page->height};
  return read_one(reader, picture, options, result, error);
}

static scrawl_status fill_result(const page_picture *picture, const page_options *options,
                                 read_reader *reader, read_result *result, base_error *error) {
  const read_model *model = read_reader_model(reader);
  result->model_name = base_arena_strdup(&result->arena, model->name, strlen(model->name));
  result->model_version = base_arena_strdup(&result->arena, model->version, strlen(model->version));
  result->pages = base_arena_alloc(&result->arena, 1, sizeof *result->pages);
  if (!result->model_name || !result->model_version || !result->pages)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the result");
  result->pages[0] = (read_page){.width = picture->file_width, .height = picture->file_height};
  result->page_count = 1;
  switch (options->mode) {
  case PAGE_AUTO:
    return read_auto(reader, picture, options, result, error);
  case PAGE_DIGITS:
  case PAGE_GRID:
    return read_sheet(reader, picture, options, result, error);
  case PAGE_DIGIT:
  case PAGE_GLYPH:
    break;
  }
  return read_one(reader, picture, options, result, error);
}

bool page_mode_find(const char *name, page_mode *mode) {
  static const char *const NAMES[] = {"auto", "digit", "digits", "grid", "glyph"};
  for (int i = 0; i < (int)(sizeof NAMES / sizeof *NAMES); i++)
    if (strcmp(NAMES[i], name) == 0) {
      *mode = (page_mode)i;
      return true;
    }
  return false;
}

scrawl_status page_allow(const page_options *options, read_reader *reader, base_error *error) {
  if (options->alphabet) return read_reader_allow(reader, options->alphabet, true, error);
  bool digits = options->mode != PAGE_AUTO && options->mode != PAGE_GLYPH;
  return read_reader_allow(reader, digits ? READ_DIGITS : NULL, false, error);
}

scrawl_status page_read(const void *bytes, size_t size, const page_options *options,
                        read_reader *reader, read_result *result, base_error *error) {
  static const page_options DEFAULTS = {0};
  double start = base_clock();
  page_picture picture = {0};
  if (!options) options = &DEFAULTS;
  page_limits limits = options->limits;
  limits.side = PAGE_WORKING_SIDE;
  read_result_init(result);
  scrawl_status status = page_allow(options, reader, error);
  if (status == SCRAWL_OK) status = page_decode(bytes, size, &limits, &picture, error);
  if (status == SCRAWL_OK) status = fill_result(&picture, options, reader, result, error);
  base_free(picture.grey);
  if (status != SCRAWL_OK) {
    read_result_free(result);
    read_result_init(result);
  }
  result->milliseconds = 1000 * (base_clock() - start);
  return status;
}
