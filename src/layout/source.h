/* source.h - a layout's text, and messages that point into it. Private to the room. */
#ifndef WEIR_LAYOUT_SOURCE_H
#define WEIR_LAYOUT_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "weir/status.h"

typedef struct weir_source {
    const char *file, *text;
    size_t length;
} weir_source;

/* Line and column (in characters) of a byte, both from 1. */
void weir_source_place(const weir_source *source, uint32_t pos, int *line, int *col);

/* Fills *err with
 *
 *     FILE:LINE:COL: what is wrong
 *         the line
 *            ^
 *       what would be right
 *
 * from a format of "what is wrong\nwhat would be right" (the second part may be absent). Returns
 * WEIR_E_LAYOUT. */
weir_status weir_source_fail(const weir_source *source, uint32_t pos, weir_error *err,
                             const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Appends "FILE:LINE:COL: " to *out. */
void weir_source_prefix(const weir_source *source, uint32_t pos, weir_text *out);

/* The text, which ends with a NUL, must be UTF-8: WEIR_E_LAYOUT at the first byte that is not. */
weir_status weir_source_check_utf8(const weir_source *source, weir_error *err);

#endif
