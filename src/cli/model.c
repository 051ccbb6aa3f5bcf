/* scrawl model: what models there are, what is in one, copying out, taking in. */
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cli/merge.h"
#include "cli/open.h"
#include "cli/quantise.h"
#include "data/file.h"
#include "nn/export_c.h"
#include "nn/spec.h"

enum {
  MAX_VALUE_SHOWN = 300, /* bytes of a metadata value in text; JSON has all of it */
  CALIBRATION_PICTURES = 1000,
};

static const cli_option NO_MORE = {NULL, 0, CLI_FLAG, NULL, NULL, NULL};
#define JSON_OPTION(variable)                                                                      \
  { "json", 0, CLI_FLAG, NULL, "Print one JSON value.", &(variable) }

static int run_list(int argc, char **argv);
static int run_show(int argc, char **argv);
static int run_export(int argc, char **argv);
static int run_import(int argc, char **argv);
static int run_merge(int argc, char **argv);

static const cli_command LIST = {
    "model list", "[FILE...]", "list the models inside the program, and these files",
    "Lists the models inside the program, which every command finds by name, and after them the "
    "ONNX files that are given.",
    run_list};
static const cli_command SHOW = {
    "model show", "NAME|FILE", "show what is in a model",
    "Shows the network as text, its size, what it takes and gives, and everything that the model "
    "says about itself: how it was trained, on what data, with what scores.",
    run_show};
static const cli_command EXPORT = {
    "model export", "NAME|FILE", "copy a model out of the program, quantise one, make it C",
    "Writes a model that is inside the program as an ONNX file, which other programs can open, "
    "such as ONNX Runtime or Netron. Its input is float [N, 1, 28, 28], paper 0 and ink 1 unless "
    "its metadata say otherwise.\n\n"
    "With --int8 the network is quantised: weights and activations become bytes, the file a "
    "quarter as large, and reading faster on most processors. The ranges of the activations are "
    "taken from pictures of a training set; the file says so, and holds QuantizeLinear and "
    "DequantizeLinear, which ONNX Runtime runs in bytes too.\n\n"
    "With --c the network, quantised or not, becomes a C header that stands by itself: C99, "
    "without "
    "any library, file or allocation. The header says how to use it; its functions begin with the "
    "model's name.\n\n"
    "    scrawl model export digits-tiny --int8 --onnx digits-tiny-int8.onnx\n"
    "    scrawl model export digits-tiny --int8 --c digits-tiny.h\n"
    "    scrawl model export my.onnx --int8 --data emnist-digits --onnx my-int8.onnx",
    run_export};
static const cli_command IMPORT = {
    "model import", "FILE", "take in an ONNX file from elsewhere",
    "Reads an ONNX file made by another program, checks that it can be run here, adds what it does "
    "not say about itself, and writes it as Scrawl writes models. To read glyphs it must take "
    "[N, 1, 28, 28] and give a number for each class.\n\n"
    "    scrawl model import letters.onnx --alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZ --out my.onnx",
    run_import};
static const cli_command MERGE = {
    "model merge", "NAME|FILE...", "make one model of several: an ensemble",
    "Writes one ONNX file that gives the mean of the probabilities of several models of the same "
    "alphabet: trained apart, with other seeds say, they make other mistakes. Each keeps its "
    "temperature, as a factor before its softmax; the whole has none, and no threshold of "
    "rejection. "
    "The file's metadata name the members, and what all of them say about their data.\n\n"
    "    scrawl model merge one.onnx two.onnx three.onnx --out three-as-one.onnx",
    run_merge};

/* ---- a model with all that can be said about it ---- */

typedef struct description {
  const char *source; /* its path, or "" for one inside the program */
  size_t bytes;
  nn_graph *graph;
  nn_metadata metadata;
  char *architecture;
  base_error unreadable; /* why glyphs cannot be read with it */
} description;

static void forget(description *d) {
  nn_graph_free(d->graph);
  nn_metadata_free(&d->metadata);
  base_free(d->architecture);
}

