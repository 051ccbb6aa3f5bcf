/* The gallery of mistakes: each a PNG with what was written, what was read, and how sure the
 * network was. */
#include "train/gallery.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "data/png.h"

/* An ink picture (255 = ink) as a PNG data URI, black on white. The text is marked as failed when
 * memory is exhausted. */
static void add_picture(train_text *text, int width, int height, const uint8_t *pixels) {
  uint8_t *png;
  size_t size;
  if (data_png_of_ink(pixels, width, height, &png, &size, NULL) != SCRAWL_OK) {
    text->failed = true;
    return;
  }
  train_text_add(text, "data:image/png;base64,");
  train_text_base64(text, png, size);
  base_free(png);
}

typedef struct mistake {
  size_t index;
  int predicted;
  float confidence;
} mistake;

static int more_confident(const void *a, const void *b) {
  const mistake *x = a, *y = b;
  if (x->confidence != y->confidence) return x->confidence > y->confidence ? -1 : 1;
  return x->index < y->index ? -1 : 1;
}

static size_t find_mistakes(const train_report *report, mistake *mistakes) {
  size_t count = 0, classes = (size_t)report->metrics->classes;
  for (size_t i = 0; i < report->count; i++) {
    const float *row = report->probabilities + i * classes;
    int predicted = train_predict(row, (int)classes);
    if (predicted == report->labels[i]) continue;
    if (mistakes) mistakes[count] = (mistake){i, predicted, row[predicted]};
    count++;
  }
  return count;
}

static void add_mistake(train_text *text, const train_report *report, const mistake *wrong) {
  const char *truth = report->signs[report->labels[wrong->index]];
  const char *predicted = report->signs[wrong->predicted];
  const uint8_t *pixels =
      report->pixels + wrong->index * (size_t)report->width * (size_t)report->height;
  train_text_add(text, "<figure><img width=\"84\" height=\"84\" alt=\"Picture %zu: ", wrong->index);
  train_text_escape(text, truth);
  train_text_add(text, " read as ");
  train_text_escape(text, predicted);
  train_text_add(text, "\" src=\"");
  add_picture(text, report->width, report->height, pixels);
  train_text_add(text, "\"><figcaption><b>");
  train_text_escape(text, truth);
  train_text_add(text, "</b> <span aria-label=\"read as\">→</span> <b class=\"bad\">");
  train_text_escape(text, predicted);
  train_text_add(text, "</b><br><small>%.1f&nbsp;%%<br>no. %zu</small></figcaption></figure>\n",
                 100 * (double)wrong->confidence, wrong->index);
}

void train_add_gallery(train_text *text, const train_report *report) {
  size_t count = find_mistakes(report, NULL);
  if (count == 0) {
    train_text_add(text, "<p>None of the %zu pictures was read wrong.</p>\n", report->count);
    return;
  }
  mistake *mistakes = base_alloc(count, sizeof *mistakes);
  if (!mistakes) {
    text->failed = true;
    return;
  }
  find_mistakes(report, mistakes);
  qsort(mistakes, count, sizeof *mistakes, more_confident);
  size_t shown = count < TRAIN_MAX_MISTAKES ? count : TRAIN_MAX_MISTAKES;
  train_text_add(text, "<p>Written → read, with the confidence and the number (from 0). "
                       "The most confident come first; ");
  if (shown < count)
    train_text_add(text, "the first %zu of %zu.</p>\n", shown, count);
  else
    train_text_add(text, "%s %zu.</p>\n", count == 1 ? "there is just" : "all", count);
  train_text_add(text, "<div class=\"gallery\">\n");
  for (size_t i = 0; i < shown; i++) add_mistake(text, report, &mistakes[i]);
  train_text_add(text, "</div>\n");
  base_free(mistakes);
}
