/* test_openmp.c - openmp.h calls each index once and gives no two running calls one worker, with
 * OpenMP and, where this file is compiled without it, serially. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "weir/openmp.h"

enum { COUNT = 1000, WORKERS_MAX = 8 };

typedef struct record {
    atomic_int calls[COUNT], running[WORKERS_MAX], clashes;
    int workers;
} record;

static void note(void *arg, int64_t index, int worker)
{
    record *r = arg;
    if (worker < 0 || worker >= r->workers || atomic_fetch_add(&r->running[worker], 1) != 0) {
        atomic_fetch_add(&r->clashes, 1);
        return;
    }
    atomic_fetch_add(&r->calls[index], 1);
    atomic_fetch_sub(&r->running[worker], 1);
}

static void each_index_is_called_once(void **state)
{
    (void)state;
    for (int workers = 1; workers <= WORKERS_MAX; workers++) {
        const weir_parallel par = weir_openmp_parallel(workers);
        for (int64_t count = 0; count <= COUNT; count = count < 10 ? count + 1 : count * 10) {
            record r = {.workers = par.workers};
            par.parallel_for(par.ctx, count, note, &r);
            assert_int_equal(r.clashes, 0);
            for (int i = 0; i < COUNT; i++) assert_int_equal(r.calls[i], i < count);
        }
    }
}

static void the_number_of_workers_is_what_was_asked_for(void **state)
{
    (void)state;
#ifdef _OPENMP
    assert_int_equal(weir_openmp_parallel(3).workers, 3);
    assert_int_equal(weir_openmp_parallel(0).workers, omp_get_max_threads());
    assert_int_equal(weir_openmp_parallel(-1).workers, omp_get_max_threads());
#else
    assert_int_equal(weir_openmp_parallel(3).workers, 1);
    assert_int_equal(weir_openmp_parallel(0).workers, 1);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_index_is_called_once),
        cmocka_unit_test(the_number_of_workers_is_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
