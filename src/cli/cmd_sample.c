/* cmd_sample.c - text from a run's checkpoint. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cli/cli.h"
#include "train/checkpoint.h"

/* Draws from softmax(logits / temperature); temperature 0: the largest. */
static int draw(const float *logits, int vocab, double temperature, weir_rng *rng)
{
    int best = 0;
    for (int i = 1; i < vocab; i++) {
        if (logits[i] > logits[best]) best = i;
    }
    if (temperature <= 0) return best;
    double sum = 0;
    for (int i = 0; i < vocab; i++) sum += exp((double)(logits[i] - logits[best]) / temperature);
    double at = weir_rng_uniform(rng) * sum;
    for (int i = 0; i < vocab; i++) {
        at -= exp((double)(logits[i] - logits[best]) / temperature);
        if (at < 0) return i;
    }
    return best;
}

typedef struct sampler {
    const weir_model *model;
    weir_worker *worker;
    uint16_t *window; /* [ctx]: what the network reads */
    int filled;       /* of it */
} sampler;

/* Appends a token; a full window moves on by half, so that the network always sees the text from
 * position 0. */
static void push(sampler *s, uint16_t token)
{
    int ctx = s->model->shape.ctx;
    if (s->filled == ctx) {
        int keep = ctx / 2;
        memmove(s->window, s->window + ctx - keep, (size_t)keep * sizeof *s->window);
        s->filled = keep;
    }
    s->window[s->filled++] = token;
}

static json_t *tokens_json(const uint16_t *token, int count)
{
    json_t *array = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(array, json_integer(token[i]));
    return array;
}

static int sample(const command *c, const options *o, const weir_config *config, sampler *s,
                  const float *theta)
{
    const char *prompt = o->prompt && *o->prompt ? o->prompt : "\n";
    int vocab = s->model->shape.vocab, ctx = s->model->shape.ctx;
    bool text = strcmp(config->data, "synthetic") != 0;
    uint16_t *drawn = weir_alloc((size_t)o->length, sizeof *drawn),
             *targets = weir_alloc((size_t)ctx, sizeof *targets);
    if (!drawn || !targets) {
        weir_error err;
        weir_fail(&err, WEIR_E_MEMORY, "out of memory for %d tokens", o->length);
        weir_free(drawn);
        weir_free(targets);
        return fail_with(c->name, &err);
    }
    for (const char *p = prompt; *p; p++) push(s, (uint16_t)((unsigned char)*p % vocab));
    if (o->prompt && !o->json && text) fputs(o->prompt, stdout);
    weir_rng rng;
    weir_rng_init(&rng, (uint64_t)o->config.seed, weir_rng_stream("sample"));
    int made = 0;
    for (; made < o->length && !stop_asked(NULL); made++) {
        weir_worker_forward(s->worker, theta, s->window, targets, 1, 0);
        drawn[made] = (uint16_t)draw(weir_worker_logits(s->worker) + (s->filled - 1) * vocab, vocab,
                                     o->temperature, &rng);
        push(s, drawn[made]);
        if (o->json) continue;
        if (text)
            putchar(drawn[made]);
        else
            printf("%d ", drawn[made]);
    }
    int code = EXIT_DONE;
    if (o->json)
        code = print_json(json_pack("{s:s, s:o}", "prompt", o->prompt ? o->prompt : "", "tokens",
                                    tokens_json(drawn, made)));
    else
        putchar('\n');
    weir_free(drawn);
    weir_free(targets);
    return code;
}

int cmd_sample(const command *c, const options *o, const char *line)
{
    (void)line;
    weir_error err;
    if (o->words != 1) {
        weir_fail(&err, WEIR_E_VALUE, "the folder of one run is wanted: weir sample DIR");
        return fail_with(c->name, &err);
    }
    weir_config config;
    sampler s = {0};
    weir_model *model = NULL;
    float *theta = NULL;
    weir_status status = weir_checkpoint_model(o->word[0], &config, &model, &theta, &err);
    if (status == WEIR_OK) status = weir_worker_create(model, 1, &s.worker, &err);
    if (status == WEIR_OK) {
        s.model = model;
        s.window = weir_alloc((size_t)model->shape.ctx, sizeof *s.window);
        if (!s.window) status = weir_fail(&err, WEIR_E_MEMORY, "out of memory for the context");
    }
    stop_listen();
    int code = status == WEIR_OK ? sample(c, o, &config, &s, theta) : fail_with(c->name, &err);
    weir_free(s.window);
    weir_worker_destroy(&s.worker);
    weir_free(theta);
    weir_model_destroy(&model);
    return code;
}
