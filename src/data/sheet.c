/* Contact sheets, drawn with cairo: a row for each class, its sign and count in front.
 *
 * A picture is drawn as a mask through which black is painted, since ink levels are what alpha
 * is. Its size in whole multiples where it is enlarged keeps every pixel a square of its own.
 * Signs outside ASCII are given by class number: cairo's simple fonts do not look for a face
 * that has them. */
#include "data/sheet.h"

#include <cairo.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/file.h"

enum {
  COLUMNS = 24,
  CELL = 56, /* pixels a picture gets, at most */
  GAP = 4,   /* between pictures */
  MARGIN = 16,
  LABEL = 104,      /* width of sign and count */
  TITLE = 40,       /* height */
  MAX_SIDE = 32000, /* of the sheet: cairo ends at 32,767 */
  MIN_ROW = 8,
};

typedef struct sheet {
  const data_set *set;
  cairo_t *cairo;
  int row, cell; /* height of a row, side of a picture's place */
} sheet;

static void say(const sheet *s, double x, double y, double size, const char *text) {
  cairo_set_font_size(s->cairo, size);
  cairo_move_to(s->cairo, x, y);
  cairo_show_text(s->cairo, text);
}

/* The sign of `class` if it is ASCII, otherwise its number. */
static void name_class(const data_set *set, int class, char *text, size_t size) {
  char sign[SCRAWL_MAX_SIGN_BYTES];
  data_set_sign(set, class, sign);
  if (*sign > ' ' && *sign < 0x7f)
    snprintf(text, size, "%s", sign);
  else
    snprintf(text, size, "class %d", class);
}

static void draw_picture(const sheet *s, size_t number, double x, double y) {
  int width = s->set->width, height = s->set->height, longer = width > height ? width : height;
  const uint8_t *pixels = s->set->pixels + number * (size_t)width * (size_t)height;
  cairo_surface_t *mask = cairo_image_surface_create(CAIRO_FORMAT_A8, width, height);
  if (cairo_surface_status(mask) == CAIRO_STATUS_SUCCESS) {
    int stride = cairo_image_surface_get_stride(mask);
    unsigned char *rows = cairo_image_surface_get_data(mask);
    for (int line = 0; line < height; line++)
      memcpy(rows + (size_t)line * (size_t)stride, pixels + (size_t)line * (size_t)width,
             (size_t)width);
    cairo_surface_mark_dirty(mask);
  }
  double zoom = longer <= s->cell ? s->cell / longer : (double)s->cell / longer;
  cairo_pattern_t *pattern = cairo_pattern_create_for_surface(mask);
  cairo_pattern_set_filter(pattern, zoom < 1 ? CAIRO_FILTER_GOOD : CAIRO_FILTER_NEAREST);
  cairo_save(s->cairo);
  cairo_translate(s->cairo, x, y);
  cairo_scale(s->cairo, zoom, zoom);
  cairo_rectangle(s->cairo, 0, 0, width, height);
  cairo_clip(s->cairo);
  cairo_mask(s->cairo, pattern);
  cairo_restore(s->cairo);
  cairo_pattern_destroy(pattern);
  cairo_surface_destroy(mask); /* an error in it has come to the sheet's own status */
}

static void draw_class(const sheet *s, int class, size_t members) {
  double top = MARGIN + TITLE + (double)class * s->row;
  char text[64];
  double size = s->row < 32 ? s->row * 0.6 : 20;
  name_class(s->set, class, text, sizeof text);
  say(s, MARGIN, top + size, size, text);
  snprintf(text, sizeof text, "%zu", members);
  say(s, MARGIN + (s->row < 32 ? 56 : 0), top + (s->row < 32 ? size : 2 * size), size * 0.65, text);
  /* Sample k of n is member number k * members / n: spread over the whole set, the same every
   * time. */
  size_t samples = members < COLUMNS ? members : COLUMNS, member = 0, sample = 0;
  for (size_t i = 0; i < s->set->count && sample < samples; i++) {
    if (s->set->labels[i] != class) continue;
    if (member++ != sample * members / samples) continue;
    draw_picture(s, i, MARGIN + LABEL + (double)sample * (s->cell + GAP), top);
    sample++;
  }
}

static scrawl_status draw(sheet *s, base_error *error) {
  const data_set *set = s->set;
  size_t *members = base_alloc_zero((size_t)set->classes, sizeof *members);
  if (!members) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a contact sheet");
  for (size_t i = 0; i < set->count; i++) members[set->labels[i]]++;
  cairo_set_source_rgb(s->cairo, 1, 1, 1);
  cairo_paint(s->cairo);
  cairo_set_source_rgb(s->cairo, 0, 0, 0);
  cairo_select_font_face(s->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  char title[512];
  snprintf(title, sizeof title, "%s: %zu pictures of %d x %d pixels, %d classes", set->name,
           set->count, set->width, set->height, set->classes);
  say(s, MARGIN, MARGIN + 16, 16, title);
  for (int class = 0; class < set->classes; class ++) draw_class(s, class, members[class]);
  base_free(members);
  cairo_status_t status = cairo_status(s->cairo);
  if (status == CAIRO_STATUS_SUCCESS) return SCRAWL_OK;
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "the contact sheet could not be drawn: %s",
                   cairo_status_to_string(status));
}

/* ---- as PNG ---- */

typedef struct buffer {
  uint8_t *bytes;
  size_t size, capacity;
} buffer;

static cairo_status_t append(void *closure, const unsigned char *bytes, unsigned size) {
  buffer *out = closure;
  if (size > out->capacity - out->size) {
    size_t larger = 2 * out->capacity + size;
    uint8_t *grown = base_realloc(out->bytes, out->size, larger);
    if (!grown) return CAIRO_STATUS_NO_MEMORY;
    out->bytes = grown;
    out->capacity = larger;
  }
  memcpy(out->bytes + out->size, bytes, size);
  out->size += size;
  return CAIRO_STATUS_SUCCESS;
}

static scrawl_status write_png(cairo_surface_t *surface, const char *path, base_error *error) {
  buffer out = {0};
  cairo_status_t status = cairo_surface_write_to_png_stream(surface, append, &out);
  scrawl_status result =
      status == CAIRO_STATUS_SUCCESS
          ? data_file_write(path, out.bytes, out.size, error)
          : base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: the picture could not be encoded: %s", path,
                      cairo_status_to_string(status));
  base_free(out.bytes);
  return result;
}

scrawl_status data_sheet_write(const data_set *set, const char *path, base_error *error) {
  int row = (MAX_SIDE - TITLE - 2 * MARGIN) / set->classes;
  if (row < MIN_ROW)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%s: %d classes do not fit on a contact sheet",
                     set->name, set->classes);
  if (row > CELL + GAP) row = CELL + GAP;
  int width = 2 * MARGIN + LABEL + COLUMNS * (CELL + GAP);
  int height = 2 * MARGIN + TITLE + set->classes * row;
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  sheet s = {.set = set, .cairo = cairo_create(surface), .row = row, .cell = row - GAP};
  scrawl_status status = draw(&s, error);
  cairo_destroy(s.cairo);
  if (status == SCRAWL_OK) status = write_png(surface, path, error);
  cairo_surface_destroy(surface);
  return status;
}
