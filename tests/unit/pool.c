/* The thread pool: every index once, whatever the number of threads, and nothing left behind. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/progress.h"

#ifdef __has_feature /* how Clang says it; GCC has a macro of its own for each */
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum { MAX_THREADS = 8, ITEMS = 5000 };

typedef struct tally {
  unsigned char visits[ITEMS]; /* plain memory: the race detector sees two threads at one index */
  size_t threads;
  struct {
    _Alignas(64) size_t items;
  } workers[MAX_THREADS];
  atomic_bool wrong_worker;
} tally;

static void visit(void *argument, size_t index, size_t worker) {
  tally *t = argument;
  if (worker >= t->threads) {
    atomic_store(&t->wrong_worker, true);
    return;
  }
  t->visits[index]++;
  t->workers[worker].items++; /* scratch of a worker is its own */
}

static void every_index_once(void **state) {
  (void)state;
  static tally t;
  for (size_t threads = 1; threads <= MAX_THREADS; threads++) {
    base_pool *pool = base_pool_create(threads);
    assert_non_null(pool);
    assert_int_equal(base_pool_threads(pool), threads);
    static const size_t counts[] = {0, 1, 2, 3, 7, 8, 9, 1000, ITEMS};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
      memset(&t, 0, sizeof t);
      t.threads = threads;
      base_pool_run(pool, counts[c], visit, &t);
      size_t done = 0;
      for (size_t i = 0; i < ITEMS; i++) assert_int_equal(t.visits[i], i < counts[c]);
      for (size_t w = 0; w < threads; w++) done += t.workers[w].items;
      assert_int_equal(done, counts[c]);
      assert_false(t.wrong_worker);
    }
    base_pool_free(pool);
  }
}

static void add_to_sums(void *argument, size_t index, size_t worker) {
  uint64_t(*sums)[8] = argument;
  (*sums)[index] += index + 1;
  (void)worker;
}

/* A late worker must never take an index of a job it did not join. */
static void many_small_runs(void **state) {
  (void)state;
  enum { RUNS = 3000 };
  for (size_t threads = 1; threads <= MAX_THREADS; threads++) {
    base_pool *pool = base_pool_create(threads);
    assert_non_null(pool);
    uint64_t sums[8] = {0}, expected[8] = {0};
    for (size_t run = 0; run < RUNS; run++) {
      size_t count = run % 9;
      base_pool_run(pool, count, add_to_sums, &sums);
      for (size_t i = 0; i < count; i++) expected[i] += i + 1;
      if (run % 1000 == 500) usleep(200); /* long enough to fall asleep in between */
    }
    for (size_t i = 0; i < 8; i++) assert_true(sums[i] == expected[i]);
    base_pool_free(pool);
  }
}

typedef struct meeting {
  atomic_size_t arrived;
  size_t expected;
  atomic_bool missed;
} meeting;

/* Returns only when all items are being worked on at once, or after ten seconds. */
static void meet(void *argument, size_t index, size_t worker) {
  (void)index, (void)worker;
  meeting *m = argument;
  atomic_fetch_add(&m->arrived, 1);
  double deadline = base_clock() + 10;
  while (atomic_load(&m->arrived) < m->expected) {
    if (base_clock() > deadline) {
      atomic_store(&m->missed, true);
      return;
    }
    usleep(100);
  }
}

static void all_threads_take_part(void **state) {
  (void)state;
  base_pool *pool = base_pool_create(4);
  assert_non_null(pool);
  for (size_t count = 2; count <= 4; count++) {
    usleep(1000); /* asleep: they have to be woken */
    meeting m = {.expected = count};
    base_pool_run(pool, count, meet, &m);
    assert_false(m.missed);
  }
  base_pool_free(pool);
}

typedef struct caller_only {
  pthread_t caller;
  size_t calls;
  bool elsewhere;
} caller_only;

