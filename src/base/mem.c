#include "base/mem.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int (*weir_alloc_hook)(size_t bytes) = NULL;

/* From this size on, memory is asked for in huge pages: weights, gradients and activations are
 * walked from end to end at every step, and with small pages the walk waits for the page table
 * (weir-bench-train at depth 200: about a tenth). */
static const size_t huge_page = (size_t)2 << 20, huge_from = (size_t)8 << 20;

/* What is left to the rest of the machine when a large block is given. */
static const size_t reserve = (size_t)256 << 20;

/* Bytes that the machine can give without swapping; SIZE_MAX where it does not say. */
static size_t available(void)
{
    static const char key[] = "MemAvailable:";
    char text[512];
    int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return SIZE_MAX;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    const char *at = strstr(text, key);
    if (!at) return SIZE_MAX;
    size_t kib = strtoull(at + sizeof key - 1, NULL, 10);
    return kib > SIZE_MAX / 1024 ? SIZE_MAX : kib * 1024;
}

/* Linux gives out more than there is, and ends a program that then uses it. Blocks are filled as
 * they are made, so what is available now is after all those before. */
static bool is_there(size_t bytes)
{
    size_t most = available();
    return most == SIZE_MAX || (most > reserve && bytes <= most - reserve);
}

static void *aligned(size_t bytes)
{
    size_t alignment = bytes < huge_from ? 64 : huge_page;
    if (bytes > SIZE_MAX - alignment) return NULL;
    if (alignment == huge_page && !is_there(bytes)) return NULL;
    size_t rounded = bytes ? (bytes + alignment - 1) / alignment * alignment : alignment;
    void *p = aligned_alloc(alignment, rounded);
#ifdef MADV_HUGEPAGE
    if (p && alignment == huge_page)
        madvise(p, rounded, MADV_HUGEPAGE); /* a wish: refusal does no harm */
#endif
    return p;
}

void *weir_alloc(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size) return NULL;
    size_t bytes = count * size;
    if (weir_alloc_hook && !weir_alloc_hook(bytes)) return NULL;
    void *p = aligned(bytes);
    if (p) memset(p, 0, bytes);
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
