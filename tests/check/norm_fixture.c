/* norm_fixture.c - see norm_fixture.h. */
#include "norm_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

fixture f;
weir_norm norm;
weir_norm_fwd fwd;
weir_norm_bwd bwd;
weir_moments *moments_out;
weir_back_moments *back_out;

static fixture before;
static weir_error error;

static void reset_forward(const weir_op_row *op)
{
    fwd = (weir_norm_fwd){.rows = ROWS,
                          .x = {f.x, WEIR_F32, 0},
                          .residual = {f.residual, WEIR_F32, 0},
                          .alpha = 1,
                          .gamma = {f.gamma, WEIR_F32},
                          .beta = {op->beta ? f.beta : NULL, WEIR_F32},
                          .y = {f.y, WEIR_F32, 0},
                          .sum = {f.sum, WEIR_F32, 0},
                          .mean = op->centred ? f.mean : NULL,
                          .mean_lo = op->centred ? f.mean_lo : NULL,
                          .rstd = op->measures ? f.rstd : NULL,
                          .error = &error};
}

static void reset_backward(const weir_op_row *op)
{
    bwd = (weir_norm_bwd){.rows = ROWS,
                          .dy = {f.dy, WEIR_F32, 0},
                          .x = {f.x, WEIR_F32, 0},
                          .dsum = {f.dsum, WEIR_F32, 0},
                          .alpha = 1,
                          .mean = op->centred ? f.mean : NULL,
                          .mean_lo = op->centred ? f.mean_lo : NULL,
                          .rstd = op->measures ? f.rstd : NULL,
                          .gamma = {f.gamma, WEIR_F32},
                          .dx = {f.dx, WEIR_F32, 0},
                          .dresidual = {f.dresidual, WEIR_F32, 0},
                          .dgamma = f.dgamma,
                          .dbeta = op->beta ? f.dbeta : NULL,
                          .dscale = op->scale ? f.dscale : NULL,
                          .dshift = op->shift ? f.dshift : NULL,
                          .workspace = f.work,
                          .workspace_bytes = sizeof f.work,
                          .error = &error};
}

/* The operands that measuring has no use for. */
static void leave_out(void)
{
    fwd.gamma.data = fwd.beta.data = fwd.y.data = fwd.sum.data = NULL;
    fwd.mean = fwd.mean_lo = fwd.rstd = NULL;
    bwd.dsum.data = bwd.dx.data = bwd.dresidual.data = NULL;
    bwd.dgamma = bwd.dbeta = bwd.dscale = bwd.dshift = NULL;
    bwd.workspace = NULL;
    bwd.workspace_bytes = 0;
    bwd.alpha = 0;
}

void fixture_reset(const weir_op_row *op, function call)
{
    float *all = (float *)(void *)&f;
    for (size_t i = 0; i < sizeof f / sizeof(float); i++) all[i] = (float)(i % 7) - 3;
    norm = (weir_norm){.op = op->op,
                       .dim = DIM,
                       .eps = op->measures ? 1e-5 : 0,
                       .partial = op->partial ? 2 : 0,
                       .scale = op->scale ? 1 : 0};
    reset_forward(op);
    reset_backward(op);
    moments_out = f.moments;
    back_out = f.back;
    if (call == MEASURE || call == BACK_MEASURE) leave_out();
}

static weir_status run(function call)
{
    switch (call) {
    case FORWARD: return weir_norm_forward(&norm, &fwd, NULL);
    case BACKWARD: return weir_norm_backward(&norm, &bwd, NULL);
    case MEASURE: return weir_norm_measure(&norm, &fwd, moments_out, NULL);
    case BACK_MEASURE: break;
    }
    return weir_norm_backward_measure(&norm, &bwd, back_out, NULL);
}

void fixture_expect(function call, weir_status status, const char *message)
{
    const weir_error untouched = {.line = 7};
    before = f;
    error = untouched;
    const weir_status got = run(call);
    if (got != status)
        fail_msg("%s, not %s: %s", weir_status_name(got), weir_status_name(status), error.message);
    if (status == WEIR_OK) {
        assert_memory_equal(&error, &untouched, sizeof error);
        return;
    }
    assert_int_equal(error.status, status);
    assert_int_equal(error.line, 0);
    if (message) assert_string_equal(error.message, message);
    fwd.error = bwd.error = NULL; /* nobody has to listen */
    assert_int_equal(run(call), status);
    assert_memory_equal(&f, &before, sizeof f);
}
