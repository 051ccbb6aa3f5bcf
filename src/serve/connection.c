/* Connections and their deadlines. libmicrohttpd ends connections on which nothing moves; a client
 * that sends a byte now and then would hold its place for ever. So every connection has a deadline,
 * looked at from outside (serve_watch): when it is over, the socket is shut, and libmicrohttpd
 * finds it closed. The socket is only touched under the lock that the connection needs to leave the
 * list, so its number cannot have gone to somebody else. */
#include <math.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "base/progress.h"
#include "serve/server.h"

void serve_connection_notify(void *argument, struct MHD_Connection *connection,
                             void **socket_context, enum MHD_ConnectionNotificationCode code) {
  serve_server *server = argument;
  serve_connections *all = &server->connections;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    const union MHD_ConnectionInfo *info =
        server->http->get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    serve_connection *entry = base_alloc_zero(1, sizeof *entry);
    if (!entry || !info) { /* not to be watched: not to be served */
      base_free(entry);
      if (info) shutdown(info->connect_fd, SHUT_RDWR);
      return;
    }
    entry->socket = info->connect_fd;
    entry->deadline = base_clock() + server->options.timeout;
    pthread_mutex_lock(&all->lock);
    entry->next = all->first;
    if (all->first) all->first->previous = entry;
    all->first = entry;
    pthread_mutex_unlock(&all->lock);
    *socket_context = entry;
  } else if (*socket_context) {
    serve_connection *entry = *socket_context;
    pthread_mutex_lock(&all->lock);
    if (entry->previous) entry->previous->next = entry->next;
    if (entry->next) entry->next->previous = entry->previous;
    if (all->first == entry) all->first = entry->next;
    pthread_mutex_unlock(&all->lock);
    base_free(entry);
    *socket_context = NULL;
  }
}

void serve_connection_allow(serve_server *server, struct MHD_Connection *connection,
                            double deadline) {
  const union MHD_ConnectionInfo *info =
      server->http->get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  serve_connection *entry = info ? info->socket_context : NULL;
  if (!entry) return;
  pthread_mutex_lock(&server->connections.lock);
  entry->deadline = deadline;
  pthread_mutex_unlock(&server->connections.lock);
}

void serve_connections_expire(serve_connections *connections, double now) {
  pthread_mutex_lock(&connections->lock);
  for (serve_connection *entry = connections->first; entry; entry = entry->next) {
    if (now < entry->deadline) continue;
    shutdown(entry->socket, SHUT_RDWR);
    entry->deadline = INFINITY;
  }
  pthread_mutex_unlock(&connections->lock);
}
