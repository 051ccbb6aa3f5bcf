/* IDX files (Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database", 1998).
 *
 * A big-endian header, then the values with the last index running fastest:
 *     0  0  type  dimensions   type 8: unsigned bytes; as one number 2049 (labels), 2051 (pictures)
 *     extent, four bytes each     pictures: count, rows, columns
 *
 * The header is read first and everything after it is held against it: a plain file must have
 * exactly the bytes it announces; a compressed one is unpacked into a block of exactly that
 * size, so that no stream, however well it packs, takes more memory than its header admits to,
 * and no header is believed that asks for more than the stream can hold. */
#include "data/idx.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "base/memory.h"
#include "data/file.h"

enum {
  MAGIC_BYTES = 4,
  TYPE_UNSIGNED_BYTE = 8,
  MAX_HEADER = MAGIC_BYTES + 4 * DATA_IDX_MAX_DIMENSIONS,
  /* Deflate's best case: 258 bytes from a match of two bits (Gailly, Adler: zlib technical
   * details, "1032:1"). */
  DEFLATE_RATIO = 1032,
};

static uint32_t big_endian(const uint8_t *bytes) {
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static size_t header_bytes(int dimensions) {
  return MAGIC_BYTES + 4 * (size_t)dimensions;
}

/* Checks the header; `*total` gets the number of values it announces. */
static scrawl_status read_header(const char *name, const uint8_t *header, int dimensions,
                                 size_t limit, data_idx *idx, size_t *total, base_error *error) {
  uint32_t magic = big_endian(header), expected = TYPE_UNSIGNED_BYTE << 8 | (uint32_t)dimensions;
  if (magic != expected) {
    bool other_type = magic >> 16 == 0 && (magic >> 8 & 255) >= 9 && (magic >> 8 & 255) <= 14 &&
                      (magic & 255) == (uint32_t)dimensions;
    if (other_type)
      return base_fail(error, SCRAWL_UNSUPPORTED,
                       "%s: an IDX file of value type 0x%02x; only unsigned bytes (0x08) are read",
                       name, (unsigned)(magic >> 8 & 255));
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "%s: magic number is %u, expected %u (an IDX file of %s)", name,
                     (unsigned)magic, (unsigned)expected, dimensions == 1 ? "labels" : "pictures");
  }
  idx->dimensions = dimensions;
  bool overflow = false;
  *total = 1;
  for (int i = 0; i < dimensions; i++) {
    idx->extent[i] = big_endian(header + header_bytes(i));
    overflow |= __builtin_mul_overflow(*total, idx->extent[i], total);
  }
  if (overflow || *total > limit)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                     "%s: its header asks for more than the limit of %zu MiB; SCRAWL_DATA_LIMIT "
                     "(in MiB) raises it",
                     name, limit >> 20);
  return SCRAWL_OK;
}

static scrawl_status parse_plain(const char *name, const uint8_t *bytes, size_t size,
                                 int dimensions, size_t limit, data_idx *idx, base_error *error) {
  size_t header = header_bytes(dimensions), total = 0;
  if (size < header)
    return base_fail(error, SCRAWL_BAD_FORMAT, "%s: %zu bytes, too short for an IDX header of %zu",
                     name, size, header);
  BASE_TRY(read_header(name, bytes, dimensions, limit, idx, &total, error));
  if (size - header != total)
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "%s: %s: its header announces %zu values, it holds %zu", name,
                     size - header < total ? "truncated" : "too long", total, size - header);
  idx->values = base_alloc(total, 1);
  if (!idx->values)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory for %zu values", name, total);
  memcpy(idx->values, bytes + header, total);
  return SCRAWL_OK;
}

/* ---- gzip ---- */

/* Inflates until `out` is full or the stream ends; `*got` gets the bytes written. False when the
 * stream is damaged. */
