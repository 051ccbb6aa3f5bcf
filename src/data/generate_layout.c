/* What stands on the sheet: signs along lines, in boxes and in grids.
 *
 * Everything hangs on the height of a digit, which is drawn first, on a logarithmic scale. A line
 * keeps one hand's size, slant, gaps and slope, each sign with a small error of its own; some hands
 * write so tightly that neighbours touch. Marks stand only where the label says so: those between
 * digits are part of it, a currency sign in front or a dash behind is not. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/generate_scene.h"

static double normal(scene *s) {
  return base_random_normal(&s->random);
}
static int below(scene *s, int bound) {
  return (int)base_random_below(&s->random, (uint64_t)bound);
}
static double log_uniform(scene *s, double low, double high) {
  return exp(scene_range(s, log(low), log(high)));
}
/* Normal, but never further than two deviations. */
static double about(scene *s, double mean, double deviation) {
  double z = normal(s);
  return mean + deviation * (z < -2 ? -2 : z > 2 ? 2 : z);
}

static void choose_hand(scene *s) {
  s->hand = (scene_hand){.slant = about(s, 0.12, 0.16),
                         .aspect = about(s, 1, 0.12),
                         .pen = log_uniform(s, 0.06, 0.17),
                         .wobble = scene_range(s, 0.01, 0.035),
                         .gap = scene_chance(s, 0.12) ? scene_range(s, -0.03, 0.03)
                                                      : scene_range(s, 0.07, 0.3),
                         .drift = about(s, 0, 0.015),
                         .habit = base_random_next(&s->random)};
}

static scene_sign *add_sign(scene *s, const char *text, int length, bool mark, double height) {
  if (s->sign_count == SCENE_MAX_SIGNS) return &s->signs[SCENE_MAX_SIGNS - 1];
  scene_sign *sign = &s->signs[s->sign_count++];
  *sign = (scene_sign){.mark = mark, .column = -1, .height = height};
  memcpy(sign->text, text, (size_t)length);
  scene_font_choose(s, sign);
  return sign;
}

/* ---- lines ---- */

static bool is_mark(const char *sign) {
  return strchr(" .,-$", *sign) || strncmp(sign, "€", 3) == 0 || strncmp(sign, "£", 2) == 0;
}

