/* rmsnorm_body.h - the kernels of rmsnorm: the norm body without a mean. Maths: rmsnorm.md. */
#include "ops/norm_forward_body.h"
#include "ops/norm_backward_body.h"

void WEIR_KERNEL_NAME(rmsnorm_fwd_f32)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    forward_rows(job, first, end, false);
}

void WEIR_KERNEL_NAME(rmsnorm_bwd_f32)(const weir_bwd_job *job, int64_t first, int64_t end,
                                       float *dgamma, float *dbeta)
{
    backward_rows(job, first, end, dgamma, dbeta, false);
}
