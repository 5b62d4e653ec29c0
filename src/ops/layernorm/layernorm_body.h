/* layernorm_body.h - the kernels of layernorm: the norm body with the mean subtracted. Maths:
 * layernorm.md. */
#include "ops/norm_forward_body.h"
#include "ops/norm_backward_body.h"

void WEIR_KERNEL_NAME(layernorm_fwd_f32)(const weir_fwd_job *job, int64_t first, int64_t end)
{
    forward_rows(job, first, end, true);
}

void WEIR_KERNEL_NAME(layernorm_bwd_f32)(const weir_bwd_job *job, int64_t first, int64_t end,
                                         float *dgamma, float *dbeta)
{
    backward_rows(job, first, end, dgamma, dbeta, true);
}
