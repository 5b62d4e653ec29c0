/* probe.h - a network at initialization: signal, gradient, first update, a verdict. Floor 5. */
#ifndef WEIR_LAB_PROBE_H
#define WEIR_LAB_PROBE_H

#include <jansson.h>

#include "io/corpus.h"
#include "io/files.h"
#include "layout/layout.h"
#include "train/run.h"

/* Measures on the batch of step 1 and returns one element of "runs" (docs/formats.md).
 * The caller decrefs. */
weir_status weir_probe(const weir_config *config, const char *layout_name,
                       const weir_layout *layout, const weir_corpus *corpus, json_t **out,
                       weir_error *err);

/* What a run's hooks call (weir_run_hooks). The trainer's weights are left as they are. */

/* Appends the lines of layers.jsonl for `step`. A weir_run_hooks.measure; ctx is not used. */
weir_status weir_lab_measure(void *ctx, weir_trainer *trainer, int64_t step, weir_log *layers,
                             weir_error *err);

/* Writes FOLDER/probe.json: what weir_probe returns for the trainer's network, which no step has
 * changed yet. */
weir_status weir_lab_begin(const char *layout_name, const weir_layout *layout,
                           weir_trainer *trainer, const char *folder, weir_error *err);

#endif
