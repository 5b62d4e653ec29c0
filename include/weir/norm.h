/* norm.h - normalization operators, forward and backward, fused with the residual sum.
 *
 *   weir_status status = weir_norm_forward(
 *       &(weir_norm){.op = WEIR_RMSNORM, .dim = 4096, .eps = 1e-6},
 *       &(weir_norm_fwd){.rows = rows,
 *                        .x = {.data = x, .type = WEIR_F32},
 *                        .y = {.data = y, .type = WEIR_F32}}, NULL);
 *
 * x is `rows` rows of `dim` elements. A row is cut into `groups` of w = dim / groups neighbours
 * (one group unless said otherwise), and each group is normalized by itself. With s the row that
 * goes in (s = x, or s = fl(alpha * residual) + x when a residual is given), and sums and means
 * over a group:
 *
 *   WEIR_LAYERNORM  xhat = (s - mean) * rstd          rstd = 1 / sqrt(var + eps), var biased (1/w)
 *   WEIR_RMSNORM    xhat = s * rstd                   rstd = 1 / sqrt(mean(s^2) + eps)
 *   WEIR_PRMSNORM   xhat = s * rstd                   the same, the mean over the first `partial`
 *   WEIR_L2NORM     xhat = s * rstd                   rstd = 1 / max(sqrt(sum(s^2)), eps)
 *   WEIR_DYT        xhat = tanh(scale * s)            no statistics
 *   WEIR_DERF       xhat = erf(scale * s + shift)     no statistics
 *
 *   y = xhat * gain + beta                            gain = gamma_offset + gamma, or 1
 *
 * LayerNorm, DyT and Derf have a beta; it is not DeepNorm's beta, which scales initial weights.
 * DeepNorm is the residual form of LayerNorm with alpha from the depth (weir/deepnorm.h); ScaleNorm
 * is L2NORM with gamma_dim 1; QK-norm is a norm with a group for each head. None of them has an
 * implementation of its own.
 *
 * Contracts, for every function of this header:
 *   Order     one order of summation, fixed by the width of a group and the group itself: every
 *             instruction set, any number of threads, any number of rows, any alignment and stride
 *             give the same bits. (Of a NaN: that it is one. Its sign and payload may differ.)
 *   Types     what is f32 is computed as said below; what is not is widened to f32 when it is read
 *             and rounded to nearest even when it is written, and nowhere between (`rounding` has
 *             two other habits). So the result of 16-bit operands is, to the bit, that of their f32
 *             copies, rounded once.
 *   Accuracy  statistics in double: an f32 element of y is within 4 ulp (LayerNorm, DyT, Derf) or
 *             3 ulp (RMSNorm and kin) of the exact value, an ulp taken at |xhat * gain| + |beta|;
 *             plus an absolute |gain| * (w * 2^-52 + 2^-149), which shows only where xhat is next
 *             to 0; plus, with Derf's shift, 2^-24 * |scale * s * gain| * erf'(scale * s + shift).
 *             A constant row gives exactly beta from LayerNorm, at eps 0 too. Of a 16-bit y whose
 *             values are spread evenly, and where beta cancels nothing, at most 1 element of 8192
 *             (bf16) or 1024 (f16) is not the exact value rounded.
 *   Edge      rows == 0 is a no-op. NaN and Inf stay in their group, and in the sums over rows that
 *             it has a part in. A denominator of 0 gives rstd 0, so y = beta, or 0.
 *   Memory    allocates nothing; takes up to 96 KiB of stack.
 *   Align     that of the elements; rows that start on 64 bytes are faster.
 *   Threads   reentrant; `par` (NULL: serial) may split the rows.
 *   Errors    a status, a message in *error where given, and nothing written; see each function.
 *   Growth    later versions may give `reserved` a meaning, in which 0 means what is done today.
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

typedef enum weir_norm_op {
    WEIR_LAYERNORM = 1,
    WEIR_RMSNORM = 2,
    WEIR_PRMSNORM = 3,
    WEIR_L2NORM = 4,
    WEIR_DYT = 5,
    WEIR_DERF = 6
} weir_norm_op;

/* Element types. I8 and E4M3 (4 exponent and 3 mantissa bits, no infinity, at most 448) are for the
 * y of forward alone. */
typedef enum weir_dtype {
    WEIR_F32 = 1,
    WEIR_BF16 = 2,
    WEIR_F16 = 3,
    WEIR_I8 = 4,
    WEIR_E4M3 = 5
} weir_dtype;

