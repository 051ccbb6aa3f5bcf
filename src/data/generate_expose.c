/* The exposure: planes of ink and print, paper and light become a picture of colours.
 *
 * For each pixel of the picture the place on the sheet is computed, ink and print are read there
 * between the planes' pixels, and the light that comes back is
 *     paper (1 + grain) * (1 - print (1 - its colour)) * (1 - ink (1 - its colour)) * light
 * in each of three colours, all linear; ink is a filter over what lies under it. Light varies so
 * slowly that it is computed for every 16th pixel. A sensor counts photons, so noise grows with the
 * root of the signal. Last comes the curve of sRGB (IEC 61966-2-1).
 *
 * All of it is one walk over the picture, in floats until the last step: warped by Leptonica and
 * lit afterwards, 12 megapixels would be walked over five times, and rounded to bytes between. */
#include <math.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "data/generate_scene.h"

enum {
  LIGHT_STEP = 16,
  TILE = 256,   /* side of the texture */
  CURVE = 4096, /* steps of the sRGB curve */
  NORMALS = 4096,
};

/* ---- light ---- */

typedef struct field {
  int columns, rows;
  float *values;
} field;

static double shadow_at(const struct scene_shadow *shadow, double x, double y) {
  if (shadow->depth <= 0) return 1;
  double dx = x - shadow->x, dy = y - shadow->y;
  double off = shadow->radius > 0 ? shadow->radius - hypot(dx, dy)
                                  : dx * cos(shadow->angle) + dy * sin(shadow->angle);
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
  const scene_planes *planes;
  float grain[TILE * TILE], normals[NORMALS];
  uint8_t curve[CURVE + 1];
  float paper[3], ink[3], print[3], desk[3]; /* colours, the filters as 1 - theirs */
  float sheet[4];                            /* left, top, right, bottom of the sheet */
  float edge, shade; /* how sharp its edge is, and the shadow that it throws on the desk */
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

/* How far inside the sheet a place is; negative on the desk. */
static float depth_inside(const exposure *e, float u, float v) {
  return fminf(fminf(u - e->sheet[0], e->sheet[2] - u), fminf(v - e->sheet[1], e->sheet[3] - v));
}

/* Between the values of the grain, for patterns larger than a pixel. */
static float smooth(const exposure *e, float u, float v) {
  float left = floorf(u), top = floorf(v), fx = u - left, fy = v - top;
  int x0 = (int)left & (TILE - 1), x1 = (x0 + 1) & (TILE - 1);
  const float *row0 = e->grain + ((int)top & (TILE - 1)) * TILE;
  const float *row1 = e->grain + (((int)top + 1) & (TILE - 1)) * TILE;
  fx *= fx * (3 - 2 * fx), fy *= fy * (3 - 2 * fy);
  float above = row0[x0] + fx * (row0[x1] - row0[x0]);
  float under = row1[x0] + fx * (row1[x1] - row1[x0]);
  return above + fy * (under - above);
}

/* Streaks, as of wood: a pattern much longer than it is high. */
static float desk_grain(const exposure *e, float u, float v) {
  float bent = v + 12 * smooth(e, u * 0.003f, v * 0.004f);
  return 1 + 0.10f * smooth(e, u * 0.004f, bent * 0.12f) +
         0.08f * smooth(e, u * 0.02f, bent * 0.5f) + 0.14f * smooth(e, u * 0.001f, bent * 0.02f);
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
    float print = e->planes->print.pixels ? read_plane(&e->planes->print, u, v) : 0;
    float sheet = 1, desk = 0, texture = 1 + grainy * grain;
    if (camera->desk) {
      float inside = depth_inside(e, u, v);
      sheet = clamp(inside * e->edge + 0.5f, 0, 1);
      if (sheet < 1) desk = desk_grain(e, u, v) * (1 - 0.45f * expf(inside * e->shade));
    }
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

static void prepare(exposure *e, scene *s, const scene_planes *made) {
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
  e->edge = (float)(1 / (1 + 2 * s->camera.blur));
  e->shade = (float)(8 / s->size);
  double pad = 0.5;
  e->sheet[0] = (float)(s->left - pad * s->margin[0] - s->camera.left);
  e->sheet[1] = (float)(s->top - pad * s->margin[1] - s->camera.top);
  e->sheet[2] = (float)(s->right + pad * s->margin[2] - s->camera.left);
  e->sheet[3] = (float)(s->bottom + pad * s->margin[3] - s->camera.top);
}

/* Between paper and ink, as a scanner in two levels is set. */
static int threshold(const scene *s, const exposure *e) {
  double ink = 1 - s->paper.density * (1 - s->paper.ink[1]);
  double level = s->camera.exposure * s->paper.colour[1] * (0.4 * ink + 0.6);
  return e->curve[(int)(fmin(level, 1) * CURVE)];
}

/* As deep as the device gives it. */
static PIX *reduce(PIX *colour, int bits, int threshold) {
  PIX *grey = bits < 24 ? pixConvertRGBToLuminance(colour) : NULL;
  if (bits == 24) return colour;
  pixDestroy(&colour);
  if (bits == 8 || !grey) return grey;
  PIX *binary = pixThresholdToBinary(grey, threshold);
  pixDestroy(&grey);
  return binary;
}

scrawl_status scene_expose(scene *s, PIX **picture, base_error *error) {
  *picture = NULL;
  scene_planes made = {0};
  field light = {0};
  exposure *e = base_alloc_zero(1, sizeof *e);
  float *row = base_alloc((size_t)s->camera.width, sizeof *row);
  PIX *pix = pixCreate(s->camera.width, s->camera.height, 32);
  if (e && row && pix && scene_draw_planes(s, &made, error) == SCRAWL_OK &&
      compute_light(s, &light)) {
    prepare(e, s, &made);
    base_random random = base_random_split(&s->random, 1);
    l_uint32 *line = pixGetData(pix);
    for (int y = 0; y < s->camera.height; y++, line += pixGetWpl(pix)) {
      light_row(&light, y, s->camera.width, row);
      expose_row(e, y, row, &random, line);
    }
    *picture = reduce(pix, s->camera.bits, threshold(s, e));
    pix = NULL;
  }
  pixDestroy(&pix);
  base_free(e);
  base_free(row);
  base_free(light.values);
  scene_free_planes(&made);
  return *picture
             ? SCRAWL_OK
             : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a picture of %d x %d pixels",
                         s->camera.width, s->camera.height);
}
