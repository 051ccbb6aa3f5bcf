/* What an evaluation found. Figures that no picture gives (of signs where there are strangers
 * alone) are null in JSON and left out elsewhere. */
#include "cli/scores.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "cli/open.h"
#include "cli/report.h"

enum { MOST_CLASSES_PRINTED = 26 };

static scrawl_status no_memory(base_error *error) {
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the evaluation");
}

static double speed_of(const cli_scores *e) {
  return e->seconds > 0 ? (double)e->total / e->seconds : 0;
}

/* ---- JSON ---- */

static json_t *number_if(bool known, double value) {
  return known ? json_real(value) : json_null();
}

/* The list with an item more; where there is no memory for it, no list. */
static json_t *append(json_t *list, json_t *item) {
  if (json_array_append_new(list, item) == 0) return list;
  json_decref(list);
  return NULL;
}

static json_t *class_to_json(const cli_scores *e, int index) {
  const train_class_metrics *m = &e->metrics.of_class[index];
  return json_pack("{s:s,s:I,s:I,s:I,s:f,s:f,s:f,s:f}", "sign", e->signs[index], "support",
                   (json_int_t)m->support, "predicted", (json_int_t)m->predicted, "right",
                   (json_int_t)m->right, "precision", m->precision, "recall", m->recall,
                   "specificity", m->specificity, "f1", m->f1);
}

static json_t *curve_to_json(const train_doubt *doubt) {
  json_t *curve = json_array();
  for (const double *coverage = TRAIN_COVERAGES; *coverage > 0 && doubt->n; coverage++) {
    train_point point = train_doubt_at_coverage(doubt, *coverage);
    if (point.accepted == 0) continue;
    curve = append(curve,
                   json_pack("{s:f,s:I,s:f,s:f,s:o}", "coverage", point.coverage, "accepted",
                             (json_int_t)point.accepted, "errors", point.errors, "risk", point.risk,
                             "confidence", number_if(point.confidence >= 0, point.confidence)));
  }
  return curve;
}

static json_t *reliability_to_json(const train_metrics *metrics) {
  json_t *bins = json_array();
  for (int b = 0; b < TRAIN_BINS; b++) {
    const train_bin *bin = &metrics->bins[b];
    double count = (double)bin->count;
    bins = append(bins, json_pack("{s:f,s:f,s:I,s:o,s:o}", "from", (double)b / TRAIN_BINS, "to",
                                  (double)(b + 1) / TRAIN_BINS, "n", (json_int_t)bin->count,
                                  "accuracy", number_if(bin->count, (double)bin->right / count),
                                  "confidence", number_if(bin->count, bin->confidence / count)));
  }
  return bins;
}

static json_t *strangers_to_json(const cli_scores *e) {
  json_t *signs = json_array();
  size_t n = 0, rejected = 0;
  for (size_t i = 0; i < e->stranger_count; i++) {
    const train_stranger *s = &e->strangers[i];
    if (s->n == 0) continue;
    n += s->n;
    rejected += s->rejected;
    signs =
        append(signs, json_pack("{s:s,s:I,s:I,s:f,s:s?}", "sign", s->sign, "n", (json_int_t)s->n,
                                "rejected", (json_int_t)s->rejected, "rejected_share",
                                train_share(s->rejected, s->n), "taken_for", s->taken_for));
  }
  return json_pack("{s:I,s:I,s:o,s:o}", "n", (json_int_t)n, "rejected", (json_int_t)rejected,
                   "rejected_share", number_if(n, train_share(rejected, n)), "signs", signs);
}

static json_t *classes_to_json(const cli_scores *e) {
  json_t *classes = json_array();
  for (int c = 0; c < e->metrics.classes; c++) classes = append(classes, class_to_json(e, c));
  return classes;
}

static json_t *confusion_to_json(const train_metrics *m) {
  json_t *confusion = json_array();
  for (int t = 0; t < m->classes; t++) {
    json_t *row = json_array();
    for (int p = 0; p < m->classes; p++)
      row = append(
          row, json_integer((json_int_t)m->confusion[(size_t)t * (size_t)m->classes + (size_t)p]));
    confusion = append(confusion, row);
  }
  return confusion;
}

