/* UNIPEN's text, read as it was published: Latin-1 with any line ends.
 *
 * A keyword stands behind a dot at the very start of a line; its value goes on to the next line
 * that begins with a dot. Everything here comes from outside: numbers saturate, lists grow by
 * doubling and are never longer than the text, what does not fit into a name is cut. */
#include "data/unipen_text.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"

static const double MILLIMETRES_PER_INCH = 25.4;

static bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool ends_line(char c) {
  return c == '\n' || c == '\r';
}

/* ---- keywords ---- */

/* The next keyword from `*at` on: its name with the dot, and its value. */
static bool next_keyword(const char **at, const char *end, const char **name, size_t *name_length,
                         const char **value, size_t *length) {
  const char *p = *at;
  while (p < end && *p != '.') {
    while (p < end && !ends_line(*p)) p++;
    while (p < end && ends_line(*p)) p++;
  }
  if (p >= end) {
    *at = end;
    return false;
  }
  *name = p;
  while (p < end && !is_space(*p)) p++;
  *name_length = (size_t)(p - *name);
  *value = p;
  while (p < end) {
    while (p < end && !ends_line(*p)) p++;
    *length = (size_t)(p - *value);
    while (p < end && ends_line(*p)) p++;
    if (p < end && *p == '.') break;
  }
  if (p == *value) *length = 0;
  *at = p;
  return true;
}

static bool is(const char *name, size_t length, const char *keyword) {
  return length == strlen(keyword) && memcmp(name, keyword, length) == 0;
}

bool data_unipen_next(const char **at, const char *end, const char *keyword, const char **value,
                      size_t *length) {
  const char *name;
  size_t name_length;
  while (next_keyword(at, end, &name, &name_length, value, length))
    if (is(name, name_length, keyword)) return true;
  return false;
}

/* ---- numbers and words ---- */

static void skip_space(const char **at, const char *end) {
  while (*at < end && is_space(**at)) (*at)++;
}

/* A decimal number, with a fraction or none; false, and nothing read, where there is none. */
static bool read_number(const char **at, const char *end, double *number) {
  const char *p = *at;
  bool negative = p < end && *p == '-', digits = false;
  double value = 0, unit = 1;
  if (p < end && (*p == '-' || *p == '+')) p++;
  for (; p < end && isdigit((unsigned char)*p); p++, digits = true) value = value * 10 + (*p - '0');
  if (p < end && *p == '.')
    for (p++; p < end && isdigit((unsigned char)*p); p++, digits = true)
      value += (*p - '0') * (unit /= 10);
  if (!digits || (p < end && !is_space(*p))) return false;
  *number = negative ? -value : value;
  *at = p;
  return true;
}

/* The next word, cut to what `word` holds. */
static void read_word(const char **at, const char *end, char *word, size_t size) {
  size_t length = 0;
  skip_space(at, end);
  for (; *at < end && !is_space(**at); (*at)++)
    if (length + 1 < size) word[length++] = **at;
  word[length] = 0;
}

/* ---- ink ---- */

void data_unipen_ink_free(data_unipen_ink *ink) {
  base_free(ink->points);
  base_free(ink->components);
  *ink = (data_unipen_ink){0};
}

/* Room for one more. */
static bool grow(void *list, size_t count, size_t *capacity, size_t size) {
  void **place = list;
  if (count < *capacity) return true;
  size_t more = *capacity ? 2 * *capacity : 64;
  void *grown = base_realloc(*place, count * size, more * size);
  if (!grown) return false;
  *place = grown;
  *capacity = more;
  return true;
}

static scrawl_status add_component(data_unipen_ink *ink, bool down, const char *at, const char *end,
                                   base_error *error) {
  if (!grow(&ink->components, ink->component_count, &ink->component_capacity,
            sizeof *ink->components))
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for pen strokes");
  size_t first = ink->point_count;
  int columns = ink->columns ? ink->columns : 2, x = ink->columns ? ink->x : 0,
      y = ink->columns ? ink->y : 1, pressure = ink->columns ? ink->pressure : -1;
  for (;;) {
    double numbers[3] = {0, 0, -1};
    bool whole = true;
    for (int column = 0; column < columns && whole; column++) {
      double number = 0;
      skip_space(&at, end);
      whole = read_number(&at, end, &number);
      if (column == x) numbers[0] = number;
      if (column == y) numbers[1] = number;
      if (column == pressure) numbers[2] = fmax(0, number);
    }
    if (!whole) break;
    if (!grow(&ink->points, ink->point_count, &ink->point_capacity, sizeof *ink->points))
      return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for pen strokes");
    ink->most_pressure = fmax(ink->most_pressure, numbers[2]);
    ink->points[ink->point_count++] =
        (ink_point){(float)numbers[0], (float)numbers[1], (float)numbers[2]};
  }
  ink->components[ink->component_count++] =
      (data_unipen_component){down, first, ink->point_count - first};
  return SCRAWL_OK;
}

