/* norm_problem.c - see norm_problem.h. */
#include "norm_problem.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "ops/oracle.h"

const char *const family_names[FAMILIES] = {"uniform", "mean 1e4",  "mean 1e6",  "tiny",
                                            "huge",    "outlier",   "constant",  "zeros",
                                            "dyadic",  "nonfinite", "subnormal", "largest"};
const char *const output_names[OUTPUTS] = {"y",  "sum",       "mean",   "mean_lo", "rstd",
                                           "dx", "dresidual", "dgamma", "dbeta"};

static int64_t partial_of(const problem_options *o)
{
    return o->op->partial ? (o->dim + 2) / 3 : 0;
}

static bool is_matrix(output k)
{
    return k == Y || k == SUM || k == DX || k == DRESIDUAL;
}

static void *new_array(int64_t n, size_t size)
{
    void *p = weir_alloc((size_t)n, size);
    assert_non_null(p);
    return p;
}

static float *new_floats(int64_t n)
{
    return new_array(n, sizeof(float));
}

double float_spacing(double v)
{
    int exponent;
    frexp(fabs(v), &exponent);
    return ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
}

static double uniform(weir_rng *rng)
{
    return 2 * weir_rng_uniform(rng) - 1;
}

static float draw(const problem_options *o, weir_rng *rng, int64_t i, int64_t j)
{
    const double u = uniform(rng);
    const bool odd_one_out = j == i * 7 % o->dim;
    switch (o->family) {
    case MEAN_1E4: return (float)(1e4 + weir_rng_normal(rng));
    case MEAN_1E6: return (float)(1e6 + weir_rng_normal(rng));
    case TINY: return (float)(1e-20 * u);
    case HUGE_X: return (float)(1e19 * u);
    case OUTLIER: return odd_one_out ? 1e4f : (float)u;
    case CONSTANT: return 12345.678f;
    case ZEROS: return 0;
    case DYADIC: return (o->op->centred ? 3.0f : 0.0f) + (j % 2 ? 0.25f : -0.25f);
    case NONFINITE:
        if (i != o->rows / 2 || !odd_one_out) return (float)u;
        return o->seed % 2 ? NAN : INFINITY;
    case SUBNORMAL: return (float)(1e-42 * u);
    case LARGEST: return (float)(3e38 * u);
    case UNIFORM:
    case FAMILIES: break;
    }
    return (float)u;
}

static float *draw_matrix(const problem_options *o, weir_rng *rng)
{
    float *m = new_floats(o->rows * o->dim);
    for (int64_t i = 0; i < o->rows; i++)
        for (int64_t j = 0; j < o->dim; j++) m[i * o->dim + j] = draw(o, rng, i, j);
    return m;
}

static float *draw_uniform(int64_t n, weir_rng *rng)
{
    float *v = new_floats(n);
    for (int64_t j = 0; j < n; j++) v[j] = (float)uniform(rng);
    return v;
}

static void draw_operands(problem *p)
{
    const problem_options *o = &p->o;
    weir_rng rng;
    weir_rng_init(&rng, o->seed, (uint64_t)o->dim);
    const int64_t n = o->rows * o->dim;
    p->x = draw_matrix(o, &rng);
    p->dy = draw_uniform(n, &rng);
    p->column_start = draw_uniform(o->dim, &rng);
    if (o->residual) p->residual = draw_matrix(o, &rng);
    if (o->gamma) p->gamma = draw_uniform(o->dim, &rng);
    if (o->beta) p->beta = draw_uniform(o->dim, &rng);
    if (o->dsum) p->dsum = draw_uniform(n, &rng);
    p->s = new_floats(n);
    for (int64_t k = 0; k < n; k++) {
        const float scaled = o->residual ? o->alpha * p->residual[k] : 0;
        p->s[k] = o->residual ? scaled + p->x[k] : p->x[k];
    }
}

static double *widened(const float *v, int64_t n)
{
    if (!v) return NULL;
    double *w = new_array(n, sizeof(double));
    for (int64_t k = 0; k < n; k++) w[k] = (double)v[k];
    return w;
}

/* gamma_offset + gamma, which is by definition rounded to float. */
static double gain_at(const problem *p, int64_t j)
{
    return p->gamma ? (double)(p->o.gamma_offset + p->gamma[j]) : 1;
}

