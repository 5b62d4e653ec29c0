#include "train/run.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "train/checkpoint.h"
#include "train/run_files.h"

/* A run under way. */
typedef struct run {
    const weir_run_request *request;
    int64_t recorded_steps; /* as run.json had it, 0 when there was none */
    const weir_parallel *par;
    weir_run_hooks hooks;
    weir_trainer *trainer;
    weir_log *steps, *layers;
    weir_step_history past; /* all steps so far, those before a resume included */
    bool fresh;             /* no checkpoint: it begins at step 0 */
    double started;         /* the clock at which past.seconds would have been 0 */
} run;

static const char *layout_text(const run *r)
{
    return weir_layout_canonical(r->request->layout);
}

/* ---- what the folder holds ------------------------------------------------------------------ */

static weir_status check_same(const weir_run_request *request, const weir_run_record *record,
                              weir_error *err)
{
    weir_run_identity was = {&record->config, record->layout_text, record->data_hash};
    weir_run_identity now = {&request->config, weir_layout_canonical(request->layout),
                             weir_corpus_hash(request->corpus)};
    return weir_run_same(&was, &now, weir_layout_uses_time(request->layout), request->folder, err);
}

static bool is_finished(const weir_run_record *record, const weir_config *config)
{
    weir_outcome outcome = record->result.outcome;
    bool ended = outcome == WEIR_TRAINED || outcome == WEIR_STUCK;
    return outcome == WEIR_DIVERGED || (ended && record->config.steps == config->steps);
}

/* A folder with such files but no run.json is somebody's: they would be cut or replaced. */
static weir_status check_no_run(const char *folder, weir_error *err)
{
    static const char *const name[] = {WEIR_RUN_STEPS, WEIR_RUN_LAYERS, WEIR_RUN_CHECKPOINT,
                                       "compare.json", WEIR_RUN_PROBE,  WEIR_RUN_REPORT};
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
        bool there = false;
        WEIR_TRY(weir_run_has(folder, name[i], &there, err));
        if (there)
            return weir_fail(err, WEIR_E_STATE, "%s: holds %s but no %s; choose another folder",
                             folder, name[i], WEIR_RUN_RECORD);
    }
    return WEIR_OK;
}

/* Whether the request may have the folder. record: of the run that is there, else all zero. */
static weir_status look_into(const weir_run_request *request, weir_run_record *record,
                             weir_error *err)
{
    bool there = false;
    WEIR_TRY(weir_run_has(request->folder, WEIR_RUN_RECORD, &there, err));
    if (!there) return check_no_run(request->folder, err);
    if (!request->resume)
        return weir_fail(err, WEIR_E_STATE,
                         "%s: holds a run already; resume it, or choose another folder",
                         request->folder);
    WEIR_TRY(weir_run_read(request->folder, record, err));
    return check_same(request, record, err);
}

weir_status weir_run_check(const weir_run_request *request, weir_error *err)
{
    weir_run_record record = {0};
    weir_status status = look_into(request, &record, err);
    weir_run_record_deinit(&record);
    return status;
}

/* ---- beginning and going on ----------------------------------------------------------------- */

static weir_status open_log(run *r, const char *name, int64_t keep_lines, weir_log **out,
                            weir_error *err)
{
    char *path = weir_run_path(r->request->folder, name);
    if (!path) return weir_fail(err, WEIR_E_MEMORY, "out of memory for a path");
    weir_status status = weir_log_open(path, keep_lines, out, err);
    weir_free(path);
    return status;
}

/* Brings trainer and past to the last checkpoint, if there is one. run.json names the step from
 * which a run last went on, so past step 0 there must be one: without it, the logs would be cut to
 * none. */
