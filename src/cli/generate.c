/* scrawl data generate: labelled pictures of handwriting on paper. */
#include <string.h>

#include "base/progress.h"
#include "cli/open.h"
#include "data/generate.h"

static int run_generate(int argc, char **argv);
const cli_command CLI_GENERATE = {
    "data generate", "", "make labelled pictures of handwriting on paper",
    "Writes pictures of handwritten digits as phones, scanners and screens give them, with "
    "manifest.tsv (path, tab, label) and truth.jsonl, which tells for each picture the boxes of "
    "all glyphs, the text of each line and the cells of a grid. The same seed gives the same "
    "files.\n\n"
    "A label is the text: digits, and between them a space, a point, a comma or a dash where one "
    "is written. The lines of a page and the rows of a grid are joined by a slash; an empty cell "
    "of a grid is a point.\n\n"
    "    scrawl data generate --kind string --count 500 --out strings\n"
    "    scrawl data generate --kind page --data mnist --seed 7 --count 3 --out pages",
    run_generate};

static int failed(const base_error *error) {
  cli_complain(&CLI_GENERATE, "%s", error->message);
  return CLI_FAILED;
}

static int generate(const data_generate_options *options, const char *out) {
  base_error error = {0};
  base_pool *pool = base_pool_create(0);
  base_progress progress;
  base_progress_begin(&progress, stderr, BASE_PROGRESS_AUTO, "generating", "pictures",
                      options->count);
  scrawl_status status = data_generate(options, out, pool, &progress, &error);
  base_progress_end(&progress, NULL);
  base_pool_free(pool);
  return status == SCRAWL_OK ? CLI_DONE : failed(&error);
}

static int run_generate(int argc, char **argv) {
  const char *kind = "digit", *out = NULL, *data = NULL, *part = "train", *degrade = "mixed";
  int count = 100;
  data_generate_options made = {.seed = 1, .megapixels = 12};
  const cli_option options[] = {
      {"kind", 'k', CLI_TEXT, "digit|string|boxes|grid|page",
       "One digit; a line of 4 to 10; a form's field of boxes or a comb; a sudoku or another ruled "
       "table; some 40 digits in lines on a page. digit unless given.",
       &kind},
      {"count", 'n', CLI_COUNT, "N", "How many pictures; 100 unless given.", &count},
      {"seed", 0, CLI_SEED, "N", "Other pictures; 1 unless given.", &made.seed},
      {"out", 'o', CLI_TEXT, "FOLDER", "Where to write, new or empty; must be given.", &out},
      {"data", 'd', CLI_TEXT, "NAME|PATH",
       "Take the glyphs from this data set; strokes of our own unless given.", &data},
      {"part", 0, CLI_TEXT, "train|test", "The part of a known set; train unless given.", &part},
      {"degrade", 0, CLI_TEXT, "none|screen|scan|phone|mixed",
       "What takes the pictures: nothing (black on white, flat), a screen, a scanner, a phone, or "
       "one of these three for each picture; mixed unless given.",
       &degrade},
      {"megapixels", 0, CLI_NUMBER, "N", "Size of a page, 0.1 to 50; 12 unless given.",
       &made.megapixels},
      {NULL, 0, CLI_FLAG, NULL, NULL, NULL}};
  int operands, code = cli_parse(&CLI_GENERATE, options, argc, argv, &operands);
  if (code >= 0) return code;
  if (operands < argc || !out) {
    cli_complain(&CLI_GENERATE, out ? "takes no operand; see scrawl help data generate"
                                    : "wants --out, the folder to write to");
    return CLI_USAGE;
  }
  made.count = (size_t)count;
  if (!data_generate_kind_parse(kind, &made.kind) ||
      !data_generate_capture_parse(degrade, &made.capture))
    return CLI_USAGE; /* cli_parse refuses other names */
  if (!data) return generate(&made, out);
  base_error error = {0};
  data_set set;
  size_t unread;
  if (cli_open_data(&CLI_GENERATE, data, strcmp(part, "test") == 0 ? DATA_TEST : DATA_TRAIN, &set,
                    &unread, &error) != SCRAWL_OK)
    return failed(&error);
  made.glyphs = &set;
  code = generate(&made, out);
  data_set_free(&set);
  return code;
}
