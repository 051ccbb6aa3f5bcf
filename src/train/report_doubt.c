/* Doubt in a report. */
#include "train/report_doubt.h"

#include <math.h>

#include "train/chart.h"

static const double TABLE_FROM = 0.5; /* coverages under it are in the chart alone */

static void add_curve_table(train_text *text, const train_doubt *doubt) {
  train_text_add(
      text, "<details><summary>The curve as a table</summary><div class=\"wide\" tabindex=\"0\" "
            "role=\"region\" aria-label=\"Risk and coverage\"><table><thead><tr>"
            "<th scope=\"col\">Accepted</th><th scope=\"col\">Pictures</th>"
            "<th scope=\"col\">Errors among them</th><th scope=\"col\">Risk</th>"
            "<th scope=\"col\">Confidence from</th></tr></thead><tbody>\n");
  for (const double *coverage = TRAIN_COVERAGES; *coverage >= TABLE_FROM; coverage++) {
    train_point point = train_doubt_at_coverage(doubt, *coverage);
    if (point.accepted == 0) continue;
    train_text_add(text,
                   "<tr><th scope=\"row\">%.4g %%</th><td>%zu</td><td>%.3g</td><td>%.3f %%</td>",
                   100 * point.coverage, point.accepted, point.errors, 100 * point.risk);
    if (point.confidence >= 0)
      train_text_add(text, "<td>%.4f</td></tr>\n", point.confidence);
    else
      train_text_add(text, "<td>–</td></tr>\n");
  }
  train_text_add(text, "</tbody></table></div></details>\n");
}

void train_add_doubt(train_text *text, const train_report *report) {
  const train_doubt *doubt = report->doubt;
  train_point here = train_doubt_at(doubt, report->reject_below);
  train_point sure = train_doubt_at_coverage(doubt, 0.99);
  train_text_add(
      text,
      "<h2>What does doubt cost, and save?</h2>\n<p>Readings with a confidence under %.4g, and "
      "what "
      "is taken for no glyph, are rejected: %zu of %zu pictures, %.2f %%. Of the %zu accepted ones "
      "%.0f are wrong, %.3f %%. Without the least sure 1 %% of all pictures there would be %.3g "
      "errors, %.3f %%. The area under the curve is %.3g; what of it the best possible order would "
      "not have, %.3g (Geifman, Uziel and El-Yaniv 2019).</p>\n<div class=\"charts single\">\n",
      report->reject_below, doubt->n - here.accepted, doubt->n, 100 * (1 - here.coverage),
      here.accepted, here.errors, 100 * here.risk, sure.errors, 100 * sure.risk, doubt->aurc,
      doubt->excess_aurc);
  train_chart_risk(text, doubt, here.coverage);
  train_text_add(text, "</div>\n");
  add_curve_table(text, doubt);
}

static void add_stranger(train_text *text, const train_stranger *stranger) {
  if (stranger->n == 0) return;
  train_text_add(text, "<tr><th scope=\"row\">");
  train_text_escape(text, stranger->sign);
  train_text_add(text, "</th><td>%zu</td><td>%zu</td><td>%.2f %%</td><td>", stranger->n,
                 stranger->rejected, 100 * (double)stranger->rejected / (double)stranger->n);
  if (stranger->taken_for) {
    train_text_escape(text, stranger->taken_for);
    train_text_add(text, " (%zu)", stranger->taken);
  }
  train_text_add(text, "</td></tr>\n");
}

void train_add_strangers(train_text *text, const train_report *report) {
  size_t n = 0, rejected = 0;
  for (size_t i = 0; i < report->stranger_count; i++) {
    n += report->strangers[i].n;
    rejected += report->strangers[i].rejected;
  }
  if (n == 0) return;
  train_text_add(text,
                 "<h2>Strangers</h2>\n<p>Pictures of signs that the model does not know, or of no "
                 "glyph: all should be rejected. Of %zu, %zu are, %.2f %%.</p>\n"
                 "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Strangers\">"
                 "<table><thead><tr><th scope=\"col\">Sign</th><th scope=\"col\">Pictures</th>"
                 "<th scope=\"col\">Rejected</th><th scope=\"col\">Share</th>"
                 "<th scope=\"col\">Else mostly read as</th></tr></thead><tbody>\n",
                 n, rejected, 100 * (double)rejected / (double)n);
  for (size_t i = 0; i < report->stranger_count; i++) add_stranger(text, &report->strangers[i]);
  train_text_add(text, "</tbody></table></div>\n");
}
