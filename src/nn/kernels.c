/* Which table of kernels this processor gets. The build defines NN_HAVE_... for every vector table
 * it compiled. */
#include "nn/kernels.h"

extern const nn_kernels nn_kernels_v2, nn_kernels_v3, nn_kernels_v4, nn_kernels_neon,
    nn_kernels_wasm;

/* Whether code of one level runs on a processor of another: the x86-64 levels contain each other.
 */
static bool runs_on(base_cpu_level code, base_cpu_level processor) {
  return code == processor || code == BASE_CPU_SCALAR ||
         (processor <= BASE_CPU_V4 && code < processor);
}

static const nn_kernels *compiled(base_cpu_level level) {
  switch (level) {
  case BASE_CPU_SCALAR:
    return &NN_KERNELS_SCALAR;
#ifdef NN_HAVE_V2
  case BASE_CPU_V2:
    return &nn_kernels_v2;
#endif
#ifdef NN_HAVE_V3
  case BASE_CPU_V3:
    return &nn_kernels_v3;
#endif
#ifdef NN_HAVE_V4
  case BASE_CPU_V4:
    return &nn_kernels_v4;
#endif
#ifdef NN_HAVE_NEON
  case BASE_CPU_NEON:
    return &nn_kernels_neon;
#endif
#ifdef NN_HAVE_WASM
  case BASE_CPU_WASM:
    return &nn_kernels_wasm;
#endif
  default:
    return NULL;
  }
}

const nn_kernels *nn_kernels_of(base_cpu_level level) {
  return runs_on(level, base_cpu()) ? compiled(level) : NULL;
}

const nn_kernels *nn_kernels_best(void) {
  const nn_kernels *best = compiled(base_cpu());
  return best ? best : &NN_KERNELS_SCALAR;
}
