#include "layout/arena.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

enum { ALIGN = 16, FIRST_CHUNK = 4096, LAST_CHUNK = 1 << 20, FIRST_ROOM = 4 };

typedef struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size; /* of `bytes` */
    _Alignas(ALIGN) unsigned char bytes[];
} arena_chunk;

static arena_chunk *add_chunk(weir_arena *arena, size_t need)
{
    size_t size = arena->chunk ? arena->chunk->size * 2 : FIRST_CHUNK;
    if (size > LAST_CHUNK) size = LAST_CHUNK;
    if (size < need) size = need;
    arena_chunk *chunk = weir_alloc(1, sizeof *chunk + size);
    if (!chunk) return NULL;
    chunk->size = size;
    chunk->next = arena->chunk;
    return arena->chunk = chunk;
}

void *weir_arena_alloc(weir_arena *arena, size_t count, size_t size)
{
    if (size && count > (SIZE_MAX / 2) / size) return NULL;
    size_t bytes = (count * size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    arena_chunk *chunk = arena->chunk;
    if (!chunk || chunk->size - chunk->used < bytes) chunk = add_chunk(arena, bytes);
    if (!chunk) return NULL;
    void *p = chunk->bytes + chunk->used;
    chunk->used += bytes;
    return p;
}

void *weir_arena_room(weir_arena *arena, void *items, int count, size_t size)
{
    int full = count >= FIRST_ROOM && (count & (count - 1)) == 0;
    if (count && !full) return items;
    if (count > INT_MAX / 2) return NULL;
    size_t capacity = count ? 2 * (size_t)count : FIRST_ROOM;
    void *grown = weir_arena_alloc(arena, capacity, size);
    if (grown && count) memcpy(grown, items, (size_t)count * size);
    return grown;
}

char *weir_arena_strndup(weir_arena *arena, const char *s, size_t n)
{
    char *copy = weir_arena_alloc(arena, n + 1, 1);
    if (copy && n) memcpy(copy, s, n);
    return copy;
}

void weir_arena_deinit(weir_arena *arena)
{
    while (arena->chunk) {
        arena_chunk *chunk = arena->chunk;
        arena->chunk = chunk->next;
        weir_free(chunk);
    }
}
