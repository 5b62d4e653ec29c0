/* norm_rounding_check.c - the habits of rounding: each is what it says in steps that can be taken by
 * hand, from calls that round once. */
#include <math.h>

#include "norm_problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "element.h"

static problem_options draw_options(const weir_op_row *op, int trial)
{
    static const int64_t dims[] = {1, 7, 32, 60, 129, 1040};
    weir_rng rng;
    weir_rng_init(&rng, (uint64_t)trial, 17);
    return options_draw(op, &rng, dims, 6);
}

/* With what a sum is rounded: as it is written, or as x. */
static weir_dtype type_of_sum(const problem *p)
{
    return p->size[SUM] ? type_out(&p->o, SUM) : type_in(&p->o, X);
}

static void round_all(weir_dtype type, float *v, int64_t n)
{
    for (int64_t k = 0; k < n; k++) v[k] = (float)element_round(type, (double)v[k]);
}

/* The problem of a norm of the sum of `p`, rounded or not: no residual, x in f32. */
static problem of_the_sum(const problem *p, bool rounded)
{
    problem q = *p;
    q.norm.rounding = WEIR_ROUND_ONCE;
    q.o.in[X] = WEIR_F32;
    q.o.residual = false;
    q.size[SUM] = 0;
    q.in[RESIDUAL] = NULL;
    q.in[X] = new_array(p->size[Y], sizeof(float));
    memcpy(q.in[X], p->sum, (size_t)p->size[Y] * sizeof(float));
    if (rounded) round_all(type_of_sum(p), q.in[X], p->size[Y]);
    return q;
}

/* From xhat in f32 to y: rounded; then times gain, plus beta, rounded once. */
static void affine(const problem *p, weir_dtype type, float *v)
{
    for (int64_t k = 0; k < p->size[Y]; k++) {
        const int64_t j = k % p->o.dim % p->gamma_dim;
        const float gamma = p->in[GAMMA] ? p->in[GAMMA][j] : 1;
        const float gain = p->o.gamma_offset != 0 ? p->o.gamma_offset + gamma : gamma;
        v[k] = (float)element_round(type, (double)v[k]);
        v[k] = p->in[BETA] ? fmaf(v[k], gain, p->in[BETA][j]) : v[k] * gain;
    }
}

/* What the habit gives, in steps. */
static results by_steps(const problem *p)
{
    const bool of_sum = p->norm.rounding & WEIR_ROUND_SUM;
    problem q = of_the_sum(p, of_sum), bare = q;
    results r = problem_run_forward(&q, NULL);
    if (p->norm.rounding & WEIR_ROUND_XHAT) {
        bare.in[GAMMA] = bare.in[BETA] = NULL;
        bare.norm.gamma_offset = 0;
        bare.o.out[Y] = WEIR_F32;
        results xhat = problem_run_forward(&bare, NULL);
        affine(p, type_in(&p->o, X), xhat.out[Y]);
        round_all(type_out(&p->o, Y), xhat.out[Y], p->size[Y]);
        memcpy(r.out[Y], xhat.out[Y], (size_t)p->size[Y] * sizeof(float));
        results_free(&xhat);
    }
    if (p->size[SUM]) {
        r.out[SUM] = new_array(p->size[SUM], sizeof(float));
        memcpy(r.out[SUM], p->sum, (size_t)p->size[SUM] * sizeof(float));
        round_all(type_out(&p->o, SUM), r.out[SUM], p->size[SUM]);
    }
    weir_free(q.in[X]);
    return r;
}

static void without_gradients(problem *p)
{
    for (output k = DX; k < OUTPUTS; k++) p->size[k] = 0;
}

static void check_habit(weir_rounding habit)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    for (int trial = 0; trial < 150 * ops; trial++) {
        const problem_options o = draw_options(&rows[trial % ops], trial);
        problem p = problem_make(&o);
        p.norm.rounding = habit;
        if (trial / ops % 3 == 0) p.size[SUM] = 0; /* then the sum is rounded to the type of x */
        without_gradients(&p);
        for (weir_isa isa = WEIR_ISA_SCALAR; isa <= weir_isa_detect(); isa++) {
            weir_set_isa_ceiling(isa);
            results want = by_steps(&p), got = problem_run_forward(&p, NULL);
            results_same(&p, &want, &got, weir_isa_name(isa));
            results_free(&want);
            results_free(&got);
        }
        problem_free(&p);
    }
}

static void rounding_once_is_the_norm_of_the_sum_before_rounding(void **state)
{
    (void)state;
    check_habit(WEIR_ROUND_ONCE);
}

