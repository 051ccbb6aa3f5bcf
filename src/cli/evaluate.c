/* scrawl evaluate: how good a model is on a data set, in text, JSON and as a page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/memory.h"
#include "base/progress.h"
#include "cli/noise.h"
#include "cli/open.h"
#include "cli/report.h"
#include "train/train.h"

enum { READ_BATCH = 64, MOST_CLASSES_PRINTED = 26 };

static struct {
  const char *model, *data, *part, *as, *alphabet, *noise, *report;
  int threads;
  uint64_t seed;
  bool json;
} given = {.model = "digits", .part = "test", .as = "auto", .seed = 1};

static const cli_option OPTIONS[] = {
    {"model", 'm', CLI_TEXT, "NAME|FILE", "The model; digits.", &given.model},
    {"data", 'd', CLI_TEXT, "NAME|PATH",
     "A known set, a pair of IDX files \"images,labels\", a folder with manifest.tsv, whose "
     "pictures go through the whole reading pipeline, or several of these joined by +.",
     &given.data},
    {"part", 0, CLI_TEXT, "test|train", "Which part of a known set; test.", &given.part},
    {"as", 0, CLI_TEXT, "auto|digit|glyph",
     "digit: only digits can be read, the same as --alphabet 0123456789.", &given.as},
    {"alphabet", 0, CLI_TEXT, "SET",
     "Only these signs can be read; pictures of other signs are left out and counted.",
     &given.alphabet},
    {"noise", 0, CLI_TEXT, "KIND[:AMOUNT],...|all",
     "Damage the pictures before they are read. Several kinds make a table, beside the undamaged "
     "set. See above.",
     &given.noise},
    {"seed", 0, CLI_SEED, "N", "For the noise; 1.", &given.seed},
    {"threads", 't', CLI_COUNT, "N", "Threads to use; 0, the default, is one for each core.",
     &given.threads},
    {"json", 0, CLI_FLAG, NULL, "One object of JSON.", &given.json},
    {"report", 0, CLI_TEXT, "FILE.html", "Write a page with curves, scores and mistakes.",
     &given.report},
    {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
};

static cli_noises noises;

/* The pictures that count, as the network saw them, and what it said. */
typedef struct evaluation {
  const read_model *model;
  base_arena arena;
  /* of the classes: those of the model that may be read, then those it cannot know */
  const char **signs;
  int classes;
  int *column;     /* of each class of the model; -1: may not be read */
  size_t count;    /* pictures */
  size_t unread;   /* that gave no glyph */
  size_t left_out; /* not in --alphabet */
  uint8_t *pixels;
  uint16_t *labels;
  float *probabilities;
  double seconds; /* of reading */
  train_metrics metrics;
} evaluation;

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the evaluation");
}

static bool contains(const char *const *signs, size_t count, const char *sign) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(signs[i], sign) == 0) return true;
  return false;
}

/* The signs that may be read; NULL: all that the model knows. */
static const char *wanted_signs(void) {
  if (given.alphabet) return given.alphabet;
  return strcmp(given.as, "digit") == 0 ? READ_DIGITS : NULL;
}

/* The classes, and for each class of the data its place among them; -1: left out. */
static scrawl_status make_classes(evaluation *e, const data_set *set, int *place,
                                  base_error *error) {
  const char *alphabet = wanted_signs(), **wanted = NULL, **data_signs;
  size_t wanted_count = 0, data_count;
  if (alphabet) BASE_TRY(cli_split_signs(alphabet, &e->arena, &wanted, &wanted_count, error));
  BASE_TRY(cli_split_signs(set->alphabet, &e->arena, &data_signs, &data_count, error));
  size_t most = (size_t)e->model->classes + data_count;
  e->signs = base_arena_alloc(&e->arena, most, sizeof *e->signs);
  e->column = base_arena_alloc(&e->arena, (size_t)e->model->classes, sizeof *e->column);
  if (!e->signs || !e->column) return no_memory(error);
  for (int c = 0; c < e->model->classes; c++) {
    const char *sign = e->model->alphabet[c];
    bool readable = !alphabet || contains(wanted, wanted_count, sign);
    e->column[c] = readable ? e->classes : -1;
    if (readable) e->signs[e->classes++] = sign;
  }
  int known = 0;
  for (size_t d = 0; d < data_count; d++) {
    place[d] = -1;
    for (int c = 0; c < e->classes && place[d] < 0; c++)
      if (strcmp(e->signs[c], data_signs[d]) == 0) place[d] = c;
    known += place[d] >= 0;
    if (place[d] >= 0 || (alphabet && !contains(wanted, wanted_count, data_signs[d]))) continue;
    place[d] = e->classes;
    e->signs[e->classes++] = data_signs[d];
  }
  if (known == 0)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "the model knows none of the signs of %s, \"%s\"", set->name, set->alphabet);
  return SCRAWL_OK;
}

