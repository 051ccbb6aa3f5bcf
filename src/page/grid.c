/* Grids from ruled lines.
 *
 * Rules that lie on one line (a side of a box and that of the next, a line with gaps) are one; what
 * lines of the other direction they meet joins them to grids. In each grid the lines are ordered by
 * where they cross its middle; neighbouring lines of both directions make cells, whose corners are
 * where the lines cross, so that skew and perspective do not matter. A cell counts when most of its
 * sides are there. Ticks that stand on one line make a comb, whose other side is where they end.
 *
 * Where cells are squares, lines lie whole multiples of one step apart. Lines that were too faint
 * to be found are then known nevertheless: where a gap is a multiple, and where the lines of the
 * other direction reach a step further than the last one. And what lies between two that are a step
 * apart is none: a row of strokes that was taken for one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "page/sheet.h"

enum { MOST_LINES = 256, LEAST_SIDE = 8 };

#define SUPPORT 0.6 /* of a cell's sides */
/* Of a step: how far from a whole multiple a gap may be. */
#define UNEVEN 0.2
#define NARROW 0.7
enum { MOST_STEPS = 4 };
/* Of the height of a sudoku's nine squares: a digit in one of nine cells is lower, a digit that
 * fills the square higher. */
#define SMALL_IN_SQUARE 0.33
/* Of lines that end in one place. */
#define MOST_AGREE 0.6

/* across = offset + slope * along; ends along. Upright lines: along is y. */
typedef struct line {
  double offset, slope, from, to, thickness;
  double weight;
  int group;
} line;

typedef struct layout {
  line lines[2][MOST_LINES]; /* lying, upright */
  int count[2];
} layout;

static double across(const line *l, double along) {
  return l->offset + l->slope * along;
}

static line line_of(const page_rule *rule) {
  double a0 = rule->upright ? rule->from.y : rule->from.x,
         a1 = rule->upright ? rule->to.y : rule->to.x;
  double c0 = rule->upright ? rule->from.x : rule->from.y,
         c1 = rule->upright ? rule->to.x : rule->to.y;
  double slope = a1 - a0 > 1 ? (c1 - c0) / (a1 - a0) : 0;
  return (line){c0 - slope * a0, slope, a0, a1, rule->thickness, a1 - a0, -1};
}

static int longest_first(const void *a, const void *b) {
  const line *first = a, *second = b;
  return first->weight > second->weight ? -1 : first->weight < second->weight;
}

static page_point crossing(const line *lying, const line *upright) {
  double x =
      (upright->offset + upright->slope * lying->offset) / (1 - upright->slope * lying->slope);
  return (page_point){x, across(lying, x)};
}

static bool meet(const line *lying, const line *upright) {
  page_point p = crossing(lying, upright);
  double slack = 3 + lying->thickness + upright->thickness;
  double slack_x = slack + 0.03 * (lying->to - lying->from);
  double slack_y = slack + 0.03 * (upright->to - upright->from);
  return p.x >= lying->from - slack_x && p.x <= lying->to + slack_x &&
         p.y >= upright->from - slack_y && p.y <= upright->to + slack_y;
}

/* Joins, into the longer one, what lies on the same line with no gap longer than itself. */
static void collect(const page_sheet *sheet, layout *found) {
  line all[2][MOST_LINES];
  int count[2] = {0};
  for (size_t i = 0; i < sheet->rule_count; ++i) {
    int way = sheet->rules[i].upright;
    if (count[way] < MOST_LINES) all[way][count[way]++] = line_of(&sheet->rules[i]);
  }
  for (int way = 0; way < 2; ++way) {
    qsort(all[way], (size_t)count[way], sizeof **all, longest_first);
    for (int i = 0; i < count[way]; ++i) {
      line *l = &all[way][i], *into = NULL;
      for (int k = 0; k < found->count[way] && !into; ++k) {
        line *other = &found->lines[way][k];
        double middle = (l->from + l->to) / 2,
               off = fabs(across(other, middle) - across(l, middle));
        double gap = fmax(l->from - other->to, other->from - l->to), reach = l->to - l->from;
        double slack = 2 + 0.5 * (l->thickness + other->thickness) + 0.01 * fmax(gap, 0);
        if (off <= slack && gap < 1.5 * reach) into = other;
      }
      if (!into) {
        found->lines[way][found->count[way]++] = *l;
        continue;
      }
      into->from = fmin(into->from, l->from);
      into->to = fmax(into->to, l->to);
      into->thickness = fmax(into->thickness, l->thickness);
    }
  }
}

