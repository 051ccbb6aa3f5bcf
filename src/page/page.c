/* One picture with one glyph in it, from bytes to a result tree. */
#include "page/page.h"

#include <string.h>

#include "base/memory.h"
#include "base/progress.h"

/* From the reduced picture back to the one that was given. */
static ink_box enlarge(ink_box box, int by, const page_picture *picture) {
  ink_box big = {box.x * by, box.y * by, box.width * by, box.height * by};
  if (big.width > picture->width - big.x) big.width = picture->width - big.x;
  if (big.height > picture->height - big.y) big.height = picture->height - big.y;
  return big;
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

static scrawl_status fill_result(const page_picture *picture, const page_options *options,
                                 read_reader *reader, read_result *result, base_error *error) {
  const read_model *model = read_reader_model(reader);
  ink_image image;
  result->model_name = base_arena_strdup(&result->arena, model->name, strlen(model->name));
  result->model_version = base_arena_strdup(&result->arena, model->version, strlen(model->version));
  result->pages = base_arena_alloc(&result->arena, 1, sizeof *result->pages);
  if (!result->model_name || !result->model_version || !result->pages)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the result");
  result->pages[0] = (read_page){.width = picture->width, .height = picture->height};
  result->page_count = 1;
  BASE_TRY(page_clean(picture, &image, error));
  scrawl_status status = read_line_of_one(reader, picture, &image, result, error);
  if (status == SCRAWL_OK && options->describe)
    status = page_describe(picture, &image, result, error);
  base_free(image.pixels);
  return status;
}

bool page_mode_find(const char *name, page_mode *mode) {
  static const char *const NAMES[] = {"auto", "digit", "glyph"};
  for (int i = 0; i < (int)(sizeof NAMES / sizeof *NAMES); i++)
    if (strcmp(NAMES[i], name) == 0) {
      *mode = (page_mode)i;
      return true;
    }
  return false;
}

scrawl_status page_allow(const page_options *options, read_reader *reader, base_error *error) {
  if (options->alphabet) return read_reader_allow(reader, options->alphabet, true, error);
  const char *digits = options->mode == PAGE_DIGIT ? READ_DIGITS : NULL;
  return read_reader_allow(reader, digits, false, error);
}

scrawl_status page_read(const void *bytes, size_t size, const page_options *options,
                        read_reader *reader, read_result *result, base_error *error) {
  static const page_options DEFAULTS = {0};
  double start = base_clock();
  page_picture picture = {0};
  if (!options) options = &DEFAULTS;
  read_result_init(result);
  scrawl_status status = page_allow(options, reader, error);
  if (status == SCRAWL_OK) status = page_decode(bytes, size, &options->limits, &picture, error);
  if (status == SCRAWL_OK) status = fill_result(&picture, options, reader, result, error);
  base_free(picture.grey);
  if (status != SCRAWL_OK) {
    read_result_free(result);
    read_result_init(result);
  }
  result->milliseconds = 1000 * (base_clock() - start);
  return status;
}
