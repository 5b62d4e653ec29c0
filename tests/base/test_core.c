/* test_core.c - a thread that is held on a core may use one, and afterwards as many as before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/core.h"

static void held_on_one(void **state)
{
    (void)state;
    const int before = weir_core_count();
    assert_true(before >= 1);
    const weir_core core = weir_core_hold();
    assert_int_equal(weir_core_count(), core.held ? 1 : before);
    weir_core_release(&core);
    assert_int_equal(weir_core_count(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(held_on_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
