/* compare.c - a sweep: what its folder holds, and the jobs on a pool of threads. */
#include "lab/compare.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/json_load.h"
#include "lab/emit.h"
#include "lab/probe.h"
#include "weir/version.h"

enum { COMPARE_JSON_MAX = 64 << 20, JOB_PATH = 176 };

/* ---- the folder
 * ---------------------------------------------------------------------------------------------- */

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

/* What a job asks of its folder. */
static weir_run_request request_of(const weir_job *job, const char *command, const char *folder)
{
    return (weir_run_request){.folder = folder,
                              .command = command,
                              .config = job->config,
                              .layout_name = job->layout_name,
                              .layout_title = job->layout_title,
                              .layout = job->layout,
                              .corpus = job->corpus,
                              .resume = true,
                              .threads = 1};
}

/* A run of the same name that was begun with other settings refuses the sweep, before it begins.
 * Damage to one run is no reason to leave the others. */
static weir_status check_runs(const char *out, const char *command, const weir_job *jobs, int count,
                              weir_error *err)
{
    weir_status status = WEIR_OK;
    for (int i = 0; i < count && status == WEIR_OK; i++) {
        weir_text folder = {0};
        weir_text_addf(&folder, "%s/runs/%s", out, jobs[i].name);
        if (folder.failed) return weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
        weir_run_request request = request_of(&jobs[i], command, folder.data);
        status = weir_run_check(&request, err);
        if (status != WEIR_E_STATE && status != WEIR_E_MEMORY) status = WEIR_OK;
        weir_text_deinit(&folder);
    }
    return status;
}

/* OUT is empty, or this very sweep; afterwards it holds compare.json. */
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
    weir_file_sweep(file.data); /* of a compare that was killed at its first breath */
    if (weir_file_exists(file.data))
        status = check_sweep(file.data, jobs, count, err);
    else if (!weir_folder_is_empty(out))
        status =
            weir_fail(err, WEIR_E_STATE,
                      "%s holds something that is not a sweep; give a new or an empty folder", out);
    if (status == WEIR_OK) status = check_runs(out, command, jobs, count, err);
    if (status == WEIR_OK) status = write_sweep(file.data, command, jobs, count, err);
    weir_text_deinit(&file);
    return status;
}

/* ---- the jobs
 * ------------------------------------------------------------------------------------------------
 */

typedef struct place {
    double cost;
    int job;
} place;

typedef struct sweep {
    const char *out, *command;
    weir_job *jobs;
    int count;
    const weir_compare_hooks *hooks;
    pthread_mutex_t lock; /* over what changes in jobs, and over hooks->progress */
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
    pthread_mutex_lock(&r->sweep->lock);
    r->job->step = report->step;
    r->job->last_loss = report->loss;
    tell(r->sweep, r->job);
    pthread_mutex_unlock(&r->sweep->lock);
}

static weir_status begin(void *ctx, weir_trainer *trainer, const char *folder, weir_error *err)
{
    const weir_job *job = ((running *)ctx)->job;
    return weir_lab_begin(job->layout_name, job->layout, trainer, folder, err);
}

static weir_status run_job(running *r, weir_run_result *result, weir_error *err)
{
    const weir_job *job = r->job;
    weir_text folder = {0};
    weir_text_addf(&folder, "%s/runs/%s", r->sweep->out, job->name);
    if (folder.failed) return weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
    weir_run_request request = request_of(job, r->sweep->command, folder.data);
    weir_run_hooks hooks = {
        .ctx = r, .stop = stop, .progress = progress, .measure = weir_lab_measure, .begin = begin};
    weir_status status = weir_run(&request, NULL, &hooks, result, err);
    weir_text_deinit(&folder);
    return status;
}

static void job_task(void *arg, int64_t index, int worker)
{
    (void)worker;
    sweep *s = arg;
    running r = {s, &s->jobs[s->order[index].job]};
    if (stop(&r)) return;
    pthread_mutex_lock(&s->lock);
    r.job->begun = true;
    tell(s, r.job);
    pthread_mutex_unlock(&s->lock);

    weir_run_result result = {0};
    weir_error error = {0};
    weir_status status = run_job(&r, &result, &error);

    pthread_mutex_lock(&s->lock);
    r.job->status = status;
    r.job->error = error;
    r.job->result = result;
    r.job->done = status == WEIR_OK && result.outcome != WEIR_INTERRUPTED;
    tell(s, r.job);
    pthread_mutex_unlock(&s->lock);
}

static weir_status run_jobs(sweep *s, int threads, weir_error *err)
{
    weir_pool *pool;
    if (threads > s->count) threads = s->count;
    if (weir_pool_create(threads, &pool) != WEIR_OK)
        return weir_fail(err, WEIR_E_MEMORY, "%d threads cannot be started", threads);
    pthread_mutex_init(&s->lock, NULL);
    weir_parallel par = weir_pool_parallel(pool);
    par.parallel_for(par.ctx, s->count, job_task, s);
    pthread_mutex_destroy(&s->lock);
    weir_pool_destroy(&pool);
    int left = 0;
    for (int i = 0; i < s->count; i++) left += s->jobs[i].status == WEIR_OK && !s->jobs[i].done;
    if (left)
        return weir_fail(err, WEIR_E_INTERRUPTED, "stopped with %d of %d runs left to do", left,
                         s->count);
    return WEIR_OK;
}

static weir_status compare_locked(const char *out, const char *command, weir_job *jobs, int count,
                                  int threads, const weir_compare_hooks *hooks, weir_error *err)
{
    WEIR_TRY(prepare(out, command, jobs, count, err));
    place *order = weir_alloc((size_t)count, sizeof *order);
    if (!order) return weir_fail(err, WEIR_E_MEMORY, "out of memory for %d jobs", count);
    for (int i = 0; i < count; i++) {
        order[i] = (place){cost(&jobs[i].config), i};
        jobs[i].begun = jobs[i].done = false;
        jobs[i].status = WEIR_OK;
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
    weir_lock lock;
    WEIR_TRY(weir_folder_make(out, err));
    WEIR_TRY(weir_folder_lock(out, &lock, err));
    weir_status status = compare_locked(out, command, jobs, count, threads, hooks, err);
    weir_folder_unlock(&lock);
    return status;
}
