/* norm_overlap_check.c - where operands may lie: the errors of norm.h about alignment and overlap,
 * and the overlaps that are right. */
#include "norm_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void *byte_of(void *data, int64_t byte)
{
    return (char *)data + byte;
}

#define OVERLAP(call, op, change, a, b)                                                            \
    CHANGED(call, op, change, WEIR_E_ALIAS, #a " and " #b " overlap")

static void in_place(void **state)
{
    (void)state;
    PASSES(FORWARD, LAYERNORM, fwd.y.data = f.x);
    PASSES(FORWARD, LAYERNORM, fwd.y.data = f.residual);
    PASSES(FORWARD, LAYERNORM, fwd.sum.data = f.x);
    PASSES(FORWARD, LAYERNORM, (fwd.sum.data = f.residual, fwd.y.data = f.x));
    PASSES(FORWARD, LAYERNORM, fwd.x.data = f.residual);
    PASSES(FORWARD, LAYERNORM, (fwd.y.data = f.x, fwd.y.stride = DIM));
    PASSES(FORWARD, LAYERNORM, (fwd.y.data = f.x, fwd.y.type = fwd.x.type = WEIR_BF16));
    PASSES(BACKWARD, LAYERNORM, bwd.dx.data = f.dy);
    PASSES(BACKWARD, LAYERNORM, bwd.dx.data = f.dsum);
    PASSES(BACKWARD, LAYERNORM, bwd.dresidual.data = f.dy);
    PASSES(BACKWARD, LAYERNORM, (bwd.dresidual.data = f.dy, bwd.dx.data = f.dsum));
    PASSES(BACKWARD, LAYERNORM, bwd.dy.data = f.x);
}

static void nearly_in_place(void **state)
{
    (void)state;
    OVERLAP(FORWARD, LAYERNORM, fwd.y.data = f.x + 1, x, y);
    OVERLAP(FORWARD, LAYERNORM, fwd.y.data = f.x + N - 1, x, y);
    OVERLAP(FORWARD, LAYERNORM, fwd.x.data = f.y + N - 1, x, y);
    OVERLAP(FORWARD, LAYERNORM, fwd.residual.data = f.y - 1, residual, y);
    OVERLAP(FORWARD, LAYERNORM, (fwd.x.data = fwd.y.data = f.spare, fwd.y.stride = DIM + 1), x, y);
    OVERLAP(BACKWARD, LAYERNORM, bwd.dx.data = f.dy + 1, dy, dx);
    OVERLAP(BACKWARD, LAYERNORM,
            (bwd.dsum.data = bwd.dresidual.data = f.spare, bwd.dsum.stride = DIM + 1), dsum,
            dresidual);
}

/* In place is the same type too. */
static void in_place_of_another_type(void **state)
{
    static const weir_dtype types[] = {WEIR_F32, WEIR_BF16, WEIR_F16};
    (void)state;
    for (int in = 0; in < 3; in++)
        for (int out = 0; out < 3; out++) {
            const weir_status right = in == out ? WEIR_OK : WEIR_E_ALIAS;
            CHANGED(FORWARD, LAYERNORM,
                    (fwd.x.type = types[in], fwd.y.type = types[out], fwd.y.data = f.x), right,
                    "x and y overlap");
            CHANGED(FORWARD, LAYERNORM,
                    (fwd.residual.type = types[in], fwd.sum.type = types[out],
                     fwd.sum.data = f.residual),
                    right, "residual and sum overlap");
            CHANGED(BACKWARD, LAYERNORM,
                    (bwd.dy.type = types[in], bwd.dx.type = types[out], bwd.dx.data = f.dy), right,
                    "dy and dx overlap");
        }
    /* Rows that are as far apart, of half the size. */
    OVERLAP(FORWARD, RMSNORM, (fwd.y = (weir_mat){f.x, WEIR_BF16, 2 * DIM}), x, y);
    OVERLAP(FORWARD, RMSNORM, (fwd.y = (weir_mat){f.x, WEIR_I8, 4 * DIM}, fwd.y_scale = f.y_scale),
            x, y);
    OVERLAP(FORWARD, RMSNORM,
            (fwd.x.type = WEIR_BF16, fwd.y = (weir_mat){byte_of(f.x, 2 * N - 2), WEIR_F16, 0}), x,
            y);
    PASSES(FORWARD, RMSNORM,
           (fwd.x.type = WEIR_BF16, fwd.y = (weir_mat){byte_of(f.x, 2 * N), WEIR_F16, 0}));
}

static void overlaps_in_forward(void **state)
{
    (void)state;
    OVERLAP(FORWARD, LAYERNORM, fwd.sum.data = f.y, y, sum);
    OVERLAP(FORWARD, LAYERNORM, (fwd.sum.data = f.x, fwd.y.data = f.x), y, sum);
    OVERLAP(FORWARD, LAYERNORM, fwd.gamma.data = f.y + N - DIM, gamma, y);
    OVERLAP(FORWARD, LAYERNORM, (fwd.y.data = f.spare, fwd.gamma.data = f.spare + N - 1), gamma, y);
    PASSES(FORWARD, LAYERNORM,
           (fwd.y.data = f.spare, fwd.gamma.data = f.spare + N, fwd.beta.data = f.spare + N));
    OVERLAP(FORWARD, LAYERNORM, fwd.beta.data = f.sum + 3, beta, sum);
    OVERLAP(FORWARD, LAYERNORM, fwd.mean = f.y, y, mean);
    OVERLAP(FORWARD, LAYERNORM, fwd.mean = fwd.rstd, mean, rstd);
    OVERLAP(FORWARD, LAYERNORM, fwd.mean_lo = f.x, x, mean_lo);
    OVERLAP(FORWARD, LAYERNORM, fwd.rstd = f.beta, beta, rstd);
    OVERLAP(FORWARD, LAYERNORM, (fwd.moments = f.moments, fwd.rstd = (float *)(void *)f.moments),
            rstd, moments);
    OVERLAP(FORWARD, RMSNORM, (fwd.y.type = WEIR_I8, fwd.y_scale = f.rstd + ROWS - 1), rstd,
            y_scale);
    /* As many statistics as there are groups, as many elements as gamma_dim says. */
    PASSES(FORWARD, RMSNORM, (fwd.y.data = f.spare + ROWS, fwd.rstd = f.spare));
    OVERLAP(FORWARD, RMSNORM, (norm.groups = 2, fwd.y.data = f.spare + ROWS, fwd.rstd = f.spare), y,
            rstd);
    PASSES(FORWARD, LAYERNORM,
           (norm.gamma_dim = 1, fwd.y.data = f.spare + 1, fwd.gamma.data = f.spare));
    OVERLAP(
        FORWARD, LAYERNORM,
        (norm.groups = 3, norm.gamma_dim = 2, fwd.y.data = f.spare + 1, fwd.gamma.data = f.spare),
        gamma, y);
    OVERLAP(MEASURE, RMSNORM, moments_out = (weir_moments *)(void *)f.x, x, out);
}

static void overlaps_in_backward(void **state)
{
    (void)state;
    OVERLAP(BACKWARD, LAYERNORM, bwd.dx.data = f.x, x, dx);
    OVERLAP(BACKWARD, LAYERNORM, bwd.dx.data = f.dresidual, dx, dresidual);
    OVERLAP(BACKWARD, LAYERNORM, bwd.dgamma = f.gamma, gamma, dgamma);
    OVERLAP(BACKWARD, LAYERNORM, bwd.dgamma = f.dbeta, dgamma, dbeta);
    OVERLAP(BACKWARD, LAYERNORM, bwd.dbeta = f.dy, dy, dbeta);
    OVERLAP(BACKWARD, LAYERNORM, bwd.dx.data = f.work, dx, workspace);
    OVERLAP(BACKWARD, LAYERNORM, (bwd.workspace_bytes = 256, bwd.dx.data = f.work + 63), dx,
            workspace);
    PASSES(BACKWARD, LAYERNORM, (bwd.workspace_bytes = 256, bwd.dx.data = f.work + 64));
    OVERLAP(BACKWARD, LAYERNORM, bwd.mean = f.dx, mean, dx);
    OVERLAP(BACKWARD, LAYERNORM, bwd.mean_lo = f.dresidual, mean_lo, dresidual);
    OVERLAP(BACKWARD, LAYERNORM, (bwd.rstd = f.spare, bwd.dgamma = f.spare + ROWS - 1), rstd,
            dgamma);
    OVERLAP(BACKWARD, LAYERNORM, (bwd.moments = f.back, bwd.dgamma = (float *)(void *)f.back),
            moments, dgamma);
    OVERLAP(BACK_MEASURE, RMSNORM, back_out = (weir_back_moments *)(void *)f.dy, dy, out);
}

/* Column slices of one wide matrix lie between each other, but do not overlap. */
static void slices_of_one_matrix(void **state)
{
    static const weir_dtype types[] = {WEIR_F32, WEIR_BF16, WEIR_I8};
    static float wide[ROWS * 3 * DIM];
    const int64_t pitch = 3 * DIM * 4, row = DIM * 4; /* of x, in bytes */
    (void)state;
    for (int t = 0; t < 3; t++) {
        const int64_t size = t == 0 ? 4 : t == 1 ? 2 : 1;
        for (int64_t apart = 0; apart + DIM * size <= pitch; apart += size) {
            fixture_reset(weir_op_find(WEIR_RMSNORM), FORWARD);
            weir_error *error = fwd.error;
            fwd = (weir_norm_fwd){.rows = ROWS,
                                  .x = {wide, WEIR_F32, 3 * DIM},
                                  .y = {byte_of(wide, apart), types[t], pitch / size},
                                  .y_scale = types[t] == WEIR_I8 ? f.y_scale : NULL,
                                  .error = error};
            const bool meet = apart < row && (apart > 0 || t > 0);
            fixture_expect(FORWARD, meet ? WEIR_E_ALIAS : WEIR_OK, "x and y overlap");
            /* And the other way round, with y first. */
            if (apart % 4 || apart + row > pitch) continue;
            fwd.error = error;
            fwd.x.data = byte_of(wide, apart), fwd.y.data = wide;
            const bool back = apart < DIM * size && (apart > 0 || t > 0);
            fixture_expect(FORWARD, back ? WEIR_E_ALIAS : WEIR_OK, "x and y overlap");
        }
    }
    /* Rows drift through the other's. */
    OVERLAP(FORWARD, RMSNORM,
            (fwd.x = (weir_mat){wide, WEIR_F32, 3 * DIM},
             fwd.y = (weir_mat){wide + DIM, WEIR_F32, 3 * DIM - 1}),
            x, y);
    OVERLAP(FORWARD, RMSNORM,
            (fwd.x = (weir_mat){wide, WEIR_F32, 3 * DIM},
             fwd.y = (weir_mat){wide + DIM, WEIR_BF16, 3 * DIM}),
            x, y);
    /* A slice wraps round the end of the other's rows. */
    OVERLAP(FORWARD, RMSNORM,
            (fwd.x = (weir_mat){wide, WEIR_F32, 2 * DIM},
             fwd.y = (weir_mat){wide + 2 * DIM - 1, WEIR_F32, 2 * DIM}),
            x, y);
    PASSES(FORWARD, RMSNORM,
           (fwd.x = (weir_mat){wide, WEIR_F32, 2 * DIM},
            fwd.y = (weir_mat){wide + 3 * DIM, WEIR_F32, 2 * DIM}));
}

/* An operand that begins in the middle of an element. */
#define CROOKED(call, op, field, by, what, align)                                                  \
    CHANGED(call, op, field = byte_of((void *)(uintptr_t)field, by), WEIR_E_ALIGN,                 \
            what " is not aligned to " #align " bytes")

static void alignment(void **state)
{
    (void)state;
    for (int64_t by = 1; by < 4; by++) {
        CROOKED(FORWARD, LAYERNORM, fwd.x.data, by, "x", 4);
        CROOKED(FORWARD, LAYERNORM, fwd.residual.data, by, "residual", 4);
        CROOKED(FORWARD, LAYERNORM, fwd.y.data, by, "y", 4);
        CROOKED(FORWARD, LAYERNORM, fwd.sum.data, by, "sum", 4);
        CROOKED(FORWARD, LAYERNORM, fwd.gamma.data, by, "gamma", 4);
        CROOKED(FORWARD, LAYERNORM, fwd.beta.data, by, "beta", 4);
        CROOKED(FORWARD, LAYERNORM, fwd.mean, by, "mean", 4);
        CROOKED(FORWARD, LAYERNORM, fwd.mean_lo, by, "mean_lo", 4);
        CROOKED(FORWARD, LAYERNORM, fwd.rstd, by, "rstd", 4);
        CROOKED(BACKWARD, LAYERNORM, bwd.dy.data, by, "dy", 4);
        CROOKED(BACKWARD, LAYERNORM, bwd.x.data, by, "x", 4);
        CROOKED(BACKWARD, LAYERNORM, bwd.dsum.data, by, "dsum", 4);
        CROOKED(BACKWARD, LAYERNORM, bwd.gamma.data, by, "gamma", 4);
        CROOKED(BACKWARD, LAYERNORM, bwd.mean, by, "mean", 4);
        CROOKED(BACKWARD, LAYERNORM, bwd.mean_lo, by, "mean_lo", 4);
        CROOKED(BACKWARD, LAYERNORM, bwd.rstd, by, "rstd", 4);
        CROOKED(BACKWARD, LAYERNORM, bwd.dx.data, by, "dx", 4);
        CROOKED(BACKWARD, LAYERNORM, bwd.dresidual.data, by, "dresidual", 4);
        CROOKED(BACKWARD, LAYERNORM, bwd.dgamma, by, "dgamma", 4);
        CROOKED(BACKWARD, LAYERNORM, bwd.dbeta, by, "dbeta", 4);
    }
    CROOKED(MEASURE, LAYERNORM, moments_out, 4, "out", 8);
    CROOKED(BACK_MEASURE, LAYERNORM, back_out, 4, "out", 8);
    CHANGED(FORWARD, LAYERNORM, fwd.moments = byte_of(f.moments, 4), WEIR_E_ALIGN,
            "moments is not aligned to 8 bytes");
    CHANGED(BACKWARD, LAYERNORM, bwd.moments = byte_of(f.back, 4), WEIR_E_ALIGN,
            "moments is not aligned to 8 bytes");
    CHANGED(FORWARD, LAYERNORM, (fwd.y.type = WEIR_I8, fwd.y_scale = byte_of(f.y_scale, 2)),
            WEIR_E_ALIGN, "y_scale is not aligned to 4 bytes");
    CHANGED(BACKWARD, LAYERNORM, (bwd.workspace = f.work + 8, bwd.workspace_bytes = 4096),
            WEIR_E_ALIGN, "workspace is not aligned to 64 bytes");
}

/* The alignment is that of the elements. */
static void alignment_by_type(void **state)
{
    (void)state;
    PASSES(FORWARD, LAYERNORM, (fwd.x.type = WEIR_BF16, fwd.x.data = byte_of(f.x, 2)));
    PASSES(FORWARD, LAYERNORM, (fwd.gamma.type = WEIR_F16, fwd.gamma.data = byte_of(f.gamma, 2)));
    PASSES(FORWARD, LAYERNORM,
           (fwd.y = (weir_mat){byte_of(f.y, 1), WEIR_E4M3, 7}, fwd.y_scale = f.y_scale));
    CHANGED(FORWARD, LAYERNORM, (fwd.x.type = WEIR_BF16, fwd.x.data = byte_of(f.x, 1)),
            WEIR_E_ALIGN, "x is not aligned to 2 bytes");
    CHANGED(FORWARD, LAYERNORM, (fwd.beta.type = WEIR_F16, fwd.beta.data = byte_of(f.beta, 3)),
            WEIR_E_ALIGN, "beta is not aligned to 2 bytes");
    CHANGED(BACKWARD, LAYERNORM, (bwd.dx.type = WEIR_F16, bwd.dx.data = byte_of(f.dx, 1)),
            WEIR_E_ALIGN, "dx is not aligned to 2 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_place),
        cmocka_unit_test(nearly_in_place),
        cmocka_unit_test(in_place_of_another_type),
        cmocka_unit_test(overlaps_in_forward),
        cmocka_unit_test(overlaps_in_backward),
        cmocka_unit_test(slices_of_one_matrix),
        cmocka_unit_test(alignment),
        cmocka_unit_test(alignment_by_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
