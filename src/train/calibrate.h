/* The end of a training run: making the network's probabilities honest, and finding out from which
 * confidence on they can be believed. */
#ifndef TRAIN_CALIBRATE_H
#define TRAIN_CALIBRATE_H

#include "train/train.h"

/* Takes the outcome with the validation part and what its network says about it, fits the
 * temperature, applies it, takes pictures that show no glyph apart, and fills in scores, doubt and
 * metadata. OUT_OF_MEMORY. */
scrawl_status train_calibrate(train_outcome *outcome, base_error *error);
/* Puts text into the metadata and frees it; OUT_OF_MEMORY for NULL. */
scrawl_status train_put_text(nn_metadata *metadata, const char *key, char *value,
                             base_error *error);

#endif
