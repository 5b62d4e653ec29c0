/* norm_problem.c - see norm_problem.h: operands, and what must come of them. */
#include "norm_problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "element.h"
#include "norm_want.h"

const char *const family_names[FAMILIES] = {
    "uniform", "mean 1e4", "mean 1e6",  "tiny",      "huge",    "outlier", "constant",
    "zeros",   "dyadic",   "nonfinite", "subnormal", "largest", "assorted"};
const char *const output_names[OUTPUTS] = {"y",      "sum",     "mean",   "mean_lo",
                                           "rstd",   "y_scale", "dx",     "dresidual",
                                           "dgamma", "dbeta",   "dscale", "dshift"};

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

void *new_array(int64_t n, size_t size)
{
    void *p = weir_alloc((size_t)n, size);
    assert_non_null(p);
    return p;
}

weir_dtype any_type(weir_rng *rng)
{
    static const weir_dtype types[] = {WEIR_F32, WEIR_BF16, WEIR_F16};
    return types[weir_rng_below(rng, 3)];
}

problem_options options_draw(const weir_op_row *op, weir_rng *rng, const int64_t *dims, int count)
{
    static const int64_t row_counts[] = {1, 2, 3, 4, 6, 9};
    static const output matrices[] = {Y, SUM, DX, DRESIDUAL};
    const int64_t dim = dims[weir_rng_below(rng, (uint64_t)count)];
    const int64_t groups = dim % 4 == 0 && weir_rng_below(rng, 2) ? 4 : 1, width = dim / groups;
    problem_options o = {.op = op,
                         .family = (family)weir_rng_below(rng, FAMILIES),
                         .rows = row_counts[weir_rng_below(rng, 6)],
                         .dim = dim,
                         .pad = (int64_t)weir_rng_below(rng, 2),
                         .groups = groups,
                         .gamma_dim = weir_rng_below(rng, 2) ? dim : width,
                         .partial = op->partial ? (width + 1) / 2 : 0,
                         .residual = weir_rng_below(rng, 2),
                         .gamma = weir_rng_below(rng, 4) > 0,
                         .beta = op->beta && weir_rng_below(rng, 2),
                         .dsum = weir_rng_below(rng, 2),
                         .alpha = 0.75f,
                         .eps = weir_rng_below(rng, 2) ? 0 : 1e-5,
                         .store = (weir_store)weir_rng_below(rng, 3),
                         .shift = 0.25f,
                         .seed = weir_rng_u32(rng)};
    o.gamma_offset = o.gamma && weir_rng_below(rng, 2) ? 1 : 0;
    const weir_dtype common = any_type(rng);
    const bool mixed = weir_rng_below(rng, 2);
    for (operand k = X; k < OPERANDS; k++) o.in[k] = mixed ? any_type(rng) : common;
    for (int k = 0; k < 4; k++) o.out[matrices[k]] = mixed ? any_type(rng) : common;
    return o;
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
                         .eps = o->op->measures ? o->eps : 0,
                         .gamma_offset = (double)o->gamma_offset,
                         .groups = o->groups,
                         .gamma_dim = o->gamma_dim,
                         .partial = o->op->partial && !o->partial ? 1 : o->partial,
                         .scale = !o->op->scale   ? 0
                                  : o->scale != 0 ? o->scale
                                                  : 0.5f,
                         .shift = o->op->shift ? o->shift : 0};
    p.groups = o->groups ? o->groups : 1;
    p.width = o->dim / p.groups;
    p.gamma_dim = o->gamma_dim ? o->gamma_dim : o->dim;
    const int64_t n = o->rows * o->dim, stats = o->rows * p.groups;
    const int64_t size[OUTPUTS] = {[Y] = n,
                                   [SUM] = o->residual ? n : 0,
                                   [MEAN] = o->op->centred ? stats : 0,
                                   [MEAN_LO] = o->op->centred ? stats : 0,
                                   [RSTD] = o->op->measures ? stats : 0,
                                   [DX] = n,
                                   [DRESIDUAL] = o->residual ? n : 0,
                                   [DGAMMA] = p.gamma_dim,
                                   [DBETA] = o->op->beta ? p.gamma_dim : 0,
                                   [DSCALE] = o->op->scale,
                                   [DSHIFT] = o->op->shift};
    memcpy(p.size, size, sizeof size);
    for (int k = 0; k < OUTPUTS; k++) {
        if (!size[k]) continue;
        p.want[k] = new_array(size[k], sizeof(double));
        p.tol[k] = new_array(size[k], sizeof(double));
    }
    draw_operands(&p);
    if (o->op->measures)
        want_norm(&p);
    else
        want_squash(&p);
    return p;
}

void problem_free(problem *p)
{
    for (int k = 0; k < OPERANDS; k++) weir_free(p->in[k]);
    weir_free(p->sum);
    weir_free(p->column_start);
    for (int k = 0; k < OUTPUTS; k++) weir_free(p->want[k]), weir_free(p->tol[k]);
}
