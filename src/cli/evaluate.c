/* scrawl evaluate: how good a model is on a data set, in text, JSON and as a page. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/progress.h"
#include "cli/doubt.h"
#include "cli/evaluate_sequence.h"
#include "cli/open.h"
#include "cli/report.h"
#include "cli/review.h"
#include "cli/scores.h"
#include "data/alphabet.h"

enum { READ_BATCH = 64 };

static struct {
  const char *model, *data, *part, *as, *alphabet, *noise, *report, *review;
  int threads;
  uint64_t seed;
  double max_error;
  bool json;
} given = {.model = "digits", .part = "test", .as = "auto", .seed = 1, .max_error = NAN};

static const cli_option OPTIONS[] = {
    {"model", 'm', CLI_TEXT, "NAME|FILE", "The model; digits.", &given.model},
    {"data", 'd', CLI_TEXT, "NAME|PATH",
     "A known set, a pair of IDX files \"images,labels\", a folder with manifest.tsv, whose "
     "pictures go through the whole reading pipeline, or several of these joined by +.",
     &given.data},
    {"part", 0, CLI_TEXT, "test|train", "Which part of a known set; test.", &given.part},
    {"as", 0, CLI_TEXT, "auto|digit|digits|grid|glyph",
     "digit: only digits can be read, the same as --alphabet 0-9. digits and grid: the "
     "labels of the folder are texts of strings, pages or grids.",
     &given.as},
    {"alphabet", 0, CLI_TEXT, "SET",
     "Only these signs can be read, such as 0-9; pictures of other signs are left out and counted.",
     &given.alphabet},
    {"max-error", 0, CLI_NUMBER, "RATE",
     "Reject what is less confident than readings of which at most this share was wrong on the "
     "validation pictures, such as 0.001; without it the model's own threshold holds.",
     &given.max_error},
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
    {"review", 0, CLI_TEXT, "DIR",
     "Write the pictures that were rejected into this folder, with their labels in manifest.tsv "
     "and all candidates in review.tsv; of lines and grids the glyphs, with the best guesses.",
     &given.review},
    {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
};

static cli_noises noises;

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

/* Where a picture of the data goes: to a class, to a stranger (counted down from FIRST_STRANGER),
 * or nowhere. */
enum { LEFT_OUT = -1, FIRST_STRANGER = -2 };

/* The classes: the model's signs that may be read. */
static scrawl_status make_classes(cli_scores *e, const char *const *wanted, size_t wanted_count,
                                  base_error *error) {
  e->signs = base_arena_alloc(&e->arena, (size_t)e->model->classes, sizeof *e->signs);
  e->column = base_arena_alloc(&e->arena, (size_t)e->model->classes, sizeof *e->column);
  if (!e->signs || !e->column) return no_memory(error);
  for (int c = 0; c < e->model->classes; c++) {
    const char *sign = e->model->alphabet[c];
    bool readable = c != e->model->none && (!wanted || contains(wanted, wanted_count, sign));
    e->column[c] = readable ? e->classes : -1;
    if (readable) e->signs[e->classes++] = sign;
  }
  return SCRAWL_OK;
}

static bool model_reads(const read_model *model, const char *sign) {
  for (int c = 0; c < model->classes; c++)
    if (c != model->none && strcmp(model->alphabet[c], sign) == 0) return true;
  return false;
}

/* For each class of the data its place. Signs that the model could read but may not are left out;
 * those that it cannot are strangers. */
static scrawl_status place_signs(cli_scores *e, int *place, base_error *error) {
  const char *alphabet = wanted_signs(), **wanted = NULL, **data_signs;
  size_t wanted_count = 0, data_count;
  if (alphabet) BASE_TRY(cli_split_signs(alphabet, &e->arena, &wanted, &wanted_count, error));
  BASE_TRY(make_classes(e, wanted, wanted_count, error));
  BASE_TRY(cli_split_signs(e->set->alphabet, &e->arena, &data_signs, &data_count, error));
  e->strangers = base_arena_alloc(&e->arena, data_count, sizeof *e->strangers);
  if (!e->strangers) return no_memory(error);
  for (size_t d = 0; d < data_count; d++) {
    place[d] = LEFT_OUT;
    for (int c = 0; c < e->classes && place[d] < 0; c++)
      if (strcmp(e->signs[c], data_signs[d]) == 0) place[d] = c;
    if (place[d] >= 0 || model_reads(e->model, data_signs[d])) continue;
    place[d] = FIRST_STRANGER - (int)e->stranger_count;
    e->strangers[e->stranger_count++] = (train_stranger){.sign = data_signs[d]};
  }
  return SCRAWL_OK;
}

