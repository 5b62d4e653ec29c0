#include "train/outcome.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const double stuck_share = 0.95;

static weir_status reserve(weir_losses *l, weir_error *err)
{
    if (l->count < l->capacity) return WEIR_OK;
    int64_t capacity = l->capacity ? 2 * l->capacity : 1024;
    float *grown =
        weir_realloc(l->loss, (size_t)l->count * sizeof *grown, (size_t)capacity * sizeof *grown);
    if (!grown)
        return weir_fail(err, WEIR_E_MEMORY, "out of memory for the losses of %lld steps",
                         (long long)capacity);
    l->loss = grown;
    l->capacity = capacity;
    return WEIR_OK;
}

weir_status weir_losses_add(weir_losses *l, double loss, double grad_norm, weir_error *err)
{
    WEIR_TRY(reserve(l, err));
    l->loss[l->count++] = (float)loss;
    l->above = (float)loss > l->loss[0] ? l->above + 1 : 0;
    l->bad_loss = !isfinite((float)loss);
    l->bad_grad = !isfinite((float)grad_norm);
    return WEIR_OK;
}

void weir_losses_deinit(weir_losses *l)
{
    weir_free(l->loss);
    memset(l, 0, sizeof *l);
}

static int64_t last_tenth(const weir_losses *l)
{
    return (l->count + 9) / 10;
}

double weir_losses_mean(const weir_losses *l)
{
    double sum = 0;
    int64_t n = last_tenth(l);
    for (int64_t i = l->count - n; i < l->count; i++) sum += l->loss[i];
    return sum / (double)n; /* no step: 0 / 0 */
}

bool weir_losses_diverged(const weir_losses *l, char *why)
{
    long long step = (long long)l->count;
    if (l->bad_loss) {
        snprintf(why, WEIR_WHY, "the loss of step %lld is not finite", step);
    } else if (l->bad_grad) {
        snprintf(why, WEIR_WHY, "the gradient of step %lld is not finite", step);
    } else if (l->above >= WEIR_ABOVE_STEPS) {
        snprintf(why, WEIR_WHY,
                 "the loss stayed above its start, %.4f, for %d steps up to step %lld",
                 (double)l->loss[0], WEIR_ABOVE_STEPS, step);
    } else {
        return false;
    }
    return true;
}

bool weir_losses_stuck(const weir_losses *l, double unigram_entropy, char *why)
{
    double mean = weir_losses_mean(l);
    if (mean <= stuck_share * unigram_entropy) return false;
    snprintf(
        why, WEIR_WHY,
        "the mean loss of the last %lld step%s, %.4f, is not 5 %% below the unigram entropy, %.4f",
        (long long)last_tenth(l), last_tenth(l) == 1 ? "" : "s", mean, unigram_entropy);
    return true;
}
