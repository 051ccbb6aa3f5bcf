/* Styles (ink/describe.h) as lists of named numbers, so that every format says the same. */
#ifndef FORMAT_STYLE_H
#define FORMAT_STYLE_H

#include "format/format.h"

enum { FORMAT_MAX_PROPERTIES = 18 };

typedef struct format_property {
  const char *name, *unit; /* "" for a mere number */
  double value;
  bool whole;
  bool in_box; /* the box says it too */
} format_property;

/* Fill the list and return how many there are; the names are the same for every style. */
size_t format_glyph_properties(const ink_style *style, format_property *list);
size_t format_line_properties(const ink_line_style *style, format_property *list);

#endif
