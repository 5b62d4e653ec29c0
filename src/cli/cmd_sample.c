/* cmd_sample.c - text from a run's checkpoint. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "cli/cli.h"
#include "io/files.h"
#include "lab/emit.h"
#include "train/checkpoint.h"
#include "weir/version.h"

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
    for (int i = 0; array && i < count; i++) {
        if (json_array_append_new(array, json_integer(token[i])) == 0) continue;
        json_decref(array);
        array = NULL;
    }
    return array;
}

static void print_token(bool text, int token)
{
    if (text)
        putchar(token);
    else
        printf("%d ", token);
}

/* Draws o->length tokens, or fewer when stopped or when nobody reads them any more; prints each
 * unless the result is to be JSON. */
static int draw_tokens(const options *o, sampler *s, bool text, const float *theta,
                       uint16_t *targets, uint16_t *drawn)
{
    int vocab = s->model->shape.vocab, made = 0;
    weir_rng rng;
    weir_rng_init(&rng, (uint64_t)o->config.seed, weir_rng_stream("sample"));
    for (; made < o->length && !stop_asked(NULL) && !ferror(stdout); made++) {
        weir_worker_forward(s->worker, theta, s->window, targets, 1, 0);
        const float *logits = weir_worker_logits(s->worker) + (int64_t)(s->filled - 1) * vocab;
        drawn[made] = (uint16_t)draw(logits, vocab, o->temperature, &rng);
        push(s, drawn[made]);
        if (!o->json) print_token(text, drawn[made]);
    }
    return made;
}

static int sample(const command *c, const options *o, bool text, sampler *s, const float *theta)
{
    const char *prompt = o->prompt && *o->prompt ? o->prompt : "\n";
    int vocab = s->model->shape.vocab, ctx = s->model->shape.ctx, code = EXIT_DONE;
    uint16_t *drawn = weir_alloc((size_t)o->length, sizeof *drawn);
    uint16_t *targets = weir_alloc((size_t)ctx, sizeof *targets);
    if (drawn && targets) {
        for (const char *p = prompt; *p; p++) push(s, (uint16_t)((unsigned char)*p % vocab));
        if (o->prompt && !o->json && text) fputs(o->prompt, stdout);
        int made = draw_tokens(o, s, text, theta, targets, drawn);
        if (o->json)
            code = print_json(c->name, json_pack("{s:s, s:i, s:o, s:o}", "weir", weir_version(),
                                                 "schema", 1, "prompt", weir_emit_text(prompt),
                                                 "tokens", tokens_json(drawn, made)));
        else
            putchar('\n');
    } else {
        weir_error err;
        weir_fail(&err, WEIR_E_MEMORY, "out of memory for %d tokens", o->length);
        code = fail_with(c->name, &err);
    }
    weir_free(drawn);
    weir_free(targets);
    return code;
}

/* The folder of a sweep has its runs below. */
static weir_status refuse_sweep(const char *folder, weir_error *err)
{
    weir_text path = {0};
    weir_text_addf(&path, "%s/compare.json", folder);
    weir_status status = WEIR_OK;
    if (path.failed)
        status = weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
    else if (weir_file_exists(path.data))
        status = weir_fail(err, WEIR_E_STATE, "%s: holds a sweep; one run is wanted, of %s/runs",
                           folder, folder);
    weir_text_deinit(&path);
    return status;
}

/* Of the run in the folder: its settings, network and weights, and what samples from it. */
static weir_status load(const char *folder, weir_config *config, weir_model **model, float **theta,
                        sampler *s, weir_error *err)
{
    WEIR_TRY(refuse_sweep(folder, err));
    WEIR_TRY(weir_checkpoint_model(folder, config, model, theta, err));
    WEIR_TRY(weir_worker_create(*model, 1, &s->worker, err));
    s->model = *model;
    s->window = weir_alloc((size_t)s->model->shape.ctx, sizeof *s->window);
    return s->window ? WEIR_OK : weir_fail(err, WEIR_E_MEMORY, "out of memory for the context");
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
    stop_listen();
    weir_status status = load(o->word[0], &config, &model, &theta, &s, &err);
    int code = EXIT_DONE;
    if (status == WEIR_OK)
        code = sample(c, o, strcmp(config.data, "synthetic") != 0, &s, theta);
    else
        code = fail_with(c->name, &err);
    weir_free(s.window);
    weir_worker_destroy(&s.worker);
    weir_free(theta);
    weir_model_destroy(&model);
    return code;
}
