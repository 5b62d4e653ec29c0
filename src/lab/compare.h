/* compare.h - many runs side by side, one folder each, that can be killed and go on. Floor 5. */
#ifndef WEIR_LAB_COMPARE_H
#define WEIR_LAB_COMPARE_H

#include "train/run.h"

/* One run of a sweep. */
typedef struct weir_job {
    char name[160]; /* folder under OUT/runs: "deepnorm-d48", further settings that vary appended */
    weir_config config; /* resolved */
    const char *layout_name, *layout_title;
    const weir_layout *layout;
    const weir_corpus *corpus;
    /* while it runs, and after: */
    int64_t step;
    double last_loss;
    bool begun, done; /* done: result and outcome are set */
    weir_status status;
    weir_error error;
    weir_run_result result;
} weir_job;

typedef struct weir_compare_hooks {
    void *ctx;
    bool (*stop)(void *ctx); /* called from any thread */
    /* serialized by compare; nothing in `jobs` changes during the call */
    void (*progress)(void *ctx, const weir_job *jobs, int count, const weir_job *changed);
} weir_compare_hooks;

/* Writes OUT/compare.json, then runs the jobs on `threads` threads, one job a thread, the most
 * expensive first; when fewer jobs than threads are left, a thread's job stays serial, so every
 * job's bits are those of a serial run. Finished jobs are not run again; interrupted and killed
 * ones go on. A job that fails is marked and the others go on; a diverged run is no failure.
 * WEIR_OK says that the sweep could run, and each job's status and outcome what came of it: after a
 * stop, WEIR_OK with WEIR_INTERRUPTED for those that had begun, and WEIR_E_INTERRUPTED for those
 * that had not. OUT may hold an earlier sweep when every run of it is among the jobs: so a sweep
 * can go on, and can grow. Errors, with nothing run and nothing written: WEIR_E_STATE OUT holds
 * something else, a sweep with other runs, or a run of the same name with other settings, layout or
 * data; WEIR_E_VALUE two jobs of one name; WEIR_E_FORMAT a damaged compare.json; WEIR_E_FILE;
 * WEIR_E_MEMORY. */
weir_status weir_compare(const char *out, const char *command, weir_job *jobs, int count,
                         int threads, const weir_compare_hooks *hooks, weir_error *err);

#endif
