/* A thread pool owned by its caller.
 *
 * base_pool_run() calls `task` for every index 0..count-1, on the pool's threads and the calling
 * one, and returns when all are done. A thread begins with its own part of the indices, the same in
 * every run of that many, and then helps with the others', one at a time: so a thread that loses
 * its core holds up one item, not a fixed share. Threads spin only for some microseconds before
 * they sleep. Results must not depend on which worker ran what: `worker` (0..threads-1) is for
 * scratch memory only.
 *
 * base_pool_offer() lists further items for threads that would wait otherwise: those that find
 * nothing to do between runs, and in a run those that are done before the others. That is how the
 * next batch of pictures is prepared while a step trains on this one. */
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
/* Items to be done some time before base_pool_finish() returns, in any order; one offer at a time,
 * made and finished by the thread that runs the pool. With one thread they are done at once. A run
 * may be held up by one item, so items are to be short. */
void base_pool_offer(base_pool *pool, size_t count, base_pool_task *task, void *argument);
/* Does what is left of the offer, on all threads; none is fine. */
void base_pool_finish(base_pool *pool);

#endif
