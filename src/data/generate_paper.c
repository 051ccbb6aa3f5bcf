/* What the sheet is made of: paper, its ruling, print, and the pen's ink.
 *
 * Colours are reflectances of red, green and blue light, linear. */
#include <math.h>
#include <string.h>

#include "data/generate_scene.h"

typedef struct material {
  const char *name;
  int weight;
  double colour[3], vary, first, second;
} material;

/* first: grain, second: cloud */
static const material PAPERS[] = {
    {"white", 6, {0.84, 0.84, 0.83}, 0.03, 0.012, 0.006},
    {"bright", 2, {0.86, 0.88, 0.92}, 0.02, 0.008, 0.006},
    {"cream", 2, {0.84, 0.80, 0.68}, 0.04, 0.02, 0.01},
    {"yellowed", 1, {0.72, 0.62, 0.44}, 0.06, 0.03, 0.025},
    {"recycled", 1, {0.60, 0.58, 0.54}, 0.05, 0.06, 0.015},
    {"tinted", 1, {0.70, 0.78, 0.74}, 0.10, 0.015, 0.01},
};
/* first: density, second: how it varies */
static const material PENS[] = {
    {"ball pen, blue", 5, {0.03, 0.06, 0.30}, 0.03, 0.97, 0.16},
    {"ball pen, black", 4, {0.03, 0.03, 0.035}, 0.01, 0.97, 0.14},
    {"ball pen, red", 1, {0.50, 0.03, 0.05}, 0.04, 0.97, 0.14},
    {"pencil", 2, {0.10, 0.10, 0.11}, 0.03, 0.86, 0.45},
    {"felt tip, black", 2, {0.015, 0.015, 0.02}, 0.01, 1.0, 0.03},
    {"felt tip, blue", 1, {0.02, 0.04, 0.35}, 0.03, 0.97, 0.05},
    {"felt tip, green", 1, {0.02, 0.20, 0.07}, 0.03, 0.97, 0.05},
    {"fountain pen", 2, {0.02, 0.03, 0.16}, 0.02, 0.98, 0.08},
};
enum {
  PAPER_COUNT = sizeof PAPERS / sizeof *PAPERS,
  PEN_COUNT = sizeof PENS / sizeof *PENS,
};

static const material *pick(scene *s, const material *table, int count) {
  int total = 0;
  for (int i = 0; i < count; i++) total += table[i].weight;
  int place = (int)base_random_below(&s->random, (uint64_t)total), i = 0;
  while ((place -= table[i].weight) >= 0) i++;
  return &table[i];
}

static void take_colour(scene *s, const material *from, double colour[3]) {
  double all = 1 + from->vary * scene_range(s, -1, 1);
  for (int c = 0; c < 3; c++)
    colour[c] = fmin(from->colour[c] * all * (1 + 0.3 * from->vary * scene_range(s, -1, 1)), 0.97);
}

static void set_colour(double colour[3], double red, double green, double blue) {
  colour[0] = red, colour[1] = green, colour[2] = blue;
}

static void add_line(scene *s, double x0, double y0, double x1, double y1, double width,
                     double level) {
  if (s->rule_count < SCENE_MAX_RULES)
    s->rules[s->rule_count++] = (scene_rule){x0, y0, x1, y1, width, level};
}

/* How far apart: a page's lines are written on every line of it, every second, ... */
static double rule_step(scene *s, bool squared) {
  if (s->pitch > 0) return s->pitch / (squared ? 2 + (double)base_random_below(&s->random, 3) : 1);
  return s->size * (squared ? scene_range(s, 0.55, 1.3) : scene_range(s, 1.2, 2.2));
}

/* Lines all over whatever may be seen of the sheet; what is written stands a little above them. */
static void rule_paper(scene *s, bool squared) {
  double step = rule_step(s, squared);
  double wide = s->right - s->left + s->margin[0] + s->margin[2];
  double high = s->bottom - s->top + s->margin[1] + s->margin[3], reach = 0.6 * (wide + high);
  double width = fmax(s->size * scene_range(s, 0.01, 0.03), 0.5), level = scene_range(s, 0.35, 1);
  double y0 = s->signs[0].y + 0.06 * s->size, x0 = s->signs[0].x + scene_range(s, 0, step);
  double mx = (s->left + s->right) / 2, my = (s->top + s->bottom) / 2;
  while (2 * reach / step > SCENE_MAX_RULES / 2.0 - 8) step *= 2;
  for (double y = y0 - ceil((y0 - my + reach) / step) * step; y < my + reach; y += step)
    add_line(s, mx - reach, y, mx + reach, y, width, level);
  if (!squared && scene_chance(s, 0.3)) /* beside which one begins to write */
    x0 = s->left - 0.5 * s->margin[0], step = 2 * reach;
  else if (!squared)
    return;
  for (double x = x0 - ceil((x0 - mx + reach) / step) * step; x < mx + reach; x += step)
    add_line(s, x, my - reach, x, my + reach, width, level);
}

