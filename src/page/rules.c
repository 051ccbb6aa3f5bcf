/* Ruled lines and boxes, told from strokes and taken away.
 *
 * Straight thin lines (straight.c) may be rules or strokes: a 1, the bar of a 7. A line is taken
 * for a rule
 * - when it is several times as long as glyphs are high: ruled paper, margins, underlines;
 * - when both its ends meet lines of the other direction that are rules for the same reason: boxes,
 *   tables, combs. Lines that do not are dropped until none is left to drop, as for the 2-core of a
 *   graph; so a closed rectangle stays and a 4 does not;
 * - when it is one of several ticks of like length that stand on a rule: a comb; and one that is
 *   missing among ticks at equal distances is looked for;
 * - when it is taller than glyphs, crosses such a rule, and is not alone in that: squared paper.
 *
 * Taking away: at each place along the line the run of ink across it is measured. Where it is as
 * thick as the line itself it becomes paper, where it is thicker a stroke crosses, and stays
 * whole. Behind a stroke that hid its end the line is followed farther in the same way. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "page/straight.h"

enum { LEAST_LENGTH = 14, LEAST_TICKS = 3, RIM = 2 };

#define LYING_LENGTH   3.0 /* heights of glyphs */
#define UPRIGHT_LENGTH 4.0
#define SQUARED_LENGTH 1.5
#define BOX_LENGTH     0.7  /* of a side of a box */
#define SIDE_LENGTH    0.88 /* of the longest side in a row of boxes */
#define OFF_PITCH      0.2  /* of a box, from where a side may be */
#define LONE_THIN      12.0 /* times as long as thick */
#define DARKER         1.4  /* than the rule it goes on, or stands on: this is a stroke */

typedef struct finder {
  page_lines lines[2]; /* lying, upright */
  bool *rule[2];
  bool *paper[2]; /* of the rules: those that are part of squared paper, and no sides of cells */
  const ink_image *dark;
  int size[2];  /* of the picture along each: width, height */
  double glyph; /* usual height of glyphs; 0: there are none */
} finder;

/* An upright line on a lying one. */
typedef struct stand {
  double at;
  size_t line;
} stand;

static int by_place(const void *a, const void *b) {
  const stand *first = a, *second = b;
  return first->at < second->at ? -1 : first->at > second->at;
}

static int by_size(const void *a, const void *b) {
  double first = *(const double *)a, second = *(const double *)b;
  return first < second ? -1 : first > second;
}

static int length_of(const page_line *line) {
  return line->last - line->first + 1;
}

/* A mask, or darkness, as a rule sees it: along and across. */
static inline uint8_t *pixel(const ink_image *image, int way, int along, int across) {
  size_t x = (size_t)(way ? across : along), y = (size_t)(way ? along : across);
  return &image->pixels[y * image->stride + x];
}

/* Mean darkness along a line, less that of paper. */
static double level_of(const finder *f, int way, const page_line *line) {
  int sum = 0, across = f->size[!way];
  for (int i = line->first; i <= line->last; ++i) {
    int centre = (int)line->centre[i - line->first];
    if (centre >= 0 && centre < across) sum += *pixel(f->dark, way, i, centre) - DARK_PAPER;
  }
  return (double)sum / length_of(line);
}

/* Where on line `a` (along) line `b`, of the other direction, meets it; false when it does not. */
static bool meet(const page_line *a, const page_line *b, double *along) {
  double determinant = 1 - a->slope * b->slope;
  if (fabs(determinant) < 0.1) return false;
  double at = (b->offset + b->slope * a->offset) / determinant; /* along a, across b */
  double other = a->offset + a->slope * at;                     /* across a, along b */
  double slack = 1.5 + 0.5 * (a->thickness + b->thickness);
  double slack_a = slack + fmin(0.04 * length_of(a), 8),
         slack_b = slack + fmin(0.04 * length_of(b), 8);
  *along = at;
  return at >= a->first - slack_a && at <= a->last + slack_a && other >= b->first - slack_b &&
         other <= b->last + slack_b;
}

