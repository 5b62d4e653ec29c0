/* norm_check.h - turns the caller's operands into a kernel's job, or says what is wrong with them.
 * Floor 2. */
#ifndef WEIR_OPS_NORM_CHECK_H
#define WEIR_OPS_NORM_CHECK_H

#include "ops/kernels.h"

/* The operator and the number of rows; all that is looked at when there are no rows. */
weir_status weir_check_norm(const weir_norm *norm, int64_t rows);

/* The rest of the contract of weir_norm_forward, weir_norm_backward. Fills *job on success, except
 * for `ahead` and `stream`. weir_check_norm must have passed, and rows >= 1. */
weir_status weir_check_forward(const weir_norm *norm, const weir_norm_fwd *args, weir_fwd_job *job);
weir_status weir_check_backward(const weir_norm *norm, const weir_norm_bwd *args,
                                weir_bwd_job *job);

#endif
