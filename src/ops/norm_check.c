/* norm_check.c - every error of norm.h, found before anything is written. */
#include "ops/norm_check.h"

#include <math.h>

#include "base/error.h"
#include "ops/norm_tasks.h"
#include "ops/operands.h"

#define Y_TYPES (WEIR_FLOAT_TYPES | 1u << WEIR_I8 | 1u << WEIR_E4M3)

enum { WORKSPACE_ALIGN = 64 };

/* Refuses a number that the operator has no use for. */
static weir_status check_unused(double value, const char *name, const weir_op_row *op,
                                weir_error *err)
{
    if (value == 0) return WEIR_OK;
    return weir_fail(err, WEIR_E_VALUE, "norm.%s is %g, but %s has none: it must be 0", name, value,
                     op->name);
}

static weir_status check_finite(double value, const char *name, weir_error *err)
{
    if (isfinite((float)value)) return WEIR_OK;
    return weir_fail(err, WEIR_E_VALUE, "norm.%s is %g: it must be finite", name, value);
}

static weir_status check_numbers(const weir_norm *norm, const weir_op_row *op, weir_error *err)
{
    if (!(norm->eps >= 0) || !isfinite(norm->eps))
        return weir_fail(err, WEIR_E_VALUE, "norm.eps is %g: it must be finite and not negative",
                         norm->eps);
    WEIR_TRY(check_finite(norm->gamma_offset, "gamma_offset", err));
    WEIR_TRY(check_finite((double)norm->scale, "scale", err));
    WEIR_TRY(check_finite((double)norm->shift, "shift", err));
    if (!op->measures) WEIR_TRY(check_unused(norm->eps, "eps", op, err));
    if (!op->scale) WEIR_TRY(check_unused((double)norm->scale, "scale", op, err));
    if (!op->shift) WEIR_TRY(check_unused((double)norm->shift, "shift", op, err));
    if (op->scale && norm->scale == 0)
        return weir_fail(err, WEIR_E_VALUE, "norm.scale is 0: %s needs one", op->name);
    if ((int)norm->rounding < WEIR_ROUND_ONCE || (int)norm->rounding > WEIR_ROUND_XHAT_SUM)
        return weir_fail(err, WEIR_E_VALUE, "norm.rounding is %d: 0 to 3 have a meaning",
                         (int)norm->rounding);
    for (size_t i = 0; i < sizeof norm->reserved / sizeof norm->reserved[0]; i++)
        if (norm->reserved[i])
            return weir_fail(err, WEIR_E_VALUE, "norm.reserved is not 0: this version knows none");
    return WEIR_OK;
}

static weir_status check_partial(const weir_norm *norm, const weir_norm_shape *s, weir_error *err)
{
    const long long partial = norm->partial, width = s->width;
    if (!s->op->partial) return check_unused((double)norm->partial, "partial", s->op, err);
    if (partial < 0 || partial > width)
        return weir_fail(err, WEIR_E_SHAPE, "norm.partial is %lld: it must be 1 to %lld", partial,
                         width);
    return WEIR_OK;
}

/* None of the columns may be measured where they are a part of a row. */
static weir_status check_measured(const weir_norm *norm, const weir_norm_shape *s, bool is_part,
                                  weir_error *err)
{
    if (!s->op->partial || norm->partial > 0 || is_part) return WEIR_OK;
    return weir_fail(err, WEIR_E_SHAPE,
                     "norm.partial is 0: it must be 1 to %lld, but for a part of a row",
                     (long long)s->width);
}

weir_status weir_check_norm(const weir_norm *norm, int64_t rows, weir_norm_shape *s,
                            weir_error *err)
{
    if (!norm) return weir_fail(err, WEIR_E_NULL, "norm is NULL");
    *s = (weir_norm_shape){.op = weir_op_find(norm->op), .rows = rows, .dim = norm->dim};
    if (!s->op) return weir_fail(err, WEIR_E_VALUE, "norm.op is %d, which is none", (int)norm->op);
    if (norm->dim < 1)
        return weir_fail(err, WEIR_E_SHAPE, "norm.dim is %lld: it must be at least 1",
                         (long long)norm->dim);
    if (rows < 0)
        return weir_fail(err, WEIR_E_SHAPE, "rows is %lld: it must not be negative",
                         (long long)rows);
    s->groups = norm->groups ? norm->groups : 1;
    if (s->groups < 1 || s->dim % s->groups)
        return weir_fail(err, WEIR_E_SHAPE, "norm.groups is %lld, which does not divide dim %lld",
                         (long long)norm->groups, (long long)norm->dim);
    s->width = s->dim / s->groups;
    s->gamma_dim = norm->gamma_dim ? norm->gamma_dim : s->dim;
    if (s->gamma_dim != s->dim && s->gamma_dim != s->width && s->gamma_dim != 1)
        return weir_fail(err, WEIR_E_SHAPE,
                         "norm.gamma_dim is %lld: it must be dim %lld, dim / groups %lld, or 1",
                         (long long)norm->gamma_dim, (long long)s->dim, (long long)s->width);
    WEIR_TRY(check_partial(norm, s, err));
    return check_numbers(norm, s->op, err);
}

