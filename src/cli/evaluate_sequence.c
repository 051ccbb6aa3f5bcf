/* scrawl evaluate --as digits|grid: a folder whose labels are texts of strings, pages or grids. */
#include "cli/evaluate_sequence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/memory.h"
#include "base/progress.h"
#include "cli/doubt.h"
#include "cli/review.h"
#include "data/file.h"
#include "train/sequence.h"

enum { WINDOW = 64, BATCH = 16, MOST_FILE_BYTES = 64 << 20, MISTAKES_PRINTED = 20 };

/* A picture of a window. */
typedef struct slot {
  char *text; /* NULL: it failed */
  bool doubtful;
  read_result result;
  page_cuts cuts; /* for --review */
  base_error error;
} slot;

typedef struct job {
  const data_manifest_item *items; /* of the window */
  page_options options;
  read_reader **readers; /* one for each worker */
  slot *slots;
  page_review *review; /* NULL: none */
} job;

typedef struct tally {
  train_sequence_score score;
  size_t failed, printed;
  size_t rejected;        /* pictures with a glyph that was */
  size_t accepted_errors; /* of the others */
} tally;

static char *append(char *text, const char *separator, const char *more) {
  char *longer = text && more ? base_format("%s%s%s", text, separator, more) : NULL;
  base_free(text);
  return longer;
}

/* Lines joined by '/', or the rows of a grid with '.' for an empty cell. */
static char *text_of(const read_page *page) {
  char *text = base_strdup("");
  for (size_t l = 0; !page->cells && l < page->line_count; l++)
    text = append(text, l ? "/" : "", page->lines[l].text);
  for (int i = 0; page->cells && i < page->rows * page->columns; i++)
    text = append(text, i && i % page->columns == 0 ? "/" : "",
                  *page->cells[i].text ? page->cells[i].text : ".");
  return text;
}

static bool holds_rejected(const read_page *page) {
  for (size_t l = 0; l < page->line_count; l++)
    for (size_t g = 0; g < page->lines[l].glyph_count; g++)
      if (page->lines[l].glyphs[g].rejected) return true;
  return false;
}

static void read_item(void *argument, size_t index, size_t worker) {
  job *work = argument;
  slot *item = &work->slots[index];
  base_error *error = &item->error;
  uint8_t *bytes;
  size_t size;
  *item = (slot){0};
  read_result_init(&item->result);
  if (data_file_read(work->items[index].path, MOST_FILE_BYTES, &bytes, &size, error) != SCRAWL_OK)
    return;
  scrawl_status status =
      page_read(bytes, size, &work->options, work->readers[worker], &item->result, error);
  if (status == SCRAWL_OK && work->review)
    status =
        page_cut_doubtful(bytes, size, &work->options.limits, &item->result, &item->cuts, error);
  if (status == SCRAWL_OK) {
    item->doubtful = holds_rejected(&item->result.pages[0]);
    item->text = text_of(&item->result.pages[0]);
    if (!item->text) base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a text");
  }
  base_free(bytes);
}

static scrawl_status count_item(const cli_sequence *what, job *work, size_t index, tally *all,
                                base_error *error) {
  slot *item = &work->slots[index];
  const char *path = work->items[index].path, *label = work->items[index].label;
  const char *text = item->text ? item->text : "";
  bool right = strcmp(label, text) == 0;
  if (!item->text) {
    all->failed++;
    cli_complain(&CLI_EVALUATE, "%s: %s", path, item->error.message);
  }
  all->rejected += item->doubtful;
  all->accepted_errors += !item->doubtful && !right;
  if (!what->json && !right && all->printed++ < MISTAKES_PRINTED)
    printf("%s\t%s\t%s\n", path, label, text);
  BASE_TRY(train_sequence_add(&all->score, label, text, what->mode == PAGE_GRID, error));
  return cli_review_take(work->review, path, &item->cuts, error);
}

/* What was read of the pictures of a window. */
static scrawl_status count_window(const cli_sequence *what, job *work, size_t count, tally *all,
                                  base_error *error) {
  scrawl_status status = SCRAWL_OK;
  for (size_t i = 0; i < count; i++) {
    if (status == SCRAWL_OK) status = count_item(what, work, i, all, error);
    page_cuts_free(&work->slots[i].cuts);
    read_result_free(&work->slots[i].result);
    base_free(work->slots[i].text);
  }
  return status;
}

static scrawl_status read_all(const cli_sequence *what, const data_manifest *manifest, job *work,
                              base_pool *pool, tally *all, base_error *error) {
  base_progress progress;
  base_progress_begin(&progress, stderr, what->json ? BASE_PROGRESS_JSON : BASE_PROGRESS_AUTO,
                      "reading", "pictures", manifest->count);
  scrawl_status status = SCRAWL_OK;
  for (size_t first = 0; status == SCRAWL_OK && first < manifest->count; first += WINDOW) {
    size_t count = manifest->count - first < WINDOW ? manifest->count - first : WINDOW;
    work->items = manifest->items + first;
    base_pool_run(pool, count, read_item, work);
    status = count_window(what, work, count, all, error);
    base_progress_update(&progress, first + count, NULL);
  }
  if (progress.shown) base_progress_end(&progress, NULL);
  return status;
}

