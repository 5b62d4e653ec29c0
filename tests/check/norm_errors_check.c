/* norm_errors_check.c - every error of norm.h but those of memory (norm_overlap_check.c) is reported
 * as it says, in words that name what is wrong, and then nothing was written. */
#include "norm_fixture.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* The same change for all four functions. */
#define ALL(op, change, status, message)                                                           \
    for (int all = FORWARD; all <= BACK_MEASURE; all++)                                            \
    CHANGED((function)all, op, change, status, message)

static void right_calls_pass(void **state)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    (void)state;
    for (int op = 0; op < ops; op++)
        for (int call = FORWARD; call <= BACK_MEASURE; call++) {
            const function c = (function)call;
            const bool has_none = !rows[op].measures && (c == MEASURE || c == BACK_MEASURE);
            const weir_status right = has_none ? WEIR_E_VALUE : WEIR_OK;
            CHANGED_ROW(c, &rows[op], (void)0, right, NULL);
            CHANGED_ROW(c, &rows[op], norm.eps = 0, right, NULL);
            CHANGED_ROW(c, &rows[op], (norm.groups = 2, norm.gamma_dim = 3), right, NULL);
            CHANGED_ROW(c, &rows[op], (norm.groups = 1, norm.gamma_dim = 1), right, NULL);
            CHANGED_ROW(c, &rows[op], norm.rounding = WEIR_ROUND_XHAT_SUM, right, NULL);
        }
    PASSES(FORWARD, LAYERNORM, norm.gamma_offset = 1);
    PASSES(MEASURE, LAYERNORM, norm.gamma_offset = 1);
    PASSES(FORWARD, LAYERNORM, fwd.gamma.data = NULL);
    PASSES(FORWARD, LAYERNORM, fwd.sum.data = NULL);
    PASSES(FORWARD, LAYERNORM, fwd.store = WEIR_STORE_FAR);
    PASSES(FORWARD, LAYERNORM, fwd.moments = f.moments);
    PASSES(BACKWARD, LAYERNORM, bwd.dx.data = NULL);
    PASSES(BACKWARD, LAYERNORM, bwd.moments = f.back);
}

static void null_operands(void **state)
{
    (void)state;
    CHANGED(FORWARD, LAYERNORM, fwd.x.data = NULL, WEIR_E_NULL, "x.data is NULL");
    CHANGED(FORWARD, LAYERNORM, fwd.y.data = NULL, WEIR_E_NULL, "y.data is NULL");
    CHANGED(FORWARD, LAYERNORM, (fwd.residual.data = NULL, fwd.alpha = 0), WEIR_E_NULL,
            "sum is given, but residual.data is NULL");
    CHANGED(FORWARD, LAYERNORM, fwd.y.type = WEIR_I8, WEIR_E_NULL, "y_scale is NULL");
    CHANGED(MEASURE, LAYERNORM, fwd.x.data = NULL, WEIR_E_NULL, "x.data is NULL");
    CHANGED(MEASURE, LAYERNORM, moments_out = NULL, WEIR_E_NULL, "out is NULL");
    CHANGED(BACK_MEASURE, RMSNORM, back_out = NULL, WEIR_E_NULL, "out is NULL");
    for (int k = 0; k < 2; k++) {
        const function c = k ? BACK_MEASURE : BACKWARD;
        CHANGED(c, LAYERNORM, bwd.dy.data = NULL, WEIR_E_NULL, "dy.data is NULL");
        CHANGED(c, LAYERNORM, bwd.x.data = NULL, WEIR_E_NULL, "x.data is NULL");
        CHANGED(c, RMSNORM, bwd.rstd = NULL, WEIR_E_NULL, "rstd is NULL");
        CHANGED(c, LAYERNORM, bwd.mean = NULL, WEIR_E_NULL, "mean is NULL");
        CHANGED(c, LAYERNORM, bwd.mean_lo = NULL, WEIR_E_NULL, "mean_lo is NULL");
    }
    CHANGED(BACKWARD, LAYERNORM, bwd.workspace = NULL, WEIR_E_NULL, "workspace is NULL");
}

