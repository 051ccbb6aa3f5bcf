/* The server's life: start, watch, stop.
 *
 * libmicrohttpd runs one thread of its own (epoll) and calls back into request.c; workers
 * (reading.c) do what takes long. Stopping goes in the order that lets nobody down: no new
 * connections, requests in flight are answered, the workers end (each answers what it has:
 * libmicrohttpd must not be stopped while a connection is suspended), then the rest is closed. */
#include "serve/serve.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/progress.h"
#include "serve/address.h"
#include "serve/server.h"

/* FNV-1a, 64 bits: offset basis and prime of Fowler, Noll and Vo. Tells versions apart; nothing
 * secret depends on it. */
void serve_tag(const void *bytes, size_t size, char tag[SERVE_TAG_BYTES]) {
  const uint8_t *byte = bytes;
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < size; i++) hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
  snprintf(tag, SERVE_TAG_BYTES, "\"%016" PRIx64 "\"", hash);
}

static scrawl_status prepare_pages(serve_server *server, base_error *error) {
  size_t count = 0;
  while (SERVE_ASSETS[count].name) count++;
  server->asset_tags = base_alloc(count, sizeof *server->asset_tags);
  serve_view_page(server, PAGE_AUTO, NULL, &server->home);
  if (!server->asset_tags || server->home.failed || !server->home.text)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the pages");
  for (size_t i = 0; i < count; i++)
    serve_tag(SERVE_ASSETS[i].bytes, SERVE_ASSETS[i].size, server->asset_tags[i]);
  serve_tag(server->home.text, server->home.size, server->home_tag);
  return SCRAWL_OK;
}

static scrawl_status start_daemon(serve_server *server, int listener, base_error *error) {
  const unsigned idle = (unsigned)server->options.timeout + 1;
  server->daemon = server->http->start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, serve_request_handle,
      server, MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT,
      (unsigned)SERVE_MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, idle,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVE_CONNECTION_BYTES,
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_COMPLETED, serve_request_completed, server,
      MHD_OPTION_NOTIFY_CONNECTION, serve_connection_notify, server, MHD_OPTION_END);
  if (server->daemon) return SCRAWL_OK;
  close(listener);
  return base_fail(error, SCRAWL_OUT_OF_MEMORY, "the HTTP server cannot be started");
}

static scrawl_status start(serve_server *server, base_error *error) {
  struct sockaddr_storage address;
  socklen_t length;
  BASE_TRY(serve_address_parse(server->options.listen, &address, &length, error));
  BASE_TRY(serve_http_load(&server->http, error));
  BASE_TRY(prepare_pages(server, error));
  BASE_TRY(serve_queue_start(server, server->options.threads, server->options.queue, error));
  int listener = serve_address_listen(&address, length, server->url, error);
  if (listener < 0)
    return base_fail_within(error, SCRAWL_WRITE_FAILED, "%s", server->options.listen);
  return start_daemon(server, listener, error);
}

scrawl_status serve_start(const serve_options *options, const read_model *model,
                          serve_server **server_out, base_error *error) {
  *server_out = NULL;
  serve_server *server = base_alloc_zero(1, sizeof *server);
  if (!server) return base_fail(error, SCRAWL_OUT_OF_MEMORY, "no memory for the server");
  server->model = model;
  server->options = *options;
  server->listener = -1;
  pthread_mutex_init(&server->connections.lock, NULL);
  pthread_mutex_init(&server->queue.lock, NULL);
  pthread_cond_init(&server->queue.changed, NULL);
  scrawl_status status = start(server, error);
  if (status != SCRAWL_OK) {
    serve_stop(server, 0);
    return status;
  }
  *server_out = server;
  return SCRAWL_OK;
}

const char *serve_url(const serve_server *server) {
  return server->url;
}

void serve_watch(serve_server *server) {
  serve_connections_expire(&server->connections, base_clock());
}

void serve_stop(serve_server *server, double patience) {
  if (!server) return;
  atomic_store(&server->stopping, true);
  if (server->daemon) server->listener = server->http->quiesce_daemon(server->daemon);
  /* Not closed while libmicrohttpd may hold it, but refusing: who comes now is not left to wait in
   * the backlog. */
  if (server->listener >= 0) shutdown(server->listener, SHUT_RDWR);
  for (double end = base_clock() + patience;
       atomic_load(&server->in_flight) > 0 && base_clock() < end; serve_watch(server))
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  serve_queue_stop(&server->queue);
  if (server->daemon) server->http->stop_daemon(server->daemon);
  if (server->listener >= 0) close(server->listener);
  base_free(server->home.text);
  base_free(server->asset_tags);
  pthread_mutex_destroy(&server->connections.lock);
  pthread_mutex_destroy(&server->queue.lock);
  pthread_cond_destroy(&server->queue.changed);
  base_free(server);
}
