/* The glyph among everything dark: frames, shadows at the border, ruled lines and specks are wiped
 * out.
 *
 * Ink is parted into connected components (8 neighbours, flood fill). Which of them are the glyph
 * is a matter of size and place: the one with the most ink that is neither a frame nor hangs on the
 * picture's border, and then what lies near it and is no speck, since a stroke may be broken and a
 * 5 has a loose roof. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ink/ink.h"

enum {
  WEAK = 40,         /* ink from here on, if it hangs together with */
  STRONG = 100,      /* this */
  LEAST_SIDE = 4,    /* pixels: smaller things are specks in any picture ... */
  PICTURE_PART = 32, /* ... and so is what is smaller than this part of the picture's longer side */
};

/* Ink must be this much likelier next to ink than anywhere (thin lines) ... */
#define LEAST_LIFT 1.5
/* ... or correlate so with its neighbours (thick ones, which leave little room for being likelier);
 * white noise has 1 and 0. */
#define LEAST_CORRELATION 0.2

typedef enum side_bits { LEFT = 1, RIGHT = 2, TOP = 4, BOTTOM = 8 } side_bits;

typedef struct component {
  ink_box box;
  uint64_t area, mass;
  unsigned touches; /* side_bits */
  bool strong, kept;
} component;

typedef struct parts {
  int width, height;
  uint32_t *labels; /* per pixel: component + 1, 0 for paper */
  uint32_t *stack;
  component *items;
  size_t count, capacity;
} parts;

static int longer(ink_box box) {
  return box.width > box.height ? box.width : box.height;
}

/* Ink in white noise is no likelier beside other ink than elsewhere. */
static bool hangs_together(const ink_image *image) {
  double area = 0, pairs = 0, count = (double)image->width * image->height;
  for (int y = 0; y < image->height; ++y) {
    const uint8_t *row = image->pixels + (size_t)y * image->stride;
    const uint8_t *next = y + 1 < image->height ? row + image->stride : NULL;
    for (int x = 0; x < image->width; ++x) {
      if (row[x] < WEAK) continue;
      ++area;
      if (x + 1 < image->width) pairs += row[x + 1] >= WEAK;
      if (!next) continue;
      pairs += next[x] >= WEAK;
      if (x) pairs += next[x - 1] >= WEAK;
      if (x + 1 < image->width) pairs += next[x + 1] >= WEAK;
    }
  }
  if (area == 0) return false;
  double anywhere = area / count, beside = pairs / (4 * area);
  return beside >= LEAST_LIFT * anywhere || beside - anywhere >= LEAST_CORRELATION * (1 - anywhere);
}

static bool fill(const ink_image *image, parts *found, size_t start) {
  if (found->count == found->capacity) {
    size_t capacity = found->capacity ? 2 * found->capacity : 64;
    component *items =
        base_realloc(found->items, found->capacity * sizeof *items, capacity * sizeof *items);
    if (!items) return false;
    found->items = items;
    found->capacity = capacity;
  }
  uint32_t label = (uint32_t)found->count + 1;
  int width = found->width, height = found->height;
  int left = width, right = -1, top = height, bottom = -1;
  component item = {0};
  size_t waiting = 0;
  found->labels[start] = label;
  found->stack[waiting++] = (uint32_t)start;
  while (waiting) {
    uint32_t at = found->stack[--waiting];
    int x = (int)(at % (uint32_t)width), y = (int)(at / (uint32_t)width);
    uint8_t level = image->pixels[(size_t)y * image->stride + (size_t)x];
    item.mass += level;
    ++item.area;
    if (level >= STRONG) item.strong = true;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
    for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < height; ++v)
      for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < width; ++u) {
        size_t next = (size_t)v * (size_t)width + (size_t)u;
        if (found->labels[next] || image->pixels[(size_t)v * image->stride + (size_t)u] < WEAK)
          continue;
        found->labels[next] = label; /* marked when pushed: a pixel is never on the stack twice */
        found->stack[waiting++] = (uint32_t)next;
      }
  }
  item.box = (ink_box){left, top, right - left + 1, bottom - top + 1};
  item.touches = (left == 0 ? LEFT : 0u) | (right == width - 1 ? RIGHT : 0u) |
                 (top == 0 ? TOP : 0u) | (bottom == height - 1 ? BOTTOM : 0u);
  found->items[found->count++] = item;
  return true;
}

/* A frame has ink in at least three corners of its box, none in its middle, and something of size
 * inside. */
static bool is_frame(const parts *found, size_t index) {
  const component *item = &found->items[index];
  ink_box box = item->box;
  if (box.width < 8 || box.height < 8) return false;
  bool holds = false;
  for (size_t i = 0; i < found->count && !holds; ++i) {
    ink_box inner = found->items[i].box;
    holds = i != index && found->items[i].strong && longer(inner) * 5 >= longer(box) &&
            inner.x > box.x && inner.y > box.y && inner.x + inner.width < box.x + box.width &&
            inner.y + inner.height < box.y + box.height;
  }
  if (!holds) return false;
  unsigned corners = 0;
  for (int y = 0; y < box.height; ++y)
    for (int x = 0; x < box.width; ++x) {
      size_t at = (size_t)(box.y + y) * (size_t)found->width + (size_t)(box.x + x);
      if (found->labels[at] != index + 1) continue;
      bool left = x * 8 < box.width, right = (box.width - 1 - x) * 8 < box.width;
      bool top = y * 8 < box.height, bottom = (box.height - 1 - y) * 8 < box.height;
      if ((left || right) && (top || bottom)) corners |= 1u << ((right ? 1 : 0) + (bottom ? 2 : 0));
      if (abs(2 * x - box.width) * 2 < box.width && abs(2 * y - box.height) * 2 < box.height)
        return false;
    }
  return __builtin_popcount(corners) >= 3;
}

