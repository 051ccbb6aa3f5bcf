/* libmicrohttpd, loaded when serving begins (data/library.h). */
#ifndef SERVE_HTTP_H
#define SERVE_HTTP_H

#include <microhttpd.h>

#include "data/library.h"

#define SERVE_HTTP_FUNCTIONS(F)                                                                    \
  F(MHD_start_daemon, start_daemon)                                                                \
  F(MHD_quiesce_daemon, quiesce_daemon)                                                            \
  F(MHD_stop_daemon, stop_daemon)                                                                  \
  F(MHD_get_connection_info, get_connection_info)                                                  \
  F(MHD_lookup_connection_value, lookup_connection_value)                                          \
  F(MHD_suspend_connection, suspend_connection)                                                    \
  F(MHD_resume_connection, resume_connection)                                                      \
  F(MHD_create_response_from_buffer, create_response_from_buffer)                                  \
  F(MHD_create_response_from_buffer_with_free_callback, create_response_from_owned_buffer)         \
  F(MHD_add_response_header, add_response_header)                                                  \
  F(MHD_queue_response, queue_response)                                                            \
  F(MHD_destroy_response, destroy_response)                                                        \
  F(MHD_get_reason_phrase_for, get_reason_phrase_for)

typedef struct serve_http {
  SERVE_HTTP_FUNCTIONS(DATA_LIBRARY_MEMBER)
} serve_http;

/* NOT_FOUND where libmicrohttpd is not installed. */
scrawl_status serve_http_load(const serve_http **http, base_error *error);

#endif
