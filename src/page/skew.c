/* How a page is turned. Ruled lines tell best: the median of their directions, by length. Pages
 * without are asked by Leptonica's pixFindSkew, which looks for the angle at which the sums of
 * rows differ most from one to the next (Postl 1986; Bloomberg et al. 1995); where it is not sure,
 * glyphs are parted into lines at its angle and one slope is fitted to all lines. A single string
 * is turned only when a straight line through its glyphs slopes by far more than chance would make
 * it.
 *
 * Lying pages: digits are higher than wide, and neighbours in a line are near. Where both are so
 * for a picture on its side, and clearly, it is turned by a quarter. */
#include <math.h>
#include <stdlib.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "page/prepare.h"

enum { LEAST_GLYPHS = 12, LEAST_IN_STRING = 3, LEAST_TO_TURN = 10 };

#define DEGREES    57.29577951308232
#define MOST_ANGLE 40.0
#define UNLIKE     0.25  /* degrees between rules */
#define RANGE      15.0f /* degrees to both sides that pages are looked at */
/* Leptonica's confidence: good; and so little that the angle is no better than none. Between them,
 * where there are few lines, its angle is only where the lines are looked for. */
#define SURE     3.0f
#define DOUBTFUL 1.1f

typedef struct weighted {
  double value, weight;
} weighted;

static int by_value(const void *a, const void *b) {
  const weighted *first = a, *second = b;
  return first->value < second->value ? -1 : first->value > second->value;
}

static double median(weighted *items, size_t count) {
  double total = 0, sum = 0;
  qsort(items, count, sizeof *items, by_value);
  for (size_t i = 0; i < count; ++i) total += items[i].weight;
  for (size_t i = 0; i < count; ++i)
    if ((sum += items[i].weight) >= total / 2) return items[i].value;
  return 0;
}

/* From rules: the lying ones if there is enough of them, for upright ones lean with the camera.
 * `spread`: their median distance from the angle. */
static bool ask_rules(const page_rule *rules, size_t count, double side, double *angle,
                      double *spread, weighted *items) {
  for (int upright = 0; upright < 2; ++upright) {
    size_t used = 0;
    double total = 0;
    for (size_t i = 0; i < count; ++i) {
      double x = rules[i].to.x - rules[i].from.x, y = rules[i].to.y - rules[i].from.y;
      double length = hypot(x, y);
      if (rules[i].upright != upright) continue;
      items[used++] = (weighted){(upright ? atan2(x, y) : -atan2(y, x)) * DEGREES, length * length};
      total += length;
    }
    if (total < 0.5 * side) continue;
    *angle = median(items, used);
    for (size_t i = 0; i < used; ++i) items[i].value = fabs(items[i].value - *angle);
    *spread = median(items, used);
    return true;
  }
  return false;
}

/* Higher than a dot, and no line. */
static bool is_glyph(ink_box box, double stroke) {
  int side = box.width > box.height ? box.width : box.height;
  return side >= 3 * stroke && side >= 8 && box.width < 30 * stroke + 40;
}

/* A glyph's middle, along and across lines of writing that slope. */
typedef struct place {
  double along, across;
} place;

static int by_across(const void *a, const void *b) {
  const place *first = a, *second = b;
  return first->across < second->across ? -1 : first->across > second->across;
}

/* Parts glyphs into lines, for an angle that is nearly right, and fits one slope to all of them;
 * `error` gets its standard error. All in degrees. False where there are no lines. */
static bool fit_lines(const page_runs *runs, double stroke, place *places, double *angle,
                      double *error) {
  double c = cos(*angle / DEGREES), s = sin(*angle / DEGREES), height = 0;
  size_t count = 0;
  for (size_t i = 0; i < runs->component_count; ++i) {
    ink_box box = runs->components[i].box;
    if (!is_glyph(box, stroke)) continue;
    double x = box.x + box.width / 2.0, y = box.y + box.height / 2.0;
    places[count++] = (place){x * c - y * s, x * s + y * c};
    height += box.height;
  }
  if (count < LEAST_GLYPHS) return false;
  height /= (double)count;
  qsort(places, count, sizeof *places, by_across);
  double xx = 0, xy = 0, yy = 0, used = 0;
  for (size_t from = 0, to; from < count; from = to) {
    double n = 0, x = 0, y = 0, sxx = 0, sxy = 0, syy = 0;
    for (to = from;
         to < count && (to == from || places[to].across - places[to - 1].across < 0.3 * height);
         ++to) {
      place at = places[to];
      ++n, x += at.along, y += at.across;
      sxx += at.along * at.along, sxy += at.along * at.across, syy += at.across * at.across;
    }
    if (n < LEAST_IN_STRING || (syy - y * y / n) / n > 0.25 * height * height) continue;
    xx += sxx - x * x / n, xy += sxy - x * y / n, yy += syy - y * y / n;
    used += n - 1;
  }
  if (used < LEAST_GLYPHS / 2.0 || xx < used * height * height) return false;
  double slope = xy / xx;
  *error = sqrt(fmax(yy - slope * xy, 0) / used / xx) * DEGREES;
  *angle -= atan(slope) * DEGREES;
  return true;
}

