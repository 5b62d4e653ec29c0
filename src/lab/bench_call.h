/* bench_call.h - the buffers of a benchmark, and calls of norms on them. Floor 5. */
#ifndef WEIR_LAB_BENCH_CALL_H
#define WEIR_LAB_BENCH_CALL_H

#include <stddef.h>

#include "lab/bench.h"

enum { WEIR_BENCH_IN = 3, WEIR_BENCH_OUT = 2 };

/* Memory for every operator and pass of one shape. Matrices begin on 64 bytes, at different places
 * of their pages, and have room to the end of the last block of a copy. Inputs are rows of numbers
 * near 1 and -1 whether they are read as f32, bf16 or f16. */
typedef struct weir_bench_buffers {
    int64_t rows, dim;
    void *in[WEIR_BENCH_IN];   /* x; residual or dy; dsum */
    void *out[WEIR_BENCH_OUT]; /* y or dx; sum or dresidual */
    float *gamma, *beta, *dgamma, *dbeta, *dscale, *dshift;
    float *mean, *mean_lo, *rstd, *y_scale;
    void *workspace;
    size_t workspace_bytes;
    void *block[WEIR_BENCH_IN + WEIR_BENCH_OUT + 2]; /* what is freed */
    int blocks;
} weir_bench_buffers;

/* What these cases need. Errors: WEIR_E_MEMORY. */
weir_status weir_bench_buffers_init(weir_bench_buffers *b, const weir_bench_case *what, int cases,
                                    int64_t rows, int64_t dim, weir_error *err);
void weir_bench_buffers_deinit(weir_bench_buffers *b);

/* Bytes of an element of the inputs, and of the first output. */
int weir_bench_in_bytes(weir_bench_type type);
int weir_bench_out_bytes(weir_bench_type type);

/* Blocks of a copy that hold so many elements of so many bytes; the last may be partly full. */
int64_t weir_bench_blocks(int64_t rows, int64_t dim, int element);

/* Blocks of such a copy that a thread takes at once: what the rows of a task of the forward take, so
 * that a copy pays as often as a norm for handing out work. */
int64_t weir_bench_piece(int64_t rows, int64_t dim, int element, int threads);

/* A call, ready to be made again and again. */
typedef struct weir_bench_call {
    weir_norm norm;
    weir_norm_fwd forward;
    weir_norm_bwd backward;
    bool is_backward;
} weir_bench_call;

weir_bench_call weir_bench_call_make(const weir_bench_case *c, const weir_bench_buffers *b);

static inline weir_status weir_bench_call_run(const weir_bench_call *call, const weir_parallel *par)
{
    return call->is_backward ? weir_norm_backward(&call->norm, &call->backward, par)
                             : weir_norm_forward(&call->norm, &call->forward, par);
}

#endif
