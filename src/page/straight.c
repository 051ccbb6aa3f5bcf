/* Following straight thin lines from row to row.
 *
 * A line that is nearer to upright crosses every row in a short run of ink. Runs of like length
 * that touch from one row to the next form a fragment, which ends where the run grows (a stroke
 * crosses) or leaves the straight line that the fragment has followed so far (a stroke bends).
 * Fragments that continue one another are then joined, the longest first, across gaps and
 * crossings: what decides is where the straight line through the near end would arrive. So lines
 * are found at any angle up to 40 degrees, under perspective, and slightly bowed by a lens, none of
 * which a morphological opening with a straight brick allows. */
#include "page/straight.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

enum {
  STRAIGHT_AFTER = 10,   /* rows of a fragment before its direction is trusted */
  LEAST_FRAGMENT = 6,    /* rows */
  MOST_FRAGMENTS = 2500, /* the longest count */
  MOST_LINES = PAGE_MOST_LINES,
  NONE = -1,
};

#define MOST_SLOPE 0.9

typedef struct sums {
  double count, y, x, yy, xy, xx, thickness;
} sums;

typedef struct fragment {
  sums sums;
  int first, last;    /* rows */
  int32_t head, tail; /* runs, linked by `next` */
  float from, to;     /* across, at both ends */
  bool used;
} fragment;

typedef struct tracer {
  page_runs runs;
  int32_t *next;  /* for each run */
  int32_t *owner; /* for each run: the fragment that ends in it; NONE */
  fragment *items;
  size_t count, capacity;
} tracer;

static void add(sums *s, double y, double x, double thickness) {
  ++s->count;
  s->y += y, s->x += x;
  s->yy += y * y, s->xy += x * y, s->xx += x * x;
  s->thickness += thickness;
}

static sums both(const sums *a, const sums *b) {
  return (sums){a->count + b->count,
                a->y + b->y,
                a->x + b->x,
                a->yy + b->yy,
                a->xy + b->xy,
                a->xx + b->xx,
                a->thickness + b->thickness};
}

static double slope_of(const sums *s) {
  double spread = s->yy - s->y * s->y / s->count;
  return spread > 0.1 ? (s->xy - s->x * s->y / s->count) / spread : 0;
}

static double offset_of(const sums *s, double slope) {
  return (s->x - slope * s->y) / s->count;
}

/* Root of the mean square of what lies off the line. */
static double residual_of(const sums *s) {
  double spread_y = s->yy - s->y * s->y / s->count, spread_x = s->xx - s->x * s->x / s->count;
  double joint = s->xy - s->x * s->y / s->count;
  double rest = spread_x - (spread_y > 0.1 ? joint * joint / spread_y : 0);
  return rest > 0 ? sqrt(rest / s->count) : 0;
}

static double middle(const page_run *run) {
  return (run->x + run->end) / 2.0;
}

static bool continues(const fragment *item, const page_run *run) {
  double thickness = item->sums.thickness / item->sums.count, length = run->end - run->x;
  if (length > 1.5 * thickness + 1.5 || length < 0.5 * thickness - 1) return false;
  if (item->sums.count < STRAIGHT_AFTER) return true;
  double slope = slope_of(&item->sums), at = offset_of(&item->sums, slope) + slope * run->y;
  return fabs(at - middle(run)) <= 1.3 + 0.4 * thickness;
}

static bool start(tracer *t, size_t i) {
  if (t->count == t->capacity) {
    size_t capacity = t->capacity ? 2 * t->capacity : 1024;
    fragment *items = base_realloc(t->items, t->capacity * sizeof *items, capacity * sizeof *items);
    if (!items) return false;
    t->items = items;
    t->capacity = capacity;
  }
  const page_run *run = &t->runs.items[i];
  fragment *item = &t->items[t->count];
  *item = (fragment){.first = run->y, .last = run->y, .head = (int32_t)i, .tail = (int32_t)i};
  item->from = item->to = (float)middle(run);
  add(&item->sums, run->y, middle(run), run->end - run->x);
  t->owner[i] = (int32_t)t->count++;
  return true;
}

