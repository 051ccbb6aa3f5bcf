/* Digits and separators as strokes of a pen: several forms of each sign, as people in different
 * countries learn them at school.
 *
 * A form is text: points "x,y" in hundredths of a digit's height, x from its left, y down from its
 * top, 100 at the base line; `!` after a point makes it a corner, `|` lifts the pen. Between points
 * runs a Catmull-Rom spline (Catmull and Rom 1974), which passes through all of them; a corner ends
 * one spline and begins the next. Each point is displaced at random before that, so that no two
 * signs are alike.
 *
 * The pen is a disc of varying width: the line is cut into short pieces, and each is drawn as a
 * capsule whose ends have radii of their own. The coverage of a pixel at distance d from a capsule
 * of radius r is r - d + 1/2 within 0..1; pieces join by the largest. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/generate_scene.h"

typedef struct letter_form {
  const char *text;
  int weight; /* how common among the forms of its sign */
  const char *strokes;
} letter_form;

static const letter_form FORMS[] = {
    {"0", 5, "34,3 12,14 3,50 11,86 30,98 50,84 58,48 48,13 31,2"},
    {"0", 4, "42,8 22,3 6,34 8,80 28,99 48,78 53,38 38,7 24,6"},
    {"0", 2, "40,4 16,16 5,56 18,96 40,90 54,56 48,20 36,8"},
    {"0", 1, "32,3 12,12 3,50 11,86 30,98 50,84 57,48 48,14 30,2 | 54,6 6,96"},
    {"1", 5, "22,1 20,98"},
    {"1", 4, "4,28 26,2! 24,98"},
    {"1", 2, "4,24 26,3! 24,97! | 6,98 46,97"},
    {"1", 3, "2,46 18,28 36,1! 35,60 33,99"},
    {"2", 4, "6,22 20,4 44,6 53,26 38,56 5,96! 30,93 57,96"},
    {"2", 3, "7,20 24,3 48,10 49,34 28,70 8,93 4,82 18,79 40,93 60,90"},
    {"2", 2, "10,10 36,3 50,18 42,46 6,97! 54,96"},
    {"3", 4, "8,12 30,2 50,18 40,40 22,46! 46,52 56,74 38,97 6,90"},
    {"3", 2, "6,4! 32,5 50,3! 38,22 24,40! 48,48 55,74 34,99 4,90"},
    {"3", 3, "10,8 36,4 46,22 30,42 22,44 44,54 52,78 30,98 6,94 2,88"},
    {"4", 4, "16,3 12,30 5,58! 32,57 58,55! | 44,22 42,60 41,99"},
    {"4", 3, "44,99 44,50 45,2! 24,36 4,66! 60,64"},
    {"4", 3, "22,2 4,58! 60,52! | 42,30 36,99"},
    {"5", 4, "14,5 10,43! 34,37 54,62 42,92 4,93! | 13,5 34,5 54,2"},
    {"5", 3, "51,5 14,5! 10,44! 34,36 54,62 40,95 5,92"},
    {"5", 2, "50,5 22,7 12,34 38,46 52,72 32,98 6,88"},
    {"6", 4, "44,3 16,34 4,72 22,98 46,88 48,62 28,52 8,72"},
    {"6", 3, "34,1 10,46 7,84 27,99 47,84 43,60 22,58 8,78"},
    {"6", 1, "50,8 24,8 6,50 12,92 38,96 50,72 34,54 10,66"},
    {"7", 4, "4,6 30,7 54,4! 36,44 24,98"},
    {"7", 4, "4,6 30,7 54,4! 36,44 24,98! | 12,52 50,47"},
    {"7", 2, "4,18 6,5! 28,8 55,5! 32,50 26,99"},
    {"7", 1, "3,8 18,4 34,10 54,4! 30,46 20,98! | 12,50 48,48"},
    {"8", 5, "46,14 28,2 10,18 26,44 49,72 32,98 8,82 20,56 44,32 47,12"},
    {"8", 2, "28,2 12,22 28,45 46,22 30,2! | 28,46 6,72 28,98 52,72 29,46"},
    {"8", 2, "30,48 10,28 28,3 48,22 30,48 6,76 28,99 50,78 32,50"},
    {"9", 4, "46,18 28,3 7,24 16,46 38,42 48,14! 47,50 42,98"},
    {"9", 3, "46,20 28,2 7,24 20,47 44,30 48,12 46,60 34,94 8,96"},
    {"9", 2, "40,6 14,8 8,34 30,44 46,16! 44,99"},
    {".", 1, "5,95 8,98 6,99"},
    {",", 2, "8,90 11,100 2,116"},
    {",", 1, "10,92 3,114"},
    {"-", 1, "3,56 34,54"},
    {"€", 1, "52,14 26,6 8,50 24,96 52,88 | 0,42 38,40 | 0,60 34,58"},
    {"$", 1, "46,20 26,12 10,28 28,48 44,70 26,90 6,80 | 27,0 27,103"},
    {"£", 1, "48,14 32,3 18,22 22,60 6,96! 26,92 52,96 | 6,54 38,52"},
};
enum { FORM_COUNT = sizeof FORMS / sizeof *FORMS, MAX_POINTS = 16 };