/* Numbers the connected groups; returns how many. */
static int group(layout *found) {
  int groups = 0;
  for (int i = 0; i < found->count[0]; ++i) {
    if (found->lines[0][i].group >= 0) continue;
    found->lines[0][i].group = groups;
    for (bool again = true; again;) {
      again = false;
      for (int h = 0; h < found->count[0]; ++h)
        for (int v = 0; v < found->count[1]; ++v) {
          line *lying = &found->lines[0][h], *upright = &found->lines[1][v];
          if ((lying->group == groups) == (upright->group == groups)) continue;
          if (lying->group >= 0 && upright->group >= 0) continue;
          if (!meet(lying, upright)) continue;
          lying->group = upright->group = groups;
          again = true;
        }
    }
    ++groups;
  }
  return groups;
}

static double middle_of(const line *const *lines, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += (lines[i]->from + lines[i]->to) / 2;
  return count ? sum / count : 0;
}

/* The lines of one group and direction in the order in which they cross its middle. */
static int order(const layout *found, int way, int number, const line **out) {
  int count = 0;
  for (int i = 0; i < found->count[way]; ++i)
    if (found->lines[way][i].group == number) out[count++] = &found->lines[way][i];
  double middle = middle_of(out, count);
  for (int i = 1; i < count; ++i)
    for (int k = i; k > 0 && across(out[k], middle) < across(out[k - 1], middle); --k) {
      const line *swap = out[k];
      out[k] = out[k - 1];
      out[k - 1] = swap;
    }
  /* Two sides of one thick line, or of neighbouring boxes that all but touch. */
  int kept = 0;
  for (int i = 0; i < count; ++i) {
    double near = LEAST_SIDE + (kept ? out[kept - 1]->thickness / 2 : 0) + out[i]->thickness / 2;
    if (kept && across(out[i], middle) - across(out[kept - 1], middle) < near) {
      if (out[i]->to - out[i]->from > out[kept - 1]->to - out[kept - 1]->from)
        out[kept - 1] = out[i];
      continue;
    }
    out[kept++] = out[i];
  }
  return kept;
}

/* The share of from .. to that rules of the sheet cover along line `l`. */
static double cover(const page_sheet *sheet, const line *l, bool upright, double from, double to) {
  double sum = 0;
  for (size_t i = 0; i < sheet->rule_count; ++i) {
    if (sheet->rules[i].upright != upright) continue;
    line r = line_of(&sheet->rules[i]);
    double low = fmax(r.from, from), high = fmin(r.to, to), at = (low + high) / 2;
    if (high <= low || fabs(across(&r, at) - across(l, at)) > 3 + r.thickness + l->thickness)
      continue;
    sum += high - low;
  }
  return to > from ? fmin(sum / (to - from), 1) : 0;
}

/* Within the lines: half of them, and a pixel of blur, are left out. */
static ink_box inside(const page_cell *cell, double thick_x, double thick_y, const ink_image *ink) {
  double left = fmax(cell->corner[0].x, cell->corner[3].x),
         right = fmin(cell->corner[1].x, cell->corner[2].x);
  double top = fmax(cell->corner[0].y, cell->corner[1].y),
         bottom = fmin(cell->corner[2].y, cell->corner[3].y);
  left = fmax(ceil(left + thick_x / 2 + 1), 0), top = fmax(ceil(top + thick_y / 2 + 1), 0);
  right = fmin(floor(right - thick_x / 2 - 1), ink->width);
  bottom = fmin(floor(bottom - thick_y / 2 - 1), ink->height);
  if (right <= left || bottom <= top) return (ink_box){(int)left, (int)top, 0, 0};
  return (ink_box){(int)left, (int)top, (int)(right - left), (int)(bottom - top)};
}

