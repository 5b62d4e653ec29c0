#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool reserve(weir_text *t, size_t extra)
{
    if (t->failed) return false;
    if (t->len + extra + 1 <= t->cap) return true;
    size_t cap = t->cap ? t->cap * 2 : 256;
    while (cap < t->len + extra + 1) cap *= 2;
    char *grown = weir_realloc(t->data, t->len, cap);
    if (!grown) {
        t->failed = true;
        return false;
    }
    t->data = grown;
    t->cap = cap;
    return true;
}

void weir_text_add_n(weir_text *t, const char *s, size_t n)
{
    if (!reserve(t, n)) return;
    memcpy(t->data + t->len, s, n);
    t->len += n;
    t->data[t->len] = 0;
}

void weir_text_add(weir_text *t, const char *s)
{
    weir_text_add_n(t, s, strlen(s));
}

void weir_text_addf(weir_text *t, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n >= 0 && reserve(t, (size_t)n)) {
        vsnprintf(t->data + t->len, (size_t)n + 1, format, again);
        t->len += (size_t)n;
    }
    va_end(again);
}

void weir_text_deinit(weir_text *t)
{
    weir_free(t->data);
    memset(t, 0, sizeof *t);
}

/* The bytes of the character that begins at p, or 0. No over-long forms, surrogates, or codes above
 * U+10FFFF: these show in the first two bytes. */
static int utf8_length(const unsigned char *p)
{
    if (p[0] < 0x80) return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4) return 0;
    int length = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    unsigned char low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high) return 0;
    for (int i = 2; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80) return 0;
    }
    return length;
}

size_t weir_text_utf8_prefix(const char *s)
{
    const unsigned char *p = (const unsigned char *)s;
    int length = 1;
    while (*p && length) p += length = utf8_length(p);
    return (size_t)(p - (const unsigned char *)s);
}

bool weir_text_is_utf8(const char *s)
{
    return s[weir_text_utf8_prefix(s)] == 0;
}

int weir_text_distance(const char *a, const char *b)
{
    enum { MAX = 64 };
    size_t la = strlen(a), lb = strlen(b);
    if (la >= MAX || lb >= MAX) return (int)(la > lb ? la - lb : lb - la);
    int row[MAX];
    for (size_t j = 0; j <= lb; j++) row[j] = (int)j;
    for (size_t i = 1; i <= la; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= lb; j++) {
            int swap = diagonal + (a[i - 1] != b[j - 1]);
            int skip = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = swap < skip ? swap : skip;
        }
    }
    return row[lb];
}

const char *weir_text_nearest(const char *word, const char *const *words, int count)
{
    const char *best = NULL;
    int best_distance = (int)strlen(word) / 2 + 1;
    if (best_distance > 3) best_distance = 3;
    for (int i = 0; i < count; i++) {
        int distance = weir_text_distance(word, words[i]);
        if (distance < best_distance) best_distance = distance, best = words[i];
    }
    return best;
}
