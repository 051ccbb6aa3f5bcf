/* The list after --noise, and its table in JSON and text. */
#include "cli/noise.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static scrawl_status add_noise(const char *text, cli_noises *noises, base_error *error) {
  if (noises->count == CLI_MOST_NOISES)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "--noise names more than %d kinds",
                     CLI_MOST_NOISES);
  return ink_noise_parse(text, &noises->items[noises->count++], error);
}

scrawl_status cli_noises_parse(const char *text, cli_noises *noises, base_error *error) {
  *noises = (cli_noises){0};
  if (!text) return SCRAWL_OK;
  if (strcmp(text, "all") == 0) {
    for (const ink_noise_kind *kind = INK_NOISE_KINDS; kind->name; kind++)
      BASE_TRY(add_noise(kind->name, noises, error));
    return SCRAWL_OK;
  }
  char *copy = base_strdup(text), *item = copy;
  if (!copy) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for --noise");
  scrawl_status status = SCRAWL_OK;
  while (item && status == SCRAWL_OK) {
    char *comma = strchr(item, ',');
    if (comma) *comma = '\0';
    status = add_noise(item, noises, error);
    item = comma ? comma + 1 : NULL;
  }
  base_free(copy);
  return status;
}

json_t *cli_noises_to_json(const cli_noises *noises) {
  json_t *array = json_array();
  for (size_t i = 1; i <= noises->count; i++) {
    const train_noise_row *row = &noises->rows[i];
    const ink_noise_kind *kind = row->noise.kind;
    json_t *object = json_pack("{s:s,s:o,s:I,s:I,s:f,s:f}", "kind", kind->name, "amount",
                               kind->amount ? json_real(row->noise.amount) : json_null(), "n",
                               (json_int_t)row->n, "errors", (json_int_t)row->errors, "accuracy",
                               row->accuracy, "ece", row->ece);
    if (json_array_append_new(array, object) == 0) continue;
    json_decref(array);
    return NULL;
  }
  return array;
}

static void print_row(const train_noise_row *row) {
  const ink_noise_kind *kind = row->noise.kind;
  char amount[32] = "";
  if (kind && kind->amount) snprintf(amount, sizeof amount, "%g", row->noise.amount);
  printf("%-14s %7s %8zu %10.2f %% %9.4f", kind ? kind->name : "none", amount, row->errors,
         100 * row->accuracy, row->ece);
  if (kind && *kind->source) printf("  %s", kind->source);
  printf("\n");
}

void cli_noises_print(const cli_noises *noises) {
  if (noises->count < 2) return;
  printf("\n%-14s %7s %8s %12s %9s\n", "noise", "amount", "errors", "accuracy", "ece");
  for (size_t i = 0; i <= noises->count; i++) print_row(&noises->rows[i]);
}
