/* One picture, from bytes to a result tree. */
#include "page/page.h"

#include <string.h>

#include "base/memory.h"
#include "base/progress.h"
#include "data/alphabet.h"
#include "page/single.h"
#include "page/writing.h"

enum { SMALL = 48 }; /* pixels of the longer side: one glyph, unless it is much wider than high */
/* Glyphs in more than one place are believed from this confidence on when one alone would do. */
#define BELIEVED 0.5
/* Of the tallest glyph's height. */
#define SIMILAR 0.5

/* A line of one glyph; none when there is no ink. */
static scrawl_status read_line_of_one(read_reader *reader, const page_single *single,
                                      read_result *result, base_error *error) {
  read_glyph glyph;
  BASE_TRY(read_single_glyph(reader, &single->image, &result->arena, &glyph, error));
  if (glyph.box.width <= 0) return SCRAWL_OK;
  glyph.box = single->in_file;
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

/* `sheet` NULL: it is prepared if it is needed. */
static scrawl_status read_one(read_reader *reader, const page_picture *picture,
                              const page_sheet *sheet, const page_options *options,
                              read_result *result, base_error *error) {
  page_prepare_options prepare = {options->steps, options->pool};
  page_single single;
  BASE_TRY(page_find_single(picture, reader, sheet, &prepare, &single, error));
  scrawl_status status = read_line_of_one(reader, &single, result, error);
  if (status == SCRAWL_OK && options->describe)
    status = page_describe(picture, &single.image, &single.map, result, error);
  base_free(single.image.pixels);
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
static scrawl_status read_sheet(read_reader *reader, const page_sheet *sheet, page_mode mode,
                                read_result *result, base_error *error) {
  bool done = false;
  BASE_TRY(read_grid(reader, sheet, mode, result, &done, error));
  return done ? SCRAWL_OK
              : page_read_lines(reader, sheet, &result->arena, &result->pages[0], error);
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
static scrawl_status read_several_or_one(read_reader *reader, const page_picture *picture,
                                         const page_options *options, read_result *result,
                                         base_error *error) {
  page_prepare_options prepare = {options->steps, options->pool};
  read_page *page = &result->pages[0];
  page_sheet sheet;
  BASE_TRY(page_prepare(picture, &prepare, &sheet, error));
  scrawl_status status = read_sheet(reader, &sheet, options->mode, result, error);
  /* What has more marks than writing has may still be one glyph. */
  bool one = options->mode == PAGE_AUTO &&
             (status == SCRAWL_LIMIT_EXCEEDED || (status == SCRAWL_OK && !has_several(page)));
  if (one) {
    *page = (read_page){.width = page->width, .height = page->height};
    status = read_one(reader, picture, &sheet, options, result, error);
  } else if (status == SCRAWL_OK && options->describe) {
    status = page_describe(picture, &sheet.ink, &sheet.map, result, error);
  }
  page_sheet_free(&sheet);
  return status;
}

static bool is_small(const page_picture *picture) {
  int longer = picture->width > picture->height ? picture->width : picture->height;
  int shorter = picture->width + picture->height - longer;
  return longer <= SMALL && 2 * longer <= 3 * shorter;
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
  bool one = options->mode == PAGE_DIGIT || options->mode == PAGE_GLYPH ||
             (options->mode == PAGE_AUTO && is_small(picture));
  return one ? read_one(reader, picture, NULL, options, result, error)
             : read_several_or_one(reader, picture, options, result, error);
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
  char *alphabet;
  BASE_TRY(data_alphabet_expand("the alphabet", options->alphabet, &alphabet, error));
  if (alphabet) {
    scrawl_status status = read_reader_allow(reader, alphabet, true, error);
    base_free(alphabet);
    return status;
  }
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
