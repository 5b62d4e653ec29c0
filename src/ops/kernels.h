/* kernels.h - the operators and their kernels, as their rows in ops.def and kernels.def declare
 * them. Floor 2.
 *
 * A kernel works on some rows of a job. norm.c has checked everything by then, once: kernels return
 * nothing and check nothing. Strides are in elements. Absent operands are NULL.
 */
#ifndef WEIR_OPS_KERNELS_H
#define WEIR_OPS_KERNELS_H

#include <stdbool.h>
#include <stdint.h>
#include "simd/isa.h"
#include "weir/norm.h"

/* Rows of this many are one block of the column sums, and one piece of work for a thread. */
enum { WEIR_ROW_BLOCK = 32 };

/* Rows of this many go together through backward. */
enum { WEIR_ROW_GROUP = 4 };

typedef struct weir_fwd_job {
    int64_t dim;
    double eps;
    float alpha, gamma_offset;
    const float *x, *residual, *gamma, *beta;
    int64_t ldx, ldr;
    float *y, *sum;
    int64_t ldy, lds;
    float *mean, *mean_lo, *rstd;
    intptr_t ahead; /* bytes from what is read to what is prefetched; 0: nothing to fetch */
    bool stream;    /* y and sum go past the caches; their rows are then 64-byte aligned */
} weir_fwd_job;

typedef struct weir_bwd_job {
    int64_t dim;
    float alpha, gamma_offset;
    const float *dy, *x, *dsum, *gamma;
    int64_t lddy, ldx, ldds;
    const float *mean, *mean_lo, *rstd;
    float *dx, *dresidual;
    int64_t lddx, lddr;
    intptr_t ahead;
    bool stream; /* dx goes past the caches */
} weir_bwd_job;

/* Rows first..end-1. */
typedef void weir_fwd_kernel(const weir_fwd_job *job, int64_t first, int64_t end);

/* Rows first..end-1, at most WEIR_ROW_BLOCK of them. Their column sums are added to dgamma and
 * dbeta, where given. */
typedef void weir_bwd_kernel(const weir_bwd_job *job, int64_t first, int64_t end, float *dgamma,
                             float *dbeta);

#define WEIR_KERNEL(op, isa, name, suffix)                                                         \
    weir_fwd_kernel weir_k_##name##_fwd_f32_##suffix;                                              \
    weir_bwd_kernel weir_k_##name##_bwd_f32_##suffix;
#include "ops/kernels.def"
#undef WEIR_KERNEL

typedef struct weir_op_row {
    weir_norm_op op;
    const char *name;
    bool centred; /* subtracts the mean, and so has beta, mean and mean_lo */
    int max_ulp;  /* of an element of y: the Accuracy contract of norm.h */
} weir_op_row;

typedef struct weir_kernel_row {
    weir_fwd_kernel *forward;
    weir_bwd_kernel *backward;
} weir_kernel_row;

/* The rows of ops.def. */
const weir_op_row *weir_op_rows(int *count);

/* The row of an operator; NULL when there is none. */
const weir_op_row *weir_op_find(weir_norm_op op);

/* The row of a known operator for exactly this set; NULL when there is none. */
const weir_kernel_row *weir_kernel_at(weir_norm_op op, weir_isa isa);

/* The row of a known operator for the best set that is not above `isa`. */
const weir_kernel_row *weir_kernel_find(weir_norm_op op, weir_isa isa);

#endif
