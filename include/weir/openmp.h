/* openmp.h - the threads of OpenMP for a kernel call:
 *
 *   weir_parallel par = weir_openmp_parallel(0);
 *   status = weir_norm_forward(&norm, &args, &par);
 *
 * All of it is compiled into the caller, so libweir never links OpenMP; weir/weir.h leaves it out.
 * In a file compiled without -fopenmp the work is done by the calling thread.
 */
#ifndef WEIR_OPENMP_H
#define WEIR_OPENMP_H

#include <stdint.h>
#include "weir/parallel.h"

#ifdef _OPENMP
#include <omp.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The parallel_for of weir_openmp_parallel. ctx is the number of workers itself: nothing has to
 * outlive the call. */
static inline void weir_openmp_for(void *ctx, int64_t count, weir_task task, void *arg)
{
#ifdef _OPENMP
    const int workers = (int)(intptr_t)ctx;
#pragma omp parallel for num_threads(workers) schedule(static)
    for (int64_t i = 0; i < count; i++) task(arg, i, omp_get_thread_num());
#else
    (void)ctx;
    for (int64_t i = 0; i < count; i++) task(arg, i, 0);
#endif
}

/* At most `workers` threads of OpenMP; 0, or less: omp_get_max_threads() of them. Within a parallel
 * region OpenMP decides whether there are any but the calling one.
 * Threads: reentrant; the result may be used by several threads at once, and copied. */
static inline weir_parallel weir_openmp_parallel(int workers)
{
    weir_parallel par;
#ifdef _OPENMP
    par.workers = workers > 0 ? workers : omp_get_max_threads();
#else
    (void)workers;
    par.workers = 1;
#endif
    par.ctx = (void *)(intptr_t)par.workers;
    par.parallel_for = weir_openmp_for;
    return par;
}

#ifdef __cplusplus
}
#endif
#endif
