/* Requests: who may ask what, and taking in a body within its limits.
 *
 * libmicrohttpd calls serve_request_handle() once with the head, once for every piece of the body,
 * once at its end, and once more when a worker has answered. A request that is refused early still
 * has its body read and thrown away, up to a bound: closing on a client that is still sending would
 * often cost it the answer that says why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <jansson.h>

#include "base/memory.h"
#include "base/progress.h"
#include "serve/address.h"
#include "serve/server.h"

enum {
  FIRST_BODY_BYTES = 64 << 10,
  DRAIN_LIMITS = 4 /* times the limit are read and thrown away */
};

static const char *lookup(const serve_request *request, enum MHD_ValueKind kind, const char *name) {
  return request->server->http->lookup_connection_value(request->connection, kind, name);
}

const char *serve_request_header(const serve_request *request, const char *name) {
  return lookup(request, MHD_HEADER_KIND, name);
}

/* ---- routes ---- */

static void answer_home(serve_request *request) {
  const serve_server *server = request->server;
  request->answer = (serve_answer){.status = MHD_HTTP_OK,
                                   .media_type = SERVE_HTML,
                                   .bytes = server->home.text,
                                   .size = server->home.size,
                                   .tag = server->home_tag};
}

static void answer_health(serve_request *request) {
  const read_model *model = request->server->model;
  json_t *health =
      json_pack("{s:s, s:s, s:{s:s, s:s}}", "status", "ok", "version", scrawl_version(), "model",
                "name", model->name, "version", model->version);
  serve_answer_json(request, MHD_HTTP_OK, "application/json", health);
}

bool serve_request_take_mode(serve_request *request, const char *name) {
  if (page_mode_find(name, &request->mode)) return true;
  serve_refuse(request, MHD_HTTP_BAD_REQUEST,
               "this \"as\" is not known; it is one of auto, digit, digits, grid, glyph");
  return false;
}

/* The reading's options from the query; false when refused. */
static bool take_options(serve_request *request) {
  const char *as = lookup(request, MHD_GET_ARGUMENT_KIND, "as");
  const char *format = lookup(request, MHD_GET_ARGUMENT_KIND, "format");
  const char *steps = lookup(request, MHD_GET_ARGUMENT_KIND, "steps");
  const char *describe = lookup(request, MHD_GET_ARGUMENT_KIND, "describe");
  if (!serve_request_take_mode(request, as ? as : "auto")) return false;
  request->alphabet = lookup(request, MHD_GET_ARGUMENT_KIND, "alphabet");
  if (!request->for_programs) return true;
  request->format = format_find(format ? format : "json");
  request->steps = steps && strcmp(steps, "1") == 0;
  request->describe = describe && strcmp(describe, "1") == 0;
  if (!request->format)
    serve_refuse(request, MHD_HTTP_BAD_REQUEST,
                 "this \"format\" is not known; it is one of json, text, tsv");
  else if (steps && (!request->steps || strcmp(request->format->name, "json") != 0))
    serve_refuse(request, MHD_HTTP_BAD_REQUEST, "\"steps\" is 1, and only with format=json");
  else if (describe && !request->describe)
    serve_refuse(request, MHD_HTTP_BAD_REQUEST, "\"describe\" is 1");
  return !request->answer.status;
}

static bool has_type(const serve_request *request, const char *type) {
  return strncasecmp(request->type, type, strlen(type)) == 0;
}

static void run_read(serve_request *request) {
  /* Programs may send the picture alone. What it is shows in its bytes; the type only has to be no
   * other kind of thing. curl --data-binary says application/x-www-form-urlencoded unless told
   * otherwise. */
  bool raw = request->for_programs && (!*request->type || has_type(request, "image/") ||
                                       has_type(request, "application/octet-stream") ||
                                       has_type(request, "application/x-www-form-urlencoded"));
  if (request->size == 0)
    serve_refuse(request, MHD_HTTP_BAD_REQUEST, "there is no picture in the request: it is empty");
  else if (!raw && !has_type(request, "multipart/form-data"))
    serve_refuse(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                 request->for_programs
                     ? "send a picture as image/* or application/octet-stream, or a form as "
                       "multipart/form-data"
                     : "this page wants a form with a picture (multipart/form-data)");
  else if (take_options(request))
    serve_queue_push(request);
}

