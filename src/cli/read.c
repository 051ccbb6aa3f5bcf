/* scrawl read: pictures in, text out. One picture is read on the spot; several are read by a thread
 * for each core, in windows of files, and what comes out keeps the order of the command line. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cli/open.h"
#include "data/file.h"
#include "format/format.h"
#include "page/page.h"

enum { WINDOW = 64, MOST_FILE_BYTES = 64 << 20 };

static struct {
  const char *as, *alphabet, *format, *model;
  int threads;
  bool describe;
} given = {.as = "auto", .format = "text", .model = "digits"};

static const cli_option OPTIONS[] = {
    {"as", 'a', CLI_TEXT, "auto|digit|glyph",
     "What to look for: one digit, or one glyph of the model's alphabet; auto, the default, is "
     "what the model was made for.",
     &given.as},
    {"alphabet", 0, CLI_TEXT, "SET", "Only these signs can be read, such as 01 or ABC.",
     &given.alphabet},
    {"format", 'f', CLI_TEXT, "text|json|tsv", "How to write what was read; text.", &given.format},
    {"model", 'm', CLI_TEXT, "NAME|FILE", "A model inside the program, or an ONNX file; digits.",
     &given.model},
    {"threads", 't', CLI_COUNT, "N",
     "Threads for several pictures; 0, the default, is one for each core.", &given.threads},
    {"describe", 0, CLI_FLAG, NULL,
     "Say for every glyph and line what it looks like: slant, rotation, stroke, loops, ends.",
     &given.describe},
    {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
};

/* One file of a window. */
typedef struct slot {
  const char *path;
  read_result result;
  base_error error;
} slot;

typedef struct job {
  slot slots[WINDOW];
  read_reader **readers; /* one for each worker */
  page_options options;
} job;

/* A path in a sentence. */
static const char *shown(const char *path) {
  return strcmp(path, "-") == 0 ? "standard input" : path;
}

static void read_slot(void *argument, size_t index, size_t worker) {
  job *work = argument;
  slot *file = &work->slots[index];
  uint8_t *bytes;
  size_t size;
  read_result_init(&file->result);
  file->error = (base_error){0};
  if (data_file_read(file->path, MOST_FILE_BYTES, &bytes, &size, &file->error) != SCRAWL_OK) return;
  scrawl_status status =
      page_read(bytes, size, &work->options, work->readers[worker], &file->result, &file->error);
  if (status != SCRAWL_OK) base_fail_within(&file->error, status, "%s", shown(file->path));
  base_free(bytes);
}

/* Says what plain text cannot: why there is none. */
static void explain_empty(const slot *file) {
  for (size_t i = 0; i < file->result.page_count; ++i) {
    const read_page *page = &file->result.pages[i];
    if (page->line_count == 0)
      cli_complain(&CLI_READ, "%s: no writing was found", shown(file->path));
    else if (!*page->lines[0].text)
      cli_complain(&CLI_READ, "%s: what was found is not recognised", shown(file->path));
  }
}

/* Writes the results of a window; false when one of its files failed. */
static bool write_window(job *work, size_t count, const format_row *format, bool alone,
                         format_buffer *buffer, size_t *written) {
  bool good = true;
  for (size_t i = 0; i < count; ++i) {
    slot *file = &work->slots[i];
    base_error *error = &file->error;
    if (error->status == SCRAWL_OK) {
      if (*written) format_append(buffer, "%s", format->between);
      error->status = format->write(&file->result, alone ? NULL : file->path, buffer, error);
      ++*written;
    }
    if (error->status != SCRAWL_OK) {
      cli_complain(&CLI_READ, "%s", error->message);
      good = false;
    } else if (strcmp(format->name, "text") == 0) {
      explain_empty(file);
    }
    read_result_free(&file->result);
  }
  return good;
}

static int read_files(job *work, char **paths, size_t count, base_pool *pool) {
  const format_row *format = format_find(given.format);
  format_buffer buffer = {0};
  bool alone = count == 1, good = true;
  size_t written = 0, shown = 0;
  if (!alone) format_append(&buffer, "%s", format->before);
  for (size_t first = 0; first < count; first += WINDOW) {
    size_t part = count - first < WINDOW ? count - first : WINDOW;
    for (size_t i = 0; i < part; ++i) work->slots[i].path = paths[first + i];
    base_pool_run(pool, part, read_slot, work);
    good = write_window(work, part, format, alone, &buffer, &written) && good;
    if (!alone && first + part == count) format_append(&buffer, "%s", format->after);
    if (buffer.failed) break;
    fwrite(buffer.text ? buffer.text + shown : "", 1, buffer.size - shown, stdout);
    shown = buffer.size;
  }
  if (buffer.failed) cli_complain(&CLI_READ, "not enough memory for the result");
  good = good && !buffer.failed;
  base_free(buffer.text);
  return good ? CLI_DONE : CLI_FAILED;
}