static void take_picture(cli_scores *e, size_t picture, int label) {
  memcpy(e->pixels + e->total * INK_GLYPH_PIXELS, e->set->pixels + picture * INK_GLYPH_PIXELS,
         INK_GLYPH_PIXELS);
  e->labels[e->total++] = (uint16_t)label;
}

static scrawl_status take_pictures(cli_scores *e, base_error *error) {
  const data_set *set = e->set;
  if (set->width != INK_GLYPH_SIDE || set->height != INK_GLYPH_SIDE)
    return base_fail(error, SCRAWL_UNSUPPORTED,
                     "the pictures of %s are %d x %d; models read glyphs of %d x %d", set->name,
                     set->width, set->height, INK_GLYPH_SIDE, INK_GLYPH_SIDE);
  int *place = base_arena_alloc(&e->arena, (size_t)set->classes, sizeof *place);
  if (!place) return no_memory(error);
  BASE_TRY(place_signs(e, place, error));
  e->pixels = base_alloc(set->count, INK_GLYPH_PIXELS);
  e->labels = base_alloc(set->count, sizeof *e->labels);
  e->probabilities = base_alloc_zero(set->count, (size_t)e->classes * sizeof(float));
  if (!e->pixels || !e->labels || !e->probabilities) return no_memory(error);
  for (size_t i = 0; i < set->count; i++) {
    if (place[set->labels[i]] >= 0) take_picture(e, i, place[set->labels[i]]);
    e->left_out += place[set->labels[i]] == LEFT_OUT;
  }
  e->count = e->total;
  for (size_t i = 0; i < set->count; i++)
    if (place[set->labels[i]] <= FIRST_STRANGER)
      take_picture(e, i, FIRST_STRANGER - place[set->labels[i]]);
  if (e->total + e->unread == 0)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s has no picture that counts", set->name);
  return SCRAWL_OK;
}

static scrawl_status damage(cli_scores *e, ink_noise noise, size_t picture, float *glyph,
                            base_error *error) {
  base_random random = base_random_seed(given.seed);
  BASE_TRY(ink_noise_apply(noise, base_random_split(&random, picture), glyph, error));
  uint8_t *shown = e->pixels + picture * INK_GLYPH_PIXELS;
  for (int p = 0; p < INK_GLYPH_PIXELS; p++) shown[p] = (uint8_t)(255 * glyph[p] + 0.5f);
  return SCRAWL_OK;
}

