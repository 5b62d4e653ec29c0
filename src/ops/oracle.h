/* oracle.h - the norms in double, by plain loops: what the kernels are checked against, and what
 * the network runs on when it is compiled for double. Floor 2.
 *
 * Matrices have a row stride in elements (0: dim). Pointers may be NULL where norm.h allows an
 * operand to be absent. Same maths, same names, same aliasing as weir_norm_fwd and weir_norm_bwd;
 * no checks, no fixed order, two-pass statistics.
 */
#ifndef WEIR_OPS_ORACLE_H
#define WEIR_OPS_ORACLE_H

#include "weir/norm.h"

typedef struct weir_mat_f64 {
    double *data;
    int64_t stride;
} weir_mat_f64;

typedef struct weir_norm_fwd_f64 {
    int64_t rows;
    weir_mat_f64 x, residual;
    double alpha;
    const double *gamma, *beta;
    weir_mat_f64 y, sum;
    double *mean, *rstd; /* [rows] */
} weir_norm_fwd_f64;

typedef struct weir_norm_bwd_f64 {
    int64_t rows;
    weir_mat_f64 dy, x, dsum;
    double alpha;
    const double *mean, *rstd;
    const double *gamma;
    weir_mat_f64 dx, dresidual;
    double *dgamma, *dbeta; /* accumulated */
} weir_norm_bwd_f64;

void weir_norm_forward_f64(const weir_norm *norm, const weir_norm_fwd_f64 *args);
void weir_norm_backward_f64(const weir_norm *norm, const weir_norm_bwd_f64 *args);

#endif
