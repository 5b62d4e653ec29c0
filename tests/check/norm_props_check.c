/* norm_props_check.c - what the formulas promise, whatever the numbers: invariances of y,
 * orthogonality of dx, and the oracle's backward as the derivative of its forward. */
#include "norm_problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"
#include "ops/oracle.h"

enum { DIM = 64 };

static void forward(const weir_op_row *op, const float *x, const float *gamma, const float *beta,
                    float *y)
{
    const weir_norm norm = {.op = op->op, .dim = DIM, .partial = op->partial ? DIM / 2 : 0};
    const weir_norm_fwd args = {.rows = 1,
                                .x = {(float *)x, WEIR_F32, 0},
                                .gamma = {(float *)gamma, WEIR_F32},
                                .beta = {(float *)beta, WEIR_F32},
                                .y = {y, WEIR_F32, 0}};
    assert_int_equal(weir_norm_forward(&norm, &args, NULL), WEIR_OK);
}

/* Multiples of 1/16 below 8: sums of DIM of them and of their squares are exact. */
static void draw_dyadic(weir_rng *rng, float *x)
{
    for (int j = 0; j < DIM; j++) x[j] = (float)weir_rng_below(rng, 256) / 16 - 8;
}

static void y_keeps_its_bits_under_scale_sign_and_shift(void **state)
{
    int ops;
    const weir_op_row *rows = norm_rows(&ops);
    (void)state;
    for (int op = 0; op < ops; op++)
        for (int trial = 0; trial < 20; trial++) {
            float x[DIM], changed[DIM], y[DIM], again[DIM];
            weir_rng rng;
            weir_rng_init(&rng, (uint64_t)trial, 7);
            draw_dyadic(&rng, x);
            forward(&rows[op], x, NULL, NULL, y);
            for (int j = 0; j < DIM; j++) changed[j] = 0x1p-40f * x[j];
            forward(&rows[op], changed, NULL, NULL, again);
            assert_memory_equal(y, again, sizeof y);
            for (int j = 0; j < DIM; j++) changed[j] = -x[j];
            forward(&rows[op], changed, NULL, NULL, again);
            for (int j = 0; j < DIM; j++) assert_true(again[j] == -y[j]);
            for (int j = 0; j < DIM; j++) changed[j] = x[j] + 4096;
            forward(&rows[op], changed, NULL, NULL, again);
            assert_true((memcmp(y, again, sizeof y) == 0) == rows[op].centred);
        }
}

static void a_gain_of_zero_leaves_beta(void **state)
{
    static const float zero[DIM];
    int ops;
    const weir_op_row *rows = norm_rows(&ops);
    (void)state;
    for (int op = 0; op < ops; op++) {
        float x[DIM], beta[DIM], y[DIM];
        weir_rng rng;
        weir_rng_init(&rng, 3, 7);
        draw_dyadic(&rng, x);
        draw_dyadic(&rng, beta);
        forward(&rows[op], x, zero, rows[op].beta ? beta : NULL, y);
        for (int j = 0; j < DIM; j++) assert_true(y[j] == (rows[op].beta ? beta[j] : 0));
    }
}

/* sum(dx) = 0 where a shift of x changes nothing, dx . xhat = 0 where a scale changes nothing (eps
 * 0). */
static void dx_is_orthogonal_to_what_changes_nothing(void **state)
{
    int ops;
    const weir_op_row *rows = norm_rows(&ops);
    (void)state;
    for (int op = 0; op < ops; op++)
        for (int64_t dim = 1; dim < 300; dim += 37) {
            const problem_options o = {.op = &rows[op],
                                       .family = UNIFORM,
                                       .rows = 5,
                                       .dim = dim,
                                       .gamma = true,
                                       .seed = 11};
            problem p = problem_make(&o);
            results r = problem_run(&p, NULL);
            for (int64_t i = 0; i < o.rows; i++) {
                const double mean = o.op->centred ? p.want[MEAN][i] : 0;
                double sum = 0, dot = 0, sum_tol = 0, dot_tol = 0;
                for (int64_t k = i * dim; k < (i + 1) * dim; k++) {
                    const double xhat = ((double)p.in[S][k] - mean) * p.want[RSTD][i];
                    sum += (double)r.out[DX][k];
                    dot += (double)r.out[DX][k] * xhat;
                    sum_tol += p.tol[DX][k];
                    dot_tol += p.tol[DX][k] * fabs(xhat);
                }
                if (o.op->centred && !(fabs(sum) <= sum_tol))
                    fail_msg("%s, dim %lld: sum(dx) is %g", o.op->name, (long long)dim, sum);
                if (!(fabs(dot) <= dot_tol))
                    fail_msg("%s, dim %lld: dx . xhat is %g", o.op->name, (long long)dim, dot);
            }
            results_free(&r);
            problem_free(&p);
        }
}

enum { ROWS = 3, MAX_DIM = 9, MAX_N = ROWS * MAX_DIM };