static bool follow(tracer *t, int height, int most_thick) {
  for (size_t i = 0; i < t->runs.count; ++i) t->next[i] = t->owner[i] = NONE;
  for (int y = 0; y < height; ++y) {
    size_t above = y ? t->runs.row[y - 1] : 0;
    for (size_t i = t->runs.row[y]; i < t->runs.row[y + 1]; ++i) {
      const page_run *run = &t->runs.items[i];
      if (run->end - run->x > most_thick) continue;
      while (y && above < t->runs.row[y] && t->runs.items[above].end < run->x) ++above;
      for (size_t k = above; y && k < t->runs.row[y] && t->runs.items[k].x <= run->end; ++k) {
        int32_t owner = t->owner[k];
        if (owner == NONE || t->items[owner].last != y - 1) continue;
        fragment *item = &t->items[owner];
        if (!continues(item, run)) continue;
        t->next[item->tail] = (int32_t)i;
        item->tail = (int32_t)i;
        item->last = y;
        item->to = (float)middle(run);
        add(&item->sums, y, middle(run), run->end - run->x);
        t->owner[i] = owner;
        break;
      }
      if (t->owner[i] == NONE && !start(t, i)) return false;
    }
  }
  return true;
}

static int longer(const void *a, const void *b) {
  const fragment *first = a, *second = b;
  int difference = (second->last - second->first) - (first->last - first->first);
  return difference ? difference : first->head - second->head;
}

/* Keeps those that may be part of a line, longest first. */
static void keep_straight(tracer *t) {
  size_t kept = 0;
  for (size_t i = 0; i < t->count; ++i) {
    fragment *item = &t->items[i];
    double thickness = item->sums.thickness / item->sums.count;
    if (item->sums.count < LEAST_FRAGMENT || item->sums.count < 1.2 * thickness) continue;
    if (fabs(slope_of(&item->sums)) > MOST_SLOPE) continue;
    if (residual_of(&item->sums) > 0.6 + 0.3 * thickness) continue;
    t->items[kept++] = *item;
  }
  if (kept) qsort(t->items, kept, sizeof *t->items, longer);
  t->count = kept < MOST_FRAGMENTS ? kept : MOST_FRAGMENTS;
}

/* A line that grows: its fragments by position. */
typedef struct growth {
  sums sums;
  int first, last;
  float from, to;
  int *members;
  size_t count;
} growth;

/* How well the fragment continues the line at its end (`after`) or its start: the gap in rows; a
 * negative number when it does not. */
static int gap_to(const growth *g, const fragment *item, bool after) {
  double thickness = g->sums.thickness / g->sums.count;
  double other = item->sums.thickness / item->sums.count;
  int gap = after ? item->first - g->last : g->first - item->last;
  int length = g->last - g->first + 1;
  if (gap < -2 || gap > 12 + 3 * thickness + 0.06 * length) return NONE;
  if (other > 2 * thickness + 1 || thickness > 2 * other + 1) return NONE;
  double slope = slope_of(&g->sums);
  double own = item->sums.count >= STRAIGHT_AFTER ? slope_of(&item->sums) : slope;
  if (fabs(own - slope) > 0.03 + 3.0 / item->sums.count + 3.0 / length) return NONE;
  double at = after ? g->to + slope * gap : g->from - slope * gap;
  double off = fabs(at - (double)(after ? item->from : item->to));
  if (off > 1.2 + 0.5 * thickness + 0.02 * (gap > 0 ? gap : 0)) return NONE;
  return gap > 0 ? gap : 0;
}

static void grow(tracer *t, growth *g) {
  for (bool again = true; again;) {
    again = false;
    for (int after = 0; after < 2; ++after) {
      int best = NONE, least = 0;
      for (size_t i = 0; i < t->count; ++i) {
        if (t->items[i].used) continue;
        int gap = gap_to(g, &t->items[i], after);
        if (gap == NONE || (best != NONE && gap >= least)) continue;
        best = (int)i;
        least = gap;
      }
      if (best == NONE) continue;
      fragment *item = &t->items[best];
      item->used = again = true;
      g->members[g->count++] = best;
      g->sums = both(&g->sums, &item->sums);
      if (after && item->last > g->last) g->last = item->last, g->to = item->to;
      if (!after && item->first < g->first) g->first = item->first, g->from = item->from;
    }
  }
}

