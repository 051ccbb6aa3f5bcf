/* libcurl, loaded when the first download needs it: see the header. */
#include "data/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

/* The ABI of this name has been kept since 2006. */
static const char NAME[] = "libcurl.so.4";

static data_curl loaded;
static bool good;

/* A function's address as the pointer type of a member; the standard has no cast for it, POSIX promises equal size. */
static bool find(void *library, const char *name, void *member) {
  void *address = dlsym(library, name);
  memcpy(member, &address, sizeof address);
  return address != NULL;
}

static void load(void) {
  void *library = dlopen(NAME, RTLD_NOW | RTLD_LOCAL);
  good = library && find(library, "curl_global_init", &loaded.global_init) &&
         find(library, "curl_easy_init", &loaded.init) &&
         find(library, "curl_easy_setopt", &loaded.setopt) &&
         find(library, "curl_easy_perform", &loaded.perform) &&
         find(library, "curl_easy_getinfo", &loaded.getinfo) &&
         find(library, "curl_easy_strerror", &loaded.strerror) &&
         find(library, "curl_easy_cleanup", &loaded.cleanup) &&
         loaded.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

scrawl_status data_curl_load(const data_curl **library, base_error *error) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  *library = NULL;
  pthread_once(&once, load);
  if (!good)
    return base_fail(error, SCRAWL_NOT_FOUND,
                     "%s could not be loaded: install libcurl (Debian: libcurl4) to download",
                     NAME);
  *library = &loaded;
  return SCRAWL_OK;
}
