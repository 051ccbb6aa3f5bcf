/* Text from outside is checked to be UTF-8 before anybody relies on it. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed character (Unicode 15, table 3-7) that text[0..size) begins with, 1 to
 * 4; 0 where there is none. */
size_t base_utf8_length(const char *text, size_t size);
/* All of it is well-formed. A zero byte is a character like any other. */
bool base_utf8_valid(const char *text, size_t size);

#endif
