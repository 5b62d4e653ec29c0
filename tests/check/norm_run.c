/* norm_run.c - see norm_problem.h: the runs of a problem, and their results. */
#include "norm_problem.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "guarded.h"

/* All operands of a run. */
typedef struct stage {
    const problem *p;
    bool wide; /* everything is f32 */
    guarded in[OPERANDS], out[OUTPUTS], work;
    results results;
} stage;

static bool is_matrix(output k)
{
    return k == Y || k == SUM || k == DX || k == DRESIDUAL;
}

/* Strides differ, unless there is no pad: then rows lie densely. */
static int64_t stride_of(const problem *p, int k)
{
    return p->o.pad ? p->o.dim + p->o.pad + k : p->o.dim;
}

static void stage_in(stage *st, operand k)
{
    const problem *p = st->p;
    const weir_dtype type = st->wide ? WEIR_F32 : type_in(&p->o, k);
    if (!p->in[k]) return;
    if (k == GAMMA || k == BETA)
        st->in[k] = guard_vector(type, p->in[k], p->gamma_dim);
    else
        st->in[k] = guard(type, p->in[k], p->o.rows, p->o.dim, stride_of(p, (int)k));
}

static void stage_out(stage *st, output k, const guarded *in_place)
{
    const problem *p = st->p;
    const weir_dtype type = st->wide ? WEIR_F32 : type_out(&p->o, k);
    const float *content = k >= DGAMMA ? p->column_start : NULL;
    if (!p->size[k]) return;
    if (in_place && in_place->data)
        st->out[k] = *in_place;
    else if (is_matrix(k))
        st->out[k] = guard(type, NULL, p->o.rows, p->o.dim, stride_of(p, 3 * (int)k));
    else
        st->out[k] = guard_vector(type, content, p->size[k]);
}

/* Where alias lets an output lie: NULL is a place of its own. */
static const guarded *place_of(const stage *st, bool is_sum, operand x, operand residual)
{
    const alias a = st->p->o.alias;
    if (is_sum)
        return a == SUM_IS_X                       ? &st->in[x]
               : a == SUM_IS_RESIDUAL || a == BOTH ? &st->in[residual]
                                                   : NULL;
    return a == Y_IS_X || a == BOTH ? &st->in[x] : a == Y_IS_RESIDUAL ? &st->in[residual] : NULL;
}

static void collect(stage *st, output first, output last)
{
    for (output k = first; k <= last; k++)
        if (st->out[k].data) st->results.out[k] = unguard(&st->out[k]);
}

static void run_forward(stage *st, const weir_parallel *par)
{
    const problem *p = st->p;
    for (operand k = X; k <= BETA; k++) stage_in(st, k);
    stage_out(st, Y, place_of(st, false, X, RESIDUAL));
    stage_out(st, SUM, place_of(st, true, X, RESIDUAL));
    for (output k = MEAN; k <= Y_SCALE; k++) stage_out(st, k, NULL);
    const weir_norm_fwd args = {.rows = p->o.rows,
                                .x = guarded_mat(&st->in[X]),
                                .residual = guarded_mat(&st->in[RESIDUAL]),
                                .alpha = p->o.residual ? p->o.alpha : 0,
                                .store = p->o.store,
                                .gamma = guarded_vec(&st->in[GAMMA]),
                                .beta = guarded_vec(&st->in[BETA]),
                                .y = guarded_mat(&st->out[Y]),
                                .sum = guarded_mat(&st->out[SUM]),
                                .mean = st->out[MEAN].data,
                                .mean_lo = st->out[MEAN_LO].data,
                                .rstd = st->out[RSTD].data,
                                .moments = p->moments,
                                .y_scale = st->out[Y_SCALE].data,
                                .scale_min = p->scale_min,
                                .scale_max = p->scale_max};
    assert_int_equal(weir_norm_forward(&p->norm, &args, par), WEIR_OK);
    collect(st, Y, Y_SCALE);
}

static void run_backward(stage *st, const weir_parallel *par)
{
    const problem *p = st->p;
    const size_t work = weir_norm_backward_workspace(&p->norm, p->o.rows);
    for (operand k = DY; k <= S; k++) stage_in(st, k);
    if (work) st->work = guard_vector(WEIR_F32, NULL, (int64_t)(work / sizeof(float)));
    stage_out(st, DX, place_of(st, false, DY, DSUM));
    stage_out(st, DRESIDUAL, place_of(st, true, DY, DSUM));
    for (output k = DGAMMA; k <= DSHIFT; k++) stage_out(st, k, NULL);
    const weir_norm_bwd args = {.rows = p->o.rows,
                                .dy = guarded_mat(&st->in[DY]),
                                .x = guarded_mat(&st->in[S]),
                                .dsum = guarded_mat(&st->in[DSUM]),
                                .alpha = p->size[DRESIDUAL] ? p->o.alpha : 0,
                                .store = p->o.store,
                                .mean = st->out[MEAN].data,
                                .mean_lo = st->out[MEAN_LO].data,
                                .rstd = st->out[RSTD].data,
                                .gamma = guarded_vec(&st->in[GAMMA]),
                                .dx = guarded_mat(&st->out[DX]),
                                .dresidual = guarded_mat(&st->out[DRESIDUAL]),
                                .dgamma = st->out[DGAMMA].data,
                                .dbeta = st->out[DBETA].data,
                                .dscale = st->out[DSCALE].data,
                                .dshift = st->out[DSHIFT].data,
                                .moments = p->back_moments,
                                .workspace = st->work.data,
                                .workspace_bytes = work};
    assert_int_equal(weir_norm_backward(&p->norm, &args, par), WEIR_OK);
    collect(st, DX, DSHIFT);
}