static double beta_at(const problem *p, int64_t j)
{
    return p->beta ? (double)p->beta[j] : 0;
}

/* How far the double statistics of a row can be off: dim roundings, in standard deviations. */
static double stats_slack(const problem *p)
{
    return (double)p->o.dim * 0x1p-52;
}

static void bound_forward(problem *p)
{
    const int64_t dim = p->o.dim;
    for (int64_t i = 0; i < p->o.rows; i++) {
        const double rstd = p->want[RSTD][i], sd = rstd > 0 ? 1 / rstd : 0;
        const double mean = p->o.op->centred ? p->want[MEAN][i] : 0;
        p->tol[RSTD][i] = 0.5 * float_spacing(rstd) + stats_slack(p) * rstd;
        if (p->o.op->centred) {
            p->tol[MEAN][i] = 0.5 * float_spacing(mean) + stats_slack(p) * sd;
            p->tol[MEAN_LO][i] = 0x1p-48 * fabs(mean) + stats_slack(p) * sd + 0x1p-149;
        }
        for (int64_t j = 0; j < dim; j++) {
            const double gain = gain_at(p, j), beta = beta_at(p, j);
            const double scaled = p->want[Y][i * dim + j] - beta; /* xhat * gain, nearly */
            p->tol[Y][i * dim + j] = p->o.op->max_ulp * float_spacing(fabs(scaled) + fabs(beta)) +
                                     fabs(gain) * (stats_slack(p) + 0x1p-149);
        }
    }
}

/* The bounds of backward that layernorm.md derives, u = 2^-24. */
static void bound_backward(problem *p)
{
    const double u = 0x1p-24, dim = (double)p->o.dim;
    const double block_steps = ceil(log2(ceil((double)p->o.rows / WEIR_ROW_BLOCK)));
    for (int64_t i = 0; i < p->o.rows; i++) {
        const double mean = p->o.op->centred ? p->want[MEAN][i] : 0, rstd = p->want[RSTD][i];
        double mean_g = 0, mean_gx = 0;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t j = 0; j < p->o.dim; j++) {
                const int64_t k = i * p->o.dim + j;
                const double dy = fabs((double)p->dy[k]), g = dy * fabs(gain_at(p, j));
                const double xhat =
                    fabs((double)p->s[k] - mean) * rstd + 0x1p-24 * fabs(mean) * rstd;
                if (pass == 0) {
                    mean_g += g / dim;
                    mean_gx += g * xhat / dim;
                    if (p->tol[DGAMMA]) p->tol[DGAMMA][j] += u * (18 + block_steps) * dy * xhat;
                    if (p->tol[DBETA]) p->tol[DBETA][j] += u * (13 + block_steps) * dy;
                    continue;
                }
                const double dsum = p->dsum ? fabs((double)p->dsum[k]) : 0;
                p->tol[DX][k] = u * (rstd * (7 * g + 15 * mean_g + 24 * xhat * mean_gx) + 2 * dsum);
                if (p->tol[DRESIDUAL])
                    p->tol[DRESIDUAL][k] =
                        fabs((double)p->o.alpha) * (p->tol[DX][k] + u * fabs(p->want[DX][k]));
            }
    }
}

static void bound_columns(problem *p)
{
    for (int64_t j = 0; j < p->o.dim; j++) {
        if (p->tol[DGAMMA]) p->tol[DGAMMA][j] += 0x1p-23 * (fabs(p->want[DGAMMA][j]) + 1);
        if (p->tol[DBETA]) p->tol[DBETA][j] += 0x1p-23 * (fabs(p->want[DBETA][j]) + 1);
    }
}

