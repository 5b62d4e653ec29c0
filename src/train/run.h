/* run.h - one training run in a folder of its own: run.json, steps.jsonl, layers.jsonl,
 * checkpoint/. Floor 4.
 *
 * A run that was interrupted, or killed at any point, goes on from its last checkpoint, or from its
 * start where there is none, and gives the same bits as one that was never stopped: the logs are
 * first cut back to the checkpoint's step. Lines of steps.jsonl differ only in "seconds", which
 * adds up over the resumes.
 *
 * A run goes on only as what it was begun as: the same layout text, tokens and settings
 * (weir_config_same_run). A finished run of a constant rate goes on when it is asked for more
 * steps; one that diverged does not.
 */
#ifndef WEIR_TRAIN_RUN_H
#define WEIR_TRAIN_RUN_H

#include <stdbool.h>

#include "io/files.h"
#include "train/outcome.h"
#include "train/trainer.h"

typedef enum weir_outcome {
    WEIR_RUNNING, /* as run.json says while the run lasts, or after a kill */
    WEIR_TRAINED,
    WEIR_STUCK,    /* weir_losses_stuck */
    WEIR_DIVERGED, /* weir_losses_diverged: stopped there, held-out loss not measured */
    WEIR_INTERRUPTED
} weir_outcome;
const char *weir_outcome_name(weir_outcome outcome); /* "trained", ... */

/* What the caller wants to know and decide while a run lasts. Any member may be NULL. */
typedef struct weir_run_hooks {
    void *ctx;
    /* Asked before each step; true: write a checkpoint and end as interrupted. */
    bool (*stop)(void *ctx);
    void (*progress)(void *ctx, const weir_step_report *report,
                     double val_loss /* NaN: not measured */);
    /* At steps that are measured (before the first step with step = 0, then as measure_every says,
     * and after the last): appends the lines of layers.jsonl. The trainer's weights must be left as
     * they are. */
    weir_status (*measure)(void *ctx, weir_trainer *trainer, int64_t step, weir_log *layers,
                           weir_error *err);
    /* Once, before the first step of a new run: writes further files of the folder (probe.json). */
    weir_status (*begin)(void *ctx, weir_trainer *trainer, const char *folder, weir_error *err);
} weir_run_hooks;

/* Who asks for the run, as run.json records it. */
typedef struct weir_run_request {
    const char *folder;  /* made when missing */
    const char *command; /* the command line, for reading; a resume keeps the first */
    weir_config config;  /* resolved */
    const char *layout_name, *layout_title;
    const weir_layout *layout;
    const weir_corpus *corpus;
    bool resume; /* go on when the folder holds this very run; else the folder must hold no run */
    int threads; /* for the record */
} weir_run_request;

typedef struct weir_run_result {
    weir_outcome outcome;
    int64_t steps;
    double loss;     /* mean of the last tenth of the steps that ran */
    double val_loss; /* NaN when it was not reached */
    double seconds;
    char why[WEIR_WHY]; /* of stuck and diverged: the rule and its numbers */
} weir_run_result;

/* Runs to the end, or until told to stop. A folder that holds a finished run of the same settings
 * is left alone, and its result is returned. Errors: WEIR_E_STATE the folder holds another run or
 * other settings (the message names the first setting that differs and both values); WEIR_E_FORMAT
 * a damaged checkpoint or log; WEIR_E_FILE; WEIR_E_MEMORY. */
weir_status weir_run(const weir_run_request *request, const weir_parallel *par,
                     const weir_run_hooks *hooks, weir_run_result *result, weir_error *err);

/* Whether weir_run would take the folder for this request, by what it holds: WEIR_OK, or the error
 * that weir_run would give. Writes nothing. */
weir_status weir_run_check(const weir_run_request *request, weir_error *err);

/* What a folder's run.json says, so that a resume needs nothing but the folder. layout_text is the
 * canonical text; command is what began the run. */
typedef struct weir_run_record {
    weir_config config;
    char layout_name[WEIR_CONFIG_TEXT], layout_title[WEIR_CONFIG_TEXT];
    char *layout_text, *command;
    uint64_t data_hash; /* weir_corpus_hash */
    weir_run_result result;
} weir_run_record;

/* WEIR_E_FILE, WEIR_E_FORMAT, WEIR_E_MEMORY; record is then untouched. */
weir_status weir_run_read(const char *folder, weir_run_record *record, weir_error *err);

/* Frees what read gave, and what is all zero. */
void weir_run_record_deinit(weir_run_record *record);

#endif
