/* Errors. The table of codes is SCRAWL_STATUS_TABLE in the public header; this adds the one
 * sentence that goes with a failure. Functions take `base_error *error` last (NULL: the caller does
 * not want the sentence) and end with
 *     return base_fail(error, SCRAWL_BAD_FORMAT, "%s: magic number %u, not 2051", path, magic);
 * The sentence names what (file, field, position), what is wrong, and where it helps what to do. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "scrawl.h"

enum { BASE_ERROR_BYTES = 512 };

typedef struct base_error {
  scrawl_status status;
  char message[BASE_ERROR_BYTES];
} base_error;

/* Keeps the formatted sentence (cut to fit, always valid UTF-8 if its parts are) and returns
 * `status`. */
scrawl_status base_fail(base_error *error, scrawl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the sentence already there, for callers that know the file or field;
 * returns `status`. With SCRAWL_OK it does nothing: return base_fail_within(error, parse(...,
 * error), "%s", path); */
scrawl_status base_fail_within(base_error *error, scrawl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* Clang's analyzer sees one file at a time: it has to be told that a failure never goes on as if
 * all were well. */
static inline scrawl_status base_failed(base_error *error, scrawl_status status) {
  if (error) error->status = status;
  return status;
}
#define base_fail(error, status, ...)                                                              \
  ((void)base_fail(error, status, __VA_ARGS__), base_failed(error, status))
#endif

#define BASE_TRY(call)                                                                             \
  do {                                                                                             \
    scrawl_status base_try_status = (call);                                                        \
    if (base_try_status != SCRAWL_OK) return base_try_status;                                      \
  } while (0)

#endif
