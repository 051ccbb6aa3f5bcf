/* What pieces might be together.
 *
 * Every blob is first looked at as a whole. One that the recogniser is sure of and that has the
 * shape of its sign is left alone; of the others, and of blobs so near to each other that they may
 * be parts of a broken glyph, every run of pieces not wider than a glyph is a guess. The score of a
 * guess is
 *   log P(sign | ink) - (shape's distance) - (price of cuts) - (price of gaps bridged),
 * with the shape's distance half the square of deviations from the usual: of log(width / height)
 * for the sign, of the height and of the place above the baseline for the row. A path through cuts
 * and gaps that nobody wrote must make good for their prices. */
#include "page/guess.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum {
  BATCH = 64,
  MOST_PIECES = 12,
  HAND_GLYPHS = 64,
  MOST_GUESSES = 16384, /* from there on blobs stay whole: a page of noise has to end, too */
};

/* Of the row's height: what is taller might be a glyph of its own. */
#define TALL 0.65
/* Widths in heights of the row. */
#define WIDEST        1.45 /* glyph made of several pieces */
#define WIDEST_JOINED 1.15 /* glyph made of several blobs */
#define WIDEST_BRIDGE 0.3  /* gap within a broken glyph */
/* A blob is sure. */
#define SURE_SIGN  0.97
#define SURE_SHAPE 2.0
#define SURE_WIDTH 0.95
/* log(width / height): means over the digits of MNIST's training pictures, for other signs that of
 * all of them, and deviations, wider than theirs for hands that are not among them. */
#define ASPECT             (-0.22)
#define ASPECT_SPREAD      0.28
#define ASPECT_SPREAD_OF_1 0.55
/* So many glyphs of the usual width does a row's own width have to outweigh. */
#define HAND_DOUBT 1.5
/* log(height / row's height), and the middle's distance from the row's in its heights. */
#define HEIGHT_SPREAD 0.22
#define PLACE_SPREAD  0.22
#define MOST_DISTANCE 6.0
/* Prices, in natural logarithms. */
#define CUT          0.5  /* any cut through ink ... */
#define CUT_INK      2.0  /* ... and for each height of the row of ink cut through */
#define BRIDGE       0.4  /* parts joined of which one is small ... */
#define BRIDGE_TALL  3.0  /* ... of which both are as tall as a glyph ... */
#define BRIDGE_WIDTH 10.0 /* ... and for each height of the gap */
#define BRIDGE_MARK  2.5  /* parts joined of which one could be a mark */
#define MARK         0.3  /* a mark that stands alone */
#define CUT_MARK     1.0  /* one that touches a glyph */
#define NO_GLYPH     4.0  /* a blob as tall as a glyph that is none */
#define NEVER        14.0 /* a part of one that is none */
#define LEAST_LOG    (-12.0)

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to read a page");
}

static scrawl_status add_guess(page_guesses *guesses, page_guess guess, base_error *error) {
  if (guesses->count == guesses->capacity) {
    size_t capacity = guesses->capacity ? 2 * guesses->capacity : 256;
    page_guess *items =
        base_realloc(guesses->items, guesses->capacity * sizeof *items, capacity * sizeof *items);
    if (!items) return no_memory(error);
    guesses->items = items;
    guesses->capacity = capacity;
  }
  guesses->items[guesses->count++] = guess;
  return SCRAWL_OK;
}

/* ---- the recogniser ---- */

/* Probabilities of the glyphs from guess `from` on. */
static scrawl_status recognise(read_reader *reader, const page_segments *segments,
                               const ink_image *ink, page_guesses *guesses, size_t from,
                               base_error *error) {
  size_t classes = (size_t)read_reader_model(reader)->classes, most = 0;
  float *rows = base_realloc(guesses->rows, guesses->rows_capacity * classes * sizeof *rows,
                             (guesses->count + 1) * classes * sizeof *rows);
  if (!rows) return no_memory(error);
  guesses->rows = rows;
  guesses->rows_capacity = guesses->count + 1;
  for (size_t i = from; i < guesses->count; i++) {
    ink_box box = page_pieces_box(segments, guesses->items[i].first, guesses->items[i].end);
    size_t pixels = (size_t)box.width * (size_t)box.height;
    if (guesses->items[i].glyph && pixels > most) most = pixels;
  }
  uint8_t *glyphs = base_alloc(BATCH, INK_GLYPH_PIXELS), *scratch = base_alloc(most + 1, 1);
  float *batch = base_alloc(BATCH, classes * sizeof *batch);
  size_t of[BATCH], waiting = 0;
  bool room = glyphs && scratch && batch;
  for (size_t i = from; room && i < guesses->count; i++) {
    const page_guess *guess = &guesses->items[i];
    if (guess->glyph) {
      page_pieces_glyph(segments, ink, guess->first, guess->end, scratch,
                        glyphs + waiting * INK_GLYPH_PIXELS);
      of[waiting++] = i;
    }
    if (waiting < BATCH && i + 1 < guesses->count) continue;
    read_glyph_probabilities(reader, glyphs, (int)waiting, batch);
    for (size_t k = 0; k < waiting; k++)
      memcpy(rows + of[k] * classes, batch + k * classes, classes * sizeof *rows);
    waiting = 0;
  }
  base_free(glyphs);
  base_free(scratch);
  base_free(batch);
  return room ? SCRAWL_OK : no_memory(error);
}