typedef struct knot {
  double x, y;
  bool corner;
} knot;

/* One stroke of the text at `*at`, which moves behind it; how many points. */
static int parse_stroke(const char **at, knot *knots) {
  int count = 0;
  char *text = (char *)(uintptr_t)*at;
  while (*text && *text != '|' && count < MAX_POINTS) {
    knot *k = &knots[count++];
    k->x = (double)strtol(text, &text, 10) / 100;
    if (*text == ',') text++;
    k->y = (double)strtol(text, &text, 10) / 100;
    k->corner = *text == '!';
    if (k->corner) text++;
    while (*text == ' ') text++;
  }
  while (*text == '|' || *text == ' ') text++;
  *at = text;
  return count;
}

int scene_strokes_find(const char *text, uint64_t habit, base_random *random) {
  int total = 0;
  for (int i = 0; i < FORM_COUNT; i++)
    if (strcmp(FORMS[i].text, text) == 0) total += FORMS[i].weight;
  if (!total) return -1;
  /* A hand keeps to its form, nearly always. */
  bool usual = base_random_unit(random) < 0.85;
  base_random own = base_random_seed(habit + (uint64_t)(unsigned char)*text);
  int place = (int)base_random_below(usual ? &own : random, (uint64_t)total);
  for (int i = 0; i < FORM_COUNT; i++) {
    if (strcmp(FORMS[i].text, text) != 0) continue;
    if ((place -= FORMS[i].weight) < 0) return i;
  }
  return -1;
}

double scene_strokes_width(int form) {
  double widest = 0;
  knot knots[MAX_POINTS];
  for (const char *at = FORMS[form].strokes; *at;) {
    int count = parse_stroke(&at, knots);
    for (int i = 0; i < count; i++) widest = fmax(widest, knots[i].x);
  }
  return widest;
}

/* ---- drawing ---- */

typedef struct tip {
  double x, y, radius;
} tip;

static void draw_capsule(scene_brush *brush, tip a, tip b) {
  double reach = fmax(a.radius, b.radius) + 1, dx = b.x - a.x, dy = b.y - a.y;
  double length = dx * dx + dy * dy;
  int x0 = (int)floor(fmin(a.x, b.x) - reach), x1 = (int)ceil(fmax(a.x, b.x) + reach);
  int y0 = (int)floor(fmin(a.y, b.y) - reach), y1 = (int)ceil(fmax(a.y, b.y) + reach);
  for (int y = y0; y <= y1; y++)
    for (int x = x0; x <= x1; x++) {
      double px = x + 0.5 - a.x, py = y + 0.5 - a.y;
      double t = length > 0 ? (px * dx + py * dy) / length : 0;
      t = t < 0 ? 0 : t > 1 ? 1 : t;
      double ex = px - t * dx, ey = py - t * dy;
      double cover = a.radius + t * (b.radius - a.radius) - sqrt(ex * ex + ey * ey) + 0.5;
      if (cover > 0) scene_brush_dot(brush, x, y, cover < 1 ? (int)(cover * 255) : 255);
    }
}