static scrawl_status print_json(const cli_sequence *what, const read_model *model, const tally *all,
                                double seconds, base_error *error) {
  const train_sequence_score *s = &all->score;
  json_t *root = json_pack(
      "{s:s,s:s,s:s,s:I,s:I,s:f,s:f,s:f,s:f,s:I,s:I,s:I,s:f}", "model", model->name, "version",
      model->version, "data", what->folder, "n", (json_int_t)s->n, "errors",
      (json_int_t)(s->n - s->exact), "accuracy", train_exact_rate(s), "exact", train_exact_rate(s),
      "cer", train_character_error_rate(s), "wer", train_word_error_rate(s), "rejected",
      (json_int_t)all->rejected, "accepted_errors", (json_int_t)all->accepted_errors, "unread",
      (json_int_t)all->failed, "seconds", seconds);
  int wrong = !root;
  if (root && what->mode == PAGE_GRID) {
    wrong |= json_object_set_new(root, "cells", json_integer((json_int_t)s->cells));
    wrong |= json_object_set_new(root, "cell_accuracy", json_real(train_cell_accuracy(s)));
  }
  char *text = wrong ? NULL : json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9));
  json_decref(root);
  if (!text) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the result");
  puts(text);
  free(text);
  return SCRAWL_OK;
}

static void print_text(const cli_sequence *what, const tally *all) {
  const train_sequence_score *s = &all->score;
  printf("%s on %s: %zu pictures, %zu read exactly (%.2f %%)\n", what->model_name, what->folder,
         s->n, s->exact, 100 * train_exact_rate(s));
  if (all->failed) printf("%zu of them could not be read and count as errors\n", all->failed);
  if (all->rejected)
    printf("in %zu of them a glyph is rejected; of the other %zu %zu are wrong\n", all->rejected,
           s->n - all->rejected, all->accepted_errors);
  printf("character error rate %.2f %%, word error rate %.2f %%\n",
         100 * train_character_error_rate(s), 100 * train_word_error_rate(s));
  if (what->mode == PAGE_GRID)
    printf("%zu of %zu cells right (%.2f %%)\n", s->cells_right, s->cells,
           100 * train_cell_accuracy(s));
}

static scrawl_status make_readers(const cli_sequence *what, const read_model *model, job *work,
                                  size_t count, base_error *error) {
  for (size_t i = 0; i < count; i++) {
    BASE_TRY(read_reader_create(model, BATCH, NULL, &work->readers[i], error));
    BASE_TRY(cli_take_max_error(what->max_error, work->readers[i], error));
  }
  return page_allow(&work->options, work->readers[0], error);
}

static scrawl_status evaluate(const cli_sequence *what, const read_model *model,
                              const data_manifest *manifest, base_pool *pool, tally *all,
                              base_error *error) {
  size_t threads = base_pool_threads(pool);
  job work = {.options = {.mode = what->mode, .alphabet = what->alphabet}};
  double begun = base_clock();
  work.readers = base_alloc_zero(threads, sizeof(read_reader *));
  work.slots = base_alloc_zero(WINDOW, sizeof *work.slots);
  scrawl_status status =
      work.readers && work.slots
          ? make_readers(what, model, &work, threads, error)
          : base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the evaluation");
  if (status == SCRAWL_OK && what->review)
    status = page_review_begin(what->review, &work.review, error);
  if (status == SCRAWL_OK) status = read_all(what, manifest, &work, pool, all, error);
  for (size_t i = 0; work.readers && i < threads; i++) read_reader_free(work.readers[i]);
  base_free(work.readers);
  base_free(work.slots);
  if (status != SCRAWL_OK) {
    page_review_free(work.review);
    return status;
  }
  BASE_TRY(cli_review_end(&CLI_EVALUATE, what->review, work.review, error));
  if (what->json) return print_json(what, model, all, base_clock() - begun, error);
  print_text(what, all);
  return SCRAWL_OK;
}

scrawl_status cli_evaluate_sequence(const cli_sequence *what, const read_model *model,
                                    size_t *failed, base_error *error) {
  data_manifest manifest;
  tally all = {0};
  *failed = 0;
  if (!data_is_folder(what->folder))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "%s is no folder with manifest.tsv; lines and grids are read from pictures",
                     what->folder);
  BASE_TRY(data_manifest_open(what->folder, &manifest, error));
  base_pool *pool = base_pool_create((size_t)what->threads);
  scrawl_status status =
      pool ? evaluate(what, model, &manifest, pool, &all, error)
           : base_fail(error, SCRAWL_OUT_OF_MEMORY, "the threads cannot be started");
  *failed = all.failed;
  base_pool_free(pool);
  data_manifest_free(&manifest);
  return status;
}
