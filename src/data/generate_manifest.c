/* What is known of a generated picture, as a line of truth.jsonl. */
#include <stdlib.h>

#include <jansson.h>

#include "base/memory.h"
#include "data/generate_scene.h"

static json_t *box_json(ink_box box) {
  return json_pack("[i, i, i, i]", box.x, box.y, box.width, box.height);
}

/* A box without width is of nothing that is seen. */
static ink_box join(ink_box a, ink_box b) {
  if (!a.width) return b;
  return b.width ? ink_box_join(a, b) : a;
}

static json_t *line_json(const scene *s, int line) {
  json_t *glyphs = json_array(), *marks = json_array();
  ink_box box = {0};
  for (int i = 0; i < s->sign_count; i++) {
    const scene_sign *sign = &s->signs[i];
    if (sign->line != line) continue;
    json_array_append_new(sign->mark ? marks : glyphs,
                          json_pack("{s:s, s:o}", "text", sign->text, "box", box_json(sign->box)));
    if (!sign->mark) box = join(box, sign->box);
  }
  return json_pack("{s:s, s:o, s:o, s:o}", "text", s->lines[line], "box", box_json(box), "glyphs",
                   glyphs, "marks", marks);
}

/* The smallest box around a quadrangle of the sheet. */
static ink_box cell_box(const scene *s, int row, int column) {
  double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
  for (int corner = 0; corner < 4; corner++) {
    scene_point p = scene_map_apply(&s->camera.to_picture, s->xs[column + (corner & 1)],
                                    s->ys[row + (corner >> 1)]);
    if (p.x < x0) x0 = p.x;
    if (p.x > x1) x1 = p.x;
    if (p.y < y0) y0 = p.y;
    if (p.y > y1) y1 = p.y;
  }
  return (ink_box){(int)x0, (int)y0, (int)(x1 - x0 + 0.5), (int)(y1 - y0 + 0.5)};
}

static const char *cell_text(const scene *s, int row, int column) {
  for (int i = 0; i < s->sign_count; i++)
    if (s->signs[i].line == row && s->signs[i].column == column) return s->signs[i].text;
  return "";
}

static json_t *grid_json(const scene *s) {
  json_t *cells = json_array(), *corners = json_array();
  for (int row = 0; row < s->rows; row++) {
    json_t *line = json_array();
    for (int column = 0; column < s->columns; column++)
      json_array_append_new(line, json_pack("{s:s, s:o}", "text", cell_text(s, row, column), "box",
                                            box_json(cell_box(s, row, column))));
    json_array_append_new(cells, line);
  }
  for (int corner = 0; corner < 4; corner++) { /* clockwise, as the grid was drawn */
    bool right = corner == 1 || corner == 2, bottom = corner >= 2;
    scene_point p = scene_map_apply(&s->camera.to_picture, right ? s->xs[s->columns] : s->xs[0],
                                    bottom ? s->ys[s->rows] : s->ys[0]);
    json_array_append_new(corners, json_pack("[i, i]", (int)p.x, (int)p.y));
  }
  return json_pack("{s:i, s:i, s:o, s:o}", "rows", s->rows, "columns", s->columns, "corners",
                   corners, "cells", cells);
}

char *scene_describe(const scene *s, const char *name) {
  json_t *lines = json_array();
  for (int line = 0; line < s->line_count; line++) json_array_append_new(lines, line_json(s, line));
  json_t *all =
      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:o}", "picture", name, "label", s->label,
                "kind", data_generate_kind_name(s->kind), "capture",
                data_generate_capture_name(s->capture), "paper", s->paper.name, "pen", s->paper.pen,
                "width", s->camera.width, "height", s->camera.height, "lines", lines);
  if (all && s->rows) json_object_set_new(all, "grid", grid_json(s));
  char *made = all ? json_dumps(all, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
  json_decref(all);
  char *text = made ? base_format("%s\n", made) : NULL;
  free(made); /* jansson's own memory */
  return text;
}
