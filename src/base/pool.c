/* A thread pool: see the header for the contract.
 *
 * A run opens a job under the lock, wakes as many sleepers as it has work for, and works itself.
 * Whoever is awake joins the open job. The indices are cut into a range for each thread, each with
 * an atomic counter; a thread takes those of its own range and then what is left of the others', so
 * that in jobs that follow each other an index comes back to the core whose cache has its data, and
 * yet nobody waits for a slow thread. When the caller finds the counters used up it closes the job,
 * so that a thread that has not come yet (its core is busy elsewhere, say) is not waited for, and
 * waits only for those that joined.
 *
 * A worker between jobs, and the caller at the end of one, polls before it sleeps: jobs follow each
 * other within microseconds, while waking a sleeper takes some 70 us on a virtual machine. How long
 * it polls follows what it meets: up to twice as long after a wait so short that polling on would
 * have been enough, half as long after a longer one. So threads that work side by side hardly ever
 * sleep, and one that waits for a core that is busy elsewhere soon leaves its own to others. With
 * more threads than cores nobody polls.
 *
 * An offer is a second list of items. A worker turns to it when it finds no job that it has not
 * worked on, and leaves it, between two items, when a job opens; the caller turns to it while it
 * waits for workers that are still in its job. So no job waits longer than one item for a thread
 * that is at the offer, and what would be waiting becomes work.
 *
 * All fields of a job or an offer are written under the lock before a worker joins it under the
 * lock, and a worker leaves under the lock: that orders what tasks read and write with the
 * caller. */
#include "base/pool.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "base/progress.h"

static const double LEAST_PATIENCE = 5e-6, MOST_PATIENCE = 100e-6; /* seconds of polling */
static const double SHORT_WAIT = 200e-6; /* seconds, with the time that waking takes */
enum { SPINS_BETWEEN_CLOCKS = 16 };

/* A thread's waiting. */
typedef struct pool_wait {
  double patience, begun;
} pool_wait;

typedef struct pool_worker {
  _Alignas(BASE_ALIGNMENT) atomic_size_t next; /* index of its range; on a cache line of its own */
  base_pool *pool;
  size_t number;
  pool_wait wait;
  pthread_t thread; /* number 0 has none: it is the caller */
} pool_worker;

struct base_pool {
  size_t threads; /* with the caller's */
  bool spins;
  pool_wait wait; /* the caller's */
  pthread_mutex_t lock;
  pthread_cond_t work_opened, work_left;

  /* Under the lock. */
  base_pool_task *task;
  void *argument;
  size_t count;
  bool open, stopping;
  size_t sleepers;
  base_pool_task *offered_task;
  void *offered_argument;
  size_t helpers; /* workers at the offer */

  /* Changed under the lock, polled without. */
  atomic_size_t jobs;    /* opened so far */
  atomic_size_t workers; /* that have joined the job and not left */

  _Alignas(BASE_ALIGNMENT) atomic_size_t left; /* of the offer: the indices below it */
  pool_worker team[];                          /* as many as threads */
};

static void spin_pause(void) {
#ifdef __x86_64__
  __builtin_ia32_pause();
#elif defined __aarch64__
  __asm__ volatile("yield");
#endif
}

/* Polls until the value is no longer `same`, but not beyond its patience. */
static void spin_while(const base_pool *pool, pool_wait *wait, atomic_size_t *value, size_t same) {
  if (!pool->spins) return;
  wait->begun = base_clock();
  do {
    for (int i = 0; i < SPINS_BETWEEN_CLOCKS; i++) {
      if (atomic_load_explicit(value, memory_order_relaxed) != same) return;
      spin_pause();
    }
  } while (base_clock() < wait->begun + wait->patience);
}

/* Learns from a wait that is over. */
static void adapt(const base_pool *pool, pool_wait *wait) {
  if (!pool->spins) return;
  bool brief = base_clock() < wait->begun + SHORT_WAIT;
  wait->patience =
      brief ? fmin(2 * wait->patience, MOST_PATIENCE) : fmax(wait->patience / 2, LEAST_PATIENCE);
}

