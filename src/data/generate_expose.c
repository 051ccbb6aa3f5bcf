/* The exposure: planes of ink and print, paper and light become a picture of colours.
 *
 * For each pixel of the picture the place on the sheet is computed, ink and print are read there
 * between the planes' pixels, and the light that comes back is
 *     paper (1 + grain) * (1 - print (1 - its colour)) * (1 - ink (1 - its colour)) * light
 * in each of three colours, all linear; ink is a filter over what lies under it. Light varies so
 * slowly that it is computed for every 16th pixel. A sensor counts photons, so noise grows with the
 * root of the signal. Last comes the curve of sRGB (IEC 61966-2-1).
 *
 * What blurs a picture, lens and motion, is done to the planes: that is the same where the scale is
 * near one, and blank paper needs none. */
#include <math.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "data/generate_scene.h"

enum {
  LIGHT_STEP = 16,
  TILE = 256,          /* side of the texture */
  CURVE = 4096,        /* steps of the sRGB curve */
  MAX_RADIUS = 48,     /* of a blur, pixels */
  NORMALS = 4096,
};

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
  float taps[2 * MAX_RADIUS + 1];
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

/* ---- planes ---- */

typedef struct planes {
  ink_image ink, print;
  bool printed;
} planes;

static bool draw_planes(scene *s, planes *made, base_error *error) {
  const scene_camera *camera = &s->camera;
  int width = camera->plane_width, height = camera->plane_height;
  int *ends = base_alloc(2 * (size_t)height, sizeof *ends);
  made->printed = s->rule_count > 0;
  bool done = ends && ink_image_create(width, height, &made->ink, error) == SCRAWL_OK;
  if (done && made->printed) done = ink_image_create(width, height, &made->print, error) == SCRAWL_OK;
  if (done) {
    scene_brush brush = {&made->ink, camera->left, camera->top, 0, 0, ends};
    for (int y = 0; y < height; y++) ends[2 * (size_t)y] = width, ends[2 * (size_t)y + 1] = -1;
    for (int i = 0; i < s->sign_count; i++) scene_draw_sign(s, &s->signs[i], &brush);
    brush.plane = &made->print;
    brush.ends = NULL;
    for (int i = 0; i < s->rule_count; i++) scene_draw_rule(&s->rules[i], &brush);
    done = blur(&made->ink, camera->blur) && smear(&made->ink, camera->motion_x, camera->motion_y);
    if (done && made->printed)
      done = blur(&made->print, camera->blur) &&
             smear(&made->print, camera->motion_x, camera->motion_y);
  }
  base_free(ends);
  return done;
}

/* ---- light ---- */

typedef struct field {
  int columns, rows;
  float *values;
} field;

static double shadow_at(const struct scene_shadow *shadow, double x, double y) {
  if (shadow->depth <= 0) return 1;
  double off = (x - shadow->x) * cos(shadow->angle) + (y - shadow->y) * sin(shadow->angle);
  return 1 - shadow->depth / (1 + exp(-off / (0.25 * shadow->soft)));
}

static bool compute_light(scene *s, field *light) {
  const scene_camera *camera = &s->camera;
  light->columns = camera->width / LIGHT_STEP + 2;
  light->rows = camera->height / LIGHT_STEP + 2;
  light->values = base_alloc((size_t)light->columns * (size_t)light->rows, sizeof(float));
  if (!light->values) return false;
  double half = 0.5 * (camera->width > camera->height ? camera->width : camera->height);
  float *value = light->values;
  for (int j = 0; j < light->rows; j++)
    for (int i = 0; i < light->columns; i++) {
      double x = (i * LIGHT_STEP - 0.5 * camera->width) / half;
      double y = (j * LIGHT_STEP - 0.5 * camera->height) / half;
      double level = 1 + camera->gradient_x * x + camera->gradient_y * y;
      level *= 1 - camera->vignette * (x * x + y * y) / 2;
      level *= shadow_at(&camera->shadows[0], x, y) * shadow_at(&camera->shadows[1], x, y);
      level *= 1 + s->paper.cloud * base_random_normal(&s->random);
      *value++ = (float)(camera->exposure * level);
    }
  return true;
}

