/* Choosing: each class gets its new place, pictures without one are closed over in place. */
#include "data/choose.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/alphabet.h"
#include "read/model.h"

enum { LEFT_OUT = -1, LOOK_ALIKE = -2 }; /* places of classes that go */

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to choose pictures");
}

static bool only_digits(const char *alphabet) {
  char sign[SCRAWL_MAX_SIGN_BYTES];
  while (data_alphabet_next(&alphabet, sign))
    if (data_alphabet_find(READ_DIGITS READ_NO_GLYPH, sign) < 0) return false;
  return true;
}

static int place_of(const data_set *set, const char *sign, const data_choice *choice,
                    const char *leave_out) {
  char other[SCRAWL_MAX_SIGN_BYTES];
  int place = data_alphabet_find(choice->alphabet, sign);
  if (place >= 0) return place;
  int no_glyph = data_alphabet_find(choice->alphabet, READ_NO_GLYPH);
  if (no_glyph < 0) return LEFT_OUT;
  bool merged = data_alphabet_find(set->merged, sign) >= 0;
  bool alike = data_alphabet_find(leave_out, sign) >= 0 ||
               (merged && data_alphabet_other_case(sign, other) &&
                data_alphabet_find(leave_out, other) >= 0);
  return alike ? LOOK_ALIKE : no_glyph;
}

/* Closes over the pictures whose class has no place; counts those by why. */
static void relabel(data_set *set, const int *places, size_t *left_out, size_t *look_alikes) {
  size_t pixels = (size_t)set->width * (size_t)set->height, kept = 0;
  *left_out = *look_alikes = 0;
  for (size_t i = 0; i < set->count; i++) {
    int place = places[set->labels[i]];
    *left_out += place == LEFT_OUT;
    *look_alikes += place == LOOK_ALIKE;
    if (place < 0) continue;
    if (kept < i) memcpy(set->pixels + kept * pixels, set->pixels + i * pixels, pixels);
    if (set->writers) set->writers[kept] = set->writers[i];
    set->labels[kept++] = (uint16_t)place;
  }
  set->count = kept;
}

/* Takes out pictures of `class`, drawn with `seed`, until they are at most `share` of all. */
static scrawl_status limit_share(data_set *set, int class, double share, uint64_t seed,
                                 size_t *removed, base_error *error) {
  size_t members = 0;
  *removed = 0;
  for (size_t i = 0; i < set->count; i++) members += set->labels[i] == class;
  double most = share < 1 ? floor(share / (1 - share) * (double)(set->count - members)) : HUGE_VAL;
  if ((double)members <= most) return SCRAWL_OK;
  uint32_t *drawn = base_alloc(members, sizeof *drawn);
  uint8_t *keep = base_alloc_zero(members, 1);
  if (!drawn || !keep) {
    base_free(drawn);
    base_free(keep);
    return no_memory(error);
  }
  for (size_t i = 0; i < members; i++) drawn[i] = (uint32_t)i;
  base_random random = base_random_seed(seed);
  base_random_shuffle(&random, drawn, members);
  for (size_t i = 0; i < (size_t)most; i++) keep[drawn[i]] = 1;
  size_t pixels = (size_t)set->width * (size_t)set->height, kept = 0, member = 0;
  for (size_t i = 0; i < set->count; i++) {
    if (set->labels[i] == class && !keep[member++]) continue;
    if (kept < i) memcpy(set->pixels + kept * pixels, set->pixels + i * pixels, pixels);
    if (set->writers) set->writers[kept] = set->writers[i];
    set->labels[kept++] = set->labels[i];
  }
  *removed = set->count - kept;
  set->count = kept;
  base_free(drawn);
  base_free(keep);
  return SCRAWL_OK;
}

static scrawl_status check(const data_set *set, const data_choice *choice, base_error *error) {
  if (!*choice->alphabet) return base_fail(error, SCRAWL_INVALID_ARGUMENT, "the alphabet is empty");
  BASE_TRY(data_alphabet_check("the alphabet", choice->alphabet, error));
  if (choice->leave_out)
    BASE_TRY(data_alphabet_check("what to leave out", choice->leave_out, error));
  if (!(choice->others >= 0 && choice->others <= 1))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a share of %g is not in 0 to 1",
                     choice->others);
  if (set->count > UINT32_MAX)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%s: more than 4294967295 pictures", set->name);
  return SCRAWL_OK;
}

/* The classes' new places, and the new alphabet. */
static scrawl_status replace_alphabet(data_set *set, const data_choice *choice, int *places,
                                      base_error *error) {
  const char *leave_out = choice->leave_out, *signs = set->alphabet;
  if (!leave_out) leave_out = only_digits(choice->alphabet) ? DATA_DIGIT_LOOK_ALIKES : "";
  char sign[SCRAWL_MAX_SIGN_BYTES];
  for (int class = 0; class < set->classes; class ++) {
    data_alphabet_next(&signs, sign);
    places[class] = place_of(set, sign, choice, leave_out);
  }
  char *alphabet = base_strdup(choice->alphabet);
  if (!alphabet) return no_memory(error);
  base_free(set->alphabet);
  set->alphabet = alphabet;
  set->classes = data_alphabet_count(alphabet);
  return SCRAWL_OK;
}

scrawl_status data_set_choose(data_set *set, const data_choice *choice, base_error *error) {
  BASE_TRY(check(set, choice, error));
  int *places = base_alloc((size_t)set->classes, sizeof *places);
  if (!places) return no_memory(error);
  scrawl_status status = replace_alphabet(set, choice, places, error);
  size_t left_out = 0, look_alikes = 0, too_many = 0;
  if (status == SCRAWL_OK) relabel(set, places, &left_out, &look_alikes);
  base_free(places);
  int no_glyph = data_alphabet_find(choice->alphabet, READ_NO_GLYPH);
  if (status == SCRAWL_OK && no_glyph >= 0)
    status = limit_share(set, no_glyph, choice->others, choice->seed, &too_many, error);
  if (status != SCRAWL_OK) return status;
  if (set->count == 0)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s has no picture of \"%s\"", set->name,
                     choice->alphabet);
  if (left_out)
    BASE_TRY(data_set_remark(set, error, "pictures of other signs left out: %zu", left_out));
  if (look_alikes)
    BASE_TRY(data_set_remark(set, error,
                             "pictures of signs that look like one of \"%s\" left out: "
                             "%zu",
                             choice->alphabet, look_alikes));
  if (too_many)
    BASE_TRY(data_set_remark(
        set, error, "pictures of " READ_NO_GLYPH " over their share left out: %zu", too_many));
  return SCRAWL_OK;
}
