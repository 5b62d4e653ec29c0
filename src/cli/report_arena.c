#include "cli/report_arena.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK = 32 * 1024 };

typedef struct weir_report_block {
    struct weir_report_block *below;
    size_t used, size;
    max_align_t bytes[];
} block;

void *weir_report_take(weir_report_arena *arena, size_t count, size_t size)
{
    const size_t unit = sizeof(max_align_t);
    if (size && count > (SIZE_MAX / 2) / size) return NULL;
    size_t bytes = (count * size + unit - 1) / unit * unit;
    block *top = arena->top;
    if (!top || top->size - top->used < bytes) {
        size_t room = bytes > BLOCK ? bytes : BLOCK;
        block *fresh = weir_alloc(1, sizeof(block) + room);
        if (!fresh) return NULL;
        fresh->size = room;
        fresh->below = top;
        arena->top = top = fresh;
    }
    void *p = (char *)top->bytes + top->used;
    top->used += bytes;
    return p;
}

char *weir_report_copy(weir_report_arena *arena, const char *s)
{
    size_t bytes = strlen(s) + 1;
    char *copy = weir_report_take(arena, bytes, 1);
    if (copy) memcpy(copy, s, bytes);
    return copy;
}

char *weir_report_format(weir_report_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = n < 0 ? NULL : weir_report_take(arena, (size_t)n + 1, 1);
    if (text) vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    return text;
}

void weir_report_arena_deinit(weir_report_arena *arena)
{
    while (arena->top) {
        block *below = arena->top->below;
        weir_free(arena->top);
        arena->top = below;
    }
}
