/* Libraries that only some commands need, loaded when they are first wanted.
 *
 * libcurl and libmicrohttpd bring dozens of others along. Linked in the usual way these cost every
 * command their loading: `perf stat -r 20 scrawl --version` before and after tells how much. */
#ifndef DATA_LIBRARY_H
#define DATA_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct data_library {
  const char *file; /* with the version of its ABI: "libcurl.so.4" */
  const char *hint; /* what to install and for what, as the end of a sentence */
  const char *const *names;
  size_t count;
  void *functions;     /* a struct of `count` pointers to functions, in the order of the names */
  bool (*start)(void); /* called once, when they are there; NULL: nothing to do */
  enum { DATA_LIBRARY_NEW, DATA_LIBRARY_LOADED, DATA_LIBRARY_MISSING } state;
} data_library;

/* Once for the life of the process; safe from any thread. NOT_FOUND where it is not installed. */
scrawl_status data_library_load(data_library *library, base_error *error);

/* For a list such as #define LIST(F) F(curl_easy_init, init) F(...) the members of the struct, with
 * the types that the library's own header gives, and the names. */
#define DATA_LIBRARY_MEMBER(function, member) __typeof__(function) *member;
#define DATA_LIBRARY_NAME(function, member)   #function,

#endif
