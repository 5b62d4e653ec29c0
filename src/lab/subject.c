/* subject.c - the fixed batch and the worker that takes it whole. */
#include "lab/subject.h"

#include "base/error.h"
#include "base/mem.h"

weir_status weir_subject_init(weir_subject *s, const weir_config *config, const weir_model *model,
                              const float *theta, const weir_corpus *corpus, weir_error *err)
{
    *s = (weir_subject){.config = config, .model = model, .theta = theta, .t = 1};
    size_t tokens = (size_t)weir_subject_tokens(s);
    s->input = weir_alloc(tokens, sizeof *s->input);
    s->target = weir_alloc(tokens, sizeof *s->target);
    s->grad = weir_alloc((size_t)model->total, sizeof *s->grad);
    weir_status status =
        s->input && s->target && s->grad
            ? weir_worker_create(model, (int)config->batch, &s->worker, err)
            : weir_fail(err, WEIR_E_MEMORY, "out of memory for the measured batch");
    if (status != WEIR_OK) {
        weir_subject_deinit(s);
        return status;
    }
    int64_t ctx = config->ctx;
    for (int64_t i = 0; i < config->batch; i++)
        weir_corpus_train(corpus, (uint64_t)config->seed, 1, i, (int)ctx, s->input + i * ctx,
                          s->target + i * ctx);
    return WEIR_OK;
}

void weir_subject_deinit(weir_subject *s)
{
    weir_worker_destroy(&s->worker);
    weir_free(s->input);
    weir_free(s->target);
    weir_free(s->grad);
    *s = (weir_subject){0};
}

double weir_subject_forward(weir_subject *s, const float *theta)
{
    double tokens = (double)weir_subject_tokens(s);
    return weir_worker_forward(s->worker, theta, s->input, s->target, (int)s->config->batch,
                               (float)(1 / tokens)) /
           tokens;
}