/* Row y of the picture. */
static void light_row(const field *light, int y, int width, float *row) {
  const float *above = light->values + (size_t)(y / LIGHT_STEP) * (size_t)light->columns;
  const float *under = above + light->columns;
  float t = (float)(y % LIGHT_STEP) / LIGHT_STEP;
  for (int x = 0; x < width; x++) {
    int i = x / LIGHT_STEP;
    float u = (float)(x % LIGHT_STEP) / LIGHT_STEP;
    float left = above[i] + t * (under[i] - above[i]);
    float right = above[i + 1] + t * (under[i + 1] - above[i + 1]);
    row[x] = left + u * (right - left);
  }
}

/* ---- exposure ---- */

typedef struct exposure {
  const scene *scene;
  const planes *planes;
  float grain[TILE * TILE], normals[NORMALS];
  uint8_t curve[CURVE + 1];
  float paper[3], ink[3], print[3], desk[3]; /* colours, the filters as 1 - theirs */
  float sheet[4];                            /* left, top, right, bottom of the sheet */
} exposure;

static float read_plane(const ink_image *plane, float u, float v) {
  int x = (int)u, y = (int)v;
  if (u < 0 || v < 0 || x >= plane->width - 1 || y >= plane->height - 1) return 0;
  const uint8_t *at = plane->pixels + (size_t)y * plane->stride + x, *under = at + plane->stride;
  float fx = u - (float)x, fy = v - (float)y;
  float top = (float)at[0] + fx * (float)(at[1] - at[0]);
  float bottom = (float)under[0] + fx * (float)(under[1] - under[0]);
  return (top + fy * (bottom - top)) * (1.0f / 255);
}

static float clamp(float value, float low, float high) {
  return value < low ? low : value > high ? high : value;
}

/* How much of the pixel is sheet, 0..1, the rest is desk. */
static float on_sheet(const exposure *e, float u, float v) {
  float inside = fminf(fminf(u - e->sheet[0], e->sheet[2] - u), fminf(v - e->sheet[1], e->sheet[3] - v));
  return clamp(inside / (1 + 2 * (float)e->scene->camera.blur) + 0.5f, 0, 1);
}

static float desk_grain(float u, float v) {
  return 1 + 0.18f * sinf(v * 0.11f + 2 * sinf(u * 0.004f)) * sinf(v * 0.037f + u * 0.003f);
}

static void expose_row(exposure *e, int y, const float *light, base_random *random,
                       l_uint32 *line) {
  const scene *s = e->scene;
  const scene_camera *camera = &s->camera;
  const double *m = camera->to_sheet.m;
  float density = (float)s->paper.density, streak = (float)s->paper.streak;
  float grainy = (float)s->paper.grain, noise = (float)camera->noise;
  for (int x = 0; x < camera->width; x++) {
    double px = x + 0.5, py = y + 0.5, w = 1 / (m[6] * px + m[7] * py + m[8]);
    float u = (float)((m[0] * px + m[1] * py + m[2]) * w - camera->left) - 0.5f;
    float v = (float)((m[3] * px + m[4] * py + m[5]) * w - camera->top) - 0.5f;
    float grain = e->grain[((int)v & (TILE - 1)) * TILE + ((int)u & (TILE - 1))];
    float ink = read_plane(&e->planes->ink, u, v);
    if (ink > 0) ink = clamp(ink * density * (1 - streak * (0.5f + 0.5f * grain)), 0, 1);
    float print = e->planes->printed ? read_plane(&e->planes->print, u, v) : 0;
    float sheet = camera->desk ? on_sheet(e, u, v) : 1;
    float texture = 1 + grainy * grain, desk = sheet < 1 ? desk_grain(u, v) : 0;
    uint64_t dice = noise > 0 ? base_random_next(random) : 0;
    l_uint32 pixel = 0;
    for (int c = 0; c < 3; c++) {
      float back = e->paper[c] * texture * (1 - print * e->print[c]) * (1 - ink * e->ink[c]);
      if (sheet < 1) back = sheet * back + (1 - sheet) * e->desk[c] * desk;
      float level = back * light[x] * (float)camera->tint[c];
      if (noise > 0) {
        level += noise * sqrtf(level + 0.02f) * e->normals[dice & (NORMALS - 1)];
        dice >>= 12;
      }
      l_uint32 value = e->curve[(int)(clamp(level, 0, 1) * CURVE + 0.5f)];
      pixel |= (camera->inverted ? 255 - value : value) << (24 - 8 * c);
    }
    line[x] = pixel;
  }
}

