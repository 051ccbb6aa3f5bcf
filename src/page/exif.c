/* EXIF's orientation tag (CIPA DC-008, "Exchangeable image file format for digital still cameras":
 * tag 0x0112 of the first directory of a TIFF structure). JPEG keeps it in a segment APP1, PNG in a
 * chunk eXIf, WebP in a chunk EXIF.
 *
 * Every position read is checked against the end of its part; nothing here is trusted, and what is
 * odd means upright. */
#include "page/exif.h"

#include <stdbool.h>
#include <string.h>

enum { ORIENTATION_TAG = 0x0112, TYPE_SHORT = 3, ENTRY_BYTES = 12 };

typedef struct part {
  const uint8_t *bytes;
  size_t size;
} part;

static uint32_t number(const uint8_t *bytes, int length, bool little) {
  uint32_t value = 0;
  for (int i = 0; i < length; ++i) value = value << 8 | bytes[little ? length - 1 - i : i];
  return value;
}

static int from_tiff(part tiff) {
  if (tiff.size < 8) return 1;
  bool little = memcmp(tiff.bytes, "II*\0", 4) == 0;
  if (!little && memcmp(tiff.bytes, "MM\0*", 4) != 0) return 1;
  size_t at = number(tiff.bytes + 4, 4, little);
  if (at > tiff.size - 2) return 1;
  size_t entries = number(tiff.bytes + at, 2, little);
  at += 2;
  for (size_t i = 0; i < entries && tiff.size - at >= ENTRY_BYTES; ++i, at += ENTRY_BYTES) {
    const uint8_t *entry = tiff.bytes + at;
    if (number(entry, 2, little) != ORIENTATION_TAG) continue;
    uint32_t value = number(entry + 8, 2, little);
    bool sound = number(entry + 2, 2, little) == TYPE_SHORT && value >= 1 && value <= 8;
    return sound ? (int)value : 1;
  }
  return 1;
}

/* Segments follow each other up to the start of the scan: marker, length (counting itself),
 * content. */
static int from_jpeg(part file) {
  size_t at = 2;
  while (file.size - at >= 4 && file.bytes[at] == 0xff) {
    uint8_t marker = file.bytes[at + 1];
    if (marker == 0xff) { /* fill */
      ++at;
      continue;
    }
    if (marker == 0xda || marker == 0xd9) break;
    size_t length = number(file.bytes + at + 2, 2, false);
    if (length < 2 || length > file.size - at - 2) break;
    const uint8_t *content = file.bytes + at + 4;
    if (marker == 0xe1 && length >= 8 && memcmp(content, "Exif\0", 6) == 0)
      return from_tiff((part){content + 6, length - 8});
    at += 2 + length;
  }
  return 1;
}

/* Chunks of PNG (big-endian length, name, content, checksum) and of RIFF (name, little-endian
 * length, content, even). */
static int from_chunks(part file, size_t at, bool riff) {
  while (file.size - at >= 8) {
    const uint8_t *head = file.bytes + at;
    size_t length = number(riff ? head + 4 : head, 4, riff);
    const uint8_t *name = riff ? head : head + 4, *content = head + 8;
    at += 8;
    if (length > file.size - at) break;
    if (memcmp(name, riff ? "EXIF" : "eXIf", 4) == 0) {
      /* Some writers put JPEG's heading before it. */
      if (length >= 6 && memcmp(content, "Exif\0", 6) == 0)
        return from_tiff((part){content + 6, length - 6});
      return from_tiff((part){content, length});
    }
    size_t rest = riff ? length % 2 : 4;
    if (rest > file.size - at - length) break;
    at += length + rest;
  }
  return 1;
}

int page_exif_orientation(const uint8_t *bytes, size_t size) {
  part file = {bytes, size};
  if (size >= 4 && bytes[0] == 0xff && bytes[1] == 0xd8) return from_jpeg(file);
  if (size >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) return from_chunks(file, 8, false);
  if (size >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
    return from_chunks(file, 12, true);
  return 1;
}
