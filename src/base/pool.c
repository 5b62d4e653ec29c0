/* pool.c - a fixed set of threads, each of which takes the indices of its own share, and then helps the
 * others with theirs. The shares of a count are always the same, so that what a core has in its cache
 * from one call is there for the next.
 *
 * A call of a kernel takes microseconds, and to wake a thread that sleeps takes as long. So whoever
 * waits, the workers for work and the caller for them, watches for a while before it sleeps. Each
 * says that it sleeps before it looks for the last time, and whoever has news for it tells the news
 * before it looks for sleepers: so one of the two sees the other.
 */
#include "weir/parallel.h"

#ifndef WEIR_NO_POOL
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

typedef struct worker {
    weir_pool *pool;
    int number;
    pthread_t thread;
    long long end; /* of its share */
    atomic_llong next;
    char apart[64]; /* from the next worker's, which other threads write */
} worker;

struct weir_pool {
    weir_allocator memory;
    size_t bytes; /* of this pool, as memory.alloc gave it */
    int threads;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    atomic_ullong round;        /* of parallel_for; a thread works once a round */
    atomic_int busy;            /* workers that have not finished the round */
    atomic_int asleep, waiting; /* workers, and whether the caller does */
    atomic_bool quit;
    weir_task task;
    void *arg;
    worker workers[];
};

/* How often to look before going to sleep: some tens of microseconds. */
enum { LOOKS = 1000 };

static void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void take_indices(weir_pool *pool, int number)
{
    for (int k = 0; k < pool->threads; k++) {
        worker *of = &pool->workers[(number + k) % pool->threads];
        long long i;
        while ((i = atomic_fetch_add_explicit(&of->next, 1, memory_order_relaxed)) < of->end)
            pool->task(pool->arg, (int64_t)i, number);
    }
}

static bool has_news(weir_pool *pool, unsigned long long seen)
{
    return atomic_load(&pool->round) != seen || atomic_load(&pool->quit);
}

static void await_round(weir_pool *pool, unsigned long long seen)
{
    for (int i = 0; i < LOOKS; i++) {
        if (has_news(pool, seen)) return;
        pause_briefly();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->asleep, 1);
    while (!has_news(pool, seen)) pthread_cond_wait(&pool->work, &pool->lock);
    atomic_fetch_sub(&pool->asleep, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void wake(weir_pool *pool, pthread_cond_t *sleepers)
{
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(sleepers);
    pthread_mutex_unlock(&pool->lock);
}

static void *worker_main(void *arg)
{
    worker *w = arg;
    weir_pool *pool = w->pool;
    for (unsigned long long seen = 0;; seen++) {
        await_round(pool, seen);
        if (atomic_load(&pool->quit)) return NULL;
        take_indices(pool, w->number);
        if (atomic_fetch_sub(&pool->busy, 1) == 1 && atomic_load(&pool->waiting))
            wake(pool, &pool->done);
    }
}

static void await_workers(weir_pool *pool)
{
    for (int i = 0; i < LOOKS; i++) {
        if (!atomic_load(&pool->busy)) return;
        pause_briefly();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->waiting, 1);
    while (atomic_load(&pool->busy)) pthread_cond_wait(&pool->done, &pool->lock);
    atomic_store(&pool->waiting, 0);
    pthread_mutex_unlock(&pool->lock);
}

static void pool_for(void *ctx, int64_t count, weir_task task, void *arg)
{
    weir_pool *pool = ctx;
    if (pool->threads == 1 || count <= 1) {
        for (int64_t i = 0; i < count; i++) task(arg, i, 0);
        return;
    }
    pool->task = task;
    pool->arg = arg;
    int64_t first = 0;
    for (int i = 0; i < pool->threads; i++) {
        worker *w = &pool->workers[i];
        atomic_store(&w->next, first);
        w->end = first += count / pool->threads + (i < count % pool->threads);
    }
    atomic_store(&pool->busy, pool->threads - 1);
    atomic_fetch_add(&pool->round, 1);
    if (atomic_load(&pool->asleep)) wake(pool, &pool->work);
    take_indices(pool, 0);
    await_workers(pool);
}

static void *malloc_alloc(void *ctx, size_t bytes, size_t align)
{
    (void)ctx;
    (void)align; /* malloc's serves every type */
    return malloc(bytes);
}

static void malloc_free(void *ctx, void *p, size_t bytes)
{
    (void)ctx;
    (void)bytes;
    free(p);
}

static const weir_allocator malloc_memory = {malloc_alloc, malloc_free, NULL};

weir_status weir_pool_create(int threads, weir_pool **out)
{
    return weir_pool_create_with(threads, NULL, out);
}

weir_status weir_pool_create_with(int threads, const weir_allocator *allocator, weir_pool **out)
{
    if (!out) return WEIR_E_NULL;
    *out = NULL;
    if (threads < 1) return WEIR_E_VALUE;
    const weir_allocator memory = allocator ? *allocator : malloc_memory;
    if (!memory.alloc || !memory.free) return WEIR_E_NULL;
    const size_t bytes = sizeof(weir_pool) + (size_t)threads * sizeof(worker);
    weir_pool *pool = memory.alloc(memory.ctx, bytes, _Alignof(weir_pool));
    if (!pool) return WEIR_E_MEMORY;
    memset(pool, 0, bytes);
    pool->memory = memory;
    pool->bytes = bytes;
    pool->threads = 1;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (int i = 1; i < threads; i++) {
        worker *w = &pool->workers[i];
        w->pool = pool;
        w->number = i;
        if (pthread_create(&w->thread, NULL, worker_main, w) != 0) {
            weir_pool_destroy(&pool);
            return WEIR_E_MEMORY;
        }
        pool->threads = i + 1;
    }
    *out = pool;
    return WEIR_OK;
}

void weir_pool_destroy(weir_pool **handle)
{
    if (!handle || !*handle) return;
    weir_pool *pool = *handle;
    atomic_store(&pool->quit, true);
    wake(pool, &pool->work);
    for (int i = 1; i < pool->threads; i++) pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    pool->memory.free(pool->memory.ctx, pool, pool->bytes);
    *handle = NULL;
}

weir_parallel weir_pool_parallel(weir_pool *pool)
{
    return (weir_parallel){.parallel_for = pool_for, .ctx = pool, .workers = pool->threads};
}
#endif
