/* A run of the generator: scenes made side by side, files written, labels kept in order.
 *
 * Picture i draws from a random stream of its own, so that it does not matter which thread makes
 * it, nor how many there are. The manifest comes last: a folder without one is no data set. */
#include "data/generate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <leptonica/allheaders.h>

#include "base/memory.h"
#include "data/file.h"
#include "data/generate_scene.h"

enum { ROUND = 64 }; /* pictures between two looks at the progress */

static const char *const KINDS[] = {"digit", "string", "boxes", "grid", "page"};
static const char *const CAPTURES[] = {"none", "screen", "scan", "phone", "mixed"};

const char *data_generate_kind_name(data_generate_kind kind) {
  return KINDS[kind];
}
const char *data_generate_capture_name(data_generate_capture capture) {
  return CAPTURES[capture];
}

static int find_name(const char *const *names, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(names[i], name) == 0) return (int)i;
  return -1;
}

bool data_generate_kind_parse(const char *name, data_generate_kind *kind) {
  int found = find_name(KINDS, sizeof KINDS / sizeof *KINDS, name);
  if (found >= 0) *kind = (data_generate_kind)found;
  return found >= 0;
}

bool data_generate_capture_parse(const char *name, data_generate_capture *capture) {
  int found = find_name(CAPTURES, sizeof CAPTURES / sizeof *CAPTURES, name);
  if (found >= 0) *capture = (data_generate_capture)found;
  return found >= 0;
}

/* Everything up to the picture. */
static scrawl_status make_scene(const data_generate_options *options, const scene_font *font,
                                uint64_t number, scene *s, PIX **picture, base_error *error) {
  base_random seed = base_random_seed(options->seed);
  memset(s, 0, sizeof *s);
  s->kind = options->kind;
  s->capture = options->capture;
  s->megapixels = options->megapixels;
  s->random = base_random_split(&seed, number);
  s->font = font;
  scene_layout(s);
  scene_choose_paper(s);
  scene_place_camera(s);
  return scene_expose(s, picture, error);
}

/* ---- files ---- */

static const char *ending(const scene *s) {
  return s->camera.quality ? "jpg" : "png";
}

static scrawl_status write_picture(const char *path, PIX *picture, int quality, base_error *error) {
  l_uint8 *bytes = NULL;
  size_t size = 0;
  int failed = quality ? pixWriteMemJpeg(&bytes, &size, picture, quality, 0)
                       : pixWriteMemPng(&bytes, &size, picture, 0);
  scrawl_status status =
      failed || !bytes ? base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: could not be encoded", path)
                       : data_file_write_directly(path, bytes, size, error);
  lept_free(bytes);
  return status;
}

typedef struct item {
  char *truth, *line; /* of truth.jsonl and manifest.tsv */
  scrawl_status status;
  base_error error;
} item;

typedef struct run {
  const data_generate_options *options;
  const scene_font *font;
  const char *folder;
  size_t first; /* number of the first item */
  item items[ROUND];
} run;

static scrawl_status make_one(const run *r, size_t number, item *made, scene *s) {
  PIX *picture;
  BASE_TRY(make_scene(r->options, r->font, number, s, &picture, &made->error));
  char name[40];
  snprintf(name, sizeof name, "%06zu.%s", number, ending(s));
  char *path = base_format("%s/%s", r->folder, name);
  made->truth = scene_describe(s, name);
  made->line = base_format("%s\t%s\n", name, s->label);
  scrawl_status status =
      path && made->truth && made->line
          ? write_picture(path, picture, s->camera.quality, &made->error)
          : base_fail(&made->error, SCRAWL_OUT_OF_MEMORY, "no memory for a picture's label");
  base_free(path);
  pixDestroy(&picture);
  return status;
}

static void make_item(void *argument, size_t index, size_t worker) {
  run *r = argument;
  item *made = &r->items[index];
  (void)worker;
  scene *s = base_alloc(1, sizeof *s);
  made->status = s ? make_one(r, r->first + index, made, s)
                   : base_fail(&made->error, SCRAWL_OUT_OF_MEMORY, "no memory for a picture");
  base_free(s);
}

/* ---- the two lists ---- */

typedef struct text {
  char *bytes;
  size_t size, room;
} text;

static bool append(text *to, const char *line) {
  size_t length = strlen(line);
  if (!to->bytes || to->size + length > to->room) {
    size_t room = 2 * to->room + length + 4096;
    char *grown = base_realloc(to->bytes, to->size, room);
    if (!grown) return false;
    to->bytes = grown, to->room = room;
  }
  memcpy(to->bytes + to->size, line, length);
  to->size += length;
  return true;
}

