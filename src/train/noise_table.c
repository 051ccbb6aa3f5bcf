/* Accuracy under damage, as a table of the report. */
#include "train/noise_table.h"

train_noise_row train_noise_row_of(ink_noise noise, const train_metrics *metrics) {
  return (train_noise_row){.noise = noise,
                           .n = metrics->n,
                           .errors = metrics->errors,
                           .accuracy = metrics->accuracy,
                           .ece = metrics->ece};
}

static void add_row(train_text *text, const train_noise_row *row) {
  const ink_noise_kind *kind = row->noise.kind;
  train_text_add(text, "<tr><th scope=\"row\">%s</th><td>", kind ? kind->name : "none");
  if (kind && kind->amount) train_text_add(text, "%g (%s)", row->noise.amount, kind->amount);
  train_text_add(text, "</td><td>%s</td><td>%zu</td><td>%.2f %%</td><td>%.4f</td></tr>\n",
                 kind ? kind->source : "", row->errors, 100 * row->accuracy, row->ece);
}

void train_add_noise_table(train_text *text, const train_noise_row *rows, size_t count) {
  train_text_add(text,
                 "<h2>Under damage</h2>\n<p>The same pictures, each damaged anew by one kind after "
                 "the other.</p>\n<div class=\"wide\" tabindex=\"0\" role=\"region\" "
                 "aria-label=\"Accuracy under damage\"><table><thead><tr>"
                 "<th scope=\"col\">Damage</th><th scope=\"col\">Amount</th>"
                 "<th scope=\"col\">As in</th><th scope=\"col\">Errors</th>"
                 "<th scope=\"col\">Accuracy</th><th scope=\"col\">Calibration error</th>"
                 "</tr></thead><tbody>\n");
  for (size_t i = 0; i < count; i++) add_row(text, &rows[i]);
  train_text_add(text, "</tbody></table></div>\n");
}
