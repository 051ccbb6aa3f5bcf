/* scrawl train: from a data set to a model file, with a live table, checkpoints and a report. */
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/memory.h"
#include "base/progress.h"
#include "cli/open.h"
#include "cli/report.h"
#include "data/alphabet.h"
#include "data/choose.h"
#include "data/file.h"
#include "train/train.h"

static struct {
  const char *data, *alphabet, *leave_out, *architecture, *from, *teacher, *out, *optimiser,
      *schedule, *augment, *checkpoint, *name, *report;
  int epochs, batch, threads, patience;
  double rate, warm_up, momentum, weight_decay, smoothing, average, teacher_share,
      teacher_temperature, validation, scale, others;
  uint64_t seed, split_seed;
  bool nesterov, resume, json;
} given = {
    /* Not given: no option can be this. */
    .epochs = -1,        .batch = -1,          .patience = -1,
    .rate = NAN,         .warm_up = NAN,       .momentum = NAN,
    .weight_decay = NAN, .smoothing = NAN,     .average = NAN,
    .validation = NAN,   .scale = NAN,         .seed = 1,
    .split_seed = 1,     .teacher_share = NAN, .teacher_temperature = NAN,
    .others = NAN,
};

static const cli_option OPTIONS[] = {
    {"data", 'd', CLI_TEXT, "NAME|PATH",
     "What to learn from: the training part of a known set, a pair of IDX files \"images,labels\", "
     "a folder with manifest.tsv, or several of these joined by +, from which exact copies are "
     "removed. A test part is never touched.",
     &given.data},
    {"alphabet", 0, CLI_TEXT, "SET",
     "The signs to tell apart, such as 0-9 or 0-9A-F; pictures of others are left out. "
     "With " READ_NO_GLYPH
     " among them pictures of other signs become that one: no glyph; all that the data "
     "holds.",
     &given.alphabet},
    {"leave-out", 0, CLI_TEXT, "SET",
     "Signs that do not become " READ_NO_GLYPH
     " because they look like one of the alphabet; for digits " DATA_DIGIT_LOOK_ALIKES ".",
     &given.leave_out},
    {"others", 0, CLI_NUMBER, "SHARE",
     "The share of the pictures that " READ_NO_GLYPH " may have at most; 1, all there are.",
     &given.others},
    {"arch", 'a', CLI_TEXT, "NAME|SPEC",
     "The network: a preset (seed-keras, seed-lenet, digits, speedrun), or text such as \"conv 8 "
     "3x3, "
     "relu, pool 2, dense 10, softmax\".",
     &given.architecture},
    {"out", 'o', CLI_TEXT, "MODEL.onnx", "The model file to write.", &given.out},
    {"from", 0, CLI_TEXT, "MODEL",
     "Start with this model's weights instead of random ones, and with its network unless --arch "
     "is "
     "given too. Bytes become floats.",
     &given.from},
    {"epochs", 'e', CLI_COUNT, "N", "Times to go over the pictures; 5.", &given.epochs},
    {"batch", 'b', CLI_COUNT, "N", "Pictures in a step; 32.", &given.batch},
    {"seed", 0, CLI_SEED, "N", "For the weights, the order, augmentation and dropout; 1.",
     &given.seed},
    {"threads", 't', CLI_COUNT, "N",
     "Threads to use; 0, the default, is one for each core. The result does not depend on it.",
     &given.threads},
    {"optimiser", 0, CLI_TEXT, "sgd|adam|adamw", "How weights follow the gradient; adam.",
     &given.optimiser},
    {"rate", 'r', CLI_NUMBER, "R", "Learning rate at its highest; 0.001, with sgd 0.05.",
     &given.rate},
    {"schedule", 0, CLI_TEXT, "constant|cosine|step|one-cycle",
     "How the rate changes: not, down to zero along a cosine, to a tenth after each third, or up "
     "and "
     "then down; constant.",
     &given.schedule},
    {"warm-up", 0, CLI_NUMBER, "SHARE", "Share of the steps in which the rate rises; 0.",
     &given.warm_up},
    {"momentum", 0, CLI_NUMBER, "M", "For sgd; 0.9.", &given.momentum},
    {"nesterov", 0, CLI_FLAG, NULL, "Nesterov's momentum, for sgd.", &given.nesterov},
    {"weight-decay", 0, CLI_NUMBER, "D", "Pull of the weights towards zero; 0.",
     &given.weight_decay},
    {"label-smoothing", 0, CLI_NUMBER, "S", "Share of each label spread over all classes; 0.",
     &given.smoothing},
    {"average", 0, CLI_NUMBER, "DECAY",
     "Keep a moving average of the weights with this decay, such as 0.999, and use it; 0: none.",
     &given.average},
    {"teacher", 0, CLI_TEXT, "MODEL",
     "Learn what this model says of each picture, augmented as it is, beside the label "
     "(distillation).",
     &given.teacher},
    {"teacher-share", 0, CLI_NUMBER, "S", "The teacher's share of the loss; 1.",
     &given.teacher_share},
    {"teacher-temperature", 0, CLI_NUMBER, "T",
     "What softens the probabilities of both while they are compared; 1.",
     &given.teacher_temperature},
    {"validation", 0, CLI_NUMBER, "SHARE",
     "Share of the pictures kept aside to choose the best epoch and to calibrate confidence; 0.1. "
     "With 0 all are learnt from and the last weights kept.",
     &given.validation},
    {"split-seed", 0, CLI_SEED, "N", "Which pictures are kept aside; 1.", &given.split_seed},
    {"patience", 0, CLI_COUNT, "N",
     "Stop after so many epochs without a better validation; 0: never.", &given.patience},
    {"augment", 0, CLI_TEXT, "none|NAME|KEY=VALUE,...",
     "Change each picture a little every time: light, standard, strong or, for photographs and "
     "noise, world; or the largest amounts of rotation (degrees), scale, shear, shift (pixels), "
     "elastic, elastic-sigma, stroke (pixels), perspective; of damage by gap, crop, neighbour, "
     "rule, shade, texture, blur, motion, pixelate, contrast, noise, salt and jpeg, each with the "
     "share of pictures that gets it, such as blur-chance=0.1 (all without); and the chances of "
     "erase and binarise: \"standard,noise=0.5,noise-chance=0.3\"; none.",
     &given.augment},
    {"scale", 0, CLI_NUMBER, "1|255",
     "What full ink becomes for the network: 1 or, raw pixels, 255; 1, or that of --from.",
     &given.scale},
    {"checkpoint", 0, CLI_TEXT, "FILE|FOLDER",
     "Where the state is kept after every epoch; beside --out, and removed at the end.",
     &given.checkpoint},
    {"resume", 0, CLI_FLAG, NULL,
     "Go on from the checkpoint, if there is one, to the very same result.", &given.resume},
    {"name", 0, CLI_TEXT, "NAME", "The model's name; that of the file.", &given.name},
    {"json", 0, CLI_FLAG, NULL, "One line of JSON for each epoch and one at the end.", &given.json},
    {"report", 0, CLI_TEXT, "FILE.html", "Write a page with curves, scores and mistakes.",
     &given.report},
    {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
};

static atomic_bool stop_requested;

static void request_stop(int signal_number) {
  (void)signal_number;
  atomic_store(&stop_requested, true);
}

/* A second signal ends the process at once. */
static void catch_signals(void) {
  struct sigaction action = {.sa_handler = request_stop,
                             .sa_flags = (int)SA_RESETHAND | SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

/* ---- the live table ---- */

typedef struct table {
  base_progress bar;
  bool bar_shown, heading_shown;
  char label[48];
} table;

static void show_step(void *argument, const train_progress *progress) {
  table *t = argument;
  if (!t->bar_shown) {
    snprintf(t->label, sizeof t->label, "epoch %d/%d", progress->epoch, progress->epochs);
    base_progress_begin(&t->bar, stderr, given.json ? BASE_PROGRESS_JSON : BASE_PROGRESS_AUTO,
                        t->label, "pictures", progress->picture_count);
    t->bar_shown = true;
  }
  char note[80];
  snprintf(note, sizeof note, "loss %.4f, accuracy %.2f %%", progress->loss,
           100 * progress->accuracy);
  base_progress_update(&t->bar, progress->pictures, note);
}

static json_t *number_or_null(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

/* Prints `object` on one line and lets it go. */
static void print_json(json_t *object) {
  json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(7));
  putchar('\n');
  fflush(stdout);
  json_decref(object);
}

static void print_epoch_json(const train_progress *progress, const train_epoch *epoch, double speed,
                             bool kept) {
  print_json(json_pack(
      "{s:i,s:i,s:f,s:f,s:f,s:o,s:o,s:f,s:f,s:f,s:b}", "epoch", progress->epoch, "epochs",
      progress->epochs, "rate", epoch->rate, "loss", epoch->loss, "accuracy", epoch->accuracy,
      "validation_loss", number_or_null(epoch->validation_loss), "validation_accuracy",
      number_or_null(epoch->validation_accuracy), "seconds", epoch->seconds, "pictures_per_second",
      speed, "seconds_left", progress->seconds_left, "kept", kept));
}

static void print_time(double seconds) {
  long whole = lround(seconds);
  if (whole >= 3600)
    printf("%6ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  else
    printf("%9ld:%02ld", whole / 60, whole % 60);
}

static void show_epoch(void *argument, const train_progress *progress, const train_epoch *epoch,
                       bool kept) {
  table *t = argument;
  if (t->bar_shown && t->bar.mode == BASE_PROGRESS_BAR) base_progress_end(&t->bar, NULL);
  t->bar_shown = false;
  double speed = epoch->seconds > 0 ? (double)progress->picture_count / epoch->seconds : 0;
  if (given.json) {
    print_epoch_json(progress, epoch, speed, kept);
    return;
  }
  bool validated = isfinite(epoch->validation_loss);
  if (!t->heading_shown)
    printf("%11s %9s %9s %10s %10s %10s %11s %12s\n", "epoch", "rate", "loss", "accuracy",
           "val. loss", "val. acc.", "pictures/s", "time left");
  t->heading_shown = true;
  printf("%5d/%-5d %9.3g %9.4f %8.2f %%", progress->epoch, progress->epochs, epoch->rate,
         epoch->loss, 100 * epoch->accuracy);
  if (validated)
    printf(" %10.4f %8.2f %%", epoch->validation_loss, 100 * epoch->validation_accuracy);
  else
    printf(" %10s %10s", "-", "-");
  printf(" %11.0f ", speed);
  print_time(progress->seconds_left);
  printf("%s\n", validated && kept ? "  best" : "");
  fflush(stdout);
}

static void show_resumed(void *argument, int epochs) {
  (void)argument;
  fprintf(stderr, "going on after %d epoch%s\n", epochs, epochs == 1 ? "" : "s");
}

/* ---- options ---- */

/* "models/digits.onnx" is called "digits". */
static char *name_of(const char *path) {
  const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
  size_t length = strlen(base);
  if (length > 5 && strcmp(base + length - 5, ".onnx") == 0) length -= 5;
  return base_format("%.*s", (int)length, base);
}

/* The checkpoint's path without its ending. */
static char *checkpoint_stem(const char *name) {
  if (!given.checkpoint) {
    size_t length = strlen(given.out);
    if (length > 5 && strcmp(given.out + length - 5, ".onnx") == 0) length -= 5;
    return base_format("%.*s.checkpoint", (int)length, given.out);
  }
  struct stat about;
  if (stat(given.checkpoint, &about) == 0 && S_ISDIR(about.st_mode))
    return base_format("%s/%s.checkpoint", given.checkpoint, name);
  static const char ending[] = ".safetensors";
  size_t length = strlen(given.checkpoint), tail = strlen(ending);
  if (length > tail && strcmp(given.checkpoint + length - tail, ending) == 0) length -= tail;
  return base_format("%.*s", (int)length, given.checkpoint);
}

static void take_number(double *value, double option) {
  if (!isnan(option)) *value = option;
}

static void take_count(int *value, int option) {
  if (option >= 0) *value = option;
}

static scrawl_status take_optimiser(train_recipe *recipe, base_error *error) {
  if (given.optimiser)
    train_recipe_optimise(recipe, strcmp(given.optimiser, "sgd") == 0    ? NN_SGD
                                  : strcmp(given.optimiser, "adam") == 0 ? NN_ADAM
                                                                         : NN_ADAMW);
  nn_trainer_options *trainer = &recipe->trainer;
  if (trainer->optimiser != NN_SGD && (!isnan(given.momentum) || given.nesterov))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "--momentum and --nesterov are for --optimiser sgd");
  take_number(&trainer->momentum, given.momentum);
  trainer->nesterov |= given.nesterov;
  take_number(&trainer->weight_decay, given.weight_decay);
  take_number(&trainer->label_smoothing, given.smoothing);
  take_number(&trainer->average_decay, given.average);
  if (!given.teacher && (!isnan(given.teacher_share) || !isnan(given.teacher_temperature)))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "--teacher-share and --teacher-temperature need a --teacher");
  take_number(&trainer->teacher_share, given.teacher_share);
  take_number(&trainer->teacher_temperature, given.teacher_temperature);
  return SCRAWL_OK;
}

static void take_schedule(nn_schedule *schedule) {
  take_number(&schedule->rate, given.rate);
  take_number(&schedule->warm_up, given.warm_up);
  if (given.schedule)
    schedule->kind = strcmp(given.schedule, "constant") == 0 ? NN_CONSTANT
                     : strcmp(given.schedule, "cosine") == 0 ? NN_COSINE
                     : strcmp(given.schedule, "step") == 0   ? NN_STEP
                                                             : NN_ONE_CYCLE;
}

/* What the architecture brings along, and over it the options. */
static scrawl_status make_recipe(const char *name, const read_model *from, train_recipe *recipe,
                                 base_error *error) {
  *recipe = train_recipe_for(given.architecture);
  recipe->name = name;
  recipe->data = given.data;
  recipe->alphabet = given.alphabet;
  recipe->leave_out = given.leave_out;
  take_number(&recipe->others, given.others);
  recipe->architecture = given.architecture;
  recipe->from = given.from;
  recipe->teacher = given.teacher;
  take_count(&recipe->epochs, given.epochs);
  take_count(&recipe->trainer.batch, given.batch);
  BASE_TRY(take_optimiser(recipe, error));
  take_schedule(&recipe->schedule);
  recipe->seed = given.seed;
  recipe->split_seed = given.split_seed;
  take_number(&recipe->validation, given.validation);
  take_count(&recipe->patience, given.patience);
  if (from) recipe->scale = (double)from->scale;
  take_number(&recipe->scale, given.scale);
  if (given.augment)
    BASE_TRY(train_augmentation_parse(given.augment, &recipe->augmentation, error));
  if (!given.alphabet && (given.leave_out || !isnan(given.others)))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "--leave-out and --others need --alphabet");
  return train_recipe_check(recipe, error);
}

/* The signs of the model to go on from are those of the data: a set that holds some of them alone,
 * such as a folder of corrected readings, gets the model's alphabet; "no glyph" is left out where
 * the model does not know it. */
static scrawl_status take_signs(const read_model *from, train_recipe *recipe, const data_set *set,
                                base_error *error) {
  const char *signs = nn_metadata_get(&from->metadata, READ_KEY_ALPHABET);
  if (signs && strcmp(signs, set->alphabet) == 0) return SCRAWL_OK;
  char sign[SCRAWL_MAX_SIGN_BYTES];
  bool known = signs && !recipe->alphabet;
  for (const char *at = set->alphabet; known && data_alphabet_next(&at, sign);)
    known = data_alphabet_find(signs, sign) >= 0 || strcmp(sign, READ_NO_GLYPH) == 0;
  if (!known)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "%s knows the signs \"%s\", %s holds \"%s\": they must be the same",
                     given.from, signs ? signs : "", set->name, set->alphabet);
  recipe->alphabet = signs;
  return SCRAWL_OK;
}

