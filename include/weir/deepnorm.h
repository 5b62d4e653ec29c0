/* deepnorm.h - the constants of DeepNorm for a depth. */
#ifndef WEIR_DEEPNORM_H
#define WEIR_DEEPNORM_H

#include <stdint.h>
#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum weir_deepnorm_arch {
    WEIR_ENCODER_ONLY = 1,
    WEIR_DECODER_ONLY = 2,
    WEIR_ENCODER_DECODER = 3
} weir_deepnorm_arch;

/* alpha scales the stream x, at run time: x = LayerNorm(alpha * x + f(x)) is weir_norm_forward with
 * the stream as .residual, f(x) as .x, and this .alpha. beta scales initial weights, once: the
 * Xavier-normal gain of the value and output projections of attention (self and cross) and of both
 * matrices of the MLP; query and key projections and embeddings keep the gain 1. (The beta of
 * weir_norm_fwd is another: LayerNorm's bias.) Fields of a stack that the architecture lacks are 0.
 */
typedef struct weir_deepnorm {
    double encoder_alpha, encoder_beta, decoder_alpha, decoder_beta;
} weir_deepnorm;

/* For N encoder and M decoder layers, a layer being an attention sublayer (two, in the decoder of
 * an encoder-decoder) and an MLP. A model with decoders only has its layers in M: of 24 layers,
 * (WEIR_DECODER_ONLY, 0, 24, &out).
 *   encoder only      alpha = (2N)^(1/4)              beta = (8N)^(-1/4)
 *   decoder only      alpha = (2M)^(1/4)              beta = (8M)^(-1/4)
 *   both, encoder     alpha = 0.81 (N^4 M)^(1/16)     beta = 0.87 (N^4 M)^(-1/16)
 *   both, decoder     alpha = (3M)^(1/4)              beta = (12M)^(-1/4)
 * Errors: WEIR_E_NULL out; WEIR_E_VALUE arch, or a layer count below 1 of a stack that it has, or
 *         not 0 of one that it lacks; *out is then untouched.
 * Threads: reentrant.
 * Source: Wang et al. 2022, arXiv:2203.00555, table 1. */
WEIR_API weir_status weir_deepnorm_constants(weir_deepnorm_arch arch, int64_t N, int64_t M,
                                             weir_deepnorm *out);

#ifdef __cplusplus
}
#endif
#endif
