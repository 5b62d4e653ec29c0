/* norm_problem.c - see norm_problem.h: operands, and what must come of them. */
#include "norm_problem.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "element.h"
#include "ops/oracle.h"

const char *const family_names[FAMILIES] = {
    "uniform", "mean 1e4", "mean 1e6",  "tiny",      "huge",    "outlier", "constant",
    "zeros",   "dyadic",   "nonfinite", "subnormal", "largest", "assorted"};
const char *const output_names[OUTPUTS] = {"y",  "sum",       "mean",   "mean_lo", "rstd",
                                           "dx", "dresidual", "dgamma", "dbeta"};

weir_dtype type_in(const problem_options *o, operand k)
{
    return o->in[k] ? o->in[k] : WEIR_F32;
}

weir_dtype type_out(const problem_options *o, output k)
{
    return o->out[k] ? o->out[k] : WEIR_F32;
}

bool options_are_typed(const problem_options *o)
{
    bool typed = false;
    for (operand k = X; k < OPERANDS; k++) typed |= type_in(o, k) != WEIR_F32;
    for (output k = Y; k < OUTPUTS; k++) typed |= type_out(o, k) != WEIR_F32;
    return typed;
}

void options_unify(problem_options *o)
{
    const alias a = o->alias;
    if (a == Y_IS_X || a == BOTH) o->out[Y] = o->in[X], o->out[DX] = o->in[DY];
    if (a == Y_IS_RESIDUAL) o->out[Y] = o->in[RESIDUAL], o->out[DX] = o->in[DSUM];
    if (a == SUM_IS_X) o->out[SUM] = o->in[X], o->out[DRESIDUAL] = o->in[DY];
    if (a == SUM_IS_RESIDUAL || a == BOTH)
        o->out[SUM] = o->in[RESIDUAL], o->out[DRESIDUAL] = o->in[DSUM];
}

static void *new_array(int64_t n, size_t size)
{
    void *p = weir_alloc((size_t)n, size);
    assert_non_null(p);
    return p;
}

static double uniform(weir_rng *rng)
{
    return 2 * weir_rng_uniform(rng) - 1;
}

/* The size of a family's numbers where f32 has no trouble with it, where bf16, where f16. */
static double scale_of(family f, weir_dtype type)
{
    static const double of_f32[FAMILIES] = {
        [TINY] = 1e-20, [HUGE_X] = 1e19, [SUBNORMAL] = 1e-42, [LARGEST] = 3e38, [MEAN_1E6] = 1e6};
    static const double of_f16[FAMILIES] = {
        [TINY] = 1e-4, [HUGE_X] = 2e4, [SUBNORMAL] = 1e-6, [LARGEST] = 6e4, [MEAN_1E6] = 3e4};
    if (type == WEIR_BF16 && f == SUBNORMAL) return 1e-39;
    return type == WEIR_F16 ? of_f16[f] : of_f32[f];
}

/* A number about a mean whose neighbours in the type are not too far away. */
static double about(double mean, weir_dtype type, weir_rng *rng)
{
    const double apart = element_spacing(type, mean);
    return mean + weir_rng_normal(rng) * (apart < 0.25 ? 1 : 4 * apart);
}

static double draw(const problem_options *o, family f, weir_dtype type, weir_rng *rng, int64_t i,
                   int64_t j)
{
    const double u = uniform(rng), scale = scale_of(f, type);
    const bool odd_one_out = j == i * 7 % o->dim;
    switch (f) {
    case MEAN_1E4: return about(1e4, type, rng);
    case MEAN_1E6: return about(scale, type, rng);
    case OUTLIER: return odd_one_out ? 1e4 : u;
    case CONSTANT: return 12345.678;
    case ZEROS: return 0;
    case DYADIC: return (o->op->centred ? 3 : 0) + (j % 2 ? 0.25 : -0.25);
    case NONFINITE:
        if (!odd_one_out || (o->family == NONFINITE && i != o->rows / 2)) return u;
        return o->seed % 2 ? (double)NAN : (double)INFINITY;
    case TINY:
    case HUGE_X:
    case SUBNORMAL:
    case LARGEST: return scale * u;
    case UNIFORM:
    case ASSORTED:
    case FAMILIES: break;
    }
    return u;
}

/* The family of a row: UNIFORM every other time where they are assorted. */
static family family_of(const problem_options *o, int64_t i)
{
    if (o->family != ASSORTED) return o->family;
    const uint64_t mixed = (o->seed + (uint64_t)i) * 0x9e3779b97f4a7c15u;
    return mixed >> 63 ? UNIFORM : (family)((mixed >> 32) % ASSORTED);
}

