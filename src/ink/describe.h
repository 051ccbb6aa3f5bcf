/* What a glyph looks like, apart from what it says: its slant, its pen, its topology. A rich
 * description of the instantiation parameters, for sorting hands, finding outliers and searching.
 *
 * Lengths are in pixels of the picture that is measured, angles in degrees, positive where the top
 * leans to the right or the whole is turned clockwise. */
#ifndef INK_DESCRIBE_H
#define INK_DESCRIBE_H

#include "ink/ink.h"

/* Of the strokes alone (trace.c). */
typedef struct ink_trace {
  double width, width_deviation; /* of the pen, along the strokes */
  double length;                 /* of the way of the pen */
  int parts;                     /* that hang together, by 8 neighbours */
  int loops;                     /* holes: paper inside, by 4 neighbours */
  int ends;                      /* of strokes; a dot has two */
  int junctions;                 /* places where three strokes meet, as in T */
  int crossings;                 /* where four or more do, as in X */
} ink_trace;

typedef struct ink_style {
  double slant;    /* the shear that would make it upright, -90 .. 90 */
  double rotation; /* of the principal axis against upright, -90 .. 90; 0 for what is round */
  double width, height;
  double area;     /* of the ink, square pixels */
  double x, y;     /* centre of mass; the first pixel's middle is 0.5, 0.5 */
  double contrast; /* of ink against paper, 0 .. 1 */
  ink_trace strokes;
} ink_style;

/* Of a line of glyphs. Marks lower than half of its highest glyph count for none of it. */
typedef struct ink_line_style {
  double slant;    /* mean, each glyph by its ink */
  double rotation; /* of the base line; 0 for fewer than two glyphs */
  double height, height_deviation;
  double spacing; /* the median gap between glyphs that follow each other; 0 for one */
  double stroke;  /* mean width, each glyph by its length */
  double contrast;
} ink_line_style;

/* Describes the ink in the box, which lies within the image; contrast stays 0. Nothing but zeros
 * where there is no ink. OUT_OF_MEMORY; nothing else fails. */
scrawl_status ink_describe(const ink_image *image, ink_box box, ink_style *style,
                           base_error *error);
/* How far the ink of the box stands out in the grey picture it was found in, which is larger by
 * `reduction`, 1 or more: the difference of their mean levels, 1 for black on white. */
double ink_contrast(const ink_image *image, ink_box box, const ink_image *grey, int reduction);
/* From measures in pixels of a reduced picture to those of the whole one. */
void ink_style_enlarge(ink_style *style, double by);
/* From the glyphs of a line in reading order and their boxes. OUT_OF_MEMORY. */
scrawl_status ink_describe_line(const ink_style *const *glyphs, const ink_box *boxes, size_t count,
                                ink_line_style *style, base_error *error);

#endif
