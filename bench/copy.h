/* copy.h - loops with the reads and writes of a norm and none of its arithmetic: the limit it is
 * measured by. */
#ifndef WEIR_BENCH_COPY_H
#define WEIR_BENCH_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include "simd/isa.h"

enum { COPY_AHEAD_BYTES = 8192 };

/* One or two inputs of n elements, one or two outputs (not one input and two outputs). */
typedef struct copy_job {
    const float *in[2];
    float *out[2];
    int inputs, outputs;
    size_t n;
} copy_job;

typedef void copy_loop_fn(const copy_job *job);

#define COPY_LOOPS(suffix) copy_loop_fn copy_plain_##suffix, copy_stream_##suffix;
COPY_LOOPS(scalar)
#if WEIR_HAVE_X86
COPY_LOOPS(avx2)
COPY_LOOPS(avx512)
#endif
#if WEIR_HAVE_NEON
COPY_LOOPS(neon)
#endif

#endif
