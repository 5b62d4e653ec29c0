/* arena.h - memory of one layout or one program: many small pieces, freed together. Private to the
 * room.
 *
 * Everything that parsing or compiling allocates lives in one arena, so a failure half-way has one
 * thing to free.
 */
#ifndef WEIR_LAYOUT_ARENA_H
#define WEIR_LAYOUT_ARENA_H

#include <stddef.h>

typedef struct weir_arena {
    struct arena_chunk *chunk; /* newest first; init: NULL */
} weir_arena;

/* Zeroed, aligned for any type; NULL when memory is out or count * size overflows. */
void *weir_arena_alloc(weir_arena *arena, size_t count, size_t size);

/* Room for one more item after the `count` that are there: `items` itself, or a copy that is twice
 * as long, or NULL when memory is out. The capacity follows from the count, so an array that is
 * grown this way needs no other bookkeeping. */
void *weir_arena_room(weir_arena *arena, void *items, int count, size_t size);

/* A copy of n bytes and a NUL, or NULL. */
char *weir_arena_strndup(weir_arena *arena, const char *s, size_t n);

void weir_arena_deinit(weir_arena *arena);

#endif
