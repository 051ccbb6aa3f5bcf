/* The thread pool where there are no threads (WebAssembly without workers): the caller does
 * everything. The contract is that of pool.h, for a pool of one. */
#include "base/memory.h"
#include "base/pool.h"

struct base_pool {
  char unused;
};

base_pool *base_pool_create(size_t threads) {
  (void)threads;
  return base_alloc_zero(1, sizeof(base_pool));
}

void base_pool_free(base_pool *pool) {
  base_free(pool);
}

size_t base_pool_threads(const base_pool *pool) {
  (void)pool;
  return 1;
}

void base_pool_run(base_pool *pool, size_t count, base_pool_task *task, void *argument) {
  (void)pool;
  for (size_t i = 0; i < count; i++) task(argument, i, 0);
}
