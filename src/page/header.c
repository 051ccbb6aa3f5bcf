/* Headers of picture files, so that a decompression bomb is refused before it goes off.
 *
 * Leptonica reads the headers of most kinds. For GIF and BMP it decodes the whole file to learn its
 * size, and in JPEG 2000 it looks at the container, while the decoder believes the codestream:
 * those three are read here. */
#include "page/header.h"

#include <stdbool.h>
#include <string.h>

#include <leptonica/allheaders.h>

/* No reader of ours has use for more, and Leptonica's own arithmetic is in 32 bits. */
enum { MOST_SIDE = 65500 };

typedef struct extent {
  uint64_t width, height, pixels; /* pixels: in all frames */
} extent;

static uint32_t little(const uint8_t *bytes, int length) {
  uint32_t value = 0;
  for (int i = length; i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

static uint32_t big(const uint8_t *bytes, int length) {
  uint32_t value = 0;
  for (int i = 0; i < length; ++i) value = value << 8 | bytes[i];
  return value;
}

/* GIF87a, GIF89a: screen descriptor, colour table, then blocks; each frame states its own size. The
 * decoder makes room for all of them. A file cut short is left to the decoder. */
static bool gif_extent(const uint8_t *bytes, size_t size, extent *found) {
  enum { IMAGE = 0x2c, EXTENSION = 0x21 };
  if (size < 13) return false;
  size_t at = 13 + ((bytes[10] & 0x80) ? 3u << ((bytes[10] & 7) + 1) : 0);
  bool framed = false;
  while (at < size && (bytes[at] == IMAGE || bytes[at] == EXTENSION)) {
    if (bytes[at] == IMAGE) {
      if (size - at < 11) break;
      uint64_t width = little(bytes + at + 5, 2), height = little(bytes + at + 7, 2);
      if (!framed || width > found->width) found->width = width;
      if (!framed || height > found->height) found->height = height;
      found->pixels += width * height;
      framed = true;
      at += 11 + ((bytes[at + 9] & 0x80) ? 3u << ((bytes[at + 9] & 7) + 1) : 0);
    } else {
      at += 2;
    }
    while (at < size && bytes[at]) at += (size_t)bytes[at] + 1; /* sub-blocks */
    ++at;
  }
  return framed;
}

static bool bmp_extent(const uint8_t *bytes, size_t size, extent *found) {
  enum { OLD_HEADER = 12 };
  if (size < 26) return false;
  if (little(bytes + 14, 4) == OLD_HEADER) {
    found->width = little(bytes + 18, 2);
    found->height = little(bytes + 20, 2);
  } else {
    int64_t width = (int32_t)little(bytes + 18, 4), height = (int32_t)little(bytes + 22, 4);
    if (width < 0) return false;
    found->width = (uint64_t)width;
    found->height = (uint64_t)(height < 0 ? -height : height); /* negative: from the top down */
  }
  found->pixels = found->width * found->height;
  return true;
}

/* Every SIZ marker right after a start of codestream, wherever it may hide: the largest counts. */
static bool jp2_extent(const uint8_t *bytes, size_t size, extent *found) {
  static const uint8_t START[] = {0xff, 0x4f, 0xff, 0x51};
  bool seen = false;
  const uint8_t *at = bytes;
  while ((at = memmem(at, (size_t)(bytes + size - at), START, sizeof START))) {
    if (bytes + size - at < 16) break;
    uint64_t width = big(at + 8, 4), height = big(at + 12, 4);
    if (!seen || width * height > found->pixels)
      *found = (extent){width, height,
                        width > MOST_SIDE || height > MOST_SIDE ? UINT64_MAX : width * height};
    seen = true;
    at += sizeof START;
  }
  return seen;
}

static bool plain_extent(const uint8_t *bytes, size_t size, extent *found) {
  l_int32 format, width, height, bits, samples, palette;
  if (pixReadHeaderMem(bytes, size, &format, &width, &height, &bits, &samples, &palette) != 0)
    return false;
  if (width < 0 || height < 0) return false;
  *found = (extent){(uint64_t)width, (uint64_t)height, (uint64_t)width * (uint64_t)height};
  return true;
}

scrawl_status page_header_check(const uint8_t *bytes, size_t size, size_t most_pixels,
                                base_error *error) {
  l_int32 format = IFF_UNKNOWN;
  extent found = {0};
  bool sound;
  /* What Leptonica looks at to tell the kinds apart. */
  if (size < 8)
    return base_fail(error, SCRAWL_BAD_FORMAT, size ? "not a picture" : "an empty file");
  findFileFormatBuffer(bytes, &format);
  switch (format) {
  case IFF_GIF:
    sound = gif_extent(bytes, size, &found);
    break;
  case IFF_BMP:
    sound = bmp_extent(bytes, size, &found);
    break;
  case IFF_JP2:
    sound = jp2_extent(bytes, size, &found);
    break;
  case IFF_JFIF_JPEG:
  case IFF_PNG:
  case IFF_TIFF:
  case IFF_TIFF_PACKBITS:
  case IFF_TIFF_RLE:
  case IFF_TIFF_G3:
  case IFF_TIFF_G4:
  case IFF_TIFF_LZW:
  case IFF_TIFF_ZIP:
  case IFF_TIFF_JPEG:
  case IFF_PNM:
  case IFF_WEBP:
    sound = plain_extent(bytes, size, &found);
    break;
  case IFF_UNKNOWN:
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "not a picture: PNG, JPEG, TIFF, WebP, GIF, BMP, PNM and JPEG 2000 are read");
  default:
    return base_fail(error, SCRAWL_UNSUPPORTED,
                     "this kind of file is not read: use PNG, JPEG, TIFF, WebP, GIF, BMP or PNM");
  }
  if (!sound) return base_fail(error, SCRAWL_BAD_FORMAT, "a picture with a damaged header");
  if (!found.width || !found.height)
    return base_fail(error, SCRAWL_BAD_FORMAT, "a picture without pixels");
  if (found.width > MOST_SIDE || found.height > MOST_SIDE || found.pixels > most_pixels)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                     "the picture has %llu x %llu pixels; the limit is %zu in all and %d a side",
                     (unsigned long long)found.width, (unsigned long long)found.height, most_pixels,
                     MOST_SIDE);
  return SCRAWL_OK;
}
