/* Joining: parts are appended one by one, then copies are taken out in one pass. */
#include "data/join.h"

#include <string.h>

#include "base/memory.h"
#include "data/alphabet.h"
#include "data/inspect.h"

static scrawl_status no_memory(const char *names, base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to join %s", names);
}

/* ---- texts ---- */

/* "`*text``between``more`", or `more` alone where there was no text yet. */
static bool extend(char **text, const char *between, const char *more) {
  char *longer = *text ? base_format("%s%s%s", *text, between, more) : base_strdup(more);
  if (!longer) return false;
  base_free(*text);
  *text = longer;
  return true;
}

/* The signs of `more` that `*alphabet` lacks, put behind it. */
static bool unite(char **alphabet, const char *more) {
  char sign[SCRAWL_MAX_SIGN_BYTES];
  while (more && data_alphabet_next(&more, sign))
    if (data_alphabet_find(*alphabet, sign) < 0 && !extend(alphabet, "", sign)) return false;
  return true;
}

/* ---- appending ---- */

static bool grow(void *block, size_t old_count, size_t new_count, size_t size) {
  void **place = block, *grown = NULL;
  size_t old_bytes = old_count * size, new_bytes;
  if (!__builtin_mul_overflow(new_count, size, &new_bytes))
    grown = base_realloc(*place, old_bytes, new_bytes);
  if (grown) *place = grown;
  return grown != NULL;
}

static bool append_writers(data_set *set, const data_set *part) {
  size_t count = set->count + part->count;
  uint32_t last = 0;
  if (!set->writers && !part->writers) return true;
  if (!set->writers) {
    set->writers = base_alloc_zero(count, sizeof *set->writers);
    if (!set->writers) return false;
  } else if (!grow(&set->writers, set->count, count, sizeof *set->writers)) {
    return false;
  }
  for (size_t i = 0; i < set->count; i++)
    if (set->writers[i] > last) last = set->writers[i];
  for (size_t i = 0; i < part->count; i++) {
    uint32_t writer = part->writers ? part->writers[i] : 0;
    set->writers[set->count + i] = writer ? last + writer : 0;
  }
  return true;
}

static bool append_labels(data_set *set, const data_set *part) {
  if (!grow(&set->labels, set->count, set->count + part->count, sizeof *set->labels)) return false;
  char sign[SCRAWL_MAX_SIGN_BYTES];
  const char *signs = part->alphabet;
  for (int class = 0; class < part->classes && data_alphabet_next(&signs, sign); class ++) {
    int place = data_alphabet_find(set->alphabet, sign);
    for (size_t i = 0; i < part->count; i++)
      if (part->labels[i] == class) set->labels[set->count + i] = (uint16_t)place;
  }
  return true;
}

static scrawl_status append(data_set *set, const data_set *part, const char *names,
                            base_error *error) {
  if (part->width != set->width || part->height != set->height)
    return base_fail(
        error, SCRAWL_INVALID_ARGUMENT,
        "%s: the pictures of %s are %d x %d, those before %d x %d: joined sets must be "
        "of one size",
        names, part->name, part->width, part->height, set->width, set->height);
  size_t pixels = (size_t)set->width * (size_t)set->height, count = set->count + part->count;
  if (!extend(&set->name, " + ", part->name) || !unite(&set->alphabet, part->alphabet) ||
      !unite(&set->merged, part->merged) ||
      (part->remarks && !extend(&set->remarks, "\n", part->remarks)) ||
      !append_writers(set, part) || !append_labels(set, part) ||
      !grow(&set->pixels, set->count, count, pixels))
    return no_memory(names, error);
  memcpy(set->pixels + set->count * pixels, part->pixels, part->count * pixels);
  set->classes = data_alphabet_count(set->alphabet);
  set->count = count;
  return SCRAWL_OK;
}

/* ---- copies ---- */

static scrawl_status remove_copies(data_set *set, base_error *error) {
  data_inspection inspection;
  BASE_TRY(data_inspect(set, &inspection, error));
  size_t pixels = (size_t)set->width * (size_t)set->height, kept = 0;
  for (size_t i = 0; i < set->count; i++) {
    if (inspection.remarks[i] & DATA_COPY) continue;
    if (kept < i) memcpy(set->pixels + kept * pixels, set->pixels + i * pixels, pixels);
    set->labels[kept] = set->labels[i];
    if (set->writers) set->writers[kept] = set->writers[i];
    kept++;
  }
  set->count = kept;
  size_t copies = inspection.copies, conflicts = inspection.conflicts;
  data_inspection_free(&inspection);
  return copies ? data_set_remark(set, error,
                                  "exact copies of an earlier picture removed: %zu, of them under "
                                  "another label: %zu",
                                  copies, conflicts)
                : SCRAWL_OK;
}

/* ---- opening ---- */

/* The names, cut apart at each + in place. */
static scrawl_status open_parts(const char *names, char *text, data_part part, data_opener *open,
                                void *argument, data_set *set, base_error *error) {
  for (char *name = text; name;) {
    char *plus = strchr(name, '+');
    if (plus) *plus = 0;
    if (!*name)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                       "%s: a data set without a name beside a +; join them as in "
                       "mnist+emnist-digits",
                       names);
    data_set next = {0};
    BASE_TRY(open(argument, name, part, set->count ? &next : set, error));
    if (name != text) {
      scrawl_status status = append(set, &next, names, error);
      data_set_free(&next);
      if (status != SCRAWL_OK) return status;
    }
    name = plus ? plus + 1 : NULL;
  }
  return remove_copies(set, error);
}

scrawl_status data_join_open(const char *names, data_part part, data_opener *open, void *argument,
                             data_set *set, base_error *error) {
  *set = (data_set){0};
  if (!strchr(names, '+') || data_path_exists(names))
    return open(argument, names, part, set, error);
  char *text = base_strdup(names);
  if (!text) return no_memory(names, error);
  scrawl_status status = open_parts(names, text, part, open, argument, set, error);
  base_free(text);
  if (status != SCRAWL_OK) data_set_free(set);
  return status;
}
