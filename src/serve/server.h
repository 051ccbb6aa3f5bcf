/* Inside the server: what its files share. Unless said otherwise a function runs on libmicrohttpd's
 * one thread. */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

#include "format/format.h"
#include "page/page.h"
#include "serve/assets.h"
#include "serve/http.h"
#include "serve/multipart.h"
#include "serve/serve.h"

enum {
  SERVE_MAX_CONNECTIONS = 256,
  SERVE_CONNECTION_BYTES = 64 << 10, /* head of a request, and what is read at once */
  SERVE_MAX_FILES = 16,              /* in one form */
  SERVE_FORM_BYTES = 64 << 10,       /* a form may be this much longer than the pictures in it */
  SERVE_BODIES = 16,                 /* all bodies held at once: this many of the largest */
  SERVE_TAG_BYTES = 24,
  SERVE_PATH_BYTES = 128,
};

#define SERVE_HTML "text/html; charset=utf-8"

typedef struct serve_request serve_request;

/* ---- connections and the time they may take (connection.c) ---- */

typedef struct serve_connection {
  int socket;
  double deadline; /* on base_clock(); INFINITY while Scrawl works and the client waits */
  struct serve_connection *previous, *next;
} serve_connection;

typedef struct serve_connections {
  pthread_mutex_t lock;
  serve_connection *first;
} serve_connections;

/* libmicrohttpd's MHD_NotifyConnectionCallback; `argument` is the server. */
void serve_connection_notify(void *argument, struct MHD_Connection *connection,
                             void **socket_context, enum MHD_ConnectionNotificationCode code);
void serve_connection_allow(serve_server *server, struct MHD_Connection *connection,
                            double deadline);
/* From any thread: shuts the sockets whose time is over. */
void serve_connections_expire(serve_connections *connections, double now);

/* ---- answers (answer.c) ---- */

typedef struct serve_answer {
  unsigned status; /* 0: none yet */
  const char *media_type;
  const void *bytes;
  size_t size;
  char *owned;       /* what to base_free() after it was sent; NULL: bytes are constant */
  const char *tag;   /* entity tag; NULL: not to be kept by caches */
  const char *allow; /* for 405 */
} serve_answer;

/* Makes `status` with this sentence the answer: a problem (RFC 9457) for programs, a page for
 * people. Any thread that owns the request. */
void serve_refuse(serve_request *request, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The status that fits a failed reading. */
void serve_refuse_error(serve_request *request, const base_error *error);
/* Takes the buffer's text; 500 when it is not whole. */
void serve_answer_text(serve_request *request, unsigned status, const char *media_type,
                       format_buffer *buffer);
/* Takes `json` (NULL: memory ran out, 500). */
void serve_answer_json(serve_request *request, unsigned status, const char *media_type,
                       json_t *json);
enum MHD_Result serve_answer_send(serve_request *request);

/* ---- requests (request.c) ---- */

typedef struct serve_route {
  const char *method, *path;
  bool for_programs; /* errors as JSON instead of a page */
  /* When the request is whole. Either fills the answer or hands the request to the workers. */
  void (*run)(serve_request *request);
} serve_route;

struct serve_request {
  serve_server *server;
  struct MHD_Connection *connection;
  const serve_route *route; /* NULL: refused */
  bool for_programs;
  char method[16], path[SERVE_PATH_BYTES]; /* cut and cleaned, for the log */
  double started;
  uint8_t *body;
  size_t size, capacity;
  uint64_t received;        /* bytes of the body, also those thrown away */
  size_t limit;             /* of the body */
  const char *type;         /* Content-Type, "" when there is none */
  page_mode mode;           /* of a reading */
  const char *alphabet;     /* of a reading; NULL: all that the model knows */
  bool steps;               /* of a reading: answered with the picture after each step */
  bool describe;            /* of a reading: glyphs and lines get a style */
  const format_row *format; /* of a reading; NULL: a page */
  bool queued;              /* handed to the workers */
  serve_answer answer;
  serve_request *next; /* waiting for a worker */
};

/* libmicrohttpd's callbacks; `argument` is the server, `context` the request. */
enum MHD_Result serve_request_handle(void *argument, struct MHD_Connection *connection,
                                     const char *url, const char *method, const char *version,
                                     const char *data, size_t *data_size, void **context);
void serve_request_completed(void *argument, struct MHD_Connection *connection, void **context,
                             enum MHD_RequestTerminationCode code);
const char *serve_request_header(const serve_request *request, const char *name);
/* What to look for, by its name; false when refused. Any thread that owns the request. */
bool serve_request_take_mode(serve_request *request, const char *name);

/* ---- reading (reading.c) ---- */

typedef struct serve_queue serve_queue;

typedef struct serve_worker {
  serve_queue *queue;
  read_reader *reader;
  pthread_t thread;
} serve_worker;

struct serve_queue {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  serve_request *first, *last;
  int waiting, limit;
  bool stopping;
  serve_worker *workers;
  int worker_count;
};

scrawl_status serve_queue_start(serve_server *server, int threads, int limit, base_error *error);
/* Suspends the connection and lets a worker read; 503 when too many wait. */
void serve_queue_push(serve_request *request);
/* From any thread: reads what waits, then ends the workers. */
void serve_queue_stop(serve_queue *queue);

/* Adds the pictures to a reading's JSON (steps.c). OUT_OF_MEMORY. */
scrawl_status serve_append_steps(const page_steps *steps, format_buffer *json, base_error *error);

/* ---- pages for people (view.c) ---- */

/* The page with `content` (HTML; NULL: the invitation to begin) in the place of the result, and
 * `mode` chosen. */
void serve_view_page(const serve_server *server, page_mode mode, const char *content,
                     format_buffer *page);
/* One reading, or the sentence that says why there is none. */
void serve_view_reading(const char *name, const read_result *result, format_buffer *html);
void serve_view_failure(const char *name, const char *sentence, format_buffer *html);
/* "10 MB" */
void serve_view_size(size_t bytes, char text[32]);
/* Text from outside, made harmless. */
void serve_view_escaped(format_buffer *html, const char *text);
/* "99.8 %": one decimal, and never more certain than it is. */
void serve_view_percent(format_buffer *html, double share);
/* Several signs (view_text.c): the lines or the grid, and how sure each sign is. */
void serve_view_text(const read_page *page, format_buffer *html);

/* ---- the server (serve.c) ---- */

struct serve_server {
  const serve_http *http;
  struct MHD_Daemon *daemon;
  const read_model *model;
  serve_options options;
  char url[80];
  int listener; /* after it was taken back from libmicrohttpd: to be closed; -1 before */
  serve_connections connections;
  serve_queue queue;
  format_buffer home; /* the page without a result */
  char home_tag[SERVE_TAG_BYTES];
  char (*asset_tags)[SERVE_TAG_BYTES]; /* as SERVE_ASSETS */
  size_t body_bytes;                   /* held by all requests */
  atomic_size_t in_flight;
  atomic_bool stopping;
};

/* A strong entity tag with its quotes, from the contents (FNV-1a, 64 bits). */
void serve_tag(const void *bytes, size_t size, char tag[SERVE_TAG_BYTES]);

#endif