static void null_arguments(void **state)
{
    const weir_parallel no_function = {.workers = 2};
    (void)state;
    fixture_reset(weir_op_find(WEIR_LAYERNORM), MEASURE);
    weir_error *err = fwd.error;
    assert_int_equal(weir_norm_forward(&norm, NULL, NULL), WEIR_E_NULL);
    assert_int_equal(weir_norm_backward(&norm, NULL, NULL), WEIR_E_NULL);
    assert_int_equal(weir_norm_measure(&norm, NULL, f.moments, NULL), WEIR_E_NULL);
    assert_int_equal(weir_norm_backward_measure(&norm, NULL, f.back, NULL), WEIR_E_NULL);
    for (int k = 0; k < 2; k++) {
        const weir_norm *of = k ? &norm : NULL;
        const weir_parallel *par = k ? &no_function : NULL;
        const char *const message = k ? "par.parallel_for is NULL" : "norm is NULL";
        assert_int_equal(weir_norm_forward(of, &fwd, par), WEIR_E_NULL);
        assert_string_equal(err->message, message);
        *err = (weir_error){.line = 0};
        assert_int_equal(weir_norm_backward(of, &bwd, par), WEIR_E_NULL);
        assert_string_equal(err->message, message);
        *err = (weir_error){.line = 0};
        assert_int_equal(weir_norm_measure(of, &fwd, f.moments, par), WEIR_E_NULL);
        assert_string_equal(err->message, message);
        *err = (weir_error){.line = 0};
        assert_int_equal(weir_norm_backward_measure(of, &bwd, f.back, par), WEIR_E_NULL);
        assert_string_equal(err->message, message);
    }
}

static void sizes(void **state)
{
    (void)state;
    ALL(LAYERNORM, norm.dim = 0, WEIR_E_SHAPE, "norm.dim is 0: it must be at least 1");
    ALL(RMSNORM, norm.dim = -1, WEIR_E_SHAPE, "norm.dim is -1: it must be at least 1");
    ALL(L2NORM, (fwd.rows = -1, bwd.rows = -1), WEIR_E_SHAPE,
        "rows is -1: it must not be negative");
    ALL(LAYERNORM, norm.groups = 4, WEIR_E_SHAPE, "norm.groups is 4, which does not divide dim 6");
    ALL(LAYERNORM, norm.groups = 7, WEIR_E_SHAPE, "norm.groups is 7, which does not divide dim 6");
    ALL(RMSNORM, norm.groups = -1, WEIR_E_SHAPE, "norm.groups is -1, which does not divide dim 6");
    ALL(RMSNORM, norm.gamma_dim = 3, WEIR_E_SHAPE,
        "norm.gamma_dim is 3: it must be dim 6, dim / groups 6, or 1");
    ALL(RMSNORM, (norm.groups = 2, norm.gamma_dim = 2), WEIR_E_SHAPE,
        "norm.gamma_dim is 2: it must be dim 6, dim / groups 3, or 1");
    ALL(RMSNORM, norm.gamma_dim = -6, WEIR_E_SHAPE,
        "norm.gamma_dim is -6: it must be dim 6, dim / groups 6, or 1");
    for (function c = FORWARD; c <= BACKWARD; c++)
        CHANGED(c, PRMSNORM, norm.partial = 0, WEIR_E_SHAPE,
                "norm.partial is 0: it must be 1 to 6, but for a part of a row");
    ALL(PRMSNORM, norm.partial = -1, WEIR_E_SHAPE, "norm.partial is -1: it must be 1 to 6");
    ALL(PRMSNORM, norm.partial = 7, WEIR_E_SHAPE, "norm.partial is 7: it must be 1 to 6");
    ALL(PRMSNORM, (norm.groups = 3, norm.partial = 3), WEIR_E_SHAPE,
        "norm.partial is 3: it must be 1 to 2");
    PASSES(FORWARD, PRMSNORM, norm.partial = 6);
    PASSES(FORWARD, PRMSNORM, (norm.partial = 0, fwd.moments = f.moments));
    PASSES(BACKWARD, PRMSNORM, (norm.partial = 0, bwd.moments = f.back));
    PASSES(MEASURE, PRMSNORM, norm.partial = 0);
    PASSES(BACK_MEASURE, PRMSNORM, norm.partial = 0);
}

