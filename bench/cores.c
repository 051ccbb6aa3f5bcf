/* The multiply-add ceiling of several cores at once, with the best instruction set there is.
 *
 *   bench_cores THREADS      slices (slices.h): operations per second
 *   bench_cores level        the name of that instruction set */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/pool.h"
#include "ceiling.h"
#include "slices.h"

enum { STEPS = 20000 }; /* a fraction of a millisecond */

typedef struct bench {
  base_pool *pool;
  ceiling_loop loop;
} bench;

static void one_core(void *data, size_t index, size_t worker) {
  float factor = 0.999F;
  ((bench *)data)->loop(STEPS, &factor);
  (void)index;
  (void)worker;
}

static void once(void *data) {
  bench *b = data;
  base_pool_run(b->pool, base_pool_threads(b->pool), one_core, b);
}

int main(int count, char **arguments) {
  const ceiling_loop loop = ceiling_of(base_cpu());
  if (count != 2 || !loop) {
    fputs(loop ? "usage: bench_cores THREADS|level\n" : "no ceiling for this processor\n", stderr);
    return 2;
  }
  if (strcmp(arguments[1], "level") == 0) {
    puts(base_cpu_name(base_cpu()));
    return 0;
  }
  bench b = {base_pool_create((size_t)atoi(arguments[1])), loop};
  float factor = 0.999F;
  slices_answer(once, &b, (double)base_pool_threads(b.pool) * loop(STEPS, &factor));
  base_pool_free(b.pool);
  return 0;
}
