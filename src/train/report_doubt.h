/* What a report says about doubt: the risk-coverage curve, what the threshold rejects, and
 * strangers. */
#ifndef TRAIN_REPORT_DOUBT_H
#define TRAIN_REPORT_DOUBT_H

#include "train/report.h"
#include "train/text.h"

void train_add_doubt(train_text *text, const train_report *report);
void train_add_strangers(train_text *text, const train_report *report);

#endif