static page_cell cell_of(const line *top, const line *right, const line *bottom, const line *left,
                         const ink_image *ink) {
  page_cell cell = {
      {crossing(top, left), crossing(top, right), crossing(bottom, right), crossing(bottom, left)},
      {0}};
  cell.box = inside(&cell, fmax(left->thickness, right->thickness),
                    fmax(top->thickness, bottom->thickness), ink);
  return cell;
}

/* The share of all cells' sides that are there. */
static double support(const page_sheet *sheet, const line **lying, int rows, const line **upright,
                      int columns) {
  double sum = 0;
  for (int r = 0; r <= rows; ++r)
    for (int c = 0; c < columns; ++c)
      sum += cover(sheet, lying[r], false, crossing(lying[r], upright[c]).x,
                   crossing(lying[r], upright[c + 1]).x);
  for (int c = 0; c <= columns; ++c)
    for (int r = 0; r < rows; ++r)
      sum += cover(sheet, upright[c], true, crossing(lying[r], upright[c]).y,
                   crossing(lying[r + 1], upright[c]).y);
  return sum / ((rows + 1) * columns + (columns + 1) * rows);
}

/* The line on which the free ends of a comb's ticks lie. */
static line other_side(const line *base, const line **ticks, int count) {
  double up = 0;
  for (int i = 0; i < count; ++i)
    up += crossing(base, ticks[i]).y - (ticks[i]->from + ticks[i]->to) / 2;
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    page_point foot = crossing(base, ticks[i]);
    sum += (up > 0 ? ticks[i]->from : ticks[i]->to) - foot.y;
  }
  line other = *base;
  other.offset += sum / count;
  other.thickness = 0;
  return other;
}

static scrawl_status fill(const page_sheet *sheet, const line **lying, int rows,
                          const line **upright, int columns, page_grid *grid, base_error *error) {
  page_cell *cells = base_alloc((size_t)rows * (size_t)columns, sizeof *cells);
  if (!cells) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a grid");
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c)
      cells[r * columns + c] =
          cell_of(lying[r], upright[c + 1], lying[r + 1], upright[c], &sheet->ink);
  page_grid_free(grid);
  *grid = (page_grid){rows, columns, cells};
  return SCRAWL_OK;
}

/* ---- square cells ---- */

/* The lines of a grid, by direction: lying, upright. */
typedef struct lattice {
  line lines[2][MOST_LINES];
  int count[2];
} lattice;

static double place(const lattice *l, int way, int index) {
  const line *of = l->lines[way];
  double middle = 0;
  for (int i = 0; i < l->count[way]; ++i) middle += (of[i].from + of[i].to) / 2;
  return across(&of[index], middle / l->count[way]);
}

static double gap_after(const lattice *l, int way, int index) {
  return place(l, way, index + 1) - place(l, way, index);
}

/* Whole steps in a gap; 0: it is no multiple. */
static int steps_in(double gap, double step) {
  int steps = (int)(gap / step + 0.5);
  return steps >= 1 && steps <= MOST_STEPS && fabs(gap / step - steps) <= UNEVEN ? steps : 0;
}

static int count_single(const double *gaps, int count, double step) {
  int single = 0;
  for (int i = 0; i < count; ++i) single += steps_in(gaps[i], step) == 1;
  return single;
}

/* The gap that most others are like; 0 when no such is found in both directions. */
static double find_step(const lattice *l) {
  double gaps[2][MOST_LINES], best = 0;
  int count[2] = {l->count[0] - 1, l->count[1] - 1}, most = 0;
  for (int way = 0; way < 2; ++way)
    for (int i = 0; i < count[way]; ++i) gaps[way][i] = gap_after(l, way, i);
  for (int way = 0; way < 2; ++way)
    for (int i = 0; i < count[way]; ++i) {
      double step = gaps[way][i];
      if (step < LEAST_SIDE) continue; /* lines that cross within the picture, too */
      int lying = count_single(gaps[0], count[0], step);
      int upright = count_single(gaps[1], count[1], step);
      if (3 * lying < count[0] || 3 * upright < count[1] || lying == 0 || upright == 0 ||
          lying + upright <= most)
        continue;
      most = lying + upright;
      best = step;
    }
  return most >= 4 ? best : 0;
}

