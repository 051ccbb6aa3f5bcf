/* See the header. Text comes from the tests alone, so that it is trusted to be well-formed. */
#include "compose.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 24, MAX_BYTES = 1 << 16 };

typedef struct words {
  char text[256];
  char *list[MAX_WORDS];
  int count;
} words;

float compose_number(size_t index) {
  return (float)(int)(index * 7 % 11) * 0.25f - 1.25f;
}

static void split(const char *text, size_t length, words *line) {
  snprintf(line->text, sizeof line->text, "%.*s", (int)length, text);
  line->count = 0;
  for (char *word = strtok(line->text, " "); word; word = strtok(NULL, " "))
    line->list[line->count++] = word;
}

/* The value of KEY=VALUE among the words; NULL: none. */
static const char *value_of(const words *line, const char *key) {
  for (int i = 1; i < line->count; i++)
    if (strncmp(line->list[i], key, strlen(key)) == 0 && line->list[i][strlen(key)] == '=')
      return line->list[i] + strlen(key) + 1;
  return NULL;
}

/* "2,1,-3"; returns how many there are. */
static int numbers(const char *text, int64_t *values) {
  int count = 0;
  for (const char *at = text; *at; at += strcspn(at, ","), at += *at == ',')
    values[count++] = strtoll(at, NULL, 10);
  return count;
}

static void put_dims(nn_writer *writer, const char *text) {
  int64_t dims[16];
  int count = numbers(text, dims);
  for (int i = 0; i < count; i++) nn_write_varint(writer, 1, (uint64_t)dims[i]);
}

static void put_data(nn_writer *writer, const words *line, const char *shape) {
  static uint8_t data[MAX_BYTES];
  int64_t dims[16], count = 1;
  int rank = numbers(shape, dims);
  for (int i = 0; i < rank; i++) count = count > MAX_BYTES ? count : count * dims[i];
  const char *bytes = value_of(line, "bytes"), *fill = value_of(line, "fill");
  size_t size = bytes ? (size_t)atoi(bytes) : (size_t)count * 4;
  for (size_t i = 0; i < MAX_BYTES / 4; i++)
    nn_put_float(data, i, fill ? strtof(fill, NULL) : compose_number(i));
  nn_write_bytes(writer, value_of(line, "float_data") ? 4 : 9, data, size);
}

static void put_tensor(nn_writer *writer, const words *line) {
  const char *type = value_of(line, "type");
  const char *shape = strcmp(line->list[2], "scalar") == 0 ? "" : line->list[2];
  put_dims(writer, shape);
  nn_write_varint(writer, 2, type ? (uint64_t)atoi(type) : 1);
  put_data(writer, line, shape);
  if (value_of(line, "external")) nn_write_varint(writer, 14, 1);
}

static void put_ints(nn_writer *writer, const words *line) {
  int64_t values[16];
  uint8_t raw[16 * 8];
  int count = numbers(line->list[2], values);
  for (int i = 0; i < 8 * count; i++) raw[i] = (uint8_t)((uint64_t)values[i / 8] >> (8 * (i % 8)));
  nn_write_varint(writer, 1, (uint64_t)count);
  nn_write_varint(writer, 2, 7);
  nn_write_bytes(writer, 9, raw, 8 * (size_t)count);
}

static void put_initializer(nn_writer *writer, const words *line) {
  size_t mark = nn_write_begin(writer, 5);
  nn_write_text(writer, 8, line->list[1]);
  if (strcmp(line->list[0], "tensor") == 0) {
    put_tensor(writer, line);
  } else if (strcmp(line->list[0], "ints") == 0) {
    put_ints(writer, line);
  } else {
    nn_write_varint(writer, 2, 9);
    nn_write_bytes(writer, 9, &(uint8_t){line->list[2][0] == '1'}, 1);
  }
  nn_write_end(writer, mark);
}

static void put_value(nn_writer *writer, uint32_t field, const words *line) {
  const char *type = value_of(line, "type");
  size_t value = nn_write_begin(writer, field);
  nn_write_text(writer, 1, line->list[1]);
  size_t outer = nn_write_begin(writer, 2), tensor = nn_write_begin(writer, 1);
  nn_write_varint(writer, 1, type ? (uint64_t)atoi(type) : 1);
  size_t shape = nn_write_begin(writer, 2);
  for (const char *at = line->count > 2 ? line->list[2] : ""; *at;
       at += strcspn(at, ","), at += *at == ',') {
    size_t dim = nn_write_begin(writer, 1);
    if (isdigit((unsigned char)*at) || *at == '-')
      nn_write_varint(writer, 1, (uint64_t)strtoll(at, NULL, 10));
    else
      nn_write_bytes(writer, 2, at, strcspn(at, ","));
    nn_write_end(writer, dim);
  }
  nn_write_end(writer, shape);
  nn_write_end(writer, tensor);
  nn_write_end(writer, outer);
  nn_write_end(writer, value);
}

