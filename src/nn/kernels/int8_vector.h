/* Vectors of WIDTH 32-bit sums and of the 4 WIDTH bytes that fill as many registers, and the few
 * operations on them that vector extensions cannot say.
 *
 * dot: to each 32-bit sum the products of four bytes of a pixel, the same four for all lanes, and
 * four weights of that lane's channel. How much of it a processor does at once differs:
 *   AVX-512 VNNI     all of it: unsigned times signed bytes, four products to a sum
 *   AVX-512 BW, AVX2, SSE2, WebAssembly
 *                    two products of 16 bits to a sum: bytes 0 and 2, and bytes 1 and 3, widened
 *                    (weights when they are packed). The instructions that multiply bytes there
 *                    saturate at 16 bits: they cannot be used, their sums would not be exact
 *   NEON             signed bytes only, so pixels are moved down by 128 (DOT_ZERO) and sums put
 *                    right beforehand; products of weights up to 127 fit 16 bits even in pairs
 *
 * nearest: to the nearest whole number, of two the even one. bytes_largest: the larger of each
 * pair.
 *
 * narrow: four vectors of numbers to one of bytes: to 16 bits, plus `zero`, to 8 bits, each step
 * stopping at the ends of its range, so that all of it is clamp(number + zero, 0, 255). It works
 * within 128-bit lanes: the lanes' i-th quarter of vector v comes to the place 4 i + v. */
#ifndef NN_KERNELS_INT8_VECTOR_H
#define NN_KERNELS_INT8_VECTOR_H

#include "nn/int8_kernels.h"
#include "nn/kernels/vector.h"

#ifdef __x86_64__
#include <immintrin.h>
#elif defined __ARM_NEON
#include <arm_neon.h>
#elif defined __wasm_simd128__
#include <wasm_simd128.h>
#endif

enum { BYTES = 4 * WIDTH };

typedef int32_t ints __attribute__((vector_size(BYTES)));
typedef int32_t ints_at __attribute__((vector_size(BYTES), aligned(4), may_alias));
typedef uint16_t shorts __attribute__((vector_size(BYTES)));
typedef uint8_t bytes __attribute__((vector_size(BYTES)));
typedef uint8_t bytes_at __attribute__((vector_size(BYTES), aligned(1), may_alias));

#ifdef __AVX512VNNI__
enum { DOT_PARTS = 1, DOT_ZERO = 0 };
INLINE ints dot(ints sum, ints pixel, ints weights) {
  return (ints)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)pixel, (__m512i)weights);
}
#elif defined __x86_64__
enum { DOT_PARTS = 2, DOT_ZERO = 0 };
#elif defined __ARM_NEON
enum { DOT_PARTS = 1, DOT_ZERO = 128 };
INLINE ints dot(ints sum, ints pixel, ints weights) {
  const int8x16_t p = (int8x16_t)pixel, w = (int8x16_t)weights;
#ifdef __ARM_FEATURE_DOTPROD
  return (ints)vdotq_s32((int32x4_t)sum, p, w);
#else
  const int16x8_t low = vmull_s8(vget_low_s8(p), vget_low_s8(w)), high = vmull_high_s8(p, w);
  return (ints)vpadalq_s16((int32x4_t)sum, vpaddq_s16(low, high));
#endif
}
INLINE ints nearest(vector value) {
  return (ints)vcvtnq_s32_f32((float32x4_t)value);
}
INLINE bytes bytes_largest(bytes a, bytes b) {
  return (bytes)vmaxq_u8((uint8x16_t)a, (uint8x16_t)b);
}
INLINE bytes narrow(ints a, ints b, ints c, ints d, int zero) {
  const int16x8_t add = vdupq_n_s16((int16_t)zero);
  const int16x8_t low = vcombine_s16(vqmovn_s32((int32x4_t)a), vqmovn_s32((int32x4_t)b));
  const int16x8_t high = vcombine_s16(vqmovn_s32((int32x4_t)c), vqmovn_s32((int32x4_t)d));
  return (bytes)vcombine_u8(vqmovun_s16(vqaddq_s16(low, add)), vqmovun_s16(vqaddq_s16(high, add)));
}
#elif defined __wasm_simd128__
enum { DOT_PARTS = 2, DOT_ZERO = 0 };
INLINE ints dot(ints sum, ints pixel, ints weights) {
  return sum + (ints)wasm_i32x4_dot_i16x8((v128_t)pixel, (v128_t)weights);
}
INLINE ints nearest(vector value) {
  return (ints)wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_nearest((v128_t)value));
}
INLINE bytes bytes_largest(bytes a, bytes b) {
  return (bytes)wasm_u8x16_max((v128_t)a, (v128_t)b);
}
INLINE bytes narrow(ints a, ints b, ints c, ints d, int zero) {
  const v128_t add = wasm_i16x8_splat((int16_t)zero);
  const v128_t low = wasm_i16x8_narrow_i32x4((v128_t)a, (v128_t)b);
  const v128_t high = wasm_i16x8_narrow_i32x4((v128_t)c, (v128_t)d);
  return (bytes)wasm_u8x16_narrow_i16x8(wasm_i16x8_add_sat(low, add),
                                        wasm_i16x8_add_sat(high, add));
}
#endif

