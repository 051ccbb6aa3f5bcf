/* Opening what commands name. */
#include "cli/open.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "data/file.h"
#include "data/join.h"
#include "page/page.h"

/* Names of files have a slash or end in .onnx; any other word is one only if no model inside has
 * that name. */
scrawl_status cli_find_model(const char *name_or_path, const uint8_t **bytes, size_t *size,
                             uint8_t **owned, base_error *error) {
  *bytes = *owned = NULL;
  *size = 0;
  size_t length = strlen(name_or_path);
  bool path = strchr(name_or_path, '/') ||
              (length > 5 && strcmp(name_or_path + length - 5, ".onnx") == 0) ||
              strcmp(name_or_path, "-") == 0;
  if (!path) {
    scrawl_status status = read_builtin_find(name_or_path, bytes, size, error);
    if (status == SCRAWL_OK || access(name_or_path, F_OK) != 0) return status;
  }
  BASE_TRY(data_file_read(name_or_path, NN_MAX_MODEL_BYTES, owned, size, error));
  *bytes = *owned;
  return SCRAWL_OK;
}

scrawl_status cli_open_model(const char *name_or_path, read_model **model, base_error *error) {
  const uint8_t *bytes;
  uint8_t *owned;
  size_t size;
  *model = NULL;
  BASE_TRY(cli_find_model(name_or_path, &bytes, &size, &owned, error));
  scrawl_status status = read_model_open(bytes, size, model, error);
  base_free(owned);
  return base_fail_within(error, status, "%s", name_or_path);
}

scrawl_status cli_model_bytes(const nn_graph *graph, const nn_metadata *metadata, void **bytes,
                              size_t *size, base_error *error) {
  read_model *model = NULL;
  BASE_TRY(nn_onnx_write(graph, metadata, bytes, size, error));
  scrawl_status status = read_model_open(*bytes, *size, &model, error);
  read_model_free(model);
  if (status != SCRAWL_OK) {
    base_free(*bytes);
    *bytes = NULL;
  }
  return status;
}

scrawl_status cli_write_model(const nn_graph *graph, const nn_metadata *metadata, const char *path,
                              base_error *error) {
  void *bytes;
  size_t size;
  BASE_TRY(cli_model_bytes(graph, metadata, &bytes, &size, error));
  scrawl_status status = data_file_write(path, bytes, size, error);
  base_free(bytes);
  return status;
}

/* Where what went wrong with single pictures is told and counted. */
typedef struct complaints {
  const cli_command *command;
  read_reader *reader; /* of folders' pictures; NULL: none */
  size_t failed;
} complaints;

static void complain(void *argument, const char *path, const char *message) {
  complaints *about = argument;
  cli_complain(about->command, "%s: %s", path, message);
}

static scrawl_status open_one(void *argument, const char *name_or_path, data_part part,
                              data_set *set, base_error *error) {
  complaints *about = argument;
  size_t failed = 0;
  if (data_known_get(name_or_path) || !data_is_folder(name_or_path))
    return data_set_open(name_or_path, part, set, error);
  scrawl_status status =
      page_open_folder(name_or_path, NULL, about->reader, set, &failed, complain, about, error);
  about->failed += failed;
  return status;
}

scrawl_status cli_open_data(const cli_command *command, const char *name_or_path, data_part part,
                            read_reader *reader, data_set *set, size_t *failed, base_error *error) {
  complaints about = {command, reader, 0};
  scrawl_status status = data_join_open(name_or_path, part, open_one, &about, set, error);
  *failed = about.failed;
  return status;
}

void cli_print_remarks(FILE *stream, const data_set *set) {
  if (set->remarks) fprintf(stream, "%s\n", set->remarks);
}

scrawl_status cli_check_writable(const char *path, base_error *error) {
  const char *slash = strrchr(path, '/');
  char *folder = slash == path ? base_strdup("/")
                 : slash       ? base_format("%.*s", (int)(slash - path), path)
                               : base_strdup(".");
  if (!folder) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory");
  scrawl_status status = SCRAWL_OK;
  if (access(folder, W_OK | X_OK) != 0)
    status = base_fail(error, SCRAWL_WRITE_FAILED, "%s: nothing can be written to %s: %s", path,
                       folder, strerror(errno));
  base_free(folder);
  return status;
}
