#define _XOPEN_SOURCE 700 /* nftw */

#include "train_case.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "nn/blas.h"
#include "ops/net/net.h"

static const char tiny[] =
    "depth=2 width=8 heads=2 ffn=16 ctx=8 vocab=16 batch=5 micro_batches=3 steps=6 data=synthetic";

void case_set(train_case *c, const char *settings)
{
    while (*settings) {
        size_t n = strcspn(settings, " ");
        char field[64], value[64];
        const char *equals = memchr(settings, '=', n);
        assert_non_null(equals);
        snprintf(field, sizeof field, "%.*s", (int)(equals - settings), settings);
        snprintf(value, sizeof value, "%.*s", (int)(settings + n - equals - 1), equals + 1);
        const weir_config_row *row = weir_config_row_find(field);
        assert_non_null(row);
        if (weir_config_set(&c->request.config, row, value, &c->err) != WEIR_OK)
            fail_msg("%s", c->err.message);
        settings += n + (settings[n] == ' ');
    }
}

static const char *layout_text(const char *layout)
{
    const weir_builtin_layout *builtin = weir_builtin_layout_find(layout);
    return builtin ? builtin->text : layout;
}

void case_open(train_case *c, const char *layout, const char *settings)
{
    weir_blas_init();
    memset(c, 0, sizeof *c);
    /* Where there is a folder in memory, a sync costs nothing. */
    assert_true(scratch_make(c->root, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NULL));
    case_folder(c, "run");
    weir_config_defaults(&c->request.config);
    case_set(c, tiny);
    case_set(c, settings);
    weir_config *config = &c->request.config;
    if (weir_config_resolve(config, &c->err) != WEIR_OK) fail_msg("%s", c->err.message);
    const char *text = layout_text(layout);
    if (weir_layout_parse(text, strlen(text), "test", &c->layout, &c->err) != WEIR_OK)
        fail_msg("%s", c->err.message);
    if (weir_corpus_open(config->data, (int)config->vocab, config->val_frac, (int)config->ctx,
                         &c->corpus, &c->err) != WEIR_OK)
        fail_msg("%s", c->err.message);
    c->request.command = "weir train";
    c->request.layout_name = "a layout";
    c->request.layout_title = "A layout";
    c->request.layout = c->layout;
    c->request.corpus = c->corpus;
    c->request.resume = true;
    c->request.threads = 1;
}

void case_folder(train_case *c, const char *name)
{
    snprintf(c->folder, sizeof c->folder, "%.100s/%s", c->root, name);
    c->request.folder = c->folder;
}

void case_close(train_case *c)
{
    weir_layout_destroy(&c->layout);
    weir_corpus_close(&c->corpus);
    assert_true(scratch_remove(c->root));
}

weir_status case_measure(void *ctx, weir_trainer *t, int64_t step, weir_log *layers,
                         weir_error *err)
{
    (void)ctx;
    char line[128], digits[32];
    snprintf(line, sizeof line, "{\"step\": %lld, \"site\": 1}", (long long)step);
    weir_status status = weir_log_line(layers, line, err);
    double sum = weir_net_f32()->sum_squares(t->model->total, t->theta);
    snprintf(line, sizeof line, "{\"step\": %lld, \"site\": 2, \"theta\": %s}", (long long)step,
             weir_json_f64(sum, digits));
    return status == WEIR_OK ? weir_log_line(layers, line, err) : status;
}

weir_status case_try(train_case *c, int threads, const weir_run_hooks *hooks,
                     weir_run_result *result)
{
    weir_run_hooks own = hooks ? *hooks : (weir_run_hooks){0};
    if (!own.measure) own.measure = case_measure;
    weir_pool *pool = NULL;
    assert_int_equal(weir_pool_create(threads, &pool), WEIR_OK);
    weir_parallel par = weir_pool_parallel(pool);
    weir_status status = weir_run(&c->request, threads > 1 ? &par : NULL, &own, result, &c->err);
    weir_pool_destroy(&pool);
    return status;
}

weir_run_result case_run(train_case *c, int threads, const weir_run_hooks *hooks)
{
    weir_run_result result;
    if (case_try(c, threads, hooks, &result) != WEIR_OK) fail_msg("%s", c->err.message);
    return result;
}

/* Whether the counter at ctx is used up. */
static bool no_steps_left(void *ctx)
{
    return (*(int64_t *)ctx)-- <= 0;
}

weir_run_result case_run_until(train_case *c, int threads, int64_t step)
{
    return case_run(c, threads, &(weir_run_hooks){.ctx = &step, .stop = no_steps_left});
}

char *case_read(const train_case *c, const char *name, size_t *bytes)
{
    char path[2 * CASE_PATH], *data;
    snprintf(path, sizeof path, "%s/%s", c->folder, name);
    weir_error err;
    if (weir_file_read(path, 64 << 20, &data, bytes, &err) != WEIR_OK) fail_msg("%s", err.message);
    return data;
}

void case_write(const train_case *c, const char *name, const void *data, size_t bytes)
{
    char path[2 * CASE_PATH];
    snprintf(path, sizeof path, "%s/%s", c->folder, name);
    weir_error err;
    if (weir_file_write(path, data, bytes, &err) != WEIR_OK) fail_msg("%s", err.message);
}

/* Cuts "seconds", the last member, off every line. */
static void drop_seconds(char *text, size_t *bytes)
{
    char *to = text;
    for (const char *line = text; *line;) {
        const char *cut = strstr(line, ", \"seconds\""), *end = strchr(line, '\n');
        assert_non_null(end);
        assert_true(cut && cut < end);
        memmove(to, line, (size_t)(cut - line));
        to += cut - line;
        *to++ = '\n';
        line = end + 1;
    }
    *to = 0;
    *bytes = (size_t)(to - text);
}

void case_same(const train_case *c, const char *a, const char *b)
{
    static const char *const name[] = {"steps.jsonl", "layers.jsonl",
                                       "checkpoint/state.safetensors"};
    train_case at_a = *c, at_b = *c;
    case_folder(&at_a, a);
    case_folder(&at_b, b);
    for (int i = 0; i < 3; i++) {
        size_t bytes_a, bytes_b;
        char *data_a = case_read(&at_a, name[i], &bytes_a),
             *data_b = case_read(&at_b, name[i], &bytes_b);
        if (i == 0) drop_seconds(data_a, &bytes_a), drop_seconds(data_b, &bytes_b);
        if (bytes_a != bytes_b || memcmp(data_a, data_b, bytes_a) != 0)
            fail_msg("%s and %s differ in %s", a, b, name[i]);
        assert_true(bytes_a > 0);
        weir_free(data_a);
        weir_free(data_b);
    }
}

static int refuse_partial(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    if (strstr(path, ".tmp")) fail_msg("%s was left", path);
    return 0;
}

void case_no_partial_file(const train_case *c)
{
    assert_int_equal(nftw(c->root, refuse_partial, 16, FTW_PHYS), 0);
}

weir_trainer *case_trainer(train_case *c, int workers)
{
    weir_trainer *t;
    if (weir_trainer_create(&c->request.config, c->layout, c->corpus, workers, &t, &c->err) !=
        WEIR_OK)
        fail_msg("%s", c->err.message);
    return t;
}
