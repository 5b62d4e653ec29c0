/* support.h - for tests of what reads and writes: a folder to work in, and failures on demand. */
#ifndef WEIR_TESTS_IO_SUPPORT_H
#define WEIR_TESTS_IO_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "weir/status.h"

/* Makes an empty folder and works in it; removes it with all that is in it. For
 * cmocka_run_group_tests and cmocka_unit_test_setup_teardown. */
int enter_folder(void **state);
int leave_folder(void **state);

void put_file(const char *path, const void *data, size_t bytes);
void put_text(const char *path, const char *text);

/* The number of entries of the folder we work in. */
int entries_here(void);

/* Blocks that weir and jansson hold, files that are open, and files that are mapped. */
typedef struct held {
    long blocks;
    int files, mappings;
} held;
held what_is_held(void);
void assert_nothing_new(held before);

/* Runs the action with the first, the second, ... allocation of weir failing, until it is served
 * all it asks for and succeeds. Each failure must be WEIR_E_MEMORY, with a message, and leave
 * nothing held. Returns how many failed. */
typedef weir_status (*action)(weir_error *err);
int fail_each_allocation(action run);

/* The same for the allocations of jansson, which calls a string that found no room a syntax error:
 * a failure may be WEIR_E_FORMAT too. */
int fail_each_json_allocation(action run);

/* Of just this size, where weir_alloc rounds up: a sanitizer sees a byte read beyond it. For
 * weir_free. */
void *exact_block(size_t bytes);

/* Files cannot grow beyond so many bytes: writes fail as on a full disk, and no signal is sent. -1:
 * as before. */
void limit_files(long bytes);

void assert_failed(weir_status status, weir_status wanted, const weir_error *err, const char *part);

#endif
