/* Recipes: defaults, limits, and the text forms. */
#include "train/recipe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/text.h"

const train_augmentation TRAIN_AUGMENTATIONS[] = {
    {"light", {.rotation = 7, .scale = 0.05, .shear = 0.05, .shift = 1}},
    {"standard",
     {.rotation = 10,
      .scale = 0.1,
      .shear = 0.1,
      .shift = 1.5,
      .elastic = 1,
      .elastic_sigma = 4,
      .stroke = 0.3}},
    {"strong",
     {.rotation = 15,
      .scale = 0.15,
      .shear = 0.25,
      .shift = 2.5,
      .elastic = 1.5,
      .elastic_sigma = 4,
      .stroke = 0.6,
      .noise = 0.05,
      .erase = 0.1}},
    /* Photographs, scans and noise up to a deviation of 0.7, while a fifth of the pictures gets no
     * damage but another place and another pen. */
    {"world",
     {.rotation = 12,
      .scale = 0.12,
      .shear = 0.2,
      .shift = 1.5,
      .elastic = 1,
      .elastic_sigma = 4,
      .stroke = 0.7,
      .noise = 0.7,
      .perspective = 0.1,
      .gap = 2.5,
      .gap_chance = 0.05,
      .crop = 2,
      .crop_chance = 0.15,
      .neighbour = 5,
      .neighbour_chance = 0.1,
      .rule = 2,
      .rule_chance = 0.06,
      .shade = 0.35,
      .shade_chance = 0.08,
      .texture = 0.15,
      .texture_chance = 0.08,
      .blur = 1.2,
      .blur_chance = 0.12,
      .motion = 6,
      .motion_chance = 0.12,
      .pixelate = 2.5,
      .pixelate_chance = 0.06,
      .contrast = 0.6,
      .contrast_chance = 0.25,
      .noise_chance = 0.28,
      .salt = 0.2,
      .salt_chance = 0.03,
      .jpeg = 85,
      .jpeg_chance = 0.08,
      .binarise = 0.05}},
    {.name = NULL},
};

typedef struct amount {
  const char *name;
  size_t offset;
  double highest;
  bool aside; /* says more about another amount and does nothing alone */
} amount;

#define AMOUNT(name, field, highest)                                                               \
  { name, offsetof(ink_augmentation, field), highest, false }
#define CHANCE(name)                                                                               \
  { #name "-chance", offsetof(ink_augmentation, name##_chance), 1, true }

static const amount AMOUNTS[] = {
    AMOUNT("rotation", rotation, 180),
    AMOUNT("scale", scale, 0.9),
    AMOUNT("shear", shear, 2),
    AMOUNT("shift", shift, 28),
    AMOUNT("elastic", elastic, 28),
    {"elastic-sigma", offsetof(ink_augmentation, elastic_sigma), 28, true},
    AMOUNT("stroke", stroke, 8),
    AMOUNT("noise", noise, 10),
    CHANCE(noise),
    AMOUNT("erase", erase, 1),
    AMOUNT("perspective", perspective, 0.9),
    AMOUNT("gap", gap, 28),
    CHANCE(gap),
    AMOUNT("crop", crop, 14),
    CHANCE(crop),
    AMOUNT("neighbour", neighbour, 28),
    CHANCE(neighbour),
    AMOUNT("rule", rule, 28),
    CHANCE(rule),
    AMOUNT("shade", shade, 1),
    CHANCE(shade),
    AMOUNT("texture", texture, 10),
    CHANCE(texture),
    AMOUNT("blur", blur, 10),
    CHANCE(blur),
    AMOUNT("motion", motion, 28),
    CHANCE(motion),
    AMOUNT("pixelate", pixelate, 28),
    CHANCE(pixelate),
    AMOUNT("contrast", contrast, 1),
    CHANCE(contrast),
    AMOUNT("salt", salt, 1),
    CHANCE(salt),
    AMOUNT("jpeg", jpeg, 99),
    CHANCE(jpeg),
    AMOUNT("binarise", binarise, 1),
    AMOUNT("pair", pair, 1),
};
enum { AMOUNT_COUNT = sizeof AMOUNTS / sizeof AMOUNTS[0] };

static double *amount_of(ink_augmentation *augmentation, const amount *which) {
  return (double *)((char *)augmentation + which->offset);
}

static double amount_value(const ink_augmentation *augmentation, const amount *which) {
  return *(const double *)((const char *)augmentation + which->offset);
}

static scrawl_status parse_amount(const char *item, size_t length, ink_augmentation *augmentation,
                                  base_error *error) {
  const char *equals = memchr(item, '=', length);
  for (size_t i = 0; equals && i < AMOUNT_COUNT; i++) {
    const amount *which = &AMOUNTS[i];
    size_t name_length = (size_t)(equals - item);
    if (strlen(which->name) != name_length || memcmp(which->name, item, name_length) != 0) continue;
    char *end;
    double value = strtod(equals + 1, &end);
    if (end != item + length || end == equals + 1 || !(value >= 0 && value <= which->highest))
      return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                       "augmentation: '%.*s' is not a number from 0 to %g", (int)length, item,
                       which->highest);
    *amount_of(augmentation, which) = value;
    return SCRAWL_OK;
  }
  char names[AMOUNT_COUNT * 20] = "";
  for (size_t i = 0; i < AMOUNT_COUNT; i++) {
    size_t used = strlen(names);
    snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", AMOUNTS[i].name);
  }
  return base_fail(
      error, SCRAWL_INVALID_ARGUMENT,
      "augmentation: '%.*s' is neither none, light, standard, strong or world nor one of "
      "%s "
      "with a number (rotation=10)",
      (int)(length < 64 ? length : 64), item, names);
}

