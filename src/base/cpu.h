/* What this processor can do. SCRAWL_CPU=scalar|v2|v3|v4 forces a lower level, so that tests run
 * them all. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

typedef enum base_cpu_level {
  BASE_CPU_SCALAR,
  BASE_CPU_V2, /* x86-64-v2: SSE4.2 */
  BASE_CPU_V3, /* x86-64-v3: AVX2 and FMA */
  BASE_CPU_V4, /* x86-64-v4: AVX-512 F, BW, CD, DQ, VL */
  BASE_CPU_NEON,
  BASE_CPU_WASM,
} base_cpu_level;

/* The best level here, after SCRAWL_CPU. Detected once; safe from any thread. */
base_cpu_level base_cpu(void);
/* The level to use where `best` is the best there is and `wanted` (or NULL) names another: a lower
 * one is obeyed, anything else is ignored. What base_cpu() does with SCRAWL_CPU; apart so that it
 * can be tested. */
base_cpu_level base_cpu_choose(base_cpu_level best, const char *wanted);
/* Whether there is AVX-512 VNNI beside level v4, for dot products of bytes. SCRAWL_CPU=v4 means
 * that level and no more. Safe from any thread. */
bool base_cpu_vnni(void);
const char *base_cpu_name(base_cpu_level level);
/* Cores this process may run on (its affinity mask), at least 1. */
size_t base_cpu_cores(void);

#endif
