/* Alphabets: the signs of a data set's classes as UTF-8 text, one after the other in class order.
 *
 * Every text here is valid UTF-8 already; data_alphabet_check is for one from outside. */
#ifndef DATA_ALPHABET_H
#define DATA_ALPHABET_H

#include "base/error.h"

/* The first sign of `*alphabet`, terminated, which then goes on behind it; false at the end. */
bool data_alphabet_next(const char **alphabet, char sign[SCRAWL_MAX_SIGN_BYTES]);
int data_alphabet_count(const char *alphabet);
/* The place of a sign; -1 when it is not there, or `alphabet` is NULL. */
int data_alphabet_find(const char *alphabet, const char *sign);
/* The small form of a Latin capital and the other way round; false for every other sign. */
bool data_alphabet_other_case(const char *sign, char other[SCRAWL_MAX_SIGN_BYTES]);
/* INVALID_ARGUMENT, with `what` as the subject of its sentence, unless it is UTF-8 without control
 * characters and every sign stands there once. */
scrawl_status data_alphabet_check(const char *what, const char *alphabet, base_error *error);

/* What people write for an alphabet, in full: "0-9A-C" is "0123456789ABC". A range holds all signs
 * from one to the other in the order of Unicode. A minus sign stands first or last; what is in full
 * already stays as it is. `text` NULL: so is `*alphabet`; else base_free it. INVALID_ARGUMENT, with
 * `what` as the subject of its sentence, when it is not UTF-8, a range runs backwards or holds more
 * than DATA_MOST_SIGNS, or a "-" is neither between two signs nor at an end. OUT_OF_MEMORY. */
enum { DATA_MOST_SIGNS = 65536 };
scrawl_status data_alphabet_expand(const char *what, const char *text, char **alphabet,
                                   base_error *error);

#endif
