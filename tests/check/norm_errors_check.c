/* norm_errors_check.c - every error of norm.h is reported as it says, and then nothing was written.
 */
#include <math.h>
#include <stdbool.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "weir/weir.h"

enum { ROWS = 40, DIM = 6, N = ROWS * DIM, WORK = 1024 };

/* Operands of a call in which everything is given. The arrays lie in one block, which is compared
 * as a whole. */
typedef struct fixture {
    float x[N], residual[N], gamma[DIM], beta[DIM], y[N], sum[N], mean[ROWS], mean_lo[ROWS],
        rstd[ROWS];
    float dy[N], dsum[N], dx[N], dresidual[N], dgamma[DIM], dbeta[DIM], work[WORK];
    float spare[N]; /* where an output may lie over another operand's end */
} fixture;

static fixture f, before;
static weir_norm norm;
static weir_norm_fwd fwd;
static weir_norm_bwd bwd;

static void reset(weir_norm_op op)
{
    const bool centred = op == WEIR_LAYERNORM;
    float *all = (float *)(void *)&f;
    for (size_t i = 0; i < sizeof f / sizeof(float); i++) all[i] = (float)(i % 7) - 3;
    norm = (weir_norm){.op = op, .dim = DIM, .eps = 1e-5};
    fwd = (weir_norm_fwd){.rows = ROWS,
                          .x = {f.x, WEIR_F32, 0},
                          .residual = {f.residual, WEIR_F32, 0},
                          .alpha = 1,
                          .gamma = {f.gamma, WEIR_F32},
                          .beta = {centred ? f.beta : NULL, WEIR_F32},
                          .y = {f.y, WEIR_F32, 0},
                          .sum = {f.sum, WEIR_F32, 0},
                          .mean = centred ? f.mean : NULL,
                          .mean_lo = centred ? f.mean_lo : NULL,
                          .rstd = f.rstd};
    bwd = (weir_norm_bwd){.rows = ROWS,
                          .dy = {f.dy, WEIR_F32, 0},
                          .x = {f.x, WEIR_F32, 0},
                          .dsum = {f.dsum, WEIR_F32, 0},
                          .alpha = 1,
                          .mean = centred ? f.mean : NULL,
                          .mean_lo = centred ? f.mean_lo : NULL,
                          .rstd = f.rstd,
                          .gamma = {f.gamma, WEIR_F32},
                          .dx = {f.dx, WEIR_F32, 0},
                          .dresidual = {f.dresidual, WEIR_F32, 0},
                          .dgamma = f.dgamma,
                          .dbeta = centred ? f.dbeta : NULL,
                          .workspace = f.work,
                          .workspace_bytes = sizeof f.work};
    before = f;
}

static void expect_forward(weir_status status)
{
    assert_int_equal(weir_norm_forward(&norm, &fwd, NULL), status);
    if (status != WEIR_OK) assert_memory_equal(&f, &before, sizeof f);
}

static void expect_backward(weir_status status)
{
    assert_int_equal(weir_norm_backward(&norm, &bwd, NULL), status);
    if (status != WEIR_OK) assert_memory_equal(&f, &before, sizeof f);
}

/* One wrong thing in an otherwise right call of LayerNorm, or of RMSNorm. */
#define FORWARD(op, change, status)  (reset(op), change, expect_forward(status))
#define BACKWARD(op, change, status) (reset(op), change, expect_backward(status))
#define BOTH(change, status)                                                                       \
    (FORWARD(WEIR_LAYERNORM, change, status), BACKWARD(WEIR_LAYERNORM, change, status),            \
     FORWARD(WEIR_RMSNORM, change, status), BACKWARD(WEIR_RMSNORM, change, status))

static void right_calls_pass(void **state)
{
    (void)state;
    BOTH((void)0, WEIR_OK);
    BOTH(norm.eps = 0, WEIR_OK);
    BOTH(norm.gamma_offset = 1, WEIR_OK);
    FORWARD(WEIR_LAYERNORM, fwd.gamma.data = NULL, WEIR_OK);
    FORWARD(WEIR_LAYERNORM, fwd.sum.data = NULL, WEIR_OK);
    BACKWARD(WEIR_LAYERNORM, bwd.dx.data = NULL, WEIR_OK);
}

