/* Finding the one glyph of a picture, in two ways.
 *
 * page_clean was made for single glyphs: it copes with the smallest pictures, with heavy noise and
 * with any polarity, but knows neither ruled lines nor the edges of shadows. page_prepare was made
 * for sheets of paper and takes both away. The first is asked first; while its glyph is not read
 * with near certainty, the second is asked too, and the glyph that is read with more confidence is
 * the one. Damage makes glyphs doubtful far more often than it makes them look like another one. */
#include "page/single.h"

#include <math.h>

#include <allheaders.h>

#include "base/memory.h"

enum { RIM = 5 }; /* pixels around the mask, with the middle: faint edges of strokes */

/* Confidence from which on no second opinion is asked for. */
#define SURE 0.99

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

static scrawl_status find_cleaned(const page_picture *picture, page_steps *steps,
                                  page_single *single, base_error *error) {
  BASE_TRY(page_clean(picture, steps, &single->image, error));
  double by = page_reduction(picture) * (double)picture->file_width / picture->width;
  single->map = (page_map){{by, 0, 0, 0, by, 0, 0, 0, 1}};
  if (ink_find(&single->image, &single->box))
    single->in_file = enlarge(single->box, page_reduction(picture), picture);
  return SCRAWL_OK;
}

/* The sheet's ink around what its mask shows, of which only the glyph is kept. */
static scrawl_status find_on_sheet(const page_sheet *sheet, page_steps *steps, page_single *single,
                                   base_error *error) {
  const ink_image *ink = &sheet->ink;
  PIX *near = pixDilateBrick(NULL, sheet->mask, RIM, RIM);
  if (!near) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find the glyph");
  scrawl_status status = ink_image_create(ink->width, ink->height, &single->image, error);
  for (int y = 0; status == SCRAWL_OK && y < ink->height; y++) {
    const uint8_t *from = ink->pixels + (size_t)y * ink->stride;
    uint8_t *to = single->image.pixels + (size_t)y * single->image.stride;
    const l_uint32 *line = pixGetData(near) + (size_t)y * (size_t)pixGetWpl(near);
    for (int x = 0; x < ink->width; x++) to[x] = GET_DATA_BIT(line, x) ? from[x] : 0;
  }
  pixDestroy(&near);
  BASE_TRY(status);
  single->map = sheet->map;
  BASE_TRY(ink_isolate(&single->image, error));
  BASE_TRY(page_steps_add_ink(steps, "glyph", &single->image, error));
  if (ink_find(&single->image, &single->box)) single->in_file = page_sheet_box(sheet, single->box);
  return SCRAWL_OK;
}

/* How sure the reader is of a sign in it; -1: there is no glyph. */
static double confidence_of(read_reader *reader, const page_single *single) {
  uint8_t glyph[INK_GLYPH_PIXELS];
  if (single->box.width <= 0) return -1;
  ink_normalise_glyph(&single->image, single->box, glyph);
  return read_best_confidence(reader, glyph);
}

static scrawl_status find_second(const page_picture *picture, const page_sheet *sheet,
                                 const page_prepare_options *options, page_single *single,
                                 base_error *error) {
  if (sheet) return find_on_sheet(sheet, options->steps, single, error);
  page_sheet own;
  BASE_TRY(page_prepare(picture, options, &own, error));
  scrawl_status status = find_on_sheet(&own, options->steps, single, error);
  page_sheet_free(&own);
  return status;
}

/* What one way found and its steps for those of the other. */
static void swap(page_single *single, page_single *other, page_steps *steps,
                 page_steps *other_steps) {
  page_single found = *single;
  *single = *other;
  *other = found;
  if (!steps) return;
  page_steps seen = *steps;
  *steps = *other_steps;
  *other_steps = seen;
}

scrawl_status page_find_single(const page_picture *picture, read_reader *reader,
                               const page_sheet *sheet, const page_prepare_options *options,
                               page_single *single, base_error *error) {
  static const page_prepare_options DEFAULTS = {0};
  if (!options) options = &DEFAULTS;
  /* Those that are there already are the sheet's, and belong to the second way. */
  page_steps *steps = options->steps, first_steps = {0};
  page_single first = {0};
  *single = (page_single){0};
  scrawl_status status = find_cleaned(picture, steps ? &first_steps : NULL, &first, error);
  double sure = status == SCRAWL_OK && reader ? confidence_of(reader, &first) : 1;
  bool second = sure < SURE;
  if (second) {
    status = find_second(picture, sheet, options, single, error);
    second = status == SCRAWL_OK && confidence_of(reader, single) > sure;
  }
  if (!second) swap(single, &first, steps, &first_steps);
  base_free(first.image.pixels);
  page_steps_free(&first_steps);
  if (status != SCRAWL_OK) {
    base_free(single->image.pixels);
    *single = (page_single){0};
  }
  return status;
}
