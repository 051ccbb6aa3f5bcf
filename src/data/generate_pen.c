/* Ink and print on the planes of a scene: where they cover the sheet, 0..255.
 *
 * A glyph of a data set is a small grey picture. Enlarged as it is, it would show its pixels or be
 * blurred, and look like neither pen nor paper. Its levels are taken as samples of a smooth field
 * instead, read between the pixels by cubic B-splines (Unser 1999), which also smooth the steps
 * of its contour; the ink's edge is where the field crosses a share of its highest, as sharp as the
 * plane can show: coverage = (field - edge) * steepness + 1/2, with a steepness that lets it rise
 * within about one pixel of the plane. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/generate_scene.h"

void scene_brush_dot(scene_brush *brush, int x, int y, int level) {
  if (x < 0 || y < 0 || x >= brush->plane->width || y >= brush->plane->height) return;
  uint8_t *pixel = brush->plane->pixels + (size_t)y * brush->plane->stride + x;
  if (level > *pixel) *pixel = (uint8_t)level;
  if (level < 128 || !brush->ends) return;
  int *ends = brush->ends + 2 * (size_t)y;
  if (y < brush->first) brush->first = y;
  if (y > brush->last) brush->last = y;
  if (x < ends[0]) ends[0] = x;
  if (x > ends[1]) ends[1] = x;
}

/* ---- signs ---- */

/* The weights of the four samples around a place `t` (0..1) behind the second. */
static void spline_weights(double t, double weights[4]) {
  double s = 1 - t;
  weights[0] = s * s * s / 6;
  weights[1] = (4 + 3 * t * t * (t - 2)) / 6;
  weights[2] = (4 + 3 * s * s * (s - 2)) / 6;
  weights[3] = t * t * t / 6;
}

/* The field at (x, y), pixel centres at halves. */
static double sample_glyph(const ink_image *glyph, double x, double y) {
  x -= 0.5;
  y -= 0.5;
  int left = (int)floor(x) - 1, top = (int)floor(y) - 1;
  if (left < -3 || top < -3 || left >= glyph->width || top >= glyph->height) return 0;
  double across[4], down[4], sum = 0;
  spline_weights(x - left - 1, across);
  spline_weights(y - top - 1, down);
  for (int j = 0; j < 4; j++) {
    if (top + j < 0 || top + j >= glyph->height) continue;
    const uint8_t *row = glyph->pixels + (size_t)(top + j) * glyph->stride;
    double part = 0;
    for (int i = 0; i < 4; i++)
      if (left + i >= 0 && left + i < glyph->width) part += across[i] * row[left + i];
    sum += down[j] * part;
  }
  return sum / 255;
}

/* The mean width of its strokes: twice the area over the length of its edge, both of grey levels:
 * the sum, and the sum of the steepness. */
static double stroke_width(const ink_image *glyph) {
  double area = 0, edge = 1;
  for (int y = 1; y < glyph->height; y++)
    for (int x = 1; x < glyph->width; x++) {
      const uint8_t *at = glyph->pixels + (size_t)y * glyph->stride + x;
      area += *at;
      edge += hypot(*at - at[-1], *at - at[-(ptrdiff_t)glyph->stride]);
    }
  return 2 * area / edge;
}

/* The share of the highest at which ink ends, so that the stroke becomes as wide as the hand's,
 * as far as the picture allows: the field falls by about a third in a pixel. */
static double edge_share(const scene *s, const ink_image *glyph, ink_box box) {
  double wanted = s->hand.pen * box.height;
  return fmin(fmax(0.42 - 0.17 * (wanted - stroke_width(glyph)), 0.3), 0.6);
}

static double highest(const ink_image *glyph) {
  double high = 0.05;
  for (int y = 0; y < glyph->height; y++)
    for (int x = 0; x < glyph->width; x++) high = fmax(high, sample_glyph(glyph, x + 0.5, y + 0.5));
  return high;
}