/* One matrix after the other has a stride that is too small, or is too large for memory. */
static void strides(void **state)
{
    static const char *const names[] = {"x", "residual", "y",  "sum",      "dy",
                                        "x", "dsum",     "dx", "dresidual"};
    weir_mat *const mats[] = {&fwd.x, &fwd.residual, &fwd.y,  &fwd.sum,      &bwd.dy,
                              &bwd.x, &bwd.dsum,     &bwd.dx, &bwd.dresidual};
    static const int64_t wrong[] = {5, 1, -6, INT64_MAX / 8, INT64_MAX};
    (void)state;
    for (int k = 0; k < 9; k++)
        for (int w = 0; w < 5; w++) {
            char message[100];
            snprintf(message, sizeof message,
                     w < 3 ? "%s.stride is %lld, below the row's 6 elements"
                           : "%s is larger than memory",
                     names[k], (long long)wrong[w]);
            CHANGED(k < 4 ? FORWARD : BACKWARD, LAYERNORM, mats[k]->stride = wrong[w], WEIR_E_SHAPE,
                    message);
        }
    CHANGED(MEASURE, RMSNORM, fwd.x.stride = 5, WEIR_E_SHAPE,
            "x.stride is 5, below the row's 6 elements");
    CHANGED(BACK_MEASURE, RMSNORM, bwd.dy.stride = 5, WEIR_E_SHAPE,
            "dy.stride is 5, below the row's 6 elements");
}

/* Not only the matrices: nothing that is computed from sizes may wrap. */
static void sizes_beyond_memory(void **state)
{
    (void)state;
    for (int64_t groups = 1; groups <= 6; groups++) {
        if (6 % groups) continue;
        CHANGED(FORWARD, LAYERNORM, (norm.groups = groups, fwd.rows = INT64_MAX), WEIR_E_SHAPE,
                "x is larger than memory");
        CHANGED(MEASURE, LAYERNORM, (norm.groups = groups, fwd.rows = INT64_MAX), WEIR_E_SHAPE,
                "x is larger than memory");
        CHANGED(BACK_MEASURE, LAYERNORM, (norm.groups = groups, bwd.rows = INT64_MAX), WEIR_E_SHAPE,
                "dy is larger than memory");
        CHANGED(BACKWARD, LAYERNORM, (norm.groups = groups, bwd.rows = INT64_MAX), WEIR_E_SHAPE,
                NULL); /* the workspace is what is missed first */
    }
    CHANGED(FORWARD, LAYERNORM, norm.dim = INT64_MAX, WEIR_E_SHAPE, "x is larger than memory");
    CHANGED(BACKWARD, LAYERNORM, norm.dim = INT64_MAX, WEIR_E_SHAPE, NULL);
    /* Statistics may be larger than the matrices. */
    const int64_t all_memory = (int64_t)(UINT64_MAX / (6 * sizeof(weir_moments)));
    CHANGED(FORWARD, LAYERNORM, (norm.groups = 6, fwd.moments = f.moments, fwd.rows = all_memory),
            WEIR_E_SHAPE, "moments reaches beyond the end of memory");
    CHANGED(FORWARD, LAYERNORM,
            (norm.groups = 6, fwd.moments = f.moments, fwd.rows = all_memory + 1), WEIR_E_SHAPE,
            "moments is larger than memory");
    CHANGED(MEASURE, LAYERNORM, (norm.groups = 6, fwd.rows = all_memory + 1), WEIR_E_SHAPE,
            "out is larger than memory");
}