/* The rows of all pictures. */
static scrawl_status read_pictures(cli_scores *e, ink_noise noise, read_reader *reader,
                                   base_error *error) {
  size_t model_classes = (size_t)e->model->classes;
  float *glyphs = base_arena_alloc(&e->arena, READ_BATCH * INK_GLYPH_PIXELS, sizeof *glyphs);
  float *rows = base_arena_alloc(&e->arena, READ_BATCH * model_classes, sizeof *rows);
  if (!glyphs || !rows) return no_memory(error);
  base_progress progress;
  base_progress_begin(&progress, stderr, given.json ? BASE_PROGRESS_JSON : BASE_PROGRESS_AUTO,
                      "reading", "pictures", e->total);
  for (size_t first = 0; first < e->total; first += READ_BATCH) {
    size_t count = e->total - first < READ_BATCH ? e->total - first : READ_BATCH;
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
  return SCRAWL_OK;
}

/* A stranger should be rejected; a blank picture is, before a network sees it. */
static scrawl_status count_strangers(cli_scores *e, base_error *error) {
  static const uint8_t blank[INK_GLYPH_PIXELS];
  size_t rows = (size_t)e->classes * e->stranger_count;
  size_t *taken = base_arena_alloc(&e->arena, rows + 1, sizeof *taken);
  if (!taken) return no_memory(error);
  memset(taken, 0, rows * sizeof *taken);
  for (size_t i = e->count; i < e->total; i++) {
    const float *row = e->probabilities + i * (size_t)e->classes;
    train_stranger *stranger = &e->strangers[e->labels[i]];
    bool rejected = train_rejects(row, e->classes, e->reject_below) ||
                    memcmp(e->pixels + i * INK_GLYPH_PIXELS, blank, sizeof blank) == 0;
    stranger->n++;
    stranger->rejected += rejected;
    if (rejected) continue;
    int class = train_predict(row, e->classes);
    size_t times = ++taken[e->labels[i] * e->classes + class];
    if (times <= stranger->taken) continue;
    stranger->taken = times;
    stranger->taken_for = e->signs[class];
  }
  return SCRAWL_OK;
}

static scrawl_status score(cli_scores *e, base_error *error) {
  for (size_t i = 0; i < e->count; i++)
    e->rejected +=
        train_rejects(e->probabilities + i * (size_t)e->classes, e->classes, e->reject_below);
  e->rejected += e->unread;
  BASE_TRY(train_metrics_compute(e->probabilities, e->labels, e->count, e->classes, e->unread,
                                 &e->metrics, error));
  BASE_TRY(train_doubt_compute(e->probabilities, e->labels, e->count, e->classes, e->unread,
                               &e->doubt, error));
  return count_strangers(e, error);
}

/* A row for the pictures damaged in one way; the evaluation stays as it is. */
static scrawl_status measure_noise(const cli_scores *e, ink_noise noise, read_reader *reader,
                                   train_noise_row *row, base_error *error) {
  cli_scores damaged = *e;
  base_arena_init(&damaged.arena, 65536);
  damaged.total = e->count; /* without strangers */
  damaged.pixels = base_alloc(e->count, INK_GLYPH_PIXELS);
  damaged.probabilities = base_alloc_zero(e->count, (size_t)e->classes * sizeof(float));
  scrawl_status status;
  if (damaged.pixels && damaged.probabilities) {
    memcpy(damaged.pixels, e->pixels, e->count * INK_GLYPH_PIXELS);
    status = read_pictures(&damaged, noise, reader, error);
  } else {
    status = no_memory(error);
  }
  if (status == SCRAWL_OK)
    status = train_metrics_compute(damaged.probabilities, e->labels, e->count, e->classes,
                                   e->unread, &damaged.metrics, error);
  if (status == SCRAWL_OK) *row = train_noise_row_of(noise, &damaged.metrics);
  train_metrics_free(&damaged.metrics);
  base_free(damaged.pixels);
  base_free(damaged.probabilities);
  base_arena_free(&damaged.arena);
  return status;
}

/* What is measured is damaged by a single kind; several fill a table beside the undamaged set. */
static scrawl_status measure(cli_scores *e, read_reader *reader, base_error *error) {
  const ink_noise none = {0};
  bool several = noises.count > 1;
  for (size_t i = 0; several && i < noises.count; i++)
    BASE_TRY(measure_noise(e, noises.items[i], reader, &noises.rows[i + 1], error));
  BASE_TRY(read_pictures(e, several ? none : noises.items[0], reader, error));
  BASE_TRY(score(e, error));
  noises.rows[several ? 0 : 1] = train_noise_row_of(several ? none : noises.items[0], &e->metrics);
  return SCRAWL_OK;
}

/* ---- the command ---- */

static scrawl_status read_and_score(cli_scores *e, base_error *error) {
  base_pool *pool = base_pool_create((size_t)given.threads);
  if (!pool) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "the threads cannot be started");
  read_reader *reader;
  scrawl_status status = read_reader_create(e->model, READ_BATCH, pool, &reader, error);
  if (status == SCRAWL_OK)
    status = read_reader_allow(reader, wanted_signs(), given.alphabet != NULL, error);
  if (status == SCRAWL_OK) status = cli_take_max_error(given.max_error, reader, error);
  if (status == SCRAWL_OK) {
    e->reject_below = read_reader_reject_below(reader);
    status = take_pictures(e, error);
  }
  if (status == SCRAWL_OK) status = measure(e, reader, error);
  read_reader_free(reader);
  base_pool_free(pool);
  return status;
}

