/* test_pool.c - the pool calls each index once, gives no two running calls one worker, and ends in
 * any state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "weir/parallel.h"

enum { COUNT = 1000, THREADS_MAX = 8 };

typedef struct record {
    atomic_int calls[COUNT];
    atomic_int running[THREADS_MAX]; /* by worker */
    atomic_int clashes;
    int workers;
    int64_t sum[THREADS_MAX]; /* by worker, not atomic: the sanitizer sees two workers with one
                                 number */
} record;

static void note(void *arg, int64_t index, int worker)
{
    record *r = arg;
    if (worker < 0 || worker >= r->workers || atomic_fetch_add(&r->running[worker], 1) != 0) {
        atomic_fetch_add(&r->clashes, 1);
        return;
    }
    atomic_fetch_add(&r->calls[index], 1);
    r->sum[worker] += index;
    atomic_fetch_sub(&r->running[worker], 1);
}

static void each_index_is_called_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= THREADS_MAX; threads++) {
        weir_pool *pool;
        assert_int_equal(weir_pool_create(threads, &pool), WEIR_OK);
        weir_parallel par = weir_pool_parallel(pool);
        assert_int_equal(par.workers, threads);
        for (int64_t count = 0; count <= COUNT; count = count < 10 ? count + 1 : count * 10) {
            record r = {.workers = threads};
            par.parallel_for(par.ctx, count, note, &r);
            int64_t sum = 0;
            for (int i = 0; i < threads; i++) sum += r.sum[i];
            assert_int_equal(r.clashes, 0);
            assert_int_equal(sum, count * (count - 1) / 2);
            for (int i = 0; i < COUNT; i++) assert_int_equal(r.calls[i], i < count);
        }
        weir_pool_destroy(&pool);
        assert_null(pool);
    }
}

static void a_pool_that_never_worked_ends(void **state)
{
    (void)state;
    weir_pool *pool;
    assert_int_equal(weir_pool_create(4, &pool), WEIR_OK);
    weir_pool_destroy(&pool);
    weir_pool_destroy(&pool);
    weir_pool_destroy(NULL);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    weir_pool *pool = (weir_pool *)state;
    assert_int_equal(weir_pool_create(1, NULL), WEIR_E_NULL);
    assert_int_equal(weir_pool_create(0, &pool), WEIR_E_VALUE);
    assert_null(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_index_is_called_once),
        cmocka_unit_test(a_pool_that_never_worked_ends),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
