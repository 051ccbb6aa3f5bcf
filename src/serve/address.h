/* Where to listen, and who may ask: addresses and the headers that name them. */
#ifndef SERVE_ADDRESS_H
#define SERVE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/error.h"

enum { SERVE_URL_BYTES = 80 };

/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080": an address of this machine and a port.
 * INVALID_ARGUMENT with a sentence for anything else, among it every address that other machines
 * can reach. */
scrawl_status serve_address_parse(const char *text, struct sockaddr_storage *address,
                                  socklen_t *length, base_error *error);

/* Bound, listening, and the URL under which it is reached; -1 with a sentence when it cannot be. */
int serve_address_listen(const struct sockaddr_storage *address, socklen_t length,
                         char url[SERVE_URL_BYTES], base_error *error);

/* Whether a Host header names this machine by a loopback name or address. A page of another site
 * that had its name resolved to 127.0.0.1 (DNS rebinding) is told by this: its browser still sends
 * that site's name. */
bool serve_host_is_loopback(const char *host);

/* Whether a request that changes something or costs something comes from our own page, or from no
 * page at all (a program sends neither header). `origin` and `fetch_site` are the headers Origin
 * and Sec-Fetch-Site, or NULL. */
bool serve_is_same_origin(const char *origin, const char *fetch_site, const char *host);

#endif
