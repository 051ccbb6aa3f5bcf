/* Small pictures inside a page. */
#ifndef TRAIN_GALLERY_H
#define TRAIN_GALLERY_H

#include "train/report.h"
#include "train/text.h"

/* The pictures that were read wrong, the most confident first, at most TRAIN_MAX_MISTAKES of
 * them. */
void train_add_gallery(train_text *text, const train_report *report);

#endif