static scrawl_status write_text(const char *folder, const char *name, const text *lines,
                                base_error *error) {
  char *path = base_format("%s/%s", folder, name);
  if (!path) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a path");
  scrawl_status status = data_file_write(path, lines->bytes, lines->size, error);
  base_free(path);
  return status;
}

/* Takes over what a round made; the first failure is the run's. */
static scrawl_status collect(run *r, size_t count, text *truth, text *manifest, base_error *error) {
  scrawl_status status = SCRAWL_OK;
  for (size_t i = 0; i < count; i++) {
    item *made = &r->items[i];
    if (status == SCRAWL_OK && made->status != SCRAWL_OK)
      status = base_fail(error, made->status, "%s", made->error.message);
    if (status == SCRAWL_OK && !(append(truth, made->truth) && append(manifest, made->line)))
      status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the list of pictures");
    base_free(made->truth);
    base_free(made->line);
    *made = (item){0};
  }
  return status;
}

static scrawl_status make_all(run *r, base_pool *pool, base_progress *progress, base_error *error) {
  text truth = {0}, manifest = {0};
  scrawl_status status = SCRAWL_OK;
  size_t count = r->options->count;
  /* Large pictures are few between two looks. */
  size_t round = r->options->kind == DATA_GENERATE_PAGE ? base_pool_threads(pool) : ROUND;
  if (round > ROUND) round = ROUND;
  for (; r->first < count && status == SCRAWL_OK; r->first += round) {
    size_t some = count - r->first < round ? count - r->first : round;
    base_pool_run(pool, some, make_item, r);
    status = collect(r, some, &truth, &manifest, error);
    if (progress) base_progress_update(progress, r->first + some, NULL);
  }
  if (status == SCRAWL_OK) status = write_text(r->folder, "truth.jsonl", &truth, error);
  if (status == SCRAWL_OK) status = write_text(r->folder, "manifest.tsv", &manifest, error);
  base_free(truth.bytes);
  base_free(manifest.bytes);
  return status;
}

/* ---- the folder ---- */

static bool is_empty(const char *folder) {
  DIR *entries = opendir(folder);
  if (!entries) return true;
  bool empty = true;
  for (struct dirent *entry; empty && (entry = readdir(entries));)
    empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
  closedir(entries);
  return empty;
}

/* What an unfinished run wrote: nobody can use it, and a full disk wants its room back. Needs no
 * memory, which may be what is wanting. */
static void clear(const char *folder, size_t count, bool made) {
  int at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (size_t i = 0; at >= 0 && i < count; i++) {
    char name[40];
    snprintf(name, sizeof name, "%06zu.jpg", i);
    unlinkat(at, name, 0);
    snprintf(name, sizeof name, "%06zu.png", i);
    unlinkat(at, name, 0);
  }
  if (at >= 0) {
    unlinkat(at, "truth.jsonl", 0);
    close(at);
  }
  if (made) rmdir(folder);
}

static scrawl_status check(const data_generate_options *options, base_error *error) {
  if (!options->count)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "at least one picture must be wanted");
  if (!(options->megapixels >= 0.1 && options->megapixels <= 50))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%g megapixels: a page has 0.1 to 50 of them",
                     options->megapixels);
  return SCRAWL_OK;
}

scrawl_status data_generate(const data_generate_options *options, const char *folder,
                            base_pool *pool, base_progress *progress, base_error *error) {
  BASE_TRY(check(options, error));
  bool made = mkdir(folder, 0777) == 0;
  if (!made && errno != EEXIST)
    return base_fail(error, SCRAWL_WRITE_FAILED, "%s: the folder could not be made: %s", folder,
                     strerror(errno));
  if (!made && !is_empty(folder))
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "%s: is not empty; name a new folder, or one with nothing in it", folder);
  setMsgSeverity(L_SEVERITY_NONE); /* Leptonica would print */
  scene_font font;
  run *r = base_alloc_zero(1, sizeof *r);
  scrawl_status status = r ? scene_font_open(options->glyphs, &font, error)
                           : base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for a run");
  if (status == SCRAWL_OK) {
    *r = (run){.options = options, .font = &font, .folder = folder};
    status = make_all(r, pool, progress, error);
    scene_font_free(&font);
  }
  if (status != SCRAWL_OK) clear(folder, r ? r->first + ROUND : 0, made);
  base_free(r);
  return status;
}