static scrawl_status evaluate(cli_scores *e, base_error *error) {
  BASE_TRY(read_and_score(e, error));
  if (given.report) BASE_TRY(cli_scores_report(&CLI_EVALUATE, given.report, e, error));
  if (given.review) BASE_TRY(cli_review_scores(&CLI_EVALUATE, given.review, e, error));
  if (given.json) return cli_scores_print_json(e, error);
  cli_scores_print(e);
  return SCRAWL_OK;
}

/* Labels of several signs are another thing: see evaluate_sequence.c. */
static scrawl_status open_and_evaluate_sequence(page_mode mode, size_t *failed, base_error *error) {
  const cli_sequence what = {.folder = given.data,
                             .model_name = given.model,
                             .alphabet = given.alphabet,
                             .review = given.review,
                             .max_error = given.max_error,
                             .mode = mode,
                             .threads = given.threads,
                             .json = given.json};
  read_model *model;
  if (given.noise || given.report)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "--noise and --report are for glyphs, not for lines and grids");
  BASE_TRY(cli_open_model(given.model, &model, error));
  scrawl_status status = cli_evaluate_sequence(&what, model, failed, error);
  read_model_free(model);
  return status;
}

/* The model has its say in which part of a folder's picture is the glyph. */
static scrawl_status open_data(const read_model *model, data_part part, data_set *set,
                               size_t *failed, base_error *error) {
  read_reader *reader;
  *set = (data_set){0};
  scrawl_status status = read_reader_create(model, 1, NULL, &reader, error);
  if (status == SCRAWL_OK)
    status = read_reader_allow(reader, wanted_signs(), given.alphabet != NULL, error);
  if (status == SCRAWL_OK)
    status = cli_open_data(&CLI_EVALUATE, given.data, part, reader, set, failed, error);
  read_reader_free(reader);
  return status;
}

static scrawl_status open_and_evaluate(size_t *failed, base_error *error) {
  page_mode mode;
  page_mode_find(given.as, &mode); /* one of the words that the option's table lists */
  if (mode == PAGE_DIGITS || mode == PAGE_GRID)
    return open_and_evaluate_sequence(mode, failed, error);
  BASE_TRY(cli_noises_parse(given.noise, &noises, error));
  if (given.report) BASE_TRY(cli_check_writable(given.report, error));
  read_model *model;
  BASE_TRY(cli_open_model(given.model, &model, error));
  data_set set;
  data_part part = strcmp(given.part, "train") == 0 ? DATA_TRAIN : DATA_TEST;
  scrawl_status status = open_data(model, part, &set, failed, error);
  if (status == SCRAWL_OK) {
    cli_scores e = {.model_name = given.model,
                    .model = model,
                    .set = &set,
                    .noise = given.noise,
                    .noises = &noises,
                    .max_error = given.max_error,
                    .unread = *failed};
    base_arena_init(&e.arena, 65536);
    status = evaluate(&e, error);
    cli_scores_free(&e);
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
  char *alphabet;
  scrawl_status status = data_alphabet_expand("the alphabet", given.alphabet, &alphabet, &error);
  given.alphabet = alphabet;
  if (status == SCRAWL_OK) status = open_and_evaluate(&failed, &error);
  if (status != SCRAWL_OK) cli_complain(&CLI_EVALUATE, "%s", error.message);
  base_free(alphabet);
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
    "With --as digits or grid a label is the text of the picture: its lines, or the rows of its "
    "grid with a point for an empty cell, joined by a slash. Then the share read exactly counts as "
    "accuracy, and character and word error rates, and of grids the cells read right, stand beside "
    "it. What is rejected is not read right; how many pictures hold such a glyph, and how many of "
    "the others are wrong, is said too.\n\n"
    "Errors count whether a reading is rejected or not; how many are, and how many errors are left "
    "among the others, is said beside it, with the risk-coverage curve: what share of errors "
    "remains when only the surest are accepted. Pictures of signs that the model does not know, or "
    "that are labelled " READ_NO_GLYPH
    ", no glyph, are strangers: they count in none of these figures, but it is said how many of "
    "them are rejected.\n\n"
    "  scrawl evaluate --data mnist\n"
    "  scrawl evaluate --model digits.onnx --data folder/ --json\n"
    "  scrawl evaluate --data strings/ --as digits\n"
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
