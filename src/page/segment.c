/* A sheet's ink cut into pieces.
 *
 *   1. Connected components of the mask (8 neighbours), and with each the faint rim of its strokes.
 *   2. Rows (segment_rows.c); what belongs to none is left out.
 *   3. Components of a row that lie over one another, such as a 5 and its loose roof, are one blob.
 *   4. Wide blobs are cut wherever two glyphs might touch (segment_cuts.c).
 *
 * Pieces are numbered by row and, within it, from left to right. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "page/segment_parts.h"

enum {
  RIM = 2,              /* pixels of faint ink around the mask that belong to it */
  RIM_LEVEL = 12,       /* ink */
  MOST_BLOBS = 1 << 14, /* time grows with their square */
};

/* Two blobs are one when they share this part of the narrower one's width. */
#define SHARED_WIDTH 0.6
/* A small one, lower than this part of the row's height, needs to share less. */
#define SMALL_HEIGHT 0.6
#define SMALL_SHARED 0.4
/* Ink fainter than this part of the usual is a stain, a shadow or print from behind. */
#define LEAST_STRENGTH 0.55
/* A line thinner than this part of the usual stroke is a rest of a ruled one ... */
#define LEAST_STROKE 0.5
/* ... unless it is no longer than this many strokes are wide: a mark, made with less pressure. Blur
 * takes most from the smallest, which therefore may be fainter. */
#define SHORT          4.0
#define SHORT_STRENGTH 0.4
/* A point or comma this near to other ink, in heights of the row, may be a part of it. */
#define NEAR 0.04
/* Of a cell's side: how far writing that keeps to cells reaches over its lines. */
#define OVER_LINE 0.2
/* What is narrower, in heights of the row, is one glyph. */
#define LEAST_CUT_WIDTH 0.45

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to find the glyphs of a page");
}

/* ---- 1. components ---- */

static scrawl_status label_blobs(const ink_image *ink, PIX *mask, page_segments *segments,
                                 segment_blobs *blobs, base_error *error) {
  PIX *labels = pixConnCompTransform(mask, 8, 32);
  if (!labels) return no_memory(error);
  uint32_t most = 0;
  for (int y = 0; y < segments->height; y++) {
    const l_uint32 *from = pixGetData(labels) + (size_t)y * (size_t)pixGetWpl(labels);
    uint32_t *to = segments->labels + (size_t)y * (size_t)segments->width;
    for (int x = 0; x < segments->width; x++) {
      to[x] = from[x];
      if (to[x] > most) most = to[x];
    }
  }
  pixDestroy(&labels);
  if (most > MOST_BLOBS)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                     "the picture has %u separate marks, more than %d: noise, not writing", most,
                     MOST_BLOBS);
  blobs->items = base_alloc_zero((size_t)most + 1, sizeof *blobs->items);
  if (!blobs->items) return no_memory(error);
  blobs->count = most;
  for (int y = 0; y < segments->height; y++) {
    const uint32_t *of = segments->labels + (size_t)y * (size_t)segments->width;
    const uint8_t *levels = ink->pixels + (size_t)y * ink->stride;
    for (int x = 0; x < segments->width; x++) {
      if (!of[x]) continue;
      segment_blob *blob = &blobs->items[of[x] - 1];
      ink_box dot = {x, y, 1, 1};
      blob->box = blob->area ? ink_box_join(blob->box, dot) : dot;
      blob->area++;
      blob->sum += levels[x];
    }
  }
  return SCRAWL_OK;
}

/* ---- cells ---- */

/* Whether a blob reaches over the sides of every cell that it lies in. */
static bool crosses_lines(const segment_blob *blob, const ink_box *boxes, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (blob->box.width <= boxes[i].width && blob->box.height <= boxes[i].height) return false;
  return count > 0;
}

/* What is left of ruled lines, or writing over them, joins glyphs of several cells to one blob.
 * Such blobs are cut: their ink between the cells goes out of `mask`. */
