/* Depthwise convolution: each channel alone, a vector of channels at a time.
 *
 *   y[oy][ox][c] = bias[c] + sum over ky, kx of
 *                  x[oy stride + ky - top][ox stride + kx - left][c] w[ky][kx][c]
 *
 * Every number read takes part in only kernel_h * kernel_w products, so that a field (field.h)
 * would cost about as much as the sums themselves: taps outside the picture are cut off instead,
 * rows of the window for a whole row of outputs, columns at the two ends of one.
 *
 * The usual window, 3x3 with stride 1, slides: its taps stay in 9 registers for a row, the three
 * pixels under a column of it are read once and go into the three outputs whose windows hold them,
 * of which the oldest is then complete. That takes 9 taps, 3 sums, a pixel and the bias: 14 of 16
 * registers, and 3 reads for 9 products. All other windows have tiles of outputs side by side that
 * share what is read of the taps, and read a pixel for every product.
 *
 * The gradient of the input is the same sum over dy with the taps in reverse; with a stride, pixels
 * of x see only every stride-th tap, and those that see the same ones form a line of their own. The
 * gradient of the weights keeps the sums of 3x3 taps in registers.
 *
 * Where the channels are no whole number of vectors the last vector goes over some of them once
 * more. In what order an output is summed depends on the window and the channels alone. */
#ifndef NN_KERNELS_DEPTHWISE_H
#define NN_KERNELS_DEPTHWISE_H

#include "nn/kernels/vector.h"

enum {
  DEPTH_TAPS = 3,      /* on each side of the window that slides */
  DEPTH_TILE = 7,      /* outputs: divides 28, 14 and 7, the usual widths */
  DEPTH_STRETCH = 256, /* pixels whose products are summed up in float at a time */
};

/* Walks over vectors of channels, of which there is at least one; the last may go over some
 * channels once more. */
