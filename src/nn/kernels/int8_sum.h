/* Convolutions and dense layers of bytes: for every output pixel and channel
 *   bias + sum over k of x[k] * w[k, channel],
 * k walking over the rows of the window. Rows are contiguous in memory (pixels times channels, as
 * in conv.h), so four bytes in a row meet four weights of each channel at once, no matter how many
 * channels a pixel has: the first layer of a network of grey pictures takes a row of three taps as
 * one group. A row whose length is no multiple of four reads on behind its end, where the weights
 * are 0.
 *
 * The register tile is that of conv.h: pixels x vectors of sums, for every group the vectors of
 * weights are loaded once and the four bytes of each pixel broadcast. Where weights come in two
 * parts (int8_vector.h) a pixel's bytes have to be split, which four vectors share.
 *
 * A block of packed weights begins with what its sums begin with, then come the multipliers, then
 * the weights. The zero of the input is in there: sum (x - zero) w = sum x w - zero sum w. The
 * channels of a block stand in such lanes that narrow() brings them into order:
 *   channel 4 V i + 4 v + j   in vector v of V, lane 4 i + j.
 * With less than four vectors to a pixel, narrow() takes two or four pixels at once, and then the
 * pieces of the pixels have to be sorted. */
#ifndef NN_KERNELS_INT8_SUM_H
#define NN_KERNELS_INT8_SUM_H

#include "base/memory.h"
#include "nn/kernels/int8_vector.h"

enum {
  INT8_VECTORS = 4,
  INT8_MANY = NN_REGISTERS >= 32, /* registers; of which weights in two parts take twice as many */
  INT8_TILE_OF_FOUR = INT8_MANY ? (DOT_PARTS == 1 ? 6 : 4) : 2,
  INT8_TILE_OF_TWO = INT8_MANY ? (DOT_PARTS == 1 ? 12 : 8) : 4, /* even */
  INT8_TILE_OF_ONE = 8,                                         /* a multiple of four */
  INT8_TILE = 12,
  /* Where whole tiles waste too much: two thirds of the pixels. */
  INT8_NARROW_OF_FOUR = INT8_TILE_OF_FOUR > 4 ? 4 : 2,
  INT8_NARROW_OF_TWO = INT8_TILE_OF_TWO > 8 ? 8 : 4,
};

/* Vectors of the block when `left` channels are still to come. */
static size_t int8_block_vectors(size_t left) {
  return left > 2 * WIDTH ? 4 : left > WIDTH ? 2 : 1;
}

static size_t int8_groups(size_t run) {
  return (run + 3) / 4;
}

static size_t int8_block_bytes(size_t rows, size_t run, size_t vectors) {
  return vectors * BYTES * (2 + rows * int8_groups(run) * DOT_PARTS);
}

static size_t int8_packed_bytes(size_t rows, size_t run, size_t channels) {
  size_t total = 0;
  for (size_t channel = 0; channel < channels;) {
    const size_t vectors = int8_block_vectors(channels - channel);
    total += int8_block_bytes(rows, run, vectors);
    channel += vectors * WIDTH;
  }
  return (total + BASE_ALIGNMENT - 1) / BASE_ALIGNMENT * BASE_ALIGNMENT;
}

/* The channel in a block of `vectors`. */
INLINE size_t int8_channel_of(size_t vectors, size_t v, size_t lane) {
  return lane / 4 * 4 * vectors + 4 * v + lane % 4;
}

static int32_t int8_start(const nn_int8_weights *w, size_t channel) {
  int32_t sum = 0;
  for (size_t k = 0; k < w->rows * w->run; k++) sum += w->weights[k * w->channels + channel];
  return w->bias[channel] - (w->zero - DOT_ZERO) * sum;
}

static void int8_pack_lane(const nn_int8_weights *w, size_t channel, size_t vectors, size_t v,
                           size_t lane, uint8_t *block) {
  const int32_t start = int8_start(w, channel);
  memcpy(block + v * BYTES + 4 * lane, &start, 4);
  memcpy(block + (vectors + v) * BYTES + 4 * lane, &w->multipliers[channel], 4);
  uint8_t *to = block + (2 * vectors + v * DOT_PARTS) * BYTES;
  for (size_t row = 0; row < w->rows; row++)
    for (size_t k = 0; k < w->run; k += 4, to += vectors * DOT_PARTS * BYTES) {
      int8_t four[4] = {0};
      for (size_t i = 0; i < 4 && k + i < w->run; i++)
        four[i] = w->weights[(row * w->run + k + i) * w->channels + channel];
      dot_weights_store(to, lane, four);
    }
}

