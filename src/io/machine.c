#include "io/machine.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/files.h"

enum { CPUINFO_MAX = 64 << 20, SYSFS_MAX = 1 << 16, SYSFS_CACHES = 16 };

void weir_cpu_name(char name[WEIR_CPU_NAME])
{
    struct utsname machine;
    snprintf(name, WEIR_CPU_NAME, "%s", uname(&machine) >= 0 ? machine.machine : "unknown");
    char *info;
    size_t bytes;
    if (weir_file_read("/proc/cpuinfo", CPUINFO_MAX, &info, &bytes, NULL) != WEIR_OK) return;
    const char *key = strstr(info, "model name"), *colon = key ? strchr(key, ':') : NULL;
    if (colon) {
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(name, WEIR_CPU_NAME, "%.*s", (int)strcspn(colon, "\n"), colon);
    }
    weir_free(info);
}

/* One line of what Linux says of a cache; false where it says nothing. */
static bool read_line(int cache, const char *what, char line[32])
{
    char path[96], *text;
    size_t bytes;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", cache, what);
    if (weir_file_read(path, SYSFS_MAX, &text, &bytes, NULL) != WEIR_OK) return false;
    snprintf(line, 32, "%.*s", (int)strcspn(text, "\n"), text);
    weir_free(text);
    return true;
}

/* "1024K" */
static int64_t bytes_of(const char *size)
{
    char *end;
    const int64_t n = strtoll(size, &end, 10);
    return *end == 'K' ? n << 10 : *end == 'M' ? n << 20 : n;
}

/* Second choice: the C library takes all third-level caches of a socket for one. */
static void ask_libc(weir_caches *caches)
{
#ifdef _SC_LEVEL1_DCACHE_SIZE
    const long level[] = {0, sysconf(_SC_LEVEL1_DCACHE_SIZE), sysconf(_SC_LEVEL2_CACHE_SIZE),
                          sysconf(_SC_LEVEL3_CACHE_SIZE)};
    for (int i = 1; i <= WEIR_CACHE_LEVELS; i++) caches->level[i] = level[i] > 0 ? level[i] : 0;
#else
    (void)caches;
#endif
}

weir_caches weir_caches_read(void)
{
    weir_caches caches = {{0}};
    char level[32], type[32], size[32];
    for (int i = 0; i < SYSFS_CACHES && read_line(i, "level", level); i++) {
        const long n = strtol(level, NULL, 10);
        if (n < 1 || n > WEIR_CACHE_LEVELS || !read_line(i, "type", type) ||
            !read_line(i, "size", size))
            continue;
        if (strcmp(type, "Instruction") != 0) caches.level[n] = bytes_of(size);
    }
    if (!caches.level[1]) ask_libc(&caches);
    return caches;
}

int weir_caches_level(const weir_caches *caches, double bytes, int threads)
{
    bool any = false;
    for (int i = 1; i <= WEIR_CACHE_LEVELS; i++) {
        const double part = i < WEIR_CACHE_LEVELS ? bytes / threads : bytes;
        any |= caches->level[i] > 0;
        if (part <= (double)caches->level[i]) return i;
    }
    return any ? 0 : -1;
}
