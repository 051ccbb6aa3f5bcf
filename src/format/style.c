/* The names and units under which styles are written. A line's height has another name than a
 * glyph's: it is a mean, and tables have one column for each name. */
#include "format/style.h"

#include <string.h>

size_t format_glyph_properties(const ink_style *style, format_property *list) {
  const ink_trace *strokes = &style->strokes;
  const format_property all[] = {
      {"slant", "°", style->slant, false, false},
      {"rotation", "°", style->rotation, false, false},
      {"stroke", "px", strokes->width, false, false},
      {"stroke_deviation", "px", strokes->width_deviation, false, false},
      {"width", "px", style->width, false, true},
      {"height", "px", style->height, false, true},
      {"aspect", "", style->height > 0 ? style->width / style->height : 0, false, false},
      {"area", "px²", style->area, false, false},
      {"centre_x", "px", style->x, false, false},
      {"centre_y", "px", style->y, false, false},
      {"contrast", "", style->contrast, false, false},
      {"parts", "", strokes->parts, true, false},
      {"loops", "", strokes->loops, true, false},
      {"euler", "", strokes->parts - strokes->loops, true, false},
      {"ends", "", strokes->ends, true, false},
      {"junctions", "", strokes->junctions, true, false},
      {"crossings", "", strokes->crossings, true, false},
      {"length", "px", strokes->length, false, false},
  };
  _Static_assert(sizeof all / sizeof *all <= FORMAT_MAX_PROPERTIES, "they have room");
  memcpy(list, all, sizeof all);
  return sizeof all / sizeof *all;
}

size_t format_line_properties(const ink_line_style *style, format_property *list) {
  const format_property all[] = {
      {"slant", "°", style->slant, false, false},
      {"rotation", "°", style->rotation, false, false},
      {"stroke", "px", style->stroke, false, false},
      {"contrast", "", style->contrast, false, false},
      {"glyph_height", "px", style->height, false, false},
      {"glyph_height_deviation", "px", style->height_deviation, false, false},
      {"spacing", "px", style->spacing, false, false},
  };
  memcpy(list, all, sizeof all);
  return sizeof all / sizeof *all;
}
