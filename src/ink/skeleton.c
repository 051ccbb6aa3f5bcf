/* A skeleton as a graph: nodes are ends and clusters of pixels where ways meet, edges the ways
 * between them.
 *
 * Thinning leaves spurs where a stroke has a corner or a rough edge. A true branch begins in the
 * middle of another stroke and must leave it before it is seen, so that a branch shorter than the
 * ink is wide where it begins is a spur: at each junction the shortest of them goes, and the graph
 * is made anew, until there is none. For the same reason two strokes that cross or touch may leave
 * two junctions with a short and broad way between them, which count as one place.
 *
 * A way's length in pixels is estimated from its n_e steps along an axis, its n_o diagonal ones and
 * the n_c changes between kinds of direction (Vossepoel and Smeulders 1982):
 *   0.980 n_e + 1.406 n_o - 0.091 n_c */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "ink/trace.h"

/* A branch shorter than so many times the width of the ink where it begins is a spur: at a sharp
 * corner they reach further than the width itself. */
#define SPUR 1.2
/* A way between junctions that is shorter than so many times its width joins them to one. */
#define BRIDGE 2.5

typedef struct edge {
  int32_t ends[2];     /* nodes, -1 both: a ring */
  size_t first, count; /* of its pixels in the path, those of the nodes included */
  double length;
} edge;

typedef struct graph {
  ink_raster *raster;
  const float *distances;
  double width;     /* of the stroke */
  int32_t *node_of; /* of each pixel: node + 1, 0: a way or paper */
  bool *seen;       /* of each pixel */
  int32_t *degree;  /* of each node */
  int32_t *same;    /* of each node: one it is joined with, in the end itself */
  edge *edges;
  uint32_t *path;
  int32_t node_count;
  size_t edge_count, path_count;
} graph;

static void steps(const graph *g, ptrdiff_t step[8]) {
  const ptrdiff_t w = g->raster->width;
  const ptrdiff_t around[8] = {-w, 1 - w, 1, w + 1, w, w - 1, -1, -w - 1};
  memcpy(step, around, sizeof around);
}

static int count_neighbours(const graph *g, uint32_t at) {
  ptrdiff_t step[8];
  int count = 0;
  steps(g, step);
  for (int k = 0; k < 8; ++k) count += g->raster->pixels[at + step[k]];
  return count;
}

/* Gives a cluster of pixels its number. Clusters are small, but damage can make one of any size:
 * the path serves as a stack. */
static void fill_node(graph *g, uint32_t start) {
  ptrdiff_t step[8];
  size_t waiting = 0;
  int32_t number = g->node_count++ + 1;
  steps(g, step);
  g->node_of[start] = number;
  g->degree[number - 1] = 0;
  g->same[number - 1] = number - 1;
  g->path[waiting++] = start;
  while (waiting) {
    uint32_t at = g->path[--waiting];
    for (int k = 0; k < 8; ++k) {
      uint32_t next = (uint32_t)(at + step[k]);
      if (!g->raster->pixels[next] || g->node_of[next] || count_neighbours(g, next) < 3) continue;
      g->node_of[next] = number;
      g->path[waiting++] = next;
    }
  }
}

static void find_nodes(graph *g) {
  uint32_t count = (uint32_t)g->raster->width * (uint32_t)g->raster->height;
  memset(g->node_of, 0, count * sizeof *g->node_of);
  memset(g->seen, 0, count * sizeof *g->seen);
  g->node_count = 0;
  for (uint32_t at = 0; at < count; ++at) {
    if (!g->raster->pixels[at] || g->node_of[at]) continue;
    int ways = count_neighbours(g, at);
    if (ways > 2) {
      fill_node(g, at);
    } else if (ways < 2) { /* an end or a dot is a node by itself */
      int32_t number = ++g->node_count;
      g->node_of[at] = number;
      g->degree[number - 1] = 0;
      g->same[number - 1] = number - 1;
    }
  }
}

static double way_length(const graph *g, const edge *e) {
  ptrdiff_t step[8];
  int axial = 0, diagonal = 0, changes = 0, last = -1;
  steps(g, step);
  for (size_t i = e->first + 1; i < e->first + e->count; ++i) {
    ptrdiff_t by = (ptrdiff_t)g->path[i] - (ptrdiff_t)g->path[i - 1];
    int k = 0;
    while (k < 7 && step[k] != by) ++k;
    changes += last >= 0 && (k ^ last) & 1;
    if (k & 1)
      ++diagonal;
    else
      ++axial;
    last = k;
  }
  return 0.980 * axial + 1.406 * diagonal - 0.091 * changes;
}

