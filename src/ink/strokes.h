/* Pen strokes drawn as ink, so that what a tablet recorded can be read like what a scanner saw. */
#ifndef INK_STROKES_H
#define INK_STROKES_H

#include "ink/ink.h"

typedef struct ink_point {
  float x, y;     /* y grows downwards */
  float pressure; /* 0..1; negative: not known */
} ink_point;

/* From pen down to pen up. A single point is a dot. */
typedef struct ink_stroke {
  const ink_point *points;
  size_t count;
} ink_stroke;

/* In the unit of the points. */
typedef struct ink_pen {
  double width; /* of the line, more than 0; pressure makes it up to half as thin */
  double grain; /* the tablet's step: a line is smoothed over as much; 0: not at all */
} ink_pen;

/* The box around all points that are finite numbers; false when there are none. */
bool ink_strokes_extent(const ink_stroke *strokes, size_t count, double *width, double *height);
/* Draws them to fill a picture whose longer side is `side` pixels (1 to 4096) with the pen's width;
 * free with base_free(image->pixels). INVALID_ARGUMENT without a point or a width. */
scrawl_status ink_strokes_draw(const ink_stroke *strokes, size_t count, ink_pen pen, int side,
                               ink_image *image, base_error *error);
/* The same as a glyph framed like MNIST's. */
scrawl_status ink_strokes_glyph(const ink_stroke *strokes, size_t count, ink_pen pen,
                                uint8_t glyph[INK_GLYPH_PIXELS], base_error *error);

#endif