static void int8_pack(const nn_int8_weights *w, void *packed) {
  uint8_t *block = packed;
  memset(packed, 0, int8_packed_bytes(w->rows, w->run, w->channels));
  for (size_t channel = 0; channel < w->channels;) {
    const size_t vectors = int8_block_vectors(w->channels - channel);
    for (size_t v = 0; v < vectors; v++)
      for (size_t lane = 0; lane < WIDTH; lane++) {
        const size_t c = channel + int8_channel_of(vectors, v, lane);
        if (c < w->channels) int8_pack_lane(w, c, vectors, v, lane, block);
      }
    channel += vectors * WIDTH;
    block += int8_block_bytes(w->rows, w->run, vectors);
  }
}

/* The sums of a tile. */
INLINE void int8_tile(const int pixels, const int vectors, const nn_int8_sum *s,
                      const uint8_t *const in[], const uint8_t *block,
                      ints sum[INT8_TILE][INT8_VECTORS]) {
  UNROLL for (int v = 0; v < vectors; v++) {
    const ints start = ints_load(block + v * BYTES);
    UNROLL for (int p = 0; p < pixels; p++) sum[p][v] = start;
  }
  const uint8_t *weights = block + 2 * vectors * BYTES;
  const size_t run = s->run, stride = s->stride, end = s->rows * stride;
  for (size_t row = 0; row < end; row += stride) {
    for (size_t k = row; k < row + run; k += 4, weights += vectors * DOT_PARTS * BYTES) {
      ints w[INT8_VECTORS][2];
      UNROLL for (int v = 0; v < vectors; v++) {
        UNROLL for (int part = 0; part < DOT_PARTS; part++) {
          w[v][part] = ints_load(weights + (v * DOT_PARTS + part) * BYTES);
        }
      }
      UNROLL for (int p = 0; p < pixels; p++) {
        const dot_pixel pixel = dot_pixel_load(in[p] + k);
        UNROLL for (int v = 0; v < vectors; v++) {
          UNROLL for (int part = 0; part < DOT_PARTS; part++) {
            sum[p][v] = dot(sum[p][v], pixel.part[part], w[v][part]);
          }
        }
      }
    }
  }
}

/* Pieces of two, or of four pixels that lie in turn, pixel by pixel. */
#if NN_WIDTH == 16
#define PAIRS_IN_TURN 0, 2, 4, 6, 1, 3, 5, 7
#define FOURS_IN_TURN 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15
#elif NN_WIDTH == 8
#define PAIRS_IN_TURN 0, 2, 1, 3
#define FOURS_IN_TURN 0, 4, 1, 5, 2, 6, 3, 7
#else
#define PAIRS_IN_TURN 0, 1
#define FOURS_IN_TURN 0, 1, 2, 3
#endif

typedef int64_t longs __attribute__((vector_size(BYTES)));

INLINE bytes sort_pixels(const int together, bytes value) {
  if (together == 2)
    return (bytes)__builtin_shufflevector((longs)value, (longs)value, PAIRS_IN_TURN);
  if (together == 4) return (bytes)__builtin_shufflevector((ints)value, (ints)value, FOURS_IN_TURN);
  return value;
}

/* The first `count` bytes, at most BYTES: not often, and so not inline. */
static __attribute__((noinline)) void bytes_put(uint8_t *to, const uint8_t *from, size_t count) {
  for (size_t part = BYTES; part > 0; part /= 2)
    for (; count >= part; count -= part, to += part, from += part) memcpy(to, from, part);
}

/* `count` <= pixels of them are real, and stored; so are `channels` <= vectors * WIDTH. */
INLINE void int8_tile_bytes(const int pixels, const int vectors, const nn_int8_sum *s,
                            const uint8_t *block, ints sum[INT8_TILE][INT8_VECTORS], size_t count,
                            size_t channels, uint8_t *y) {
  const int together = INT8_VECTORS / vectors;
  const size_t all = (size_t)(vectors * WIDTH);
  /* the pixels of a vector then lie one after the other in y as well */
  const bool whole = channels == all && (together == 1 || s->channels == all);
  const bytes least = (bytes){0} + (uint8_t)s->least;
  const int zero = s->zero;
  UNROLL for (int v = 0; v < vectors; v++) {
    const vector multiplier = vector_load((const float *)(block + (vectors + v) * BYTES));
    UNROLL for (int p = 0; p < pixels; p++) {
      sum[p][v] = nearest(floats_of(sum[p][v]) * multiplier);
    }
  }
  UNROLL for (int p = 0; p < pixels; p += together) {
    const ints *flat[INT8_VECTORS];
    UNROLL for (int i = 0; i < INT8_VECTORS; i++) flat[i] = &sum[p + i / vectors][i % vectors];
    bytes value = narrow(*flat[0], *flat[1], *flat[2], *flat[3], zero);
    value = sort_pixels(together, bytes_largest(value, least));
    if (whole && (size_t)(p + together) <= count) {
      *(bytes_at *)(y + (size_t)p * s->channels) = value;
      continue;
    }
    const uint8_t *from = (const uint8_t *)&value;
    for (int i = 0; i < together && (size_t)(p + i) < count; i++)
      bytes_put(y + (size_t)(p + i) * s->channels, from + (size_t)i * all, channels);
  }
}