/* Where the range of a thread begins; at `threads`, where the last ends. */
static size_t range_start(const base_pool *pool, size_t number) {
  size_t threads = pool->threads, whole = pool->count / threads, rest = pool->count % threads;
  return number * whole + (number < rest ? number : rest);
}

static void work(base_pool *pool, size_t number) {
  base_pool_task *task = pool->task;
  void *argument = pool->argument;
  for (size_t turn = 0; turn < pool->threads; turn++) {
    size_t owner = number + turn < pool->threads ? number + turn : number + turn - pool->threads;
    atomic_size_t *next = &pool->team[owner].next;
    size_t end = range_start(pool, owner + 1), index;
    while ((index = atomic_fetch_add_explicit(next, 1, memory_order_relaxed)) < end)
      task(argument, index, number);
  }
}

static bool any_offered(const base_pool *pool) {
  return atomic_load_explicit(&pool->left, memory_order_relaxed) > 0;
}

/* Takes an item of the offer, the last first. */
static bool take_offered(base_pool *pool, size_t *index) {
  size_t left = atomic_load_explicit(&pool->left, memory_order_relaxed);
  while (left > 0 && !atomic_compare_exchange_weak_explicit(
                         &pool->left, &left, left - 1, memory_order_relaxed, memory_order_relaxed))
    continue;
  *index = left - 1;
  return left > 0;
}

/* Works at the offer while `value` stays the same. */
static void help_while(base_pool *pool, size_t number, atomic_size_t *value, size_t same) {
  base_pool_task *task = pool->offered_task;
  void *argument = pool->offered_argument;
  size_t index;
  while (atomic_load_explicit(value, memory_order_relaxed) == same && take_offered(pool, &index))
    task(argument, index, number);
}

/* One visit to the job or the offer; the lock is held before and after. */
static void join_job(base_pool *pool, size_t number) {
  pool->workers++;
  pthread_mutex_unlock(&pool->lock);
  work(pool, number);
  pthread_mutex_lock(&pool->lock);
  if (--pool->workers == 0 && !pool->open) pthread_cond_signal(&pool->work_left);
}

static void join_offer(base_pool *pool, size_t number, size_t seen) {
  pool->helpers++;
  pthread_mutex_unlock(&pool->lock);
  help_while(pool, number, &pool->jobs, seen);
  pthread_mutex_lock(&pool->lock);
  if (--pool->helpers == 0) pthread_cond_signal(&pool->work_left);
}

static void *worker_main(void *argument) {
  pool_worker *self = argument;
  base_pool *pool = self->pool;
  size_t seen = 0;
  for (;;) {
    bool idle = !any_offered(pool);
    if (idle) spin_while(pool, &self->wait, &pool->jobs, seen);
    pthread_mutex_lock(&pool->lock);
    pool->sleepers++;
    while (pool->jobs == seen && !any_offered(pool) && !pool->stopping)
      pthread_cond_wait(&pool->work_opened, &pool->lock);
    pool->sleepers--;
    if (pool->stopping) break;
    if (idle) adapt(pool, &self->wait);
    if (pool->jobs == seen) {
      join_offer(pool, self->number, seen);
    } else {
      seen = pool->jobs;
      if (pool->open) join_job(pool, self->number);
    }
    pthread_mutex_unlock(&pool->lock);
  }
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

/* Ends the first `started` workers and releases everything. */
static void stop(base_pool *pool, size_t started) {
  pthread_mutex_lock(&pool->lock);
  pool->stopping = true;
  pthread_cond_broadcast(&pool->work_opened);
  pthread_mutex_unlock(&pool->lock);
  for (size_t i = 1; i <= started; i++) pthread_join(pool->team[i].thread, NULL);
  pthread_cond_destroy(&pool->work_left);
  pthread_cond_destroy(&pool->work_opened);
  pthread_mutex_destroy(&pool->lock);
  base_free(pool);
}

/* Starts the workers with every signal blocked, so that handlers run on threads of the host; how
 * many came to life. */
static size_t start_team(base_pool *pool) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  size_t started = 0;
  for (; started < pool->threads - 1; started++) {
    pool_worker *worker = &pool->team[started + 1];
    worker->pool = pool;
    worker->number = started + 1;
    worker->wait.patience = LEAST_PATIENCE;
    if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0) break;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return started;
}