static bool cut_at_lines(const page_segments *segments, const segment_blobs *blobs,
                         const ink_box *boxes, size_t count, PIX *mask, bool *any) {
  size_t width = (size_t)segments->width;
  uint8_t *inside = base_alloc_zero(width * (size_t)segments->height, 1);
  bool *crosses = base_alloc(blobs->count + 1, sizeof *crosses);
  *any = false;
  if (!inside || !crosses) {
    base_free(inside);
    base_free(crosses);
    return false;
  }
  for (size_t i = 0; i < blobs->count; i++)
    *any |= crosses[i] = crosses_lines(&blobs->items[i], boxes, count);
  for (size_t i = 0; i < count; i++)
    for (int y = boxes[i].y; y < boxes[i].y + boxes[i].height; y++)
      memset(inside + (size_t)y * width + boxes[i].x, 1, (size_t)boxes[i].width);
  for (int y = 0; *any && y < segments->height; y++)
    for (int x = 0; x < segments->width; x++) {
      size_t at = (size_t)y * width + (size_t)x;
      uint32_t label = segments->labels[at];
      if (label && !inside[at] && crosses[label - 1]) pixSetPixel(mask, x, y, 0);
    }
  base_free(inside);
  base_free(crosses);
  return true;
}

typedef struct strength {
  double level; /* mean ink */
  uint64_t sum;
} strength;

static int compare_strengths(const void *a, const void *b) {
  double left = ((const strength *)a)->level, right = ((const strength *)b)->level;
  return (left > right) - (left < right);
}

/* Leaves out blobs much fainter than the one in the middle of all, counted by their ink, and lines
 * much thinner than strokes are. */
static scrawl_status drop_faint(segment_blobs *blobs, double stroke, base_error *error) {
  strength *sorted = base_alloc(blobs->count + 1, sizeof *sorted);
  if (!sorted) return no_memory(error);
  uint64_t total = 0, part = 0;
  double usual = 0;
  for (size_t i = 0; i < blobs->count; i++) {
    const segment_blob *blob = &blobs->items[i];
    sorted[i] = (strength){(double)blob->sum / blob->area, blob->sum};
    total += blob->sum;
  }
  qsort(sorted, blobs->count, sizeof *sorted, compare_strengths);
  for (size_t i = 0; i < blobs->count && 2 * part <= total; i++) {
    part += sorted[i].sum;
    usual = sorted[i].level;
  }
  for (size_t i = 0; i < blobs->count; i++) {
    segment_blob *blob = &blobs->items[i];
    int longer = blob->box.width > blob->box.height ? blob->box.width : blob->box.height;
    bool is_short = longer <= SHORT * stroke;
    double least = is_short ? SHORT_STRENGTH : LEAST_STRENGTH;
    blob->faint = (double)blob->sum < least * usual * blob->area ||
                  (!is_short && blob->area < LEAST_STROKE * stroke * longer);
  }
  base_free(sorted);
  return SCRAWL_OK;
}

static bool is_beside(const page_segments *segments, int x, int y, uint32_t label) {
  int width = segments->width;
  const uint32_t *of = segments->labels + (size_t)y * (size_t)width + x;
  return (x > 0 && of[-1] == label) || (x + 1 < width && of[1] == label) ||
         (y > 0 && of[-width] == label) || (y + 1 < segments->height && of[width] == label);
}