/* The share of line `i` between the first and the last of the rules that it meets. */
static double held(const finder *f, int way, size_t i) {
  const page_line *line = &f->lines[way].items[i];
  double low = INFINITY, high = -INFINITY, at;
  for (size_t k = 0; k < f->lines[!way].count; ++k) {
    if (!f->rule[!way][k] || !meet(line, &f->lines[!way].items[k], &at)) continue;
    low = fmin(low, at), high = fmax(high, at);
  }
  return high > low ? (high - low) / length_of(line) : 0;
}

/* Lines that may be sides of boxes, less those that hang loose, again and again. */
static void find_boxes(finder *f) {
  for (int way = 0; way < 2; ++way)
    for (size_t i = 0; i < f->lines[way].count; ++i)
      f->rule[way][i] = length_of(&f->lines[way].items[i]) >= BOX_LENGTH * f->glyph;
  for (bool again = true; again;) {
    again = false;
    for (int way = 0; way < 2; ++way)
      for (size_t i = 0; i < f->lines[way].count; ++i) {
        if (!f->rule[way][i] || held(f, way, i) >= 0.6) continue;
        f->rule[way][i] = false;
        again = true;
      }
  }
}

/* A 1 that fills its cell meets the lines above and below like a side of a box; but sides of boxes
 * go on over several rows, or are as long as those beside them. One with no other rule on the same
 * line is dropped where others are far longer. */
static void drop_strokes(finder *f) {
  for (int way = 0; way < 2; ++way)
    for (size_t i = 0; i < f->lines[way].count; ++i) {
      const page_line *line = &f->lines[way].items[i];
      int longest = 0;
      bool goes_on = false;
      double middle = (line->first + line->last) / 2.0, at;
      if (!f->rule[way][i]) continue;
      for (size_t k = 0; k < f->lines[!way].count; ++k) {
        const page_line *crossing = &f->lines[!way].items[k];
        if (!f->rule[!way][k] || !meet(line, crossing, &at)) continue;
        for (size_t n = 0; n < f->lines[way].count; ++n) {
          const page_line *other = &f->lines[way].items[n];
          if (n == i || !f->rule[way][n] || !meet(other, crossing, &at)) continue;
          if (length_of(other) > longest) longest = length_of(other);
        }
      }
      for (size_t n = 0; n < f->lines[way].count && !goes_on; ++n) {
        const page_line *other = &f->lines[way].items[n];
        double off = other->offset + other->slope * middle - line->offset - line->slope * middle;
        goes_on = n != i && f->rule[way][n] && fabs(off) <= 1.5 + 0.5 * other->thickness;
      }
      if (!goes_on && longest > 2 * length_of(line)) f->rule[way][i] = false;
    }
}

/* Nor is a 1 in a row of boxes a side: it is shorter than those, and stands between two of them and
 * not where one might be missing. */
static void drop_ones(finder *f) {
  stand stands[PAGE_MOST_LINES], sides[PAGE_MOST_LINES];
  double gaps[PAGE_MOST_LINES];
  for (size_t i = 0; i < f->lines[0].count; ++i) {
    size_t count = 0, side_count = 0;
    int longest = 0;
    if (!f->rule[0][i]) continue;
    for (size_t k = 0; k < f->lines[1].count; ++k) {
      if (!f->rule[1][k] || !meet(&f->lines[0].items[i], &f->lines[1].items[k], &stands[count].at))
        continue;
      stands[count++].line = k;
      if (length_of(&f->lines[1].items[k]) > longest) longest = length_of(&f->lines[1].items[k]);
    }
    qsort(stands, count, sizeof *stands, by_place);
    for (size_t k = 0; k < count; ++k)
      if (length_of(&f->lines[1].items[stands[k].line]) >= SIDE_LENGTH * longest)
        sides[side_count++] = stands[k];
    if (side_count < LEAST_TICKS || side_count == count) continue;
    for (size_t k = 0; k + 1 < side_count; ++k) gaps[k] = sides[k + 1].at - sides[k].at;
    qsort(gaps, side_count - 1, sizeof *gaps, by_size);
    double pitch = gaps[(side_count - 1) / 2];
    for (size_t k = 0, s = 0; k < count && pitch > 0; ++k) {
      while (s < side_count && sides[s].at <= stands[k].at) ++s;
      if (s > 0 && sides[s - 1].line == stands[k].line) continue;
      double steps =
          s > 0 ? (stands[k].at - sides[s - 1].at) / pitch : (sides[0].at - stands[k].at) / pitch;
      if (fabs(steps - round(steps)) > OFF_PITCH) f->rule[1][stands[k].line] = false;
    }
  }
}

