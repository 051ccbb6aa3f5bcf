/* The style of everything that was read (ink/describe.h), measured in the ink and given in pixels
 * of the picture. */
#include "base/memory.h"
#include "page/page.h"

/* From the picture that was given to the reduced one, whose last pixels may stand for less. */
static ink_box shrink(ink_box box, int by, const ink_image *image) {
  int right = (box.x + box.width - 1) / by + 1, bottom = (box.y + box.height - 1) / by + 1;
  ink_box small = {box.x / by, box.y / by, 0, 0};
  if (small.x < 0) small.x = 0;
  if (small.y < 0) small.y = 0;
  if (right > image->width) right = image->width;
  if (bottom > image->height) bottom = image->height;
  if (right > small.x) small.width = right - small.x;
  if (bottom > small.y) small.height = bottom - small.y;
  return small;
}

static scrawl_status describe_glyph(const page_picture *picture, const ink_image *image,
                                    base_arena *arena, read_glyph *glyph, base_error *error) {
  const ink_image grey = {picture->width, picture->height, (size_t)picture->width, picture->grey};
  int by = page_reduction(picture);
  ink_box box = shrink(glyph->box, by, image);
  ink_style *style = base_arena_alloc(arena, 1, sizeof *style);
  if (!style) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to describe a glyph");
  BASE_TRY(ink_describe(image, box, style, error));
  style->contrast = ink_contrast(image, box, &grey, by);
  ink_style_enlarge(style, by);
  glyph->style = style;
  return SCRAWL_OK;
}

static scrawl_status describe_line(base_arena *arena, read_line *line, base_error *error) {
  ink_line_style *style = base_arena_alloc(arena, 1, sizeof *style);
  const ink_style **styles = base_arena_alloc(arena, line->glyph_count, sizeof(ink_style *));
  ink_box *boxes = base_arena_alloc(arena, line->glyph_count, sizeof *boxes);
  if (!style || !styles || !boxes)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to describe a line");
  for (size_t i = 0; i < line->glyph_count; ++i) {
    styles[i] = line->glyphs[i].style;
    boxes[i] = line->glyphs[i].box;
  }
  BASE_TRY(ink_describe_line(styles, boxes, line->glyph_count, style, error));
  line->style = style;
  return SCRAWL_OK;
}

scrawl_status page_describe(const page_picture *picture, const ink_image *image,
                            read_result *result, base_error *error) {
  for (size_t p = 0; p < result->page_count; ++p)
    for (size_t l = 0; l < result->pages[p].line_count; ++l) {
      read_line *line = &result->pages[p].lines[l];
      for (size_t i = 0; i < line->glyph_count; ++i)
        BASE_TRY(describe_glyph(picture, image, &result->arena, &line->glyphs[i], error));
      BASE_TRY(describe_line(&result->arena, line, error));
    }
  result->described = true;
  return SCRAWL_OK;
}
