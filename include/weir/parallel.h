/* parallel.h - the caller owns the threads.
 *
 * A kernel that can use several threads takes a const weir_parallel *; NULL means serial. The
 * results have the same bits whatever is passed: no sum depends on how the work is cut.
 */
#ifndef WEIR_PARALLEL_H
#define WEIR_PARALLEL_H

#include <stdint.h>
#include "weir/allocator.h"
#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One piece of work: number `index` of `count`, run on worker `worker` (0 <= worker < workers). */
typedef void (*weir_task)(void *arg, int64_t index, int worker);

/* parallel_for(ctx, count, task, arg) calls task once for each index in 0..count-1, in any order,
 * on any threads, and returns when all calls have returned. No two calls that run at the same time
 * get the same worker number. */
typedef struct weir_parallel {
    void (*parallel_for)(void *ctx, int64_t count, weir_task task, void *arg);
    void *ctx;
    int workers; /* at most this many calls run at once; >= 1 */
} weir_parallel;

#ifndef WEIR_NO_POOL
/* weir's own pool: a fixed set of threads. Between calls they watch for work for some tens of
 * microseconds, then sleep. */
typedef struct weir_pool weir_pool;

/* Starts threads - 1 threads (the caller is the remaining worker).
 * Memory: one malloc. Owner: the caller, who ends it with weir_pool_destroy; on failure *pool is
 *         NULL.
 * Errors: WEIR_E_NULL if pool is NULL; WEIR_E_VALUE if threads < 1; WEIR_E_MEMORY if memory is out
 *         or a thread cannot be started. */
WEIR_API weir_status weir_pool_create(int threads, weir_pool **pool);

/* The same, with memory from the allocator; NULL means malloc.
 * Memory: one alloc, which weir_pool_destroy, or a failure here, gives back. The stacks of the
 *         threads are the system's.
 * Owner:  as above. *allocator is copied; its functions and ctx must live as long as the pool.
 * Errors: as above; WEIR_E_NULL also if a function of the allocator is NULL. */
WEIR_API weir_status weir_pool_create_with(int threads, const weir_allocator *allocator,
                                           weir_pool **pool);

/* Joins the threads, frees, and sets *pool to NULL. Accepts NULL and a pointer to NULL. No
 * parallel_for of the pool may be running. */
WEIR_API void weir_pool_destroy(weir_pool **pool);

/* A view of the pool for a kernel call. pool must not be NULL. Valid while the pool lives. One
 * parallel_for at a time: neither from two threads nor from within a task. */
WEIR_API weir_parallel weir_pool_parallel(weir_pool *pool);
#endif

#ifdef __cplusplus
}
#endif
#endif