static void find_long(finder *f) {
  if (f->glyph <= 0) return;
  for (int way = 0; way < 2; ++way)
    for (size_t i = 0; i < f->lines[way].count; ++i) {
      const page_line *line = &f->lines[way].items[i];
      int length = length_of(line);
      double least = way ? fmax(UPRIGHT_LENGTH * f->glyph, 0.4 * f->size[way])
                         : fmax(LYING_LENGTH * f->glyph, 0.08 * f->size[way]);
      if (length >= least && length >= LONE_THIN * line->thickness) f->rule[way][i] = true;
    }
}

/* The share of places along a line where the mask has ink. */
static double inked(const ink_image *mask, int way, const page_line *line) {
  int across = way ? mask->width : mask->height, along = way ? mask->height : mask->width, hits = 0;
  for (int i = line->first; i <= line->last; ++i) {
    int centre = (int)line->centre[i - line->first];
    bool hit = false;
    for (int off = -1; off <= 1 && i >= 0 && i < along; ++off)
      hit =
          hit || (centre + off >= 0 && centre + off < across && *pixel(mask, way, i, centre + off));
    hits += hit;
  }
  return (double)hits / length_of(line);
}

/* Upright lines of squared paper: a picture of one line of writing shows little more of them than
 * glyphs are high. Stems of two rows, one above the other, have a gap between them. */
static void find_squares(finder *f, const ink_image *mask) {
  size_t squares[PAGE_MOST_LINES], count = 0;
  double at;
  for (size_t i = 0; i < f->lines[1].count && f->glyph > 0; ++i) {
    const page_line *line = &f->lines[1].items[i];
    int length = length_of(line);
    bool crosses = false;
    /* From edge to edge goes no stroke: what is taken for glyphs may be such lines themselves. */
    bool spans = line->first <= RIM && line->last >= f->size[1] - 1 - RIM;
    if (f->rule[1][i] || (length < SQUARED_LENGTH * f->glyph && !spans) ||
        length < LONE_THIN * line->thickness)
      continue;
    for (size_t k = 0; k < f->lines[0].count && !crosses; ++k)
      crosses = f->rule[0][k] && meet(line, &f->lines[0].items[k], &at) &&
                at > line->first + 0.1 * length && at < line->last - 0.1 * length &&
                line->level < DARKER * f->lines[0].items[k].level;
    if (crosses && inked(mask, 1, line) > 0.9) squares[count++] = i;
  }
  for (size_t i = 0; i < count && count > 1; ++i)
    f->rule[1][squares[i]] = f->paper[1][squares[i]] = true;
}

/* Whether a piece of a line lies where the rules of its direction, at equal distances, have one or
 * lack one, and looks like the nearest. `distances`: room for one for each rule. */
static bool is_part_of_ruling(const finder *f, int way, const page_line *piece, double *distances) {
  enum { LEAST_RULES = 3 };
  double middle = (piece->first + piece->last) / 2.0;
  const page_line *near = NULL;
  size_t count = 0, low = 0;
  for (size_t k = 0; k < f->lines[way].count; ++k) {
    const page_line *rule = &f->lines[way].items[k];
    if (!f->rule[way][k]) continue;
    double off = rule->offset + rule->slope * middle - piece->offset - piece->slope * middle;
    if (!near || fabs(off) < fabs(near->offset + near->slope * middle - piece->offset -
                                  piece->slope * middle))
      near = rule;
    distances[count++] = off;
  }
  if (count < LEAST_RULES || piece->level > DARKER * near->level + 8 ||
      piece->thickness > 1.4 * near->thickness + 0.5 ||
      fabs(piece->slope - near->slope) > 0.03 + 2.0 / length_of(piece))
    return false;
  qsort(distances, count, sizeof *distances, by_size);
  while (low < count && distances[low] <= 0) ++low;
  double before = low ? -distances[low - 1] : INFINITY;
  double after = low < count ? distances[low] : INFINITY;
  for (size_t k = 0; k + 1 < count; ++k) distances[k] = distances[k + 1] - distances[k];
  qsort(distances, count - 1, sizeof *distances, by_size);
  double pitch = distances[(count - 1) / 2], steps = fmin(before, after) / pitch;
  if (fmin(before, after) < 1 + near->thickness) return true; /* the same line */
  if (pitch < LEAST_LENGTH) return false;
  if (isfinite(before + after)) {
    double gaps = round((before + after) / pitch);
    steps = gaps * before / (before + after);
  }
  return fabs(steps - round(steps)) < 0.12 && round(steps) >= 1;
}

