/* Which tables of byte kernels this processor gets, as kernels.c does for floats. */
#include "nn/int8_kernels.h"

extern const nn_int8_kernels nn_int8_v2, nn_int8_v3, nn_int8_v4, nn_int8_vnni, nn_int8_neon,
    nn_int8_wasm;

static const struct {
  base_cpu_level level;
  bool vnni; /* needs more than the level */
  const nn_int8_kernels *kernels;
} TABLES[] = {
    {BASE_CPU_SCALAR, false, &NN_INT8_SCALAR},
#ifdef NN_HAVE_V2
    {BASE_CPU_V2, false, &nn_int8_v2},
#endif
#ifdef NN_HAVE_V3
    {BASE_CPU_V3, false, &nn_int8_v3},
#endif
#ifdef NN_HAVE_V4
    {BASE_CPU_V4, false, &nn_int8_v4},         {BASE_CPU_V4, true, &nn_int8_vnni},
#endif
#ifdef NN_HAVE_NEON
    {BASE_CPU_NEON, false, &nn_int8_neon},
#endif
#ifdef NN_HAVE_WASM
    {BASE_CPU_WASM, false, &nn_int8_wasm},
#endif
};

enum { COUNT = sizeof TABLES / sizeof TABLES[0] };

/* The x86-64 levels contain each other, and everything contains the scalar one. */
static bool runs_here(base_cpu_level code, bool vnni) {
  const base_cpu_level here = base_cpu();
  if (vnni && !base_cpu_vnni()) return false;
  return code == here || code == BASE_CPU_SCALAR || (here <= BASE_CPU_V4 && code < here);
}

const nn_int8_kernels *nn_int8_number(int index) {
  for (int i = 0; i < COUNT; i++)
    if (runs_here(TABLES[i].level, TABLES[i].vnni) && index-- == 0) return TABLES[i].kernels;
  return NULL;
}

const nn_int8_kernels *nn_int8_best(void) {
  for (int i = COUNT - 1; i > 0; i--)
    if (runs_here(TABLES[i].level, TABLES[i].vnni)) return TABLES[i].kernels;
  return TABLES[0].kernels;
}