static void numbers(void **state)
{
    (void)state;
    ALL(LAYERNORM, norm.op = (weir_norm_op)0, WEIR_E_VALUE, "norm.op is 0, which is none");
    ALL(LAYERNORM, norm.op = (weir_norm_op)7, WEIR_E_VALUE, "norm.op is 7, which is none");
    ALL(LAYERNORM, norm.op = (weir_norm_op)-1, WEIR_E_VALUE, "norm.op is -1, which is none");
    ALL(LAYERNORM, norm.eps = -1e-9, WEIR_E_VALUE,
        "norm.eps is -1e-09: it must be finite and not negative");
    ALL(L2NORM, norm.eps = (double)NAN, WEIR_E_VALUE, NULL);
    ALL(RMSNORM, norm.eps = (double)INFINITY, WEIR_E_VALUE,
        "norm.eps is inf: it must be finite and not negative");
    ALL(LAYERNORM, norm.gamma_offset = (double)INFINITY, WEIR_E_VALUE,
        "norm.gamma_offset is inf: it must be finite");
    ALL(LAYERNORM, norm.gamma_offset = (double)NAN, WEIR_E_VALUE, NULL);
    ALL(LAYERNORM, norm.gamma_offset = 1e39, WEIR_E_VALUE,
        "norm.gamma_offset is 1e+39: it must be finite"); /* in f32 */
    ALL(LAYERNORM, norm.rounding = (weir_rounding)4, WEIR_E_VALUE,
        "norm.rounding is 4: 0 to 3 have a meaning");
    ALL(RMSNORM, norm.rounding = (weir_rounding)-1, WEIR_E_VALUE,
        "norm.rounding is -1: 0 to 3 have a meaning");
    for (int i = 0; i < 4; i++)
        ALL(RMSNORM, norm.reserved[i] = 1, WEIR_E_VALUE,
            "norm.reserved is not 0: this version knows none");
    for (int i = 0; i < 4; i++)
        ALL(RMSNORM, fwd.reserved[i] = bwd.reserved[i] = &f, WEIR_E_VALUE,
            "reserved is not NULL: this version knows none");
    ALL(LAYERNORM, fwd.store = bwd.store = (weir_store)3, WEIR_E_VALUE,
        "store is 3: 0 to 2 have a meaning");
    ALL(LAYERNORM, fwd.store = bwd.store = (weir_store)-1, WEIR_E_VALUE,
        "store is -1: 0 to 2 have a meaning");
}

/* Numbers and operands of which an operator has no use. */
static void expect_unused(function call, const weir_op_row *op, const char *format)
{
    char message[200];
    snprintf(message, sizeof message, format, op->name);
    fixture_expect(call, WEIR_E_VALUE, message);
}

#define UNUSED(call, has, change, format)                                                          \
    if (!op->has) {                                                                                \
        fixture_reset(op, call);                                                                   \
        change;                                                                                    \
        expect_unused(call, op, format);                                                           \
    }

