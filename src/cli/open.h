/* What commands name: models and data sets. */
#ifndef CLI_OPEN_H
#define CLI_OPEN_H

#include <stdio.h>

#include "cli/cli.h"
#include "data/set.h"
#include "read/model.h"

/* The ONNX file of a model inside the program by its name, or else a file, which is then also in
 * `*owned` (base_free). */
scrawl_status cli_find_model(const char *name_or_path, const uint8_t **bytes, size_t *size,
                             uint8_t **owned, base_error *error);
/* The same, opened. */
scrawl_status cli_open_model(const char *name_or_path, read_model **model, base_error *error);

/* A network as the bytes of a model file (base_free), which opens like any other model: this is
 * tried. NULL where it does not. */
scrawl_status cli_model_bytes(const nn_graph *graph, const nn_metadata *metadata, void **bytes,
                              size_t *size, base_error *error);
/* The same, as a file. */
scrawl_status cli_write_model(const nn_graph *graph, const nn_metadata *metadata, const char *path,
                              base_error *error);

/* A data set by name, a pair of IDX files, a folder with manifest.tsv, or several of these joined
 * by +. The pictures of a folder go through the whole reading pipeline; those that give no glyph
 * are complained about and counted in `*failed`. */
scrawl_status cli_open_data(const cli_command *command, const char *name_or_path, data_part part,
                            read_reader *reader, data_set *set, size_t *failed, base_error *error);

/* What was left out of the set and why, a line for each, if anything was. */
void cli_print_remarks(FILE *stream, const data_set *set);

/* Before long work: whether a file can be written there. WRITE_FAILED. */
scrawl_status cli_check_writable(const char *path, base_error *error);

#endif
