/* cmd_train.c - one run, new or resumed. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "io/json_dump.h"
#include "lab/emit.h"
#include "lab/probe.h"
#include "train/run.h"
#include "weir/version.h"

typedef struct train_view {
    progress progress;
    progress_line line;
    bool told; /* what is trained on what */
    const weir_run_request *request;
} train_view;

static weir_status on_begin(void *ctx, weir_trainer *trainer, const char *folder, weir_error *err)
{
    const weir_run_request *request = ((train_view *)ctx)->request;
    return weir_lab_begin(request->layout_name, request->layout, trainer, folder, err);
}

/* Who gave no --data shall know what is learned. */
static void tell_begin(const weir_run_request *request)
{
    const weir_config *c = &request->config;
    fprintf(stderr, "%s, depth %lld, width %lld, on %s\n", request->layout_name,
            (long long)c->depth, (long long)c->width, weir_corpus_describe(request->corpus));
}

static void on_progress(void *ctx, const weir_step_report *report, double val_loss)
{
    train_view *view = ctx;
    (void)val_loss;
    if (!view->progress.quiet && !view->told) tell_begin(view->request);
    view->told = true;
    view->line.step = report->step;
    view->line.loss = report->loss;
    progress_show(&view->progress, &view->line, 0, false);
}

/* What the command line asks for: a new run in --out, or the run in --resume with what was given on
 * top. */
static weir_status prepare(const options *o, weir_run_request *request, named_layout *layout,
                           weir_error *err)
{
    request->config = o->config;
    request->folder = o->out;
    if (!o->resume) {
        if (!o->out)
            return weir_fail(err, WEIR_E_VALUE,
                             "--out DIR is wanted: the folder for the run's files");
        WEIR_TRY(check_out(o->config.data, o->out, err));
        WEIR_TRY(layout_load(o->config.layout, layout, err));
        const weir_config_row *row = weir_config_row_find("layout");
        WEIR_TRY(weir_config_set(&request->config, row, layout->name, err));
        return weir_config_resolve(&request->config, err);
    }
    if (o->out && strcmp(o->out, o->resume) != 0)
        return weir_fail(err, WEIR_E_VALUE, "--resume goes on in its own folder; leave --out away");
    weir_run_record record;
    WEIR_TRY(weir_run_read(o->resume, &record, err));
    request->folder = o->resume;
    request->resume = true;
    request->config = record.config;
    weir_status status = WEIR_OK;
    for (int i = 0; i < weir_config_rows() && status == WEIR_OK; i++) {
        if (!o->given[i]) continue;
        char text[WEIR_CONFIG_TEXT];
        weir_config_get(&o->config, weir_config_row_at(i), text);
        status = weir_config_set(&request->config, weir_config_row_at(i), text, err);
    }
    if (status == WEIR_OK) status = weir_config_resolve(&request->config, err);
    int row = (int)(weir_config_row_find("layout") - weir_config_row_at(0));
    if (status == WEIR_OK && o->given[row]) {
        status = layout_load(o->config.layout, layout, err);
        snprintf(request->config.layout, sizeof request->config.layout, "%s", layout->name);
    } else if (status == WEIR_OK) {
        snprintf(layout->name, sizeof layout->name, "%.*s", (int)sizeof layout->name - 1,
                 record.layout_name);
        snprintf(layout->title, sizeof layout->title, "%.*s", (int)sizeof layout->title - 1,
                 record.layout_title);
        status = weir_layout_parse(record.layout_text, strlen(record.layout_text), o->resume,
                                   &layout->layout, err);
    }
    weir_run_record_deinit(&record);
    return status;
}

static json_t *result_json(const char *folder, const weir_run_result *r, const char *report)
{
    return json_pack("{s:s, s:i, s:o, s:s, s:o, s:o, s:I, s:s, s:o}", "weir", weir_version(),
                     "schema", 1, "folder", weir_emit_text(folder), "state",
                     weir_outcome_name(r->outcome), "loss", weir_json_number(r->loss), "val_loss",
                     weir_json_number(r->val_loss), "steps", (json_int_t)r->steps, "why", r->why,
                     "report", weir_emit_text(report));
}

static void print_result(const weir_run_result *r)
{
    printf("%s after %lld steps, loss %.4f", weir_outcome_name(r->outcome), (long long)r->steps,
           r->loss);
    if (isfinite(r->val_loss)) printf(", held-out %.4f", r->val_loss);
    printf("%s%s\n", r->why[0] ? ": " : "", r->why);
}

static int conclude(const command *c, const options *o, const char *folder,
                    const weir_run_result *r)
{
    weir_error err;
    bool interrupted = r->outcome == WEIR_INTERRUPTED;
    bool failed = interrupted || (o->fail_on_divergence && r->outcome == WEIR_DIVERGED);
    int code = failed ? EXIT_FAILED : EXIT_DONE;
    weir_text report = {0};
    const char *written = write_report(folder, &report, &err) == WEIR_OK ? report.data : NULL;
    if (o->json) {
        if (print_json(c->name, result_json(folder, r, written)) != EXIT_DONE) code = EXIT_FAILED;
    } else {
        print_result(r);
        if (written) printf("%s\n", written);
    }
    if (!written) code = fail_with(c->name, &err);
    if (interrupted)
        fprintf(stderr, "weir %s: interrupted; `weir train --resume %s` goes on from there\n",
                c->name, folder);
    weir_text_deinit(&report);
    return code;
}

static weir_status run(const options *o, weir_run_request *request, weir_run_result *result,
                       weir_error *err)
{
    weir_pool *pool = NULL;
    weir_status status = weir_pool_create(o->threads, &pool);
    if (status != WEIR_OK)
        return weir_fail(err, status, "--threads %d: they cannot be started", o->threads);
    train_view view = {
        .line = {.name = request->layout_name, .steps = request->config.steps, .begun = true},
        .request = request};
    weir_run_hooks hooks = {.ctx = &view,
                            .stop = stop_asked,
                            .progress = on_progress,
                            .measure = weir_lab_measure,
                            .begin = on_begin};
    weir_parallel par = weir_pool_parallel(pool);
    progress_init(&view.progress, o->quiet, 1);
    status = weir_run(request, &par, &hooks, result, err);
    if (status == WEIR_OK) {
        view.line.step = result->steps;
        view.line.loss = result->loss;
        view.line.ended = true;
        view.line.outcome = weir_outcome_name(result->outcome);
        progress_show(&view.progress, &view.line, 0, true);
    }
    progress_deinit(&view.progress);
    weir_pool_destroy(&pool);
    return status;
}

int cmd_train(const command *c, const options *o, const char *line)
{
    weir_error err;
    weir_run_request request = {.command = line, .threads = o->threads};
    named_layout layout = {0};
    weir_corpus *corpus = NULL;
    weir_run_result result;
    weir_status status = prepare(o, &request, &layout, &err);
    const weir_config *config = &request.config;
    if (status == WEIR_OK)
        status = weir_corpus_open(config->data, (int)config->vocab, config->val_frac,
                                  (int)config->ctx, &corpus, &err);
    if (status == WEIR_OK) {
        request.layout_name = layout.name;
        request.layout_title = layout.title;
        request.layout = layout.layout;
        request.corpus = corpus;
        stop_listen();
        status = run(o, &request, &result, &err);
    }
    int code =
        status == WEIR_OK ? conclude(c, o, request.folder, &result) : fail_with(c->name, &err);
    weir_corpus_close(&corpus);
    weir_layout_destroy(&layout.layout);
    return code;
}
