/* Every guess of the cutting (guess.c) is compared with the signs that are there, whose boxes in
 * the picture are known, by its ink. Of a guess and a sign, let `whole` be the share of the sign's
 * ink that is in the guess, and `pure` the share of the guess's ink that lies in the sign's box;
 * what lies in the boxes of two counts for neither's ink. The guess is
 *   - a digit when it is WHOLE and PURE;
 *   - none when it has MOST of several digits, or LITTLE of any digit. But what is no mark and
 *     looks like a digit to the reader is left out: the stroke of a 4 and the rest of a ruled line
 *     may well look like a 1, and must not make every 1 doubtful. The path through the line decides
 *     there;
 *   - left out otherwise: it could be called either. */
#include "page/crops.h"

#include <string.h>

#include "base/memory.h"
#include "data/file.h"
#include "data/truth.h"
#include "page/guess.h"

#define WHOLE    0.9
#define PURE     0.85
#define MOST     0.6
#define LITTLE   0.35
#define LIKENESS 0.2 /* P(no glyph) under which a part looks like a digit */

enum { FILE_BYTES = 64 << 20, DIGITS = 10, CLASSES = DIGITS + 1 };

/* A set that grows. */
typedef struct crops {
  data_set *set;
  size_t capacity;
} crops;

/* Ink of pieces by signs: pixels. */
typedef struct ink_table {
  size_t pieces, signs;
  uint32_t *within; /* pieces x signs: of this piece in this sign's box */
  uint32_t *alone;  /* the same, in no other's box */
  uint32_t *all;    /* of each piece */
} ink_table;

static bool is_digit(const data_truth_sign *sign) {
  return !sign->mark && sign->text[0] >= '0' && sign->text[0] <= '9' && !sign->text[1];
}

static bool contains(ink_box box, page_point p) {
  return p.x >= box.x && p.y >= box.y && p.x < box.x + box.width && p.y < box.y + box.height;
}

static void count_pixel(const data_truth_picture *truth, page_point point, size_t piece,
                        ink_table *table) {
  size_t boxes = 0, last = 0;
  for (size_t i = 0; i < truth->count; i++) {
    if (!contains(truth->signs[i].box, point)) continue;
    table->within[piece * table->signs + i]++;
    last = i;
    boxes++;
  }
  if (boxes == 1) table->alone[piece * table->signs + last]++;
  table->all[piece]++;
}

static scrawl_status count_ink(const page_sheet *sheet, const page_segments *segments,
                               const data_truth_picture *truth, ink_table *table,
                               base_error *error) {
  size_t pieces = segments->piece_count, room = pieces * truth->count + 1;
  *table = (ink_table){.pieces = pieces, .signs = truth->count};
  table->within = base_alloc_zero(room, sizeof *table->within);
  table->alone = base_alloc_zero(room, sizeof *table->alone);
  table->all = base_alloc_zero(pieces + 1, sizeof *table->all);
  if (!table->within || !table->alone || !table->all)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for crops");
  for (int y = 0; y < segments->height; y++)
    for (int x = 0; x < segments->width; x++) {
      uint32_t label = segments->labels[(size_t)y * (size_t)segments->width + (size_t)x];
      if (!label) continue;
      page_point point = page_map_point(&sheet->map, (page_point){x + 0.5, y + 0.5});
      count_pixel(truth, point, label - 1, table);
    }
  return SCRAWL_OK;
}

static void free_table(ink_table *table) {
  base_free(table->within);
  base_free(table->alone);
  base_free(table->all);
}

