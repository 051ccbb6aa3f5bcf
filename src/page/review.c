/* The folder of what was doubtful. Pictures are written as they come, the two lists at the end: a
 * folder without manifest.tsv is not whole. */
#include "page/review.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "data/file.h"

/* A text that grows by lines. */
typedef struct list {
  char *text;
  size_t size, capacity;
} list;

struct page_review {
  char *folder;
  list manifest, table;
  size_t count;
};

static const char HEADING[] = "path\tfile\tline\tglyph\tx\ty\twidth\theight\tguess\tconfidence"
                              "\tno glyph\tcandidates\n";

/* Appends the text and frees it; OUT_OF_MEMORY for NULL. */
static scrawl_status append(list *to, char *text, base_error *error) {
  size_t length = text ? strlen(text) : 0, needed = to->size + length + 1;
  if (text && needed > to->capacity) {
    size_t capacity = 2 * needed;
    char *grown = base_realloc(to->text, to->capacity, capacity);
    if (grown) {
      to->text = grown;
      to->capacity = capacity;
    }
  }
  bool fits = text && needed <= to->capacity;
  if (fits) {
    memcpy(to->text + to->size, text, length + 1);
    to->size += length;
  }
  base_free(text);
  return fits ? SCRAWL_OK
              : base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the review");
}

scrawl_status page_review_begin(const char *folder, page_review **review, base_error *error) {
  *review = NULL;
  if (data_is_folder(folder))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "%s: holds a manifest.tsv already; name another folder", folder);
  if (mkdir(folder, 0777) && errno != EEXIST)
    return base_fail(error, SCRAWL_WRITE_FAILED, "%s: the folder could not be made: %s", folder,
                     strerror(errno));
  page_review *made = base_alloc_zero(1, sizeof *made);
  if (made) made->folder = base_strdup(folder);
  scrawl_status status = made && made->folder
                             ? append(&made->table, base_strdup(HEADING), error)
                             : base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  if (status == SCRAWL_OK)
    *review = made;
  else
    page_review_free(made);
  return status;
}

/* The candidates' confidences lack to 1 what was given to "no glyph", and to signs beyond the
 * SCRAWL_MAX_ALTERNATIVES best, which is little. */
static double no_glyph(const read_glyph *glyph) {
  double sum = glyph->rejected ? 0 : glyph->confidence;
  for (size_t i = 0; i < glyph->alternative_count; i++) sum += glyph->alternatives[i].confidence;
  return sum < 1 ? 1 - sum : 0;
}

static const char *guess_of(const read_glyph *glyph) {
  if (!glyph->rejected) return glyph->text;
  bool none = glyph->alternative_count == 0 || no_glyph(glyph) >= glyph->confidence;
  return none ? READ_NO_GLYPH : glyph->alternatives[0].text;
}

/* Tabs and line breaks in a file's name would break the row. */
static char *in_one_field(const char *text) {
  char *copy = base_strdup(text);
  for (char *at = copy; at && *at; at++)
    if ((unsigned char)*at < ' ' || *at == 0x7F) *at = '?';
  return copy;
}

static scrawl_status append_row(page_review *review, const char *name, const char *source,
                                const page_cut *cut, base_error *error) {
  const read_glyph *glyph = cut->glyph;
  char *file = in_one_field(source);
  if (!file) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the review");
  char *row = base_format("%s\t%s\t%zu\t%zu\t%d\t%d\t%d\t%d\t%s\t%.6f\t%.6f\t", name, file,
                          cut->line, cut->number, glyph->box.x, glyph->box.y, glyph->box.width,
                          glyph->box.height, guess_of(glyph), glyph->confidence, no_glyph(glyph));
  base_free(file);
  BASE_TRY(append(&review->table, row, error));
  for (size_t i = 0; i < glyph->alternative_count; i++)
    BASE_TRY(append(&review->table,
                    base_format("%s%s:%.6f", i ? " " : "", glyph->alternatives[i].text,
                                glyph->alternatives[i].confidence),
                    error));
  return append(&review->table, base_strdup("\n"), error);
}

scrawl_status page_review_add(page_review *review, const char *source, const page_cut *cut,
                              const char *label, base_error *error) {
  char name[32];
  snprintf(name, sizeof name, "%06zu.png", ++review->count);
  char *path = base_format("%s/%s", review->folder, name);
  if (!path) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the review");
  scrawl_status status = data_file_write_directly(path, cut->png, cut->size, error);
  base_free(path);
  if (status != SCRAWL_OK) return status;
  if (!label) label = guess_of(cut->glyph);
  BASE_TRY(append(&review->manifest, base_format("%s\t%s\n", name, label), error));
  return append_row(review, name, source, cut, error);
}

size_t page_review_count(const page_review *review) {
  return review->count;
}

static scrawl_status write_list(const page_review *review, const char *name, const list *of,
                                base_error *error) {
  char *path = base_format("%s/%s", review->folder, name);
  if (!path) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the review");
  scrawl_status status = data_file_write(path, of->text ? of->text : "", of->size, error);
  base_free(path);
  return status;
}

scrawl_status page_review_end(page_review *review, base_error *error) {
  BASE_TRY(write_list(review, "review.tsv", &review->table, error));
  return write_list(review, "manifest.tsv", &review->manifest, error);
}

void page_review_free(page_review *review) {
  if (!review) return;
  base_free(review->folder);
  base_free(review->manifest.text);
  base_free(review->table.text);
  base_free(review);
}
