/* steps.c - walks a list of steps forward, and backward by the plan. It knows sums, norms and
 * branches, never placements. */
#include <string.h>

#include "nn/internal.h"

/* ---- coefficients --------------------------------------------------------------------------- */

static const real *lparam(const weir_worker *w, int index)
{
    return w->theta + w->model->lparam_offset[index];
}

static real *lparam_grad(weir_worker *w, int index)
{
    return w->grad + w->model->lparam_offset[index];
}

/* number * scalars, in double, rounded once. */
static real coef_scalar(const weir_worker *w, const weir_coef *c)
{
    double v = c->number;
    for (int i = 0; i < c->scalars; i++) v *= (double)*lparam(w, c->scalar[i]);
    return (real)v;
}

/* A vector coefficient as one number for each column: fl(scalar * param), a heads param repeated
 * over its head. */
static const real *coef_columns(const weir_worker *w, const weir_coef *c, int64_t cols)
{
    const real *v = lparam(w, c->vector);
    real a = coef_scalar(w, c);
    int64_t each = cols / w->model->program->param[c->vector].size;
    for (int64_t j = 0; j < cols; j++) w->columns[j] = a * v[j / each];
    return w->columns;
}

/* y = coef * x */
static void multiply(weir_worker *w, const weir_coef *c, int64_t cols, weir_view x, weir_view y)
{
    if (c->vector >= 0)
        w->ops->scale_cols(w->rows, cols, coef_columns(w, c, cols), x.data, x.ld, y.data, y.ld);
    else
        w->ops->scale(w->rows, cols, coef_scalar(w, c), x.data, x.ld, y.data, y.ld);
}

/* y = z + coef * x; the product is rounded, then the sum. */
static void multiply_add(weir_worker *w, const weir_coef *c, int64_t cols, weir_view x, weir_view z,
                         weir_view y)
{
    real a = 1;
    if (c->vector >= 0) {
        weir_view product = {w->product, cols};
        multiply(w, c, cols, x, product);
        x = product;
    } else {
        a = coef_scalar(w, c);
    }
    w->ops->axpby(w->rows, cols, 1, z.data, z.ld, a, x.data, x.ld, y.data, y.ld);
}

/* Adds the gradients of the learned factors of coef, for out = coef * x with dy at out. */
static void coef_backward(weir_worker *w, const weir_coef *c, int64_t cols, weir_view x,
                          weir_view dy)
{
    if (!c->scalars && c->vector < 0) return;
    double dot; /* sum of dy * x * (vector) */
    if (c->vector >= 0) {
        const real *v = lparam(w, c->vector);
        real *dv = lparam_grad(w, c->vector), a = coef_scalar(w, c), *sum = w->columns + cols;
        int64_t each = cols / w->model->program->param[c->vector].size;
        memset(sum, 0, (size_t)cols * sizeof *sum);
        w->ops->dot_cols(w->rows, cols, 1, dy.data, dy.ld, x.data, x.ld, sum);
        dot = 0;
        for (int64_t j = 0; j < cols; j++) {
            dv[j / each] += a * sum[j];
            dot += (double)v[j / each] * (double)sum[j];
        }
    } else {
        dot = w->ops->dot(w->rows, cols, dy.data, dy.ld, x.data, x.ld);
    }
    for (int i = 0; i < c->scalars; i++) {
        double others = c->number;
        for (int k = 0; k < c->scalars; k++) {
            if (k != i) others *= (double)*lparam(w, c->scalar[k]);
        }
        *lparam_grad(w, c->scalar[i]) += (real)(others * dot);
    }
}

/* ---- forward -------------------------------------------------------------------------------- */

static int64_t cols_of(const weir_worker *w, int value)
{
    const weir_program *p = w->model->program;
    return weir_space_width(&p->shape, p->value[value].space);
}

static void sum_forward(weir_worker *w, const weir_step *s)
{
    int64_t cols = cols_of(w, s->out);
    weir_view y = w->value[s->out], first = w->value[s->term[0].value];
    const weir_coef *c = &s->term[0].coef;
    int next = 1;
    if (s->terms > 1 && c->vector < 0 && s->term[1].coef.vector < 0) {
        weir_view second = w->value[s->term[1].value];
        w->ops->axpby(w->rows, cols, coef_scalar(w, c), first.data, first.ld,
                      coef_scalar(w, &s->term[1].coef), second.data, second.ld, y.data, y.ld);
        next = 2;
    } else {
        multiply(w, c, cols, first, y);
    }
    for (int t = next; t < s->terms; t++)
        multiply_add(w, &s->term[t].coef, cols, w->value[s->term[t].value], y, y);
}

