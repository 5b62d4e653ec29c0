/* core.h - which cores this process may use, and a thread that stays on its core, as one that is
 * timed must: elsewhere the caches are cold. Floor 0. */
#ifndef WEIR_BASE_CORE_H
#define WEIR_BASE_CORE_H

#include <stdbool.h>

/* How many cores the calling thread may run on, and so may those that it starts: with taskset, or in
 * a container, fewer than the machine has. At least 1. */
int weir_core_count(void);

/* Where the thread might run before. */
typedef struct weir_core {
    bool held;
    unsigned char before[128]; /* the kernel's mask, of up to 1024 cores */
} weir_core;

/* Keeps the calling thread, and those that it will start, on the core where it is. Without effect
 * where the system does not allow it. */
weir_core weir_core_hold(void);

/* Lets the calling thread run where it might before. */
void weir_core_release(const weir_core *core);

#endif
