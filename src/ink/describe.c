/* Describing glyphs by moments of their ink, and lines by their glyphs.
 *
 * With the central second moments of the grey levels, m_xx, m_xy, m_yy, y pointing down:
 *   slant     the shear x + y tan(slant) that makes m_xy vanish: tan(slant) = -m_xy / m_yy, as in
 *             the deslanting of LeCun et al. (1998);
 *   rotation  the angle of the axis of largest inertia: half of atan2(2 m_xy, m_xx - m_yy) from the
 *             horizontal (Hu 1962).
 * A bar that leans has both; a 7 has some of both though it stands upright. */
#include "ink/describe.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "ink/trace.h"

#define DEGREES 57.29577951308232

/* Axes that differ by less than this have no direction. */
#define ROUND 1.02

enum { STRONG = 128 }; /* ink, rather than its rim */

typedef struct moments {
  double mass, x, y, xx, xy, yy;
} moments;

/* Means over the ink, then squares about them; a pixel's middle lies half a pixel in. */
static void find_moments(const ink_image *image, ink_box box, moments *m) {
  *m = (moments){0};
  for (int pass = 0; pass < 2; ++pass) {
    for (int y = 0; y < box.height; ++y) {
      const uint8_t *row = image->pixels + (size_t)(box.y + y) * image->stride + box.x;
      for (int x = 0; x < box.width; ++x) {
        double level = row[x] / 255.0, u = x + 0.5 - m->x, v = y + 0.5 - m->y;
        if (pass == 0) {
          m->mass += level;
          m->xx += level * u;
          m->yy += level * v;
        } else {
          m->xx += level * u * u;
          m->xy += level * u * v;
          m->yy += level * v * v;
        }
      }
    }
    if (m->mass <= 0) return;
    if (pass == 0) {
      m->x = m->xx / m->mass;
      m->y = m->yy / m->mass;
      m->xx = m->yy = 0;
    }
  }
}

static double find_rotation(const moments *m) {
  double half = (m->xx + m->yy) / 2, spread = hypot((m->xx - m->yy) / 2, m->xy);
  if (half + spread < ROUND * ROUND * (half - spread)) return 0;
  double axis = DEGREES * atan2(2 * m->xy, m->xx - m->yy) / 2; /* clockwise from the right */
  return axis > 0 ? axis - 90 : axis + 90;
}

scrawl_status ink_describe(const ink_image *image, ink_box box, ink_style *style,
                           base_error *error) {
  moments m;
  *style = (ink_style){0};
  if (box.width < 1 || box.height < 1) return SCRAWL_OK;
  find_moments(image, box, &m);
  if (m.mass <= 0) return SCRAWL_OK;
  style->width = box.width;
  style->height = box.height;
  style->area = m.mass;
  style->x = box.x + m.x;
  style->y = box.y + m.y;
  style->slant = m.yy > 0 ? -DEGREES * atan(m.xy / m.yy) : 0;
  style->rotation = find_rotation(&m);
  return ink_trace_strokes(image, box, &style->strokes, error);
}

void ink_style_enlarge(ink_style *style, double by) {
  double *lengths[] = {&style->width,
                       &style->height,
                       &style->x,
                       &style->y,
                       &style->strokes.width,
                       &style->strokes.width_deviation,
                       &style->strokes.length};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; ++i) *lengths[i] *= by;
  style->area *= by * by;
}

/* ---- contrast ---- */

static bool has_ink_near(const ink_image *image, int x, int y) {
  for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < image->height; ++v)
    for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < image->width; ++u)
      if (image->pixels[(size_t)v * image->stride + (size_t)u]) return true;
  return false;
}

/* Adds up the grey pixels that one of the image stands for. */
static void add_square(const ink_image *grey, int x, int y, int side, double sum[2]) {
  for (int v = y * side; v < (y + 1) * side && v < grey->height; ++v)
    for (int u = x * side; u < (x + 1) * side && u < grey->width; ++u) {
      sum[0] += grey->pixels[(size_t)v * grey->stride + (size_t)u];
      ++sum[1];
    }
}

