/* squash_f64.h - DyT and Derf in double, by plain loops and libm: what their kernels are checked
 * against.
 *
 * Maths and names of norm.h, of a row s to which a residual has been added already and of scalars
 * in double. Matrices have a row stride in elements (0: dim). No checks, no fixed order.
 */
#ifndef WEIR_TESTS_SQUASH_F64_H
#define WEIR_TESTS_SQUASH_F64_H

#include "weir/norm.h"

typedef struct weir_squash_f64 {
    weir_norm_op op; /* WEIR_DYT or WEIR_DERF */
    int64_t rows, dim;
    double scale, shift;
    const double *gamma, *beta; /* [gamma_dim], or NULL: a gain of 1, no beta */
    int64_t gamma_dim;          /* they repeat along the row; 0: dim */
    double gamma_offset;
} weir_squash_f64;

/* y from s. They may be the same. */
void weir_squash_forward_f64(const weir_squash_f64 *f, const double *s, int64_t lds, double *y,
                             int64_t ldy);

/* Each may be NULL. dx is written, without what arrives at s from its other uses; the rest is added
 * to. */
typedef struct weir_squash_grads_f64 {
    double *dx;
    int64_t lddx;
    double *dgamma, *dbeta;  /* [gamma_dim] */
    double *dscale, *dshift; /* [1] */
} weir_squash_grads_f64;

/* The gradients from that at y. dx may be dy. */
void weir_squash_backward_f64(const weir_squash_f64 *f, const double *s, int64_t lds,
                              const double *dy, int64_t lddy, const weir_squash_grads_f64 *to);

#endif
