/* UNIPEN's text: one file that is both ink and segments. */
#include "base/memory.h"
#include "data/unipen_files.h"
#include "data/unipen_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void draw(const data_unipen_ink *ink, bool all, const data_unipen_segment *segment) {
  ink_stroke *strokes;
  ink_point *points;
  size_t count;
  base_error error = {0};
  uint8_t glyph[INK_GLYPH_PIXELS];
  if (data_unipen_pick(ink, all, segment->delineation, segment->delineation_length, &strokes,
                       &count, &points, &error) != SCRAWL_OK)
    return;
  size_t picked = 0;
  for (size_t i = 0; i < count; i++) picked += strokes[i].count;
  if (picked > ink->point_count) __builtin_trap(); /* no more than there is */
  if (count) ink_strokes_glyph(strokes, count, (ink_pen){.5, ink->x_step}, glyph, &error);
  base_free(strokes);
  base_free(points);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  enum { MOST_DRAWN = 8 };
  const char *text = (const char *)bytes, *at = text, *end = text + size, *value;
  data_unipen_ink ink = {0};
  base_error error = {0};
  size_t length;
  if (data_unipen_ink_add(&ink, text, size, &error) == SCRAWL_OK) {
    for (int i = 0; i < MOST_DRAWN && data_unipen_next(&at, end, ".SEGMENT", &value, &length);
         i++) {
      data_unipen_segment segment;
      data_unipen_parse_segment(value, length, &segment);
      draw(&ink, i & 1, &segment);
    }
  }
  for (at = text; data_unipen_next(&at, end, ".INCLUDE", &value, &length);) {
    bool good;
    base_free(data_unipen_include_path(value, length, &good));
  }
  data_unipen_ink_free(&ink);
  return 0;
}
