/* Making ink images, finding the ink in them, and boxes. */
#include <stdlib.h>

#include "base/memory.h"
#include "ink/ink.h"

/* Where a stroke ends: well down its edge, yet above blur, ringing and the first shade of an
 * anti-aliased pixel. Measured on enlarged and reduced pictures of MNIST, whose own boxes come back
 * best between 64 and 128. */
enum { EDGE_LEVEL = 80 };

enum { BOX_SIDE = 20, CENTRE = INK_GLYPH_SIDE / 2 };

scrawl_status ink_image_create(int width, int height, ink_image *image, base_error *error) {
  *image = (ink_image){0};
  if (width <= 0 || height <= 0)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a picture of %d x %d pixels", width, height);
  uint8_t *pixels = base_alloc_zero((size_t)height, (size_t)width);
  if (!pixels)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a picture of %d x %d pixels",
                     width, height);
  *image = (ink_image){.width = width, .height = height, .stride = (size_t)width, .pixels = pixels};
  return SCRAWL_OK;
}

/* The smallest box around all pixels of at least `level`. */
static bool find_at_level(const ink_image *image, uint8_t level, ink_box *box) {
  int left = image->width, right = -1, top = -1, bottom = -1;
  for (int y = 0; y < image->height; ++y) {
    const uint8_t *row = image->pixels + (size_t)y * image->stride;
    int first = 0;
    while (first < image->width && row[first] < level) ++first;
    if (first == image->width) continue;
    int last = image->width - 1;
    while (row[last] < level) --last;
    if (first < left) left = first;
    if (last > right) right = last;
    if (top < 0) top = y;
    bottom = y;
  }
  if (right < 0) return false;
  *box = (ink_box){.x = left, .y = top, .width = right - left + 1, .height = bottom - top + 1};
  return true;
}

ink_box ink_box_join(ink_box a, ink_box b) {
  int left = a.x < b.x ? a.x : b.x, top = a.y < b.y ? a.y : b.y;
  int right = a.x + a.width > b.x + b.width ? a.x + a.width : b.x + b.width;
  int bottom = a.y + a.height > b.y + b.height ? a.y + a.height : b.y + b.height;
  return (ink_box){left, top, right - left, bottom - top};
}

bool ink_is_normalised(const ink_image *image) {
  ink_box box;
  if (image->width != INK_GLYPH_SIDE || image->height != INK_GLYPH_SIDE) return false;
  if (!find_at_level(image, 1, &box)) return false;
  if ((box.width > box.height ? box.width : box.height) != BOX_SIDE) return false;
  long mass = 0, moment_x = 0, moment_y = 0;
  for (int y = 0; y < INK_GLYPH_SIDE; ++y)
    for (int x = 0; x < INK_GLYPH_SIDE; ++x) {
      long level = image->pixels[(size_t)y * image->stride + (size_t)x];
      mass += level;
      moment_x += level * x;
      moment_y += level * y;
    }
  /* Within half a pixel of the middle, and a little more for rounding: compared without
   * dividing. */
  long slack = mass * 55 / 100;
  return labs(moment_x - CENTRE * mass) <= slack && labs(moment_y - CENTRE * mass) <= slack;
}

bool ink_find(const ink_image *image, ink_box *box) {
  *box = (ink_box){0};
  if (ink_is_normalised(image)) return find_at_level(image, 1, box);
  return find_at_level(image, EDGE_LEVEL, box);
}