static bool is_speck(const parts *found, const component *item) {
  int picture = found->width > found->height ? found->width : found->height;
  int side = longer(item->box);
  return side < LEAST_SIDE || side * PICTURE_PART < picture;
}

/* The component to begin with; SIZE_MAX when all are specks. What hangs on the border counts for
 * little: it is chosen only when nothing of size stands free. */
static size_t find_main(const parts *found) {
  size_t best = SIZE_MAX;
  double most = 0;
  for (size_t i = 0; i < found->count; ++i) {
    const component *item = &found->items[i];
    if (!item->strong || is_speck(found, item)) continue;
    double weight = (double)item->mass;
    int sides = __builtin_popcount(item->touches);
    if (sides) weight /= sides == 1 ? 4 : 20;
    if (weight > most && !is_frame(found, i)) {
      most = weight;
      best = i;
    }
  }
  return best;
}

/* The empty pixels between two boxes; 0 when they touch or overlap. */
static int gap(ink_box a, ink_box b) {
  int x = a.x > b.x ? a.x - (b.x + b.width) : b.x - (a.x + a.width);
  int y = a.y > b.y ? a.y - (b.y + b.height) : b.y - (a.y + a.height);
  int most = x > y ? x : y;
  return most > 0 ? most : 0;
}

/* From the main component outwards: whatever is near what was kept so far, or large and not far,
 * belongs to the glyph. */
static void keep_neighbours(parts *found, size_t main) {
  /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): find_main found it among them */
  found->items[main].kept = true;
  ink_box kept = found->items[main].box;
  uint64_t mass = found->items[main].mass;
  unsigned border = found->items[main].touches;
  for (bool again = true; again;) {
    again = false;
    for (size_t i = 0; i < found->count; ++i) {
      component *item = &found->items[i];
      if (item->kept || !item->strong || (item->touches & ~border)) continue;
      int size = longer(item->box), whole = longer(kept), away = gap(item->box, kept);
      bool part = size * 12 >= whole && away * 6 <= whole && item->mass * 40 >= mass;
      bool large = item->mass * 4 >= mass && away * 2 <= whole;
      if ((!part && !large) || is_frame(found, i)) continue;
      item->kept = again = true;
      kept = ink_box_join(kept, item->box);
    }
  }
}

/* A glyph stands out. In noise that was taken for ink, the most inked component is one of many of
 * its kind. */
static bool is_one_of_many(const parts *found) {
  enum { MANY = 12, SHARE = 6 };
  uint64_t kept = 0, all = 0;
  size_t others = 0;
  for (size_t i = 0; i < found->count; ++i) {
    const component *item = &found->items[i];
    if (item->strong) all += item->mass;
    if (item->kept)
      kept += item->mass;
    else if (item->strong && !item->touches)
      ++others;
  }
  return others >= MANY && kept * SHARE < all;
}

static void wipe(ink_image *image, const parts *found) {
  for (int y = 0; y < image->height; ++y) {
    uint8_t *row = image->pixels + (size_t)y * image->stride;
    const uint32_t *labels = found->labels + (size_t)y * (size_t)image->width;
    for (int x = 0; x < image->width; ++x) {
      if (!row[x] || (labels[x] && found->items[labels[x] - 1].kept)) continue;
      /* The faint rim of a stroke belongs to it. */
      bool rim = false;
      if (!labels[x])
        for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < image->height && !rim; ++v)
          for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < image->width && !rim; ++u) {
            uint32_t label = found->labels[(size_t)v * (size_t)image->width + (size_t)u];
            rim = label && found->items[label - 1].kept;
          }
      if (!rim) row[x] = 0;
    }
  }
}

scrawl_status ink_isolate(ink_image *image, base_error *error) {
  if (ink_is_normalised(image)) return SCRAWL_OK;
  size_t count = (size_t)image->width * (size_t)image->height;
  if (count >= UINT32_MAX)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "a picture of %d x %d pixels is too large",
                     image->width, image->height);
  parts found = {.width = image->width, .height = image->height};
  found.labels = base_alloc_zero(count, sizeof *found.labels);
  found.stack = base_alloc(count, sizeof *found.stack);
  bool done = found.labels && found.stack;
  bool noise = !hangs_together(image);
  for (size_t i = 0; done && !noise && i < count; ++i) {
    size_t x = i % (size_t)image->width, y = i / (size_t)image->width;
    if (!found.labels[i] && image->pixels[y * image->stride + x] >= WEAK)
      done = fill(image, &found, i);
  }
  if (done) {
    size_t main = find_main(&found);
    if (main != SIZE_MAX) keep_neighbours(&found, main);
    if (is_one_of_many(&found))
      for (size_t i = 0; i < found.count; ++i) found.items[i].kept = false;
    wipe(image, &found);
  }
  base_free(found.labels);
  base_free(found.stack);
  base_free(found.items);
  if (!done)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find the glyph in %d x %d pixels",
                     image->width, image->height);
  return SCRAWL_OK;
}
