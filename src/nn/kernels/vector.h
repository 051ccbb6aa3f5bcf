/* Vectors of NN_WIDTH floats in the compiler's own notation (GCC and Clang vector extensions).
 *
 * kernels_vector.c is compiled once for each instruction set with
 *   NN_SET        its name, a word: v3
 *   NN_WIDTH      floats in a vector: 4, 8 or 16
 *   NN_REGISTERS  vector registers: 16 or 32
 * and nothing below or beside it names an instruction. Memory is only ever read and written through
 * vector_at, which needs no alignment: on every processor of the last fifteen years that costs
 * nothing where the data happen to be aligned. */
#ifndef NN_KERNELS_VECTOR_H
#define NN_KERNELS_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nn/kernels.h"

enum { WIDTH = NN_WIDTH };

typedef float vector __attribute__((vector_size(4 * NN_WIDTH)));
typedef float vector_at __attribute__((vector_size(4 * NN_WIDTH), aligned(4), may_alias));
typedef int32_t vector_mask __attribute__((vector_size(4 * NN_WIDTH)));

/* Register tiles are written as loops over constants. They have to become straight code with every
 * sum in a register of its own, whatever the compiler's opinion on its size. */
#define INLINE static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

INLINE vector vector_load(const float *from) {
  return *(const vector_at *)from;
}
INLINE void vector_store(float *to, vector value) {
  *(vector_at *)to = value;
}

/* Lane by lane: value or 0, yes or no. A comparison of vectors gives a mask. */
INLINE vector vector_where(vector_mask mask, vector value) {
  return (vector)((vector_mask)value & mask);
}
INLINE vector vector_select(vector_mask mask, vector yes, vector no) {
  return (vector)(((vector_mask)yes & mask) | ((vector_mask)no & ~mask));
}
INLINE vector vector_relu(vector value) {
  return vector_where(value > 0, value);
}
INLINE vector vector_max(vector a, vector b) {
  return vector_select(a > b, a, b);
}

/* The first `lanes` of a vector, for counts that are no multiple of WIDTH: by halves, since a loop
 * over single floats is slow and one over a number of them unknown to the compiler slower. The
 * lanes not read are 0. */
typedef float half_at __attribute__((vector_size(32), aligned(4), may_alias));
typedef float quad_at __attribute__((vector_size(16), aligned(4), may_alias));
typedef float pair_at __attribute__((vector_size(8), aligned(4), may_alias));

INLINE void lanes_copy(float *to, const float *from, size_t lanes) {
  if (WIDTH > 8 && lanes & 8) *(half_at *)to = *(const half_at *)from, to += 8, from += 8;
  if (WIDTH > 4 && lanes & 4) *(quad_at *)to = *(const quad_at *)from, to += 4, from += 4;
  if (lanes & 2) *(pair_at *)to = *(const pair_at *)from, to += 2, from += 2;
  if (lanes & 1) *to = *from;
}

INLINE void vector_copy(float *to, const float *from, size_t lanes) {
  if (lanes >= WIDTH) {
    vector_store(to, vector_load(from));
  } else {
    lanes_copy(to, from, lanes);
  }
}

INLINE vector vector_get(const float *from, size_t lanes) {
  if (lanes >= WIDTH) return vector_load(from);
  vector value = {0};
  lanes_copy((float *)&value, from, lanes);
  return value;
}

INLINE void vector_put(float *to, vector value, size_t lanes) {
  if (lanes >= WIDTH) {
    vector_store(to, value);
  } else {
    lanes_copy(to, (const float *)&value, lanes);
  }
}

/* to[lane] += value[lane]; in place, since a vector put together in memory from its parts cannot be
 * read at once. */
INLINE void vector_add(float *to, vector value, size_t lanes) {
  const float *from = (const float *)&value;
  if (lanes >= WIDTH) {
    vector_store(to, vector_load(to) + value);
    return;
  }
  if (WIDTH > 8 && lanes & 8) *(half_at *)to += *(const half_at *)from, to += 8, from += 8;
  if (WIDTH > 4 && lanes & 4) *(quad_at *)to += *(const quad_at *)from, to += 4, from += 4;
  if (lanes & 2) *(pair_at *)to += *(const pair_at *)from, to += 2, from += 2;
  if (lanes & 1) *to += *from;
}

/* Walks over `count` floats vector by vector: `i` is where the vector starts, `lanes` how much of
 * it is there. */
#define EACH_VECTOR(i, lanes, count)                                                               \
  for (size_t i = 0, lanes; i < (count) && (lanes = (count)-i, true); i += WIDTH)

/* The same in a function that is compiled twice, with `whole` true and false: true promises that
 * there are only whole vectors, and spares inner loops the question. */
#define EACH_VECTOR_OF(whole, i, lanes, count)                                                     \
  for (size_t i = 0, lanes; i < (count) && (lanes = (whole) ? WIDTH : (count)-i, true); i += WIDTH)

#endif
