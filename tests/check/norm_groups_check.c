/* norm_groups_check.c - rows in groups: each group is a norm of its own over a slice of the columns,
 * whatever there is of them, where they lie, and whether they share gamma. */
#include "norm_problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/rng.h"

static void check_options(const problem_options *o)
{
    problem p = problem_make(o);
    results r = problem_run_wide(&p, NULL), parts = problem_run_in_parts(&p);
    results_check(&p, &r, weir_isa_active());
    results_round(&p, &r);
    results_same(&p, &r, &parts, "each group by itself");
    results_free(&r);
    r = problem_run(&p, NULL);
    results_same(&p, &parts, &r, "all groups in one call");
    results_free(&r);
    results_free(&parts);
    problem_free(&p);
}

/* Dense rows without a gamma of dim elements are one long column of groups; all others are not. */
static void check_shape(const weir_op_row *op, int64_t dim, int64_t groups, int64_t gamma_dim)
{
    static const int64_t row_counts[] = {1, 5, 18, 37};
    for (int k = 0; k < 4; k++) {
        weir_rng rng;
        weir_rng_init(&rng, (uint64_t)(dim * groups), (uint64_t)(4 * gamma_dim + k));
        const bool residual = weir_rng_below(&rng, 2), gamma = k > 0;
        const weir_dtype type = any_type(&rng);
        problem_options o = {.op = op,
                             .family = ASSORTED,
                             .rows = row_counts[weir_rng_below(&rng, 4)],
                             .dim = dim,
                             .pad = k < 2 ? 0 : 2,
                             .groups = groups,
                             .gamma_dim = gamma_dim,
                             .partial = op->partial ? (dim / groups + 1) / 2 : 0,
                             .residual = residual,
                             .gamma = gamma,
                             .beta = op->beta && weir_rng_below(&rng, 2),
                             .dsum = weir_rng_below(&rng, 2),
                             .alpha = 0.5f,
                             .gamma_offset = gamma ? 1 : 0,
                             .alias = (alias)weir_rng_below(&rng, 2),
                             .shift = 0.25f,
                             .seed = weir_rng_u32(&rng)};
        for (operand in = X; in < OPERANDS; in++) o.in[in] = type;
        o.out[Y] = o.out[SUM] = o.out[DX] = o.out[DRESIDUAL] = type;
        o.in[GAMMA] = o.in[BETA] = any_type(&rng);
        check_options(&o);
    }
}

static void check_dim(int64_t dim)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    for (int op = 0; op < ops; op++)
        for (int64_t groups = 1; groups <= dim; groups++) {
            if (dim % groups || (dim > 100 && groups > 8 && groups < dim / 2)) continue;
            check_shape(&rows[op], dim, groups, dim);
            check_shape(&rows[op], dim, groups, 1);
            if (groups > 1) check_shape(&rows[op], dim, groups, dim / groups);
        }
}

static void narrow_rows(void **state)
{
    (void)state;
    check_dim(1);
    check_dim(12);
    check_dim(35);
}

/* Heads of 64, of 66 and so on: those of attention. */
static void rows_of_heads(void **state)
{
    (void)state;
    check_dim(96);
    check_dim(256);
    check_dim(264);
}

static void rows_of_wide_groups(void **state)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    (void)state;
    for (int op = 0; op < ops; op++) {
        check_shape(&rows[op], 2 * 1031, 2, 1031);
        check_shape(&rows[op], 3 * 1024, 3, 3 * 1024);
    }
}

enum { ROWS = 5, DIM = 12, STRIDE = 14 };

/* y and the sum, of rows of three groups, where of the matrices x, residual, y, sum only the one at
 * `padded` is not dense. */
static void run_padded(const weir_op_row *op, int padded, float out[2][ROWS * DIM])
{
    const weir_norm norm = {
        .op = op->op, .dim = DIM, .groups = 3, .partial = op->partial ? 2 : 0, .eps = 1e-5};
    float data[4][ROWS * STRIDE] = {{0}};
    weir_mat m[4];
    weir_rng rng;
    weir_rng_init(&rng, 1, 2);
    for (int k = 0; k < 4; k++) m[k] = (weir_mat){data[k], WEIR_F32, k == padded ? STRIDE : DIM};
    for (int k = 0; k < 2; k++)
        for (int64_t i = 0; i < (int64_t)ROWS * DIM; i++)
            data[k][i / DIM * m[k].stride + i % DIM] = (float)weir_rng_normal(&rng);
    const weir_norm_fwd call = {
        .rows = ROWS, .x = m[0], .residual = m[1], .alpha = 0.5f, .y = m[2], .sum = m[3]};
    assert_int_equal(weir_norm_forward(&norm, &call, NULL), WEIR_OK);
    for (int k = 0; k < 2; k++)
        for (int64_t i = 0; i < (int64_t)ROWS * DIM; i++)
            out[k][i] = data[2 + k][i / DIM * m[2 + k].stride + i % DIM];
}

/* One matrix whose rows do not touch is enough: groups are no rows then. */
static void one_padded_matrix(void **state)
{
    float dense[2][ROWS * DIM], other[2][ROWS * DIM];
    int ops;
    const weir_op_row *rows = norm_rows(&ops);
    (void)state;
    for (int op = 0; op < ops; op++) {
        run_padded(&rows[op], -1, dense);
        for (int padded = 0; padded < 4; padded++) {
            run_padded(&rows[op], padded, other);
            assert_memory_equal(dense, other, sizeof dense);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrow_rows),
        cmocka_unit_test(rows_of_heads),
        cmocka_unit_test(rows_of_wide_groups),
        cmocka_unit_test(one_padded_matrix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