/* Faint ink right beside a blob gets its label. */
static void grow_blob(const ink_image *ink, ink_box box, uint32_t label, page_segments *segments) {
  int width = segments->width, height = segments->height;
  int left = box.x > RIM ? box.x - RIM : 0, top = box.y > RIM ? box.y - RIM : 0;
  int right = box.x + box.width + RIM < width ? box.x + box.width + RIM : width;
  int bottom = box.y + box.height + RIM < height ? box.y + box.height + RIM : height;
  uint32_t fresh = label | 1U << 31; /* of this pass: does not spread further in it */
  for (int y = top; y < bottom; y++) {
    uint32_t *of = segments->labels + (size_t)y * (size_t)width;
    const uint8_t *levels = ink->pixels + (size_t)y * ink->stride;
    for (int x = left; x < right; x++)
      if (!of[x] && levels[x] >= RIM_LEVEL && is_beside(segments, x, y, label)) of[x] = fresh;
  }
  for (int y = top; y < bottom; y++)
    for (int x = left; x < right; x++) {
      uint32_t *of = segments->labels + (size_t)y * (size_t)width + x;
      if (*of == fresh) *of = label;
    }
}

static void grow(const ink_image *ink, const segment_blobs *blobs, page_segments *segments) {
  for (int pass = 0; pass < RIM; pass++)
    for (size_t i = 0; i < blobs->count; i++)
      if (blobs->items[i].row >= 0) grow_blob(ink, blobs->items[i].box, (uint32_t)i + 1, segments);
}

/* ---- 3. blobs over one another ---- */

static int group_of(segment_blobs *blobs, int index) {
  while (blobs->items[index].group != index) index = blobs->items[index].group;
  return index;
}

static bool belong_together(const page_row *row, ink_box a, ink_box b) {
  int left = a.x > b.x ? a.x : b.x;
  int a_end = a.x + a.width, b_end = b.x + b.width, end = a_end < b_end ? a_end : b_end;
  ink_box narrow = a.width < b.width ? a : b;
  int lower = a.height < b.height ? a.height : b.height;
  bool small = lower < SMALL_HEIGHT * row->height;
  if (end - left <= (small ? SMALL_SHARED : SHARED_WIDTH) * narrow.width) return false;
  /* An underline or a stray stroke far below would make the glyph too tall. */
  return ink_box_join(a, b).height <= 1.5 * row->height;
}

/* Whether there is ink of blob `other` within `reach` of the box. */
static bool is_near(const page_segments *segments, ink_box box, int other, int reach) {
  int left = box.x > reach ? box.x - reach : 0, top = box.y > reach ? box.y - reach : 0;
  int right = box.x + box.width + reach, bottom = box.y + box.height + reach;
  if (right > segments->width) right = segments->width;
  if (bottom > segments->height) bottom = segments->height;
  for (int y = top; y < bottom; y++) {
    const uint32_t *of = segments->labels + (size_t)y * (size_t)segments->width;
    for (int x = left; x < right; x++)
      if (of[x] == (uint32_t)other + 1) return true;
  }
  return false;
}

/* A point under the arm of a 7 is none of its parts; the foot of a broken 1 is. */
static bool stands_alone(const page_segments *segments, const page_row *row, ink_box box,
                         int other) {
  return page_find_mark(row, box) != PAGE_NO_MARK && page_find_mark(row, box) != PAGE_SPECK &&
         !is_near(segments, box, other, (int)(NEAR * row->height) + 1);
}

/* Joins the blobs of one row; `members` are theirs. */
static void join_row(const page_segments *segments, segment_blobs *blobs, const page_row *row,
                     const int *members, size_t count) {
  for (size_t i = 0; i < count; i++)
    for (size_t j = i + 1; j < count; j++) {
      int a = group_of(blobs, members[i]), b = group_of(blobs, members[j]);
      ink_box x = blobs->items[members[i]].box, y = blobs->items[members[j]].box;
      if (a == b || !belong_together(row, x, y)) continue;
      if (stands_alone(segments, row, x, members[j]) || stands_alone(segments, row, y, members[i]))
        continue;
      blobs->items[a > b ? a : b].group = a > b ? b : a;
    }
}

/* ---- 4. pieces ---- */

typedef struct sorted_blob {
  int row, left;
  uint32_t label;
} sorted_blob;

