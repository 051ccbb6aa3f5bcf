/* A model's file with its network quantised: scrawl model export --int8. */
#ifndef CLI_QUANTISE_H
#define CLI_QUANTISE_H

#include "cli/cli.h"

/* Which pictures the ranges of activations are taken from, and what comes out. */
typedef struct cli_calibration {
  const char *data; /* a data set; NULL: that of the model's training, where it is a known one */
  const char *name; /* of the quantised model; NULL: the model's and "-int8" */
  int count;        /* pictures drawn from its training part, all if there are fewer */
} cli_calibration;

/* `bytes`: an ONNX file; `*out` is base_free'd by the caller. INVALID_ARGUMENT also when the model
 * is quantised already, or says of no known data set that it was trained on. */
scrawl_status cli_quantise(const cli_command *command, const void *bytes, size_t size,
                           const cli_calibration *calibration, void **out, size_t *out_size,
                           base_error *error);

#endif