static int run_with_model(const read_model *model, char **paths, size_t count) {
  base_error error = {0};
  base_pool *pool =
      count > 1 && given.threads != 1 ? base_pool_create((size_t)given.threads) : NULL;
  size_t threads = base_pool_threads(pool), made = 0;
  job *work = base_alloc_zero(1, sizeof *work);
  read_reader **readers = base_alloc_zero(threads, sizeof(read_reader *));
  page_options options = {.alphabet = given.alphabet, .describe = given.describe};
  page_mode_find(given.as, &options.mode); /* one of the words that the option's table lists */
  int status;
  if (!work || !readers) base_fail(&error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  while (error.status == SCRAWL_OK && made < threads)
    if (read_reader_create(model, 1, NULL, &readers[made], &error) == SCRAWL_OK) ++made;
  if (error.status == SCRAWL_OK) page_allow(&options, readers[0], &error);
  if (error.status == SCRAWL_OK) {
    work->readers = readers;
    work->options = options;
    status = read_files(work, paths, count, pool);
  } else {
    cli_complain(&CLI_READ, "%s", error.message);
    status = error.status == SCRAWL_INVALID_ARGUMENT ? CLI_USAGE : CLI_FAILED;
  }
  for (size_t i = 0; i < made; ++i) read_reader_free(readers[i]);
  base_free(readers);
  base_free(work);
  base_pool_free(pool);
  return status;
}

static int run(int argc, char **argv) {
  int first, exit = cli_parse(&CLI_READ, OPTIONS, argc, argv, &first);
  if (exit >= 0) return exit;
  if (first == argc) {
    cli_complain(&CLI_READ, "no picture given: name files, or - for standard input");
    return CLI_USAGE;
  }
  base_error error = {0};
  read_model *model;
  if (cli_open_model(given.model, &model, &error) != SCRAWL_OK) {
    cli_complain(&CLI_READ, "%s", error.message);
    return CLI_FAILED;
  }
  exit = run_with_model(model, argv + first, (size_t)(argc - first));
  read_model_free(model);
  return exit;
}

const cli_command CLI_READ = {
    "read", "FILE...|-", "read handwriting in pictures",
    "Reads the glyph in each picture: dark on light or light on dark, of any size and colour, "
    "anywhere in the picture. PNG, JPEG, TIFF, WebP, GIF, BMP, PNM and JPEG 2000 files are "
    "understood; - is standard input.\n\n"
    "As text, one picture gives one line with what it says; several give a line each: the file's "
    "name, a tab, and the text. A picture without writing, or with something that is no glyph, "
    "gives no text, and a sentence on standard error.\n\n"
    "As JSON, one picture gives one object, several an array of objects with the file's name in "
    "\"file\". As TSV there is a row for each page, line, word and glyph, under a row that names "
    "the columns. Boxes are x, y, width and height in pixels of the picture; confidence is a "
    "probability.\n\n"
    "With --describe glyphs and lines get a \"style\": lines of their own as text, columns as TSV. "
    "Angles are degrees, positive where the top leans to the right or the whole is turned "
    "clockwise: "
    "slant is the shear that would make a glyph upright, rotation that of its long axis (0 for "
    "what is "
    "round), of a line that of its base line. Lengths are pixels of the picture: stroke, the width "
    "of "
    "the pen, and its deviation; width, height, and aspect, the one by the other; length, the way "
    "of "
    "the pen; centre_x and centre_y, the centre of mass; for a line glyph_height, a mean, and "
    "spacing, "
    "the median gap between glyphs. area is the ink's, in square pixels. contrast is the "
    "difference "
    "of ink and paper, 0 to 1. Counted are parts that hang together, loops, their difference "
    "(euler, "
    "Euler's number), ends of strokes, junctions, where three meet as in T, and crossings, where "
    "four "
    "or more do.\n\n"
    "A file that cannot be read is reported on standard error, the others are read, and the exit "
    "status is 1.\n\n"
    "    scrawl read seven.png\n"
    "    scrawl read --format json *.jpg\n"
    "    curl -s https://example.org/digit.png | scrawl read -",
    run};
