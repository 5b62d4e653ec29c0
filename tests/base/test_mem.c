/* test_mem.c - memory is aligned and zeroed, sizes that overflow and a refusing hook give NULL, and
 * nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

static void assert_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) assert_int_equal(p[i], 0);
}

static void memory_is_aligned_and_zero(void **state)
{
    (void)state;
    for (size_t n = 0; n < 300; n += 7) {
        char *p = weir_alloc(n, 3);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        assert_zero(p, 3 * n);
        if (n) memset(p, 0xff, 3 * n);
        weir_free(p);
    }
    weir_free(NULL);
}

static void sizes_that_overflow_give_null(void **state)
{
    (void)state;
    assert_null(weir_alloc(SIZE_MAX, 2));
    assert_null(weir_alloc(SIZE_MAX / 2 + 1, 2));
    assert_null(weir_alloc(SIZE_MAX, 1));
    void *none = weir_alloc(SIZE_MAX, 0);
    assert_non_null(none);
    weir_free(none);
}

/* The system itself would promise so much, and end the program that uses it. */
static void more_than_is_available_gives_null(void **state)
{
    (void)state;
    size_t all = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    assert_null(weir_alloc(all - (4 << 20), 1));
    void *large = weir_alloc(16 << 20, 1);
    assert_non_null(large);
    assert_zero((char *)large + (16 << 20) - 64, 64);
    weir_free(large);
}

static void realloc_keeps_and_clears(void **state)
{
    (void)state;
    char *p = weir_realloc(NULL, 0, 10);
    assert_non_null(p);
    assert_zero(p, 10);
    memcpy(p, "0123456789", 10);
    p = weir_realloc(p, 10, 1000);
    assert_memory_equal(p, "0123456789", 10);
    assert_zero(p + 10, 990);
    p = weir_realloc(p, 1000, 4);
    assert_memory_equal(p, "0123", 4);
    weir_free(p);
}

static void copies_of_strings(void **state)
{
    (void)state;
    char *whole = weir_strdup("weir"), *part = weir_strndup("weir", 2),
         *more = weir_strndup("weir", 99);
    assert_string_equal(whole, "weir");
    assert_string_equal(part, "we");
    assert_string_equal(more, "weir");
    weir_free(whole);
    weir_free(part);
    weir_free(more);
}

static int refuse_all(size_t bytes)
{
    (void)bytes;
    return 0;
}

static void a_hook_can_refuse(void **state)
{
    (void)state;
    char *p = weir_strdup("kept");
    weir_alloc_hook = refuse_all;
    assert_null(weir_alloc(1, 1));
    assert_null(weir_strdup("x"));
    assert_null(weir_realloc(p, 5, 50));
    weir_alloc_hook = NULL;
    assert_string_equal(p, "kept");
    weir_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_zero),
        cmocka_unit_test(sizes_that_overflow_give_null),
        cmocka_unit_test(more_than_is_available_gives_null),
        cmocka_unit_test(realloc_keeps_and_clears),
        cmocka_unit_test(copies_of_strings),
        cmocka_unit_test(a_hook_can_refuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
