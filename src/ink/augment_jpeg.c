/* Augmentation, the file: what JPEG (ITU-T T.81) does to grey levels.
 *
 * For each block X of 8 x 8 levels, with the orthonormal cosine matrix C and the table Q of
 * luminance from the standard's annex K, scaled by quality as is customary:
 *
 *   X' = C^T (Q * round((C (X - 128) C^T) / Q)) C + 128
 *   C(u, x) = cos((2 x + 1) u pi / 16) / 2, its first row over the root of 2
 *
 * What lies beside the picture is its edge's level. Coding is without loss, so there is none. */
#include <string.h>

#include "ink/augment.h"

/* Eight levels in a row. */
typedef float octet __attribute__((vector_size(32)));

/* cos(k pi / 16) / 2, and that of pi / 4 for the constant row. */
#define C1 0.4903926402f
#define C2 0.4619397663f
#define C3 0.4157348062f
#define C4 0.3535533906f
#define C5 0.2777851165f
#define C6 0.1913417162f
#define C7 0.0975451610f

static const float COSINES[8][8] = {
    {C4, C4, C4, C4, C4, C4, C4, C4},     {C1, C3, C5, C7, -C7, -C5, -C3, -C1},
    {C2, C6, -C6, -C2, -C2, -C6, C6, C2}, {C3, -C7, -C1, -C5, C5, C1, C7, -C3},
    {C4, -C4, -C4, C4, C4, -C4, -C4, C4}, {C5, -C1, C7, C3, -C3, -C7, C1, -C5},
    {C6, -C2, C2, -C6, -C6, C2, -C2, C6}, {C7, -C5, C3, -C1, C1, -C3, C5, -C7},
};

/* Table K.1. */
static const int LUMINANCE[64] = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
    14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
};

/* out = A B, A being C or its transpose. */
static void multiply_left(bool transposed, const octet in[8], octet out[8]) {
  for (int i = 0; i < 8; ++i) {
    octet sum = {0};
    for (int k = 0; k < 8; ++k) sum += (transposed ? COSINES[k][i] : COSINES[i][k]) * in[k];
    out[i] = sum;
  }
}

/* out = A B, B being the transpose of C or C. */
static void multiply_right(const octet in[8], bool transposed, octet out[8]) {
  octet rows[8];
  for (int k = 0; k < 8; ++k)
    for (int j = 0; j < 8; ++j) rows[k][j] = transposed ? COSINES[j][k] : COSINES[k][j];
  for (int i = 0; i < 8; ++i) {
    octet sum = {0};
    for (int k = 0; k < 8; ++k) sum += in[i][k] * rows[k];
    out[i] = sum;
  }
}

static void compress_block(octet block[8], const octet table[8]) {
  octet work[8];
  multiply_left(false, block, work);
  multiply_right(work, true, block);
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < 8; ++j) {
      float steps = block[i][j] / table[i][j];
      block[i][j] = table[i][j] * (float)(int)(steps + (steps < 0 ? -0.5f : 0.5f));
    }
  multiply_left(true, block, work);
  multiply_right(work, false, block);
}

static int limit(int x, int side) {
  return x < 0 ? 0 : x < side ? x : side - 1;
}

static void read_block(const float *picture, int side, int left, int top, octet block[8]) {
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 8; ++x)
      block[y][x] = picture[limit(top + y, side) * side + limit(left + x, side)] * 255 - 128;
}

static void write_block(const octet block[8], int side, int left, int top, float *picture) {
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 8; ++x)
      if (left + x >= 0 && top + y >= 0 && left + x < side && top + y < side)
        picture[(top + y) * side + left + x] = ink_clamp((block[y][x] + 128) * (1.0f / 255));
}

void ink_compress(int quality, int left, int top, int side, float *picture) {
  octet table[8], block[8];
  int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  for (int i = 0; i < 64; ++i) {
    int step = (LUMINANCE[i] * scale + 50) / 100;
    table[i / 8][i % 8] = (float)(step < 1 ? 1 : step > 255 ? 255 : step);
  }
  for (int y = top > 0 ? top - 8 : 0; y < side; y += 8)
    for (int x = left > 0 ? left - 8 : 0; x < side; x += 8) {
      read_block(picture, side, x, y, block);
      compress_block(block, table);
      write_block(block, side, x, y, picture);
    }
}
