/* squash_f64.c - DyT and Derf as their formulas say them. */
#include "squash_f64.h"

#include <math.h>
#include <stddef.h>

static double squash(const weir_squash_f64 *f, double z)
{
    return f->op == WEIR_DERF ? erf(z) : tanh(z);
}

/* 1 - tanh^2 = 1 / cosh^2, without the difference that cancels. */
static double slope(const weir_squash_f64 *f, double z)
{
    const double two_over_sqrt_pi = 1.1283791670955126;
    return f->op == WEIR_DERF ? two_over_sqrt_pi * exp(-z * z) : 1 / (cosh(z) * cosh(z));
}

static int64_t stride(const weir_squash_f64 *f, int64_t ld)
{
    return ld ? ld : f->dim;
}

/* The element of gamma and beta that column j has. */
static int64_t parameter(const weir_squash_f64 *f, int64_t j)
{
    return f->gamma_dim ? j % f->gamma_dim : j;
}

static double gain_at(const weir_squash_f64 *f, int64_t j)
{
    return f->gamma ? f->gamma_offset + f->gamma[parameter(f, j)] : 1;
}

void weir_squash_forward_f64(const weir_squash_f64 *f, const double *s, int64_t lds, double *y,
                             int64_t ldy)
{
    for (int64_t i = 0; i < f->rows; i++, s += stride(f, lds), y += stride(f, ldy))
        for (int64_t j = 0; j < f->dim; j++) {
            const double xhat = squash(f, f->scale * s[j] + f->shift);
            y[j] = xhat * gain_at(f, j) + (f->beta ? f->beta[parameter(f, j)] : 0);
        }
}

static void backward_element(const weir_squash_f64 *f, double s, double dy, int64_t j, double *dx,
                             const weir_squash_grads_f64 *to)
{
    const double z = f->scale * s + f->shift;
    const double dz = dy * gain_at(f, j) * slope(f, z);
    if (dx) dx[j] = dz * f->scale;
    if (to->dgamma) to->dgamma[parameter(f, j)] += dy * squash(f, z);
    if (to->dbeta) to->dbeta[parameter(f, j)] += dy;
    if (to->dscale) *to->dscale += dz * s;
    if (to->dshift) *to->dshift += dz;
}

void weir_squash_backward_f64(const weir_squash_f64 *f, const double *s, int64_t lds,
                              const double *dy, int64_t lddy, const weir_squash_grads_f64 *to)
{
    for (int64_t i = 0; i < f->rows; i++) {
        double *dx = to->dx ? to->dx + i * stride(f, to->lddx) : NULL;
        for (int64_t j = 0; j < f->dim; j++)
            backward_element(f, s[i * stride(f, lds) + j], dy[i * stride(f, lddy) + j], j, dx, to);
    }
}
