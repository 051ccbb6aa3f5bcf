/* Progress of long work: see the header for the contract.
 *
 * The rate is the mean since the start, the time left what remains at that rate. A bar is redrawn
 * in place: carriage return, erase to the end of the line (ECMA-48 EL), and automatic wrapping off
 * while drawing (DEC private mode 7), so that a line wider than the terminal is cut instead of
 * scrolling. */
#include "base/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

enum { BAR_CELLS = 24, LINE_BYTES = 1024 };

/* Seconds between two drawings: a bar is animated, a log is read later. */
static const double BAR_SECONDS = 0.1, JSON_SECONDS = 1, PLAIN_SECONDS = 10;

double base_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Text that grows in a buffer like snprintf's: `length` is what it would be with room enough. */
typedef struct line {
  char *text;
  size_t size, length;
} line;

__attribute__((format(printf, 2, 3))) static void add(line *out, const char *format, ...) {
  size_t used = out->length < out->size ? out->length : out->size;
  va_list arguments;
  va_start(arguments, format);
  int added = vsnprintf(out->text + used, out->size - used, format, arguments);
  va_end(arguments);
  if (added > 0) out->length += (size_t)added;
}

/* 12345 as "12,345". */
static void add_number(line *out, uint64_t number) {
  char digits[24];
  int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
  for (int i = 0; i < length; i++)
    add(out, (length - i) % 3 == 0 && i > 0 ? ",%c" : "%c", digits[i]);
}

/* 3725 seconds as "1:02:05", 42 as "0:42"; a day stands for everything beyond. */
static void add_time(line *out, double seconds) {
  if (!(seconds < 86400)) {
    add(out, "over a day");
    return;
  }
  int whole = (int)(seconds + 0.5);
  if (whole >= 3600)
    add(out, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  else
    add(out, "%d:%02d", whole / 60, whole % 60);
}

static void add_json_string(line *out, const char *text) {
  add(out, "\"");
  for (; *text; text++) {
    unsigned char byte = (unsigned char)*text;
    if (byte == '"' || byte == '\\')
      add(out, "\\%c", byte);
    else if (byte < 0x20)
      add(out, "\\u%04x", byte);
    else
      add(out, "%c", byte);
  }
  add(out, "\"");
}

static double rate_of(const base_progress *progress, double elapsed) {
  return elapsed > 0 ? (double)progress->done / elapsed : 0;
}

/* Seconds left; negative when unknown. */
static double time_left(const base_progress *progress, double rate) {
  if (progress->total == 0 || rate <= 0) return -1;
  return progress->done < progress->total ? (double)(progress->total - progress->done) / rate : 0;
}

static void format_json(line *out, const base_progress *progress, double elapsed,
                        const char *note) {
  double rate = rate_of(progress, elapsed), left = time_left(progress, rate);
  add(out, "{\"progress\":");
  add_json_string(out, progress->label ? progress->label : "");
  add(out, ",\"unit\":");
  add_json_string(out, progress->unit);
  add(out, ",\"done\":%" PRIu64, progress->done);
  if (progress->total) add(out, ",\"total\":%" PRIu64, progress->total);
  add(out, ",\"seconds\":%.3f,\"per_second\":%.3f", elapsed, rate);
  if (left >= 0) add(out, ",\"seconds_left\":%.3f", left);
  if (note) {
    add(out, ",\"note\":");
    add_json_string(out, note);
  }
  add(out, "}");
}

static void format_text(line *out, const base_progress *progress, double elapsed,
                        const char *note) {
  double rate = rate_of(progress, elapsed), left = time_left(progress, rate);
  if (progress->label && progress->label[0]) add(out, "%s: ", progress->label);
  if (progress->mode == BASE_PROGRESS_BAR && progress->total) {
    double part = (double)progress->done / (double)progress->total;
    if (part > 1) part = 1;
    int full = (int)(part * BAR_CELLS);
    add(out, "[%.*s%.*s] %3d %%, ", full, "########################", BAR_CELLS - full,
        "                        ", (int)(part * 100));
  }
  add_number(out, progress->done);
  if (progress->mode != BASE_PROGRESS_BAR && progress->total) {
    add(out, " of ");
    add_number(out, progress->total);
  }
  add(out, " %s", progress->unit);
  if (rate >= 100) {
    add(out, ", ");
    add_number(out, (uint64_t)(rate + 0.5));
    add(out, "/s");
  } else if (rate > 0) {
    add(out, ", %.1f/s", rate);
  }
  if (left > 0) {
    add(out, ", ");
    add_time(out, left);
    add(out, " left");
  } else if (left == 0) {
    add(out, ", took ");
    add_time(out, elapsed);
  }
  if (note) add(out, ", %s", note);
}

int base_progress_format(char *text, size_t size, const base_progress *progress, double now,
                         const char *note) {
  line out = {.text = text, .size = size};
  if (size) text[0] = '\0';
  double elapsed = now > progress->started ? now - progress->started : 0;
  if (progress->mode == BASE_PROGRESS_JSON)
    format_json(&out, progress, elapsed, note);
  else
    format_text(&out, progress, elapsed, note);
  return (int)out.length;
}

void base_progress_begin(base_progress *progress, FILE *stream, base_progress_mode mode,
                         const char *label, const char *unit, uint64_t total) {
  if (mode == BASE_PROGRESS_AUTO)
    mode = isatty(fileno(stream)) ? BASE_PROGRESS_BAR : BASE_PROGRESS_PLAIN;
  double now = base_clock();
  *progress = (base_progress){.stream = stream,
                              .mode = mode,
                              .label = label,
                              .unit = unit,
                              .total = total,
                              .started = now,
                              .last_shown = now};
}

static void show(base_progress *progress, double now, const char *note) {
  char text[LINE_BYTES];
  base_progress_format(text, sizeof text, progress, now, note);
  bool bar = progress->mode == BASE_PROGRESS_BAR;
  fprintf(progress->stream, bar ? "\r\033[K\033[?7l%s\033[?7h" : "%s\n", text);
  fflush(progress->stream);
  progress->last_shown = now;
  progress->shown = true;
}

void base_progress_update(base_progress *progress, uint64_t done, const char *note) {
  progress->done = done;
  if (progress->mode == BASE_PROGRESS_NONE) return;
  double pause = progress->mode == BASE_PROGRESS_BAR    ? BAR_SECONDS
                 : progress->mode == BASE_PROGRESS_JSON ? JSON_SECONDS
                                                        : PLAIN_SECONDS;
  double now = base_clock();
  if (now - progress->last_shown >= pause) show(progress, now, note);
}

void base_progress_end(base_progress *progress, const char *note) {
  if (progress->mode == BASE_PROGRESS_NONE) return;
  if (progress->mode != BASE_PROGRESS_BAR) {
    show(progress, base_clock(), note);
  } else if (progress->shown) {
    fputs("\r\033[K", progress->stream);
    fflush(progress->stream);
  }
}
