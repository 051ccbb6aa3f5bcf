/* Status codes and the sentence that goes with a failure.
 *
 * Names and messages come from SCRAWL_STATUS_TABLE, so a code cannot lack one. A sentence that does
 * not fit is cut between characters: UTF-8 marks every byte but the first of a character with the
 * bits 10xxxxxx. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *scrawl_status_name(scrawl_status status) {
  switch (status) {
#define NAME_CASE(name, value, message)                                                            \
  case SCRAWL_##name:                                                                              \
    return "SCRAWL_" #name;
    SCRAWL_STATUS_TABLE(NAME_CASE)
#undef NAME_CASE
  }
  return "unknown status";
}

const char *scrawl_status_message(scrawl_status status) {
  switch (status) {
#define MESSAGE_CASE(name, value, message)                                                         \
  case SCRAWL_##name:                                                                              \
    return message;
    SCRAWL_STATUS_TABLE(MESSAGE_CASE)
#undef MESSAGE_CASE
  }
  return "unknown status";
}

const char *scrawl_version(void) {
  return SCRAWL_VERSION;
}

/* Bytes of the longest beginning of text[0..length) that does not end inside a character. */
static size_t whole_characters(const char *text, size_t length) {
  size_t lead = length;
  while (lead > 0 && length - lead < 4) {
    lead--;
    unsigned char byte = (unsigned char)text[lead];
    if ((byte & 0xC0) == 0x80) continue; /* inside a character: its first byte lies further left */
    size_t expected = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    return length - lead >= expected ? length : lead;
  }
  return length; /* not UTF-8: nothing to keep whole */
}

/* Formats into text[BASE_ERROR_BYTES]; false if the format itself could not be followed. */
static bool format_sentence(char *text, const char *format, va_list arguments) {
  int length = vsnprintf(text, BASE_ERROR_BYTES, format, arguments);
  if (length < 0) return false;
  if (length >= BASE_ERROR_BYTES) text[whole_characters(text, BASE_ERROR_BYTES - 1)] = '\0';
  return true;
}

#undef base_fail /* as a function, where the analyzer has it as a macro */
scrawl_status base_fail(base_error *error, scrawl_status status, const char *format, ...) {
  if (!error) return status;
  char sentence[BASE_ERROR_BYTES]; /* apart: an argument may be the old sentence */
  va_list arguments;
  va_start(arguments, format);
  bool formatted = format_sentence(sentence, format, arguments);
  va_end(arguments);
  error->status = status;
  strcpy(error->message, formatted ? sentence : scrawl_status_message(status));
  return status;
}

scrawl_status base_fail_within(base_error *error, scrawl_status status, const char *format, ...) {
  if (!error || status == SCRAWL_OK) return status;
  char prefix[BASE_ERROR_BYTES];
  va_list arguments;
  va_start(arguments, format);
  bool formatted = format_sentence(prefix, format, arguments);
  va_end(arguments);
  if (!formatted) return status;
  return base_fail(error, status, "%s: %s", prefix, error->message);
}
