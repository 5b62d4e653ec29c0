/* support.h - what the tests of the layout room share. */
#ifndef WEIR_TESTS_LAYOUT_SUPPORT_H
#define WEIR_TESTS_LAYOUT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "layout/layout.h"

/* width 64, 4 heads, ffn 256, 100 steps; gelu: 4 kv heads; gated: swiglu with 2. */
weir_layout_shape test_shape(int depth, bool gated);

/* Both must succeed; the test fails with the message otherwise. */
weir_layout *test_parse(const char *text);
weir_program *test_compile(const char *text, const weir_layout_shape *shape, bool fuse);

void test_read_file(const char *path, weir_text *out);

/* Calls `each` with the name and text of every built-in layout and of every file in `folder`. */
void test_each_layout(const char *folder, void (*each)(const char *name, const char *text));

/* What every program must satisfy: each value is defined once and before it is read, spaces and
 * widths agree, uses are counted, params are used, names are unique, fused steps are what the
 * kernels can do. */
void test_check_program(const weir_program *program);

/* Runs a program on one number a value, in f32: norms and branches are arbitrary functions of their
 * name and input. The result is a hash of the bits of every value that is not private to fusion. */
uint64_t test_run_program(const weir_program *program);

int test_count_norms(const weir_program *program);

#endif
