/* test_pool_memory.c - the pool's memory is the allocator's, all of it, and comes back whatever
 * fails. The linker puts the __wrap functions in the place of libc's (CMakeLists.txt). */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "weir/parallel.h"

enum { THREADS = 4, PLENTY = 1000 };

static int heap_calls, threads_left = PLENTY;

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes)
{
    heap_calls++;
    return __real_malloc(bytes);
}

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes)
{
    heap_calls++;
    return __real_calloc(count, bytes);
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg)
{
    if (threads_left-- <= 0) return EAGAIN;
    return __real_pthread_create(thread, attr, run, arg);
}

/* Memory that fails after `left` allocations, and knows what is out. */
typedef struct ledger {
    int left, out;
    size_t bytes;
    _Alignas(64) unsigned char memory[4096];
} ledger;

static void *ledger_alloc(void *ctx, size_t bytes, size_t align)
{
    ledger *l = ctx;
    assert_true(bytes > 0 && align > 0 && align <= 64 && (align & (align - 1)) == 0);
    if (l->left-- <= 0) return NULL;
    assert_int_equal(l->out++, 0);
    assert_true(bytes <= sizeof l->memory);
    l->bytes = bytes;
    memset(l->memory, 0xa5, bytes); /* as it may come */
    return l->memory;
}

static void ledger_free(void *ctx, void *p, size_t bytes)
{
    ledger *l = ctx;
    l->out--;
    assert_ptr_equal(p, l->memory);
    assert_int_equal(bytes, l->bytes);
}

static void count_calls(void *arg, int64_t index, int worker)
{
    (void)index;
    ((int *)arg)[worker]++;
}

static void all_memory_is_the_allocators(void **state)
{
    (void)state;
    ledger l = {.left = PLENTY};
    weir_pool *pool;
    int calls[THREADS] = {0}, before = heap_calls;
    weir_allocator allocator = {ledger_alloc, ledger_free, &l};
    assert_int_equal(weir_pool_create_with(THREADS, &allocator, &pool), WEIR_OK);
    allocator = (weir_allocator){0}; /* the pool has its own copy */
    assert_int_equal(l.out, 1);
    const weir_parallel par = weir_pool_parallel(pool);
    par.parallel_for(par.ctx, 100, count_calls, calls);
    assert_int_equal(calls[0] + calls[1] + calls[2] + calls[3], 100);
    weir_pool_destroy(&pool);
    assert_null(pool);
    assert_int_equal(l.out, 0);
    assert_int_equal(heap_calls, before);
}

static void without_an_allocator_it_is_mallocs(void **state)
{
    (void)state;
    weir_pool *pool;
    const int before = heap_calls;
    assert_int_equal(weir_pool_create_with(2, NULL, &pool), WEIR_OK);
    assert_int_equal(heap_calls, before + 1);
    weir_pool_destroy(&pool);
}

/* The n-th allocation fails, for each n until none does; and, of the threads, each. */
static void what_fails_gives_everything_back(void **state)
{
    (void)state;
    int failures = 0;
    weir_pool *pool;
    for (weir_status status = WEIR_E_MEMORY; status != WEIR_OK; failures++) {
        ledger l = {.left = failures};
        pool = (weir_pool *)state;
        status =
            weir_pool_create_with(THREADS, &(weir_allocator){ledger_alloc, ledger_free, &l}, &pool);
        assert_int_equal(status, failures == 0 ? WEIR_E_MEMORY : WEIR_OK);
        assert_int_equal(l.out, status == WEIR_OK);
        if (status != WEIR_OK) assert_null(pool);
        weir_pool_destroy(&pool);
        assert_int_equal(l.out, 0);
    }
    for (int started = 0; started < THREADS - 1; started++) {
        ledger l = {.left = PLENTY};
        pool = (weir_pool *)state;
        threads_left = started;
        weir_status status =
            weir_pool_create_with(THREADS, &(weir_allocator){ledger_alloc, ledger_free, &l}, &pool);
        threads_left = PLENTY;
        assert_int_equal(status, WEIR_E_MEMORY);
        assert_null(pool);
        assert_int_equal(l.out, 0);
    }
}

static void half_an_allocator_is_refused(void **state)
{
    (void)state;
    ledger l = {.left = PLENTY};
    weir_pool *pool = (weir_pool *)state;
    const weir_allocator whole = {ledger_alloc, ledger_free, &l};
    assert_int_equal(weir_pool_create_with(1, &(weir_allocator){.free = ledger_free}, &pool),
                     WEIR_E_NULL);
    assert_null(pool);
    assert_int_equal(weir_pool_create_with(1, &(weir_allocator){.alloc = ledger_alloc}, &pool),
                     WEIR_E_NULL);
    assert_int_equal(weir_pool_create_with(1, &whole, NULL), WEIR_E_NULL);
    assert_int_equal(weir_pool_create_with(0, &whole, &pool), WEIR_E_VALUE);
    assert_int_equal(l.left, PLENTY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_memory_is_the_allocators),
        cmocka_unit_test(without_an_allocator_it_is_mallocs),
        cmocka_unit_test(what_fails_gives_everything_back),
        cmocka_unit_test(half_an_allocator_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
