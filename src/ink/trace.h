/* Strokes as lines of one pixel. Private to src/ink/. */
#ifndef INK_TRACE_H
#define INK_TRACE_H

#include "ink/describe.h"

/* A black and white picture: 1 is ink. Its border, one pixel wide, is paper. */
typedef struct ink_raster {
  int width, height;
  uint8_t *pixels;
} ink_raster;

/* trace.c: the strokes of the ink in a box. OUT_OF_MEMORY. */
scrawl_status ink_trace_strokes(const ink_image *image, ink_box box, ink_trace *strokes,
                                base_error *error);

/* thin.c: in place, to lines of one pixel that hang together as the strokes did. */
void ink_thin(ink_raster *raster);
/* Takes away, in place, what a thin line does not need to hang together. */
void ink_thin_again(ink_raster *raster);

/* skeleton.c: takes off spurs shorter than the stroke, which is `width` wide, and counts and
 * measures what is left. `distances`: of each pixel to the next paper, squared. Lengths are in
 * pixels of the raster; parts and loops are not filled in. `raster` is used up. OUT_OF_MEMORY. */
scrawl_status ink_measure_skeleton(ink_raster *raster, const float *distances, double width,
                                   ink_trace *strokes, base_error *error);

#endif
