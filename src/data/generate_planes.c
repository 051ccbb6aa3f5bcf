/* The planes of a scene: where ink and print cover the sheet, as sharp as the camera shows it.
 *
 * Lens and motion blur the planes, not the picture: where the scale is near one that is the same,
 * and blank paper needs none. Blur is a Gaussian, rows before columns; motion is the mean of copies
 * along the way. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/generate_scene.h"

enum { MAX_RADIUS = 48 }; /* of a blur, pixels */

/* ---- blur ---- */

static int gaussian(double sigma, float taps[2 * MAX_RADIUS + 1]) {
  int radius = (int)ceil(2.5 * sigma);
  if (radius > MAX_RADIUS) radius = MAX_RADIUS;
  float sum = 0;
  for (int i = -radius; i <= radius; i++)
    sum += taps[i + radius] = (float)exp(-0.5 * i * i / (sigma * sigma));
  for (int i = 0; i <= 2 * radius; i++) taps[i] /= sum;
  return radius;
}

/* One row, with zeros beyond its ends. `wide` has room for the row and a radius at each end. */
static void blur_row(uint8_t *row, int width, const float *taps, int radius, float *wide,
                     float *sum) {
  memset(wide, 0, (size_t)radius * sizeof *wide);
  memset(wide + radius + width, 0, (size_t)radius * sizeof *wide);
  for (int x = 0; x < width; x++) wide[radius + x] = row[x], sum[x] = 0.5f;
  for (int k = 0; k <= 2 * radius; k++)
    for (int x = 0; x < width; x++) sum[x] += taps[k] * wide[x + k];
  for (int x = 0; x < width; x++) row[x] = (uint8_t)sum[x];
}

/* Down the columns, for all of a row at once: the rows that are overwritten are kept in a ring. */
static void blur_columns(ink_image *plane, const float *taps, int radius, uint8_t *ring,
                         float *sum) {
  size_t width = (size_t)plane->width;
  int height = plane->height, depth = 2 * radius + 1;
  memset(ring, 0, width * (size_t)depth);
  for (int y = 0; y < radius && y < height; y++)
    memcpy(ring + width * (size_t)(y % depth), plane->pixels + (size_t)y * plane->stride, width);
  for (int y = 0; y < height; y++) {
    int next = y + radius;
    uint8_t *slot = ring + width * (size_t)(next % depth);
    if (next < height)
      memcpy(slot, plane->pixels + (size_t)next * plane->stride, width);
    else
      memset(slot, 0, width);
    for (size_t x = 0; x < width; x++) sum[x] = 0.5f;
    for (int k = -radius; k <= radius; k++) {
      const uint8_t *row = ring + width * (size_t)((y + k + depth) % depth);
      float tap = taps[k + radius];
      for (size_t x = 0; x < width; x++) sum[x] += tap * row[x];
    }
    uint8_t *out = plane->pixels + (size_t)y * plane->stride;
    for (size_t x = 0; x < width; x++) out[x] = (uint8_t)sum[x];
  }
}

static bool blur(ink_image *plane, double sigma) {
  if (sigma < 0.2) return true;
  float taps[2 * MAX_RADIUS + 1] = {0};
  int radius = gaussian(sigma, taps);
  size_t width = (size_t)plane->width;
  float *wide = base_alloc(width + 2 * (size_t)radius, sizeof *wide);
  float *sum = base_alloc(width, sizeof *sum);
  uint8_t *ring = base_alloc(width, 2 * (size_t)radius + 1);
  bool done = wide && sum && ring;
  if (done) {
    for (int y = 0; y < plane->height; y++)
      blur_row(plane->pixels + (size_t)y * plane->stride, plane->width, taps, radius, wide, sum);
    blur_columns(plane, taps, radius, ring, sum);
  }
  base_free(wide);
  base_free(sum);
  base_free(ring);
  return done;
}

