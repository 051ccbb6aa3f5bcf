/* Running a network forward. A session owns one arena planned for `max_batch` pictures: nothing is
 * allocated in a run. The graph's parameters are packed when the session is made (or refreshed) and
 * the graph must outlive it. */
#ifndef NN_SESSION_H
#define NN_SESSION_H

#include "base/pool.h"
#include "nn/graph.h"

typedef struct nn_session nn_session;

/* `kernels` NULL: the best of this processor; a quantised graph (quantise.h) runs in bytes, always
 * with the best. `pool` may be NULL and must outlive the session. */
scrawl_status nn_session_create(const nn_graph *graph, int max_batch, base_pool *pool,
                                const nn_kernels *kernels, nn_session **session, base_error *error);
void nn_session_free(nn_session *session);
/* After the graph's parameters or state changed; those of a quantised graph do not. */
void nn_session_refresh(nn_session *session);
/* `input`: count x h x w x c; `output`: count x (h x w x c of the output). count may exceed
 * max_batch: it is cut up. Results do not depend on the number of threads, nor on which pictures
 * share a batch. */
void nn_session_run(nn_session *session, const float *input, int count, float *output);

#endif
