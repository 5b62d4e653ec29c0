/* norm.h - normalization operators, forward and backward, fused with the residual sum.
 *
 * x is `rows` rows of `dim` elements; every row is normalized by itself. With s the row that is
 * normalized (s = x, or s = fl(alpha * residual) + x when a residual is given):
 *
 *   WEIR_LAYERNORM  y = (s - mean) * rstd * gamma + beta
 *                   rstd = 1 / sqrt(var + eps), var biased (1/dim)
 *   WEIR_RMSNORM    y = s * rstd * gamma
 *                   rstd = 1 / sqrt(mean(s^2) + eps); no mean, no beta
 *
 * DeepNorm is the residual form of LayerNorm with alpha from the depth; it has no implementation
 * of its own.
 *
 * Contracts, for every function of this header:
 *   Order     one order of summation, fixed by dim and the row itself: scalar, AVX2 and AVX-512, any
 *             number of threads, any number of rows, any alignment and stride give the same bits.
 *   Accuracy  statistics in double: an element is within 4 ulp (LayerNorm), 3 ulp (RMSNorm) of the
 *             exact value, an ulp taken at |xhat * gamma| + |beta| (and dim * 2^-52 * |gamma|,
 *             which is less than an ulp unless xhat is next to 0). A constant row gives exactly
 *             beta, at eps 0 too.
 *   Edge      rows == 0 is a no-op. NaN and Inf stay in their row. var + eps == 0 gives rstd 0, so
 *             y = beta.
 *   Memory    allocates nothing.
 *   Threads   reentrant; `par` (NULL: serial) may split the rows.
 *   Errors    a status and nothing written; see each function.
 */
#ifndef WEIR_NORM_H
#define WEIR_NORM_H

#include <stddef.h>
#include <stdint.h>
#include "weir/parallel.h"
#include "weir/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum weir_norm_op { WEIR_LAYERNORM = 1, WEIR_RMSNORM = 2 } weir_norm_op;

/* Element types. This version computes f32; the others are refused with WEIR_E_DTYPE. */
typedef enum weir_dtype { WEIR_F32 = 1, WEIR_BF16 = 2, WEIR_F16 = 3 } weir_dtype;

/* What is computed. Unnamed fields are zero: op and dim are then errors; eps 0 and gamma_offset 0
 * are meant. */
typedef struct weir_norm {
    weir_norm_op op;
    int64_t dim;
    double eps;          /* >= 0, added in double to the variance or mean square */
    double gamma_offset; /* the gain is gamma_offset + gamma, added in f32; 1 is Gemma's form */
} weir_norm;

/* A matrix operand: element (i, j) is data[i * stride + j]. stride 0 means dim. */
typedef struct weir_mat {
    void *data;
    weir_dtype type;
    int64_t stride;
} weir_mat;

/* A vector operand of dim elements. */
typedef struct weir_vec {
    void *data;
    weir_dtype type;
} weir_vec;

/* Operands of the forward pass. A NULL data pointer means "absent", where that is allowed. */
typedef struct weir_norm_fwd {
    int64_t rows;
    weir_mat x;        /* in: required */
    weir_mat residual; /* in: optional */
    float alpha;       /* scale of the residual: with one, finite and not 0; without, 0 */
    weir_vec gamma;    /* in: optional, absent = 1 (gamma_offset is then not allowed) */
    weir_vec beta;     /* in: optional, LayerNorm only */
    weir_mat y;        /* out: required */
    weir_mat sum;      /* out: optional, s; needs a residual */
    float *mean;       /* out: optional [rows], LayerNorm only: the mean rounded to f32 */
    float *mean_lo;    /* out: optional [rows], LayerNorm only: what that rounding left, in f32 */
    float *rstd;       /* out: optional [rows] */
} weir_norm_fwd;

/* y (and sum) from x (and residual).
 * Alias:  y, sum may each be the same matrix (same data and stride) as x or as residual; matrices
 *         of one stride may lie side by side within it, as slices of a wider one do. Any other
 *         overlap with y, sum, mean, mean_lo or rstd is WEIR_E_ALIAS.
 * Errors: WEIR_E_NULL   norm, args, a required operand, the function of par; a sum without residual
 *         WEIR_E_SHAPE  dim < 1, rows < 0, a stride below dim and not 0, a size beyond int64
 *         WEIR_E_VALUE  eps negative or not finite; alpha 0 or not finite with a residual, not 0
 *                       without; beta or mean with RMSNorm; gamma_offset without gamma; unknown op
 *         WEIR_E_DTYPE  a type
 *         WEIR_E_ALIAS  an overlap
 * Source: Ba et al. 2016 (arXiv:1607.06450); Zhang and Sennrich 2019 (arXiv:1910.07467); Wang et
 *         al. 2022 (arXiv:2203.00555) for alpha. */
WEIR_API weir_status weir_norm_forward(const weir_norm *norm, const weir_norm_fwd *args,
                                       const weir_parallel *par);

/* Operands of the backward pass. */
typedef struct weir_norm_bwd {
    int64_t rows;
    weir_mat dy;          /* in: required, gradient at y */
    weir_mat x;           /* in: required, the row that was normalized (s, in the residual form) */
    weir_mat dsum;        /* in: optional, gradient that arrives at s from its other uses */
    float alpha;          /* as in forward: required with dresidual, else 0 */
    const float *mean;    /* in: required by LayerNorm, as forward wrote it; else NULL */
    const float *mean_lo; /* in: the same */
    const float *rstd;    /* in: required */
    weir_vec gamma;       /* in: as in forward */
    weir_mat dx;          /* out: optional, gradient at s, dsum included (so it is that at x) */
    weir_mat dresidual;   /* out: optional, alpha * dx */
    float *dgamma;        /* in/out: optional [dim], ACCUMULATED (+=): the caller zeroes */
    float *dbeta;         /* in/out: optional [dim], ACCUMULATED (+=); LayerNorm only */
    void *workspace;      /* 64-byte aligned; may be NULL where none is needed */
    size_t workspace_bytes; /* at least weir_norm_backward_workspace */
} weir_norm_bwd;

/* Gradients. With g = dy * gain, xhat = (x - mean) * rstd (RMSNorm: mean = 0 and no mean(g) term):
 *   dx = rstd * (g - mean(g) - xhat * mean(g * xhat)) + dsum;  dresidual = alpha * dx
 *   dgamma += sum over rows of dy * xhat;  dbeta += sum over rows of dy
 * Order:  column sums go by fixed blocks of rows, combined in a fixed tree: the same bits for any
 *         number of threads.
 * Alias:  dx, dresidual may each be the same matrix as dy or as dsum; side by side as in forward.
 *         Any other overlap with what is written, the workspace included, is WEIR_E_ALIAS.
 * Errors: as forward; WEIR_E_NULL also mean, mean_lo of LayerNorm, rstd, a workspace that is
 *         needed; WEIR_E_SHAPE also when workspace_bytes is too small.
 * Source: as forward; the formulas follow by differentiating them. */
WEIR_API weir_status weir_norm_backward(const weir_norm *norm, const weir_norm_bwd *args,
                                        const weir_parallel *par);

/* Bytes of workspace that weir_norm_backward needs for this shape when dgamma or dbeta is asked
 * for; 0 for few rows. Reentrant. Edge: 0 for what backward would refuse (NULL, a wrong shape or
 * op), SIZE_MAX for a shape whose workspace no memory could hold. */
WEIR_API size_t weir_norm_backward_workspace(const weir_norm *norm, int64_t rows);

#ifdef __cplusplus
}
#endif
#endif
