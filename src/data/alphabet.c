/* Alphabets as text: short enough for every search to go along them. */
#include "data/alphabet.h"

#include <ctype.h>
#include <string.h>

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
