/* What a data set holds, and what in it may be wrong.
 *
 * Copies are found by sorting the pictures by a hash of their pixels (FNV-1a: Fowler, Noll, Vo),
 * then by their bytes where hashes meet, then by number: equal pictures then stand together, the
 * first of them in front. */
#include "data/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { INK_LEVEL = 64 }; /* a quarter of full ink: less is no stroke anybody sees */

typedef struct entry {
  uint64_t hash;
  const uint8_t *pixels;
  uint32_t number;
} entry;

static uint64_t hash_bytes(const uint8_t *bytes, size_t size) {
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 0x100000001b3;
  return hash;
}

static int compare(const void *left, const void *right, void *size) {
  const entry *a = left, *b = right;
  if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
  int order = memcmp(a->pixels, b->pixels, *(const size_t *)size);
  if (order) return order;
  return a->number < b->number ? -1 : a->number > b->number;
}

static bool is_blank(const uint8_t *pixels, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (pixels[i] >= INK_LEVEL) return false;
  return true;
}

static void find_copies(const data_set *set, entry *entries, size_t size,
                        data_inspection *inspection) {
  for (size_t i = 0; i < set->count; i++) {
    const uint8_t *pixels = set->pixels + i * size;
    entries[i] = (entry){hash_bytes(pixels, size), pixels, (uint32_t)i};
  }
  qsort_r(entries, set->count, sizeof *entries, compare, &size);
  const entry *first = entries;
  for (const entry *at = entries + 1; at < entries + set->count; at++) {
    if (at->hash != first->hash || memcmp(at->pixels, first->pixels, size) != 0) {
      first = at;
      continue;
    }
    bool conflict = set->labels[at->number] != set->labels[first->number];
    inspection->remarks[at->number] |= (uint8_t)(DATA_COPY | (conflict ? DATA_CONFLICT : 0));
    inspection->copies++;
    inspection->conflicts += conflict;
  }
}

scrawl_status data_inspect(const data_set *set, data_inspection *inspection, base_error *error) {
  *inspection = (data_inspection){0};
  if (set->count > UINT32_MAX)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%s: more than 4294967295 pictures", set->name);
  size_t size = (size_t)set->height * (size_t)set->width;
  entry *entries = base_alloc(set->count, sizeof *entries);
  inspection->counts = base_alloc_zero((size_t)set->classes, sizeof *inspection->counts);
  inspection->remarks = base_alloc_zero(set->count, 1);
  if (!entries || !inspection->counts || !inspection->remarks) {
    base_free(entries);
    data_inspection_free(inspection);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to inspect %zu pictures", set->count);
  }
  for (size_t i = 0; i < set->count; i++) {
    inspection->counts[set->labels[i]]++;
    if (!is_blank(set->pixels + i * size, size)) continue;
    inspection->remarks[i] |= DATA_BLANK;
    inspection->blank++;
  }
  find_copies(set, entries, size, inspection);
  base_free(entries);
  return SCRAWL_OK;
}

void data_inspection_free(data_inspection *inspection) {
  if (!inspection) return;
  base_free(inspection->counts);
  base_free(inspection->remarks);
  *inspection = (data_inspection){0};
}
