/* The multiply-add loops of ceiling.c, one for each instruction set the kernels were compiled for.
 */
#ifndef BENCH_CEILING_H
#define BENCH_CEILING_H

#include <stddef.h>

#include "base/cpu.h"

/* Runs `steps` rounds and returns the floating-point operations done. `result` holds a factor below
 * 1 and keeps the compiler from leaving the work out. */
typedef double (*ceiling_loop)(size_t steps, float *result);

double ceiling_v2(size_t steps, float *result);
double ceiling_v3(size_t steps, float *result);
double ceiling_v4(size_t steps, float *result);
double ceiling_neon(size_t steps, float *result);

/* NULL: none was compiled. */
static inline ceiling_loop ceiling_of(base_cpu_level level) {
  switch (level) {
#ifdef __x86_64__
  case BASE_CPU_V2:
    return ceiling_v2;
  case BASE_CPU_V3:
    return ceiling_v3;
  case BASE_CPU_V4:
    return ceiling_v4;
#elif defined __aarch64__
  case BASE_CPU_NEON:
    return ceiling_neon;
#endif
  default:
    return NULL;
  }
}

#endif
