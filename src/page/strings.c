/* Rows of pieces to lines of text: the best path through the guesses, and what is written between
 * glyphs.
 *
 * A glyph's confidence is the recogniser's times the share of all paths' likelihood that falls to
 * paths with that very glyph in them; a line's is the product of its glyphs'. Marks and gaps
 * between two glyphs become separators, those at the ends of a line nothing. A thing as tall as a
 * glyph that is none (a currency mark, a letter) parts like a gap. A glyph that is rejected keeps
 * its place in the text as READ_UNKNOWN, so that nothing is lost silently; only at the ends of a
 * line what the recogniser takes for none is left out of the text, and stays among the glyphs.
 *
 * The threshold that a model brings along was chosen for single pictures, which may show anything.
 * In a line the neighbours speak for a glyph: it is rejected as none, or under a threshold that was
 * asked for, and not under the model's own. */
#include "page/strings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "page/guess.h"

/* In heights of the row. Of the gaps sorted by width the first that is this much wider than the one
 * before it, and this wide, is the narrowest space ... */
#define SPACE_STEP 0.28
#define SPACE      0.55
/* ... and a single gap, which there is no other to compare with, is one from here on. */
#define SPACE_ALONE 0.9

/* The share of "no glyph" to be expected in a line, as if seen in so many glyphs. */
#define EXPECTED 0.02
#define WEIGHT   8.0

enum {
  PASSES = 8,
  MOST_SEPARATOR = 2, /* bytes before a glyph, terminator included */
};

/* What is to become a glyph of a line. */
typedef struct found {
  const page_guess *guess;
  size_t index; /* of the guess */
  double share;
  ink_box box;
  char separator[MOST_SEPARATOR]; /* before it: "" or one sign */
  bool none;                      /* "no glyph" is at least as probable as any sign */
} found;

typedef struct row_reader {
  read_reader *reader;
  const page_segments *segments;
  const page_guesses *guesses;
  base_arena *arena;
  /* work space, enough for the longest row */
  read_span *spans;
  size_t *of; /* of each span: its guess */
  size_t *path;
  double *share, *gaps;
  found *found;
} row_reader;

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory to read a page");
}