/* alpha is wanted exactly where there is something to scale. */
static weir_status check_alpha(float alpha, const void *scaled, const char *name, weir_error *err)
{
    if (isfinite(alpha) && (alpha != 0) == (scaled != NULL)) return WEIR_OK;
    if (scaled)
        return weir_fail(err, WEIR_E_VALUE, "alpha is %g: with a %s it must be finite and not 0",
                         (double)alpha, name);
    return weir_fail(err, WEIR_E_VALUE, "alpha is %g: without a %s it must be 0", (double)alpha,
                     name);
}

/* Refuses an operand that must be absent. */
static weir_status refuse(const void *data, const char *name, const char *why,
                          const weir_op_row *op, weir_error *err)
{
    if (!data) return WEIR_OK;
    return weir_fail(err, WEIR_E_VALUE, "%s is given, but %s %s", name, op->name, why);
}

static weir_status demand(const void *data, const char *name, weir_error *err)
{
    return data ? WEIR_OK : weir_fail(err, WEIR_E_NULL, "%s is NULL", name);
}

static weir_status check_gain(const weir_norm *norm, const weir_vec *gamma, weir_error *err)
{
    if (norm->gamma_offset == 0 || gamma->data) return WEIR_OK;
    return weir_fail(err, WEIR_E_VALUE, "norm.gamma_offset is %g, but gamma is absent",
                     norm->gamma_offset);
}

static weir_status check_choices(weir_store store, void *const reserved[4], weir_error *err)
{
    if ((int)store < WEIR_STORE_AUTO || (int)store > WEIR_STORE_FAR)
        return weir_fail(err, WEIR_E_VALUE, "store is %d: 0 to 2 have a meaning", (int)store);
    for (int i = 0; i < 4; i++)
        if (reserved[i])
            return weir_fail(err, WEIR_E_VALUE, "reserved is not NULL: this version knows none");
    return WEIR_OK;
}

/* Saved or given statistics of an operator that has none, or no mean. */
static weir_status refuse_stats(const void *mean, const void *mean_lo, const void *rstd,
                                const void *moments, const weir_op_row *op, weir_error *err)
{
    if (!op->centred) {
        WEIR_TRY(refuse(mean, "mean", "has none", op, err));
        WEIR_TRY(refuse(mean_lo, "mean_lo", "has none", op, err));
    }
    if (!op->measures) {
        WEIR_TRY(refuse(rstd, "rstd", "has none", op, err));
        WEIR_TRY(refuse(moments, "moments", "has no statistics", op, err));
    }
    return WEIR_OK;
}

static bool is_code(weir_dtype type)
{
    return type == WEIR_I8 || type == WEIR_E4M3;
}

static weir_status check_quantum(const weir_norm_fwd *args)
{
    weir_error *err = args->error;
    if (!is_code(args->y.type)) {
        if (args->y_scale)
            return weir_fail(err, WEIR_E_VALUE, "y_scale is given, but y is no I8 or E4M3");
        if (args->scale_min != 0 || args->scale_max != 0)
            return weir_fail(err, WEIR_E_VALUE, "scale_min and scale_max go with a y_scale");
        return WEIR_OK;
    }
    WEIR_TRY(demand(args->y_scale, "y_scale", err));
    /* What is smaller has no reciprocal. */
    const float least = args->scale_min != 0 ? args->scale_min : 0x1p-126F;
    if (!(least >= 0x1p-126F) || !isfinite(least))
        return weir_fail(err, WEIR_E_VALUE,
                         "scale_min is %g: it must be 0, or finite and at least 2^-126",
                         (double)args->scale_min);
    if (args->scale_max != 0 && !(args->scale_max >= least))
        return weir_fail(err, WEIR_E_VALUE,
                         "scale_max is %g: it must be 0, or at least scale_min and 2^-126",
                         (double)args->scale_max);
    return WEIR_OK;
}