typedef enum run_flags { WIDE = 1, FORWARD = 2 } run_flags;

static results run(const problem *p, const weir_parallel *par, run_flags flags)
{
    stage st = {.p = p, .wide = flags & WIDE};
    run_forward(&st, par);
    if (!(flags & FORWARD)) run_backward(&st, par);
    for (int k = 0; k < OUTPUTS; k++) {
        bool shared = false;
        for (int in = 0; in < OPERANDS; in++) shared |= st.out[k].pages == st.in[in].pages;
        if (!shared) guard_free(&st.out[k]);
    }
    for (int k = 0; k < OPERANDS; k++) guard_free(&st.in[k]);
    guard_free(&st.work);
    return st.results;
}

results problem_run(const problem *p, const weir_parallel *par)
{
    return run(p, par, (run_flags)0);
}

results problem_run_wide(const problem *p, const weir_parallel *par)
{
    return run(p, par, WIDE);
}

results problem_run_forward(const problem *p, const weir_parallel *par)
{
    return run(p, par, FORWARD);
}

void results_free(results *r)
{
    for (int k = 0; k < OUTPUTS; k++) weir_free(r->out[k]);
}

void results_round(const problem *p, results *r)
{
    for (output k = Y; k < OUTPUTS; k++) {
        const weir_dtype type = type_out(&p->o, k);
        for (int64_t i = 0; type != WEIR_F32 && i < p->size[k]; i++)
            r->out[k][i] = (float)element_round(type, (double)r->out[k][i]);
    }
}

/* Fails, with what tells one problem from another. */
static void complain(const problem *p, output k, int64_t i, const char *what)
{
    const problem_options *o = &p->o;
    const int64_t cols = is_matrix(k) ? o->dim : k <= Y_SCALE ? p->groups : p->size[k];
    fail_msg("%s %lld x %lld, %lld groups, gamma_dim %lld, partial %lld, %s, x %s, y %s, seed "
             "%llu: %s[%lld, %lld] is %s",
             o->op->name, (long long)o->rows, (long long)o->dim, (long long)p->groups,
             (long long)p->gamma_dim, (long long)p->norm.partial, family_names[o->family],
             weir_dtype_name(type_in(o, X)), weir_dtype_name(type_out(o, Y)),
             (unsigned long long)o->seed, output_names[k], (long long)(i / cols),
             (long long)(i % cols), what);
}

static bool is_close(double got, double want, double tol)
{
    if (isinf(tol)) return true;
    if (isnan(want)) return isnan(got);
    if (fabs(want) > (double)FLT_MAX) return isinf(got) && signbit(got) == signbit(want);
    return fabs(got - want) <= tol;
}

void results_check(const problem *p, const results *r, weir_isa isa)
{
    for (output k = Y; k < OUTPUTS; k++)
        for (int64_t i = 0; i < p->size[k]; i++) {
            const double got = (double)r->out[k][i];
            double want = p->want[k][i];
            if (k == MEAN_LO) want = p->want[MEAN][i] - (double)r->out[MEAN][i];
            /* The two sums that make the mean of a row that is not finite may differ in how they
             * are not. */
            if ((k == MEAN || k == MEAN_LO) && !isfinite(want) && !isfinite(got)) continue;
            if (is_close(got, want, p->tol[k][i])) continue;
            const double ulp = element_spacing(WEIR_F32, want);
            char what[160];
            snprintf(what, sizeof what, "%.9g, not %.17g (off by %.3g ulp, allowed %.3g), by %s",
                     got, want, fabs(got - want) / ulp, p->tol[k][i] / ulp, weir_isa_name(isa));
            complain(p, k, i, what);
        }
}

void results_same(const problem *p, const results *a, const results *b, const char *by)
{
    for (output k = Y; k < OUTPUTS; k++)
        for (int64_t i = 0; i < p->size[k]; i++) {
            const float *x = &a->out[k][i], *y = &b->out[k][i];
            if (memcmp(x, y, sizeof *x) == 0 || (isnan(*x) && isnan(*y))) continue;
            char what[160];
            snprintf(what, sizeof what, "%.9g, but %.9g with %s", (double)*x, (double)*y, by);
            complain(p, k, i, what);
        }
}
