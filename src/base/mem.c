#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int (*weir_alloc_hook)(size_t bytes) = NULL;

void *weir_alloc(size_t count, size_t size)
{
    if (size && count > (SIZE_MAX - 63) / size) return NULL;
    size_t bytes = count * size;
    if (weir_alloc_hook && !weir_alloc_hook(bytes)) return NULL;
    size_t rounded = bytes ? (bytes + 63) & ~(size_t)63 : 64;
    void *p = aligned_alloc(64, rounded);
    if (p) memset(p, 0, rounded);
    return p;
}

void weir_free(void *p)
{
    free(p);
}

void *weir_realloc(void *p, size_t old_bytes, size_t new_bytes)
{
    void *q = weir_alloc(new_bytes, 1);
    if (!q) return NULL;
    if (p) memcpy(q, p, old_bytes < new_bytes ? old_bytes : new_bytes);
    weir_free(p);
    return q;
}

char *weir_strndup(const char *s, size_t n)
{
    size_t len = strnlen(s, n);
    char *copy = weir_alloc(len + 1, 1);
    if (copy) memcpy(copy, s, len);
    return copy;
}

char *weir_strdup(const char *s)
{
    return weir_strndup(s, SIZE_MAX - 64);
}
