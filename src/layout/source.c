#include "layout/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

enum { SHOWN = 90 }; /* bytes of a line that a message shows, at most */

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

static uint32_t line_start(const weir_source *source, uint32_t pos)
{
    while (pos > 0 && source->text[pos - 1] != '\n') pos--;
    return pos;
}

static uint32_t line_end(const weir_source *source, uint32_t pos)
{
    while (pos < source->length && source->text[pos] != '\n' && source->text[pos] != '\r') pos++;
    return pos;
}

void weir_source_place(const weir_source *source, uint32_t pos, int *line, int *col)
{
    *line = *col = 1;
    for (uint32_t i = 0; i < pos; i++) *line += source->text[i] == '\n';
    for (uint32_t i = line_start(source, pos); i < pos; i++) *col += !continues(source->text[i]);
}

/* The part of the line round pos that fits, and blanks up to the caret: tabs stay tabs, so that
 * both line up. */
static void show_line(const weir_source *source, uint32_t pos, char *out, size_t size)
{
    uint32_t begin = line_start(source, pos), end = line_end(source, pos);
    if (pos - begin > SHOWN * 2 / 3) {
        begin = pos - SHOWN * 2 / 3;
        while (begin < pos && continues(source->text[begin])) begin++;
    }
    if (end - begin > SHOWN) {
        end = begin + SHOWN;
        while (end > pos && continues(source->text[end])) end--;
    }
    char blank[SHOWN + 1];
    size_t blanks = 0;
    for (uint32_t i = begin; i < pos; i++) {
        if (!continues(source->text[i])) blank[blanks++] = source->text[i] == '\t' ? '\t' : ' ';
    }
    blank[blanks] = 0;
    snprintf(out, size, "    %.*s\n    %s^", (int)(end - begin), source->text + begin, blank);
}

weir_status weir_source_fail(const weir_source *source, uint32_t pos, weir_error *err,
                             const char *format, ...)
{
    if (!err) return WEIR_E_LAYOUT;
    char what[512], shown[2 * SHOWN + 16];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    char *advice = strchr(what, '\n');
    if (advice) *advice++ = 0;
    int line, col;
    weir_source_place(source, pos, &line, &col);
    show_line(source, pos, shown, sizeof shown);
    weir_fail(err, WEIR_E_LAYOUT, "%.120s:%d:%d: %s\n%s%s%s", source->file, line, col, what, shown,
              advice ? "\n  " : "", advice ? advice : "");
    err->line = line;
    err->col = col;
    return WEIR_E_LAYOUT;
}

void weir_source_prefix(const weir_source *source, uint32_t pos, weir_text *out)
{
    int line, col;
    weir_source_place(source, pos, &line, &col);
    weir_text_addf(out, "%s:%d:%d: ", source->file, line, col);
}

weir_status weir_source_check_utf8(const weir_source *source, weir_error *err)
{
    for (size_t i = 0; i < source->length; i++) {
        i += weir_text_utf8_prefix(source->text + i);
        unsigned char byte = (unsigned char)source->text[i];
        if (byte == 0) continue; /* the end, or a NUL that the lexer refuses */
        /* The message shows the line up to there. */
        weir_source valid = {.file = source->file, .text = source->text, .length = i};
        return weir_source_fail(&valid, (uint32_t)i, err,
                                "byte 0x%02X is not UTF-8\nsave the file as UTF-8 text", byte);
    }
    return WEIR_OK;
}
