/* Learning-rate schedules as functions of the step alone, so that a resumed run goes on where it
 * was.
 *
 *   warm-up     rises linearly and reaches the highest rate with its last step
 *   cosine      final + (rate - final) * (1 + cos(pi * t)) / 2, t from 0 to 1 with the last step
 *               (Loshchilov, Hutter 2017)
 *   step        rate * factor ^ floor(progress / share)
 *   one-cycle   linear from rate / 25, then as cosine (Smith, Topin 2019) */
#include <math.h>

#include "nn/trainer.h"

static const double one_cycle_start = 1.0 / 25;

static double cosine(const nn_schedule *s, double t) {
  const double pi = 3.14159265358979323846;
  return s->final_rate + (s->rate - s->final_rate) * (1 + cos(pi * fmin(t, 1))) / 2;
}

double nn_schedule_rate(const nn_schedule *schedule, uint64_t step, uint64_t steps) {
  double now = (double)step, all = (double)steps;
  double warm = floor(fmin(fmax(schedule->warm_up, 0), 1) * all);
  if (now < warm) {
    double share = (now + 1) / warm;
    if (schedule->kind == NN_ONE_CYCLE && warm > 1)
      share = one_cycle_start + (1 - one_cycle_start) * now / (warm - 1);
    return schedule->rate * share;
  }
  switch (schedule->kind) {
  case NN_COSINE:
  case NN_ONE_CYCLE: {
    /* The warm-up's last step is the cosine's first. */
    double begin = warm > 0 ? warm - 1 : 0;
    return cosine(schedule, (now - begin) / fmax(all - 1 - begin, 1));
  }
  case NN_STEP:
    if (!(schedule->step_share > 0)) return schedule->rate;
    /* A rounding error must not delay a drop that falls on a step. */
    return schedule->rate *
           pow(schedule->step_factor, floor(now / (schedule->step_share * all) + 1e-9));
  case NN_CONSTANT:
    break;
  }
  return schedule->rate;
}
