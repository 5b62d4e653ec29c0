/* norm_check.c - every error of norm.h, found before anything is written. */
#include "ops/norm_check.h"

#include <math.h>

#include "base/error.h"

/* What an operand is to the others. A source may be the very matrix that a sink is written to;
 * apart from that, nothing that is written may overlap anything. */
enum role { INPUT, SOURCE, OUTPUT, SINK };

typedef struct region {
    uintptr_t data, bytes; /* from the first element to the last */
    uintptr_t pitch;       /* from row to row, in bytes; 0: a vector */
    enum role role;
} region;

typedef struct operands {
    int64_t rows, dim;
    region all[12];
    int count;
} operands;

static bool is_written(const region *r)
{
    return r->role == OUTPUT || r->role == SINK;
}

/* Whether two matrices of one stride lie side by side within it, as slices of a wider matrix do. */
static bool side_by_side(const region *a, const region *b, int64_t dim)
{
    if (!a->pitch || a->pitch != b->pitch) return false;
    const uintptr_t apart = a->data > b->data ? a->data - b->data : b->data - a->data;
    const uintptr_t width = (uintptr_t)dim * sizeof(float), shift = apart % a->pitch;
    return shift >= width && a->pitch - shift >= width;
}

/* Whether two regions are allowed to be where they are. */
static bool may_meet(const region *a, const region *b, int64_t dim)
{
    if (a->data >= b->data + b->bytes || b->data >= a->data + a->bytes) return true;
    const bool in_place =
        (a->role == SOURCE && b->role == SINK) || (a->role == SINK && b->role == SOURCE);
    if (in_place && a->data == b->data && a->pitch == b->pitch) return true;
    return side_by_side(a, b, dim);
}

static weir_status check_alias(const operands *o)
{
    for (int i = 0; i < o->count; i++)
        for (int k = i + 1; k < o->count; k++)
            if ((is_written(&o->all[i]) || is_written(&o->all[k])) &&
                !may_meet(&o->all[i], &o->all[k], o->dim))
                return WEIR_E_ALIAS;
    return WEIR_OK;
}

/* A vector of n elements of `size` bytes; absent ones are nowhere. */
static weir_status add_vector(operands *o, const void *data, size_t n, size_t size, enum role role)
{
    size_t bytes;
    if (!data) return WEIR_OK;
    if (__builtin_mul_overflow(n, size, &bytes)) return WEIR_E_SHAPE;
    o->all[o->count++] = (region){(uintptr_t)data, bytes, 0, role};
    return WEIR_OK;
}

static weir_status add_vec(operands *o, const weir_vec *vec, enum role role)
{
    if (vec->data && vec->type != WEIR_F32) return WEIR_E_DTYPE;
    return add_vector(o, vec->data, (size_t)o->dim, sizeof(float), role);
}

static weir_status add_mat(operands *o, const weir_mat *mat, enum role role, int64_t *stride)
{
    int64_t bytes, pitch;
    *stride = mat->stride ? mat->stride : o->dim;
    if (!mat->data) return WEIR_OK;
    if (mat->type != WEIR_F32) return WEIR_E_DTYPE;
    if (*stride < o->dim) return WEIR_E_SHAPE;
    const int64_t size = sizeof(float);
    if (__builtin_mul_overflow(*stride, size, &pitch) ||
        __builtin_mul_overflow(o->rows - 1, pitch, &bytes) ||
        __builtin_add_overflow(bytes, o->dim * size, &bytes))
        return WEIR_E_SHAPE;
    o->all[o->count++] = (region){(uintptr_t)mat->data, (uintptr_t)bytes, (uintptr_t)pitch, role};
    return WEIR_OK;
}

/* alpha is wanted exactly where there is something to scale. */
static weir_status check_alpha(float alpha, const void *scaled)
{
    if (!isfinite(alpha) || (alpha != 0) != (scaled != NULL)) return WEIR_E_VALUE;
    return WEIR_OK;
}

static weir_status check_gain(const weir_norm *norm, const weir_vec *gamma)
{
    return norm->gamma_offset != 0 && !gamma->data ? WEIR_E_VALUE : WEIR_OK;
}

weir_status weir_check_norm(const weir_norm *norm, int64_t rows)
{
    if (!norm) return WEIR_E_NULL;
    if (!weir_op_find(norm->op)) return WEIR_E_VALUE;
    if (norm->dim < 1 || rows < 0) return WEIR_E_SHAPE;
    if (!(norm->eps >= 0) || !isfinite(norm->eps) || !isfinite((float)norm->gamma_offset))
        return WEIR_E_VALUE;
    return WEIR_OK;
}

