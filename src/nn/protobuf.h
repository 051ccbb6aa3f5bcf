/* The wire format of Protocol Buffers, as much of it as ONNX needs: a bounded reader and a writer.
 *
 * A message is a row of fields. Each begins with a key, a varint holding number << 3 | wire type;
 * then comes a varint, 4 or 8 bytes little-endian, or a length and that many bytes: a string, a
 * message or packed numbers. The reader gives views into the caller's bytes, copies nothing and
 * descends only where its caller does, so depth and memory are bounded by the program. */
#ifndef NN_PROTOBUF_H
#define NN_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum nn_wire_type {
  NN_VARINT = 0,
  NN_FIXED64 = 1,
  NN_BYTES = 2,
  NN_FIXED32 = 5,
} nn_wire_type;

/* What `switch (field.key)` compares: a known number with another wire type is an unknown field,
 * and skipped. */
#define NN_KEY(number, type) ((uint32_t)(number) << 3 | (uint32_t)(type))

/* A view of bytes, not terminated. */
typedef struct nn_bytes {
  const uint8_t *at;
  size_t size;
} nn_bytes;

typedef struct nn_field {
  uint32_t key;
  uint64_t value; /* varint, fixed */
  nn_bytes bytes;
} nn_field;

typedef struct nn_wire {
  nn_bytes left;
  bool damaged; /* `left` then begins at the field that is */
} nn_wire;

/* The next field; false at the end, and where the rest is damaged. */
bool nn_wire_next(nn_wire *wire, nn_field *field);
/* One varint from the front of `bytes`; false when it is cut off or longer than 64 bits. */
bool nn_varint_next(nn_bytes *bytes, uint64_t *value);
/* Little-endian float: a fixed 32-bit value, and number `index` of packed ones. Here, because every
 * weight of a model comes through it twice. */
static inline float nn_float_of(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static inline float nn_float_at(const uint8_t *packed, size_t index) {
  uint32_t bits;
  memcpy(&bits, packed + 4 * index, sizeof bits);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  bits = __builtin_bswap32(bits);
#endif
  return nn_float_of(bits);
}

/* A message that grows. After a failed allocation everything is ignored: check `failed` once, at
 * the end. */
typedef struct nn_writer {
  uint8_t *bytes; /* base_free */
  size_t size, capacity;
  bool failed;
} nn_writer;

void nn_write_varint(nn_writer *writer, uint32_t number, uint64_t value);
void nn_write_float(nn_writer *writer, uint32_t number, float value);
void nn_write_bytes(nn_writer *writer, uint32_t number, const void *bytes, size_t size);
void nn_write_text(nn_writer *writer, uint32_t number, const char *text);
/* A message inside the message: what is written between begin and end. `mark` is what begin
 * returned. */
size_t nn_write_begin(nn_writer *writer, uint32_t number);
void nn_write_end(nn_writer *writer, size_t mark);
/* A bytes field of `size` bytes to be filled; NULL when memory is exhausted. The place is good
 * until the next write. */
uint8_t *nn_write_room(nn_writer *writer, uint32_t number, size_t size);
/* A bytes field of `count` floats to be filled one by one with nn_put_float; NULL when memory is
 * exhausted. The place is good until the next write. */
uint8_t *nn_write_floats(nn_writer *writer, uint32_t number, size_t count);
void nn_put_float(uint8_t *packed, size_t index, float value);

#endif