static void expect_caller(void *argument, size_t index, size_t worker) {
  caller_only *c = argument;
  if (!pthread_equal(pthread_self(), c->caller) || worker != 0 || index != c->calls)
    c->elsewhere = true;
  c->calls++;
}

static void small_jobs_run_on_the_caller_in_order(void **state) {
  (void)state;
  base_pool *pools[] = {NULL, base_pool_create(1), base_pool_create(4)};
  static const size_t counts[] = {100, 100, 1};
  for (size_t i = 0; i < 3; i++) {
    caller_only c = {.caller = pthread_self()};
    base_pool_run(pools[i], counts[i], expect_caller, &c);
    assert_int_equal(c.calls, counts[i]);
    assert_false(c.elsewhere);
    base_pool_free(pools[i]);
  }
  assert_int_equal(base_pool_threads(NULL), 1);
  base_pool *pool = base_pool_create(0);
  assert_int_equal(base_pool_threads(pool), base_cpu_cores());
  base_pool_free(pool);
}

static void run_inner(void *argument, size_t index, size_t worker) {
  tally *tallies = argument;
  (void)worker;
  /* A pool per item: running the pool one runs on is not allowed, another one is. */
  base_pool *inner = base_pool_create(2);
  if (!inner) return;
  base_pool_run(inner, 50, visit, &tallies[index]);
  base_pool_free(inner);
}

static void pools_inside_tasks(void **state) {
  (void)state;
  static tally tallies[6];
  memset(tallies, 0, sizeof tallies);
  for (size_t i = 0; i < 6; i++) tallies[i].threads = 2;
  base_pool *pool = base_pool_create(3);
  base_pool_run(pool, 6, run_inner, tallies);
  base_pool_free(pool);
  for (size_t i = 0; i < 6; i++)
    for (size_t k = 0; k < ITEMS; k++) assert_int_equal(tallies[i].visits[k], k < 50);
}

/* ---- offers ---- */

static void offers_are_done_once(void **state) {
  (void)state;
  static tally offered, run;
  for (size_t threads = 1; threads <= MAX_THREADS; threads++) {
    base_pool *pool = base_pool_create(threads);
    static const size_t counts[] = {0, 1, 2, 9, 1000, ITEMS};
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
      /* Between offer and finish: nothing, one run, many. */
      for (size_t runs = 0; runs < 100; runs = 10 * runs + 1) {
        memset(&offered, 0, sizeof offered);
        offered.threads = run.threads = threads;
        base_pool_offer(pool, counts[c], visit, &offered);
        for (size_t r = 0; r < runs; r++) {
          memset(&run, 0, sizeof run);
          run.threads = threads;
          base_pool_run(pool, 7, visit, &run);
          for (size_t i = 0; i < 8; i++) assert_int_equal(run.visits[i], i < 7);
        }
        base_pool_finish(pool);
        for (size_t i = 0; i < ITEMS; i++) assert_int_equal(offered.visits[i], i < counts[c]);
        assert_false(offered.wrong_worker || run.wrong_worker);
      }
    }
    base_pool_finish(pool); /* nothing was offered */
    base_pool_free(pool);
  }
  base_pool_finish(NULL);
}

typedef struct idling {
  meeting both;
  size_t waiting; /* the worker that waits until the offer was done */
  atomic_bool offer_done, missed;
} idling;

static void do_offer(void *argument, size_t index, size_t worker) {
  (void)index, (void)worker;
  idling *i = argument;
  atomic_store(&i->offer_done, true);
}

static void wait_for_offer(void *argument, size_t index, size_t worker) {
  idling *i = argument;
  meet(&i->both, index, worker);
  if (worker != i->waiting) return;
  double deadline = base_clock() + 10;
  while (!atomic_load(&i->offer_done) && base_clock() < deadline) usleep(100);
  if (!atomic_load(&i->offer_done)) atomic_store(&i->missed, true);
}

