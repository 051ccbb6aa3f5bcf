/* From where the sheet is looked at, and through what.
 *
 * A phone looks from any side: the sheet is turned by an angle and then tilted, which is the map
 *     x' = x / (1 + p x + q y),  y' = y / (1 + p x + q y)
 * around the middle of what is written; together a map of the projective plane (Hartley and
 * Zisserman, Multiple View Geometry, 2003), kept as a matrix with its inverse. The picture is as
 * large as what must be seen plus the layout's margins, but never below 28 pixels. */
#include <math.h>

#include "data/generate_scene.h"

scene_point scene_map_apply(const scene_map *map, double x, double y) {
  const double *m = map->m;
  double w = m[6] * x + m[7] * y + m[8];
  return (scene_point){(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w};
}

static scene_map multiply(const scene_map *a, const scene_map *b) {
  scene_map product;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      product.m[3 * i + j] =
          a->m[3 * i] * b->m[j] + a->m[3 * i + 1] * b->m[3 + j] + a->m[3 * i + 2] * b->m[6 + j];
  return product;
}

/* Up to a factor, which makes no difference to the map: the matrix of cofactors. */
static scene_map invert(const scene_map *map) {
  const double *m = map->m;
  return (scene_map){
      {m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
       m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
       m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3]}};
}

static scene_map shift(double x, double y) {
  return (scene_map){{1, 0, x, 0, 1, y, 0, 0, 1}};
}

typedef struct extent {
  double x0, y0, x1, y1;
} extent;

static extent map_corners(const scene_map *map, extent of) {
  extent found = {1e9, 1e9, -1e9, -1e9};
  for (int corner = 0; corner < 4; corner++) {
    scene_point p = scene_map_apply(map, corner & 1 ? of.x1 : of.x0, corner & 2 ? of.y1 : of.y0);
    found.x0 = fmin(found.x0, p.x), found.x1 = fmax(found.x1, p.x);
    found.y0 = fmin(found.y0, p.y), found.y1 = fmax(found.y1, p.y);
  }
  return found;
}

/* The turn and tilt around the middle, before the picture has its place. */
static scene_map look(const scene *s, double angle, double p, double q) {
  double c = cos(angle), n = sin(angle);
  double far = hypot(s->right - s->left + s->margin[0] + s->margin[2],
                     s->bottom - s->top + s->margin[1] + s->margin[3]) /
               2;
  /* In whole pixels, so that a flat sheet stays as sharp as it was drawn. */
  scene_map to_middle = shift(-floor((s->left + s->right) / 2), -floor((s->top + s->bottom) / 2));
  scene_map turn = {{c, -n, 0, n, c, 0, 0, 0, 1}};
  scene_map tilt = {{1, 0, 0, 0, 1, 0, p / far, q / far, 1}};
  scene_map turned = multiply(&turn, &to_middle);
  return multiply(&tilt, &turned);
}

/* Of the room that is left over, how much goes to the left or top. */
static double share(const scene *s, int side) {
  double both = s->margin[side] + s->margin[side + 2];
  return both > 0 ? s->margin[side] / both : 0.5;
}

static void place(scene *s, double angle, double p, double q) {
  scene_camera *camera = &s->camera;
  extent content = {s->left, s->top, s->right, s->bottom};
  scene_map map = look(s, angle, p, q);
  extent seen = map_corners(&map, content);
  double width = seen.x1 - seen.x0 + s->margin[0] + s->margin[2];
  double height = seen.y1 - seen.y0 + s->margin[1] + s->margin[3];
  double left = seen.x0 - s->margin[0], top = seen.y0 - s->margin[1];
  if (s->width > width) left -= share(s, 0) * (s->width - width), width = s->width;
  if (s->height > height) top -= share(s, 1) * (s->height - height), height = s->height;
  if (width < INK_GLYPH_SIDE) left -= (INK_GLYPH_SIDE - width) / 2, width = INK_GLYPH_SIDE;
  if (height < INK_GLYPH_SIDE) top -= (INK_GLYPH_SIDE - height) / 2, height = INK_GLYPH_SIDE;
  camera->width = (int)ceil(width);
  camera->height = (int)ceil(height);
  scene_map move = shift(-floor(left), -floor(top));
  camera->to_picture = multiply(&move, &map);
  camera->to_sheet = invert(&camera->to_picture);
  extent picture = {0, 0, camera->width, camera->height};
  extent plane = map_corners(&camera->to_sheet, picture);
  camera->left = floor(plane.x0) - 2;
  camera->top = floor(plane.y0) - 2;
  camera->plane_width = (int)(ceil(plane.x1) - camera->left) + 3;
  camera->plane_height = (int)(ceil(plane.y1) - camera->top) + 3;
}