static const serve_route ROUTES[] = {
    {"GET", "/", false, answer_home},         {"GET", "/read", false, answer_home},
    {"POST", "/read", false, run_read},       {"POST", "/v1/read", true, run_read},
    {"GET", "/healthz", true, answer_health},
};

static const serve_asset *find_asset(const char *path) {
  if (strcmp(path, "/index.html") == 0) return NULL; /* a template; the page is at "/" */
  for (const serve_asset *asset = SERVE_ASSETS; asset->name; asset++)
    if (strcmp(path + 1, asset->name) == 0) return asset;
  return NULL;
}

static void answer_asset(serve_request *request, const serve_asset *asset) {
  static const char *const TYPES[][2] = {{".css", "text/css; charset=utf-8"},
                                         {".js", "text/javascript; charset=utf-8"},
                                         {".svg", "image/svg+xml"}};
  const char *end = strrchr(asset->name, '.'), *type = "application/octet-stream";
  for (size_t i = 0; end && i < sizeof TYPES / sizeof *TYPES; i++)
    if (strcmp(end, TYPES[i][0]) == 0) type = TYPES[i][1];
  size_t index = (size_t)(asset - SERVE_ASSETS);
  request->answer = (serve_answer){.status = MHD_HTTP_OK,
                                   .media_type = type,
                                   .bytes = asset->bytes,
                                   .size = asset->size,
                                   .tag = request->server->asset_tags[index]};
}

/* Finds who answers; the path first, so that a wrong method is told from a wrong path. */
static void find_route(serve_request *request, const char *method, const char *path) {
  bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
  const char *wanted = reads ? "GET" : method, *allow = NULL;
  request->for_programs = strncmp(path, "/v1/", 4) == 0;
  for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++) {
    const serve_route *route = &ROUTES[i];
    if (strcmp(route->path, path) != 0) continue;
    request->for_programs = route->for_programs;
    if (strcmp(route->method, wanted) == 0) {
      request->route = route;
      return;
    }
    bool both = allow != NULL;
    allow = strcmp(route->method, "GET") == 0 ? "GET, HEAD" : "POST";
    if (both) allow = "GET, HEAD, POST";
  }
  const serve_asset *asset = *path == '/' ? find_asset(path) : NULL;
  if (asset && reads) {
    answer_asset(request, asset);
  } else if (asset || allow) {
    request->answer.allow = allow ? allow : "GET, HEAD";
    serve_refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "%s does not work here; %s does",
                 request->method, request->answer.allow);
  } else {
    serve_refuse(request, MHD_HTTP_NOT_FOUND, "there is nothing at this address");
  }
}

/* ---- the head ---- */

static void refuse_size(serve_request *request) {
  char limit[32];
  serve_view_size(request->server->options.max_upload, limit);
  serve_refuse(request, MHD_HTTP_CONTENT_TOO_LARGE,
               "the upload is larger than %s, the limit here; a smaller or stronger compressed "
               "picture is read just as well",
               limit);
}

static void check_head(serve_request *request, const char *method, const char *path) {
  const char *host = serve_request_header(request, MHD_HTTP_HEADER_HOST);
  if (!serve_host_is_loopback(host)) {
    request->for_programs = true; /* no page for whoever came under a strange name */
    serve_refuse(request, MHD_HTTP_MISDIRECTED_REQUEST,
                 "this server answers to localhost, 127.0.0.1 and [::1] only");
    return;
  }
  find_route(request, method, path);
  if (!request->route || strcmp(request->route->method, "POST") != 0) return;
  if (!serve_is_same_origin(serve_request_header(request, MHD_HTTP_HEADER_ORIGIN),
                            serve_request_header(request, "Sec-Fetch-Site"), host))
    serve_refuse(request, MHD_HTTP_FORBIDDEN, "pages of other sites may not use this server");
}

static void copy_clean(char *target, size_t capacity, const char *text) {
  size_t length = 0;
  for (; *text && length + 1 < capacity; text++) {
    unsigned char byte = (unsigned char)*text;
    target[length++] = byte > ' ' && byte < 0x7f ? (char)byte : '?';
  }
  target[length] = '\0';
}

