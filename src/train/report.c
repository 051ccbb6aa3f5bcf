/* Reports: one HTML page, put together from top to bottom. */
#include "train/report.h"

#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "train/chart.h"
#include "train/gallery.h"
#include "train/report_doubt.h"
#include "train/text.h"

enum { MOST_CLASSES_DRAWN = 128, MOST_CONFUSIONS = 12 };

static void add_figure(train_text *text, const char *label, const char *value) {
  train_text_add(text, "<div><dt>%s</dt><dd>%s</dd></div>\n", label, value);
}

static void add_summary(train_text *text, const train_metrics *metrics) {
  char value[64];
  train_text_add(text, "<dl class=\"figures\">\n");
  snprintf(value, sizeof value, "%.2f %%", 100 * metrics->accuracy);
  add_figure(text, "Accuracy", value);
  snprintf(value, sizeof value, "%zu of %zu", metrics->errors, metrics->n);
  add_figure(text, "Errors", value);
  if (metrics->unread) {
    snprintf(value, sizeof value, "%zu", metrics->unread);
    add_figure(text, "of these not readable", value);
  }
  snprintf(value, sizeof value, "%.4f", metrics->loss);
  add_figure(text, "Loss (cross-entropy)", value);
  snprintf(value, sizeof value, "%.4f", metrics->f1);
  add_figure(text, "F1, mean of classes", value);
  snprintf(value, sizeof value, "%.4f", metrics->ece);
  add_figure(text, "Calibration error", value);
  train_text_add(text, "</dl>\n");
}

/* ---- training ---- */

static void add_epoch_table(train_text *text, const train_history *history) {
  train_text_add(
      text, "<details><summary>The curves as a table</summary><div class=\"wide\" tabindex=\"0\" "
            "role=\"region\" aria-label=\"Training, epoch by epoch\"><table><thead><tr>"
            "<th scope=\"col\">Epoch</th><th scope=\"col\">Rate</th><th scope=\"col\">Loss</th>"
            "<th scope=\"col\">Accuracy</th><th scope=\"col\">Validation loss</th>"
            "<th scope=\"col\">Validation accuracy</th></tr></thead><tbody>\n");
  for (size_t i = 0; i < history->count; i++) {
    const train_epoch *epoch = &history->epochs[i];
    train_text_add(
        text, "<tr><th scope=\"row\">%zu%s</th><td>%.3g</td><td>%.4f</td><td>%.2f %%</td>", i + 1,
        i == history->best ? " (kept)" : "", epoch->rate, epoch->loss, 100 * epoch->accuracy);
    if (isfinite(epoch->validation_loss))
      train_text_add(text, "<td>%.4f</td><td>%.2f %%</td></tr>\n", epoch->validation_loss,
                     100 * epoch->validation_accuracy);
    else
      train_text_add(text, "<td>–</td><td>–</td></tr>\n");
  }
  train_text_add(text, "</tbody></table></div></details>\n");
}

static void add_training(train_text *text, const train_history *history) {
  size_t count = history->count;
  double *values = base_alloc(count, 4 * sizeof *values);
  if (!values) {
    text->failed = true;
    return;
  }
  bool validated = false;
  for (size_t i = 0; i < count; i++) {
    const train_epoch *epoch = &history->epochs[i];
    values[i] = epoch->loss;
    values[count + i] = epoch->validation_loss;
    values[2 * count + i] = 100 * epoch->accuracy;
    values[3 * count + i] = 100 * epoch->validation_accuracy;
    validated |= isfinite(epoch->validation_loss);
  }
  const train_series loss[2] = {{"training", "train", values},
                                {"validation", "validation", values + count}};
  const train_series accuracy[2] = {{"training", "train", values + 2 * count},
                                    {"validation", "validation", values + 3 * count}};
  size_t series = validated ? 2 : 1;
  train_text_add(text, "<h2>Training</h2>\n<p>%s</p>\n<div class=\"charts\">\n",
                 validated
                     ? "Training figures are gathered while the network still learns, with "
                       "augmentation and dropout if there are any; the upright line marks the "
                       "weights that were kept."
                     : "There was no validation part; the last weights were kept.");
  train_chart_curves(text, "Loss, epoch by epoch", "loss", loss, series, count,
                     validated ? history->best : count);
  train_chart_curves(text, "Accuracy, epoch by epoch", "accuracy, %", accuracy, series, count,
                     validated ? history->best : count);
  train_text_add(text, "</div>\n");
  add_epoch_table(text, history);
  base_free(values);
}

/* ---- scores ---- */

