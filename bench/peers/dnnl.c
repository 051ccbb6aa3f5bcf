/* One pass of a convolution layer over a batch by oneDNN 2.x, the peer of convolution.c.
 *
 *   bench_dnnl direct|winograd PASS SIDE IN OUT KERNEL PAD BATCH     (layer.h; slices, slices.h)
 *   bench_dnnl version
 *
 * Pictures, weights and results lie in the format that the chosen primitive prefers, put there
 * beforehand. The number of threads is OpenMP's: OMP_NUM_THREADS. Exit status 3: oneDNN has no such
 * method for this layer on this processor. */
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>

#include "../layer.h"
#include "../slices.h"
#include "base/memory.h"
#include "base/random.h"

enum { MOST_TENSORS = 5, NOT_THERE = 3 };

typedef struct bench {
  layer layer;
  dnnl_engine_t engine;
  dnnl_stream_t stream;
  dnnl_primitive_desc_t description;
  dnnl_primitive_t primitive;
  dnnl_exec_arg_t tensors[MOST_TENSORS];
  int tensor_count;
} bench;

static void must(dnnl_status_t status, const char *what) {
  if (status == dnnl_success) return;
  fprintf(stderr, "oneDNN: %s failed with status %d\n", what, (int)status);
  exit(2);
}

static dnnl_memory_desc_t any(int count, const dnnl_dims_t sides) {
  dnnl_memory_desc_t description;
  must(dnnl_memory_desc_init_by_tag(&description, count, sides, dnnl_f32, dnnl_format_tag_any),
       "a memory description");
  return description;
}

/* The pass as a primitive; false where there is no such method. Forward ends in ReLU like ours. */
static bool describe(bench *b, dnnl_alg_kind_t method) {
  const layer *l = &b->layer;
  const dnnl_dims_t in = {l->batch, l->in_c, l->side, l->side};
  const dnnl_dims_t out = {l->batch, l->out_c, l->out_side, l->out_side};
  const dnnl_dims_t kernel = {l->out_c, l->in_c, l->kernel, l->kernel}, biases = {l->out_c};
  const dnnl_dims_t strides = {1, 1}, pad = {l->pad, l->pad};
  const dnnl_memory_desc_t x = any(4, in), y = any(4, out), w = any(4, kernel),
                           bias = any(1, biases);
  dnnl_primitive_attr_t attributes;
  dnnl_post_ops_t after;
  dnnl_convolution_desc_t pass;
  must(dnnl_primitive_attr_create(&attributes), "attributes");
  switch (l->pass) {
  case LAYER_FORWARD:
    must(dnnl_convolution_forward_desc_init(&pass, dnnl_forward_inference, method, &x, &w, &bias,
                                            &y, strides, pad, pad),
         "a convolution");
    must(dnnl_post_ops_create(&after), "post-ops");
    must(dnnl_post_ops_append_eltwise(after, 1, dnnl_eltwise_relu, 0, 0), "ReLU");
    must(dnnl_primitive_attr_set_post_ops(attributes, after), "post-ops");
    break;
  case LAYER_DATA:
    must(dnnl_convolution_backward_data_desc_init(&pass, method, &x, &w, &y, strides, pad, pad),
         "a data gradient");
    break;
  case LAYER_WEIGHTS:
    must(dnnl_convolution_backward_weights_desc_init(&pass, method, &x, &w, &bias, &y, strides, pad,
                                                     pad),
         "a weight gradient");
    break;
  }
  dnnl_primitive_desc_t hint = NULL; /* the gradients want to see their forward pass */
  if (l->pass != LAYER_FORWARD) {
    dnnl_convolution_desc_t forward;
    must(dnnl_convolution_forward_desc_init(&forward, dnnl_forward_training, method, &x, &w, &bias,
                                            &y, strides, pad, pad),
         "a convolution");
    if (dnnl_primitive_desc_create(&hint, &forward, NULL, b->engine, NULL) != dnnl_success)
      return false;
  }
  return dnnl_primitive_desc_create(&b->description, &pass, attributes, b->engine, hint) ==
         dnnl_success;
}

/* A tensor in the primitive's own format. Its numbers may lie in any order, being random. */
static void add_tensor(bench *b, int argument, base_random *random) {
  const dnnl_memory_desc_t *description =
      dnnl_primitive_desc_query_md(b->description, dnnl_query_exec_arg_md, argument);
  const size_t floats = dnnl_memory_desc_get_size(description) / sizeof(float);
  float *block = base_alloc(floats, sizeof *block);
  if (!block) exit(2);
  for (size_t i = 0; i < floats; i++) block[i] = (float)base_random_range(random, -1, 1);
  dnnl_exec_arg_t *tensor = &b->tensors[b->tensor_count++];
  tensor->arg = argument;
  must(dnnl_memory_create(&tensor->memory, description, b->engine, block), "memory");
}

static void once(void *data) {
  bench *b = data;
  must(dnnl_primitive_execute(b->primitive, b->stream, b->tensor_count, b->tensors), "running");
  must(dnnl_stream_wait(b->stream), "waiting");
}

int main(int count, char **arguments) {
  static const int ARGUMENTS[][MOST_TENSORS] = {
      [LAYER_FORWARD] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
      [LAYER_DATA] = {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC},
      [LAYER_WEIGHTS] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS,
                         DNNL_ARG_DIFF_BIAS},
  };
  bench b = {0};
  if (count == 2 && strcmp(arguments[1], "version") == 0) {
    const dnnl_version_t *v = dnnl_version();
    printf("%d.%d.%d\n", v->major, v->minor, v->patch);
    return 0;
  }
  if (count != LAYER_ARGUMENTS + 2 || !layer_parse(arguments + 2, &b.layer)) {
    fputs("usage: bench_dnnl direct|winograd PASS SIDE IN OUT KERNEL PAD BATCH\n", stderr);
    return 2;
  }
  const bool winograd = strcmp(arguments[1], "winograd") == 0;
  must(dnnl_engine_create(&b.engine, dnnl_cpu, 0), "the engine");
  must(dnnl_stream_create(&b.stream, b.engine, dnnl_stream_default_flags), "the stream");
  if (!describe(&b, winograd ? dnnl_convolution_winograd : dnnl_convolution_direct))
    return NOT_THERE;
  base_random random = base_random_seed(1);
  for (const int *argument = ARGUMENTS[b.layer.pass]; *argument; argument++)
    add_tensor(&b, *argument, &random);
  must(dnnl_primitive_create(&b.primitive, b.description), "the primitive");
  slices_answer(once, &b, layer_flops(&b.layer));
  return 0; /* the process ends here, and with it everything that oneDNN holds */
}
