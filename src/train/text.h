/* Text that grows: for reports and charts. A failed allocation is remembered, so that only the end
 * needs to look. */
#ifndef TRAIN_TEXT_H
#define TRAIN_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct train_text {
  char *bytes; /* terminated; base_free */
  size_t length, capacity;
  bool failed;
} train_text;

void train_text_append(train_text *text, const char *bytes, size_t length);
void train_text_add(train_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* For HTML and SVG, inside elements and quoted attributes alike: & < > " ' become references,
 * control characters and broken UTF-8 the replacement character. */
void train_text_escape(train_text *text, const char *string);
/* RFC 4648, with padding. */
void train_text_base64(train_text *text, const uint8_t *bytes, size_t length);
/* The bytes, or NULL (and everything freed) if anything failed. */
char *train_text_take(train_text *text);

#endif
