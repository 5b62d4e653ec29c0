/* test_probe.c - the JSON of a probe, the lines of layers.jsonl, and what happens when memory runs
 * out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/mem.h"
#include "lab/lab_support.h"
#include "lab/probe.h"

#define SETTINGS "depth=3,width=16,heads=2,ctx=8,batch=2,vocab=16"

/* The object has these keys, in this order, and no others. */
static void assert_keys(const json_t *object, const char *keys)
{
    char got[512] = "";
    const char *key;
    json_t *value;
    size_t at = 0;
    assert_true(json_is_object(object));
    json_object_foreach((json_t *)object, key, value)
    {
        assert_true(at + strlen(key) + 2 < sizeof got);
        memcpy(got + at, key, strlen(key));
        at += strlen(key);
        got[at++] = ' ';
    }
    got[at] = 0;
    assert_string_equal(got, keys);
}

#define LAYER_KEYS                                                                                 \
    "l sub grad_norm resid_rms branch_rms dresid_rms max_abs far_share weights norms "

static void check_layer(const json_t *site, int l, int sub, const char *first_key)
{
    char keys[160];
    snprintf(keys, sizeof keys, "%s" LAYER_KEYS, first_key);
    assert_keys(site, keys);
    assert_int_equal(json_integer_value(json_object_get(site, "l")), l);
    assert_string_equal(json_string_value(json_object_get(site, "sub")), sub ? "mlp" : "attn");
    const json_t *weights = json_object_get(site, "weights"),
                 *norms = json_object_get(site, "norms");
    assert_keys(weights, sub ? "up down " : "q k v o ");
    assert_keys(json_object_get(weights, sub ? "up" : "q"), "rms grad_norm update_ratio ");
    assert_int_equal(json_array_size(norms), 1);
    assert_keys(json_array_get(norms, 0), "name in_rms gamma_mean gamma_min gamma_max eps_share ");
}

static void check_run(const json_t *run, const weir_config *config)
{
    assert_keys(run, "layout equation arch depth width heads ffn ctx batch vocab norm seed data "
                     "loss layers model_update verdict ");
    assert_string_equal(json_string_value(json_object_get(run, "layout")), "deepnorm");
    assert_string_equal(json_string_value(json_object_get(run, "arch")), "decoder");
    assert_string_equal(json_string_value(json_object_get(run, "norm")), "layernorm");
    assert_int_equal(json_integer_value(json_object_get(run, "depth")), config->depth);
    assert_non_null(strstr(json_string_value(json_object_get(run, "equation")), "alpha"));
    const json_t *layers = json_object_get(run, "layers");
    assert_int_equal(json_array_size(layers), 2 * config->depth);
    for (int i = 0; i < 2 * config->depth; i++)
        check_layer(json_array_get(layers, (size_t)i), i / 2 + 1, i % 2, "");
    const json_t *update = json_object_get(run, "model_update");
    assert_keys(update, "sgd adamw ");
    assert_keys(json_object_get(update, "sgd"), "lr per_token per_token_all ");
    assert_keys(json_object_get(update, "adamw"), "lr per_token per_token_all ");
    const json_t *verdict = json_object_get(run, "verdict");
    assert_keys(verdict, "value suggestion rules ");
    assert_keys(json_array_get(json_object_get(verdict, "rules"), 0),
                "name formula value threshold fired source record ");
}

static weir_corpus *corpus_of(const weir_config *c)
{
    weir_corpus *corpus;
    weir_error err;
    assert_int_equal(
        weir_corpus_open(c->data, (int)c->vocab, c->val_frac, (int)c->ctx, &corpus, &err), WEIR_OK);
    return corpus;
}

static void test_json(void **state)
{
    (void)state;
    weir_config config = lab_config(SETTINGS);
    weir_layout *layout = lab_layout("deepnorm");
    weir_corpus *corpus = corpus_of(&config);
    json_t *run;
    weir_error err;
    assert_int_equal(weir_probe(&config, "deepnorm", layout, corpus, &run, &err), WEIR_OK);
    check_run(run, &config);
    json_decref(run);
    weir_corpus_close(&corpus);
    weir_layout_destroy(&layout);
}

/* NaN has no place in JSON: a stream that a block rule lacks, and an infinite loss, are null. */
static void test_null(void **state)
{
    (void)state;
    weir_config config = lab_config(SETTINGS);
    weir_layout *layout = lab_layout("gain up down = 1e30; block x = x + 1e30*attn(x) + mlp(x)");
    weir_corpus *corpus = corpus_of(&config);
    json_t *run;
    weir_error err;
    assert_int_equal(weir_probe(&config, "wild", layout, corpus, &run, &err), WEIR_OK);
    const json_t *attn = json_array_get(json_object_get(run, "layers"), 0);
    assert_true(json_is_null(json_object_get(attn, "resid_rms")));
    assert_true(json_is_real(json_object_get(attn, "branch_rms")));
    assert_true(json_is_null(json_object_get(run, "loss")));
    json_decref(run);
    weir_corpus_close(&corpus);
    weir_layout_destroy(&layout);
}

/* What the hooks are given; and what update_ratio of one matrix must be at each measured step. */
typedef struct watch {
    const weir_layout *layout;
    double ratio[8];
    int measured;
} watch;

