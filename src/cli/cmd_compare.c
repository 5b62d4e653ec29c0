/* cmd_compare.c - a sweep, its progress, and its report. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "lab/compare.h"
#include "weir/version.h"

typedef struct compare_view {
    progress progress;
    progress_line *line;
} compare_view;

static const char *state_of(const weir_job *job)
{
    if (!job->begun) return "waiting";
    if (!job->done) return "running";
    return job->status == WEIR_OK ? weir_outcome_name(job->result.outcome) : "failed";
}

static void on_progress(void *ctx, const weir_job *jobs, int count, const weir_job *changed)
{
    compare_view *view = ctx;
    for (int i = 0; i < count; i++) {
        view->line[i] = (progress_line){.name = jobs[i].name,
                                        .step = jobs[i].step,
                                        .steps = jobs[i].config.steps,
                                        .loss = jobs[i].last_loss,
                                        .state = state_of(&jobs[i])};
    }
    progress_show(&view->progress, view->line, (int)(changed - jobs), changed->done);
}

static void make_jobs(const variants *all, weir_job *jobs)
{
    for (int i = 0; i < all->count; i++) {
        const variant *v = &all->v[i];
        const named_layout *l = &all->layout[v->layout];
        jobs[i] = (weir_job){.config = v->config,
                             .layout_name = l->name,
                             .layout_title = l->title,
                             .layout = l->layout,
                             .corpus = all->corpus};
        snprintf(jobs[i].name, sizeof jobs[i].name, "%s", v->name);
    }
}

static json_t *job_json(const weir_job *job)
{
    const weir_run_result *r = &job->result;
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(job->name));
    json_object_set_new(o, "state", json_string(state_of(job)));
    json_object_set_new(o, "loss", isfinite(r->loss) ? json_real(r->loss) : json_null());
    json_object_set_new(o, "val_loss",
                        isfinite(r->val_loss) ? json_real(r->val_loss) : json_null());
    json_object_set_new(o, "steps", json_integer(r->steps));
    json_object_set_new(o, "why",
                        json_string(job->status == WEIR_OK ? r->why : job->error.message));
    return o;
}

static void print_job(const weir_job *job)
{
    printf("%-28s %-11s", job->name, state_of(job));
    if (job->status != WEIR_OK)
        printf(" %s\n", job->error.message);
    else if (isfinite(job->result.val_loss))
        printf(" loss %.4f, held-out %.4f\n", job->result.loss, job->result.val_loss);
    else
        printf(" %s\n", job->result.why);
}

static int conclude(const command *c, const options *o, const weir_job *jobs, int count)
{
    weir_error err;
    char report[4096];
    int code = EXIT_DONE;
    bool interrupted = false;
    snprintf(report, sizeof report, "%s/report.html", o->out);
    for (int i = 0; i < count; i++) {
        if (jobs[i].status == WEIR_E_INTERRUPTED ||
            (jobs[i].status == WEIR_OK && jobs[i].result.outcome == WEIR_INTERRUPTED))
            interrupted = true;
        else if (jobs[i].status != WEIR_OK)
            code = EXIT_FAILED;
        else if (o->fail_on_divergence && jobs[i].result.outcome == WEIR_DIVERGED)
            code = EXIT_FAILED;
    }
    if (weir_report_write(&o->out, 1, report, &err) != WEIR_OK) return fail_with(c->name, &err);
    if (o->json) {
        json_t *runs = json_array();
        for (int i = 0; i < count; i++) json_array_append_new(runs, job_json(&jobs[i]));
        int printed =
            print_json(json_pack("{s:s, s:i, s:s, s:o, s:s}", "weir", weir_version(), "schema", 1,
                                 "folder", o->out, "runs", runs, "report", report));
        return printed != EXIT_DONE ? printed : code;
    }
    for (int i = 0; i < count; i++) print_job(&jobs[i]);
    printf("%s\n", report);
    if (interrupted) printf("the same command goes on where this stopped\n");
    return code;
}

int cmd_compare(const command *c, const options *o, const char *line)
{
    weir_error err;
    if (!o->out) {
        weir_fail(&err, WEIR_E_VALUE, "--out DIR is wanted: the folder for the sweep");
        return fail_with(c->name, &err);
    }
    variants all;
    if (variants_make(o, &all, &err) != WEIR_OK) return fail_with(c->name, &err);
    compare_view view = {.line = weir_alloc((size_t)all.count, sizeof *view.line)};
    weir_job *jobs = weir_alloc((size_t)all.count, sizeof *jobs);
    progress_init(&view.progress, o->quiet, all.count);
    weir_status status;
    if (!view.line || !jobs) {
        status = weir_fail(&err, WEIR_E_MEMORY, "out of memory for %d runs", all.count);
    } else {
        make_jobs(&all, jobs);
        stop_listen();
        weir_compare_hooks hooks = {.ctx = &view, .stop = stop_asked, .progress = on_progress};
        status = weir_compare(o->out, line, jobs, all.count, o->threads, &hooks, &err);
    }
    int code = status == WEIR_OK ? conclude(c, o, jobs, all.count) : fail_with(c->name, &err);
    progress_deinit(&view.progress);
    weir_free(view.line);
    weir_free(jobs);
    variants_deinit(&all);
    return code;
}