weir_status weir_check_forward(const weir_norm *norm, const weir_norm_fwd *args, weir_fwd_job *job)
{
    const size_t rows = (size_t)args->rows;
    operands o = {.rows = args->rows, .dim = norm->dim};
    if (!args->x.data || !args->y.data || (args->sum.data && !args->residual.data))
        return WEIR_E_NULL;
    if (!weir_op_find(norm->op)->centred && (args->beta.data || args->mean || args->mean_lo))
        return WEIR_E_VALUE;
    WEIR_TRY(check_alpha(args->alpha, args->residual.data));
    WEIR_TRY(check_gain(norm, &args->gamma));
    *job = (weir_fwd_job){.dim = norm->dim,
                          .eps = norm->eps,
                          .alpha = args->alpha,
                          .gamma_offset = (float)norm->gamma_offset,
                          .x = args->x.data,
                          .residual = args->residual.data,
                          .gamma = args->gamma.data,
                          .beta = args->beta.data,
                          .y = args->y.data,
                          .sum = args->sum.data,
                          .mean = args->mean,
                          .mean_lo = args->mean_lo,
                          .rstd = args->rstd};
    WEIR_TRY(add_mat(&o, &args->x, SOURCE, &job->ldx));
    WEIR_TRY(add_mat(&o, &args->residual, SOURCE, &job->ldr));
    WEIR_TRY(add_vec(&o, &args->gamma, INPUT));
    WEIR_TRY(add_vec(&o, &args->beta, INPUT));
    WEIR_TRY(add_mat(&o, &args->y, SINK, &job->ldy));
    WEIR_TRY(add_mat(&o, &args->sum, SINK, &job->lds));
    WEIR_TRY(add_vector(&o, args->mean, rows, sizeof(float), OUTPUT));
    WEIR_TRY(add_vector(&o, args->mean_lo, rows, sizeof(float), OUTPUT));
    WEIR_TRY(add_vector(&o, args->rstd, rows, sizeof(float), OUTPUT));
    return check_alias(&o);
}

static weir_status check_workspace(const weir_norm *norm, const weir_norm_bwd *args)
{
    if (!args->dgamma && !args->dbeta) return WEIR_OK;
    const size_t need = weir_norm_backward_workspace(norm, args->rows);
    if (need && !args->workspace) return WEIR_E_NULL;
    return args->workspace_bytes < need ? WEIR_E_SHAPE : WEIR_OK;
}

weir_status weir_check_backward(const weir_norm *norm, const weir_norm_bwd *args, weir_bwd_job *job)
{
    const bool centred = weir_op_find(norm->op)->centred;
    const size_t rows = (size_t)args->rows, dim = (size_t)norm->dim;
    operands o = {.rows = args->rows, .dim = norm->dim};
    if (!args->dy.data || !args->x.data || !args->rstd) return WEIR_E_NULL;
    if (centred && (!args->mean || !args->mean_lo)) return WEIR_E_NULL;
    if (!centred && (args->mean || args->mean_lo || args->dbeta)) return WEIR_E_VALUE;
    WEIR_TRY(check_alpha(args->alpha, args->dresidual.data));
    WEIR_TRY(check_gain(norm, &args->gamma));
    WEIR_TRY(check_workspace(norm, args));
    *job = (weir_bwd_job){.dim = norm->dim,
                          .alpha = args->alpha,
                          .gamma_offset = (float)norm->gamma_offset,
                          .dy = args->dy.data,
                          .x = args->x.data,
                          .dsum = args->dsum.data,
                          .gamma = args->gamma.data,
                          .mean = args->mean,
                          .mean_lo = args->mean_lo,
                          .rstd = args->rstd,
                          .dx = args->dx.data,
                          .dresidual = args->dresidual.data};
    WEIR_TRY(add_mat(&o, &args->dy, SOURCE, &job->lddy));
    WEIR_TRY(add_mat(&o, &args->x, INPUT, &job->ldx));
    WEIR_TRY(add_mat(&o, &args->dsum, SOURCE, &job->ldds));
    WEIR_TRY(add_vec(&o, &args->gamma, INPUT));
    WEIR_TRY(add_vector(&o, args->mean, rows, sizeof(float), INPUT));
    WEIR_TRY(add_vector(&o, args->mean_lo, rows, sizeof(float), INPUT));
    WEIR_TRY(add_vector(&o, args->rstd, rows, sizeof(float), INPUT));
    WEIR_TRY(add_mat(&o, &args->dx, SINK, &job->lddx));
    WEIR_TRY(add_mat(&o, &args->dresidual, SINK, &job->lddr));
    WEIR_TRY(add_vector(&o, args->dgamma, dim, sizeof(float), OUTPUT));
    WEIR_TRY(add_vector(&o, args->dbeta, dim, sizeof(float), OUTPUT));
    WEIR_TRY(add_vector(&o, args->workspace, args->workspace_bytes, 1, OUTPUT));
    return check_alias(&o);
}
