/* The gallery of mistakes: each a PNG (encoded by cairo) with what was written, what was read, and how sure the network was. */
#include "train/gallery.h"

#include <cairo.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static cairo_status_t append_png(void *closure, const unsigned char *bytes, unsigned int length) {
  train_text *png = closure;
  train_text_append(png, (const char *)bytes, length);
  return png->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

bool train_add_picture(train_text *text, int width, int height, const uint8_t *pixels) {
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  train_text png = {0};
  bool done = cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS;
  if (done) {
    unsigned char *rows = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    for (int y = 0; y < height; y++)
      for (int x = 0; x < width; x++) {
        uint32_t grey = 255u - pixels[(size_t)y * (size_t)width + (size_t)x];
        uint32_t colour = grey << 16 | grey << 8 | grey;
        memcpy(rows + (ptrdiff_t)y * stride + 4 * x, &colour, 4);
      }
    cairo_surface_mark_dirty(surface);
    done = cairo_surface_write_to_png_stream(surface, append_png, &png) == CAIRO_STATUS_SUCCESS;
  }
  cairo_surface_destroy(surface);
  if (done) {
    train_text_add(text, "data:image/png;base64,");
    train_text_base64(text, (const uint8_t *)png.bytes, png.length);
  } else {
    text->failed = true;
  }
  base_free(png.bytes);
  return done;
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
  train_text_add(
      text,
      "<figure><img width=\"84\" height=\"84\" loading=\"lazy\" alt=\"Picture %zu: ", wrong->index);
  train_text_escape(text, truth);
  train_text_add(text, " read as ");
  train_text_escape(text, predicted);
  train_text_add(text, "\" src=\"");
  train_add_picture(text, report->width, report->height, pixels);
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
  train_text_add(text, "<p>Written → read, with the confidence and the picture's number (from 0). "
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
