/* The writers, one file each, for the table in format.c. */
#ifndef FORMAT_ROWS_H
#define FORMAT_ROWS_H

#include "format/format.h"

scrawl_status format_write_text(const read_result *result, const char *source,
                                format_buffer *buffer, base_error *error);
scrawl_status format_write_json(const read_result *result, const char *source,
                                format_buffer *buffer, base_error *error);
scrawl_status format_write_tsv(const read_result *result, const char *source, format_buffer *buffer,
                               base_error *error);

#endif