static int compare_places(const void *a, const void *b) {
  const sorted_blob *x = a, *y = b;
  if (x->row != y->row) return x->row < y->row ? -1 : 1;
  if (x->left != y->left) return x->left < y->left ? -1 : 1;
  return (x->label > y->label) - (x->label < y->label);
}

/* Labels of groups become labels of pieces: by a table, and within a blob that is cut by how many
 * cuts lie to the left. */
typedef struct numbering {
  uint32_t *piece; /* of each label: its first piece + 1 */
  segment_cuts *cuts;
  ink_box *boxes;
} numbering;

static uint32_t piece_at(const numbering *n, uint32_t label, int x, int y) {
  const segment_cuts *cuts = &n->cuts[label];
  uint32_t piece = n->piece[label];
  if (!piece || cuts->count == 0) return piece;
  ink_box box = n->boxes[label];
  int row = y < box.y ? 0 : y - box.y < box.height ? y - box.y : box.height - 1;
  const uint16_t *column = cuts->column + row;
  for (int i = 0; i < cuts->count; i++, column += box.height)
    if (x - box.x >= *column) piece++;
  return piece;
}

static void relabel(const numbering *n, page_segments *segments) {
  for (int y = 0; y < segments->height; y++) {
    uint32_t *of = segments->labels + (size_t)y * (size_t)segments->width;
    for (int x = 0; x < segments->width; x++) {
      if (!of[x]) continue;
      of[x] = piece_at(n, of[x], x, y);
      if (!of[x]) continue;
      ink_box *box = &segments->pieces[of[x] - 1].box;
      *box = box->width ? ink_box_join(*box, (ink_box){x, y, 1, 1}) : (ink_box){x, y, 1, 1};
    }
  }
}

static scrawl_status make_pieces(const ink_image *ink, const segment_blobs *blobs,
                                 const sorted_blob *sorted, size_t count, numbering *n,
                                 page_segments *segments, base_error *error) {
  size_t pieces = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t label = sorted[i].label;
    const page_row *row = &segments->rows[sorted[i].row];
    ink_box box = n->boxes[label] = blobs->items[label - 1].box;
    bool wide =
        box.width >= LEAST_CUT_WIDTH * row->height && page_find_mark(row, box) == PAGE_NO_MARK;
    if (wide)
      BASE_TRY(segment_find_cuts(ink, segments->labels, label, box, row->height, &n->cuts[label],
                                 error));
    n->piece[label] = (uint32_t)pieces + 1;
    pieces += (size_t)n->cuts[label].count + 1;
  }
  segments->pieces = base_alloc_zero(pieces + 1, sizeof *segments->pieces);
  if (!segments->pieces) return no_memory(error);
  segments->piece_count = pieces;
  for (size_t r = 0; r < segments->row_count; r++)
    segments->rows[r].first = segments->rows[r].end = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t label = sorted[i].label;
    page_row *row = &segments->rows[sorted[i].row];
    const segment_cuts *cuts = &n->cuts[label];
    size_t first = n->piece[label] - 1;
    if (row->end == 0) row->first = first;
    row->end = first + (size_t)cuts->count + 1;
    for (int c = 0; c < cuts->count; c++)
      segments->pieces[first + (size_t)c + 1].cut = cuts->cost[c] / row->height + 1e-6;
  }
  relabel(n, segments);
  return SCRAWL_OK;
}