/* The class of pieces first .. end - 1; -1: they could be called either. */
static int judge(const data_truth_picture *truth, const ink_table *table, size_t first, size_t end,
                 double none) {
  double all = 0, most = 0, marks = 0;
  int several = 0;
  for (size_t p = first; p < end; p++) all += table->all[p];
  for (size_t i = 0; i < truth->count; i++) {
    double within = 0, alone = 0, total = 0;
    for (size_t p = 0; p < table->pieces; p++) {
      size_t at = p * table->signs + i;
      total += table->alone[at];
      if (p < first || p >= end) continue;
      within += table->within[at];
      alone += table->alone[at];
    }
    double whole = total > 0 ? alone / total : 0;
    if (!is_digit(&truth->signs[i])) {
      marks += alone;
      continue;
    }
    if (whole >= WHOLE && within >= PURE * all) return truth->signs[i].text[0] - '0';
    if (whole > most) most = whole;
    several += whole >= MOST;
  }
  if (several > 1) return DIGITS;
  return most <= LITTLE && (marks >= PURE * all || none >= LIKENESS) ? DIGITS : -1;
}

static scrawl_status add_crop(crops *c, const uint8_t glyph[INK_GLYPH_PIXELS], int class,
                              base_error *error) {
  data_set *set = c->set;
  if (set->count == c->capacity) {
    size_t capacity = c->capacity ? 2 * c->capacity : 4096;
    uint8_t *pixels =
        base_realloc(set->pixels, c->capacity * INK_GLYPH_PIXELS, capacity * INK_GLYPH_PIXELS);
    if (pixels) set->pixels = pixels;
    uint16_t *labels =
        base_realloc(set->labels, c->capacity * sizeof *labels, capacity * sizeof *labels);
    if (labels) set->labels = labels;
    if (!pixels || !labels) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for crops");
    c->capacity = capacity;
  }
  memcpy(set->pixels + set->count * INK_GLYPH_PIXELS, glyph, INK_GLYPH_PIXELS);
  set->labels[set->count++] = (uint16_t) class;
  return SCRAWL_OK;
}

static scrawl_status add_guess(const page_sheet *sheet, const page_segments *segments,
                               const page_guess *guess, int class, uint8_t *scratch, crops *c,
                               base_error *error) {
  uint8_t glyph[INK_GLYPH_PIXELS];
  page_pieces_glyph(segments, &sheet->ink, guess->first, guess->end, scratch, glyph);
  return add_crop(c, glyph, class, error);
}

/* Digits at once; the indices of what is none go to `none`. */
static scrawl_status sort_out(read_reader *reader, const page_sheet *sheet,
                              const page_segments *segments, const page_guesses *guesses,
                              const data_truth_picture *truth, const ink_table *table,
                              uint8_t *scratch, crops *c, uint32_t *none, size_t *none_count,
                              base_error *error) {
  size_t classes = (size_t)read_reader_model(reader)->classes;
  *none_count = 0;
  for (size_t i = 0; i < guesses->count; i++) {
    const page_guess *guess = &guesses->items[i];
    if (!guess->glyph) continue;
    if (page_pieces_box(segments, guess->first, guess->end).width <= 0) continue;
    int class = judge(truth, table, guess->first, guess->end,
                      read_no_glyph(reader, guesses->rows + i * classes));
    if (class == DIGITS) none[(*none_count)++] = (uint32_t)i;
    if (class < 0 || class == DIGITS) continue;
    BASE_TRY(add_guess(sheet, segments, guess, class, scratch, c, error));
  }
  return SCRAWL_OK;
}

/* Digits, and as many of what is none. `none` has room for an index of each guess, `scratch` for
 * the sheet. */
static scrawl_status take_into(read_reader *reader, const page_sheet *sheet,
                               const page_segments *segments, const page_guesses *guesses,
                               const data_truth_picture *truth, base_random random, uint32_t *none,
                               uint8_t *scratch, crops *c, base_error *error) {
  size_t before = c->set->count, none_count = 0;
  ink_table table = {0};
  scrawl_status status = count_ink(sheet, segments, truth, &table, error);
  if (status == SCRAWL_OK)
    status = sort_out(reader, sheet, segments, guesses, truth, &table, scratch, c, none,
                      &none_count, error);
  free_table(&table);
  if (status != SCRAWL_OK) return status;
  base_random_shuffle(&random, none, none_count);
  size_t digits = c->set->count - before;
  for (size_t i = 0; i < none_count && i < digits; i++)
    BASE_TRY(add_guess(sheet, segments, &guesses->items[none[i]], DIGITS, scratch, c, error));
  return SCRAWL_OK;
}

