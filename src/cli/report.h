/* Writing a report about a model: its facts come from its metadata. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "base/memory.h"
#include "nn/onnx.h"
#include "train/report.h"

/* The signs of an alphabet, in the arena. INVALID_ARGUMENT when it is not UTF-8. */
scrawl_status cli_split_signs(const char *alphabet, base_arena *arena, const char ***signs,
                              size_t *count, base_error *error);

/* Writes the page with the facts in `metadata` after the report's own (at most 32). */
scrawl_status cli_write_report(const char *path, const train_report *report,
                               const nn_metadata *metadata, base_error *error);

#endif
