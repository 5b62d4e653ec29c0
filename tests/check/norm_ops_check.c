/* norm_ops_check.c - every norm of ops.def, by every kernel of kernels.def, over widths, groups,
 * types, strides, aliases, optional operands and kinds of rows: in f32 against the oracle by the
 * contract of norm.h, in other types bit by bit against f32, and bit by bit against the other sets.
 */
#include "norm_problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/rng.h"
#include "element.h"

enum { VARIANTS = 6 };

/* The types that engines use, more often than mixtures of them. */
static void draw_types(problem_options *o, weir_rng *rng)
{
    static const weir_dtype pairs[][2] = {/* matrices, vectors */
                                          {WEIR_F32, WEIR_F32},
                                          {WEIR_F32, WEIR_F32},
                                          {WEIR_BF16, WEIR_F32},
                                          {WEIR_BF16, WEIR_BF16},
                                          {WEIR_F16, WEIR_F16}};
    const uint64_t choice = weir_rng_below(rng, 8);
    const bool mixed = choice >= sizeof pairs / sizeof pairs[0];
    for (operand k = X; k < OPERANDS; k++)
        o->in[k] = mixed ? any_type(rng) : pairs[choice][k == GAMMA || k == BETA];
    static const output matrices[] = {Y, SUM, DX, DRESIDUAL};
    for (int k = 0; k < 4; k++) o->out[matrices[k]] = mixed ? any_type(rng) : pairs[choice][0];
}

/* Half of the problems have groups, where there is a number that divides dim. */
static void draw_groups(problem_options *o, weir_rng *rng)
{
    const int64_t dim = o->dim, some[] = {2, 3, 4, 8, dim / 2, dim / 4, dim};
    const int64_t groups = some[weir_rng_below(rng, 7)];
    if (weir_rng_below(rng, 2) && groups > 0 && dim % groups == 0) o->groups = groups;
    const int64_t width = dim / (o->groups ? o->groups : 1), dims[] = {0, dim, width, 1};
    o->gamma_dim = dims[weir_rng_below(rng, 4)];
    if (o->op->partial) o->partial = 1 + (int64_t)weir_rng_below(rng, (uint64_t)width);
}

static problem_options options_for(const weir_op_row *op, family f, int64_t dim, int variant)
{
    static const int64_t row_counts[] = {1, 2, 3, 4, 5, 7, 9, 33, 70};
    static const float alphas[] = {1, 0.5f, -1.7f};
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
                         .beta = op->beta && weir_rng_below(&rng, 2),
                         .dsum = weir_rng_below(&rng, 2),
                         .alpha = alphas[weir_rng_below(&rng, 3)],
                         .gamma_offset = gamma && weir_rng_below(&rng, 2) ? 1 : 0,
                         .alias = (alias)weir_rng_below(&rng, residual ? ALIASES : Y_IS_RESIDUAL),
                         .store = (weir_store)weir_rng_below(&rng, 3),
                         .seed = weir_rng_u32(&rng)};
    draw_groups(&o, &rng);
    draw_types(&o, &rng);
    /* The last eps clamps about half of the rows of an L2Norm. */
    const double width = (double)dim / (double)(o.groups ? o.groups : 1);
    const double epsilons[] = {1e-5, 1e-12, 0, op->rule == WEIR_RSTD_CLAMP ? sqrt(width / 3) : 0.1};
    o.eps = epsilons[weir_rng_below(&rng, 4)];
    if (f == TINY || f == SUBNORMAL || f == DYADIC || f == ASSORTED) o.eps = 0;
    static const float scales[] = {0.5f, -0.8f, 12}, shifts[] = {0, 0.25f, -2};
    o.scale = scales[weir_rng_below(&rng, 3)];
    o.shift = shifts[weir_rng_below(&rng, 3)];
    return o;
}

/* Rows of mean +- 2^k have xhat +-1: the result is known to the bit. */
static void check_dyadic(const problem *p, const results *wide)
{
    if (p->o.family != DYADIC || p->o.residual || p->width % 2) return;
    if (!p->o.op->measures || p->o.op->rule != WEIR_RSTD_MEAN) return;
    for (int64_t i = 0; i < p->size[Y]; i++) {
        const int64_t j = i % p->o.dim, at = j % p->gamma_dim;
        float want = j % 2 ? 1.0f : -1.0f;
        if (p->in[GAMMA]) want *= p->o.gamma_offset + p->in[GAMMA][at];
        if (p->in[BETA]) want += p->in[BETA][at];
        if (wide->out[Y][i] != want)
            fail_msg("%s, dim %lld: y[%lld] is %.9g, not exactly %.9g", p->o.op->name,
                     (long long)p->o.dim, (long long)i, (double)wide->out[Y][i], (double)want);
    }
}

