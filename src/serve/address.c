/* Addresses: parsing what --listen says, binding, and the checks of Host and Origin that keep other
 * sites' pages out.
 *
 * A web page anywhere can make its visitor's browser send requests to 127.0.0.1. Two checks stop
 * it: the Host header must be a loopback name (else the page reached us under a name of its own,
 * DNS rebinding), and a POST must come from the same origin (RFC 6454 Origin; Fetch Metadata
 * Sec-Fetch-Site), or from a program that sends neither. */
#include "serve/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { BACKLOG = 128, MAX_HOST_BYTES = 256 };

/* Splits "host:port", "[v6]:port" or a host alone; `port` is -1 where there is none. */
static bool split(const char *text, char host[MAX_HOST_BYTES], int *port) {
  const char *end, *start = text;
  if (*text == '[') {
    start++;
    end = strchr(start, ']');
    if (!end) return false;
    text = end + 1;
  } else {
    end = text = text + strcspn(text, ":");
  }
  size_t length = (size_t)(end - start);
  if (length == 0 || length >= MAX_HOST_BYTES) return false;
  memcpy(host, start, length);
  host[length] = '\0';
  *port = -1;
  if (*text == '\0') return true;
  if (*text++ != ':') return false;
  size_t digits = strspn(text, "0123456789");
  if (digits == 0 || digits > 5 || text[digits] != '\0') return false;
  *port = (int)strtol(text, NULL, 10); /* five digits at most */
  return *port <= 65535;
}

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), end_length = strlen(end);
  return length > end_length && strcasecmp(text + length - end_length, end) == 0;
}

static bool is_loopback4(const struct in_addr *address) {
  return ntohl(address->s_addr) >> 24 == 127;
}

bool serve_host_is_loopback(const char *host) {
  char name[MAX_HOST_BYTES];
  int port;
  struct in_addr v4;
  struct in6_addr v6;
  if (!host || !split(host, name, &port)) return false;
  if (strcasecmp(name, "localhost") == 0 || ends_with(name, ".localhost"))
    return true; /* RFC 6761 */
  if (*host == '[') return inet_pton(AF_INET6, name, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
  return inet_pton(AF_INET, name, &v4) == 1 && is_loopback4(&v4);
}

bool serve_is_same_origin(const char *origin, const char *fetch_site, const char *host) {
  if (fetch_site && strcasecmp(fetch_site, "same-origin") != 0 &&
      strcasecmp(fetch_site, "none") != 0)
    return false;
  if (!origin) return true;
  const char *authority = strstr(origin, "://");
  return host && authority && strcasecmp(authority + 3, host) == 0;
}

scrawl_status serve_address_parse(const char *text, struct sockaddr_storage *address,
                                  socklen_t *length, base_error *error) {
  char host[MAX_HOST_BYTES];
  int port = -1;
  *address = (struct sockaddr_storage){0};
  *length = 0;
  if (!split(text, host, &port) || port < 0)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "\"%s\" is not an address and a port, such as 127.0.0.1:8080 or [::1]:8080",
                     text);
  if (strcasecmp(host, "localhost") == 0 && *text != '[') strcpy(host, "127.0.0.1");
  bool loopback;
  struct sockaddr_in *v4 = (struct sockaddr_in *)address;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
  if (*text != '[' && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    *length = sizeof *v4;
    loopback = is_loopback4(&v4->sin_addr);
  } else if (*text == '[' && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((uint16_t)port);
    *length = sizeof *v6;
    loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
  } else {
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "\"%s\" is not an IP address; write 127.0.0.1, [::1] or localhost", host);
  }
  if (!loopback) {
    *length = 0;
    return base_fail(error, SCRAWL_INVALID_ARGUMENT,
                     "%s can be reached from other machines, and Scrawl has no accounts to keep "
                     "strangers out; listen on 127.0.0.1, [::1] or localhost",
                     host);
  }
  return SCRAWL_OK;
}

static bool describe(int file, char url[SERVE_URL_BYTES]) {
  struct sockaddr_storage address = {0};
  socklen_t length = sizeof address;
  char host[INET6_ADDRSTRLEN], port[8];
  if (getsockname(file, (struct sockaddr *)&address, &length) != 0 ||
      getnameinfo((struct sockaddr *)&address, length, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return false;
  bool v6 = address.ss_family == AF_INET6;
  snprintf(url, SERVE_URL_BYTES, v6 ? "http://[%s]:%s/" : "http://%s:%s/", host, port);
  return true;
}

int serve_address_listen(const struct sockaddr_storage *address, socklen_t length,
                         char url[SERVE_URL_BYTES], base_error *error) {
  int one = 1;
  int file = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (file >= 0 && setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
      bind(file, (const struct sockaddr *)address, length) == 0 && listen(file, BACKLOG) == 0 &&
      describe(file, url))
    return file;
  int code = errno;
  if (file >= 0) close(file);
  if (code == EADDRINUSE)
    base_fail(error, SCRAWL_WRITE_FAILED,
              "the port is already in use; stop what listens there, or choose another one with "
              "--listen (0 takes any free one)");
  else
    base_fail(error, SCRAWL_WRITE_FAILED, "cannot listen there: %s", strerror(code));
  return -1;
}