/* A broad line across the head of the sheet. */
static void head_paper(scene *s) {
  double y = s->top - 0.5 * s->margin[1];
  if (s->margin[1] > s->size) add_line(s, s->left - s->margin[0], y, s->right, y, 0.1 * s->size, 1);
}

/* Of a scan: writing on the back shines through the paper. */
static void shine_through(scene *s) {
  s->paper.back = scene_range(s, 0.04, 0.2);
  memcpy(s->paper.print, s->paper.ink, sizeof s->paper.ink);
}

/* Forms are printed dark or in a colour of their own; what paper is ruled with is pale. */
static const double FORM_PRINT[][3] = {{0.05, 0.05, 0.05},
                                       {0.05, 0.05, 0.05},
                                       {0.25, 0.45, 0.65},
                                       {0.45, 0.45, 0.48},
                                       {0.6, 0.2, 0.15}};
static const double PALE_PRINT[][3] = {{0.50, 0.62, 0.74},
                                       {0.62, 0.62, 0.64},
                                       {0.60, 0.70, 0.78},
                                       {0.40, 0.40, 0.40},
                                       {0.72, 0.55, 0.55}};
static const double DESKS[][3] = {
    {0.30, 0.17, 0.08}, {0.03, 0.03, 0.035}, {0.45, 0.42, 0.38}, {0.12, 0.14, 0.16}};

static void pick_colour(scene *s, const double table[][3], size_t count, double colour[3]) {
  memcpy(colour, table[base_random_below(&s->random, count)], sizeof *table);
}
#define PICK_COLOUR(s, table, colour) pick_colour(s, table, sizeof(table) / sizeof *(table), colour)

static void flat(scene *s, const char *name, bool any_colour) {
  scene_paper *paper = &s->paper;
  *paper = (scene_paper){.name = name, .pen = "flat", .density = 1};
  set_colour(paper->colour, 1, 1, 1);
  if (!any_colour) return;
  paper->pen = "drawn";
  if (scene_chance(s, 0.5))
    set_colour(paper->colour, scene_range(s, 0.8, 1), scene_range(s, 0.8, 1),
               scene_range(s, 0.75, 1));
  double most = scene_chance(s, 0.6) ? 0.02 : 0.35;
  set_colour(paper->ink, scene_range(s, 0, most), scene_range(s, 0, most), scene_range(s, 0, most));
  double line = scene_range(s, 0.05, 0.5);
  set_colour(paper->print, line, line, line);
}

void scene_choose_paper(scene *s) {
  if (s->capture == DATA_GENERATE_MIXED) {
    double which = base_random_unit(&s->random);
    s->capture = which < 0.12   ? DATA_GENERATE_SCREEN
                 : which < 0.35 ? DATA_GENERATE_SCAN
                                : DATA_GENERATE_PHONE;
    if (s->kind == DATA_GENERATE_PAGE) s->capture = DATA_GENERATE_PHONE;
  }
  if (s->capture == DATA_GENERATE_NONE) {
    flat(s, "none", false);
    set_colour(s->paper.print, 0.75, 0.75, 0.75); /* told apart from ink */
    return;
  }
  if (s->capture == DATA_GENERATE_SCREEN) {
    flat(s, "screen", true);
    return;
  }
  const material *paper = pick(s, PAPERS, PAPER_COUNT), *pen = pick(s, PENS, PEN_COUNT);
  s->paper = (scene_paper){.name = paper->name,
                           .pen = pen->name,
                           .grain = paper->first * scene_range(s, 0.5, 1.5),
                           .cloud = paper->second * scene_range(s, 0, 1.5),
                           .density = pen->first * scene_range(s, 0.88, 1.03),
                           .streak = pen->second * scene_range(s, 0.5, 1.3)};
  if (s->paper.density > 1) s->paper.density = 1;
  take_colour(s, paper, s->paper.colour);
  take_colour(s, pen, s->paper.ink);
  PICK_COLOUR(s, DESKS, s->paper.desk);
  if (s->rule_count) {
    PICK_COLOUR(s, FORM_PRINT, s->paper.print);
    return;
  }
  PICK_COLOUR(s, PALE_PRINT, s->paper.print);
  double ruling = base_random_unit(&s->random);
  if (ruling < 0.5)
    rule_paper(s, ruling < 0.25);
  else if (ruling < 0.58)
    head_paper(s);
  else if (ruling < 0.75 && s->capture == DATA_GENERATE_SCAN)
    shine_through(s);
}