/* The data set as the recipe has it. */
static scrawl_status open_data(train_recipe *recipe, const read_model *from, data_set *set,
                               size_t *failed, base_error *error) {
  BASE_TRY(cli_open_data(&CLI_TRAIN, recipe->data, DATA_TRAIN, NULL, set, failed, error));
  scrawl_status status = SCRAWL_OK;
  if (from && !recipe->alphabet) status = take_signs(from, recipe, set, error);
  const data_choice choice = {recipe->alphabet, recipe->leave_out, recipe->others,
                              recipe->split_seed};
  if (status == SCRAWL_OK && choice.alphabet) status = data_set_choose(set, &choice, error);
  if (status == SCRAWL_OK && from) status = take_signs(from, recipe, set, error);
  if (status != SCRAWL_OK) data_set_free(set);
  if (status == SCRAWL_OK) cli_print_remarks(stderr, set);
  return status;
}

/* ---- the end of a run ---- */

static scrawl_status write_model(const train_outcome *outcome, base_error *error) {
  void *bytes;
  size_t size;
  BASE_TRY(nn_onnx_write(outcome->graph, &outcome->metadata, &bytes, &size, error));
  scrawl_status status = data_file_write(given.out, bytes, size, error);
  base_free(bytes);
  return status;
}

static void remove_checkpoint(const char *stem) {
  static const char *const endings[] = {"safetensors", "onnx"};
  for (int i = 0; i < 2; i++) {
    char *path = base_format("%s.%s", stem, endings[i]);
    if (path) unlink(path);
    base_free(path);
  }
}