scrawl_status train_augmentation_parse(const char *text, ink_augmentation *augmentation,
                                       base_error *error) {
  *augmentation = (ink_augmentation){0};
  ink_augmentation parsed = {0};
  const char *item = text;
  for (bool first = true;; first = false) {
    size_t length = strcspn(item, ",");
    const train_augmentation *named = NULL;
    for (const train_augmentation *a = TRAIN_AUGMENTATIONS; first && a->name; a++)
      if (strlen(a->name) == length && memcmp(a->name, item, length) == 0) named = a;
    if (named)
      parsed = named->amounts;
    else if (!(first && length == 4 && memcmp(item, "none", 4) == 0))
      BASE_TRY(parse_amount(item, length, &parsed, error));
    if (!item[length]) break;
    item += length + 1;
  }
  if (parsed.elastic > 0 && parsed.elastic_sigma <= 0) parsed.elastic_sigma = 4;
  *augmentation = parsed;
  return SCRAWL_OK;
}

bool train_augmentation_any(const ink_augmentation *augmentation) {
  for (size_t i = 0; i < AMOUNT_COUNT; i++)
    if (!AMOUNTS[i].aside && amount_value(augmentation, &AMOUNTS[i]) > 0) return true;
  return false;
}

train_recipe train_recipe_defaults(nn_optimiser optimiser) {
  train_recipe recipe = {
      .epochs = 5,
      .trainer = nn_trainer_defaults(optimiser),
      .schedule = {.kind = NN_CONSTANT,
                   .rate = optimiser == NN_SGD ? 0.05 : 0.001,
                   .step_share = 1.0 / 3,
                   .step_factor = 0.1},
      .seed = 1,
      .validation = 0.1,
      .others = 1,
      .split_seed = 1,
      .scale = 1,
  };
  recipe.trainer.batch = 32;
  return recipe;
}

/* To 99 % on MNIST in the fewest seconds. Once over the pictures is enough for a small network with
 * batch norms at a rate as high as this, which rises for a fifth of the run and then falls to
 * nothing. Smoothed labels count for the most: without them it takes another epoch. The validation
 * part is as small as still gives a temperature. */
static train_recipe speedrun_recipe(void) {
  train_recipe recipe = train_recipe_defaults(NN_SGD);
  recipe.epochs = 1;
  recipe.trainer.batch = 64;
  recipe.trainer.nesterov = true;
  recipe.trainer.weight_decay = 0.0005;
  recipe.trainer.label_smoothing = 0.1;
  recipe.schedule.kind = NN_ONE_CYCLE;
  recipe.schedule.rate = 0.8;
  recipe.schedule.warm_up = 0.2;
  recipe.validation = 0.02;
  return recipe;
}