static bool inflate_into(z_stream *stream, const uint8_t **input, size_t *left, uint8_t *out,
                         size_t want, size_t *got, bool *ended) {
  *got = 0;
  while (!*ended && *got < want) {
    /* zlib counts in unsigned int, files may be longer. */
    unsigned in_step = *left < UINT_MAX ? (unsigned)*left : UINT_MAX;
    unsigned out_step = want - *got < UINT_MAX ? (unsigned)(want - *got) : UINT_MAX;
    stream->next_in = (z_const Bytef *)*input;
    stream->avail_in = in_step;
    stream->next_out = out + *got;
    stream->avail_out = out_step;
    int result = inflate(stream, Z_NO_FLUSH);
    *input += in_step - stream->avail_in;
    *left -= in_step - stream->avail_in;
    *got += out_step - stream->avail_out;
    *ended = result == Z_STREAM_END;
    if (result == Z_BUF_ERROR) return true; /* the input ran out */
    if (result != Z_OK && result != Z_STREAM_END) return false;
  }
  return true;
}

static scrawl_status damaged(const char *name, const z_stream *stream, base_error *error) {
  return base_fail(error, SCRAWL_BAD_FORMAT, "%s: damaged gzip stream: %s", name,
                   stream->msg ? stream->msg : "no valid data");
}

static scrawl_status unpack(z_stream *stream, const char *name, const uint8_t *bytes, size_t size,
                            int dimensions, size_t limit, data_idx *idx, base_error *error) {
  uint8_t header[MAX_HEADER], extra;
  size_t left = size, got, total = 0;
  bool ended = false;
  if (!inflate_into(stream, &bytes, &left, header, header_bytes(dimensions), &got, &ended))
    return damaged(name, stream, error);
  if (got < header_bytes(dimensions))
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "%s: %zu bytes unpacked, too short for an IDX header of %zu", name, got,
                     header_bytes(dimensions));
  BASE_TRY(read_header(name, header, dimensions, limit, idx, &total, error));
  if (total / DEFLATE_RATIO > size)
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "%s: truncated: its header announces %zu values, more than %zu compressed "
                     "bytes can hold",
                     name, total, size);
  idx->values = base_alloc(total, 1);
  if (!idx->values)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory for %zu values", name, total);
  if (!inflate_into(stream, &bytes, &left, idx->values, total, &got, &ended))
    return damaged(name, stream, error);
  if (got < total)
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "%s: truncated: its header announces %zu values, it holds %zu", name, total,
                     got);
  /* One byte more: there must be none, and asking for it also makes zlib check the sum at the
   * end. */
  size_t more;
  if (!inflate_into(stream, &bytes, &left, &extra, 1, &more, &ended))
    return damaged(name, stream, error);
  if (more)
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "%s: too long: its header announces %zu values, it holds at least %zu", name,
                     total, total + 1);
  if (!ended)
    return base_fail(error, SCRAWL_BAD_FORMAT,
                     "%s: truncated: all %zu values are there, but not the end of the gzip stream",
                     name, total);
  if (left)
    return base_fail(error, SCRAWL_BAD_FORMAT, "%s: %zu bytes after the end of the gzip stream",
                     name, left);
  return SCRAWL_OK;
}

/* zlib's own memory comes from base as well, so that running out of it can be tested. */
static voidpf zlib_alloc(voidpf opaque, uInt count, uInt size) {
  (void)opaque;
  return base_alloc(count, size);
}
static void zlib_free(voidpf opaque, voidpf block) {
  (void)opaque;
  base_free(block);
}

enum { GZIP_WINDOW = MAX_WBITS + 16 }; /* zlib's way to say: with a gzip header and checksum */

static scrawl_status parse_gzip(const char *name, const uint8_t *bytes, size_t size, int dimensions,
                                size_t limit, data_idx *idx, base_error *error) {
  z_stream stream = {.zalloc = zlib_alloc, .zfree = zlib_free};
  if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory to unpack it", name);
  scrawl_status status = unpack(&stream, name, bytes, size, dimensions, limit, idx, error);
  inflateEnd(&stream);
  return status;
}

/* ---- in and out ---- */