/* The scores of signs. */
static json_t *metrics_to_json(const cli_scores *e) {
  const train_metrics *m = &e->metrics;
  bool any = m->n > 0;
  return json_pack("{s:I,s:I,s:o,s:o,s:o,s:i,s:o,s:o,s:o,s:o,s:I,s:o,s:o}", "n", (json_int_t)m->n,
                   "errors", (json_int_t)m->errors, "accuracy", number_if(any, m->accuracy), "loss",
                   number_if(any, m->loss), "ece", number_if(any, m->ece), "ece_bins", TRAIN_BINS,
                   "precision", number_if(any, m->precision), "recall", number_if(any, m->recall),
                   "specificity", number_if(any, m->specificity), "f1", number_if(any, m->f1),
                   "unread", (json_int_t)m->unread, "classes", classes_to_json(e), "confusion",
                   confusion_to_json(m));
}

/* What is rejected, and what that is good for. */
static json_t *doubt_to_json(const cli_scores *e) {
  bool any = e->metrics.n > 0;
  train_point here = train_doubt_at(&e->doubt, e->reject_below);
  return json_pack("{s:f,s:o,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "reject_below", e->reject_below,
                   "max_error", number_if(!isnan(e->max_error), e->max_error), "rejected",
                   (json_int_t)e->rejected, "accepted_errors", (json_int_t)llround(here.errors),
                   "coverage", number_if(any, here.coverage), "aurc", number_if(any, e->doubt.aurc),
                   "excess_aurc", number_if(any, e->doubt.excess_aurc), "risk_coverage",
                   curve_to_json(&e->doubt), "reliability", reliability_to_json(&e->metrics),
                   "strangers", strangers_to_json(e));
}

scrawl_status cli_scores_print_json(const cli_scores *e, base_error *error) {
  json_t *root =
      json_pack("{s:s,s:s,s:s,s:I,s:f,s:f}", "model", e->model->name, "version", e->model->version,
                "data", e->set->name, "left_out", (json_int_t)e->left_out, "seconds", e->seconds,
                "pictures_per_second", speed_of(e));
  json_t *metrics = metrics_to_json(e), *doubt = doubt_to_json(e);
  int failed = json_object_update(root, metrics) | json_object_update(root, doubt);
  json_decref(metrics);
  json_decref(doubt);
  if (e->noises->count) failed |= json_object_set_new(root, "noise", cli_noises_to_json(e->noises));
  char *text = !failed ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
  json_decref(root);
  if (!text) return no_memory(error);
  puts(text);
  free(text);
  return SCRAWL_OK;
}

/* ---- text ---- */

static void print_confusion(const cli_scores *e) {
  const train_metrics *m = &e->metrics;
  printf("\nrows: written, columns: read\n     ");
  for (int c = 0; c < m->classes; c++) printf(" %5s", e->signs[c]);
  for (int t = 0; t < m->classes; t++) {
    printf("\n%5s", e->signs[t]);
    for (int p = 0; p < m->classes; p++) {
      size_t count = m->confusion[(size_t)t * (size_t)m->classes + (size_t)p];
      if (count)
        printf(" %5zu", count);
      else
        printf(" %5s", ".");
    }
  }
  printf("\n");
}

static void print_classes(const cli_scores *e) {
  const train_metrics *m = &e->metrics;
  printf("\n%5s %9s %9s %9s %11s %9s\n", "sign", "pictures", "precision", "recall", "specificity",
         "F1");
  for (int c = 0; c < m->classes; c++) {
    const train_class_metrics *of = &m->of_class[c];
    if (of->seen)
      printf("%5s %9zu %9.4f %9.4f %11.4f %9.4f\n", e->signs[c], of->support, of->precision,
             of->recall, of->specificity, of->f1);
  }
  printf("%5s %9s %9.4f %9.4f %11.4f %9.4f\n", "mean", "", m->precision, m->recall, m->specificity,
         m->f1);
  if (m->classes <= MOST_CLASSES_PRINTED) print_confusion(e);
}

static void print_doubt(const cli_scores *e) {
  train_point here = train_doubt_at(&e->doubt, e->reject_below);
  train_point sure = train_doubt_at_coverage(&e->doubt, 0.99);
  if (e->rejected == 0)
    printf("none is rejected, under a confidence of %.4g\n", e->reject_below);
  else
    printf(
        "%zu are rejected, under a confidence of %.4g: %.2f %%; of the other %zu %.0f are wrong, "
        "%.2f %%\n",
        e->rejected, e->reject_below, 100 * train_share(e->rejected, e->metrics.n), here.accepted,
        here.errors, 100 * here.risk);
  printf("without the least sure 1 %% there are %.3g errors, %.2f %%; area under the risk-coverage "
         "curve %.3g\n",
         sure.errors, 100 * sure.risk, e->doubt.aurc);
}