static weir_status read_checkpoint(run *r, int64_t *layer_lines, weir_error *err)
{
    const char *folder = r->request->folder;
    bool there = false;
    r->past.val_loss = NAN;
    WEIR_TRY(weir_run_has(folder, WEIR_RUN_CHECKPOINT, &there, err));
    r->fresh = !there;
    if (!there && !r->recorded_steps) return WEIR_OK;
    if (!there)
        return weir_fail(err, WEIR_E_FORMAT, "%s: stood at step %lld, and has no checkpoint",
                         folder, (long long)r->recorded_steps);
    WEIR_TRY(weir_checkpoint_read(folder, r->trainer, layout_text(r), err));
    WEIR_TRY(weir_steps_read(folder, r->trainer->step, &r->past, err));
    return weir_layers_count(folder, r->trainer->step, layer_lines, err);
}

/* Goes back to the last checkpoint. All is read before anything is changed. */
static weir_status rewind_to_checkpoint(run *r, weir_error *err)
{
    const char *folder = r->request->folder;
    int64_t layer_lines = 0;
    weir_status status = read_checkpoint(r, &layer_lines, err);
    if (status == WEIR_E_FORMAT)
        return weir_fail_within(err, status, "cannot go on (remove %s to begin again): ", folder);
    WEIR_TRY(status);
    weir_run_result running = {.outcome = WEIR_RUNNING,
                               .steps = r->trainer->step,
                               .loss = NAN,
                               .val_loss = NAN,
                               .seconds = r->past.seconds};
    WEIR_TRY(weir_run_write(r->request, &running, err));
    WEIR_TRY(open_log(r, WEIR_RUN_STEPS, r->trainer->step, &r->steps, err));
    WEIR_TRY(open_log(r, WEIR_RUN_LAYERS, layer_lines, &r->layers, err));
    /* What one that was killed has left. The logs are locked: nobody else is at work here. */
    weir_run_sweep(folder, WEIR_RUN_RECORD);
    weir_run_sweep(folder, WEIR_RUN_CHECKPOINT);
    weir_run_sweep(folder, WEIR_RUN_PROBE);
    weir_run_sweep(folder, WEIR_RUN_REPORT);
    return WEIR_OK;
}

static weir_status measure(run *r, weir_error *err)
{
    if (!r->hooks.measure) return WEIR_OK;
    return r->hooks.measure(r->hooks.ctx, r->trainer, r->trainer->step, r->layers, err);
}

