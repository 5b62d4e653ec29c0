/* norm_check.h - turns the caller's operands into a kernel's job, or says what is wrong with them.
 * Floor 2. */
#ifndef WEIR_OPS_NORM_CHECK_H
#define WEIR_OPS_NORM_CHECK_H

#include "ops/kernels.h"

/* The sizes of a norm, with what was left at 0 filled in. */
typedef struct weir_norm_shape {
    const weir_op_row *op;
    int64_t rows, dim, groups, width; /* width: of a group */
    int64_t gamma_dim;
} weir_norm_shape;

/* The operator and the sizes; all that is looked at when there are no rows. */
weir_status weir_check_norm(const weir_norm *norm, int64_t rows, weir_norm_shape *shape,
                            weir_error *err);

/* The rest of the contract of weir_norm_forward, weir_norm_measure (out given), weir_norm_backward,
 * weir_norm_backward_measure (out given). Fills *job, for the first group, on success, except for
 * `fetch` and `stream`. weir_check_norm must have passed, and rows >= 1. */
weir_status weir_check_forward(const weir_norm *norm, const weir_norm_fwd *args, weir_moments *out,
                               const weir_norm_shape *shape, weir_fwd_job *job);
weir_status weir_check_backward(const weir_norm *norm, const weir_norm_bwd *args,
                                weir_back_moments *out, const weir_norm_shape *shape,
                                weir_bwd_job *job);

#endif