/* Light over the picture: it falls off to a side and to the corners; something stands in it. */
static void light(scene *s) {
  scene_camera *camera = &s->camera;
  double angle = scene_range(s, 0, 6.2832), fall = scene_range(s, 0, 0.35);
  camera->gradient_x = fall * cos(angle);
  camera->gradient_y = fall * sin(angle);
  camera->vignette = scene_range(s, 0, 0.25);
  for (int i = 0; i < 2; i++)
    if (scene_chance(s, i ? 0.12 : 0.35))
      camera->shadows[i] = (struct scene_shadow){
          scene_range(s, -0.9, 0.9), scene_range(s, -0.9, 0.9),
          scene_range(s, 0, 6.2832), scene_chance(s, 0.4) ? scene_range(s, 0.5, 1.2) : 0,
          scene_range(s, 0.03, 0.4), scene_range(s, 0.15, 0.6)};
}

static void phone(scene *s) {
  scene_camera *camera = &s->camera;
  bool whole = s->kind == DATA_GENERATE_PAGE || s->kind == DATA_GENERATE_GRID;
  double most = whole ? 0.05 : 0.12, tilt = whole ? 0.07 : 0.1;
  double angle = most * base_random_normal(&s->random) * 0.6;
  angle = fmin(fmax(angle, -2 * most), 2 * most);
  place(s, angle, scene_range(s, -tilt, tilt), scene_range(s, -tilt, tilt));
  light(s);
  camera->blur = 0.45 + 0.35 * fabs(base_random_normal(&s->random));
  if (scene_chance(s, 0.25)) camera->blur += scene_range(s, 0, 0.035) * s->size;
  if (scene_chance(s, 0.15)) {
    double length = scene_range(s, 0.01, 0.09) * s->size, way = scene_range(s, 0, 3.1416);
    camera->motion_x = length * cos(way);
    camera->motion_y = length * sin(way);
  }
  camera->noise = 0.004 + 0.03 * pow(base_random_unit(&s->random), 2);
  camera->exposure = scene_range(s, 0.55, 1.12);
  if (scene_chance(s, 0.1)) camera->exposure *= 0.5;
  double warm = scene_range(s, -0.14, 0.14), green = scene_range(s, -0.04, 0.04);
  camera->tint[0] = 1 + warm, camera->tint[1] = 1 + green, camera->tint[2] = 1 - warm;
  camera->quality = (int)scene_range(s, 40, 96);
  camera->bits = scene_chance(s, 0.05) ? 8 : 24;
  double least = fmin(fmin(s->margin[0], s->margin[1]), fmin(s->margin[2], s->margin[3]));
  camera->desk =
      least > 0.8 * s->size && scene_chance(s, s->kind == DATA_GENERATE_PAGE ? 0.5 : 0.25);
}

static void scan(scene *s) {
  scene_camera *camera = &s->camera;
  double skew = 0.0175 * base_random_normal(&s->random);
  place(s, fmin(fmax(skew, -0.052), 0.052), 0, 0);
  camera->blur = scene_range(s, 0.4, 0.8);
  camera->noise = scene_range(s, 0.002, 0.012);
  camera->exposure = scene_range(s, 0.95, 1.2);
  double kind = base_random_unit(&s->random);
  camera->bits = kind < 0.08 ? 1 : kind < 0.5 ? 8 : 24;
  camera->quality = camera->bits > 1 && scene_chance(s, 0.5) ? (int)scene_range(s, 60, 96) : 0;
  double least = fmin(fmin(s->margin[0], s->margin[1]), fmin(s->margin[2], s->margin[3]));
  camera->desk = least > s->size && scene_chance(s, 0.15);
  if (camera->desk) /* the lid is open */
    for (int c = 0; c < 3; c++) s->paper.desk[c] = 0.01;
}

void scene_place_camera(scene *s) {
  s->camera = (scene_camera){.exposure = 1, .tint = {1, 1, 1}, .bits = 24};
  switch (s->capture) {
  case DATA_GENERATE_PHONE:
    phone(s);
    break;
  case DATA_GENERATE_SCAN:
    scan(s);
    break;
  case DATA_GENERATE_SCREEN:
    place(s, 0, 0, 0);
    s->camera.inverted = scene_chance(s, 0.4);
    s->camera.quality = scene_chance(s, 0.25) ? (int)scene_range(s, 70, 96) : 0;
    break;
  default:
    place(s, 0, 0, 0);
    s->camera.bits = 8;
  }
}