#define EACH_WHOLE_VECTOR(c, channels)                                                             \
  for (size_t c = 0, c##_last = (channels)-WIDTH, c##_more = 1; c##_more;                          \
       c##_more = c < c##_last, c = c + WIDTH < c##_last ? c + WIDTH : c##_last)

/* A row of outputs, or those in it that see the same taps:
 *   y[j] = bias + sum over r < rows, m < columns of x[r][j stride + left + m] taps[r][m]
 * where pixels and taps are `channels` floats long and pixels outside a row of x count as 0. Steps
 * are in floats and may be negative. */
typedef struct depth_line {
  const float *x; /* pixel 0 of the row under taps[0] */
  ptrdiff_t x_row;
  int width; /* of a row of x */
  int left, stride;
  const float *taps;
  ptrdiff_t tap_row, tap_step;
  int rows, columns;
  const float *bias; /* may be NULL */
  bool relu;
  float *y;
  size_t y_step;
  int count; /* of outputs */
  size_t channels;
} depth_line;

/* A line under a window DEPTH_TAPS wide, `rows` of it inside, that slides by one pixel and hangs
 * over by at most two at either end. Pixel i of x is the first one under output i - left, in the
 * middle of the output before it, the last one under that before. */
INLINE void depth_slide(const int rows, const depth_line *l, size_t c) {
  const ptrdiff_t step = (ptrdiff_t)l->channels, y_step = (ptrdiff_t)l->y_step;
  const int before = -l->left, most = l->width + before - (DEPTH_TAPS - 1);
  const int whole = l->count < most ? l->count : most; /* outputs whose last pixel is inside */
  const bool relu = l->relu;
  const vector bias = l->bias ? vector_load(l->bias + c) : (vector){0};
  const float *x[DEPTH_TAPS];
  vector tap[DEPTH_TAPS][DEPTH_TAPS];
  UNROLL for (int r = 0; r < rows; r++) {
    x[r] = l->x + r * l->x_row + (ptrdiff_t)c;
    UNROLL for (int m = 0; m < DEPTH_TAPS; m++) {
      tap[r][m] = vector_load(l->taps + r * l->tap_row + m * l->tap_step + (ptrdiff_t)c);
    }
  }
  float *y = l->y + c;
  vector oldest, middle = bias, newest = bias;
  ptrdiff_t at = 0;
  for (int i = before - (DEPTH_TAPS - 1); i < whole; i++, at += step) {
    oldest = middle;
    middle = newest;
    newest = bias;
    UNROLL for (int r = 0; r < rows; r++) {
      const vector in = vector_load(x[r] + at);
      oldest += in * tap[r][2];
      middle += in * tap[r][1];
      newest += in * tap[r][0];
    }
    if (i < 0) continue;
    vector_store(y, relu ? vector_relu(oldest) : oldest);
    y += y_step;
  }
  if (whole < l->count) vector_store(y, relu ? vector_relu(middle) : middle), y += y_step;
  if (whole + 1 < l->count) vector_store(y, relu ? vector_relu(newest) : newest);
}

/* Outputs first .. first + DEPTH_TILE - 1 from channel `c` on, under a window none of whose columns
 * hangs over. */
INLINE void depth_tile(const depth_line *l, int first, size_t c) {
  const ptrdiff_t step = (ptrdiff_t)l->channels, right = step * l->stride;
  const float *x = l->x + ((ptrdiff_t)first * l->stride + l->left) * step + (ptrdiff_t)c;
  const float *taps = l->taps + c;
  const vector bias = l->bias ? vector_load(l->bias + c) : (vector){0};
  vector sum[DEPTH_TILE];
  UNROLL for (int p = 0; p < DEPTH_TILE; p++) sum[p] = bias;
  for (int rows = l->rows; rows > 0; rows--, x += l->x_row, taps += l->tap_row) {
    const float *in = x, *at = taps;
    for (int m = l->columns; m > 0; m--, in += step, at += l->tap_step) {
      const vector tap = vector_load(at);
      UNROLL for (int p = 0; p < DEPTH_TILE; p++) sum[p] += vector_load(in + p * right) * tap;
    }
  }
  if (l->relu) {
    UNROLL for (int p = 0; p < DEPTH_TILE; p++) sum[p] = vector_relu(sum[p]);
  }
  float *y = l->y + (size_t)first * l->y_step + c;
  const size_t y_step = l->y_step;
  UNROLL for (int p = 0; p < DEPTH_TILE; p++) vector_store(y + (size_t)p * y_step, sum[p]);
}

/* One output, whatever hangs over, and maybe less than a vector of channels. */
static void depth_single(const depth_line *l, int output, size_t c, size_t lanes) {
  const ptrdiff_t step = (ptrdiff_t)l->channels;
  const ptrdiff_t start = (ptrdiff_t)output * l->stride + l->left;
  const ptrdiff_t from = start < 0 ? -start : 0, left = l->width - start;
  const ptrdiff_t to = l->columns < left ? l->columns : left;
  vector sum = l->bias ? vector_get(l->bias + c, lanes) : (vector){0};
  for (int r = 0; r < l->rows; r++) {
    const float *x = l->x + r * l->x_row + (ptrdiff_t)c;
    const float *taps = l->taps + r * l->tap_row + (ptrdiff_t)c;
    for (ptrdiff_t m = from; m < to; m++) {
      sum += vector_get(x + (start + m) * step, lanes) * vector_get(taps + m * l->tap_step, lanes);
    }
  }
  vector_put(l->y + (size_t)output * l->y_step + c, l->relu ? vector_relu(sum) : sum, lanes);
}

static void depth_singles(const depth_line *l, int from, int to) {
  for (int output = from; output < to; output++) {
    EACH_VECTOR(c, lanes, l->channels) depth_single(l, output, c, lanes);
  }
}

/* Outputs from .. to - 1 have all their columns inside. The last tile goes over some of them once
 * more. */
static void depth_tiles(const depth_line *l) {
  const int reach = l->width - l->left - l->columns; /* of the last one's first pixel */
  int from = l->left < 0 ? (-l->left + l->stride - 1) / l->stride : 0;
  int to = reach < 0 ? 0 : reach / l->stride + 1;
  if (to > l->count) to = l->count;
  if (to - from < DEPTH_TILE || l->channels < WIDTH) from = to = 0;
  depth_singles(l, 0, from);
  for (int first = from; first < to; first += DEPTH_TILE) {
    const int start = first + DEPTH_TILE < to ? first : to - DEPTH_TILE;
    EACH_WHOLE_VECTOR(c, l->channels) depth_tile(l, start, c);
  }
  depth_singles(l, to, l->count);
}

static void depth_line_sum(const depth_line *l) {
  const int end = l->count - 1 + l->left + l->columns;
  const bool slides = l->columns == DEPTH_TAPS && l->stride == 1 && l->left >= -2 && l->left <= 0 &&
                      end <= l->width + 2 && l->width - l->left >= DEPTH_TAPS - 1 &&
                      l->channels >= WIDTH;
  if (slides && l->rows == 3) {
    EACH_WHOLE_VECTOR(c, l->channels) depth_slide(3, l, c);
  } else if (slides && l->rows == 2) {
    EACH_WHOLE_VECTOR(c, l->channels) depth_slide(2, l, c);
  } else {
    depth_tiles(l);
  }
}

static void depthwise_forward(const nn_window *w, const float *x, const float *weights,
                              const float *bias, bool relu, float *y) {
  const size_t channels = (size_t)w->in_c, row = (size_t)w->in_w * channels;
  const size_t tap_row = (size_t)w->kernel_w * channels;
  for (int oy = 0; oy < w->out_h; oy++, y += (size_t)w->out_w * channels) {
    const int top = oy * w->stride_h - w->pad_top;
    const int from = top < 0 ? -top : 0;
    const int to = w->kernel_h < w->in_h - top ? w->kernel_h : w->in_h - top;
    const bool any = from < to;
    depth_line_sum(&(depth_line){
        .x = any ? x + (size_t)(top + from) * row : x,
        .x_row = (ptrdiff_t)row,
        .width = w->in_w,
        .left = -w->pad_left,
        .stride = w->stride_w,
        .taps = any ? weights + (size_t)from * tap_row : weights,
        .tap_row = (ptrdiff_t)tap_row,
        .tap_step = (ptrdiff_t)channels,
        .rows = any ? to - from : 0,
        .columns = w->kernel_w,
        .bias = bias,
        .relu = relu,
        .y = y,
        .y_step = channels,
        .count = w->out_w,
        .channels = channels,
    });
  }
}

/* One side of the window as pixel `at` of x sees it: taps phase, phase + stride, ... carry from it
 * to output pixels last, last - 1, ... */
typedef struct depth_phase {
  int phase, taps, last;
} depth_phase;

static depth_phase depth_phase_of(int at, int pad, int kernel, int stride) {
  const int phase = (at + pad) % stride;
  return (depth_phase){
      .phase = phase,
      .taps = kernel > phase ? (kernel - phase + stride - 1) / stride : 0,
      .last = (at + pad) / stride,
  };
}

static void depthwise_backward_data(const nn_window *w, const float *dy, const float *weights,
                                    float *dx) {
  const size_t channels = (size_t)w->in_c, row = (size_t)w->out_w * channels;
  const size_t tap_row = (size_t)w->kernel_w * channels;
  for (int iy = 0; iy < w->in_h; iy++, dx += (size_t)w->in_w * channels) {
    const depth_phase down = depth_phase_of(iy, w->pad_top, w->kernel_h, w->stride_h);
    const int from = down.last < w->out_h ? 0 : down.last - w->out_h + 1;
    const int to = down.taps < down.last + 1 ? down.taps : down.last + 1;
    for (int ix = 0; ix < w->stride_w && ix < w->in_w; ix++) {
      const depth_phase right = depth_phase_of(ix, w->pad_left, w->kernel_w, w->stride_w);
      const bool any = from < to && right.taps > 0;
      const int tap_y = down.phase + from * w->stride_h;
      const int tap_x = right.phase + (right.taps - 1) * w->stride_w;
      depth_line_sum(&(depth_line){
          .x = any ? dy + (size_t)(down.last - from) * row : dy,
          .x_row = -(ptrdiff_t)row,
          .width = w->out_w,
          .left = right.last - right.taps + 1,
          .stride = 1,
          .taps = any ? weights + (size_t)tap_y * tap_row + (size_t)tap_x * channels : weights,
          .tap_row = (ptrdiff_t)tap_row * w->stride_h,
          .tap_step = -(ptrdiff_t)channels * w->stride_w,
          .rows = any ? to - from : 0,
          .columns = right.taps,
          .y = dx + (size_t)ix * channels,
          .y_step = channels * (size_t)w->stride_w,
          .count = (w->in_w - 1 - ix) / w->stride_w + 1,
          .channels = channels,
      });
    }
  }
}

/* The gradient of the weights over a stretch of rows of dy, DEPTH_TAPS x DEPTH_TAPS taps at a time,
 * of which those that the window lacks are not stored. */
typedef struct depth_weights {
  const nn_window *w;
  const float *x, *dy;
  float *dw, *db;  /* db may be NULL */
  int first, last; /* rows of dy */
  int ky, kx;      /* the first tap */
} depth_weights;

/* to[lane] += value[lane], without the first `known` lanes. */
INLINE void depth_add_new(float *to, vector value, size_t known) {
  vector_mask lane;
  for (int i = 0; i < WIDTH; i++) lane[i] = i;
  vector_store(to, vector_load(to) + vector_where(lane >= (int32_t)known, value));
}

/* A row of dy and the rows of x under it, of which `inside` says whether they are in the picture.
 * Pixel `left` of x is under the first tap of the first pixel of dy. In what follows `all` says
 * that all rows are inside. */
typedef struct depth_weight_line {
  const float *x[DEPTH_TAPS];
  bool inside[DEPTH_TAPS];
  const float *dy;
  int width, count; /* of the rows of x and of dy */
  int left, stride;
  ptrdiff_t step;
} depth_weight_line;

/* With stride 1 the window slides as in depth_slide: every pixel is read once. */
INLINE void depth_weight_slide(const bool all, vector sum[][DEPTH_TAPS], vector *total,
                               const depth_weight_line *l) {
  const ptrdiff_t step = l->step;
  const float *dy = l->dy;
  vector oldest, middle = {0}, newest = {0}; /* pixels of dy */
  for (int i = 0, in = l->left; i < l->count + DEPTH_TAPS - 1; i++, in++, dy += step) {
    oldest = middle;
    middle = newest;
    newest = (vector){0};
    if (i < l->count) newest = vector_load(dy);
    *total += newest;
    if (in < 0 || in >= l->width) continue;
    UNROLL for (int r = 0; r < DEPTH_TAPS; r++) {
      if (!all && !l->inside[r]) continue;
      const vector x = vector_load(l->x[r] + in * step);
      sum[r][0] += x * newest;
      sum[r][1] += x * middle;
      sum[r][2] += x * oldest;
    }
  }
}

INLINE void depth_weight_stride(const bool all, vector sum[][DEPTH_TAPS], vector *total,
                                const depth_weight_line *l) {
  const ptrdiff_t step = l->step;
  const float *dy = l->dy;
  for (int i = 0, left = l->left; i < l->count; i++, left += l->stride, dy += step) {
    const vector d = vector_load(dy);
    *total += d;
    UNROLL for (int m = 0; m < DEPTH_TAPS; m++) {
      if (left + m < 0 || left + m >= l->width) continue;
      UNROLL for (int r = 0; r < DEPTH_TAPS; r++) {
        if (!all && !l->inside[r]) continue;
        sum[r][m] += vector_load(l->x[r] + (left + m) * step) * d;
      }
    }
  }
}

/* For the vector of channels from `c` on, of which the first `known` are done already. */
static void depth_weight_block(const depth_weights *s, size_t c, size_t known) {
  const nn_window *w = s->w;
  const ptrdiff_t channels = w->in_c, row = channels * w->in_w;
  vector sum[DEPTH_TAPS][DEPTH_TAPS], total = {0};
  UNROLL for (int r = 0; r < DEPTH_TAPS; r++) {
    UNROLL for (int m = 0; m < DEPTH_TAPS; m++) sum[r][m] = (vector){0};
  }
  depth_weight_line l = {.width = w->in_w,
                         .count = w->out_w,
                         .left = s->kx - w->pad_left,
                         .stride = w->stride_w,
                         .step = channels};
  for (int oy = s->first; oy < s->last; oy++) {
    const int top = oy * w->stride_h - w->pad_top + s->ky;
    l.dy = s->dy + (ptrdiff_t)oy * w->out_w * channels + (ptrdiff_t)c;
    for (int r = 0; r < DEPTH_TAPS; r++) {
      l.inside[r] = top + r >= 0 && top + r < w->in_h;
      l.x[r] = s->x + (l.inside[r] ? (top + r) * row : 0) + (ptrdiff_t)c;
    }
    const bool all = l.inside[0] && l.inside[DEPTH_TAPS - 1];
    if (all && l.stride == 1) {
      depth_weight_slide(true, sum, &total, &l);
    } else if (l.stride == 1) {
      depth_weight_slide(false, sum, &total, &l);
    } else if (all) {
      depth_weight_stride(true, sum, &total, &l);
    } else {
      depth_weight_stride(false, sum, &total, &l);
    }
  }
  UNROLL for (int r = 0; r < DEPTH_TAPS; r++) {
    UNROLL for (int m = 0; m < DEPTH_TAPS; m++) {
      if (s->ky + r >= w->kernel_h || s->kx + m >= w->kernel_w) continue;
      const ptrdiff_t tap = (ptrdiff_t)(s->ky + r) * w->kernel_w + s->kx + m;
      depth_add_new(s->dw + tap * channels + (ptrdiff_t)c, sum[r][m], known);
    }
  }
  if (s->db && s->ky == 0 && s->kx == 0) depth_add_new(s->db + c, total, known);
}

/* One tap at a time, for less than a vector of channels. */
static void depth_weight_taps(const depth_weights *s) {
  const nn_window *w = s->w;
  const ptrdiff_t step = w->in_c;
  for (int tap = 0; tap < w->kernel_h * w->kernel_w; tap++) {
    const int down = tap / w->kernel_w - w->pad_top, right = tap % w->kernel_w - w->pad_left;
    EACH_VECTOR(c, lanes, (size_t)w->in_c) {
      vector sum = {0};
      for (int oy = s->first; oy < s->last; oy++) {
        const int iy = oy * w->stride_h + down;
        if (iy < 0 || iy >= w->in_h) continue;
        const float *dy = s->dy + (ptrdiff_t)oy * w->out_w * step + (ptrdiff_t)c;
        const float *x = s->x + (ptrdiff_t)iy * w->in_w * step + (ptrdiff_t)c;
        for (int ox = 0; ox < w->out_w; ox++, dy += step) {
          const int ix = ox * w->stride_w + right;
          if (ix < 0 || ix >= w->in_w) continue;
          sum += vector_get(x + ix * step, lanes) * vector_get(dy, lanes);
        }
      }
      vector_add(s->dw + tap * step + (ptrdiff_t)c, sum, lanes);
    }
  }
  EACH_VECTOR(c, lanes, s->db ? (size_t)w->in_c : 0) {
    vector sum = {0};
    const float *dy = s->dy + (ptrdiff_t)s->first * w->out_w * step + (ptrdiff_t)c;
    for (int p = (s->last - s->first) * w->out_w; p > 0; p--, dy += step) {
      sum += vector_get(dy, lanes);
    }
    vector_add(s->db + c, sum, lanes);
  }
}

static void depth_weight_stretch(depth_weights *s) {
  const nn_window *w = s->w;
  const size_t channels = (size_t)w->in_c;
  if (channels < WIDTH) {
    depth_weight_taps(s);
    return;
  }
  for (s->ky = 0; s->ky < w->kernel_h; s->ky += DEPTH_TAPS) {
    for (s->kx = 0; s->kx < w->kernel_w; s->kx += DEPTH_TAPS) {
      size_t done = 0;
      EACH_WHOLE_VECTOR(c, channels) {
        depth_weight_block(s, c, done - c);
        done = c + WIDTH;
      }
    }
  }
}

static void depthwise_backward_weights(const nn_window *w, const float *x, const float *dy,
                                       float *dw, float *db) {
  const int rows = w->out_w < DEPTH_STRETCH ? DEPTH_STRETCH / w->out_w : 1;
  depth_weights s = {.w = w, .x = x, .dy = dy, .dw = dw, .db = db};
  for (; s.first < w->out_h; s.first = s.last) {
    s.last = w->out_h - s.first < rows ? w->out_h : s.first + rows;
    depth_weight_stretch(&s);
  }
}

#endif