static void ask_oracle(problem *p)
{
    const problem_options *o = &p->o;
    const int64_t n = o->rows * o->dim;
    const weir_norm norm = {
        .op = o->op->op, .dim = o->dim, .eps = o->eps, .partial = partial_of(o)};
    double *s = widened(p->s, n), *dy = widened(p->dy, n), *dsum = widened(p->dsum, n);
    double *beta = widened(p->beta, o->dim);
    double *gain = new_array(o->dim, sizeof(double));
    for (int64_t j = 0; j < o->dim; j++) gain[j] = gain_at(p, j);
    weir_norm_forward_f64(&norm, &(weir_norm_fwd_f64){.rows = o->rows,
                                                      .x = {s, 0},
                                                      .gamma = gain,
                                                      .beta = beta,
                                                      .y = {p->want[Y], 0},
                                                      .mean = p->want[MEAN],
                                                      .rstd = p->want[RSTD]});
    for (int64_t j = 0; j < o->dim; j++) {
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
    if (p->want[SUM]) memcpy(p->want[SUM], s, (size_t)n * sizeof *s);
    double *const own[] = {s, dy, dsum, beta, gain};
    for (size_t k = 0; k < sizeof own / sizeof own[0]; k++) weir_free(own[k]);
}

problem problem_make(const problem_options *options)
{
    problem p = {.o = *options};
    const int64_t n = options->rows * options->dim, rows = options->rows, dim = options->dim;
    const bool centred = options->op->centred, residual = options->residual;
    const int64_t size[OUTPUTS] = {
        n,   residual ? n : 0, centred ? rows : 0, centred ? rows : 0, rows, n, residual ? n : 0,
        dim, centred ? dim : 0};
    memcpy(p.size, size, sizeof size);
    for (int k = 0; k < OUTPUTS; k++) {
        if (!size[k]) continue;
        p.want[k] = new_array(size[k], sizeof(double));
        p.tol[k] = new_array(size[k], sizeof(double));
    }
    draw_operands(&p);
    ask_oracle(&p);
    bound_forward(&p);
    bound_backward(&p);
    bound_columns(&p);
    p.backward_has_bounds = options->family != SUBNORMAL && options->family != LARGEST;
    return p;
}

void problem_free(problem *p)
{
    float *const own[] = {p->x,  p->residual, p->gamma, p->beta,
                          p->dy, p->dsum,     p->s,     p->column_start};
    for (size_t k = 0; k < sizeof own / sizeof own[0]; k++) weir_free(own[k]);
    for (int k = 0; k < OUTPUTS; k++) weir_free(p->want[k]), weir_free(p->tol[k]);
}

/* A matrix of one call: its last element is followed by a page that cannot be touched; what lies
 * before it and between its rows is filled with a pattern. */
typedef struct guarded {
    char *pages;
    size_t bytes; /* that can be touched */
    float *data;
    int64_t rows, dim, stride;
} guarded;

static const uint32_t pattern = 0x7fc0dead; /* a NaN, so that what is read of it shows */

static guarded guard(const float *content, int64_t rows, int64_t dim, int64_t stride)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t span = (size_t)((rows - 1) * stride + dim) * sizeof(float);
    guarded g = {
        .bytes = (span + page + 63) / page * page, .rows = rows, .dim = dim, .stride = stride};
    g.pages =
        mmap(NULL, g.bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g.pages != MAP_FAILED);
    assert_int_equal(mprotect(g.pages + g.bytes, page, PROT_NONE), 0);
    for (size_t k = 0; k < g.bytes; k += sizeof pattern)
        memcpy(g.pages + k, &pattern, sizeof pattern);
    g.data = (float *)(void *)(g.pages + g.bytes - span);
    for (int64_t i = 0; content && i < rows; i++)
        memcpy(g.data + i * stride, content + i * dim, (size_t)dim * sizeof(float));
    return g;
}

static guarded guard_vector(const float *content, int64_t n)
{
    return guard(content, 1, n, n);
}

/* The matrix, dense; the pattern around it must be whole. */
static float *unguard(const guarded *g)
{
    float *dense = new_floats(g->rows * g->dim);
    const char *at = g->pages;
    for (int64_t i = 0; i < g->rows; i++) {
        const char *row = (const char *)(g->data + i * g->stride);
        for (; at < row; at += sizeof pattern) assert_memory_equal(at, &pattern, sizeof pattern);
        memcpy(dense + i * g->dim, row, (size_t)g->dim * sizeof(float));
        at = row + (size_t)g->dim * sizeof(float);
    }
    return dense;
}

enum { X, RESIDUAL, GAMMA, BETA, DY, DSUM, WORK, INPUTS };

/* All operands of a run. */
typedef struct stage {
    guarded in[INPUTS], out[OUTPUTS];
    results results;
} stage;

