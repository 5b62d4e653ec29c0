/* train_case.h - a small run in a folder of its own, for the tests of src/train. */
#ifndef WEIR_TESTS_TRAIN_CASE_H
#define WEIR_TESTS_TRAIN_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "scratch.h"
#include "train/run.h"

enum { CASE_PATH = 256 };

typedef struct train_case {
    char root[SCRATCH_BYTES]; /* a new folder; case_close removes it */
    char folder[CASE_PATH];   /* root/run: where the run goes */
    weir_layout *layout;
    weir_corpus *corpus;
    weir_run_request request;
    weir_error err;
} train_case;

/* A tiny network on the synthetic source. layout: a built-in name or the text of a layout.
 * settings: "depth=3 clip=1", fields of config.def that differ from the tiny defaults. */
void case_open(train_case *c, const char *layout, const char *settings);

/* Changes settings of an open case. */
void case_set(train_case *c, const char *settings);
void case_close(train_case *c);

/* Points the case at root/NAME. */
void case_folder(train_case *c, const char *name);

/* Runs on `threads` threads with `hooks` (measure is the tests' own where it is NULL), and demands
 * success. */
weir_run_result case_run(train_case *c, int threads, const weir_run_hooks *hooks);

/* As case_run, but stops before the step after `step`, as an interruption does. */
weir_run_result case_run_until(train_case *c, int threads, int64_t step);

/* The status of a run that may fail; c->err says why. */
weir_status case_try(train_case *c, int threads, const weir_run_hooks *hooks,
                     weir_run_result *result);

/* A measure hook that writes two lines, of which the second holds a sum over the weights. */
weir_status case_measure(void *ctx, weir_trainer *trainer, int64_t step, weir_log *layers,
                         weir_error *err);

/* Demands that two folders of c->root hold the same run: steps.jsonl but for the seconds,
 * layers.jsonl, checkpoint. */
void case_same(const train_case *c, const char *a, const char *b);

/* A file of the case's folder; the caller frees it with weir_free. */
char *case_read(const train_case *c, const char *name, size_t *bytes);
void case_write(const train_case *c, const char *name, const void *data, size_t bytes);

/* Demands that no file below the root has a temporary name. */
void case_no_partial_file(const train_case *c);

/* A trainer of the case's request. */
weir_trainer *case_trainer(train_case *c, int workers);

#endif
