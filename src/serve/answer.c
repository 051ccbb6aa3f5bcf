/* Answers: errors in the form that suits who asked, and the headers that every answer carries. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/progress.h"
#include "serve/server.h"

/* Everything comes from this server, nothing runs but the page's own script, no other page may
 * frame it or talk to it. Pictures may also be blob:, which only the page's script can make, of
 * files that were chosen and of the steps of cleaning; with data: markup could bring its own.
 * `same-origin` as the referrer policy and not `no-referrer`, with which browsers send
 * `Origin: null` with our own form. */
static const char *const SAFETY_HEADERS[][2] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
     "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

void serve_refuse(serve_request *request, unsigned status, const char *format, ...) {
  base_error error = {0};
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error.message, sizeof error.message, format, arguments);
  va_end(arguments);
  if (request->for_programs) { /* RFC 9457 */
    json_t *problem = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
                                request->server->http->get_reason_phrase_for(status), "status",
                                (int)status, "detail", error.message);
    serve_answer_json(request, status, "application/problem+json", problem);
    return;
  }
  format_buffer content = {0}, page = {0};
  serve_view_failure(NULL, error.message, &content);
  serve_view_page(request->server, request->mode, content.text, &page);
  page.failed = page.failed || content.failed;
  base_free(content.text);
  serve_answer_text(request, status, SERVE_HTML, &page);
}

void serve_refuse_error(serve_request *request, const base_error *error) {
  unsigned status = MHD_HTTP_INTERNAL_SERVER_ERROR;
  switch (error->status) {
  case SCRAWL_BAD_FORMAT:
  case SCRAWL_UNSUPPORTED:
    status = MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    break;
  case SCRAWL_LIMIT_EXCEEDED:
    status = MHD_HTTP_CONTENT_TOO_LARGE;
    break;
  case SCRAWL_INVALID_ARGUMENT:
    status = MHD_HTTP_BAD_REQUEST;
    break;
  case SCRAWL_OUT_OF_MEMORY:
    status = MHD_HTTP_SERVICE_UNAVAILABLE;
    break;
  default:
    break;
  }
  serve_refuse(request, status, "%s", error->message);
}

void serve_answer_text(serve_request *request, unsigned status, const char *media_type,
                       format_buffer *buffer) {
  static const char NO_MEMORY[] = "Not enough memory for the answer.\n";
  base_free(request->answer.owned);
  if (buffer->failed || !buffer->text) {
    base_free(buffer->text);
    request->answer = (serve_answer){.status = MHD_HTTP_INTERNAL_SERVER_ERROR,
                                     .media_type = "text/plain; charset=utf-8",
                                     .bytes = NO_MEMORY,
                                     .size = sizeof NO_MEMORY - 1};
  } else {
    request->answer = (serve_answer){.status = status,
                                     .media_type = media_type,
                                     .bytes = buffer->text,
                                     .size = buffer->size,
                                     .owned = buffer->text,
                                     .allow = request->answer.allow};
  }
  *buffer = (format_buffer){0};
}

void serve_answer_json(serve_request *request, unsigned status, const char *media_type,
                       json_t *json) {
  char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
  format_buffer buffer = {0};
  if (text) format_append(&buffer, "%s\n", text);
  free(text);
  json_decref(json);
  serve_answer_text(request, status, media_type, &buffer);
}

/* Whether the client's copy is still right: If-None-Match names our tag. */
static bool is_unchanged(const serve_request *request) {
  const char *match = serve_request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH);
  return match && request->answer.tag && strstr(match, request->answer.tag);
}

enum MHD_Result serve_answer_send(serve_request *request) {
  serve_answer *answer = &request->answer;
  if (is_unchanged(request)) {
    answer->status = MHD_HTTP_NOT_MODIFIED;
    answer->size = 0;
  }
  const serve_http *http = request->server->http;
  struct MHD_Response *response;
  if (answer->owned)
    response = http->create_response_from_owned_buffer(answer->size, answer->owned, base_free);
  else
    response = http->create_response_from_buffer(answer->size, (void *)(uintptr_t)answer->bytes,
                                                 MHD_RESPMEM_PERSISTENT);
  if (!response) return MHD_NO;
  answer->owned = NULL; /* the response frees it */
  bool whole = true;
  for (size_t i = 0; i < sizeof SAFETY_HEADERS / sizeof *SAFETY_HEADERS; i++)
    whole =
        http->add_response_header(response, SAFETY_HEADERS[i][0], SAFETY_HEADERS[i][1]) && whole;
  const char *optional[][2] = {
      {MHD_HTTP_HEADER_CONTENT_TYPE, answer->media_type},
      {MHD_HTTP_HEADER_ETAG, answer->tag},
      {MHD_HTTP_HEADER_CACHE_CONTROL, answer->tag ? "no-cache" : "no-store"},
      {MHD_HTTP_HEADER_ALLOW, answer->allow},
      {MHD_HTTP_HEADER_RETRY_AFTER, answer->status == MHD_HTTP_SERVICE_UNAVAILABLE ? "1" : NULL},
      {MHD_HTTP_HEADER_CONNECTION, atomic_load(&request->server->stopping) ? "close" : NULL},
  };
  for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
    if (optional[i][1])
      whole = http->add_response_header(response, optional[i][0], optional[i][1]) && whole;
  double patience = request->server->options.timeout + (double)answer->size / SERVE_SLOWEST_BYTES;
  serve_connection_allow(request->server, request->connection, base_clock() + patience);
  enum MHD_Result queued =
      whole ? http->queue_response(request->connection, answer->status, response) : MHD_NO;
  http->destroy_response(response);
  return queued;
}
