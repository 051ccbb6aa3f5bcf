/* A convolution layer as the measuring programs take it from the command line:
 *
 *   PASS SIDE IN OUT KERNEL PAD BATCH
 *
 * PASS is forward (with bias and ReLU), data or weights (the two gradients); pictures are SIDE x
 * SIDE with IN channels, the kernel KERNEL x KERNEL, PAD zeros all around, stride 1. */
#ifndef BENCH_LAYER_H
#define BENCH_LAYER_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LAYER_ARGUMENTS = 7 };

typedef enum layer_pass { LAYER_FORWARD, LAYER_DATA, LAYER_WEIGHTS } layer_pass;

typedef struct layer {
  layer_pass pass;
  int side, in_c, out_c, kernel, pad, batch;
  int out_side;
} layer;

static inline bool layer_parse(char **arguments, layer *l) {
  static const char *const PASSES[] = {"forward", "data", "weights"};
  size_t pass = 0;
  while (pass < 3 && strcmp(arguments[0], PASSES[pass]) != 0) pass++;
  if (pass == 3) return false;
  *l = (layer){(layer_pass)pass,   atoi(arguments[1]), atoi(arguments[2]), atoi(arguments[3]),
               atoi(arguments[4]), atoi(arguments[5]), atoi(arguments[6]), 0};
  l->out_side = l->side + 2 * l->pad - l->kernel + 1;
  return l->in_c > 0 && l->out_c > 0 && l->kernel > 0 && l->pad >= 0 && l->batch > 0 &&
         l->out_side > 0;
}

/* Operations of a whole batch, counted as the direct convolution whatever the method: so Winograd
 * may come out above what the processor can do. */
static inline double layer_flops(const layer *l) {
  return 2.0 * l->batch * l->out_side * l->out_side * l->kernel * l->kernel * l->in_c * l->out_c;
}

#endif
