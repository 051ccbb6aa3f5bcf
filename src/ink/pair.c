/* Two glyphs that were taken for one, as a wrong cut through a number leaves them: the boxes of
 * both side by side, closer or farther, higher or lower, and the whole framed as one glyph is. */
#include <string.h>

#include "ink/ink.h"

enum {
  SIDE = INK_GLYPH_SIDE,
  WIDTH = 2 * SIDE,
  HEIGHT = 2 * SIDE,
  OVERLAP = 3, /* pixels that the boxes may share, at most */
  APART = 5,   /* pixels between them, at most */
  OFFSET = 4,  /* pixels by which one stands higher, at most */
};

static int within(base_random *random, int least, int most) {
  return least + (int)base_random_below(random, (uint64_t)((int64_t)most - least + 1));
}

/* The darker of what is there and the part of `glyph` in `box`, with its top left at (x, y). */
static void lay(const uint8_t *glyph, ink_box box, int x, int y, uint8_t *canvas) {
  for (int v = 0; v < box.height; v++)
    for (int u = 0; u < box.width; u++) {
      if (x + u < 0 || x + u >= WIDTH || y + v < 0 || y + v >= HEIGHT) continue;
      uint8_t level = glyph[(box.y + v) * SIDE + box.x + u];
      uint8_t *to = &canvas[(y + v) * WIDTH + x + u];
      if (level > *to) *to = level;
    }
}

bool ink_pair(const uint8_t *left, const uint8_t *right, base_random random, uint8_t *pair) {
  uint8_t canvas[WIDTH * HEIGHT] = {0};
  ink_image images[2] = {{SIDE, SIDE, SIDE, (uint8_t *)left}, {SIDE, SIDE, SIDE, (uint8_t *)right}};
  ink_image whole = {WIDTH, HEIGHT, WIDTH, canvas};
  ink_box boxes[2], box;
  if (!ink_find(&images[0], &boxes[0]) || !ink_find(&images[1], &boxes[1])) return false;
  int x = within(&random, 1, 3), y = HEIGHT / 4;
  int gap = within(&random, -OVERLAP, APART);
  lay(left, boxes[0], x, y, canvas);
  int middle = y + (boxes[0].height - boxes[1].height) / 2;
  lay(right, boxes[1], x + boxes[0].width + gap, middle + within(&random, -OFFSET, OFFSET), canvas);
  if (!ink_find(&whole, &box)) return false;
  ink_normalise_glyph(&whole, box, pair);
  return true;
}