INLINE void int8_tile_floats(const int pixels, const int vectors, const nn_int8_sum *s, bool relu,
                             const uint8_t *block, ints sum[INT8_TILE][INT8_VECTORS], size_t count,
                             size_t channels, float *y) {
  UNROLL for (int p = 0; p < pixels; p++) {
    if ((size_t)p >= count) return;
    UNROLL for (int v = 0; v < vectors; v++) {
      const vector multiplier = vector_load((const float *)(block + (vectors + v) * BYTES));
      vector value = floats_of(sum[p][v]) * multiplier;
      if (relu) value = vector_relu(value);
      for (size_t lane = 0; lane < WIDTH; lane++) {
        const size_t c = int8_channel_of((size_t)vectors, (size_t)v, lane);
        if (c < channels) y[(size_t)p * s->channels + c] = ((const float *)&value)[lane];
      }
    }
  }
}

/* All pixels of one block of output channels; to bytes, or where there are none to floats. */
INLINE void int8_block(const int pixels, const int vectors, const nn_int8_sum *s,
                       const uint8_t *block, size_t channels, bool relu, uint8_t *to_bytes,
                       float *to_floats) {
  for (size_t first = 0; first < s->pixels; first += (size_t)pixels) {
    const size_t left = s->pixels - first;
    const size_t count = left < (size_t)pixels ? left : (size_t)pixels;
    ints sum[INT8_TILE][INT8_VECTORS];
    const uint8_t *in[INT8_TILE];
    UNROLL for (int p = 0; p < pixels; p++) {
      in[p] = s->x + s->offsets[(size_t)p < left ? first + (size_t)p : s->pixels - 1];
    }
    int8_tile(pixels, vectors, s, in, block, sum);
    if (to_bytes)
      int8_tile_bytes(pixels, vectors, s, block, sum, count, channels,
                      to_bytes + first * s->channels);
    else
      int8_tile_floats(pixels, vectors, s, relu, block, sum, count, channels,
                       to_floats + first * s->channels);
  }
}

/* Whether narrow tiles need less than eleven twelfths of the work of whole ones. */
INLINE bool int8_narrow(const size_t whole, const size_t narrow, size_t pixels) {
  const size_t many = (pixels + whole - 1) / whole * whole;
  return (pixels + narrow - 1) / narrow * narrow * 12 < many * 11;
}

/* What stands at the beginning of a block, and how far it reaches. */
typedef struct int8_place {
  const uint8_t *block;
  size_t channel, channels, vectors;
} int8_place;

/* The next block after `place`; false: there is none. */
static bool int8_next(const nn_int8_sum *s, int8_place *place) {
  if (place->block)
    place->block += int8_block_bytes(s->rows, s->run, place->vectors);
  else
    place->block = s->packed;
  place->channel += place->channels;
  const size_t left = s->channels - place->channel;
  place->vectors = int8_block_vectors(left);
  place->channels = left < place->vectors * WIDTH ? left : place->vectors * WIDTH;
  return left > 0;
}

static void int8_sum_bytes(const nn_int8_sum *s, uint8_t *y) {
  for (int8_place at = {0}; int8_next(s, &at);) {
    uint8_t *to = y + at.channel;
    if (at.vectors == 4 && int8_narrow(INT8_TILE_OF_FOUR, INT8_NARROW_OF_FOUR, s->pixels))
      int8_block(INT8_NARROW_OF_FOUR, 4, s, at.block, at.channels, false, to, NULL);
    else if (at.vectors == 4)
      int8_block(INT8_TILE_OF_FOUR, 4, s, at.block, at.channels, false, to, NULL);
    else if (at.vectors == 2 && int8_narrow(INT8_TILE_OF_TWO, INT8_NARROW_OF_TWO, s->pixels))
      int8_block(INT8_NARROW_OF_TWO, 2, s, at.block, at.channels, false, to, NULL);
    else if (at.vectors == 2)
      int8_block(INT8_TILE_OF_TWO, 2, s, at.block, at.channels, false, to, NULL);
    else
      int8_block(INT8_TILE_OF_ONE, 1, s, at.block, at.channels, false, to, NULL);
  }
}

/* For the last layers, which are small: narrow tiles will do. */
static void int8_sum_floats(const nn_int8_sum *s, bool relu, float *y) {
  for (int8_place at = {0}; int8_next(s, &at);) {
    float *to = y + at.channel;
    if (at.vectors == 4)
      int8_block(INT8_NARROW_OF_FOUR, 4, s, at.block, at.channels, relu, NULL, to);
    else if (at.vectors == 2)
      int8_block(INT8_NARROW_OF_TWO, 2, s, at.block, at.channels, relu, NULL, to);
    else
      int8_block(INT8_TILE_OF_ONE, 1, s, at.block, at.channels, relu, NULL, to);
  }
}

#endif
