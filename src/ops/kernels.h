/* kernels.h - the operators and their kernels, as their rows in ops.def and kernels.def declare
 * them. Floor 2.
 *
 * A kernel works on some rows of a job. norm_check.c has checked everything by then: kernels return
 * nothing and check nothing. A job knows no groups: `dim` is the width of one, and the pointers are
 * at its first column. Strides are in elements. Absent operands are NULL.
 */
#ifndef WEIR_OPS_KERNELS_H
#define WEIR_OPS_KERNELS_H

#include <stdbool.h>
#include <stdint.h>
#include "simd/isa.h"
#include "weir/norm.h"

/* Rows of this many are one block of the column sums. */
enum { WEIR_ROW_BLOCK = 32 };

/* Rows of this many go together, through forward and through backward. */
enum { WEIR_ROW_GROUP = 4 };

/* The sums over rows that backward can be asked for; each has an element a column. */
typedef enum weir_column_sum {
    WEIR_SUM_GAMMA, /* dy * xhat */
    WEIR_SUM_BETA,  /* dy */
    WEIR_SUM_SCALE, /* g * slope * s */
    WEIR_SUM_SHIFT, /* g * slope */
    WEIR_COLUMN_SUMS
} weir_column_sum;

/* How rstd comes from sum(s^2) (less the mean's share): 1 / sqrt(sum / count + eps), or 1 /
 * max(sqrt(sum), eps). */
typedef enum weir_rstd_rule { WEIR_RSTD_MEAN, WEIR_RSTD_CLAMP } weir_rstd_rule;

typedef struct weir_fwd_job {
    int64_t dim;
    int64_t measured; /* the first so many columns are measured; 0: none, statistics are given */
    weir_rstd_rule rule;
    double eps;
    float alpha, gamma_offset, scale, shift;
    weir_rounding rounding;
    const void *x, *residual;
    weir_dtype x_type, residual_type;
    int64_t ldx, ldr;
    const void *gamma, *beta;
    weir_dtype gamma_type, beta_type;
    bool scalar_gamma; /* gamma and beta have one element */
    void *y, *sum;
    weir_dtype y_type, sum_type;
    int64_t ldy, lds;
    float *mean, *mean_lo, *rstd;
    const weir_moments *moments; /* given statistics */
    weir_moments *found;         /* measure only, and put the statistics here: mixed kernels */
    int64_t ld_stats;            /* from the statistics of one row to those of the next */
    float *y_scale;
    float scale_min, scale_max;
    bool close;  /* all is in the second-level cache, or will be */
    bool fetch;  /* what is read is not near: prefetch it */
    bool stream; /* y and sum go past the caches; their rows are then 64-byte aligned */
} weir_fwd_job;

typedef struct weir_bwd_job {
    int64_t dim;
    int64_t measured;
    weir_rstd_rule rule;
    double eps;
    float alpha, gamma_offset, scale, shift;
    const void *dy, *x, *dsum, *gamma;
    weir_dtype dy_type, x_type, dsum_type, gamma_type;
    bool scalar_gamma;
    int64_t lddy, ldx, ldds;
    const float *mean, *mean_lo, *rstd;
    const weir_back_moments *moments; /* given sums */
    weir_back_moments *found;         /* sum only, and put the sums here: mixed kernels */
    int64_t ld_stats;
    void *dx, *dresidual;
    weir_dtype dx_type, dresidual_type;
    int64_t lddx, lddr;
    bool fetch, stream; /* stream: dx and dresidual */
} weir_bwd_job;

/* Rows first..end-1. */
typedef void weir_fwd_kernel(const weir_fwd_job *job, int64_t first, int64_t end);

/* Rows first..end-1. Their column sums are added to sums[k], where given. */
typedef void weir_bwd_kernel(const weir_bwd_job *job, int64_t first, int64_t end,
                             float *const sums[WEIR_COLUMN_SUMS]);

/* Kernels by the types of their matrices: all of one type, or any. */
typedef enum weir_type_class {
    WEIR_ALL_F32,
    WEIR_ALL_BF16,
    WEIR_ALL_F16,
    WEIR_MIXED,
    WEIR_TYPE_CLASSES
} weir_type_class;

#define WEIR_KERNEL(op, isa, name, suffix)                                                         \
    weir_fwd_kernel weir_k_##name##_fwd_f32_##suffix, weir_k_##name##_fwd_bf16_##suffix,           \
        weir_k_##name##_fwd_f16_##suffix, weir_k_##name##_fwd_mixed_##suffix;                      \
    weir_bwd_kernel weir_k_##name##_bwd_f32_##suffix, weir_k_##name##_bwd_bf16_##suffix,           \
        weir_k_##name##_bwd_f16_##suffix, weir_k_##name##_bwd_mixed_##suffix;
#define WEIR_BF16_KERNEL(op, isa, name, suffix, other)                                             \
    weir_fwd_kernel weir_k_##name##_fwd_bf16_##suffix;                                             \
    weir_bwd_kernel weir_k_##name##_bwd_bf16_##suffix;
#include "ops/kernels.def"
#undef WEIR_KERNEL
#undef WEIR_BF16_KERNEL

typedef struct weir_op_row {
    weir_norm_op op;
    const char *name;
    bool centred;               /* subtracts the mean, and so has mean and mean_lo */
    bool beta;                  /* has a beta */
    bool measures;              /* has statistics: eps, rstd, moments */
    bool partial, scale, shift; /* has these parameters */
    weir_rstd_rule rule;
    int max_ulp; /* of an element of y: the Accuracy contract of norm.h */
} weir_op_row;

typedef struct weir_kernel_row {
    weir_fwd_kernel *forward[WEIR_TYPE_CLASSES];
    weir_bwd_kernel *backward[WEIR_TYPE_CLASSES];
} weir_kernel_row;

/* Of an element, in bytes; 0 for what is no type. */
int64_t weir_dtype_size(weir_dtype type);

/* How many operators there are; they are numbered from 1. */
enum {
#define WEIR_OP(...) +1
    WEIR_OP_COUNT = 0
#include "ops/ops.def"
#undef WEIR_OP
};

/* The rows of ops.def. */
const weir_op_row *weir_op_rows(int *count);

/* The row of an operator; NULL when there is none. */
const weir_op_row *weir_op_find(weir_norm_op op);

/* The row of a known operator for exactly this set; NULL when there is none. */
const weir_kernel_row *weir_kernel_at(weir_norm_op op, weir_isa isa);

/* The row of a known operator for the best set that is not above `isa`. */
const weir_kernel_row *weir_kernel_find(weir_norm_op op, weir_isa isa);

#endif
