/* norm_want.c - see norm_want.h: the operators that measure, by the oracle and by the bounds of
 * layernorm.md. */
#include "norm_want.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "element.h"
#include "ops/oracle.h"

double *widened(const float *v, int64_t n)
{
    if (!v) return NULL;
    double *w = new_array(n, sizeof(double));
    for (int64_t k = 0; k < n; k++) w[k] = (double)v[k];
    return w;
}

double gain_at(const problem *p, int64_t j)
{
    return p->in[GAMMA] ? (double)(p->o.gamma_offset + p->in[GAMMA][j % p->gamma_dim]) : 1;
}

double beta_at(const problem *p, int64_t j)
{
    return p->in[BETA] ? (double)p->in[BETA][j % p->gamma_dim] : 0;
}

static void ask_oracle(problem *p)
{
    const problem_options *o = &p->o;
    const int64_t n = o->rows * o->dim;
    weir_norm norm = p->norm;
    norm.gamma_offset = 0; /* it is in `gain` */
    double *sum = widened(p->sum, n), *s = widened(p->in[S], n), *dy = widened(p->in[DY], n);
    double *dsum = widened(p->in[DSUM], n), *beta = widened(p->in[BETA], p->gamma_dim);
    double *gain = new_array(p->gamma_dim, sizeof(double));
    for (int64_t j = 0; j < p->gamma_dim; j++) gain[j] = gain_at(p, j);
    weir_norm_forward_f64(&norm, &(weir_norm_fwd_f64){.rows = o->rows,
                                                      .x = {sum, 0},
                                                      .gamma = gain,
                                                      .beta = beta,
                                                      .y = {p->want[Y], 0},
                                                      .mean = p->want[MEAN],
                                                      .rstd = p->want[RSTD]});
    for (int64_t j = 0; j < p->gamma_dim; j++) {
        p->want[DGAMMA][j] = (double)p->column_start[j];
        if (p->want[DBETA]) p->want[DBETA][j] = (double)p->column_start[j];
    }
    weir_norm_backward_f64(&norm, &(weir_norm_bwd_f64){.rows = o->rows,
                                                       .dy = {dy, 0},
                                                       .x = {s, 0},
                                                       .dsum = {dsum, 0},
                                                       .alpha = (double)o->alpha,
                                                       .mean = p->want[MEAN],
                                                       .rstd = p->want[RSTD],
                                                       .gamma = gain,
                                                       .dx = {p->want[DX], 0},
                                                       .dresidual = {p->want[DRESIDUAL], 0},
                                                       .dgamma = p->want[DGAMMA],
                                                       .dbeta = p->want[DBETA]});
    if (p->want[SUM]) memcpy(p->want[SUM], sum, (size_t)n * sizeof *sum);
    double *const own[] = {sum, s, dy, dsum, beta, gain};
    for (size_t k = 0; k < sizeof own / sizeof own[0]; k++) weir_free(own[k]);
}

/* One group of one row: its first column in the matrices and in the row, its statistics. */
typedef struct span {
    int64_t at, column, stats;
    double mean, rstd;
} span;

static span span_of(const problem *p, int64_t i, int64_t group)
{
    const int64_t stats = i * p->groups + group, column = group * p->width;
    return (span){i * p->o.dim + column, column, stats, p->o.op->centred ? p->want[MEAN][stats] : 0,
                  p->want[RSTD][stats]};
}

/* How far the double statistics of a group can be off: a rounding each element, in standard
 * deviations. */
static double stats_slack(const problem *p)
{
    return (double)p->width * 0x1p-52;
}

static void bound_forward(problem *p, const span *s)
{
    const double sd = s->rstd > 0 ? 1 / s->rstd : 0;
    p->tol[RSTD][s->stats] = 0.5 * element_spacing(WEIR_F32, s->rstd) + stats_slack(p) * s->rstd;
    if (p->o.op->centred) {
        p->tol[MEAN][s->stats] = 0.5 * element_spacing(WEIR_F32, s->mean) + stats_slack(p) * sd;
        p->tol[MEAN_LO][s->stats] = 0x1p-48 * fabs(s->mean) + stats_slack(p) * sd + 0x1p-149;
    }
    for (int64_t j = 0; j < p->width; j++) {
        const double gain = gain_at(p, s->column + j), beta = beta_at(p, s->column + j);
        const double scaled = p->want[Y][s->at + j] - beta; /* xhat * gain, nearly */
        const double ulp = element_spacing(WEIR_F32, fabs(scaled) + fabs(beta));
        p->tol[Y][s->at + j] = p->o.op->max_ulp * ulp + fabs(gain) * (stats_slack(p) + 0x1p-149);
    }
}

static double measured_of(const problem *p)
{
    return (double)(p->o.op->partial ? p->norm.partial : p->width);
}