static scrawl_status take_pictures(evaluation *e, const data_set *set, base_error *error) {
  if (set->width != INK_GLYPH_SIDE || set->height != INK_GLYPH_SIDE)
    return base_fail(error, SCRAWL_UNSUPPORTED,
                     "the pictures of %s are %d x %d; models read glyphs of %d x %d", set->name,
                     set->width, set->height, INK_GLYPH_SIDE, INK_GLYPH_SIDE);
  int *place = base_arena_alloc(&e->arena, (size_t)set->classes, sizeof *place);
  if (!place) return no_memory(error);
  BASE_TRY(make_classes(e, set, place, error));
  e->pixels = base_alloc(set->count, INK_GLYPH_PIXELS);
  e->labels = base_alloc(set->count, sizeof *e->labels);
  e->probabilities = base_alloc_zero(set->count, (size_t)e->classes * sizeof(float));
  if (!e->pixels || !e->labels || !e->probabilities) return no_memory(error);
  for (size_t i = 0; i < set->count; i++) {
    int label = place[set->labels[i]];
    if (label < 0) {
      e->left_out++;
      continue;
    }
    memcpy(e->pixels + e->count * INK_GLYPH_PIXELS, set->pixels + i * INK_GLYPH_PIXELS,
           INK_GLYPH_PIXELS);
    e->labels[e->count++] = (uint16_t)label;
  }
  if (e->count + e->unread == 0)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s has no picture that counts", set->name);
  return SCRAWL_OK;
}

static scrawl_status damage(evaluation *e, ink_noise noise, size_t picture, float *glyph,
                            base_error *error) {
  base_random random = base_random_seed(given.seed);
  BASE_TRY(ink_noise_apply(noise, base_random_split(&random, picture), glyph, error));
  uint8_t *shown = e->pixels + picture * INK_GLYPH_PIXELS;
  for (int p = 0; p < INK_GLYPH_PIXELS; p++) shown[p] = (uint8_t)(255 * glyph[p] + 0.5f);
  return SCRAWL_OK;
}

static scrawl_status read_pictures(evaluation *e, ink_noise noise, read_reader *reader,
                                   base_error *error) {
  size_t model_classes = (size_t)e->model->classes;
  float *glyphs = base_arena_alloc(&e->arena, READ_BATCH * INK_GLYPH_PIXELS, sizeof *glyphs);
  float *rows = base_arena_alloc(&e->arena, READ_BATCH * model_classes, sizeof *rows);
  if (!glyphs || !rows) return no_memory(error);
  base_progress progress;
  base_progress_begin(&progress, stderr, given.json ? BASE_PROGRESS_JSON : BASE_PROGRESS_AUTO,
                      "reading", "pictures", e->count);
  for (size_t first = 0; first < e->count; first += READ_BATCH) {
    size_t count = e->count - first < READ_BATCH ? e->count - first : READ_BATCH;
    const uint8_t *from = e->pixels + first * INK_GLYPH_PIXELS;
    for (size_t i = 0; i < count * INK_GLYPH_PIXELS; i++) glyphs[i] = (float)from[i] / 255;
    for (size_t i = 0; noise.kind && i < count; i++)
      BASE_TRY(damage(e, noise, first + i, glyphs + i * INK_GLYPH_PIXELS, error));
    double begun = base_clock();
    read_glyph_probabilities_float(reader, glyphs, (int)count, rows);
    e->seconds += base_clock() - begun;
    for (size_t i = 0; i < count; i++)
      for (size_t c = 0; c < model_classes; c++)
        if (e->column[c] >= 0)
          e->probabilities[(first + i) * (size_t)e->classes + (size_t)e->column[c]] =
              rows[i * model_classes + c];
    base_progress_update(&progress, first + count, NULL);
  }
  if (progress.shown) base_progress_end(&progress, NULL);
  return train_metrics_compute(e->probabilities, e->labels, e->count, e->classes, e->unread,
                               &e->metrics, error);
}