static float *draw_matrix(const problem_options *o, operand k, weir_rng *rng)
{
    const weir_dtype type = type_in(o, k);
    float *m = new_array(o->rows * o->dim, sizeof(float));
    for (int64_t i = 0; i < o->rows; i++)
        for (int64_t j = 0; j < o->dim; j++)
            m[i * o->dim + j] =
                (float)element_round(type, draw(o, family_of(o, i), type, rng, i, j));
    return m;
}

static float *draw_uniform(weir_dtype type, int64_t n, weir_rng *rng)
{
    float *v = new_array(n, sizeof(float));
    for (int64_t j = 0; j < n; j++) v[j] = (float)element_round(type, uniform(rng));
    return v;
}

static void draw_operands(problem *p)
{
    const problem_options *o = &p->o;
    weir_rng rng;
    weir_rng_init(&rng, o->seed, (uint64_t)o->dim);
    const int64_t n = o->rows * o->dim;
    const bool there[OPERANDS] = {
        [GAMMA] = o->gamma, [BETA] = o->beta, [DY] = true, [DSUM] = o->dsum};
    p->in[X] = draw_matrix(o, X, &rng);
    if (o->residual) p->in[RESIDUAL] = draw_matrix(o, RESIDUAL, &rng);
    for (operand k = GAMMA; k <= DSUM; k++)
        if (there[k]) p->in[k] = draw_uniform(type_in(o, k), k <= BETA ? p->gamma_dim : n, &rng);
    p->column_start = draw_uniform(WEIR_F32, p->gamma_dim, &rng);
    p->sum = new_array(n, sizeof(float));
    p->in[S] = new_array(n, sizeof(float));
    for (int64_t k = 0; k < n; k++) {
        const float scaled = o->residual ? o->alpha * p->in[RESIDUAL][k] : 0;
        p->sum[k] = o->residual ? scaled + p->in[X][k] : p->in[X][k];
        p->in[S][k] = (float)element_round(type_in(o, S), (double)p->sum[k]);
    }
}

static double *widened(const float *v, int64_t n)
{
    if (!v) return NULL;
    double *w = new_array(n, sizeof(double));
    for (int64_t k = 0; k < n; k++) w[k] = (double)v[k];
    return w;
}

/* gamma_offset + gamma, which is by definition rounded to float; j counts along the row. */
static double gain_at(const problem *p, int64_t j)
{
    return p->in[GAMMA] ? (double)(p->o.gamma_offset + p->in[GAMMA][j % p->gamma_dim]) : 1;
}

static double beta_at(const problem *p, int64_t j)
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
        const double share = (double)j < measured_of(p) ? 23 * size_of_xhat(p, s, k) * mean_gx : 0;
        p->tol[DX][k] = bounded
                            ? u * (s->rstd * (7 * g + 15 * mean_g + share) + 2 * dsum) + 0x1p-149
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

static void bound(problem *p)
{
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

const weir_op_row *norm_rows(int *count)
{
    const weir_op_row *rows = weir_op_rows(count);
    while (*count && !rows[*count - 1].measures) --*count;
    for (int k = 0; k < *count; k++) assert_true(rows[k].measures);
    return rows;
}

problem problem_make(const problem_options *options)
{
    problem p = {.o = *options};
    problem_options *o = &p.o;
    options_unify(o);
    p.norm = (weir_norm){.op = o->op->op,
                         .dim = o->dim,
                         .eps = o->eps,
                         .gamma_offset = (double)o->gamma_offset,
                         .groups = o->groups,
                         .gamma_dim = o->gamma_dim,
                         .partial = o->op->partial && !o->partial ? 1 : o->partial};
    p.groups = o->groups ? o->groups : 1;
    p.width = o->dim / p.groups;
    p.gamma_dim = o->gamma_dim ? o->gamma_dim : o->dim;
    const int64_t n = o->rows * o->dim, stats = o->rows * p.groups;
    const int64_t size[OUTPUTS] = {[Y] = n,
                                   [SUM] = o->residual ? n : 0,
                                   [MEAN] = o->op->centred ? stats : 0,
                                   [MEAN_LO] = o->op->centred ? stats : 0,
                                   [RSTD] = stats,
                                   [DX] = n,
                                   [DRESIDUAL] = o->residual ? n : 0,
                                   [DGAMMA] = p.gamma_dim,
                                   [DBETA] = o->op->beta ? p.gamma_dim : 0};
    memcpy(p.size, size, sizeof size);
    for (int k = 0; k < OUTPUTS; k++) {
        if (!size[k]) continue;
        p.want[k] = new_array(size[k], sizeof(double));
        p.tol[k] = new_array(size[k], sizeof(double));
    }
    draw_operands(&p);
    ask_oracle(&p);
    bound(&p);
    return p;
}

void problem_free(problem *p)
{
    for (int k = 0; k < OPERANDS; k++) weir_free(p->in[k]);
    weir_free(p->sum);
    weir_free(p->column_start);
    for (int k = 0; k < OUTPUTS; k++) weir_free(p->want[k]), weir_free(p->tol[k]);
}