/* Centres of all runs; between fragments a straight line. */
static bool draw(const tracer *t, const growth *g, page_line *line) {
  int count = g->last - g->first + 1;
  line->centre = base_alloc((size_t)count, sizeof *line->centre);
  if (!line->centre) return false;
  for (int i = 0; i < count; ++i) line->centre[i] = NAN;
  for (size_t m = 0; m < g->count; ++m)
    for (int32_t i = t->items[g->members[m]].head; i != NONE; i = t->next[i])
      line->centre[t->runs.items[i].y - g->first] = (float)middle(&t->runs.items[i]);
  for (int i = 1, known = 0; i < count; ++i) {
    if (isnan(line->centre[i])) continue;
    for (int k = known + 1; k < i; ++k)
      line->centre[k] = line->centre[known] + (line->centre[i] - line->centre[known]) *
                                                  (float)(k - known) / (float)(i - known);
    known = i;
  }
  line->first = g->first;
  line->last = g->last;
  line->slope = slope_of(&g->sums);
  line->offset = offset_of(&g->sums, line->slope);
  line->thickness = g->sums.thickness / g->sums.count;
  return true;
}

static int longer_line(const void *a, const void *b) {
  const page_line *first = a, *second = b;
  int difference = (second->last - second->first) - (first->last - first->first);
  if (difference) return difference;
  return first->offset < second->offset ? -1 : first->offset > second->offset;
}

static bool join(tracer *t, int least, page_lines *lines) {
  growth g = {.members = base_alloc(t->count, sizeof *g.members)};
  lines->items = base_alloc_zero(MOST_LINES + PAGE_MORE_LINES, sizeof *lines->items);
  bool done = g.members && lines->items;
  for (size_t i = 0; done && i < t->count && lines->count < MOST_LINES; ++i) {
    fragment *item = &t->items[i];
    if (item->used || item->sums.count < 2 * LEAST_FRAGMENT) continue;
    item->used = true;
    g = (growth){item->sums, item->first, item->last, item->from, item->to, g.members, 1};
    g.members[0] = (int)i;
    grow(t, &g);
    int length = g.last - g.first + 1;
    double thickness = g.sums.thickness / g.sums.count;
    /* A line that is mostly gaps is none. */
    if (length < least || length < 3 * thickness || 2 * g.sums.count < length) continue;
    done = draw(t, &g, &lines->items[lines->count]);
    lines->count += done;
  }
  if (done) qsort(lines->items, lines->count, sizeof *lines->items, longer_line);
  base_free(g.members);
  return done;
}

scrawl_status page_trace_lines(const ink_image *mask, int least, page_lines *lines,
                               base_error *error) {
  *lines = (page_lines){0};
  tracer t = {0};
  BASE_TRY(page_find_runs(mask, false, &t.runs, error));
  int side = mask->width > mask->height ? mask->width : mask->height;
  int most_thick = side / 40 < 10 ? 10 : side / 40;
  t.next = base_alloc(t.runs.count, sizeof *t.next);
  t.owner = base_alloc(t.runs.count, sizeof *t.owner);
  bool done = t.next && t.owner && follow(&t, mask->height, most_thick);
  if (done) {
    keep_straight(&t);
    done = join(&t, least, lines);
  }
  page_runs_free(&t.runs);
  base_free(t.next);
  base_free(t.owner);
  base_free(t.items);
  if (done) return SCRAWL_OK;
  page_lines_free(lines);
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to follow lines on %d x %d pixels",
                   mask->width, mask->height);
}

void page_lines_free(page_lines *lines) {
  for (size_t i = 0; i < lines->count; ++i) base_free(lines->items[i].centre);
  base_free(lines->items);
  *lines = (page_lines){0};
}
