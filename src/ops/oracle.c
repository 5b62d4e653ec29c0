/* oracle.c - the norms as their formulas say it: one loop a sum, one group at a time, everything in
 * double. */
#include "ops/oracle.h"

#include <math.h>
#include <stddef.h>

#include "ops/kernels.h"

/* One group of one row: where its columns are, and its share of gamma. */
typedef struct span {
    const weir_norm *norm;
    const weir_op_row *op;
    int64_t width, groups, at; /* at: its first column */
    int64_t stats;             /* where its statistics are */
    int64_t measured;
} span;

static span span_of(const weir_norm *norm, int64_t row, int64_t group)
{
    const int64_t groups = norm->groups ? norm->groups : 1, width = norm->dim / groups;
    return (span){norm,
                  weir_op_find(norm->op),
                  width,
                  groups,
                  group * width,
                  row * groups + group,
                  norm->partial ? norm->partial : width};
}

/* The element of gamma that column j of the group has. */
static int64_t gamma_index(const span *p, int64_t j)
{
    const int64_t dim = p->norm->gamma_dim ? p->norm->gamma_dim : p->norm->dim;
    return (p->at + j) % dim;
}

static double *row_of(const weir_mat_f64 *m, int64_t i, const span *p)
{
    return m->data ? m->data + i * (m->stride ? m->stride : p->norm->dim) + p->at : NULL;
}

static double gain_at(const span *p, const double *gamma, int64_t j)
{
    return gamma ? p->norm->gamma_offset + gamma[gamma_index(p, j)] : 1;
}

/* A group of the operand. A residual may be absent. */
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

static double rstd_of(const span *p, const source *s, split_mean mean)
{
    double sum = 0;
    for (int64_t j = 0; j < p->measured; j++) sum += distance(s, mean, j) * distance(s, mean, j);
    double under = sqrt(sum / (double)p->measured + p->norm->eps);
    if (p->op->rule == WEIR_RSTD_CLAMP) under = sqrt(sum) < p->norm->eps ? p->norm->eps : sqrt(sum);
    return under == 0 ? 0 : 1 / under;
}

static void forward_span(const span *p, const weir_norm_fwd_f64 *args, int64_t i)
{
    const source s = {row_of(&args->x, i, p), row_of(&args->residual, i, p), args->alpha};
    double *y = row_of(&args->y, i, p), *sum = row_of(&args->sum, i, p);
    const split_mean mean = p->op->centred ? mean_of(&s, p->width) : (split_mean){0, 0};
    const double rstd = rstd_of(p, &s, mean);
    for (int64_t j = 0; j < p->width; j++) {
        const double value = source_at(&s, j), xhat = distance(&s, mean, j) * rstd;
        const double beta = args->beta ? args->beta[gamma_index(p, j)] : 0;
        if (sum) sum[j] = value;
        y[j] = xhat * gain_at(p, args->gamma, j) + beta;
    }
    if (args->mean) args->mean[p->stats] = mean.base + mean.rest;
    if (args->rstd) args->rstd[p->stats] = rstd;
}

void weir_norm_forward_f64(const weir_norm *norm, const weir_norm_fwd_f64 *args)
{
    for (int64_t i = 0; i < args->rows; i++)
        for (int64_t g = 0; g < (norm->groups ? norm->groups : 1); g++) {
            const span p = span_of(norm, i, g);
            forward_span(&p, args, i);
        }
}

/* What sum(g xhat) is divided by; 0: rstd does not depend on the row. */
static double share_of(const span *p, double rstd)
{
    if (p->op->rule == WEIR_RSTD_MEAN) return 1 / (double)p->measured;
    return rstd == 1 / p->norm->eps ? 0 : 1;
}

static void backward_span(const span *p, const weir_norm_bwd_f64 *args, int64_t i)
{
    const double *dy = row_of(&args->dy, i, p), *x = row_of(&args->x, i, p);
    const double *dsum = row_of(&args->dsum, i, p);
    double *dx = row_of(&args->dx, i, p), *dresidual = row_of(&args->dresidual, i, p);
    const double mean = p->op->centred ? args->mean[p->stats] : 0, rstd = args->rstd[p->stats];
    double mean_g = 0, sum_gx = 0;
    for (int64_t j = 0; j < p->width; j++) {
        const double g = dy[j] * gain_at(p, args->gamma, j);
        if (p->op->centred) mean_g += g / (double)p->width;
        sum_gx += g * (x[j] - mean) * rstd;
    }
    for (int64_t j = 0; j < p->width; j++) {
        const double xhat = (x[j] - mean) * rstd, g = dy[j] * gain_at(p, args->gamma, j);
        if (args->dgamma) args->dgamma[gamma_index(p, j)] += dy[j] * xhat;
        if (args->dbeta) args->dbeta[gamma_index(p, j)] += dy[j];
        const double part = j < p->measured ? xhat * (sum_gx * share_of(p, rstd)) : 0;
        const double ds = rstd * (g - mean_g - part) + (dsum ? dsum[j] : 0);
        if (dx) dx[j] = ds;
        if (dresidual) dresidual[j] = args->alpha * ds;
    }
}

void weir_norm_backward_f64(const weir_norm *norm, const weir_norm_bwd_f64 *args)
{
    for (int64_t i = 0; i < args->rows; i++)
        for (int64_t g = 0; g < (norm->groups ? norm->groups : 1); g++) {
            const span p = span_of(norm, i, g);
            backward_span(&p, args, i);
        }
}
