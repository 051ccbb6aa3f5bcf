/* libcurl, loaded when the first download needs it. */
#include "data/curl.h"

static const char *const NAMES[] = {DATA_CURL_FUNCTIONS(DATA_LIBRARY_NAME)};

static data_curl functions;

static bool start(void) {
  return functions.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* The ABI of this name has been kept since 2006. */
static data_library library = {.file = "libcurl.so.4",
                               .hint = "libcurl (Debian: libcurl4) to download",
                               .names = NAMES,
                               .count = sizeof NAMES / sizeof *NAMES,
                               .functions = &functions,
                               .start = start};

scrawl_status data_curl_load(const data_curl **curl, base_error *error) {
  scrawl_status status = data_library_load(&library, error);
  *curl = status == SCRAWL_OK ? &functions : NULL;
  return status;
}