/* What weir_norm_measure may not be given. */
static weir_status check_measure(const weir_norm_fwd *args, const weir_op_row *op)
{
    const struct {
        const void *data;
        const char *name;
    } absent[] = {
        {args->gamma.data, "gamma"}, {args->beta.data, "beta"},  {args->y.data, "y"},
        {args->sum.data, "sum"},     {args->mean, "mean"},       {args->mean_lo, "mean_lo"},
        {args->rstd, "rstd"},        {args->moments, "moments"}, {args->y_scale, "y_scale"}};
    if (!op->measures)
        return weir_fail(args->error, WEIR_E_VALUE, "%s has no statistics to measure", op->name);
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        if (absent[i].data)
            return weir_fail(args->error, WEIR_E_VALUE, "%s is given, but measuring has none",
                             absent[i].name);
    if (args->scale_min != 0 || args->scale_max != 0)
        return weir_fail(args->error, WEIR_E_VALUE, "scale_min and scale_max go with a y_scale");
    return WEIR_OK;
}

static void fill_forward(const weir_norm *norm, const weir_norm_fwd *args, weir_moments *out,
                         const weir_norm_shape *s, weir_fwd_job *job)
{
    *job = (weir_fwd_job){.dim = s->width,
                          .measured = s->op->partial ? norm->partial : s->width,
                          .rule = s->op->rule,
                          .eps = norm->eps,
                          .alpha = args->alpha,
                          .gamma_offset = (float)norm->gamma_offset,
                          .scale = norm->scale,
                          .shift = norm->shift,
                          .rounding = norm->rounding,
                          .x = args->x.data,
                          .residual = args->residual.data,
                          .x_type = args->x.type,
                          .residual_type = args->residual.type,
                          .gamma = args->gamma.data,
                          .beta = args->beta.data,
                          .gamma_type = args->gamma.type,
                          .beta_type = args->beta.type,
                          .scalar_gamma = s->gamma_dim == 1 && s->width > 1,
                          .y = args->y.data,
                          .sum = args->sum.data,
                          .y_type = args->y.type,
                          .sum_type = args->sum.type,
                          .mean = args->mean,
                          .mean_lo = args->mean_lo,
                          .rstd = args->rstd,
                          .moments = args->moments,
                          .found = out,
                          .ld_stats = s->groups,
                          .y_scale = args->y_scale,
                          .scale_min = args->scale_min > 0x1p-126F ? args->scale_min : 0x1p-126F,
                          .scale_max = args->scale_max};
    if (args->moments) job->measured = 0;
}

/* At most the elements of a matrix; those are added first, and refused where this wraps. */
static int64_t stats_of(const weir_norm_shape *s)
{
    return (int64_t)((uint64_t)s->rows * (uint64_t)s->groups);
}