static void add_classes(train_text *text, const train_report *report) {
  const train_metrics *metrics = report->metrics;
  train_text_add(
      text, "<h2>Classes</h2>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" "
            "aria-label=\"Scores of each class\"><table><thead><tr><th scope=\"col\">Sign</th>"
            "<th scope=\"col\">Pictures</th><th scope=\"col\">Read right</th>"
            "<th scope=\"col\">Precision</th><th scope=\"col\">Recall<br>(sensitivity)</th>"
            "<th scope=\"col\">Specificity</th><th scope=\"col\">F1</th></tr></thead><tbody>\n");
  for (int c = 0; c < metrics->classes; c++) {
    const train_class_metrics *m = &metrics->of_class[c];
    if (!m->seen) continue;
    train_text_add(text, "<tr><th scope=\"row\">");
    train_text_escape(text, report->signs[c]);
    train_text_add(text,
                   "</th><td>%zu</td><td>%zu</td><td>%.4f</td><td>%.4f</td><td>%.4f</td>"
                   "<td>%.4f</td></tr>\n",
                   m->support, m->right, m->precision, m->recall, m->specificity, m->f1);
  }
  train_text_add(text,
                 "</tbody><tfoot><tr><th scope=\"row\">Mean</th><td></td><td></td><td>%.4f</td>"
                 "<td>%.4f</td><td>%.4f</td><td>%.4f</td></tr></tfoot></table></div>\n",
                 metrics->precision, metrics->recall, metrics->specificity, metrics->f1);
}

typedef struct confusion {
  size_t count;
  int truth, predicted;
} confusion;

/* The pairs mistaken most often, by insertion into a short list. */
static void add_confusions(train_text *text, const train_report *report) {
  const train_metrics *metrics = report->metrics;
  confusion most[MOST_CONFUSIONS] = {0};
  for (int t = 0; t < metrics->classes; t++)
    for (int p = 0; p < metrics->classes; p++) {
      confusion next = {metrics->confusion[(size_t)t * (size_t)metrics->classes + (size_t)p], t, p};
      for (int i = 0; t != p && i < MOST_CONFUSIONS; i++)
        if (next.count > most[i].count) {
          confusion pushed = most[i];
          most[i] = next;
          next = pushed;
        }
    }
  if (most[0].count == 0) return;
  train_text_add(text, "<p>Most often: ");
  for (int i = 0; i < MOST_CONFUSIONS && most[i].count; i++) {
    train_text_add(text, "%s<b>", i ? ", " : "");
    train_text_escape(text, report->signs[most[i].truth]);
    train_text_add(text, "</b> read as <b>");
    train_text_escape(text, report->signs[most[i].predicted]);
    train_text_add(text, "</b> (%zu)", most[i].count);
  }
  train_text_add(text, ".</p>\n");
}

static void add_scores(train_text *text, const train_report *report) {
  const train_metrics *metrics = report->metrics;
  train_text_add(text, "<h2>Confusion matrix</h2>\n<p>Each row is a sign that was written, each "
                       "column one that was read.</p>\n");
  if (metrics->classes <= MOST_CLASSES_DRAWN) train_chart_confusion(text, metrics, report->signs);
  add_confusions(text, report);
  add_classes(text, report);
  train_text_add(
      text,
      "<h2>Can the confidence be trusted?</h2>\n<p>Of the pictures read with a confidence "
      "of 80 %%, 80 %% should be right: bars that end on the dashed diagonal. The short line "
      "in each of the %d equally wide bins is its mean confidence; the expected "
      "calibration error, %.4f, is the mean distance between line and bar, weighted by "
      "pictures.</p>\n<div class=\"charts single\">\n",
      TRAIN_BINS, metrics->ece);
  train_chart_reliability(text, metrics);
  train_text_add(text, "</div>\n");
}

static void add_facts(train_text *text, const train_report *report) {
  train_text_add(text, "<h2>How it was made</h2>\n<table class=\"facts\"><tbody>\n");
  for (size_t i = 0; i < report->fact_count; i++) {
    train_text_add(text, "<tr><th scope=\"row\">");
    train_text_escape(text, report->facts[i].label);
    train_text_add(text, "</th><td>");
    train_text_escape(text, report->facts[i].value);
    train_text_add(text, "</td></tr>\n");
  }
  train_text_add(text, "</tbody></table>\n");
}

scrawl_status train_report_html(const train_report *report, char **html, base_error *error) {
  train_text text = {0};
  train_text_add(&text, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                        "<title>");
  train_text_escape(&text, report->title);
  train_text_add(&text, "</title>\n<style>\n%s</style></head>\n<body><main>\n<h1>",
                 (const char *)TRAIN_ASSETS[0].bytes);
  train_text_escape(&text, report->title);
  train_text_add(&text, "</h1>\n<p>");
  train_text_escape(&text, report->subtitle);
  train_text_add(&text, "</p>\n");
  if (report->metrics) add_summary(&text, report->metrics);
  if (report->history && report->history->count) add_training(&text, report->history);
  if (report->metrics) add_scores(&text, report);
  if (report->metrics && report->doubt) train_add_doubt(&text, report);
  train_add_strangers(&text, report);
  if (report->noise_count) train_add_noise_table(&text, report->noise, report->noise_count);
  if (report->metrics && report->count) {
    train_text_add(&text, "<h2>Mistakes</h2>\n");
    train_add_gallery(&text, report);
  }
  if (report->fact_count) add_facts(&text, report);
  train_text_add(&text, "</main></body></html>\n");
  *html = train_text_take(&text);
  if (!*html) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the report");
  return SCRAWL_OK;
}
