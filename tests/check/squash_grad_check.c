/* squash_grad_check.c - the oracle of DyT and Derf: its forward by libm at a few known places, its
 * backward as the derivative of its forward, with and without each operand. */
#include "squash_f64.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"

enum { ROWS = 3, DIM = 6, PAD = 2, SPAN = ROWS * (DIM + PAD) };

/* A squash with operands of its own, and weights for a loss: the sum of w * y. */
typedef struct problem {
    weir_squash_f64 f;
    int64_t stride;
    double s[SPAN], gamma[DIM], beta[DIM], w[SPAN], y[SPAN];
} problem;

static double loss(problem *p)
{
    weir_squash_forward_f64(&p->f, p->s, p->stride, p->y, p->stride);
    double sum = 0;
    for (int64_t i = 0; i < ROWS; i++)
        for (int64_t j = 0; j < DIM; j++) {
            const int64_t at = i * (p->stride ? p->stride : DIM) + j;
            sum += p->w[at] * p->y[at];
        }
    return sum;
}

/* With a step h the difference errs by h^2 / 6 of a third derivative, here some hundreds at most,
 * and by 2^-53 / h of a loss of some tens: 1e-8 and 1e-9. */
static void check_gradient(problem *p, const char *name, double *at, int64_t n,
                           const double *gradient)
{
    const double step = 1e-5, tolerance = 2e-8;
    for (int64_t k = 0; k < n; k++) {
        const double keep = at[k];
        at[k] = keep + step;
        const double up = loss(p);
        at[k] = keep - step;
        const double down = loss(p);
        at[k] = keep;
        if (!(fabs((up - down) / (2 * step) - gradient[k]) <= tolerance))
            fail_msg("op %d, gamma_dim %lld: d%s[%lld] is %.12g, by differences %.12g",
                     (int)p->f.op, (long long)p->f.gamma_dim, name, (long long)k, gradient[k],
                     (up - down) / (2 * step));
    }
}

static void draw(weir_rng *rng, double *x, int64_t n)
{
    for (int64_t k = 0; k < n; k++) x[k] = weir_rng_normal(rng);
}

static void check_backward(weir_norm_op op, int64_t gamma_dim, int64_t stride, int has_gain)
{
    const int64_t parameters = gamma_dim ? gamma_dim : DIM;
    weir_rng rng;
    weir_rng_init(&rng, 1, (uint64_t)(op * 100 + gamma_dim * 10 + stride));
    problem p = {.f = {.op = op,
                       .rows = ROWS,
                       .dim = DIM,
                       .scale = 0.75,
                       .shift = op == WEIR_DERF ? -0.5 : 0,
                       .gamma_dim = gamma_dim,
                       .gamma_offset = 0.5},
                 .stride = stride};
    if (has_gain) p.f.gamma = p.gamma, p.f.beta = p.beta;
    draw(&rng, p.s, SPAN);
    draw(&rng, p.w, SPAN);
    draw(&rng, p.gamma, DIM);
    draw(&rng, p.beta, DIM);

    /* The gradients of parameters are added to what is there; dx may take the place of dy. */
    double dx[SPAN], dgamma[DIM] = {0}, dbeta[DIM] = {0}, dscale = 1, dshift = 1;
    memcpy(dx, p.w, sizeof dx);
    weir_squash_backward_f64(&p.f, p.s, stride, dx, stride,
                             &(weir_squash_grads_f64){dx, stride, dgamma, dbeta, &dscale, &dshift});
    dscale -= 1, dshift -= 1;
    for (int64_t i = 0; i < ROWS; i++) {
        const int64_t at = i * (stride ? stride : DIM);
        check_gradient(&p, "x", p.s + at, DIM, dx + at);
    }
    if (has_gain) check_gradient(&p, "gamma", p.gamma, parameters, dgamma);
    if (has_gain) check_gradient(&p, "beta", p.beta, parameters, dbeta);
    check_gradient(&p, "scale", &p.f.scale, 1, &dscale);
    check_gradient(&p, "shift", &p.f.shift, 1, &dshift);
}

static void backward_is_the_derivative_of_forward(void **state)
{
    static const weir_norm_op ops[] = {WEIR_DYT, WEIR_DERF};
    static const int64_t gamma_dims[] = {0, DIM, DIM / 2, 1}, strides[] = {0, DIM + PAD};
    (void)state;
    for (int op = 0; op < 2; op++)
        for (int g = 0; g < 4; g++)
            for (int k = 0; k < 2; k++)
                for (int has_gain = 0; has_gain < 2; has_gain++)
                    check_backward(ops[op], gamma_dims[g], strides[k], has_gain);
}

static void gradients_may_be_absent(void **state)
{
    const weir_squash_f64 f = {.op = WEIR_DYT, .rows = 1, .dim = 2, .scale = 2};
    const double s[] = {0, 0}, dy[] = {3, 5};
    double dshift = 0;
    (void)state;
    weir_squash_backward_f64(&f, s, 0, dy, 0, &(weir_squash_grads_f64){.dshift = &dshift});
    assert_true(dshift == 8);
}

/* tanh(ln 2) = 3/5, erf(1) by its table. */
static void forward_at_known_places(void **state)
{
    const double gamma[] = {2, -1}, beta[] = {0.5, 0}, s[] = {0.6931471805599453 / 2, 0};
    double y[2];
    weir_squash_f64 f = {.op = WEIR_DYT,
                         .rows = 1,
                         .dim = 2,
                         .scale = 2,
                         .gamma = gamma,
                         .beta = beta,
                         .gamma_offset = 1};
    (void)state;
    weir_squash_forward_f64(&f, s, 0, y, 0);
    assert_true(fabs(y[0] - (0.6 * 3 + 0.5)) <= 1e-15 && y[1] == 0);
    f.op = WEIR_DERF, f.scale = 1, f.shift = 1;
    weir_squash_forward_f64(&f, (const double[]){0, -1}, 0, y, 0);
    assert_true(fabs(y[0] - (0.8427007929497149 * 3 + 0.5)) <= 1e-15 && y[1] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backward_is_the_derivative_of_forward),
        cmocka_unit_test(gradients_may_be_absent),
        cmocka_unit_test(forward_at_known_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