static void what_the_operator_does_not_have(void **state)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    (void)state;
    for (const weir_op_row *op = rows; op < rows + ops; op++) {
        for (int call = FORWARD; call <= BACKWARD; call++) {
            const function c = (function)call;
            UNUSED(c, measures, norm.eps = 1e-5, "norm.eps is 1e-05, but %s has none: it must be 0")
            UNUSED(c, scale, norm.scale = 2, "norm.scale is 2, but %s has none: it must be 0")
            UNUSED(c, shift, norm.shift = 2, "norm.shift is 2, but %s has none: it must be 0")
            UNUSED(c, partial, norm.partial = 2, "norm.partial is 2, but %s has none: it must be 0")
        }
        UNUSED(FORWARD, beta, fwd.beta.data = f.beta, "beta is given, but %s has none")
        UNUSED(FORWARD, centred, fwd.mean = f.mean, "mean is given, but %s has none")
        UNUSED(FORWARD, centred, fwd.mean_lo = f.mean_lo, "mean_lo is given, but %s has none")
        UNUSED(FORWARD, measures, fwd.rstd = f.rstd, "rstd is given, but %s has none")
        UNUSED(FORWARD, measures, fwd.moments = f.moments,
               "moments is given, but %s has no statistics")
        UNUSED(MEASURE, measures, (void)0, "%s has no statistics to measure")
        UNUSED(BACKWARD, centred, bwd.mean = f.mean, "mean is given, but %s has none")
        UNUSED(BACKWARD, centred, bwd.mean_lo = f.mean_lo, "mean_lo is given, but %s has none")
        UNUSED(BACKWARD, measures, bwd.rstd = f.rstd, "rstd is given, but %s has none")
        UNUSED(BACKWARD, measures, bwd.moments = f.back,
               "moments is given, but %s has no statistics")
        UNUSED(BACKWARD, beta, bwd.dbeta = f.dbeta, "dbeta is given, but %s has no beta")
        UNUSED(BACKWARD, scale, bwd.dscale = f.dscale, "dscale is given, but %s has no scale")
        UNUSED(BACKWARD, shift, bwd.dshift = f.dshift, "dshift is given, but %s has no shift")
        UNUSED(BACK_MEASURE, measures, (void)0, "%s has no sums to measure")
        if (op->scale) CHANGED_ROW(FORWARD, op, norm.scale = 0, WEIR_E_VALUE, NULL);
        CHANGED_ROW(FORWARD, op, norm.scale = INFINITY, WEIR_E_VALUE,
                    "norm.scale is inf: it must be finite");
        CHANGED_ROW(BACKWARD, op, norm.shift = NAN, WEIR_E_VALUE, NULL);
    }
}

static void alpha_and_gamma(void **state)
{
    (void)state;
    CHANGED(FORWARD, LAYERNORM, fwd.alpha = 0, WEIR_E_VALUE,
            "alpha is 0: with a residual it must be finite and not 0");
    CHANGED(MEASURE, LAYERNORM, fwd.alpha = INFINITY, WEIR_E_VALUE,
            "alpha is inf: with a residual it must be finite and not 0");
    CHANGED(FORWARD, RMSNORM, fwd.alpha = NAN, WEIR_E_VALUE, NULL);
    CHANGED(FORWARD, LAYERNORM, (fwd.residual.data = NULL, fwd.sum.data = NULL), WEIR_E_VALUE,
            "alpha is 1: without a residual it must be 0");
    CHANGED(BACKWARD, LAYERNORM, bwd.alpha = 0, WEIR_E_VALUE,
            "alpha is 0: with a dresidual it must be finite and not 0");
    CHANGED(BACKWARD, LAYERNORM, bwd.dresidual.data = NULL, WEIR_E_VALUE,
            "alpha is 1: without a dresidual it must be 0");
    CHANGED(BACK_MEASURE, LAYERNORM, bwd.alpha = 1, WEIR_E_VALUE,
            "alpha is 1: without a dresidual it must be 0");
    CHANGED(FORWARD, LAYERNORM, (norm.gamma_offset = 1, fwd.gamma.data = NULL), WEIR_E_VALUE,
            "norm.gamma_offset is 1, but gamma is absent");
    CHANGED(BACKWARD, LAYERNORM, (norm.gamma_offset = 1, bwd.gamma.data = NULL), WEIR_E_VALUE,
            "norm.gamma_offset is 1, but gamma is absent");
    CHANGED(BACK_MEASURE, LAYERNORM, (norm.gamma_offset = 1, bwd.gamma.data = NULL), WEIR_E_VALUE,
            "norm.gamma_offset is 1, but gamma is absent");
}

