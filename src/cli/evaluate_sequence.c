/* scrawl evaluate --as digits|grid: a folder whose labels are texts of strings, pages or grids. */
#include "cli/evaluate_sequence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/memory.h"
#include "base/progress.h"
#include "data/file.h"
#include "train/sequence.h"

enum { WINDOW = 64, BATCH = 16, MOST_FILE_BYTES = 64 << 20, MISTAKES_PRINTED = 20 };

typedef struct job {
  const data_manifest_item *items;
  page_options options;
  read_reader **readers; /* one for each worker */
  char **texts;          /* of each picture of the window; NULL: it failed */
  base_error *errors;
} job;

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

static void read_item(void *argument, size_t index, size_t worker) {
  job *work = argument;
  base_error *error = &work->errors[index];
  uint8_t *bytes;
  size_t size;
  read_result result;
  *error = (base_error){0};
  work->texts[index] = NULL;
  if (data_file_read(work->items[index].path, MOST_FILE_BYTES, &bytes, &size, error) != SCRAWL_OK)
    return;
  if (page_read(bytes, size, &work->options, work->readers[worker], &result, error) == SCRAWL_OK) {
    work->texts[index] = text_of(&result.pages[0]);
    if (!work->texts[index]) base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a text");
  }
  read_result_free(&result);
  base_free(bytes);
}

/* What was read of the pictures of a window. */
static scrawl_status count_window(const cli_sequence *what, job *work, size_t count,
                                  train_sequence_score *score, size_t *printed, size_t *failed,
                                  base_error *error) {
  scrawl_status status = SCRAWL_OK;
  for (size_t i = 0; i < count; i++) {
    const char *label = work->items[i].label, *text = work->texts[i];
    if (!text) {
      ++*failed;
      cli_complain(&CLI_EVALUATE, "%s: %s", work->items[i].path, work->errors[i].message);
    }
    if (status == SCRAWL_OK)
      status = train_sequence_add(score, label, text ? text : "", what->mode == PAGE_GRID, error);
    if (!what->json && strcmp(label, text ? text : "") != 0 && (*printed)++ < MISTAKES_PRINTED)
      printf("%s\t%s\t%s\n", work->items[i].path, label, text ? text : "");
    base_free(work->texts[i]);
  }
  return status;
}

static scrawl_status read_all(const cli_sequence *what, const data_manifest *manifest, job *work,
                              base_pool *pool, train_sequence_score *score, size_t *failed,
                              base_error *error) {
  base_progress progress;
  size_t printed = 0;
  base_progress_begin(&progress, stderr, what->json ? BASE_PROGRESS_JSON : BASE_PROGRESS_AUTO,
                      "reading", "pictures", manifest->count);
  scrawl_status status = SCRAWL_OK;
  for (size_t first = 0; status == SCRAWL_OK && first < manifest->count; first += WINDOW) {
    size_t count = manifest->count - first < WINDOW ? manifest->count - first : WINDOW;
    work->items = manifest->items + first;
    base_pool_run(pool, count, read_item, work);
    status = count_window(what, work, count, score, &printed, failed, error);
    base_progress_update(&progress, first + count, NULL);
  }
  if (progress.shown) base_progress_end(&progress, NULL);
  return status;
}

static scrawl_status print_json(const cli_sequence *what, const read_model *model,
                                const train_sequence_score *s, size_t failed, double seconds,
                                base_error *error) {
  json_t *root =
      json_pack("{s:s,s:s,s:s,s:I,s:I,s:f,s:f,s:f,s:f,s:I,s:f}", "model", model->name, "version",
                model->version, "data", what->folder, "n", (json_int_t)s->n, "errors",
                (json_int_t)(s->n - s->exact), "accuracy", train_exact_rate(s), "exact",
                train_exact_rate(s), "cer", train_character_error_rate(s), "wer",
                train_word_error_rate(s), "unread", (json_int_t)failed, "seconds", seconds);
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

static void print_text(const cli_sequence *what, const train_sequence_score *s, size_t failed) {
  printf("%s on %s: %zu pictures, %zu read exactly (%.2f %%)\n", what->model_name, what->folder,
         s->n, s->exact, 100 * train_exact_rate(s));
  if (failed) printf("%zu of them could not be read and count as errors\n", failed);
  printf("character error rate %.2f %%, word error rate %.2f %%\n",
         100 * train_character_error_rate(s), 100 * train_word_error_rate(s));
  if (what->mode == PAGE_GRID)
    printf("%zu of %zu cells right (%.2f %%)\n", s->cells_right, s->cells,
           100 * train_cell_accuracy(s));
}

static scrawl_status evaluate(const cli_sequence *what, const read_model *model,
                              const data_manifest *manifest, base_pool *pool, size_t *failed,
                              base_error *error) {
  size_t threads = base_pool_threads(pool);
  job work = {.options = {.mode = what->mode, .alphabet = what->alphabet}};
  train_sequence_score score = {0};
  double begun = base_clock();
  work.readers = base_alloc_zero(threads, sizeof(read_reader *));
  work.texts = base_alloc(WINDOW, sizeof *work.texts);
  work.errors = base_alloc(WINDOW, sizeof *work.errors);
  scrawl_status status = SCRAWL_OK;
  if (!work.readers || !work.texts || !work.errors)
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the evaluation");
  for (size_t i = 0; status == SCRAWL_OK && i < threads; i++)
    status = read_reader_create(model, BATCH, NULL, &work.readers[i], error);
  if (status == SCRAWL_OK) status = page_allow(&work.options, work.readers[0], error);
  if (status == SCRAWL_OK) status = read_all(what, manifest, &work, pool, &score, failed, error);
  for (size_t i = 0; work.readers && i < threads; i++) read_reader_free(work.readers[i]);
  base_free(work.readers);
  base_free(work.texts);
  base_free(work.errors);
  if (status != SCRAWL_OK) return status;
  if (what->json) return print_json(what, model, &score, *failed, base_clock() - begun, error);
  print_text(what, &score, *failed);
  return SCRAWL_OK;
}

scrawl_status cli_evaluate_sequence(const cli_sequence *what, const read_model *model,
                                    size_t *failed, base_error *error) {
  data_manifest manifest;
  *failed = 0;
  if (!data_is_folder(what->folder))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "%s is no folder with manifest.tsv; lines and grids are read from pictures",
                     what->folder);
  BASE_TRY(data_manifest_open(what->folder, &manifest, error));
  base_pool *pool = base_pool_create((size_t)what->threads);
  scrawl_status status =
      pool ? evaluate(what, model, &manifest, pool, failed, error)
           : base_fail(error, SCRAWL_OUT_OF_MEMORY, "the threads cannot be started");
  base_pool_free(pool);
  data_manifest_free(&manifest);
  return status;
}
