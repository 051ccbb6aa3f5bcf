/* Result trees: made in one arena, gone with it. */
#include "read/result.h"

/* A page of digits fits the first block. */
enum { BLOCK_BYTES = 16 << 10 };

void read_result_init(read_result *result) {
  *result = (read_result){.model_name = "", .model_version = ""};
  base_arena_init(&result->arena, BLOCK_BYTES);
}

void read_result_free(read_result *result) {
  if (!result) return;
  base_arena_free(&result->arena);
  *result = (read_result){0};
}