/* ---- shape ---- */

static double squared(double x) {
  return x * x;
}

/* log(width / height) of a sign: mean and deviation. */
static void usual_aspect(const char *sign, double *mean, double *spread) {
  static const double MEANS[10] = {-0.11, -0.95, -0.07, -0.23, -0.24,
                                   -0.10, -0.34, -0.27, -0.28, -0.38};
  *mean = ASPECT;
  *spread = ASPECT_SPREAD;
  if (sign[0] < '0' || sign[0] > '9' || sign[1]) return;
  *mean = MEANS[sign[0] - '0'];
  if (*sign == '1') *spread = ASPECT_SPREAD_OF_1;
}

static double log_aspect(ink_box box) {
  return log((double)box.width / box.height);
}

static double middle_of(const page_row *row, ink_box box) {
  return row->middle + row->slope * (box.x + box.width / 2.0);
}

/* `hand`: how much wider than usual this hand writes, as a logarithm. */
static double shape_distance(const page_row *row, double hand, const char *sign, ink_box box) {
  double mean, spread;
  usual_aspect(sign, &mean, &spread);
  double aspect = (log_aspect(box) - mean - hand) / spread;
  double height = log(box.height / row->height) / HEIGHT_SPREAD;
  double place = (box.y + box.height / 2.0 - middle_of(row, box)) / row->height / PLACE_SPREAD;
  return fmin(fmin(squared(aspect) / 2, MOST_DISTANCE) + (squared(height) + squared(place)) / 2,
              2 * MOST_DISTANCE);
}

/* ---- scores ---- */

typedef struct scorer {
  read_reader *reader;
  const page_segments *segments;
  const page_row *row;
  double hand;
} scorer;

/* What cutting before the pieces and joining them costs; the cut after them is paid for by what
 * follows. */
static double price(const scorer *s, size_t first, size_t end) {
  const page_piece *pieces = s->segments->pieces;
  double sum = pieces[first].cut > 0 ? CUT + CUT_INK * pieces[first].cut : 0;
  for (size_t i = first + 1; i < end; i++) {
    if (pieces[i].cut > 0) continue;
    ink_box before = page_pieces_box(s->segments, first, i);
    ink_box after = page_pieces_box(s->segments, i, end);
    double gap = (double)after.x - (before.x + before.width);
    int lower = before.height < after.height ? before.height : after.height;
    page_mark mark = page_find_mark(s->row, before), other = page_find_mark(s->row, after);
    if (mark > PAGE_SPECK || other > PAGE_SPECK)
      sum += BRIDGE_MARK;
    else
      sum += lower > TALL * s->row->height ? BRIDGE_TALL : BRIDGE;
    if (gap > 0) sum += BRIDGE_WIDTH * gap / s->row->height;
  }
  return sum;
}

static void score_glyph(const scorer *s, page_guess *guess, const float *row) {
  int class = read_best_sign(s->reader, row);
  const char *sign = read_reader_model(s->reader)->alphabet[class];
  ink_box box = page_pieces_box(s->segments, guess->first, guess->end);
  double sure = fmax(log(fmax((double)row[class], 1e-9)), LEAST_LOG);
  guess->score = box.width ? sure - shape_distance(s->row, s->hand, sign, box) -
                                 price(s, guess->first, guess->end)
                           : -1e3;
}

static double longer(ink_box box) {
  return box.width > box.height ? box.width : box.height;
}

