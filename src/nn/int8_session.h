/* Running a quantised network (quantise.h) forward: what a session (session.h) does when its graph
 * is one. Nothing is allocated in a run; the graph must outlive it and not change. */
#ifndef NN_INT8_SESSION_H
#define NN_INT8_SESSION_H

#include "base/pool.h"
#include "nn/graph.h"
#include "nn/int8_kernels.h"

typedef struct nn_int8_session nn_int8_session;

/* `kernels` NULL: the best of this processor. `pool` may be NULL and must outlive the session. */
scrawl_status nn_int8_session_create(const nn_graph *graph, int max_batch, base_pool *pool,
                                     const nn_int8_kernels *kernels, nn_int8_session **session,
                                     base_error *error);
void nn_int8_session_free(nn_int8_session *session);
/* As nn_session_run. */
void nn_int8_session_run(nn_int8_session *session, const float *input, int count, float *output);

#endif
