/* derf_body.h - the kernels of Derf: xhat = erf(scale * s + shift). Maths: derf.md. */
#include "ops/squash_words.h"

#define SQUASH_ARGUMENT(s, scale, shift) vf_add(vf_mul(vf_set1(scale), s), vf_set1(shift))
#define SQUASH_EACH(n, z, t)             erf_of_each(n, z, t)
#define SQUASH_BOTH(n, z, t, slope)      (erf_slope_of_each(n, z, slope), erf_of_each(n, z, t))
#include "ops/squash_body.h"

void WEIR_KERNEL_NAME(derf_fwd_f32)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    squash_forward(job, first, end);
}

void WEIR_KERNEL_NAME(derf_fwd_bf16)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    squash_forward_mixed(job, first, end);
}

void WEIR_KERNEL_NAME(derf_fwd_f16)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    squash_forward_mixed(job, first, end);
}

void WEIR_KERNEL_NAME(derf_fwd_mixed)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    squash_forward_mixed(job, first, end);
}

void WEIR_KERNEL_NAME(derf_bwd_f32)(const weir_bwd_job *job, int64_t first, int64_t end,
                                    float *const sums[WEIR_COLUMN_SUMS])
{
    squash_backward(job, first, end, sums, WEIR_F32);
}

void WEIR_KERNEL_NAME(derf_bwd_bf16)(const weir_bwd_job *job, int64_t first, int64_t end,
                                     float *const sums[WEIR_COLUMN_SUMS])
{
    squash_backward_mixed(job, first, end, sums);
}

void WEIR_KERNEL_NAME(derf_bwd_f16)(const weir_bwd_job *job, int64_t first, int64_t end,
                                    float *const sums[WEIR_COLUMN_SUMS])
{
    squash_backward_mixed(job, first, end, sums);
}

void WEIR_KERNEL_NAME(derf_bwd_mixed)(const weir_bwd_job *job, int64_t first, int64_t end,
                                      float *const sums[WEIR_COLUMN_SUMS])
{
    squash_backward_mixed(job, first, end, sums);
}
