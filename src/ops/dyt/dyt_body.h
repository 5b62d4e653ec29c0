/* dyt_body.h - the kernels of DyT: xhat = tanh(scale * s). Maths: dyt.md. */
#include "ops/squash_words.h"

#define SQUASH_ARGUMENT(s, scale, shift) vf_mul(vf_set1(scale), s)
#define SQUASH_EACH(n, z, t)             tanh_of_each(n, z, t)
#define SQUASH_BOTH(n, z, t, slope)      tanh_and_slope_of_each(n, z, t, slope)
#include "ops/squash_body.h"

void WEIR_KERNEL_NAME(dyt_fwd_f32)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    squash_forward(job, first, end);
}

void WEIR_KERNEL_NAME(dyt_fwd_bf16)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    squash_forward_mixed(job, first, end);
}

void WEIR_KERNEL_NAME(dyt_fwd_f16)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    squash_forward_mixed(job, first, end);
}

void WEIR_KERNEL_NAME(dyt_fwd_mixed)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    squash_forward_mixed(job, first, end);
}

void WEIR_KERNEL_NAME(dyt_bwd_f32)(const weir_bwd_job *job, int64_t first, int64_t end,
                                   float *const sums[WEIR_COLUMN_SUMS])
{
    squash_backward(job, first, end, sums, WEIR_F32);
}

void WEIR_KERNEL_NAME(dyt_bwd_bf16)(const weir_bwd_job *job, int64_t first, int64_t end,
                                    float *const sums[WEIR_COLUMN_SUMS])
{
    squash_backward_mixed(job, first, end, sums);
}

void WEIR_KERNEL_NAME(dyt_bwd_f16)(const weir_bwd_job *job, int64_t first, int64_t end,
                                   float *const sums[WEIR_COLUMN_SUMS])
{
    squash_backward_mixed(job, first, end, sums);
}

void WEIR_KERNEL_NAME(dyt_bwd_mixed)(const weir_bwd_job *job, int64_t first, int64_t end,
                                     float *const sums[WEIR_COLUMN_SUMS])
{
    squash_backward_mixed(job, first, end, sums);
}