static void print_summary(const char *name, const train_outcome *outcome) {
  const train_metrics *metrics = &outcome->metrics;
  const train_history *history = &outcome->history;
  const char *temperature = nn_metadata_get(&outcome->metadata, READ_KEY_TEMPERATURE);
  if (given.json) {
    json_t *summary = json_pack("{s:s,s:s,s:i,s:i,s:i}", "model", given.out, "name", name, "epochs",
                                (int)history->count, "best_epoch", (int)history->best + 1,
                                "trained_on", (int)outcome->trained_on);
    if (metrics->n)
      json_object_set_new(
          summary, "validation",
          json_pack("{s:I,s:I,s:f,s:f,s:f,s:f,s:f,s:I,s:{s:I,s:I}}", "n", (json_int_t)metrics->n,
                    "errors", (json_int_t)metrics->errors, "accuracy", metrics->accuracy, "loss",
                    metrics->loss, "ece", metrics->ece, "temperature", strtod(temperature, NULL),
                    "reject_below", outcome->reject_below, "rejected",
                    (json_int_t)outcome->rejected, "no_glyph", "n", (json_int_t)outcome->none_count,
                    "rejected", (json_int_t)outcome->none_rejected));
    print_json(summary);
    return;
  }
  printf("%s: %zu pictures, ", given.out, outcome->trained_on);
  if (metrics->n == 0) {
    printf("weights of the last epoch, no validation\n");
    return;
  }
  printf(
      "weights of epoch %zu; on %zu validation pictures %zu errors, accuracy %.2f %%, loss %.4f, "
      "calibration error %.4f at temperature %s\n",
      history->best + 1, metrics->n, metrics->errors, 100 * metrics->accuracy, metrics->loss,
      metrics->ece, temperature);
  if (outcome->none_count)
    printf("under a confidence of %.4g, or as no glyph, %zu of them are rejected, and %zu of %zu "
           "pictures of none\n",
           outcome->reject_below, outcome->rejected, outcome->none_rejected, outcome->none_count);
}