weir_status weir_check_forward(const weir_norm *norm, const weir_norm_fwd *args, weir_moments *out,
                               const weir_norm_shape *s, weir_fwd_job *job)
{
    weir_error *err = args->error;
    const int64_t stats = stats_of(s);
    const size_t f32 = sizeof(float), f64 = sizeof(double);
    weir_operands o = {.rows = s->rows, .dim = s->dim, .err = err};
    WEIR_TRY(demand(args->x.data, "x.data", err));
    if (out) {
        WEIR_TRY(check_measure(args, s->op));
    } else {
        WEIR_TRY(demand(args->y.data, "y.data", err));
        WEIR_TRY(check_quantum(args));
    }
    if (args->sum.data && !args->residual.data)
        return weir_fail(err, WEIR_E_NULL, "sum is given, but residual.data is NULL");
    if (!s->op->beta) WEIR_TRY(refuse(args->beta.data, "beta", "has none", s->op, err));
    WEIR_TRY(refuse_stats(args->mean, args->mean_lo, args->rstd, args->moments, s->op, err));
    WEIR_TRY(check_alpha(args->alpha, args->residual.data, "residual", err));
    WEIR_TRY(check_measured(norm, s, out || args->moments, err));
    if (!out) WEIR_TRY(check_gain(norm, &args->gamma, err));
    WEIR_TRY(check_choices(args->store, args->reserved, err));
    fill_forward(norm, args, out, s, job);
    WEIR_TRY(weir_add_mat(&o, "x", &args->x, WEIR_FLOAT_TYPES, WEIR_SOURCE, &job->ldx));
    WEIR_TRY(
        weir_add_mat(&o, "residual", &args->residual, WEIR_FLOAT_TYPES, WEIR_SOURCE, &job->ldr));
    WEIR_TRY(weir_add_vec(&o, "gamma", &args->gamma, s->gamma_dim));
    WEIR_TRY(weir_add_vec(&o, "beta", &args->beta, s->gamma_dim));
    WEIR_TRY(weir_add_mat(&o, "y", &args->y, Y_TYPES, WEIR_SINK, &job->ldy));
    WEIR_TRY(weir_add_mat(&o, "sum", &args->sum, WEIR_FLOAT_TYPES, WEIR_SINK, &job->lds));
    WEIR_TRY(weir_add_array(&o, "mean", args->mean, stats, f32, f32, WEIR_OUTPUT));
    WEIR_TRY(weir_add_array(&o, "mean_lo", args->mean_lo, stats, f32, f32, WEIR_OUTPUT));
    WEIR_TRY(weir_add_array(&o, "rstd", args->rstd, stats, f32, f32, WEIR_OUTPUT));
    WEIR_TRY(weir_add_array(&o, "moments", args->moments, stats, sizeof *args->moments, f64,
                            WEIR_INPUT));
    WEIR_TRY(weir_add_array(&o, "y_scale", args->y_scale, stats, f32, f32, WEIR_OUTPUT));
    WEIR_TRY(weir_add_array(&o, "out", out, stats, sizeof *out, f64, WEIR_OUTPUT));
    return weir_check_overlaps(&o);
}

static weir_status check_workspace(const weir_norm_bwd *args, const weir_norm_shape *s)
{
    if (!args->dgamma && !args->dbeta && !args->dscale && !args->dshift) return WEIR_OK;
    const size_t need = weir_workspace_bytes(s);
    if (need) WEIR_TRY(demand(args->workspace, "workspace", args->error));
    if (args->workspace_bytes < need)
        return weir_fail(args->error, WEIR_E_SHAPE, "workspace_bytes is %zu: %zu are needed",
                         args->workspace_bytes, need);
    return WEIR_OK;
}

static weir_status check_back_measure(const weir_norm_bwd *args, const weir_op_row *op)
{
    const struct {
        const void *data;
        const char *name;
    } absent[] = {
        {args->dsum.data, "dsum"}, {args->dx.data, "dx"},     {args->dresidual.data, "dresidual"},
        {args->dgamma, "dgamma"},  {args->dbeta, "dbeta"},    {args->dscale, "dscale"},
        {args->dshift, "dshift"},  {args->moments, "moments"}};
    if (!op->measures)
        return weir_fail(args->error, WEIR_E_VALUE, "%s has no sums to measure", op->name);
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        if (absent[i].data)
            return weir_fail(args->error, WEIR_E_VALUE, "%s is given, but measuring has none",
                             absent[i].name);
    return WEIR_OK;
}

static void fill_backward(const weir_norm *norm, const weir_norm_bwd *args, weir_back_moments *out,
                          const weir_norm_shape *s, weir_bwd_job *job)
{
    *job = (weir_bwd_job){.dim = s->width,
                          .measured = s->op->partial ? norm->partial : s->width,
                          .rule = s->op->rule,
                          .eps = norm->eps,
                          .alpha = args->alpha,
                          .gamma_offset = (float)norm->gamma_offset,
                          .scale = norm->scale,
                          .shift = norm->shift,
                          .dy = args->dy.data,
                          .x = args->x.data,
                          .dsum = args->dsum.data,
                          .gamma = args->gamma.data,
                          .dy_type = args->dy.type,
                          .x_type = args->x.type,
                          .dsum_type = args->dsum.type,
                          .gamma_type = args->gamma.type,
                          .scalar_gamma = s->gamma_dim == 1 && s->width > 1,
                          .mean = args->mean,
                          .mean_lo = args->mean_lo,
                          .rstd = args->rstd,
                          .moments = args->moments,
                          .found = out,
                          .ld_stats = s->groups,
                          .dx = args->dx.data,
                          .dresidual = args->dresidual.data,
                          .dx_type = args->dx.type,
                          .dresidual_type = args->dresidual.type};
}