double ink_contrast(const ink_image *image, ink_box box, const ink_image *grey, int reduction) {
  double ink[2] = {0}, paper[2] = {0};
  int margin = 2 + (box.width > box.height ? box.width : box.height) / 8;
  for (int y = box.y - margin; y < box.y + box.height + margin; ++y)
    for (int x = box.x - margin; x < box.x + box.width + margin; ++x) {
      if (x < 0 || y < 0 || x >= image->width || y >= image->height) continue;
      bool inside = x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height;
      uint8_t level = image->pixels[(size_t)y * image->stride + (size_t)x];
      if (inside && level >= STRONG)
        add_square(grey, x, y, reduction, ink);
      else if (!level && !has_ink_near(image, x, y))
        add_square(grey, x, y, reduction, paper);
    }
  if (ink[1] <= 0 || paper[1] <= 0) return 0;
  return fabs(ink[0] / ink[1] - paper[0] / paper[1]) / 255;
}

/* ---- lines ---- */

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, size_t count) {
  if (!count) return 0;
  qsort(values, count, sizeof *values, compare);
  return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* The slope of the least squares line through the middles of the boxes' bottoms. */
static double find_base_line(const ink_box *boxes, const size_t *chosen, size_t count) {
  double x = 0, y = 0, xx = 0, xy = 0;
  for (int pass = 0; pass < 2; ++pass)
    for (size_t i = 0; i < count; ++i) {
      ink_box box = boxes[chosen[i]];
      double u = box.x + box.width / 2.0, v = box.y + box.height;
      if (pass == 0) {
        x += u / (double)count;
        y += v / (double)count;
      } else {
        xx += (u - x) * (u - x);
        xy += (u - x) * (v - y);
      }
    }
  return xx > 0 ? DEGREES * atan(xy / xx) : 0;
}

static void add_up(const ink_style *const *glyphs, const size_t *chosen, size_t count,
                   ink_line_style *style) {
  double area = 0, length = 0, squares = 0;
  for (size_t i = 0; i < count; ++i) {
    const ink_style *glyph = glyphs[chosen[i]];
    area += glyph->area;
    length += glyph->strokes.length;
    style->slant += glyph->area * glyph->slant;
    style->contrast += glyph->area * glyph->contrast;
    style->stroke += glyph->strokes.length * glyph->strokes.width;
    style->height += glyph->height / (double)count;
  }
  for (size_t i = 0; i < count; ++i) {
    double away = glyphs[chosen[i]]->height - style->height;
    squares += away * away / (double)count;
  }
  style->height_deviation = sqrt(squares);
  if (area > 0) style->slant /= area;
  if (area > 0) style->contrast /= area;
  if (length > 0) style->stroke /= length;
}

scrawl_status ink_describe_line(const ink_style *const *glyphs, const ink_box *boxes, size_t count,
                                ink_line_style *style, base_error *error) {
  *style = (ink_line_style){0};
  size_t *chosen = base_alloc(count, sizeof *chosen), kept = 0;
  double *gaps = base_alloc(count, sizeof *gaps), highest = 0;
  scrawl_status status = SCRAWL_OK;
  if (!chosen || !gaps) {
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to describe a line");
  } else {
    for (size_t i = 0; i < count; ++i) highest = fmax(highest, glyphs[i]->height);
    for (size_t i = 0; i < count; ++i)
      if (glyphs[i]->height > 0 && 2 * glyphs[i]->height >= highest) chosen[kept++] = i;
    for (size_t i = 1; i < kept; ++i) {
      ink_box before = boxes[chosen[i - 1]];
      gaps[i - 1] = boxes[chosen[i]].x - (before.x + before.width);
    }
    add_up(glyphs, chosen, kept, style);
    style->rotation = find_base_line(boxes, chosen, kept);
    style->spacing = median(gaps, kept > 0 ? kept - 1 : 0);
  }
  base_free(chosen);
  base_free(gaps);
  return status;
}
