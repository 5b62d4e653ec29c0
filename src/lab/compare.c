/* compare.c - a sweep: what its folder holds, and the jobs on a pool of threads. */
#include "lab/compare.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/json_load.h"
#include "lab/emit.h"
#include "lab/probe.h"
#include "weir/version.h"

enum { COMPARE_JSON_MAX = 64 << 20, JOB_PATH = 176 };

/* ---- the folder ----------------------------------------------------------------------------- */

/* As compare.json lists it. */
static void job_path(const weir_job *job, char path[JOB_PATH])
{
    snprintf(path, JOB_PATH, "runs/%s", job->name);
}

static bool has_job(const weir_job *jobs, int count, const char *path)
{
    char own[JOB_PATH];
    for (int i = 0; i < count; i++) {
        job_path(&jobs[i], own);
        if (strcmp(own, path) == 0) return true;
    }
    return false;
}

/* Every run of the sweep in the file is among the jobs. */
static weir_status check_sweep(const char *file, const weir_job *jobs, int count, weir_error *err)
{
    char *data;
    size_t bytes;
    WEIR_TRY(weir_file_read(file, COMPARE_JSON_MAX, &data, &bytes, err));
    json_error_t at;
    json_t *root;
    weir_status status = weir_json_load(data, bytes, &root, &at);
    weir_free(data);
    if (status == WEIR_E_MEMORY)
        return weir_fail(err, status, "%s: out of memory to read it", file);
    if (status != WEIR_OK) return weir_fail(err, status, "%s:%d: %s", file, at.line, at.text);
    const json_t *runs = json_object_get(root, "runs");
    if (!json_is_array(runs))
        status = weir_fail(err, WEIR_E_FORMAT, "%s: 'runs' is not a list", file);
    for (size_t i = 0; status == WEIR_OK && i < json_array_size(runs); i++) {
        const char *run = json_string_value(json_array_get(runs, i));
        if (!run)
            status = weir_fail(err, WEIR_E_FORMAT, "%s: a run is named by a text", file);
        else if (!has_job(jobs, count, run))
            status =
                weir_fail(err, WEIR_E_STATE,
                          "%s lists %s, which this sweep does not have; give it another --out, "
                          "or the same settings and more",
                          file, run);
    }
    json_decref(root);
    return status;
}

/* What the run of a job is asked for with; folder receives its path, which the request borrows. */
static weir_status request_of(const char *out, const char *command, const weir_job *job,
                              weir_text *folder, weir_run_request *request, weir_error *err)
{
    weir_text_addf(folder, "%s/runs/%s", out, job->name);
    if (folder->failed) return weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
    *request = (weir_run_request){.folder = folder->data,
                                  .command = command,
                                  .config = job->config,
                                  .layout_name = job->layout_name,
                                  .layout_title = job->layout_title,
                                  .layout = job->layout,
                                  .corpus = job->corpus,
                                  .resume = true,
                                  .threads = 1};
    return WEIR_OK;
}

/* No job's folder holds another run. What else is wrong with a folder is the job's own failure. */
static weir_status check_jobs(const char *out, const char *command, const weir_job *jobs, int count,
                              weir_error *err)
{
    weir_status status = WEIR_OK;
    for (int i = 0; status == WEIR_OK && i < count; i++) {
        weir_run_request request;
        weir_text folder = {0};
        status = request_of(out, command, &jobs[i], &folder, &request, err);
        if (status == WEIR_OK && weir_run_check(&request, err) == WEIR_E_STATE)
            status = WEIR_E_STATE;
        weir_text_deinit(&folder);
    }
    return status;
}

static weir_status write_sweep(const char *file, const char *command, const weir_job *jobs,
                               int count, weir_error *err)
{
    char path[JOB_PATH];
    weir_text text = {0};
    json_t *runs = json_array();
    for (int i = 0; i < count; i++) {
        job_path(&jobs[i], path);
        if (json_array_append_new(runs, json_string(path)) != 0) {
            json_decref(runs);
            runs = NULL;
        }
    }
    json_t *root = json_pack("{s:s, s:i, s:o, s:o}", "weir", WEIR_VERSION, "schema", 1, "command",
                             weir_emit_text(command), "runs", runs);
    weir_status status = root && weir_emit_dump(root, JSON_INDENT(1), &text)
                             ? weir_file_write(file, text.data, text.len, err)
                             : weir_fail(err, WEIR_E_MEMORY, "out of memory for compare.json");
    json_decref(root);
    weir_text_deinit(&text);
    return status;
}

/* OUT is new, empty, or this very sweep; afterwards it holds compare.json. */
static weir_status prepare(const char *out, const char *command, const weir_job *jobs, int count,
                           weir_error *err)
{
    for (int i = 0; i < count; i++) {
        char path[JOB_PATH];
        job_path(&jobs[i], path);
        if (has_job(jobs, i, path))
            return weir_fail(err, WEIR_E_VALUE, "two jobs are named %s", jobs[i].name);
    }
    weir_text file = {0};
    weir_text_addf(&file, "%s/compare.json", out);
    if (file.failed) return weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
    weir_status status = WEIR_OK;
    weir_file_sweep(file.data); /* left by one that was killed at its first write */
    if (weir_file_exists(file.data))
        status = check_sweep(file.data, jobs, count, err);
    else if (!weir_folder_is_empty(out))
        status =
            weir_fail(err, WEIR_E_STATE,
                      "%s holds something that is not a sweep; give a new or an empty folder", out);
    if (status == WEIR_OK) status = check_jobs(out, command, jobs, count, err);
    if (status == WEIR_OK) status = write_sweep(file.data, command, jobs, count, err);
    weir_text_deinit(&file);
    return status;
}

