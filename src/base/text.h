/* text.h - a growing string. Floor 0. */
#ifndef WEIR_BASE_TEXT_H
#define WEIR_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* init: all zero. data is NUL-terminated once anything was added. `failed` sticks when memory runs
 * out, and later additions are no-ops, so one check at the end is enough. */
typedef struct weir_text {
    char *data;
    size_t len, cap;
    bool failed;
} weir_text;

void weir_text_add(weir_text *t, const char *s);
void weir_text_add_n(weir_text *t, const char *s, size_t n);
void weir_text_addf(weir_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Frees and zeroes. */
void weir_text_deinit(weir_text *t);

/* How many bytes of s come before the first that is not UTF-8 (RFC 3629), or before its end. */
size_t weir_text_utf8_prefix(const char *s);

/* Whether s is UTF-8 throughout: what JSON can hold. */
bool weir_text_is_utf8(const char *s);

/* The edit distance of two short words, for "did you mean"; words over 63 bytes give their length
 * difference. */
int weir_text_distance(const char *a, const char *b);

/* The nearest of `count` words to `word`, or NULL when none is near enough to suggest. */
const char *weir_text_nearest(const char *word, const char *const *words, int count);

#endif
