/* From a grey picture to a sheet: the order of the steps.
 *
 * Everything is cleaned in the pixels of the picture as it was taken; perspective, quarter turns
 * and skew are then one map and one resampling, so that strokes blur once. Ruled lines are followed
 * at any angle, so they need no straightened picture; they tell its angle instead. */
#include "page/prepare.h"

#include <math.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"

/* Degrees; less is not worth a resampling. */
#define LEAST_ANGLE 0.15
/* Of the way from paper to ink: where strokes are. */
#define PART 0.4f
/* Of ink, where the mask begins. */
#define MASK_LEVEL 92
#define RADIAN     0.017453292519943295

/* What is known of a picture in its own pixels. */
typedef struct prepared {
  ink_image dark, mask, ink;
  page_rule *rules;
  size_t rule_count;
  page_found_sheet sheet;
} prepared;

static PIX *to_pix(const ink_image *mask) {
  PIX *pix = pixCreate(mask->width, mask->height, 1);
  if (!pix) return NULL;
  l_uint32 *words = pixGetData(pix);
  for (int y = 0; y < mask->height; ++y, words += pixGetWpl(pix)) {
    const uint8_t *row = mask->pixels + (size_t)y * mask->stride;
    for (int x = 0; x < mask->width; ++x) words[x / 32] |= (l_uint32)(row[x] >> 7) << (31 - x % 32);
  }
  return pix;
}

static scrawl_status copy(const page_picture *picture, ink_image *image, base_error *error) {
  BASE_TRY(ink_image_create(picture->width, picture->height, image, error));
  memcpy(image->pixels, picture->grey, (size_t)picture->width * (size_t)picture->height);
  return SCRAWL_OK;
}

/* Grey to darkness, with even light and nothing but the sheet. */
static scrawl_status even_out(prepared *p, const page_picture *picture,
                              const page_prepare_options *options, base_error *error) {
  ink_image view;
  BASE_TRY(page_steps_add_grey(options->steps, "grey", picture->grey, picture->width,
                               picture->height, error));
  BASE_TRY(copy(picture, &p->dark, error));
  BASE_TRY(page_find_desk(&p->dark, &p->sheet, error));
  page_within_sheet(&p->sheet, &p->dark, &view);
  bool flip = page_ink_is_light(&view);
  BASE_TRY(page_flatten(&p->dark, flip, options->pool, error));
  page_clear_desk(&p->sheet, &p->dark);
  return page_steps_add_ink(options->steps, "light", &p->dark, error);
}

/* Wipes dirt out of the mask. */
static scrawl_status drop_dirt(prepared *p, const page_levels *levels, base_error *error) {
  page_runs runs;
  BASE_TRY(page_find_runs(&p->mask, true, &runs, error));
  scrawl_status status = page_drop_dirt(&p->mask, &p->dark, levels->paper, &runs, error);
  page_runs_free(&runs);
  return status;
}

/* The mask of strokes, without ruled lines and dirt. */
static scrawl_status find_mask(prepared *p, const page_prepare_options *options,
                               const page_levels *levels, const page_strength *strength,
                               base_error *error) {
  page_steps *steps = options->steps;
  BASE_TRY(page_binarise(&p->dark, levels, strength, 0, &p->mask, options->pool, error));
  BASE_TRY(page_steps_add_ink(steps, "faint", &p->mask, error));
  BASE_TRY(page_remove_rules(&p->mask, &p->dark, p->ink.pixels, &p->rules, &p->rule_count, error));
  BASE_TRY(page_steps_add_ink(steps, "rules", &p->mask, error));
  BASE_TRY(page_strengthen_points(&p->mask, levels, &p->dark, error));
  BASE_TRY(page_binarise(&p->dark, levels, strength, PART, &p->mask, options->pool, error));
  BASE_TRY(drop_dirt(p, levels, error));
  return page_steps_add_ink(steps, "mask", &p->mask, error);
}

/* Darkness to mask and ink. A picture without ink keeps an empty mask. */
static scrawl_status find_ink(prepared *p, const page_prepare_options *options,
                              page_strength *strength, base_error *error) {
  page_levels levels;
  BASE_TRY(page_denoise(&p->dark, &levels, error));
  BASE_TRY(page_steps_add_ink(options->steps, "noise", &p->dark, error));
  BASE_TRY(ink_image_create(p->dark.width, p->dark.height, &p->mask, error));
  BASE_TRY(ink_image_create(p->dark.width, p->dark.height, &p->ink, error));
  BASE_TRY(page_find_strength(&p->dark, &levels, strength, error));
  if (levels.ink) BASE_TRY(find_mask(p, options, &levels, strength, error));
  BASE_TRY(page_stretch(&p->dark, &levels, strength, &p->mask, &p->ink, options->pool, error));
  return page_steps_add_ink(options->steps, "ink", &p->ink, error);
}

/* ---- one map ---- */

