/* fake_runs.h - run folders with made-up, plausible numbers, for tests of what reads them. */
#ifndef WEIR_TESTS_FAKE_RUNS_H
#define WEIR_TESTS_FAKE_RUNS_H

#include <stdbool.h>

/* How a layout behaves in these folders. */
typedef struct fake_layout {
    const char *name, *title, *text;
    double stream;   /* rms of the stream grows as layer^stream */
    double gradient; /* gradient norm of layer l is proportional to (l / N)^gradient */
    double update;   /* the first update is proportional to depth^update */
    double loss;     /* where it ends when it trains */
} fake_layout;

extern const fake_layout fake_article[5]; /* the five placements of the article */

typedef struct fake_run {
    const fake_layout *layout;
    int depth, seed, steps, warmup;
    double lr;
    const char *state; /* as outcome.state */
    int stop;          /* the last step; 0: as many as `steps` */
    bool val, probe;
    int measures; /* how often layers were measured: 0, 1 (before training), 2 (and after it) */
} fake_run;

/* Writes run.json, steps.jsonl, layers.jsonl and probe.json into the folder, which is made. These
 * functions fail the running cmocka test when they cannot do what they say. */
void fake_write_run(const char *folder, const fake_run *run);

/* Writes FOLDER/compare.json, which names runs/0 to runs/(count - 1). */
void fake_write_compare(const char *folder, int count);

/* Writes or replaces FOLDER/name. */
void fake_write_text(const char *folder, const char *name, const char *text);

/* Makes `name` an empty folder. */
void fake_folder(const char *name);

/* The whole file, to be released with free(). */
char *fake_read(const char *path);

#endif