static void draw_picture(const scene *s, const scene_sign *sign, scene_brush *brush) {
  ink_image glyph = scene_font_picture(s->font, sign->form);
  ink_box box = scene_font_box(&glyph);
  double zoom = sign->height / box.height, stretch = box.width * zoom / sign->width;
  double edge = edge_share(s, &glyph, box) * highest(&glyph);
  double steep = fmax(1.1 * zoom, 0.5 / edge);
  double slant = scene_font_lean(s, &glyph), cosine = cos(sign->turn), sine = sin(sign->turn);
  int fine = zoom < 2.5 ? 3 : 1; /* samples of a pixel, each way */
  double pad = 2 * zoom + 1;
  double reach = sign->width + fabs(slant) * sign->height + pad;
  double middle_x = sign->x + 0.5 * sign->width * cosine, middle_y = sign->y - 0.5 * sign->height;
  double half_x = 0.5 * reach + 0.5 * sign->height * fabs(sine) + pad;
  double half_y = 0.5 * sign->height + reach * fabs(sine) + pad;
  int x0 = (int)(middle_x - half_x - brush->left), x1 = (int)(middle_x + half_x - brush->left);
  int y0 = (int)(middle_y - half_y - brush->top), y1 = (int)(middle_y + half_y - brush->top);
  for (int y = y0; y <= y1; y++)
    for (int x = x0; x <= x1; x++) {
      double cover = 0;
      for (int k = 0; k < fine * fine; k++) {
        int column = k % fine, row = k / fine;
        double dx = x + (column + 0.5) / fine + brush->left - sign->x;
        double dy = y + (row + 0.5) / fine + brush->top - sign->y;
        double right = dx * cosine + dy * sine, up = dx * sine - dy * cosine;
        right -= slant * (up - 0.5 * sign->height);
        double field =
            sample_glyph(&glyph, box.x + right / zoom * stretch, box.y + box.height - up / zoom);
        cover += fmin(fmax((field - edge) * steep + 0.5, 0), 1);
      }
      if (cover > 0) scene_brush_dot(brush, x, y, (int)(cover / (fine * fine) * 255));
    }
}

/* What the row ends that a sign left become in the picture. */
static ink_box box_of_ends(const scene *s, const scene_brush *brush) {
  double x0 = 1e9, y0 = 1e9, x1 = -1e9, y1 = -1e9;
  for (int y = brush->first; y <= brush->last; y++) {
    const int *ends = brush->ends + 2 * (size_t)y;
    if (ends[0] > ends[1]) continue;
    for (int corner = 0; corner < 4; corner++) {
      double x = (corner & 1 ? ends[1] + 1 : ends[0]) + brush->left;
      scene_point p = scene_map_apply(&s->camera.to_picture, x, y + (corner >> 1) + brush->top);
      x0 = fmin(x0, p.x), x1 = fmax(x1, p.x);
      y0 = fmin(y0, p.y), y1 = fmax(y1, p.y);
    }
  }
  if (x0 > x1) return (ink_box){0};
  x0 = fmax(floor(x0 + 0.02), 0), y0 = fmax(floor(y0 + 0.02), 0);
  x1 = fmin(ceil(x1 - 0.02), s->camera.width), y1 = fmin(ceil(y1 - 0.02), s->camera.height);
  return (ink_box){(int)x0, (int)y0, (int)(x1 - x0), (int)(y1 - y0)};
}

void scene_draw_sign(const scene *s, scene_sign *sign, scene_brush *brush) {
  brush->first = brush->plane->height;
  brush->last = -1;
  if (sign->mark || !s->font->set)
    scene_strokes_draw(s, sign, brush);
  else
    draw_picture(s, sign, brush);
  sign->box = box_of_ends(s, brush);
  for (int y = brush->first; y <= brush->last; y++) { /* ready for the next sign */
    brush->ends[2 * (size_t)y] = brush->plane->width;
    brush->ends[2 * (size_t)y + 1] = -1;
  }
}

/* ---- print ---- */

void scene_draw_rule(const scene_rule *rule, scene_brush *brush) {
  double dx = rule->x1 - rule->x0, dy = rule->y1 - rule->y0, length = hypot(dx, dy);
  if (length <= 0) return;
  dx /= length, dy /= length;
  /* A line thinner than a pixel is a fainter one of a pixel. */
  double half = 0.5 * fmax(rule->width, 1), level = 255 * rule->level * fmin(rule->width, 1);
  double ax = rule->x0 - brush->left, ay = rule->y0 - brush->top;
  bool steep = fabs(dy) > fabs(dx);
  double slope = steep ? dx / dy : dy / dx, thick = (half + 1) / (steep ? fabs(dy) : fabs(dx));
  double from = steep ? ay : ax, to = steep ? rule->y1 - brush->top : rule->x1 - brush->left;
  double side = steep ? ax : ay, begin = from;
  if (from > to) {
    double swap = from;
    from = to, to = swap;
  }
  int limit = steep ? brush->plane->height : brush->plane->width;
  int first = (int)fmax(floor(from - half), 0), last = (int)fmin(ceil(to + half), limit - 1);
  for (int i = first; i <= last; i++) {
    double centre = side + (i + 0.5 - begin) * slope;
    for (int j = (int)floor(centre - thick); j <= (int)ceil(centre + thick); j++) {
      double px = (steep ? j : i) + 0.5 - ax, py = (steep ? i : j) + 0.5 - ay;
      double along = px * dx + py * dy, off = fabs(px * dy - py * dx);
      double over = fmax(off, fmax(-along, along - length));
      double cover = fmin(half - over + 0.5, 1);
      if (cover > 0) scene_brush_dot(brush, steep ? j : i, steep ? i : j, (int)(cover * level));
    }
  }
}