/* The mean of copies along the way the camera moved. */
static bool smear(ink_image *plane, double dx, double dy) {
  int copies = (int)ceil(hypot(dx, dy)) + 1;
  if (copies < 2) return true;
  if (copies > 64) copies = 64;
  size_t width = (size_t)plane->width, size = width * (size_t)plane->height;
  uint8_t *from = base_alloc(size, 1);
  uint16_t *sum = base_alloc(width, sizeof *sum);
  bool done = from && sum;
  if (done) memcpy(from, plane->pixels, size);
  for (int y = 0; done && y < plane->height; y++) {
    memset(sum, 0, width * sizeof *sum);
    for (int k = 0; k < copies; k++) {
      double t = (double)k / (copies - 1) - 0.5;
      int row = y + (int)lround(t * dy), shifted = (int)lround(t * dx);
      if (row < 0 || row >= plane->height) continue;
      int begin = shifted < 0 ? -shifted : 0, end = plane->width - (shifted > 0 ? shifted : 0);
      const uint8_t *source = from + width * (size_t)row + shifted;
      for (int x = begin; x < end; x++) sum[x] = (uint16_t)(sum[x] + source[x]);
    }
    uint8_t *out = plane->pixels + (size_t)y * plane->stride;
    for (size_t x = 0; x < width; x++) out[x] = (uint8_t)(sum[x] / copies);
  }
  base_free(from);
  base_free(sum);
  return done;
}

/* ---- drawing ---- */

/* The writing on the back is like that on the front, seen in a mirror. */
static void shine_through(const scene *s, scene_planes *planes) {
  int width = planes->ink.width, height = planes->ink.height;
  int down = (int)(0.7 * s->size), side = (int)(0.4 * s->size);
  for (int y = 0; y < height; y++) {
    const uint8_t *front = planes->ink.pixels + (size_t)y * planes->ink.stride;
    uint8_t *back = planes->print.pixels + (size_t)((y + down) % height) * planes->print.stride;
    for (int x = 0; x < width; x++)
      back[(2 * width - 1 - x - side % width) % width] = (uint8_t)(s->paper.back * front[x]);
  }
}

static void draw(scene *s, scene_planes *planes, int *ends) {
  int width = planes->ink.width, height = planes->ink.height;
  scene_brush brush = {&planes->ink, s->camera.left, s->camera.top, 0, 0, ends};
  for (int y = 0; y < height; y++) ends[2 * (size_t)y] = width, ends[2 * (size_t)y + 1] = -1;
  for (int i = 0; i < s->sign_count; i++) scene_draw_sign(s, &s->signs[i], &brush);
  brush.plane = &planes->print;
  brush.ends = NULL;
  for (int i = 0; i < s->rule_count; i++) scene_draw_rule(&s->rules[i], &brush);
  if (s->paper.back > 0) shine_through(s, planes);
}

static bool soften(const scene_camera *camera, ink_image *plane) {
  return !plane->pixels ||
         (blur(plane, camera->blur) && smear(plane, camera->motion_x, camera->motion_y));
}

scrawl_status scene_draw_planes(scene *s, scene_planes *planes, base_error *error) {
  *planes = (scene_planes){0};
  int width = s->camera.plane_width, height = s->camera.plane_height;
  bool printed = s->rule_count > 0 || s->paper.back > 0;
  int *ends = base_alloc(2 * (size_t)height, sizeof *ends);
  scrawl_status status = ink_image_create(width, height, &planes->ink, error);
  if (status == SCRAWL_OK && printed)
    status = ink_image_create(width, height, &planes->print, error);
  if (status == SCRAWL_OK && ends) draw(s, planes, ends);
  bool done = status == SCRAWL_OK && ends && soften(&s->camera, &planes->ink) &&
              soften(&s->camera, &planes->print);
  base_free(ends);
  if (done) return SCRAWL_OK;
  scene_free_planes(planes);
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a sheet of %d x %d pixels", width,
                   height);
}

void scene_free_planes(scene_planes *planes) {
  if (!planes) return;
  base_free(planes->ink.pixels);
  base_free(planes->print.pixels);
  *planes = (scene_planes){0};
}
