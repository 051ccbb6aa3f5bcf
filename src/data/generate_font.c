/* Where the generator's signs come from: the pictures of a data set, or the strokes built in. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "data/generate_scene.h"

static const char DIGITS[] = "0123456789";
static const char NO_GLYPH[] = "\u2205"; /* a class of what is none */

static bool is_digit(const char *sign) {
  return sign[0] >= '0' && sign[0] <= '9' && !sign[1];
}

/* The digits of the set, or everything that is a sign where it has none. */
static void list_usable(const data_set *set, scene_font *font) {
  for (int digits = 1; digits >= 0 && !font->usable_count; digits--)
    for (int class = 0; class < set->classes; class ++) {
      char sign[SCRAWL_MAX_SIGN_BYTES];
      data_set_sign(set, class, sign);
      bool wanted = digits ? is_digit(sign) : *sign && strcmp(sign, NO_GLYPH) != 0;
      if (wanted && font->first[class] < font->first[class + 1])
        font->usable[font->usable_count++] = (uint16_t) class;
    }
}

static void sort_by_class(const data_set *set, scene_font *font) {
  uint32_t *next = font->first + 1; /* filled, each moves to the beginning of the following class */
  for (size_t i = 0; i < set->count; i++) next[set->labels[i]]++;
  for (int class = 0; class < set->classes; class ++) next[class] += next[class - 1];
  for (size_t i = set->count; i-- > 0;) font->members[--next[set->labels[i]]] = (uint32_t)i;
  memmove(font->first, next, (size_t)set->classes * sizeof *next);
  font->first[set->classes] = (uint32_t)set->count;
}

scrawl_status scene_font_open(const data_set *set, scene_font *font, base_error *error) {
  *font = (scene_font){.set = set};
  if (!set) return SCRAWL_OK;
  if (set->count > UINT32_MAX || set->width > SCENE_MAX_GLYPH || set->height > SCENE_MAX_GLYPH)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                     "%s: glyphs of at most %d x %d pixels can be written with", set->name,
                     SCENE_MAX_GLYPH, SCENE_MAX_GLYPH);
  font->members = base_alloc(set->count, sizeof *font->members);
  font->first = base_alloc_zero((size_t)set->classes + 2, sizeof *font->first);
  font->usable = base_alloc((size_t)set->classes, sizeof *font->usable);
  scrawl_status status = SCRAWL_OK;
  if (!font->members || !font->first || !font->usable) {
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory for %zu numbers", set->name,
                       set->count);
  } else {
    sort_by_class(set, font);
    list_usable(set, font);
    if (!font->usable_count)
      status = base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s: no class of it is a sign", set->name);
  }
  if (status != SCRAWL_OK) scene_font_free(font);
  return status;
}

void scene_font_free(scene_font *font) {
  if (!font) return;
  base_free(font->members);
  base_free(font->first);
  base_free(font->usable);
  *font = (scene_font){0};
}

ink_image scene_font_picture(const scene_font *font, uint32_t form) {
  const data_set *set = font->set;
  size_t pixels = (size_t)set->width * (size_t)set->height;
  return (ink_image){set->width, set->height, (size_t)set->width, set->pixels + form * pixels};
}

/* By a level that leaves out the fringe of a grey edge: the drawn edge is further in, too. */
ink_box scene_font_box(const ink_image *glyph) {
  int x0 = glyph->width, y0 = glyph->height, x1 = -1, y1 = -1;
  for (int y = 0; y < glyph->height; y++)
    for (int x = 0; x < glyph->width; x++) {
      if (glyph->pixels[(size_t)y * glyph->stride + (size_t)x] < 96) continue;
      if (x < x0) x0 = x;
      if (x > x1) x1 = x;
      if (y < y0) y0 = y;
      y1 = y;
    }
  if (x1 < 0) return (ink_box){0, 0, glyph->width, glyph->height};
  return (ink_box){x0, y0, x1 - x0 + 1, y1 - y0 + 1};
}

/* The glyph's own slant by its second moments, covariance of x and y over variance of y: half of it
 * is taken back, since a hand's glyphs lean alike but shapes differ too. */
double scene_font_lean(const scene *s, const ink_image *glyph) {
  double mass = 0, mx = 0, my = 0, xy = 0, yy = 0;
  for (int y = 0; y < glyph->height; y++)
    for (int x = 0; x < glyph->width; x++) {
      double level = glyph->pixels[(size_t)y * glyph->stride + (size_t)x];
      mass += level, mx += level * x, my -= level * y;
      xy -= level * x * y, yy += level * y * y;
    }
  if (mass <= 0) return 0;
  double variance = yy / mass - my * my / mass / mass;
  double own = variance > 0 ? (xy / mass - mx * my / mass / mass) / variance : 0;
  return s->hand.slant - 0.5 * fmin(fmax(own, -1), 1);
}

static int class_of(const data_set *set, const char *text) {
  for (int class = 0; class < set->classes; class ++) {
    char sign[SCRAWL_MAX_SIGN_BYTES];
    data_set_sign(set, class, sign);
    if (strcmp(sign, text) == 0) return class;
  }
  return -1;
}

void scene_font_choose(scene *s, scene_sign *sign) {
  const scene_font *font = s->font;
  sign->stream = base_random_next(&s->random);
  int class = font->set && !sign->mark ? class_of(font->set, sign->text) : -1;
  if (class >= 0) {
    uint32_t members = font->first[class + 1] - font->first[class];
    sign->form = font->members[font->first[class] + base_random_below(&s->random, members)];
    ink_image glyph = scene_font_picture(font, sign->form);
    ink_box box = scene_font_box(&glyph);
    double shape = fmin((double)box.width / box.height, 1.15);
    sign->width = shape * s->hand.aspect * sign->height;
  } else {
    int form = scene_strokes_find(sign->text, s->hand.habit, &s->random);
    sign->form = (uint32_t)form;
    sign->width = scene_strokes_width(form) * s->hand.aspect * sign->height;
  }
}

void scene_font_any(scene *s, char text[SCRAWL_MAX_SIGN_BYTES]) {
  const scene_font *font = s->font;
  if (font->set) {
    uint64_t which = base_random_below(&s->random, (uint64_t)font->usable_count);
    data_set_sign(font->set, font->usable[which], text);
  } else {
    text[0] = DIGITS[base_random_below(&s->random, 10)];
    text[1] = 0;
  }
}
