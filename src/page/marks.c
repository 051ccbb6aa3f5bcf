/* Points that blur has made faint.
 *
 * Blur spreads the ink of a stroke across it, and that of a point to all sides: the smaller a thing
 * is, the fainter it becomes, until a decimal point no longer passes the threshold that strokes do.
 * So small separate components of the faint mask whose darkest pixel still has a good part of common
 * ink are strengthened until that pixel is as dark as ink. */
#include "base/memory.h"
#include "page/prepare.h"

/* In strokes of the faint mask, which is wider than the strokes are. */
#define LEAST_SIDE 0.5
#define MOST_SIDE  1.7
/* Of its box. */
#define LEAST_FILL 0.5
/* Darkness of the darkest pixel, from paper to common ink. */
#define LEAST_PEAK 0.33

static bool is_point(const page_component *item, double stroke) {
  int width = item->box.width, height = item->box.height;
  int longer = width > height ? width : height;
  return longer >= LEAST_SIDE * stroke && longer <= MOST_SIDE * stroke &&
         (double)item->area >= LEAST_FILL * width * height;
}

scrawl_status page_strengthen_points(const ink_image *faint, const page_levels *levels,
                                     ink_image *dark, base_error *error) {
  page_runs runs;
  BASE_TRY(page_find_runs(faint, true, &runs, error));
  double stroke = page_find_stroke(&runs, faint->width, faint->height);
  uint8_t *peak = base_alloc_zero(runs.component_count + 1, 1);
  scrawl_status status = SCRAWL_OK;
  if (!peak) status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find points");
  for (size_t i = 0; peak && i < runs.count; ++i) {
    const page_run *run = &runs.items[i];
    const uint8_t *row = dark->pixels + (size_t)run->y * dark->stride;
    if (!is_point(&runs.components[run->component], stroke)) continue;
    for (int x = run->x; x < run->end; ++x)
      if (row[x] > peak[run->component]) peak[run->component] = row[x];
  }
  int ink = levels->ink - levels->paper;
  for (size_t i = 0; peak && i < runs.count; ++i) {
    const page_run *run = &runs.items[i];
    uint8_t *row = dark->pixels + (size_t)run->y * dark->stride;
    int most = peak[run->component] - levels->paper;
    if (most < LEAST_PEAK * ink || most >= ink) continue;
    for (int x = run->x; x < run->end; ++x)
      if (row[x] > levels->paper)
        row[x] = (uint8_t)(levels->paper + (row[x] - levels->paper) * ink / most);
  }
  base_free(peak);
  page_runs_free(&runs);
  return status;
}