static enum MHD_Result begin(serve_server *server, struct MHD_Connection *connection,
                             const char *url, const char *method, void **context) {
  serve_request *request = base_alloc_zero(1, sizeof *request);
  if (!request) return MHD_NO;
  *context = request;
  atomic_fetch_add(&server->in_flight, 1);
  request->server = server;
  request->connection = connection;
  request->started = base_clock();
  copy_clean(request->method, sizeof request->method, method);
  copy_clean(request->path, sizeof request->path, url);
  const char *type = serve_request_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
  request->type = type ? type : "";
  request->limit = server->options.max_upload;
  if (has_type(request, "multipart/form-data")) request->limit += SERVE_FORM_BYTES;
  check_head(request, method, url);

  const char *length_text = serve_request_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
  unsigned long long length = length_text ? strtoull(length_text, NULL, 10) : 0;
  if (!request->answer.status && length > request->limit) refuse_size(request);
  bool waits = serve_request_header(request, MHD_HTTP_HEADER_EXPECT) != NULL;
  bool has_body = length > 0 || serve_request_header(request, MHD_HTTP_HEADER_TRANSFER_ENCODING);
  if (request->answer.status && has_body && (waits || length / DRAIN_LIMITS > request->limit))
    return serve_answer_send(request);
  return MHD_YES;
}

/* ---- the body ---- */

static void drop_body(serve_request *request) {
  request->server->body_bytes -= request->capacity;
  base_free(request->body);
  request->body = NULL;
  request->size = request->capacity = 0;
}

/* Room for `more` bytes, doubling up to the limit; false when refused. */
static bool make_room(serve_request *request, size_t more) {
  serve_server *server = request->server;
  if (more <= request->capacity - request->size) return true;
  size_t capacity = request->capacity ? request->capacity : FIRST_BODY_BYTES;
  while (capacity - request->size < more) capacity *= 2;
  if (capacity > request->limit) capacity = request->limit;
  size_t growth = capacity - request->capacity;
  size_t all = SERVE_BODIES * (server->options.max_upload + SERVE_FORM_BYTES);
  uint8_t *body = NULL;
  if (growth <= all - server->body_bytes)
    body = base_realloc(request->body, request->capacity, capacity);
  if (!body) {
    drop_body(request);
    serve_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                 "too many uploads at once; please try again in a moment");
    return false;
  }
  server->body_bytes += growth;
  request->body = body;
  request->capacity = capacity;
  return true;
}

static enum MHD_Result take(serve_request *request, const char *data, size_t size) {
  serve_server *server = request->server;
  request->received += size;
  double patience = server->options.timeout + (double)request->received / SERVE_SLOWEST_BYTES;
  serve_connection_allow(server, request->connection, request->started + patience);
  if (!request->answer.status && size > request->limit - request->size) {
    drop_body(request);
    refuse_size(request);
  }
  if (request->answer.status)
    return request->received / DRAIN_LIMITS > request->limit ? MHD_NO : MHD_YES;
  if (!make_room(request, size)) return MHD_YES;
  memcpy(request->body + request->size, data, size);
  request->size += size;
  return MHD_YES;
}

enum MHD_Result serve_request_handle(void *argument, struct MHD_Connection *connection,
                                     const char *url, const char *method, const char *version,
                                     const char *data, size_t *data_size, void **context) {
  (void)version;
  if (!*context) return begin(argument, connection, url, method, context);
  serve_request *request = *context;
  if (*data_size > 0) {
    size_t size = *data_size;
    *data_size = 0;
    return take(request, data, size);
  }
  if (!request->queued && !request->answer.status) {
    request->route->run(request);
    if (request->queued)
      return MHD_YES; /* suspended: a worker has it, and nothing here may look at it */
  }
  return serve_answer_send(request);
}

/* ---- the end ---- */

static void write_log(const serve_request *request, FILE *log) {
  char line[SERVE_PATH_BYTES + 96], when[32] = "";
  time_t now = time(NULL);
  struct tm parts;
  if (gmtime_r(&now, &parts)) strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
  snprintf(line, sizeof line, "%s %s %s %u %.1f ms\n", when, request->method, request->path,
           request->answer.status, (base_clock() - request->started) * 1e3);
  fputs(line, log);
}

void serve_request_completed(void *argument, struct MHD_Connection *connection, void **context,
                             enum MHD_RequestTerminationCode code) {
  serve_server *server = argument;
  serve_request *request = *context;
  if (!request) return;
  *context = NULL;
  if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK) request->answer.status = 0; /* nobody got it */
  serve_connection_allow(server, connection, base_clock() + server->options.timeout);
  if (server->options.log) write_log(request, server->options.log);
  drop_body(request);
  base_free(request->answer.owned);
  base_free(request);
  atomic_fetch_sub(&server->in_flight, 1);
}