static void prepare(exposure *e, scene *s, const planes *made) {
  e->scene = s;
  e->planes = made;
  bool textured = s->paper.grain > 0 || s->paper.streak > 0;
  for (int i = 0; textured && i < TILE * TILE; i++)
    e->grain[i] = (float)base_random_range(&s->random, -1, 1);
  for (int i = 0; s->camera.noise > 0 && i < NORMALS; i++)
    e->normals[i] = (float)base_random_normal(&s->random);
  for (int i = 0; i <= CURVE; i++) {
    double level = (double)i / CURVE;
    level = level <= 0.0031308 ? 12.92 * level : 1.055 * pow(level, 1 / 2.4) - 0.055;
    e->curve[i] = (uint8_t)(255 * level + 0.5);
  }
  for (int c = 0; c < 3; c++) {
    e->paper[c] = (float)s->paper.colour[c];
    e->ink[c] = (float)(1 - s->paper.ink[c]);
    e->print[c] = (float)(1 - s->paper.print[c]);
    e->desk[c] = (float)s->paper.desk[c];
  }
  double pad = 0.5;
  e->sheet[0] = (float)(s->left - pad * s->margin[0] - s->camera.left);
  e->sheet[1] = (float)(s->top - pad * s->margin[1] - s->camera.top);
  e->sheet[2] = (float)(s->right + pad * s->margin[2] - s->camera.left);
  e->sheet[3] = (float)(s->bottom + pad * s->margin[3] - s->camera.top);
}

/* As deep as the device gives it. */
static PIX *reduce(PIX *colour, int bits) {
  PIX *grey = bits < 24 ? pixConvertRGBToLuminance(colour) : NULL;
  if (bits == 24) return colour;
  pixDestroy(&colour);
  if (bits == 8 || !grey) return grey;
  PIX *binary = pixThresholdToBinary(grey, 140);
  pixDestroy(&grey);
  return binary;
}

scrawl_status scene_expose(scene *s, PIX **picture, base_error *error) {
  *picture = NULL;
  planes made = {0};
  field light = {0};
  exposure *e = base_alloc_zero(1, sizeof *e);
  float *row = base_alloc((size_t)s->camera.width, sizeof *row);
  PIX *pix = pixCreate(s->camera.width, s->camera.height, 32);
  if (e && row && pix && draw_planes(s, &made, error) && compute_light(s, &light)) {
    prepare(e, s, &made);
    base_random random = base_random_split(&s->random, 1);
    l_uint32 *line = pixGetData(pix);
    for (int y = 0; y < s->camera.height; y++, line += pixGetWpl(pix)) {
      light_row(&light, y, s->camera.width, row);
      expose_row(e, y, row, &random, line);
    }
    *picture = reduce(pix, s->camera.bits);
    pix = NULL;
  }
  pixDestroy(&pix);
  base_free(e);
  base_free(row);
  base_free(light.values);
  base_free(made.ink.pixels);
  base_free(made.print.pixels);
  return *picture ? SCRAWL_OK
                  : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a picture of %d x %d pixels",
                              s->camera.width, s->camera.height);
}