static const char *mark_text(page_mark mark) {
  switch (mark) {
  case PAGE_DOT:
    return ".";
  case PAGE_COMMA:
    return ",";
  case PAGE_DASH:
    return "-";
  default:
    return "";
  }
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The width from which on gaps are spaces. Digits that are all written far apart have none. */
static double least_space(const double *sorted, size_t count, double height) {
  if (count == 1) return SPACE_ALONE * height;
  for (size_t i = 1; i < count; i++)
    if (sorted[i] >= SPACE * height && sorted[i] - sorted[i - 1] >= SPACE_STEP * height)
      return sorted[i];
  return INFINITY;
}

/* Wide gaps become spaces, where no mark is. */
static void find_spaces(row_reader *r, const page_row *row, size_t count) {
  if (count < 2) return;
  size_t gaps = count - 1, plain = 0;
  double *sorted = r->gaps + count;
  for (size_t i = 0; i < gaps; i++) {
    ink_box before = r->found[i].box;
    r->gaps[i] = fmax(r->found[i + 1].box.x - (before.x + before.width), 0);
    if (!*r->found[i + 1].separator) sorted[plain++] = r->gaps[i];
  }
  qsort(sorted, plain, sizeof *sorted, compare_doubles);
  double least = plain ? least_space(sorted, plain, row->height) : INFINITY;
  for (size_t i = 0; i < gaps; i++)
    if (!*r->found[i + 1].separator && r->gaps[i] >= least) strcpy(r->found[i + 1].separator, " ");
}

/* Walks the path: glyphs, and for each what stands between it and the one before. */
static size_t collect(row_reader *r, size_t length) {
  size_t count = 0;
  const char *separator = "";
  for (size_t i = 0; i < length; i++) {
    size_t index = r->of[r->path[i]];
    const page_guess *guess = &r->guesses->items[index];
    ink_box box = page_pieces_box(r->segments, guess->first, guess->end);
    if (guess->glyph) {
      found *next = &r->found[count];
      *next = (found){.guess = guess, .index = index, .share = r->share[i], .box = box};
      if (count) memcpy(next->separator, separator, strlen(separator) + 1);
      count++;
      separator = "";
      continue;
    }
    if (guess->mark == PAGE_NO_MARK)
      separator = " ";
    else if (*mark_text(guess->mark) && !*separator)
      separator = mark_text(guess->mark);
  }
  return count;
}

/* What the odds of "no glyph" are to be multiplied with in this line: it is rarer in a line of
 * digits than in single pictures, and common among letters. So its share of the line is estimated
 * together with what the glyphs are, by expectation and maximisation (Saerens, Latinne,
 * Decaestecker 2002, "Adjusting the outputs of a classifier to new a priori probabilities"),
 * beginning with the belief that it is rare. */
static double none_odds(const row_reader *r, size_t count) {
  const read_model *model = read_reader_model(r->reader);
  double usual = model->none_share / (1 - (double)model->none_share);
  double odds = EXPECTED / (1 - EXPECTED) / usual;
  for (int pass = 0; pass < PASSES; pass++) {
    double none = EXPECTED * WEIGHT;
    for (size_t i = 0; i < count; i++) {
      const float *row = r->guesses->rows + r->found[i].index * (size_t)model->classes;
      double alone = read_no_glyph(r->reader, row);
      none += alone * odds / (alone * odds + 1 - alone);
    }
    double share = none / ((double)count + WEIGHT);
    odds = share / (1 - share) / usual;
  }
  return odds;
}

static void scale_row(const row_reader *r, const found *glyph, double odds, float *scaled) {
  int classes = read_reader_model(r->reader)->classes;
  const float *row = r->guesses->rows + glyph->index * (size_t)classes;
  double none = read_no_glyph(r->reader, row), sum = 1 - none + none * odds;
  for (int c = 0; c < classes; c++) scaled[c] = (float)(row[c] * glyph->share / sum);
  if (none > 0) scaled[read_reader_model(r->reader)->none] *= (float)odds;
}

static scrawl_status make_glyphs(row_reader *r, size_t count, read_line *line, base_error *error) {
  const read_model *model = read_reader_model(r->reader);
  size_t classes = (size_t)model->classes;
  double odds = none_odds(r, count), threshold = read_reader_reject_below(r->reader);
  if (threshold == (double)model->reject_below) threshold = 0;
  line->glyphs = base_arena_alloc(r->arena, count, sizeof *line->glyphs);
  float *scaled = base_arena_alloc(r->arena, classes, sizeof *scaled);
  if (!line->glyphs || !scaled) return no_memory(error);
  for (size_t i = 0; i < count; i++) {
    read_glyph *glyph = &line->glyphs[line->glyph_count++];
    scale_row(r, &r->found[i], odds, scaled);
    glyph->box = r->found[i].box;
    BASE_TRY(read_glyph_of_row(r->reader, scaled, threshold, r->arena, glyph, error));
    r->found[i].none =
        model->none >= 0 && scaled[model->none] >= scaled[read_best_sign(r->reader, scaled)];
    line->box = i ? ink_box_join(line->box, glyph->box) : glyph->box;
  }
  return SCRAWL_OK;
}

static const char *glyph_text(const read_glyph *glyph) {
  return glyph->rejected ? READ_UNKNOWN : glyph->text;
}

/* Leaves out what stands at the ends of the line and is no glyph, such as a currency sign; all of
 * it only where there is nothing else. */
static void find_ends(const row_reader *r, size_t *first, size_t *end) {
  size_t count = *end;
  while (*first < count && r->found[*first].none) ++*first;
  while (*end > *first && r->found[*end - 1].none) --*end;
  if (*first == count) *first = 0, *end = count;
}

/* The line's text and confidence, and its words: what spaces part. */
static scrawl_status make_words(row_reader *r, read_line *line, base_error *error) {
  size_t first = 0, count = line->glyph_count, bytes = 1;
  find_ends(r, &first, &count);
  line->confidence = 1;
  for (size_t i = first; i < count; i++) bytes += 1 + strlen(glyph_text(&line->glyphs[i]));
  char *text = base_arena_alloc(r->arena, bytes, 1), *end = text, *word_start = text;
  line->words = base_arena_alloc(r->arena, count, sizeof *line->words);
  if (!text || !line->words) return no_memory(error);
  for (size_t i = first; i < count; i++) {
    const read_glyph *glyph = &line->glyphs[i];
    const char *separator = i == first ? "" : r->found[i].separator;
    bool space = *separator == ' ';
    end = stpcpy(end, separator);
    line->confidence *= glyph->confidence;
    if (i == first || space) {
      word_start = end;
      line->words[line->word_count++] = (read_word){"", 1, glyph->box};
    }
    end = stpcpy(end, glyph_text(glyph));
    read_word *word = &line->words[line->word_count - 1];
    word->confidence *= glyph->confidence;
    word->box = ink_box_join(word->box, glyph->box);
    bool last = i + 1 == count || *r->found[i + 1].separator == ' ';
    if (last) word->text = base_arena_strdup(r->arena, word_start, (size_t)(end - word_start));
    if (!word->text) return no_memory(error);
  }
  line->text = text;
  return SCRAWL_OK;
}

/* Reads row `index`; a line without glyphs when it has none. `from`: the first guess that may
 * belong to it. */
static scrawl_status read_row(row_reader *r, const page_row *row, read_line *line,
                              base_error *error) {
  *line = (read_line){.text = ""};
  size_t count = 0, length = 0;
  for (size_t i = 0; i < r->guesses->count; i++) {
    const page_guess *guess = &r->guesses->items[i];
    if (guess->first < row->first || guess->first >= row->end) continue;
    r->of[count] = i;
    r->spans[count++] =
        (read_span){(int)(guess->first - row->first), (int)(guess->end - row->first), guess->score};
  }
  BASE_TRY(read_find_path(r->spans, count, (int)(row->end - row->first), r->path, r->share, &length,
                          error));
  size_t glyphs = collect(r, length);
  if (glyphs == 0) return SCRAWL_OK;
  find_spaces(r, row, glyphs);
  BASE_TRY(make_glyphs(r, glyphs, line, error));
  return make_words(r, line, error);
}

static scrawl_status read_rows(row_reader *r, read_line **lines, base_error *error) {
  const page_segments *segments = r->segments;
  size_t most = 0;
  for (size_t i = 0; i < segments->row_count; i++) {
    size_t length = segments->rows[i].end - segments->rows[i].first;
    if (length > most) most = length;
  }
  r->spans = base_alloc(r->guesses->count + 1, sizeof *r->spans);
  r->of = base_alloc(r->guesses->count + 1, sizeof *r->of);
  r->path = base_alloc(most + 1, sizeof *r->path);
  r->share = base_alloc(most + 1, sizeof *r->share);
  r->gaps = base_alloc(most + 1, 2 * sizeof *r->gaps);
  r->found = base_alloc(most + 1, sizeof *r->found);
  *lines = base_arena_alloc(r->arena, segments->row_count + 1, sizeof **lines);
  if (!r->spans || !r->of || !r->path || !r->share || !r->gaps || !r->found || !*lines)
    return no_memory(error);
  for (size_t i = 0; i < segments->row_count; i++)
    BASE_TRY(read_row(r, &segments->rows[i], &(*lines)[i], error));
  return SCRAWL_OK;
}

scrawl_status page_read_rows(read_reader *reader, const page_segments *segments,
                             const ink_image *ink, base_arena *arena, read_line **lines,
                             base_error *error) {
  page_guesses guesses;
  *lines = NULL;
  BASE_TRY(page_guess_glyphs(reader, segments, ink, &guesses, error));
  row_reader r = {.reader = reader, .segments = segments, .guesses = &guesses, .arena = arena};
  scrawl_status status = read_rows(&r, lines, error);
  base_free(r.spans);
  base_free(r.of);
  base_free(r.path);
  base_free(r.share);
  base_free(r.gaps);
  base_free(r.found);
  page_guesses_free(&guesses);
  return status;
}