/* Pieces of ruled lines that strokes have cut up. */
static scrawl_status find_pieces(finder *f, base_error *error) {
  double *distances = base_alloc(PAGE_MOST_LINES + PAGE_MORE_LINES, sizeof *distances);
  if (!distances) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find ruled lines");
  for (int way = 0; way < 2; ++way)
    for (size_t i = 0; i < f->lines[way].count; ++i)
      if (!f->rule[way][i] && is_part_of_ruling(f, way, &f->lines[way].items[i], distances))
        f->rule[way][i] = f->paper[way][i] = true;
  base_free(distances);
  return SCRAWL_OK;
}

/* ---- combs ---- */

/* The upright lines with one end on a lying one, from left to right. */
static size_t find_stands(const finder *f, const page_line *base, stand *stands) {
  size_t count = 0;
  for (size_t k = 0; k < f->lines[1].count; ++k) {
    const page_line *tick = &f->lines[1].items[k];
    double at, slack = 4 + base->thickness + tick->thickness;
    if (!meet(tick, base, &at) || fmin(fabs(at - tick->first), fabs(at - tick->last)) > slack)
      continue;
    if (tick->level > DARKER * base->level) continue; /* a stroke on the line */
    if (meet(base, tick, &stands[count].at)) stands[count++].line = k;
  }
  qsort(stands, count, sizeof *stands, by_place);
  return count;
}

/* Whether the stand lies on the comb of this pitch through `start`, and is like its tick. */
static bool on_comb(const finder *f, const stand *start, double pitch, const stand *other) {
  const page_line *a = &f->lines[1].items[start->line], *b = &f->lines[1].items[other->line];
  double steps = (other->at - start->at) / pitch;
  return fabs(steps - round(steps)) <= 0.12 + 0.03 * fabs(steps) &&
         abs(length_of(a) - length_of(b)) <= 2 + length_of(a) / 4 &&
         fabs(a->slope - b->slope) <= 0.08;
}

/* In perspective the pitch changes from tick to tick: from the comb on, in one direction, each next
 * tick may be a little nearer or farther than the one before. */
static void follow_comb(finder *f, const stand *stands, size_t count, int step) {
  int last = -1, before = -1;
  for (int k = step > 0 ? 0 : (int)count - 1; k >= 0 && k < (int)count; k += step)
    if (f->rule[1][stands[k].line]) before = last, last = k;
  for (int k = last + step; before >= 0 && k >= 0 && k < (int)count; k += step) {
    const page_line *a = &f->lines[1].items[stands[last].line];
    const page_line *b = &f->lines[1].items[stands[k].line];
    double ratio = (stands[k].at - stands[last].at) / (stands[last].at - stands[before].at);
    if (ratio > 1.35) break;
    if (ratio < 0.75 || abs(length_of(a) - length_of(b)) > 2 + length_of(a) / 4 ||
        fabs(a->slope - b->slope) > 0.08)
      continue;
    f->rule[1][stands[k].line] = true;
    before = last, last = k;
  }
}

/* Ticks on a lying rule: LEAST_TICKS or more of like length, at equal distances but for some that
 * are hidden. Of all pitches between two neighbours, or the next but one, the one with the most
 * ticks less the gaps between them is taken: a 1 in each of two cells makes no comb. */
