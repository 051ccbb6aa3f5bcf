/* Merging models (nn/merge.h): they must read the same signs and see ink alike; what they say about
 * their data is kept where all say the same. */
#include "cli/merge.h"

#include <string.h>

#include "base/memory.h"
#include "cli/open.h"
#include "nn/merge.h"
#include "train/train.h"

static const char KEY_MEMBERS[] = "members";

typedef struct members {
  read_model **models;
  const nn_graph **graphs;
  float *temperatures;
  int count;
} members;

static void close_all(members *m) {
  for (int i = 0; m->models && i < m->count; i++) read_model_free(m->models[i]);
  base_free(m->models);
  base_free(m->graphs);
  base_free(m->temperatures);
}

static scrawl_status check_alike(const read_model *first, const read_model *model,
                                 base_error *error) {
  bool same = first->classes == model->classes;
  for (int c = 0; same && c < model->classes; c++)
    same = strcmp(first->alphabet[c], model->alphabet[c]) == 0;
  if (!same)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "its alphabet is not that of the first model");
  if (first->scale != model->scale)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "full ink is %g to it, %g to the first model",
                     (double)model->scale, (double)first->scale);
  return SCRAWL_OK;
}

static scrawl_status open_all(const cli_merging *merging, members *m, base_error *error) {
  size_t count = (size_t)merging->count;
  m->models = base_alloc_zero(count, sizeof(read_model *));
  m->graphs = base_alloc_zero(count, sizeof(nn_graph *));
  m->temperatures = base_alloc_zero(count, sizeof *m->temperatures);
  m->count = merging->count;
  if (!m->models || !m->graphs || !m->temperatures)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory to merge models");
  for (int i = 0; i < m->count; i++) {
    BASE_TRY(cli_open_model(merging->members[i], &m->models[i], error));
    BASE_TRY(base_fail_within(error, check_alike(m->models[0], m->models[i], error), "%s",
                              merging->members[i]));
    m->graphs[i] = m->models[i]->graph;
    m->temperatures[i] = m->models[i]->temperature;
  }
  return SCRAWL_OK;
}

/* "digits 1.0, digits 1.1": each by its name and version, or by what it was called with. */
static char *name_members(const cli_merging *merging, const members *m) {
  char *list = base_strdup("");
  for (int i = 0; i < m->count && list; i++) {
    const read_model *model = m->models[i];
    char *longer = base_format("%s%s%s%s%s", list, i ? ", " : "",
                               *model->name ? model->name : merging->members[i],
                               *model->version ? " " : "", model->version);
    base_free(list);
    list = longer;
  }
  return list;
}

/* What the first one says, if all say it. */
static const char *said_by_all(const members *m, const char *key) {
  const char *value = nn_metadata_get(&m->models[0]->metadata, key);
  for (int i = 1; i < m->count && value; i++) {
    const char *other = nn_metadata_get(&m->models[i]->metadata, key);
    if (!other || strcmp(value, other) != 0) return NULL;
  }
  return value;
}

static scrawl_status describe(const cli_merging *merging, const members *m, nn_metadata *metadata,
                              base_error *error) {
  static const char *const SHARED[] = {READ_KEY_ALPHABET, READ_KEY_SCALE, READ_KEY_NONE_SHARE,
                                       TRAIN_KEY_DATA, TRAIN_KEY_SPLIT_SEED};
  char *list = name_members(merging, m);
  scrawl_status status = list ? nn_metadata_set(metadata, KEY_MEMBERS, list, error)
                              : base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  base_free(list);
  if (status == SCRAWL_OK)
    status =
        nn_metadata_set(metadata, READ_KEY_NAME, merging->name ? merging->name : "ensemble", error);
  if (status == SCRAWL_OK && merging->version)
    status = nn_metadata_set(metadata, READ_KEY_VERSION, merging->version, error);
  for (size_t i = 0; i < sizeof SHARED / sizeof *SHARED && status == SCRAWL_OK; i++)
    if (said_by_all(m, SHARED[i]))
      status = nn_metadata_set(metadata, SHARED[i], said_by_all(m, SHARED[i]), error);
  return status;
}

scrawl_status cli_merge(const cli_merging *merging, base_error *error) {
  members m = {0};
  nn_graph *graph = NULL;
  nn_metadata metadata = {0};
  scrawl_status status = open_all(merging, &m, error);
  if (status == SCRAWL_OK)
    status = nn_graph_merge(m.graphs, m.temperatures, m.count, &graph, error);
  if (status == SCRAWL_OK) status = describe(merging, &m, &metadata, error);
  if (status == SCRAWL_OK) status = cli_write_model(graph, &metadata, merging->out, error);
  nn_metadata_free(&metadata);
  nn_graph_free(graph);
  close_all(&m);
  return status;
}