static scrawl_status describe(const char *source, const void *bytes, size_t size, description *d,
                              base_error *error) {
  *d = (description){.source = source, .bytes = size};
  BASE_TRY(nn_onnx_read(bytes, size, &d->graph, &d->metadata, error));
  d->architecture = nn_spec_format(d->graph);
  if (!d->architecture) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  read_model *model;
  read_reader *reader = NULL;
  if (read_model_open(bytes, size, &model, &d->unreadable) == SCRAWL_OK)
    read_reader_create(model, 1, NULL, &reader, &d->unreadable);
  read_reader_free(reader);
  read_model_free(model);
  return SCRAWL_OK;
}

static scrawl_status describe_named(const char *name_or_path, description *d, base_error *error) {
  const uint8_t *bytes;
  uint8_t *owned;
  size_t size;
  *d = (description){0};
  BASE_TRY(cli_find_model(name_or_path, &bytes, &size, &owned, error));
  scrawl_status status = describe(owned ? name_or_path : "", bytes, size, d, error);
  base_free(owned);
  return base_fail_within(error, status, "%s", name_or_path);
}

static const char *value(const description *d, const char *key, const char *otherwise) {
  const char *text = nn_metadata_get(&d->metadata, key);
  return text && *text ? text : otherwise;
}

static json_t *metadata_json(const nn_metadata *metadata) {
  json_t *object = json_object();
  for (int i = 0; i < metadata->count; i++)
    json_object_set_new(object, metadata->items[i].key, json_string(metadata->items[i].value));
  return object;
}

static json_t *describe_json(const description *d) {
  nn_shape input = nn_graph_input(d->graph), output = nn_graph_output(d->graph);
  json_t *object = json_pack(
      "{s:s, s:s, s:I, s:[i,i,i], s:[i,i,i], s:s, s:I, s:f}", "name", value(d, READ_KEY_NAME, ""),
      "version", value(d, READ_KEY_VERSION, ""), "bytes", (json_int_t)d->bytes, "input", input.h,
      input.w, input.c, "output", output.h, output.w, output.c, "architecture", d->architecture,
      "parameters", (json_int_t)d->graph->parameter_count, "flops", nn_graph_flops(d->graph));
  if (*d->source) json_object_set_new(object, "file", json_string(d->source));
  if (d->unreadable.status)
    json_object_set_new(object, "unreadable", json_string(d->unreadable.message));
  json_object_set_new(object, "metadata", metadata_json(&d->metadata));
  return object;
}

