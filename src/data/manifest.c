/* A picture folder's manifest.tsv: one line "path<TAB>label" for each picture.
 *
 * The text is kept whole and cut into lines and fields in place. There are no comments and no
 * quoting, since a path may begin with any sign; a path may not be absolute, so that a folder
 * can be moved and read elsewhere. */
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "data/file.h"
#include "data/set.h"

/* One line of UTF-8 text, and not empty. */
static bool is_label(const char *label) {
  size_t length = strlen(label);
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)label[i] < 0x20 || label[i] == 0x7f) return false;
  return length && base_utf8_valid(label, length);
}

/* What is wrong with a line, or NULL; cuts it into its fields. */
static const char *parse_line(char *line, char **path, char **label) {
  char *tab = strchr(line, '\t');
  if (!tab) return "no tab between path and label";
  *tab = 0;
  *path = line;
  *label = tab + 1;
  if (!**path) return "no path before the tab";
  if (**path == '/') return "an absolute path; paths are relative to the manifest's folder";
  if (!**label) return "no label after the tab";
  if (strchr(*label, '\t')) return "more than one tab";
  return is_label(*label) ? NULL : "the label is not UTF-8 text";
}

static scrawl_status parse(const char *folder, const char *file, size_t size,
                           data_manifest *manifest, base_error *error) {
  char *text = manifest->text, *end = text + size;
  if (memchr(text, 0, size))
    return base_fail(error, SCRAWL_BAD_FORMAT, "%s: holds a zero byte; it is no text", file);
  size_t lines = 1;
  for (const char *at = text; (at = memchr(at, '\n', (size_t)(end - at))); at++) lines++;
  manifest->items = base_alloc(lines, sizeof *manifest->items);
  if (!manifest->items)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory for %zu lines", file, lines);

  static const char byte_order_mark[] = "\xef\xbb\xbf";
  if (strncmp(text, byte_order_mark, 3) == 0) text += 3;
  for (size_t number = 1; text < end; number++) {
    char *line = text, *stop = memchr(text, '\n', (size_t)(end - text));
    if (!stop) stop = end;
    text = stop + 1;
    if (stop > line && stop[-1] == '\r') stop--;
    *stop = 0;
    if (stop == line) continue;
    data_manifest_item *item = &manifest->items[manifest->count];
    char *path;
    const char *wrong = parse_line(line, &path, &item->label);
    if (wrong) return base_fail(error, SCRAWL_BAD_FORMAT, "%s:%zu: %s", file, number, wrong);
    item->path = base_format("%s/%s", folder, path);
    if (!item->path)
      return base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s:%zu: no memory", file, number);
    manifest->count++;
  }
  if (manifest->count == 0)
    return base_fail(error, SCRAWL_BAD_FORMAT, "%s: lists no pictures", file);
  return SCRAWL_OK;
}

scrawl_status data_manifest_open(const char *folder, data_manifest *manifest, base_error *error) {
  *manifest = (data_manifest){0};
  char *file = base_format("%s/manifest.tsv", folder);
  if (!file) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
  uint8_t *bytes;
  size_t size;
  scrawl_status status = data_file_read(file, data_file_limit(), &bytes, &size, error);
  if (status == SCRAWL_OK) {
    manifest->text = (char *)bytes;
    status = parse(folder, file, size, manifest, error);
  }
  base_free(file);
  if (status != SCRAWL_OK) data_manifest_free(manifest);
  return status;
}

void data_manifest_free(data_manifest *manifest) {
  if (!manifest) return;
  for (size_t i = 0; i < manifest->count; i++) base_free(manifest->items[i].path);
  base_free(manifest->items);
  base_free(manifest->text);
  *manifest = (data_manifest){0};
}
