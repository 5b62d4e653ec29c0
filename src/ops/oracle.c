/* oracle.c - the norms as their formulas say it: one loop a sum, one row at a time, everything in
 * double. */
#include "ops/oracle.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

static bool is_centred(const weir_norm *norm)
{
    switch (norm->op) {
#define WEIR_OP(NAME, name, centred, ulp)                                                          \
    case WEIR_##NAME:                                                                              \
        return centred;
#include "ops/ops.def"
#undef WEIR_OP
    }
    return false;
}

static double *row_of(const weir_mat_f64 *m, int64_t i, int64_t dim)
{
    return m->data ? m->data + i * (m->stride ? m->stride : dim) : NULL;
}

static double gain_at(const weir_norm *norm, const double *gamma, int64_t j)
{
    return gamma ? norm->gamma_offset + gamma[j] : 1;
}

/* One row of the operand. A residual may be absent. */
typedef struct source {
    const double *x, *residual;
    double alpha;
} source;

static double source_at(const source *s, int64_t j)
{
    return s->residual ? s->alpha * s->residual[j] + s->x[j] : s->x[j];
}

/* The mean as a sum of two: the first value of the row, which makes the differences of a constant
 * row exactly 0, and the mean distance from it, corrected once by its own residue. */
typedef struct split_mean {
    double base, rest;
} split_mean;

static double distance(const source *s, split_mean mean, int64_t j)
{
    return (source_at(s, j) - mean.base) - mean.rest;
}

static split_mean mean_of(const source *s, int64_t dim)
{
    split_mean mean = {.base = source_at(s, 0)};
    for (int pass = 0; pass < 2; pass++) {
        double sum = 0;
        for (int64_t j = 0; j < dim; j++) sum += distance(s, mean, j);
        mean.rest += sum / (double)dim;
    }
    return mean;
}

static double rstd_of(const source *s, split_mean mean, int64_t dim, double eps)
{
    double sum = 0;
    for (int64_t j = 0; j < dim; j++) sum += distance(s, mean, j) * distance(s, mean, j);
    const double shifted = sum / (double)dim + eps;
    return shifted == 0 ? 0 : 1 / sqrt(shifted);
}

void weir_norm_forward_f64(const weir_norm *norm, const weir_norm_fwd_f64 *args)
{
    const int64_t dim = norm->dim;
    for (int64_t i = 0; i < args->rows; i++) {
        const source s = {row_of(&args->x, i, dim), row_of(&args->residual, i, dim), args->alpha};
        double *y = row_of(&args->y, i, dim), *sum = row_of(&args->sum, i, dim);
        const split_mean mean = is_centred(norm) ? mean_of(&s, dim) : (split_mean){0, 0};
        const double rstd = rstd_of(&s, mean, dim, norm->eps);
        for (int64_t j = 0; j < dim; j++) {
            const double value = source_at(&s, j), xhat = distance(&s, mean, j) * rstd;
            const double beta = args->beta ? args->beta[j] : 0;
            if (sum) sum[j] = value;
            y[j] = xhat * gain_at(norm, args->gamma, j) + beta;
        }
        if (args->mean) args->mean[i] = mean.base + mean.rest;
        if (args->rstd) args->rstd[i] = rstd;
    }
}

static void backward_row(const weir_norm *norm, const weir_norm_bwd_f64 *args, int64_t i)
{
    const int64_t dim = norm->dim;
    const double *dy = row_of(&args->dy, i, dim), *x = row_of(&args->x, i, dim);
    const double *dsum = row_of(&args->dsum, i, dim);
    double *dx = row_of(&args->dx, i, dim), *dresidual = row_of(&args->dresidual, i, dim);
    const double mean = is_centred(norm) ? args->mean[i] : 0, rstd = args->rstd[i];
    double mean_g = 0, mean_gx = 0;
    for (int64_t j = 0; j < dim; j++) {
        const double g = dy[j] * gain_at(norm, args->gamma, j);
        if (is_centred(norm)) mean_g += g / (double)dim;
        mean_gx += g * (x[j] - mean) * rstd / (double)dim;
    }
    for (int64_t j = 0; j < dim; j++) {
        const double xhat = (x[j] - mean) * rstd, g = dy[j] * gain_at(norm, args->gamma, j);
        if (args->dgamma) args->dgamma[j] += dy[j] * xhat;
        if (args->dbeta) args->dbeta[j] += dy[j];
        const double ds = rstd * (g - mean_g - xhat * mean_gx) + (dsum ? dsum[j] : 0);
        if (dx) dx[j] = ds;
        if (dresidual) dresidual[j] = args->alpha * ds;
    }
}

void weir_norm_backward_f64(const weir_norm *norm, const weir_norm_bwd_f64 *args)
{
    for (int64_t i = 0; i < args->rows; i++) backward_row(norm, args, i);
}
