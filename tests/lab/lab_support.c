#include "lab/lab_support.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "io/files.h"
#include "train/trainer.h"

static void must(weir_status status, const weir_error *err)
{
    if (status != WEIR_OK) fail_msg("%s", err->message);
}

weir_config lab_config(const char *settings)
{
    weir_config config;
    weir_error err = {0};
    weir_config_defaults(&config);
    while (*settings) {
        char option[64], value[64];
        size_t name = strcspn(settings, "="), end = strcspn(settings, ",");
        snprintf(option, sizeof option, "%.*s", (int)name, settings);
        snprintf(value, sizeof value, "%.*s", (int)(end - name - 1), settings + name + 1);
        const weir_config_row *row = weir_config_row_find(option);
        if (!row) fail_msg("no setting is called %s", option);
        must(weir_config_set(&config, row, value, &err), &err);
        settings += end + (settings[end] == ',');
    }
    must(weir_config_resolve(&config, &err), &err);
    return config;
}

weir_layout *lab_layout(const char *name_or_text)
{
    const weir_builtin_layout *builtin = weir_builtin_layout_find(name_or_text);
    const char *text = builtin ? builtin->text : name_or_text;
    weir_layout *layout;
    weir_error err = {0};
    must(weir_layout_parse(text, strlen(text), "test.layout", &layout, &err), &err);
    return layout;
}

void lab_net_init(lab_net *net, const char *layout, const weir_config *config)
{
    weir_error err = {0};
    *net = (lab_net){.config = *config, .layout = lab_layout(layout)};
    const weir_config *c = &net->config;
    must(weir_corpus_open(c->data, (int)c->vocab, c->val_frac, (int)c->ctx, &net->corpus, &err),
         &err);
    must(weir_trainer_model(c, net->layout, &net->model, &err), &err);
    net->theta = weir_alloc((size_t)net->model->total, sizeof *net->theta);
    assert_non_null(net->theta);
    weir_model_init(net->model, (uint64_t)c->seed, net->theta);
    must(weir_subject_init(&net->subject, c, net->model, net->theta, net->corpus, &err), &err);
}

void lab_net_deinit(lab_net *net)
{
    weir_subject_deinit(&net->subject);
    weir_free(net->theta);
    weir_model_destroy(&net->model);
    weir_corpus_close(&net->corpus);
    weir_layout_destroy(&net->layout);
}

lab_numbers lab_measure(lab_net *net, bool updates)
{
    lab_numbers n = {0};
    weir_error err = {0};
    must(weir_measure(&net->subject, &n.measured, &err), &err);
    if (updates) must(weir_update_measure(&net->subject, &n.updates, &err), &err);
    return n;
}

void lab_numbers_deinit(lab_numbers *numbers)
{
    weir_measurement_deinit(&numbers->measured);
}

double lab_log_slope(const double *x, const double *y, int n)
{
    double mx = 0, my = 0, xy = 0, xx = 0;
    for (int i = 0; i < n; i++) {
        mx += log(x[i]) / n;
        my += log(y[i]) / n;
    }
    for (int i = 0; i < n; i++) {
        xy += (log(x[i]) - mx) * (log(y[i]) - my);
        xx += (log(x[i]) - mx) * (log(x[i]) - mx);
    }
    return xy / xx;
}

/* ---- folders -------------------------------------------------------------------------------- */

lab_folder lab_folder_make(void)
{
    lab_folder f;
    assert_true(scratch_make(f.path, NULL));
    return f;
}

void lab_folder_remove(lab_folder *folder)
{
    assert_true(scratch_remove(folder->path));
}

char *lab_read(const char *folder, const char *name)
{
    char path[512], *data;
    size_t bytes;
    weir_error err;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return weir_file_read(path, 1 << 24, &data, &bytes, &err) == WEIR_OK ? data : NULL;
}
