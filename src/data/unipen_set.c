/* UNIPEN's isolated characters as pictures.
 *
 * Each is drawn with a pen of its own, such that widths spread as in MNIST: measured by the
 * distance to the nearest paper along the middle of strokes, 5, 50 and 95 % of MNIST's lie under
 * 1.7, 2.6 and 4.0 of the glyph's 20 pixels. It is never thinner than a real pen would be on
 * the paper, so that a dot is a disc and a comma a short thick line. Widths are drawn by the
 * sample's number, so both parts and every opening give the same pictures. */
#include "data/unipen.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "data/alphabet.h"
#include "data/unipen_files.h"

static const char *const CATEGORIES[] = {"1a", "1b", "1c", "1d", NULL};

enum { SEED = 1, TEST_PERCENT = 15, GLYPH_BOX = 20 };
/* Glyph pixels. */
static const double WIDTH = 2.35, WIDTH_DEVIATION = .65, THINNEST = 1.4, WIDEST = 4.1;
static const double PEN = .4; /* millimetres: a thin ball pen */

typedef struct collection {
  data_set *set;
  data_part part;
  size_t capacity;
  size_t seen;              /* samples, of both parts */
  size_t other_part, other; /* of the other part; whose label is no sign of the alphabet */
  char **names;             /* of writers; number w is names[w - 1] */
  size_t writers, writer_capacity;
} collection;

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "unipen: no memory for its pictures");
}

/* Whether a writer is one of the test part: decided by the name alone (FNV-1a), so that it is the
 * same whatever else is in the collection. */
static bool is_test_writer(const char *name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 0x100000001b3;
  base_random random = base_random_seed(hash);
  return base_random_below(&random, 100) < TEST_PERCENT;
}

static bool grow(void *list, size_t count, size_t capacity, size_t size) {
  void **place = list, *grown = base_realloc(*place, count * size, capacity * size);
  if (grown) *place = grown;
  return grown != NULL;
}

/* From 1; 0 without memory. Samples of a writer come together, so that the last ones are looked at
 * first. */
static uint32_t writer_number(collection *c, const char *name) {
  for (size_t i = c->writers; i > 0; i--)
    if (strcmp(c->names[i - 1], name) == 0) return (uint32_t)i;
  if (c->writers == c->writer_capacity) {
    size_t capacity = c->writer_capacity ? 2 * c->writer_capacity : 64;
    if (!grow(&c->names, c->writers, capacity, sizeof *c->names)) return 0;
    c->writer_capacity = capacity;
  }
  char *copy = base_strdup(name);
  if (!copy) return 0;
  c->names[c->writers++] = copy;
  return (uint32_t)c->writers;
}

static bool make_room(collection *c) {
  data_set *set = c->set;
  if (set->count < c->capacity) return true;
  size_t capacity = c->capacity ? 2 * c->capacity : 4096;
  if (!grow(&set->pixels, set->count, capacity, INK_GLYPH_PIXELS) ||
      !grow(&set->labels, set->count, capacity, sizeof *set->labels) ||
      !grow(&set->writers, set->count, capacity, sizeof *set->writers))
    return false;
  c->capacity = capacity;
  return true;
}

static ink_pen choose_pen(const data_unipen_sample *sample, size_t number) {
  double width, height;
  ink_strokes_extent(sample->strokes, sample->count, &width, &height);
  double longer = fmax(width, height);
  base_random seed = base_random_seed(SEED), random = base_random_split(&seed, number);
  double pixels = WIDTH + WIDTH_DEVIATION * base_random_normal(&random);
  pixels = fmin(WIDEST, fmax(THINNEST, pixels));
  /* The longer side and the pen together are the glyph's box. */
  double pen = longer * pixels / (GLYPH_BOX - pixels);
  double least = sample->grain > 0 ? PEN : 1;
  return (ink_pen){.width = fmax(pen, least), .grain = sample->grain};
}

static scrawl_status take_sample(void *argument, const data_unipen_sample *sample,
                                 base_error *error) {
  collection *c = argument;
  data_set *set = c->set;
  size_t number = c->seen++;
  int class = data_alphabet_find(DATA_UNIPEN_ALPHABET, sample->label);
  if (class < 0) {
    c->other++;
    return SCRAWL_OK;
  }
  if (is_test_writer(sample->writer) != (c->part == DATA_TEST)) {
    c->other_part++;
    return SCRAWL_OK;
  }
  uint32_t writer = writer_number(c, sample->writer);
  if (!writer || !make_room(c)) return no_memory(error);
  BASE_TRY(ink_strokes_glyph(sample->strokes, sample->count, choose_pen(sample, number),
                             set->pixels + set->count * INK_GLYPH_PIXELS, error));
  set->labels[set->count] = (uint16_t) class;
  set->writers[set->count++] = writer;
  return SCRAWL_OK;
}

static scrawl_status describe(const collection *c, const data_unipen_counts *counts,
                              base_error *error) {
  const struct {
    size_t count;
    const char *what;
  } lines[] = {
      {c->writers, "unipen: writers"},
      {c->other_part, "unipen: characters by writers of the other part"},
      {c->other, "unipen: left out, labels other than one sign of ASCII"},
      {counts->skipped, "unipen: left out, contributors whose segments do not fit their strokes"},
      {counts->bad, "unipen: left out, said to be bad"},
      {counts->unlabelled, "unipen: left out, no label or an unknown sign in it"},
      {counts->fragments, "unipen: left out, one stroke of a sign that has more"},
      {counts->lost, "unipen: left out, strokes that are not there"},
  };
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    if (lines[i].count)
      BASE_TRY(data_set_remark(c->set, error, "%s: %zu", lines[i].what, lines[i].count));
  return SCRAWL_OK;
}

static scrawl_status collect(collection *c, const char *path, base_error *error) {
  data_set *set = c->set;
  data_unipen_counts counts;
  BASE_TRY(data_unipen_read(path, CATEGORIES, take_sample, c, &counts, error));
  if (set->count == 0)
    return base_fail(error, SCRAWL_BAD_FORMAT, "%s: no character of the %s part is in it", path,
                     data_part_name(c->part));
  set->height = set->width = INK_GLYPH_SIDE;
  set->alphabet = base_strdup(DATA_UNIPEN_ALPHABET);
  set->name = base_format("unipen %s", data_part_name(c->part));
  if (!set->alphabet || !set->name) return no_memory(error);
  set->classes = data_alphabet_count(set->alphabet);
  return describe(c, &counts, error);
}

scrawl_status data_unipen_open_set(data_part part, data_set *set, base_error *error) {
  char *path;
  *set = (data_set){0};
  BASE_TRY(data_unipen_find(&path, error));
  collection c = {.set = set, .part = part};
  scrawl_status status = collect(&c, path, error);
  base_free(path);
  for (size_t i = 0; i < c.writers; i++) base_free(c.names[i]);
  base_free(c.names);
  if (status != SCRAWL_OK) data_set_free(set);
  return status;
}
