/* The wire format of Protocol Buffers; see https://protobuf.dev/programming-guides/encoding/.
 *
 * Reading: every length is compared with what is left before it is used. Writing: the length of an
 * inner message is known only at its end, and stands before it in as few bytes as it needs, so the
 * body is moved once to make room. */
#include "nn/protobuf.h"

#include <string.h>

#include "base/memory.h"

enum { VARINT_BYTES = 10 }; /* 64 bits, 7 to a byte */

bool nn_varint_next(nn_bytes *bytes, uint64_t *value) {
  *value = 0;
  for (size_t i = 0; i < bytes->size && i < VARINT_BYTES; i++) {
    uint8_t byte = bytes->at[i];
    if (i == VARINT_BYTES - 1 && byte > 1) return false;
    *value |= (uint64_t)(byte & 0x7F) << (7 * i);
    if (byte & 0x80) continue;
    bytes->at += i + 1;
    bytes->size -= i + 1;
    return true;
  }
  return false;
}

static bool take(nn_bytes *bytes, uint64_t size, nn_bytes *taken) {
  if (size > bytes->size) return false;
  *taken = (nn_bytes){bytes->at, (size_t)size};
  bytes->at += size;
  bytes->size -= (size_t)size;
  return true;
}

static uint64_t little_endian(nn_bytes bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size; i++) value |= (uint64_t)bytes.at[i] << (8 * i);
  return value;
}

static bool next_field(nn_bytes *left, nn_field *field) {
  uint64_t key, size;
  if (!nn_varint_next(left, &key) || key > UINT32_MAX || key >> 3 == 0) return false;
  *field = (nn_field){.key = (uint32_t)key};
  switch (key & 7) {
  case NN_VARINT:
    return nn_varint_next(left, &field->value);
  case NN_FIXED64:
  case NN_FIXED32:
    if (!take(left, (key & 7) == NN_FIXED64 ? 8 : 4, &field->bytes)) return false;
    field->value = little_endian(field->bytes);
    return true;
  case NN_BYTES:
    return nn_varint_next(left, &size) && take(left, size, &field->bytes);
  default: /* groups, which ONNX never had, and nothing */
    return false;
  }
}

bool nn_wire_next(nn_wire *wire, nn_field *field) {
  nn_bytes left = wire->left;
  if (wire->damaged || left.size == 0) return false;
  wire->damaged = !next_field(&left, field);
  if (!wire->damaged) wire->left = left;
  return !wire->damaged;
}

void nn_put_float(uint8_t *packed, size_t index, float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  for (size_t i = 0; i < 4; i++) packed[4 * index + i] = (uint8_t)(bits >> (8 * i));
}

/* Room for `size` more bytes at the end; NULL when there is none. */
static uint8_t *extend(nn_writer *writer, size_t size) {
  if (writer->failed) return NULL;
  if (size > writer->capacity - writer->size) {
    size_t wanted, capacity = writer->capacity < 4096 ? 4096 : writer->capacity;
    uint8_t *grown = NULL;
    if (!__builtin_add_overflow(writer->size, size, &wanted)) {
      while (capacity < wanted && capacity <= SIZE_MAX / 2) capacity *= 2;
      if (capacity < wanted) capacity = wanted;
      grown = base_realloc(writer->bytes, writer->size, capacity);
    }
    if (!grown) {
      writer->failed = true;
      return NULL;
    }
    writer->bytes = grown;
    writer->capacity = capacity;
  }
  uint8_t *at = writer->bytes + writer->size;
  writer->size += size;
  return at;
}

static size_t encode_varint(uint64_t value, uint8_t code[VARINT_BYTES]) {
  size_t size = 0;
  for (; value >= 0x80; value >>= 7) code[size++] = (uint8_t)(value | 0x80);
  code[size++] = (uint8_t)value;
  return size;
}

static void put_varint(nn_writer *writer, uint64_t value) {
  uint8_t code[VARINT_BYTES];
  size_t size = encode_varint(value, code);
  uint8_t *at = extend(writer, size);
  if (at) memcpy(at, code, size);
}

void nn_write_varint(nn_writer *writer, uint32_t number, uint64_t value) {
  put_varint(writer, NN_KEY(number, NN_VARINT));
  put_varint(writer, value);
}

void nn_write_float(nn_writer *writer, uint32_t number, float value) {
  put_varint(writer, NN_KEY(number, NN_FIXED32));
  uint8_t *at = extend(writer, 4);
  if (at) nn_put_float(at, 0, value);
}

uint8_t *nn_write_room(nn_writer *writer, uint32_t number, size_t size) {
  put_varint(writer, NN_KEY(number, NN_BYTES));
  put_varint(writer, size);
  return extend(writer, size);
}

void nn_write_bytes(nn_writer *writer, uint32_t number, const void *bytes, size_t size) {
  uint8_t *at = nn_write_room(writer, number, size);
  if (at && size > 0) memcpy(at, bytes, size);
}

void nn_write_text(nn_writer *writer, uint32_t number, const char *text) {
  nn_write_bytes(writer, number, text, strlen(text));
}

uint8_t *nn_write_floats(nn_writer *writer, uint32_t number, size_t count) {
  if (count > SIZE_MAX / 4) writer->failed = true;
  return nn_write_room(writer, number, count * 4);
}

size_t nn_write_begin(nn_writer *writer, uint32_t number) {
  put_varint(writer, NN_KEY(number, NN_BYTES));
  return writer->size;
}

void nn_write_end(nn_writer *writer, size_t mark) {
  if (writer->failed) return;
  size_t body = writer->size - mark;
  uint8_t code[VARINT_BYTES];
  size_t size = encode_varint(body, code);
  if (!extend(writer, size)) return;
  memmove(writer->bytes + mark + size, writer->bytes + mark, body);
  memcpy(writer->bytes + mark, code, size);
}
