/* Random numbers: xoshiro256++ (Blackman and Vigna 2021), seeded through splitmix64.
 *
 * One seed makes a whole run repeatable: streams are split by number, not drawn from a shared
 * generator, so the picture with index i of epoch e gets the same augmentation whatever thread
 * makes it. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct base_random {
  uint64_t state[4];
} base_random;

base_random base_random_seed(uint64_t seed);
/* An independent stream: a hash of the parent's state and `stream`; the parent does not advance. */
base_random base_random_split(const base_random *parent, uint64_t stream);
uint64_t base_random_next(base_random *random);
/* Uniform in [0, 1) with 53 bits / [low, high) / an integer in [0, bound) without bias, bound >=
 * 1. */
double base_random_unit(base_random *random);
double base_random_range(base_random *random, double low, double high);
uint64_t base_random_below(base_random *random, uint64_t bound);
/* Normal with mean 0 and deviation 1 (Marsaglia's polar method). */
double base_random_normal(base_random *random);
/* Fisher-Yates over `count` indices. */
void base_random_shuffle(base_random *random, uint32_t *items, size_t count);

#endif
