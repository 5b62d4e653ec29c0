/* cmd_compare.c - a sweep, its progress, and its report. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "io/json_dump.h"
#include "lab/compare.h"
#include "lab/emit.h"
#include "weir/version.h"

typedef struct compare_view {
    progress progress;
    progress_line *line;
} compare_view;

static bool is_interrupted(const weir_job *job)
{
    if (job->status != WEIR_OK) return job->status == WEIR_E_INTERRUPTED;
    return !job->done;
}

static const char *state_of(const weir_job *job)
{
    if (is_interrupted(job)) return "interrupted";
    return job->status == WEIR_OK ? weir_outcome_name(job->result.outcome) : "failed";
}

static progress_line line_of(const weir_job *job)
{
    progress_line line = {.name = job->name,
                          .step = job->step,
                          .steps = job->config.steps,
                          .loss = job->last_loss,
                          .begun = job->begun,
                          .ended = job->done || job->status != WEIR_OK};
    if (line.ended) line.outcome = state_of(job);
    if (job->done) {
        line.step = job->result.steps;
        line.loss = job->result.loss;
    }
    return line;
}

static void on_progress(void *ctx, const weir_job *jobs, int count, const weir_job *changed)
{
    compare_view *view = ctx;
    for (int i = 0; i < count; i++) view->line[i] = line_of(&jobs[i]);
    int at = (int)(changed - jobs);
    progress_show(&view->progress, view->line, at, view->line[at].ended);
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
    const char *why = job->status == WEIR_OK ? r->why : job->error.message;
    return json_pack("{s:s, s:s, s:o, s:o, s:I, s:o}", "name", job->name, "state", state_of(job),
                     "loss", weir_json_number(job->done ? r->loss : NAN), "val_loss",
                     weir_json_number(job->done ? r->val_loss : NAN), "steps",
                     (json_int_t)(job->done ? r->steps : job->step), "why", weir_emit_text(why));
}

static json_t *jobs_json(const weir_job *jobs, int count)
{
    json_t *runs = json_array();
    for (int i = 0; runs && i < count; i++) {
        if (json_array_append_new(runs, job_json(&jobs[i])) == 0) continue;
        json_decref(runs);
        runs = NULL;
    }
    return runs;
}

static void print_job(const weir_job *job, int width)
{
    printf("%-*s  %-11s", width, job->name, state_of(job));
    if (job->status != WEIR_OK) {
        printf(" %s\n", job->error.message);
    } else if (!job->done) {
        printf(" at step %lld of %lld\n", (long long)job->step, (long long)job->config.steps);
    } else {
        printf(" loss %.4f", job->result.loss);
        if (isfinite(job->result.val_loss)) printf(", held-out %.4f", job->result.val_loss);
        printf("%s%s\n", job->result.why[0] ? ": " : "", job->result.why);
    }
}

static void print_jobs(const weir_job *jobs, int count)
{
    int width = 0;
    for (int i = 0; i < count; i++) {
        int n = (int)strlen(jobs[i].name);
        if (n > width) width = n;
    }
    for (int i = 0; i < count; i++) print_job(&jobs[i], width);
}

/* The exit status that the runs come to. */
static int judge(const options *o, const weir_job *jobs, int count, bool *interrupted)
{
    int code = EXIT_DONE;
    *interrupted = false;
    for (int i = 0; i < count; i++) {
        bool diverged = jobs[i].done && jobs[i].result.outcome == WEIR_DIVERGED;
        if (is_interrupted(&jobs[i])) *interrupted = true;
        if (jobs[i].status != WEIR_OK || (diverged && o->fail_on_divergence)) code = EXIT_FAILED;
    }
    return *interrupted ? EXIT_FAILED : code;
}

/* Also of a sweep that was interrupted: what there is can be looked at. */
static int conclude(const command *c, const options *o, const weir_job *jobs, int count)
{
    weir_error err;
    bool interrupted;
    int code = judge(o, jobs, count, &interrupted);
    weir_text report = {0};
    const char *written = write_report(o->out, &report, &err) == WEIR_OK ? report.data : NULL;
    if (o->json) {
        json_t *object = json_pack("{s:s, s:i, s:o, s:o, s:o}", "weir", weir_version(), "schema", 1,
                                   "folder", weir_emit_text(o->out), "runs", jobs_json(jobs, count),
                                   "report", weir_emit_text(written));
        if (print_json(c->name, object) != EXIT_DONE) code = EXIT_FAILED;
    } else {
        print_jobs(jobs, count);
        if (written) printf("%s\n", written);
    }
    if (!written) code = fail_with(c->name, &err);
    if (interrupted)
        fprintf(stderr, "weir %s: interrupted; the same command goes on from there\n", c->name);
    weir_text_deinit(&report);
    return code;
}

int cmd_compare(const command *c, const options *o, const char *line)
{
    weir_error err;
    if (!o->out) {
        weir_fail(&err, WEIR_E_VALUE, "--out DIR is wanted: the folder for the sweep");
        return fail_with(c->name, &err);
    }
    if (check_out(o->config.data, o->out, &err) != WEIR_OK) return fail_with(c->name, &err);
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
    bool tried = status == WEIR_OK || status == WEIR_E_INTERRUPTED;
    int code = tried ? conclude(c, o, jobs, all.count) : fail_with(c->name, &err);
    progress_deinit(&view.progress);
    weir_free(view.line);
    weir_free(jobs);
    variants_deinit(&all);
    return code;
}