static void end_edge(graph *g, edge *e) {
  e->count = g->path_count - e->first;
  e->length = way_length(g, e);
  for (int i = 0; i < 2; ++i)
    if (e->ends[i] >= 0) ++g->degree[e->ends[i]];
  ++g->edge_count;
}

/* From a pixel of a node, or any of a ring, over `at` to the next node. */
static void follow(graph *g, uint32_t from, uint32_t at) {
  ptrdiff_t step[8];
  edge *e = &g->edges[g->edge_count];
  *e = (edge){{g->node_of[from] - 1, -1}, g->path_count, 0, 0};
  steps(g, step);
  if (!g->node_of[from]) g->seen[from] = true;
  g->path[g->path_count++] = from;
  while (!g->node_of[at] && !g->seen[at]) {
    uint32_t next = from;
    g->seen[at] = true;
    g->path[g->path_count++] = at;
    for (int k = 0; k < 8; ++k) {
      uint32_t beside = (uint32_t)(at + step[k]);
      if (g->raster->pixels[beside] && beside != from) next = beside;
    }
    from = at;
    at = next;
  }
  g->path[g->path_count++] = at;
  e->ends[1] = g->node_of[at] - 1;
  end_edge(g, e);
}

static void find_edges(graph *g) {
  ptrdiff_t step[8];
  uint32_t count = (uint32_t)g->raster->width * (uint32_t)g->raster->height;
  steps(g, step);
  g->edge_count = g->path_count = 0;
  for (int rings = 0; rings < 2; ++rings)
    for (uint32_t at = 0; at < count; ++at) {
      if (!g->raster->pixels[at] || g->seen[at] || (g->node_of[at] != 0) == (rings == 1)) continue;
      for (int k = 0; k < 8; ++k) {
        uint32_t next = (uint32_t)(at + step[k]);
        if (!g->raster->pixels[next] || g->seen[next]) continue;
        /* Two nodes side by side: an edge without a way. */
        if (g->node_of[next] ? g->node_of[next] > g->node_of[at] : true) follow(g, at, next);
      }
    }
}

/* From the middle of a stroke of w pixels the next paper is (w + 1) / 2 away when w is odd; when it
 * is even, w / 2, because no pixel is quite in the middle. So w is taken as twice that, less a
 * half. */
static double width_at(const graph *g, size_t k) {
  return 2 * sqrt((double)g->distances[g->path[k]]) - 0.5;
}

static bool is_spur(const graph *g, const edge *e, int32_t *junction) {
  if (e->ends[0] < 0 || e->ends[1] < 0) return false;
  int end = g->degree[e->ends[0]] == 1 ? 0 : 1;
  *junction = e->ends[!end];
  if (g->degree[e->ends[end]] != 1 || g->degree[*junction] < 3) return false;
  double here = width_at(g, end ? e->first : e->first + e->count - 1);
  return e->length < SPUR * fmax(g->width, here);
}

/* Wipes out the shortest spur of each junction; whether there was one. */
static bool prune(graph *g) {
  bool changed = false;
  for (size_t i = 0; i < g->edge_count; ++i) {
    int32_t junction, other;
    const edge *e = &g->edges[i];
    bool shortest = is_spur(g, e, &junction);
    for (size_t j = 0; j < g->edge_count && shortest; ++j) {
      const edge *f = &g->edges[j];
      if (j == i || !is_spur(g, f, &other) || other != junction) continue;
      shortest = f->length > e->length || (f->length == e->length && j > i);
    }
    if (!shortest) continue;
    for (size_t k = e->first; k < e->first + e->count; ++k)
      if (g->node_of[g->path[k]] - 1 != junction) g->raster->pixels[g->path[k]] = 0;
    changed = true;
  }
  return changed;
}

static int32_t joined(graph *g, int32_t node) {
  while (g->same[node] != node) node = g->same[node] = g->same[g->same[node]];
  return node;
}

/* Ends, junctions and crossings, by the number of ways that leave a node, or several that are one:
 * each way between two of those counts for neither. */