/* The sheet's size and its map to the picture when all edges are seen. */
static bool map_of_sheet(const prepared *p, page_map *map, double *width, double *height) {
  const page_point *c = p->sheet.corner;
  if (p->sheet.kind != DESK_QUAD) return false;
  *width = (hypot(c[1].x - c[0].x, c[1].y - c[0].y) + hypot(c[2].x - c[3].x, c[2].y - c[3].y)) / 2;
  *height = (hypot(c[3].x - c[0].x, c[3].y - c[0].y) + hypot(c[2].x - c[1].x, c[2].y - c[1].y)) / 2;
  double most = 2.0 * (p->ink.width + p->ink.height);
  if (*width < 16 || *height < 16 || *width > most || *height > most) return false;
  return page_map_of_quad(c, round(*width), round(*height), map);
}

/* From a picture turned clockwise by `angle` back to one of width x height; the turned one's size
 * is large enough for all of it. */
static page_map map_of_turn(double angle, double width, double height, double *new_width,
                            double *new_height) {
  double c = cos(angle * RADIAN), s = sin(angle * RADIAN);
  *new_width = round(fabs(width * c) + fabs(height * s));
  *new_height = round(fabs(width * s) + fabs(height * c));
  double x = *new_width / 2, y = *new_height / 2;
  return (page_map){{c, s, width / 2 - c * x - s * y, -s, c, height / 2 + s * x - c * y, 0, 0, 1}};
}

/* The sheet's ink through the map. The mask follows from it: it was made where darkness passed a
 * part of the strength that is now full ink. */
static scrawl_status warp(const prepared *p, const page_map *map, double width, double height,
                          base_pool *pool, page_sheet *sheet, ink_image *mask, base_error *error) {
  base_free(sheet->ink.pixels);
  base_free(mask->pixels);
  *mask = (ink_image){0};
  BASE_TRY(ink_image_create((int)fmax(width, 1), (int)fmax(height, 1), &sheet->ink, error));
  BASE_TRY(ink_image_create((int)fmax(width, 1), (int)fmax(height, 1), mask, error));
  page_warp(&p->ink, map, &sheet->ink, pool);
  size_t count = (size_t)mask->width * (size_t)mask->height;
  for (size_t i = 0; i < count; ++i) mask->pixels[i] = sheet->ink.pixels[i] >= MASK_LEVEL ? 255 : 0;
  return SCRAWL_OK;
}

/* The rules of the picture as the sheet has them. */
static scrawl_status map_rules(const prepared *p, const page_map *map, page_sheet *sheet,
                               base_error *error) {
  page_map inverse;
  base_free(sheet->rules);
  sheet->rule_count = 0;
  sheet->rules = base_alloc(p->rule_count, sizeof *sheet->rules);
  if (!sheet->rules) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for ruled lines");
  if (!page_map_invert(map, &inverse)) return SCRAWL_OK;
  for (size_t i = 0; i < p->rule_count; ++i) {
    page_rule rule = p->rules[i];
    rule.from = page_map_point(&inverse, rule.from);
    rule.to = page_map_point(&inverse, rule.to);
    rule.upright = fabs(rule.to.y - rule.from.y) > fabs(rule.to.x - rule.from.x);
    if (rule.upright ? rule.from.y > rule.to.y : rule.from.x > rule.to.x) {
      page_point swap = rule.from;
      rule.from = rule.to;
      rule.to = swap;
    }
    sheet->rules[sheet->rule_count++] = rule;
  }
  return SCRAWL_OK;
}

/* The angle to turn a sheet by that has its map and its rules already: a quarter, or its skew. */
static scrawl_status find_turn(const ink_image *mask, bool turned, page_sheet *sheet, double *angle,
                               base_error *error) {
  page_runs runs;
  *angle = 0;
  PIX *pix = to_pix(mask);
  if (!pix) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a mask");
  scrawl_status status = page_find_runs(mask, true, &runs, error);
  if (status == SCRAWL_OK) {
    sheet->stroke = page_find_stroke(&runs, mask->width, mask->height);
    if (!turned && page_find_quarters(&runs, sheet->stroke))
      *angle = 90;
    else
      status =
          page_find_skew(pix, &runs, sheet->stroke, sheet->rules, sheet->rule_count, angle, error);
    page_runs_free(&runs);
  }
  pixDestroy(&pix);
  if (fabs(*angle) < LEAST_ANGLE) *angle = 0;
  return status;
}

/* Resamples mask and ink for the map, and moves the rules. */
static scrawl_status apply(const prepared *p, const page_map *map, double width, double height,
                           base_pool *pool, page_sheet *sheet, ink_image *mask, base_error *error) {
  BASE_TRY(warp(p, map, width, height, pool, sheet, mask, error));
  return map_rules(p, map, sheet, error);
}

