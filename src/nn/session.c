/* Inference.
 *
 * The network is folded first (fold.h). Many pictures go to the pool in chunks, each of which runs
 * through the whole network on one worker's memory: depth first, so that activations stay in the
 * cache. Fewer pictures than threads run one after the other, the threads sharing each step.
 *
 * Sharing has a weakness: when another process has taken a core, a thread that is on its way
 * through its part of a step may lose that core for milliseconds, and the caller waits. So the time
 * that shared runs save against runs alone is kept as a credit, from which what they waste is paid:
 * when it is used up, the session runs alone for a while, the longer the more often it happened in
 * succession. The credit is limited, so that one long stall uses it up. Networks whose steps are
 * too small to be worth sharing end up the same way. */
#include "nn/session.h"

#include <string.h>

#include "base/memory.h"
#include "base/progress.h"
#include "nn/engine.h"
#include "nn/fold.h"
#include "nn/int8_session.h"

/* Pictures: enough rows for a dense layer to use its weights well. */
enum { MAX_CHUNK = 8 };

/* Runs: alone at first, after a stall at least and at most; shared ones after which earlier stalls
 * are forgiven. */
enum { FIRST_ALONE = 8, LEAST_ALONE = 256, MOST_ALONE = 1 << 14, FORGIVEN = 1024 };
/* Credit at first and at most, in runs alone. */
enum { FIRST_CREDIT = 16, MOST_CREDIT = 32 };

/* Whether to share steps; times in seconds. */
typedef struct sharing {
  double alone; /* the shortest run of late */
  double credit;
  int runs_left; /* alone, before sharing is tried again */
  int pause;     /* runs alone after the next stall */
  int smooth;    /* shared runs since the last stall */
} sharing;

struct nn_session {
  const nn_graph *graph;
  nn_graph *folded;
  nn_engine engine;
  base_pool *pool;
  nn_int8_session *int8; /* of a quantised network, instead of the engine */
  sharing sharing;
};

static scrawl_status make_engine(nn_session *session, int max_batch, const nn_kernels *kernels,
                                 base_error *error) {
  if (nn_graph_quantised(session->graph))
    return nn_int8_session_create(session->graph, max_batch, session->pool, NULL, &session->int8,
                                  error);
  size_t workers = base_pool_threads(session->pool);
  int chunk = max_batch < MAX_CHUNK ? max_batch : MAX_CHUNK;
  BASE_TRY(nn_graph_fold(session->graph, &session->folded, error));
  return nn_engine_create(session->folded, kernels, false, (int)workers, chunk, workers, 0,
                          &session->engine, error);
}