/* Where a value is rounded on its way to a 16-bit output.
 *   ONCE      y, when it is written, and the sum, when it is written. The statistics are those of
 *             the sum before rounding.
 *   XHAT      also xhat, to the type of x, before the gain multiplies it (Llama's reference code).
 *   SUM       also s, to the type of `sum` (of x, where no sum is written), before the statistics:
 *             then y is what a norm of the written sum would give.
 * Backward differentiates as if nothing were rounded. */
typedef enum weir_rounding {
    WEIR_ROUND_ONCE = 0,
    WEIR_ROUND_XHAT = 1,
    WEIR_ROUND_SUM = 2,
    WEIR_ROUND_XHAT_SUM = 3
} weir_rounding;

/* Whether outputs go through the caches. NEAR: they do; FAR: they go past them, by non-temporal
 * stores, where their rows begin on 64 bytes and no row is read in place, and what is read is taken
 * to be as far. AUTO is FAR for operands that no cache will hold, from 24 MiB in all, or 32 MiB where
 * there are several workers, and takes what is read to be far from 24 MiB of that. The bits are the
 * same. */
typedef enum weir_store { WEIR_STORE_AUTO = 0, WEIR_STORE_NEAR = 1, WEIR_STORE_FAR = 2 } weir_store;

/* What is computed. Unnamed fields are zero: op and dim are then errors, and so is the scale of DyT
 * and Derf and the `partial` of PRMSNORM; for the others zero is meant. What an operator does not
 * use must be 0. */
typedef struct weir_norm {
    weir_norm_op op;
    weir_rounding rounding;
    int64_t dim;
    double eps;          /* >= 0, and finite; used in double; not DyT, Derf */
    double gamma_offset; /* added to gamma in f32; 1 is Gemma's form. Needs a gamma */
    int64_t groups;      /* 0: one; else it divides dim */
    int64_t gamma_dim;   /* elements of gamma and beta, which repeat along the row: dim (or 0),
                            dim / groups (each group has the same), or 1 (a scalar) */
    int64_t partial;     /* PRMSNORM: how many elements of a group are measured, 1 to w; 0
                            too in a part of a split row */
    float scale, shift;  /* finite; DyT and Derf have a scale, not 0, Derf alone has a shift */
    int64_t reserved[4]; /* 0 */
} weir_norm;

/* A matrix operand: element (i, j) is data[i * stride + j]. stride 0 means dim. Inputs are never
 * written: cast a const away. */
typedef struct weir_mat {
    void *data;
    weir_dtype type;
    int64_t stride;
} weir_mat;

/* A vector operand of gamma_dim elements. */
typedef struct weir_vec {
    void *data;
    weir_dtype type;
} weir_vec;

/* What is known of some elements of a group: how many, their mean (0 but for LayerNorm), and the
 * sum of the squares of their distances from it. */
typedef struct weir_moments {
    double count, mean, m2;
} weir_moments;

/* Operands of the forward pass. A NULL data pointer means "absent", where that is allowed. */
typedef struct weir_norm_fwd {
    int64_t rows;
    weir_mat x;        /* in: required, the row; with a residual, what the branch returned; F32,
                          BF16, F16 */
    weir_mat residual; /* in: optional, the stream; the same types, not necessarily that of x */
    float alpha;       /* with a residual: finite and not 0 (1: a plain sum); without: 0 */
    weir_store store;  /* of y and sum */
    weir_vec gamma;    /* in: optional, absent: a gain of 1; F32, BF16, F16 */
    weir_vec beta;     /* in: optional, where the operator has one; the same types */
    weir_mat y;        /* out: required; any type */
    weir_mat sum;      /* out: optional, s; needs a residual; F32, BF16, F16 */
    float *mean;       /* out: optional [rows * groups], LayerNorm only: the mean rounded to f32 */
    float *mean_lo;    /* out: optional, the same: what that rounding left; backward needs both */
    float *rstd;       /* out: optional [rows * groups]; not DyT, Derf */
    const weir_moments *moments; /* in: optional [rows * groups], in place of the group's own
                                    statistics, as weir_norm_measure and weir_moments_merge make
                                    them, counts above 0; not DyT, Derf */
    float *y_scale;    /* out: [rows * groups], required with an I8 or E4M3 y, else NULL: of each
                          group max|y| / 127 (E4M3: 448), kept within scale_min and scale_max */
    float scale_min;   /* with y_scale: at least 2^-126, which 0 means too; zeros have it */
    float scale_max;   /* with y_scale: at least scale_min; 0: no limit; more is clamped */
    weir_error *error; /* out: optional, filled on failure */
    void *reserved[4]; /* NULL */
} weir_norm_fwd;

