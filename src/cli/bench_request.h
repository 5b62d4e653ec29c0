/* bench_request.h - what `weir bench` was asked to measure. Floor 6. */
#ifndef WEIR_CLI_BENCH_REQUEST_H
#define WEIR_CLI_BENCH_REQUEST_H

#include "cli/cli.h"
#include "lab/bench.h"
#include "ops/kernels.h"

enum {
    BENCH_SHAPES_MAX = 64,
    BENCH_THREADS_MAX = 16,
    BENCH_CASES_MAX = WEIR_OP_COUNT * WEIR_BENCH_TYPES * WEIR_BENCH_PASSES,
    BENCH_SIZE_MAX = 1000000000 /* of rows, of a row */
};

typedef struct bench_shape {
    int64_t rows, dim;
} bench_shape;

typedef struct bench_request {
    weir_bench_case what[BENCH_CASES_MAX]; /* what exists of what was asked for */
    weir_isa isa[WEIR_ISA_COUNT];
    bench_shape shape[BENCH_SHAPES_MAX];
    int threads[BENCH_THREADS_MAX];
    int cases, isas, shapes, thread_counts, rounds;
} bench_request;

/* What the options name, each once; what they leave out is the default. Nothing wrong is left: an
 * error names the option, and what would be right. */
weir_status bench_request_read(const options *o, bench_request *r, weir_error *err);

#endif
