/* Reports on the command line: the model's own metadata become the facts at the end of the page. */
#include "cli/report.h"

#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "data/file.h"
#include "train/train.h"

scrawl_status cli_split_signs(const char *alphabet, base_arena *arena, const char ***signs,
                              size_t *count, base_error *error) {
  size_t left = strlen(alphabet);
  *count = 0;
  *signs = base_arena_alloc(arena, left + 1, sizeof **signs);
  while (*signs && left > 0) {
    size_t length = base_utf8_length(alphabet, left);
    if (length == 0) return base_fail(error, SCRAWL_INVALID_ARGUMENT, "the alphabet is not UTF-8");
    char *sign = base_arena_strdup(arena, alphabet, length);
    if (!sign) break;
    (*signs)[(*count)++] = sign;
    alphabet += length;
    left -= length;
  }
  if (left > 0 || !*signs)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the alphabet");
  return SCRAWL_OK;
}

scrawl_status cli_write_report(const char *path, const train_report *report,
                               const nn_metadata *metadata, base_error *error) {
  enum { MAX_FACTS = NN_MAX_METADATA + 32 };
  train_fact facts[MAX_FACTS];
  size_t count = 0;
  for (; count < report->fact_count && count < 32; count++) facts[count] = report->facts[count];
  for (int i = 0; i < metadata->count; i++) /* the history is drawn */
    if (strcmp(metadata->items[i].key, TRAIN_KEY_HISTORY) != 0)
      facts[count++] = (train_fact){metadata->items[i].key, metadata->items[i].value};
  train_report whole = *report;
  whole.facts = facts;
  whole.fact_count = count;
  char *html;
  BASE_TRY(train_report_html(&whole, &html, error));
  scrawl_status status = data_file_write(path, html, strlen(html), error);
  base_free(html);
  return status;
}
