/* Splitting: a validation part, and taking pictures out of a set.
 *
 * Pictures without a known writer are drawn class by class. Those with one go by writer, since a
 * hand that training has seen is easier to read than one it has not: writers are drawn in random
 * order, and each is taken unless the share is nearer without all of theirs. */
#include "data/set.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

enum { STREAM_WRITERS = UINT16_MAX + 1 }; /* of the seed; below it those of the classes */

static bool has_writer(const data_set *set, size_t picture) {
  return set->writers && set->writers[picture];
}

/* Marks in `second` (one byte a picture) what the share takes of the pictures without a writer;
 * returns how many. `indices`: scratch for the whole set. */
static size_t draw_by_class(const data_set *set, double share, uint64_t seed, uint8_t *second,
                            uint32_t *indices) {
  base_random random = base_random_seed(seed);
  size_t drawn = 0;
  for (int class = 0; class < set->classes; class ++) {
    size_t members = 0;
    for (size_t i = 0; i < set->count; i++)
      if (set->labels[i] == class && !has_writer(set, i)) indices[members++] = (uint32_t)i;
    if (members == 0) continue;
    size_t wanted = (size_t)llround(share * (double)members);
    if (wanted >= members) wanted = members - 1;
    /* A stream for each class: adding pictures of one class does not change what is drawn of
     * another. */
    base_random stream = base_random_split(&random, (uint64_t) class);
    base_random_shuffle(&stream, indices, members);
    for (size_t i = 0; i < wanted; i++) second[indices[i]] = 1;
    drawn += wanted;
  }
  return drawn;
}

/* `members`: how many pictures each writer has, by number; emptied for those that are taken.
 * `order`: scratch for one number a writer. */
static void draw_writers(size_t *members, uint32_t *order, uint32_t last, double share,
                         uint64_t seed) {
  size_t writers = 0, all = 0, drawn = 0;
  for (uint32_t w = 1; w <= last; w++) {
    if (members[w]) order[writers++] = w;
    all += members[w];
  }
  double wanted = share * (double)all;
  base_random random = base_random_seed(seed);
  random = base_random_split(&random, STREAM_WRITERS);
  base_random_shuffle(&random, order, writers);
  for (size_t i = 0; i + 1 < writers; i++) {
    size_t more = members[order[i]];
    if ((double)drawn + (double)more / 2 > wanted) continue;
    drawn += more;
    members[order[i]] = 0;
  }
}

static scrawl_status draw_by_writer(const data_set *set, double share, uint64_t seed,
                                    uint8_t *second, size_t *drawn, base_error *error) {
  uint32_t last = 0;
  for (size_t i = 0; set->writers && i < set->count; i++)
    if (set->writers[i] > last) last = set->writers[i];
  if (last == 0) return SCRAWL_OK;
  size_t *members = base_alloc_zero((size_t)last + 1, sizeof *members);
  uint32_t *order = base_alloc(last, sizeof *order);
  if (!members || !order) {
    base_free(members);
    base_free(order);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to split %u writers", last);
  }
  for (size_t i = 0; i < set->count; i++) members[set->writers[i]] += set->writers[i] > 0;
  draw_writers(members, order, last, share, seed);
  for (size_t i = 0; i < set->count; i++) {
    bool taken = has_writer(set, i) && members[set->writers[i]] == 0;
    second[i] |= taken;
    *drawn += taken;
  }
  base_free(members);
  base_free(order);
  return SCRAWL_OK;
}

scrawl_status data_set_split(const data_set *set, double share, uint64_t seed, uint32_t *indices,
                             size_t *first_count, base_error *error) {
  *first_count = 0;
  if (!(share > 0 && share < 1))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a share of %g is not between 0 and 1", share);
  if (set->count > UINT32_MAX)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%s: more than 4294967295 pictures", set->name);
  uint8_t *taken = base_alloc_zero(set->count, 1);
  if (!taken)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to split %zu pictures", set->count);
  size_t drawn = draw_by_class(set, share, seed, taken, indices), kept = 0, cut = 0;
  scrawl_status status = draw_by_writer(set, share, seed, taken, &drawn, error);
  for (size_t i = 0; i < set->count; i++)
    indices[taken[i] ? set->count - drawn + cut++ : kept++] = (uint32_t)i;
  base_free(taken);
  if (status != SCRAWL_OK) return status;
  if (cut == 0)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "%s: a share of %g of %zu pictures leaves none to validate on", set->name,
                     share, set->count);
  *first_count = kept;
  return SCRAWL_OK;
}

scrawl_status data_set_take(const data_set *set, const char *what, const uint32_t *indices,
                            size_t count, data_set *part, base_error *error) {
  size_t pixels = (size_t)set->height * (size_t)set->width;
  *part = (data_set){.count = count,
                     .height = set->height,
                     .width = set->width,
                     .classes = set->classes,
                     .name = base_format("%s, %s", set->name, what),
                     .alphabet = base_strdup(set->alphabet),
                     .pixels = base_alloc(count, pixels),
                     .labels = base_alloc(count, sizeof *part->labels)};
  if (set->writers) part->writers = base_alloc(count, sizeof *part->writers);
  if (set->merged) part->merged = base_strdup(set->merged);
  if (!part->name || !part->alphabet || !part->pixels || !part->labels ||
      (set->writers && !part->writers) || (set->merged && !part->merged)) {
    data_set_free(part);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for %zu pictures", count);
  }
  for (size_t i = 0; i < count; i++) {
    memcpy(part->pixels + i * pixels, set->pixels + indices[i] * pixels, pixels);
    part->labels[i] = set->labels[indices[i]];
    if (set->writers) part->writers[i] = set->writers[indices[i]];
  }
  return SCRAWL_OK;
}