/* The point at `t` between b and c of the spline through a, b, c, d. */
static double spline(double a, double b, double c, double d, double t) {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

typedef struct stroke_pen {
  const scene_sign *sign;
  double slant, stretch, cosine, sine; /* of the whole sign */
  double radius, pressure[3];
  scene_brush *brush;
  tip last;
  bool down;
} stroke_pen;

/* From shares of the sign's height to the sheet. `along`: 0..1 of the stroke. */
static void pen_move(stroke_pen *pen, double x, double y, double along) {
  const scene_sign *sign = pen->sign;
  double up = (1 - y) * sign->height, right = x * sign->height * pen->stretch + pen->slant * up;
  double press = 1 + pen->pressure[0] * sin(along * 9 + pen->pressure[1]);
  double ends = fmin(along, 1 - along);
  if (ends < 0.08) press *= 1 - pen->pressure[2] * (1 - ends / 0.08);
  tip next = {sign->x + right * pen->cosine + up * pen->sine - pen->brush->left,
              sign->y + right * pen->sine - up * pen->cosine - pen->brush->top,
              fmax(pen->radius * press, 0.3)};
  if (pen->down) draw_capsule(pen->brush, pen->last, next);
  pen->last = next;
  pen->down = true;
}

static void draw_stroke(stroke_pen *pen, const knot *knots, int count) {
  pen->down = false;
  for (int i = 0; i + 1 < count; i++) {
    const knot *b = &knots[i], *c = b + 1;
    const knot *a = i == 0 || b->corner ? b : b - 1, *d = i + 2 == count || c->corner ? c : c + 1;
    double length = hypot(c->x - b->x, c->y - b->y) * pen->sign->height;
    int pieces = 2 + (int)fmin(length / fmax(1.5, 0.4 * pen->radius), 40);
    for (int k = i == 0 ? 0 : 1; k <= pieces; k++) {
      double t = (double)k / pieces;
      pen_move(pen, spline(a->x, b->x, c->x, d->x, t), spline(a->y, b->y, c->y, d->y, t),
               (i + t) / (count - 1));
    }
  }
}

void scene_strokes_draw(const scene *s, const scene_sign *sign, scene_brush *brush) {
  base_random random = base_random_seed(sign->stream);
  const scene_hand *hand = &s->hand;
  stroke_pen pen = {.sign = sign,
                    .slant = hand->slant + 0.04 * base_random_normal(&random),
                    .stretch = hand->aspect,
                    .cosine = cos(sign->turn),
                    .sine = sin(sign->turn),
                    .radius = 0.5 * hand->pen * s->size,
                    .pressure = {base_random_range(&random, 0, 0.2),
                                 base_random_range(&random, 0, 6), base_random_unit(&random) * 0.6},
                    .brush = brush};
  knot knots[MAX_POINTS];
  double wobble = sign->mark ? 0.5 * hand->wobble : hand->wobble;
  for (const char *at = FORMS[sign->form].strokes; *at;) {
    int count = parse_stroke(&at, knots);
    double dx = 0.6 * wobble * base_random_normal(&random),
           dy = wobble * base_random_normal(&random);
    for (int i = 0; i < count; i++) {
      knots[i].x += 0.6 * dx + wobble * base_random_normal(&random);
      knots[i].y += 0.6 * dy + wobble * base_random_normal(&random);
    }
    draw_stroke(&pen, knots, count);
  }
}
