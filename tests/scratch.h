/* scratch.h - folders for one test: made under a name that nobody has, and removed with all that is
 * in them. */
#ifndef WEIR_TESTS_SCRATCH_H
#define WEIR_TESTS_SCRATCH_H

#include <stdbool.h>

enum { SCRATCH_BYTES = 64 };

/* Makes a folder in `parent`, and puts its path into `path`; NULL: in /tmp. */
bool scratch_make(char path[SCRATCH_BYTES], const char *parent);

/* Removes what is at `path`. Links are not followed. */
bool scratch_remove(const char *path);

#endif
