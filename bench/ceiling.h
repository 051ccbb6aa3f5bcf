/* The multiply-add loops of ceiling.c, one for each instruction set the kernels were compiled for.
 */
#ifndef BENCH_CEILING_H
#define BENCH_CEILING_H

#include <stddef.h>

/* Runs `steps` rounds and returns the floating-point operations done. `result` holds a factor below
 * 1 and keeps the compiler from leaving the work out. */
typedef double (*ceiling_loop)(size_t steps, float *result);

double ceiling_v2(size_t steps, float *result);
double ceiling_v3(size_t steps, float *result);
double ceiling_v4(size_t steps, float *result);
double ceiling_neon(size_t steps, float *result);

#endif
