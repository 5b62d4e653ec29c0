/* run_files.h - what a run writes and reads again, for this room only: run.json and steps.jsonl.
 * Floor 4. */
#ifndef WEIR_TRAIN_RUN_FILES_H
#define WEIR_TRAIN_RUN_FILES_H

#include "train/outcome.h"
#include "train/run.h"

/* The files of a run, below its folder. */
#define WEIR_RUN_RECORD     "run.json"
#define WEIR_RUN_STEPS      "steps.jsonl"
#define WEIR_RUN_LAYERS     "layers.jsonl"
#define WEIR_RUN_CHECKPOINT "checkpoint/state.safetensors"
#define WEIR_RUN_PROBE      "probe.json" /* of another room, as the next */
#define WEIR_RUN_REPORT     "report.html"

/* FOLDER/NAME in memory of weir_alloc; NULL when memory is out. */
char *weir_run_path(const char *folder, const char *name);

/* WEIR_E_MEMORY. */
weir_status weir_run_has(const char *folder, const char *name, bool *there, weir_error *err);

/* Removes what a kill left of a file half written, as far as it can. No other process may be at
 * work in the folder. */
void weir_run_sweep(const char *folder, const char *name);

/* What makes a run this run and no other. */
typedef struct weir_run_identity {
    const weir_config *config;
    const char *layout_text; /* canonical */
    uint64_t data_hash;
} weir_run_identity;

/* Whether what was begun can go on as what is asked for now: settings as weir_config_same_run has
 * it, the same layout and the same tokens. WEIR_E_STATE; the message begins with `where`. */
weir_status weir_run_same(const weir_run_identity *was, const weir_run_identity *now,
                          bool uses_time, const char *where, weir_error *err);

/* Writes run.json; an outcome of WEIR_RUNNING at the start. WEIR_E_VALUE a name that is not UTF-8.
 */
weir_status weir_run_write(const weir_run_request *request, const weir_run_result *result,
                           weir_error *err);

/* What the lines of steps.jsonl up to a checkpoint say. */
typedef struct weir_step_history {
    weir_losses losses;
    double val_loss; /* of the last step; NaN when it was not measured */
    double seconds;  /* at the last step */
} weir_step_history;

/* Reads the first `steps` lines. WEIR_E_FORMAT when there are fewer, or one is not what a run
 * wrote. history: all zero before; the caller ends its losses, also on failure. */
weir_status weir_steps_read(const char *folder, int64_t steps, weir_step_history *history,
                            weir_error *err);

/* Appends the line of a step. Losses and the norm go through f32, so that reading them is exact. */
weir_status weir_steps_append(weir_log *log, const weir_step_report *report, double val_loss,
                              int64_t tokens, double seconds, weir_error *err);

/* How many whole lines of layers.jsonl belong to steps up to `step`: those from the start whose
 * "step" is no larger. A file that is not there has none. */
weir_status weir_layers_count(const char *folder, int64_t step, int64_t *lines, weir_error *err);

#endif