static void rounding_the_sum_is_a_norm_of_what_is_written(void **state)
{
    (void)state;
    check_habit(WEIR_ROUND_SUM);
}

static void rounding_xhat_comes_before_gamma(void **state)
{
    (void)state;
    check_habit(WEIR_ROUND_XHAT);
}

static void rounding_both(void **state)
{
    (void)state;
    check_habit(WEIR_ROUND_XHAT_SUM);
}

/* The habits differ where they can: the tests above do not compare a thing with itself. */
static void habits_differ(void **state)
{
    (void)state;
    problem_options o = {.op = weir_op_find(WEIR_LAYERNORM),
                         .family = UNIFORM,
                         .rows = 4,
                         .dim = 64,
                         .residual = true,
                         .gamma = true,
                         .alpha = 0.75f,
                         .shift = 0.25f,
                         .seed = 5};
    for (operand k = X; k < OPERANDS; k++) o.in[k] = WEIR_BF16;
    o.out[Y] = o.out[SUM] = WEIR_BF16;
    problem p = problem_make(&o);
    results by[4];
    for (int habit = 0; habit < 4; habit++) {
        p.norm.rounding = (weir_rounding)habit;
        by[habit] = problem_run_forward(&p, NULL);
        for (int other = 0; other < habit; other++)
            assert_memory_not_equal(by[habit].out[Y], by[other].out[Y], 256 * sizeof(float));
    }
    for (int habit = 0; habit < 4; habit++) results_free(&by[habit]);
    problem_free(&p);
}

static void backward_takes_no_notice(void **state)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    (void)state;
    for (int trial = 0; trial < 20 * ops; trial++) {
        const problem_options o = draw_options(&rows[trial % ops], trial);
        problem p = problem_make(&o);
        results once = problem_run(&p, NULL);
        /* The statistics must be those of before: SUM changes them, XHAT does not. */
        p.norm.rounding = WEIR_ROUND_XHAT;
        results xhat = problem_run(&p, NULL);
        p.size[Y] = 0;
        results_same(&p, &once, &xhat, "xhat rounded in forward");
        results_free(&once);
        results_free(&xhat);
        problem_free(&p);
    }
}

/* Measuring writes no sum, so what it rounds to is the type of x. */
static void measuring_rounds_the_sum_to_the_type_of_x(void **state)
{
    enum { COLUMNS = 45 };
    const weir_norm once = {.op = WEIR_LAYERNORM, .dim = COLUMNS};
    const weir_norm rounded = {
        .op = WEIR_LAYERNORM, .dim = COLUMNS, .rounding = WEIR_ROUND_XHAT_SUM};
    uint16_t x[COLUMNS];
    float residual[COLUMNS], sum[COLUMNS];
    weir_moments want, got;
    weir_rng rng;
    (void)state;
    weir_rng_init(&rng, 1, 1);
    for (int j = 0; j < COLUMNS; j++) {
        element_put(WEIR_BF16, x, j, (float)weir_rng_below(&rng, 200));
        residual[j] = (float)weir_rng_normal(&rng);
        const float s = 3 * residual[j] + element_get(WEIR_BF16, x, j);
        sum[j] = (float)element_round(WEIR_BF16, (double)s);
    }
    const weir_norm_fwd of_sum = {.rows = 1, .x = {sum, WEIR_F32, 0}};
    const weir_norm_fwd of_both = {
        .rows = 1, .x = {x, WEIR_BF16, 0}, .residual = {residual, WEIR_F32, 0}, .alpha = 3};
    assert_int_equal(weir_norm_measure(&once, &of_sum, &want, NULL), WEIR_OK);
    assert_int_equal(weir_norm_measure(&rounded, &of_both, &got, NULL), WEIR_OK);
    assert_memory_equal(&got, &want, sizeof want);
    assert_int_equal(weir_norm_measure(&once, &of_both, &got, NULL), WEIR_OK);
    assert_memory_not_equal(&got, &want, sizeof want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounding_once_is_the_norm_of_the_sum_before_rounding),
        cmocka_unit_test(rounding_the_sum_is_a_norm_of_what_is_written),
        cmocka_unit_test(rounding_xhat_comes_before_gamma),
        cmocka_unit_test(rounding_both),
        cmocka_unit_test(habits_differ),
        cmocka_unit_test(backward_takes_no_notice),
        cmocka_unit_test(measuring_rounds_the_sum_to_the_type_of_x),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
