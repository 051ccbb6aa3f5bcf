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

#endif
