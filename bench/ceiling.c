/* As many multiply-adds as the processor can do: sums in registers that never touch memory, one
 * chain for each register but a few, enough to cover the latency. Compiled for each instruction set
 * like the kernels; what runs here is the ceiling that their speed is measured against. Each sum is
 * multiplied, not only added to: a product of the same two numbers for all chains would be computed
 * once. */
#include "ceiling.h"

typedef float vector __attribute__((vector_size(4 * NN_WIDTH)));

enum { CHAINS = NN_REGISTERS - 4 };

#define NAME(set)    NAME_OF(set)
#define NAME_OF(set) ceiling_##set

double NAME(NN_SET)(size_t steps, float *result) {
  vector sum[CHAINS];
  const vector factor = (vector){0} + *result, more = (vector){0} + 1e-9F;
#pragma GCC unroll 32
  for (int i = 0; i < CHAINS; i++) sum[i] = (vector){0} + (float)i;
  for (size_t step = 0; step < steps; step++) {
#pragma GCC unroll 32
    for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * factor + more;
  }
  vector total = {0};
#pragma GCC unroll 32
  for (int i = 0; i < CHAINS; i++) total += sum[i];
  *result = total[0] > 1e30F ? 0.5F : *result;
  return 2.0 * CHAINS * NN_WIDTH * (double)steps;
}