static void null_operands(void **state)
{
    (void)state;
    FORWARD(WEIR_LAYERNORM, fwd.x.data = NULL, WEIR_E_NULL);
    FORWARD(WEIR_LAYERNORM, fwd.y.data = NULL, WEIR_E_NULL);
    FORWARD(WEIR_LAYERNORM, (fwd.residual.data = NULL, fwd.alpha = 0), WEIR_E_NULL); /* sum */
    BACKWARD(WEIR_LAYERNORM, bwd.dy.data = NULL, WEIR_E_NULL);
    BACKWARD(WEIR_LAYERNORM, bwd.x.data = NULL, WEIR_E_NULL);
    BACKWARD(WEIR_RMSNORM, bwd.rstd = NULL, WEIR_E_NULL);
    BACKWARD(WEIR_LAYERNORM, bwd.mean = NULL, WEIR_E_NULL);
    BACKWARD(WEIR_LAYERNORM, bwd.mean_lo = NULL, WEIR_E_NULL);
    BACKWARD(WEIR_LAYERNORM, bwd.workspace = NULL, WEIR_E_NULL);
    reset(WEIR_LAYERNORM);
    const weir_parallel no_function = {.workers = 2};
    assert_int_equal(weir_norm_forward(NULL, &fwd, NULL), WEIR_E_NULL);
    assert_int_equal(weir_norm_forward(&norm, NULL, NULL), WEIR_E_NULL);
    assert_int_equal(weir_norm_forward(&norm, &fwd, &no_function), WEIR_E_NULL);
    assert_int_equal(weir_norm_backward(NULL, &bwd, NULL), WEIR_E_NULL);
    assert_int_equal(weir_norm_backward(&norm, NULL, NULL), WEIR_E_NULL);
    assert_int_equal(weir_norm_backward(&norm, &bwd, &no_function), WEIR_E_NULL);
    assert_memory_equal(&f, &before, sizeof f);
}

static void shapes(void **state)
{
    (void)state;
    BOTH(norm.dim = 0, WEIR_E_SHAPE);
    BOTH(norm.dim = -1, WEIR_E_SHAPE);
    BOTH((fwd.rows = -1, bwd.rows = -1), WEIR_E_SHAPE);
    FORWARD(WEIR_LAYERNORM, fwd.x.stride = DIM - 1, WEIR_E_SHAPE);
    FORWARD(WEIR_LAYERNORM, fwd.residual.stride = -DIM, WEIR_E_SHAPE);
    FORWARD(WEIR_LAYERNORM, fwd.y.stride = 1, WEIR_E_SHAPE);
    FORWARD(WEIR_LAYERNORM, fwd.sum.stride = 1, WEIR_E_SHAPE);
    FORWARD(WEIR_LAYERNORM, fwd.x.stride = INT64_MAX / 8, WEIR_E_SHAPE);
    FORWARD(WEIR_LAYERNORM, fwd.x.stride = INT64_MAX, WEIR_E_SHAPE);
    FORWARD(WEIR_LAYERNORM, norm.dim = INT64_MAX, WEIR_E_SHAPE);
    FORWARD(WEIR_LAYERNORM, fwd.rows = INT64_MAX, WEIR_E_SHAPE);
    BACKWARD(WEIR_LAYERNORM, bwd.dy.stride = 1, WEIR_E_SHAPE);
    BACKWARD(WEIR_LAYERNORM, bwd.dx.stride = 1, WEIR_E_SHAPE);
    BACKWARD(WEIR_LAYERNORM, bwd.dsum.stride = 1, WEIR_E_SHAPE);
    BACKWARD(WEIR_LAYERNORM, bwd.dresidual.stride = 1, WEIR_E_SHAPE);
    BACKWARD(WEIR_LAYERNORM, bwd.rows = INT64_MAX, WEIR_E_SHAPE);
    BACKWARD(WEIR_LAYERNORM, bwd.workspace_bytes = weir_norm_backward_workspace(&norm, ROWS) - 1,
             WEIR_E_SHAPE);
}

static void values(void **state)
{
    (void)state;
    BOTH(norm.op = (weir_norm_op)0, WEIR_E_VALUE);
    BOTH(norm.op = (weir_norm_op)3, WEIR_E_VALUE);
    BOTH(norm.eps = -1e-9, WEIR_E_VALUE);
    BOTH(norm.eps = (double)NAN, WEIR_E_VALUE);
    BOTH(norm.eps = (double)INFINITY, WEIR_E_VALUE);
    BOTH(norm.gamma_offset = (double)NAN, WEIR_E_VALUE);
    BOTH((norm.gamma_offset = 1, fwd.gamma.data = NULL, bwd.gamma.data = NULL), WEIR_E_VALUE);
    BOTH((fwd.alpha = 0, bwd.alpha = 0), WEIR_E_VALUE);
    BOTH((fwd.alpha = NAN, bwd.alpha = NAN), WEIR_E_VALUE);
    FORWARD(WEIR_LAYERNORM, (fwd.residual.data = NULL, fwd.sum.data = NULL), WEIR_E_VALUE);
    BACKWARD(WEIR_LAYERNORM, bwd.dresidual.data = NULL, WEIR_E_VALUE);
    FORWARD(WEIR_RMSNORM, fwd.beta.data = f.beta, WEIR_E_VALUE);
    FORWARD(WEIR_RMSNORM, fwd.mean = f.mean, WEIR_E_VALUE);
    FORWARD(WEIR_RMSNORM, fwd.mean_lo = f.mean_lo, WEIR_E_VALUE);
    BACKWARD(WEIR_RMSNORM, bwd.mean = f.mean, WEIR_E_VALUE);
    BACKWARD(WEIR_RMSNORM, bwd.mean_lo = f.mean_lo, WEIR_E_VALUE);
    BACKWARD(WEIR_RMSNORM, bwd.dbeta = f.dbeta, WEIR_E_VALUE);
}

