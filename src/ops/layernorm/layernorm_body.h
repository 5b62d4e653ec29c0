/* layernorm_body.h - the kernels of layernorm: the norm body with a mean. Maths: layernorm.md. */
#include "ops/norm_forward_body.h"
#include "ops/norm_backward_body.h"

void WEIR_KERNEL_NAME(layernorm_fwd_bf16)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    forward_of_type(job, first, end, WEIR_BF16, true);
}

void WEIR_KERNEL_NAME(layernorm_bwd_bf16)(const weir_bwd_job *job, int64_t first, int64_t end,
                                          float *const sums[WEIR_COLUMN_SUMS])
{
    backward_of_type(job, first, end, sums, WEIR_BF16, true);
}

#ifndef WEIR_BF16_ALONE /* by a set that is no other for the other types */
void WEIR_KERNEL_NAME(layernorm_fwd_f32)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    forward_of_type(job, first, end, WEIR_F32, true);
}

void WEIR_KERNEL_NAME(layernorm_fwd_f16)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    forward_of_type(job, first, end, WEIR_F16, true);
}

void WEIR_KERNEL_NAME(layernorm_fwd_mixed)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    forward_mixed(job, first, end, true);
}

void WEIR_KERNEL_NAME(layernorm_bwd_f32)(const weir_bwd_job *job, int64_t first, int64_t end,
                                         float *const sums[WEIR_COLUMN_SUMS])
{
    backward_of_type(job, first, end, sums, WEIR_F32, true);
}

void WEIR_KERNEL_NAME(layernorm_bwd_f16)(const weir_bwd_job *job, int64_t first, int64_t end,
                                         float *const sums[WEIR_COLUMN_SUMS])
{
    backward_of_type(job, first, end, sums, WEIR_F16, true);
}

void WEIR_KERNEL_NAME(layernorm_bwd_mixed)(const weir_bwd_job *job, int64_t first, int64_t end,
                                           float *const sums[WEIR_COLUMN_SUMS])
{
    backward_mixed(job, first, end, sums, true);
}
#endif