static scrawl_status number_pieces(const ink_image *ink, segment_blobs *blobs,
                                   page_segments *segments, base_error *error) {
  size_t room = blobs->count + 1, count = 0;
  numbering n = {.piece = base_alloc_zero(room, sizeof *n.piece),
                 .cuts = base_alloc_zero(room, sizeof *n.cuts),
                 .boxes = base_alloc_zero(room, sizeof *n.boxes)};
  sorted_blob *sorted = base_alloc(room, sizeof *sorted);
  scrawl_status status = SCRAWL_OK;
  if (!n.piece || !n.cuts || !n.boxes || !sorted) {
    status = no_memory(error);
  } else {
    for (size_t i = 0; i < blobs->count; i++) {
      const segment_blob *blob = &blobs->items[i];
      if (blob->row >= 0 && blob->group == (int)i)
        sorted[count++] =
            (sorted_blob){blob->row, 2 * blob->box.x + blob->box.width, (uint32_t)i + 1};
    }
    qsort(sorted, count, sizeof *sorted, compare_places);
    status = make_pieces(ink, blobs, sorted, count, &n, segments, error);
  }
  for (size_t i = 0; n.cuts && i < room; i++) base_free(n.cuts[i].column);
  base_free(n.piece);
  base_free(n.cuts);
  base_free(n.boxes);
  base_free(sorted);
  return status;
}

/* ---- the whole ---- */

static scrawl_status join_blobs(segment_blobs *blobs, page_segments *segments, base_error *error) {
  int *members = base_alloc(blobs->count + 1, sizeof *members);
  if (!members) return no_memory(error);
  for (size_t i = 0; i < blobs->count; i++) blobs->items[i].group = (int)i;
  for (size_t r = 0; r < segments->row_count; r++) {
    size_t count = 0;
    for (size_t i = 0; i < blobs->count; i++)
      if (blobs->items[i].row == (int)r) members[count++] = (int)i;
    join_row(segments, blobs, &segments->rows[r], members, count);
  }
  base_free(members);
  for (size_t i = 0; i < blobs->count; i++) {
    int group = group_of(blobs, (int)i);
    segment_blob *into = &blobs->items[group];
    if (group != (int)i) into->box = ink_box_join(into->box, blobs->items[i].box);
  }
  size_t pixels = (size_t)segments->width * (size_t)segments->height;
  for (size_t i = 0; i < pixels; i++) {
    uint32_t label = segments->labels[i];
    if (!label) continue;
    bool out = blobs->items[label - 1].row < 0;
    segments->labels[i] = out ? 0 : (uint32_t)group_of(blobs, (int)label - 1) + 1;
  }
  return SCRAWL_OK;
}

/* Whether a blob keeps to its cell, give or take a little. */
static bool keeps_to(ink_box cell, ink_box box) {
  double slack = OVER_LINE * (cell.width < cell.height ? cell.width : cell.height);
  return box.x >= cell.x - slack && box.y >= cell.y - slack &&
         box.x + box.width <= cell.x + cell.width + slack &&
         box.y + box.height <= cell.y + cell.height + slack;
}

static void measure_use(const segment_blobs *blobs, const ink_box *boxes, page_segments *segments) {
  uint64_t used = 0, all = 0;
  for (size_t i = 0; i < blobs->count; i++) {
    const segment_blob *blob = &blobs->items[i];
    if (blob->faint) continue;
    all += blob->sum;
    if (blob->row >= 0 && (!boxes || keeps_to(boxes[blob->row], blob->box))) used += blob->sum;
  }
  segments->used = all ? (double)used / (double)all : 1;
}

/* What lies in cells as it is says whether the writing keeps to them. Then blobs that cross the
 * lines between cells are cut, labelled anew and put into the cells again. */
static scrawl_status fill_cells(const page_sheet *sheet, const ink_box *boxes, size_t count,
                                segment_blobs *blobs, page_segments *segments, base_error *error) {
  segments->row_count = count;
  BASE_TRY(segment_fill_cells(blobs, boxes, count, segments->rows, error));
  measure_use(blobs, boxes, segments);
  bool any = false;
  PIX *cut = pixCopy(NULL, sheet->mask);
  bool done = cut && cut_at_lines(segments, blobs, boxes, count, cut, &any);
  scrawl_status status = done ? SCRAWL_OK : no_memory(error);
  if (status == SCRAWL_OK && any) {
    base_free(blobs->items);
    *blobs = (segment_blobs){0};
    status = label_blobs(&sheet->ink, cut, segments, blobs, error);
    if (status == SCRAWL_OK) status = drop_faint(blobs, sheet->stroke, error);
    if (status == SCRAWL_OK)
      status = segment_fill_cells(blobs, boxes, count, segments->rows, error);
  }
  pixDestroy(&cut);
  return status;
}

