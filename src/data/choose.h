/* Choosing what a model is to tell apart: another alphabet for a data set.
 *
 * The classes become the signs of `alphabet`, in its order. Pictures of other signs are left out,
 * unless the alphabet holds READ_NO_GLYPH, the class of everything that is none of the others: then
 * they become that, but for those that nobody could tell from a sign of the alphabet. A capital O
 * is written like a zero; to learn that the one is a digit and the other is not would be to learn
 * chance. */
#ifndef DATA_CHOOSE_H
#define DATA_CHOOSE_H

#include "data/set.h"

/* Signs that may look like a digit when they stand alone, scaled to one size: O and o like 0; I, l
 * and strokes like 1; Z and z like 2; S and s like 5; b like 6; B like 8; g and q like 9. */
#define DATA_DIGIT_LOOK_ALIKES "IlOoSsZzBbgq|/\\()'`,!"

typedef struct data_choice {
  const char *alphabet;
  /* Signs that are left out where the others become READ_NO_GLYPH; NULL: DATA_DIGIT_LOOK_ALIKES
   * where all signs of the alphabet but that are digits, otherwise none. A class that holds both
   * cases of a letter is left out for either. */
  const char *leave_out;
  /* READ_NO_GLYPH gets at most this share of the pictures, drawn with `seed` from all there are;
   * 1: all of them. */
  double others;
  uint64_t seed;
} data_choice;

/* In place; the set's remarks say what became of other signs. INVALID_ARGUMENT when a text is no
 * alphabet, `others` is not in 0..1, or no picture remains. After a failure the set is only good
 * for data_set_free. */
scrawl_status data_set_choose(data_set *set, const data_choice *choice, base_error *error);

#endif
