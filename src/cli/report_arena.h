/* report_arena.h - memory that lives as long as the page is being made, freed in one go. Floor 6.
 */
#ifndef WEIR_CLI_REPORT_ARENA_H
#define WEIR_CLI_REPORT_ARENA_H

#include <stddef.h>

typedef struct weir_report_arena {
    struct weir_report_block *top;
} weir_report_arena;

/* Zeroed, aligned for any type; NULL when memory is out or count * size overflows. */
void *weir_report_take(weir_report_arena *arena, size_t count, size_t size);

/* A copy of the string; NULL when memory is out. */
char *weir_report_copy(weir_report_arena *arena, const char *s);

/* A formatted string; NULL when memory is out. */
char *weir_report_format(weir_report_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void weir_report_arena_deinit(weir_report_arena *arena);

#endif