scrawl_status nn_session_create(const nn_graph *graph, int max_batch, base_pool *pool,
                                const nn_kernels *kernels, nn_session **session,
                                base_error *error) {
  *session = NULL;
  if (max_batch < 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a batch of %d pictures is empty", max_batch);
  nn_session *made = base_alloc_zero(1, sizeof *made);
  if (!made) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the network");
  made->graph = graph;
  made->pool = pool;
  made->sharing = (sharing){.alone = 1, .runs_left = FIRST_ALONE, .pause = LEAST_ALONE};
  scrawl_status status = make_engine(made, max_batch, kernels, error);
  if (status != SCRAWL_OK) {
    nn_session_free(made);
    return status;
  }
  nn_session_refresh(made);
  *session = made;
  return SCRAWL_OK;
}

void nn_session_free(nn_session *session) {
  if (!session) return;
  nn_int8_session_free(session->int8);
  nn_engine_free(&session->engine);
  nn_graph_free(session->folded);
  base_free(session);
}

void nn_session_refresh(nn_session *session) {
  if (session->int8) return;
  nn_graph_refold(session->graph, session->folded);
  nn_engine_prepare(&session->engine, session->pool, false);
}

/* ---- one picture ---- */

typedef struct shared_step {
  const nn_engine *engine;
  const nn_job *job;
  int step, parts, shares;
} shared_step;

static void run_share(void *argument, size_t index, size_t worker) {
  const shared_step *run = argument;
  int share = (int)index;
  nn_engine_run_parts(run->engine, run->job, worker, run->step, run->parts * share / run->shares,
                      run->parts * (share + 1) / run->shares);
}

static void run_shared(nn_session *session, const nn_job *job) {
  const nn_engine *engine = &session->engine;
  for (int step = 0; step < engine->plan.step_count; step++) {
    int parts = nn_engine_parts(engine, step), threads = (int)engine->workers;
    shared_step run = {engine, job, step, parts, parts < threads ? parts : threads};
    base_pool_run(session->pool, (size_t)run.shares, run_share, &run);
  }
}

static void run_alone(nn_session *session, const nn_job *job) {
  nn_engine_run_phase(&session->engine, job, (nn_shard){.count = 1}, 0);
}

static void learn(sharing *s, bool alone, double seconds) {
  if (alone) {
    s->alone = seconds < s->alone ? seconds : 1.01 * s->alone;
    s->runs_left--;
    s->credit = FIRST_CREDIT * s->alone;
    return;
  }
  s->smooth++;
  s->credit += s->alone - seconds;
  if (s->credit > MOST_CREDIT * s->alone) s->credit = MOST_CREDIT * s->alone;
  if (s->credit > 0) return;
  if (s->smooth > FORGIVEN) s->pause = LEAST_ALONE;
  s->runs_left = s->pause;
  s->pause = s->pause < MOST_ALONE ? 2 * s->pause : MOST_ALONE;
  s->smooth = 0;
}

static void run_one(nn_session *session, const nn_job *job) {
  if (session->engine.workers == 1) {
    run_alone(session, job);
    return;
  }
  const bool alone = session->sharing.runs_left > 0;
  const double begun = base_clock();
  (alone ? run_alone : run_shared)(session, job);
  learn(&session->sharing, alone, base_clock() - begun);
}

/* ---- many ---- */

typedef struct inference {
  nn_session *session;
  nn_job job;
  int chunk;
} inference;

static void run_chunk(void *argument, size_t index, size_t worker) {
  inference *run = argument;
  int first = (int)index * run->chunk, left = run->job.batch - first;
  nn_shard shard = {.index = (int)worker,
                    .first = first,
                    .count = left < run->chunk ? left : run->chunk,
                    .worker = worker};
  nn_engine_run_phase(&run->session->engine, &run->job, shard, 0);
}

void nn_session_run(nn_session *session, const float *input, int count, float *output) {
  if (count < 1) return;
  if (session->int8) {
    nn_int8_session_run(session->int8, input, count, output);
    return;
  }
  const nn_engine *engine = &session->engine;
  /* A network without arithmetic gives its input back. */
  if (engine->plan.nodes[engine->plan.output].activation == NN_PLACE_INPUT) {
    size_t floats = nn_shape_floats(nn_graph_input(engine->graph));
    memcpy(output, input, (size_t)count * floats * sizeof(float));
    return;
  }
  inference run = {session, {.batch = count, .input = input, .output = output}, engine->pictures};
  int threads = (int)engine->workers;
  if (count < threads || count == 1) {
    size_t in = nn_shape_floats(nn_graph_input(engine->graph));
    size_t out = nn_shape_floats(nn_graph_output(engine->graph));
    for (size_t p = 0; p < (size_t)count; p++)
      run_one(session, &(nn_job){.batch = 1, .input = input + p * in, .output = output + p * out});
    return;
  }
  /* Few pictures: smaller chunks, so that every thread has one. */
  if ((count + threads - 1) / threads < run.chunk) run.chunk = (count + threads - 1) / threads;
  size_t chunks = ((size_t)count + (size_t)run.chunk - 1) / (size_t)run.chunk;
  base_pool_run(session->pool, chunks, run_chunk, &run);
}
