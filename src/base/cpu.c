/* What this processor can do.
 *
 * The levels are those of the x86-64 psABI; every feature of a level is checked, because the
 * compiler may use any of them in an object built for it. __builtin_cpu_supports also asks whether
 * the operating system keeps the wide registers; the features without registers of their own, which
 * not every compiler knows by name, are read from CPUID. */
#include "base/cpu.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __x86_64__
#include <cpuid.h>

/* Bits of ECX in CPUID leaf 1 and in leaf 0x80000001. */
enum {
  LEAF1_CMPXCHG16B = 1 << 13,
  LEAF1_MOVBE = 1 << 22,
  LEAF1_F16C = 1 << 29,
  EXTENDED_LAHF = 1 << 0,
  EXTENDED_LZCNT = 1 << 5,
};

static base_cpu_level detect(void) {
  unsigned a, b, d, leaf1 = 0, extended = 0;
  if (!__get_cpuid(1, &a, &b, &leaf1, &d)) return BASE_CPU_SCALAR;
  if (!__get_cpuid(0x80000001u, &a, &b, &extended, &d)) return BASE_CPU_SCALAR;
  __builtin_cpu_init();
  bool v2 = __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("sse3") &&
            __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
            __builtin_cpu_supports("sse4.2") && (leaf1 & LEAF1_CMPXCHG16B) &&
            (extended & EXTENDED_LAHF);
  if (!v2) return BASE_CPU_SCALAR;
  bool v3 = __builtin_cpu_supports("avx") && __builtin_cpu_supports("avx2") &&
            __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
            __builtin_cpu_supports("bmi2") && (leaf1 & LEAF1_F16C) && (leaf1 & LEAF1_MOVBE) &&
            (extended & EXTENDED_LZCNT);
  if (!v3) return BASE_CPU_V2;
  bool v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl");
  return v4 ? BASE_CPU_V4 : BASE_CPU_V3;
}
#elif defined __aarch64__
static base_cpu_level detect(void) {
  return BASE_CPU_NEON;
} /* part of the base instruction set */
#elif defined __wasm_simd128__
static base_cpu_level detect(void) {
  return BASE_CPU_WASM;
}
#else
static base_cpu_level detect(void) {
  return BASE_CPU_SCALAR;
}
#endif

static const char *const level_names[] = {
    [BASE_CPU_SCALAR] = "scalar", [BASE_CPU_V2] = "v2",     [BASE_CPU_V3] = "v3",
    [BASE_CPU_V4] = "v4",         [BASE_CPU_NEON] = "neon", [BASE_CPU_WASM] = "wasm",
};
enum { LEVELS = sizeof level_names / sizeof level_names[0] };

const char *base_cpu_name(base_cpu_level level) {
  return (unsigned)level < LEVELS ? level_names[level] : "unknown";
}

base_cpu_level base_cpu_choose(base_cpu_level best, const char *wanted) {
  if (!wanted) return best;
  if (strcmp(wanted, level_names[BASE_CPU_SCALAR]) == 0) return BASE_CPU_SCALAR;
  if (best > BASE_CPU_V4) return best; /* nothing between scalar and these */
  for (base_cpu_level level = BASE_CPU_V2; level < best; level++)
    if (strcmp(wanted, level_names[level]) == 0) return level;
  return best;
}

base_cpu_level base_cpu(void) {
  static atomic_int known = -1; /* two threads may both find it out: they find the same */
  int level = atomic_load_explicit(&known, memory_order_relaxed);
  if (level < 0) {
    level = (int)base_cpu_choose(detect(), getenv("SCRAWL_CPU"));
    atomic_store_explicit(&known, level, memory_order_relaxed);
  }
  return (base_cpu_level)level;
}

bool base_cpu_vnni(void) {
#ifdef __x86_64__
  if (base_cpu() != BASE_CPU_V4) return false;
  const char *wanted = getenv("SCRAWL_CPU");
  if (wanted && strcmp(wanted, level_names[BASE_CPU_V4]) == 0) return false;
  return __builtin_cpu_supports("avx512vnni");
#else
  return false;
#endif
}

size_t base_cpu_cores(void) {
#ifdef __linux__
  cpu_set_t mask; /* of 1024 cores: the call fails on a machine with more, and sysconf answers */
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
    int cores = CPU_COUNT(&mask);
    if (cores >= 1) return (size_t)cores;
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online >= 1 ? (size_t)online : 1;
}