/* What sum(g xhat) is multiplied with on its way to dx. */
static double share_of(const problem *p, const span *s)
{
    if (p->o.op->rule == WEIR_RSTD_MEAN) return 1 / measured_of(p);
    return s->rstd == 1 / p->norm.eps ? 0 : 1;
}

static double size_of_dy(const problem *p, int64_t k)
{
    return fabs((double)p->in[DY][k]);
}

static double size_of_xhat(const problem *p, const span *s, int64_t k)
{
    return fabs((double)p->in[S][k] - s->mean) * s->rstd + 0x1p-24 * fabs(s->mean) * s->rstd;
}

/* Whether backward of a group is promised to be near: its rstd is normal in float, and rounding the
 * sum for backward did not take it beyond what can be added up. */
static bool backward_has_bounds(const problem *p, const span *s)
{
    if (s->rstd > (double)FLT_MAX || (s->rstd > 0 && s->rstd < (double)FLT_MIN)) return false;
    for (int64_t k = s->at; k < s->at + p->width; k++)
        if (isfinite(p->sum[k]) && size_of_xhat(p, s, k) > 0x1p100) return false;
    return true;
}

/* The bounds of backward that layernorm.md derives, u = 2^-24. */
static void bound_dx(problem *p, const span *s, bool bounded)
{
    const double u = 0x1p-24;
    double mean_g = 0, mean_gx = 0;
    for (int64_t j = 0; j < p->width; j++) {
        const double g = size_of_dy(p, s->at + j) * fabs(gain_at(p, s->column + j));
        if (p->o.op->centred) mean_g += g / (double)p->width;
        mean_gx += g * size_of_xhat(p, s, s->at + j) * share_of(p, s);
    }
    for (int64_t j = 0; j < p->width; j++) {
        const int64_t k = s->at + j;
        const double g = size_of_dy(p, k) * fabs(gain_at(p, s->column + j));
        const double dsum = p->in[DSUM] ? fabs((double)p->in[DSUM][k]) : 0;
        const double share = (double)j < measured_of(p) ? 22 * size_of_xhat(p, s, k) * mean_gx : 0;
        p->tol[DX][k] = bounded
                            ? u * (s->rstd * (5 * g + 14 * mean_g + share) + 2 * dsum) + 0x1p-149
                            : (double)INFINITY;
        if (!p->tol[DRESIDUAL]) continue;
        const double size = fabs(p->want[DX][k]), alpha = fabs((double)p->o.alpha);
        p->tol[DRESIDUAL][k] = size > (double)FLT_MAX /* alpha may bring it back, but not dx */
                                   ? (double)INFINITY
                                   : alpha * (p->tol[DX][k] + u * size) + 0x1p-149;
    }
}

/* Whether the sums of columns are added to dgamma and dbeta pair of rows by pair of rows. */
static bool adds_directly(const problem *p)
{
    return weir_norm_backward_workspace(&p->norm, p->o.rows) == 0;
}

static double pairs_of(const problem *p)
{
    return ceil((double)p->o.rows / 2);
}

/* A group's share of the bounds of the column sums. */
static void bound_columns(problem *p, const span *s, bool bounded)
{
    const double u = 0x1p-24, blocks = ceil((double)p->o.rows / WEIR_ROW_BLOCK);
    const double tree = 16 + ceil(log2(blocks)) + (p->gamma_dim == p->o.dim ? 0 : 1);
    const double additions = 1 + (adds_directly(p) ? 1 + pairs_of(p) : tree);
    for (int64_t j = 0; j < p->width; j++) {
        const int64_t to = (s->column + j) % p->gamma_dim;
        const double dy = size_of_dy(p, s->at + j);
        p->tol[DGAMMA][to] +=
            bounded ? u * (5 + additions) * dy * size_of_xhat(p, s, s->at + j) : (double)INFINITY;
        if (p->tol[DBETA]) p->tol[DBETA][to] += u * additions * dy;
    }
}

/* What rounding the result, or what was there before, adds to the bounds of the column sums. */
static void bound_results(problem *p, output k)
{
    const bool direct = adds_directly(p);
    for (int64_t j = 0; j < p->size[k]; j++) {
        const double size = fabs(direct ? (double)p->column_start[j] : p->want[k][j]);
        p->tol[k][j] += 0x1p-24 * (direct ? pairs_of(p) : 1) * size;
    }
}

void want_norm(problem *p)
{
    ask_oracle(p);
    for (int64_t i = 0; i < p->o.rows; i++)
        for (int64_t g = 0; g < p->groups; g++) {
            const span s = span_of(p, i, g);
            const bool bounded = backward_has_bounds(p, &s);
            bound_forward(p, &s);
            bound_dx(p, &s, bounded);
            bound_columns(p, &s, bounded);
        }
    bound_results(p, DGAMMA);
    bound_results(p, DBETA);
}
