/* Glyphs cut out of their picture.
 *
 * A cut will go through the whole reading again, alone, so it needs paper around the glyph, and
 * none of its neighbours: a margin of a quarter of the longer side is taken with it, and what
 * belongs to another glyph's box there is painted with the cut's median, which is paper. */
#include <string.h>

#include "base/memory.h"
#include "data/png.h"
#include "page/review.h"

enum { LEAST_MARGIN = 4 };

static ink_box clip(ink_box box, int width, int height) {
  int right = box.x + box.width, bottom = box.y + box.height;
  if (box.x < 0) box.x = 0;
  if (box.y < 0) box.y = 0;
  box.width = (right < width ? right : width) - box.x;
  box.height = (bottom < height ? bottom : height) - box.y;
  return box;
}

static bool inside(ink_box box, int x, int y) {
  return x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
}

static uint8_t median(const uint8_t *pixels, size_t count) {
  size_t histogram[256] = {0}, below = 0;
  int level = 0;
  for (size_t i = 0; i < count; i++) histogram[pixels[i]]++;
  while (level < 255 && (below += histogram[level]) <= count / 2) level++;
  return (uint8_t)level;
}

/* Where `other` reaches into the cut outside the glyph's own box. */
static void paint_over(uint8_t *pixels, ink_box cut, ink_box own, ink_box other, uint8_t paper) {
  ink_box moved = {other.x - cut.x, other.y - cut.y, other.width, other.height};
  moved = clip(moved, cut.width, cut.height);
  for (int y = moved.y; y < moved.y + moved.height; y++)
    for (int x = moved.x; x < moved.x + moved.width; x++)
      if (!inside(own, cut.x + x, cut.y + y))
        pixels[(size_t)y * (size_t)cut.width + (size_t)x] = paper;
}

static scrawl_status cut_glyph(const page_picture *picture, const read_page *page, page_cut *cut,
                               base_error *error) {
  ink_box own = cut->glyph->box;
  int side = own.width > own.height ? own.width : own.height;
  int margin = side / 4 > LEAST_MARGIN ? side / 4 : LEAST_MARGIN;
  ink_box box = {own.x - margin, own.y - margin, own.width + 2 * margin, own.height + 2 * margin};
  box = clip(box, picture->width, picture->height);
  if (box.width <= 0 || box.height <= 0)
    return base_fail(error, SCRAWL_INTERNAL, "a glyph lies outside of its picture");
  size_t count = (size_t)box.width * (size_t)box.height;
  uint8_t *pixels = base_alloc(count, 1);
  if (!pixels) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for a cut");
  for (int y = 0; y < box.height; y++)
    memcpy(pixels + (size_t)y * (size_t)box.width,
           picture->grey + (size_t)(box.y + y) * (size_t)picture->width + (size_t)box.x,
           (size_t)box.width);
  uint8_t paper = median(pixels, count);
  for (size_t l = 0; l < page->line_count; l++)
    for (size_t g = 0; g < page->lines[l].glyph_count; g++)
      if (&page->lines[l].glyphs[g] != cut->glyph)
        paint_over(pixels, box, own, page->lines[l].glyphs[g].box, paper);
  for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)(255 - pixels[i]); /* as ink */
  scrawl_status status =
      data_png_of_ink(pixels, box.width, box.height, &cut->png, &cut->size, error);
  base_free(pixels);
  return status;
}

static size_t count_doubtful(const read_page *page) {
  size_t count = 0;
  for (size_t l = 0; l < page->line_count; l++)
    for (size_t g = 0; g < page->lines[l].glyph_count; g++)
      count += page->lines[l].glyphs[g].rejected;
  return count;
}

static scrawl_status cut_page(const page_picture *picture, const read_page *page, page_cuts *cuts,
                              base_error *error) {
  cuts->items = base_alloc_zero(count_doubtful(page), sizeof *cuts->items);
  if (!cuts->items) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for cuts");
  for (size_t l = 0; l < page->line_count; l++)
    for (size_t g = 0; g < page->lines[l].glyph_count; g++) {
      const read_glyph *glyph = &page->lines[l].glyphs[g];
      if (!glyph->rejected) continue;
      page_cut *cut = &cuts->items[cuts->count++];
      *cut = (page_cut){.line = l + 1, .number = g + 1, .glyph = glyph};
      BASE_TRY(cut_glyph(picture, page, cut, error));
    }
  return SCRAWL_OK;
}

scrawl_status page_cut_doubtful(const void *bytes, size_t size, const page_limits *limits,
                                const read_result *result, page_cuts *cuts, base_error *error) {
  *cuts = (page_cuts){0};
  if (result->page_count == 0 || count_doubtful(&result->pages[0]) == 0) return SCRAWL_OK;
  page_picture picture = {0};
  BASE_TRY(page_decode(bytes, size, limits, &picture, error));
  scrawl_status status = cut_page(&picture, &result->pages[0], cuts, error);
  base_free(picture.grey);
  if (status != SCRAWL_OK) page_cuts_free(cuts);
  return status;
}

void page_cuts_free(page_cuts *cuts) {
  for (size_t i = 0; i < cuts->count; i++) base_free(cuts->items[i].png);
  base_free(cuts->items);
  *cuts = (page_cuts){0};
}