/* Prints and releases. */
static int print_json(json_t *json) {
  int status = json ? json_dumpf(json, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : -1;
  if (status == 0) putchar('\n');
  json_decref(json);
  return status == 0 ? CLI_DONE : CLI_FAILED;
}

static int failed(const cli_command *command, const base_error *error) {
  cli_complain(command, "%s", error->message);
  return CLI_FAILED;
}

static bool one_operand(const cli_command *command, int argc, int operands) {
  if (argc - operands == 1) return true;
  cli_complain(command, "wants one %s; see scrawl help %s", command->operands, command->name);
  return false;
}

/* ---- list ---- */

static void print_row(const description *d) {
  const char *name = *d->source ? d->source : value(d, READ_KEY_NAME, "?");
  nn_shape input = nn_graph_input(d->graph);
  printf("%-16s %7d %6dx%dx%d %11zu %8.3g %8.1f\n", name, nn_graph_output(d->graph).c, input.h,
         input.w, input.c, d->graph->parameter_count, nn_graph_flops(d->graph) / 1e6,
         (double)d->bytes / 1024);
}

static int list_one(const char *name_or_path, json_t *list) {
  description d;
  base_error error = {0};
  int code = CLI_DONE;
  if (describe_named(name_or_path, &d, &error) != SCRAWL_OK)
    code = failed(&LIST, &error);
  else if (list)
    json_array_append_new(list, describe_json(&d));
  else
    print_row(&d);
  forget(&d);
  return code;
}

static int run_list(int argc, char **argv) {
  bool json = false;
  const cli_option options[] = {JSON_OPTION(json), NO_MORE};
  int operands, code = cli_parse(&LIST, options, argc, argv, &operands);
  if (code >= 0) return code;
  json_t *list = json ? json_array() : NULL;
  if (!json)
    printf("%-16s %7s %10s %11s %8s %8s\n", "name", "classes", "input", "parameters", "Mflop",
           "KiB");
  code = CLI_DONE;
  for (const read_builtin *builtin = READ_BUILTINS; builtin->name; builtin++)
    if (list_one(builtin->name, list) != CLI_DONE) code = CLI_FAILED;
  for (int i = operands; i < argc; i++)
    if (list_one(argv[i], list) != CLI_DONE) code = CLI_FAILED;
  if (json && print_json(list) != CLI_DONE) code = CLI_FAILED;
  return code;
}

/* ---- show ---- */

/* The beginning of a value that is too long to print, cut between characters. */
static void print_value(const char *key, const char *text) {
  size_t length = strlen(text), shown = length;
  if (length > MAX_VALUE_SHOWN) {
    shown = MAX_VALUE_SHOWN;
    while (shown > 0 && ((unsigned char)text[shown] & 0xC0) == 0x80) shown--;
  }
  printf("  %-20s ", key);
  for (size_t i = 0; i < shown; i++)
    putchar((unsigned char)text[i] < ' ' || text[i] == 0x7F ? ' ' : text[i]);
  if (shown < length) printf("... (%zu bytes, all with --json)", length);
  putchar('\n');
}

static void print_description(const description *d) {
  nn_shape input = nn_graph_input(d->graph), output = nn_graph_output(d->graph);
  const char *version = value(d, READ_KEY_VERSION, "");
  printf("%s%s%s\n", value(d, READ_KEY_NAME, "(no name)"), *version ? " " : "", version);
  printf("  %-20s %s\n", "reads", d->unreadable.status ? d->unreadable.message : "one glyph");
  printf("  %-20s %dx%d, %d channel%s\n", "input", input.h, input.w, input.c,
         input.c == 1 ? "" : "s");
  printf("  %-20s %d classes\n", "output", output.c);
  printf("  %-20s %s\n", "network", d->architecture);
  printf("  %-20s %zu%s\n", "parameters", d->graph->parameter_count,
         nn_graph_quantised(d->graph) ? ", quantised to bytes" : "");
  printf("  %-20s %.3g million a picture\n", "operations", nn_graph_flops(d->graph) / 1e6);
  printf("  %-20s %zu bytes\n", "file", d->bytes);
  if (d->metadata.count > 0) printf("what it says about itself\n");
  for (int i = 0; i < d->metadata.count; i++)
    print_value(d->metadata.items[i].key, d->metadata.items[i].value);
}

static int run_show(int argc, char **argv) {
  bool json = false;
  const cli_option options[] = {JSON_OPTION(json), NO_MORE};
  int operands, code = cli_parse(&SHOW, options, argc, argv, &operands);
  if (code >= 0) return code;
  if (!one_operand(&SHOW, argc, operands)) return CLI_USAGE;
  description d;
  base_error error = {0};
  code = CLI_DONE;
  if (describe_named(argv[operands], &d, &error) != SCRAWL_OK)
    code = failed(&SHOW, &error);
  else if (json)
    code = print_json(describe_json(&d));
  else
    print_description(&d);
  forget(&d);
  return code;
}

/* ---- export ---- */

/* What identifiers of C can begin with: the model's name with _ for what they cannot hold. */
static void name_for_c(const char *name, char word[64]) {
  size_t length = 0;
  if (!isalpha((unsigned char)*name)) length = (size_t)snprintf(word, 64, "model_");
  for (; *name && length < 63; name++)
    word[length++] =
        (char)((unsigned char)*name < 128 && isalnum((unsigned char)*name) ? *name : '_');
  word[length] = 0;
}

static scrawl_status export_c(const void *bytes, size_t size, const char *to, base_error *error) {
  read_model *model;
  char name[64], *header = NULL;
  BASE_TRY(read_model_open(bytes, size, &model, error));
  char *alphabet = base_alloc_zero((size_t)model->classes + 1, SCRAWL_MAX_SIGN_BYTES);
  scrawl_status status = SCRAWL_OK;
  if (!alphabet) status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  for (int c = 0; alphabet && c < model->classes; c++) strcat(alphabet, model->alphabet[c]);
  name_for_c(model->name, name);
  const nn_c_options options = {name, alphabet, model->scale, model->temperature,
                                model->reject_below};
  if (status == SCRAWL_OK) status = nn_export_c(model->graph, &options, &header, error);
  if (status == SCRAWL_OK) status = data_file_write(to, header, strlen(header), error);
  base_free(header);
  base_free(alphabet);
  read_model_free(model);
  return status;
}

typedef struct wanted {
  const char *onnx, *c; /* files; NULL: not wanted */
  bool int8;
  cli_calibration calibration;
} wanted;

static scrawl_status export_model(const char *name_or_path, const wanted *want, base_error *error) {
  const uint8_t *bytes;
  uint8_t *owned;
  void *made = NULL;
  size_t size;
  BASE_TRY(cli_find_model(name_or_path, &bytes, &size, &owned, error));
  scrawl_status status = SCRAWL_OK;
  if (want->int8) {
    status = cli_quantise(&EXPORT, bytes, size, &want->calibration, &made, &size, error);
    base_fail_within(error, status, "%s", name_or_path);
  }
  const void *result = want->int8 ? made : bytes;
  if (status == SCRAWL_OK && want->c)
    status = base_fail_within(error, export_c(result, size, want->c, error), "%s", name_or_path);
  if (status == SCRAWL_OK && want->onnx) status = data_file_write(want->onnx, result, size, error);
  base_free(made);
  base_free(owned);
  return status;
}

/* NULL, or what is wrong with the options. */
static const char *check_wanted(const wanted *want) {
  if (!want->onnx && !want->c) return "wants --onnx FILE or --c FILE, the file to write";
  if (!want->int8 &&
      (want->calibration.data || want->calibration.name || want->calibration.count >= 0))
    return "--data, --count and --name are for --int8";
  if (want->calibration.count == 0) return "--count is 0: no picture to calibrate with";
  return NULL;
}

static int run_export(int argc, char **argv) {
  wanted want = {.calibration = {.count = -1}};
  const cli_option options[] = {
      {"onnx", 0, CLI_TEXT, "FILE", "The ONNX file to write.", &want.onnx},
      {"c", 0, CLI_TEXT, "FILE", "The C header to write.", &want.c},
      {"int8", 0, CLI_FLAG, NULL, "Quantise the network to bytes.", &want.int8},
      {"data", 'd', CLI_TEXT, "NAME|PATH",
       "With --int8: the data set whose training part shows what the activations are like; the one "
       "that the model was trained on, where it is a known one.",
       &want.calibration.data},
      {"count", 0, CLI_COUNT, "N", "With --int8: pictures drawn from it; 1000.",
       &want.calibration.count},
      {"name", 0, CLI_TEXT, "NAME",
       "With --int8: what the model is called; its name and -int8 unless given.",
       &want.calibration.name},
      NO_MORE};
  int operands, code = cli_parse(&EXPORT, options, argc, argv, &operands);
  if (code >= 0) return code;
  if (!one_operand(&EXPORT, argc, operands)) return CLI_USAGE;
  const char *wrong = check_wanted(&want);
  if (wrong) {
    cli_complain(&EXPORT, "%s", wrong);
    return CLI_USAGE;
  }
  if (want.calibration.count < 0) want.calibration.count = CALIBRATION_PICTURES;
  base_error error = {0};
  return export_model(argv[operands], &want, &error) == SCRAWL_OK ? CLI_DONE
                                                                  : failed(&EXPORT, &error);
}

/* ---- import ---- */

static struct { const char *out, *name, *version, *alphabet, *scale; } import;

static scrawl_status add(nn_metadata *metadata, base_error *error) {
  const struct {
    const char *key, *value;
  } given[] = {{READ_KEY_NAME, import.name},
               {READ_KEY_VERSION, import.version},
               {READ_KEY_ALPHABET, import.alphabet},
               {READ_KEY_SCALE, import.scale}};
  for (size_t i = 0; i < sizeof given / sizeof *given; i++)
    if (given[i].value) BASE_TRY(nn_metadata_set(metadata, given[i].key, given[i].value, error));
  return SCRAWL_OK;
}

static scrawl_status import_file(const char *path, base_error *error) {
  uint8_t *bytes;
  size_t size;
  nn_graph *graph;
  nn_metadata metadata;
  BASE_TRY(data_file_read(path, NN_MAX_MODEL_BYTES, &bytes, &size, error));
  scrawl_status status = nn_onnx_read(bytes, size, &graph, &metadata, error);
  if (status == SCRAWL_OK) status = add(&metadata, error);
  if (status == SCRAWL_OK) status = cli_write_model(graph, &metadata, import.out, error);
  nn_metadata_free(&metadata);
  nn_graph_free(graph);
  base_free(bytes);
  return base_fail_within(error, status, "%s", path);
}

static int run_import(int argc, char **argv) {
  const cli_option options[] = {
      {"out", 'o', CLI_TEXT, "FILE", "The file to write; must be given.", &import.out},
      {"alphabet", 0, CLI_TEXT, "SET",
       "The signs of the classes, in their order; for ten classes the digits unless given.",
       &import.alphabet},
      {"scale", 0, CLI_TEXT, "X", "What full ink is to the network: 1 (unless given) or 255.",
       &import.scale},
      {"name", 0, CLI_TEXT, "NAME", "What the model is called.", &import.name},
      {"version", 0, CLI_TEXT, "TEXT", "Its version.", &import.version},
      NO_MORE};
  int operands, code = cli_parse(&IMPORT, options, argc, argv, &operands);
  if (code >= 0) return code;
  if (!one_operand(&IMPORT, argc, operands)) return CLI_USAGE;
  if (!import.out) {
    cli_complain(&IMPORT, "wants --out FILE, the file to write");
    return CLI_USAGE;
  }
  base_error error = {0};
  return import_file(argv[operands], &error) == SCRAWL_OK ? CLI_DONE : failed(&IMPORT, &error);
}

/* ---- merge ---- */

static int run_merge(int argc, char **argv) {
  cli_merging merging = {0};
  const cli_option options[] = {
      {"out", 'o', CLI_TEXT, "FILE", "The file to write; must be given.", &merging.out},
      {"name", 0, CLI_TEXT, "NAME", "What the model is called; ensemble.", &merging.name},
      {"version", 0, CLI_TEXT, "TEXT", "Its version.", &merging.version},
      NO_MORE};
  int operands, code = cli_parse(&MERGE, options, argc, argv, &operands);
  if (code >= 0) return code;
  merging.members = argv + operands;
  merging.count = argc - operands;
  if (merging.count < 2) {
    cli_complain(&MERGE, "wants two models or more");
    return CLI_USAGE;
  }
  if (!merging.out) {
    cli_complain(&MERGE, "wants --out FILE, the file to write");
    return CLI_USAGE;
  }
  base_error error = {0};
  return cli_merge(&merging, &error) == SCRAWL_OK ? CLI_DONE : failed(&MERGE, &error);
}

/* ---- model ---- */

static const cli_command *const COMMANDS[] = {&LIST, &SHOW, &EXPORT, &IMPORT, &MERGE, NULL};

static int run_model(int argc, char **argv) {
  if (argc > 1) {
    for (const cli_command *const *command = COMMANDS; *command; command++)
      if (strcmp((*command)->name + strlen("model "), argv[1]) == 0)
        return (*command)->run(argc - 1, argv + 1);
  }
  int operands, code = cli_parse(&CLI_MODEL, &NO_MORE, argc, argv, &operands);
  if (code >= 0) return code;
  cli_complain(&CLI_MODEL, "wants list, show, export, import or merge; see scrawl help model");
  return CLI_USAGE;
}

const cli_command CLI_MODEL = {
    "model", "list|show|export|import|merge ...",
    "models: list, look into, copy out, take in, merge",
    "Works on models. Each of these has a help page of its own, for example scrawl help model "
    "show.\n\n"
    "    scrawl model list                        the models inside the program\n"
    "    scrawl model show NAME|FILE              what is in one\n"
    "    scrawl model export NAME --onnx FILE     copy one out, or quantise it with --int8\n"
    "    scrawl model export NAME --c FILE        make one a C header\n"
    "    scrawl model import FILE --out MY.onnx   take in one made by another program\n"
    "    scrawl model merge A B... --out E.onnx   make one of several",
    run_model};
