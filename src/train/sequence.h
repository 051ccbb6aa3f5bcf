/* How well sequences are read: strings, lines, grids. */
#ifndef TRAIN_SEQUENCE_H
#define TRAIN_SEQUENCE_H

#include "base/error.h"

/* Sums over pictures; all zero at first. */
typedef struct train_sequence_score {
  size_t n, exact;           /* pictures; read without a mistake */
  size_t signs, sign_errors; /* of the truths; insertions, deletions, substitutions */
  size_t words, word_errors; /* parted by spaces and line ends */
  size_t cells, cells_right; /* of grids */
} train_sequence_score;

/* Counts one picture. Errors of signs (UTF-8) and of words are the least insertions, deletions and
 * substitutions that make one text of the other (Levenshtein 1966). Texts are as in manifests:
 * lines, and rows of a grid, joined by '/'; in a grid each sign is a cell, '.' an empty one.
 * OUT_OF_MEMORY. */
scrawl_status train_sequence_add(train_sequence_score *score, const char *truth, const char *read,
                                 bool grid, base_error *error);

/* Rates of errors (0 when there is nothing to err in) and of what is right. A rate of errors may be
 * above 1. */
double train_character_error_rate(const train_sequence_score *score);
double train_word_error_rate(const train_sequence_score *score);
double train_exact_rate(const train_sequence_score *score);
double train_cell_accuracy(const train_sequence_score *score);

#endif