/* The columns of a point's line; a .COORD without X or Y is as if it were not there. */
static void set_columns(data_unipen_ink *ink, const char *at, const char *end) {
  int columns = 0, x = -1, y = -1, pressure = -1;
  char word[DATA_UNIPEN_MAX_NAME];
  for (read_word(&at, end, word, sizeof word); *word && columns < 16;
       read_word(&at, end, word, sizeof word), columns++) {
    if (strcmp(word, "X") == 0) x = columns;
    if (strcmp(word, "Y") == 0) y = columns;
    if (strcmp(word, "P") == 0) pressure = columns;
  }
  if (x < 0 || y < 0) return;
  ink->columns = columns;
  ink->x = x;
  ink->y = y;
  ink->pressure = pressure;
}

static void set_step(double *step, double per_unit, const char *at, const char *end) {
  double number;
  skip_space(&at, end);
  if (read_number(&at, end, &number) && number > 0 && isfinite(number)) *step = per_unit / number;
}

scrawl_status data_unipen_ink_add(data_unipen_ink *ink, const char *text, size_t size,
                                  base_error *error) {
  const char *at = text, *end = text + size, *name, *value;
  size_t name_length, length;
  while (next_keyword(&at, end, &name, &name_length, &value, &length)) {
    const char *stop = value + length;
    bool down = is(name, name_length, ".PEN_DOWN");
    if (down || is(name, name_length, ".PEN_UP"))
      BASE_TRY(add_component(ink, down, value, stop, error));
    else if (is(name, name_length, ".COORD"))
      set_columns(ink, value, stop);
    else if (is(name, name_length, ".X_POINTS_PER_INCH"))
      set_step(&ink->x_step, MILLIMETRES_PER_INCH, value, stop);
    else if (is(name, name_length, ".Y_POINTS_PER_INCH"))
      set_step(&ink->y_step, MILLIMETRES_PER_INCH, value, stop);
    else if (is(name, name_length, ".X_POINTS_PER_MM"))
      set_step(&ink->x_step, 1, value, stop);
    else if (is(name, name_length, ".Y_POINTS_PER_MM"))
      set_step(&ink->y_step, 1, value, stop);
    else if (is(name, name_length, ".WRITER_ID"))
      read_word(&value, stop, ink->writer, sizeof ink->writer);
  }
  return SCRAWL_OK;
}

/* ---- segments ---- */

/* A label in quotation marks from Latin-1 to UTF-8; false where it does not end, is empty, does not
 * fit or holds \@, a sign that nobody could read. */
static bool read_label(const char **at, const char *end, char *label, size_t size) {
  size_t length = 0;
  label[0] = 0;
  skip_space(at, end);
  if (*at >= end || **at != '"') return false;
  for (const char *p = *at + 1; p < end && length + 3 < size; p++) {
    unsigned char c = (unsigned char)*p;
    if (c == '"') {
      label[length] = 0;
      return length > 0;
    }
    if (c == '\\' && p + 1 < end) {
      c = (unsigned char)*++p;
      if (c == '@') return false;
    }
    if (c < ' ' || (c >= 0x7f && c < 0xa0)) c = ' '; /* a line's end in a text */
    if (c < 0x80) {
      label[length++] = (char)c;
    } else {
      label[length++] = (char)(0xc0 | c >> 6);
      label[length++] = (char)(0x80 | (c & 0x3f));
    }
  }
  label[length] = 0;
  return false;
}

void data_unipen_parse_segment(const char *value, size_t length, data_unipen_segment *segment) {
  const char *at = value, *end = value + length;
  read_word(&at, end, segment->kind, sizeof segment->kind);
  skip_space(&at, end);
  segment->delineation = at;
  while (at < end && (isdigit((unsigned char)*at) || strchr(":-,", *at) || is_space(*at)) && *at)
    at++;
  segment->delineation_length = (size_t)(at - segment->delineation);
  read_word(&at, end, segment->quality, sizeof segment->quality);
  segment->labelled = read_label(&at, end, segment->label, sizeof segment->label);
}

/* ---- picking ---- */

typedef struct position {
  size_t component, point;
  bool exact; /* a point is named, not the component alone */
} position;

static bool read_index(const char **at, const char *end, size_t *index) {
  const char *p = *at;
  size_t value = 0;
  for (; p < end && isdigit((unsigned char)*p); p++)
    value = value > SIZE_MAX / 16 ? SIZE_MAX / 16 : value * 10 + (size_t)(*p - '0');
  bool read = p > *at;
  *index = value;
  *at = p;
  return read;
}

