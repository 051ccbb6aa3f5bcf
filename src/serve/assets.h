/* The web page's files, compiled in from web/. */
#ifndef SERVE_ASSETS_H
#define SERVE_ASSETS_H

#include <stddef.h>
#include <stdint.h>

typedef struct serve_asset {
  const char *name; /* "app.js" */
  const uint8_t *bytes;
  size_t size;
} serve_asset;

extern const serve_asset SERVE_ASSETS[]; /* ended by a row of NULLs */

#endif
