/* outcome.h - what became of a run, from its losses: the rules of weir_outcome. Floor 4. */
#ifndef WEIR_TRAIN_OUTCOME_H
#define WEIR_TRAIN_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/status.h"

enum { WEIR_WHY = 160 };        /* bytes of a reason */
enum { WEIR_ABOVE_STEPS = 50 }; /* so many steps in a row above the first loss are a divergence */

/* The losses of a run, in f32 as steps.jsonl has them, so that a resumed run judges by the same
 * numbers. init: all zero. */
typedef struct weir_losses {
    float *loss; /* [i]: of step i + 1 */
    int64_t count, capacity;
    int64_t above; /* steps in a row, up to the last, whose loss is above the first step's */
    bool bad_loss, bad_grad; /* the last step's is not finite */
} weir_losses;

weir_status weir_losses_add(weir_losses *losses, double loss, double grad_norm, weir_error *err);
void weir_losses_deinit(weir_losses *losses);

/* Mean of the last tenth of the steps, rounded up; NaN before the first. */
double weir_losses_mean(const weir_losses *losses);

/* The last step's loss or gradient is not finite, or WEIR_ABOVE_STEPS losses in a row, up to the
 * last, are above the first. Single losses are compared, not means: a run that learns anything
 * falls below its start at once and stays there, while one that blows up stays above for good. why:
 * WEIR_WHY bytes, set when true. */
bool weir_losses_diverged(const weir_losses *losses, char *why);

/* The mean is not 5 % below the entropy of the data's unigrams (nats a token), which a network
 * reaches that learns nothing but how frequent each token is. */
bool weir_losses_stuck(const weir_losses *losses, double unigram_entropy, char *why);

#endif
