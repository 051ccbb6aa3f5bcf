/* scrawl read: pictures in, text out. Several pictures are read by a thread for each core, in
 * windows of files, and what comes out keeps the order of the command line; for one the threads
 * share its glyphs. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/progress.h"
#include "cli/doubt.h"
#include "cli/open.h"
#include "cli/pictures.h"
#include "cli/review.h"
#include "data/file.h"
#include "format/format.h"
#include "page/sheet.h"

enum { WINDOW = 64, MOST_FILE_BYTES = 64 << 20 };
/* Glyphs that a reader takes at a time: of a page, or of one of several pictures. */
enum { PAGE_BATCH = 64, FILE_BATCH = 8 };

static struct {
  const char *as, *alphabet, *format, *model, *steps, *review;
  double max_error;
  int jobs;
  bool describe;
} given = {.as = "auto", .format = "text", .model = "digits", .max_error = NAN};

static const cli_option OPTIONS[] = {
    {"as", 'a', CLI_TEXT, "auto|digit|digits|grid|glyph",
     "What to look for: one digit, lines of digits, a grid of boxes, or one glyph of the model's "
     "alphabet; auto, the default, sees by itself.",
     &given.as},
    {"alphabet", 0, CLI_TEXT, "SET",
     "Only these signs can be read, such as 01, 0-9 or 0-9A-F; a minus sign stands first or last.",
     &given.alphabet},
    {"format", 'f', CLI_TEXT, "text|json|tsv", "How to write what was read; text.", &given.format},
    {"model", 'm', CLI_TEXT, "NAME|FILE", "A model inside the program, or an ONNX file; digits.",
     &given.model},
    {"steps", 0, CLI_TEXT, "DIR", "Write the picture after each step of its preparation there.",
     &given.steps},
    {"max-error", 0, CLI_NUMBER, "RATE",
     "Reject what is less confident than readings of which at most this share was wrong on the "
     "pictures that the model was validated with, such as 0.001; without it the model's own "
     "threshold holds.",
     &given.max_error},
    {"review", 0, CLI_TEXT, "DIR",
     "Write what was rejected into this folder: a small picture of each glyph, the best guesses in "
     "manifest.tsv, ready to be corrected, and all candidates in review.tsv.",
     &given.review},
    {"jobs", 'j', CLI_COUNT, "N", "Threads to read with; 0, the default, is one for each core.",
     &given.jobs},
    {"describe", 0, CLI_FLAG, NULL,
     "Say for every glyph and line what it looks like: slant, rotation, stroke, loops, ends.",
     &given.describe},
    {NULL, 0, CLI_FLAG, NULL, NULL, NULL},
};

/* One file of a window. */
typedef struct slot {
  const char *path;
  read_result result;
  page_cuts cuts; /* for --review */
  base_error error;
} slot;

typedef struct job {
  slot slots[WINDOW];
  read_reader **readers; /* one for each worker */
  page_options options;
  page_review *review; /* NULL: none */
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
  file->cuts = (page_cuts){0};
  file->error = (base_error){0};
  if (data_file_read(file->path, MOST_FILE_BYTES, &bytes, &size, &file->error) != SCRAWL_OK) return;
  scrawl_status status =
      page_read(bytes, size, &work->options, work->readers[worker], &file->result, &file->error);
  if (status == SCRAWL_OK && work->review)
    status = page_cut_doubtful(bytes, size, &work->options.limits, &file->result, &file->cuts,
                               &file->error);
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
    if (error->status == SCRAWL_OK)
      error->status = cli_review_take(work->review, shown(file->path), &file->cuts, error);
    if (error->status != SCRAWL_OK) {
      cli_complain(&CLI_READ, "%s", error->message);
      good = false;
    } else if (strcmp(format->name, "text") == 0) {
      explain_empty(file);
    }
    page_cuts_free(&file->cuts);
    read_result_free(&file->result);
  }
  return good;
}

/* A bar for many pictures, where it does not run through the results. */
static base_progress_mode progress_mode(size_t count) {
  bool bar = count > WINDOW && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
  return bar ? BASE_PROGRESS_BAR : BASE_PROGRESS_NONE;
}

static int read_files(job *work, char **paths, size_t count, bool alone, base_pool *pool) {
  const format_row *format = format_find(given.format);
  format_buffer buffer = {0};
  bool good = true;
  size_t written = 0, shown = 0;
  base_progress progress;
  base_progress_begin(&progress, stderr, progress_mode(count), "reading", "pictures", count);
  if (!alone) format_append(&buffer, "%s", format->before);
  for (size_t first = 0; first < count; first += WINDOW) {
    size_t part = count - first < WINDOW ? count - first : WINDOW;
    for (size_t i = 0; i < part; ++i) work->slots[i].path = paths[first + i];
    base_pool_run(alone ? NULL : pool, part, read_slot, work);
    good = write_window(work, part, format, alone, &buffer, &written) && good;
    if (!alone && first + part == count) format_append(&buffer, "%s", format->after);
    if (buffer.failed) break;
    fwrite(buffer.text ? buffer.text + shown : "", 1, buffer.size - shown, stdout);
    shown = buffer.size;
    base_progress_update(&progress, first + part, NULL);
  }
  base_progress_end(&progress, NULL);
  if (buffer.failed) cli_complain(&CLI_READ, "not enough memory for the result");
  good = good && !buffer.failed;
  base_free(buffer.text);
  return good ? CLI_DONE : CLI_FAILED;
}

