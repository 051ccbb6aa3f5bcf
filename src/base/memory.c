/* Heap memory and arenas: see the header for the contract.
 *
 * Blocks come from posix_memalign with their exact size, so that AddressSanitizer sees an access
 * one byte past the end. An arena is a chain of blocks, the one being filled first; a request too
 * large for the rest of it starts a new block. */
#include "base/memory.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The fault hook: allocations since it was set, and how many of them may succeed (negative:
 * all). */
static atomic_long allocations;
static atomic_long allowed = -1;

long base_alloc_fail_after(long after) {
  atomic_store(&allowed, after);
  return atomic_exchange(&allocations, 0);
}

/* A large block is going to be used whole (pictures, activations), and the first touch of each page
 * costs a trap into the kernel: 47 MB of pictures took 160 ms in pages of 4 KiB and 10 ms in pages
 * of 2 MiB. Where the system has none nothing changes. */
enum { HUGE_PAGE = 2 << 20, LARGE_BLOCK = 2 * HUGE_PAGE };

static size_t alignment_of(size_t bytes) {
#ifdef MADV_HUGEPAGE
  if (bytes >= LARGE_BLOCK) return HUGE_PAGE;
#endif
  return BASE_ALIGNMENT;
}

static void ask_for_huge_pages(void *block, size_t bytes) {
#ifdef MADV_HUGEPAGE
  if (bytes >= LARGE_BLOCK) madvise(block, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#else
  (void)block, (void)bytes;
#endif
}

static void *alloc_bytes(size_t bytes) {
  long number = atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
  long limit = atomic_load_explicit(&allowed, memory_order_relaxed);
  if (limit >= 0 && number >= limit) return NULL;
  if (bytes > PTRDIFF_MAX) return NULL; /* pointers into it could not be subtracted */
  void *block;
  if (posix_memalign(&block, alignment_of(bytes), bytes ? bytes : 1) != 0) return NULL;
  ask_for_huge_pages(block, bytes);
  return block;
}

void *base_alloc(size_t count, size_t size) {
  size_t bytes;
  return __builtin_mul_overflow(count, size, &bytes) ? NULL : alloc_bytes(bytes);
}

void *base_alloc_zero(size_t count, size_t size) {
  void *block = base_alloc(count, size);
  return block ? memset(block, 0, count * size) : NULL;
}

void *base_realloc(void *block, size_t old_bytes, size_t new_bytes) {
  void *moved = alloc_bytes(new_bytes); /* realloc() does not keep the alignment */
  if (!moved) return NULL;
  size_t kept = old_bytes < new_bytes ? old_bytes : new_bytes;
  if (block && kept) memcpy(moved, block, kept);
  base_free(block);
  return moved;
}

void base_free(void *block) {
  free(block);
}

char *base_strdup(const char *text) {
  size_t bytes = strlen(text) + 1;
  char *copy = alloc_bytes(bytes);
  return copy ? memcpy(copy, text, bytes) : NULL;
}

char *base_format(const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  char *text = length < 0 ? NULL : alloc_bytes((size_t)length + 1);
  if (text) vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  return text;
}

typedef struct base_arena_block {
  struct base_arena_block *next;
  size_t size, used; /* bytes after this header */
  _Alignas(BASE_ALIGNMENT) unsigned char bytes[];
} base_arena_block;

void base_arena_init(base_arena *arena, size_t block_bytes) {
  *arena = (base_arena){.blocks = NULL, .block_bytes = block_bytes};
}

void *base_arena_alloc(base_arena *arena, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  if (bytes > PTRDIFF_MAX - sizeof(base_arena_block) - BASE_ALIGNMENT) return NULL;
  if (bytes == 0) bytes = 1; /* distinct blocks, as base_alloc gives */
  bytes = (bytes + BASE_ALIGNMENT - 1) / BASE_ALIGNMENT * BASE_ALIGNMENT;

  base_arena_block *block = arena->blocks;
  if (!block || block->size - block->used < bytes) {
    size_t fresh = bytes > arena->block_bytes ? bytes : arena->block_bytes;
    if (fresh > PTRDIFF_MAX - sizeof *block) return NULL;
    block = alloc_bytes(sizeof *block + fresh);
    if (!block) return NULL;
    *block = (base_arena_block){.next = arena->blocks, .size = fresh};
    arena->blocks = block;
  }
  void *result = block->bytes + block->used;
  block->used += bytes;
  return result;
}

char *base_arena_strdup(base_arena *arena, const char *text, size_t length) {
  if (length == SIZE_MAX) return NULL;
  char *copy = base_arena_alloc(arena, length + 1, 1);
  if (!copy) return NULL;
  if (length) memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

/* Frees every block but the last of the chain, which was the first allocated. */
static base_arena_block *free_to_first(base_arena_block *block) {
  while (block && block->next) {
    base_arena_block *next = block->next;
    base_free(block);
    block = next;
  }
  return block;
}

void base_arena_reset(base_arena *arena) {
  arena->blocks = free_to_first(arena->blocks);
  if (arena->blocks) arena->blocks->used = 0;
}

void base_arena_free(base_arena *arena) {
  base_free(free_to_first(arena->blocks));
  arena->blocks = NULL;
}
