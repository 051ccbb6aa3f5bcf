/* Result trees as text. Each writer appends to a growing buffer; add a format by adding a file and
 * a row in FORMAT_TABLE. */
#ifndef FORMAT_FORMAT_H
#define FORMAT_FORMAT_H

#include "read/result.h"

typedef struct format_buffer {
  char *text; /* always terminated once not NULL; base_free */
  size_t size, capacity;
  bool failed; /* memory ran out: the text is not whole */
} format_buffer;

void format_append(format_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Text from outside, in one line and one column: what is no UTF-8 or would move the cursor becomes
 * U+FFFD. */
void format_append_clean(format_buffer *buffer, const char *text);
/* SCRAWL_OK, or OUT_OF_MEMORY when the buffer failed. */
scrawl_status format_status(const format_buffer *buffer, base_error *error);

typedef struct format_row {
  const char *name, *media_type, *extension;
  /* One result, ended by a line break. `source`: the picture's name, for results that stand beside
   * others; NULL: it stands alone. */
  scrawl_status (*write)(const read_result *result, const char *source, format_buffer *buffer,
                         base_error *error);
  /* What goes before, between and after the results of several pictures in one buffer. */
  const char *before, *between, *after;
} format_row;

extern const format_row FORMAT_TABLE[];          /* ended by NULLs: text, json, tsv */
const format_row *format_find(const char *name); /* NULL: none */

#endif
