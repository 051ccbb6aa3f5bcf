/* The best path through a lattice of spans, by dynamic programming.
 *
 * Touching digits cannot be told apart before they are known, nor known before they are told
 * apart (Sayre's paradox). So a string is cut at every place where two glyphs might meet, the
 * recogniser scores what neighbouring pieces would be together, and the best tiling is sought
 * (Casey and Lecolinet 1996, "A survey of methods and strategies in character segmentation";
 * Fujisawa, Nakano, Kurino 1992). With B(0) = 0 the best score up to piece e is
 *   B(e) = max over spans s that end at e of B(first of s) + score(s),
 * Bellman's recursion. The same with log(sum(exp)) in the place of max, forward F and backward G,
 * gives what part of all ways' likelihood goes through a span:
 *   share(s) = exp(F(first) + score(s) + G(end) - F(pieces)). */
#include "read/string_path.h"

#include <math.h>

#include "base/memory.h"

typedef struct lattice {
  const read_span *spans;
  size_t count;
  int pieces;
  double *best, *forward, *backward; /* at each of the places 0 .. pieces */
  size_t *chosen;                    /* the best span that ends there */
  size_t *next, *head;               /* lists of the spans that end at a place */
} lattice;

static double add_logs(double a, double b) {
  if (a < b) return add_logs(b, a);
  return b == -INFINITY ? a : a + log1p(exp(b - a));
}

static bool make_room(lattice *l) {
  size_t places = (size_t)l->pieces + 1;
  l->best = base_alloc(places, sizeof *l->best);
  l->forward = base_alloc(places, sizeof *l->forward);
  l->backward = base_alloc(places, sizeof *l->backward);
  l->chosen = base_alloc(places, sizeof *l->chosen);
  l->head = base_alloc(places, sizeof *l->head);
  l->next = base_alloc(l->count, sizeof *l->next);
  return l->best && l->forward && l->backward && l->chosen && l->head && l->next;
}

static void free_room(lattice *l) {
  base_free(l->best);
  base_free(l->forward);
  base_free(l->backward);
  base_free(l->chosen);
  base_free(l->head);
  base_free(l->next);
}

/* Of equal ways the one whose last span was listed first. */
static void walk(lattice *l) {
  for (int e = 0; e <= l->pieces; e++) {
    l->head[e] = l->chosen[e] = SIZE_MAX;
    l->best[e] = l->forward[e] = l->backward[e] = -INFINITY;
  }
  for (size_t i = l->count; i-- > 0;) {
    l->next[i] = l->head[l->spans[i].end];
    l->head[l->spans[i].end] = i;
  }
  l->best[0] = l->forward[0] = l->backward[l->pieces] = 0;
  for (int e = 1; e <= l->pieces; e++)
    for (size_t i = l->head[e]; i != SIZE_MAX; i = l->next[i]) {
      const read_span *span = &l->spans[i];
      double score = l->best[span->first] + span->score;
      l->forward[e] = add_logs(l->forward[e], l->forward[span->first] + span->score);
      if (score <= l->best[e]) continue;
      l->best[e] = score;
      l->chosen[e] = i;
    }
  for (int e = l->pieces; e > 0; e--)
    for (size_t i = l->head[e]; i != SIZE_MAX; i = l->next[i]) {
      const read_span *span = &l->spans[i];
      l->backward[span->first] = add_logs(l->backward[span->first], l->backward[e] + span->score);
    }
}

static void trace(const lattice *l, size_t *path, double *share, size_t *length) {
  size_t many = 0;
  for (int e = l->pieces; e > 0; e = l->spans[l->chosen[e]].first) many++;
  *length = many;
  for (int e = l->pieces; e > 0; e = l->spans[l->chosen[e]].first) {
    const read_span *span = &l->spans[l->chosen[e]];
    path[--many] = l->chosen[e];
    double part =
        exp(l->forward[span->first] + span->score + l->backward[e] - l->forward[l->pieces]);
    share[many] = part < 1 ? part : 1;
  }
}

scrawl_status read_find_path(const read_span *spans, size_t count, int pieces, size_t *path,
                             double *share, size_t *length, base_error *error) {
  lattice l = {.spans = spans, .count = count, .pieces = pieces};
  *length = 0;
  for (size_t i = 0; i < count; i++)
    if (spans[i].first < 0 || spans[i].end <= spans[i].first || spans[i].end > pieces ||
        isnan(spans[i].score) || spans[i].score == INFINITY)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "span %zu, %d to %d of %d pieces", i,
                       spans[i].first, spans[i].end, pieces);
  if (pieces <= 0) return SCRAWL_OK;
  scrawl_status status = SCRAWL_OK;
  if (!make_room(&l)) {
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a string of %d pieces", pieces);
  } else {
    walk(&l);
    if (l.chosen[pieces] == SIZE_MAX)
      status = base_fail(error, SCRAWL_INVALID_ARGUMENT, "no way through %d pieces", pieces);
    else
      trace(&l, path, share, length);
  }
  free_room(&l);
  return status;
}
