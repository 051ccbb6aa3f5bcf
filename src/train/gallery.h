/* Small pictures inside a page. */
#ifndef TRAIN_GALLERY_H
#define TRAIN_GALLERY_H

#include "train/report.h"
#include "train/text.h"

/* An ink picture (255 = ink) as a PNG data URI, black on white. False when memory is exhausted; the
 * text is then marked as failed. */
bool train_add_picture(train_text *text, int width, int height, const uint8_t *pixels);
/* The pictures that were read wrong, the most confident first, at most TRAIN_MAX_MISTAKES of
 * them. */
void train_add_gallery(train_text *text, const train_report *report);

#endif