static scrawl_status take(read_reader *reader, const page_sheet *sheet,
                          const page_segments *segments, const page_guesses *guesses,
                          const data_truth_picture *truth, base_random random, crops *c,
                          base_error *error) {
  uint32_t *none = base_alloc(guesses->count + 1, sizeof *none);
  uint8_t *scratch = base_alloc((size_t)sheet->ink.width * (size_t)sheet->ink.height + 1, 1);
  scrawl_status status =
      none && scratch
          ? take_into(reader, sheet, segments, guesses, truth, random, none, scratch, c, error)
          : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for crops");
  base_free(none);
  base_free(scratch);
  return status;
}

static scrawl_status cut_sheet(const page_sheet *sheet, read_reader *reader,
                               const data_truth_picture *truth, base_random random, crops *c,
                               base_error *error) {
  page_segments segments;
  page_guesses guesses;
  BASE_TRY(page_segment(sheet, &segments, error));
  scrawl_status status = page_guess_glyphs(reader, &segments, &sheet->ink, &guesses, error);
  if (status == SCRAWL_OK)
    status = take(reader, sheet, &segments, &guesses, truth, random, c, error);
  page_guesses_free(&guesses);
  page_segments_free(&segments);
  return status;
}

static scrawl_status cut_picture(const data_truth_picture *truth, read_reader *reader,
                                 base_random random, crops *c, base_error *error) {
  const page_limits limits = {.side = PAGE_WORKING_SIDE};
  uint8_t *bytes;
  size_t size;
  page_picture picture = {0};
  BASE_TRY(data_file_read(truth->path, FILE_BYTES, &bytes, &size, error));
  scrawl_status status = page_decode(bytes, size, &limits, &picture, error);
  base_free(bytes);
  if (status == SCRAWL_OK) {
    page_sheet sheet;
    status = page_prepare(&picture, NULL, &sheet, error);
    if (status == SCRAWL_OK) {
      status = cut_sheet(&sheet, reader, truth, random, c, error);
      page_sheet_free(&sheet);
    }
  }
  base_free(picture.grey);
  return status;
}

static scrawl_status fill_set(const char *folder, const data_truth *truth, read_reader *reader,
                              uint64_t seed, base_progress *progress, data_set *set,
                              base_error *error) {
  crops c = {.set = set};
  base_random random = base_random_seed(seed);
  *set = (data_set){.name = base_strdup(folder),
                    .height = INK_GLYPH_SIDE,
                    .width = INK_GLYPH_SIDE,
                    .classes = CLASSES,
                    .alphabet = base_strdup(READ_DIGITS READ_NO_GLYPH)};
  if (!set->name || !set->alphabet)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for crops");
  for (size_t i = 0; i < truth->count; i++) {
    BASE_TRY(cut_picture(&truth->items[i], reader, base_random_split(&random, i), &c, error));
    base_progress_update(progress, i + 1, NULL);
  }
  return set->count ? SCRAWL_OK
                    : base_fail(error, SCRAWL_BAD_FORMAT,
                                "%s: no glyph was found where truth.jsonl "
                                "has one",
                                folder);
}

scrawl_status page_open_crops(const char *folder, read_reader *reader, uint64_t seed,
                              base_progress *progress, data_set *set, base_error *error) {
  data_truth truth;
  *set = (data_set){0};
  BASE_TRY(data_truth_open(folder, &truth, error));
  progress->total = truth.count;
  scrawl_status status = fill_set(folder, &truth, reader, seed, progress, set, error);
  data_truth_free(&truth);
  if (status != SCRAWL_OK) data_set_free(set);
  return status;
}
