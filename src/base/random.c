/* xoshiro256++ 1.0 and splitmix64, after D. Blackman and S. Vigna, "Scrambled linear pseudorandom
 * number generators", ACM Transactions on Mathematical Software 47 (2021), and G. Steele, D. Lea
 * and C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
 *
 *   xoshiro256++: result = rotl(s0 + s3, 23) + s0, then one step of a linear map of 256 bits with
 *                 period 2^256 - 1.
 *   splitmix64:   state += 0x9e3779b97f4a7c15 (2^64 / golden ratio), result = mix(state).
 *
 * The all-zero state, where xoshiro would stay, cannot arise from four successive outputs of
 * splitmix64: they are a bijection of four different numbers. */
#include "base/random.h"

#include <math.h>

static uint64_t rotate_left(uint64_t x, int bits) {
  return x << bits | x >> (64 - bits);
}

/* The finaliser of splitmix64: a bijection in which every input bit changes about half of the
 * output's. */
static uint64_t mix(uint64_t z) {
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static uint64_t splitmix(uint64_t *state) {
  return mix(*state += 0x9e3779b97f4a7c15u);
}

base_random base_random_seed(uint64_t seed) {
  base_random random;
  for (int i = 0; i < 4; i++) random.state[i] = splitmix(&seed);
  return random;
}

base_random base_random_split(const base_random *parent, uint64_t stream) {
  /* Absorb the parent's words and the stream number one after the other. The stream comes last, so
   * that two streams of one parent can never meet: each step is a bijection of the word it
   * absorbs. */
  uint64_t hash = 0;
  for (int i = 0; i < 4; i++) hash = mix((hash + 0x9e3779b97f4a7c15u) ^ parent->state[i]);
  return base_random_seed(mix((hash + 0x9e3779b97f4a7c15u) ^ stream));
}

uint64_t base_random_next(base_random *random) {
  uint64_t *s = random->state;
  uint64_t result = rotate_left(s[0] + s[3], 23) + s[0];
  uint64_t shifted = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= shifted;
  s[3] = rotate_left(s[3], 45);
  return result;
}

double base_random_unit(base_random *random) {
  return (double)(base_random_next(random) >> 11) * 0x1p-53;
}

double base_random_range(base_random *random, double low, double high) {
  double value = low + (high - low) * base_random_unit(random);
  return value < high ? value
                      : low; /* rounding may reach `high`; also gives low when low == high */
}

uint64_t base_random_below(base_random *random, uint64_t bound) {
  /* 2^64 mod bound values too many for a whole number of rounds: draw again when one of them
   * comes. */
  uint64_t surplus = (0 - bound) % bound;
  uint64_t value;
  do value = base_random_next(random);
  while (value < surplus);
  return value % bound;
}

double base_random_normal(base_random *random) {
  double x, square;
  do {
    x = 2 * base_random_unit(random) - 1;
    double y = 2 * base_random_unit(random) - 1;
    square = x * x + y * y;
  } while (square >= 1 || square == 0);
  return x * sqrt(-2 * log(square) / square);
}

void base_random_shuffle(base_random *random, uint32_t *items, size_t count) {
  for (size_t i = count; i > 1; i--) {
    size_t other = (size_t)base_random_below(random, i);
    uint32_t kept = items[i - 1];
    items[i - 1] = items[other];
    items[other] = kept;
  }
}
