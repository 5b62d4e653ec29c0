/* norms.c - a norm step as calls of libweir (or of its oracle, in the double build), one for each
 * group of the row. */
#include "nn/internal.h"

#include "base/error.h"

/* The operand pointers of group g of a step. */
typedef struct group {
    int64_t at;          /* first column */
    int64_t gamma, beta; /* offsets in theta; -1: absent */
    real *mean, *mean_lo, *rstd;
} group;

static int64_t group_dim(const weir_worker *w, const weir_step *s)
{
    const weir_program *p = w->model->program;
    return weir_space_width(&p->shape, p->value[s->out].space) / s->norm.groups;
}

static group group_of(const weir_worker *w, const weir_step *s, int g, int64_t dim)
{
    const weir_model *m = w->model;
    const weir_norm_step *n = &s->norm;
    real *stats = w->stats + m->plan->stats_at[s->out] * w->rows_max;
    int64_t shift = n->gamma_shared ? 0 : g * dim;
    return (group){
        .at = g * dim,
        .gamma = n->gamma >= 0 ? m->lparam_offset[n->gamma] + shift : -1,
        .beta = n->beta >= 0 ? m->lparam_offset[n->beta] + shift : -1,
        .mean = stats + g * w->rows_max,
        .mean_lo = stats + (n->groups + g) * w->rows_max,
        .rstd = stats + (2 * n->groups + g) * w->rows_max,
    };
}

static weir_norm norm_of(const weir_worker *w, const weir_step *s, int64_t dim)
{
    return (weir_norm){.op = s->norm.op,
                       .dim = dim,
                       .eps = w->model->shape.eps,
                       .gamma_offset = s->norm.gamma >= 0 ? s->norm.gamma_offset : 0};
}

#ifdef WEIR_NN_F64

void weir_norm_apply(weir_worker *w, const weir_step *s, weir_view x, const weir_view *residual,
                     real alpha, const weir_view *sum, weir_view y)
{
    int64_t dim = group_dim(w, s);
    weir_norm norm = norm_of(w, s, dim);
    for (int i = 0; i < s->norm.groups; i++) {
        group g = group_of(w, s, i, dim);
        weir_norm_fwd_f64 args = {.rows = w->rows,
                                  .x = {x.data + g.at, x.ld},
                                  .y = {y.data + g.at, y.ld},
                                  .alpha = alpha,
                                  .mean = g.mean,
                                  .rstd = g.rstd};
        if (residual) args.residual = (weir_mat_f64){residual->data + g.at, residual->ld};
        if (sum) args.sum = (weir_mat_f64){sum->data + g.at, sum->ld};
        if (g.gamma >= 0) args.gamma = w->theta + g.gamma;
        if (g.beta >= 0) args.beta = w->theta + g.beta;
        weir_norm_forward_f64(&norm, &args);
    }
}

void weir_norm_apply_back(weir_worker *w, const weir_step *s, weir_view x, weir_view dy,
                          const weir_view *dsum, real alpha, weir_view dx,
                          const weir_view *dresidual)
{
    int64_t dim = group_dim(w, s);
    weir_norm norm = norm_of(w, s, dim);
    for (int i = 0; i < s->norm.groups; i++) {
        group g = group_of(w, s, i, dim);
        weir_norm_bwd_f64 args = {.rows = w->rows,
                                  .dy = {dy.data + g.at, dy.ld},
                                  .x = {x.data + g.at, x.ld},
                                  .dx = {dx.data + g.at, dx.ld},
                                  .alpha = alpha,
                                  .mean = g.mean,
                                  .rstd = g.rstd};
        if (dsum) args.dsum = (weir_mat_f64){dsum->data + g.at, dsum->ld};
        if (dresidual) args.dresidual = (weir_mat_f64){dresidual->data + g.at, dresidual->ld};
        if (g.gamma >= 0) args.gamma = w->theta + g.gamma, args.dgamma = w->grad + g.gamma;
        if (g.beta >= 0) args.dbeta = w->grad + g.beta;
        weir_norm_backward_f64(&norm, &args);
    }
}

#else

static weir_mat mat(weir_view v, int64_t at)
{
    return (weir_mat){v.data + at, WEIR_F32, v.ld};
}

void weir_norm_apply(weir_worker *w, const weir_step *s, weir_view x, const weir_view *residual,
                     real alpha, const weir_view *sum, weir_view y)
{
    int64_t dim = group_dim(w, s);
    weir_norm norm = norm_of(w, s, dim);
    bool layernorm = norm.op == WEIR_LAYERNORM;
    for (int i = 0; i < s->norm.groups; i++) {
        group g = group_of(w, s, i, dim);
        weir_norm_fwd args = {.rows = w->rows,
                              .x = mat(x, g.at),
                              .y = mat(y, g.at),
                              .alpha = alpha,
                              .rstd = g.rstd,
                              .mean = layernorm ? g.mean : NULL,
                              .mean_lo = layernorm ? g.mean_lo : NULL};
        if (residual) args.residual = mat(*residual, g.at);
        if (sum) args.sum = mat(*sum, g.at);
        if (g.gamma >= 0)
            args.gamma = (weir_vec){(void *)(uintptr_t)(w->theta + g.gamma), WEIR_F32};
        if (g.beta >= 0) args.beta = (weir_vec){(void *)(uintptr_t)(w->theta + g.beta), WEIR_F32};
        weir_status status = weir_norm_forward(&norm, &args, NULL);
        WEIR_ASSERT(status == WEIR_OK);
        (void)status;
    }
}

void weir_norm_apply_back(weir_worker *w, const weir_step *s, weir_view x, weir_view dy,
                          const weir_view *dsum, real alpha, weir_view dx,
                          const weir_view *dresidual)
{
    int64_t dim = group_dim(w, s);
    weir_norm norm = norm_of(w, s, dim);
    bool layernorm = norm.op == WEIR_LAYERNORM;
    for (int i = 0; i < s->norm.groups; i++) {
        group g = group_of(w, s, i, dim);
        weir_norm_bwd args = {.rows = w->rows,
                              .dy = mat(dy, g.at),
                              .x = mat(x, g.at),
                              .dx = mat(dx, g.at),
                              .alpha = alpha,
                              .rstd = g.rstd,
                              .mean = layernorm ? g.mean : NULL,
                              .mean_lo = layernorm ? g.mean_lo : NULL,
                              .workspace = w->workspace,
                              .workspace_bytes = w->workspace_bytes};
        if (dsum) args.dsum = mat(*dsum, g.at);
        if (dresidual) args.dresidual = mat(*dresidual, g.at);
        if (g.gamma >= 0) {
            args.gamma = (weir_vec){(void *)(uintptr_t)(w->theta + g.gamma), WEIR_F32};
            args.dgamma = w->grad + g.gamma;
        }
        if (g.beta >= 0) args.dbeta = w->grad + g.beta;
        weir_status status = weir_norm_backward(&norm, &args, NULL);
        WEIR_ASSERT(status == WEIR_OK);
        (void)status;
    }
}

#endif
