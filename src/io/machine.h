/* machine.h - what the system says of the machine. Floor 1. */
#ifndef WEIR_IO_MACHINE_H
#define WEIR_IO_MACHINE_H

#include <stdint.h>

enum { WEIR_CPU_NAME = 128, WEIR_CACHE_LEVELS = 3 };

/* The processor as Linux names it, else the machine's kind. */
void weir_cpu_name(char name[WEIR_CPU_NAME]);

/* Bytes of the first core's data caches; 0 for one that is not there, or not known. The first two
 * levels are a core's own, the third serves several. */
typedef struct weir_caches {
    int64_t level[WEIR_CACHE_LEVELS + 1]; /* [0] is not used */
} weir_caches;
weir_caches weir_caches_read(void);

/* The level that holds `bytes`, of which each of `threads` threads works on its own part: 1, 2, 3;
 * 0 when none is large enough; -1 when no cache is known. */
int weir_caches_level(const weir_caches *caches, double bytes, int threads);

#endif
