/* A thread pool owned by its caller.
 *
 * base_pool_run() calls `task` for every index 0..count-1, on the pool's threads and the calling
 * one, and returns when all are done. Indices are handed out one at a time from an atomic counter,
 * so a thread that loses its core holds up one item, not a fixed share. Threads spin only for a few
 * microseconds before they sleep. Results must not depend on which worker ran what: `worker`
 * (0..threads-1) is for scratch memory only. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

typedef struct base_pool base_pool;
typedef void base_pool_task(void *argument, size_t index, size_t worker);

/* `threads` >= 1 counts the caller; 0 means one for each core this process may use. NULL when
 * memory or threads are exhausted. On systems without threads (pool_single.c) there is the caller
 * alone, whatever is asked for. */
base_pool *base_pool_create(size_t threads);
void base_pool_free(base_pool *pool);
/* 1 for NULL: every function that takes a pool runs single-threaded with NULL. */
size_t base_pool_threads(const base_pool *pool);
/* Not reentrant: a task must not run the pool it runs on. */
void base_pool_run(base_pool *pool, size_t count, base_pool_task *task, void *argument);

#endif
