#include "slices.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/progress.h"

enum { MOST_CALLS = 1 << 20 };
static const double WARM_UP_SHARE = 0.1;
static const double FIRST_WARM_UP_SECONDS = 0.2;

static float times[MOST_CALLS]; /* seconds of each call */

static int ascending(const void *a, const void *b) {
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static double run_for(void (*once)(void *), void *data, double seconds, int *calls) {
  const double begin = base_clock();
  double last = begin;
  *calls = 0;
  do {
    once(data);
    const double now = base_clock();
    times[(*calls)++] = (float)(now - last);
    last = now;
  } while (last - begin < seconds && *calls < MOST_CALLS);
  return last - begin;
}

slice slice_measure(void (*once)(void *), void *data, double work, double seconds) {
  int calls;
  run_for(once, data, seconds * WARM_UP_SHARE, &calls);
  const double spent = run_for(once, data, seconds * (1 - WARM_UP_SHARE), &calls);
  qsort(times, (size_t)calls, sizeof *times, ascending);
  return (slice){work * calls / spent, times[calls / 2], times[(int)(0.99 * calls)], times[0]};
}

void slices_answer(void (*once)(void *), void *data, double work) {
  double seconds;
  int calls;
  run_for(once, data, FIRST_WARM_UP_SECONDS, &calls);
  printf("ready\n");
  fflush(stdout);
  while (scanf("%lf", &seconds) == 1) {
    const slice s = slice_measure(once, data, work, seconds);
    printf("%.9g %.3f %.3f\n", s.rate, 1e6 * s.p50, 1e6 * s.p99);
    fflush(stdout);
  }
}
