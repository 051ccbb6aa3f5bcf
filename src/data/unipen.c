/* From UNIPEN's files to samples.
 *
 * A file of data/ is the ink of the files it includes, taken as one text, cut into segments by
 * numbers of components. What a number counts differs: most contributors number the strokes, some
 * the movements in the air as well. For each that was found by drawing both ways; for a few neither
 * gives what the labels say, and they are left out. Some writers took part for several contributors
 * of one laboratory: those are one group, in which a name means one hand. */
#include "data/unipen.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/unipen_files.h"
#include "data/unipen_text.h"

enum { MAX_NESTING = 4, WRITER_BYTES = 2 * DATA_UNIPEN_MAX_NAME };

typedef enum numbering { STROKES, ALL, NO_RULE } numbering;

/* Those that are not "numbers strokes, is a group of its own". */
static const struct contributor {
  char code[4];
  char group[4]; /* "": its own code */
  numbering numbering;
  int session; /* letters at the end of a writer's name that say which session */
  /* Signs of which a quarter of the segments name one stroke only, a stem or a bar: those are left
   * out; NULL: none. */
  const char *fragments;
} CONTRIBUTORS[] = {
    {"abm", "", NO_RULE, 0, NULL},
    {"apd", "apb", STROKES, 0, NULL},
    {"ape", "apb", STROKES, 0, NULL},
    {"att", "", NO_RULE, 0, NULL},
    {"cea", "", NO_RULE, 0, NULL},
    {"ceb", "", NO_RULE, 0, NULL},
    {"cec", "", NO_RULE, 0, NULL},
    {"cee", "ced", STROKES, 0, NULL},
    {"hpp", "", ALL, 0, NULL},
    {"lex", "", NO_RULE, 0, NULL},
    {"nic", "", ALL, 0, NULL},
    {"pri", "", ALL, 0, NULL},
    {"sta", "", ALL, 0, NULL},
    {"tos", "", NO_RULE, 0, NULL},
    {"ugi", "", NO_RULE, 0, NULL},
    {"ibm", "", STROKES, 1, "145ABDEFGHIJKMNPQRTXYZfijktxz!\"#$%&*+:;=?"},
};

/* "data/1a/apa/...": the contributor's row, a common one if it has none of its own. */
static struct contributor contributor_of(const char *path) {
  const char *code = strchr(path + strlen("data/"), '/');
  struct contributor common = {.numbering = STROKES};
  if (!code) return common;
  size_t length = strcspn(++code, "/");
  for (size_t i = 0; i < sizeof CONTRIBUTORS / sizeof *CONTRIBUTORS; i++)
    if (length == 3 && memcmp(CONTRIBUTORS[i].code, code, 3) == 0) return CONTRIBUTORS[i];
  if (length < sizeof common.code) memcpy(common.code, code, length);
  return common;
}

/* "apb Jane_Zahra". A name that ends in an underscore and one digit is one of several sessions. */
static void name_writer(const struct contributor *by, const char *id, char writer[WRITER_BYTES]) {
  size_t length = strlen(id);
  if (length > 2 && id[length - 2] == '_' && isdigit((unsigned char)id[length - 1])) length -= 2;
  if (length > (size_t)by->session) length -= (size_t)by->session;
  const char *group = *by->group ? by->group : by->code;
  size_t used = strlen(group);
  memcpy(writer, group, used);
  writer[used++] = ' ';
  memcpy(writer + used, id, length);
  writer[used + length] = 0;
}

/* ---- a walk over the files ---- */

typedef struct walk {
  const data_unipen_files *files;
  data_unipen_visit *visit;
  void *argument;
  data_unipen_counts *counts;
  data_unipen_ink ink;
  bool whole;    /* all that is included was there */
  size_t budget; /* bytes that may still be included: loops and repetition end */
} walk;

/* Adds what `text` records and, before it, what it includes. */
static scrawl_status add_text(walk *w, const char *text, size_t size, int nesting,
                              base_error *error) {
  const char *at = text, *end = text + size, *value;
  size_t length;
  while (data_unipen_next(&at, end, ".INCLUDE", &value, &length)) {
    bool good;
    char *path = data_unipen_include_path(value, length, &good);
    if (good && !path) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
    const data_unipen_file *file = path ? data_unipen_files_get(w->files, path) : NULL;
    base_free(path);
    if (!file || nesting == MAX_NESTING || file->size > w->budget) {
      w->whole = false;
      continue;
    }
    w->budget -= file->size;
    BASE_TRY(add_text(w, file->bytes, file->size, nesting + 1, error));
  }
  return nesting ? data_unipen_ink_add(&w->ink, text, size, error) : SCRAWL_OK;
}