train_recipe train_recipe_for(const char *architecture) {
  if (architecture && strcmp(architecture, "speedrun") == 0) return speedrun_recipe();
  return train_recipe_defaults(NN_ADAM);
}

void train_recipe_optimise(train_recipe *recipe, nn_optimiser optimiser) {
  if (recipe->trainer.optimiser == optimiser) return;
  recipe->trainer.optimiser = optimiser;
  recipe->schedule.rate = train_recipe_defaults(optimiser).schedule.rate;
}

static scrawl_status check_range(const char *name, double value, double low, double high,
                                 base_error *error) {
  if (value >= low && value <= high) return SCRAWL_OK;
  return base_fail(error, SCRAWL_INVALID_ARGUMENT, "--%s %g is outside %g to %g", name, value, low,
                   high);
}

scrawl_status train_recipe_check(const train_recipe *recipe, base_error *error) {
  const nn_trainer_options *trainer = &recipe->trainer;
  BASE_TRY(check_range("others", recipe->others, 0, 1, error));
  BASE_TRY(check_range("epochs", recipe->epochs, 1, 100000, error));
  BASE_TRY(check_range("batch", trainer->batch, 1, 4096, error));
  BASE_TRY(check_range("rate", recipe->schedule.rate, 1e-12, 100, error));
  BASE_TRY(check_range("warm-up", recipe->schedule.warm_up, 0, 1, error));
  BASE_TRY(check_range("momentum", trainer->momentum, 0, 0.9999, error));
  BASE_TRY(check_range("weight-decay", trainer->weight_decay, 0, 100, error));
  BASE_TRY(check_range("label-smoothing", trainer->label_smoothing, 0, 0.99, error));
  BASE_TRY(check_range("average", trainer->average_decay, 0, 0.999999, error));
  BASE_TRY(check_range("teacher-share", trainer->teacher_share, 0.001, 1, error));
  BASE_TRY(check_range("teacher-temperature", trainer->teacher_temperature, 0.1, 100, error));
  BASE_TRY(check_range("validation", recipe->validation, 0, 0.9, error));
  BASE_TRY(check_range("patience", recipe->patience, 0, 100000, error));
  if (recipe->scale != 1 && recipe->scale != 255)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "--scale %g is neither 1 (pixels / 255) nor 255 (raw pixels)", recipe->scale);
  if (recipe->patience > 0 && recipe->validation <= 0)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "--patience needs validation pictures: --validation is 0");
  return SCRAWL_OK;
}

/* ---- text forms ---- */