/* The operands of a small network in double, and a loss: sum of w * y + v * s. */
typedef struct tangent {
    weir_norm norm;
    double alpha, x[MAX_N], residual[MAX_N], gamma[MAX_DIM], beta[MAX_DIM], w[MAX_N], v[MAX_N];
    double y[MAX_N], s[MAX_N], mean[MAX_N], rstd[MAX_N];
} tangent;

static double loss(tangent *t)
{
    const bool has_beta = weir_op_find(t->norm.op)->beta;
    weir_norm_forward_f64(&t->norm, &(weir_norm_fwd_f64){.rows = ROWS,
                                                         .x = {t->x, 0},
                                                         .residual = {t->residual, 0},
                                                         .alpha = t->alpha,
                                                         .gamma = t->gamma,
                                                         .beta = has_beta ? t->beta : NULL,
                                                         .y = {t->y, 0},
                                                         .sum = {t->s, 0},
                                                         .mean = t->mean,
                                                         .rstd = t->rstd});
    double sum = 0;
    for (int64_t k = 0; k < ROWS * t->norm.dim; k++) sum += t->w[k] * t->y[k] + t->v[k] * t->s[k];
    return sum;
}

static void compare_gradient(tangent *t, double *at, const double *gradient, int64_t n,
                             const char *name)
{
    const double step = 1e-5;
    for (int64_t k = 0; k < n; k++) {
        const double keep = at[k];
        at[k] = keep + step;
        const double up = loss(t);
        at[k] = keep - step;
        const double down = loss(t), difference = (up - down) / (2 * step);
        at[k] = keep;
        if (!(fabs(difference - gradient[k]) <= 1e-7 * (1 + fabs(difference))))
            fail_msg("op %d, dim %lld: d%s[%lld] is %.12g, by differences %.12g", (int)t->norm.op,
                     (long long)t->norm.dim, name, (long long)k, gradient[k], difference);
    }
}

static void check_derivative(const weir_op_row *op, weir_norm norm)
{
    const int64_t dim = norm.dim, gamma_dim = norm.gamma_dim;
    tangent t = {.norm = norm, .alpha = -1.25};
    double *const drawn[] = {t.x, t.residual, t.w, t.v, t.gamma, t.beta};
    double dx[MAX_N], dresidual[MAX_N], dgamma[MAX_DIM] = {0}, dbeta[MAX_DIM] = {0}, s[MAX_N];
    weir_rng rng;
    weir_rng_init(&rng, (uint64_t)dim, 1);
    for (int k = 0; k < 6; k++)
        for (int64_t j = 0; j < (k < 4 ? ROWS * dim : gamma_dim); j++)
            drawn[k][j] = weir_rng_normal(&rng);
    loss(&t);
    memcpy(s, t.s, sizeof s);
    weir_norm_backward_f64(&t.norm, &(weir_norm_bwd_f64){.rows = ROWS,
                                                         .dy = {t.w, 0},
                                                         .x = {s, 0},
                                                         .dsum = {t.v, 0},
                                                         .alpha = t.alpha,
                                                         .mean = t.mean,
                                                         .rstd = t.rstd,
                                                         .gamma = t.gamma,
                                                         .dx = {dx, 0},
                                                         .dresidual = {dresidual, 0},
                                                         .dgamma = dgamma,
                                                         .dbeta = dbeta});
    compare_gradient(&t, t.x, dx, ROWS * dim, "x");
    compare_gradient(&t, t.residual, dresidual, ROWS * dim, "residual");
    compare_gradient(&t, t.gamma, dgamma, gamma_dim, "gamma");
    if (op->beta) compare_gradient(&t, t.beta, dbeta, gamma_dim, "beta");
}

/* The last eps clamps some rows of an L2Norm, and not others. */
static void the_oracles_backward_is_the_derivative_of_its_forward(void **state)
{
    static const double epsilons[] = {1e-2, 1.5};
    int ops;
    const weir_op_row *rows = norm_rows(&ops);
    (void)state;
    for (int op = 0; op < ops; op++)
        for (int64_t dim = 2; dim <= MAX_DIM; dim++)
            for (int64_t groups = 1; groups <= dim / 2; groups++) {
                const int64_t width = dim / groups, gamma_dims[] = {dim, width, 1};
                for (int k = 0; dim % groups == 0 && k < 6; k++)
                    check_derivative(&rows[op],
                                     (weir_norm){.op = rows[op].op,
                                                 .dim = dim,
                                                 .eps = epsilons[k / 3],
                                                 .gamma_offset = 0.5,
                                                 .groups = groups,
                                                 .gamma_dim = gamma_dims[k % 3],
                                                 .partial = rows[op].partial ? width - k % 2 : 0});
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(y_keeps_its_bits_under_scale_sign_and_shift),
        cmocka_unit_test(a_gain_of_zero_leaves_beta),
        cmocka_unit_test(dx_is_orthogonal_to_what_changes_nothing),
        cmocka_unit_test(the_oracles_backward_is_the_derivative_of_its_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