static void what_measuring_has_no_use_for(void **state)
{
    (void)state;
    CHANGED(MEASURE, LAYERNORM, fwd.gamma.data = f.gamma, WEIR_E_VALUE,
            "gamma is given, but measuring has none");
    CHANGED(MEASURE, LAYERNORM, fwd.beta.data = f.beta, WEIR_E_VALUE,
            "beta is given, but measuring has none");
    CHANGED(MEASURE, LAYERNORM, fwd.y.data = f.y, WEIR_E_VALUE,
            "y is given, but measuring has none");
    CHANGED(MEASURE, LAYERNORM, fwd.sum.data = f.sum, WEIR_E_VALUE,
            "sum is given, but measuring has none");
    CHANGED(MEASURE, LAYERNORM, fwd.mean = f.mean, WEIR_E_VALUE,
            "mean is given, but measuring has none");
    CHANGED(MEASURE, LAYERNORM, fwd.mean_lo = f.mean_lo, WEIR_E_VALUE,
            "mean_lo is given, but measuring has none");
    CHANGED(MEASURE, LAYERNORM, fwd.rstd = f.rstd, WEIR_E_VALUE,
            "rstd is given, but measuring has none");
    CHANGED(MEASURE, LAYERNORM, fwd.moments = f.moments, WEIR_E_VALUE,
            "moments is given, but measuring has none");
    CHANGED(MEASURE, LAYERNORM, fwd.y_scale = f.y_scale, WEIR_E_VALUE,
            "y_scale is given, but measuring has none");
    CHANGED(BACK_MEASURE, LAYERNORM, bwd.dsum.data = f.dsum, WEIR_E_VALUE,
            "dsum is given, but measuring has none");
    CHANGED(BACK_MEASURE, LAYERNORM, bwd.dx.data = f.dx, WEIR_E_VALUE,
            "dx is given, but measuring has none");
    CHANGED(BACK_MEASURE, LAYERNORM, bwd.dresidual.data = f.dx, WEIR_E_VALUE,
            "dresidual is given, but measuring has none");
    CHANGED(BACK_MEASURE, LAYERNORM, bwd.dgamma = f.dgamma, WEIR_E_VALUE,
            "dgamma is given, but measuring has none");
    CHANGED(BACK_MEASURE, LAYERNORM, bwd.dbeta = f.dbeta, WEIR_E_VALUE,
            "dbeta is given, but measuring has none");
    CHANGED(BACK_MEASURE, LAYERNORM, bwd.moments = f.back, WEIR_E_VALUE,
            "moments is given, but measuring has none");
}

static void scales_of_codes(void **state)
{
    (void)state;
    PASSES(FORWARD, LAYERNORM, (fwd.y.type = WEIR_I8, fwd.y_scale = f.y_scale));
    PASSES(FORWARD, RMSNORM,
           (fwd.y.type = WEIR_E4M3, fwd.y_scale = f.y_scale, fwd.scale_min = 0.1f,
            fwd.scale_max = 0.1f));
    PASSES(FORWARD, RMSNORM,
           (fwd.y.type = WEIR_E4M3, fwd.y_scale = f.y_scale, fwd.scale_max = INFINITY));
    CHANGED(FORWARD, LAYERNORM, fwd.y_scale = f.y_scale, WEIR_E_VALUE,
            "y_scale is given, but y is no I8 or E4M3");
    CHANGED(FORWARD, LAYERNORM, fwd.scale_min = 1, WEIR_E_VALUE,
            "scale_min and scale_max go with a y_scale");
    CHANGED(FORWARD, LAYERNORM, fwd.scale_max = 1, WEIR_E_VALUE,
            "scale_min and scale_max go with a y_scale");
    for (int k = 0; k < 2; k++) {
        const weir_dtype type = k ? WEIR_E4M3 : WEIR_I8;
#define CODES(change) (fwd.y.type = type, fwd.y_scale = f.y_scale, change)
        CHANGED(FORWARD, LAYERNORM, CODES(fwd.scale_min = -1), WEIR_E_VALUE,
                "scale_min is -1: it must be 0, or finite and at least 2^-126");
        CHANGED(FORWARD, LAYERNORM, CODES(fwd.scale_min = 1e-38f), WEIR_E_VALUE,
                "scale_min is 1e-38: it must be 0, or finite and at least 2^-126");
        CHANGED(FORWARD, LAYERNORM, CODES(fwd.scale_min = INFINITY), WEIR_E_VALUE,
                "scale_min is inf: it must be 0, or finite and at least 2^-126");
        CHANGED(FORWARD, LAYERNORM, CODES(fwd.scale_min = NAN), WEIR_E_VALUE, NULL);
        CHANGED(FORWARD, LAYERNORM, CODES(fwd.scale_max = -1), WEIR_E_VALUE,
                "scale_max is -1: it must be 0, or at least scale_min and 2^-126");
        CHANGED(FORWARD, LAYERNORM, CODES(fwd.scale_max = NAN), WEIR_E_VALUE, NULL);
        CHANGED(FORWARD, LAYERNORM, CODES(fwd.scale_max = 1e-38f), WEIR_E_VALUE, NULL);
        CHANGED(FORWARD, LAYERNORM, CODES((fwd.scale_min = 2, fwd.scale_max = 1)), WEIR_E_VALUE,
                "scale_max is 1: it must be 0, or at least scale_min and 2^-126");
    }
}