static int sign_length(const char *text) {
  unsigned char first = (unsigned char)*text;
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* A line's text as it is to be read: without what stands before the first or after the last of its
 * signs, and without the spaces beside a mark, which only say how wide its gap is. */
static void read_text(const char *drawn, char *label) {
  const char *pending = NULL;
  char *end = label;
  for (int length; *drawn; drawn += length) {
    length = sign_length(drawn);
    if (is_mark(drawn)) {
      if (end > label && (!pending || *pending == ' ')) pending = drawn;
      continue;
    }
    if (pending) end = mempcpy(end, pending, (size_t)sign_length(pending));
    pending = NULL;
    end = mempcpy(end, drawn, (size_t)length);
  }
  *end = 0;
}

/* Writes from x along a base line that begins at y; the right end of what was written. */
static double write_line(scene *s, int line, const char *text, double x, double y) {
  double begin = x, h = s->size, swell = about(s, 0, 0.05);
  int number = 0;
  for (int length; *text; text += length, number++) {
    length = sign_length(text);
    if (*text == ' ') {
      x += h * scene_range(s, 0.65, 1.0);
      continue;
    }
    bool mark = is_mark(text);
    double height = mark ? h : h * (1 + swell * sin(number * 1.3) + about(s, 0, 0.04));
    scene_sign *sign = add_sign(s, text, length, mark, height);
    sign->line = line;
    double lead = mark ? scene_range(s, 0.08, 0.16) : fmax(about(s, s->hand.gap, 0.05), -0.06);
    if (x > begin) x += h * lead;
    sign->x = x;
    sign->y = y + (x - begin) * s->hand.drift + h * about(s, 0, 0.03);
    sign->turn = about(s, 0, 0.03);
    x += sign->width + (mark ? h * 0.06 : 0);
  }
  return x;
}

/* Digits as people write them down: plain numbers, amounts, dates, numbers in groups. */
static void invent(scene *s, int digits, char text[SCENE_LINE_BYTES]) {
  static const char *const currency[] = {"€", "$", "£"};
  char *end = text;
  *end = 0;
  int style = below(s, 10); /* 0 to 4: plain */
  if (style == 5) end = stpcpy(stpcpy(end, currency[below(s, 3)]), scene_chance(s, 0.5) ? " " : "");
  int decimals = style == 5 || style == 6 ? 2 : 0, group = 0, first = 0;
  const char *between = "";
  if (style == 7) between = scene_chance(s, 0.5) ? "-" : ".", group = 2;
  if (style == 8) between = " ", group = 2 + below(s, 2), first = below(s, 3);
  if (style == 6 && scene_chance(s, 0.4)) between = ".", group = 3, first = (digits - 2) % 3;
  for (int i = 0; i < digits; i++) {
    bool edge = group && i && i >= first && (i - first) % group == 0 && i < digits - decimals;
    if (edge) end = stpcpy(end, between);
    if (decimals && i == digits - decimals)
      end = stpcpy(end, *between == '.' || scene_chance(s, 0.5) ? "," : ".");
    char sign[SCRAWL_MAX_SIGN_BYTES];
    scene_font_any(s, sign);
    end = stpcpy(end, sign);
  }
  if (style == 9) stpcpy(end, scene_chance(s, 0.5) ? "-" : " €");
}

static void bounds(scene *s) {
  s->left = s->top = 1e9;
  s->right = s->bottom = -1e9;
  for (int i = 0; i < s->sign_count; i++) {
    const scene_sign *sign = &s->signs[i];
    double lean = (fabs(s->hand.slant) + 0.25) * sign->height, pad = 0.12 * sign->height;
    s->left = fmin(s->left, sign->x - pad - (s->hand.slant < 0.1 || s->font->set ? 0.4 * lean : 0));
    s->right = fmax(s->right, sign->x + sign->width + pad + lean * 0.7);
    s->top = fmin(s->top, sign->y - sign->height * 1.08);
    s->bottom = fmax(s->bottom, sign->y + sign->height * (sign->mark ? 0.25 : 0.1));
  }
  for (int i = 0; i < s->rule_count; i++) {
    const scene_rule *rule = &s->rules[i];
    s->left = fmin(s->left, fmin(rule->x0, rule->x1));
    s->right = fmax(s->right, fmax(rule->x0, rule->x1));
    s->top = fmin(s->top, fmin(rule->y0, rule->y1));
    s->bottom = fmax(s->bottom, fmax(rule->y0, rule->y1));
  }
}

static void margins(scene *s, double low, double high) {
  for (int i = 0; i < 4; i++) s->margin[i] = s->size * log_uniform(s, low, high);
}

static void lay_digit(scene *s) {
  char text[SCRAWL_MAX_SIGN_BYTES];
  scene_font_any(s, text);
  s->size = log_uniform(s, 18, 420);
  strcpy(s->lines[s->line_count++], text);
  scene_sign *sign = add_sign(s, text, (int)strlen(text), false, s->size);
  sign->turn = about(s, 0, 0.08);
  bounds(s);
  /* Anywhere: the room at each side is drawn by itself. */
  margins(s, 0.08, s->size > 150 ? 1.2 : 4);
}

static void lay_string(scene *s) {
  char text[SCENE_LINE_BYTES];
  s->size = log_uniform(s, 20, 170);
  invent(s, 4 + below(s, 7), text);
  read_text(text, s->lines[s->line_count++]);
  write_line(s, 0, text, 0, 0);
  bounds(s);
  margins(s, 0.12, 2.2);
}

static void lay_page(scene *s) {
  /* A sheet is some 22 to 50 heights of a digit tall. */
  double height = sqrt(s->megapixels * 1e6 * 4 / 3), width = height * 0.75;
  if (scene_chance(s, 0.2)) {
    double swap = height;
    height = width, width = swap;
  }
  s->size = height / log_uniform(s, 22, 50);
  s->hand.drift = about(s, 0, 0.008);
  int wanted = 36 + below(s, 9), written = 0;
  double y = 0, x = 0, reach = width * 0.72, step = s->size * scene_range(s, 1.9, 3.0);
  while (written < wanted && s->line_count < SCENE_MAX_LINES && y < height * 0.7) {
    int digits = 4 + below(s, 7), most = (int)(reach / s->size / 1.15) - 2;
    char text[SCENE_LINE_BYTES];
    if (digits > most && most >= 4) digits = most;
    invent(s, digits, text);
    read_text(text, s->lines[s->line_count]);
    write_line(s, s->line_count, text, x + s->size * scene_range(s, 0, 1.2), y);
    s->line_count++;
    written += digits;
    y += step * (scene_chance(s, 0.2) ? 2 : 1);
  }
  s->pitch = step;
  bounds(s);
  double spare_x = fmax(width - (s->right - s->left), 0);
  double spare_y = fmax(height - (s->bottom - s->top), 0);
  double share_x = scene_range(s, 0.3, 0.7), share_y = scene_range(s, 0.3, 0.7);
  s->margin[0] = 0.8 * spare_x * share_x, s->margin[2] = 0.8 * spare_x * (1 - share_x);
  s->margin[1] = 0.8 * spare_y * share_y, s->margin[3] = 0.8 * spare_y * (1 - share_y);
  s->width = (int)width;
  s->height = (int)height;
}

/* ---- boxes and grids ---- */

static void add_rule(scene *s, double x0, double y0, double x1, double y1, double width) {
  if (s->rule_count < SCENE_MAX_RULES)
    s->rules[s->rule_count++] = (scene_rule){x0, y0, x1, y1, width, 1};
}

static void frame(scene *s, double x, double y, double width, double height, double line) {
  double half = line / 2; /* so that the corners are whole */
  add_rule(s, x - half, y, x + width + half, y, line);
  add_rule(s, x - half, y + height, x + width + half, y + height, line);
  add_rule(s, x, y, x, y + height, line);
  add_rule(s, x + width, y, x + width, y + height, line);
}

/* One sign in the cell, more or less in its middle; some reach over its lines. */
static void fill_cell(scene *s, const char *text, int line, int column, double x, double y,
                      double width, double height) {
  bool careless = scene_chance(s, 0.08);
  double tall = s->size * (1 + about(s, 0, 0.06));
  scene_sign *sign = add_sign(s, text, (int)strlen(text), false, tall);
  double room_x = width - sign->width, room_y = height - tall, far = careless ? 0.75 : 0.25;
  if (room_x < 0 && !careless) { /* too wide a form for this box: written smaller */
    double fit = 0.9 * width / sign->width;
    tall *= fit, sign->height = tall, sign->width *= fit;
    room_x = width - sign->width, room_y = height - tall;
  }
  sign->line = line;
  sign->column = column;
  sign->x = x + room_x / 2 + scene_range(s, -far, far) * fmax(room_x, 0.2 * width);
  if (!s->font->set) sign->x -= 0.5 * s->hand.slant * tall;
  sign->y = y + height - room_y / 2 + scene_range(s, -far, far) * fmax(room_y, 0.1 * height);
  sign->turn = about(s, 0, 0.05);
}

static void lay_boxes(scene *s) {
  int count = 3 + below(s, 8), filled = scene_chance(s, 0.25) ? count - below(s, count / 2) : count;
  bool comb = scene_chance(s, 0.4), apart = !comb && scene_chance(s, 0.35);
  double box = log_uniform(s, 26, 150), tall = box * scene_range(s, 1, 1.35);
  double gap = apart ? box * scene_range(s, 0.08, 0.3) : 0;
  double line = fmax(box * scene_range(s, 0.012, 0.05), 0.6);
  double tooth = comb && scene_chance(s, 0.6) ? tall * scene_range(s, 0.25, 0.5) : tall;
  bool open = comb && scene_chance(s, 0.5); /* no line on top */
  s->size = box * scene_range(s, 0.55, 0.85);
  int skipped = scene_chance(s, 0.5) ? count - filled : 0; /* empty ones in front, or behind */
  char *text = s->lines[s->line_count++];
  for (int i = 0; i < count; i++) {
    double x = i * (box + gap);
    if (apart) frame(s, x, 0, box, tall, line);
    if (!apart && i) add_rule(s, x, tall - tooth, x, tall, line);
    if (i < skipped || i >= skipped + filled) continue;
    char sign[SCRAWL_MAX_SIGN_BYTES];
    scene_font_any(s, sign);
    text = stpcpy(text, sign);
    fill_cell(s, sign, 0, -1, x, 0, box, tall);
  }
  if (!apart) {
    double end = count * box, half = line / 2;
    if (!open) add_rule(s, -half, 0, end + half, 0, line);
    add_rule(s, -half, tall, end + half, tall, line);
    add_rule(s, 0, open ? tall - tooth : 0, 0, tall, line);
    add_rule(s, end, open ? tall - tooth : 0, end, tall, line);
  }
  bounds(s);
  margins(s, 0.15, 1.8);
}

static void rule_grid(scene *s, bool sudoku, bool outer, double line, double thick) {
  double right = s->xs[s->columns], bottom = s->ys[s->rows];
  for (int i = 0; i <= s->rows; i++) {
    bool edge = i == 0 || i == s->rows;
    double width = sudoku && i % 3 == 0 ? thick : edge && outer ? thick : line;
    add_rule(s, -thick / 2, s->ys[i], right + thick / 2, s->ys[i], width);
  }
  for (int i = 0; i <= s->columns; i++) {
    bool edge = i == 0 || i == s->columns;
    double width = sudoku && i % 3 == 0 ? thick : edge && outer ? thick : line;
    add_rule(s, s->xs[i], 0, s->xs[i], bottom, width);
  }
}

static void lay_grid(scene *s) {
  bool sudoku = scene_chance(s, 0.6);
  s->rows = sudoku ? 9 : 2 + below(s, 11);
  s->columns = sudoku ? 9 : 2 + below(s, 9);
  double side = sudoku ? log_uniform(s, 30, 120) : log_uniform(s, 34, 130);
  double high = sudoku ? side : side * scene_range(s, 0.8, 1.2);
  bool uneven = !sudoku && scene_chance(s, 0.5); /* a table: columns of different widths */
  for (int i = 0; i < s->columns; i++)
    s->xs[i + 1] = s->xs[i] + side * (uneven ? scene_range(s, 0.9, 1.9) : 1);
  for (int i = 0; i < s->rows; i++) s->ys[i + 1] = s->ys[i] + high;
  double line = fmax(side * scene_range(s, 0.012, 0.035), 0.6);
  rule_grid(s, sudoku, scene_chance(s, 0.5), line, line * (sudoku ? scene_range(s, 2, 4) : 2));
  s->size = fmin(side, high) * scene_range(s, 0.5, 0.78);
  double share = scene_range(s, 0.2, 0.6);
  for (int row = 0; row < s->rows; row++) {
    char *text = s->lines[s->line_count++];
    for (int column = 0; column < s->columns; column++) {
      bool last = row == s->rows - 1 && column == s->columns - 1 && s->sign_count == 0;
      if (!last && !scene_chance(s, share)) {
        text = stpcpy(text, ".");
        continue;
      }
      char sign[SCRAWL_MAX_SIGN_BYTES];
      scene_font_any(s, sign);
      for (int i = 0; sudoku && i < 20 && strcmp(sign, "0") == 0; i++) /* it has none */
        scene_font_any(s, sign);
      text = stpcpy(text, sign);
      fill_cell(s, sign, row, column, s->xs[column], s->ys[row], s->xs[column + 1] - s->xs[column],
                high);
    }
  }
  bounds(s);
  margins(s, 0.2, 2);
}

void scene_layout(scene *s) {
  choose_hand(s);
  switch (s->kind) {
  case DATA_GENERATE_DIGIT:
    lay_digit(s);
    break;
  case DATA_GENERATE_STRING:
    lay_string(s);
    break;
  case DATA_GENERATE_BOXES:
    lay_boxes(s);
    break;
  case DATA_GENERATE_GRID:
    lay_grid(s);
    break;
  case DATA_GENERATE_PAGE:
    lay_page(s);
    break;
  }
  char *end = s->label;
  for (int i = 0; i < s->line_count; i++) {
    if (i) end = stpcpy(end, "/");
    end = stpcpy(end, s->lines[i]);
  }
}