/* y (and sum) from x (and residual).
 * Alias:  y, sum may each be the same matrix (same data, type and stride) as x or as residual;
 *         matrices of one stride in bytes may lie side by side within it, as slices of a wider one
 *         do. Any other overlap with what is written is WEIR_E_ALIAS.
 * Quant:  with an I8 y: q = rne(y / y_scale), clamped to +-127; E4M3: rounded to nearest even,
 *         clamped to +-448. (y / y_scale is computed as y * fl(1 / y_scale).) A group with a NaN or
 *         an infinity in y has the scale NaN and q = 0.
 * Errors: WEIR_E_NULL   norm, args, a required operand, or the function of par is NULL; a sum
 *                       without a residual
 *         WEIR_E_SHAPE  dim < 1; rows < 0; groups, gamma_dim or partial is not as said; a stride
 *                       below dim and not 0; a size beyond int64
 *         WEIR_E_VALUE  eps negative or not finite; alpha 0 or not finite with a residual, not 0
 *                       without; something is given that the operator does not have; gamma_offset
 *                       without gamma, or not finite; scale, shift, scale_min or scale_max out of
 *                       range; an unknown op, rounding or store; a reserved field not 0
 *         WEIR_E_DTYPE  an unknown type, or one that this operand cannot have (an I8 x)
 *         WEIR_E_ALIAS  an overlap that is not allowed
 *         WEIR_E_ALIGN  data that is not aligned to its elements
 * Source: Ba et al. 2016 (arXiv:1607.06450); Zhang and Sennrich 2019 (arXiv:1910.07467); Nguyen and
 *         Salazar 2019 (arXiv:1910.05895); Wang et al. 2022 (arXiv:2203.00555) for alpha; Zhu et al.
 *         2025 (arXiv:2503.10622); Chen et al. 2025 (arXiv:2512.10938). */
WEIR_API weir_status weir_norm_forward(const weir_norm *norm, const weir_norm_fwd *args,
                                       const weir_parallel *par);

/* The statistics alone, of the columns that args has: for a row that is split over ranks, each
 * measures its part, the parts are merged, and forward is called with the result as `moments`. Of
 * args rows, x, residual, alpha and error are used; the rest must be absent. norm->dim is the width
 * of the part, and PRMSNORM's `partial` the number of its measured columns, 0 where it has none.
 * ROUND_SUM rounds s to the type of x, for there is no sum. y is near that of the whole row, with
 * other bits: src/ops/layernorm/layernorm.md has the bound.
 * out:    [rows * groups], written
 * Errors: as forward; WEIR_E_VALUE also for DyT and Derf. */
WEIR_API weir_status weir_norm_measure(const weir_norm *norm, const weir_norm_fwd *args,
                                       weir_moments *out, const weir_parallel *par);

/* into[i] becomes the moments of what into[i] and from[i] have seen together (Chan et al. 1979).
 * The result depends, in its last bits, on the order of merging: fix it, and all ranks have the
 * same bits. count 0 is neutral. into and from are the same or do not overlap. n <= 0 is a no-op.
 * Reentrant. */
WEIR_API void weir_moments_merge(weir_moments *into, const weir_moments *from, int64_t n);

/* The two sums over a group that backward makes means of, by `count`: of g and of g * xhat. */
typedef struct weir_back_moments {
    double count, g, gx;
} weir_back_moments;

