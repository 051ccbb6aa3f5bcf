/* UTF-8 as the Unicode Standard defines it (version 15, table 3-7): the first byte says how many
 * follow, and narrows what the second may be, which shuts out overlong forms, surrogates and
 * everything above U+10FFFF. */
#include "base/utf8.h"

size_t base_utf8_length(const char *text, size_t size) {
  if (size == 0) return 0;
  const unsigned char *at = (const unsigned char *)text;
  unsigned char first = at[0], low = 0x80, high = 0xBF;
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (size < length) return 0;
  if (first == 0xE0) low = 0xA0;
  if (first == 0xED) high = 0x9F;
  if (first == 0xF0) low = 0x90;
  if (first == 0xF4) high = 0x8F;
  if (at[1] < low || at[1] > high) return 0;
  for (size_t i = 2; i < length; i++)
    if ((at[i] & 0xC0) != 0x80) return 0;
  return length;
}

bool base_utf8_valid(const char *text, size_t size) {
  while (size > 0) {
    size_t length = base_utf8_length(text, size);
    if (length == 0) return false;
    text += length;
    size -= length;
  }
  return true;
}
