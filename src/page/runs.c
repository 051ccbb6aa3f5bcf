/* A mask as runs of ink, and what follows from them: components, the width of strokes, dirt.
 *
 * Components are found in one pass over the runs with union-find (Rosenfeld and Pfaltz 1966): a run
 * joins every run of the row above that it touches, corners included. Pages have some ten thousand
 * runs where they have millions of pixels. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "page/prepare.h"

/* A quarter of the pixels of the largest working picture: more is noise, not writing. */
enum { MOST_RUNS = 1 << 22 };

static size_t count_runs(const ink_image *mask) {
  size_t count = 0;
  for (int y = 0; y < mask->height; ++y) {
    const uint8_t *row = mask->pixels + (size_t)y * mask->stride;
    count += row[0] != 0;
    for (int x = 1; x < mask->width; ++x) count += row[x] && !row[x - 1];
  }
  return count;
}

static void fill_runs(const ink_image *mask, page_runs *runs) {
  size_t at = 0;
  for (int y = 0; y < mask->height; ++y) {
    const uint8_t *row = mask->pixels + (size_t)y * mask->stride;
    runs->row[y] = at;
    for (int x = 0; x < mask->width;) {
      const uint8_t *ink = memchr(row + x, 255, (size_t)(mask->width - x));
      if (!ink) break;
      int from = (int)(ink - row);
      const uint8_t *paper = memchr(ink, 0, (size_t)(mask->width - from));
      x = paper ? (int)(paper - row) : mask->width;
      runs->items[at++] = (page_run){from, x, y, 0};
    }
  }
  runs->row[mask->height] = at;
}

static uint32_t root_of(uint32_t *parent, uint32_t i) {
  while (parent[i] != i) i = parent[i] = parent[parent[i]];
  return i;
}

static void join(uint32_t *parent, uint32_t a, uint32_t b) {
  a = root_of(parent, a), b = root_of(parent, b);
  if (a < b)
    parent[b] = a;
  else
    parent[a] = b;
}

static void unite(const page_runs *runs, int height, uint32_t *parent) {
  for (size_t i = 0; i < runs->count; ++i) parent[i] = (uint32_t)i;
  for (int y = 1; y < height; ++y) {
    size_t above = runs->row[y - 1];
    for (size_t i = runs->row[y]; i < runs->row[y + 1]; ++i) {
      while (above < runs->row[y] && runs->items[above].end < runs->items[i].x) ++above;
      for (size_t k = above; k < runs->row[y] && runs->items[k].x <= runs->items[i].end; ++k)
        join(parent, (uint32_t)k, (uint32_t)i);
    }
  }
}

static void add_run(page_component *component, const page_run *run) {
  ink_box *box = &component->box;
  if (!component->area) *box = (ink_box){run->x, run->y, 0, 0};
  int right = box->x + box->width > run->end ? box->x + box->width : run->end;
  if (run->x < box->x) box->x = run->x;
  box->width = right - box->x;
  box->height = run->y + 1 - box->y;
  component->area += (uint64_t)(run->end - run->x);
}

static bool label(page_runs *runs, int height) {
  uint32_t *parent = base_alloc(runs->count, sizeof *parent);
  if (!parent) return false;
  unite(runs, height, parent);
  size_t count = 0;
  for (size_t i = 0; i < runs->count; ++i) count += root_of(parent, (uint32_t)i) == i;
  runs->components = base_alloc_zero(count, sizeof *runs->components);
  /* A root is the first run of its component: its number is known before the others ask. */
  for (size_t i = 0; runs->components && i < runs->count; ++i) {
    uint32_t root = root_of(parent, (uint32_t)i);
    runs->items[i].component =
        root == i ? (uint32_t)runs->component_count++ : runs->items[root].component;
    add_run(&runs->components[runs->items[i].component], &runs->items[i]);
  }
  base_free(parent);
  return runs->components;
}