static weir_status begin(run *r, weir_error *err)
{
    if (!r->fresh) return WEIR_OK;
    if (r->hooks.begin) WEIR_TRY(r->hooks.begin(r->hooks.ctx, r->trainer, r->request->folder, err));
    return measure(r, err);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static bool is_due(int64_t step, int64_t every)
{
    return every > 0 && step % every == 0;
}

/* The lines reach the disk before the checkpoint that counts on them. */
static weir_status save(run *r, weir_error *err)
{
    WEIR_TRY(weir_log_sync(r->steps, err));
    WEIR_TRY(weir_log_sync(r->layers, err));
    return weir_checkpoint_write(r->request->folder, r->trainer, layout_text(r), err);
}

/* One step with all that belongs to it, so that a checkpoint after it has seen everything up to
 * there. *ended: the run is over, at its last step or diverged. */
static weir_status one_step(run *r, bool *ended, weir_error *err)
{
    const weir_config *c = &r->trainer->config;
    weir_step_report report;
    char why[WEIR_WHY];
    WEIR_TRY(weir_trainer_step(r->trainer, r->par, &report, err));
    WEIR_TRY(weir_losses_add(&r->past.losses, report.loss, report.grad_norm, err));
    bool diverged = weir_losses_diverged(&r->past.losses, why), last = report.step == c->steps;
    bool held_out = !diverged && (last || is_due(report.step, c->eval_every));
    r->past.val_loss = held_out ? (float)weir_trainer_held_out(r->trainer, r->par) : NAN;
    r->past.seconds = weir_clock() - r->started;
    *ended = diverged || last;
    WEIR_TRY(weir_steps_append(r->steps, &report, r->past.val_loss, report.step * c->batch * c->ctx,
                               r->past.seconds, err));
    if (*ended || is_due(report.step, c->measure_every)) WEIR_TRY(measure(r, err));
    if (*ended || is_due(report.step, c->checkpoint_every)) WEIR_TRY(save(r, err));
    if (r->hooks.progress) r->hooks.progress(r->hooks.ctx, &report, r->past.val_loss);
    return WEIR_OK;
}

/* Writes what the run has come to. */
static weir_status conclude(run *r, weir_outcome outcome, const char *why, weir_run_result *result,
                            weir_error *err)
{
    weir_run_result end = {.outcome = outcome,
                           .steps = r->trainer->step,
                           .loss = weir_losses_mean(&r->past.losses),
                           .val_loss = r->past.val_loss,
                           .seconds = r->past.seconds};
    snprintf(end.why, sizeof end.why, "%s", why);
    WEIR_TRY(weir_run_write(r->request, &end, err));
    *result = end;
    return WEIR_OK;
}

static weir_status judge(run *r, weir_run_result *result, weir_error *err)
{
    char why[WEIR_WHY] = "";
    weir_outcome outcome = WEIR_TRAINED;
    if (weir_losses_diverged(&r->past.losses, why)) {
        outcome = WEIR_DIVERGED;
    } else if (weir_losses_stuck(&r->past.losses, weir_corpus_unigram_entropy(r->request->corpus),
                                 why)) {
        outcome = WEIR_STUCK;
    }
    return conclude(r, outcome, why, result, err);
}

static weir_status steps(run *r, weir_run_result *result, weir_error *err)
{
    char why[WEIR_WHY];
    bool ended =
        r->trainer->step == r->trainer->config.steps || weir_losses_diverged(&r->past.losses, why);
    while (!ended) {
        if (r->hooks.stop && r->hooks.stop(r->hooks.ctx)) {
            WEIR_TRY(save(r, err));
            return conclude(r, WEIR_INTERRUPTED, "", result, err);
        }
        WEIR_TRY(one_step(r, &ended, err));
    }
    return judge(r, result, err);
}

static weir_status run_it(run *r, weir_run_result *result, weir_error *err)
{
    const weir_run_request *request = r->request;
    WEIR_TRY(weir_trainer_create(&request->config, request->layout, request->corpus,
                                 r->par ? r->par->workers : 1, &r->trainer, err));
    WEIR_TRY(rewind_to_checkpoint(r, err));
    r->started = weir_clock() - r->past.seconds;
    WEIR_TRY(begin(r, err));
    return steps(r, result, err);
}

static weir_status run_to_end(const weir_run_request *request, int64_t recorded_steps,
                              const weir_parallel *par, const weir_run_hooks *hooks,
                              weir_run_result *result, weir_error *err)
{
    run r = {.request = request, .recorded_steps = recorded_steps, .par = par};
    if (hooks) r.hooks = *hooks;
    weir_status status = run_it(&r, result, err);
    weir_log_close(&r.steps);
    weir_log_close(&r.layers);
    weir_losses_deinit(&r.past.losses);
    weir_trainer_destroy(&r.trainer);
    return status;
}

/* The folder is claimed: what look_into sees stays so. */
static weir_status run_claimed(const weir_run_request *request, const weir_parallel *par,
                               const weir_run_hooks *hooks, weir_run_result *result,
                               weir_error *err)
{
    weir_run_record record = {.command = NULL};
    weir_run_request asked = *request;
    weir_status status = look_into(request, &record, err);
    if (status == WEIR_OK && record.command) { /* a run that goes on keeps its names */
        asked.command = record.command;
        asked.layout_name = record.layout_name;
        asked.layout_title = record.layout_title;
    }
    if (status == WEIR_OK && is_finished(&record, &request->config)) {
        *result = record.result;
    } else if (status == WEIR_OK) {
        status = run_to_end(&asked, record.result.steps, par, hooks, result, err);
    }
    weir_run_record_deinit(&record);
    return status;
}

weir_status weir_run(const weir_run_request *request, const weir_parallel *par,
                     const weir_run_hooks *hooks, weir_run_result *result, weir_error *err)
{
    weir_claim claim;
    WEIR_TRY(weir_folder_make(request->folder, err));
    WEIR_TRY(weir_folder_claim(request->folder, &claim, err));
    weir_status status = run_claimed(request, par, hooks, result, err);
    weir_folder_release(&claim);
    return status;
}