static scrawl_status take_segment(walk *w, const struct contributor *by, const char *category,
                                  const data_unipen_segment *segment, base_error *error) {
  char writer[WRITER_BYTES];
  ink_stroke *strokes;
  ink_point *points;
  size_t count;
  if (!segment->labelled || strcmp(segment->quality, "BAD") == 0) {
    ++*(segment->labelled ? &w->counts->bad : &w->counts->unlabelled);
    return SCRAWL_OK;
  }
  if (!w->whole) { /* numbers may count what is missing */
    w->counts->lost++;
    return SCRAWL_OK;
  }
  BASE_TRY(data_unipen_pick(&w->ink, by->numbering == ALL, segment->delineation,
                            segment->delineation_length, &strokes, &count, &points, error));
  scrawl_status status = SCRAWL_OK;
  bool fragment =
      count == 1 && category[0] == '1' && by->fragments && strstr(by->fragments, segment->label);
  if (fragment) {
    w->counts->fragments++;
  } else if (count) {
    name_writer(by, w->ink.writer, writer);
    const data_unipen_sample sample = {.category = category,
                                       .label = segment->label,
                                       .writer = writer,
                                       .strokes = strokes,
                                       .count = count,
                                       .grain = w->ink.x_step > w->ink.y_step ? w->ink.x_step
                                                                              : w->ink.y_step};
    w->counts->samples++;
    status = w->visit(w->argument, &sample, error);
  } else {
    w->counts->lost++;
  }
  base_free(strokes);
  base_free(points);
  return status;
}

static scrawl_status take_file(walk *w, const data_unipen_file *file, base_error *error) {
  enum { CATEGORY_BYTES = 16 };
  char category[CATEGORY_BYTES] = "";
  struct contributor by = contributor_of(file->path);
  size_t name = strcspn(file->path + strlen("data/"), "/");
  if (name < sizeof category) memcpy(category, file->path + strlen("data/"), name);
  const char *at = file->bytes, *end = at + file->size, *value;
  size_t length;
  while (data_unipen_next(&at, end, ".SEGMENT", &value, &length)) {
    data_unipen_segment segment;
    if (by.numbering == NO_RULE) {
      w->counts->skipped++;
      continue;
    }
    data_unipen_parse_segment(value, length, &segment);
    /* A hierarchy may name larger and smaller things beside what the category is of. */
    const char *kind = category[0] == '1' ? "CHARACTER" : category[0] == '8' ? "TEXT" : "WORD";
    if (strcmp(segment.kind, kind) == 0) BASE_TRY(take_segment(w, &by, category, &segment, error));
  }
  return SCRAWL_OK;
}

/* By contributor and file first, so that files of several categories with the same ink follow each
 * other, then by category. */
static int compare(const void *left, const void *right) {
  const data_unipen_file *const *a = left, *const *b = right;
  const char *rest_a = strchr((*a)->path + strlen("data/"), '/');
  const char *rest_b = strchr((*b)->path + strlen("data/"), '/');
  int order = strcmp(rest_a ? rest_a : "", rest_b ? rest_b : "");
  return order ? order : strcmp((*a)->path, (*b)->path);
}

/* The same .INCLUDE lines: the same ink. */
static bool same_ink(const data_unipen_file *a, const data_unipen_file *b) {
  const char *at[2] = {a->bytes, b->bytes}, *end[2] = {at[0] + a->size, at[1] + b->size};
  const char *value[2];
  size_t length[2];
  for (;;) {
    bool more = data_unipen_next(&at[0], end[0], ".INCLUDE", &value[0], &length[0]);
    if (more != data_unipen_next(&at[1], end[1], ".INCLUDE", &value[1], &length[1])) return false;
    if (!more) return true;
    if (length[0] != length[1] || memcmp(value[0], value[1], length[0]) != 0) return false;
  }
}

static scrawl_status walk_files(walk *w, const data_unipen_file **list, size_t count,
                                base_error *error) {
  for (size_t i = 0; i < count; i++) {
    if (i == 0 || !same_ink(list[i - 1], list[i])) {
      data_unipen_ink_free(&w->ink);
      w->budget = w->files->held;
      w->whole = true;
      BASE_TRY(add_text(w, list[i]->bytes, list[i]->size, 0, error));
    }
    BASE_TRY(take_file(w, list[i], error));
  }
  return SCRAWL_OK;
}

scrawl_status data_unipen_read(const char *path, const char *const *categories,
                               data_unipen_visit *visit, void *argument, data_unipen_counts *counts,
                               base_error *error) {
  *counts = (data_unipen_counts){0};
  data_unipen_files files;
  BASE_TRY(data_unipen_files_open(path, categories, &files, error));
  walk w = {.files = &files, .visit = visit, .argument = argument, .counts = counts};
  const data_unipen_file **list = base_alloc(files.count + 1, sizeof(data_unipen_file *));
  size_t count = 0;
  scrawl_status status = SCRAWL_OK;
  if (list) {
    for (size_t i = 0; i < files.count; i++)
      if (files.files[i].bytes && strncmp(files.files[i].path, "data/", 5) == 0)
        list[count++] = &files.files[i];
    qsort(list, count, sizeof(data_unipen_file *), compare);
    status = walk_files(&w, list, count, error);
  } else {
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the list of files");
  }
  base_free(list);
  data_unipen_ink_free(&w.ink);
  data_unipen_files_free(&files);
  return base_fail_within(error, status, "%s", path);
}
