/* The field: a picture ready to be slid over, with its margins of zeros.
 *
 * A window that hangs over the edge would need a test in the innermost loop. Instead the picture is
 * copied once into the middle of a larger field of zeros, a few percent of the time of the sums
 * that follow; where nothing hangs over, the picture itself is the field. Rows of the field follow
 * each other without gaps, so that the kernel_w * channels floats under one row of a window are
 * contiguous, and where they start is one number for each output pixel. Those numbers are laid in a
 * table: tiles of pixels then run on over the ends of rows, and narrow pictures waste nothing. */
#ifndef NN_KERNELS_FIELD_H
#define NN_KERNELS_FIELD_H

#include "nn/kernels/vector.h"

/* Offsets behind the last pixel that repeat it, so that the last tile may be a whole one. */
enum { FIELD_SPARE = 16 };

typedef struct field {
  const float *data;
  size_t row;            /* floats from one row to the next */
  size_t pixels;         /* windows on the field */
  const size_t *offsets; /* where each starts, and FIELD_SPARE more */
  size_t across, down; /* windows in a row; rows of the field from one row of windows to the next */
  ptrdiff_t top,
      bottom; /* rows of the field from top to bottom - 1 hold the picture, the others zeros */
} field;

/* How a picture lies in its field. */
typedef struct field_plan {
  int height, width;      /* of the picture */
  int top, left;          /* where its first pixel goes */
  int spread_h, spread_w; /* from each of its pixels to the next */
  int field_h, field_w;   /* of the field */
  int channels;
  int windows_h, windows_w, step_h, step_w;
} field_plan;

static field_plan field_plan_forward(const nn_window *w) {
  return (field_plan){
      .height = w->in_h,
      .width = w->in_w,
      .top = w->pad_top,
      .left = w->pad_left,
      .spread_h = 1,
      .spread_w = 1,
      .field_h = (w->out_h - 1) * w->stride_h + w->kernel_h,
      .field_w = (w->out_w - 1) * w->stride_w + w->kernel_w,
      .channels = w->in_c,
      .windows_h = w->out_h,
      .windows_w = w->out_w,
      .step_h = w->stride_h,
      .step_w = w->stride_w,
  };
}

/* The gradient of x is the gradient of y under the window turned by half a turn: what a tap of the
 * window carried from x to y it carries back. Strides spread the pixels of dy apart. */
static field_plan field_plan_backward(const nn_window *w) {
  return (field_plan){
      .height = w->out_h,
      .width = w->out_w,
      .top = w->kernel_h - 1 - w->pad_top,
      .left = w->kernel_w - 1 - w->pad_left,
      .spread_h = w->stride_h,
      .spread_w = w->stride_w,
      .field_h = w->in_h + w->kernel_h - 1,
      .field_w = w->in_w + w->kernel_w - 1,
      .channels = w->out_c,
      .windows_h = w->in_h,
      .windows_w = w->in_w,
      .step_h = 1,
      .step_w = 1,
  };
}

/* A field that reaches nowhere beyond the picture is the picture. */
static bool field_is_picture(const field_plan *plan) {
  return plan->top == 0 && plan->left == 0 && (plan->spread_h == 1 || plan->height == 1) &&
         (plan->spread_w == 1 || plan->width == 1) && plan->field_h <= plan->height &&
         plan->field_w <= plan->width;
}

static size_t field_offsets_floats(const field_plan *plan) {
  const size_t offsets = (size_t)plan->windows_h * (size_t)plan->windows_w + FIELD_SPARE;
  return (offsets * sizeof(size_t) + 63) / 64 * (64 / sizeof(float));
}

static size_t field_floats(const field_plan *plan) {
  const size_t copy = field_is_picture(plan)
                          ? 0
                          : (size_t)plan->field_h * (size_t)plan->field_w * (size_t)plan->channels;
  return field_offsets_floats(plan) + (copy + 15) / 16 * 16;
}

static void field_copy(const field_plan *plan, const float *picture, float *to) {
  const size_t channels = (size_t)plan->channels, row = (size_t)plan->field_w * channels;
  memset(to, 0, (size_t)plan->field_h * row * sizeof *to);
  for (int y = 0; y < plan->height; y++) {
    const int field_y = plan->top + y * plan->spread_h;
    if (field_y < 0 || field_y >= plan->field_h) continue;
    const float *from = picture + (size_t)y * (size_t)plan->width * channels;
    float *line = to + (size_t)field_y * row;
    int x = 0, end = plan->width;
    while (x < end && plan->left + x * plan->spread_w < 0) x++;
    while (end > x && plan->left + (end - 1) * plan->spread_w >= plan->field_w) end--;
    if (plan->spread_w == 1 && end > x) {
      memcpy(line + (size_t)(plan->left + x) * channels, from + (size_t)x * channels,
             (size_t)(end - x) * channels * sizeof *to);
      continue;
    }
    for (; x < end; x++) {
      memcpy(line + (size_t)(plan->left + x * plan->spread_w) * channels,
             from + (size_t)x * channels, channels * sizeof *to);
    }
  }
}

/* `scratch` has field_floats(plan) floats. */
static field field_make(const field_plan *plan, const float *picture, float *scratch) {
  size_t *offsets = (size_t *)(void *)scratch;
  float *copy = scratch + field_offsets_floats(plan);
  const bool direct = field_is_picture(plan);
  const size_t channels = (size_t)plan->channels;
  const size_t row = (size_t)(direct ? plan->width : plan->field_w) * channels;
  const size_t down = (size_t)plan->step_h * row, right = (size_t)plan->step_w * channels;
  size_t pixels = 0;
  for (int y = 0; y < plan->windows_h; y++) {
    for (int x = 0; x < plan->windows_w; x++) {
      offsets[pixels++] = (size_t)y * down + (size_t)x * right;
    }
  }
  for (int i = 0; i < FIELD_SPARE; i++) offsets[pixels + (size_t)i] = offsets[pixels - 1];
  if (!direct) field_copy(plan, picture, copy);
  return (field){
      .data = direct ? picture : copy,
      .row = row,
      .pixels = pixels,
      .offsets = offsets,
      .across = (size_t)plan->windows_w,
      .down = (size_t)plan->step_h,
      .top = plan->top,
      .bottom = plan->top + (ptrdiff_t)(plan->height - 1) * plan->spread_h + 1,
  };
}

/* Follows pixels in rising order and tells the row of the field where their windows begin: a
 * division would take as long as a small tile. */
typedef struct field_walk {
  size_t row, end; /* pixels before `end` begin in or above `row` */
} field_walk;

static inline ptrdiff_t field_row_of(const field *f, size_t pixel, field_walk *walk) {
  for (; pixel >= walk->end; walk->end += f->across) walk->row += walk->end ? f->down : 0;
  return (ptrdiff_t)walk->row;
}

/* The rows of a window that are not all zeros for every pixel between two whose windows begin in
 * the rows `highest` and `lowest`: from the upper margin to the lower one. The gradient of the
 * input has margins on all sides, and there is no point in multiplying them. */
typedef struct field_rows {
  size_t from, to;
} field_rows;

static inline field_rows field_rows_of(const field *f, size_t rows, ptrdiff_t highest,
                                       ptrdiff_t lowest) {
  const ptrdiff_t from = f->top > lowest ? f->top - lowest : 0;
  const ptrdiff_t to = f->bottom > highest ? f->bottom - highest : 0;
  return (field_rows){(size_t)from, (size_t)to < rows ? (size_t)to : rows};
}

#endif