static bool read_place(const char **at, const char *end, position *place) {
  skip_space(at, end);
  place->exact = false;
  place->point = 0;
  if (!read_index(at, end, &place->component)) return false;
  if (*at < end && **at == ':') {
    (*at)++;
    place->exact = true;
    return read_index(at, end, &place->point);
  }
  return true;
}

/* "4", "4-5", "3:0-3:25" */
static bool read_range(const char **at, const char *end, position *from, position *to) {
  if (!read_place(at, end, from)) return false;
  *to = *from;
  skip_space(at, end);
  if (*at < end && **at == '-') {
    (*at)++;
    if (!read_place(at, end, to)) return false;
    skip_space(at, end);
  }
  return from->component <= to->component;
}

/* The numbered components: NULL in memory's absence. */
static size_t *number_components(const data_unipen_ink *ink, bool all, size_t *count) {
  size_t *numbered = base_alloc(ink->component_count + 1, sizeof *numbered);
  *count = 0;
  for (size_t i = 0; numbered && i < ink->component_count; i++)
    if (all || ink->components[i].down) numbered[(*count)++] = i;
  return numbered;
}

/* Where a pick's strokes go; the points of all are in one list, in order. */
typedef struct pick {
  const data_unipen_ink *ink;
  ink_stroke *strokes;
  size_t stroke_count, stroke_capacity;
  ink_point *points;
  size_t point_count, point_capacity;
} pick;

static bool add_points(pick *p, size_t first, size_t count) {
  const data_unipen_ink *ink = p->ink;
  /* A step that is not known is taken to be the other's. */
  double x_step = ink->x_step > 0 ? ink->x_step : ink->y_step > 0 ? ink->y_step : 1;
  double y_step = ink->y_step > 0 ? ink->y_step : x_step;
  if (!grow(&p->strokes, p->stroke_count, &p->stroke_capacity, sizeof *p->strokes)) return false;
  for (size_t i = first; i < first + count; i++) {
    if (!grow(&p->points, p->point_count, &p->point_capacity, sizeof *p->points)) return false;
    ink_point point = ink->points[i];
    p->points[p->point_count++] =
        (ink_point){(float)((double)point.x * x_step), (float)(-(double)point.y * y_step),
                    point.pressure < 0 || !(ink->most_pressure > 0)
                        ? -1
                        : (float)((double)point.pressure / ink->most_pressure)};
  }
  p->strokes[p->stroke_count++] = (ink_stroke){NULL, count};
  return true;
}

/* One range; false when memory is exhausted. `*reached` becomes false where there is no such. */
static bool add_range(pick *p, const size_t *numbered, size_t count, position from, position to,
                      bool *reached) {
  if (to.component >= count) {
    *reached = false;
    return true;
  }
  for (size_t n = from.component; n <= to.component; n++) {
    const data_unipen_component *component = &p->ink->components[numbered[n]];
    size_t first = n == from.component && from.exact ? from.point : 0;
    size_t end = component->count;
    if (n == to.component && to.exact && to.point + 1 < end) end = to.point + 1;
    /* An overlap with the range before, or more points than the ink has, picks nothing twice. */
    if (!component->down || first >= end) continue;
    if (p->point_count + (end - first) > p->ink->point_count) {
      *reached = false;
      return true;
    }
    if (!add_points(p, component->first + first, end - first)) return false;
  }
  return true;
}

scrawl_status data_unipen_pick(const data_unipen_ink *ink, bool numbers_all,
                               const char *delineation, size_t length, ink_stroke **strokes,
                               size_t *count, ink_point **points, base_error *error) {
  *strokes = NULL;
  *points = NULL;
  *count = 0;
  pick p = {.ink = ink};
  size_t numbered_count;
  size_t *numbered = number_components(ink, numbers_all, &numbered_count);
  const char *at = delineation, *end = delineation + length;
  bool memory = numbered != NULL, good = true;
  while (memory && good) {
    position from, to;
    good = read_range(&at, end, &from, &to);
    if (good) memory = add_range(&p, numbered, numbered_count, from, to, &good);
    if (at >= end || *at != ',') break;
    at++;
  }
  base_free(numbered);
  good = good && at == end;
  if (!memory || !good || p.stroke_count == 0) {
    base_free(p.strokes);
    base_free(p.points);
    return memory ? SCRAWL_OK : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for pen strokes");
  }
  ink_point *next = p.points;
  for (size_t i = 0; i < p.stroke_count; next += p.strokes[i++].count) p.strokes[i].points = next;
  *strokes = p.strokes;
  *points = p.points;
  *count = p.stroke_count;
  return SCRAWL_OK;
}
