/* report_data.h - the files of runs, read into memory. What they hold: docs/formats.md. Floor 6. */
#ifndef WEIR_CLI_REPORT_DATA_H
#define WEIR_CLI_REPORT_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/report_arena.h"
#include "weir/status.h"

/* In every struct a number that is null or missing is NaN, and a text that is missing is NULL
 * unless said otherwise. */

typedef struct weir_report_step {
    int64_t step;
    double loss, val_loss, lr, grad_norm;
} weir_report_step;

/* What is drawn of a line of layers.jsonl. */
typedef enum weir_report_metric {
    WEIR_REPORT_GRAD_NORM,
    WEIR_REPORT_RESID_RMS,
    WEIR_REPORT_BRANCH_RMS,
    WEIR_REPORT_DRESID_RMS,
    WEIR_REPORT_MAX_ABS,
    WEIR_REPORT_UPDATE_RATIO, /* the largest of the sublayer's matrices */
    WEIR_REPORT_METRICS
} weir_report_metric;

typedef struct weir_report_layer {
    int64_t step;
    int layer; /* from 1 */
    double value[WEIR_REPORT_METRICS];
} weir_report_layer;

typedef struct weir_report_rule {
    const char *name; /* never NULL */
    const char *formula, *source, *record;
    double value, threshold;
    bool fired;
} weir_report_rule;

typedef struct weir_report_probe {
    const char *verdict; /* NULL: there is no probe.json, or no verdict in it */
    const char *suggestion;
    weir_report_rule *rule;
    int rules;
    double sgd_update, adamw_update; /* model_update.*.per_token */
} weir_report_probe;

/* One key of model, train, data or host, as text. */
typedef struct weir_report_setting {
    const char *group, *key, *value;
} weir_report_setting;

typedef enum weir_report_state {
    WEIR_REPORT_TRAINED,
    WEIR_REPORT_INTERRUPTED,
    WEIR_REPORT_RUNNING,
    WEIR_REPORT_STUCK,
    WEIR_REPORT_DIVERGED,
    WEIR_REPORT_STATES
} weir_report_state;
const char *weir_report_state_name(weir_report_state state); /* as run.json spells it */

typedef struct weir_report_run {
    const char *folder, *version, *command; /* never NULL */
    const char *layout, *title, *text;      /* never NULL; text may be empty */
    int depth;
    weir_report_setting *setting;
    int settings;
    const char *data;      /* data.describe */
    double unigram, floor; /* entropies of the data, nats */
    weir_report_state state;
    double loss, val_loss, seconds;
    int64_t steps_done; /* -1: not said */
    const char *why;
    weir_report_step *step;
    int steps;
    weir_report_layer *layer;
    int layers;
    weir_report_probe probe;
} weir_report_run;

typedef struct weir_report_data {
    weir_report_arena arena; /* owns everything below */
    weir_report_run *run;
    int runs, run_room;
    int absent;          /* runs that compare.json names and that have not begun */
    const char *command; /* of compare.json; NULL when there is none */
    const char **note;   /* what was missing or torn, for the foot of the page */
    int notes, note_room;
} weir_report_data;

/* *data must be all zero. On failure it is empty again. */
weir_status weir_report_load(const char *const *dirs, int count, weir_report_data *data,
                             weir_error *err);
void weir_report_data_deinit(weir_report_data *data);

/* The value of a setting, or NULL. group may be NULL: any. */
const char *weir_report_setting_of(const weir_report_run *run, const char *group, const char *key);

/* The held-out loss, or the training loss where there is none. */
double weir_report_final_loss(const weir_report_run *run);

#endif