static void types(void **state)
{
    weir_mat *const mats[] = {&fwd.x, &fwd.residual, &fwd.y,  &fwd.sum,      &bwd.dy,
                              &bwd.x, &bwd.dsum,     &bwd.dx, &bwd.dresidual};
    static const weir_dtype wrong[] = {(weir_dtype)0, WEIR_BF16, WEIR_F16, (weir_dtype)9};
    (void)state;
    for (int k = 0; k < 9; k++)
        for (int t = 0; t < 4; t++) {
            if (k < 4)
                FORWARD(WEIR_LAYERNORM, mats[k]->type = wrong[t], WEIR_E_DTYPE);
            else
                BACKWARD(WEIR_LAYERNORM, mats[k]->type = wrong[t], WEIR_E_DTYPE);
        }
    FORWARD(WEIR_LAYERNORM, fwd.gamma.type = WEIR_BF16, WEIR_E_DTYPE);
    FORWARD(WEIR_LAYERNORM, fwd.beta.type = WEIR_F16, WEIR_E_DTYPE);
    BACKWARD(WEIR_LAYERNORM, bwd.gamma.type = WEIR_BF16, WEIR_E_DTYPE);
}

static void overlaps_in_forward(void **state)
{
    (void)state;
    FORWARD(WEIR_LAYERNORM, fwd.y.data = f.x, WEIR_OK);
    FORWARD(WEIR_LAYERNORM, fwd.y.data = f.residual, WEIR_OK);
    FORWARD(WEIR_LAYERNORM, fwd.sum.data = f.x, WEIR_OK);
    FORWARD(WEIR_LAYERNORM, (fwd.sum.data = f.residual, fwd.y.data = f.x), WEIR_OK);
    FORWARD(WEIR_LAYERNORM, fwd.x.data = f.residual, WEIR_OK);
    FORWARD(WEIR_LAYERNORM, fwd.y.data = f.x + 1, WEIR_E_ALIAS);
    FORWARD(WEIR_LAYERNORM, fwd.y.data = f.x + N - 1, WEIR_E_ALIAS);
    FORWARD(WEIR_LAYERNORM, (fwd.x.data = f.dy, fwd.y.data = f.dy, fwd.y.stride = DIM + 1),
            WEIR_E_ALIAS);
    FORWARD(WEIR_LAYERNORM, fwd.sum.data = f.y, WEIR_E_ALIAS);
    FORWARD(WEIR_LAYERNORM, (fwd.sum.data = f.x, fwd.y.data = f.x), WEIR_E_ALIAS);
    FORWARD(WEIR_LAYERNORM, fwd.y.data = (float *)f.gamma - DIM, WEIR_E_ALIAS);
    FORWARD(WEIR_LAYERNORM, fwd.gamma.data = f.y + N - DIM, WEIR_E_ALIAS);
    FORWARD(WEIR_LAYERNORM, fwd.beta.data = f.sum + 3, WEIR_E_ALIAS);
    FORWARD(WEIR_LAYERNORM, fwd.mean = f.y, WEIR_E_ALIAS);
    FORWARD(WEIR_LAYERNORM, fwd.mean = fwd.rstd, WEIR_E_ALIAS);
    FORWARD(WEIR_LAYERNORM, fwd.mean_lo = f.x, WEIR_E_ALIAS);
    FORWARD(WEIR_LAYERNORM, fwd.rstd = f.beta, WEIR_E_ALIAS);
}

/* Column slices of one wide matrix lie between each other, but do not overlap. */
static void slices_of_one_matrix(void **state)
{
    static float wide[ROWS * 3 * DIM];
    const int64_t stride = 3 * DIM;
    (void)state;
    for (int64_t apart = 0; apart <= 2 * DIM; apart++) {
        reset(WEIR_RMSNORM);
        fwd = (weir_norm_fwd){
            .rows = ROWS, .x = {wide + apart, WEIR_F32, stride}, .y = {wide, WEIR_F32, stride}};
        const bool meet = apart > 0 && apart < DIM;
        expect_forward(meet ? WEIR_E_ALIAS : WEIR_OK);
        fwd.x.data = wide, fwd.y.data = wide + apart;
        expect_forward(meet ? WEIR_E_ALIAS : WEIR_OK);
    }
    fwd.y = (weir_mat){wide + DIM, WEIR_F32, stride - 1}; /* rows drift through the other's */
    expect_forward(WEIR_E_ALIAS);
}