/* A row for the pictures damaged in one way; the evaluation stays as it is. */
static scrawl_status measure_noise(const evaluation *e, ink_noise noise, read_reader *reader,
                                   train_noise_row *row, base_error *error) {
  evaluation damaged = *e;
  base_arena_init(&damaged.arena, 65536);
  damaged.pixels = base_alloc(e->count, INK_GLYPH_PIXELS);
  damaged.probabilities = base_alloc_zero(e->count, (size_t)e->classes * sizeof(float));
  scrawl_status status;
  if (damaged.pixels && damaged.probabilities) {
    memcpy(damaged.pixels, e->pixels, e->count * INK_GLYPH_PIXELS);
    status = read_pictures(&damaged, noise, reader, error);
  } else {
    status = no_memory(error);
  }
  if (status == SCRAWL_OK) *row = train_noise_row_of(noise, &damaged.metrics);
  train_metrics_free(&damaged.metrics);
  base_free(damaged.pixels);
  base_free(damaged.probabilities);
  base_arena_free(&damaged.arena);
  return status;
}

/* What is measured is damaged by a single kind; several fill a table beside the undamaged set. */
static scrawl_status measure(evaluation *e, read_reader *reader, base_error *error) {
  const ink_noise none = {0};
  bool several = noises.count > 1;
  for (size_t i = 0; several && i < noises.count; i++)
    BASE_TRY(measure_noise(e, noises.items[i], reader, &noises.rows[i + 1], error));
  BASE_TRY(read_pictures(e, several ? none : noises.items[0], reader, error));
  noises.rows[several ? 0 : 1] = train_noise_row_of(several ? none : noises.items[0], &e->metrics);
  return SCRAWL_OK;
}

/* ---- results ---- */

static double speed_of(const evaluation *e) {
  return e->seconds > 0 ? (double)e->count / e->seconds : 0;
}

static json_t *class_to_json(const evaluation *e, int index) {
  const train_class_metrics *m = &e->metrics.of_class[index];
  return json_pack("{s:s,s:I,s:I,s:I,s:f,s:f,s:f,s:f}", "sign", e->signs[index], "support",
                   (json_int_t)m->support, "predicted", (json_int_t)m->predicted, "right",
                   (json_int_t)m->right, "precision", m->precision, "recall", m->recall,
                   "specificity", m->specificity, "f1", m->f1);
}

static scrawl_status print_json(const evaluation *e, const data_set *set, base_error *error) {
  const train_metrics *m = &e->metrics;
  json_t *classes = json_array(), *confusion = json_array();
  int failed = 0;
  for (int t = 0; t < m->classes; t++) {
    json_t *row = json_array();
    for (int p = 0; p < m->classes; p++)
      failed |= json_array_append_new(
          row, json_integer((json_int_t)m->confusion[(size_t)t * (size_t)m->classes + (size_t)p]));
    failed |= json_array_append_new(confusion, row);
    failed |= json_array_append_new(classes, class_to_json(e, t));
  }
  json_t *root =
      json_pack("{s:s,s:s,s:s,s:I,s:I,s:f,s:f,s:f,s:i,s:f,s:f,s:f,s:f,s:I,s:I,s:f,s:f,s:o,s:o}",
                "model", e->model->name, "version", e->model->version, "data", set->name, "n",
                (json_int_t)m->n, "errors", (json_int_t)m->errors, "accuracy", m->accuracy, "loss",
                m->loss, "ece", m->ece, "ece_bins", TRAIN_BINS, "precision", m->precision, "recall",
                m->recall, "specificity", m->specificity, "f1", m->f1, "unread",
                (json_int_t)m->unread, "left_out", (json_int_t)e->left_out, "seconds", e->seconds,
                "pictures_per_second", speed_of(e), "classes", classes, "confusion", confusion);
  if (noises.count) failed |= json_object_set_new(root, "noise", cli_noises_to_json(&noises));
  char *text = root && !failed ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
  json_decref(root);
  if (!text) return no_memory(error);
  puts(text);
  free(text);
  return SCRAWL_OK;
}

