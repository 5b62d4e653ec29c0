/* rmsnorm_body.h - the kernels of rmsnorm: the norm body without a mean. Maths: rmsnorm.md. */
#include "ops/norm_forward_body.h"
#include "ops/norm_backward_body.h"

void WEIR_KERNEL_NAME(rmsnorm_fwd_bf16)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    forward_of_type(job, first, end, WEIR_BF16, false);
}

void WEIR_KERNEL_NAME(rmsnorm_bwd_bf16)(const weir_bwd_job *job, int64_t first, int64_t end,
                                        float *const sums[WEIR_COLUMN_SUMS])
{
    backward_of_type(job, first, end, sums, WEIR_BF16, false);
}

#ifndef WEIR_BF16_ALONE /* by a set that is no other for the other types */
void WEIR_KERNEL_NAME(rmsnorm_fwd_f32)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    forward_of_type(job, first, end, WEIR_F32, false);
}

void WEIR_KERNEL_NAME(rmsnorm_fwd_f16)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    forward_of_type(job, first, end, WEIR_F16, false);
}

void WEIR_KERNEL_NAME(rmsnorm_fwd_mixed)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    forward_mixed(job, first, end, false);
}

void WEIR_KERNEL_NAME(rmsnorm_bwd_f32)(const weir_bwd_job *job, int64_t first, int64_t end,
                                       float *const sums[WEIR_COLUMN_SUMS])
{
    backward_of_type(job, first, end, sums, WEIR_F32, false);
}

void WEIR_KERNEL_NAME(rmsnorm_bwd_f16)(const weir_bwd_job *job, int64_t first, int64_t end,
                                       float *const sums[WEIR_COLUMN_SUMS])
{
    backward_of_type(job, first, end, sums, WEIR_F16, false);
}

void WEIR_KERNEL_NAME(rmsnorm_bwd_mixed)(const weir_bwd_job *job, int64_t first, int64_t end,
                                         float *const sums[WEIR_COLUMN_SUMS])
{
    backward_mixed(job, first, end, sums, false);
}
#endif