static scrawl_status straighten(prepared *p, const page_picture *picture, base_pool *pool,
                                page_sheet *sheet, base_error *error) {
  page_map map = {{1, 0, 0, 0, 1, 0, 0, 0, 1}};
  double width = p->ink.width, height = p->ink.height, angle = 0;
  ink_image mask = {0};
  scrawl_status status = SCRAWL_OK;
  if (map_of_sheet(p, &map, &width, &height)) {
    width = round(width), height = round(height);
    status = apply(p, &map, width, height, pool, sheet, &mask, error);
  } else {
    status = map_rules(p, &map, sheet, error);
  }
  for (int pass = 0; pass < 2 && status == SCRAWL_OK; ++pass) {
    status = find_turn(mask.pixels ? &mask : &p->mask, pass, sheet, &angle, error);
    if (status != SCRAWL_OK || angle == 0) break;
    page_map turn = map_of_turn(angle, width, height, &width, &height);
    sheet->angle += angle;
    map = page_map_join(&map, &turn);
    status = apply(p, &map, width, height, pool, sheet, &mask, error);
    if (angle != 90) break; /* after a quarter comes the skew */
  }
  if (status == SCRAWL_OK && !sheet->ink.pixels) { /* as it is */
    sheet->ink = p->ink;
    p->ink.pixels = NULL;
  }
  if (status == SCRAWL_OK) {
    sheet->mask = to_pix(mask.pixels ? &mask : &p->mask);
    if (!sheet->mask) status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a mask");
  }
  base_free(mask.pixels);
  /* What was halved while it was decoded. */
  double scale = picture->file_width > picture->width
                     ? round((double)picture->file_width / picture->width)
                     : 1;
  page_map enlarge = {{scale, 0, 0, 0, scale, 0, 0, 0, 1}};
  sheet->map = page_map_join(&enlarge, &map);
  return status;
}

scrawl_status page_prepare(const page_picture *picture, const page_prepare_options *options,
                           page_sheet *sheet, base_error *error) {
  static const page_prepare_options DEFAULTS = {0};
  prepared p = {0};
  page_strength strength = {0};
  if (!options) options = &DEFAULTS;
  *sheet =
      (page_sheet){.picture_width = picture->file_width, .picture_height = picture->file_height};
  if (sheet->picture_width < picture->width) sheet->picture_width = picture->width;
  if (sheet->picture_height < picture->height) sheet->picture_height = picture->height;
  scrawl_status status = even_out(&p, picture, options, error);
  if (status == SCRAWL_OK) status = find_ink(&p, options, &strength, error);
  if (status == SCRAWL_OK) status = straighten(&p, picture, options->pool, sheet, error);
  if (status == SCRAWL_OK) status = page_steps_add_ink(options->steps, "sheet", &sheet->ink, error);
  base_free(strength.level);
  base_free(p.dark.pixels);
  base_free(p.mask.pixels);
  base_free(p.ink.pixels);
  base_free(p.rules);
  if (status != SCRAWL_OK) page_sheet_free(sheet);
  return status;
}

void page_sheet_free(page_sheet *sheet) {
  if (!sheet) return;
  base_free(sheet->ink.pixels);
  pixDestroy(&sheet->mask);
  base_free(sheet->rules);
  *sheet = (page_sheet){0};
}

/* ---- quarters afterwards ---- */

static page_point turn_point(page_point p, double height) {
  return (page_point){height - p.y, p.x};
}

static scrawl_status turn_once(page_sheet *sheet, base_error *error) {
  const ink_image *ink = &sheet->ink;
  ink_image turned;
  BASE_TRY(ink_image_create(ink->height, ink->width, &turned, error));
  PIX *mask = pixRotate90(sheet->mask, 1);
  if (!mask) {
    base_free(turned.pixels);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to turn a sheet");
  }
  for (int y = 0; y < ink->height; ++y)
    for (int x = 0; x < ink->width; ++x)
      turned.pixels[(size_t)x * turned.stride + (size_t)(ink->height - 1 - y)] =
          ink->pixels[(size_t)y * ink->stride + (size_t)x];
  for (size_t i = 0; i < sheet->rule_count; ++i) {
    page_rule *rule = &sheet->rules[i];
    page_point from = turn_point(rule->from, ink->height), to = turn_point(rule->to, ink->height);
    bool swap = !rule->upright ? from.y > to.y : from.x > to.x;
    *rule = (page_rule){swap ? to : from, swap ? from : to, rule->thickness, !rule->upright};
  }
  page_map back = {{0, 1, 0, -1, 0, ink->height, 0, 0, 1}};
  sheet->map = page_map_join(&sheet->map, &back);
  sheet->angle += sheet->angle > 90 ? -270 : 90;
  base_free(sheet->ink.pixels);
  pixDestroy(&sheet->mask);
  sheet->ink = turned;
  sheet->mask = mask;
  return SCRAWL_OK;
}

scrawl_status page_sheet_turn(page_sheet *sheet, int quarters, base_error *error) {
  for (int i = 0; i < quarters; ++i) BASE_TRY(turn_once(sheet, error));
  return SCRAWL_OK;
}