static void stage_matrix(stage *st, const problem *p, int in, const float *content)
{
    if (content) st->in[in] = guard(content, p->o.rows, p->o.dim, p->o.dim + p->o.pad + in);
}

static void stage_out(stage *st, const problem *p, output out, const guarded *in_place)
{
    if (in_place && in_place->data)
        st->out[out] = *in_place;
    else if (p->size[out] && is_matrix(out))
        st->out[out] = guard(NULL, p->o.rows, p->o.dim, p->o.dim + p->o.pad + 3 * (int)out);
    else if (p->size[out])
        st->out[out] = guard_vector(NULL, p->size[out]);
}

static weir_mat mat(const guarded *g)
{
    return (weir_mat){g->data, WEIR_F32, g->stride};
}
static weir_vec vec(const guarded *g)
{
    return (weir_vec){g->data, WEIR_F32};
}

static void run_forward(const problem *p, stage *st, const weir_norm *norm,
                        const weir_parallel *par)
{
    const alias a = p->o.alias;
    stage_matrix(st, p, X, p->x);
    stage_matrix(st, p, RESIDUAL, p->residual);
    if (p->gamma) st->in[GAMMA] = guard_vector(p->gamma, p->o.dim);
    if (p->beta) st->in[BETA] = guard_vector(p->beta, p->o.dim);
    stage_out(st, p, Y,
              a == Y_IS_X || a == BOTH ? &st->in[X]
              : a == Y_IS_RESIDUAL     ? &st->in[RESIDUAL]
                                       : NULL);
    if (p->o.residual)
        stage_out(st, p, SUM,
                  a == SUM_IS_X                       ? &st->in[X]
                  : a == SUM_IS_RESIDUAL || a == BOTH ? &st->in[RESIDUAL]
                                                      : NULL);
    for (output k = MEAN; k <= RSTD; k++) stage_out(st, p, k, NULL);
    const weir_norm_fwd args = {.rows = p->o.rows,
                                .x = mat(&st->in[X]),
                                .residual = mat(&st->in[RESIDUAL]),
                                .alpha = p->o.residual ? p->o.alpha : 0,
                                .gamma = vec(&st->in[GAMMA]),
                                .beta = vec(&st->in[BETA]),
                                .y = mat(&st->out[Y]),
                                .sum = mat(&st->out[SUM]),
                                .mean = st->out[MEAN].data,
                                .mean_lo = st->out[MEAN_LO].data,
                                .rstd = st->out[RSTD].data};
    assert_int_equal(weir_norm_forward(norm, &args, par), WEIR_OK);
    for (output k = Y; k <= RSTD; k++)
        if (st->out[k].data) st->results.out[k] = unguard(&st->out[k]);
}

static void run_backward(const problem *p, stage *st, const weir_norm *norm,
                         const weir_parallel *par)
{
    const alias a = p->o.alias;
    const size_t work = weir_norm_backward_workspace(norm, p->o.rows);
    const guarded s = guard(p->s, p->o.rows, p->o.dim, p->o.dim + p->o.pad);
    stage_matrix(st, p, DY, p->dy);
    stage_matrix(st, p, DSUM, p->dsum);
    if (work) st->in[WORK] = guard_vector(NULL, (int64_t)(work / sizeof(float)));
    stage_out(st, p, DX,
              a == Y_IS_X || a == BOTH ? &st->in[DY]
              : a == Y_IS_RESIDUAL     ? &st->in[DSUM]
                                       : NULL);
    if (p->o.residual)
        stage_out(st, p, DRESIDUAL,
                  a == SUM_IS_X                       ? &st->in[DY]
                  : a == SUM_IS_RESIDUAL || a == BOTH ? &st->in[DSUM]
                                                      : NULL);
    st->out[DGAMMA] = guard_vector(p->column_start, p->o.dim);
    if (p->size[DBETA]) st->out[DBETA] = guard_vector(p->column_start, p->o.dim);
    const weir_norm_bwd args = {.rows = p->o.rows,
                                .dy = mat(&st->in[DY]),
                                .x = mat(&s),
                                .dsum = mat(&st->in[DSUM]),
                                .alpha = p->o.residual ? p->o.alpha : 0,
                                .mean = st->out[MEAN].data,
                                .mean_lo = st->out[MEAN_LO].data,
                                .rstd = st->out[RSTD].data,
                                .gamma = vec(&st->in[GAMMA]),
                                .dx = mat(&st->out[DX]),
                                .dresidual = mat(&st->out[DRESIDUAL]),
                                .dgamma = st->out[DGAMMA].data,
                                .dbeta = st->out[DBETA].data,
                                .workspace = st->in[WORK].data,
                                .workspace_bytes = work};
    assert_int_equal(weir_norm_backward(norm, &args, par), WEIR_OK);
    for (output k = DX; k < OUTPUTS; k++)
        if (st->out[k].data) st->results.out[k] = unguard(&st->out[k]);
    munmap(s.pages, s.bytes + (size_t)sysconf(_SC_PAGESIZE));
}

