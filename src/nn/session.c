/* Inference: chunks of pictures go to the pool, each runs through the whole network on one worker's
 * memory. */
#include "nn/session.h"

#include <string.h>

#include "base/memory.h"
#include "nn/engine.h"
#include "nn/int8_session.h"

/* Enough rows for a dense layer to use its weights well. */
enum { MAX_CHUNK = 8 };

struct nn_session {
  nn_engine engine;
  base_pool *pool;
  nn_int8_session *int8; /* of a quantised network, instead of the engine */
};

scrawl_status nn_session_create(const nn_graph *graph, int max_batch, base_pool *pool,
                                const nn_kernels *kernels, nn_session **session,
                                base_error *error) {
  *session = NULL;
  if (max_batch < 1)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "a batch of %d pictures is empty", max_batch);
  nn_session *made = base_alloc_zero(1, sizeof *made);
  if (!made) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "not enough memory for the network");
  made->pool = pool;
  size_t workers = base_pool_threads(pool);
  int chunk = max_batch < MAX_CHUNK ? max_batch : MAX_CHUNK;
  scrawl_status status =
      nn_graph_quantised(graph)
          ? nn_int8_session_create(graph, max_batch, pool, NULL, &made->int8, error)
          : nn_engine_create(graph, kernels, false, (int)workers, chunk, workers, 0, &made->engine,
                             error);
  if (status != SCRAWL_OK) {
    base_free(made);
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
  base_free(session);
}

void nn_session_refresh(nn_session *session) {
  if (!session->int8) nn_engine_prepare(&session->engine, session->pool, false);
}

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
  /* Few pictures: smaller chunks, so that every thread has one. */
  int threads = (int)engine->workers;
  if ((count + threads - 1) / threads < run.chunk) run.chunk = (count + threads - 1) / threads;
  size_t chunks = ((size_t)count + (size_t)run.chunk - 1) / (size_t)run.chunk;
  if (chunks == 1)
    run_chunk(&run, 0, 0);
  else
    base_pool_run(session->pool, chunks, run_chunk, &run);
}
