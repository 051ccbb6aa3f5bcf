/* Contact sheets, drawn with Leptonica: a row for each class, its sign and count in front.
 *
 * Where a picture is enlarged, its size in whole multiples keeps every pixel a square of its own.
 * Signs outside ASCII are given by class number: Leptonica's fonts, which lie inside the library,
 * have no others. */
#include "data/sheet.h"

#include <stdio.h>
#include <string.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "data/file.h"
#include "data/png.h"

enum {
  COLUMNS = 24,
  CELL = 56, /* pixels a picture gets, at most */
  GAP = 4,   /* between pictures */
  MARGIN = 16,
  LABEL = 104,      /* width of sign and count */
  TITLE = 40,       /* height */
  MAX_SIDE = 32000, /* of the sheet */
  MIN_ROW = 8,
  LARGE_FONT = 6, /* points at 300 to the inch */
  SMALL_FONT = 4,
};

typedef struct sheet {
  const data_set *set;
  PIX *pix;
  L_BMF *large, *small;
  int row, cell; /* height of a row, side of a picture's place */
} sheet;

/* `y` is the line that the letters stand on. */
static void say(const sheet *s, L_BMF *font, int x, int y, const char *text) {
  pixSetTextline(s->pix, font, text, 0, x, y, NULL, NULL);
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

static bool draw_picture(const sheet *s, size_t number, int x, int y) {
  int width = s->set->width, height = s->set->height, longer = width > height ? width : height;
  const uint8_t *pixels = s->set->pixels + number * (size_t)width * (size_t)height;
  PIX *pix = data_pix_of_ink(pixels, width, height), *scaled = NULL;
  if (pix && longer <= s->cell) {
    scaled = pixExpandReplicate(pix, s->cell / longer);
  } else if (pix) {
    float zoom = (float)s->cell / (float)longer;
    scaled = pixScale(pix, zoom, zoom);
  }
  if (scaled)
    pixRasterop(s->pix, x, y, pixGetWidth(scaled), pixGetHeight(scaled), PIX_SRC, scaled, 0, 0);
  pixDestroy(&pix);
  bool done = scaled != NULL;
  pixDestroy(&scaled);
  return done;
}

static bool draw_class(const sheet *s, int class, size_t members) {
  int top = MARGIN + TITLE + class * s->row;
  char text[64];
  name_class(s->set, class, text, sizeof text);
  if (s->row < 32) {
    if (s->row >= 12) say(s, s->small, MARGIN, top + 12, text);
  } else {
    say(s, s->large, MARGIN, top + 20, text);
    snprintf(text, sizeof text, "%zu", members);
    say(s, s->small, MARGIN, top + s->row - 12, text);
  }
  /* Sample k of n is member number k * members / n: spread over the whole set, the same every
   * time. */
  size_t samples = members < COLUMNS ? members : COLUMNS, member = 0, sample = 0;
  for (size_t i = 0; i < s->set->count && sample < samples; i++) {
    if (s->set->labels[i] != class) continue;
    if (member++ != sample * members / samples) continue;
    if (!draw_picture(s, i, MARGIN + LABEL + (int)sample * (s->cell + GAP), top)) return false;
    sample++;
  }
  return true;
}

static bool draw(const sheet *s, const size_t *members) {
  const data_set *set = s->set;
  char title[512];
  snprintf(title, sizeof title, "%s: %zu pictures of %d x %d pixels, %d classes", set->name,
           set->count, set->width, set->height, set->classes);
  pixSetAll(s->pix); /* white */
  say(s, s->small, MARGIN, MARGIN + 16, title);
  for (int class = 0; class < set->classes; class ++)
    if (!draw_class(s, class, members[class])) return false;
  return true;
}

scrawl_status data_sheet_write(const data_set *set, const char *path, base_error *error) {
  int row = (MAX_SIDE - TITLE - 2 * MARGIN) / set->classes;
  if (row < MIN_ROW)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%s: %d classes do not fit on a contact sheet",
                     set->name, set->classes);
  if (row > CELL + GAP) row = CELL + GAP;
  int width = 2 * MARGIN + LABEL + COLUMNS * (CELL + GAP);
  int height = 2 * MARGIN + TITLE + set->classes * row;
  size_t *members = base_alloc_zero((size_t)set->classes, sizeof *members);
  setMsgSeverity(L_SEVERITY_NONE); /* Leptonica would print */
  sheet s = {.set = set,
             .pix = pixCreate(width, height, 8),
             .large = bmfCreate(NULL, LARGE_FONT),
             .small = bmfCreate(NULL, SMALL_FONT),
             .row = row,
             .cell = row - GAP};
  for (size_t i = 0; members && i < set->count; i++) members[set->labels[i]]++;
  uint8_t *bytes = NULL;
  size_t size = 0;
  scrawl_status status;
  if (!members || !s.pix || !s.large || !s.small || !draw(&s, members))
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for a contact sheet");
  else
    status = data_png_of_pix(s.pix, &bytes, &size, error);
  if (status == SCRAWL_OK) status = data_file_write(path, bytes, size, error);
  base_free(bytes);
  base_free(members);
  bmfDestroy(&s.large);
  bmfDestroy(&s.small);
  pixDestroy(&s.pix);
  return status;
}