static scrawl_status write_report(const char *name, const train_outcome *outcome, base_arena *arena,
                                  base_error *error) {
  const data_set *set = &outcome->validation;
  bool validated = outcome->metrics.n > 0;
  const char **signs = NULL;
  size_t sign_count;
  char title[256], subtitle[160];
  snprintf(title, sizeof title, "%s: training on %s", name, given.data);
  snprintf(subtitle, sizeof subtitle,
           validated
               ? "Scores of the weights kept, on the %zu validation pictures they were chosen with."
               : "All %zu pictures were learnt from: there is no validation part.",
           validated ? outcome->metrics.n : outcome->trained_on);
  if (validated) BASE_TRY(cli_split_signs(set->alphabet, arena, &signs, &sign_count, error));
  const train_report report = {
      .title = title,
      .subtitle = subtitle,
      .history = &outcome->history,
      .metrics = validated ? &outcome->metrics : NULL,
      .doubt = &outcome->doubt,
      .reject_below = outcome->reject_below,
      .signs = signs,
      .count = set->count,
      .width = set->width,
      .height = set->height,
      .pixels = set->pixels,
      .labels = set->labels,
      .probabilities = outcome->probabilities,
  };
  return cli_write_report(given.report, &report, &outcome->metadata, error);
}

static scrawl_status finish(const char *name, const char *stem, const train_outcome *outcome,
                            base_error *error) {
  BASE_TRY(write_model(outcome, error));
  if (given.report) {
    base_arena arena;
    base_arena_init(&arena, 4096);
    scrawl_status status = write_report(name, outcome, &arena, error);
    base_arena_free(&arena);
    if (status != SCRAWL_OK) return status;
  }
  if (!given.checkpoint) remove_checkpoint(stem);
  print_summary(name, outcome);
  return SCRAWL_OK;
}