/* By definition: this batch's gradient, the trainer's moments, and the step that would come next.
 */
static double expected_ratio(weir_trainer *t, int64_t step)
{
    double loss, steps = 0, size = 0, next = (double)(step + 1);
    weir_error err;
    assert_int_equal(weir_trainer_gradient(t, NULL, 1, &loss, &err), WEIR_OK);
    const weir_param *p = weir_model_find(t->model, "layers.2.mlp.down");
    for (int64_t i = p->offset; i < p->offset + weir_param_size(p); i++) {
        double g = (double)t->grad[0][i];
        double m = (0.9 * (double)t->moment1[i] + 0.1 * g) / (1 - pow(0.9, next));
        double v = (0.999 * (double)t->moment2[i] + 0.001 * g * g) / (1 - pow(0.999, next));
        steps += pow(t->config.lr * m / (sqrt(v) + 1e-8), 2);
        size += pow((double)t->theta[i], 2);
    }
    return sqrt(steps / size);
}

static weir_status measure(void *ctx, weir_trainer *t, int64_t step, weir_log *log, weir_error *err)
{
    watch *w = ctx;
    w->ratio[w->measured++] = expected_ratio(t, step);
    return weir_lab_measure(NULL, t, step, log, err);
}

static weir_status begin(void *ctx, weir_trainer *t, const char *folder, weir_error *err)
{
    return weir_lab_begin("deepnorm", ((watch *)ctx)->layout, t, folder, err);
}

/* A run with the lab's hooks leaves probe.json and the lines of its measured steps, and the same
 * weights as without. */
static void test_hooks(void **state)
{
    (void)state;
    lab_folder out = lab_folder_make();
    char measured[96], plain[96];
    snprintf(measured, sizeof measured, "%s/measured", out.path);
    snprintf(plain, sizeof plain, "%s/plain", out.path);
    weir_config config = lab_config(SETTINGS ",steps=4,measure-every=2");
    weir_layout *layout = lab_layout("deepnorm");
    weir_corpus *corpus = corpus_of(&config);
    weir_run_request request = {.folder = measured,
                                .command = "test",
                                .config = config,
                                .layout_name = "deepnorm",
                                .layout_title = "DeepNorm",
                                .layout = layout,
                                .corpus = corpus,
                                .threads = 1};
    watch seen = {.layout = layout};
    weir_run_hooks hooks = {.ctx = &seen, .measure = measure, .begin = begin};
    weir_run_result with, without;
    weir_error err = {0};
    if (weir_run(&request, NULL, &hooks, &with, &err) != WEIR_OK) fail_msg("%s", err.message);
    request.folder = plain;
    if (weir_run(&request, NULL, NULL, &without, &err) != WEIR_OK) fail_msg("%s", err.message);
    assert_true(with.loss == without.loss && with.val_loss == without.val_loss);

    char *text = lab_read(measured, "probe.json");
    assert_non_null(text);
    json_t *run = json_loads(text, 0, NULL);
    check_run(run, &config);
    json_decref(run);
    weir_free(text);

    text = lab_read(measured, "layers.jsonl");
    assert_non_null(text);
    int lines = 0;
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
        json_t *site = json_loadb(line, (size_t)(end - line), 0, NULL);
        check_layer(site, lines % 6 / 2 + 1, lines % 2, "step ");
        assert_int_equal(json_integer_value(json_object_get(site, "step")), lines / 6 * 2);
        if (lines % 6 == 3) {
            const json_t *down = json_object_get(json_object_get(site, "weights"), "down");
            double got = json_real_value(json_object_get(down, "update_ratio"));
            assert_true(fabs(got - seen.ratio[lines / 6]) <= 1e-3 * got);
        }
        json_decref(site);
    }
    assert_int_equal(lines, 3 * 6); /* steps 0, 2 and 4 */
    weir_free(text);
    weir_corpus_close(&corpus);
    weir_layout_destroy(&layout);
    lab_folder_remove(&out);
}

/* ---- memory --------------------------------------------------------------------------------- */

static int allocations_left;

static int fail_in_turn(size_t bytes)
{
    (void)bytes;
    return allocations_left-- > 0;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    weir_config config = lab_config(SETTINGS);
    weir_layout *layout = lab_layout("pre");
    weir_corpus *corpus = corpus_of(&config);
    weir_status status = WEIR_E_MEMORY;
    int failures = 0;
    for (; status == WEIR_E_MEMORY && failures < 10000; failures++) {
        json_t *run = NULL;
        weir_error err = {0};
        allocations_left = failures;
        weir_alloc_hook = fail_in_turn;
        status = weir_probe(&config, "pre", layout, corpus, &run, &err);
        weir_alloc_hook = NULL;
        json_decref(run);
        assert_true(status == WEIR_OK || (status == WEIR_E_MEMORY && !run && err.message[0]));
    }
    /* The loop ends with a probe that succeeds, after every allocation has failed once. */
    assert_int_equal(status, WEIR_OK);
    assert_true(failures > 20);
    weir_corpus_close(&corpus);
    weir_layout_destroy(&layout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_hooks),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
