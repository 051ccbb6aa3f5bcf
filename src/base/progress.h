/* Progress of long work: a bar with rate and time left on a terminal, plain lines otherwise, JSON
 * lines on request.
 *
 * Written to standard error, so that results on standard output stay clean. Not for concurrent
 * use. */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef enum base_progress_mode {
  BASE_PROGRESS_AUTO, /* a bar if the stream is a terminal, plain lines otherwise */
  BASE_PROGRESS_BAR,
  BASE_PROGRESS_PLAIN,
  BASE_PROGRESS_JSON,
  BASE_PROGRESS_NONE,
} base_progress_mode;

typedef struct base_progress {
  FILE *stream;
  base_progress_mode mode;
  const char *label, *unit;
  uint64_t total, done; /* total 0: unknown */
  double started, last_shown;
  bool shown;
} base_progress;

/* Seconds on the monotonic clock. */
double base_clock(void);

/* `label` ("epoch 3/5") and `unit` ("pictures") must outlive the work. */
void base_progress_begin(base_progress *progress, FILE *stream, base_progress_mode mode,
                         const char *label, const char *unit, uint64_t total);
/* `done` so far, with a short text after the rate (or NULL). Cheap: draws at most ten times a
 * second. */
void base_progress_update(base_progress *progress, uint64_t done, const char *note);
/* Erases the bar, or writes the last plain or JSON line. */
void base_progress_end(base_progress *progress, const char *note);

/* One line of one picture of work: "12,345 pictures, 1,234/s, 0:42 left". Exposed for tests. */
int base_progress_format(char *text, size_t size, const base_progress *progress, double now,
                         const char *note);

#endif