static void remove_line(lattice *l, int way, int index) {
  line *of = l->lines[way];
  memmove(of + index, of + index + 1, (size_t)(--l->count[way] - index) * sizeof *of);
}

/* Puts `count` lines before line `index`, evenly from `first` on. */
static void insert_lines(lattice *l, int way, int index, int count, line first, line next) {
  line *of = l->lines[way];
  if (l->count[way] + count > MOST_LINES) return;
  memmove(of + index + count, of + index, (size_t)(l->count[way] - index) * sizeof *of);
  l->count[way] += count;
  for (int i = 1; i <= count; ++i) {
    double part = (double)i / (count + 1);
    line *made = &of[index + i - 1];
    *made = first;
    made->offset += part * (next.offset - first.offset);
    made->slope += part * (next.slope - first.slope);
    made->from += part * (next.from - first.from);
    made->to += part * (next.to - first.to);
  }
}

/* The shortest of the lines that stand too near to another and where none should be; -1: there is
 * no such line. */
static int find_false(const lattice *l, int way, double step) {
  int shortest = -1, last = l->count[way] - 1;
  for (int i = 0; i <= last; ++i) {
    const line *of = l->lines[way];
    double before = i > 0 ? gap_after(l, way, i - 1) : step;
    double after = i < last ? gap_after(l, way, i) : step;
    if (fmin(before, after) > NARROW * step) continue;
    if (i > 0 && i < last && !steps_in(before + after, step)) continue;
    if (shortest >= 0 && of[i].to - of[i].from >= of[shortest].to - of[shortest].from) continue;
    shortest = i;
  }
  return shortest;
}

static void drop_false(lattice *l, int way, double step) {
  for (int i; (i = find_false(l, way, step)) >= 0;) remove_line(l, way, i);
}

static bool is_even(const lattice *l, int way, double step) {
  for (int i = 0; i + 1 < l->count[way]; ++i)
    if (!steps_in(gap_after(l, way, i), step)) return false;
  return true;
}

