/* update.h - how far one optimizer step moves what the network computes: DeepNet's model update.
 * Floor 5.
 *
 * |F(x; theta + step) - F(x; theta)|, F the final hidden state after the head rule, as the mean
 * over the tokens of the batch of the 2-norm of the change. Source: Wang et al. 2022
 * (arXiv:2203.00555), section 4, theorem 4.2: bounded for DeepNorm by a constant in depth under
 * SGD, growing with depth for Post-LN.
 */
#ifndef WEIR_LAB_UPDATE_H
#define WEIR_LAB_UPDATE_H

#include "lab/subject.h"

#define WEIR_UPDATE_SGD_LR   0.001
#define WEIR_UPDATE_ADAMW_LR 0.0005

/* Of one plain step (no clipping, warm-up or decay) from zero moments. branch: of the matrices q k
 * v o up gate down alone, theorem 4.2's quantity; all: of every parameter. */
typedef struct weir_update {
    double branch, all;
} weir_update;

typedef struct weir_updates {
    weir_update sgd, adamw; /* at WEIR_UPDATE_SGD_LR, WEIR_UPDATE_ADAMW_LR */
} weir_updates;

/* From the gradient that a measurement left in subject->grad. Memory: two arrays of the size of
 * theta. */
weir_status weir_update_measure(weir_subject *subject, weir_updates *out, weir_error *err);

/* The change that any step [model->total] makes. Exactly 0 for a step of zeros; NaN when a hidden
 * state is not finite.
 *
 * A change below a thousandth of the hidden state drowns in the rounding of f32, so it is then
 * taken from longer steps: |F(theta + c step) - F(theta - c step)| / 2c with the least c tried that
 * moves the state by that thousandth. What is left out is of third order in the change; tests/lab
 * compares it with a network in double. */
weir_status weir_update_of_step(weir_subject *subject, const float *step, double *out,
                                weir_error *err);

#endif