/* Of the two terms of a SUM_NORM, the one whose coefficient is 1; the other is the residual of the
 * kernel's words. */
static int unit_term(const weir_step *s)
{
    return weir_coef_is_one(&s->term[1].coef) ? 1 : 0;
}

static void sum_norm_forward(weir_worker *w, const weir_step *s)
{
    int unit = unit_term(s);
    weir_view residual = w->value[s->term[1 - unit].value];
    weir_norm_apply(w, s, w->value[s->term[unit].value], &residual,
                    coef_scalar(w, &s->term[1 - unit].coef), &w->value[s->sum], w->value[s->out]);
}

static void see(weir_worker *w, weir_sight what, int value, int layer, int sub, const real *data,
                int64_t ld)
{
    weir_sighting s = {.what = what,
                       .layer = layer,
                       .sub = sub,
                       .data = data,
                       .rows = w->rows,
                       .cols = cols_of(w, value),
                       .ld = ld};
    w->observer(w->observer_ctx, &s);
}

/* Shows the sublayers after which `value` is the stream. */
static void see_sites(weir_worker *w, weir_sight what, int value, const real *data, int64_t ld)
{
    const weir_plan *plan = w->model->plan;
    int lo = 0, hi = plan->sites;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (plan->site[mid].value < value)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < plan->sites && plan->site[lo].value == value; lo++)
        see(w, what, value, plan->site[lo].layer, plan->site[lo].sub, data, ld);
}

static void see_forward(weir_worker *w, const weir_step *s)
{
    weir_view out = w->value[s->out];
    if (s->kind == WEIR_STEP_BRANCH)
        see(w, WEIR_SEE_BRANCH, s->out, s->layer, (int)s->branch, out.data, out.ld);
    if (s->kind == WEIR_STEP_NORM || s->kind == WEIR_STEP_SUM_NORM) {
        int in = s->kind == WEIR_STEP_NORM ? s->in : s->sum;
        const real *stats = w->stats + w->model->plan->stats_at[s->out] * w->rows_max;
        weir_sighting n = {.what = WEIR_SEE_NORM,
                           .layer = s->layer,
                           .sub = s->slot == WEIR_SLOT_ATTN ? 0 : 1,
                           .data = w->value[in].data,
                           .rows = w->rows,
                           .cols = cols_of(w, in),
                           .ld = w->value[in].ld,
                           .norm = &s->norm,
                           .rstd = stats + 2 * s->norm.groups * w->rows_max,
                           .rstd_stride = w->rows_max};
        w->observer(w->observer_ctx, &n);
    }
    see_sites(w, WEIR_SEE_STREAM, s->out, out.data, out.ld);
    if (s->kind == WEIR_STEP_SUM_NORM)
        see_sites(w, WEIR_SEE_STREAM, s->sum, w->value[s->sum].data, w->value[s->sum].ld);
}

void weir_steps_forward(weir_worker *w, const weir_steps *list)
{
    if (w->observer)
        see_sites(w, WEIR_SEE_STREAM, list->in, w->value[list->in].data, w->value[list->in].ld);
    for (int i = 0; i < list->count; i++) {
        const weir_step *s = &list->step[i];
        switch (s->kind) {
        case WEIR_STEP_SUM: sum_forward(w, s); break;
        case WEIR_STEP_NORM:
            weir_norm_apply(w, s, w->value[s->in], NULL, 0, NULL, w->value[s->out]);
            break;
        case WEIR_STEP_SUM_NORM: sum_norm_forward(w, s); break;
        case WEIR_STEP_BRANCH:
            if (s->branch == WEIR_BRANCH_ATTN)
                weir_attention_forward(w, s);
            else
                weir_mlp_forward(w, s);
            break;
        }
        if (w->observer) see_forward(w, s);
    }
}

/* ---- backward ------------------------------------------------------------------------------- */

typedef struct frame {
    weir_worker *w;
    real *slots;
    int64_t cols;
} frame;

static weir_view slot(const frame *f, int index)
{
    return (weir_view){f->slots + index * f->w->rows_max * f->cols, f->cols};
}

/* Delivers the gradient ds of a sum to its terms. `done`: a term that a kernel has already
 * delivered, or -1. */
