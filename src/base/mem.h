/* mem.h - where the lab's memory comes from, so that a test can fail the n-th allocation. Floor 0.
 *
 * libweir itself allocates only its pool, and that through a weir_allocator; this is for the rooms
 * above it.
 */
#ifndef WEIR_BASE_MEM_H
#define WEIR_BASE_MEM_H

#include <stddef.h>

/* 64-byte aligned, zeroed; NULL when memory is out, when count * size overflows, or when the hook
 * says so. Out is, for a block of 8 MiB or more, what the machine has no memory for at present: the
 * system would give it and end the program later. A count or size of 0 gives a pointer that may be
 * freed. */
void *weir_alloc(size_t count, size_t size);

/* Accepts NULL. */
void weir_free(void *p);

/* As realloc for memory of weir_alloc: new bytes are zero; on failure NULL, and p is still valid.
 */
void *weir_realloc(void *p, size_t old_bytes, size_t new_bytes);

/* A copy of the string (or of its first n bytes), or NULL. */
char *weir_strdup(const char *s);
char *weir_strndup(const char *s, size_t n);

/* Called before each allocation when set; returns 0 to make it fail. For tests; NULL takes it away.
 */
extern int (*weir_alloc_hook)(size_t bytes);

#endif
