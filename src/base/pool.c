/* pool.c - a fixed set of threads that take indices from one counter. */
#include "weir/parallel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

typedef struct worker {
    weir_pool *pool;
    int number;
    pthread_t thread;
} worker;

struct weir_pool {
    weir_allocator memory;
    size_t bytes; /* of this pool, as memory.alloc gave it */
    int threads;
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    uint64_t round; /* of parallel_for; a thread works once a round */
    int busy, quit;
    weir_task task;
    void *arg;
    int64_t count;
    atomic_llong next;
    worker workers[];
};

static void take_indices(weir_pool *pool, int number)
{
    for (;;) {
        long long i = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (i >= pool->count) return;
        pool->task(pool->arg, (int64_t)i, number);
    }
}

static void *worker_main(void *arg)
{
    worker *w = arg;
    weir_pool *pool = w->pool;
    uint64_t seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->round == seen && !pool->quit) pthread_cond_wait(&pool->work, &pool->lock);
        if (pool->quit) break;
        seen = pool->round;
        pthread_mutex_unlock(&pool->lock);
        take_indices(pool, w->number);
        pthread_mutex_lock(&pool->lock);
        if (--pool->busy == 0) pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void pool_for(void *ctx, int64_t count, weir_task task, void *arg)
{
    weir_pool *pool = ctx;
    if (pool->threads == 1 || count <= 1) {
        for (int64_t i = 0; i < count; i++) task(arg, i, 0);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->task = task;
    pool->arg = arg;
    pool->count = count;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    pool->busy = pool->threads - 1;
    pool->round++;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    take_indices(pool, 0);
    pthread_mutex_lock(&pool->lock);
    while (pool->busy) pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
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
        *w = (worker){.pool = pool, .number = i};
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
    pthread_mutex_lock(&pool->lock);
    pool->quit = 1;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
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
