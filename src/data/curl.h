/* libcurl, loaded when the first download needs it.
 *
 * It brings thirty libraries along; linked in the usual way they took a third of the time that `scrawl read` needs for one
 * picture, process start included. These are the few functions used, with libcurl's own types. */
#ifndef DATA_CURL_H
#define DATA_CURL_H

#include <curl/curl.h>

#include "base/error.h"

typedef struct data_curl {
  CURLcode (*global_init)(long flags);
  CURL *(*init)(void);
  CURLcode (*setopt)(CURL *curl, CURLoption option, ...);
  CURLcode (*perform)(CURL *curl);
  CURLcode (*getinfo)(CURL *curl, CURLINFO info, ...);
  const char *(*strerror)(CURLcode code);
  void (*cleanup)(CURL *curl);
} data_curl;

/* Loaded once for the life of the process and set up; safe from any thread. NOT_FOUND where libcurl is not installed. */
scrawl_status data_curl_load(const data_curl **library, base_error *error);

#endif