static void count_nodes(graph *g, ink_trace *strokes) {
  for (size_t i = 0; i < g->edge_count; ++i) {
    const edge *e = &g->edges[i];
    double sum = 0;
    for (size_t k = e->first; k < e->first + e->count; ++k) sum += width_at(g, k);
    if (e->ends[0] < 0 || e->length >= BRIDGE * sum / (double)e->count) continue;
    if (g->degree[e->ends[0]] > 2 && g->degree[e->ends[1]] > 2)
      g->same[joined(g, e->ends[0])] = joined(g, e->ends[1]);
  }
  for (int32_t n = 0; n < g->node_count; ++n)
    if (joined(g, n) != n) g->degree[joined(g, n)] += g->degree[n] - 2;
  for (int32_t n = 0; n < g->node_count; ++n) {
    if (joined(g, n) != n) continue;
    if (g->degree[n] < 2) strokes->ends += g->degree[n] ? 1 : 2;
    strokes->junctions += g->degree[n] == 3;
    strokes->crossings += g->degree[n] > 3;
  }
}

/* Mean and deviation along the ways, away from where they meet, since ink is wider there, and from
 * their ends, where it is narrower. */
static void measure_width(const graph *g, ink_trace *strokes) {
  double sum = 0, squares = 0, count = 0;
  for (int away = 1; away >= 0 && count == 0; --away)
    for (size_t i = 0; i < g->edge_count; ++i) {
      const edge *e = &g->edges[i];
      size_t skip[2] = {0, 0};
      for (int s = 0; s < 2 && away; ++s)
        if (e->ends[s] >= 0) skip[s] = (size_t)ceil(g->width);
      for (size_t k = skip[0]; k + skip[1] < e->count; ++k) {
        double w = width_at(g, e->first + k);
        sum += w;
        squares += w * w;
        ++count;
      }
    }
  strokes->width = count > 0 ? sum / count : g->width;
  strokes->width_deviation =
      count > 0 ? sqrt(fmax(squares / count - strokes->width * strokes->width, 0)) : 0;
}

/* The way of the pen's middle, which comes no nearer to the end of the ink than half of its width:
 * where thinning went on into a corner, the line is longer by what is missing there. */
static void measure_length(const graph *g, ink_trace *strokes) {
  for (size_t i = 0; i < g->edge_count; ++i) {
    const edge *e = &g->edges[i];
    strokes->length += e->length;
    for (int s = 0; s < 2; ++s) {
      size_t tip = s ? e->first + e->count - 1 : e->first;
      if (e->ends[s] >= 0 && g->degree[e->ends[s]] == 1)
        strokes->length -= fmax(strokes->width - width_at(g, tip), 0) / 2;
    }
  }
  strokes->length = fmax(strokes->length, 0);
}

static scrawl_status create(graph *g, base_error *error) {
  const ink_raster *raster = g->raster;
  size_t pixels = (size_t)raster->width * (size_t)raster->height, ink = 0;
  for (size_t i = 0; i < pixels; ++i) ink += raster->pixels[i];
  g->node_of = base_alloc(pixels, sizeof *g->node_of);
  g->seen = base_alloc(pixels, sizeof *g->seen);
  g->degree = base_alloc(ink + 1, sizeof *g->degree);
  g->same = base_alloc(ink + 1, sizeof *g->same);
  /* A pixel of a way is in one edge, one of a node at most in those to its eight neighbours. */
  g->edges = base_alloc(8 * ink + 1, sizeof *g->edges);
  g->path = base_alloc(17 * ink + 1, sizeof *g->path);
  if (g->node_of && g->seen && g->degree && g->same && g->edges && g->path) return SCRAWL_OK;
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to measure the strokes");
}

scrawl_status ink_measure_skeleton(ink_raster *raster, const float *distances, double width,
                                   ink_trace *strokes, base_error *error) {
  graph g = {.raster = raster, .distances = distances, .width = width};
  scrawl_status status = create(&g, error);
  if (status == SCRAWL_OK) {
    for (bool again = true; again;) {
      find_nodes(&g);
      find_edges(&g);
      again = prune(&g);
      if (again) ink_thin_again(raster);
    }
    measure_width(&g, strokes);
    measure_length(&g, strokes);
    count_nodes(&g, strokes);
  }
  base_free(g.node_of);
  base_free(g.seen);
  base_free(g.degree);
  base_free(g.same);
  base_free(g.edges);
  base_free(g.path);
  return status;
}
