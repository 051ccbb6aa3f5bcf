/* What the tests of the kernels share: the tables to test, and buffers with guards around them.
 *
 * A guarded buffer has NaNs before and behind the numbers: a kernel that reads them and lets them
 * count gives a NaN, one that writes there is found by guarded_check; under AddressSanitizer
 * touching them at all ends the program. */
#ifndef TESTS_UNIT_KERNELS_H
#define TESTS_UNIT_KERNELS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the above */
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "nn/kernels.h"

#if defined __has_feature
#if __has_feature(address_sanitizer) && !defined __SANITIZE_ADDRESS__
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

/* The kernels once more 16 floats wide, made for any processor: the wide paths are tested where
 * none can run. */
extern const nn_kernels nn_kernels_wide;

/* Every table that can run here, the scalar twins first; NULL behind the last. */
static inline const nn_kernels **tables(void) {
  static const nn_kernels *all[8];
  size_t count = 0;
  const base_cpu_level levels[] = {BASE_CPU_SCALAR, BASE_CPU_V2,   BASE_CPU_V3,
                                   BASE_CPU_V4,     BASE_CPU_NEON, BASE_CPU_WASM};
  for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
    const nn_kernels *table = nn_kernels_of(levels[i]);
    if (table) all[count++] = table;
  }
  all[count++] = &nn_kernels_wide;
  all[count] = NULL;
  return all;
}

#define EACH_TABLE(table)                                                                          \
  for (const nn_kernels **each = tables(), *table = *each; table; table = *++each)

enum { GUARD = 32 }; /* floats on either side */

typedef struct guarded {
  float *data;
  size_t count;
  float *block;
} guarded;

/* `shift` floats beyond a 64-byte boundary: kernels may not count on more than the alignment of a
 * float. */
static inline guarded guarded_make(size_t count, size_t shift) {
  void *block = NULL;
  const size_t all = count + 2 * GUARD + 16;
  assert_true(all > count);
  assert_int_equal(posix_memalign(&block, 64, all * sizeof(float)), 0);
  guarded buffer = {(float *)block + GUARD + shift, count, block};
  for (size_t i = 0; i < all; i++) buffer.block[i] = NAN;
  ASAN_POISON_MEMORY_REGION(buffer.block, (GUARD + shift) * sizeof(float));
  ASAN_POISON_MEMORY_REGION(buffer.data + count, (GUARD + 16 - shift) * sizeof(float));
  return buffer;
}

static inline void guarded_check(const guarded *buffer) {
  const size_t all = buffer->count + 2 * GUARD + 16;
  const size_t before = (size_t)(buffer->data - buffer->block);
  ASAN_UNPOISON_MEMORY_REGION(buffer->block, all * sizeof(float));
  for (size_t i = 0; i < all; i++) {
    if (i < before || i >= before + buffer->count) assert_true(isnan(buffer->block[i]));
  }
}

static inline void guarded_free(guarded *buffer) {
  guarded_check(buffer);
  free(buffer->block);
}

static inline guarded guarded_random(size_t count, size_t shift, base_random *random) {
  guarded buffer = guarded_make(count, shift);
  for (size_t i = 0; i < count; i++) buffer.data[i] = (float)base_random_range(random, -1, 1);
  return buffer;
}

#endif