/* What was seen on the way, for --steps. */
static int write_steps(job *work, int status) {
  base_error error = {0};
  if (status != CLI_DONE || !given.steps) return status;
  if (page_steps_write(work->options.steps, given.steps, &error) == SCRAWL_OK) return status;
  cli_complain(&CLI_READ, "%s", error.message);
  return CLI_FAILED;
}

/* What was doubtful, for --review. */
static int write_review(job *work, int status) {
  base_error error = {0};
  page_review *review = work->review;
  work->review = NULL;
  if (cli_review_end(&CLI_READ, given.review, review, &error) == SCRAWL_OK) return status;
  cli_complain(&CLI_READ, "%s", error.message);
  return CLI_FAILED;
}

static int run_with_model(const read_model *model, const cli_pictures *pictures) {
  base_error error = {0};
  bool alone = pictures->count == 1 && !pictures->folders;
  base_pool *pool = given.jobs != 1 ? base_pool_create((size_t)given.jobs) : NULL;
  size_t threads = alone ? 1 : base_pool_threads(pool), made = 0;
  job *work = base_alloc_zero(1, sizeof *work);
  read_reader **readers = base_alloc_zero(threads, sizeof(read_reader *));
  page_steps steps = {0};
  page_options options = {.alphabet = given.alphabet,
                          .describe = given.describe,
                          .steps = given.steps ? &steps : NULL,
                          .pool = alone ? pool : NULL};
  page_mode_find(given.as, &options.mode); /* one of the words that the option's table lists */
  int status;
  if (!work || !readers) base_fail(&error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  while (error.status == SCRAWL_OK && made < threads)
    if (read_reader_create(model, alone ? PAGE_BATCH : FILE_BATCH, options.pool, &readers[made],
                           &error) == SCRAWL_OK)
      cli_take_max_error(given.max_error, readers[made++], &error);
  if (error.status == SCRAWL_OK) page_allow(&options, readers[0], &error);
  if (error.status == SCRAWL_OK && given.review)
    page_review_begin(given.review, &work->review, &error);
  if (error.status == SCRAWL_OK) {
    work->readers = readers;
    work->options = options;
    status = read_files(work, pictures->paths, pictures->count, alone, pool);
    status = write_steps(work, status);
    status = write_review(work, status);
  } else {
    cli_complain(&CLI_READ, "%s", error.message);
    status = error.status == SCRAWL_INVALID_ARGUMENT ? CLI_USAGE : CLI_FAILED;
  }
  for (size_t i = 0; i < made; ++i) read_reader_free(readers[i]);
  page_steps_free(&steps);
  base_free(readers);
  base_free(work);
  base_pool_free(pool);
  return status;
}

static int run(int argc, char **argv) {
  int first, exit = cli_parse(&CLI_READ, OPTIONS, argc, argv, &first);
  if (exit >= 0) return exit;
  if (first == argc) {
    cli_complain(&CLI_READ, "no picture given: name files or folders, or - for standard input");
    return CLI_USAGE;
  }
  base_error error = {0};
  cli_pictures pictures;
  read_model *model;
  if (cli_find_pictures(argv + first, (size_t)(argc - first), &pictures, &error) != SCRAWL_OK) {
    cli_complain(&CLI_READ, "%s", error.message);
    return CLI_FAILED;
  }
  if (given.steps && pictures.count > 1) {
    cli_complain(&CLI_READ, "--steps shows what becomes of one picture, not of %zu",
                 pictures.count);
    exit = CLI_USAGE;
  } else if (cli_open_model(given.model, &model, &error) != SCRAWL_OK) {
    cli_complain(&CLI_READ, "%s", error.message);
    exit = CLI_FAILED;
  } else {
    exit = run_with_model(model, &pictures);
    read_model_free(model);
  }
  cli_pictures_free(&pictures);
  return exit;
}

const cli_command CLI_READ = {
    "read", "FILE|FOLDER...|-", "read handwriting in pictures",
    "Reads what is written in each picture: dark on light or light on dark, of any size and "
    "colour, anywhere in the picture. One digit, lines of digits, and digits in a grid or a row "
    "of boxes are told apart by themselves; --as says what it is. PNG, JPEG, TIFF, WebP, GIF, BMP, "
    "PNM and JPEG 2000 files are understood; - is standard input; of a folder all pictures in it "
    "and in its folders are read.\n\n"
    "As text, a line of writing gives a line; a row of a grid gives a line, its cells parted by "
    "tabs, an empty cell empty. Points, commas, dashes and spaces stand where they part digits, "
    "and "
    "? stands for a sign in a line that is not recognised. Of several pictures each line begins "
    "with the file's name and a tab. A picture without writing, or with something that is no "
    "glyph, gives no text, and a sentence on standard error.\n\n"
    "As JSON, one picture gives one object, several an array of objects with the file's name in "
    "\"file\". As TSV there is a row for each page, line, word, glyph and cell, under a row that "
    "names the columns. Boxes are x, y, width and height in pixels of the picture; confidence is a "
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
    "    scrawl read --as grid sudoku.jpg\n"
    "    scrawl read --jobs 4 scans/\n"
    "    curl -s https://example.org/digit.png | scrawl read -",
    run};