/* Operands of the backward pass. */
typedef struct weir_norm_bwd {
    int64_t rows;
    weir_mat dy;            /* in: required, gradient at y; every matrix: F32, BF16, F16 */
    weir_mat x;             /* in: required, what was normalized: forward's `sum`, or without a
                             residual its x */
    weir_mat dsum;          /* in: optional, gradient that arrives at s from its other uses */
    float alpha;            /* forward's, when dresidual is given; else 0 */
    weir_store store;       /* of dx and dresidual */
    const float *mean;      /* in: required by LayerNorm, as forward wrote it; else NULL */
    const float *mean_lo;   /* in: the same */
    const float *rstd;      /* in: required, as forward wrote it; but NULL for DyT and Derf */
    weir_vec gamma;         /* in: as in forward */
    weir_mat dx;            /* out: optional, gradient at s, dsum included (so it is that at x) */
    weir_mat dresidual;     /* out: optional, alpha * dx */
    float *dgamma;          /* in/out: optional [gamma_dim], ACCUMULATED (+=): the caller zeroes */
    float *dbeta;           /* in/out: optional [gamma_dim], ACCUMULATED (+=) */
    float *dscale, *dshift; /* in/out: optional, one element, ACCUMULATED (+=) */
    const weir_back_moments *moments; /* in: optional [rows * groups], in place of the group's own
                                         sums, counts above 0; as in forward */
    void *workspace;                  /* 64-byte aligned; may be NULL where none is needed */
    size_t workspace_bytes;           /* at least weir_norm_backward_workspace */
    weir_error *error;                /* out: optional, filled on failure */
    void *reserved[4];                /* NULL */
} weir_norm_bwd;

/* Gradients. With g = dy * gain, and xhat as in forward:
 *   LayerNorm      dx = rstd * (g - mean(g) - xhat * mean(g * xhat)) + dsum
 *   RMSNorm        dx = rstd * (g - xhat * mean(g * xhat)) + dsum
 *   PRMSNORM       the same; the last term, over `partial`, in the measured columns only
 *   L2NORM         dx = rstd * (g - xhat * sum(g * xhat)) + dsum, without the last term where
 *                  rstd = fl(1 / eps), the clamp
 *   DyT            dx = g * (1 - xhat^2) * scale + dsum
 *   Derf           dx = g * (2 / sqrt(pi)) * exp(-(scale * s + shift)^2) * scale + dsum
 *   dresidual = alpha * dx;  dgamma += sum of dy * xhat;  dbeta += sum of dy, over the rows (and
 *   groups, and columns, that share an element);  dscale += sum of (dx - dsum) / scale * s, dshift
 *   += sum of (dx - dsum) / scale, over all
 * Gradients of parameters are f32 whatever the other types are: sums of many rows need it. After a
 * 16-bit `sum` of ROUND_ONCE xhat is that of the written sum by the statistics of the sum before it
 * was rounded; ROUND_SUM has both of the written one.
 * Order:  sums over rows go by fixed blocks of rows, combined in a fixed tree, then over groups and
 *         columns in ascending order: the same bits for any number of threads.
 * Alias:  dx, dresidual may each be the same matrix as dy or as dsum; side by side as in forward.
 *         Any other overlap with what is written, the workspace included, is WEIR_E_ALIAS.
 * Errors: as forward, with dresidual in the place of the residual; WEIR_E_NULL also when mean,
 *         mean_lo, rstd or a workspace is needed and not there; WEIR_E_SHAPE also when
 *         workspace_bytes is too small; WEIR_E_ALIGN also for a workspace that is not aligned to 64
 *         bytes.
 * Source: as forward; the formulas follow by differentiating them. */
WEIR_API weir_status weir_norm_backward(const weir_norm *norm, const weir_norm_bwd *args,
                                        const weir_parallel *par);

/* The sums of a part of the columns alone, as weir_norm_measure does for forward. Of args rows, dy,
 * x, mean, mean_lo, rstd, gamma and error are used; the rest must be absent. mean and rstd are those
 * of the whole row.
 * out:    [rows * groups], written
 * Errors: as backward; WEIR_E_VALUE also for DyT and Derf. */
WEIR_API weir_status weir_norm_backward_measure(const weir_norm *norm, const weir_norm_bwd *args,
                                                weir_back_moments *out, const weir_parallel *par);

/* into[i] += from[i], field by field. As weir_moments_merge. */
WEIR_API void weir_back_moments_merge(weir_back_moments *into, const weir_back_moments *from,
                                      int64_t n);

/* Bytes of workspace that weir_norm_backward needs for this shape when gradients of parameters are
 * asked for; 0 for few rows of a plain norm. Reentrant. Edge: 0 for what backward would refuse
 * (NULL, a wrong shape or op), SIZE_MAX for a shape whose workspace no memory could hold. */
WEIR_API size_t weir_norm_backward_workspace(const weir_norm *norm, int64_t rows);

/* "layernorm", "rmsnorm", ...; "f32", "bf16", ...; "unknown" for any other number. Never NULL.
 * Reentrant. */
WEIR_API const char *weir_norm_op_name(weir_norm_op op);
WEIR_API const char *weir_dtype_name(weir_dtype type);

#ifdef __cplusplus
}
#endif
#endif