/* How many elements of y, by type, are not the exact value rounded, and how many may be: an f32
 * result that is off by at most `tol` is rounded to another value of its type than the exact one
 * only where the middle between two of them lies between, which has a chance of 2 tol over their
 * distance: 8 ulp over 2^16 ulp for LayerNorm in bf16, over 2^13 in f16. (What counts are rows whose
 * values are spread evenly, not those that have such middles for their exact results; and elements
 * where nothing cancelled, so that tol is a few ulp of them.) */
static struct {
    double elements, off, allowed;
} rounded[2];

static void count_misrounded(const problem *p, const results *r)
{
    const weir_dtype type = type_out(&p->o, Y);
    const family f = p->o.family;
    const bool even = p->o.op->measures && (f == UNIFORM || f == TINY || f == HUGE_X);
    if (type == WEIR_F32 || p->width < 8 || !even) return;
    const int k = type == WEIR_F16;
    for (int64_t i = 0; i < p->size[Y]; i++) {
        const double want = p->want[Y][i], tol = p->tol[Y][i];
        const double few_ulp = 1.5 * p->o.op->max_ulp * element_spacing(WEIR_F32, want);
        if (!isfinite(want) || !(tol <= few_ulp)) continue;
        rounded[k].elements++;
        rounded[k].off += (double)r->out[Y][i] != element_round(type, want);
        rounded[k].allowed += 2 * tol / element_spacing(type, want);
    }
}

/* One set: in f32 within the bounds, in other types what f32 rounds to. */
static results run_set(const problem *p, weir_isa isa)
{
    weir_set_isa_ceiling(isa);
    assert_int_equal(weir_isa_active(), isa);
    results wide = problem_run_wide(p, NULL);
    results_check(p, &wide, isa);
    if (isa == WEIR_ISA_SCALAR) check_dyadic(p, &wide);
    if (!options_are_typed(&p->o)) return wide;
    results_round(p, &wide);
    results r = problem_run(p, NULL);
    results_same(p, &wide, &r, "operands of these types");
    results_free(&wide);
    return r;
}

static void check_options(const problem_options *options)
{
    const weir_isa best = weir_isa_detect();
    problem p = problem_make(options);
    results first = run_set(&p, WEIR_ISA_SCALAR);
    count_misrounded(&p, &first);
    for (weir_isa isa = (weir_isa)1; isa <= best; isa++) {
        if (!weir_kernel_at(options->op->op, isa)) continue;
        results r = run_set(&p, isa);
        results_same(&p, &first, &r, weir_isa_name(isa));
        results_free(&r);
    }
    results_free(&first);
    problem_free(&p);
}

static void check_width(int64_t dim, int variants)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    for (int op = 0; op < ops; op++)
        for (family f = UNIFORM; f < FAMILIES; f++)
            for (int variant = 0; variant < variants; variant++) {
                const problem_options o = options_for(&rows[op], f, dim, variant);
                check_options(&o);
            }
}

static void narrow_rows(void **state)
{
    (void)state;
    for (int64_t dim = 1; dim <= 33; dim++) check_width(dim, VARIANTS);
}

static void rows_round_the_powers_of_two(void **state)
{
    static const int64_t dims[] = {63, 64, 65, 96, 127, 128, 129, 255, 256, 257};
    (void)state;
    for (size_t k = 0; k < sizeof dims / sizeof dims[0]; k++) check_width(dims[k], VARIANTS);
}

static void wide_rows(void **state)
{
    static const int64_t dims[] = {1023, 1024, 1031, 2080, 4096};
    (void)state;
    for (size_t k = 0; k < sizeof dims / sizeof dims[0]; k++) check_width(dims[k], 2);
}

static void y_of_16_bits_is_nearly_always_the_exact_value_rounded(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        print_message("%s: %.0f of %.0f elements are not the exact value rounded (1 in %.0f); at "
                      "most %.0f are expected\n",
                      k ? "f16" : "bf16", rounded[k].off, rounded[k].elements,
                      rounded[k].elements / rounded[k].off, rounded[k].allowed);
        assert_true(rounded[k].elements > 1e5);
        assert_true(rounded[k].off <= rounded[k].allowed);
    }
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
                for (int t = 0; lower && t < WEIR_TYPE_CLASSES; t++) {
                    const bool same = isa == WEIR_ISA_AVX512BF16 && other == WEIR_ISA_AVX512 &&
                                      t != WEIR_ALL_BF16;
                    assert_true((lower->forward[t] == row->forward[t]) == same);
                    assert_true((lower->backward[t] == row->backward[t]) == same);
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
        cmocka_unit_test(y_of_16_bits_is_nearly_always_the_exact_value_rounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