/* A run of pieces as no glyph. What was cut off a glyph is one only if it looks like a mark. */
static page_guess guess_of_none(const scorer *s, size_t first, size_t end, bool whole) {
  ink_box box = page_pieces_box(s->segments, first, end);
  double size = longer(box) / s->row->height, cut = s->segments->pieces[first].cut;
  page_guess guess = {.first = first, .end = end, .mark = page_find_mark(s->row, box)};
  bool mark = guess.mark != PAGE_SPECK && guess.mark != PAGE_NO_MARK;
  if (!box.width)
    guess.score = 0;
  else if (mark)
    guess.score = whole ? -MARK : -CUT_MARK;
  else if (!whole)
    guess.score = -fmin(NEVER, 2 + NEVER * size);
  else
    guess.score = guess.mark == PAGE_SPECK ? -0.3 - fmin(6 * squared(size), 6)
                                           : -NO_GLYPH * squared(fmax(1, size));
  if (!whole && !mark) guess.mark = PAGE_SPECK;
  if (cut > 0) guess.score -= CUT + CUT_INK * cut;
  return guess;
}

/* ---- guesses ---- */

static size_t blob_end(const page_segments *segments, size_t first, size_t end) {
  size_t i = first + 1;
  while (i < end && segments->pieces[i].cut > 0) i++;
  return i;
}

