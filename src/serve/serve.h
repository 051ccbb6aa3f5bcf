/* Scrawl as a web server: the page for people and POST /v1/read for programs, on libmicrohttpd.
 *
 * One thread (libmicrohttpd's, on epoll) speaks HTTP; a bounded pool of workers reads pictures,
 * each with a reader of its own on the one shared model. Everything that a client can make grow has
 * a limit: connections, bytes of a request, bytes of all requests together, waiting readings, time.
 * The server binds to loopback only: it knows no accounts. */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <stdio.h>

#include "read/model.h"

enum {
  SERVE_DEFAULT_MAX_UPLOAD = 10 << 20, /* bytes of one request */
  SERVE_DEFAULT_TIMEOUT = 30,          /* seconds a client may take, see serve_watch() */
  SERVE_DEFAULT_QUEUE = 64,            /* readings that may wait */
  SERVE_MAX_THREADS = 256,
  SERVE_MAX_TIMEOUT = 3600,
};

typedef struct serve_options {
  const char *listen; /* "127.0.0.1:8080", "[::1]:8080", "localhost:8080"; port 0: any free one */
  size_t max_upload;  /* bytes */
  double timeout;     /* seconds */
  int threads;        /* reading workers; 0: one for each core */
  int queue;          /* readings that may wait before 503 is answered */
  FILE *log;          /* one line for each request; NULL: none */
} serve_options;

typedef struct serve_server serve_server;

/* Listens and answers from now on. INVALID_ARGUMENT: the address cannot be understood or is not
 * loopback; WRITE_FAILED: it cannot be bound (the port is taken, for one). `model` must outlive the
 * server. The calling thread's signal mask is inherited by the server's threads: block what they
 * should not get. */
scrawl_status serve_start(const serve_options *options, const read_model *model,
                          serve_server **server_out, base_error *error);

/* "http://127.0.0.1:8080/", with the port that is really used. */
const char *serve_url(const serve_server *server);

/* Ends connections that take too long; to be called about twice a second. A client has `timeout`
 * seconds to send the head of a request, or to fetch an answer; and that long plus one second for
 * every SERVE_SLOWEST_BYTES it sends, for a body. */
void serve_watch(serve_server *server);
enum { SERVE_SLOWEST_BYTES = 16 << 10 };

/* Accepts no connection any more, waits up to `patience` seconds until requests in flight are
 * answered, ends the rest, frees everything. NULL is fine. */
void serve_stop(serve_server *server, double patience);

#endif