static void print_confusion(const evaluation *e) {
  const train_metrics *m = &e->metrics;
  printf("\nrows: written, columns: read\n     ");
  for (int c = 0; c < m->classes; c++) printf(" %5s", e->signs[c]);
  for (int t = 0; t < m->classes; t++) {
    printf("\n%5s", e->signs[t]);
    for (int p = 0; p < m->classes; p++) {
      size_t count = m->confusion[(size_t)t * (size_t)m->classes + (size_t)p];
      if (count)
        printf(" %5zu", count);
      else
        printf(" %5s", ".");
    }
  }
  printf("\n");
}

static void print_text(const evaluation *e, const data_set *set) {
  const train_metrics *m = &e->metrics;
  printf("%s on %s%s%s: %zu pictures, %zu errors, accuracy %.2f %%\n", given.model, set->name,
         noises.count == 1 ? " damaged by " : "", noises.count == 1 ? given.noise : "", m->n,
         m->errors, 100 * m->accuracy);
  if (m->unread) printf("%zu of them gave no glyph and count as errors\n", m->unread);
  if (e->left_out) printf("%zu pictures of other signs were left out\n", e->left_out);
  cli_print_remarks(stdout, set);
  printf("loss %.4f, expected calibration error %.4f (%d equal bins), %.0f pictures/s\n\n", m->loss,
         m->ece, TRAIN_BINS, speed_of(e));
  printf("%5s %9s %9s %9s %11s %9s\n", "sign", "pictures", "precision", "recall", "specificity",
         "F1");
  for (int c = 0; c < m->classes; c++) {
    const train_class_metrics *of = &m->of_class[c];
    if (of->seen)
      printf("%5s %9zu %9.4f %9.4f %11.4f %9.4f\n", e->signs[c], of->support, of->precision,
             of->recall, of->specificity, of->f1);
  }
  printf("%5s %9s %9.4f %9.4f %11.4f %9.4f\n", "mean", "", m->precision, m->recall, m->specificity,
         m->f1);
  if (m->classes <= MOST_CLASSES_PRINTED) print_confusion(e);
  cli_noises_print(&noises);
}

static scrawl_status write_report(const evaluation *e, const data_set *set, base_error *error) {
  char title[256], noise[80] = "", speed[48];
  snprintf(title, sizeof title, "%s on %s", *e->model->name ? e->model->name : given.model,
           set->name);
  if (noises.count == 1) snprintf(noise, sizeof noise, " damaged by %s", given.noise);
  snprintf(speed, sizeof speed, "%.0f pictures/s", speed_of(e));
  char *subtitle = base_format("What the model read of %zu pictures%s.", e->metrics.n, noise);
  if (!subtitle) return no_memory(error);
  const char *history_text = nn_metadata_get(&e->model->metadata, TRAIN_KEY_HISTORY);
  train_history history = {0};
  base_error fault = {0};
  if (history_text && train_history_from_json(history_text, &history, &fault) != SCRAWL_OK)
    cli_complain(&CLI_EVALUATE, "%s; the report goes without curves", fault.message);
  const train_fact facts[] = {{"evaluated on", set->name}, {"reading speed", speed}};
  const train_report report = {
      .title = title,
      .subtitle = subtitle,
      .facts = facts,
      .fact_count = 2,
      .history = &history,
      .metrics = &e->metrics,
      .signs = e->signs,
      .noise = noises.rows,
      .noise_count = noises.count > 1 ? noises.count + 1 : 0,
      .count = e->count,
      .width = INK_GLYPH_SIDE,
      .height = INK_GLYPH_SIDE,
      .pixels = e->pixels,
      .labels = e->labels,
      .probabilities = e->probabilities,
  };
  scrawl_status status = cli_write_report(given.report, &report, &e->model->metadata, error);
  train_history_free(&history);
  base_free(subtitle);
  return status;
}

/* ---- the command ---- */

