/* subject.h - a network, its weights and one batch: what every measurement is made on. Floor 5. */
#ifndef WEIR_LAB_SUBJECT_H
#define WEIR_LAB_SUBJECT_H

#include "io/corpus.h"
#include "nn/model.h"
#include "train/config.h"

typedef struct weir_subject {
    const weir_config *config; /* borrowed, as are model and theta */
    const weir_model *model;
    const float *theta;
    const float *moment1, *moment2; /* AdamW's, borrowed; NULL: still zero */
    int64_t t;                      /* the optimizer step that would come next, from 1 */
    uint16_t *input, *target;       /* [batch][ctx]: the batch of step 1 of the run */
    weir_worker *worker;            /* takes the whole batch in one pass */
    float *grad; /* [model->total]: of the mean loss a token, once a backward ran */
} weir_subject;

/* Fills *subject with zero moments and t = 1; the caller may set these. Memory: a worker for
 * `batch` sequences and one array of the size of theta. On failure (WEIR_E_MEMORY) nothing is left
 * behind. */
weir_status weir_subject_init(weir_subject *subject, const weir_config *config,
                              const weir_model *model, const float *theta,
                              const weir_corpus *corpus, weir_error *err);
void weir_subject_deinit(weir_subject *subject);

static inline int64_t weir_subject_tokens(const weir_subject *s)
{
    return s->config->batch * s->config->ctx;
}

/* The mean loss a token, by one forward pass with the weights `theta`; ready for a backward pass.
 */
double weir_subject_forward(weir_subject *subject, const float *theta);

#endif