static void find_ticks(finder *f) {
  stand stands[PAGE_MOST_LINES];
  for (size_t i = 0; i < f->lines[0].count; ++i) {
    if (!f->rule[0][i]) continue;
    size_t count = find_stands(f, &f->lines[0].items[i], stands), start = 0;
    double pitch = 0, best = 0;
    for (size_t k = 0; k < count; ++k)
      for (size_t n = k + 1; n < count && n <= k + 3; ++n) {
        double tried = stands[n].at - stands[k].at, low = INFINITY, high = -INFINITY;
        int hits = 0;
        if (tried < 0.8 * f->glyph || tried < LEAST_LENGTH) continue;
        for (size_t m = 0; m < count; ++m) {
          if (!on_comb(f, &stands[k], tried, &stands[m])) continue;
          ++hits;
          low = fmin(low, stands[m].at), high = fmax(high, stands[m].at);
        }
        double score = hits - 0.6 * ((high - low) / tried + 1 - hits);
        if (hits < LEAST_TICKS || score <= best) continue;
        best = score, pitch = tried, start = k;
      }
    for (size_t k = 0; k < count && best > 0; ++k)
      if (on_comb(f, &stands[start], pitch, &stands[k])) f->rule[1][stands[k].line] = true;
    if (best > 0) {
      follow_comb(f, stands, count, 1);
      follow_comb(f, stands, count, -1);
    }
  }
}

typedef enum found { FOUND_NOTHING, FOUND_LINE, FOUND_STROKE } found;

/* Wipes out what is no thicker than the line, at one place along it. */
static found wipe_at(const ink_image *mask, const ink_image *dark, int way, int along, int centre,
                     int most) {
  int across = way ? mask->width : mask->height;
  if (centre < 0 || centre >= across) return FOUND_NOTHING;
  for (int off = 1; !*pixel(mask, way, along, centre) && off <= 2; ++off) {
    if (centre + off < across && *pixel(mask, way, along, centre + off))
      centre += off;
    else if (centre - off >= 0 && *pixel(mask, way, along, centre - off))
      centre -= off;
  }
  if (!*pixel(mask, way, along, centre)) return FOUND_NOTHING;
  int from = centre, to = centre;
  while (from > 0 && centre - from <= most && *pixel(mask, way, along, from - 1)) --from;
  while (to + 1 < across && to - from <= most && *pixel(mask, way, along, to + 1)) ++to;
  if (to - from + 1 > most) return FOUND_STROKE;
  for (int i = from - RIM; i <= to + RIM; ++i) {
    if (i < 0 || i >= across) continue;
    if ((i < from || i > to) && *pixel(mask, way, along, i)) continue;
    *pixel(mask, way, along, i) = 0;
    if (dark) *pixel(dark, way, along, i) = DARK_PAPER;
  }
  return FOUND_LINE;
}

static void wipe(const ink_image *mask, const ink_image *dark, int way, const page_line *line) {
  int most = (int)(1.35 * line->thickness + 1.5), size = way ? mask->height : mask->width;
  int over = 2 + (int)line->thickness; /* ends fade */
  for (int along = line->first - over; along <= line->last + over; ++along) {
    if (along < 0 || along >= size) continue;
    int i = along < line->first ? line->first : along > line->last ? line->last : along;
    double at = line->centre[i - line->first] + line->slope * (along - i);
    wipe_at(mask, dark, way, along, (int)at, most);
  }
}

/* Follows a rule beyond one of its ends, through strokes that are no wider than a glyph, as long as
 * there is a line that is no darker. */
static void wipe_beyond(const finder *f, const ink_image *mask, const ink_image *dark, int way,
                        const page_line *line, int step) {
  int most = (int)(1.35 * line->thickness + 1.5), over = 3 + (int)line->thickness;
  int end = step > 0 ? line->last : line->first, misses = 0, hidden = 0;
  double shift = line->centre[end - line->first] - line->offset - line->slope * end;
  for (int along = end + step * over; along >= 0 && along < f->size[way]; along += step) {
    int centre = (int)(line->offset + line->slope * along + shift);
    if (centre < 0 || centre >= f->size[!way] || misses > over || hidden > f->glyph) return;
    bool stroke = *pixel(dark, way, along, centre) - DARK_PAPER > DARKER * line->level + 8;
    found what = stroke ? FOUND_STROKE : wipe_at(mask, dark, way, along, centre, most);
    misses = what == FOUND_NOTHING ? misses + 1 : 0;
    hidden = what == FOUND_STROKE ? hidden + 1 : 0;
  }
}

/* ---- lines that strokes hide ---- */