/* The blobs as they are, each also as no glyph. */
static scrawl_status guess_wholes(const page_segments *segments, page_guesses *guesses,
                                  base_error *error) {
  for (size_t r = 0; r < segments->row_count; r++) {
    const page_row *row = &segments->rows[r];
    for (size_t i = row->first, end; i < row->end; i = end) {
      end = blob_end(segments, i, row->end);
      BASE_TRY(add_guess(guesses, (page_guess){.first = i, .end = end, .glyph = true}, error));
    }
  }
  return SCRAWL_OK;
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* How much wider than usual the blobs of a row are that the recogniser knows: the one in the
 * middle, pulled towards 0 where there are few. A 1 tells nothing. */
static double find_hand(const scorer *s, const page_guess *wholes, const float *rows,
                        size_t count) {
  double wider[HAND_GLYPHS];
  size_t known = 0, classes = (size_t)read_reader_model(s->reader)->classes;
  for (size_t i = 0; i < count && known < HAND_GLYPHS; i++) {
    const float *row = rows + i * classes;
    int class = read_best_sign(s->reader, row);
    const char *sign = read_reader_model(s->reader)->alphabet[class];
    ink_box box = page_pieces_box(s->segments, wholes[i].first, wholes[i].end);
    double mean, spread;
    if ((double)row[class] < SURE_SIGN || *sign == '1' || box.width <= 0) continue;
    usual_aspect(sign, &mean, &spread);
    wider[known++] = log_aspect(box) - mean;
  }
  if (known == 0) return 0;
  qsort(wider, known, sizeof *wider, compare_doubles);
  return wider[known / 2] * (double)known / ((double)known + HAND_DOUBT);
}

/* Marks in `sure`, for each piece, that it is in a blob that is one glyph. */
static void settle(const scorer *s, page_guess *guess, const float *row, double none, bool *sure) {
  score_glyph(s, guess, row);
  int class = read_best_sign(s->reader, row);
  ink_box box = page_pieces_box(s->segments, guess->first, guess->end);
  double shape =
      shape_distance(s->row, s->hand, read_reader_model(s->reader)->alphabet[class], box);
  bool settled = (double)row[class] >= SURE_SIGN && shape <= SURE_SHAPE && none < 1 - SURE_SIGN &&
                 box.width <= SURE_WIDTH * s->row->height;
  for (size_t i = guess->first; i < guess->end; i++) sure[i] = settled;
}

/* Whether pieces first .. end - 1 may be one glyph; `*go_on`: whether longer runs may. */
static bool may_be_glyph(const scorer *s, const bool *sure, size_t first, size_t end, bool *go_on) {
  const page_piece *pieces = s->segments->pieces;
  ink_box box = page_pieces_box(s->segments, first, end);
  double height = s->row->height;
  size_t blobs = 1;
  bool tall_and_sure = false;
  *go_on = box.width <= WIDEST * height;
  for (size_t i = first; i < end; i++) {
    if (i > first && pieces[i].cut == 0) {
      ink_box before = page_pieces_box(s->segments, first, i);
      if (pieces[i].box.x - (before.x + before.width) > WIDEST_BRIDGE * height)
        return *go_on = false;
      blobs++;
    }
    tall_and_sure |= sure[i] && pieces[i].box.height > TALL * height;
  }
  if (blobs > 1 && box.width > WIDEST_JOINED * height) return *go_on = false;
  bool begins = pieces[first].cut == 0;
  bool ends = end == s->row->end || pieces[end].cut == 0;
  if (blobs == 1 && begins && ends) return false; /* guessed already, as a whole */
  if (sure[first] && !begins) return false;
  if (sure[end - 1] && !ends) return false;
  if (blobs > 1 && tall_and_sure) {
    /* A sure glyph may still want what is small beside it, not another one. */
    size_t tall = 0;
    for (size_t i = first, next; i < end; i = next) {
      next = blob_end(s->segments, i, end);
      tall += page_pieces_box(s->segments, i, next).height > TALL * height;
    }
    if (tall > 1) return false;
  }
  return *go_on;
}

static scrawl_status guess_runs(const scorer *s, const bool *sure, page_guesses *guesses,
                                base_error *error) {
  for (size_t first = s->row->first; first < s->row->end; first++) {
    bool go_on = guesses->count < MOST_GUESSES;
    for (size_t end = first + 1; go_on && end <= s->row->end && end <= first + MOST_PIECES; end++)
      if (may_be_glyph(s, sure, first, end, &go_on))
        BASE_TRY(
            add_guess(guesses, (page_guess){.first = first, .end = end, .glyph = true}, error));
  }
  return SCRAWL_OK;
}

/* Every blob and every piece may be no glyph, so that there is always a way through. */
static scrawl_status guess_none(const scorer *s, const page_guesses *wholes, size_t count,
                                page_guesses *guesses, base_error *error) {
  for (size_t w = 0; w < count; w++) {
    size_t first = wholes->items[w].first, end = wholes->items[w].end;
    if (first < s->row->first || first >= s->row->end) continue;
    const float *row = guesses->rows + w * (size_t)read_reader_model(s->reader)->classes;
    page_guess none = guess_of_none(s, first, end, true);
    bool knows = read_reader_model(s->reader)->none >= 0;
    if (none.mark == PAGE_NO_MARK)
      none.score +=
          knows ? fmax(log(fmax(read_no_glyph(s->reader, row), 1e-9)), LEAST_LOG) : LEAST_LOG;
    BASE_TRY(add_guess(guesses, none, error));
    for (size_t i = first; end > first + 1 && i < end; i++)
      BASE_TRY(add_guess(guesses, guess_of_none(s, i, i + 1, false), error));
  }
  return SCRAWL_OK;
}

scrawl_status page_guess_glyphs(read_reader *reader, const page_segments *segments,
                                const ink_image *ink, page_guesses *guesses, base_error *error) {
  size_t classes = (size_t)read_reader_model(reader)->classes;
  *guesses = (page_guesses){0};
  bool *sure = base_alloc_zero(segments->piece_count + 1, sizeof *sure);
  scrawl_status status = sure ? guess_wholes(segments, guesses, error) : no_memory(error);
  if (status == SCRAWL_OK) status = recognise(reader, segments, ink, guesses, 0, error);
  size_t wholes = guesses->count;
  double *hands = base_alloc_zero(segments->row_count + 1, sizeof *hands);
  if (!hands && status == SCRAWL_OK) status = no_memory(error);
  for (size_t r = 0, w = 0; status == SCRAWL_OK && r < segments->row_count; r++) {
    scorer s = {reader, segments, &segments->rows[r], 0};
    size_t end = w;
    while (end < wholes && guesses->items[end].first < s.row->end) end++;
    s.hand = hands[r] = find_hand(&s, guesses->items + w, guesses->rows + w * classes, end - w);
    for (; w < wholes && guesses->items[w].first < s.row->end; w++) {
      const float *row = guesses->rows + w * classes;
      settle(&s, &guesses->items[w], row, read_no_glyph(reader, row), sure);
    }
    status = guess_runs(&s, sure, guesses, error);
  }
  if (status == SCRAWL_OK) status = recognise(reader, segments, ink, guesses, wholes, error);
  for (size_t i = wholes, r = 0; status == SCRAWL_OK && i < guesses->count; i++) {
    while (guesses->items[i].first >= segments->rows[r].end) ++r;
    scorer s = {reader, segments, &segments->rows[r], hands[r]};
    score_glyph(&s, &guesses->items[i], guesses->rows + i * classes);
  }
  for (size_t r = 0; status == SCRAWL_OK && r < segments->row_count; r++) {
    scorer s = {reader, segments, &segments->rows[r], hands[r]};
    status = guess_none(&s, guesses, wholes, guesses, error);
  }
  base_free(sure);
  base_free(hands);
  if (status != SCRAWL_OK) page_guesses_free(guesses);
  return status;
}

void page_guesses_free(page_guesses *guesses) {
  if (!guesses) return;
  base_free(guesses->items);
  base_free(guesses->rows);
  *guesses = (page_guesses){0};
}
