/* The light that fell on a picture: how bright its paper is at every place. Inside src/ink only,
 * but for ink_otsu(). */
#ifndef INK_LIGHT_H
#define INK_LIGHT_H

#include "ink/ink.h"

enum { INK_LIGHT_CELLS = 48 };

/* A coarse picture: rows of INK_LIGHT_CELLS, of which columns x rows are used. */
typedef struct ink_light {
  int columns, rows, cell; /* cell: pixels a side */
  float value[INK_LIGHT_CELLS * INK_LIGHT_CELLS];
  float light[INK_LIGHT_CELLS * INK_LIGHT_CELLS];
} ink_light;

/* Measures a grey picture. True when the ink is lighter than the paper; `light` then describes the
 * picture with 255 - grey. */
bool ink_light_find(ink_light *light, const uint8_t *grey, int width, int height, size_t stride);
/* The paper's brightness along row `y`: `width` values. */
void ink_light_row(const ink_light *light, int y, int width, float *row);
void ink_light_range(const ink_light *light, float *darkest, float *brightest);

/* A bright sheet that lies on something darker, seen with at least three of its edges: `inside`
 * gets what is within them. */
bool ink_light_find_sheet(ink_light *light, const uint8_t *grey, int width, int height,
                          size_t stride, ink_box *inside);

/* Otsu's threshold over a histogram (1979): the first bin of the upper class, chosen so that the
 * variance between the two classes is largest; `bins` when all counts lie in one bin. */
int ink_otsu(const uint32_t *histogram, int bins);

#endif
