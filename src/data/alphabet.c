/* Alphabets as text: short enough for every search to go along them. */
#include "data/alphabet.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

bool data_alphabet_next(const char **alphabet, char sign[SCRAWL_MAX_SIGN_BYTES]) {
  size_t length = base_utf8_length(*alphabet, strlen(*alphabet));
  memcpy(sign, *alphabet, length);
  sign[length] = 0;
  *alphabet += length;
  return length > 0;
}

int data_alphabet_count(const char *alphabet) {
  char sign[SCRAWL_MAX_SIGN_BYTES];
  int count = 0;
  while (data_alphabet_next(&alphabet, sign)) count++;
  return count;
}

int data_alphabet_find(const char *alphabet, const char *sign) {
  char at[SCRAWL_MAX_SIGN_BYTES];
  for (int place = 0; alphabet && data_alphabet_next(&alphabet, at); place++)
    if (strcmp(at, sign) == 0) return place;
  return -1;
}

bool data_alphabet_other_case(const char *sign, char other[SCRAWL_MAX_SIGN_BYTES]) {
  unsigned char letter = (unsigned char)sign[0];
  bool small = letter >= 'a' && letter <= 'z', capital = letter >= 'A' && letter <= 'Z';
  other[0] = (char)(small ? toupper(letter) : tolower(letter));
  other[1] = 0;
  return small || capital;
}

scrawl_status data_alphabet_check(const char *what, const char *alphabet, base_error *error) {
  char sign[SCRAWL_MAX_SIGN_BYTES];
  if (!base_utf8_valid(alphabet, strlen(alphabet)))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s is not UTF-8", what);
  for (const char *at = alphabet; data_alphabet_next(&at, sign);) {
    if ((unsigned char)sign[0] < ' ' || sign[0] == 0x7f)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s holds a control character", what);
    if (data_alphabet_find(at, sign) >= 0)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s holds \"%s\" twice", what, sign);
  }
  return SCRAWL_OK;
}

/* ---- ranges ---- */

enum { FIRST_SURROGATE = 0xd800, LAST_SURROGATE = 0xdfff }; /* code points that no sign has */

/* The code point of a sign; and back, the number of bytes that it takes. */
static uint32_t code_of(const char *sign) {
  static const uint8_t FIRST_BITS[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  size_t length = strlen(sign);
  uint32_t code = (uint8_t)sign[0] & FIRST_BITS[length];
  for (size_t i = 1; i < length; i++) code = code << 6 | ((uint8_t)sign[i] & 0x3f);
  return code;
}

static size_t sign_of(uint32_t code, char sign[4]) {
  static const uint8_t MARKS[] = {0, 0, 0xc0, 0xe0, 0xf0};
  size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--, code >>= 6) sign[i] = (char)(0x80 | (code & 0x3f));
  sign[0] = (char)(MARKS[length] | code);
  return length;
}

/* `at` is behind a sign: whether a range begins with it. */
static bool begins_range(const char *sign, const char *at) {
  return *sign != '-' && at[0] == '-' && at[1] && at[1] != '-';
}

/* Goes along a text that is UTF-8; the bytes in full go to `to`, unless it is NULL, their number to
 * `*size`. */
static scrawl_status expand(const char *what, const char *text, char *to, size_t *size,
                            base_error *error) {
  char sign[SCRAWL_MAX_SIGN_BYTES], last[SCRAWL_MAX_SIGN_BYTES], made[4];
  size_t signs = 0;
  *size = 0;
  for (const char *at = text; data_alphabet_next(&at, sign);) {
    if (*sign == '-' && at > text + 1 && *at)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                       "%s holds a \"-\" that makes no range: a minus sign stands first or last",
                       what);
    strcpy(last, sign);
    if (begins_range(sign, at)) {
      at++;
      data_alphabet_next(&at, last);
    }
    uint32_t from = code_of(sign), end = code_of(last);
    if (end < from)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s holds the range %s-%s: it is empty",
                       what, sign, last);
    signs += (size_t)(end - from) + 1;
    if (signs > DATA_MOST_SIGNS)
      return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s holds more than %d signs", what,
                       DATA_MOST_SIGNS);
    for (uint32_t code = from; code <= end; code++) {
      if (code >= FIRST_SURROGATE && code <= LAST_SURROGATE) continue;
      size_t length = sign_of(code, made);
      if (to) memcpy(to + *size, made, length);
      *size += length;
    }
  }
  return SCRAWL_OK;
}

scrawl_status data_alphabet_expand(const char *what, const char *text, char **alphabet,
                                   base_error *error) {
  size_t size;
  *alphabet = NULL;
  if (!text) return SCRAWL_OK;
  if (!base_utf8_valid(text, strlen(text)))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s is not UTF-8", what);
  BASE_TRY(expand(what, text, NULL, &size, error));
  char *made = base_alloc_zero(size + 1, 1);
  if (!made) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for an alphabet");
  *alphabet = made;
  return expand(what, text, made, &size, error);
}
