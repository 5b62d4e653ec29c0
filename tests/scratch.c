#define _XOPEN_SOURCE 700 /* nftw */
#include "scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool scratch_make(char path[SCRATCH_BYTES], const char *parent)
{
    enum { UNNAMED = 6 }; /* so many letters X at its end mkdtemp puts a name in place of */
    const int n = snprintf(path, SCRATCH_BYTES, "%s/weir-test-", parent ? parent : "/tmp");
    if (n < 0 || n + UNNAMED >= SCRATCH_BYTES) return false;
    memset(path + n, 'X', UNNAMED);
    path[n + UNNAMED] = 0;
    return mkdtemp(path) != NULL;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

bool scratch_remove(const char *path)
{
    return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0;
}