results problem_run(const problem *p, const weir_parallel *par)
{
    const weir_norm norm = {.op = p->o.op->op,
                            .dim = p->o.dim,
                            .eps = p->o.eps,
                            .gamma_offset = (double)p->o.gamma_offset,
                            .partial = partial_of(&p->o)};
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    stage st = {.results = {{NULL}}};
    run_forward(p, &st, &norm, par);
    run_backward(p, &st, &norm, par);
    for (int k = 0; k < INPUTS; k++)
        if (st.in[k].data) munmap(st.in[k].pages, st.in[k].bytes + page);
    for (int k = 0; k < OUTPUTS; k++) {
        bool shared = false;
        for (int in = 0; in < INPUTS; in++) shared |= st.out[k].pages == st.in[in].pages;
        if (st.out[k].data && !shared) munmap(st.out[k].pages, st.out[k].bytes + page);
    }
    return st.results;
}

void results_free(results *r)
{
    for (int k = 0; k < OUTPUTS; k++) weir_free(r->out[k]);
}

static bool is_close(double got, double want, double tol)
{
    if (isnan(want)) return isnan(got);
    if (fabs(want) > (double)FLT_MAX) return isinf(got) && signbit(got) == signbit(want);
    return fabs(got - want) <= tol;
}

void results_check(const problem *p, const results *r, weir_isa isa)
{
    for (output k = Y; k < OUTPUTS; k++) {
        if (k >= DX && !p->backward_has_bounds) break;
        const int64_t cols = k == MEAN || k == MEAN_LO || k == RSTD ? 1 : p->o.dim;
        for (int64_t i = 0; i < p->size[k]; i++) {
            const double got = (double)r->out[k][i];
            double want = p->want[k][i];
            if (k == MEAN_LO) want = p->want[MEAN][i] - (double)r->out[MEAN][i];
            /* The two sums that make the mean of a row that is not finite may differ in how they
             * are not. */
            if ((k == MEAN || k == MEAN_LO) && !isfinite(want) && !isfinite(got)) continue;
            if (is_close(got, want, p->tol[k][i])) continue;
            fail_msg("%s %s, %lld x %lld, %s, seed %llu: %s[%lld, %lld] is %.9g, not %.17g "
                     "(off by %.3g ulp, allowed %.3g)",
                     p->o.op->name, weir_isa_name(isa), (long long)p->o.rows, (long long)p->o.dim,
                     family_names[p->o.family], (unsigned long long)p->o.seed, output_names[k],
                     (long long)(i / cols), (long long)(i % cols), got, want,
                     fabs(got - want) / float_spacing(want), p->tol[k][i] / float_spacing(want));
        }
    }
}

void results_same(const problem *p, const results *a, const results *b, const char *what)
{
    for (output k = Y; k < OUTPUTS; k++)
        for (int64_t i = 0; i < p->size[k]; i++) {
            const float *x = &a->out[k][i], *y = &b->out[k][i];
            if (memcmp(x, y, sizeof *x) == 0 || (isnan(*x) && isnan(*y))) continue;
            fail_msg("%s, %lld x %lld, %s, seed %llu: %s[%lld] is %.9g, but %.9g with %s",
                     p->o.op->name, (long long)p->o.rows, (long long)p->o.dim,
                     family_names[p->o.family], (unsigned long long)p->o.seed, output_names[k],
                     (long long)i, (double)*x, (double)*y, what);
        }
}
