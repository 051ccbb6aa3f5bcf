/* The style of everything that was read (ink/describe.h), as it stands in the picture that was
 * given: the ink was found in another, reduced, turned or straightened, and is put back under each
 * glyph's box, in pixels of the decoded picture, before it is measured. */
#include <math.h>

#include "base/memory.h"
#include "page/prepare.h"
#include "page/writing.h"

enum {
  MARGIN = 6, /* pixels of paper around a glyph, for its contrast; and half of its longer side */
  FAINT = 64, /* ink from here on hangs together */
};

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
  int margin = MARGIN + (box.width > box.height ? box.width : box.height) / 2;
  int left = box.x > margin ? box.x - margin : 0, top = box.y > margin ? box.y - margin : 0;
  int right = box.x + box.width + margin, bottom = box.y + box.height + margin;
  if (right > d->picture->width) right = d->picture->width;
  if (bottom > d->picture->height) bottom = d->picture->height;
  return (ink_box){left, top, right - left, bottom - top};
}

/* Floods the ink around `start`; `*outside`: how many of its pixels are not in the box. */
static size_t flood(const ink_image *ink, ink_box box, size_t start, bool *seen, uint32_t *pixels,
                    size_t *outside) {
  size_t count = 0;
  *outside = 0;
  seen[start] = true;
  pixels[count++] = (uint32_t)start;
  for (size_t next = 0; next < count; ++next) {
    int x = (int)(pixels[next] % (uint32_t)ink->width),
        y = (int)(pixels[next] / (uint32_t)ink->width);
    *outside += x < box.x || y < box.y || x >= box.x + box.width || y >= box.y + box.height;
    for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < ink->height; ++v)
      for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < ink->width; ++u) {
        size_t at = (size_t)v * (size_t)ink->width + (size_t)u;
        if (seen[at] || ink->pixels[at] < FAINT) continue;
        seen[at] = true;
        pixels[count++] = (uint32_t)at;
      }
  }
  return count;
}

/* Wipes out what reaches into the box from its neighbours: whatever hangs together and lies for
 * the most part outside. */
static scrawl_status wipe_neighbours(ink_image *ink, ink_box box, base_error *error) {
  size_t all = (size_t)ink->width * (size_t)ink->height, outside;
  bool *seen = base_alloc_zero(all, sizeof *seen);
  uint32_t *pixels = base_alloc(all, sizeof *pixels);
  bool done = seen && pixels && all < UINT32_MAX;
  for (size_t i = 0; i < all && done; ++i) {
    if (seen[i] || ink->pixels[i] < FAINT) continue;
    size_t count = flood(ink, box, i, seen, pixels, &outside);
    for (size_t k = 0; k < count && 2 * outside > count; ++k) ink->pixels[pixels[k]] = 0;
  }
  base_free(seen);
  base_free(pixels);
  if (done) return SCRAWL_OK;
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to describe a glyph");
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
  double contrast = ink_contrast(&ink, inside, &grey, 1);
  scrawl_status status = wipe_neighbours(&ink, inside, d->error);
  if (status == SCRAWL_OK) status = ink_describe(&ink, inside, style, d->error);
  style->contrast = contrast;
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
