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
enum { MOST_RUNS = 1 << 22, SPECK = 9 /* pixels that are no stroke in any picture */ };

/* Of a component's darkness, at its edges. */
#define LEAST_EDGE 0.25f
#define PI         3.14159265358979323846

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

static void add_run(page_component *component, const page_run *run, const ink_image *mask) {
  ink_box *box = &component->box;
  if (!component->area) *box = (ink_box){run->x, run->y, 0, 0};
  int right = box->x + box->width > run->end ? box->x + box->width : run->end;
  if (run->x < box->x) box->x = run->x;
  box->width = right - box->x;
  box->height = run->y + 1 - box->y;
  component->area += (uint64_t)(run->end - run->x);
  ++component->across;
  if (run->y == 0 || run->y == mask->height - 1)
    component->contact += run->end - run->x;
  else
    component->contact += (run->x == 0) + (run->end == mask->width);
}

/* Pixels of a run that have none above them: where runs downwards begin. */
static uint64_t begins_down(const page_runs *runs, const page_run *run) {
  uint64_t covered = 0;
  if (run->y == 0) return (uint64_t)(run->end - run->x);
  /* The first above that ends after this one begins, by halving. */
  size_t low = runs->row[run->y - 1], high = runs->row[run->y];
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (runs->items[middle].end <= run->x)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < runs->row[run->y] && runs->items[low].x < run->end; ++low) {
    const page_run *above = &runs->items[low];
    covered += (uint64_t)((above->end < run->end ? above->end : run->end) -
                          (above->x > run->x ? above->x : run->x));
  }
  return (uint64_t)(run->end - run->x) - covered;
}

static bool label(page_runs *runs, const ink_image *mask) {
  uint32_t *parent = base_alloc(runs->count, sizeof *parent);
  if (!parent) return false;
  unite(runs, mask->height, parent);
  size_t count = 0;
  for (size_t i = 0; i < runs->count; ++i) count += root_of(parent, (uint32_t)i) == i;
  runs->components = base_alloc_zero(count, sizeof *runs->components);
  /* A root is the first run of its component: its number is known before the others ask. */
  for (size_t i = 0; runs->components && i < runs->count; ++i) {
    uint32_t root = root_of(parent, (uint32_t)i);
    runs->items[i].component =
        root == i ? (uint32_t)runs->component_count++ : runs->items[root].component;
    page_component *component = &runs->components[runs->items[i].component];
    add_run(component, &runs->items[i], mask);
    component->down += begins_down(runs, &runs->items[i]);
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
  if (done && with_components) done = label(runs, mask);
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

/* A stroke of width w and length l at any angle has the area w l and, on average, 4 l / pi runs
 * across and down together. The median over components, by ink. */
static double thickness_of(const page_component *item) {
  return 4 / PI * (double)item->area / (double)(item->across + item->down);
}

/* Along the picture's border for a good part of it. */
static bool is_edge(const page_component *item, int width, int height) {
  return item->contact > 0.35 * (width < height ? width : height);
}

double page_find_stroke(const page_runs *runs, int width, int height) {
  enum { BINS = 1024, UNIT = 8 };
  uint64_t histogram[BINS] = {0}, total = 0, sum = 0;
  for (size_t i = 0; i < runs->component_count; ++i) {
    const page_component *item = &runs->components[i];
    if (item->area <= SPECK || is_edge(item, width, height)) continue;
    double bin = thickness_of(item) * UNIT;
    histogram[bin < BINS ? (int)bin : BINS - 1] += item->area;
    total += item->area;
  }
  int bin = 0;
  while (bin < BINS - 1 && (sum += histogram[bin]) < (total + 1) / 2) ++bin;
  return total ? (bin + 0.5) / UNIT : 0;
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
  return side <= 0.55 * stroke || (double)item->area <= 0.25 * stroke * stroke;
}

/* Where the sheet ends, and what lies there: thick things at the border, and whatever is far too
 * thick for writing. */
static bool is_shadow(const page_component *item, double stroke, int width, int height) {
  ink_box box = item->box;
  bool border =
      box.x == 0 || box.y == 0 || box.x + box.width == width || box.y + box.height == height;
  double thick = thickness_of(item);
  if (is_edge(item, width, height) && thick > 1.5 * stroke) return true;
  if (border && thick > 4 * stroke && thick > 0.01 * (width + height)) return true;
  return thick > 8 * stroke && (double)item->area > 0.02 * width * (double)height;
}

/* Strokes have edges, and the border of a shadow has none: how much of a component's darkness comes
 * within SOFT pixels to each side of where its runs end, on average; 1 where all runs are short. */
static scrawl_status find_edges(const page_runs *runs, const ink_image *dark, int paper,
                                float *edges, base_error *error) {
  enum { SOFT = 3 };
  float *whole = base_alloc_zero(runs->component_count, sizeof *whole);
  if (!whole) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to drop shadows");
  for (size_t i = 0; i < runs->count; ++i) {
    const page_run *run = &runs->items[i];
    if (run->end - run->x < 2 * SOFT) continue; /* thin, or a tatter of noise */
    const uint8_t *row = dark->pixels + (size_t)run->y * dark->stride;
    int middle = (run->x + run->end) / 2, sides[2] = {run->x, run->end - 1};
    for (int k = 0; k < 2; ++k) {
      int out = sides[k] + (k ? SOFT : -SOFT), in = sides[k] + (k ? -SOFT : SOFT);
      if (out < 0 || out >= dark->width) continue;
      edges[run->component] += (float)row[in] - (float)row[out];
      whole[run->component] +=
          (float)(row[middle] > row[in] ? row[middle] : row[in]) - (float)paper;
    }
  }
  for (size_t i = 0; i < runs->component_count; ++i)
    edges[i] = whole[i] > 0 ? edges[i] / whole[i] : 1;
  base_free(whole);
  return SCRAWL_OK;
}

scrawl_status page_drop_dirt(ink_image *mask, const ink_image *dark, int paper,
                             const page_runs *runs, base_error *error) {
  if (!runs->component_count) {
    for (int y = 0; y < mask->height; ++y)
      memset(mask->pixels + (size_t)y * mask->stride, 0, (size_t)mask->width);
    return SCRAWL_OK;
  }
  double stroke = page_find_stroke(runs, mask->width, mask->height);
  bool *dropped = base_alloc(runs->component_count, sizeof *dropped);
  float *edges = base_alloc_zero(runs->component_count, sizeof *edges);
  scrawl_status status = SCRAWL_OK;
  if (!dropped || !edges)
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to drop specks");
  if (status == SCRAWL_OK) status = find_edges(runs, dark, paper, edges, error);
  if (status == SCRAWL_OK) {
    for (size_t i = 0; i < runs->component_count; ++i) {
      const page_component *item = &runs->components[i];
      dropped[i] = is_speck(item, stroke) || is_shadow(item, stroke, mask->width, mask->height) ||
                   edges[i] < LEAST_EDGE;
    }
    wipe_components(mask, runs, dropped);
  }
  base_free(dropped);
  base_free(edges);
  return status;
}