/* The line at `share` of the way from one to the other. */
static bool between(const page_line *a, const page_line *b, double share, page_line *line) {
  *line = *a;
  line->first = (int)lrint(a->first + share * (b->first - a->first));
  line->last = (int)lrint(a->last + share * (b->last - a->last));
  line->offset += share * (b->offset - a->offset);
  line->slope += share * (b->slope - a->slope);
  line->thickness = fmax(a->thickness, b->thickness);
  line->level = fmax(a->level, b->level);
  if (line->last <= line->first) return false;
  line->centre = base_alloc((size_t)length_of(line), sizeof *line->centre);
  if (!line->centre) return false;
  for (int i = line->first; i <= line->last; ++i)
    line->centre[i - line->first] = (float)(line->offset + line->slope * i);
  return true;
}

/* Where upright rules stand on a lying one at equal distances but for a gap of two or three, a
 * stroke runs along the missing one: it is put in if there is ink where it should be. */
static void find_hidden(finder *f, const ink_image *mask) {
  stand stands[PAGE_MOST_LINES + PAGE_MORE_LINES];
  double gaps[PAGE_MOST_LINES + PAGE_MORE_LINES];
  page_lines *upright = &f->lines[1];
  for (size_t i = 0; i < f->lines[0].count; ++i) {
    size_t count = 0;
    if (!f->rule[0][i]) continue;
    for (size_t k = 0; k < upright->count; ++k)
      if (f->rule[1][k] && meet(&f->lines[0].items[i], &upright->items[k], &stands[count].at))
        stands[count++].line = k;
    if (count < LEAST_TICKS + 1) continue;
    qsort(stands, count, sizeof *stands, by_place);
    for (size_t k = 0; k + 1 < count; ++k) gaps[k] = stands[k + 1].at - stands[k].at;
    qsort(gaps, count - 1, sizeof *gaps, by_size);
    double usual = gaps[(count - 1) / 2];
    for (size_t k = 0; k + 1 < count && usual > 2 * LEAST_LENGTH / 3.0; ++k) {
      double ratio = (stands[k + 1].at - stands[k].at) / usual;
      int missing = (int)lrint(ratio) - 1;
      if (missing < 1 || missing > 2 || fabs(ratio - missing - 1) > 0.15) continue;
      for (int m = 1; m <= missing && upright->count < PAGE_MOST_LINES + PAGE_MORE_LINES; ++m) {
        page_line line;
        if (!between(&upright->items[stands[k].line], &upright->items[stands[k + 1].line],
                     (double)m / (missing + 1), &line))
          continue;
        if (inked(mask, 1, &line) < 0.6) {
          base_free(line.centre);
          continue;
        }
        f->rule[1][upright->count] = true;
        upright->items[upright->count++] = line;
      }
    }
  }
}

/* The height of glyphs, from the components that are left when all lines are away: that below which
 * 60 % of all heights, added up, lie. */
static scrawl_status find_glyph_height(finder *f, const ink_image *mask, uint8_t *scratch,
                                       base_error *error) {
  ink_image rest = {mask->width, mask->height, (size_t)mask->width, scratch};
  page_runs runs;
  memcpy(rest.pixels, mask->pixels, (size_t)mask->width * (size_t)mask->height);
  for (int way = 0; way < 2; ++way)
    for (size_t i = 0; i < f->lines[way].count; ++i) {
      const page_line *line = &f->lines[way].items[i];
      if (length_of(line) >= 0.06 * fmax(f->size[0], f->size[1]) &&
          length_of(line) >= LONE_THIN * line->thickness)
        wipe(&rest, NULL, way, line);
    }
  BASE_TRY(page_find_runs(&rest, true, &runs, error));
  enum { BINS = 4096 };
  uint32_t histogram[BINS] = {0};
  uint64_t total = 0, sum = 0;
  double stroke = page_find_stroke(&runs, mask->width, mask->height);
  for (size_t i = 0; i < runs.component_count; ++i) {
    ink_box box = runs.components[i].box;
    int height = box.height < BINS ? box.height : BINS - 1;
    if (height < 3 * stroke || height < 8 || box.width < 1.5 * stroke) continue;
    if (box.width > 0.6 * f->size[0] && box.height > 0.6 * f->size[1]) continue;
    histogram[height] += (uint32_t)height;
    total += (uint64_t)height;
  }
  int height = 0;
  while (total && height < BINS - 1 && (sum += histogram[height]) * 10 < total * 6) ++height;
  f->glyph = height;
  page_runs_free(&runs);
  return SCRAWL_OK;
}