/* ---- the command ---- */

/* Without validation pictures the calibration of the model that training began with is nearer the
 * truth than none; its error rates were not measured with these weights. */
static scrawl_status keep_calibration(const read_model *from, train_outcome *outcome,
                                      base_error *error) {
  static const char *const keys[] = {READ_KEY_TEMPERATURE, READ_KEY_NONE_SHARE, READ_KEY_REJECT};
  for (int i = 0; outcome->validation.count == 0 && i < 3; i++) {
    const char *value = nn_metadata_get(&from->metadata, keys[i]);
    if (value) BASE_TRY(nn_metadata_set(&outcome->metadata, keys[i], value, error));
  }
  return SCRAWL_OK;
}

static scrawl_status train_from(const char *name, const char *stem, const read_model *from,
                                const read_model *teacher, size_t *failed, base_error *error) {
  train_recipe recipe;
  BASE_TRY(make_recipe(name, from, &recipe, error));
  BASE_TRY(cli_check_writable(given.out, error));
  BASE_TRY(cli_check_writable(stem, error));
  if (given.report) BASE_TRY(cli_check_writable(given.report, error));
  data_set set;
  BASE_TRY(open_data(&recipe, from, &set, failed, error));
  scrawl_status status = SCRAWL_OK;
  base_pool *pool = base_pool_create((size_t)given.threads);
  if (status == SCRAWL_OK && !pool)
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "the threads cannot be started");
  if (status == SCRAWL_OK) {
    table live = {0};
    catch_signals();
    train_setting setting = {
        .pool = pool,
        .checkpoint = stem,
        .resume = given.resume,
        .stop = &stop_requested,
        .observer = {&live, show_step, show_epoch, show_resumed},
    };
    train_outcome outcome;
    status =
        train_run(&recipe, &set, from ? from->graph : NULL, teacher, &setting, &outcome, error);
    if (live.bar_shown && live.bar.mode == BASE_PROGRESS_BAR) base_progress_end(&live.bar, NULL);
    if (status == SCRAWL_OK && from) status = keep_calibration(from, &outcome, error);
    if (status == SCRAWL_OK) status = finish(name, stem, &outcome, error);
    train_outcome_free(&outcome);
  }
  base_pool_free(pool);
  data_set_free(&set);
  return status;
}