/* ---- the jobs ------------------------------------------------------------------------------- */

typedef struct place {
    double cost;
    int job;
} place;

typedef struct sweep {
    const char *out, *command;
    weir_job *jobs;
    int count;
    const weir_compare_hooks *hooks;
    weir_lock lock; /* over what changes in jobs, and over hooks->progress */
    const place *order;
} sweep;

/* A job while a thread runs it: the ctx of its run's hooks. */
typedef struct running {
    sweep *sweep;
    weir_job *job;
} running;

/* Operations of its products, up to a factor. */
static double cost(const weir_config *c)
{
    return (double)c->depth * (double)c->width * (double)(c->width + c->ffn) * (double)c->batch *
           (double)c->ctx * (double)c->steps;
}

/* The most expensive first; equals in the order given. */
static int by_cost(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->cost != y->cost) return x->cost > y->cost ? -1 : 1;
    return x->job - y->job;
}

/* Call with the lock held. */
static void tell(sweep *s, const weir_job *changed)
{
    if (s->hooks && s->hooks->progress)
        s->hooks->progress(s->hooks->ctx, s->jobs, s->count, changed);
}

static bool stop(void *ctx)
{
    const running *r = ctx;
    const weir_compare_hooks *hooks = r->sweep->hooks;
    return hooks && hooks->stop && hooks->stop(hooks->ctx);
}

static void progress(void *ctx, const weir_step_report *report, double val_loss)
{
    (void)val_loss;
    running *r = ctx;
    weir_lock_take(&r->sweep->lock);
    r->job->step = report->step;
    r->job->last_loss = report->loss;
    tell(r->sweep, r->job);
    weir_lock_release(&r->sweep->lock);
}

static weir_status begin(void *ctx, weir_trainer *trainer, const char *folder, weir_error *err)
{
    const weir_job *job = ((running *)ctx)->job;
    return weir_lab_begin(job->layout_name, job->layout, trainer, folder, err);
}

static weir_status run_job(running *r, weir_run_result *result, weir_error *err)
{
    weir_run_request request;
    weir_text folder = {0};
    weir_run_hooks hooks = {
        .ctx = r, .stop = stop, .progress = progress, .measure = weir_lab_measure, .begin = begin};
    weir_status status =
        request_of(r->sweep->out, r->sweep->command, r->job, &folder, &request, err);
    if (status == WEIR_OK) status = weir_run(&request, NULL, &hooks, result, err);
    weir_text_deinit(&folder);
    return status;
}

static void job_task(void *arg, int64_t index, int worker)
{
    (void)worker;
    sweep *s = arg;
    running r = {s, &s->jobs[s->order[index].job]};
    bool stopped = stop(&r);
    weir_lock_take(&s->lock);
    r.job->begun = !stopped;
    if (stopped)
        r.job->status =
            weir_fail(&r.job->error, WEIR_E_INTERRUPTED, "stopped before this run began");
    tell(s, r.job);
    weir_lock_release(&s->lock);
    if (stopped) return;

    weir_run_result result = {0};
    weir_error error = {0};
    weir_status status = run_job(&r, &result, &error);

    weir_lock_take(&s->lock);
    r.job->status = status;
    r.job->error = error;
    r.job->result = result;
    r.job->done = status == WEIR_OK && result.outcome != WEIR_INTERRUPTED;
    tell(s, r.job);
    weir_lock_release(&s->lock);
}

static weir_status run_jobs(sweep *s, int threads, weir_error *err)
{
    weir_pool *pool;
    if (threads > s->count) threads = s->count;
    if (weir_pool_create(threads, &pool) != WEIR_OK)
        return weir_fail(err, WEIR_E_MEMORY, "%d threads cannot be started", threads);
    weir_lock_init(&s->lock);
    weir_parallel par = weir_pool_parallel(pool);
    par.parallel_for(par.ctx, s->count, job_task, s);
    weir_lock_deinit(&s->lock);
    weir_pool_destroy(&pool);
    return WEIR_OK;
}

static void begin_again(weir_job *job)
{
    job->step = 0;
    job->last_loss = NAN;
    job->begun = job->done = false;
    job->status = WEIR_OK;
    job->error = (weir_error){0};
    job->result = (weir_run_result){0};
}

static weir_status compare_claimed(const char *out, const char *command, weir_job *jobs, int count,
                                   int threads, const weir_compare_hooks *hooks, weir_error *err)
{
    WEIR_TRY(prepare(out, command, jobs, count, err));
    place *order = weir_alloc((size_t)count, sizeof *order);
    if (!order) return weir_fail(err, WEIR_E_MEMORY, "out of memory for %d jobs", count);
    for (int i = 0; i < count; i++) {
        order[i] = (place){cost(&jobs[i].config), i};
        begin_again(&jobs[i]);
    }
    qsort(order, (size_t)count, sizeof *order, by_cost);
    sweep s = {.out = out,
               .command = command,
               .jobs = jobs,
               .count = count,
               .hooks = hooks,
               .order = order};
    weir_status status = run_jobs(&s, threads, err);
    weir_free(order);
    return status;
}

weir_status weir_compare(const char *out, const char *command, weir_job *jobs, int count,
                         int threads, const weir_compare_hooks *hooks, weir_error *err)
{
    if (count < 1 || threads < 1)
        return weir_fail(err, WEIR_E_VALUE, "a sweep wants at least one job and one thread");
    weir_claim claim;
    WEIR_TRY(weir_folder_make(out, err));
    WEIR_TRY(weir_folder_claim(out, &claim, err));
    weir_status status = compare_claimed(out, command, jobs, count, threads, hooks, err);
    weir_folder_release(&claim);
    return status;
}
