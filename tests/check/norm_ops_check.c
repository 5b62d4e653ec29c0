/* norm_ops_check.c - every norm of ops.def, by every kernel of kernels.def, over widths, strides,
 * aliases, optional operands and kinds of rows: against the oracle by the contract of norm.h, and
 * bit by bit against the other sets. */
#include "norm_problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/rng.h"

enum { VARIANTS = 6 };

static problem_options options_for(const weir_op_row *op, family f, int64_t dim, int variant)
{
    static const int64_t row_counts[] = {1, 2, 3, 4, 5, 7, 9, 33, 70};
    static const float alphas[] = {1, 0.5f, -1.7f};
    static const double epsilons[] = {1e-5, 1e-12, 0};
    weir_rng rng;
    weir_rng_init(&rng, (uint64_t)dim, (uint64_t)f * VARIANTS + (uint64_t)variant);
    const bool residual = weir_rng_below(&rng, 2), gamma = weir_rng_below(&rng, 3) > 0;
    problem_options o = {.op = op,
                         .family = f,
                         .rows = row_counts[weir_rng_below(&rng, dim > 300 ? 5 : 9)],
                         .dim = dim,
                         .pad = (int64_t)weir_rng_below(&rng, 3),
                         .residual = residual,
                         .gamma = gamma,
                         .beta = op->centred && weir_rng_below(&rng, 2),
                         .dsum = weir_rng_below(&rng, 2),
                         .alpha = alphas[weir_rng_below(&rng, 3)],
                         .gamma_offset = gamma && weir_rng_below(&rng, 2) ? 1 : 0,
                         .eps = epsilons[weir_rng_below(&rng, 3)],
                         .alias = (alias)weir_rng_below(&rng, residual ? ALIASES : Y_IS_RESIDUAL),
                         .seed = weir_rng_u32(&rng)};
    if (f == TINY || f == SUBNORMAL || f == DYADIC) o.eps = 0;
    return o;
}

/* Rows of mean +- 2^k have xhat +-1: the result is known to the bit. */
static void check_dyadic(const problem *p, const results *r)
{
    if (p->o.family != DYADIC || p->o.residual || p->o.dim % 2) return;
    for (int64_t i = 0; i < p->size[Y]; i++) {
        const int64_t j = i % p->o.dim;
        float want = j % 2 ? 1.0f : -1.0f;
        if (p->gamma) want *= p->o.gamma_offset + p->gamma[j];
        if (p->beta) want += p->beta[j];
        if (r->out[Y][i] != want)
            fail_msg("%s, dim %lld: y[%lld] is %.9g, not exactly %.9g", p->o.op->name,
                     (long long)p->o.dim, (long long)i, (double)r->out[Y][i], (double)want);
    }
}

static void check_options(const problem_options *options)
{
    const weir_isa best = weir_isa_detect();
    problem p = problem_make(options);
    results first = {{NULL}};
    for (weir_isa isa = WEIR_ISA_SCALAR; isa <= best; isa++) {
        if (!weir_kernel_at(options->op->op, isa)) continue;
        weir_set_isa_ceiling(isa);
        assert_int_equal(weir_isa_active(), isa);
        results r = problem_run(&p, NULL);
        results_check(&p, &r, isa);
        if (isa == WEIR_ISA_SCALAR) {
            first = r;
            check_dyadic(&p, &r);
            continue;
        }
        results_same(&p, &first, &r, weir_isa_name(isa));
        results_free(&r);
    }
    results_free(&first);
    problem_free(&p);
}

static void check_width(int64_t dim)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    for (int op = 0; op < ops; op++)
        for (family f = UNIFORM; f < FAMILIES; f++)
            for (int variant = 0; variant < VARIANTS; variant++) {
                const problem_options o = options_for(&rows[op], f, dim, variant);
                check_options(&o);
            }
}

static void narrow_rows(void **state)
{
    (void)state;
    for (int64_t dim = 1; dim <= 33; dim++) check_width(dim);
}

static void rows_round_the_powers_of_two(void **state)
{
    static const int64_t dims[] = {63, 64, 65, 127, 128, 129, 255, 256, 257};
    (void)state;
    for (size_t k = 0; k < sizeof dims / sizeof dims[0]; k++) check_width(dims[k]);
}

static void wide_rows(void **state)
{
    static const int64_t dims[] = {1023, 1031, 4096};
    (void)state;
    for (size_t k = 0; k < sizeof dims / sizeof dims[0]; k++) check_width(dims[k]);
}

/* What is compiled in can be chosen, and a ceiling is obeyed. */
static void every_set_has_its_row(void **state)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    (void)state;
    for (int op = 0; op < ops; op++)
        for (int isa = 0; isa < WEIR_ISA_COUNT; isa++) {
            const weir_kernel_row *row = weir_kernel_at(rows[op].op, (weir_isa)isa);
            assert_true(row != NULL || isa > 0);
            if (!row) continue;
            assert_ptr_equal(weir_kernel_find(rows[op].op, (weir_isa)isa), row);
            for (int other = 0; other < isa; other++) {
                const weir_kernel_row *lower = weir_kernel_at(rows[op].op, (weir_isa)other);
                for (int t = 0; t < WEIR_TYPE_CLASSES; t++) {
                    assert_true(!lower || lower->forward[t] != row->forward[t]);
                    assert_true(!lower || lower->backward[t] != row->backward[t]);
                }
            }
        }
    for (int isa = 0; isa < WEIR_ISA_COUNT; isa++) {
        weir_set_isa_ceiling((weir_isa)isa);
        assert_true((int)weir_isa_active() <= isa);
        assert_non_null(weir_kernel_at(WEIR_LAYERNORM, weir_isa_active()));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_has_its_row),
        cmocka_unit_test(narrow_rows),
        cmocka_unit_test(rows_round_the_powers_of_two),
        cmocka_unit_test(wide_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