static int run(int argc, char **argv) {
  int operands;
  int exit_code = cli_parse(&CLI_TRAIN, OPTIONS, argc, argv, &operands);
  if (exit_code >= 0) return exit_code;
  const char *missing = !given.data                          ? "data"
                        : !given.architecture && !given.from ? "arch"
                        : !given.out                         ? "out"
                                                             : NULL;
  if (missing || operands < argc) {
    if (missing)
      cli_complain(&CLI_TRAIN, "--%s is missing; see scrawl help train", missing);
    else
      cli_complain(&CLI_TRAIN, "there is nothing to do with \"%s\"; see scrawl help train",
                   argv[operands]);
    return CLI_USAGE;
  }
  base_error error = {0};
  read_model *from = NULL, *teacher = NULL;
  size_t failed = 0;
  char *alphabet, *leave_out = NULL;
  char *name = given.name ? base_strdup(given.name) : name_of(given.out);
  char *stem = name ? checkpoint_stem(name) : NULL;
  scrawl_status status = data_alphabet_expand("the alphabet", given.alphabet, &alphabet, &error);
  if (status == SCRAWL_OK)
    status = data_alphabet_expand("what to leave out", given.leave_out, &leave_out, &error);
  given.alphabet = alphabet;
  given.leave_out = leave_out;
  if (status == SCRAWL_OK && !stem)
    status = base_fail(&error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  if (status == SCRAWL_OK && given.from) status = cli_open_model(given.from, &from, &error);
  if (status == SCRAWL_OK && given.teacher)
    status = cli_open_model(given.teacher, &teacher, &error);
  if (status == SCRAWL_OK) status = train_from(name, stem, from, teacher, &failed, &error);
  if (status == SCRAWL_CANCELLED)
    cli_complain(&CLI_TRAIN, "%s; the same command with --resume goes on from there",
                 error.message);
  else if (status != SCRAWL_OK)
    cli_complain(&CLI_TRAIN, "%s", error.message);
  read_model_free(from);
  read_model_free(teacher);
  base_free(stem);
  base_free(name);
  base_free(alphabet);
  base_free(leave_out);
  if (status == SCRAWL_INVALID_ARGUMENT) return CLI_USAGE;
  return status != SCRAWL_OK || failed ? CLI_FAILED : CLI_DONE;
}

const cli_command CLI_TRAIN = {
    "train",
    "--data NAME|PATH --arch NAME|SPEC --out MODEL.onnx",
    "train a model",
    "Trains a network on a data set and writes it as an ONNX file, with everything needed to make "
    "it again in its metadata.\n\n"
    "The same options and data give the same file, bit for bit, with any number of threads and "
    "however often the run was stopped and resumed. After every epoch a checkpoint is written; "
    "Ctrl-C finishes the step, writes one and ends.\n\n"
    "A preset may bring its recipe along: speedrun does, and reads 99 % of MNIST's digits after a "
    "few seconds. Options that are given count more than the preset's, and those more than the "
    "defaults named below.\n\n"
    "  scrawl train --data mnist --arch seed-keras --out digits.onnx\n"
    "  scrawl train --data mnist --arch speedrun --out fast.onnx\n"
    "  scrawl train --data mnist --arch seed-lenet --epochs 20 --schedule cosine --augment "
    "standard "
    "--out better.onnx --report better.html\n"
    "  scrawl train --data mnist --arch seed-lenet --epochs 20 --schedule cosine --augment "
    "standard "
    "--out better.onnx --resume\n"
    "  scrawl train --data mnist+emnist-digits+emnist-byclass --alphabet 0-9" READ_NO_GLYPH
    " --arch digits --out doubting.onnx",
    run,
};