scrawl_status data_idx_parse(const char *name, const uint8_t *bytes, size_t size, int dimensions,
                             size_t limit, data_idx *idx, base_error *error) {
  *idx = (data_idx){0};
  if (dimensions != 1 && dimensions != 3)
    return base_fail(error, SCRAWL_INVALID_ARGUMENT, "%s: IDX files of %d dimensions are not read",
                     name, dimensions);
  bool packed = size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
  scrawl_status status =
      (packed ? parse_gzip : parse_plain)(name, bytes, size, dimensions, limit, idx, error);
  if (status != SCRAWL_OK) data_idx_free(idx);
  return status;
}

scrawl_status data_idx_open(const char *path, int dimensions, data_idx *idx, base_error *error) {
  *idx = (data_idx){0};
  uint8_t *bytes;
  size_t size, limit = data_file_limit();
  BASE_TRY(data_file_read(path, limit, &bytes, &size, error));
  scrawl_status status = data_idx_parse(path, bytes, size, dimensions, limit, idx, error);
  base_free(bytes);
  return status;
}

static scrawl_status write_gzip(const char *path, const uint8_t *bytes, size_t size,
                                base_error *error) {
  enum { LEVEL = 6, MEMORY = 8 };
  z_stream stream = {.zalloc = zlib_alloc, .zfree = zlib_free};
  if (size > UINT_MAX)
    return base_fail(error, SCRAWL_LIMIT_EXCEEDED,
                     "%s: %zu bytes are too many to compress; write it without .gz", path, size);
  if (deflateInit2(&stream, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory to compress it", path);
  size_t bound = deflateBound(&stream, size);
  uint8_t *packed = bound <= UINT_MAX ? base_alloc(bound, 1) : NULL;
  scrawl_status status;
  if (!packed) {
    status = base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory to compress it", path);
  } else {
    stream.next_in = (z_const Bytef *)bytes;
    stream.avail_in = (unsigned)size;
    stream.next_out = packed;
    stream.avail_out = (unsigned)bound;
    status = deflate(&stream, Z_FINISH) == Z_STREAM_END
                 ? data_file_write(path, packed, bound - stream.avail_out, error)
                 : base_fail(error, SCRAWL_INTERNAL, "%s: zlib did not finish", path);
  }
  deflateEnd(&stream);
  base_free(packed);
  return status;
}

scrawl_status data_idx_write(const char *path, const data_idx *idx, base_error *error) {
  size_t header = header_bytes(idx->dimensions), total = 1;
  for (int i = 0; i < idx->dimensions; i++) {
    if (idx->extent[i] > UINT32_MAX || __builtin_mul_overflow(total, idx->extent[i], &total))
      return base_fail(error, SCRAWL_LIMIT_EXCEEDED, "%s: too large for an IDX file", path);
  }
  uint8_t *bytes = total <= SIZE_MAX - header ? base_alloc(header + total, 1) : NULL;
  if (!bytes)
    return base_fail(error, SCRAWL_OUT_OF_MEMORY, "%s: no memory for %zu values", path, total);
  const uint8_t magic[] = {0, 0, TYPE_UNSIGNED_BYTE, (uint8_t)idx->dimensions};
  memcpy(bytes, magic, sizeof magic);
  for (int i = 0; i < idx->dimensions; i++) {
    for (int shift = 24, at = 0; shift >= 0; shift -= 8, at++)
      bytes[header_bytes(i) + (size_t)at] = (uint8_t)(idx->extent[i] >> shift);
  }
  memcpy(bytes + header, idx->values, total);
  size_t length = strlen(path);
  bool compress = length > 3 && strcmp(path + length - 3, ".gz") == 0;
  scrawl_status status = compress ? write_gzip(path, bytes, header + total, error)
                                  : data_file_write(path, bytes, header + total, error);
  base_free(bytes);
  return status;
}

void data_idx_free(data_idx *idx) {
  if (!idx) return;
  base_free(idx->values);
  *idx = (data_idx){0};
}
