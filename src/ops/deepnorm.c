/* deepnorm.c - DeepNorm's constants. Roots are taken by sqrt alone, which every libm rounds the
 * same. */
#include "weir/deepnorm.h"

#include <math.h>

static double fourth_root(double x)
{
    return sqrt(sqrt(x));
}

weir_status weir_deepnorm_constants(weir_deepnorm_arch arch, int64_t N, int64_t M,
                                    weir_deepnorm *out)
{
    if (!out) return WEIR_E_NULL;
    if (arch < WEIR_ENCODER_ONLY || arch > WEIR_ENCODER_DECODER) return WEIR_E_VALUE;
    if (arch == WEIR_DECODER_ONLY ? N != 0 : N < 1) return WEIR_E_VALUE;
    if (arch == WEIR_ENCODER_ONLY ? M != 0 : M < 1) return WEIR_E_VALUE;
    const double n = (double)N, m = (double)M;
    if (arch == WEIR_ENCODER_ONLY) {
        *out = (weir_deepnorm){.encoder_alpha = fourth_root(2 * n),
                               .encoder_beta = 1 / fourth_root(8 * n)};
    } else if (arch == WEIR_DECODER_ONLY) {
        *out = (weir_deepnorm){.decoder_alpha = fourth_root(2 * m),
                               .decoder_beta = 1 / fourth_root(8 * m)};
    } else {
        const double root = fourth_root(n * fourth_root(m)); /* (N^4 M)^(1/16) */
        *out = (weir_deepnorm){.encoder_alpha = 0.81 * root,
                               .encoder_beta = 0.87 / root,
                               .decoder_alpha = fourth_root(3 * m),
                               .decoder_beta = 1 / fourth_root(12 * m)};
    }
    return WEIR_OK;
}
