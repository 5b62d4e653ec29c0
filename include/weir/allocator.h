/* allocator.h - the caller's memory in place of malloc's.
 *
 * libweir allocates in one place, weir_pool_create_with (weir/parallel.h); kernels allocate nothing,
 * and have their workspace from the caller.
 */
#ifndef WEIR_ALLOCATOR_H
#define WEIR_ALLOCATOR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* alloc(ctx, bytes, align) gives bytes >= 1 bytes, whatever they hold, at a multiple of align, a
 * power of two; or NULL when memory is out. free(ctx, p, bytes) takes back what alloc gave for that
 * many bytes; it may do nothing, where an arena is emptied as a whole.
 * Threads: both are called only within a call of libweir, by the thread that makes it. */
typedef struct weir_allocator {
    void *(*alloc)(void *ctx, size_t bytes, size_t align);
    void (*free)(void *ctx, void *p, size_t bytes);
    void *ctx;
} weir_allocator;

#ifdef __cplusplus
}
#endif
#endif
