/* Timing one thing over and over, in slices, so that two programs can be measured in turn.
 *
 * A measuring program prepares, warms up and says `ready`. Then it waits: for each line on standard
 * input, a number of seconds, it works that long and answers with one line of three numbers,
 *
 *   WORK-PER-SECOND  P50  P99         the last two in microseconds for one call
 *
 * and waits again, asleep, while another program has its turn. The programs of the peers in
 * bench/peers/ speak the same way, whatever language they are in; bench/rounds.mjs asks them in
 * turn. By hand: echo 2 | bench_step infer seed-keras 1 2 */
#ifndef BENCH_SLICES_H
#define BENCH_SLICES_H

typedef struct slice {
  double rate;              /* work per second, over the whole slice */
  double p50, p99, fastest; /* seconds for one call */
} slice;

/* One call of `once` does `work` of whatever is counted. The first tenth of the time warms up the
 * caches and the clock after the other program's turn, and is not counted. */
slice slice_measure(void (*once)(void *), void *data, double work, double seconds);

/* Says `ready` and answers until standard input ends. */
void slices_answer(void (*once)(void *), void *data, double work);

#endif