/* The second time with the lines that the first angle shows. */
static bool fit_lines_twice(const page_runs *runs, double stroke, place *places, double *angle,
                            double *error) {
  for (int pass = 0; pass < 2; ++pass)
    if (!fit_lines(runs, stroke, places, angle, error)) return false;
  return true;
}

static bool ask_page(PIX *mask, const page_runs *runs, double stroke, place *places, int glyphs,
                     double *angle) {
  l_float32 found = 0, confidence = 0;
  int side = pixGetWidth(mask) < pixGetHeight(mask) ? pixGetWidth(mask) : pixGetHeight(mask);
  int sweep = side >= 1000 ? 4 : side >= 400 ? 2 : 1, search = sweep > 1 ? sweep / 2 : 1;
  if (glyphs < LEAST_GLYPHS || side < 64) return false;
  if (pixFindSkewSweepAndSearch(mask, &found, &confidence, sweep, search, RANGE, 1.0f, 0.01f) != 0)
    return false;
  if (confidence < DOUBTFUL || fabsf(found) > RANGE) found = 0;
  double fitted = (double)found, error = 0;
  bool lines = fit_lines_twice(runs, stroke, places, &fitted, &error);
  if (confidence >= SURE && found != 0) {
    *angle = (double)found;
    return true;
  }
  if (!lines || fabs(fitted) < 2.5 * error) return false;
  *angle = fitted;
  return true;
}

/* A line through the middles of a few glyphs, by least squares, with its error. */
static bool ask_string(const page_runs *runs, double stroke, double *angle) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0, height = 0, tallest = 0;
  for (size_t i = 0; i < runs->component_count; ++i)
    if (is_glyph(runs->components[i].box, stroke))
      tallest = fmax(tallest, runs->components[i].box.height);
  for (size_t i = 0; i < runs->component_count; ++i) {
    ink_box box = runs->components[i].box;
    if (!is_glyph(box, stroke) || box.height < 0.5 * tallest) continue;
    double u = box.x + box.width / 2.0, v = box.y + box.height / 2.0;
    ++n, x += u, y += v, xx += u * u, xy += u * v, yy += v * v, height += box.height;
  }
  if (n < LEAST_IN_STRING) return false;
  double spread = xx - x * x / n, joint = xy - x * y / n, rest = yy - y * y / n;
  height /= n;
  if (spread < n * height * height) return false; /* not much longer than high */
  double slope = joint / spread, off = fmax(rest - slope * joint, 0) / fmax(n - 2, 1);
  double error = sqrt((off + 0.01 * height * height) / spread);
  if (sqrt(off) > 0.3 * height || fabs(slope) < 3 * error || fabs(slope) < 0.03) return false;
  *angle = -atan(slope) * DEGREES;
  return true;
}

scrawl_status page_find_skew(PIX *mask, const page_runs *runs, double stroke,
                             const page_rule *rules, size_t rule_count, double *angle,
                             base_error *error) {
  *angle = 0;
  weighted *items = base_alloc(rule_count, sizeof *items);
  place *places = base_alloc(runs->component_count, sizeof *places);
  if (!items || !places) {
    base_free(items);
    base_free(places);
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find the skew");
  }
  int width = pixGetWidth(mask), height = pixGetHeight(mask), glyphs = 0;
  for (size_t i = 0; i < runs->component_count; ++i)
    glyphs += is_glyph(runs->components[i].box, stroke);
  double spread = 0, fitted, doubt;
  bool told = ask_rules(rules, rule_count, width < height ? width : height, angle, &spread, items);
  /* Rules that do not agree are seen at a slant: writing knows better which of them it follows. */
  fitted = *angle;
  if (told && spread > UNLIKE && fit_lines_twice(runs, stroke, places, &fitted, &doubt) &&
      doubt < spread)
    *angle = fitted;
  if (!told)
    told = ask_page(mask, runs, stroke, places, glyphs, angle) || ask_string(runs, stroke, angle);
  if (!told || fabs(*angle) > MOST_ANGLE) *angle = 0;
  base_free(items);
  base_free(places);
  return SCRAWL_OK;
}

int page_find_quarters(const page_runs *runs, double stroke) {
  enum { MOST = 400 };
  ink_box boxes[MOST];
  int count = 0, high = 0, wide = 0, beside = 0, above = 0;
  for (size_t i = 0; i < runs->component_count && count < MOST; ++i)
    if (is_glyph(runs->components[i].box, stroke)) boxes[count++] = runs->components[i].box;
  for (int i = 0; i < count; ++i) {
    high += boxes[i].height > 1.2 * boxes[i].width;
    wide += boxes[i].width > 1.2 * boxes[i].height;
    int nearest = -1;
    double least = INFINITY;
    for (int k = 0; k < count; ++k) {
      double x = boxes[k].x + boxes[k].width / 2.0 - boxes[i].x - boxes[i].width / 2.0;
      double y = boxes[k].y + boxes[k].height / 2.0 - boxes[i].y - boxes[i].height / 2.0;
      double distance = hypot(x, y);
      if (k == i || distance >= least) continue;
      least = distance;
      nearest = fabs(x) > fabs(y);
    }
    beside += nearest == 1;
    above += nearest == 0;
  }
  return count >= LEAST_TO_TURN && wide > 2 * high && above > 2 * beside;
}
