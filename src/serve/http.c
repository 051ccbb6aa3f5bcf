/* libmicrohttpd, loaded when serving begins. */
#include "serve/http.h"

static const char *const NAMES[] = {SERVE_HTTP_FUNCTIONS(DATA_LIBRARY_NAME)};

static serve_http functions;

static data_library library = {.file = "libmicrohttpd.so.12",
                               .hint = "libmicrohttpd (Debian: libmicrohttpd12) to serve",
                               .names = NAMES,
                               .count = sizeof NAMES / sizeof *NAMES,
                               .functions = &functions};

scrawl_status serve_http_load(const serve_http **http, base_error *error) {
  scrawl_status status = data_library_load(&library, error);
  *http = status == SCRAWL_OK ? &functions : NULL;
  return status;
}