static void print_strangers(const cli_scores *e) {
  size_t n = 0, rejected = 0;
  for (size_t i = 0; i < e->stranger_count; i++) {
    n += e->strangers[i].n;
    rejected += e->strangers[i].rejected;
  }
  if (n == 0) return;
  printf(
      "\nstrangers, of signs that the model does not know: %zu pictures, %zu rejected, %.2f %%\n",
      n, rejected, 100 * train_share(rejected, n));
  printf("%5s %9s %9s %9s  %s\n", "sign", "pictures", "rejected", "share", "else mostly read as");
  for (size_t i = 0; i < e->stranger_count; i++) {
    const train_stranger *s = &e->strangers[i];
    if (s->n == 0) continue;
    printf("%5s %9zu %9zu %7.2f %%", s->sign, s->n, s->rejected,
           100 * train_share(s->rejected, s->n));
    if (s->taken_for) printf("  %s (%zu)", s->taken_for, s->taken);
    printf("\n");
  }
}

void cli_scores_print(const cli_scores *e) {
  const train_metrics *m = &e->metrics;
  printf("%s on %s%s%s: ", e->model_name, e->set->name, e->noises->count == 1 ? " damaged by " : "",
         e->noises->count == 1 ? e->noise : "");
  if (m->n)
    printf("%zu pictures, %zu errors, accuracy %.2f %%\n", m->n, m->errors, 100 * m->accuracy);
  else
    printf("no picture of a sign that the model knows\n");
  if (m->unread) printf("%zu of them gave no glyph and count as errors\n", m->unread);
  if (e->left_out) printf("%zu pictures of other signs were left out\n", e->left_out);
  cli_print_remarks(stdout, e->set);
  if (m->n) {
    printf("loss %.4f, expected calibration error %.4f (%d equal bins), %.0f pictures/s\n", m->loss,
           m->ece, TRAIN_BINS, speed_of(e));
    print_doubt(e);
    print_classes(e);
  }
  print_strangers(e);
  cli_noises_print(e->noises);
}

/* ---- the page ---- */

scrawl_status cli_scores_report(const cli_command *command, const char *path, const cli_scores *e,
                                base_error *error) {
  char title[256], noise[80] = "", speed[48];
  snprintf(title, sizeof title, "%s on %s", *e->model->name ? e->model->name : e->model_name,
           e->set->name);
  if (e->noises->count == 1) snprintf(noise, sizeof noise, " damaged by %s", e->noise);
  snprintf(speed, sizeof speed, "%.0f pictures/s", speed_of(e));
  char *subtitle =
      base_format("What the model read of %zu pictures%s.", e->total + e->unread, noise);
  if (!subtitle) return no_memory(error);
  const char *history_text = nn_metadata_get(&e->model->metadata, TRAIN_KEY_HISTORY);
  train_history history = {0};
  base_error fault = {0};
  if (history_text && train_history_from_json(history_text, &history, &fault) != SCRAWL_OK)
    cli_complain(command, "%s; the report goes without curves", fault.message);
  const train_fact facts[] = {{"evaluated on", e->set->name}, {"reading speed", speed}};
  const train_report report = {
      .title = title,
      .subtitle = subtitle,
      .facts = facts,
      .fact_count = 2,
      .history = &history,
      .metrics = e->metrics.n ? &e->metrics : NULL,
      .doubt = &e->doubt,
      .reject_below = e->reject_below,
      .strangers = e->strangers,
      .stranger_count = e->stranger_count,
      .signs = e->signs,
      .noise = e->noises->rows,
      .noise_count = e->noises->count > 1 ? e->noises->count + 1 : 0,
      .count = e->count,
      .width = INK_GLYPH_SIDE,
      .height = INK_GLYPH_SIDE,
      .pixels = e->pixels,
      .labels = e->labels,
      .probabilities = e->probabilities,
  };
  scrawl_status status = cli_write_report(path, &report, &e->model->metadata, error);
  train_history_free(&history);
  base_free(subtitle);
  return status;
}

void cli_scores_free(cli_scores *e) {
  train_metrics_free(&e->metrics);
  train_doubt_free(&e->doubt);
  base_free(e->pixels);
  base_free(e->labels);
  base_free(e->probabilities);
  base_arena_free(&e->arena);
}