#ifdef __x86_64__
#if NN_WIDTH == 16
typedef __m512i wide;
#define MM(operation) _mm512_##operation
#elif NN_WIDTH == 8
typedef __m256i wide;
#define MM(operation) _mm256_##operation
#else
typedef __m128i wide;
#define MM(operation) _mm_##operation
#endif
#ifndef __AVX512VNNI__
INLINE ints dot(ints sum, ints pixel, ints weights) {
  return sum + (ints)MM(madd_epi16)((wide)pixel, (wide)weights);
}
#endif
INLINE ints nearest(vector value) {
  return (ints)MM(cvtps_epi32)(value);
}
INLINE bytes bytes_largest(bytes a, bytes b) {
  return (bytes)MM(max_epu8)((wide)a, (wide)b);
}
INLINE bytes narrow(ints a, ints b, ints c, ints d, int zero) {
  const wide add = MM(set1_epi16)((short)zero);
  const wide low = MM(adds_epi16)(MM(packs_epi32)((wide)a, (wide)b), add);
  const wide high = MM(adds_epi16)(MM(packs_epi32)((wide)c, (wide)d), add);
  return (bytes)MM(packus_epi16)(low, high);
}
#endif

INLINE ints ints_load(const void *from) {
  return *(const ints_at *)from;
}

INLINE vector floats_of(ints value) {
  return __builtin_convertvector(value, vector);
}

/* Four bytes of a pixel in every lane, in the form in which dot takes them: all at once, or bytes 0
 * and 2 in part 0 and bytes 1 and 3 in part 1. */
typedef struct dot_pixel {
  ints part[2];
} dot_pixel;

INLINE dot_pixel dot_pixel_load(const uint8_t *from) {
  int32_t four;
  memcpy(&four, from, sizeof four);
  const ints all = (ints){0} + four;
  dot_pixel pixel;
  if (DOT_PARTS == 2) {
    pixel.part[0] = all & 0x00ff00ff;
    pixel.part[1] = (ints)((shorts)all >> 8);
  } else {
    pixel.part[0] = DOT_ZERO ? all ^ (int32_t)0x80808080 : all;
    pixel.part[1] = pixel.part[0];
  }
  return pixel;
}

/* Four weights of one channel in the same form, at lane `lane` of `to`. */
static inline void dot_weights_store(void *to, size_t lane, const int8_t four[4]) {
  if (DOT_PARTS == 2) {
    int16_t *halves = (int16_t *)to + 2 * lane;
    for (size_t part = 0; part < 2; part++, halves += 2 * WIDTH) {
      halves[0] = four[part];
      halves[1] = four[part + 2];
    }
  } else {
    memcpy((int8_t *)to + 4 * lane, four, 4);
  }
}

#endif