static void fill_gaps(lattice *l, int way, double step) {
  for (int i = 0; i + 1 < l->count[way]; ++i) {
    int missing = steps_in(gap_after(l, way, i), step) - 1;
    if (missing > 0) insert_lines(l, way, i + 1, missing, l->lines[way][i], l->lines[way][i + 1]);
    i += missing;
  }
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Where the lines of the other direction end, if most end in one place; else NAN. */
static double reach(const lattice *l, int way, bool end, double step) {
  double ends[MOST_LINES];
  int other = !way, count = l->count[other];
  for (int i = 0; i < count; ++i) ends[i] = end ? l->lines[other][i].to : l->lines[other][i].from;
  qsort(ends, (size_t)count, sizeof *ends, compare_doubles);
  int agree = 0;
  for (int i = 0; i < count; ++i) agree += fabs(ends[i] - ends[count / 2]) <= UNEVEN * step;
  return agree >= MOST_AGREE * count ? ends[count / 2] : NAN;
}

/* A line `steps` further out than the outermost one, with those between. */
static void add_outer(lattice *l, int way, bool end, double step) {
  int count = l->count[way], last = end ? count - 1 : 0;
  double edge = reach(l, way, end, step), from = place(l, way, last);
  int steps = isnan(edge) ? 0 : steps_in(end ? edge - from : from - edge, step);
  if (steps == 0 || count + steps > MOST_LINES) return;
  line outer = l->lines[way][last], inner = outer;
  outer.offset += (end ? steps : -steps) * step;
  if (end) {
    l->lines[way][l->count[way]++] = outer;
    insert_lines(l, way, count, steps - 1, inner, outer);
  } else {
    memmove(l->lines[way] + 1, l->lines[way], (size_t)l->count[way]++ * sizeof outer);
    l->lines[way][0] = outer;
    insert_lines(l, way, 1, steps - 1, outer, inner);
  }
}

/* ---- sudokus ---- */

static int compare_ints(const void *a, const void *b) {
  return *(const int *)a - *(const int *)b;
}

/* The height in the middle of those of all components that are no specks; 0: there are none. */
static int usual_height(PIX *mask) {
  BOXA *boxes = pixConnCompBB(mask, 8);
  int count = boxes ? boxaGetCount(boxes) : 0, tall = 0, usual = 0;
  int *heights = base_alloc((size_t)count + 1, sizeof *heights);
  for (int i = 0; heights && i < count; ++i) {
    l_int32 height;
    boxaGetBoxGeometry(boxes, i, NULL, NULL, NULL, &height);
    if (height >= LEAST_SIDE) heights[tall++] = height;
  }
  if (tall) {
    qsort(heights, (size_t)tall, sizeof *heights, compare_ints);
    usual = heights[tall / 2];
  }
  base_free(heights);
  boxaDestroy(&boxes);
  return usual;
}

/* A sudoku of whose lines only the thick ones were found has nine squares, in which the writing is
 * far too small for them: each is divided by three. */
static void divide_sudoku(const page_sheet *sheet, lattice *l) {
  if (l->count[0] != 4 || l->count[1] != 4 || !sheet->mask) return;
  double height = gap_after(l, 0, 1), width = gap_after(l, 1, 1);
  int usual = usual_height(sheet->mask);
  if (usual == 0 || usual > SMALL_IN_SQUARE * height || fabs(width / height - 1) > UNEVEN) return;
  for (int way = 0; way < 2; ++way)
    for (int i = 0; i < 9; i += 3)
      insert_lines(l, way, i + 1, 2, l->lines[way][i], l->lines[way][i + 1]);
}

static bool make_even(lattice *l) {
  double step = find_step(l);
  if (step <= 0) return false;
  for (int way = 0; way < 2; ++way) drop_false(l, way, step);
  if (!is_even(l, 0, step) || !is_even(l, 1, step)) return false;
  for (int way = 0; way < 2; ++way) {
    fill_gaps(l, way, step);
    add_outer(l, way, false, step);
    add_outer(l, way, true, step);
  }
  return true;
}

/* `lying` and `upright` point to the lines of `made` afterwards, if cells are squares. */
static void regulate(const page_sheet *sheet, lattice *made, const line **lying, int *h,
                     const line **upright, int *v) {
  made->count[0] = *h;
  made->count[1] = *v;
  for (int i = 0; i < *h; ++i) made->lines[0][i] = *lying[i];
  for (int i = 0; i < *v; ++i) made->lines[1][i] = *upright[i];
  if (!make_even(made)) return;
  divide_sudoku(sheet, made);
  *h = made->count[0];
  *v = made->count[1];
  for (int i = 0; i < *h; ++i) lying[i] = &made->lines[0][i];
  for (int i = 0; i < *v; ++i) upright[i] = &made->lines[1][i];
}

static scrawl_status try_group(const page_sheet *sheet, const layout *found, int number,
                               page_grid *grid, base_error *error) {
  const line *lying[MOST_LINES], *upright[MOST_LINES];
  int h = order(found, 0, number, lying), v = order(found, 1, number, upright);
  line other;
  double least = SUPPORT;
  if (h == 1 && v >= 3) {
    other = other_side(lying[0], upright, v);
    lying[1] = &other;
    if (other.offset < lying[0]->offset) lying[1] = lying[0], lying[0] = &other;
    h = 2;
    least = SUPPORT * 0.7; /* one side is open */
  }
  if (h < 2 || v < 2 || (h - 1) * (v - 1) <= grid->rows * grid->columns) return SCRAWL_OK;
  if (support(sheet, lying, h - 1, upright, v - 1) < least) return SCRAWL_OK;
  lattice made;
  regulate(sheet, &made, lying, &h, upright, &v);
  return fill(sheet, lying, h - 1, upright, v - 1, grid, error);
}

scrawl_status page_find_grid(const page_sheet *sheet, page_grid *grid, base_error *error) {
  *grid = (page_grid){0};
  layout *found = base_alloc_zero(1, sizeof *found);
  if (!found) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find a grid");
  collect(sheet, found);
  int groups = group(found);
  scrawl_status status = SCRAWL_OK;
  for (int i = 0; i < groups && status == SCRAWL_OK; ++i)
    status = try_group(sheet, found, i, grid, error);
  base_free(found);
  if (status != SCRAWL_OK) page_grid_free(grid);
  return status;
}

void page_grid_free(page_grid *grid) {
  if (!grid) return;
  base_free(grid->cells);
  *grid = (page_grid){0};
}
