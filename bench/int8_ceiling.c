/* As many products of bytes as the processor can sum up with the instructions that the kernels use
 * (kernels/int8_vector.h), as ceiling.c does for floats: compiled for each instruction set. Each sum
 * is also its own pixel, so that no product is that of another chain. */
#include "nn/kernels/int8_vector.h"

enum { CHAINS = NN_REGISTERS - 4 };

#define NAME(set)    NAME_OF(set)
#define NAME_OF(set) int8_ceiling_##set

double NAME(NN_SET)(size_t steps, int *result);

double NAME(NN_SET)(size_t steps, int *result) {
  ints sum[CHAINS];
  const ints weights = (ints){0} + *result;
  UNROLL for (int i = 0; i < CHAINS / 2; i++) {
    sum[i] = (ints){0} + i;
    sum[i + CHAINS / 2] = (ints){0} - i;
  }
  for (size_t step = 0; step < steps; step++) {
    UNROLL for (int i = 0; i < CHAINS / 2; i++) sum[i] = dot(sum[i], sum[i], weights);
    UNROLL for (int i = CHAINS / 2; i < CHAINS; i++) sum[i] = dot(sum[i], sum[i], weights);
  }
  ints total = {0};
  UNROLL for (int i = 0; i < CHAINS / 2; i++) total += sum[i] + sum[i + CHAINS / 2];
  *result += total[0] & 1;
  return 2.0 * 4 / DOT_PARTS * CHAINS * WIDTH * (double)steps;
}