static void terms_backward(const frame *f, const weir_step *s, const weir_back *back, int done)
{
    weir_view ds = slot(f, back->ds);
    for (int t = 0; t < s->terms; t++) {
        const weir_coef *c = &s->term[t].coef;
        weir_delivery d = back->term[t];
        coef_backward(f->w, c, f->cols, f->w->value[s->term[t].value], ds);
        if (t == done || (d.src < 0 && d.dst == back->ds && weir_coef_is_one(c))) continue;
        if (d.src < 0)
            multiply(f->w, c, f->cols, ds, slot(f, d.dst));
        else
            multiply_add(f->w, c, f->cols, ds, slot(f, d.src), slot(f, d.dst));
    }
}

static void norm_backward(const frame *f, const weir_step *s, const weir_back *back)
{
    weir_view dsum = back->to.src >= 0 ? slot(f, back->to.src) : (weir_view){0};
    weir_norm_apply_back(f->w, s, f->w->value[s->in], slot(f, back->dy),
                         back->to.src >= 0 ? &dsum : NULL, 0, slot(f, back->to.dst), NULL);
}

static void sum_norm_backward(const frame *f, const weir_step *s, const weir_back *back)
{
    int done = -1;
    if (back->dy >= 0) {
        int other = 1 - unit_term(s);
        const weir_coef *c = &s->term[other].coef;
        weir_delivery d = back->term[other];
        /* The kernel can write alpha * ds itself when nothing else has arrived there and it has a
         * slot of its own. */
        bool fused = !weir_coef_is_one(c) && d.src < 0 && d.dst != back->ds;
        weir_view dsum = back->to.src >= 0 ? slot(f, back->to.src) : (weir_view){0};
        weir_view dresidual = fused ? slot(f, d.dst) : (weir_view){0};
        weir_norm_apply_back(f->w, s, f->w->value[s->sum], slot(f, back->dy),
                             back->to.src >= 0 ? &dsum : NULL, fused ? coef_scalar(f->w, c) : 0,
                             slot(f, back->to.dst), fused ? &dresidual : NULL);
        if (fused) done = other;
    }
    if (back->ds < 0) return;
    if (f->w->observer)
        see_sites(f->w, WEIR_SEE_STREAM_GRAD, s->sum, slot(f, back->ds).data, f->cols);
    terms_backward(f, s, back, done);
}

void weir_steps_backward(weir_worker *w, const weir_steps *list, const weir_list_plan *plan,
                         real *slots, int64_t cols)
{
    frame f = {w, slots, cols};
    for (int i = list->count - 1; i >= 0; i--) {
        const weir_step *s = &list->step[i];
        const weir_back *back = &plan->back[i];
        if (w->observer && back->dy >= 0)
            see_sites(w, WEIR_SEE_STREAM_GRAD, s->out, slot(&f, back->dy).data, cols);
        switch (s->kind) {
        case WEIR_STEP_SUM:
            if (back->ds >= 0) terms_backward(&f, s, back, -1);
            break;
        case WEIR_STEP_NORM:
            if (back->dy >= 0) norm_backward(&f, s, back);
            break;
        case WEIR_STEP_SUM_NORM: sum_norm_backward(&f, s, back); break;
        case WEIR_STEP_BRANCH: {
            if (back->dy < 0) break;
            const real *src = back->to.src >= 0 ? slot(&f, back->to.src).data : NULL;
            if (s->branch == WEIR_BRANCH_ATTN)
                weir_attention_backward(w, s, slot(&f, back->dy).data, src,
                                        slot(&f, back->to.dst).data);
            else
                weir_mlp_backward(w, s, slot(&f, back->dy).data, src, slot(&f, back->to.dst).data);
            break;
        }
        }
    }
    if (w->observer && plan->in >= 0)
        see_sites(w, WEIR_SEE_STREAM_GRAD, list->in, slot(&f, plan->in).data, cols);
}

void weir_inside_backward(weir_worker *w, int layer, weir_spot spot, const real *dy, int64_t cols,
                          real *dx, int64_t ldx)
{
    const weir_steps *list = weir_program_inside(w->model->program, layer, spot);
    const weir_list_plan *plan = &w->model->plan->inside[(layer - 1) * (int)WEIR_SPOTS + (int)spot];
    weir_observer observer = w->observer;
    w->observer = NULL; /* an inside list holds no stream */
    w->ops->scale(w->rows, cols, 1, dy, cols, w->inside_slots, cols);
    weir_steps_backward(w, list, plan, w->inside_slots, cols);
    w->observer = observer;
    frame f = {w, w->inside_slots, cols};
    if (plan->in >= 0) {
        weir_view in = slot(&f, plan->in);
        w->ops->scale(w->rows, cols, 1, in.data, in.ld, dx, ldx);
    } else {
        for (int64_t i = 0; i < w->rows; i++) memset(dx + i * ldx, 0, (size_t)cols * sizeof *dx);
    }
}
