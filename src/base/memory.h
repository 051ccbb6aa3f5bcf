/* Heap memory with checked sizes, and arenas.
 *
 * All of Scrawl allocates through these, so that a test can make the n-th allocation fail. Sizes
 * are multiplied in wide arithmetic: an overflow is an allocation failure, never a short block.
 * Blocks are aligned to BASE_ALIGNMENT. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

enum { BASE_ALIGNMENT = 64 }; /* one cache line, and the widest vector (AVX-512) */

/* count * size bytes, aligned, not cleared / cleared; NULL on overflow or exhaustion. Zero bytes
 * give a unique block. */
void *base_alloc(size_t count, size_t size);
void *base_alloc_zero(size_t count, size_t size);
/* Grows or shrinks keeping contents; NULL leaves the old block as it was. */
void *base_realloc(void *block, size_t old_bytes, size_t new_bytes);
void base_free(void *block);
char *base_strdup(const char *text);
char *base_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Test hook: the allocation numbered `after` from now on (0 = the next) and all later ones fail; a
 * negative number switches it off. Returns how many allocations were made since the last call. */
long base_alloc_fail_after(long after);

/* A bump allocator over a chain of blocks: everything is released at once. */
typedef struct base_arena {
  struct base_arena_block *blocks;
  size_t block_bytes; /* size of a fresh block */
} base_arena;

void base_arena_init(base_arena *arena, size_t block_bytes);
/* Aligned to BASE_ALIGNMENT, not cleared; NULL on overflow or exhaustion. */
void *base_arena_alloc(base_arena *arena, size_t count, size_t size);
char *base_arena_strdup(base_arena *arena, const char *text, size_t length);
/* Keeps the first block for reuse. */
void base_arena_reset(base_arena *arena);
void base_arena_free(base_arena *arena);

#endif