const char *train_number(double value, char text[32]) {
  if (value == floor(value) && fabs(value) < 1e15) {
    snprintf(text, 32, "%.0f", value);
    return text;
  }
  for (int digits = 1; digits <= 17; digits++) {
    snprintf(text, 32, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  return text;
}

scrawl_status train_option_add(train_option_list *list, const char *name, const char *value,
                               base_error *error) {
  char *copy = list->count < TRAIN_MAX_OPTIONS ? base_strdup(value) : NULL;
  if (!copy) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the recipe");
  list->items[list->count++] = (train_option){name, copy};
  return SCRAWL_OK;
}

void train_option_list_free(train_option_list *list) {
  for (size_t i = 0; i < list->count; i++) base_free(list->items[i].value);
  list->count = 0;
}

static scrawl_status add_number(train_option_list *list, const char *name, double value,
                                base_error *error) {
  char text[32];
  return train_option_add(list, name, train_number(value, text), error);
}

static scrawl_status add_seed(train_option_list *list, const char *name, uint64_t value,
                              base_error *error) {
  char text[32];
  snprintf(text, sizeof text, "%llu", (unsigned long long)value);
  return train_option_add(list, name, text, error);
}

static scrawl_status add_augmentation(train_option_list *list, const ink_augmentation *augmentation,
                                      base_error *error) {
  char text[AMOUNT_COUNT * 48] = "", number[32];
  for (size_t i = 0; i < AMOUNT_COUNT; i++) {
    double value = amount_value(augmentation, &AMOUNTS[i]);
    size_t used = strlen(text);
    if (value > 0)
      snprintf(text + used, sizeof text - used, "%s%s=%s", used ? "," : "", AMOUNTS[i].name,
               train_number(value, number));
  }
  return train_option_add(list, "augment", *text ? text : "none", error);
}

static scrawl_status list_texts(const train_recipe *recipe, train_option_list *list,
                                base_error *error) {
  static const char *const optimisers[] = {
      [NN_SGD] = "sgd", [NN_ADAM] = "adam", [NN_ADAMW] = "adamw"};
  static const char *const schedules[] = {[NN_CONSTANT] = "constant",
                                          [NN_COSINE] = "cosine",
                                          [NN_STEP] = "step",
                                          [NN_ONE_CYCLE] = "one-cycle"};
  const struct {
    const char *name, *value;
  } texts[] = {
      {"data", recipe->data},
      {"alphabet", recipe->alphabet},
      {"leave-out", recipe->alphabet ? recipe->leave_out : NULL},
      {"arch", recipe->architecture},
      {"from", recipe->from},
      {"teacher", recipe->teacher},
      {"name", recipe->name},
      {"optimiser", optimisers[recipe->trainer.optimiser]},
      {"schedule", schedules[recipe->schedule.kind]},
  };
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
    if (texts[i].value) BASE_TRY(train_option_add(list, texts[i].name, texts[i].value, error));
  return SCRAWL_OK;
}

/* A number of the recipe, and whether it applies. */
typedef struct listed {
  const char *name;
  double value;
  bool applies;
} listed;

static scrawl_status list_numbers(const listed *numbers, size_t count, train_option_list *list,
                                  base_error *error) {
  for (size_t i = 0; i < count; i++)
    if (numbers[i].applies) BASE_TRY(add_number(list, numbers[i].name, numbers[i].value, error));
  return SCRAWL_OK;
}

static scrawl_status list_options(const train_recipe *recipe, train_option_list *list,
                                  base_error *error) {
  const nn_trainer_options *trainer = &recipe->trainer;
  const bool taught = recipe->teacher != NULL;
  const listed before[] = {
      {"others", recipe->others, recipe->alphabet && recipe->others < 1},
      {"epochs", recipe->epochs, true},
      {"batch", trainer->batch, true},
      {"rate", recipe->schedule.rate, true},
      {"warm-up", recipe->schedule.warm_up, true},
      {trainer->nesterov ? "nesterov" : "momentum", trainer->momentum,
       trainer->optimiser == NN_SGD},
      {"weight-decay", trainer->weight_decay, true},
      {"label-smoothing", trainer->label_smoothing, true},
      {"average", trainer->average_decay, true},
      {"teacher-share", trainer->teacher_share, taught},
      {"teacher-temperature", trainer->teacher_temperature, taught},
  };
  const listed after[] = {
      {"scale", recipe->scale, true},
      {"validation", recipe->validation, true},
      {"patience", recipe->patience, true},
  };
  BASE_TRY(list_texts(recipe, list, error));
  BASE_TRY(list_numbers(before, sizeof before / sizeof *before, list, error));
  BASE_TRY(add_augmentation(list, &recipe->augmentation, error));
  BASE_TRY(list_numbers(after, sizeof after / sizeof *after, list, error));
  BASE_TRY(add_seed(list, "seed", recipe->seed, error));
  return add_seed(list, "split-seed", recipe->split_seed, error);
}

scrawl_status train_recipe_list(const train_recipe *recipe, train_option_list *list,
                                base_error *error) {
  list->count = 0;
  scrawl_status status = list_options(recipe, list, error);
  if (status != SCRAWL_OK) train_option_list_free(list);
  return status;
}

char *train_recipe_command(const train_option_list *list) {
  train_text text = {0};
  train_text_add(&text, "scrawl train");
  for (size_t i = 0; i < list->count; i++) {
    const char *value = list->items[i].value;
    bool plain = *value && strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789._-+=,/:@%") == strlen(value);
    train_text_add(&text, " --%s ", list->items[i].name);
    if (plain) {
      train_text_add(&text, "%s", value);
      continue;
    }
    train_text_add(&text, "'");
    for (const char *at = value; *at; at++) {
      if (*at == '\'')
        train_text_add(&text, "'\\''");
      else
        train_text_append(&text, at, 1);
    }
    train_text_add(&text, "'");
  }
  return train_text_take(&text);
}
