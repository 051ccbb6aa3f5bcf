/* The text of UNIPEN files: pen movements, and which of them are which letter or word.
 *
 * I. Guyon, L. Schomaker, R. Plamondon, M. Liberman, S. Janet, "UNIPEN project of on-line data
 * exchange and recognizer benchmarks", ICPR 1994. */
#ifndef DATA_UNIPEN_TEXT_H
#define DATA_UNIPEN_TEXT_H

#include "base/error.h"
#include "ink/strokes.h"

enum { DATA_UNIPEN_MAX_NAME = 64, DATA_UNIPEN_MAX_LABEL = 1024 }; /* bytes, the end included */

/* Points between two changes of the pen: on the paper (down) or in the air. */
typedef struct data_unipen_component {
  bool down;
  size_t first, count;
} data_unipen_component;

/* What files included one after the other recorded; starts as {0}. */
typedef struct data_unipen_ink {
  ink_point *points; /* as recorded: y grows upwards; pressure -1 where there is none */
  size_t point_count, point_capacity;
  data_unipen_component *components;
  size_t component_count, component_capacity;
  double x_step, y_step; /* millimetres from one number to the next; 0: not known */
  double most_pressure;  /* of all points */
  char writer[DATA_UNIPEN_MAX_NAME];
  int columns, x, y, pressure; /* of a point's line, by the last .COORD; pressure -1: none */
} data_unipen_ink;

/* Adds what `text` (not necessarily terminated) holds. A point that is no number ends its
 * component. OUT_OF_MEMORY. */
scrawl_status data_unipen_ink_add(data_unipen_ink *ink, const char *text, size_t size,
                                  base_error *error);
void data_unipen_ink_free(data_unipen_ink *ink);

/* A .SEGMENT line: `kind` is CHARACTER, WORD, TEXT or another word. */
typedef struct data_unipen_segment {
  char kind[DATA_UNIPEN_MAX_NAME], quality[DATA_UNIPEN_MAX_NAME];
  const char *delineation; /* in the file's text */
  size_t delineation_length;
  char label[DATA_UNIPEN_MAX_LABEL]; /* UTF-8 */
  /* The label is there, whole, and holds no unknown sign. */
  bool labelled;
} data_unipen_segment;

/* The next line with this keyword (".SEGMENT") from `*at` on; its value, and what follows it in
 * `*at`. False at the end. */
bool data_unipen_next(const char **at, const char *end, const char *keyword, const char **value,
                      size_t *length);
void data_unipen_parse_segment(const char *value, size_t length, data_unipen_segment *segment);

/* The strokes that a delineation ("4", "4-5", "3:0-3:25", and lists of these) picks, in
 * millimetres, y growing downwards; `numbers_all`: it counts components in the air as well. Both
 * lists are base_free's. `*count` is 0 where it is no delineation, or reaches further than the ink
 * does. OUT_OF_MEMORY. */
scrawl_status data_unipen_pick(const data_unipen_ink *ink, bool numbers_all,
                               const char *delineation, size_t length, ink_stroke **strokes,
                               size_t *count, ink_point **points, base_error *error);

#endif