static void transpose(const ink_image *from, ink_image *to) {
  enum { TILE = 32 };
  for (int y = 0; y < from->height; y += TILE)
    for (int x = 0; x < from->width; x += TILE)
      for (int v = y; v < y + TILE && v < from->height; ++v)
        for (int u = x; u < x + TILE && u < from->width; ++u)
          to->pixels[(size_t)u * to->stride + (size_t)v] =
              from->pixels[(size_t)v * from->stride + (size_t)u];
}

static scrawl_status find_lines(finder *f, const ink_image *mask, uint8_t *scratch,
                                base_error *error) {
  ink_image turned = {mask->height, mask->width, (size_t)mask->height, scratch};
  int side = mask->width > mask->height ? mask->width : mask->height;
  int least = side / 80 > LEAST_LENGTH ? side / 80 : LEAST_LENGTH;
  transpose(mask, &turned);
  scrawl_status status = page_trace_lines(&turned, least, &f->lines[0], error);
  if (status == SCRAWL_OK) status = page_trace_lines(mask, least, &f->lines[1], error);
  for (int way = 0; way < 2 && status == SCRAWL_OK; ++way) {
    for (size_t i = 0; i < f->lines[way].count; ++i) {
      page_line *line = &f->lines[way].items[i];
      line->level = level_of(f, way, line);
    }
    f->rule[way] = base_alloc_zero(PAGE_MOST_LINES + PAGE_MORE_LINES, sizeof **f->rule);
    f->paper[way] = base_alloc_zero(PAGE_MOST_LINES + PAGE_MORE_LINES, sizeof **f->paper);
    if (!f->rule[way] || !f->paper[way])
      status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find ruled lines");
  }
  return status;
}

static page_rule rule_of(const page_line *line, int way) {
  double from = line->offset + line->slope * line->first,
         to = line->offset + line->slope * line->last;
  page_rule rule = {.thickness = line->thickness, .upright = way};
  rule.from = way ? (page_point){from, line->first} : (page_point){line->first, from};
  rule.to = way ? (page_point){to, line->last + 1} : (page_point){line->last + 1, to};
  return rule;
}

static scrawl_status take_away(finder *f, const ink_image *mask, const ink_image *dark,
                               page_rule **rules, size_t *count, base_error *error) {
  *rules = base_alloc(f->lines[0].count + f->lines[1].count, sizeof **rules);
  if (!*rules) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for ruled lines");
  for (int way = 0; way < 2; ++way)
    for (size_t i = 0; i < f->lines[way].count; ++i) {
      if (!f->rule[way][i]) continue;
      const page_line *line = &f->lines[way].items[i];
      wipe(mask, dark, way, line);
      wipe_beyond(f, mask, dark, way, line, -1);
      wipe_beyond(f, mask, dark, way, line, 1);
      if (!f->paper[way][i]) (*rules)[(*count)++] = rule_of(line, way);
    }
  return SCRAWL_OK;
}

scrawl_status page_remove_rules(ink_image *mask, ink_image *dark, uint8_t *scratch,
                                page_rule **rules, size_t *count, base_error *error) {
  finder f = {.dark = dark, .size = {mask->width, mask->height}};
  *rules = NULL;
  *count = 0;
  scrawl_status status = find_lines(&f, mask, scratch, error);
  if (status == SCRAWL_OK && f.lines[0].count + f.lines[1].count)
    status = find_glyph_height(&f, mask, scratch, error);
  if (status == SCRAWL_OK) {
    find_boxes(&f);
    drop_strokes(&f);
    drop_ones(&f);
    find_long(&f);
    find_squares(&f, mask);
    find_ticks(&f);
    find_hidden(&f, mask);
    status = find_pieces(&f, error);
  }
  if (status == SCRAWL_OK) {
    status = take_away(&f, mask, dark, rules, count, error);
  }
  for (int way = 0; way < 2; ++way) {
    page_lines_free(&f.lines[way]);
    base_free(f.rule[way]);
    base_free(f.paper[way]);
  }
  return status;
}