static void overlaps_in_backward(void **state)
{
    (void)state;
    BACKWARD(WEIR_LAYERNORM, bwd.dx.data = f.dy, WEIR_OK);
    BACKWARD(WEIR_LAYERNORM, bwd.dx.data = f.dsum, WEIR_OK);
    BACKWARD(WEIR_LAYERNORM, bwd.dresidual.data = f.dy, WEIR_OK);
    BACKWARD(WEIR_LAYERNORM, bwd.dx.data = f.x, WEIR_E_ALIAS);
    BACKWARD(WEIR_LAYERNORM, bwd.dx.data = f.dresidual, WEIR_E_ALIAS);
    BACKWARD(WEIR_LAYERNORM, bwd.dx.data = f.dy + 1, WEIR_E_ALIAS);
    BACKWARD(WEIR_LAYERNORM, bwd.dgamma = f.gamma, WEIR_E_ALIAS);
    BACKWARD(WEIR_LAYERNORM, bwd.dgamma = f.dbeta, WEIR_E_ALIAS);
    BACKWARD(WEIR_LAYERNORM, bwd.dbeta = f.dy, WEIR_E_ALIAS);
    BACKWARD(WEIR_LAYERNORM, bwd.dx.data = f.work, WEIR_E_ALIAS);
    BACKWARD(WEIR_LAYERNORM, bwd.mean = f.dx, WEIR_E_ALIAS);
    BACKWARD(WEIR_LAYERNORM, bwd.mean_lo = f.dresidual, WEIR_E_ALIAS);
    BACKWARD(WEIR_LAYERNORM, bwd.rstd = f.dgamma - 3, WEIR_E_ALIAS);
}

static void no_rows_is_no_work(void **state)
{
    (void)state;
    BOTH((fwd.rows = 0, bwd.rows = 0), WEIR_OK);
    assert_memory_equal(&f, &before, sizeof f);
    FORWARD(WEIR_LAYERNORM, fwd = (weir_norm_fwd){.rows = 0}, WEIR_OK);
    BACKWARD(WEIR_LAYERNORM, bwd = (weir_norm_bwd){.rows = 0}, WEIR_OK);
    FORWARD(WEIR_LAYERNORM, (fwd.rows = 0, norm.dim = 0), WEIR_E_SHAPE);
}

static void workspace_is_asked_for_where_it_is_used(void **state)
{
    (void)state;
    reset(WEIR_LAYERNORM);
    const size_t line = 64, pair = 2 * line;
    assert_int_equal(weir_norm_backward_workspace(&norm, 0), 0);
    assert_int_equal(weir_norm_backward_workspace(&norm, 32), 0);
    assert_int_equal(weir_norm_backward_workspace(&norm, 33), 2 * pair);
    assert_int_equal(weir_norm_backward_workspace(&norm, 65), 3 * pair);
    norm.op = WEIR_RMSNORM;
    assert_int_equal(weir_norm_backward_workspace(&norm, 65), 3 * line);
    assert_true(weir_norm_backward_workspace(&norm, INT64_MAX) == SIZE_MAX ||
                weir_norm_backward_workspace(&norm, INT64_MAX) > (size_t)INT64_MAX / 64);
    norm.dim = INT64_MAX;
    assert_true(weir_norm_backward_workspace(&norm, 65) == SIZE_MAX);
    assert_int_equal(weir_norm_backward_workspace(NULL, 65), 0);
    BACKWARD(WEIR_LAYERNORM, (bwd.workspace = NULL, bwd.workspace_bytes = 0, bwd.rows = 32),
             WEIR_OK);
    BACKWARD(WEIR_LAYERNORM,
             (bwd.workspace = NULL, bwd.workspace_bytes = 0, bwd.dgamma = NULL, bwd.dbeta = NULL),
             WEIR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_calls_pass),
        cmocka_unit_test(null_operands),
        cmocka_unit_test(shapes),
        cmocka_unit_test(values),
        cmocka_unit_test(types),
        cmocka_unit_test(overlaps_in_forward),
        cmocka_unit_test(slices_of_one_matrix),
        cmocka_unit_test(overlaps_in_backward),
        cmocka_unit_test(no_rows_is_no_work),
        cmocka_unit_test(workspace_is_asked_for_where_it_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