scrawl_status page_find_runs(const ink_image *mask, bool with_components, page_runs *runs,
                             base_error *error) {
  *runs = (page_runs){.count = count_runs(mask)};
  if (runs->count > MOST_RUNS) runs->count = 0; /* nothing but noise */
  runs->items = base_alloc(runs->count, sizeof *runs->items);
  runs->row = base_alloc_zero((size_t)mask->height + 1, sizeof *runs->row);
  bool done = runs->items && runs->row;
  if (done && runs->count) fill_runs(mask, runs);
  if (done && with_components) done = label(runs, mask->height);
  if (done) return SCRAWL_OK;
  page_runs_free(runs);
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the components of %d x %d pixels",
                   mask->width, mask->height);
}

void page_runs_free(page_runs *runs) {
  base_free(runs->items);
  base_free(runs->row);
  base_free(runs->components);
  *runs = (page_runs){0};
}

/* Strokes run in all directions: half of the ink lies in runs that are little longer than strokes
 * are wide, across or down. Components give the other measure, so that one pass is enough: area
 * over the longer side. The smaller of both medians, by ink. */
double page_find_stroke(const page_runs *runs) {
  enum { BINS = 128 };
  uint64_t by_run[BINS] = {0}, by_component[BINS] = {0}, total = 0;
  for (size_t i = 0; i < runs->count; ++i) {
    int length = runs->items[i].end - runs->items[i].x;
    by_run[length < BINS ? length : BINS - 1] += (uint64_t)length;
    total += (uint64_t)length;
  }
  for (size_t i = 0; i < runs->component_count; ++i) {
    const page_component *item = &runs->components[i];
    int side = item->box.width > item->box.height ? item->box.width : item->box.height;
    double width = (double)item->area / side;
    by_component[width < BINS ? (int)width : BINS - 1] += item->area;
  }
  if (!total) return 0;
  int run = 0, component = 0;
  for (uint64_t sum = 0; run < BINS - 1 && (sum += by_run[run]) < (total + 1) / 2;) ++run;
  for (uint64_t sum = 0;
       component < BINS - 1 && (sum += by_component[component]) < (total + 1) / 2;)
    ++component;
  return component > 0 && component < run ? component : run;
}

static void wipe_components(ink_image *mask, const page_runs *runs, const bool *dropped) {
  for (size_t i = 0; i < runs->count; ++i) {
    const page_run *run = &runs->items[i];
    if (dropped[run->component])
      memset(mask->pixels + (size_t)run->y * mask->stride + run->x, 0, (size_t)(run->end - run->x));
  }
}

/* Dots and commas are as large as a stroke is wide; specks are smaller. */
static bool is_speck(const page_component *item, double stroke) {
  int side = item->box.width > item->box.height ? item->box.width : item->box.height;
  return side <= 0.7 * stroke || (double)item->area <= 0.35 * stroke * stroke;
}

/* Where the sheet ends, and what lies there: thick things at the border, and whatever is far too
 * thick for writing. */
static bool is_shadow(const page_component *item, double stroke, int width, int height) {
  ink_box box = item->box;
  int side = box.width > box.height ? box.width : box.height;
  int shorter = box.width < box.height ? box.width : box.height;
  bool border =
      box.x == 0 || box.y == 0 || box.x + box.width == width || box.y + box.height == height;
  double thick = (double)item->area / side;
  if (border && thick > 4 * stroke && thick > 0.01 * (width + height)) return true;
  if (border && side > 0.5 * (width > height ? width : height) && shorter < 0.05 * side)
    return true;
  return thick > 8 * stroke && (double)item->area > 0.02 * width * (double)height;
}

scrawl_status page_drop_dirt(ink_image *mask, const page_runs *runs, double stroke,
                             base_error *error) {
  if (!runs->component_count) {
    for (int y = 0; y < mask->height; ++y)
      memset(mask->pixels + (size_t)y * mask->stride, 0, (size_t)mask->width);
    return SCRAWL_OK;
  }
  bool *dropped = base_alloc(runs->component_count, sizeof *dropped);
  if (!dropped) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to drop specks");
  for (size_t i = 0; i < runs->component_count; ++i) {
    const page_component *item = &runs->components[i];
    dropped[i] = is_speck(item, stroke) || is_shadow(item, stroke, mask->width, mask->height);
  }
  wipe_components(mask, runs, dropped);
  base_free(dropped);
  return SCRAWL_OK;
}
