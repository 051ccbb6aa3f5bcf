/* The style of everything that was read (ink/describe.h), as it stands in the picture that was
 * given: the ink was found in another, reduced, turned or straightened, and is put back under each
 * glyph's box, in pixels of the decoded picture, before it is measured. */
#include <math.h>

#include "base/memory.h"
#include "page/prepare.h"
#include "page/writing.h"

enum { MARGIN = 6 }; /* pixels of paper around a glyph, for its contrast */

typedef struct describing {
  const page_picture *picture;
  const ink_image *ink;
  page_map to_ink; /* from pixels of the decoded picture */
  double wider;    /* pixels of the file for one of those */
  base_arena *arena;
  base_error *error;
} describing;

/* The glyph's box in the decoded picture. */
static ink_box place(const describing *d, ink_box box) {
  int left = (int)(box.x / d->wider), top = (int)(box.y / d->wider);
  int right = (int)ceil((box.x + box.width) / d->wider);
  int bottom = (int)ceil((box.y + box.height) / d->wider);
  if (right > d->picture->width) right = d->picture->width;
  if (bottom > d->picture->height) bottom = d->picture->height;
  if (left < 0) left = 0;
  if (top < 0) top = 0;
  return (ink_box){left, top, right > left ? right - left : 0, bottom > top ? bottom - top : 0};
}

static ink_box grow(const describing *d, ink_box box) {
  int left = box.x > MARGIN ? box.x - MARGIN : 0, top = box.y > MARGIN ? box.y - MARGIN : 0;
  int right = box.x + box.width + MARGIN, bottom = box.y + box.height + MARGIN;
  if (right > d->picture->width) right = d->picture->width;
  if (bottom > d->picture->height) bottom = d->picture->height;
  return (ink_box){left, top, right - left, bottom - top};
}

static scrawl_status measure(const describing *d, ink_box box, ink_style *style) {
  ink_box around = grow(d, box), inside;
  ink_image ink;
  const page_picture *picture = d->picture;
  const ink_image grey = {around.width, around.height, (size_t)picture->width,
                          picture->grey + (size_t)around.y * (size_t)picture->width +
                              (size_t)around.x};
  const page_map shift = {{1, 0, around.x, 0, 1, around.y, 0, 0, 1}};
  page_map map = page_map_join(&d->to_ink, &shift);
  BASE_TRY(ink_image_create(around.width, around.height, &ink, d->error));
  page_warp(d->ink, &map, &ink, NULL);
  inside = (ink_box){box.x - around.x, box.y - around.y, box.width, box.height};
  scrawl_status status = ink_describe(&ink, inside, style, d->error);
  style->contrast = ink_contrast(&ink, inside, &grey, 1);
  base_free(ink.pixels);
  style->x += around.x;
  style->y += around.y;
  ink_style_enlarge(style, d->wider);
  return status;
}

static scrawl_status describe_glyph(const describing *d, read_glyph *glyph) {
  ink_box box = place(d, glyph->box);
  ink_style *style = base_arena_alloc(d->arena, 1, sizeof *style);
  if (!style) return base_fail(d->error, SCRAWL_OUT_OF_MEMORY, "no memory to describe a glyph");
  *style = (ink_style){0};
  glyph->style = style;
  return box.width && box.height ? measure(d, box, style) : SCRAWL_OK;
}

static scrawl_status describe_line(const describing *d, read_line *line) {
  ink_line_style *style = base_arena_alloc(d->arena, 1, sizeof *style);
  const ink_style **styles = base_arena_alloc(d->arena, line->glyph_count, sizeof(ink_style *));
  ink_box *boxes = base_arena_alloc(d->arena, line->glyph_count, sizeof *boxes);
  if (!style || !styles || !boxes)
    return base_fail(d->error, SCRAWL_OUT_OF_MEMORY, "no memory to describe a line");
  for (size_t i = 0; i < line->glyph_count; ++i) {
    BASE_TRY(describe_glyph(d, &line->glyphs[i]));
    styles[i] = line->glyphs[i].style;
    boxes[i] = line->glyphs[i].box;
  }
  line->style = style;
  return ink_describe_line(styles, boxes, line->glyph_count, style, d->error);
}

scrawl_status page_describe(const page_picture *picture, const ink_image *ink, const page_map *map,
                            read_result *result, base_error *error) {
  double wider = (double)picture->file_width / picture->width;
  const page_map scale = {{wider, 0, 0, 0, wider, 0, 0, 0, 1}};
  describing d = {picture, ink, .wider = wider, .arena = &result->arena, .error = error};
  page_map to_ink;
  result->described = true;
  if (!page_map_invert(map, &to_ink)) return SCRAWL_OK;
  d.to_ink = page_map_join(&to_ink, &scale);
  read_page *page = &result->pages[0];
  for (size_t l = 0; l < page->line_count; ++l) BASE_TRY(describe_line(&d, &page->lines[l]));
  return SCRAWL_OK;
}