static void types(void **state)
{
    static const char *const names[] = {"x", "residual", "y",  "sum",      "dy",
                                        "x", "dsum",     "dx", "dresidual"};
    weir_mat *const mats[] = {&fwd.x, &fwd.residual, &fwd.y,  &fwd.sum,      &bwd.dy,
                              &bwd.x, &bwd.dsum,     &bwd.dx, &bwd.dresidual};
    char message[100];
    (void)state;
    for (int k = 0; k < 9; k++) {
        const function c = k < 4 ? FORWARD : BACKWARD;
        PASSES(c, LAYERNORM, mats[k]->type = WEIR_BF16);
        PASSES(c, LAYERNORM, mats[k]->type = WEIR_F16);
        for (int t = -1; t <= 6; t++) {
            const weir_dtype type = (weir_dtype)t;
            if (t >= WEIR_F32 && t <= WEIR_F16) continue;
            if (mats[k] == &fwd.y && (type == WEIR_I8 || type == WEIR_E4M3)) continue;
            snprintf(message, sizeof message, "%s.type is %d, which is no type", names[k], t);
            if (type == WEIR_I8 || type == WEIR_E4M3)
                snprintf(message, sizeof message, "%s.type is %s, which %s cannot have", names[k],
                         weir_dtype_name(type), names[k]);
            CHANGED(c, LAYERNORM, mats[k]->type = type, WEIR_E_DTYPE, message);
        }
    }
    PASSES(FORWARD, LAYERNORM, (fwd.gamma.type = WEIR_BF16, fwd.beta.type = WEIR_F16));
    CHANGED(FORWARD, LAYERNORM, fwd.gamma.type = (weir_dtype)0, WEIR_E_DTYPE,
            "gamma.type is 0, which is no type");
    CHANGED(FORWARD, LAYERNORM, fwd.beta.type = WEIR_I8, WEIR_E_DTYPE,
            "beta.type is int8, which beta cannot have");
    CHANGED(BACKWARD, LAYERNORM, bwd.gamma.type = WEIR_E4M3, WEIR_E_DTYPE,
            "gamma.type is e4m3, which gamma cannot have");
    CHANGED(MEASURE, LAYERNORM, fwd.x.type = WEIR_I8, WEIR_E_DTYPE,
            "x.type is int8, which x cannot have");
    /* The type of what is absent is nobody's business. */
    PASSES(FORWARD, LAYERNORM, (fwd.gamma.data = NULL, fwd.gamma.type = (weir_dtype)9));
    PASSES(FORWARD, LAYERNORM, (fwd.sum.data = NULL, fwd.sum.type = (weir_dtype)9));
}

static void no_rows_is_no_work(void **state)
{
    (void)state;
    for (int call = FORWARD; call <= BACK_MEASURE; call++) {
        fixture_reset(weir_op_find(WEIR_LAYERNORM), (function)call);
        fwd.rows = bwd.rows = 0;
        const fixture kept = f;
        fixture_expect((function)call, WEIR_OK, NULL);
        assert_memory_equal(&f, &kept, sizeof f);
        CHANGED((function)call, LAYERNORM, (fwd.rows = bwd.rows = 0, norm.dim = 0), WEIR_E_SHAPE,
                NULL);
    }
    PASSES(FORWARD, LAYERNORM, fwd = (weir_norm_fwd){.error = fwd.error});
    PASSES(BACKWARD, LAYERNORM, bwd = (weir_norm_bwd){.error = bwd.error});
}

