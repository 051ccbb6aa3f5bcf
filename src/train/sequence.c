/* Errors of sequences, counted as is usual in the field: the character error rate is the sum of
 * all edit distances over the number of signs written, the word error rate the same with words in
 * the place of signs. */
#include "train/sequence.h"

#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "train/metrics.h"

/* One sign or word of a text. */
typedef struct token {
  const char *start;
  size_t length;
} token;

static bool same(token a, token b) {
  return a.length == b.length && memcmp(a.start, b.start, a.length) == 0;
}

/* Bytes that are no UTF-8 are a sign each. */
static size_t split_signs(const char *text, token *tokens) {
  size_t count = 0;
  for (size_t left = strlen(text), length; left; text += length, left -= length) {
    length = base_utf8_length(text, left);
    if (!length) length = 1;
    tokens[count++] = (token){text, length};
  }
  return count;
}

static size_t split_words(const char *text, token *tokens) {
  size_t count = 0;
  for (;;) {
    text += strspn(text, " /");
    if (!*text) return count;
    size_t length = strcspn(text, " /");
    tokens[count++] = (token){text, length};
    text += length;
  }
}

static size_t smallest(size_t a, size_t b, size_t c) {
  size_t least = a < b ? a : b;
  return least < c ? least : c;
}

/* Wagner and Fischer 1974, keeping one row: row[j] is the distance of the first i of `a` from the
 * first j of `b`. */
static size_t distance_of(const token *a, size_t a_count, const token *b, size_t b_count,
                          size_t *row) {
  for (size_t j = 0; j <= b_count; j++) row[j] = j;
  for (size_t i = 1; i <= a_count; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b_count; j++) {
      size_t above = row[j];
      row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + !same(a[i - 1], b[j - 1]));
      diagonal = above;
    }
  }
  return row[b_count];
}

/* Distance in the tokens that `split` finds; `*count` gets those of `a`. */
static scrawl_status measure(const char *a, const char *b,
                             size_t (*split)(const char *text, token *tokens), size_t *distance,
                             size_t *count, base_error *error) {
  size_t a_most = strlen(a), b_most = strlen(b);
  token *tokens = base_alloc(a_most + b_most + 1, sizeof *tokens);
  size_t *row = base_alloc(b_most + 1, sizeof *row);
  scrawl_status status = SCRAWL_OK;
  *distance = *count = 0;
  if (!tokens || !row) {
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to compare texts of %zu signs",
                       a_most + b_most);
  } else {
    *count = split(a, tokens);
    size_t b_count = split(b, tokens + a_most);
    *distance = distance_of(tokens, *count, tokens + a_most, b_count, row);
  }
  base_free(tokens);
  base_free(row);
  return status;
}

/* The next cell of a row, and its length; 0 at the end of the row. */
static size_t cell_length(const char *at) {
  if (!*at || *at == '/') return 0;
  size_t length = base_utf8_length(at, strlen(at));
  return length ? length : 1;
}

/* Cells in the same row and column that are equal. What is beyond the truth's is not counted: it
 * makes the picture not exact. */
static void count_cells(train_sequence_score *score, const char *truth, const char *read) {
  for (;;) {
    size_t wanted = cell_length(truth), found = cell_length(read);
    if (wanted) {
      score->cells++;
      score->cells_right += wanted == found && memcmp(truth, read, wanted) == 0;
      truth += wanted;
      read += found;
      continue;
    }
    read += strcspn(read, "/");
    if (*truth != '/') return;
    truth++;
    read += *read == '/';
  }
}

scrawl_status train_sequence_add(train_sequence_score *score, const char *truth, const char *read,
                                 bool grid, base_error *error) {
  size_t signs, sign_errors, words, word_errors;
  BASE_TRY(measure(truth, read, split_signs, &sign_errors, &signs, error));
  BASE_TRY(measure(truth, read, split_words, &word_errors, &words, error));
  score->n++;
  score->exact += strcmp(truth, read) == 0;
  score->signs += signs;
  score->sign_errors += sign_errors;
  score->words += words;
  score->word_errors += word_errors;
  if (grid) count_cells(score, truth, read);
  return SCRAWL_OK;
}

double train_character_error_rate(const train_sequence_score *score) {
  return train_share(score->sign_errors, score->signs);
}

double train_word_error_rate(const train_sequence_score *score) {
  return train_share(score->word_errors, score->words);
}

double train_exact_rate(const train_sequence_score *score) {
  return train_share(score->exact, score->n);
}

double train_cell_accuracy(const train_sequence_score *score) {
  return train_share(score->cells_right, score->cells);
}
