/* The public interface for picture files: everything from bytes to JSON. */
#include "base/memory.h"
#include "format/rows.h"
#include "page/page.h"
#include "read/context.h"

scrawl_status scrawl_read_picture(scrawl_context *context, const scrawl_model *model,
                                  const void *bytes, size_t size, char **json) {
  if (json) *json = NULL;
  if (!context) return SCRAWL_INVALID_ARGUMENT;
  base_error *error = &context->error;
  if (!bytes || !json)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "no bytes, or no place for the result");
  read_reader *reader;
  read_result result;
  format_buffer buffer = {0};
  BASE_TRY(read_context_reader(context, model, &reader));
  scrawl_status status = page_read(bytes, size, NULL, reader, &result, error);
  if (status == SCRAWL_OK) status = format_write_json(&result, NULL, &buffer, error);
  read_result_free(&result);
  if (status == SCRAWL_OK)
    *json = buffer.text;
  else
    base_free(buffer.text);
  return status;
}

void scrawl_string_free(char *string) {
  base_free(string);
}
