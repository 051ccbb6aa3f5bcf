/* libcurl, loaded when the first download needs it (data/library.h). */
#ifndef DATA_CURL_H
#define DATA_CURL_H

#include <curl/curl.h>

#include "data/library.h"

#define DATA_CURL_FUNCTIONS(F)                                                                     \
  F(curl_global_init, global_init)                                                                 \
  F(curl_easy_init, init)                                                                          \
  F(curl_easy_setopt, setopt)                                                                      \
  F(curl_easy_perform, perform)                                                                    \
  F(curl_easy_getinfo, getinfo)                                                                    \
  F(curl_easy_strerror, strerror)                                                                  \
  F(curl_easy_cleanup, cleanup)

typedef struct data_curl {
  DATA_CURL_FUNCTIONS(DATA_LIBRARY_MEMBER)
} data_curl;

/* Loaded and set up. NOT_FOUND where libcurl is not installed. */
scrawl_status data_curl_load(const data_curl **curl, base_error *error);

#endif
