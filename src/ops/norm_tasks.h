/* norm_tasks.h - a checked call, cut into tasks and run. Floor 2. */
#ifndef WEIR_OPS_NORM_TASKS_H
#define WEIR_OPS_NORM_TASKS_H

#include "ops/norm_check.h"

typedef struct weir_forward_call {
    weir_fwd_job job; /* of the first group */
    weir_fwd_kernel *kernel;
} weir_forward_call;

void weir_run_forward(const weir_forward_call *call, const weir_norm_shape *s,
                      const weir_parallel *par);

/* How many rows a task of the forward has; the last may have fewer. */
int64_t weir_forward_span(int64_t rows, int64_t dim, const weir_parallel *par);

typedef struct weir_backward_call {
    weir_bwd_job job; /* of the first group */
    weir_bwd_kernel *kernel;
    float *out[WEIR_COLUMN_SUMS]; /* what the column sums are added to; NULL: not wanted */
    float *workspace;             /* of weir_workspace_bytes */
} weir_backward_call;

void weir_run_backward(const weir_backward_call *call, const weir_norm_shape *s,
                       const weir_parallel *par);

/* Bytes of workspace that the column sums of this shape need: 0 where they need none, SIZE_MAX where
 * no memory could hold them. */
size_t weir_workspace_bytes(const weir_norm_shape *s);

#endif