/* Held for some nanoseconds, and wanted by a thread that polls the moment it is released: sleeping
 * on it would take a thousand times as long. None of these can fail on the systems built for. */
static void make_lock(pthread_mutex_t *lock) {
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
#ifdef __GLIBC__
  pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_ADAPTIVE_NP);
#endif
  pthread_mutex_init(lock, &kind);
  pthread_mutexattr_destroy(&kind);
}

base_pool *base_pool_create(size_t threads) {
  size_t cores = base_cpu_cores();
  if (threads == 0) threads = cores;
  size_t team_bytes, bytes;
  if (__builtin_mul_overflow(threads, sizeof(pool_worker), &team_bytes) ||
      __builtin_add_overflow(team_bytes, sizeof(base_pool), &bytes))
    return NULL;
  base_pool *pool = base_alloc_zero(bytes, 1);
  if (!pool) return NULL;
  pool->threads = threads;
  pool->spins = threads <= cores;
  pool->wait.patience = LEAST_PATIENCE;
  make_lock(&pool->lock);
  pthread_cond_init(&pool->work_opened, NULL);
  pthread_cond_init(&pool->work_left, NULL);
  size_t started = start_team(pool);
  if (started == threads - 1) return pool;
  stop(pool, started);
  return NULL;
}

void base_pool_free(base_pool *pool) {
  if (pool) stop(pool, pool->threads - 1);
}

size_t base_pool_threads(const base_pool *pool) {
  return pool ? pool->threads : 1;
}

/* Unlocks, then wakes as many sleepers as there are items for. */
static void wake(base_pool *pool, size_t items) {
  size_t wanted = pool->sleepers < items ? pool->sleepers : items;
  pthread_mutex_unlock(&pool->lock);
  for (; wanted > 0; wanted--) pthread_cond_signal(&pool->work_opened);
}

void base_pool_run(base_pool *pool, size_t count, base_pool_task *task, void *argument) {
  if (base_pool_threads(pool) == 1 || count <= 1) {
    for (size_t i = 0; i < count; i++) task(argument, i, 0);
    return;
  }
  pthread_mutex_lock(&pool->lock);
  pool->task = task;
  pool->argument = argument;
  pool->count = count;
  pool->open = true;
  pool->jobs++;
  for (size_t i = 0; i < pool->threads; i++)
    atomic_store_explicit(&pool->team[i].next, range_start(pool, i), memory_order_relaxed);
  wake(pool, count - 1);

  work(pool, 0);

  pthread_mutex_lock(&pool->lock);
  pool->open = false;
  for (size_t joined; (joined = pool->workers) > 0;) {
    pthread_mutex_unlock(&pool->lock);
    help_while(pool, 0, &pool->workers, joined);
    spin_while(pool, &pool->wait, &pool->workers, joined);
    pthread_mutex_lock(&pool->lock);
    if (pool->workers == joined) pthread_cond_wait(&pool->work_left, &pool->lock);
    adapt(pool, &pool->wait);
  }
  pthread_mutex_unlock(&pool->lock);
}

void base_pool_offer(base_pool *pool, size_t count, base_pool_task *task, void *argument) {
  if (base_pool_threads(pool) == 1) {
    for (size_t i = 0; i < count; i++) task(argument, i, 0);
    return;
  }
  pthread_mutex_lock(&pool->lock);
  pool->offered_task = task;
  pool->offered_argument = argument;
  atomic_store_explicit(&pool->left, count, memory_order_relaxed);
  pthread_mutex_unlock(&pool->lock);
}

void base_pool_finish(base_pool *pool) {
  if (base_pool_threads(pool) == 1) return;
  pthread_mutex_lock(&pool->lock);
  size_t left = atomic_load_explicit(&pool->left, memory_order_relaxed);
  if (left > 1)
    wake(pool, left - 1);
  else
    pthread_mutex_unlock(&pool->lock);
  size_t index;
  while (take_offered(pool, &index)) pool->offered_task(pool->offered_argument, index, 0);
  pthread_mutex_lock(&pool->lock);
  while (pool->helpers > 0) pthread_cond_wait(&pool->work_left, &pool->lock);
  pthread_mutex_unlock(&pool->lock);
}