/* `boxes` NULL: rows are to be found. */
static scrawl_status segment(const page_sheet *sheet, const ink_box *boxes, size_t count,
                             segment_blobs *blobs, page_segments *segments, base_error *error) {
  const ink_image *ink = &sheet->ink;
  size_t pixels = (size_t)ink->width * (size_t)ink->height;
  segments->labels = base_alloc(pixels, sizeof *segments->labels);
  if (!segments->labels) return no_memory(error);
  BASE_TRY(label_blobs(ink, sheet->mask, segments, blobs, error));
  BASE_TRY(drop_faint(blobs, sheet->stroke, error));
  size_t room = (boxes ? count : blobs->count) + 1;
  segments->rows = base_alloc_zero(room, sizeof *segments->rows);
  if (!segments->rows) return no_memory(error);
  if (boxes) {
    BASE_TRY(fill_cells(sheet, boxes, count, blobs, segments, error));
  } else {
    BASE_TRY(segment_find_rows(blobs, segments->rows, &segments->row_count, error));
    measure_use(blobs, NULL, segments);
  }
  for (size_t r = 0; r < segments->row_count; r++)
    segments->rows[r].stroke = fmax(sheet->stroke, 1);
  BASE_TRY(join_blobs(blobs, segments, error));
  for (size_t i = 0; i < blobs->count; i++)
    if (blobs->items[i].group != (int)i) blobs->items[i].row = -1;
  grow(ink, blobs, segments);
  return number_pieces(ink, blobs, segments, error);
}

scrawl_status page_segment_cells(const page_sheet *sheet, const ink_box *boxes, size_t count,
                                 page_segments *segments, base_error *error) {
  segment_blobs blobs = {0};
  *segments = (page_segments){.width = sheet->ink.width, .height = sheet->ink.height};
  scrawl_status status = segment(sheet, boxes, count, &blobs, segments, error);
  base_free(blobs.items);
  if (status != SCRAWL_OK) page_segments_free(segments);
  return status;
}

scrawl_status page_segment(const page_sheet *sheet, page_segments *segments, base_error *error) {
  return page_segment_cells(sheet, NULL, 0, segments, error);
}

void page_segments_free(page_segments *segments) {
  if (!segments) return;
  base_free(segments->labels);
  base_free(segments->pieces);
  base_free(segments->rows);
  *segments = (page_segments){0};
}

ink_box page_pieces_box(const page_segments *segments, size_t first, size_t end) {
  ink_box box = {0};
  for (size_t i = first; i < end; i++) {
    ink_box piece = segments->pieces[i].box;
    if (piece.width) box = box.width ? ink_box_join(box, piece) : piece;
  }
  return box;
}

void page_pieces_glyph(const page_segments *segments, const ink_image *ink, size_t first,
                       size_t end, uint8_t *scratch, uint8_t glyph[INK_GLYPH_PIXELS]) {
  ink_box box = page_pieces_box(segments, first, end), found;
  ink_image alone = {box.width, box.height, (size_t)box.width, scratch};
  for (int y = 0; y < box.height; y++) {
    size_t at = (size_t)box.y + (size_t)y;
    const uint8_t *levels = ink->pixels + at * ink->stride + (size_t)box.x;
    const uint32_t *of = segments->labels + at * (size_t)segments->width + (size_t)box.x;
    for (int x = 0; x < box.width; x++) *scratch++ = of[x] > first && of[x] <= end ? levels[x] : 0;
  }
  memset(glyph, 0, INK_GLYPH_PIXELS);
  if (box.width && ink_find(&alone, &found)) ink_normalise_glyph(&alone, found, glyph);
}