/* Which operands must be there, and which must not. */
static weir_status check_back_presence(const weir_norm_bwd *args, const weir_back_moments *out,
                                       const weir_op_row *op)
{
    weir_error *err = args->error;
    WEIR_TRY(demand(args->dy.data, "dy.data", err));
    WEIR_TRY(demand(args->x.data, "x.data", err));
    if (op->measures) WEIR_TRY(demand(args->rstd, "rstd", err));
    if (op->centred) {
        WEIR_TRY(demand(args->mean, "mean", err));
        WEIR_TRY(demand(args->mean_lo, "mean_lo", err));
    }
    if (out) WEIR_TRY(check_back_measure(args, op));
    WEIR_TRY(refuse_stats(args->mean, args->mean_lo, args->rstd, args->moments, op, err));
    if (!op->beta) WEIR_TRY(refuse(args->dbeta, "dbeta", "has no beta", op, err));
    if (!op->scale) WEIR_TRY(refuse(args->dscale, "dscale", "has no scale", op, err));
    if (!op->shift) WEIR_TRY(refuse(args->dshift, "dshift", "has no shift", op, err));
    return WEIR_OK;
}

weir_status weir_check_backward(const weir_norm *norm, const weir_norm_bwd *args,
                                weir_back_moments *out, const weir_norm_shape *s, weir_bwd_job *job)
{
    weir_error *err = args->error;
    const int64_t stats = stats_of(s);
    const size_t f32 = sizeof(float), f64 = sizeof(double);
    weir_operands o = {.rows = s->rows, .dim = s->dim, .err = err};
    WEIR_TRY(check_back_presence(args, out, s->op));
    WEIR_TRY(check_alpha(args->alpha, args->dresidual.data, "dresidual", err));
    WEIR_TRY(check_gain(norm, &args->gamma, err));
    WEIR_TRY(check_measured(norm, s, out || args->moments, err));
    WEIR_TRY(check_choices(args->store, args->reserved, err));
    WEIR_TRY(check_workspace(args, s));
    fill_backward(norm, args, out, s, job);
    WEIR_TRY(weir_add_mat(&o, "dy", &args->dy, WEIR_FLOAT_TYPES, WEIR_SOURCE, &job->lddy));
    WEIR_TRY(weir_add_mat(&o, "x", &args->x, WEIR_FLOAT_TYPES, WEIR_INPUT, &job->ldx));
    WEIR_TRY(weir_add_mat(&o, "dsum", &args->dsum, WEIR_FLOAT_TYPES, WEIR_SOURCE, &job->ldds));
    WEIR_TRY(weir_add_vec(&o, "gamma", &args->gamma, s->gamma_dim));
    WEIR_TRY(weir_add_array(&o, "mean", args->mean, stats, f32, f32, WEIR_INPUT));
    WEIR_TRY(weir_add_array(&o, "mean_lo", args->mean_lo, stats, f32, f32, WEIR_INPUT));
    WEIR_TRY(weir_add_array(&o, "rstd", args->rstd, stats, f32, f32, WEIR_INPUT));
    WEIR_TRY(weir_add_array(&o, "moments", args->moments, stats, sizeof *args->moments, f64,
                            WEIR_INPUT));
    WEIR_TRY(weir_add_mat(&o, "dx", &args->dx, WEIR_FLOAT_TYPES, WEIR_SINK, &job->lddx));
    WEIR_TRY(
        weir_add_mat(&o, "dresidual", &args->dresidual, WEIR_FLOAT_TYPES, WEIR_SINK, &job->lddr));
    WEIR_TRY(weir_add_array(&o, "dgamma", args->dgamma, s->gamma_dim, f32, f32, WEIR_OUTPUT));
    WEIR_TRY(weir_add_array(&o, "dbeta", args->dbeta, s->gamma_dim, f32, f32, WEIR_OUTPUT));
    WEIR_TRY(weir_add_array(&o, "dscale", args->dscale, 1, f32, f32, WEIR_OUTPUT));
    WEIR_TRY(weir_add_array(&o, "dshift", args->dshift, 1, f32, f32, WEIR_OUTPUT));
    WEIR_TRY(weir_add_array(&o, "out", out, stats, sizeof *out, f64, WEIR_OUTPUT));
    WEIR_TRY(weir_add_array(&o, "workspace", args->workspace, (int64_t)args->workspace_bytes, 1,
                            WORKSPACE_ALIGN, WEIR_OUTPUT));
    return weir_check_overlaps(&o);
}