/* Of two threads in a run the one that is done first takes what is offered: the worker while the
 * caller is still at it, and the other way round. */
static void who_would_wait_takes_the_offer(void **state) {
  (void)state;
  base_pool *pool = base_pool_create(2);
  for (size_t waiting = 0; waiting < 2; waiting++) {
    idling i = {.both = {.expected = 2}, .waiting = waiting};
    base_pool_offer(pool, 1, do_offer, &i);
    /* The worker may take it before the run begins: then there is no offer to wait for. */
    base_pool_run(pool, 2, wait_for_offer, &i);
    assert_false(i.both.missed);
    assert_false(i.missed);
    base_pool_finish(pool);
  }
  base_pool_free(pool);
}

static void take_a_moment(void *argument, size_t index, size_t worker) {
  (void)index, (void)worker;
  usleep(500);
  atomic_fetch_add((atomic_size_t *)argument, 1);
}

/* A worker at a long offer joins the next run after the item it is at. */
static void runs_go_before_offers(void **state) {
  (void)state;
  enum { OFFERED = 2000, RUNS = 20 };
  base_pool *pool = base_pool_create(2);
  atomic_size_t done = 0;
  base_pool_offer(pool, OFFERED, take_a_moment, &done);
  for (int run = 0; run < RUNS; run++) {
    meeting m = {.expected = 2};
    base_pool_run(pool, 2, meet, &m);
    assert_false(m.missed);
  }
  assert_true(atomic_load(&done) < OFFERED);
  base_pool_finish(pool);
  assert_int_equal(done, OFFERED);
  base_pool_free(pool);
}

static void failures_to_create(void **state) {
  (void)state;
  base_alloc_fail_after(0);
  assert_null(base_pool_create(2));
  base_alloc_fail_after(-1);
  assert_null(base_pool_create(SIZE_MAX));
  base_pool_free(NULL);
}

/* Stacks for ten thousand threads do not fit into a gigabyte: those that started are joined
 * again. */
static void too_many_threads(void **state) {
  (void)state;
#if SANITIZED
  skip(); /* a sanitizer's shadow memory does not fit under an address space limit */
#else
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    struct rlimit limit = {1 << 30, 1 << 30};
    if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(2);
    if (base_pool_create(10000)) _exit(3);
    base_pool *pool = base_pool_create(2); /* all of it was given back */
    _exit(pool ? 0 : 4);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
#endif
}

static atomic_int handled_elsewhere;
static pthread_t main_thread;

static void on_signal(int number) {
  (void)number;
  if (!pthread_equal(pthread_self(), main_thread)) atomic_fetch_add(&handled_elsewhere, 1);
}

static void send_signal(void *argument, size_t index, size_t worker) {
  (void)argument, (void)index, (void)worker;
  kill(getpid(), SIGUSR1);
}

/* The host's handlers run on the host's threads. */
static void workers_take_no_signals(void **state) {
  (void)state;
  main_thread = pthread_self();
  struct sigaction action = {.sa_handler = on_signal}, before;
  sigemptyset(&action.sa_mask);
  sigaction(SIGUSR1, &action, &before);
  base_pool *pool = base_pool_create(4);
  base_pool_run(pool, 400, send_signal, NULL);
  base_pool_free(pool);
  sigaction(SIGUSR1, &before, NULL);
  assert_int_equal(handled_elsewhere, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_index_once),
      cmocka_unit_test(many_small_runs),
      cmocka_unit_test(all_threads_take_part),
      cmocka_unit_test(small_jobs_run_on_the_caller_in_order),
      cmocka_unit_test(pools_inside_tasks),
      cmocka_unit_test(offers_are_done_once),
      cmocka_unit_test(who_would_wait_takes_the_offer),
      cmocka_unit_test(runs_go_before_offers),
      cmocka_unit_test(failures_to_create),
      cmocka_unit_test(too_many_threads),
      cmocka_unit_test(workers_take_no_signals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
