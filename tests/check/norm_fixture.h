/* norm_fixture.h - a right call of each norm function, with everything given that the operator has;
 * a test makes one thing wrong and says what must come of it. */
#ifndef WEIR_TESTS_NORM_FIXTURE_H
#define WEIR_TESTS_NORM_FIXTURE_H

#include "ops/kernels.h"
#include "weir/weir.h"

enum { ROWS = 40, DIM = 6, N = ROWS * DIM, WORK = 2048 };

/* All memory of a call, which is compared as a whole. Where it starts, and `work`, is 64-byte
 * aligned; all floats, so that operands may be laid over each other. */
typedef struct fixture {
    _Alignas(64) float work[WORK];
    float x[N], residual[N], gamma[DIM], beta[DIM], y[N], sum[N];
    float mean[N], mean_lo[N], rstd[N], y_scale[N];
    float dy[N], dsum[N], dx[N], dresidual[N], dgamma[DIM], dbeta[DIM], dscale[1], dshift[1];
    float spare[2 * N]; /* where an output may lie over another operand's end */
    weir_moments moments[N];
    weir_back_moments back[N];
} fixture;

typedef enum function { FORWARD, BACKWARD, MEASURE, BACK_MEASURE } function;

extern fixture f;
extern weir_norm norm;
extern weir_norm_fwd fwd; /* of FORWARD and MEASURE */
extern weir_norm_bwd bwd; /* of BACKWARD and BACK_MEASURE */
extern weir_moments *moments_out;
extern weir_back_moments *back_out;

/* Makes everything right for a call of this function. */
void fixture_reset(const weir_op_row *op, function call);

/* Calls it. Fails the test unless the status is this and, of a failure, the message, and nothing
 * was written. message NULL: any. */
void fixture_expect(function call, weir_status status, const char *message);

/* One change to an otherwise right call of an operator, by its row or by its name. */
#define CHANGED_ROW(call, row, change, status, message)                                            \
    (fixture_reset(row, call), (void)(change), fixture_expect(call, status, message))
#define CHANGED(call, op, change, status, message)                                                 \
    CHANGED_ROW(call, weir_op_find(WEIR_##op), change, status, message)
#define PASSES(call, op, change) CHANGED(call, op, change, WEIR_OK, NULL)

#endif
