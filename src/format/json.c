/* The result tree as JSON, key by key as the guide describes it; one object on one line. With a
 * source, "file" comes first. */
#include <stdlib.h>

#include <jansson.h>

#include "format/rows.h"
#include "format/style.h"

/* Digits kept of a confidence: more would be noise. */
enum { PRECISION = 6 };

/* A string from outside: what is no UTF-8 is replaced, which jansson would refuse. */
static json_t *clean_string(const char *text) {
  json_t *string = json_string(text);
  if (string) return string;
  format_buffer buffer = {0};
  format_append_clean(&buffer, text);
  if (!buffer.failed) string = json_string(buffer.text);
  base_free(buffer.text);
  return string;
}

static json_t *box_of(ink_box box) {
  return json_pack("[iiii]", box.x, box.y, box.width, box.height);
}

/* `o` takes the reference, and json_pack fails as a whole when one of its parts is NULL, freeing
 * the others. */
static json_t *alternatives_of(const read_glyph *glyph) {
  json_t *list = json_array();
  for (size_t i = 0; list && i < glyph->alternative_count; ++i)
    if (json_array_append_new(list,
                              json_pack("{sosf}", "text", clean_string(glyph->alternatives[i].text),
                                        "confidence", glyph->alternatives[i].confidence))) {
      json_decref(list);
      return NULL;
    }
  return list;
}

static json_t *style_of(const format_property *list, size_t count) {
  json_t *object = json_object();
  for (size_t i = 0; object && i < count; ++i) {
    json_t *value =
        list[i].whole ? json_integer((json_int_t)list[i].value) : json_real(list[i].value);
    if (json_object_set_new(object, list[i].name, value)) {
      json_decref(object);
      return NULL;
    }
  }
  return object;
}

/* Adds "style" where there is one; NULL, with the object freed, when memory ran out. */
static json_t *with_style(json_t *object, const ink_style *glyph, const ink_line_style *line) {
  format_property list[FORMAT_MAX_PROPERTIES];
  if (!object || (!glyph && !line)) return object;
  size_t count = glyph ? format_glyph_properties(glyph, list) : format_line_properties(line, list);
  if (json_object_set_new(object, "style", style_of(list, count)) == 0) return object;
  json_decref(object);
  return NULL;
}

static json_t *glyph_of(const read_glyph *glyph) {
  json_t *object = json_pack("{sosfsososb}", "text", clean_string(glyph->text), "confidence",
                             glyph->confidence, "box", box_of(glyph->box), "alternatives",
                             alternatives_of(glyph), "rejected", (int)glyph->rejected);
  return with_style(object, glyph->style, NULL);
}

static json_t *word_of(const read_word *word) {
  return json_pack("{sosfso}", "text", clean_string(word->text), "confidence", word->confidence,
                   "box", box_of(word->box));
}

static json_t *line_of(const read_line *line) {
  json_t *words = json_array(), *glyphs = json_array();
  bool whole = words && glyphs;
  for (size_t i = 0; whole && i < line->word_count; ++i)
    whole = json_array_append_new(words, word_of(&line->words[i])) == 0;
  for (size_t i = 0; whole && i < line->glyph_count; ++i)
    whole = json_array_append_new(glyphs, glyph_of(&line->glyphs[i])) == 0;
  if (!whole) {
    json_decref(words);
    json_decref(glyphs);
    return NULL;
  }
  json_t *object =
      json_pack("{sosfsososo}", "text", clean_string(line->text), "confidence", line->confidence,
                "box", box_of(line->box), "words", words, "glyphs", glyphs);
  return with_style(object, NULL, line->style);
}

static json_t *cell_of(const read_cell *cell) {
  return json_pack("{sosfso}", "text", clean_string(cell->text), "confidence", cell->confidence,
                   "box", box_of(cell->box));
}

static json_t *grid_row_of(const read_cell *cells, int columns) {
  json_t *row = json_array();
  for (int i = 0; row && i < columns; ++i)
    if (json_array_append_new(row, cell_of(&cells[i]))) {
      json_decref(row);
      return NULL;
    }
  return row;
}

static json_t *grid_of(const read_page *page) {
  json_t *rows = json_array();
  for (int i = 0; rows && i < page->rows; ++i)
    if (json_array_append_new(
            rows, grid_row_of(page->cells + (size_t)i * (size_t)page->columns, page->columns))) {
      json_decref(rows);
      return NULL;
    }
  return json_pack("{sisiso}", "rows", page->rows, "columns", page->columns, "cells", rows);
}

static json_t *page_of(const read_page *page) {
  json_t *lines = json_array();
  for (size_t i = 0; lines && i < page->line_count; ++i)
    if (json_array_append_new(lines, line_of(&page->lines[i]))) {
      json_decref(lines);
      return NULL;
    }
  json_t *made = json_pack("{sisisfso}", "width", page->width, "height", page->height, "angle",
                           page->angle, "lines", lines);
  if (made && page->cells && json_object_set_new(made, "grid", grid_of(page))) {
    json_decref(made);
    return NULL;
  }
  return made;
}

static json_t *result_of(const read_result *result, const char *source) {
  json_t *root = json_object(), *pages = json_array();
  bool whole = root && pages;
  for (size_t i = 0; whole && i < result->page_count; ++i)
    whole = json_array_append_new(pages, page_of(&result->pages[i])) == 0;
  if (whole && source) whole = json_object_set_new(root, "file", clean_string(source)) == 0;
  if (whole) {
    json_t *model = json_pack("{soso}", "name", clean_string(result->model_name), "version",
                              clean_string(result->model_version));
    whole = json_object_set(root, "pages", pages) == 0 &&
            json_object_set_new(root, "model", model) == 0 &&
            json_object_set_new(root, "milliseconds", json_real(result->milliseconds)) == 0;
  }
  json_decref(pages);
  if (whole) return root;
  json_decref(root);
  return NULL;
}

scrawl_status format_write_json(const read_result *result, const char *source,
                                format_buffer *buffer, base_error *error) {
  json_t *root = result_of(result, source);
  char *text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(PRECISION)) : NULL;
  json_decref(root);
  if (!text) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the result");
  format_append(buffer, "%s\n", text);
  free(text);
  return format_status(buffer, error);
}