static scrawl_status evaluate(evaluation *e, const data_set *set, base_error *error) {
  base_pool *pool = base_pool_create((size_t)given.threads);
  if (!pool) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "the threads cannot be started");
  read_reader *reader;
  scrawl_status status = read_reader_create(e->model, READ_BATCH, pool, &reader, error);
  if (status == SCRAWL_OK)
    status = read_reader_allow(reader, wanted_signs(), given.alphabet != NULL, error);
  if (status == SCRAWL_OK) status = take_pictures(e, set, error);
  if (status == SCRAWL_OK) status = measure(e, reader, error);
  read_reader_free(reader);
  base_pool_free(pool);
  if (status == SCRAWL_OK && given.report) status = write_report(e, set, error);
  if (status != SCRAWL_OK) return status;
  if (given.json) return print_json(e, set, error);
  print_text(e, set);
  return SCRAWL_OK;
}

static scrawl_status open_and_evaluate(size_t *failed, base_error *error) {
  BASE_TRY(cli_noises_parse(given.noise, &noises, error));
  if (given.report) BASE_TRY(cli_check_writable(given.report, error));
  read_model *model;
  BASE_TRY(cli_open_model(given.model, &model, error));
  data_set set;
  data_part part = strcmp(given.part, "train") == 0 ? DATA_TRAIN : DATA_TEST;
  scrawl_status status = cli_open_data(&CLI_EVALUATE, given.data, part, &set, failed, error);
  if (status == SCRAWL_OK) {
    evaluation e = {.model = model, .unread = *failed};
    base_arena_init(&e.arena, 65536);
    status = evaluate(&e, &set, error);
    train_metrics_free(&e.metrics);
    base_free(e.pixels);
    base_free(e.labels);
    base_free(e.probabilities);
    base_arena_free(&e.arena);
  }
  data_set_free(&set);
  read_model_free(model);
  return status;
}

static int run(int argc, char **argv) {
  int operands;
  int exit_code = cli_parse(&CLI_EVALUATE, OPTIONS, argc, argv, &operands);
  if (exit_code >= 0) return exit_code;
  if (!given.data) {
    cli_complain(&CLI_EVALUATE, "--data is missing; see scrawl help evaluate");
    return CLI_USAGE;
  }
  if (operands < argc) {
    cli_complain(&CLI_EVALUATE, "there is nothing to do with \"%s\"; see scrawl help evaluate",
                 argv[operands]);
    return CLI_USAGE;
  }
  base_error error = {0};
  size_t failed = 0;
  scrawl_status status = open_and_evaluate(&failed, &error);
  if (status != SCRAWL_OK) cli_complain(&CLI_EVALUATE, "%s", error.message);
  if (status == SCRAWL_INVALID_ARGUMENT) return CLI_USAGE;
  return status != SCRAWL_OK || failed ? CLI_FAILED : CLI_DONE;
}

const cli_command CLI_EVALUATE = {
    "evaluate",
    "--data NAME|PATH [--model NAME|FILE]",
    "measure how good a model is",
    "Reads every picture of a data set and compares with its label: accuracy, loss, the confusion "
    "matrix, and precision, recall (sensitivity), specificity and F1 of each sign with their means "
    "over the signs that occur. The expected calibration error says how far confidence and "
    "accuracy "
    "lie apart, over 15 equally wide bins of confidence. Pictures that cannot be decoded or are "
    "blank count as errors.\n\n"
    "  scrawl evaluate --data mnist\n"
    "  scrawl evaluate --model digits.onnx --data folder/ --json\n"
    "  scrawl evaluate --data mnist --noise awgn:0.5 --report noisy.html\n"
    "  scrawl evaluate --data mnist --noise all\n\n"
    "--noise takes one or more of these, in pixels from 0 to 1, with an amount after a colon or "
    "the "
    "one given here: awgn:0.5 (white Gaussian noise of this deviation, clipped), blur:1 (Gaussian, "
    "deviation in pixels); as in n-MNIST n-mnist-awgn:9.5 (noise at a signal-to-noise ratio in dB, "
    "of a signal of power 1), motion:5 (pixels, at 15 degrees), contrast+awgn:12 (contrast halved, "
    "noise in dB); as in MNIST-C shot:3 (photons), impulse:0.17 (share), glass-blur:0.7, "
    "motion-blur:3, shear:0.4, scale:0.7, rotate:0.4 (radians), brightness:0.5, translate:3 "
    "(pixels), stripe, fog:3, spatter, dotted-line, zigzag, canny-edges:1. With one kind all "
    "figures are those of the damaged pictures; several, or all, add a table.",
    run,
};
