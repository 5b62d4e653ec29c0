#define _GNU_SOURCE /* sched_getcpu, sched_setaffinity */
#include "base/core.h"

#include <unistd.h>

static int online(void)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 ? (int)cores : 1;
}

#ifdef __linux__
#include <sched.h>
#include <string.h>

int weir_core_count(void)
{
    cpu_set_t mine;
    return sched_getaffinity(0, sizeof mine, &mine) == 0 ? CPU_COUNT(&mine) : online();
}

weir_core weir_core_hold(void)
{
    cpu_set_t before, here;
    weir_core core = {.held = false};
    _Static_assert(sizeof before == sizeof core.before, "the kernel's mask");
    const int at = sched_getcpu();
    if (at < 0 || sched_getaffinity(0, sizeof before, &before) != 0) return core;
    CPU_ZERO(&here);
    CPU_SET((size_t)at, &here);
    core.held = sched_setaffinity(0, sizeof here, &here) == 0;
    memcpy(core.before, &before, sizeof before);
    return core;
}

void weir_core_release(const weir_core *core)
{
    cpu_set_t before;
    memcpy(&before, core->before, sizeof before);
    if (core->held) sched_setaffinity(0, sizeof before, &before);
}
#else
int weir_core_count(void)
{
    return online();
}

weir_core weir_core_hold(void)
{
    return (weir_core){.held = false};
}

void weir_core_release(const weir_core *core)
{
    (void)core;
}
#endif