/* A number with a point is a float, without one an integer, several of them integers, a word a
 * string, a word like "@s:0,-1" a tensor of integers. */
static void put_attribute(nn_writer *writer, const char *text) {
  const char *value = strchr(text, '=') + 1;
  int64_t values[16];
  size_t mark = nn_write_begin(writer, 5);
  nn_write_bytes(writer, 1, text, (size_t)(value - 1 - text));
  if (*value == '@') {
    words line = {.list = {"ints", "", (char *)(uintptr_t)(value + 1)}, .count = 3};
    size_t tensor = nn_write_begin(writer, 5);
    put_ints(writer, &line);
    nn_write_end(writer, tensor);
    nn_write_varint(writer, 20, 4);
  } else if (isalpha((unsigned char)*value)) {
    nn_write_text(writer, 4, value);
    nn_write_varint(writer, 20, 3);
  } else if (strchr(value, ',')) {
    int count = numbers(value, values);
    for (int i = 0; i < count; i++) nn_write_varint(writer, 8, (uint64_t)values[i]);
    nn_write_varint(writer, 20, 7);
  } else if (strchr(value, '.')) {
    nn_write_float(writer, 2, strtof(value, NULL));
    nn_write_varint(writer, 20, 1);
  } else {
    nn_write_varint(writer, 3, (uint64_t)strtoll(value, NULL, 10));
    nn_write_varint(writer, 20, 2);
  }
  nn_write_end(writer, mark);
}

static void put_node(nn_writer *writer, const words *line) {
  char *op = line->list[0], *domain = strchr(op, ':');
  uint32_t port = 1;
  size_t mark = nn_write_begin(writer, 1);
  if (domain) nn_write_text(writer, 7, domain + 1);
  nn_write_bytes(writer, 4, op, strcspn(op, ":"));
  nn_write_text(writer, 3, "it");
  for (int i = 1; i < line->count; i++) {
    const char *word = line->list[i];
    if (strcmp(word, ">") == 0)
      port = 2;
    else if (strchr(word, '='))
      put_attribute(writer, word);
    else
      nn_write_text(writer, port, strcmp(word, "_") == 0 ? "" : word);
  }
  nn_write_end(writer, mark);
}

static bool is(const words *line, const char *word) {
  return strcmp(line->list[0], word) == 0;
}

static void put_graph(nn_writer *writer, const char *text) {
  words line;
  for (const char *at = text; *at; at += strspn(at, "; ")) {
    size_t length = strcspn(at, ";");
    split(at, length, &line);
    at += length;
    if (is(&line, "input"))
      put_value(writer, 11, &line);
    else if (is(&line, "output"))
      put_value(writer, 12, &line);
    else if (is(&line, "tensor") || is(&line, "ints") || is(&line, "bool"))
      put_initializer(writer, &line);
    else if (isupper((unsigned char)line.list[0][0]))
      put_node(writer, &line);
  }
}

nn_writer compose(const char *text) {
  nn_writer writer = {0};
  words line;
  uint64_t ir = 8, opset = 17;
  for (const char *at = text; *at; at += strspn(at, "; ")) {
    size_t length = strcspn(at, ";");
    split(at, length, &line);
    at += length;
    if (is(&line, "ir")) ir = (uint64_t)atoi(line.list[1]);
    if (is(&line, "opset")) opset = (uint64_t)atoi(line.list[1]);
    if (!is(&line, "metadata")) continue;
    size_t mark = nn_write_begin(&writer, 14);
    nn_write_text(&writer, 1, line.list[1]);
    nn_write_text(&writer, 2, line.list[2]);
    nn_write_end(&writer, mark);
  }
  nn_write_varint(&writer, 1, ir);
  size_t mark = nn_write_begin(&writer, 7);
  put_graph(&writer, text);
  nn_write_end(&writer, mark);
  mark = nn_write_begin(&writer, 8);
  nn_write_varint(&writer, 2, opset);
  nn_write_end(&writer, mark);
  return writer;
}