static void workspace_is_asked_for_where_it_is_used(void **state)
{
    const size_t line = 64, pair = 2 * line;
    (void)state;
    fixture_reset(weir_op_find(WEIR_LAYERNORM), BACKWARD);
    assert_int_equal(weir_norm_backward_workspace(&norm, 0), 0);
    assert_int_equal(weir_norm_backward_workspace(&norm, 32), 0);
    assert_int_equal(weir_norm_backward_workspace(&norm, 33), 2 * pair);
    assert_int_equal(weir_norm_backward_workspace(&norm, 65), 3 * pair);
    norm.groups = 2;
    assert_int_equal(weir_norm_backward_workspace(&norm, 32), 0);
    norm.gamma_dim = 3; /* columns that share an element are added up at the end */
    assert_int_equal(weir_norm_backward_workspace(&norm, 32), pair);
    norm.op = WEIR_RMSNORM;
    assert_int_equal(weir_norm_backward_workspace(&norm, 65), 3 * line);
    assert_true(weir_norm_backward_workspace(&norm, INT64_MAX) == SIZE_MAX ||
                weir_norm_backward_workspace(&norm, INT64_MAX) > (size_t)INT64_MAX / 64);
    norm = (weir_norm){.op = WEIR_RMSNORM, .dim = INT64_MAX};
    assert_true(weir_norm_backward_workspace(&norm, 65) == SIZE_MAX);
    norm.dim = -1;
    assert_int_equal(weir_norm_backward_workspace(&norm, 65), 0);
    assert_int_equal(weir_norm_backward_workspace(NULL, 65), 0);
    PASSES(BACKWARD, LAYERNORM, (bwd.workspace = NULL, bwd.workspace_bytes = 0, bwd.rows = 32));
    PASSES(BACKWARD, LAYERNORM,
           (bwd.workspace = NULL, bwd.workspace_bytes = 0, bwd.dgamma = NULL, bwd.dbeta = NULL));
    PASSES(BACKWARD, LAYERNORM, bwd.workspace_bytes = weir_norm_backward_workspace(&norm, ROWS));
    CHANGED(BACKWARD, LAYERNORM, bwd.workspace_bytes = 255, WEIR_E_SHAPE,
            "workspace_bytes is 255: 256 are needed");
    CHANGED(BACKWARD, LAYERNORM, (bwd.rows = 32, norm.gamma_dim = 1, bwd.workspace_bytes = 127),
            WEIR_E_SHAPE, "workspace_bytes is 127: 128 are needed");
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(weir_norm_op_name(WEIR_LAYERNORM), "layernorm");
    assert_string_equal(weir_norm_op_name(WEIR_PRMSNORM), "prmsnorm");
    assert_string_equal(weir_norm_op_name((weir_norm_op)0), "unknown");
    assert_string_equal(weir_norm_op_name((weir_norm_op)99), "unknown");
    assert_string_equal(weir_dtype_name(WEIR_F32), "f32");
    assert_string_equal(weir_dtype_name(WEIR_E4M3), "e4m3");
    assert_string_equal(weir_dtype_name((weir_dtype)0), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_calls_pass),
        cmocka_unit_test(null_operands),
        cmocka_unit_test(null_arguments),
        cmocka_unit_test(sizes),
        cmocka_unit_test(strides),
        cmocka_unit_test(sizes_beyond_memory),
        cmocka_unit_test(numbers),
        cmocka_unit_test(what_the_operator_does_not_have),
        cmocka_unit_test(alpha_and_gamma),
        cmocka_unit_test(what_measuring_has_no_use_for),
        cmocka_unit_test(scales_of_codes),
        cmocka_unit_test(types),
        cmocka_unit_test(no_rows_is_no_work),
        cmocka_unit_test(workspace_is_asked_for_where_it_is_used),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
